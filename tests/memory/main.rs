//! What the daemon keeps: nothing that grows with the days, and of a large round no more than it needs.
//!
//! The allocator counts, thread by thread; SQLite's own pages are not in it, and its cache has a limit of its own.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use allocation_counter::measure;
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use simian::daemon::{self, Begin, End, Schedule};
use simian::order::Order;
use simian_core::detail::{Activity, AlarmState, Launches, Lever, Refresh, TargetHealth};
use simian_core::ports::ResourceQuery;
use simian_core::resource::Tags;
use simian_core::{
    Actuator, Alteration, Attached, CalendarState, CallError, ChangeCalendar, Cloud, Disposal, Event, EventQuery,
    Experiment, Experimented, Group, GroupQuery, Guests, Identity, InstanceId, InstanceState, Kind, LaunchSource,
    Lifecycle, Member, Mode, Node, Progress, Region, Resource, ResourceId, ResourceKind, Route, Sent, Sink, SinkError,
    Standing,
};
use simian_sim::VirtualClock;
use stage::{Keep, Stage, at_once, monday};

#[path = "../../benches/stage/mod.rs"]
mod stage;

/// An account that remembers nothing but who is in service: whoever is ended has a successor at once. The simulated
/// account keeps a log of all calls, which would be all that one sees here.
#[derive(Debug)]
struct Forgetful(Mutex<BTreeMap<String, Group>>);

const GROUPS: usize = 50;

fn member(id: usize) -> Member {
    Member {
        id: InstanceId::new(format!("i-{id:017x}")),
        zone: format!("us-east-1{}", ["a", "b", "c"][id % 3]),
        lifecycle: Lifecycle::InService,
        healthy: true,
        protected: false,
        template_version: None,
        template: None,
        configuration: None,
        kind: None,
    }
}

impl Forgetful {
    fn new() -> Self {
        let group = |n: usize| {
            let name = format!("s{n:04}-prod-v001");
            let tags = [("simian:chaos".to_owned(), "on".to_owned())];
            let members = (3 * n..3 * n + 3).map(member).collect();
            let launches = vec![LaunchSource::Configuration(name.clone())];
            (
                name.clone(),
                Group { name, tags: tags.into(), min: 3, desired: 3, max: 6, members, launches, ..Group::default() },
            )
        };
        Self(Mutex::new((0..GROUPS).map(group).collect()))
    }
}

#[async_trait]
impl Cloud for Forgetful {
    async fn identity(&self) -> Result<Identity, CallError> {
        Ok(Identity { account: stage::account(), arn: "arn:aws:iam::111122223333:role/simian".into() })
    }

    async fn ourselves(&self) -> Result<Option<InstanceId>, CallError> {
        Ok(None)
    }

    async fn groups(&self, _: &Region, query: &GroupQuery) -> Result<Vec<Group>, CallError> {
        let groups = self.0.lock().unwrap();
        let wanted = |name: &String| !matches!(query, GroupQuery::Named(names) if !names.contains(name));
        Ok(groups.iter().filter(|(name, _)| wanted(name)).map(|(_, group)| group.clone()).collect())
    }

    async fn instances(&self, _: &Region, _: &[InstanceId]) -> Result<BTreeMap<InstanceId, InstanceState>, CallError> {
        Ok(BTreeMap::new())
    }

    async fn change_calendar(&self, _: &ChangeCalendar) -> Result<CalendarState, CallError> {
        Ok(CalendarState { open: true, next_transition: None })
    }

    async fn refresh(&self, _: &Region, _: &str) -> Result<Option<Refresh>, CallError> {
        Ok(None)
    }

    async fn activities(&self, _: &Region, _: &str, _: DateTime<Utc>) -> Result<Vec<Activity>, CallError> {
        Ok(Vec::new())
    }

    async fn target_health(&self, _: &Region, _: &str) -> Result<BTreeMap<InstanceId, TargetHealth>, CallError> {
        Ok(BTreeMap::new())
    }

