//! EBS volumes and snapshots.

use std::collections::BTreeSet;

use aws_sdk_ec2::operation::describe_snapshots::{DescribeSnapshotsError, DescribeSnapshotsOutput};
use aws_sdk_ec2::operation::describe_volumes::{DescribeVolumesError, DescribeVolumesOutput};
use aws_sdk_ec2::types as ec2;
use simian_core::fleet::InstanceId;
use simian_core::ports::{CallError, ResourceQuery};
use simian_core::resource::{About, Resource, ResourceId, ResourceKind, Snapshot, Volume, VolumeState};

use super::{ITEMS_A_PAGE, asked, asked_by_status, is_managed, pages, present, resource, tags};
use crate::clients::Clients;
use crate::convert::{Flaw, count, given, required, time};
use crate::error::Call;

/// The caller's own account, among owners.
const SELF: &str = "self";

/// Everybody, among those who may restore a snapshot.
const EVERYBODY: &str = "all";

pub(super) async fn volumes(
    clients: &Clients,
    call: &Call<'_>,
    query: &ResourceQuery,
) -> Result<Vec<Resource>, CallError> {
    pages!(
        call,
        &clients.limits.volumes,
        asked_by_status(query, "volume-id"),
        DescribeVolumesError,
        clients.ec2.describe_volumes().max_results(ITEMS_A_PAGE).include_managed_resources(true),
        set_filters,
        |page: DescribeVolumesOutput| page.volumes,
        volume
    )
}

/// The account's own. A list does not say of a snapshot that everybody may restore it: a second one has only those.
pub(super) async fn snapshots(
    clients: &Clients,
    call: &Call<'_>,
    query: &ResourceQuery,
) -> Result<Vec<Resource>, CallError> {
    let mut all = own_snapshots(clients, call, query, None).await?;
    if all.is_empty() {
        return Ok(all);
    }
    let public = own_snapshots(clients, call, query, Some(EVERYBODY)).await?;
    let public: BTreeSet<&ResourceId> = public.iter().map(|one| &one.id).collect();
    for one in &mut all {
        if let About::Snapshot(snapshot) = &mut one.about {
            snapshot.public = Some(public.contains(&one.id));
        }
    }
    Ok(all)
}

async fn own_snapshots(
    clients: &Clients,
    call: &Call<'_>,
    query: &ResourceQuery,
    restorable_by: Option<&str>,
) -> Result<Vec<Resource>, CallError> {
    let who = restorable_by.map(|who| vec![who.to_owned()]);
    pages!(
        call,
        &clients.limits.snapshots,
        asked(query, "snapshot-id"),
        DescribeSnapshotsError,
        clients
            .ec2
            .describe_snapshots()
            .owner_ids(SELF)
            .set_restorable_by_user_ids(who.clone())
            .max_results(ITEMS_A_PAGE),
        set_filters,
        |page: DescribeSnapshotsOutput| page.snapshots,
        snapshot
    )
}

/// `Volume` of the EC2 API.
fn volume(theirs: ec2::Volume) -> Result<Resource, Flaw> {
    let id = required(theirs.volume_id, "a volume's id")?;
    let of = |what: &str| format!("{what} of {id}");
    let tags = tags(theirs.tags, &id)?;
    let kind = present(theirs.volume_type, "VolumeType", &id)?;
    // Of others, AWS tells what follows from their size.
    let chosen_iops = matches!(kind, ec2::VolumeType::Gp3 | ec2::VolumeType::Io1 | ec2::VolumeType::Io2);
    let iops = theirs.iops.filter(|_| chosen_iops);
    let throughput = theirs.throughput.filter(|_| kind == ec2::VolumeType::Gp3);
    let attachments = theirs.attachments.unwrap_or_default().into_iter();
    let attached = attachments.filter(|one| one.state != Some(ec2::VolumeAttachmentState::Detached));
    let about = Volume {
        state: match present(theirs.state, "the state", &id)? {
            ec2::VolumeState::Available => VolumeState::Available,
            ec2::VolumeState::InUse => VolumeState::InUse,
            _ => VolumeState::Other,
        },
        size: count(theirs.size, &of("Size"))?,
        kind: kind.as_str().to_owned(),
        iops: iops.map(|iops| count(Some(iops), &of("Iops"))).transpose()?,
        throughput: throughput.map(|speed| count(Some(speed), &of("Throughput"))).transpose()?,
        encrypted: theirs.encrypted.unwrap_or_default(),
        snapshot: given(theirs.snapshot_id),
        attached: attached.filter_map(|one| given(one.instance_id)).map(InstanceId::new).collect(),
        managed: is_managed(theirs.operator.as_ref()),
    };
    let created = time(theirs.create_time);
    Ok(resource(ResourceId::new(ResourceKind::Volume, id), tags, created, About::Volume(about)))
}

