//! What groups do of themselves: launch what is missing, notice who died, replace the unhealthy, let go.
//!
//! Suspended processes keep a group from it, by the names that Auto Scaling gives them.

use chrono::{DateTime, TimeDelta, Utc};
use simian_core::detail::Progress;
use simian_core::{GroupId, InstanceId, Lifecycle};

use crate::activities::{Activities, Deed};
use crate::group::{GroupSpec, HISTORY, SimGroup};
use crate::instance::EndedBy;
use crate::state::{Happening, State};

/// A group notices a dead member within so many seconds; until then it describes it as in service.
const NOTICE_SECONDS: u64 = 60;
/// A graceful end without a hook takes so many seconds.
const RELEASE_SECONDS: (u64, u64) = (5, 20);
/// A reboot takes so many seconds, from the request to the service being back.
const REBOOT_SECONDS: (u64, u64) = (60, 180);
/// A new account's groups have been at work for so many hours at most.
const SETTLED_HOURS: u64 = 30 * 24;

impl State {
    /// A group that has been at work for days: all its members are in service.
    pub(crate) fn found(&mut self, spec: GroupSpec) -> bool {
        let (id, desired) = (spec.id.clone(), spec.desired);
        if !self.create(spec) {
            return false;
        }
        for _ in 0..desired {
            let Some(instance) = self.launch(&id) else { break };
            let seconds = self.chance(&["age", instance.as_str()]).between(3600, SETTLED_HOURS * 3600);
            let age = TimeDelta::seconds(i64::try_from(seconds).unwrap_or(3600));
            if let Some(instance) = self.instances.get_mut(&instance) {
                instance.life.launched -= age;
                instance.life.in_service = Some(instance.life.launched + TimeDelta::minutes(3));
                instance.lifecycle = Lifecycle::InService;
            }
        }
        self.settle();
        if let Some(group) = self.groups.get_mut(&id) {
            group.backdate(self.now);
            // They were launched long ago.
            group.activities = Activities::default();
        }
        true
    }

    /// A new, empty group. False when there is one of that name, or no such region.
    pub(crate) fn create(&mut self, spec: GroupSpec) -> bool {
        let id = spec.id.clone();
        if !self.regions.contains(&id.region) || self.groups.get(&id).is_some_and(|group| group.alive) {
            return false;
        }
        self.supplies.open(&spec.zones);
        for arn in &spec.target_groups {
            self.balancers.entry(arn.clone()).or_default();
        }
        match self.groups.get_mut(&id) {
            Some(before) => before.again(spec),
            None => {
                self.groups.insert(id.clone(), SimGroup::new(spec));
            }
        }
        self.touch(&id);
        true
    }

    /// Deletes a group with all that is in it.
    pub(crate) fn delete(&mut self, id: &GroupId) -> bool {
        let Some(group) = self.group_mut(id) else { return false };
        group.alive = false;
        for member in std::mem::take(&mut group.members) {
            self.end(&member, EndedBy::Group("deleted"));
            if let Some(instance) = self.instances.get_mut(&member) {
                instance.life.left = Some(self.now);
            }
        }
        self.touch(id);
        self.enqueue(self.now + HISTORY * 2, Happening::Purged(id.clone()));
        true
    }

    /// Launches as many as are missing; ends as many as are too many.
    pub(crate) fn reconcile(&mut self, id: &GroupId) {
        let Some(group) = self.groups.get(id).filter(|group| group.alive) else { return };
        let active = group.members.iter().filter(|member| self.instances[*member].is_active()).count();
        let desired = group.spec.desired as usize;
        let (may_launch, may_end) = (!group.is_suspended("Launch"), !group.is_suspended("Terminate"));
        if may_launch {
            for _ in active..desired {
                if self.launch(id).is_none() {
                    break;
                }
            }
        }
        if may_end {
            for _ in desired..active {
                let Some(member) = self.superfluous(id) else { break };
                self.begin_end(&member, EndedBy::Group("scaled in"));
            }
        }
    }

    /// Whom a scale in takes: from the fullest zone the oldest that is not protected.
    fn superfluous(&self, id: &GroupId) -> Option<InstanceId> {
        let group = self.groups.get(id)?;
        let active = || group.members.iter().map(|id| &self.instances[id]).filter(|instance| instance.is_active());
        let in_zone = |zone: &str| active().filter(|instance| instance.life.zone == zone).count();
        active()
            .filter(|instance| !instance.protected)
            .min_by_key(|instance| (std::cmp::Reverse(in_zone(&instance.life.zone)), instance.life.launched))
            .map(|instance| instance.life.id.clone())
    }

    /// The boot is over.
    pub(crate) fn serve(&mut self, id: &InstanceId) {
        let now = self.now;
        let Some(instance) = self.instances.get_mut(id) else { return };
        if instance.is_member() && instance.is_up() && instance.lifecycle == Lifecycle::Pending {
            instance.lifecycle = Lifecycle::InService;
            instance.life.in_service = Some(now);
            let group = instance.life.group.clone();
            self.end_launch(&group, id, &Progress::Done);
            self.touch(&group);
        }
    }

    /// EC2 ends the instance at once. Its group hears of it later. False when it had ended before.
    pub(crate) fn end(&mut self, id: &InstanceId, by: EndedBy) -> bool {
        let now = self.now;
        let Some(instance) = self.instances.get_mut(id).filter(|instance| instance.life.ended.is_none()) else {
            return false;
        };
        instance.life.ended = Some((now, by));
        let zone = instance.life.zone.clone();
        self.give_address(&zone);
        self.notice_later(id);
        true
    }

