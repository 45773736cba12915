//! What is really so in the account, for assertions: never stale, never counted as a call.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use simian_core::{Group, GroupId, InstanceId};

use crate::account::SimAccount;
use crate::instance::Life;

/// The real state of an account. Every look is as of the clock's now.
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
        let state = self.account.now_state();
        let Some(group) = state.groups.get(id).filter(|group| group.alive) else { return 0 };
        let members = group.members.iter().map(|id| &state.instances[id]);
        members.filter(|member| member.member().serves() && member.is_up()).count()
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
        let asked =
            |life: &Life| life.leaving.filter(|(_, by)| by.is_ours()).or(life.ended.filter(|(_, by)| by.is_ours()));
        let mut ours: Vec<Life> = state
            .instances
            .values()
            .map(|instance| &instance.life)
            .filter(|life| asked(life).is_some())
            .cloned()
            .collect();
        ours.sort_by_key(|life| (asked(life), life.id.clone()));
        ours
    }
}
