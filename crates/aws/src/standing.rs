//! Whether the account is as a change leaves it.
//!
//! Read anew each time, and only what the one change is about. What is on its way is neither so nor otherwise. What puts an
//! instance back somewhere is about the instance too: where that has ended, nothing is left to put back.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_autoscaling::operation::describe_auto_scaling_groups::DescribeAutoScalingGroupsError;
use aws_sdk_autoscaling::types as scaling;
use aws_sdk_ec2::operation::describe_network_interfaces::DescribeNetworkInterfacesError;
use aws_sdk_ec2::operation::describe_volumes::DescribeVolumesError;
use aws_sdk_ec2::types::{self as ec2, InstanceStateName, VolumeAttachmentState, VolumeState};
use simian_core::fault::{Alteration, Standing};
use simian_core::fleet::InstanceId;
use simian_core::ports::{CallError, Cause};

use crate::clients::Clients;
use crate::convert::{Flaw, NO_VALUE, required};
use crate::error::Call;
use crate::instances::{described, filter};
use crate::limits::Meter;
use crate::pages::{each, whole};
use crate::{balancers, instances};

/// The permission's name of the call that tells, or of the first of two.
pub(crate) fn permission(alteration: &Alteration) -> &'static str {
    match alteration {
        Alteration::Stop { .. } | Alteration::Start { .. } => "ec2:DescribeInstances",
        Alteration::SetGroups { .. } => "ec2:DescribeNetworkInterfaces",
        Alteration::DetachVolume { .. } | Alteration::AttachVolume { .. } => "ec2:DescribeVolumes",
        Alteration::Suspend { .. }
        | Alteration::Resume { .. }
        | Alteration::EnterStandby { .. }
        | Alteration::ExitStandby { .. }
        | Alteration::Detach { .. }
        | Alteration::Attach { .. } => "autoscaling:DescribeAutoScalingGroups",
        Alteration::Deregister { .. } | Alteration::Register { .. } => "elasticloadbalancing:DescribeTargetHealth",
    }
}

/// Whether the account is as that change leaves it.
pub(crate) async fn standing(
    clients: &Clients,
    call: &Call<'_>,
    alteration: &Alteration,
) -> Result<Standing, CallError> {
    match alteration {
        Alteration::Stop { instance } => Ok(power(state(clients, call, instance).await?.as_ref(), Power::Off)),
        Alteration::Start { instance } => Ok(power(state(clients, call, instance).await?.as_ref(), Power::On)),
        Alteration::SetGroups { interface, groups } => same_groups(clients, call, interface, groups).await,
        Alteration::DetachVolume { volume, instance, device } => {
            Ok(match place(clients, call, volume, instance, device).await? {
                Place::Nowhere => Standing::So,
                Place::Here | Place::Elsewhere => Standing::Otherwise,
                Place::Moving => Standing::Moving,
                Place::Gone => Standing::Gone,
            })
        }
        Alteration::AttachVolume { volume, instance, device } => {
            match place(clients, call, volume, instance, device).await? {
                Place::Here => Ok(Standing::So),
                Place::Elsewhere => Ok(Standing::Otherwise),
                Place::Nowhere => unless_over(clients, call, instance, Standing::Otherwise).await,
                Place::Moving => Ok(Standing::Moving),
                Place::Gone => Ok(Standing::Gone),
            }
        }
        Alteration::Suspend { group, processes } => {
            let group = group_named(clients, call, group).await?;
            Ok(group.map_or(Standing::Gone, |group| so(processes.iter().all(|one| group.suspended.contains(one)))))
        }
        Alteration::Resume { group, processes } => {
            let group = group_named(clients, call, group).await?;
            Ok(group.map_or(Standing::Gone, |group| so(!processes.iter().any(|one| group.suspended.contains(one)))))
        }
        Alteration::Deregister { target_group, instance } => {
            let there = registered(clients, call, target_group, instance).await?;
            Ok(there.map_or(Standing::Gone, |there| so(!there)))
        }
        Alteration::Register { target_group, instance } => {
            match registered(clients, call, target_group, instance).await? {
                Some(true) => Ok(Standing::So),
                Some(false) => unless_over(clients, call, instance, Standing::Otherwise).await,
                None => Ok(Standing::Gone),
            }
        }
        Alteration::EnterStandby { group, instance } => member(clients, call, group, instance, Wanted::Standby).await,
        Alteration::ExitStandby { group, instance } => member(clients, call, group, instance, Wanted::Service).await,
        Alteration::Detach { group, instance } => member(clients, call, group, instance, Wanted::Outside).await,
        Alteration::Attach { group, instance } => member(clients, call, group, instance, Wanted::Inside).await,
    }
}

