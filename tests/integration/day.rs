//! A live working day, from its midnight to its end, on a clock that the test turns.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use simian::engine::{Account, Engine};
use simian::order::Order;
use simian::round::{self, Closed};
use simian::{sinks, watch};
use simian_aws::{Options, SnsSink};
use simian_chaos::Chaos;
use simian_core::calendar::{Holidays, Hours, Weekdays};
use simian_core::{
    Calendar, Change, Clock, Dice, Event, EventQuery, Grouping, Kind, Ledger, Mode, Outcome, Policy, Region, TagRules,
};
use simian_ledger::SqliteLedger;
use uuid::Uuid;

use crate::dial::Dial;
use crate::moto::{Moto, text};
use crate::place::{DESCRIBE, IDENTITY, TERMINATE};
use crate::post::Post;
use crate::process;

/// The day begins in Berlin.
const MIDNIGHT: &str = "2026-11-22T23:00:00Z";
/// And ends for us half an hour after its hours, when the last grace is over.
const EVENING: &str = "2026-11-23T13:30:00Z";

fn time(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn regions() -> Vec<Region> {
    ["us-east-1", "eu-west-1"].iter().map(|name| name.parse().unwrap()).collect()
}

/// The account of the day.
fn seed(moto: &Moto) {
    let group = |name: &str, count: u32, tags: &[(&str, &str)]| {
        let tags: BTreeMap<&str, &str> = tags.iter().copied().collect();
        json!({ "name": name, "count": count, "tags": tags })
    };
    let daily = |name: &str, count: u32, owner: &str| {
        group(name, count, &[("simian:chaos", "on"), ("simian:chaos:mean-days", "1"), ("owner", owner)])
    };
    moto.seed(&json!({ "groups": [
        daily("shop-prod-v041", 4, "storefront"),
        daily("search-prod-v003", 4, "search"),
        daily("pay-prod-v002", 5, "payments"),
        // The floor of two holds it.
        daily("tiny-prod-v001", 2, "tiny"),
        group("quiet-prod-v001", 4, &[("simian:chaos", "off")]),
        group("strange-prod-v001", 4, &[]),
        group("typo-prod-v001", 4, &[("simian:chaos", "On"), ("owner", "typist")]),
    ] }));
    moto.seed(&json!({ "region": "eu-west-1", "groups": [
        daily("shop-prod-v007", 4, "storefront"),
        daily("ware-prod-v001", 3, "data"),
    ] }));
}

/// One process, and the day as it sees it.
struct Daemon {
    moto: Moto,
    clock: Arc<Dial>,
    engine: Engine,
    sink: SnsSink,
    /// What was ended, of every round.
    ended: Vec<String>,
    /// Calls that a round of so many ends may make.
    expected: BTreeMap<&'static str, u64>,
}

impl Daemon {
    async fn new(moto: Moto, topic: &str, folder: &std::path::Path) -> Self {
        let clock = Arc::new(Dial::at(time(MIDNIGHT)));
        let shared: Arc<dyn Clock> = clock.clone();
        let id: simian_core::AccountId = "123456789012".parse().unwrap();
        let calendar = Calendar {
            zone: chrono_tz::Europe::Berlin,
            days: Weekdays::MON_TO_FRI,
            hours: Hours::parse("10:00", "14:00").unwrap(),
            holidays: Holidays::default(),
            freezes: Vec::new(),
        };
        let mut policy = Policy::cautious(id.clone(), calendar);
        policy.mode = Mode::Live;
        let aws = simian_aws::Account::connect(Options::new(id, regions()), shared.clone()).await.unwrap();
        let aws = Arc::new(aws);
        let ledger = SqliteLedger::create_or_open(folder.join("ledger.db"), Uuid::from_u128(1), clock.now()).unwrap();
        ledger.commit(Vec::new(), vec![Change::FirstRun(clock.now())]).await.unwrap();
        let engine = Engine {
            monkeys: vec![Box::new(Chaos::new(Grouping::default(), TimeDelta::minutes(30), TagRules::default()))],
            accounts: vec![Account::new("staging".into(), regions(), policy, aws.clone(), aws.clone(), aws)],
            ..Engine::new(shared.clone(), Arc::new(ledger), Dice::new("a day"), "test:1")
        };
        let sink = SnsSink::connect(topic.parse().unwrap(), shared).await;
        Self { moto, clock, engine, sink, ended: Vec::new(), expected: BTreeMap::from([(IDENTITY, 1)]) }
    }

    /// Our clock and the account's.
    fn turn(&self, now: DateTime<Utc>) {
        self.clock.turn(now);
        self.moto.clock(&now.to_rfc3339());
    }

    fn calls(&mut self, call: &'static str, number: usize) {
        if number == 0 {
            return;
        }
        *self.expected.entry(call).or_default() += number as u64;
    }

    /// A round at that minute, and its calls counted: one page a region, one batch a region of those that fall, and
    /// before that the second look at them.
    async fn round(&mut self, now: DateTime<Utc>) -> Closed {
        self.turn(now);
        let account = &self.engine.accounts[0];
        let chaos = self.engine.monkey("chaos").unwrap();
        let mut closed = Closed::default();
        for area in account.areas(chaos) {
            let one = round::run(&self.engine, account, &area, chaos, &Order::DAILY).await.unwrap();
            closed.acted.extend(one.acted);
            closed.held.extend(one.held);
            closed.failed.extend(one.failed);
            closed.dues.extend(one.dues);
        }
        assert!(closed.failed.is_empty() && !closed.fell_short(), "{closed:?}");
        let mut batches = BTreeSet::new();
        for acted in &closed.acted {
            assert_eq!(acted.outcome, Some(Outcome::Done), "{}", acted.why);
            let proposal = &acted.judged.proposal;
            batches.insert((proposal.scope.region.clone(), proposal.action));
            self.ended.extend(proposal.targets.iter().map(|target| target.instance.to_string()));
        }
        self.calls(DESCRIBE, regions().len());
        self.calls(TERMINATE, batches.len());
        for call in ["autoscaling:DescribeInstanceRefreshes", "autoscaling:DescribeScalingActivities"] {
            self.calls(call, closed.acted.len());
        }
        // All groups of a region launch from the same template.
        for call in ["ec2:DescribeLaunchTemplateVersions", "ec2:DescribeImages", "fis:GetSafetyLever"] {
            self.calls(call, batches.len());
        }
        closed
    }

    /// A look at what is open: one page for each region in which something is.
    async fn look(&mut self, now: DateTime<Utc>, left: usize, regions: usize) {
        self.turn(now);
        let mut open = 0;
        for region in self::regions() {
            open += watch::poll(&self.engine, &self.engine.accounts[0], &region).await.unwrap();
        }
        assert_eq!(open, left);
        self.calls(DESCRIBE, regions);
    }

    /// Tells the topic.
    async fn tell(&self) {
        assert_eq!(sinks::drain(&self.engine, &self.sink).await.unwrap(), None);
    }

    async fn events(&self) -> Vec<Event> {
        self.engine.ledger.events(&EventQuery::default()).await.unwrap()
    }
}

fn story<'e>(events: &'e [Event], unit: &str, region: &str) -> Vec<&'e str> {
    let mine = |event: &&Event| {
        event.body.unit.as_deref() == Some(unit) && event.body.region.as_ref().is_some_and(|r| r.as_str() == region)
    };
    events.iter().filter(mine).map(|event| event.body.kind.as_str().trim_start_matches("action.")).collect()
}

