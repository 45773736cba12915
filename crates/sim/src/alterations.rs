//! What faults change in the account, and how that stands.

use chrono::{DateTime, Utc};
use simian_core::{Alteration, Attached, GroupId, InstanceId, Lifecycle, Region, Standing};

use crate::calling::{Refused, refused};
use crate::group::GroupSpec;
use crate::instance::Instance;
use crate::operation::{Operation, Who};
use crate::state::{Happening, State};

/// The security group that lets nothing through.
pub(crate) const QUARANTINE: &str = "sg-0quarantine";

/// A change that a caller made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Altered {
    /// When it took effect.
    pub at: DateTime<Utc>,
    /// Where.
    pub region: Region,
    /// What.
    pub alteration: Alteration,
    /// What was attached to its instance before; none where it is about a group.
    pub before: Option<Attached>,
}

/// From a start to `running`, in seconds.
const STARTS: (u64, u64) = (20, 60);

impl State {
    /// How the account stands to a change.
    pub(crate) fn standing(&self, region: &Region, alteration: &Alteration) -> Standing {
        let so = |yes: bool| if yes { Standing::So } else { Standing::Otherwise };
        let there = |id: &InstanceId| self.instance(region, id).filter(|one| one.life.ended.is_none());
        let of = |id: &InstanceId, says: &dyn Fn(&Instance) -> Standing| there(id).map_or(Standing::Gone, says);
        let group = |name: &str| self.groups.get(&GroupId::new(region, name)).filter(|group| group.alive);
        match alteration {
            Alteration::Stop { instance } => of(instance, &|one| so(one.stopped.is_some())),
            Alteration::Start { instance } => of(instance, &|one| match (one.stopped, one.starting) {
                (Some(_), Some(_)) => Standing::Moving,
                (stopped, _) => so(stopped.is_none()),
            }),
            Alteration::SetGroups { interface, groups } => {
                let holds = |one: &&Instance| one.attached.interfaces.contains_key(interface);
                let owner = self.instances.values().filter(|one| one.life.ended.is_none()).find(holds);
                owner.map_or(Standing::Gone, |one| so(one.attached.interfaces[interface] == *groups))
            }
            Alteration::DetachVolume { volume, instance, .. } => {
                of(instance, &|one| so(!one.attached.volumes.values().any(|held| held == volume)))
            }
            Alteration::AttachVolume { volume, instance, device } => {
                of(instance, &|one| so(one.attached.volumes.get(device) == Some(volume)))
            }
            Alteration::Suspend { group: name, processes } => group(name)
                .map_or(Standing::Gone, |group| so(processes.iter().all(|process| group.is_suspended(process)))),
            Alteration::Resume { group: name, processes } => group(name)
                .map_or(Standing::Gone, |group| so(!processes.iter().any(|process| group.is_suspended(process)))),
            Alteration::Deregister { target_group, instance } => {
                of(instance, &|_| so(self.is_deregistered(target_group, instance)))
            }
            Alteration::Register { target_group, instance } => {
                of(instance, &|_| so(!self.is_deregistered(target_group, instance)))
            }
            Alteration::EnterStandby { instance, .. } => {
                of(instance, &|one| so(one.is_member() && one.lifecycle == Lifecycle::Standby))
            }
            Alteration::ExitStandby { instance, .. } => of(instance, &|one| match one.lifecycle {
                Lifecycle::Pending => Standing::Moving,
                _ => so(one.is_member() && one.lifecycle == Lifecycle::InService),
            }),
            // Nobody can come back to a group that is gone.
            Alteration::Attach { group: name, .. } | Alteration::Detach { group: name, .. }
                if group(name).is_none() =>
            {
                Standing::Gone
            }
            Alteration::Detach { instance, .. } => of(instance, &|one| so(!one.is_member())),
            Alteration::Attach { instance, .. } => {
                of(instance, &|one| so(one.is_member() && one.lifecycle == Lifecycle::InService))
            }
        }
    }

