//! Small claims and drafts to build on.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use simian_core::event::Chain;
use simian_core::{
    Action, Change, Claim, Claimed, Draft, Event, EventQuery, InstanceId, Key, Kind, Ledger, Mode, Outcome, Pause,
    Slot, Stage, Target,
};
use simian_ledger::{MemoryLedger, SqliteLedger, WRITER};
use tempfile::TempDir;
use uuid::Uuid;

pub(crate) const BIRTH: Uuid = Uuid::from_u128(0x0051_0a17);
pub(crate) const ACCOUNTS: [&str; 2] = ["111122223333", "444455556666"];

pub(crate) fn memory() -> MemoryLedger {
    MemoryLedger::new(BIRTH, at(0))
}

pub(crate) fn sqlite() -> (TempDir, SqliteLedger) {
    let directory = directory();
    let ledger = SqliteLedger::create_or_open(directory.path().join("ledger.db"), BIRTH, at(0)).unwrap();
    (directory, ledger)
}

/// In memory where there is such a place: these tests commit thousands of times, and the disk is not what they test.
pub(crate) fn directory() -> TempDir {
    let memory = Path::new("/dev/shm");
    let fast = memory.is_dir().then(|| tempfile::tempdir_in(memory).ok()).flatten();
    fast.unwrap_or_else(|| tempfile::tempdir().unwrap())
}

/// The names in a directory with what the files hold, sorted.
pub(crate) fn snapshot(directory: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap()))
        .collect();
    files.sort();
    files
}

/// Seconds after a Monday's noon, and not at a whole millisecond.
pub(crate) fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_435_200, 123_456_789).unwrap() + TimeDelta::seconds(seconds)
}

pub(crate) fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

pub(crate) fn key(name: &str) -> Key {
    Key::from_stored(name)
}

pub(crate) fn targets(n: usize) -> Vec<Target> {
    let target = |i| Target {
        instance: InstanceId::new(format!("i-{i:017x}")),
        group: "shop-prod-v001".into(),
        zone: "us-east-1a".into(),
    };
    (0..n).map(target).collect()
}

/// A live claim of one target, of its own unit, with these slots.
pub(crate) fn claim(name: &str, slots: Vec<Slot>) -> Claim {
    Claim {
        key: key(name),
        mode: Mode::Live,
        monkey: "chaos".into(),
        date: date("2026-11-23"),
        scope: simian_core::Scope { account: ACCOUNTS[0].parse().unwrap(), region: "us-east-1".parse().unwrap() },
        unit: format!("cluster:{name}"),
        spans: None,
        app: "shop".into(),
        owner: Some("team-shop@example.com".into()),
        action: Action::Terminate,
        terms: None,
        targets: targets(1),
        baseline: BTreeMap::new(),
        alarms: Vec::new(),
        holder: "ops-1".into(),
        at: at(1),
        act_before: at(61),
        slots,
    }
}

pub(crate) fn day(counter: &str, cost: u32, limit: impl Into<Option<u32>>) -> Slot {
    Slot::Day { counter: counter.into(), cost, limit: limit.into() }
}

pub(crate) fn concurrent(limit: impl Into<Option<u32>>) -> Slot {
    Slot::Concurrent { limit: limit.into() }
}

pub(crate) fn unrecovered(limit: impl Into<Option<u32>>) -> Slot {
    Slot::Unrecovered { limit: limit.into() }
}

pub(crate) fn full(counter: &str, used: u32, limit: u32) -> Claimed {
    Claimed::Full { counter: counter.into(), used, limit }
}

pub(crate) fn moved(name: &str, stage: Stage, outcome: Option<Outcome>) -> Change {
    Change::Move { key: key(name), by: "ops-1".into(), stage, outcome, watch: None }
}

pub(crate) fn draft(why: &str) -> Draft {
    Draft::new(at(2), Kind::RoundClosed, Mode::Live, why)
}

/// Claims one and says what came of it.
pub(crate) async fn try_one(ledger: &dyn Ledger, claim: Claim) -> Claimed {
    let mut claimed = ledger.claim(&[claim]).await.unwrap();
    assert_eq!(claimed.len(), 1);
    claimed.remove(0)
}

/// Claims, and must win.
pub(crate) async fn win(ledger: &dyn Ledger, claim: Claim) {
    assert_eq!(try_one(ledger, claim).await, Claimed::Won);
}

pub(crate) async fn change(ledger: &dyn Ledger, change: Change) {
    ledger.commit(vec![], vec![change]).await.unwrap();
}

/// All events, after checking that they are one whole chain, or the rest of one after its checkpoint.
pub(crate) async fn verified(ledger: &dyn Ledger) -> Vec<Event> {
    let events = ledger.events(&EventQuery::default()).await.unwrap();
    let mut chain = match ledger.checkpoints().await.unwrap().get(WRITER) {
        Some(checkpoint) => Chain::after(checkpoint, WRITER),
        None => Chain::new(ledger.birth().await.unwrap().id, WRITER),
    };
    events.iter().try_for_each(|event| chain.check(event)).unwrap();
    let heads = ledger.heads().await.unwrap();
    assert_eq!(heads.keys().collect::<Vec<_>>(), [WRITER]);
    chain.end(&heads[WRITER]).unwrap();
    events
}

pub(crate) fn pause(why: &str) -> Pause {
    Pause::new(at(3), "uid 0 (root)", why)
}

/// The names of the pauses that there are.
pub(crate) async fn paused(ledger: &dyn Ledger) -> Vec<String> {
    ledger.pauses().await.unwrap().into_iter().map(|pause| pause.why).collect()
}
