//! What may be done to an account: one call, one try.

use async_trait::async_trait;
use aws_sdk_autoscaling as scaling;
use aws_sdk_autoscaling::operation::terminate_instance_in_auto_scaling_group::TerminateInstanceInAutoScalingGroupError;
use aws_sdk_ec2 as ec2;
use aws_sdk_ec2::operation::reboot_instances::RebootInstancesError;
use aws_sdk_ec2::operation::terminate_instances::TerminateInstancesError;
use simian_core::fleet::InstanceId;
use simian_core::ports::{Actuator, CallError, Cause, MAX_BATCH};
use simian_core::scope::Region;

use crate::account::Account;
use crate::error::Call;
use crate::instances;
use crate::limits::Meter;
use crate::pages::distinct;

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
        let bucket = &clients.limits.terminate_in_group;
        let timeouts = clients.admit(&call, &[(bucket, 1)]).await?;
        clients
            .scaling_once
            .terminate_instance_in_auto_scaling_group()
            .instance_id(id.as_str())
            .should_decrement_desired_capacity(false)
            .customize()
            .config_override(scaling::Config::builder().timeout_config(timeouts))
            .interceptor(Meter::<TerminateInstanceInAutoScalingGroupError>::new([bucket]))
            .send()
            .await
            .map_err(|error| call.error(&error))?;
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
        let reboot = &clients.limits.reboot;
        let timeouts = clients.admit(&call, &[(reboot, 1)]).await?;
        clients
            .ec2_once
            .reboot_instances()
            .set_instance_ids(Some(ids))
            .customize()
            .config_override(ec2::Config::builder().timeout_config(timeouts))
            .interceptor(Meter::<RebootInstancesError>::new([reboot]))
            .send()
            .await
            .map_err(|error| call.error(&error))?;
        Ok(())
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
