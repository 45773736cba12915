//! The account behind its port `Actuator`: what may be done to it.

use std::collections::BTreeSet;

use async_trait::async_trait;
use simian_core::ports::MAX_BATCH;
use simian_core::resource::Tags;
use simian_core::{
    Actuator, Alteration, CallError, Disposal, Experiment, InstanceId, Lifecycle, Region, ResourceId, ResourceKind,
};

use crate::account::SimAccount;
use crate::alterations::QUARANTINE;
use crate::calling::{Refused, refused};
use crate::cloud::listed;
use crate::instance::{EndedBy, Instance};
use crate::state::State;
use crate::traffic::{Ending, Fate, call};

#[async_trait]
impl Actuator for SimAccount {
    async fn terminate(&self, region: &Region, ids: &[InstanceId]) -> Result<Vec<InstanceId>, CallError> {
        self.call(call::TERMINATE, Some(region), listed(ids), |state, fate| state.terminate(region, reached(ids, fate)))
            .await
    }

    async fn terminate_in_group(&self, region: &Region, id: &InstanceId) -> Result<(), CallError> {
        self.call(call::TERMINATE_IN_GROUP, Some(region), id.to_string(), |state, _| {
            state.terminate_in_group(region, id)
        })
        .await
    }

    async fn reboot(&self, region: &Region, ids: &[InstanceId]) -> Result<(), CallError> {
        self.call(call::REBOOT, Some(region), listed(ids), |state, fate| state.reboot(region, reached(ids, fate))).await
    }

    async fn begin_experiment(&self, region: &Region, experiment: &Experiment) -> Result<String, CallError> {
        let summary = listed(&experiment.targets);
        self.call(call::EXPERIMENT, Some(region), summary, |state, _| state.begin_experiment(region, experiment)).await
    }

    async fn stop_experiment(&self, region: &Region, id: &str) -> Result<(), CallError> {
        self.call(call::STOP_EXPERIMENT, Some(region), id.to_owned(), |state, _| state.stop_experiment(region, id))
            .await
    }

    async fn alter(&self, region: &Region, alteration: &Alteration) -> Result<(), CallError> {
        self.call(call::ALTER, Some(region), alteration.to_string(), |state, _| state.alter(region, alteration)).await
    }

    async fn quarantine(&self, region: &Region, vpc: &str) -> Result<String, CallError> {
        self.call(call::QUARANTINE, Some(region), vpc.to_owned(), |_, _| Ok(QUARANTINE.to_owned())).await
    }

    async fn tag(
        &self,
        region: &Region,
        kind: ResourceKind,
        ids: &[String],
        key: &str,
        value: &str,
    ) -> Result<(), CallError> {
        self.call(call::TAG, Some(region), ids.join(" "), |state, fate| {
            state.tag_resources(region, kind, reached(ids, fate), key, Some(value))
        })
        .await
    }

    async fn untag(&self, region: &Region, kind: ResourceKind, ids: &[String], key: &str) -> Result<(), CallError> {
        self.call(call::UNTAG, Some(region), ids.join(" "), |state, fate| {
            state.tag_resources(region, kind, reached(ids, fate), key, None)
        })
        .await
    }

    async fn save(&self, region: &Region, resource: &ResourceId, tags: &Tags) -> Result<Option<String>, CallError> {
        self.call(call::SAVE, Some(region), resource.to_string(), |state, _| state.save(region, resource, tags)).await
    }

    async fn dispose(&self, region: &Region, resource: &ResourceId, disposal: &Disposal) -> Result<(), CallError> {
        self.call(call::DISPOSE, Some(region), resource.to_string(), |state, _| {
            state.dispose(region, resource, disposal)
        })
        .await
    }
}

/// Those of a batch whom the call reaches before it breaks.
fn reached<'i, T>(ids: &'i [T], fate: &Fate) -> &'i [T] {
    match fate.ending {
        Ending::Halfway(..) => &ids[..ids.len().div_ceil(2)],
        _ => ids,
    }
}

impl State {
    /// What EC2 looks at before it touches anybody: one wrong id spoils the whole call.
    fn check(&self, region: &Region, ids: &[InstanceId]) -> Result<(), Refused> {
        if ids.is_empty() {
            return Err(refused("MissingParameter", "the request must contain the parameter InstanceId"));
        }
        if ids.len() > MAX_BATCH {
            return Err(refused("InvalidParameterValue", format!("more than {MAX_BATCH} instances")));
        }
        if let Some(id) = ids.iter().find(|id| !id.as_str().starts_with("i-")) {
            return Err(refused("InvalidInstanceID.Malformed", format!("Invalid id: \"{id}\"")));
        }
        match ids.iter().find(|id| self.instance(region, id).is_none()) {
            Some(id) => Err(refused("InvalidInstanceID.NotFound", format!("The instance ID '{id}' does not exist"))),
            None => Ok(()),
        }
    }

    /// One wrong id spoils the whole call. A protected instance spoils it for its zone, and the others end although the
    /// call fails. Who has ended already ends again without complaint. Source: EC2 API, `TerminateInstances`.
    pub(crate) fn terminate(&mut self, region: &Region, ids: &[InstanceId]) -> Result<Vec<InstanceId>, Refused> {
        self.check(region, ids)?;
        let shielded: Vec<&Instance> = ids
            .iter()
            .map(|id| &self.instances[id])
            .filter(|instance| instance.shielded && instance.life.ended.is_none())
            .collect();
        let spoiled: BTreeSet<String> = shielded.iter().map(|instance| instance.life.zone.clone()).collect();
        let error = shielded.first().map(|instance| {
            let id = &instance.life.id;
            refused("OperationNotPermitted", format!("The instance '{id}' may not be terminated"))
        });
        for id in ids {
            if !spoiled.contains(&self.instances[id].life.zone) {
                self.end(id, EndedBy::Terminate);
            }
        }
        error.map_or_else(|| Ok(ids.to_vec()), Err)
    }

    /// Queues a reboot. No protection stops it, and who has ended is passed over. Source: EC2 API, `RebootInstances`.
    pub(crate) fn reboot(&mut self, region: &Region, ids: &[InstanceId]) -> Result<(), Refused> {
        self.check(region, ids)?;
        for id in ids {
            self.restart(id);
        }
        Ok(())
    }

    /// Scale-in protection and EC2 termination protection do not keep a group from ending a member that it is told to
    /// end; a member in the warm pool cannot be told. Source: Auto Scaling user guide, "Instance scale-in protection";
    /// EC2 user guide, "Termination protection"; Auto Scaling API, `TerminateInstanceInAutoScalingGroup`.
    fn terminate_in_group(&mut self, region: &Region, id: &InstanceId) -> Result<(), Refused> {
        let Some(instance) = self.instance(region, id).filter(|instance| instance.is_member()) else {
            let message = format!("Instance Id not found - No managed instance found for instance ID: {id}");
            return Err(refused("ValidationError", message));
        };
        if instance.lifecycle == Lifecycle::Warmed {
            return Err(refused("ValidationError", format!("{id} is in a warm pool")));
        }
        if self.begin_end(id, EndedBy::TerminateInGroup) {
            Ok(())
        } else {
            Err(refused("ScalingActivityInProgress", format!("{id} is already terminating")))
        }
    }
}
