//! What the tests share: a world (clock, cloud, ledger, sink) that outlasts every process, and processes on it.

use std::pin::Pin;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use futures_util::FutureExt;
use futures_util::future::join_all;
use simian::control;
use simian::daemon::{self, Begin, End, Schedule};
use simian::engine::{Account, Engine, WatchPolicy};
use simian::order::Order;
use simian::round::{self, Closed};
use simian_chaos::Chaos;
use simian_core::calendar::{Holidays, Hours, Weekdays};
use simian_core::event::Chain;
use simian_core::{
    Action, Calendar, Change, ClaimQuery, ClaimRecord, Clock, CronSpec, Dice, Event, EventQuery, Grouping, Kind,
    Ledger, LedgerError, Mode, Outcome, Policy, Region, Request, Ruling, RunId, Sink, Stage, TagRules, Verdict,
};
use simian_ledger::MemoryLedger;
use simian_sim::{GroupSpec, Life, MemorySink, SimAccount, VirtualClock, call};
use uuid::Uuid;

/// The week of the tests begins on Monday, 2026-11-23, at 08:00 UTC.
pub(crate) fn mon(hour: u32, minute: u32) -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 23, hour, minute, 0).unwrap()
}

pub(crate) fn tue(hour: u32, minute: u32) -> DateTime<Utc> {
    mon(hour, minute) + TimeDelta::days(1)
}

pub(crate) fn seconds(n: i64) -> TimeDelta {
    TimeDelta::seconds(n)
}

pub(crate) fn minutes(n: i64) -> TimeDelta {
    TimeDelta::minutes(n)
}

pub(crate) fn us() -> Region {
    "us-east-1".parse().unwrap()
}

pub(crate) fn eu() -> Region {
    "eu-west-1".parse().unwrap()
}

/// A group of four in us-east-1 whose turn comes every day.
pub(crate) fn daily(name: &str) -> GroupSpec {
    daily_in(&us(), name)
}

pub(crate) fn daily_in(region: &Region, name: &str) -> GroupSpec {
    GroupSpec::new(region, name, 4).tag("simian:chaos", "on").tag("simian:chaos:mean-days", "1")
}

/// A group of four in us-east-1 whose turn almost never comes: for game days.
pub(crate) fn rarely(name: &str) -> GroupSpec {
    rarely_in(&us(), name)
}

pub(crate) fn rarely_in(region: &Region, name: &str) -> GroupSpec {
    GroupSpec::new(region, name, 4).tag("simian:chaos", "on").tag("simian:chaos:mean-days", "1000")
}

/// The memory ledger and the engine's small calls answer without waiting.
pub(crate) fn at_once<T>(future: impl Future<Output = T>) -> T {
    future.now_or_never().expect("it answers at once")
}

/// All that outlasts a process.
pub(crate) struct World {
    pub(crate) clock: VirtualClock,
    pub(crate) cloud: SimAccount,
    pub(crate) ledger: MemoryLedger,
    pub(crate) sink: MemorySink,
    pub(crate) policy: Policy,
    pub(crate) watch: WatchPolicy,
    pub(crate) cron: CronSpec,
    pub(crate) regions: Vec<Region>,
}

impl World {
    /// Monday, 08:00. The hours are 10:00 to 14:00 UTC, Monday to Friday; live; calm; the ledger is no new one.
    pub(crate) fn new(groups: impl IntoIterator<Item = GroupSpec>) -> Self {
        let clock = VirtualClock::new(mon(8, 0));
        let id: simian_core::AccountId = "111122223333".parse().unwrap();
        let cloud = SimAccount::new(id.clone(), [us(), eu()], 7, Arc::new(clock.clone()));
        for group in groups {
            assert!(cloud.found(group));
        }
        let calendar = Calendar {
            zone: chrono_tz::UTC,
            days: Weekdays::MON_TO_FRI,
            hours: Hours::parse("10:00", "14:00").unwrap(),
            holidays: Holidays::default(),
            freezes: Vec::new(),
        };
        let mut policy = Policy::cautious(id, calendar);
        policy.mode = Mode::Live;
        let world = Self {
            ledger: MemoryLedger::new(Uuid::from_u128(1), mon(8, 0) - TimeDelta::days(90)),
            clock,
            cloud,
            sink: MemorySink::default(),
            policy,
            watch: WatchPolicy { every: seconds(30), deadline: minutes(15) },
            cron: "*/15 * * * *".parse().unwrap(),
            regions: vec![eu(), us()],
        };
        at_once(world.ledger.commit(Vec::new(), vec![Change::FirstRun(mon(8, 0))])).unwrap();
        world
    }

