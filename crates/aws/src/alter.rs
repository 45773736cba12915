//! The changes that a fault makes and takes back: one call each, one try, nothing forced.
//!
//! A refusal because it is so already stays a refusal: whoever calls looks how the account stands.

use aws_sdk_autoscaling as scaling;
use aws_sdk_autoscaling::operation::attach_instances::AttachInstancesError;
use aws_sdk_autoscaling::operation::detach_instances::DetachInstancesError;
use aws_sdk_autoscaling::operation::enter_standby::EnterStandbyError;
use aws_sdk_autoscaling::operation::exit_standby::ExitStandbyError;
use aws_sdk_autoscaling::operation::resume_processes::ResumeProcessesError;
use aws_sdk_autoscaling::operation::suspend_processes::SuspendProcessesError;
use aws_sdk_ec2 as ec2;
use aws_sdk_ec2::operation::attach_volume::AttachVolumeError;
use aws_sdk_ec2::operation::detach_volume::DetachVolumeError;
use aws_sdk_ec2::operation::modify_network_interface_attribute::ModifyNetworkInterfaceAttributeError;
use aws_sdk_ec2::operation::start_instances::StartInstancesError;
use aws_sdk_ec2::operation::stop_instances::StopInstancesError;
use aws_sdk_elasticloadbalancingv2 as balancers;
use aws_sdk_elasticloadbalancingv2::operation::deregister_targets::DeregisterTargetsError;
use aws_sdk_elasticloadbalancingv2::operation::register_targets::RegisterTargetsError;
use simian_core::fault::Alteration;
use simian_core::fleet::InstanceId;
use simian_core::ports::{CallError, Cause};

use crate::clients::{Clients, once};
use crate::error::Call;

/// What a change is about, for the text of a missing permission.
pub(crate) fn touched(alteration: &Alteration) -> &str {
    match alteration {
        Alteration::Stop { instance } | Alteration::Start { instance } => instance.as_str(),
        Alteration::SetGroups { interface, .. } => interface,
        Alteration::DetachVolume { volume, .. } | Alteration::AttachVolume { volume, .. } => volume,
        Alteration::Suspend { group, .. }
        | Alteration::Resume { group, .. }
        | Alteration::EnterStandby { group, .. }
        | Alteration::ExitStandby { group, .. }
        | Alteration::Detach { group, .. }
        | Alteration::Attach { group, .. } => group,
        Alteration::Deregister { target_group, .. } | Alteration::Register { target_group, .. } => target_group,
    }
}

/// Makes a change.
pub(crate) async fn alter(clients: &Clients, call: &Call<'_>, alteration: &Alteration) -> Result<(), CallError> {
    match alteration {
        Alteration::Stop { .. }
        | Alteration::Start { .. }
        | Alteration::SetGroups { .. }
        | Alteration::DetachVolume { .. }
        | Alteration::AttachVolume { .. } => in_ec2(clients, call, alteration).await,
        Alteration::Suspend { group, processes } => {
            let request = clients.scaling_once.suspend_processes().auto_scaling_group_name(group);
            let request = request.set_scaling_processes(Some(some(call, processes)?));
            once!(clients, call, suspend, scaling, SuspendProcessesError, request)?;
            Ok(())
        }
        Alteration::Resume { group, processes } => {
            let request = clients.scaling_once.resume_processes().auto_scaling_group_name(group);
            let request = request.set_scaling_processes(Some(some(call, processes)?));
            once!(clients, call, resume, scaling, ResumeProcessesError, request)?;
            Ok(())
        }
        Alteration::Deregister { target_group, instance } => {
            let request = clients.balancers_once.deregister_targets().target_group_arn(target_group);
            let request = request.targets(target(instance));
            once!(clients, call, change_balancers, balancers, DeregisterTargetsError, request)?;
            Ok(())
        }
        Alteration::Register { target_group, instance } => {
            let request = clients.balancers_once.register_targets().target_group_arn(target_group);
            let request = request.targets(target(instance));
            once!(clients, call, change_balancers, balancers, RegisterTargetsError, request)?;
            Ok(())
        }
        Alteration::EnterStandby { group, instance }
        | Alteration::ExitStandby { group, instance }
        | Alteration::Detach { group, instance }
        | Alteration::Attach { group, instance } => member(clients, call, alteration, group, instance.as_str()).await,
    }
}

