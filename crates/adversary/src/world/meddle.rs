//! What somebody does to whoever has a fault just now.

use simian_core::{Cause, InstanceId, Region};
use simian_sim::{Fault, Operation, Who, call};

use super::stage::Stage;
use crate::scenario::Meddling;

/// What the keys of the tags begin with that a fault leaves.
pub(crate) const FAULT_TAG: &str = "simian:fault:";

impl Stage {
    /// Those of a region that have a fault by their tags now.
    fn with_faults(&self, region: &Region) -> Vec<InstanceId> {
        let lives = self.cloud.truth().lives();
        let here = lives.values().filter(|life| life.group.region == *region && life.ended.is_none());
        let tagged = |id: &InstanceId| self.cloud.instance_tags(id).keys().any(|key| key.starts_with(FAULT_TAG));
        here.map(|life| life.id.clone()).filter(tagged).collect()
    }

    pub(super) fn meddle(&self, region: &Region, how: Meddling) {
        let now = self.now();
        if how == Meddling::Answer {
            return self.all_answer(Some(region));
        }
        for id in self.with_faults(region) {
            self.shared().log.meddled.push((now, id.clone(), how));
            let who = Who::Id(id.clone());
            match how {
                Meddling::Silence => drop(self.cloud.perform(Operation::Silence { who, on: true })),
                Meddling::LoseTags => self.cloud.lose_tags(&id, FAULT_TAG),
                Meddling::Groups => self.cloud.amend_attached(&id, |attached| {
                    attached.interfaces.values_mut().for_each(|groups| *groups = vec!["sg-0theirs".to_owned()]);
                }),
                Meddling::Volumes => self.cloud.amend_attached(&id, |attached| {
                    attached.volumes.insert("/dev/sdf".to_owned(), "vol-0theirs".to_owned());
                }),
                Meddling::Serve => drop(self.cloud.perform(Operation::Standby { who, on: false })),
                Meddling::Kill => drop(self.cloud.perform(Operation::KillMember(who))),
                Meddling::Answer => {}
            }
        }
    }

    /// Every agent answers, of that region or of all.
    pub(crate) fn all_answer(&self, region: Option<&Region>) {
        let lives = self.cloud.truth().lives();
        for life in lives.values().filter(|life| region.is_none_or(|region| life.group.region == *region)) {
            if life.ended.is_none() {
                self.cloud.perform(Operation::Silence { who: Who::Id(life.id.clone()), on: false });
            }
        }
    }

    pub(super) fn fail_undos(&self, times: u32, done: bool) {
        for nth in 1..=u64::from(times) {
            for name in [call::ALTER, call::SEND, call::UNTAG] {
                let cause = Cause::Timeout;
                self.cloud.inject(name, nth, if done { Fault::ErrorAfter(cause) } else { Fault::ErrorBefore(cause) });
            }
        }
    }
}
