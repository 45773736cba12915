//! What each step does, an arm each. All of it is done at once: a step takes no time.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::FutureExt;
use simian::control::{self, Extent, Which};
use simian::engine::Engine;
use simian_core::detail::{AlarmState, Lever};
use simian_core::{
    CalendarState, ClaimQuery, Dice, Group, GroupId, LaunchSource, Region, ResourceId, ResourceKind, Stage as Phase,
};
use simian_sim::{GroupSpec, Operation, Outage, Refusal, Weather, Who, call};

use super::log::{Absence, Did, Entry};
use super::stage::{Command, Stage, region};
use crate::model::names;
use crate::scenario::{ACCOUNT, AlarmSays, CALENDAR, GroupSetup, Place, PolicySetup, WeatherSetup, What};

/// Whoever asked for a step at no call.
const NOBODY: usize = usize::MAX;

impl Stage {
    /// Does it now. `by` is the process at whose call it happens.
    pub(crate) fn perform(&self, what: &What, by: Option<usize>) {
        let now = self.now();
        let text = format!("{what:?}");
        let name = text.split([' ', '(', '{']).next().unwrap_or_default().to_owned();
        {
            let mut shared = self.shared();
            shared.tally.one(&format!("step {name}"));
            let at = by.map_or_else(String::new, |slot| format!(" (at a call of process {slot})"));
            shared.log.story.push((now, format!("{text}{at}")));
        }
        match what {
            What::Calendar { open } => self.set_calendar(*open),
            What::Pause { region, monkey, minutes, unit } => {
                self.pause(*region, monkey.clone(), unit.clone(), *minutes);
            }
            What::SayRecovered => self.say_recovered(),
            What::SayFleetChanged => {
                let why = "it was moved".into();
                self.ask(control::Request::FleetChanged { why, account: None, region: None });
            }
            What::Outage(says) => self.shared().log.outage.set(now, *says),
            What::Resume { first_run } => self.resume(*first_run),
            What::Brake { pulled } => self.pull(*pulled),
            What::Config(policy) => self.configure(policy),
            What::Weather(weather) => {
                self.cloud.set_weather(weather_of(weather, self.seed));
                let log = &mut self.shared().log;
                log.stale.set(now, weather.stale);
                log.slow.set(now, weather.is_slow());
            }
            What::Sleep { replica, seconds } => {
                let until = now + TimeDelta::seconds(i64::from(*seconds));
                let mut shared = self.shared();
                let slot = by.unwrap_or(*replica);
                if let Some(control) = shared.controls.get_mut(slot) {
                    control.asleep = Some(until);
                    shared.log.absences.push(Absence { slot: Some(slot), from: now, until });
                }
            }
            What::ClockOff { replica, seconds } => self.set_clock(*replica, *seconds),
            What::Crash { replica, polls, down } => {
                let mut shared = self.shared();
                let slot = by.unwrap_or(*replica);
                if let Some(control) = shared.controls.get_mut(slot) {
                    control.dies = Some((*polls, *down));
                }
            }
            What::Stop { replica, down } => {
                self.shared().commands.push(Command::Stop { replica: *replica, down: *down });
            }
            What::Replica => self.shared().commands.push(Command::Replica),
            What::GameDay { id } => self.shared().commands.push(Command::GameDay(*id)),
            What::LedgerDown { seconds } => {
                let until = now + TimeDelta::seconds(i64::from(*seconds));
                let mut shared = self.shared();
                shared.ledger_back = until;
                shared.log.absences.push(Absence { slot: None, from: now, until });
            }
            What::SinkDown { seconds, after } => {
                let message = "no such topic".to_owned();
                self.sink.set_down(Some(Refusal { after: *after, message, lasting: false }));
                self.shared().sink_back = now + TimeDelta::seconds(i64::from(*seconds));
            }
            What::Estate(deed) => self.do_deed(deed),
            What::Meddle { region: index, how } => self.meddle(&region(*index), *how),
            What::UndoFails { times, done } => self.fail_undos(*times, *done),
            What::Checks { region: index, but, healthy } => self.check_targets(&region(*index), *but, *healthy),
            outside => {
                if let Some(operation) = self.operation(outside) {
                    self.cloud.perform(operation);
                }
            }
        }
    }

