//! What can only be tested from the inside: the disk that fails, the plans that SQLite makes, the steps of the schema.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use rusqlite::params_from_iter;
use rusqlite::types::Value;
use simian_core::event::Chain;
use simian_core::{Action, InstanceId, Key, Kind, Outcome, Scope, Slot, Stage, Target, Watch};
use tempfile::TempDir;

use super::*;
use crate::WRITER;

/// Our futures never wait.
fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => answer,
        Poll::Pending => panic!("it waits"),
    }
}

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_435_200 + seconds, 0).unwrap()
}

fn new() -> (TempDir, SqliteLedger) {
    let directory = tempfile::tempdir().unwrap();
    let ledger = SqliteLedger::create_or_open(directory.path().join("ledger.db"), Uuid::from_u128(7), at(0)).unwrap();
    (directory, ledger)
}

fn connection<T>(ledger: &SqliteLedger, use_it: impl FnOnce(&mut Connection) -> T) -> T {
    let Door::Writing(owner) = &ledger.0 else { panic!("it only reads") };
    use_it(&mut owner.lock().unwrap_or_else(PoisonError::into_inner).connection)
}

fn pragma(ledger: &SqliteLedger, name: &str, value: impl rusqlite::ToSql) {
    // Some of them answer with their new value, which `pragma_update` would take for a mistake.
    connection(ledger, |connection| connection.pragma_update_and_check(None, name, value, |_| Ok(())))
        .or_else(|error| if error == rusqlite::Error::QueryReturnedNoRows { Ok(()) } else { Err(error) })
        .unwrap();
}

fn draft(why: &str) -> Draft {
    Draft { key: Some("chaos/k".into()), ..Draft::new(at(1), Kind::ActionPlanned, Mode::Live, why) }
}

fn claim(key: &str) -> Claim {
    Claim {
        key: Key::from_stored(key),
        mode: Mode::Live,
        monkey: "chaos".into(),
        date: at(0).date_naive(),
        scope: Scope { account: "111122223333".parse().unwrap(), region: "us-east-1".parse().unwrap() },
        unit: "cluster:shop-prod".into(),
        spans: None,
        app: "shop".into(),
        owner: None,
        action: Action::Terminate,
        terms: None,
        targets: vec![Target { instance: InstanceId::new("i-1"), group: "g".into(), zone: "us-east-1a".into() }],
        baseline: BTreeMap::new(),
        alarms: Vec::new(),
        holder: "ops".into(),
        at: at(1),
        act_before: at(61),
        slots: vec![Slot::Day { counter: "live/2026-11-23/app/shop".into(), cost: 1, limit: None }],
    }
}

fn watching(key: &str) -> Change {
    Change::Move { key: Key::from_stored(key), by: "ops".into(), stage: Stage::Watching, outcome: None, watch: None }
}

/// All that is in it, events verified.
fn all(ledger: &SqliteLedger) -> String {
    let events = now(ledger.events(&EventQuery::default())).unwrap();
    let mut chain = Chain::new(Uuid::from_u128(7), WRITER);
    events.iter().try_for_each(|event| chain.check(event)).unwrap();
    chain.end(&now(ledger.heads()).unwrap()[WRITER]).unwrap();
    let claims = now(ledger.claims(&ClaimQuery::default())).unwrap();
    let counters = now(ledger.counters(Mode::Live, at(0).date_naive())).unwrap();
    format!("{events:?} {claims:?} {counters:?} {:?} {:?}", now(ledger.pauses()), now(ledger.cursor("sns")))
}

