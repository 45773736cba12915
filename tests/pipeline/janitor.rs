//! The janitor's month: from the mark to the end, and back at every step.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use simian::daemon::Schedule;
use simian::order::Order;
use simian::round::{self, Closed};
use simian_core::mark::MarkTag;
use simian_core::resource::{About, Image, Snapshot, Tags, Volume, VolumeState};
use simian_core::{
    Cause, Change, InstanceId, Kind, Ledger, Mark, Mode, Outcome, Pause, Resource, ResourceId, ResourceKind, TagRules,
    View,
};
use simian_janitor::{Config, Janitor, Prices};
use simian_sim::{Fault, Operation, Outage, Weather, call};

use crate::hooked::Hooked;
use crate::world::{Process, World, at_once, mon, us};

/// The janitor looks at eleven o'clock.
const CRON: &str = "0 11 * * *";

fn id(text: &str) -> ResourceId {
    text.parse().unwrap()
}

fn volume(name: &str) -> Resource {
    Resource {
        id: ResourceId::new(ResourceKind::Volume, name),
        name: None,
        tags: View::Known(Tags::from([("owner".to_owned(), "ann".to_owned())])),
        created: Some(mon(8, 0) - TimeDelta::days(200)),
        about: About::Volume(Volume {
            state: VolumeState::Available,
            size: 100,
            kind: "gp3".into(),
            iops: None,
            throughput: None,
            encrypted: true,
            snapshot: None,
            attached: vec![],
            managed: false,
        }),
    }
}

/// The same volume, attached.
fn attached(name: &str) -> Resource {
    let mut resource = volume(name);
    if let About::Volume(volume) = &mut resource.about {
        volume.state = VolumeState::InUse;
        volume.attached = vec![InstanceId::new("i-1")];
    }
    resource
}

fn image(name: &str, snapshots: &[&str]) -> Resource {
    let about = About::Image(Image {
        available: true,
        disabled: false,
        owner: "111122223333".into(),
        public: false,
        snapshots: snapshots.iter().map(ToString::to_string).collect(),
        deprecated: None,
        last_launched: None,
        protected: false,
    });
    Resource { id: ResourceId::new(ResourceKind::Image, name), about, ..volume("vol-x") }
}

fn snapshot(name: &str) -> Resource {
    let about = About::Snapshot(Snapshot {
        completed: true,
        owner: "111122223333".into(),
        volume: None,
        size: 100,
        bytes: None,
        archived: false,
        encrypted: true,
        public: Some(false),
        description: String::new(),
    });
    Resource { id: ResourceId::new(ResourceKind::Snapshot, name), about, ..volume("vol-x") }
}

/// Live, with the janitor's rules and what it may delete.
struct Stage {
    world: World,
    config: Config,
}

impl Stage {
    fn new(rules: &[&str], delete: &[ResourceKind]) -> Self {
        let mut world = World::new([]);
        world.regions = vec![us()];
        let config = Config {
            enabled: true,
            rules: rules.iter().map(ToString::to_string).collect(),
            delete: delete.iter().copied().collect(),
            ..Config::default()
        };
        world.policy.disposals.delete.clone_from(&config.delete);
        Self { world, config }
    }

    /// Volumes that are attached to nothing, and may be deleted.
    fn of_volumes(names: &[&str]) -> Self {
        let stage = Self::new(&["unattached-volume"], &[ResourceKind::Volume]);
        for name in names {
            assert!(stage.world.cloud.put(&us(), volume(name)));
        }
        stage
    }

    fn process(&self) -> Process {
        self.process_on(Arc::new(self.world.ledger.clone()))
    }

    /// With that ledger between it and the world's.
    fn process_on(&self, ledger: Arc<dyn Ledger>) -> Process {
        let mut process = self.world.process_on("one", ledger);
        let calendar = self.world.policy.calendar.clone();
        process.engine.monkeys =
            vec![Box::new(Janitor::new(&self.config, TagRules::default(), calendar, Prices::default()))];
        process.schedules =
            vec![Schedule { monkey: "janitor".into(), cron: CRON.parse().unwrap(), zone: chrono_tz::UTC }];
        process
    }

    /// Lives until the end of that day of the month.
    fn until(&self, day: i64) {
        self.process().run_until(end(day));
    }