/// `Snapshot` of the EC2 API.
fn snapshot(theirs: ec2::Snapshot) -> Result<Resource, Flaw> {
    let id = required(theirs.snapshot_id, "a snapshot's id")?;
    let of = |what: &str| format!("{what} of {id}");
    let tags = tags(theirs.tags, &id)?;
    let bytes = theirs.full_snapshot_size_in_bytes;
    let about = Snapshot {
        completed: present(theirs.state, "the state", &id)? == ec2::SnapshotState::Completed,
        owner: required(theirs.owner_id, &of("OwnerId"))?,
        volume: given(theirs.volume_id),
        size: count(theirs.volume_size, &of("VolumeSize"))?,
        bytes: bytes
            .map(|bytes| u64::try_from(bytes).map_err(|_| format!("the size of {id} is {bytes}")))
            .transpose()?,
        archived: theirs.storage_tier == Some(ec2::StorageTier::Archive),
        encrypted: theirs.encrypted.unwrap_or_default(),
        public: None,
        description: theirs.description.unwrap_or_default(),
    };
    let created = time(theirs.start_time);
    Ok(resource(ResourceId::new(ResourceKind::Snapshot, id), tags, created, About::Snapshot(about)))
}

#[cfg(test)]
mod tests {
    use aws_smithy_types::DateTime as Moment;
    use chrono::DateTime;

    use super::*;

    fn theirs() -> ec2::Volume {
        let attachment = |id: &str, state| ec2::VolumeAttachment::builder().instance_id(id).state(state).build();
        ec2::Volume::builder()
            .volume_id("vol-1")
            .state(ec2::VolumeState::InUse)
            .size(100)
            .volume_type(ec2::VolumeType::Gp3)
            .iops(3000)
            .throughput(125)
            .encrypted(true)
            .snapshot_id("snap-1")
            .attachments(attachment("i-1", ec2::VolumeAttachmentState::Attached))
            .attachments(attachment("i-2", ec2::VolumeAttachmentState::Detached))
            .create_time(Moment::from_secs(1_795_456_800))
            .operator(ec2::OperatorResponse::builder().managed(true).build())
            .tags(ec2::Tag::builder().key("Name").value("data").build())
            .build()
    }

    #[test]
    fn a_volume_whole() {
        let ours = volume(theirs()).unwrap();
        assert_eq!((ours.id.to_string().as_str(), ours.title()), ("volume/vol-1", "data"));
        assert_eq!(ours.created, DateTime::from_timestamp(1_795_456_800, 0));
        let expected = Volume {
            state: VolumeState::InUse,
            size: 100,
            kind: "gp3".into(),
            iops: Some(3000),
            throughput: Some(125),
            encrypted: true,
            snapshot: Some("snap-1".into()),
            attached: vec![InstanceId::new("i-1")],
            managed: true,
        };
        assert_eq!(ours.volume(), Some(&expected));
    }

