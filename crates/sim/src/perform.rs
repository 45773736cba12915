//! How each operation is done.

use chrono::TimeDelta;
use simian_core::detail::Progress;
use simian_core::resource::{About, VolumeState};
use simian_core::{GroupId, InstanceId, Lifecycle, Name};

use crate::group::GroupSpec;
use crate::instance::EndedBy;
use crate::operation::{Operation, Performed, Who};
use crate::state::{Happening, State};

impl State {
    /// Does it now, and says whether there was something to do it to.
    pub(crate) fn perform(&mut self, operation: Operation) -> bool {
        let found = self.apply(operation.clone());
        self.performed.push(Performed { at: self.now, operation, found });
        found
    }

    /// Does it now, whoever asked.
    pub(crate) fn apply(&mut self, operation: Operation) -> bool {
        match operation {
            Operation::SetTag { group, key, value } => self.change(&group, |spec| {
                spec.tags.insert(key, value);
            }),
            Operation::RemoveTag { group, key } => self.change(&group, |spec| {
                spec.tags.remove(&key);
            }),
            Operation::Scale { group, desired } => self.change_and_size(&group, |spec| {
                spec.desired = desired;
                spec.min = spec.min.min(desired);
                spec.max = spec.max.max(desired);
            }),
            Operation::Deploy { group, retire_after } => self.deploy(&group, retire_after),
            Operation::Refresh { group, every } => self.start_refresh(&group, every),
            Operation::StickRefresh(group) => self.stick_refresh(&group),
            Operation::CancelRefresh(group) => self.cancel_refresh(&group),
            Operation::SpotLoss { group } => self.spot_loss(&group),
            Operation::KillMember(who) => self.find(&who).is_some_and(|id| self.end(&id, EndedBy::Outside("killed"))),
            Operation::StopMember(who) => self.stop(&who),
            Operation::ZoneOutage { zone, lasts } => self.zone_outage(zone, lasts),
            Operation::Suspend { group, process } => self.change(&group, |spec| {
                spec.suspended.insert(process);
            }),
            Operation::Resume { group, process } => {
                let found = self.change(&group, |spec| {
                    spec.suspended.remove(&process);
                });
                self.catch_up(&group);
                found
            }
            Operation::SetHealth { who, healthy } => self.set_health(&who, healthy),
            Operation::Protect { who, on } => self.change_member(&who, |instance| instance.protected = on),
            Operation::Shield { who, on } => self.change_member(&who, |instance| instance.shielded = on),
            Operation::Silence { who, on } => {
                let since = on.then_some(self.now);
                self.change_member(&who, |instance| instance.silent = since)
            }
            Operation::Standby { who, on } => self.standby(&who, on),
            Operation::Warm { who, on } => {
                let lifecycle = if on { Lifecycle::Warmed } else { Lifecycle::InService };
                self.move_member(&who, lifecycle, |_| {})
            }
            Operation::SetImages { group, there } => self.set_images(&group, there),
            Operation::SetTemplates { group, there } => self.set_templates(&group, there),
            Operation::SetAddresses { zone, free } => self.set_addresses(&zone, free),
            Operation::SetTarget { target_group, who, healthy } => {
                self.find(&who).is_some_and(|id| self.set_target(&target_group, id, healthy))
            }
            Operation::SetUsed { target_group, used } => self.set_used(&target_group, used),
            Operation::SetAlarm { region, name, state } => self.set_alarm((region, name), state),
            Operation::BindAlarm { name, group, fewer_than } => self.bind_alarm(name, group, fewer_than),
            Operation::RemoveAlarm { region, name } => self.remove_alarm(&(region, name)),
            Operation::SetLever { region, lever } => self.set_lever(region, lever),
            Operation::SetCalendar { calendar, state } => {
                self.calendars.insert(calendar.arn().to_owned(), state);
                true
            }
            Operation::PutResource { region, resource } => self.put(&region, *resource),
            Operation::AttachVolume { region, volume, to } => self.amend(&region, &volume, |resource| {
                if let About::Volume(volume) = &mut resource.about {
                    volume.state = if to.is_some() { VolumeState::InUse } else { VolumeState::Available };
                    volume.attached = to.into_iter().collect();
                }
            }),
            Operation::RemoveResource { region, resource } => self.take(&region, &resource),
            Operation::TagResource { region, resource, key, value } => {
                let ids = [resource.id.clone()];
                self.tag_resources(&region, resource.kind, &ids, &key, value.as_deref()).is_ok()
            }
            Operation::Share { region, resource, with } => self.share(&region, &resource, with),
            Operation::CreateGroup(spec) => {
                let id = spec.id.clone();
                let created = self.create(spec);
                self.reconcile(&id);
                created
            }
            Operation::DeleteGroup(group) => self.delete(&group),
        }
    }