    /// Hours that leave every unit one and the same minute.
    pub(crate) fn one_minute(mut self) -> Self {
        self.policy.calendar.hours = Hours::parse("10:00", "10:01").unwrap();
        self
    }

    pub(crate) fn hours(mut self, open: &str, close: &str) -> Self {
        self.policy.calendar.hours = Hours::parse(open, close).unwrap();
        self
    }

    /// As many as anybody likes.
    pub(crate) fn unlimited(mut self) -> Self {
        let budgets = &mut self.policy.budgets;
        for budget in [
            &mut budgets.per_app_day,
            &mut budgets.per_owner_day,
            &mut budgets.per_zone_day,
            &mut budgets.per_scope_day,
            &mut budgets.per_account_day,
            &mut budgets.concurrent,
            &mut budgets.unrecovered,
        ] {
            *budget = None;
        }
        self
    }

    /// A process as the machine starts it.
    pub(crate) fn process(&self) -> Process {
        self.process_on("one", Arc::new(self.ledger.clone()))
    }

    /// A process of that name, with that ledger between it and the world's.
    pub(crate) fn process_on(&self, holder: &str, ledger: Arc<dyn Ledger>) -> Process {
        let cloud = Arc::new(self.cloud.clone());
        let account =
            Account::new("test".into(), self.regions.clone(), self.policy.clone(), cloud.clone(), cloud.clone(), cloud);
        Process {
            engine: Engine {
                monkeys: vec![Box::new(Chaos::new(Grouping::default(), minutes(30), TagRules::default()))],
                accounts: vec![account],
                watch: self.watch,
                ..Engine::new(Arc::new(self.clock.clone()), ledger, Dice::new("pipeline"), holder)
            },
            clock: self.clock.clone(),
            schedules: vec![Schedule { monkey: "chaos".into(), cron: self.cron.clone(), zone: chrono_tz::UTC }],
            sinks: vec![Box::new(self.sink.clone())],
            end: End::default(),
        }
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// Everything that the ledger was told, in order.
    pub(crate) fn events(&self) -> Vec<Event> {
        at_once(self.ledger.events(&EventQuery::default())).unwrap()
    }

    pub(crate) fn of_kind(&self, kind: Kind) -> Vec<Event> {
        self.events().into_iter().filter(|event| event.body.kind == kind).collect()
    }

    /// What happened to a cluster, as the last words of the events' kinds.
    pub(crate) fn story(&self, cluster: &str) -> Vec<String> {
        let unit = format!("cluster:{cluster}");
        let about = self.events().into_iter().filter(|event| event.body.unit.as_ref() == Some(&unit));
        about.map(|event| event.body.kind.as_str().trim_start_matches("action.").to_owned()).collect()
    }

    /// When the cluster's turn comes, by its newest plan.
    pub(crate) fn due(&self, cluster: &str) -> DateTime<Utc> {
        let unit = format!("cluster:{cluster}");
        let planned = self.of_kind(Kind::ActionPlanned);
        planned.iter().rev().find(|event| event.body.unit.as_ref() == Some(&unit)).unwrap().body.due.unwrap()
    }

    pub(crate) fn claims(&self) -> Vec<ClaimRecord> {
        at_once(self.ledger.claims(&ClaimQuery::default())).unwrap()
    }

    /// The cluster's only claim.
    pub(crate) fn claim(&self, cluster: &str) -> ClaimRecord {
        let unit = format!("cluster:{cluster}");
        let mut claims: Vec<_> = self.claims().into_iter().filter(|claim| claim.unit == unit).collect();
        assert_eq!(claims.len(), 1, "{claims:?}");
        claims.remove(0)
    }

    pub(crate) fn outcome(&self, cluster: &str) -> Option<Outcome> {
        self.claim(cluster).outcome
    }

    /// The clusters of which we ended somebody, in order of time; one twice if it was hit twice.
    pub(crate) fn hit(&self) -> Vec<String> {
        let ours = self.cloud.truth().ended_by_us();
        ours.iter().map(|life| simian_core::Name::parse(&life.group.name).cluster()).collect()
    }

    /// How many calls that end instances named this cluster's target.
    pub(crate) fn calls_for(&self, cluster: &str) -> usize {
        let claim = self.claim(cluster);
        let target = claim.targets[0].instance.as_str();
        self.ending_calls().iter().filter(|(_, ids)| ids.iter().any(|id| id == target)).count()
    }

    /// When somebody was to be ended, and whom.
    pub(crate) fn ending_calls(&self) -> Vec<(DateTime<Utc>, Vec<String>)> {
        let log = self.cloud.call_log().into_iter();
        log.filter(|record| [call::TERMINATE, call::TERMINATE_IN_GROUP].contains(&record.call))
            .map(|record| (record.at, record.summary.split(' ').map(str::to_owned).collect()))
            .collect()
    }

    /// The numbers of the events that the sink heard, and of those that there are.
    pub(crate) fn heard(&self) -> (Vec<u64>, Vec<u64>) {
        let numbers = |events: Vec<Event>| events.iter().map(|event| event.seq).collect();
        (numbers(self.sink.events()), numbers(self.events()))
    }

    /// The sink heard each event once, up to the last.
    pub(crate) fn heard_all(&self) -> bool {
        let (heard, there) = self.heard();
        heard == there
    }

    /// What must be true whatever happened.
    pub(crate) fn audit(&self) {
        let events = self.events();
        let birth = at_once(self.ledger.birth()).unwrap();
        let mut chain = Chain::new(birth.id, "main");
        for event in &events {
            chain.check(event).unwrap();
        }
        let heads = at_once(self.ledger.heads()).unwrap();
        assert_eq!(heads.len(), 1);
        chain.end(&heads["main"]).unwrap();
        self.audit_sink(&events);
        self.audit_endings(&events);
        self.audit_claims(&events);
    }

    /// The sink heard a beginning of the story, in order; what it heard twice has the same id.
    fn audit_sink(&self, events: &[Event]) {
        let mut heard = 0;
        for event in self.sink.events() {
            if event.seq <= heard {
                assert_eq!(event, events[usize::try_from(event.seq).unwrap() - 1], "told twice, and differently");
                continue;
            }
            assert_eq!(event.seq, heard + 1, "the sink missed something");
            heard = event.seq;
        }
    }

    /// Whoever we ended was claimed and intended before, inside the hours, once, and left enough behind.
    fn audit_endings(&self, events: &[Event]) {
        let claims: Vec<_> = self.claims().into_iter().filter(|claim| claim.mode == Mode::Live).collect();
        let lives = self.cloud.truth().lives();
        for life in self.cloud.truth().ended_by_us() {
            let at = asked_at(&life);
            // One that failed may have meant it on another day.
            let mine: Vec<&ClaimRecord> = claims
                .iter()
                .filter(|claim| claim.outcome.is_none_or(Outcome::counts))
                .filter(|claim| claim.targets.iter().any(|t| t.instance == life.id))
                .collect();
            assert_eq!(mine.len(), 1, "{} was ended with {mine:?}", life.id);
            let claim = mine[0];
            assert!(claim.at <= at && at <= claim.act_before, "{} at {at}: {claim:?}", life.id);
            let intended = events.iter().any(|event| {
                event.body.kind == Kind::ActionIntended
                    && event.body.key.as_deref() == Some(claim.key.as_str())
                    && event.body.at <= at
            });
            assert!(intended, "{} had no intent", claim.key);
            assert!(self.policy.calendar.day_at(at).contains(at), "{} was ended at {at}", life.id);
            let others = lives.values().filter(|other| other.group == life.group && other.id != life.id);
            let left = others.filter(|other| serves(other, at)).count();
            assert!(left >= self.policy.floors.healthy as usize, "{left} were left of {} at {at}", life.group);
        }
    }

    /// One key, one intent, one unit a day; and what is closed is true.
    fn audit_claims(&self, events: &[Event]) {
        let claims = self.claims();
        for claim in &claims {
            let of_key = |kind| {
                let same =
                    events.iter().filter(|e| e.body.kind == kind && e.body.key.as_deref() == Some(claim.key.as_str()));
                same.count()
            };
            assert!(of_key(Kind::ActionIntended) <= 1, "{} was intended twice", claim.key);
            assert!(of_key(Kind::ActionDone) <= 1, "{} was done twice", claim.key);
            if claim.stage != Stage::Closed || claim.mode == Mode::DryRun {
                continue;
            }
            if claim.action.lasts() {
                self.audit_fault(claim);
                continue;
            }
            let lives = claim.targets.iter().map(|target| self.cloud.truth().life(&target.instance).unwrap());
            let (gone, ours): (Vec<bool>, Vec<bool>) = if claim.action == Action::Reboot {
                lives.map(|life| (!life.rebooted.is_empty(), !life.rebooted.is_empty())).unzip()
            } else {
                let end = |life: Life| life.ended_by_us().or(life.ended).or(life.leaving);
                lives.map(end).map(|end| (end.is_some(), end.is_some_and(|(_, by)| by.is_ours()))).unzip()
            };
            match claim.outcome.unwrap() {
                // Of several, some may have been refused.
                Outcome::Done => assert!(gone.contains(&true), "{} was not done", claim.key),
                Outcome::Unknown => {
                    assert_eq!(claim.action, Action::Reboot, "{} was closed and nobody knows", claim.key);
                }
                other => {
                    // On another day it may have been hit for another claim, which says so.
                    let elsewhere = |one: &ClaimRecord| {
                        one.key != claim.key && one.counts() && one.targets.iter().any(|t| claim.targets.contains(t))
                    };
                    let done = ours.contains(&true) && !claims.iter().any(elsewhere);
                    assert!(!done, "{} is {other}, but was done", claim.key);
                }
            }
        }
    }
}

impl World {
    /// What is closed has left nothing behind.
    fn audit_fault(&self, claim: &ClaimRecord) {
        let run = RunId::of(&claim.key);
        for target in &claim.targets {
            let id = &target.instance;
            assert!(!self.cloud.guest_faults(id).contains_key(run.as_str()), "{} is there still", claim.key);
            let tags = self.cloud.instance_tags(id);
            assert!(!tags.keys().any(|key| key.contains(run.as_str())), "{} left {tags:?}", claim.key);
        }
    }
}

/// The rails that hold by what they know. What the second look was not asked about says so, and is not among them.
pub(crate) fn holds(rulings: &[Ruling]) -> Vec<&str> {
    rulings.iter().filter(|ruling| matches!(ruling.says, Verdict::Hold(_))).map(|ruling| &*ruling.rail).collect()
}

/// When our call took effect.
pub(crate) fn asked_at(life: &Life) -> DateTime<Utc> {
    life.ended_by_us().or(life.ended).unwrap().0
}

fn serves(life: &Life, at: DateTime<Utc>) -> bool {
    life.in_service.is_some_and(|since| since <= at)
        && life.leaving.is_none_or(|(gone, _)| gone > at)
        && life.ended.is_none_or(|(gone, _)| gone > at)
}

/// One run of the program.
pub(crate) struct Process {
    pub(crate) engine: Engine,
    pub(crate) clock: VirtualClock,
    pub(crate) schedules: Vec<Schedule>,
    pub(crate) sinks: Vec<Box<dyn Sink>>,
    pub(crate) end: End,
}

/// A running daemon; dropping it is a crash.
pub(crate) type Daemon<'a> = Pin<Box<dyn Future<Output = Result<(), LedgerError>> + 'a>>;

impl Process {
    pub(crate) fn daemon(&self) -> Daemon<'_> {
        Box::pin(daemon::run(&self.engine, &self.schedules, &self.sinks, "config", Begin::Started, &self.end))
    }