    #[test]
    fn only_what_was_chosen_counts() {
        for (kind, iops, throughput) in [
            ("gp2", None, None),
            ("gp3", Some(3000), Some(125)),
            ("io1", Some(3000), None),
            ("io2", Some(3000), None),
            ("st1", None, None),
            ("gp9", None, None),
        ] {
            let mut one = theirs();
            one.volume_type = Some(kind.into());
            let ours = volume(one).unwrap();
            let about = ours.volume().unwrap();
            assert_eq!((about.kind.as_str(), about.iops, about.throughput), (kind, iops, throughput));
        }
        for (state, expected) in [
            ("available", VolumeState::Available),
            ("creating", VolumeState::Other),
            ("deleting", VolumeState::Other),
            ("error", VolumeState::Other),
            ("hovering", VolumeState::Other),
        ] {
            let mut one = theirs();
            one.state = Some(state.into());
            assert_eq!(volume(one).unwrap().volume().unwrap().state, expected, "{state}");
        }
    }

    #[test]
    fn whatever_is_missing_makes_a_volume_unreadable() {
        type Spoil = fn(&mut ec2::Volume);
        let cases: [(&str, Spoil); 6] = [
            ("a volume's id is missing", |v| v.volume_id = None),
            ("the state of vol-1 is missing", |v| v.state = None),
            ("VolumeType of vol-1 is missing", |v| v.volume_type = None),
            ("Size of vol-1 is missing", |v| v.size = None),
            ("Iops of vol-1 is -1", |v| v.iops = Some(-1)),
            ("Throughput of vol-1 is -1", |v| v.throughput = Some(-1)),
        ];
        for (flaw, spoil) in cases {
            let mut spoiled = theirs();
            spoil(&mut spoiled);
            assert_eq!(volume(spoiled).unwrap_err(), flaw);
        }
    }

    fn backup() -> ec2::Snapshot {
        ec2::Snapshot::builder()
            .snapshot_id("snap-1")
            .state(ec2::SnapshotState::Completed)
            .owner_id("123456789012")
            .volume_id("vol-ffffffff")
            .volume_size(100)
            .full_snapshot_size_in_bytes(1_073_741_824)
            .storage_tier(ec2::StorageTier::Archive)
            .encrypted(true)
            .description("Created by CreateImage(i-1) for ami-1")
            .start_time(Moment::from_secs(1_795_456_800))
            .build()
    }

    #[test]
    fn a_snapshot_whole() {
        let ours = snapshot(backup()).unwrap();
        assert_eq!((ours.id.to_string().as_str(), ours.title()), ("snapshot/snap-1", "snap-1"));
        assert_eq!(ours.created, DateTime::from_timestamp(1_795_456_800, 0));
        let expected = Snapshot {
            completed: true,
            owner: "123456789012".into(),
            volume: Some("vol-ffffffff".into()),
            size: 100,
            bytes: Some(1_073_741_824),
            archived: true,
            encrypted: true,
            public: None,
            description: "Created by CreateImage(i-1) for ami-1".into(),
        };
        assert_eq!(ours.snapshot(), Some(&expected));
        let mut pending = backup();
        (pending.state, pending.storage_tier, pending.description) = (Some(ec2::SnapshotState::Pending), None, None);
        let ours = snapshot(pending).unwrap();
        let about = ours.snapshot().unwrap();
        assert!(!about.completed && !about.archived && about.description.is_empty());
    }

    #[test]
    fn whatever_is_missing_makes_a_snapshot_unreadable() {
        type Spoil = fn(&mut ec2::Snapshot);
        let cases: [(&str, Spoil); 5] = [
            ("a snapshot's id is missing", |s| s.snapshot_id = None),
            ("the state of snap-1 is missing", |s| s.state = None),
            ("OwnerId of snap-1 is missing", |s| s.owner_id = None),
            ("VolumeSize of snap-1 is missing", |s| s.volume_size = None),
            ("the size of snap-1 is -1", |s| s.full_snapshot_size_in_bytes = Some(-1)),
        ];
        for (flaw, spoil) in cases {
            let mut spoiled = backup();
            spoil(&mut spoiled);
            assert_eq!(snapshot(spoiled).unwrap_err(), flaw);
        }
    }
}