    /// What the world does to the account; `None` where there is nothing to do it to.
    fn operation(&self, what: &What) -> Option<Operation> {
        let minutes = |minutes: u32| TimeDelta::minutes(i64::from(minutes));
        Some(match what {
            What::Tag { region, group, key, value } => {
                let (group, key) = (self.group(*region, group)?, key.clone());
                match value.clone() {
                    Some(value) => Operation::SetTag { group, key, value },
                    None => Operation::RemoveTag { group, key },
                }
            }
            What::Scale { region, group, desired } => {
                Operation::Scale { group: self.group(*region, group)?, desired: *desired }
            }
            What::Deploy { region, group, retire } => {
                Operation::Deploy { group: self.group(*region, group)?, retire_after: minutes(*retire) }
            }
            What::Refresh { region, group, every } => {
                Operation::Refresh { group: self.group(*region, group)?, every: minutes((*every).max(1)) }
            }
            What::SpotLoss { region, group } => Operation::SpotLoss { group: self.group(*region, group)? },
            What::Kill(place) => Operation::KillMember(self.who(place)?),
            What::StopMember(place) => Operation::StopMember(self.who(place)?),
            What::ZoneOutage { zone, minutes: lasts } => {
                Operation::ZoneOutage { zone: zone.clone(), lasts: minutes(*lasts) }
            }
            What::Process { region, group, process, suspended } => {
                let (group, process) = (self.group(*region, group)?, process.clone());
                if *suspended { Operation::Suspend { group, process } } else { Operation::Resume { group, process } }
            }
            What::Health(place, healthy) => Operation::SetHealth { who: self.who(place)?, healthy: *healthy },
            What::Protect(place, on) => Operation::Protect { who: self.who(place)?, on: *on },
            What::Shield(place, on) => Operation::Shield { who: self.who(place)?, on: *on },
            What::Standby(place, on) => Operation::Standby { who: self.who(place)?, on: *on },
            What::Warm(place, on) => Operation::Warm { who: self.who(place)?, on: *on },
            What::Create(group) => Operation::CreateGroup(spec(group, self.start)),
            What::Delete { region, group } => Operation::DeleteGroup(self.group(*region, group)?),
            What::Alarm { region: index, name, says } => {
                let (region, name) = (region(*index), name.clone());
                match says {
                    Some(says) => Operation::SetAlarm { region, name, state: state_of(*says) },
                    None => Operation::RemoveAlarm { region, name },
                }
            }
            What::BindAlarm { region, group, name, fewer_than } => {
                Operation::BindAlarm { name: name.clone(), group: self.group(*region, group)?, fewer_than: *fewer_than }
            }
            What::Lever { region: index, engaged } => {
                let lever = Lever { engaged: *engaged, reason: "an incident".into() };
                Operation::SetLever { region: region(*index), lever }
            }
            What::Images { region, group, there } => {
                Operation::SetImages { group: self.group(*region, group)?, there: *there }
            }
            What::Templates { region, group, there } => {
                Operation::SetTemplates { group: self.group(*region, group)?, there: *there }
            }
            What::Addresses { zone, free } => Operation::SetAddresses { zone: zone.clone(), free: *free },
            What::Used { region: index, target_group, used } => {
                Operation::SetUsed { target_group: arn(&region(*index), target_group), used: *used }
            }
            What::RefreshEnds { region, group, cancelled } => {
                let group = self.group(*region, group)?;
                if *cancelled { Operation::CancelRefresh(group) } else { Operation::StickRefresh(group) }
            }
            _ => return None,
        })
    }

    /// The group of that name; or, when it is gone, the newest of its cluster.
    fn group(&self, index: usize, name: &str) -> Option<GroupId> {
        let there = region(index);
        let groups = self.cloud.truth().groups();
        let exact = GroupId::new(&there, name);
        if groups.contains_key(&exact) {
            return Some(exact);
        }
        let cluster = names::cluster(name);
        let same = |id: &&GroupId| id.region == there && names::cluster(&id.name) == cluster;
        groups.keys().filter(same).max().cloned()
    }

    fn who(&self, place: &Place) -> Option<Who> {
        Some(Who::Nth(self.group(place.region, &place.group)?, place.nth))
    }

