//! What is attached to an instance, and whether it can be stopped without a loss.

use aws_sdk_ec2::operation::describe_instance_types::DescribeInstanceTypesError;
use aws_sdk_ec2::types as ec2;
use simian_core::fault::Attached;
use simian_core::fleet::InstanceId;
use simian_core::ports::{CallError, InstanceState};

use crate::clients::Clients;
use crate::convert::{Flaw, given, required};
use crate::error::Call;
use crate::instances;
use crate::limits::Meter;
use crate::pages::each;

/// What an instance has; `None` for one that there is not, or that is ending or ended and keeps nothing.
pub(crate) async fn attached(
    clients: &Clients,
    call: &Call<'_>,
    id: &InstanceId,
) -> Result<Option<Attached>, CallError> {
    let found = instances::described(clients, call, "instance-id", &[id.to_string()], instance).await?;
    let Some((mut attached, kind)) = found.into_iter().flatten().next() else { return Ok(None) };
    if !attached.ephemeral {
        attached.ephemeral = has_own_disks(clients, &call.named("ec2:DescribeInstanceTypes"), &kind).await?;
    }
    Ok(Some(attached))
}

/// Whether instances of a type come with disks of their own. An instance's description shows volumes only, but for what it
/// boots from (EC2 API, `InstanceBlockDeviceMapping`). Of a type that has some, an instance may yet have been launched
/// without: that is not seen.
async fn has_own_disks(clients: &Clients, call: &Call<'_>, kind: &str) -> Result<bool, CallError> {
    let bucket = &clients.limits.instance_types;
    bucket.turn().await;
    let answer = clients
        .ec2
        .describe_instance_types()
        .instance_types(kind.into())
        .customize()
        .interceptor(Meter::<DescribeInstanceTypesError>::new([bucket]))
        .send()
        .await
        .map_err(|error| call.error(&error))?;
    let disks = each(call, answer.instance_types, |theirs| {
        theirs.instance_storage_supported.ok_or_else(|| format!("InstanceStorageSupported of {kind} is missing"))
    })?;
    disks.first().copied().ok_or_else(|| call.malformed(&format!("it says nothing of {kind}")))
}