    async fn routes(&self, _: &Region, _: &[String]) -> Result<Vec<Route>, CallError> {
        Ok(Vec::new())
    }

    async fn launches(&self, _: &Region, _: &LaunchSource) -> Result<Launches, CallError> {
        Ok(Launches::Image("ami-1".into()))
    }

    async fn subnets(&self, _: &Region, _: &[String]) -> Result<BTreeMap<String, u32>, CallError> {
        Ok(BTreeMap::new())
    }

    async fn alarms(&self, _: &Region, _: &[String]) -> Result<BTreeMap<String, AlarmState>, CallError> {
        Ok(BTreeMap::new())
    }

    async fn safety_lever(&self, _: &Region) -> Result<Lever, CallError> {
        Ok(Lever { engaged: false, reason: String::new() })
    }

    async fn resources(&self, _: &Region, _: ResourceKind, _: &ResourceQuery) -> Result<Vec<Resource>, CallError> {
        Ok(Vec::new())
    }

    async fn shared_with(&self, _: &Region, _: &ResourceId) -> Result<Vec<String>, CallError> {
        Ok(Vec::new())
    }

    async fn tagged(&self, _: &Region, _: &str) -> Result<BTreeMap<InstanceId, Tags>, CallError> {
        Ok(BTreeMap::new())
    }

    async fn attached(&self, _: &Region, _: &InstanceId) -> Result<Option<Attached>, CallError> {
        Ok(None)
    }

    async fn experiment(&self, _: &Region, _: &str) -> Result<Experimented, CallError> {
        Ok(Experimented::Done)
    }

    async fn standing(&self, _: &Region, _: &Alteration) -> Result<Standing, CallError> {
        Ok(Standing::Gone)
    }

    async fn last_refresh(&self, _: &Region, _: &str) -> Result<Option<Refresh>, CallError> {
        Ok(None)
    }

    async fn recent_activities(
        &self,
        _: &Region,
        _: DateTime<Utc>,
    ) -> Result<BTreeMap<String, Vec<Activity>>, CallError> {
        Ok(BTreeMap::new())
    }

    fn skew(&self, _: &Region) -> Option<TimeDelta> {
        Some(TimeDelta::zero())
    }
}

#[async_trait]
impl Actuator for Forgetful {
    async fn terminate(&self, _: &Region, ids: &[InstanceId]) -> Result<Vec<InstanceId>, CallError> {
        let mut groups = self.0.lock().unwrap();
        for member in groups.values_mut().flat_map(|group| &mut group.members) {
            if ids.contains(&member.id) {
                let number = usize::from_str_radix(&member.id.as_str()[2..], 16).unwrap();
                member.id = self::member(number + 3 * GROUPS).id;
            }
        }
        Ok(ids.to_vec())
    }

    async fn terminate_in_group(&self, region: &Region, id: &InstanceId) -> Result<(), CallError> {
        self.terminate(region, std::slice::from_ref(id)).await.map(drop)
    }

    async fn reboot(&self, _: &Region, _: &[InstanceId]) -> Result<(), CallError> {
        Ok(())
    }

    async fn begin_experiment(&self, _: &Region, experiment: &Experiment) -> Result<String, CallError> {
        Ok(experiment.token.clone())
    }

    async fn stop_experiment(&self, _: &Region, _: &str) -> Result<(), CallError> {
        Ok(())
    }

    async fn alter(&self, _: &Region, _: &Alteration) -> Result<(), CallError> {
        Ok(())
    }

    async fn quarantine(&self, _: &Region, _: &str) -> Result<String, CallError> {
        Ok("sg-1".into())
    }

    async fn tag(&self, _: &Region, _: ResourceKind, _: &[String], _: &str, _: &str) -> Result<(), CallError> {
        Ok(())
    }

    async fn untag(&self, _: &Region, _: ResourceKind, _: &[String], _: &str) -> Result<(), CallError> {
        Ok(())
    }

    async fn save(&self, _: &Region, _: &ResourceId, _: &Tags) -> Result<Option<String>, CallError> {
        Ok(None)
    }

