//! Random operations, played on the model and on SQLite: every answer must be the same.

use std::fmt::Write as _;

use proptest::prelude::*;
use proptest::sample::select;
use simian_core::{
    Change, Claim, ClaimQuery, Compaction, Draft, EventQuery, Kind, Lease, Ledger, Mode, Outcome, Pause, Scope, Slot,
    Stage, Watch,
};
use simian_ledger::SqliteLedger;

use crate::fixtures::{ACCOUNTS, BIRTH, at, claim, date, directory, key, memory, targets, verified};

const MODES: [Mode; 2] = [Mode::Live, Mode::DryRun];
const DATES: [&str; 3] = ["2026-11-20", "2026-11-23", "2026-11-24"];
const UNITS: [&str; 2] = ["cluster:a", "asg:b"];
const KINDS: [Kind; 5] =
    [Kind::ActionPlanned, Kind::ActionDone, Kind::RoundClosed, Kind::FindingOpened, Kind::FindingClosed];
const STAGES: [Stage; 4] = [Stage::Acting, Stage::Watching, Stage::Unrecovered, Stage::Closed];
const HOLDERS: [&str; 2] = ["ops-1", "ops-2"];
const COUNTERS: [&str; 3] = ["live/2026-11-23/app/a", "live/2026-11-23/app/b", "dry-run/2026-11-23/app/a"];
const OUTCOMES: [Outcome; 6] =
    [Outcome::Rehearsed, Outcome::Done, Outcome::Failed, Outcome::Refused, Outcome::Abandoned, Outcome::Unknown];