    /// Runs the daemon until then, and kills it.
    pub(crate) fn run_until(&self, when: DateTime<Utc>) {
        self.on(&mut self.daemon(), when);
    }

    /// Runs a daemon on until then. It must still be up.
    pub(crate) fn on(&self, daemon: &mut Daemon<'_>, when: DateTime<Utc>) {
        assert!(self.clock.drive_until(when, daemon.as_mut()).is_pending(), "the daemon ended");
    }

    pub(crate) fn pause(&self, why: &str) {
        let request = control::Request::Pause { why: why.into(), until: None, of: control::Extent::default() };
        at_once(control::serve(&self.engine, "ann", request)).unwrap();
    }

    pub(crate) fn resume(&self, first_run: bool) -> String {
        let request = control::Request::Resume { why: "it is over".into(), first_run, which: control::Which::All };
        at_once(control::serve(&self.engine, "ann", request)).unwrap()
    }

    /// A person asks for everything now.
    pub(crate) fn game_day(&self, id: &str) -> Closed {
        self.clock.drive(self.game_day_round(id, Mode::Live))
    }

    pub(crate) async fn game_day_round(&self, id: &str, mode: Mode) -> Closed {
        let request = Request {
            id: id.into(),
            monkey: "chaos".into(),
            actor: "ann".into(),
            at: self.engine.clock.now(),
            units: None,
            wish: None,
        };
        let order = Order { mode, request: Some(request), thorough: false };
        let (account, monkey, order) = (&self.engine.accounts[0], self.engine.monkeys[0].as_ref(), &order);
        let areas = account.areas(monkey).into_iter();
        let rounds = areas.map(|area| async move { round::run(&self.engine, account, &area, monkey, order).await });
        let mut all = Closed::default();
        for closed in join_all(rounds).await {
            let closed = closed.unwrap();
            all.acted.extend(closed.acted);
            all.held.extend(closed.held);
            all.failed.extend(closed.failed);
            all.dues.extend(closed.dues);
        }
        all
    }
}