fn so(yes: bool) -> Standing {
    if yes { Standing::So } else { Standing::Otherwise }
}

/// What was found, unless that instance has ended.
async fn unless_over(
    clients: &Clients,
    call: &Call<'_>,
    instance: &InstanceId,
    found: Standing,
) -> Result<Standing, CallError> {
    let state = state(clients, &call.named("ec2:DescribeInstances"), instance).await?;
    Ok(if is_over(state.as_ref()) { Standing::Gone } else { found })
}

/// An instance's state in EC2's words, which tell what has stopped from what is about to.
async fn state(
    clients: &Clients,
    call: &Call<'_>,
    instance: &InstanceId,
) -> Result<Option<InstanceStateName>, CallError> {
    let ids = [instance.to_string()];
    let found = described(clients, call, "instance-id", &ids, |theirs| {
        // It knows the words; what it does not know is no answer.
        instances::state(theirs.state.as_ref())?;
        Ok(theirs.state.and_then(|state| state.name))
    });
    Ok(found.await?.into_iter().flatten().next())
}

fn is_over(state: Option<&InstanceStateName>) -> bool {
    matches!(state, None | Some(InstanceStateName::ShuttingDown | InstanceStateName::Terminated))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Power {
    Off,
    On,
}

fn power(state: Option<&InstanceStateName>, wanted: Power) -> Standing {
    match state {
        state if is_over(state) => Standing::Gone,
        Some(InstanceStateName::Running) => so(wanted == Power::On),
        Some(InstanceStateName::Stopped) => so(wanted == Power::Off),
        _ => Standing::Moving,
    }
}

async fn same_groups(
    clients: &Clients,
    call: &Call<'_>,
    interface: &str,
    groups: &[String],
) -> Result<Standing, CallError> {
    let bucket = &clients.limits.interfaces;
    bucket.turn().await;
    let answer = clients
        .ec2
        .describe_network_interfaces()
        .filters(filter("network-interface-id", &[interface.to_owned()]))
        .customize()
        .interceptor(Meter::<DescribeNetworkInterfacesError>::new([bucket]))
        .send()
        .await
        .map_err(|error| call.error(&error))?;
    let wanted: BTreeSet<&str> = groups.iter().map(String::as_str).collect();
    let found = each(call, answer.network_interfaces, |theirs| {
        let groups = theirs.groups.unwrap_or_default().into_iter();
        let groups = groups.map(|group| required(group.group_id, &format!("a security group of {interface}")));
        groups.collect::<Result<BTreeSet<String>, Flaw>>()
    })?;
    let same = |groups: &BTreeSet<String>| groups.iter().map(String::as_str).eq(wanted.iter().copied());
    Ok(found.first().map_or(Standing::Gone, |groups| so(same(groups))))
}

/// Where a volume is, seen from one instance and its device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Attached to the instance, as that device.
    Here,
    /// Attached to another instance, or as another device.
    Elsewhere,
    /// Attached to nothing; one that several instances may share: not to this one.
    Nowhere,
    Moving,
    Gone,
}

async fn place(
    clients: &Clients,
    call: &Call<'_>,
    volume: &str,
    instance: &InstanceId,
    device: &str,
) -> Result<Place, CallError> {
    let bucket = &clients.limits.volumes;
    bucket.turn().await;
    let answer = clients
        .ec2
        .describe_volumes()
        .filters(filter("volume-id", &[volume.to_owned()]))
        .customize()
        .interceptor(Meter::<DescribeVolumesError>::new([bucket]))
        .send()
        .await
        .map_err(|error| call.error(&error))?;
    let found = each(call, answer.volumes, |theirs| place_of(theirs, instance.as_str(), device))?;
    Ok(found.first().copied().unwrap_or(Place::Gone))
}

/// `Volume` of the EC2 API. One that is busy is being detached, and stays so for as long as its file system is mounted (EC2
/// API, `DetachVolume`).
fn place_of(theirs: ec2::Volume, instance: &str, device: &str) -> Result<Place, Flaw> {
    let id = required(theirs.volume_id, "a volume's id")?;
    match theirs.state.ok_or_else(|| format!("the state of {id} is missing"))? {
        VolumeState::Deleting | VolumeState::Deleted => return Ok(Place::Gone),
        VolumeState::Creating => return Ok(Place::Moving),
        _ => {}
    }
    let shared = theirs.multi_attach_enabled.unwrap_or_default();
    let attachments = theirs.attachments.unwrap_or_default().into_iter();
    let mut found = Place::Nowhere;
    for attachment in attachments.filter(|one| one.state != Some(VolumeAttachmentState::Detached)) {
        if attachment.instance_id.as_deref() != Some(instance) {
            found = if shared { found } else { Place::Elsewhere };
            continue;
        }
        return Ok(match attachment.state {
            Some(VolumeAttachmentState::Attached) if attachment.device.as_deref() == Some(device) => Place::Here,
            Some(VolumeAttachmentState::Attached) => Place::Elsewhere,
            Some(VolumeAttachmentState::Attaching | VolumeAttachmentState::Busy | VolumeAttachmentState::Detaching) => {
                Place::Moving
            }
            Some(other) => return Err(format!("the unknown state `{}` of an attachment of {id}", other.as_str())),
            None => return Err(format!("the state of an attachment of {id} is missing")),
        });
    }
    Ok(found)
}