#[test]
fn a_working_day() {
    process::of_its_own("day::a_working_day", play);
}

async fn play(moto: Moto) {
    moto.clock(MIDNIGHT);
    seed(&moto);
    let folder = tempfile::tempdir().unwrap();
    let outside = Moto::at(moto.port());
    let post = Post::new(&outside);
    let done = post.subscribe("done", &json!({ "kind": ["action.done"] }));
    let storefront = post.subscribe("storefront", &json!({ "owner": ["storefront"], "region": ["eu-west-1"] }));
    let all = post.subscribe("all", &json!({ "mode": ["live"] }));
    outside.forget_calls();

    let mut daemon = Daemon::new(moto, &post.topic, folder.path()).await;
    let closed = daemon.round(time(MIDNIGHT)).await;
    daemon.tell().await;
    assert!(closed.acted.is_empty() && closed.held.is_empty());
    let events = daemon.events().await;
    let plans: Vec<_> =
        events.iter().map(|event| &event.body).filter(|body| body.kind == Kind::PlanPublished).collect();
    let sum = |name: &str| plans.iter().map(|plan| plan.counts[name]).sum::<u64>();
    assert_eq!(plans.len(), 2, "one a region");
    assert_eq!((sum("units"), sum("proposals"), sum("passing_now")), (7, 6, 5));
    assert!(plans.iter().all(|plan| plan.until == Some(time("2026-11-23T13:00:00Z"))));
    let finding = &events.iter().find(|event| event.body.kind == Kind::FindingOpened).expect("there is one").body;
    assert_eq!((finding.group.as_deref(), finding.owner.as_deref()), (Some("typo-prod-v001"), Some("typist")));

    let mut dues: BTreeSet<DateTime<Utc>> = closed.dues.into_iter().collect();
    assert_eq!(dues.len(), 6, "another seed, please: two units share a minute");
    assert!(dues.iter().all(|due| (time("2026-11-23T09:00:00Z")..time("2026-11-23T13:00:00Z")).contains(due)));
    while let Some(due) = dues.pop_first() {
        let closed = daemon.round(due).await;
        daemon.tell().await;
        let open = closed.acted.len();
        assert!(open + closed.held.len() >= 1, "it came due at {due}");
        if open > 0 {
            // Nobody has replaced it yet.
            daemon.look(due + TimeDelta::seconds(20), open, open).await;
            for region in ["us-east-1", "eu-west-1"] {
                daemon.moto.control("POST", "heal", &json!({ "region": region }));
            }
            daemon.look(due + TimeDelta::seconds(40), 0, open).await;
        }
    }
    daemon.round(time(EVENING)).await;
    daemon.tell().await;

    let events = daemon.events().await;
    daemon.calls("sns:Publish", events.len());
    assert_eq!(daemon.moto.calls()["counts"], json!(daemon.expected), "every call of the day");
    check_account(&daemon, &events);
    check_stories(&events);
    check_post(&post, &events, [&done, &storefront, &all]);
}