/// Every write there is, each too big to fit by chance.
fn writes(ledger: &SqliteLedger) -> Vec<Result<(), LedgerError>> {
    let long = "x".repeat(100_000);
    let pause = Pause::new(at(2), "jo", long.clone());
    let finding = Change::FindingOpened { id: "f".into(), draft: Box::new(draft(&long)) };
    let sights = Change::Sights {
        account: "111122223333".parse().unwrap(),
        seen: vec![(long.clone(), at(0).date_naive())],
        gone: vec![],
    };
    let big = Claim { holder: long.clone(), ..claim("big") };
    vec![
        now(ledger.commit(vec![draft("short"), draft(&long)], vec![watching("k")])).map(drop),
        now(ledger.commit(vec![], vec![watching("k"), Change::Pause(pause)])).map(drop),
        now(ledger.commit(vec![], vec![watching("k"), finding])).map(drop),
        now(ledger.commit(vec![], vec![watching("k"), sights])).map(drop),
        now(ledger.claim(&[claim("small"), big])).map(drop),
        now(ledger.advance(&long, 1)),
    ]
}

/// Fails every write with `broken` set, and then with `mended` set writes again.
fn survives(ledger: &SqliteLedger, broken: impl Fn(), mended: impl Fn(), said: &str) {
    now(ledger.claim(&[claim("k")])).unwrap();
    now(ledger.commit(vec![draft("before")], vec![])).unwrap();
    let before = all(ledger);
    broken();
    for _ in 0..2 {
        for (n, result) in writes(ledger).into_iter().enumerate() {
            assert!(matches!(&result, Err(LedgerError::Write(why)) if why.contains(said)), "{n}: {result:?}");
            assert_eq!(all(ledger), before, "{n}: half-written");
        }
    }
    mended();
    assert!(writes(ledger).iter().all(Result::is_ok));
    assert_eq!(now(ledger.heads()).unwrap()[WRITER].seq, 3);
    all(ledger);
}

#[test]
fn a_full_disk_is_an_error_and_passes() {
    let (_directory, ledger) = new();
    let pages: u32 =
        connection(&ledger, |connection| connection.pragma_query_value(None, "page_count", |row| row.get(0))).unwrap();
    let limit = |pages: u32| pragma(&ledger, "max_page_count", pages);
    survives(&ledger, || limit(pages + 2), || limit(1_000_000), "full");
}

#[test]
fn a_read_only_disk_is_an_error_and_passes() {
    let (_directory, ledger) = new();
    survives(&ledger, || pragma(&ledger, "query_only", true), || pragma(&ledger, "query_only", false), "readonly");
}

#[test]
fn a_panic_in_the_middle_leaves_nothing() {
    let (_directory, ledger) = new();
    now(ledger.commit(vec![draft("before")], vec![])).unwrap();
    let before = all(&ledger);
    let panics = AssertUnwindSafe(|| {
        ledger.write::<()>(|transaction, birth| {
            write::append(transaction, birth, vec![draft("half")])?;
            write::claim(transaction, &claim("half"))?;
            panic!("in the middle")
        })
    });
    assert!(catch_unwind(panics).is_err());
    assert_eq!(all(&ledger), before);
    now(ledger.commit(vec![draft("after")], vec![])).unwrap();
    assert_eq!(now(ledger.heads()).unwrap()[WRITER].seq, 2);
}

#[test]
fn settings_are_as_promised() {
    let (_directory, ledger) = new();
    let get = |name: &str| {
        connection(&ledger, |connection| {
            connection.pragma_query_value(None, name, |row| row.get::<_, Value>(0)).unwrap()
        })
    };
    assert_eq!(get("journal_mode"), Value::Text("wal".into()));
    assert_eq!(get("synchronous"), Value::Integer(2), "FULL");
    assert_eq!(get("foreign_keys"), Value::Integer(1));
    assert_eq!(get("busy_timeout"), Value::Integer(2_000));
    assert_eq!(get("application_id"), Value::Integer(0x7369_6d69));
    assert_eq!(get("user_version"), Value::Integer(4));
}

#[test]
fn migrations_are_numbered_from_one_without_gaps() {
    let numbers = schema::MIGRATIONS.iter().map(|(number, _)| *number);
    assert!(numbers.eq(1..=schema::known()));
}

