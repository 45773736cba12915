//! SQLite only: the file, who may open it, and what is refused.

use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use rusqlite::Connection;
use simian_core::{Birth, Change, ClaimQuery, EventQuery, Ledger, LedgerError, Mode, Pause};
use simian_ledger::SqliteLedger;
use uuid::Uuid;

use crate::fixtures::{BIRTH, at, claim, date, day, directory, draft, full, snapshot, try_one, verified, win};

fn make(path: &Path) -> SqliteLedger {
    SqliteLedger::create_or_open(path, BIRTH, at(0)).unwrap()
}

async fn tell(ledger: &dyn Ledger, why: &str) {
    ledger.commit(vec![draft(why)], vec![]).await.unwrap();
}

/// Why it was not opened.
fn refusal(result: Result<SqliteLedger, LedgerError>) -> String {
    match result {
        Err(LedgerError::Open { why, .. }) => why,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn everything_is_there_after_a_restart() {
    let directory = directory();
    let path = directory.path().join("ledger.db");
    let pause = Pause::new(at(1), "jo", "w");
    let counter = "live/2026-11-23/app/shop";
    {
        let ledger = make(&path);
        win(&ledger, claim("k", vec![day(counter, 1, 1)])).await;
        let changes = vec![Change::Pause(pause.clone()), Change::FirstRun(at(2))];
        ledger.commit(vec![draft("a"), draft("b")], changes).await.unwrap();
        ledger.advance("sns", 1).await.unwrap();
    }
    // The birth of a ledger that exists is its own.
    let ledger = SqliteLedger::create_or_open(&path, Uuid::from_u128(9), at(99)).unwrap();
    assert_eq!(ledger.birth().await.unwrap(), Birth { lifted: Some(at(2)), ..Birth::new(BIRTH, at(0)) });
    assert_eq!(ledger.pauses().await.unwrap(), [pause]);
    assert_eq!(ledger.cursor("sns").await.unwrap(), 1);
    assert_eq!(ledger.counters(Mode::Live, date("2026-11-23")).await.unwrap()[counter], 1);
    assert_eq!(try_one(&ledger, claim("l", vec![day(counter, 1, 1)])).await, full(counter, 1, 1));
    tell(&ledger, "c").await;
    assert_eq!(verified(&ledger).await.len(), 3);
}

#[test]
fn the_files_are_for_their_user_alone() {
    let directory = directory();
    let path = directory.path().join("ledger.db");
    let _ledger = make(&path);
    for (name, _) in snapshot(directory.path()) {
        let mode = fs::metadata(directory.path().join(&name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[test]
fn only_one_has_it() {
    let directory = directory();
    let path = directory.path().join("ledger.db");
    let link = directory.path().join("other.db");
    let first = make(&path);
    symlink(&path, &link).unwrap();
    let roundabout = directory.path().join("..").join(directory.path().file_name().unwrap()).join("ledger.db");
    for way in [&path, &link, &roundabout] {
        for second in [SqliteLedger::open(way), SqliteLedger::create_or_open(way, BIRTH, at(0))] {
            let Err(LedgerError::Held { holder, .. }) = second else { panic!("{second:?}") };
            assert_eq!(holder, std::process::id().to_string());
        }
    }
    assert!(SqliteLedger::open_read_only(&link).is_ok());
    drop(first);
    assert!(SqliteLedger::open(&link).is_ok());
    // The other way round: who came in by the link keeps out who comes by the name.
    let _held = SqliteLedger::open(&link).unwrap();
    assert!(matches!(SqliteLedger::open(&path), Err(LedgerError::Held { .. })));
}

#[test]
fn what_is_not_there_is_missing() {
    let directory = directory();
    let path = directory.path().join("ledger.db");
    for opened in [SqliteLedger::open(&path), SqliteLedger::open_read_only(&path)] {
        assert!(matches!(opened, Err(LedgerError::Missing { .. })), "{opened:?}");
    }
    assert_eq!(snapshot(directory.path()), []);
    let nowhere = directory.path().join("no/such/ledger.db");
    let why = refusal(SqliteLedger::create_or_open(&nowhere, BIRTH, at(0)));
    assert!(why.starts_with("its directory ") && why.contains("/no/such") && why.contains("create it"), "{why}");
}

#[tokio::test]
async fn what_is_no_ledger_is_left_as_it_is() {
    let directory = directory();
    let at_path = |name: &str| directory.path().join(name);
    fs::write(at_path("empty"), "").unwrap();
    fs::write(at_path("text"), "SQLite format, it is not; and longer than a header of a hundred bytes. ".repeat(20))
        .unwrap();
    fs::write(at_path("short"), "x").unwrap();
    fs::write(at_path("header"), b"SQLite format 3\0").unwrap();
    let other = Connection::open(at_path("other")).unwrap();
    other.execute_batch("PRAGMA application_id = 7; CREATE TABLE events (seq INTEGER);").unwrap();
    other.close().unwrap();
    Connection::open(at_path("plain")).unwrap().execute_batch("CREATE TABLE ledger (one INTEGER);").unwrap();
    let before = snapshot(directory.path());
    for (name, said) in [
        ("empty", "empty"),
        ("text", "no SQLite database"),
        ("short", "no SQLite database"),
        ("header", "no SQLite database"),
        ("other", "another program"),
        ("plain", "another program"),
    ] {
        let path = at_path(name);
        for opened in [
            SqliteLedger::create_or_open(&path, BIRTH, at(0)),
            SqliteLedger::open(&path),
            SqliteLedger::open_read_only(&path),
        ] {
            let why = refusal(opened);
            assert!(why.contains(said) && why.contains("another path"), "{name}: {why}");
        }
    }
    assert_eq!(snapshot(directory.path()), before, "not even a lock file");
    fs::create_dir(at_path("directory")).unwrap();
    assert!(refusal(SqliteLedger::create_or_open(at_path("directory"), BIRTH, at(0))).contains("no file"));
}

#[test]
fn a_newer_schema_is_refused() {
    let directory = directory();
    let path = directory.path().join("ledger.db");
    drop(make(&path));
    let newer = Connection::open(&path).unwrap();
    newer.pragma_update(None, "user_version", 99).unwrap();
    newer.close().unwrap();
    let before = fs::read(&path).unwrap();
    for opened in [
        SqliteLedger::create_or_open(&path, BIRTH, at(0)),
        SqliteLedger::open(&path),
        SqliteLedger::open_read_only(&path),
    ] {
        assert!(matches!(opened, Err(LedgerError::Newer { found: 99, known: 4, .. })), "{opened:?}");
    }
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn an_older_schema_is_not_brought_up_to_date_by_reading() {
    let directory = directory();
    let path = directory.path().join("ledger.db");
    drop(make(&path));
    let older = Connection::open(&path).unwrap();
    older.pragma_update(None, "user_version", 1).unwrap();
    older.close().unwrap();
    assert!(refusal(SqliteLedger::open_read_only(&path)).contains("schema 1"));
}

#[test]
fn the_log_of_a_lost_ledger_is_not_played_into_a_new_one() {
    let directory = directory();
    let path = directory.path().join("ledger.db");
    drop(make(&path));
    fs::remove_file(&path).unwrap();
    assert!(refusal(SqliteLedger::create_or_open(&path, BIRTH, at(0))).contains("ledger.db-wal"));
}

#[tokio::test]
async fn an_attempt_that_was_stopped_halfway_does_not_matter() {
    let directory = directory();
    let path = directory.path().join("ledger.db");
    fs::write(directory.path().join("ledger.db.unborn"), "half").unwrap();
    fs::write(directory.path().join("ledger.db.unborn-journal"), "half").unwrap();
    tell(&make(&path), "here").await;
    let names: Vec<_> = snapshot(directory.path()).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["ledger.db", "ledger.db-shm", "ledger.db-wal", "ledger.db.lock"]);
}

#[tokio::test]
async fn a_path_may_have_any_name() {
    let directory = directory();
    for name in [&b"a b?mode=rw#%41&immutable=1.db"[..], b"\xff\xfe.db", "süß.db".as_bytes()] {
        let path = directory.path().join(std::ffi::OsStr::from_bytes(name));
        tell(&make(&path), "here").await;
        assert_eq!(verified(&SqliteLedger::open_read_only(&path).unwrap()).await.len(), 1);
        assert!(path.is_file());
    }
}

#[tokio::test]
async fn who_reads_cannot_write() {
    let directory = directory();
    let path = directory.path().join("ledger.db");
    let writer = make(&path);
    let reader = SqliteLedger::open_read_only(&path).unwrap();
    let refused = [
        reader.commit(vec![draft("x")], vec![]).await.map(drop),
        reader.commit(vec![], vec![]).await.map(drop),
        reader.claim(&[claim("k", vec![])]).await.map(drop),
        reader.advance("sns", 1).await,
    ];
    for result in refused {
        assert!(matches!(&result, Err(LedgerError::Write(why)) if why.contains("reading only")), "{result:?}");
    }
    assert_eq!(verified(&writer).await, []);
}

#[tokio::test]
async fn one_process_may_read_what_it_writes_but_not_write_what_it_reads() {
    let directory = directory();
    let path = directory.path().join("ledger.db");
    let writer = make(&path);
    let reader = SqliteLedger::open_read_only(&path).unwrap();
    for n in 1..4 {
        tell(&writer, "x").await;
        assert_eq!(verified(&reader).await.len(), n);
    }
    drop((writer, reader));
    let reader = SqliteLedger::open_read_only(&path).unwrap();
    assert!(refusal(SqliteLedger::open(&path)).contains("open for reading only"));
    assert_eq!(verified(&reader).await.len(), 3);
    drop(reader);
    tell(&SqliteLedger::open(&path).unwrap(), "x").await;
}

#[tokio::test]
async fn reading_makes_and_changes_nothing() {
    let directory = directory();
    let path = directory.path().join("ledger.db");
    let ledger = make(&path);
    tell(&ledger, "a").await;
    drop(ledger);
    let copy = directory.path().join("copy.db");
    fs::copy(&path, &copy).unwrap();
    let before = snapshot(directory.path());
    for path in [&path, &copy] {
        let reader = SqliteLedger::open_read_only(path).unwrap();
        assert_eq!(verified(&reader).await.len(), 1);
        assert_eq!(reader.claims(&ClaimQuery::default()).await.unwrap(), []);
        assert_eq!(snapshot(directory.path()), before);
        drop(reader);
        assert_eq!(snapshot(directory.path()), before);
    }
}

#[tokio::test]
async fn a_copy_that_comes_to_life_is_read_as_it_is_now() {
    let directory = directory();
    let (path, copy) = (directory.path().join("ledger.db"), directory.path().join("copy.db"));
    let ledger = make(&path);
    tell(&ledger, "a").await;
    drop(ledger);
    fs::copy(&path, &copy).unwrap();
    // Alone, without its log: opened as immutable.
    let reader = SqliteLedger::open_read_only(&copy).unwrap();
    assert_eq!(verified(&reader).await.len(), 1);
    let daemon = SqliteLedger::open(&copy).unwrap();
    tell(&daemon, "b").await;
    assert_eq!(verified(&reader).await.len(), 2);
    tell(&daemon, "c").await;
    drop(daemon);
    assert_eq!(verified(&reader).await.len(), 3);
}

#[tokio::test]
async fn a_log_without_its_index_says_what_to_do() {
    let directory = directory();
    let (path, copy) = (directory.path().join("ledger.db"), directory.path().join("copy.db"));
    let ledger = make(&path);
    tell(&ledger, "a").await;
    fs::copy(&path, &copy).unwrap();
    fs::copy(directory.path().join("ledger.db-wal"), directory.path().join("copy.db-wal")).unwrap();
    let why = refusal(SqliteLedger::open_read_only(&copy));
    assert!(why.contains("copy.db-wal") && why.contains("-shm") && why.contains("simian run"), "{why}");
    // Who may write recovers it.
    assert_eq!(verified(&SqliteLedger::open(&copy).unwrap()).await.len(), 1);
}

#[tokio::test]
async fn what_was_tampered_with_is_an_error_or_breaks_the_chain() {
    let directory = directory();
    let path = directory.path().join("ledger.db");
    let ledger = make(&path);
    win(&ledger, claim("k", vec![])).await;
    tell(&ledger, "a").await;
    drop(ledger);
    let shell = Connection::open(&path).unwrap();
    assert!(shell.execute("UPDATE events SET seq = 2", []).is_err(), "the number is the event's own");
    shell.execute(r#"UPDATE events SET event = replace(event, '"round.closed"', '"no.kind"')"#, []).unwrap();
    shell.execute(r#"UPDATE claims SET record = replace(record, '"acting"', '"napping"')"#, []).unwrap();
    shell.close().unwrap();
    let ledger = SqliteLedger::open(&path).unwrap();
    let events = ledger.events(&EventQuery::default()).await;
    assert!(matches!(&events, Err(LedgerError::Read(why)) if why.contains("event 1 ")), "{events:?}");
    let claims = ledger.claims(&ClaimQuery::default()).await;
    assert!(matches!(&claims, Err(LedgerError::Read(why)) if why.contains("the claim k ")), "{claims:?}");
}