/// Those have fallen of whom the ledger says it, and nobody else.
fn check_account(daemon: &Daemon, events: &[Event]) {
    let fallen: BTreeSet<String> = ["us-east-1", "eu-west-1"]
        .iter()
        .flat_map(|region| {
            let all = daemon.moto.control("GET", &format!("instances?region={region}"), &Value::Null);
            let all = all["instances"].as_array().unwrap().clone();
            all.into_iter().filter(|one| one["state"] != "running").map(|one| text(&one["id"])).collect::<Vec<_>>()
        })
        .collect();
    let of = |kind: Kind| -> BTreeSet<String> {
        let told = events.iter().filter(|event| event.body.kind == kind);
        told.map(|event| event.body.target.clone().unwrap()).collect()
    };
    assert_eq!(fallen.len(), 5);
    for kind in [Kind::ActionIntended, Kind::ActionDone, Kind::ActionRecovered] {
        assert_eq!(of(kind), fallen, "{kind}");
    }
    assert_eq!(daemon.ended.iter().cloned().collect::<BTreeSet<_>>(), fallen);
}

fn check_stories(events: &[Event]) {
    for (unit, region) in [
        ("cluster:shop-prod", "us-east-1"),
        ("cluster:search-prod", "us-east-1"),
        ("cluster:pay-prod", "us-east-1"),
        ("cluster:shop-prod", "eu-west-1"),
        ("cluster:ware-prod", "eu-west-1"),
    ] {
        assert_eq!(story(events, unit, region), ["planned", "intended", "done", "recovered"], "{unit} in {region}");
    }
    assert_eq!(story(events, "cluster:tiny-prod", "us-east-1"), ["planned", "held", "missed"]);
    for recovered in events.iter().filter(|event| event.body.kind == Kind::ActionRecovered) {
        assert_eq!(recovered.body.counts["recovery_seconds"], 40);
    }
}

/// Subscribers heard what they asked for, in order, whole, with the attributes that they filter by.
fn check_post(post: &Post<'_>, events: &[Event], [done, storefront, all]: [&str; 3]) {
    let heard = |queue| post.received(queue).into_iter().map(|(event, _)| event).collect::<Vec<_>>();
    let only = |wanted: &dyn Fn(&Event) -> bool| events.iter().filter(|e| wanted(e)).cloned().collect::<Vec<_>>();
    assert_eq!(heard(all), events);
    let mine = |event: &Event| {
        let body = &event.body;
        body.owner.as_deref() == Some("storefront") && body.region.as_ref().is_some_and(|r| r.as_str() == "eu-west-1")
    };
    assert_eq!(heard(storefront), only(&mine));

    let told = post.received(done);
    assert_eq!(told.len(), 5);
    for (event, attributes) in &told {
        let body = &event.body;
        let expected = [
            ("kind", Some("action.done")),
            ("mode", Some("live")),
            ("monkey", Some("chaos")),
            ("account", Some("123456789012")),
            ("region", body.region.as_ref().map(Region::as_str)),
            ("unit", body.unit.as_deref()),
            ("app", body.app.as_deref()),
            ("owner", body.owner.as_deref()),
            ("outcome", Some("done")),
        ];
        let expected: BTreeMap<String, String> =
            expected.map(|(name, value)| (name.to_owned(), value.unwrap().to_owned())).into();
        assert_eq!(*attributes, expected);
        // As a subscriber would check it, who has no code of ours.
        let mut plain: BTreeMap<String, Value> = serde_json::from_str(&event.canonical()).unwrap();
        let hash = text(&plain.remove("hash").unwrap());
        let digest = Sha256::digest(serde_json::to_string(&plain).unwrap().as_bytes());
        assert_eq!(simian_core::event::hex(&digest), hash);
    }
    let numbers: Vec<u64> = told.iter().map(|(event, _)| event.seq).collect();
    assert!(numbers.is_sorted(), "{numbers:?}");
}