/// Of a group: what is suspended, and how far each member is, in Auto Scaling's words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Seen {
    suspended: BTreeSet<String>,
    members: BTreeMap<String, String>,
}

async fn group_named(clients: &Clients, call: &Call<'_>, name: &str) -> Result<Option<Seen>, CallError> {
    let bucket = &clients.limits.groups;
    let found = whole(bucket, call, |token| {
        let page = clients
            .scaling
            .describe_auto_scaling_groups()
            .auto_scaling_group_names(name)
            .set_next_token(token)
            .customize()
            .interceptor(Meter::<DescribeAutoScalingGroupsError>::new([bucket]))
            .send();
        async move {
            let page = page.await.map_err(|error| call.error(&error))?;
            Ok((each(call, page.auto_scaling_groups, seen)?, page.next_token))
        }
    });
    Ok(found.await?.into_iter().next())
}

/// `AutoScalingGroup` of the Auto Scaling API.
fn seen(theirs: scaling::AutoScalingGroup) -> Result<Seen, Flaw> {
    let processes = theirs.suspended_processes.unwrap_or_default();
    let suspended = processes.into_iter().filter_map(|process| process.process_name).collect();
    let member = |theirs: scaling::Instance| {
        let id = required(theirs.instance_id, "a member's id")?;
        let word = theirs.lifecycle_state.map(|state| state.as_str().to_owned()).filter(|word| word != NO_VALUE);
        let word = required(word, &format!("LifecycleState of member {id}"))?;
        Ok::<_, Flaw>((id, word))
    };
    let members = theirs.instances.unwrap_or_default().into_iter().map(member).collect::<Result<_, Flaw>>()?;
    Ok(Seen { suspended, members })
}

/// What a change makes of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    /// A member in standby.
    Standby,
    /// A member that came back from there.
    Service,
    /// No member.
    Outside,
    /// A member that came back from outside.
    Inside,
}

async fn member(
    clients: &Clients,
    call: &Call<'_>,
    group: &str,
    instance: &InstanceId,
    wanted: Wanted,
) -> Result<Standing, CallError> {
    let Some(group) = group_named(clients, call, group).await? else { return Ok(Standing::Gone) };
    let word = group.members.get(instance.as_str()).map(String::as_str).filter(|word| *word != "Detached");
    match (word, wanted) {
        (Some(word), _) => Ok(lives(word, wanted)),
        // There is no way back into standby, or out of it, for who is no member.
        (None, Wanted::Standby | Wanted::Service) => Ok(Standing::Gone),
        (None, Wanted::Outside) => unless_over(clients, call, instance, Standing::So).await,
        (None, Wanted::Inside) => unless_over(clients, call, instance, Standing::Otherwise).await,
    }
}

/// How a member's life stands to what is wanted of it. Source: Auto Scaling user guide, "Amazon EC2 Auto Scaling instance
/// lifecycle".
fn lives(word: &str, wanted: Wanted) -> Standing {
    let begins = |with: &[&str]| with.iter().any(|with| word.starts_with(with));
    match word {
        "InService" => so(matches!(wanted, Wanted::Service | Wanted::Inside)),
        "Standby" => so(wanted == Wanted::Standby),
        _ if begins(&["Terminat"]) => Standing::Gone,
        _ if begins(&["Pending", "EnteringStandby", "Detaching", "ReplacingRootVolume", "RootVolumeReplaced"]) => {
            Standing::Moving
        }
        _ => Standing::Otherwise,
    }
}

/// Whether an instance is registered; `None` where there is no such target group. Whose connections are
/// still draining is registered no longer.
async fn registered(
    clients: &Clients,
    call: &Call<'_>,
    target_group: &str,
    instance: &InstanceId,
) -> Result<Option<bool>, CallError> {
    match balancers::registered(clients, call, target_group).await {
        Ok(targets) => Ok(Some(targets.contains(instance))),
        Err(CallError { cause: Cause::Gone(_), .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests;
