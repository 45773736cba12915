//! `[report]`: where it goes, and what can be wrong with it and with how digests are told.

use std::path::Path;

use insta::assert_snapshot;
use simian::config::{Config, ReportConfig};
use simian::report::Format;

use super::{SOUND, parse, problems};

#[test]
fn the_builtin_message_of_slack_is_json() {
    let table = "[[sinks.webhook]]\nname = \"ops\"\nurl = \"https://a.b\"\ntemplate = \"slack\"\n";
    assert!(parse(&format!("{SOUND}{table}")).sinks.webhooks[0].template.is_some());
    assert_snapshot!(problems(&format!("{SOUND}{table}content_type = \"text/plain\"\n")), @r#"simian.toml:17:1: sinks.webhook[0].template: `slack` makes JSON, and content_type says text/plain: remove content_type"#);
}

#[test]
fn mistakes() {
    assert_snapshot!(problems(&format!("{SOUND}[report]\n")), @r#"simian.toml:14:1: report.folder: it is missing: write it, as in folder = "/var/lib/simian/reports""#);
    let text = format!(
        "{SOUND}{}",
        r#"[report]
folder = ""
at = "24:00"
formats = ["htm", "pdf", "md", "md"]
keep = 0
span = "36h"
every = "1d"
"#
    );
    assert_snapshot!(problems(&text), @r#"
    simian.toml:15:1: report.folder: it is empty: write something between the quotes
    simian.toml:16:1: report.at: `24:00` is the end of a day: write 00:00 for its beginning
    simian.toml:17:12: report.formats[0]: `htm` is no form of a report: did you mean `html`?
    simian.toml:17:19: report.formats[1]: `pdf` is no form of a report: write html, md or json
    simian.toml:17:32: report.formats[3]: the text "md" is there twice: remove one
    simian.toml:18:1: report.keep: found the number 0: write a whole number from 1 to 36500
    simian.toml:19:1: report.span: found the text "36h": write whole days in quotes, from "1d" to "31d"
    simian.toml:20:1: report.every: there is no such key: remove it. There are: folder, formats, at, keep, span
    "#);
    assert_snapshot!(problems(&format!("{SOUND}[report]\nfolder = \"r\"\nformats = []\nspan = \"32d\"")), @r#"
    simian.toml:16:1: report.formats: there is none, so nothing would be written: name at least one, as in ["html"]
    simian.toml:17:1: report.span: found the text "32d": write whole days in quotes, from "1d" to "31d"
    "#);
    assert_snapshot!(problems(&format!("{SOUND}[report]\nfolder = \"r\"\nat = \"6\"\nspan = 7")), @r#"
    simian.toml:16:1: report.at: `6` is not a time of day: write hours and minutes as in `09:00`, at most `24:00`
    simian.toml:17:1: report.span: found the number 7: write whole days in quotes, from "1d" to "31d"
    "#);
}

#[test]
fn reports_go_where_they_are_told_to() {
    let with = |lines: &str| {
        let text = format!("{SOUND}[report]\n{lines}\n");
        Config::parse("/etc/simian/simian.toml", &text, Some(Path::new("/var/lib/simian"))).unwrap().report.unwrap()
    };
    assert_eq!(parse(SOUND).report, None);
    assert_eq!(with("folder = \"reports\""), ReportConfig::new("/var/lib/simian/reports".into()));
    let report = with("folder = \"/srv/r/\"\nat = \"18:30\"\nformats = [\"md\"]\nkeep = 400\nspan = \"7d\"");
    assert_eq!((report.folder.as_path(), report.at), (Path::new("/srv/r/"), 18 * 60 + 30));
    assert_eq!((&report.formats[..], report.keep, report.span_days), (&[Format::Md][..], 400, 7));
}