    /// Makes a change.
    pub(crate) fn alter(&mut self, region: &Region, alteration: &Alteration) -> Result<(), Refused> {
        let now = self.now;
        match self.standing(region, alteration) {
            Standing::Otherwise => {}
            Standing::So | Standing::Moving => return Err(refused("IncorrectState", "it is so already")),
            Standing::Gone => return Err(refused("NotFound", format!("{alteration}: there is no such thing"))),
        }
        let before = self.about(alteration).and_then(|id| Some(self.instances.get(&id)?.attached.clone()));
        match alteration {
            Alteration::Stop { instance } => {
                self.apply_or_refuse(Operation::StopMember(Who::Id(instance.clone())))?;
            }
            Alteration::Start { instance } => {
                let wait = self.chance(&["start", instance.as_str()]).between(STARTS.0, STARTS.1);
                if let Some(one) = self.instances.get_mut(instance) {
                    one.starting = Some(now);
                }
                self.enqueue_in(wait, Happening::Started(instance.clone()));
            }
            Alteration::SetGroups { interface, groups } => {
                let all = self.instances.values_mut().flat_map(|one| &mut one.attached.interfaces);
                for (_, has) in all.filter(|(id, _)| *id == interface) {
                    has.clone_from(groups);
                }
            }
            Alteration::DetachVolume { instance, device, .. } => {
                self.change_instance(instance, |one| drop(one.attached.volumes.remove(device)));
            }
            Alteration::AttachVolume { instance, device, .. }
                if self.instances.get(instance).is_some_and(|one| one.attached.volumes.contains_key(device)) =>
            {
                return Err(refused("InvalidParameterValue", format!("{device} is already in use")));
            }
            Alteration::AttachVolume { instance, device, volume } => {
                self.change_instance(instance, |one| drop(one.attached.volumes.insert(device.clone(), volume.clone())));
            }
            Alteration::Suspend { group, processes } => {
                for process in processes {
                    let group = GroupId::new(region, group);
                    self.apply(Operation::Suspend { group, process: process.clone() });
                }
            }
            Alteration::Resume { group, processes } => {
                for process in processes {
                    let group = GroupId::new(region, group);
                    self.apply(Operation::Resume { group, process: process.clone() });
                }
            }
            Alteration::Deregister { target_group, instance } => self.deregister(target_group, instance, true),
            Alteration::Register { target_group, instance } => self.deregister(target_group, instance, false),
            Alteration::EnterStandby { instance, .. } => {
                self.apply_or_refuse(Operation::Standby { who: Who::Id(instance.clone()), on: true })?;
            }
            Alteration::ExitStandby { instance, .. } => {
                self.apply_or_refuse(Operation::Standby { who: Who::Id(instance.clone()), on: false })?;
            }
            Alteration::Detach { group, instance } => self.detach(&GroupId::new(region, group), instance),
            Alteration::Attach { group, instance } => self.attach(&GroupId::new(region, group), instance),
        }
        if self.journal.is_some() && self.standing(region, alteration) != Standing::Otherwise {
            self.altered.push(Altered { at: now, region: region.clone(), alteration: alteration.clone(), before });
        }
        Ok(())
    }

    /// The instance that a change is about; none where it is a group.
    pub(crate) fn about(&self, alteration: &Alteration) -> Option<InstanceId> {
        match alteration {
            Alteration::Stop { instance }
            | Alteration::Start { instance }
            | Alteration::DetachVolume { instance, .. }
            | Alteration::AttachVolume { instance, .. }
            | Alteration::Deregister { instance, .. }
            | Alteration::Register { instance, .. }
            | Alteration::EnterStandby { instance, .. }
            | Alteration::ExitStandby { instance, .. }
            | Alteration::Detach { instance, .. }
            | Alteration::Attach { instance, .. } => Some(instance.clone()),
            Alteration::SetGroups { interface, .. } => {
                let holds = |one: &&Instance| one.attached.interfaces.contains_key(interface);
                self.instances.values().find(holds).map(|one| one.life.id.clone())
            }
            Alteration::Suspend { .. } | Alteration::Resume { .. } => None,
        }
    }

    /// Whoever is not in the state for it is refused.
    fn apply_or_refuse(&mut self, operation: Operation) -> Result<(), Refused> {
        if self.apply(operation) { Ok(()) } else { Err(refused("ValidationError", "it is not in the state for that")) }
    }

    fn change_instance(&mut self, id: &InstanceId, change: impl FnOnce(&mut Instance)) {
        if let Some(one) = self.instances.get_mut(id) {
            change(one);
        }
    }

    /// A started instance is up, unless it ended meanwhile.
    pub(crate) fn started(&mut self, id: &InstanceId) {
        let now = self.now;
        let Some(one) = self.instances.get_mut(id).filter(|one| one.life.ended.is_none()) else { return };
        (one.stopped, one.starting) = (None, None);
        one.life.rebooted.push(now);
        let group = one.life.group.clone();
        self.touch(&group);
    }

    /// Out of its group, with one less desired.
    fn detach(&mut self, group: &GroupId, id: &InstanceId) {
        let now = self.now;
        self.change_instance(id, |one| one.life.left = Some(now));
        self.change_group(group, |spec, members| {
            members.retain(|member| member != id);
            spec.desired = spec.desired.saturating_sub(1).max(spec.min);
        });
    }

    fn attach(&mut self, group: &GroupId, id: &InstanceId) {
        self.change_instance(id, |one| (one.life.left, one.lifecycle) = (None, Lifecycle::InService));
        self.change_group(group, |spec, members| {
            members.push(id.clone());
            spec.desired = (spec.desired + 1).min(spec.max);
        });
    }

    fn change_group(&mut self, id: &GroupId, change: impl FnOnce(&mut GroupSpec, &mut Vec<InstanceId>)) {
        if let Some(group) = self.group_mut(id) {
            change(&mut group.spec, &mut group.members);
        }
        self.touch(id);
        self.reconcile(id);
    }
}
