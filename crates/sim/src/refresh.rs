//! Instance refreshes: the template's version rises, and members are replaced one after another.
//!
//! At most one of a group is under way. It has ended when no member is of an older version, all that are desired serve
//! and nobody is on the way; a cancelled one when nobody is on the way any more.

use chrono::TimeDelta;
use simian_core::detail::Refresh;
use simian_core::{GroupId, Lifecycle};

use crate::instance::EndedBy;
use crate::past::Past;
use crate::state::{Happening, State};

/// What a group refreshes, and what is shown of it.
#[derive(Debug)]
pub(crate) struct Refreshing {
    /// Its status, while there is one under way.
    pub(crate) shown: Past<Option<Refresh>>,
    under_way: Option<UnderWay>,
}

#[derive(Clone, Copy, Debug)]
struct UnderWay {
    /// The version that it replaces members by: no two of a group have the same.
    version: u32,
    /// From one member to the next.
    every: TimeDelta,
    stuck: bool,
    cancelled: bool,
}

impl Default for Refreshing {
    fn default() -> Self {
        Self { shown: Past::always(None), under_way: None }
    }
}

/// A status as the API writes it. Source: Auto Scaling API, `InstanceRefreshStatus`.
fn status(word: &str) -> Refresh {
    Refresh { status: word.to_owned() }
}

impl State {
    /// Starts one. False when there is no such group, or one under way already.
    pub(crate) fn start_refresh(&mut self, id: &GroupId, every: TimeDelta) -> bool {
        let now = self.now;
        let Some(group) = self.group_mut(id).filter(|group| group.refreshing.under_way.is_none()) else { return false };
        group.spec.template_version += 1;
        let version = group.spec.template_version;
        group.refreshing.under_way = Some(UnderWay { version, every, stuck: false, cancelled: false });
        group.refreshing.shown.set(now, Some(status("InProgress")));
        self.touch(id);
        self.refresh_step(id, version);
        true
    }

    /// It replaces nobody any more and does not end. False when none is under way.
    pub(crate) fn stick_refresh(&mut self, id: &GroupId) -> bool {
        let under_way = self.group_mut(id).and_then(|group| group.refreshing.under_way.as_mut());
        under_way.map(|under_way| under_way.stuck = true).is_some()
    }

    /// It replaces nobody any more, and has ended once who is on the way has arrived. False when none is under way.
    pub(crate) fn cancel_refresh(&mut self, id: &GroupId) -> bool {
        let now = self.now;
        let Some(group) = self.group_mut(id) else { return false };
        let Some(under_way) = &mut group.refreshing.under_way else { return false };
        under_way.cancelled = true;
        group.refreshing.shown.set(now, Some(status("Cancelling")));
        self.touch(id);
        true
    }

    /// Replaces the oldest member of an older version, and comes back for the next.
    pub(crate) fn refresh_step(&mut self, id: &GroupId, version: u32) {
        let Some(group) = self.groups.get(id).filter(|group| group.alive) else { return };
        let going_on = |one: &UnderWay| one.version == version && !one.stuck && !one.cancelled;
        let Some(under_way) = group.refreshing.under_way.filter(going_on) else { return };
        let next = group
            .members
            .iter()
            .find(|id| self.instances[*id].is_active() && self.instances[*id].template_version < version)
            .cloned();
        if let Some(member) = next {
            self.begin_end(&member, EndedBy::Group("refreshed"));
            self.enqueue(self.now + under_way.every, Happening::Refreshed { group: id.clone(), version });
        }
    }

    /// Whether the one under way is over by now. Asked whenever something of the group has changed.
    pub(crate) fn settle_refresh(&mut self, id: &GroupId) {
        let now = self.now;
        let Some(group) = self.groups.get(id) else { return };
        let Some(under_way) = group.refreshing.under_way else { return };
        let members = || group.members.iter().map(|id| &self.instances[id]);
        let on_the_way = members().any(|one| matches!(one.lifecycle, Lifecycle::Pending | Lifecycle::Terminating));
        let renewed = || {
            members().filter(|one| one.is_active()).all(|one| one.template_version >= under_way.version)
                && self.serving(id) >= group.spec.desired as usize
        };
        let over = !on_the_way && (under_way.cancelled || (!under_way.stuck && renewed()));
        if over || !group.alive {
            self.end_refresh(id, now);
        }
    }

    fn end_refresh(&mut self, id: &GroupId, now: chrono::DateTime<chrono::Utc>) {
        if let Some(group) = self.groups.get_mut(id) {
            group.refreshing.under_way = None;
            group.refreshing.shown.set(now, None);
        }
    }
}
