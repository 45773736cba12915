//! The state of the simulated account and what is going to happen in it, moved forward in order of time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use simian_core::{AccountId, CalendarState, Group, GroupId, GroupQuery, InstanceId, Region};

use crate::alterations::Altered;
use crate::chance::Chance;
use crate::estate::Holdings;
use crate::experiments::Trial;
use crate::group::SimGroup;
use crate::guests::Guests;
use crate::instance::Instance;
use crate::operation::{Operation, Performed};
use crate::signals::{AlarmId, Signals};
use crate::supplies::{Supplies, subnet};
use crate::targets::{Rule, TargetGroup};
use crate::traffic::Traffic;
use crate::truth::Described;
use crate::weather::Weather;

/// What will happen at some time.
#[derive(Debug)]
pub(crate) enum Happening {
    /// A booting instance comes into service.
    Serves(InstanceId),
    /// A group looks at a member that is dead or unhealthy.
    Noticed(InstanceId),
    /// A graceful end is through with its hook.
    Released(InstanceId),
    /// An agent may take a command.
    Taken(usize),
    /// A started instance is up.
    Started(InstanceId),
    /// A reboot is through.
    Rebooted(InstanceId),
    /// An experiment takes effect.
    Experimented(usize),
    /// A Spot instance that was told of it ends.
    Interrupted(InstanceId),
    /// A group looks at its size.
    Sized(GroupId),
    /// The instance refresh to that version takes its next member.
    Refreshed { group: GroupId, version: u32 },
    /// An alarm that is bound to a group looks at it.
    Evaluated(AlarmId),
    /// The world does something.
    Outside(Operation),
    /// A deleted group is forgotten, unless it was created again.
    Purged(GroupId),
}

/// The fresh answer to a query. The same query comes again and again, and most of the time nothing has changed.
#[derive(Debug)]
pub(crate) struct Listed {
    pub(crate) query: GroupQuery,
    pub(crate) groups: Vec<Arc<Group>>,
}

/// Everything that the account is.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) account: AccountId,
    pub(crate) regions: BTreeSet<Region>,
    pub(crate) seed: u64,
    pub(crate) now: DateTime<Utc>,
    pub(crate) groups: BTreeMap<GroupId, SimGroup>,
    pub(crate) instances: BTreeMap<InstanceId, Instance>,
    /// Zones that are down, and until when.
    pub(crate) zones_out: BTreeMap<String, DateTime<Utc>>,
    /// What a launch needs.
    pub(crate) supplies: Supplies,
    /// Every target group that was ever named, by ARN.
    pub(crate) balancers: BTreeMap<String, TargetGroup>,
    /// The rules of listeners that somebody set, and the weights in each.
    pub(crate) rules: Vec<Rule>,
    /// What says that this is a bad moment.
    pub(crate) signals: Signals,
    pub(crate) ourselves: Option<InstanceId>,
    /// Everything that is no group.
    pub(crate) holdings: Holdings,
    /// What runs inside instances, and what was sent there.
    pub(crate) guests: Guests,
    /// The experiments of AWS FIS that were ever asked for, in order.
    pub(crate) experiments: Vec<Trial>,
    /// The Change Calendars that there are, by ARN.
    pub(crate) calendars: BTreeMap<String, CalendarState>,
    pub(crate) weather: Weather,
    pub(crate) traffic: Traffic,
    pub(crate) performed: Vec<Performed>,
    /// Every change of a group's description, if somebody asked for that to be kept.
    pub(crate) journal: Option<Vec<Described>>,
    /// Every change that a caller made for a fault, if somebody asked for that to be kept.
    pub(crate) altered: Vec<Altered>,
    /// What the last query of each region found, as long as nothing changed.
    pub(crate) listed: BTreeMap<Region, Listed>,
    queue: BTreeMap<(DateTime<Utc>, u64), Happening>,
    queued: u64,
    /// Groups whose description is out of date.
    touched: BTreeSet<GroupId>,
}

impl State {
    pub(crate) fn new(account: AccountId, regions: BTreeSet<Region>, seed: u64, now: DateTime<Utc>) -> Self {
        Self {
            account,
            regions,
            seed,
            now,
            groups: BTreeMap::new(),
            instances: BTreeMap::new(),
            zones_out: BTreeMap::new(),
            supplies: Supplies::default(),
            balancers: BTreeMap::new(),
            rules: Vec::new(),
            signals: Signals::default(),
            ourselves: None,
            holdings: Holdings::default(),
            guests: Guests::default(),
            experiments: Vec::new(),
            calendars: BTreeMap::new(),
            weather: Weather::calm(),
            traffic: Traffic::new(seed),
            performed: Vec::new(),
            journal: None,
            altered: Vec::new(),
            listed: BTreeMap::new(),
            queue: BTreeMap::new(),
            queued: 0,
            touched: BTreeSet::new(),
        }
    }

