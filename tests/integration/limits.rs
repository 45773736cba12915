//! A game day over a thousand groups, within what AWS allows, and where it allows less.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use simian::clock::SystemClock;
use simian::config::Config;
use simian::engine::{Account, Engine};
use simian::order::Order;
use simian::{registry, round};
use simian_aws::Options;
use simian_core::{Change, Clock, Dice, Kind, Ledger, Outcome, Request};
use simian_ledger::MemoryLedger;
use uuid::Uuid;

use crate::place::{DESCRIBE, IDENTITY, NOTHING_MORE, Place, TERMINATE, US, config, groups, targets};
use crate::process;

/// A thousand groups that opted in, 250 that say something else, and nothing that is asked only when due: this is about
/// the survey and the ends.
fn thousand() -> Place {
    let place = Place::armed_with(&format!("{}{NOTHING_MORE}", config("live", US)), &[]);
    place.aws.seed(&json!({ "bulk": [
        { "prefix": "in", "count": 1000, "instances_each": 3, "tags": { "simian:chaos": "on" } },
        { "prefix": "else", "count": 250, "instances_each": 3, "tags": { "simian:chaos": "later" } },
    ] }));
    place.aws.forget_calls();
    place
}

/// What AWS said to each call, in order: throttled or not.
fn throttled(place: &Place) -> Vec<bool> {
    let log = place.aws.calls()["log"].clone();
    log.as_array().unwrap().iter().map(|call| call["fault"] == "bucket").collect()
}

#[test]
fn a_thousand_instances_end_in_28_calls_and_none_is_throttled() {
    let place = thousand();
    place.aws.control("POST", "buckets", &json!({ "documented": true }));
    let said = place.simian(&["round", "chaos", "--all-due", "--format", "json"]).ends(0).without_complaint();
    assert_eq!(place.counts(), json!({ DESCRIBE: 10, TERMINATE: 17, IDENTITY: 1 }));
    assert_eq!(place.batches(), [&[60; 16][..], &[40]].concat());
    assert!(throttled(&place).iter().all(|throttled| !throttled));
    let events = said.events();
    assert_eq!(targets(&events, Kind::ActionIntended), place.ended());
    assert_eq!(place.ended().len(), 1000);
    place.is_sound();
}

/// How much faster our clock goes in a process of our own: a claim's minute in ten seconds, and three for a call.
const SPEED: i32 = 6;

/// The machine's clock, fast forward.
pub(crate) struct Fast {
    from: DateTime<Utc>,
    since: tokio::time::Instant,
}

impl Fast {
    pub(crate) fn new() -> Self {
        Self { from: SystemClock.now(), since: tokio::time::Instant::now() }
    }
}

#[async_trait]
impl Clock for Fast {
    fn now(&self) -> DateTime<Utc> {
        self.from + TimeDelta::from_std(self.since.elapsed()).unwrap() * SPEED
    }
    async fn sleep_until(&self, when: DateTime<Utc>) {
        tokio::time::sleep(((when - self.now()) / SPEED).to_std().unwrap_or_default()).await;
    }
}

/// A live engine with the config of all tests and `more` of it, on that clock.
pub(crate) async fn engine(clock: Arc<dyn Clock>, more: &str) -> Engine {
    let config = Config::parse("simian.toml", &format!("{}{more}", config("live", US)), None).unwrap();
    let account = &config.accounts[0];
    let options = Options::new(account.id.clone(), account.regions.clone());
    let aws = Arc::new(simian_aws::Account::connect(options, clock.clone()).await.unwrap());
    let ledger = MemoryLedger::new(Uuid::from_u128(1), clock.now());
    ledger.commit(Vec::new(), vec![Change::FirstRun(clock.now())]).await.unwrap();
    let policy = config.policy(account);
    Engine {
        monkeys: registry::enabled(&config),
        accounts: vec![Account::new("staging".into(), account.regions.clone(), policy, aws.clone(), aws.clone(), aws)],
        ..Engine::new(clock, Arc::new(ledger), Dice::new(config.seed.open()), "test:1")
    }
}

/// Everybody's turn is now.
pub(crate) async fn game_day(engine: &Engine) -> round::Closed {
    let request = Request {
        id: "tight".into(),
        monkey: "chaos".into(),
        actor: "a test".into(),
        at: engine.clock.now(),
        units: None,
        wish: None,
    };
    let order = Order { request: Some(request), ..Order::USUAL };
    let (account, chaos) = (&engine.accounts[0], engine.monkey("chaos").unwrap());
    round::run(engine, account, &account.whole(), chaos, &order).await.unwrap()
}

#[test]
fn where_aws_allows_less_what_falls_short_is_named() {
    process::of_its_own("limits::where_aws_allows_less_what_falls_short_is_named", |moto| async move {
        moto.seed(&json!({ "groups": groups(200) }));
        // Two calls, and no more for the rest of the minute.
        let bucket = json!({ "service": "ec2", "action": "TerminateInstances", "holds": 2 });
        moto.control("POST", "buckets", &json!({ "buckets": [bucket] }));
        // The time is the ends' alone.
        let engine = engine(Arc::new(Fast::new()), NOTHING_MORE).await;
        let closed = game_day(&engine).await;
        // The command ends with 5 then.
        assert!(closed.fell_short());
        let mut ends: BTreeMap<(Option<Outcome>, &str), usize> = BTreeMap::new();
        for acted in &closed.acted {
            let why = if acted.why.contains("was throttled") { "was throttled" } else { &acted.why };
            *ends.entry((acted.outcome, why)).or_default() += 1;
        }
        let expected = [
            ((Some(Outcome::Done), "AWS accepted it"), 120),
            ((Some(Outcome::Failed), "was throttled"), 60),
            ((Some(Outcome::Abandoned), "there was no time left to act"), 20),
        ];
        assert_eq!(ends, expected.into());
        // Each of them has its event, with the instance's name, and runs.
        let events = engine.ledger.events(&simian_core::EventQuery::default()).await.unwrap();
        for (kind, state, number) in [
            (Kind::ActionDone, "terminated", 120),
            (Kind::ActionFailed, "running", 60),
            (Kind::ActionAbandoned, "running", 20),
        ] {
            let named = targets(&events, kind);
            assert_eq!(named.len(), number, "{kind:?}");
            let all = moto.control("GET", "instances", &serde_json::Value::Null);
            let of_them = all["instances"].as_array().unwrap().iter();
            let mut of_them = of_them.filter(|one| named.contains(one["id"].as_str().unwrap()));
            assert!(of_them.all(|one| one["state"] == state), "{kind:?}");
        }
        // The third batch came again ever more seldom, after 1, 2, 4, 8 and 16 seconds, as far as there was time.
        let calls = moto.count(TERMINATE);
        assert!((2 + 4..=2 + 6).contains(&calls), "{calls}");
    });
}
