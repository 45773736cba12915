//! How a group launches: one instance at a time, and again after a while when there was nowhere or nothing to launch.

use chrono::TimeDelta;
use simian_core::resource::Tags;
use simian_core::{Attached, GroupId, InstanceId, Lifecycle};

use crate::activities::Deed;
use crate::chance::Chance;
use crate::instance::{Instance, Life};
use crate::state::{Happening, State};

/// A launch that failed is tried again after so many seconds, and after twice as long each time, up to the last of them.
const AGAIN_SECONDS: (u64, u64) = (30, 600);

impl State {
    /// Launches one instance in the emptiest zone that has room. If that fails it is tried again later.
    pub(crate) fn launch(&mut self, id: &GroupId) -> Option<InstanceId> {
        let now = self.now;
        self.zones_out.retain(|_, until| *until > now);
        let zone = match self.place(id) {
            Ok(zone) => zone,
            Err(why) => {
                self.fail_launch(id, why);
                self.try_again(id);
                return None;
            }
        };
        let group = self.groups.get(id)?;
        let number = group.launched.to_string();
        let mut chance = self.chance(&["instance", id.region.as_str(), &id.name, &number]);
        let boot = &group.spec.boot_seconds;
        let boot = chance.between(u64::from(*boot.start()), u64::from(*boot.end()));
        self.take_address(&zone);
        let instance = self.newborn(id, zone, &mut chance);
        let group = self.groups.get_mut(id)?;
        group.launched += 1;
        group.failures = 0;
        group.members.push(instance.life.id.clone());
        let instance_id = instance.life.id.clone();
        self.instances.insert(instance_id.clone(), instance);
        self.begin_activity(id, Deed::Launch, &instance_id);
        self.enqueue_in(boot, Happening::Serves(instance_id.clone()));
        self.touch(id);
        Some(instance_id)
    }

    /// In a while, and as soon as a zone is back.
    fn try_again(&mut self, id: &GroupId) {
        let now = self.now;
        let Some(group) = self.groups.get_mut(id) else { return };
        let zones = &group.spec.zones;
        let back = self.zones_out.iter().filter(|(zone, _)| zones.contains(zone)).map(|(_, at)| *at).min();
        let waiting = group.again.is_some_and(|at| at > now);
        if !waiting {
            let (first, most) = AGAIN_SECONDS;
            let wait = (first << group.failures.min(16)).min(most);
            group.failures += 1;
            let at = now + TimeDelta::seconds(i64::try_from(wait).unwrap_or(0));
            group.again = Some(at);
            self.enqueue(at, Happening::Sized(id.clone()));
        }
        if let Some(back) = back {
            self.enqueue(back, Happening::Sized(id.clone()));
        }
    }

    fn newborn(&self, id: &GroupId, zone: String, chance: &mut Chance) -> Instance {
        let instance_id = loop {
            // Seventeen hexadecimal digits, as EC2 has given them since 2016.
            let (high, low) = (chance.next() >> 60, chance.next());
            let instance_id = InstanceId::new(format!("i-{high:x}{low:016x}"));
            if !self.instances.contains_key(&instance_id) {
                break instance_id;
            }
        };
        let suffix = instance_id.as_str().trim_start_matches("i-").to_owned();
        Instance {
            life: Life {
                id: instance_id,
                group: id.clone(),
                zone,
                launched: self.now,
                in_service: None,
                leaving: None,
                warned: None,
                ended: None,
                left: None,
                rebooted: Vec::new(),
            },
            lifecycle: Lifecycle::Pending,
            healthy: true,
            protected: false,
            shielded: false,
            stopped: None,
            rebooting: None,
            template_version: self.groups.get(id).map_or(1, |group| group.spec.template_version),
            tags: Tags::new(),
            attached: attached(&suffix, self.groups.get(id).is_some_and(|group| group.spec.spot)),
            silent: None,
            starting: None,
        }
    }
}

/// A network interface in the fleet's one security group, and a disk beside the one that it boots from.
fn attached(suffix: &str, spot: bool) -> Attached {
    Attached {
        vpc: Some("vpc-0fleet".into()),
        interfaces: [(format!("eni-{suffix}"), vec!["sg-0fleet".to_owned()])].into(),
        volumes: [("/dev/sdf".to_owned(), format!("vol-{suffix}"))].into(),
        stoppable: true,
        ephemeral: false,
        spot,
    }
}