    fn change(&mut self, id: &GroupId, change: impl FnOnce(&mut GroupSpec)) -> bool {
        let Some(group) = self.group_mut(id) else { return false };
        change(&mut group.spec);
        self.touch(id);
        true
    }

    fn change_and_size(&mut self, id: &GroupId, change: impl FnOnce(&mut GroupSpec)) -> bool {
        let found = self.change(id, change);
        self.reconcile(id);
        found
    }

    fn find(&self, who: &Who) -> Option<InstanceId> {
        match who {
            Who::Id(id) => Some(id.clone()),
            Who::Nth(group, nth) => self.groups.get(group)?.members.get(*nth).cloned(),
        }
    }

    fn change_member(&mut self, who: &Who, change: impl FnOnce(&mut crate::instance::Instance)) -> bool {
        let Some(id) = self.find(who) else { return false };
        let Some(instance) = self.instances.get_mut(&id).filter(|instance| instance.is_member()) else { return false };
        change(instance);
        let group = instance.life.group.clone();
        self.touch(&group);
        true
    }

    /// Moves a member to another place in its life, unless it is on its way out.
    fn move_member(&mut self, who: &Who, to: Lifecycle, change: impl FnOnce(&mut GroupSpec)) -> bool {
        let Some(id) = self.find(who) else { return false };
        let Some(instance) = self.instances.get_mut(&id) else { return false };
        if !instance.is_member() || !instance.is_up() || matches!(instance.lifecycle, Lifecycle::Terminating) {
            return false;
        }
        if instance.lifecycle == to {
            return false;
        }
        instance.lifecycle = to;
        let group = instance.life.group.clone();
        self.end_launch(&group, &id, &Progress::Done);
        self.change_and_size(&group, change)
    }

    fn standby(&mut self, who: &Who, on: bool) -> bool {
        if on {
            self.move_member(who, Lifecycle::Standby, |spec| {
                if spec.desired > spec.min {
                    spec.desired -= 1;
                }
            })
        } else {
            self.move_member(who, Lifecycle::InService, |spec| spec.desired = (spec.desired + 1).min(spec.max))
        }
    }

    fn set_health(&mut self, who: &Who, healthy: bool) -> bool {
        let Some(id) = self.find(who) else { return false };
        let found = self.change_member(who, |instance| instance.healthy = healthy);
        if found && !healthy {
            self.notice_later(&id);
        }
        found
    }

    fn stop(&mut self, who: &Who) -> bool {
        let now = self.now;
        let Some(id) = self.find(who) else { return false };
        match self.instances.get_mut(&id) {
            Some(instance) if instance.is_up() => instance.stopped = Some(now),
            _ => return false,
        }
        self.notice_later(&id);
        true
    }

    fn spot_loss(&mut self, id: &GroupId) -> bool {
        let Some(group) = self.groups.get(id).filter(|group| group.alive) else { return false };
        let serving: Vec<&InstanceId> = group
            .members
            .iter()
            .filter(|id| self.instances[*id].lifecycle == Lifecycle::InService && self.instances[*id].is_up())
            .collect();
        let mut chance = self.chance(&["spot", id.region.as_str(), &id.name, &self.now.to_rfc3339()]);
        let Some(id) = serving.get(chance.index(serving.len())).map(|id| (*id).clone()) else { return false };
        self.end(&id, EndedBy::Outside("spot loss"))
    }

    fn zone_outage(&mut self, zone: String, lasts: TimeDelta) -> bool {
        let hit: Vec<InstanceId> = self
            .instances
            .values()
            .filter(|instance| instance.life.zone == zone && instance.life.ended.is_none())
            .map(|instance| instance.life.id.clone())
            .collect();
        self.zones_out.insert(zone, self.now + lasts);
        for id in &hit {
            self.end(id, EndedBy::Outside("zone outage"));
        }
        !hit.is_empty()
    }

    fn deploy(&mut self, id: &GroupId, retire_after: TimeDelta) -> bool {
        let cluster = Name::parse(&id.name).cluster();
        let mut old: Vec<GroupId> = self
            .groups
            .iter()
            .filter(|(other, group)| group.alive && other.region == id.region)
            .filter(|(other, _)| Name::parse(&other.name).cluster() == cluster)
            .map(|(other, _)| other.clone())
            .collect();
        old.sort_by_key(|other| Name::parse(&other.name).push);
        let Some(newest) = old.last() else { return false };
        let mut spec = self.groups[newest].spec.clone();
        let push = Name::parse(&newest.name).push.map_or(0, |push| push + 1);
        spec.id.name = format!("{cluster}-v{push:03}");
        spec.template_version += 1;
        let new = spec.id.clone();
        if !self.create(spec) {
            return false;
        }
        self.reconcile(&new);
        let retire = self.now + retire_after;
        for old in old {
            self.enqueue(retire, Happening::Outside(Operation::DeleteGroup(old)));
        }
        true
    }
}