#[derive(Clone, Debug)]
enum Step {
    Commit(Vec<Draft>, Vec<Change>),
    Claim(Vec<Claim>),
    Advance(&'static str, u64),
    Events(EventQuery),
    Claims(ClaimQuery),
    Compact(Compaction),
    /// The process ends and another one opens the ledger.
    Reopen,
}

fn keys() -> impl Strategy<Value = String> {
    (select(&["", "dry-run/"][..]), select(&DATES[..]), 0..4_u8)
        .prop_map(|(mode, on, n)| format!("{mode}chaos/{on}/{n}"))
}

fn drafts() -> impl Strategy<Value = Draft> {
    let place = (prop::option::of(select(&ACCOUNTS[..])), prop::option::of(select(&UNITS[..])));
    (0..20_i64, select(&KINDS[..]), select(&MODES[..]), place, prop::option::of(keys()), ".{0,4}").prop_map(
        |(seconds, kind, mode, (account, unit), key, why)| Draft {
            account: account.map(|account| account.parse().unwrap()),
            unit: unit.map(Into::into),
            key,
            ..Draft::new(at(seconds), kind, mode, why)
        },
    )
}

fn slots() -> impl Strategy<Value = Slot> {
    let limit = || prop::option::of(0..6_u32);
    prop_oneof![
        3 => (select(&COUNTERS[..]), 0..3_u32, limit())
            .prop_map(|(counter, cost, limit)| Slot::Day { counter: counter.into(), cost, limit }),
        1 => limit().prop_map(|limit| Slot::Concurrent { limit }),
        1 => limit().prop_map(|limit| Slot::Unrecovered { limit }),
        1 => Just(Slot::Idle),
        1 => prop::option::of(select(&DATES[..])).prop_map(|last| Slot::Since { last: last.map(date) }),
    ]
}

fn claims() -> impl Strategy<Value = Claim> {
    let place = (select(&ACCOUNTS[..]), select(&["us-east-1", "eu-west-1"][..]), select(&UNITS[..]));
    let spend = (0..3_usize, prop::collection::vec(slots(), 0..4));
    (keys(), select(&MODES[..]), select(&DATES[..]), place, spend).prop_map(
        |(key, mode, on, (account, region, unit), (n, slots))| Claim {
            mode,
            date: date(on),
            scope: simian_core::Scope { account: account.parse().unwrap(), region: region.parse().unwrap() },
            unit: unit.into(),
            spans: (n == 2).then(|| format!("{account}/*/{unit}")),
            targets: targets(n),
            ..claim(&key, slots)
        },
    )
}

/// One of three.
fn pauses(n: i64) -> Pause {
    Pause { until: (n > 1).then(|| at(n)), ..Pause::new(at(9 - n), "jo", "w") }.named()
}

fn sights() -> impl Strategy<Value = Vec<(String, chrono::NaiveDate)>> {
    let one = (select(&UNITS[..]), select(&DATES[..])).prop_map(|(unit, on)| (unit.to_owned(), date(on)));
    prop::collection::vec(one, 0..3)
}

/// Seconds after the ledger's birth, or days: the dates of claims and counters are some days before and after it.
fn compactions() -> impl Strategy<Value = Compaction> {
    let before = prop_oneof![(0..20_i64), (-4..4_i64).prop_map(|days| days * 86_400)];
    (before, prop_oneof![0..9_u64, Just(u64::MAX)], 1..5_u32).prop_map(|(before, upto, most)| Compaction {
        at: at(30),
        before: at(before),
        upto,
        most,
    })
}

/// As claims are won with, by either of two.
fn leases() -> impl Strategy<Value = Lease> {
    (select(&HOLDERS[..]), select(&[121, 122][..]))
        .prop_map(|(holder, second)| Lease { holder: holder.into(), until: Some(at(second)) })
}

fn scopes() -> impl Strategy<Value = Scope> {
    (select(&ACCOUNTS[..]), select(&["us-east-1", "eu-west-1"][..]))
        .prop_map(|(account, region)| Scope { account: account.parse().unwrap(), region: region.parse().unwrap() })
}

fn changes() -> impl Strategy<Value = Change> {
    let outcome = prop::option::of(select(&OUTCOMES[..]));
    let watch = prop::option::of((0..9_i64).prop_map(|n| Watch {
        since: at(n),
        deadline: at(n + 60),
        baseline: [("g".to_owned(), 2)].into(),
        late: false,
        held: None,
    }));
    prop_oneof![
        8 => (keys(), select(&HOLDERS[..]), select(&STAGES[..]), outcome, watch).prop_map(
            |(name, by, stage, outcome, watch)| Change::Move { key: key(&name), by: by.into(), stage, outcome, watch },
        ),
        4 => (keys(), leases(), leases()).prop_map(|(name, from, to)| Change::Hold { key: key(&name), from, to }),
        2 => (0..3_i64).prop_map(|n| Change::Pause(pauses(n))),
        1 => (0..3_i64).prop_map(|n| Change::PauseOnce(pauses(n))),
        1 => (0..3_i64).prop_map(|n| Change::Resume(pauses(n).id)),
        1 => (0..9_i64).prop_map(|n| Change::Woken(at(n))),
        2 => drafts().prop_filter_map("no finding", |draft| Change::of_finding(&draft)),
        2 => (select(&ACCOUNTS[..]), sights(), sights()).prop_map(|(account, seen, gone)| Change::Sights {
            account: account.parse().unwrap(),
            gone: gone.into_iter().map(|(unit, _)| unit).collect(),
            seen,
        }),
        1 => (0..9_i64).prop_map(|n| Change::FirstRun(at(n))),
        2 => (scopes(), prop::option::of(0..3_u64), 0..3_u64)
            .prop_map(|(scope, from, to)| Change::Survey { scope, from, to }),
        1 => (prop::option::of(scopes()), prop::option::of(scopes())).prop_map(|(one, other)| Change::FleetChanged {
            account: one.map(|scope| scope.account),
            region: other.map(|scope| scope.region),
        }),
    ]
}

fn event_queries() -> impl Strategy<Value = EventQuery> {
    let key_prefix =
        prop::option::of(select(&["", "chaos/", "chaos/2026-11-2", "dry-run/chaos/2026-11-23/1", "x"][..]));
    let place = (prop::option::of(select(&ACCOUNTS[..])), prop::option::of(select(&UNITS[..])), key_prefix);
    let times = (prop::option::of(0..20_i64), prop::option::of(0..20_i64));
    let cut = (prop::option::of(0..30_u64), prop::option::of(0..9_usize), any::<bool>());
    let kinds = prop::collection::vec(select(&KINDS[..]), 0..3);
    (kinds, prop::option::of(select(&MODES[..])), place, times, cut).prop_map(
        |(kinds, mode, (account, unit, key_prefix), (since, until), (after, limit, newest_first))| EventQuery {
            kinds,
            mode,
            account: account.map(|account| account.parse().unwrap()),
            unit: unit.map(Into::into),
            key_prefix: key_prefix.map(Into::into),
            since: since.map(at),
            until: until.map(at),
            after,
            limit,
            newest_first,
        },
    )
}

fn claim_queries() -> impl Strategy<Value = ClaimQuery> {
    let account = prop::option::of(select(&ACCOUNTS[..]));
    (prop::option::of(select(&MODES[..])), account, prop::option::of(select(&DATES[..])), any::<bool>()).prop_map(
        |(mode, account, on, open)| ClaimQuery {
            mode,
            account: account.map(|account| account.parse().unwrap()),
            date: on.map(date),
            open,
        },
    )
}

fn steps() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (prop::collection::vec(drafts(), 0..4), prop::collection::vec(changes(), 0..3))
            .prop_map(|(drafts, changes)| Step::Commit(drafts, changes)),
        4 => prop::collection::vec(claims(), 0..5).prop_map(Step::Claim),
        1 => (select(&["sns", "webhook"][..]), 0..9_u64).prop_map(|(sink, seq)| Step::Advance(sink, seq)),
        3 => event_queries().prop_map(Step::Events),
        2 => claim_queries().prop_map(Step::Claims),
        2 => compactions().prop_map(Step::Compact),
        1 => Just(Step::Reopen),
    ]
}