    /// The operating system goes down now and is back in a while. Who is not up stays as it is. Its group does not
    /// replace it: no group looks that soon.
    pub(crate) fn restart(&mut self, id: &InstanceId) {
        let now = self.now;
        let wait = self.reboot_time(id, now);
        let Some(instance) = self.instances.get_mut(id).filter(|instance| instance.is_up()) else { return };
        instance.life.rebooted.push(now);
        instance.rebooting = Some(now + wait);
        let group = instance.life.group.clone();
        self.touch(&group);
        self.enqueue(now + wait, Happening::Rebooted(id.clone()));
    }

    /// How long the reboot that began then takes.
    pub(crate) fn reboot_time(&self, id: &InstanceId, began: DateTime<Utc>) -> TimeDelta {
        let mut chance = self.chance(&["reboot", id.as_str(), &began.to_rfc3339()]);
        TimeDelta::seconds(i64::try_from(chance.between(REBOOT_SECONDS.0, REBOOT_SECONDS.1)).unwrap_or(0))
    }

    /// It is up again, unless it was rebooted once more meanwhile.
    pub(crate) fn rebooted(&mut self, id: &InstanceId) {
        let now = self.now;
        let Some(instance) = self.instances.get_mut(id) else { return };
        if instance.rebooting.is_some_and(|until| until <= now) {
            instance.rebooting = None;
            let group = instance.life.group.clone();
            self.touch(&group);
        }
    }

    /// The group will look at this member within [`NOTICE_SECONDS`].
    pub(crate) fn notice_later(&mut self, id: &InstanceId) {
        let delay = self.chance(&["notice", id.as_str()]).between(0, NOTICE_SECONDS);
        self.enqueue_in(delay, Happening::Noticed(id.clone()));
    }

    /// The group looks at a member that may be dead or unhealthy, and replaces it if it may.
    pub(crate) fn notice(&mut self, id: &InstanceId) {
        let Some(instance) = self.instances.get_mut(id) else { return };
        let well = instance.is_up() && instance.healthy;
        // The warm pool and standby are not health checked; who terminates is on its way out already.
        let watched = matches!(instance.lifecycle, Lifecycle::Pending | Lifecycle::InService);
        let ended = instance.life.ended.is_some();
        if !instance.is_member() || well || !(watched || ended) || instance.lifecycle == Lifecycle::Terminating {
            return;
        }
        let group_id = instance.life.group.clone();
        let Some(group) = self.groups.get(&group_id) else { return };
        if group.is_suspended("HealthCheck") {
            return;
        }
        instance.healthy = false;
        let may_replace = !group.is_suspended("ReplaceUnhealthy") && !group.is_suspended("Terminate");
        self.touch(&group_id);
        if ended && may_replace {
            self.leave(id);
        } else if may_replace {
            self.begin_end(id, EndedBy::Group("unhealthy"));
        }
    }

    /// A graceful end: the group stops counting the member, waits for its hook, then ends it. False when the member
    /// is not there or going already.
    pub(crate) fn begin_end(&mut self, id: &InstanceId, by: EndedBy) -> bool {
        let now = self.now;
        let Some(instance) = self.instances.get_mut(id).filter(|instance| instance.is_member()) else { return false };
        if instance.lifecycle == Lifecycle::Terminating {
            return false;
        }
        instance.lifecycle = Lifecycle::Terminating;
        instance.life.leaving = Some((now, by));
        let group = instance.life.group.clone();
        let hook = self.groups.get(&group).and_then(|group| group.spec.hook_seconds);
        let mut chance = self.chance(&["release", id.as_str()]);
        let wait = match hook {
            Some(seconds) => chance.between(1, u64::from(seconds)),
            None => chance.between(RELEASE_SECONDS.0, RELEASE_SECONDS.1),
        };
        self.enqueue_in(wait, Happening::Released(id.clone()));
        self.end_launch(&group, id, &Progress::Cancelled);
        self.begin_activity(&group, Deed::End { hooked: hook.is_some() }, id);
        self.touch(&group);
        true
    }

    /// The hook is through: the instance ends and its group replaces it.
    pub(crate) fn release(&mut self, id: &InstanceId) {
        let now = self.now;
        let Some(instance) = self.instances.get_mut(id) else { return };
        if instance.life.ended.is_none() {
            let by = instance.life.leaving.map_or(EndedBy::Group("released"), |(_, by)| by);
            instance.life.ended = Some((now, by));
            let zone = instance.life.zone.clone();
            self.give_address(&zone);
        }
        self.leave(id);
    }

    /// The group lets the member go and launches what is now missing.
    fn leave(&mut self, id: &InstanceId) {
        let now = self.now;
        let Some(instance) = self.instances.get_mut(id).filter(|instance| instance.is_member()) else { return };
        instance.life.left = Some(now);
        let group_id = instance.life.group.clone();
        if instance.life.leaving.is_none() {
            // It was dead when its group saw it: there is nothing to wait for.
            self.end_launch(&group_id, id, &Progress::Cancelled);
            self.begin_activity(&group_id, Deed::End { hooked: false }, id);
        }
        self.end_termination(&group_id, id);
        if let Some(group) = self.groups.get_mut(&group_id) {
            group.members.retain(|member| member != id);
        }
        self.touch(&group_id);
        self.reconcile(&group_id);
    }

    /// Processes run again: the group looks at whom it missed, and at its size.
    pub(crate) fn catch_up(&mut self, id: &GroupId) {
        let Some(group) = self.groups.get(id) else { return };
        let lost: Vec<InstanceId> = group
            .members
            .iter()
            .filter(|id| !self.instances[*id].is_up() || !self.instances[*id].healthy)
            .cloned()
            .collect();
        for id in lost {
            self.notice_later(&id);
        }
        self.reconcile(id);
    }
}
