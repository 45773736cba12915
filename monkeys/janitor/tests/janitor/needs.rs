//! What is read, and what is not: each list costs calls.

use std::collections::BTreeMap;

use simian_core::{Extent, Groups, Monkey, Needs, ResourceKind};

use crate::stage::Stage;

fn needs(table: &str) -> Needs {
    Stage::new(table).janitor.needs()
}

fn kinds(needs: &Needs) -> Vec<String> {
    let extent = |extent: Extent| if extent == Extent::Loose { " (loose)" } else { "" };
    needs.estate.kinds.iter().map(|(kind, how)| format!("{kind}{}", extent(*how))).collect()
}

#[test]
fn one_rule_about_volumes_reads_loose_volumes_and_nothing_else() {
    let volumes = needs("rules = [\"unattached-volume\"]");
    let wanted = simian_core::Wanted {
        kinds: BTreeMap::from([(ResourceKind::Volume, Extent::Loose)]),
        ..simian_core::Wanted::default()
    };
    assert_eq!(volumes, Needs { estate: wanted, ..Needs::default() });
    // A deletion waits for its snapshot.
    let deleting = needs("rules = [\"unattached-volume\"]\ndelete = [\"volume\"]");
    assert_eq!(kinds(&deleting), ["volume (loose)", "snapshot"]);
    let at_once = needs("rules = [\"unattached-volume\"]\ndelete = [\"volume\"]\nlast_resort = false");
    assert_eq!(kinds(&at_once), ["volume (loose)"]);
    // Whoever else needs them needs all.
    assert!(kinds(&needs("rules = [\"unattached-volume\", \"unused-snapshot\"]")).contains(&"volume".into()));
}

#[test]
fn three_rules_over_groups_and_instances_read_these_two() {
    let three = needs("rules = [\"empty-group\", \"suspended-group\", \"orphan-instance\"]");
    assert_eq!((three.groups, kinds(&three)), (Groups::All, vec!["instance".to_owned()]));
    assert!(!three.estate.target_health);
    // Whoever ends instances must know whom they serve.
    let deleting = needs("rules = [\"orphan-instance\"]\ndelete = [\"instance\"]");
    assert_eq!(kinds(&deleting), ["instance", "classic-load-balancer", "target-group"]);
    assert!(deleting.estate.target_health);
}

#[test]
fn what_lacks_tags_is_all_that_is_read_until_it_may_be_deleted() {
    let table = "rules = [\"untagged\"]\nrule.untagged.kinds = [\"volume\", \"security-group\"]";
    assert_eq!(
        (needs(table).groups, kinds(&needs(table))),
        (Groups::None, vec!["volume".into(), "security-group".into()])
    );
    assert_eq!(needs("rules = [\"untagged\"]").groups, Groups::All, "an instance has its group's tags too");
    let still = needs(&format!("delete = [\"security-group\"]\n{table}"));
    assert_eq!(kinds(&still), ["volume", "security-group"]);
    let deleting = needs(&format!("delete = [\"security-group\"]\ndelete_untagged = true\n{table}"));
    assert!(kinds(&deleting).contains(&"network-interface".to_owned()));
    assert!(!kinds(&deleting).contains(&"snapshot".to_owned()));
}

#[test]
fn no_rule_reads_nothing() {
    assert_eq!(needs("enabled = false"), Needs::default());
}

/// Of a region that was read as far as was asked, every rule can judge.
#[test]
fn what_is_asked_for_is_enough() {
    for rule in simian_janitor::RULES {
        let delete = "delete = [\"instance\", \"volume\", \"image\", \"key-pair\"]\ndelete_untagged = true";
        let delete = if rule.id == "untagged" { delete } else { "delete = [\"instance\", \"volume\", \"image\"]" };
        let stage = Stage::new(&format!("rules = [\"{}\"]\n{delete}", rule.id)).only_asked();
        let stage = crate::properties::one_of_each(stage);
        assert_eq!(stage.look().blind, [], "{}", rule.id);
    }
}