    fn check_targets(&self, region: &Region, but: usize, healthy: bool) {
        for (id, group) in self.groups().filter(|(id, _)| id.region == *region) {
            let others = (0..group.members.len()).filter(|nth| *nth != but);
            for (nth, target_group) in others.flat_map(|nth| group.target_groups.iter().map(move |arn| (nth, arn))) {
                let (target_group, who) = (target_group.clone(), Who::Nth(id.clone(), nth));
                self.cloud.perform(Operation::SetTarget { target_group, who, healthy });
            }
        }
    }

    fn set_calendar(&self, open: bool) {
        if let Ok(calendar) = CALENDAR.parse() {
            let state = CalendarState { open, next_transition: None };
            self.cloud.perform(Operation::SetCalendar { calendar, state });
        }
        self.shared().log.calendar.set(self.now(), open);
    }

    /// The operator's own way to the ledger: as the command line has it.
    fn operator(&self) -> Engine {
        let clock = Arc::new(self.clock.clone());
        Engine::new(clock, self.ledger(), Dice::new("operator"), "operator")
    }

    /// Whether the operator's request was served.
    fn ask(&self, request: control::Request) -> bool {
        let asked = || control::serve(&self.operator(), "ann", request).now_or_never();
        !self.ledger_is_down() && asked().is_some_and(|done| done.is_ok())
    }

    fn say_recovered(&self) {
        let open = ClaimQuery { open: true, ..ClaimQuery::default() };
        let claims = self.ledger().claims(&open).now_or_never().and_then(Result::ok).unwrap_or_default();
        let late = claims.iter().filter(|claim| claim.stage == Phase::Unrecovered);
        let (keys, units): (Vec<_>, BTreeSet<String>) = late.map(|claim| (&claim.key, claim.full_unit())).unzip();
        let request = control::Request::Recovered { why: "seen".into(), units: units.into_iter().collect() };
        if keys.is_empty() || !self.ask(request) {
            return;
        }
        let now = self.now();
        let mut shared = self.shared();
        let policy = shared.policy;
        for key in keys {
            let what = Did::Moved { key: key.clone(), stage: Phase::Closed, outcome: None };
            shared.log.entries.push(Entry { at: now, reading: now, slot: NOBODY, policy, what });
        }
    }

    fn pause(&self, index: Option<usize>, monkey: Option<String>, unit: Option<String>, minutes: Option<u32>) {
        if self.ledger_is_down() {
            return;
        }
        let now = self.now();
        let until = minutes.map(|minutes| now + TimeDelta::minutes(i64::from(minutes)));
        let only: Option<Region> = index.map(region);
        let of = Extent { region: only.clone(), monkey: monkey.clone(), account: None, unit: unit.clone() };
        let request = control::Request::Pause { why: "somebody asked".into(), until, of };
        if control::serve(&self.operator(), "ann", request).now_or_never().is_some_and(|done| done.is_ok()) {
            let log = &mut self.shared().log;
            log.pause(only, monkey, now, until, false);
            if let Some(pause) = log.pauses.last_mut() {
                pause.unit = unit;
            }
        }
    }

    fn resume(&self, first_run: bool) {
        if self.ledger_is_down() {
            return;
        }
        let request = control::Request::Resume { why: "it is over".into(), first_run, which: Which::All };
        if control::serve(&self.operator(), "ann", request).now_or_never().is_some_and(|done| done.is_ok()) {
            let now = self.now();
            let mut shared = self.shared();
            shared.log.lift(false);
            if first_run {
                shared.log.first_run.get_or_insert(now);
            }
            let policy = shared.policy;
            let entry = Entry { at: now, reading: now, slot: NOBODY, policy, what: Did::ResumedAll };
            shared.log.entries.push(entry);
        }
    }

    fn pull(&self, pulled: bool) {
        let Some(path) = &self.brake else { return };
        let done = if pulled {
            // The file's time is in events: the week's, and not the wall's.
            let at = std::time::SystemTime::UNIX_EPOCH
                + (self.now() - DateTime::<Utc>::UNIX_EPOCH).to_std().unwrap_or_default();
            std::fs::File::create(path).and_then(|file| file.set_modified(at))
        } else {
            std::fs::remove_file(path)
        };
        let now = self.now();
        let mut shared = self.shared();
        match (done.is_ok(), pulled) {
            (true, true) => shared.log.pause(None, None, now, None, true),
            (true, false) => shared.log.lift(true),
            (false, _) => {}
        }
    }