    fn round(&self) -> Closed {
        let process = self.process();
        let (engine, account) = (&process.engine, &process.engine.accounts[0]);
        let monkey = engine.monkeys[0].as_ref();
        let area = account.areas(monkey).remove(0);
        process.clock.drive(round::run(engine, account, &area, monkey, &Order::USUAL)).unwrap()
    }

    fn there(&self, name: &str) -> bool {
        self.world.cloud.resource(&us(), &id(name)).is_some()
    }

    fn tag(&self, name: &str) -> Option<MarkTag> {
        let resource = self.world.cloud.resource(&us(), &id(name))?;
        resource.tag("simian:mark").map(|text| text.parse().unwrap())
    }

    /// What happened to a resource: dates of November and December, and words.
    fn story(&self, name: &str) -> Vec<String> {
        let events = self.world.events().into_iter().filter(|event| event.body.target.as_deref() == Some(name));
        events
            .map(|event| {
                let (kind, action) = (event.body.kind.as_str(), event.body.action.as_deref().unwrap_or_default());
                let word = kind.trim_start_matches("action.").trim_start_matches("mark.");
                format!("{} {word} {action}", event.body.at.format("%m-%d")).trim_end().to_owned()
            })
            .collect()
    }

    fn marks(&self) -> Vec<Mark> {
        at_once(self.world.ledger.marks(Mode::Live, &self.world.policy.account)).unwrap().into_values().collect()
    }
}

/// The evening of that day, 0 being Monday, 2026-11-23.
fn end(day: i64) -> DateTime<Utc> {
    mon(20, 0) + TimeDelta::days(day)
}

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

#[test]
fn from_the_mark_to_the_end() {
    let stage = Stage::of_volumes(&["vol-1"]);
    stage.until(0);
    // Ten working days: the weekend does not count.
    let tag = MarkTag { end: date("2026-12-07"), rule: "unattached-volume".into(), since: date("2026-11-23") };
    assert_eq!(stage.tag("volume/vol-1"), Some(tag));
    stage.until(30);
    assert!(!stage.there("volume/vol-1"));
    assert_eq!(
        stage.story("volume/vol-1"),
        [
            "11-23 placed",
            "12-02 announced",
            "12-07 intended save",
            "12-07 done save",
            "12-08 intended delete",
            "12-08 done delete"
        ]
    );
    let saved = stage.world.cloud.resource(&us(), &id("snapshot/snap-00000000000000001")).unwrap();
    assert_eq!(saved.tag("simian:saved"), Some("volume/vol-1"));
    assert_eq!((saved.tag("owner"), saved.tag("simian:keep")), (Some("ann"), Some("2027-01-06")));
    assert!(stage.marks().is_empty());
    // Its owner reads of it by the tag, of what it cost, and when it goes.
    let placed = &stage.world.of_kind(Kind::MarkPlaced)[0].body;
    assert_eq!((placed.owner.as_deref(), placed.counts["cents_a_month"]), (Some("ann"), 800));
    assert_eq!(placed.due, Some(mon(10, 0) + TimeDelta::days(14)));
    assert_eq!(placed.outcome.as_deref(), Some("unattached-volume"));
    stage.world.audit();
}

#[test]
fn what_may_not_be_deleted_is_announced_once_and_stays() {
    let stage = Stage {
        config: Config { delete: [].into(), ..Stage::of_volumes(&[]).config },
        ..Stage::of_volumes(&["vol-1"])
    };
    stage.until(60);
    assert_eq!(stage.story("volume/vol-1"), ["11-23 placed", "12-02 announced"]);
    assert!(stage.there("volume/vol-1"));
    let writes = |name| stage.world.cloud.calls().get(name).copied().unwrap_or(0);
    assert_eq!((writes(call::TAG), writes(call::SAVE), writes(call::DISPOSE)), (1, 0, 0));
}

/// The days on which a volume of the first day is marked, announced, saved.
const STATES: [(i64, &str); 3] = [(1, "marked"), (10, "announced"), (14, "saved")];

