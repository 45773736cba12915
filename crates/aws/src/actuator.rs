//! What may be done to an account: one call, one try.

use async_trait::async_trait;
use aws_sdk_autoscaling as scaling;
use aws_sdk_autoscaling::operation::terminate_instance_in_auto_scaling_group::TerminateInstanceInAutoScalingGroupError;
use aws_sdk_ec2 as ec2;
use aws_sdk_ec2::operation::reboot_instances::RebootInstancesError;
use aws_sdk_ec2::operation::terminate_instances::TerminateInstancesError;
use simian_core::chore::Disposal;
use simian_core::experiment::Experiment;
use simian_core::fault::Alteration;
use simian_core::fleet::InstanceId;
use simian_core::ports::{Actuator, CallError, Cause, MAX_BATCH};
use simian_core::resource::{ResourceId, ResourceKind, Tags};
use simian_core::scope::Region;

use crate::account::Account;
use crate::clients::once;
use crate::error::Call;
use crate::limits::Meter;
use crate::marks::Service;
use crate::pages::distinct;
use crate::{alter, disposal, experiments, instances, marks, quarantine};

#[async_trait]
impl Actuator for Account {
    async fn terminate(&self, region: &Region, ids: &[InstanceId]) -> Result<Vec<InstanceId>, CallError> {
        let on = self.scope(region);
        let mut call = self.call("ec2:TerminateInstances", &on);
        let ids = batch(&mut call, ids)?;
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let clients = self.clients(region, &call)?;
        let (calls, instances) = (&clients.limits.terminate, &clients.limits.terminated);
        let timeouts = clients.admit(&call, &[(calls, 1), (instances, ids.len())]).await?;
        let answer = clients
            .ec2_once
            .terminate_instances()
            .set_instance_ids(Some(ids))
            .customize()
            .config_override(ec2::Config::builder().timeout_config(timeouts))
            .interceptor(Meter::<TerminateInstancesError>::new([calls, instances]))
            .send()
            .await
            .map_err(|error| call.error(&error))?;
        instances::ended(answer.terminating_instances.unwrap_or_default()).map_err(|flaw| call.malformed(&flaw))
    }

    async fn terminate_in_group(&self, region: &Region, id: &InstanceId) -> Result<(), CallError> {
        let on = self.scope(region);
        let mut call = self.call("autoscaling:TerminateInstanceInAutoScalingGroup", &on);
        call.resource = Some(id.to_string());
        let clients = self.clients(region, &call)?;
        let request = clients
            .scaling_once
            .terminate_instance_in_auto_scaling_group()
            .instance_id(id.as_str())
            .should_decrement_desired_capacity(false);
        once!(clients, &call, terminate_in_group, scaling, TerminateInstanceInAutoScalingGroupError, request)?;
        Ok(())
    }

    async fn reboot(&self, region: &Region, ids: &[InstanceId]) -> Result<(), CallError> {
        let on = self.scope(region);
        let mut call = self.call("ec2:RebootInstances", &on);
        let ids = batch(&mut call, ids)?;
        if ids.is_empty() {
            return Ok(());
        }
        let clients = self.clients(region, &call)?;
        let request = clients.ec2_once.reboot_instances().set_instance_ids(Some(ids));
        once!(clients, &call, reboot, ec2, RebootInstancesError, request)?;
        Ok(())
    }

    async fn begin_experiment(&self, region: &Region, experiment: &Experiment) -> Result<String, CallError> {
        let on = self.scope(region);
        let mut call = self.call("fis:StartExperiment", &on);
        call.resource = Some(distinct(experiment.targets.iter().map(InstanceId::as_str)).join(", "));
        experiments::begin(self.clients(region, &call)?, &call, experiment).await
    }

    async fn stop_experiment(&self, region: &Region, id: &str) -> Result<(), CallError> {
        let on = self.scope(region);
        let mut call = self.call("fis:StopExperiment", &on);
        call.resource = Some(id.to_owned());
        experiments::stop(self.clients(region, &call)?, &call, id).await
    }