/// `Instance` of the EC2 API, and its type; `None` for one that ends.
fn instance(theirs: ec2::Instance) -> Result<Option<(Attached, String)>, Flaw> {
    let id = required(theirs.instance_id, "an instance's id")?;
    let of = |what: &str| format!("{what} of {id}");
    let state = instances::state(theirs.state.as_ref()).map_err(|flaw| of(&flaw))?;
    if state == InstanceState::Terminated {
        return Ok(None);
    }
    let root_kind = theirs.root_device_type.ok_or_else(|| format!("{} is missing", of("RootDeviceType")))?;
    let root = theirs.root_device_name;
    let mut attached = Attached {
        vpc: given(theirs.vpc_id),
        stoppable: root_kind == ec2::DeviceType::Ebs,
        ephemeral: root_kind == ec2::DeviceType::InstanceStore,
        // Of an on-demand instance it is missing (EC2 API, `Instance`).
        spot: theirs.instance_lifecycle == Some(ec2::InstanceLifecycleType::Spot),
        ..Attached::default()
    };
    for interface in theirs.network_interfaces.unwrap_or_default() {
        let name = required(interface.network_interface_id, &of("an interface's id"))?;
        let groups = interface.groups.unwrap_or_default().into_iter();
        let groups = groups.map(|group| required(group.group_id, &format!("a security group of {name}")));
        let mut groups = groups.collect::<Result<Vec<_>, Flaw>>()?;
        groups.sort_unstable();
        attached.interfaces.insert(name, groups);
    }
    for mapping in theirs.block_device_mappings.unwrap_or_default() {
        let device = required(mapping.device_name, &of("a device's name"))?;
        if let Some(volume) = mapping.ebs.filter(|_| root.as_ref() != Some(&device)) {
            let volume = required(volume.volume_id, &of(&format!("the volume at {device}")))?;
            attached.volumes.insert(device, volume);
        }
    }
    let kind = theirs.instance_type.map(|kind| kind.as_str().to_owned());
    Ok(Some((attached, required(kind, &of("InstanceType"))?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(name: &str) -> ec2::InstanceState {
        ec2::InstanceState::builder().name(name.into()).build()
    }

    fn mapping(device: &str, volume: &str) -> ec2::InstanceBlockDeviceMapping {
        let volume = ec2::EbsInstanceBlockDevice::builder().volume_id(volume).build();
        ec2::InstanceBlockDeviceMapping::builder().device_name(device).ebs(volume).build()
    }

    fn interface(id: &str, groups: &[&str]) -> ec2::InstanceNetworkInterface {
        let groups = groups.iter().map(|id| ec2::GroupIdentifier::builder().group_id(*id).build()).collect();
        ec2::InstanceNetworkInterface::builder().network_interface_id(id).set_groups(Some(groups)).build()
    }

    fn theirs() -> ec2::Instance {
        ec2::Instance::builder()
            .instance_id("i-1")
            .instance_type("m7g.large".into())
            .state(state("running"))
            .vpc_id("vpc-1")
            .root_device_type("ebs".into())
            .root_device_name("/dev/xvda")
            .block_device_mappings(mapping("/dev/xvda", "vol-root"))
            .block_device_mappings(mapping("/dev/sdf", "vol-data"))
            .network_interfaces(interface("eni-2", &["sg-2"]))
            .network_interfaces(interface("eni-1", &["sg-2", "sg-1"]))
            .build()
    }

    #[test]
    fn an_instance_whole() {
        let (ours, kind) = instance(theirs()).unwrap().unwrap();
        let groups = |ids: &[&str]| ids.iter().map(ToString::to_string).collect::<Vec<_>>();
        let expected = Attached {
            vpc: Some("vpc-1".into()),
            interfaces: [("eni-1".into(), groups(&["sg-1", "sg-2"])), ("eni-2".into(), groups(&["sg-2"]))].into(),
            volumes: [("/dev/sdf".into(), "vol-data".into())].into(),
            stoppable: true,
            ephemeral: false,
            spot: false,
        };
        assert_eq!((ours, kind.as_str()), (expected, "m7g.large"));
        let mut spot = theirs();
        spot.instance_lifecycle = Some("spot".into());
        assert!(instance(spot).unwrap().unwrap().0.spot);
        let mut stored = theirs();
        stored.root_device_type = Some("instance-store".into());
        let (ours, _) = instance(stored).unwrap().unwrap();
        assert!(!ours.stoppable && ours.ephemeral);
        let mut odd = theirs();
        odd.root_device_type = Some("tape".into());
        assert!(!instance(odd).unwrap().unwrap().0.stoppable);
    }

    #[test]
    fn what_ends_has_nothing() {
        for (name, there) in [("pending", true), ("stopped", true), ("shutting-down", false), ("terminated", false)] {
            let mut theirs = theirs();
            theirs.state = Some(state(name));
            assert_eq!(instance(theirs).unwrap().is_some(), there, "{name}");
        }
    }

    #[test]
    fn whatever_is_missing_makes_the_answer_unreadable() {
        type Spoil = fn(&mut ec2::Instance);
        let cases: [(&str, Spoil); 7] = [
            ("an instance's id is missing", |one| one.instance_id = None),
            ("the state is missing of i-1", |one| one.state = None),
            ("RootDeviceType of i-1 is missing", |one| one.root_device_type = None),
            ("InstanceType of i-1 is missing", |one| one.instance_type = None),
            ("an interface's id of i-1 is missing", |one| one.network_interfaces = Some(vec![interface("", &[])])),
            ("a security group of eni-1 is missing", |one| {
                one.network_interfaces = Some(vec![interface("eni-1", &[""])]);
            }),
            ("the volume at /dev/sdf of i-1 is missing", |one| {
                one.block_device_mappings = Some(vec![mapping("/dev/sdf", "")]);
            }),
        ];
        for (flaw, spoil) in cases {
            let mut theirs = theirs();
            spoil(&mut theirs);
            assert_eq!(instance(theirs).unwrap_err(), flaw);
        }
    }
}
