//! SQLite only: a file that the first version wrote opens, and says what it said.

use std::path::Path;

use rusqlite::{Connection, params};
use simian_core::{
    Birth, Change, Claim, ClaimRecord, Compaction, Draft, Event, Kind, Ledger, Mode, Outcome, Pause, Stage,
};
use simian_ledger::{SqliteLedger, WRITER};

use crate::fixtures::{ACCOUNTS, BIRTH, at, change, claim, date, directory, verified};

/// The first schema, as it was released.
const FIRST: &str = "
    CREATE TABLE ledger (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        birth TEXT NOT NULL CHECK (json_valid(birth)),
        pause TEXT CHECK (pause IS NULL OR json_valid(pause))
    ) STRICT;
    CREATE TABLE heads (writer TEXT PRIMARY KEY, seq INTEGER NOT NULL, hash TEXT NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE events (
        seq INTEGER PRIMARY KEY CHECK (seq = event ->> '$.seq'),
        event TEXT NOT NULL,
        kind TEXT AS (event ->> '$.kind'),
        mode TEXT AS (event ->> '$.mode'),
        at TEXT AS (event ->> '$.at'),
        account TEXT AS (event ->> '$.account'),
        unit TEXT AS (event ->> '$.unit'),
        key TEXT AS (event ->> '$.key')
    ) STRICT;
    CREATE INDEX events_kind ON events (kind, account);
    CREATE INDEX events_account ON events (account);
    CREATE INDEX events_unit ON events (unit);
    CREATE INDEX events_key ON events (key);
    CREATE INDEX events_at ON events (at);
    CREATE TABLE claims (
        key TEXT NOT NULL PRIMARY KEY CHECK (key = record ->> '$.key'),
        record TEXT NOT NULL,
        mode TEXT AS (record ->> '$.mode'),
        date TEXT AS (record ->> '$.date'),
        account TEXT AS (record ->> '$.scope.account'),
        full_unit TEXT AS (
            (record ->> '$.scope.account') || '/' || (record ->> '$.scope.region') || '/' || (record ->> '$.unit')
        ),
        stage TEXT AS (record ->> '$.stage'),
        outcome TEXT AS (record ->> '$.outcome'),
        targets INTEGER AS (json_array_length(record, '$.targets'))
    ) STRICT;
    CREATE INDEX claims_date ON claims (mode, date, account);
    CREATE INDEX claims_unit ON claims (mode, account, full_unit, outcome, date);
    CREATE INDEX claims_open ON claims (mode, stage, targets) WHERE stage <> 'closed';
    CREATE TABLE counters (name TEXT PRIMARY KEY, used INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE cursors (sink TEXT PRIMARY KEY, seq INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    PRAGMA application_id = 0x73696d69;
    PRAGMA user_version = 1;
";

/// Writes a file of the first version, with these events and this pause.
fn first_version(path: &Path, drafts: Vec<Draft>, pause: Option<&str>) -> Vec<Event> {
    let file = Connection::open(path).unwrap();
    file.execute_batch(FIRST).unwrap();
    let birth = format!(r#"{{"id":"{BIRTH}","at":"2026-11-23T12:00:00.123456789Z","lifted":null}}"#);
    file.execute("INSERT INTO ledger (one, birth, pause) VALUES (1, ?1, ?2)", params![birth, pause]).unwrap();
    let (mut prev, mut events) = (BIRTH.to_string(), Vec::new());
    for (seq, draft) in (1..).zip(drafts) {
        let event = Event::seal(draft, BIRTH, WRITER, seq, prev.clone());
        prev.clone_from(&event.hash);
        file.execute("INSERT INTO events (seq, event) VALUES (?1, ?2)", params![seq, event.canonical()]).unwrap();
        events.push(event);
    }
    file.execute("INSERT INTO heads VALUES (?1, ?2, ?3)", params![WRITER, events.len(), prev]).unwrap();
    let record =
        ClaimRecord { stage: Stage::Closed, outcome: Some(Outcome::Done), ..ClaimRecord::won(&claim("k", vec![])) };
    let record = serde_json::to_string(&record).unwrap();
    file.execute("INSERT INTO claims (key, record) VALUES ('k', ?1)", [record]).unwrap();
    file.execute("INSERT INTO counters VALUES ('live/2026-11-23/app/a', 3)", []).unwrap();
    file.execute("INSERT INTO cursors VALUES ('sns', 2)", []).unwrap();
    file.close().unwrap();
    events
}

fn told(kind: Kind, second: i64, change: impl FnOnce(&mut Draft)) -> Draft {
    let mut draft = Draft::new(at(second), kind, Mode::Live, format!("at {second}"));
    change(&mut draft);
    draft
}

fn round(second: i64, account: usize, region: &str, groups: Option<u64>) -> Draft {
    told(Kind::RoundClosed, second, |draft| {
        draft.account = Some(ACCOUNTS[account].parse().unwrap());
        draft.region = Some(region.parse().unwrap());
        draft.counts = groups.map(|groups| ("groups".to_owned(), groups)).into_iter().collect();
    })
}

fn finding(kind: Kind, second: i64, account: usize, id: &str) -> Draft {
    told(kind, second, |draft| {
        draft.key = Some(id.into());
        draft.account = Some(ACCOUNTS[account].parse().unwrap());
    })
}

#[tokio::test]
async fn a_file_of_the_first_version_opens_and_says_what_it_said() {
    let directory = directory();
    let path = directory.path().join("ledger.db");
    let (opened, closed) = (Kind::FindingOpened, Kind::FindingClosed);
    let drafts = vec![
        finding(opened, 1, 0, "mended"),
        finding(opened, 2, 0, "open"),
        finding(closed, 3, 0, "mended"),
        finding(opened, 4, 0, "back"),
        finding(closed, 5, 0, "back"),
        finding(opened, 6, 0, "back"),
        finding(opened, 7, 1, "theirs"),
        told(Kind::DaemonResumed, 8, |draft| draft.outcome = Some("new-ledger".into())),
        told(Kind::DaemonResumed, 9, |draft| draft.outcome = Some("new-ledger".into())),
        round(10, 0, "us-east-1", Some(700)),
        round(11, 1, "us-east-1", Some(9)),
        round(12, 0, "us-east-1", Some(12)),
        round(13, 0, "eu-west-1", None),
        round(14, 0, "us-east-1", None),
    ];
    let pause = r#"{"at":"2026-11-23T12:00:03Z","actor":"jo","why":"w","until":"2026-11-23T14:00:00Z"}"#;
    let events = first_version(&path, drafts, Some(pause));
    for _ in 0..2 {
        let ledger = SqliteLedger::open(&path).unwrap();
        assert_eq!(verified(&ledger).await, events);
        let birth = Birth { woken: Some(events[7].body.at), ..Birth::new(BIRTH, at(0)) };
        assert_eq!(ledger.birth().await.unwrap(), birth);
        let kept = Pause {
            id: "first".into(),
            until: Some("2026-11-23T14:00:00Z".parse().unwrap()),
            ..Pause::new("2026-11-23T12:00:03Z".parse().unwrap(), "jo", "w")
        };
        assert_eq!(ledger.pauses().await.unwrap(), [kept]);
        let findings = ledger.findings(&ACCOUNTS[0].parse().unwrap()).await.unwrap();
        let expected = [("back", &events[5]), ("open", &events[1])].map(|(id, e)| (id.to_owned(), e.body.clone()));
        assert_eq!(findings, expected.into());
        assert_eq!(ledger.findings(&ACCOUNTS[1].parse().unwrap()).await.unwrap().len(), 1);
        let last = ledger.last_actions(Mode::Live, &ACCOUNTS[0].parse().unwrap()).await.unwrap();
        assert_eq!(last, [("111122223333/us-east-1/cluster:k".to_owned(), date("2026-11-23"))].into());
        assert_eq!(ledger.counters(Mode::Live, date("2026-11-23")).await.unwrap()["live/2026-11-23/app/a"], 3);
        assert_eq!(ledger.cursor("sns").await.unwrap(), 2);
        // The last survey of each place; no more was known of whether it was believed.
        let surveys = ledger.surveys(&ACCOUNTS[0].parse().unwrap()).await.unwrap();
        assert_eq!(surveys, [("us-east-1".parse().unwrap(), 12)].into());
        assert_eq!(ledger.surveys(&ACCOUNTS[1].parse().unwrap()).await.unwrap().len(), 1);
        assert_eq!(ledger.checkpoints().await.unwrap(), [].into());
    }
    // And it goes on as any other.
    let ledger = SqliteLedger::open(&path).unwrap();
    change(&ledger, Change::Resume("first".into())).await;
    let spanning = Claim { spans: Some("111122223333/*/u".into()), ..claim("l", vec![]) };
    ledger.claim(&[spanning]).await.unwrap();
    let last = ledger.last_actions(Mode::Live, &ACCOUNTS[0].parse().unwrap()).await.unwrap();
    assert!(last.contains_key("111122223333/*/u"), "{last:?}");
    let order = Compaction { at: at(99), before: at(4), upto: u64::MAX, most: 9 };
    assert_eq!(ledger.compact(&order).await.unwrap().events, 4);
    assert_eq!(verified(&ledger).await.len(), events.len() - 4 + 1);
}

#[tokio::test]
async fn a_file_of_the_first_version_that_said_nothing_opens_too() {
    let directory = directory();
    let path = directory.path().join("ledger.db");
    first_version(&path, vec![told(Kind::DaemonResumed, 1, |_| {})], None);
    let ledger = SqliteLedger::open(&path).unwrap();
    assert_eq!(ledger.pauses().await.unwrap(), []);
    assert_eq!(ledger.birth().await.unwrap(), Birth::new(BIRTH, at(0)), "no new ledger's pause was lifted");
    assert_eq!(ledger.findings(&ACCOUNTS[0].parse().unwrap()).await.unwrap(), [].into());
}