    async fn alter(&self, region: &Region, alteration: &Alteration) -> Result<(), CallError> {
        let on = self.scope(region);
        let mut call = self.call(alteration.permission(), &on);
        call.resource = Some(alter::touched(alteration).to_owned());
        alter::alter(self.clients(region, &call)?, &call, alteration).await
    }

    async fn quarantine(&self, region: &Region, vpc: &str) -> Result<String, CallError> {
        let on = self.scope(region);
        let mut call = self.call("ec2:DescribeSecurityGroups", &on);
        call.resource = Some(vpc.to_owned());
        quarantine::quarantine(self.clients(region, &call)?, &call, vpc).await
    }

    async fn tag(
        &self,
        region: &Region,
        kind: ResourceKind,
        ids: &[String],
        key: &str,
        value: &str,
    ) -> Result<(), CallError> {
        let on = self.scope(region);
        let Some(service) = Service::of(kind) else { return Err(self.not_taggable("tag", &on, kind)) };
        let mut call = self.call(service.tags(), &on);
        let ids = marks::batch(&mut call, kind, ids, key)?;
        if ids.is_empty() {
            return Ok(());
        }
        marks::tag(self.clients(region, &call)?, &call, service, ids, key, value).await
    }

    async fn untag(&self, region: &Region, kind: ResourceKind, ids: &[String], key: &str) -> Result<(), CallError> {
        let on = self.scope(region);
        let Some(service) = Service::of(kind) else { return Err(self.not_taggable("untag", &on, kind)) };
        let mut call = self.call(service.untags(), &on);
        let ids = marks::batch(&mut call, kind, ids, key)?;
        if ids.is_empty() {
            return Ok(());
        }
        marks::untag(self.clients(region, &call)?, &call, service, ids, key).await
    }

    async fn save(&self, region: &Region, resource: &ResourceId, tags: &Tags) -> Result<Option<String>, CallError> {
        let on = self.scope(region);
        let Some(name) = disposal::saved_by(resource.kind) else {
            let why = format!("{resource} cannot be saved: no call does that to {}", resource.kind.several());
            return Err(self.call("save", &on).failed(Cause::Refused("NotSavable".into()), &why));
        };
        let mut call = self.call(name, &on);
        call.resource = Some(resource.id.clone());
        disposal::save(self.clients(region, &call)?, &call, resource, tags).await
    }

    async fn dispose(&self, region: &Region, resource: &ResourceId, disposal: &Disposal) -> Result<(), CallError> {
        let on = self.scope(region);
        let Some(name) = disposal::permission(resource.kind, disposal) else {
            return Err(disposal::not_disposable(&self.call("dispose", &on), resource));
        };
        let mut call = self.call(name, &on);
        call.resource = Some(resource.id.clone());
        if resource.kind == ResourceKind::Instance {
            let id = InstanceId::new(&resource.id);
            let ended = self.terminate(region, std::slice::from_ref(&id)).await?;
            return if ended == [id] { Ok(()) } else { Err(call.malformed("it does not say that the instance ends")) };
        }
        disposal::end(self.clients(region, &call)?, &call, resource, disposal).await
    }
}

impl Account {
    fn not_taggable(&self, name: &'static str, on: &str, kind: ResourceKind) -> CallError {
        let why = format!("AWS has no tags for {}", kind.several());
        self.call(name, on).failed(Cause::Refused("NotTaggable".into()), &why)
    }
}

/// The ids of one call, each once; the call's error will name them.
fn batch(call: &mut Call<'_>, ids: &[InstanceId]) -> Result<Vec<String>, CallError> {
    let ids = distinct(ids.iter().map(InstanceId::as_str));
    if ids.len() > MAX_BATCH {
        let why = format!("{} instances in one call; {MAX_BATCH} is the most", ids.len());
        return Err(call.failed(Cause::Refused("BatchTooLarge".into()), &why));
    }
    call.resource = Some(ids.join(", "));
    Ok(ids)
}