    fn configure(&self, policy: &PolicySetup) {
        let mut shared = self.shared();
        shared.log.policies.push(policy.clone());
        shared.policy = shared.log.policies.len() - 1;
        shared.commands.push(Command::Reload);
    }

    fn set_clock(&self, replica: usize, seconds: i64) {
        let Some(clock) = self.clocks.get(replica) else { return };
        clock.set_ahead(TimeDelta::seconds(seconds));
        self.shared().log.ahead[replica].set(self.now(), seconds * 1000);
    }

    /// The groups as AWS knows them now.
    pub(crate) fn groups(&self) -> impl Iterator<Item = (GroupId, Group)> {
        self.cloud.truth().groups().into_iter()
    }
}

/// The ARN of a target group, by its name.
pub(crate) fn arn(region: &Region, name: &str) -> String {
    format!("arn:aws:elasticloadbalancing:{region}:{ACCOUNT}:targetgroup/{name}/0123456789abcdef")
}

fn state_of(says: AlarmSays) -> AlarmState {
    match says {
        AlarmSays::Quiet => AlarmState::Ok,
        AlarmSays::Loud => AlarmState::Alarm,
        AlarmSays::Nothing => AlarmState::InsufficientData,
    }
}

fn launch_source(id: &ResourceId) -> Option<LaunchSource> {
    match id.kind {
        ResourceKind::LaunchConfiguration => Some(LaunchSource::Configuration(id.id.clone())),
        ResourceKind::Image => Some(LaunchSource::Image(id.id.clone())),
        ResourceKind::TemplateVersion => {
            let (id, version) = id.id.rsplit_once(':')?;
            Some(LaunchSource::Template { id: id.to_owned(), version: version.to_owned() })
        }
        _ => None,
    }
}

/// A group as its owner asks for it, in a scenario that began at `start`.
pub(crate) fn spec(group: &GroupSetup, start: DateTime<Utc>) -> GroupSpec {
    let (min, desired, max) = group.sizes;
    let letters = ["a", "b", "c"];
    let mut spec = GroupSpec::new(&region(group.region), &group.name, desired)
        .sizes(min, desired, max)
        .zones(&letters[..group.zones.clamp(1, letters.len())])
        .boot(group.boot.0..=group.boot.1);
    if let Some(name) = &group.target_group {
        spec = spec.target_group(arn(&region(group.region), name));
    }
    spec.tags.clone_from(&group.tags);
    spec.hook_seconds = group.hook;
    spec.spot = group.spot;
    spec.created = group.age.map(|days| start - TimeDelta::days(i64::from(days)));
    spec.launches = group.launches.iter().filter_map(launch_source).collect();
    spec
}

/// Nothing can be reached, until there is other weather.
fn always() -> Outage {
    Outage { region: None, from: DateTime::<Utc>::MIN_UTC, until: DateTime::<Utc>::MAX_UTC }
}

/// The weather as the simulator knows it.
pub(crate) fn weather_of(weather: &WeatherSetup, seed: u64) -> Weather {
    let share = |thousandths: u32| f64::from(thousandths) / 1000.0;
    let slow = weather.slow.map(|(index, seconds)| (region(index), TimeDelta::seconds(i64::from(seconds))));
    Weather {
        seed,
        latency_millis: weather.latency,
        slow: slow.into_iter().collect(),
        stale_seconds: weather.stale,
        throttle: share(weather.throttle),
        timeout_before: share(weather.timeout_before),
        timeout_after: share(weather.timeout_after),
        broken_before: share(weather.broken_before),
        broken_after: share(weather.broken_after),
        partial: share(weather.partial),
        half_batch: share(weather.half_batch),
        denied: call::ALL.into_iter().filter(|name| weather.denied.iter().any(|denied| denied == name)).collect(),
        outages: if weather.out { vec![always()] } else { Vec::new() },
        ..Weather::calm()
    }
}