#[test]
fn used_again_at_any_step_it_survives_and_is_unmarked() {
    for (day, state) in STATES {
        let stage = Stage::of_volumes(&["vol-1", "vol-2"]);
        stage.until(day);
        assert!(stage.there("volume/vol-1"), "{state}");
        let mut used = attached("vol-1");
        used.tags = stage.world.cloud.resource(&us(), &id("volume/vol-1")).unwrap().tags;
        stage.world.cloud.put(&us(), used);
        stage.until(60);
        assert!(stage.there("volume/vol-1") && !stage.there("volume/vol-2"), "{state}");
        assert_eq!(stage.tag("volume/vol-1"), None, "{state}");
        assert_eq!(stage.story("volume/vol-1").last().unwrap().split(' ').nth(1), Some("lifted"), "{state}");
        assert!(stage.marks().is_empty(), "{state}");
    }
}

#[test]
fn kept_at_any_step_it_survives() {
    for (day, state) in STATES {
        let stage = Stage::of_volumes(&["vol-1"]);
        stage.until(day);
        let keep = |value: Option<&str>| Operation::TagResource {
            region: us(),
            resource: id("volume/vol-1"),
            key: "simian:keep".into(),
            value: value.map(str::to_owned),
        };
        assert!(stage.world.cloud.perform(keep(Some("2027-01-15"))));
        stage.until(45);
        assert!(stage.there("volume/vol-1"), "{state}");
        assert_eq!(stage.tag("volume/vol-1"), None, "{state}");
        // Kept until then, and not for ever.
        stage.until(90);
        assert!(!stage.there("volume/vol-1"), "{state}");
    }
}

#[test]
fn a_pause_on_the_resource_keeps_it_for_as_long_as_it_is_on() {
    for (day, state) in STATES {
        let stage = Stage::of_volumes(&["vol-1", "vol-2"]);
        stage.until(day);
        let until = Some(end(40));
        let pause = Pause {
            unit: Some("volume/vol-1".into()),
            until,
            ..Pause::new(stage.world.now(), "ann", "the auditors want it")
        };
        at_once(stage.world.ledger.commit(vec![], vec![Change::Pause(pause.named())])).unwrap();
        stage.until(40);
        assert!(stage.there("volume/vol-1") && !stage.there("volume/vol-2"), "{state}");
        stage.until(80);
        assert!(!stage.there("volume/vol-1"), "{state}");
    }
}

#[test]
fn a_rehearsal_lives_the_whole_month_and_writes_nothing() {
    let mut stage = Stage::of_volumes(&["vol-1"]);
    stage.world.policy.mode = Mode::DryRun;
    stage.until(60);
    assert_eq!(
        stage.story("volume/vol-1"),
        ["11-23 placed", "12-02 announced", "12-07 rehearsed save", "12-08 rehearsed delete"]
    );
    assert!(stage.world.events().iter().all(|event| event.body.mode == Mode::DryRun));
    for name in [call::TAG, call::UNTAG, call::SAVE, call::DISPOSE] {
        assert_eq!(stage.world.cloud.calls().get(name), None, "{name}");
    }
    assert_eq!(stage.tag("volume/vol-1"), None);
    assert!(stage.marks().is_empty(), "a rehearsal's marks are no live ones");
}

#[test]
fn a_deletion_that_aws_refuses_is_never_recorded_as_done() {
    let stage = Stage::new(&["unused-security-group"], &[ResourceKind::SecurityGroup]);
    // Something that no list shows uses it.
    let in_use = Fault::ErrorBefore(Cause::InUse("DependencyViolation".into()));
    let group = simian_core::resource::SecurityGroup { name: "web".into(), vpc: None, ingress: vec![], egress: vec![] };
    let resource = Resource { id: id("security-group/sg-1"), about: About::SecurityGroup(group), ..volume("vol-x") };
    stage.world.cloud.put(&us(), resource);
    stage.until(13);
    for nth in 1..=2 {
        stage.world.cloud.inject(call::DISPOSE, nth, in_use.clone());
    }
    stage.until(15);
    let refused = stage.world.of_kind(Kind::ActionRefused);
    // Tried once a day, and no more.
    assert_eq!(refused.len(), 2, "{:?}", stage.story("security-group/sg-1"));
    assert!(refused[0].body.why.contains("in use"), "{}", refused[0].body.why);
    assert!(stage.world.of_kind(Kind::ActionDone).is_empty());
    assert_eq!(stage.marks().len(), 1, "it stays marked");
    stage.until(16);
    assert!(!stage.there("security-group/sg-1"));
    assert_eq!(stage.world.of_kind(Kind::ActionDone).len(), 1);
}

