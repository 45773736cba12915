//! The table: its defaults, its mistakes, and what they say.

use simian_core::{Mode, ResourceKind};
use simian_janitor::Config;

use crate::stage::config;

#[test]
fn nothing_is_deleted_by_default() {
    let table = config("");
    assert!(!table.enabled && table.rules.is_empty() && table.delete.is_empty() && !table.delete_untagged);
    assert_eq!((table.mode, table.cron.to_string().as_str()), (Mode::Live, "20 * * * *"));
    assert_eq!((table.retention_days, table.notice_days, table.grace_days, table.last_resort), (10, 3, 10, true));
    assert_eq!((table.max_marks, table.max_deletes, table.max_delete_percent), (None, Some(10), Some(10)));
    assert_eq!(table.contradictions(), []);
}

#[test]
fn everything_can_be_said() {
    let table = config(
        "enabled = true\nmode = \"dry-run\"\ncron = \"5 6 * * *\"\nrules = [\"*\"]\n\
         delete = [\"volume\", \"image\"]\ndelete_untagged = true\nretention_days = 20\nnotice_days = 5\n\
         last_resort = false\ngrace_days = 3\nmax_marks = 500\nmax_deletes = \"unlimited\"\nmax_delete_percent = 25\n\
         keep = [{ name = \"db-*\", kind = \"volume\", tag = \"team\", value = \"core\", why = \"licences\" }]\n\
         [rule.unattached-volume]\nage = \"14d\"\nretention_days = 5\n\
         [rule.old-template-version]\nnewest = 0\n\
         [rule.log-group-without-retention]\nkeep_days = 90\n\
         [rule.untagged]\ntags = [\"owner\", \"cost\"]\nkinds = [\"instance\", \"volume\"]\n",
    );
    assert_eq!(table.delete, [ResourceKind::Volume, ResourceKind::Image].into());
    assert_eq!((table.max_marks, table.max_deletes, table.max_delete_percent), (Some(500), None, Some(25)));
    assert_eq!(table.contradictions(), []);
}

/// What is wrong is said with what to write instead.
#[test]
fn mistakes_say_what_to_write() {
    for (text, said) in [
        ("mode = \"live!\"", "write \"dry-run\" or \"live\""),
        ("rules = [\"unused-volume\"]", "`unused-volume` is no rule of the janitor; there are: orphan-instance, "),
        ("delete = [\"bucket\"]", "`bucket` is nothing that the janitor deletes; there are: instance, volume, "),
        ("delete = [\"subnet\"]", "`subnet` is nothing that the janitor deletes"),
        ("retention_days = 0", "`0` is out of bounds: write a whole number from 1 to 1000"),
        ("notice_days = 0", "`0` is out of bounds"),
        ("max_deletes = -1", "or \"unlimited\""),
        ("max_deletes = \"all\"", "`all` is no limit: write a whole number, or \"unlimited\""),
        ("max_delete_percent = 101", "write a whole number from 0 to 100, or \"unlimited\""),
        ("keep = [{ nmae = \"x\" }]", "unknown field `nmae`"),
        ("keep = [{ name = \"\" }]", "it matches nothing"),
        ("keep = [{ name = \"[a]\" }]", "only * (any text) and ? (one character) do"),
        ("keep = [{ kind = \"bucket\" }]", "`bucket` is no kind of resource; there are: "),
        ("rule.unused-volume.age = \"1d\"", "`unused-volume` is no rule of the janitor"),
        ("rule.unused-image.age = \"soon\"", "`soon` is no span of time"),
        ("rule.unused-image.agee = \"1d\"", "unknown field `agee`"),
        ("rule.log-group-without-retention.keep_days = 91", "cannot keep events for 91 days: write one of 1, 3, 5,"),
        ("rule.untagged.tags = []", "name at least one"),
        ("rule.untagged.kinds = []", "name a kind"),
        ("rule.untagged.kinds = [\"log-group\"]", "`log-group` shows no tags of its own"),
        ("rule.untagged.kinds = [\"launch-configuration\"]", "`launch-configuration` shows no tags of its own"),
    ] {
        let error = toml::from_str::<Config>(text).unwrap_err().to_string();
        assert!(error.contains(said), "{text}: {error}");
    }
}

#[test]
fn what_contradicts_itself_is_told_all_at_once() {
    let table = config(
        "enabled = true\ndelete_untagged = true\n\
         keep = [{ value = \"x\", kind = \"volume\" }, { why = \"?\" }, { kind = \"volume\" }]\n\
         rule.unused-image.newest = 3\nrule.untagged.keep_days = 30\n",
    );
    let wrong: Vec<(String, String)> = table.contradictions().into_iter().map(|one| (one.key, one.why)).collect();
    let keys: Vec<&str> = wrong.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(
        keys,
        ["rules", "keep[0].value", "keep[1]", "rule.untagged.keep_days", "rule.unused-image.newest", "delete_untagged"]
    );
    assert!(wrong[0].1.contains("name some, or \"*\" for all of them"));
    assert!(wrong[3].1.ends_with("remove it"));
}
