//! What is really so in the account, for assertions: never stale, never counted as a call.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use simian_core::detail::{Activity, AlarmState, Launches, Lever, Refresh, TargetHealth};
use simian_core::{Alteration, Group, GroupId, InstanceId, LaunchSource, Region, Standing};

use crate::account::SimAccount;
use crate::alterations::Altered;
use crate::estate::Held;
use crate::guests::Ran;
use crate::instance::Life;
use crate::signals::disengaged;

/// The real state of an account: as of the clock's now, or of a time that is asked for. How far back that may be is up to
/// [`SimAccount::keep_journal`]: without it, five minutes for what groups and subnets are like.
#[derive(Clone, Debug)]
pub struct Truth {
    account: SimAccount,
}

/// From a moment on a group is described so; `None` when it is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    /// When.
    pub at: DateTime<Utc>,
    /// Which group.
    pub group: GroupId,
    /// What a read that is not stale answers from then on.
    pub description: Option<Group>,
}

impl Truth {
    pub(crate) fn new(account: SimAccount) -> Self {
        Self { account }
    }

    /// Every change of a group's description since [`SimAccount::keep_journal`], in order, but for the first so many.
    pub fn journal(&self, skip: usize) -> Vec<Described> {
        let state = self.account.now_state();
        state.journal.iter().flatten().skip(skip).cloned().collect()
    }

    /// Every change of a resource since [`SimAccount::keep_journal`], in order, but for the first so many.
    pub fn holdings(&self, skip: usize) -> Vec<Held> {
        let state = self.account.now_state();
        state.holdings.journal.iter().flatten().skip(skip).cloned().collect()
    }

    /// Every change that a caller made for a fault since [`SimAccount::keep_journal`], in order.
    pub fn altered(&self) -> Vec<Altered> {
        self.account.now_state().altered.clone()
    }

    /// The instance that a change is about; none where it is a group.
    pub fn about(&self, alteration: &Alteration) -> Option<InstanceId> {
        self.account.now_state().about(alteration)
    }

    /// How the account stands to a change now.
    pub fn standing(&self, region: &Region, alteration: &Alteration) -> Standing {
        self.account.now_state().standing(region, alteration)
    }

    /// Every command that was ever sent to an agent, in order.
    pub fn commands(&self) -> Vec<Ran> {
        self.account.now_state().commands()
    }

    /// The group as its own service knows it, which does not know yet of the dead that it has not noticed. `None`
    /// when there is no such group.
    pub fn group(&self, id: &GroupId) -> Option<Group> {
        self.account.now_state().describe(id)
    }

    /// All groups as their own service knows them.
    pub fn groups(&self) -> BTreeMap<GroupId, Group> {
        let state = self.account.now_state();
        state.groups.keys().filter_map(|id| Some((id.clone(), state.describe(id)?))).collect()
    }

    /// How many members of the group really serve: in service, healthy, and running.
    pub fn serving(&self, id: &GroupId) -> usize {
        self.account.now_state().serving(id)
    }

    /// The instance refresh of a group that was under way then. Refreshes and signals are remembered for ever.
    pub fn refresh(&self, id: &GroupId, then: DateTime<Utc>) -> Option<Refresh> {
        self.account.now_state().groups.get(id)?.refreshing.shown.at(then).clone()
    }

    /// The scaling activities of a group as they were then, in the order of their beginning: all that go on, and those
    /// of two days.
    pub fn activities(&self, id: &GroupId, then: DateTime<Utc>) -> Vec<Activity> {
        let state = self.account.now_state();
        let group = state.groups.get(id);
        group.map(|group| group.activities.seen(DateTime::<Utc>::MIN_UTC, then)).unwrap_or_default()
    }

    /// What the balancers said of a target group's targets then; `None` when no group ever named it.
    pub fn targets(
        &self,
        region: &Region,
        target_group: &str,
        then: DateTime<Utc>,
    ) -> Option<BTreeMap<InstanceId, TargetHealth>> {
        self.account.now_state().targets(region, target_group, then)
    }

    /// What a launch from there would have started then.
    pub fn launches(&self, region: &Region, source: &LaunchSource, then: DateTime<Utc>) -> Launches {
        self.account.now_state().would_launch(region, source, then)
    }

    /// Free addresses of a subnet then; `None` when no group ever named its zone.
    pub fn addresses(&self, region: &Region, subnet: &str, then: DateTime<Utc>) -> Option<u32> {
        self.account.now_state().supplies.addresses(region, subnet, then)
    }

    /// An alarm's state then, if there was one of that name.
    pub fn alarm(&self, region: &Region, name: &str, then: DateTime<Utc>) -> Option<AlarmState> {
        let state = self.account.now_state();
        state.signals.alarms.get(&(region.clone(), name.to_owned())).and_then(|alarm| *alarm.state.at(then))
    }

    /// How a region's safety lever stood then.
    pub fn lever(&self, region: &Region, then: DateTime<Utc>) -> Lever {
        let state = self.account.now_state();
        state.signals.levers.get(region).map_or_else(disengaged, |lever| lever.at(then).clone())
    }

    /// Every instance that there ever was, by id.
    pub fn lives(&self) -> BTreeMap<InstanceId, Life> {
        let state = self.account.now_state();
        state.instances.iter().map(|(id, instance)| (id.clone(), instance.life.clone())).collect()
    }

    /// One instance's life.
    pub fn life(&self, id: &InstanceId) -> Option<Life> {
        self.account.now_state().instances.get(id).map(|instance| instance.life.clone())
    }

    /// The instances that our calls ended, or began to end gracefully, in order of time.
    pub fn ended_by_us(&self) -> Vec<Life> {
        let state = self.account.now_state();
        let mut ours: Vec<Life> = state
            .instances
            .values()
            .map(|instance| &instance.life)
            .filter(|life| life.ended_by_us().is_some())
            .cloned()
            .collect();
        ours.sort_by_key(|life| (life.ended_by_us(), life.id.clone()));
        ours
    }
}