    async fn dispose(&self, _: &Region, _: &ResourceId, _: &Disposal) -> Result<(), CallError> {
        Ok(())
    }
}

#[async_trait]
impl Guests for Forgetful {
    async fn nodes(&self, _: &Region, _: &[InstanceId]) -> Result<BTreeMap<InstanceId, Node>, CallError> {
        Ok(BTreeMap::new())
    }

    async fn send(&self, _: &Region, _: &InstanceId, _: &str, _: &str) -> Result<String, CallError> {
        Ok(String::new())
    }

    async fn sent(&self, _: &Region, _: &InstanceId, _: DateTime<Utc>) -> Result<Vec<Sent>, CallError> {
        Ok(Vec::new())
    }

    async fn progress(&self, _: &Region, _: &InstanceId, _: &str) -> Result<Progress, CallError> {
        Ok(Progress::Running)
    }
}

/// A sink that takes everything and keeps nothing.
struct Drain;

#[async_trait]
impl Sink for Drain {
    fn name(&self) -> &'static str {
        "drain"
    }

    async fn publish(&self, events: &[Event]) -> (usize, Option<SinkError>) {
        (events.len(), None)
    }
}

#[test]
fn thirty_days_leave_nothing_behind() {
    let clock = VirtualClock::new(monday(8));
    let cloud = Arc::new(Forgetful::new());
    let stage = Stage::on(cloud, clock.clone(), Mode::Live, Keep::Sqlite);
    let schedules = [Schedule { monkey: "chaos".into(), cron: "0 * * * *".parse().unwrap(), zone: chrono_tz::UTC }];
    let sinks: [Box<dyn Sink>; 1] = [Box::new(Drain)];
    let end = End::default();
    let mut daemon: Pin<Box<dyn Future<Output = _>>> =
        Box::pin(daemon::run(&stage.engine, &schedules, &sinks, "config", Begin::Started, &end));
    // Each stretch ends on a Monday before the hours begin: what is open then is open each time.
    let mut play = |until: DateTime<Utc>| measure(|| assert!(clock.drive_until(until, daemon.as_mut()).is_pending()));
    let look = || measure(|| drop(stage.round(&Order::USUAL)));
    play(monday(8) + TimeDelta::days(7));
    let (young, first) = (play(monday(8) + TimeDelta::days(14)), look());
    let later = play(monday(8) + TimeDelta::days(35));
    let last = look();

    let done = EventQuery { kinds: vec![Kind::ActionDone], ..EventQuery::default() };
    let done = at_once(stage.engine.ledger.events(&done)).len();
    assert!(done > 150, "{done} were ended: too few to show anything");
    assert!(young.bytes_total > 0, "nothing was counted");
    assert!(later.bytes_current < ROOM, "three weeks more left {} bytes behind", later.bytes_current);
    assert!(last.count_total < first.count_total * 11 / 10, "a look of the sixth week reads more: {last:?}, {first:?}");
}

/// What may be left of three weeks, in bytes: a string or two of what is open. Two bytes a round would be more.
const ROOM: i64 = 1024;

/// The most that a game day of a thousand groups holds at once, in MiB, beside what the account itself keeps.
fn game_day(mode: Mode, keep: Keep) -> u64 {
    let stage = Stage::new(1000, mode, keep);
    stage.clock.set(monday(10));
    let peak = measure(|| assert_eq!(stage.game_day("g").acted.len(), 1000)).bytes_max;
    println!("{mode} {keep:?}: {peak} bytes at the peak");
    peak.div_ceil(1024 * 1024)
}

#[test]
fn a_thousand_rehearsals_take_few_megabytes() {
    assert!(game_day(Mode::DryRun, Keep::Sqlite) <= 8);
    // What they left in the ledger is memory too.
    assert!(game_day(Mode::DryRun, Keep::Memory) <= 12);
}

#[test]
fn a_thousand_kills_take_few_megabytes() {
    assert!(game_day(Mode::Live, Keep::Sqlite) <= 8);
}