#[test]
fn a_migration_that_fails_leaves_the_step_before() {
    let mut connection = Connection::open_in_memory().unwrap();
    let steps =
        [(1, "CREATE TABLE a (x);"), (2, "CREATE TABLE b (x); CREATE TABLE a (x);"), (3, "CREATE TABLE c (x);")];
    assert!(schema::migrate(&mut connection, &steps).is_err());
    assert_eq!(schema::version(&connection).unwrap(), 1);
    assert!(connection.prepare("SELECT * FROM b").is_err());
    let mended = [steps[0], (2, "CREATE TABLE b (x);"), steps[2]];
    schema::migrate(&mut connection, &mended).unwrap();
    schema::migrate(&mut connection, &mended).unwrap();
    assert_eq!(schema::version(&connection).unwrap(), 3);
}

/// What SQLite would do, one step a line.
fn plan(ledger: &SqliteLedger, sql: &str, parameters: &[Value]) -> String {
    connection(ledger, |connection| {
        let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let wanted = statement.parameter_count();
        let parameters = parameters.iter().cloned().chain(std::iter::repeat(Value::Null)).take(wanted);
        let steps = statement.query_map(params_from_iter(parameters), |row| row.get::<_, String>(3)).unwrap();
        steps.collect::<rusqlite::Result<Vec<_>>>().unwrap().join("\n")
    })
}

#[test]
fn no_query_of_a_round_reads_a_whole_table() {
    let (_directory, ledger) = new();
    let account = || Some("111122223333".parse().unwrap());
    let event = |query: EventQuery| read::event_sql(&query);
    let claim = |query: ClaimQuery| read::claim_sql(&query);
    let prefix = || Some("chaos/2026-11-23/".to_owned());
    let some = EventQuery::default;
    let planned = vec![Kind::ActionPlanned, Kind::ActionHeld];
    let (mode, date) = (Some(Mode::Live), Some(at(0).date_naive()));
    let cases = [
        (
            "day",
            event(EventQuery { kinds: planned.clone(), account: account(), key_prefix: prefix(), ..some() }),
            "events_key",
        ),
        (
            "newest",
            event(EventQuery { kinds: planned.clone(), limit: Some(9), newest_first: true, ..some() }),
            "events_kind",
        ),
        ("findings", event(EventQuery { kinds: planned, account: account(), ..some() }), "events_kind"),
        ("sink", event(EventQuery { after: Some(7), limit: Some(9), ..some() }), "PRIMARY KEY (rowid>?)"),
        ("account", event(EventQuery { account: account(), ..some() }), "events_account"),
        ("unit", event(EventQuery { unit: Some("u".into()), account: account(), ..some() }), "events_unit"),
        ("since", event(EventQuery { since: Some(at(0)), ..some() }), "events_at"),
        ("claims", claim(ClaimQuery { mode, account: account(), date, open: false }), "claims_date"),
        ("open", claim(ClaimQuery { mode, open: true, ..ClaimQuery::default() }), "claims_open"),
        ("open here", claim(ClaimQuery { mode, account: account(), date, open: true }), "claims_open"),
        ("last", (read::LAST_ACTIONS.into(), vec![]), "claims_unit (mode=? AND account=?)"),
        ("counters", (read::COUNTERS.into(), vec![]), "PRIMARY KEY (name>? AND name<?)"),
        ("findings", (read::FINDINGS.into(), vec![]), "findings_account (account=?)"),
        ("sights", (read::SIGHTS.into(), vec![]), "PRIMARY KEY (account=?)"),
        ("marks", (read::MARKS.into(), vec![]), "PRIMARY KEY (mode=? AND account=?)"),
        ("surveys", (read::SURVEYS.into(), vec![]), "PRIMARY KEY (account=?)"),
        ("oldest", (compact::OLDEST.into(), vec![]), "PRIMARY KEY (rowid<?)"),
        ("old claims", (compact::OLD_CLAIMS.clone(), vec![]), "claims_date (mode=? AND date<?)"),
        ("later claims", (compact::OLD_CLAIMS.clone(), vec![]), "claims_unit (mode=? AND account=? AND full_unit=?"),
        ("old counters", (compact::OLD_COUNTERS.into(), vec![]), "PRIMARY KEY (name>? AND name<?)"),
        (
            "next page",
            event(EventQuery { after: Some(7), limit: Some(9), since: Some(at(0)), ..some() }),
            "PRIMARY KEY (rowid>?)",
        ),
        ("concurrent", (write::ACTED_ON_OR_WATCHED.into(), vec![]), "claims_open (mode=? AND stage=?)"),
        ("unrecovered", (write::UNRECOVERED.into(), vec![]), "claims_open (mode=? AND stage=?)"),
        ("of a unit", (write::OF_UNIT.into(), vec![]), "claims_unit (mode=? AND account=? AND full_unit=?"),
    ];
    for (name, (sql, parameters), index) in cases {
        let plan = plan(&ledger, &sql, &parameters);
        assert!(plan.contains(index), "{name}: {plan}");
        assert!(!plan.contains("SCAN"), "{name}: {plan}");
    }
}