async fn play(ledger: &dyn Ledger, step: &Step) -> String {
    match step.clone() {
        Step::Commit(drafts, changes) => format!("{:?}", ledger.commit(drafts, changes).await),
        Step::Claim(claims) => format!("{:?}", ledger.claim(&claims).await),
        Step::Advance(sink, seq) => format!("{:?}", ledger.advance(sink, seq).await),
        Step::Events(query) => format!("{:?}", ledger.events(&query).await),
        Step::Claims(query) => format!("{:?}", ledger.claims(&query).await),
        Step::Compact(order) => {
            let mut said = String::new();
            loop {
                let compacted = ledger.compact(&order).await.unwrap();
                let _ = write!(said, "{compacted:?}");
                if !compacted.more {
                    break said;
                }
            }
        }
        Step::Reopen => String::new(),
    }
}

/// All that a ledger can be asked.
async fn everything(ledger: &dyn Ledger) -> String {
    let mut all = format!(
        "{:?} {:?} {:?} {:?} {:?} {:?} {:?}",
        ledger.birth().await,
        ledger.pauses().await,
        ledger.heads().await,
        ledger.checkpoints().await,
        ledger.cursor("sns").await,
        ledger.cursor("webhook").await,
        ledger.claims(&ClaimQuery::default()).await,
    );
    for account in ACCOUNTS.map(|account| account.parse().unwrap()) {
        let _ = write!(all, "{:?} {:?}", ledger.findings(&account).await, ledger.sights(&account).await);
        let _ = write!(all, "{:?}", ledger.surveys(&account).await);
    }
    for mode in MODES {
        for account in ACCOUNTS {
            let _ = write!(all, "{:?}", ledger.last_actions(mode, &account.parse().unwrap()).await);
        }
        for on in DATES {
            let _ = write!(all, "{:?}", ledger.counters(mode, date(on)).await);
        }
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn sqlite_answers_like_the_model(steps in prop::collection::vec(steps(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let directory = directory();
            let path = directory.path().join("ledger.db");
            let model = memory();
            let mut sqlite = Some(SqliteLedger::create_or_open(&path, BIRTH, at(0)).unwrap());
            for step in &steps {
                if matches!(step, Step::Reopen) {
                    drop(sqlite.take());
                }
                let ledger = sqlite.get_or_insert_with(|| SqliteLedger::open(&path).unwrap());
                assert_eq!(play(ledger, step).await, play(&model, step).await, "{step:?}");
                assert_eq!(everything(ledger).await, everything(&model).await, "after {step:?}");
            }
            let ledger = sqlite.as_ref().unwrap();
            assert_eq!(verified(ledger).await, verified(&model).await);
        });
    }
}