async fn in_ec2(clients: &Clients, call: &Call<'_>, alteration: &Alteration) -> Result<(), CallError> {
    let client = &clients.ec2_once;
    match alteration {
        Alteration::Stop { instance } => {
            let request = client.stop_instances().instance_ids(instance.as_str()).force(false);
            once!(clients, call, stop, ec2, StopInstancesError, request)?;
        }
        Alteration::Start { instance } => {
            let request = client.start_instances().instance_ids(instance.as_str());
            once!(clients, call, start, ec2, StartInstancesError, request)?;
        }
        Alteration::SetGroups { interface, groups } => {
            let request = client.modify_network_interface_attribute().network_interface_id(interface);
            let request = request.set_groups(Some(some(call, groups)?));
            once!(clients, call, modify_interface, ec2, ModifyNetworkInterfaceAttributeError, request)?;
        }
        Alteration::DetachVolume { volume, instance, device } => {
            let request = client.detach_volume().volume_id(volume).instance_id(instance.as_str());
            let request = request.device(device).force(false);
            once!(clients, call, detach_volume, ec2, DetachVolumeError, request)?;
        }
        Alteration::AttachVolume { volume, instance, device } => {
            let request = client.attach_volume().volume_id(volume).instance_id(instance.as_str()).device(device);
            once!(clients, call, attach_volume, ec2, AttachVolumeError, request)?;
        }
        other => unreachable!("{other} is not EC2's"),
    }
    Ok(())
}

/// One less desired for who leaves, so that nobody takes its place; AWS counts one more for who comes back.
async fn member(
    clients: &Clients,
    call: &Call<'_>,
    alteration: &Alteration,
    group: &str,
    instance: &str,
) -> Result<(), CallError> {
    let client = &clients.scaling_once;
    match alteration {
        Alteration::EnterStandby { .. } => {
            let request = client.enter_standby().auto_scaling_group_name(group).instance_ids(instance);
            let request = request.should_decrement_desired_capacity(true);
            once!(clients, call, enter_standby, scaling, EnterStandbyError, request)?;
        }
        Alteration::ExitStandby { .. } => {
            let request = client.exit_standby().auto_scaling_group_name(group).instance_ids(instance);
            once!(clients, call, exit_standby, scaling, ExitStandbyError, request)?;
        }
        Alteration::Detach { .. } => {
            let request = client.detach_instances().auto_scaling_group_name(group).instance_ids(instance);
            let request = request.should_decrement_desired_capacity(true);
            once!(clients, call, detach, scaling, DetachInstancesError, request)?;
        }
        Alteration::Attach { .. } => {
            let request = client.attach_instances().auto_scaling_group_name(group).instance_ids(instance);
            once!(clients, call, attach, scaling, AttachInstancesError, request)?;
        }
        other => unreachable!("{other} is not about a member"),
    }
    Ok(())
}

/// Without a port it is the target group's own (Elastic Load Balancing API, `TargetDescription`).
fn target(instance: &InstanceId) -> balancers::types::TargetDescription {
    balancers::types::TargetDescription::builder().id(instance.as_str()).build()
}

/// At least one, and none empty: without any, Auto Scaling would suspend or resume all its processes.
fn some(call: &Call<'_>, names: &[String]) -> Result<Vec<String>, CallError> {
    if names.is_empty() || names.iter().any(String::is_empty) {
        return Err(call.failed(Cause::Refused("InvalidRequest".into()), "it names nothing to set"));
    }
    Ok(names.to_vec())
}