/// Rows as they were first written. Whatever becomes of the types, these must read for ever.
#[test]
fn what_was_written_once_reads_for_ever() {
    let (_directory, ledger) = new();
    let watched = Change::Move {
        key: Key::from_stored("k"),
        by: "ops".into(),
        stage: Stage::Watching,
        outcome: Some(Outcome::Done),
        watch: Some(Watch {
            since: at(2),
            deadline: at(602),
            baseline: [("g".into(), 3)].into(),
            late: false,
            held: None,
        }),
    };
    let pause = Pause { until: Some(at(4)), ..Pause::new(at(3), "jo", "w") };
    now(ledger.claim(&[claim("k")])).unwrap();
    now(ledger.commit(vec![draft("why")], vec![watched, Change::Pause(pause), Change::FirstRun(at(5))])).unwrap();
    let get =
        |sql: &str| connection(&ledger, |connection| connection.query_row(sql, [], |row| row.get::<_, String>(0)));
    for (sql, golden) in GOLDEN {
        assert_eq!(get(sql).unwrap(), golden.replace("\n    ", ""), "{sql}");
    }
    assert!(read::json::<ClaimRecord>("claim", &get(GOLDEN[0].0).unwrap()).is_ok());
    assert!(read::json::<Event>("event", &get(GOLDEN[1].0).unwrap()).is_ok());
    assert!(read::json::<Birth>("birth", &get(GOLDEN[2].0).unwrap()).is_ok());
    assert!(read::json::<Pause>("pause", &get(GOLDEN[3].0).unwrap()).is_ok());
}

const GOLDEN: [(&str, &str); 4] = [
    (
        "SELECT record FROM claims",
        r#"{"key":"k","mode":"live","monkey":"chaos","date":"2026-11-23",
    "scope":{"account":"111122223333","region":"us-east-1"},"unit":"cluster:shop-prod","app":"shop","owner":null,
    "action":"terminate","targets":[{"instance":"i-1","group":"g","zone":"us-east-1a"}],"holder":"ops",
    "at":"2026-11-23T12:00:01Z","act_before":"2026-11-23T12:01:01Z","stage":"watching","outcome":"done",
    "watch":{"since":"2026-11-23T12:00:02Z","deadline":"2026-11-23T12:10:02Z","baseline":{"g":3}},
    "held_until":"2026-11-23T12:02:01Z"}"#,
    ),
    (
        "SELECT event FROM events",
        r#"{"at":"2026-11-23T12:00:01.000Z","hash":"033d8400cbda764d836f982a61e4d31bc74d5ea2fbf471164b794c4521c5d278",
    "id":"01a20847-01e8-7143-a7d3-ce0cac72bee4","key":"chaos/k","kind":"action.planned","mode":"live",
    "prev":"00000000-0000-0000-0000-000000000007","schema":"simian.event/1","seq":1,"why":"why","writer":"main"}"#,
    ),
    (
        "SELECT birth FROM ledger",
        r#"{"id":"00000000-0000-0000-0000-000000000007","at":"2026-11-23T12:00:00Z","lifted":"2026-11-23T12:00:05Z"}"#,
    ),
    (
        "SELECT pause FROM pauses",
        r#"{"id":"73a838b0","at":"2026-11-23T12:00:03Z","actor":"jo","why":"w","until":"2026-11-23T12:00:04Z"}"#,
    ),
];