    /// Whatever the name names draws from its own stream.
    pub(crate) fn chance(&self, name: &[&str]) -> Chance {
        Chance::new(self.seed, name)
    }

    /// Something will happen at that time, after everything that is to happen then already. What is overdue happens
    /// now.
    pub(crate) fn enqueue(&mut self, at: DateTime<Utc>, happening: Happening) {
        self.queue.insert((at.max(self.now), self.queued), happening);
        self.queued += 1;
    }

    /// As [`State::enqueue`], so many seconds from now.
    pub(crate) fn enqueue_in(&mut self, seconds: u64, happening: Happening) {
        let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
        let at = TimeDelta::try_seconds(seconds).and_then(|delta| self.now.checked_add_signed(delta));
        self.enqueue(at.unwrap_or(DateTime::<Utc>::MAX_UTC), happening);
    }

    /// Lets everything happen that was to happen until `now`, in order. A time in the past changes nothing.
    pub(crate) fn advance(&mut self, now: DateTime<Utc>) {
        while let Some(first) = self.queue.first_entry()
            && first.key().0 <= now
        {
            let ((at, _), happening) = first.remove_entry();
            self.now = self.now.max(at);
            self.happen(happening);
            self.settle();
        }
        self.now = self.now.max(now);
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Serves(id) => self.serve(&id),
            Happening::Noticed(id) => self.notice(&id),
            Happening::Released(id) => self.release(&id),
            Happening::Taken(command) => self.take_command(command),
            Happening::Started(id) => self.started(&id),
            Happening::Rebooted(id) => self.rebooted(&id),
            Happening::Experimented(number) => self.run_experiment(number),
            Happening::Interrupted(id) => self.interrupt(&id),
            Happening::Sized(group) => self.reconcile(&group),
            Happening::Refreshed { group, version } => self.refresh_step(&group, version),
            Happening::Evaluated(alarm) => self.evaluate(alarm),
            Happening::Outside(operation) => {
                self.perform(operation);
            }
            Happening::Purged(group) => {
                // Whoever keeps a journal looks back at it.
                if self.journal.is_none() && self.groups.get(&group).is_some_and(|group| !group.alive) {
                    self.groups.remove(&group);
                }
            }
        }
    }

    /// The group's description is out of date.
    pub(crate) fn touch(&mut self, group: &GroupId) {
        self.touched.insert(group.clone());
    }

    /// Brings the descriptions up to date. Called after every change, before the time moves.
    pub(crate) fn settle(&mut self) {
        while let Some(id) = self.touched.pop_first() {
            self.settle_refresh(&id);
            let version = self.describe(&id);
            if let Some(journal) = &mut self.journal {
                journal.push(Described { at: self.now, group: id.clone(), description: version.clone() });
            }
            if let Some(group) = self.groups.get_mut(&id) {
                group.record(self.now, version, self.journal.is_some());
            }
            self.listed.remove(&id.region);
        }
    }

    /// The group as its own service knows it now.
    pub(crate) fn describe(&self, id: &GroupId) -> Option<Group> {
        let group = self.groups.get(id).filter(|group| group.alive)?;
        let spec = &group.spec;
        Some(Group {
            name: id.name.clone(),
            tags: spec.tags.clone(),
            min: spec.min,
            desired: spec.desired,
            max: spec.max,
            members: group.members.iter().filter_map(|id| self.instances.get(id)).map(Instance::member).collect(),
            health_check: spec.health_check.clone(),
            target_groups: spec.target_groups.clone(),
            suspended: spec.suspended.iter().cloned().collect(),
            launches: spec.sources(),
            subnets: spec.zones.iter().map(|zone| subnet(zone)).collect(),
            zones: spec.zones.clone(),
            created: spec.created,
            ..Group::default()
        })
    }

    /// How many members of a group really serve: in service, healthy, and running.
    pub(crate) fn serving(&self, id: &GroupId) -> usize {
        let Some(group) = self.groups.get(id).filter(|group| group.alive) else { return 0 };
        let members = group.members.iter().map(|id| &self.instances[id]);
        members.filter(|member| member.member().serves() && member.is_up()).count()
    }

    /// The living group of that id.
    pub(crate) fn group_mut(&mut self, id: &GroupId) -> Option<&mut SimGroup> {
        self.groups.get_mut(id).filter(|group| group.alive)
    }
}