#[test]
fn an_answer_that_was_lost_is_resolved_by_looking() {
    for (fault, gone) in [(Fault::ErrorAfter(Cause::Timeout), true), (Fault::ErrorBefore(Cause::Broken), false)] {
        let stage = Stage::of_volumes(&["vol-1"]);
        stage.until(14);
        stage.world.cloud.inject(call::DISPOSE, 1, fault);
        stage.until(15);
        let resolved = stage.world.of_kind(Kind::ActionResolved);
        let outcome = if gone { "done" } else { "unknown" };
        assert_eq!(resolved[0].body.outcome.as_deref(), Some(outcome));
        assert_eq!(stage.there("volume/vol-1"), !gone);
        // What was not known then is known once AWS would not honour the call any more, and it is tried again.
        stage.until(20);
        let done = stage.world.of_kind(Kind::ActionResolved);
        assert_eq!(done.len(), if gone { 1 } else { 2 });
        assert!(!stage.there("volume/vol-1") && stage.marks().is_empty());
        stage.world.audit();
    }
}

#[test]
fn a_crash_in_the_middle_of_a_deletion_is_found_out() {
    for after in [true, false] {
        let stage = Stage::of_volumes(&["vol-1"]);
        stage.until(14);
        let slow = Fault::Latency(TimeDelta::seconds(15));
        stage.world.cloud.inject(call::DISPOSE, 1, slow);
        // The call takes effect after the wait: the process dies before it, or with it.
        let eleven = mon(11, 0) + TimeDelta::days(15);
        let seconds = if after { 16 } else { 5 };
        stage.process().run_until(eleven + TimeDelta::seconds(seconds));
        if after {
            assert!(!stage.there("volume/vol-1") || stage.marks().len() == 1);
        } else {
            assert!(stage.marks()[0].acting.is_some(), "it was begun");
        }
        stage.until(20);
        assert!(!stage.there("volume/vol-1") && stage.marks().is_empty(), "{after}");
        assert!(stage.story("volume/vol-1").len() <= 9, "{:?}", stage.story("volume/vol-1"));
        stage.world.audit();
    }
}

#[test]
fn while_nobody_can_look_nobody_says_how_a_deletion_ended() {
    let stage = Stage::of_volumes(&["vol-1"]);
    stage.until(14);
    stage.world.cloud.inject(call::DISPOSE, 1, Fault::Latency(TimeDelta::seconds(15)));
    let eleven = mon(11, 0) + TimeDelta::days(15);
    stage.process().run_until(eleven + TimeDelta::seconds(5));
    assert!(stage.marks()[0].acting.is_some(), "it was begun");
    // From now on no list of the account's comes, but who we are is known.
    for nth in 1..=500 {
        stage.world.cloud.inject(call::RESOURCES, nth, Fault::ErrorBefore(Cause::Unreachable));
    }
    stage.process().run_until(eleven + TimeDelta::hours(30));
    assert!(stage.marks()[0].acting.is_some(), "it is as open as it was");
    assert_eq!(stage.story("volume/vol-1").last().unwrap(), "12-08 intended delete");
}

#[test]
fn who_was_overtaken_does_nothing() {
    let stage = Stage::of_volumes(&["vol-1"]);
    stage.until(13);
    let (inner, once) = (stage.world.ledger.clone(), AtomicBool::new(false));
    let ledger = Hooked::new(&stage.world.ledger, move |moment| {
        if moment.tells(Kind::ActionIntended) && !once.swap(true, Ordering::SeqCst) {
            let account = "111122223333".parse().unwrap();
            let (id, mark) = at_once(inner.marks(Mode::Live, &account)).unwrap().pop_first().unwrap();
            let tried = Some(date("2026-12-07"));
            let to = Some(Box::new(Mark { tried, ..mark.clone() }));
            at_once(inner.commit(vec![], vec![Change::Mark { id, from: Some(Box::new(mark)), to }])).unwrap();
        }
        Ok(())
    });
    stage.process_on(Arc::new(ledger)).run_until(end(14));
    assert_eq!(stage.world.cloud.calls().get(call::SAVE), None, "another has it today");
    assert_eq!(stage.story("volume/vol-1").last().unwrap(), "12-02 announced");
    stage.until(16);
    assert!(!stage.there("volume/vol-1"));
    stage.world.audit();
}

