//! Days of the daily job on a clock that is played.

use std::path::Path;
use std::pin::pin;
use std::sync::Arc;

use simian_core::{Dice, Draft, Mode};
use simian_ledger::MemoryLedger;
use simian_sim::VirtualClock;
use uuid::Uuid;

use super::*;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn config(folder: &Path, zone: &str, more: &str) -> Config {
    let text = format!(
        "[dice]\nseed = \"s\"\n[hours]\ntimezone = \"{zone}\"\n[[account]]\nname = \"staging\"\nid = \"111122223333\"\n\
         regions = [\"us-east-1\"]\n[report]\nfolder = {folder:?}\n{more}\n"
    );
    Config::parse("simian.toml", &text, None).unwrap_or_else(|error| panic!("{error}"))
}

/// A finding of an owner, opened at that time.
fn finding(opened: &str, owner: &str) -> Draft {
    Draft {
        owner: Some(owner.to_owned()),
        account: "111122223333".parse().ok(),
        group: Some("shop-v001".to_owned()),
        key: Some(format!("{opened}/{owner}")),
        ..Draft::new(at(opened), Kind::FindingOpened, Mode::DryRun, "its hours never are")
    }
}

struct World {
    folder: tempfile::TempDir,
    ledger: Arc<MemoryLedger>,
}

impl World {
    /// A ledger that was born on the morning of the 20th, with findings of the following days.
    fn new() -> Self {
        let ledger = Arc::new(MemoryLedger::new(Uuid::from_u128(7), at("2026-11-20T09:00:00Z")));
        let findings = ["2026-11-20T12:00:00Z", "2026-11-21T12:00:00Z"].map(|opened| finding(opened, "ann"));
        futures_util::FutureExt::now_or_never(simian_core::Ledger::commit(ledger.as_ref(), findings.into(), vec![]))
            .unwrap()
            .unwrap();
        Self { folder: tempfile::tempdir().unwrap(), ledger }
    }

    fn reports(&self) -> std::path::PathBuf {
        self.folder.path().join("reports")
    }

    /// The daemon is up from one time to the other.
    fn up(&self, from: &str, until: &str, more: &str) {
        let clock = VirtualClock::new(at(from));
        let config = config(&self.reports(), "UTC", more);
        let engine = Engine {
            daily: Daily::new(&config),
            ..Engine::new(Arc::new(clock.clone()), self.ledger.clone(), Dice::new("daily"), "one")
        };
        let stop = CancellationToken::new();
        let job = pin!(reports(&engine, &stop));
        assert!(clock.drive_until(at(until), job).is_pending(), "it goes on for ever");
    }

    fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.reports()).into_iter().flatten();
        let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn digests(&self) -> Vec<String> {
        let query = EventQuery { kinds: vec![Kind::DigestPublished], ..EventQuery::default() };
        let events = futures_util::FutureExt::now_or_never(simian_core::Ledger::events(self.ledger.as_ref(), &query));
        events.unwrap().unwrap().into_iter().filter_map(|event| event.body.key).collect()
    }
}

const JSON: &str = "formats = [\"json\"]";

#[test]
fn it_writes_once_a_day_at_its_minute_and_keeps_what_it_should() {
    let world = World::new();
    world.up("2026-11-20T12:00:00Z", "2026-11-21T05:59:00Z", JSON);
    assert_eq!(world.files(), [""; 0], "the ledger is younger than the last due day");
    world.up("2026-11-21T05:59:00Z", "2026-11-22T06:00:00Z", JSON);
    assert_eq!(world.files(), ["simian-report-2026-11-21.json", "simian-report-2026-11-22.json"]);
    let text = std::fs::read_to_string(world.reports().join(&world.files()[1])).unwrap();
    let report: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&report["since"], &report["until"]), (&"2026-11-21T06:00:00Z".into(), &"2026-11-22T06:00:00Z".into()));
    world.up("2026-11-22T07:00:00Z", "2026-11-24T07:00:00Z", "formats = [\"md\", \"html\"]\nkeep = 2\nat = \"06:30\"");
    let names = ["23.html", "23.md", "24.html", "24.md"].map(|name| format!("simian-report-2026-11-{name}"));
    assert_eq!(world.files(), names, "of two days");
}

#[test]
fn what_was_missed_is_made_up_for_at_the_start_and_only_the_last() {
    let world = World::new();
    world.up("2026-11-25T15:00:00Z", "2026-11-25T15:01:00Z", JSON);
    assert_eq!(world.files(), ["simian-report-2026-11-25.json"]);
    // What is there is not written again.
    let path = world.reports().join("simian-report-2026-11-25.json");
    std::fs::write(&path, "as it was").unwrap();
    world.up("2026-11-25T16:00:00Z", "2026-11-25T16:01:00Z", JSON);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "as it was");
}

#[test]
fn a_folder_that_takes_nothing_stops_neither_the_daemon_nor_the_digests() {
    let world = World::new();
    std::fs::write(world.reports(), "a file in its place").unwrap();
    world.up("2026-11-21T05:00:00Z", "2026-11-21T23:00:00Z", JSON);
    assert_eq!(world.digests(), ["digest/2026-11-21/ann"]);
    std::fs::remove_file(world.reports()).unwrap();
    world.up("2026-11-21T23:00:00Z", "2026-11-22T07:00:00Z", JSON);
    let names = ["simian-report-2026-11-21.json", "simian-report-2026-11-22.json"];
    assert_eq!(world.files(), names, "tried again at the start, and the next day");
}

#[test]
fn each_owner_with_news_is_told_once_whatever_dies_meanwhile() {
    let world = World::new();
    for (from, until) in
        [("21T06:00:00Z", "21T06:30:00Z"), ("21T07:00:00Z", "21T08:00:00Z"), ("21T23:00:00Z", "24T07:00:00Z")]
    {
        world.up(&format!("2026-11-{from}"), &format!("2026-11-{until}"), "span = \"7d\"");
    }
    assert_eq!(world.digests(), ["digest/2026-11-21/ann", "digest/2026-11-22/ann"], "on the 23rd there were no news");
}

#[test]
fn the_due_minute_is_the_operators_also_where_the_clock_changes() {
    let daily = |zone: &str, minute: &str| {
        Daily::new(&config(Path::new("reports"), zone, &format!("at = \"{minute}\""))).unwrap()
    };
    for (zone, minute, date, due) in [
        ("UTC", "06:00", "2026-11-23", "2026-11-23T06:00:00Z"),
        ("America/Los_Angeles", "06:00", "2026-11-23", "2026-11-23T14:00:00Z"),
        ("Europe/Berlin", "02:30", "2027-03-28", "2027-03-28T01:00:00Z"),
        ("Europe/Berlin", "02:30", "2027-10-31", "2027-10-31T00:30:00Z"),
        ("Pacific/Kiritimati", "00:00", "2026-11-23", "2026-11-22T10:00:00Z"),
    ] {
        let daily = daily(zone, minute);
        let (date, due) = (date.parse().unwrap(), at(due));
        assert_eq!(daily.due_on(date), Some(due), "{zone} {minute} {date}");
        assert_eq!(daily.last(due), Some((date, due)));
        assert_eq!(daily.next(due - TimeDelta::milliseconds(1)), due);
        let tomorrow = daily.next(due);
        assert!(tomorrow > due + TimeDelta::hours(22) && tomorrow < due + TimeDelta::hours(26), "{zone}: {tomorrow}");
        assert_eq!(daily.last(due - TimeDelta::milliseconds(1)).map(|(last, _)| last), date.pred_opt());
    }
}