#[test]
fn asleep_between_the_intent_and_the_call_it_gives_up_and_tries_on_another_day() {
    let stage = Stage::of_volumes(&["vol-1"]);
    stage.until(14);
    let (clock, slept) = (stage.world.clock.clone(), AtomicBool::new(false));
    let ledger = Hooked::new(&stage.world.ledger, move |moment| {
        if moment.told(Kind::ActionIntended) && !slept.swap(true, Ordering::SeqCst) {
            clock.jump(TimeDelta::minutes(60));
        }
        Ok(())
    });
    stage.process_on(Arc::new(ledger)).run_until(end(15));
    assert_eq!(stage.world.cloud.calls().get(call::DISPOSE), None);
    assert_eq!(stage.story("volume/vol-1").last().unwrap(), "12-08 abandoned delete");
    assert_eq!(stage.marks()[0].acting, None);
    stage.until(16);
    assert!(!stage.there("volume/vol-1"));
    stage.world.audit();
}

#[test]
fn a_list_that_fails_condemns_nothing_and_lifts_nothing() {
    let stage = Stage::new(&["unused-image"], &[ResourceKind::Image]);
    stage.world.cloud.put(&us(), image("ami-1", &["snap-1"]));
    stage.world.cloud.put(&us(), snapshot("snap-1"));
    stage.until(0);
    assert!(stage.tag("image/ami-1").is_some());
    // From now on half of all calls are throttled.
    stage.world.cloud.set_weather(Weather { throttle: 0.5, ..Weather::calm() });
    stage.until(12);
    assert!(stage.tag("image/ami-1").is_some());
    assert!(stage.world.of_kind(Kind::MarkLifted).is_empty());
    stage.world.cloud.set_weather(Weather::calm());
    stage.until(60);
    assert!(!stage.there("image/ami-1") && !stage.there("snapshot/snap-1"));
    let disabled = stage.story("image/ami-1");
    assert!(disabled.iter().any(|line| line.ends_with("done save")), "{disabled:?}");
}

#[test]
fn what_is_shared_with_others_is_left_alone() {
    let stage = Stage::new(&["unused-image"], &[ResourceKind::Image]);
    stage.world.cloud.put(&us(), image("ami-1", &[]));
    stage.world.cloud.put(&us(), image("ami-2", &[]));
    let with = vec!["444455556666".to_owned()];
    stage.world.cloud.perform(Operation::Share { region: us(), resource: id("image/ami-1"), with });
    stage.until(60);
    assert!(stage.there("image/ami-1") && !stage.there("image/ami-2"));
    assert!(stage.story("image/ami-1").is_empty(), "{:?}", stage.story("image/ami-1"));
}

#[test]
fn snapshots_that_others_share_keep_their_image() {
    let stage = Stage::new(&["unused-image"], &[ResourceKind::Image]);
    stage.world.cloud.put(&us(), image("ami-1", &["snap-1"]));
    stage.world.cloud.put(&us(), snapshot("snap-1"));
    stage.until(20);
    let with = vec!["444455556666".to_owned()];
    stage.world.cloud.perform(Operation::Share { region: us(), resource: id("snapshot/snap-1"), with });
    stage.until(60);
    assert!(stage.there("image/ami-1") && stage.there("snapshot/snap-1"));
    let held = stage.world.of_kind(Kind::ActionHeld);
    assert!(
        held.iter().all(|event| event.body.why.starts_with("snapshot/snap-1 is shared with 444455556666")),
        "{held:?}"
    );
    assert!(!held.is_empty());
}

#[test]
fn a_log_group_is_read_more_closely_before_it_is_told_to_forget() {
    let stage = Stage::new(&["log-group-without-retention"], &[ResourceKind::LogGroup]);
    let about = |days| About::LogGroup(simian_core::resource::LogGroup { retention_days: days, bytes: 0 });
    for name in ["/aws/a", "/aws/b"] {
        let resource =
            Resource { id: ResourceId::new(ResourceKind::LogGroup, name), about: about(None), ..volume("x") };
        stage.world.cloud.put(&us(), resource);
    }
    let keep = Operation::TagResource {
        region: us(),
        resource: id("log-group//aws/b"),
        key: "simian:keep".into(),
        value: Some("forever".into()),
    };
    assert!(stage.world.cloud.perform(keep));
    stage.until(30);
    let days = |name: &str| {
        let resource = stage.world.cloud.resource(&us(), &id(name)).unwrap();
        resource.log_group().unwrap().retention_days
    };
    assert_eq!((days("log-group//aws/a"), days("log-group//aws/b")), (Some(365), None));
    // No list carries its owner's word, so each is asked for before it is marked.
    assert!(stage.story("log-group//aws/b").is_empty(), "{:?}", stage.story("log-group//aws/b"));
}

#[test]
fn a_balancer_that_only_redirects_is_left_alone() {
    let stage = Stage::new(&["idle-balancer"], &[ResourceKind::Balancer]);
    for (arn, listeners) in [("arn:idle", 0), ("arn:redirects", 1)] {
        let about = About::Balancer(simian_core::resource::Balancer {
            kind: simian_core::resource::BalancerKind::Application,
            public: true,
            zones: vec![],
            vpc: None,
            security_groups: vec![],
            listeners: Some(listeners),
        });
        let resource = Resource { id: ResourceId::new(ResourceKind::Balancer, arn), about, ..volume("x") };
        stage.world.cloud.put(&us(), resource);
    }
    stage.until(60);
    assert!(!stage.there("load-balancer/arn:idle") && stage.there("load-balancer/arn:redirects"));
}

#[test]
fn a_lost_ledger_makes_it_begin_its_notice_again_and_not_its_age() {
    let mut stage = Stage::of_volumes(&["vol-1"]);
    stage.until(11);
    let born = stage.world.now();
    stage.world.ledger = simian_ledger::MemoryLedger::new(uuid::Uuid::from_u128(2), born);
    at_once(stage.world.ledger.commit(vec![], vec![Change::FirstRun(born)])).unwrap();
    stage.until(15);
    // Announced on the third before, and nobody knows: it waits for a notice of its own.
    assert!(stage.there("volume/vol-1"));
    let mark = &stage.marks()[0];
    assert_eq!(mark.since, date("2026-11-23"), "the tag remembers");
    stage.until(25);
    assert!(!stage.there("volume/vol-1"));
    assert!(stage.story("volume/vol-1").iter().any(|line| line.ends_with("announced")));
}

#[test]
fn an_owner_who_takes_the_tag_away_gets_it_back_with_the_same_date() {
    let stage = Stage::of_volumes(&["vol-1"]);
    stage.until(4);
    let take =
        Operation::TagResource { region: us(), resource: id("volume/vol-1"), key: "simian:mark".into(), value: None };
    assert!(stage.world.cloud.perform(take));
    stage.until(7);
    assert_eq!(stage.tag("volume/vol-1").unwrap().since, date("2026-11-23"));
    assert_eq!(stage.story("volume/vol-1"), ["11-23 placed"], "and that is no news");
}

#[test]
fn a_thousand_marks_are_one_call_and_one_bad_id_spoils_no_other() {
    let names: Vec<String> = (0..2500).map(|n| format!("vol-{n:04}")).collect();
    let stage = Stage::of_volumes(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let closed = stage.round();
    assert_eq!(closed.chores.ended.len(), 0, "eight o'clock is outside the hours");
    stage.world.clock.set(mon(11, 0));
    let closed = stage.round();
    assert_eq!(closed.chores.count(simian_core::Step::Mark), 2500);
    assert_eq!(stage.world.cloud.calls()[call::TAG], 3);
    // Lists of a thousand: three before the hours, three in them.
    assert_eq!(stage.world.cloud.calls()[call::RESOURCES], 6 + 2);
    assert_eq!(stage.world.of_kind(Kind::MarkPlaced).len(), 2500);
    assert_eq!(stage.world.of_kind(Kind::ActionIntended).len(), 3, "an intent a call");
}

#[test]
fn a_region_that_is_out_fails_its_round_and_nothing_else_happens() {
    let stage = Stage::of_volumes(&["vol-1"]);
    stage.until(14);
    let outage = Outage { region: Some(us()), from: end(14), until: end(16) };
    stage.world.cloud.set_weather(Weather { outages: vec![outage], ..Weather::calm() });
    stage.until(16);
    assert!(stage.there("volume/vol-1"));
    stage.until(18);
    assert!(!stage.there("volume/vol-1"));
    assert!(stage.world.of_kind(Kind::MarkLifted).is_empty());
    let outcomes = stage.world.of_kind(Kind::ActionDone);
    assert!(outcomes.iter().all(|event| event.body.outcome.as_deref() == Some(Outcome::Done.as_str())));
}
