//! With whom images and snapshots are shared.

use aws_sdk_ec2::operation::describe_image_attribute::DescribeImageAttributeError;
use aws_sdk_ec2::operation::describe_snapshot_attribute::DescribeSnapshotAttributeError;
use aws_sdk_ec2::types as ec2;
use simian_core::ports::CallError;

use crate::clients::Clients;
use crate::convert::{Flaw, given};
use crate::error::Call;
use crate::limits::Meter;
use crate::pages::{distinct, each};

/// Who may start an image, its owner aside.
pub(crate) async fn image(clients: &Clients, call: &Call<'_>, id: &str, owner: &str) -> Result<Vec<String>, CallError> {
    let bucket = &clients.limits.image_attributes;
    bucket.turn().await;
    let answer = clients
        .ec2
        .describe_image_attribute()
        .image_id(id)
        .attribute(ec2::ImageAttributeName::LaunchPermission)
        .customize()
        .interceptor(Meter::<DescribeImageAttributeError>::new([bucket]))
        .send()
        .await
        .map_err(|error| call.error(&error))?;
    Ok(others(&each(call, answer.launch_permissions, launcher)?, owner))
}

/// Who may make volumes from a snapshot, its owner aside.
pub(crate) async fn snapshot(
    clients: &Clients,
    call: &Call<'_>,
    id: &str,
    owner: &str,
) -> Result<Vec<String>, CallError> {
    let bucket = &clients.limits.snapshot_attributes;
    bucket.turn().await;
    let answer = clients
        .ec2
        .describe_snapshot_attribute()
        .snapshot_id(id)
        .attribute(ec2::SnapshotAttributeName::CreateVolumePermission)
        .customize()
        .interceptor(Meter::<DescribeSnapshotAttributeError>::new([bucket]))
        .send()
        .await
        .map_err(|error| call.error(&error))?;
    Ok(others(&each(call, answer.create_volume_permissions, restorer)?, owner))
}

fn others(all: &[String], owner: &str) -> Vec<String> {
    distinct(all.iter().map(String::as_str).filter(|who| *who != owner))
}

/// `LaunchPermission` of the EC2 API.
fn launcher(theirs: ec2::LaunchPermission) -> Result<String, Flaw> {
    let group = theirs.group.map(|group| group.as_str().to_owned());
    let who = [theirs.user_id, group, theirs.organization_arn, theirs.organizational_unit_arn];
    who.into_iter().find_map(given).ok_or_else(|| "a launch permission names nobody".into())
}

/// `CreateVolumePermission` of the EC2 API.
fn restorer(theirs: ec2::CreateVolumePermission) -> Result<String, Flaw> {
    let group = theirs.group.map(|group| group.as_str().to_owned());
    given(theirs.user_id).or(given(group)).ok_or_else(|| "a permission to create volumes names nobody".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_may_start_an_image() {
        let one = || ec2::LaunchPermission::builder();
        let organization = "arn:aws:organizations::123456789012:organization/o-1";
        for (theirs, ours) in [
            (one().user_id("111122223333"), "111122223333"),
            (one().user_id("").group(ec2::PermissionGroup::All), "all"),
            (one().organization_arn(organization), organization),
            (one().organizational_unit_arn("arn:ou"), "arn:ou"),
        ] {
            assert_eq!(launcher(theirs.build()).as_deref(), Ok(ours));
        }
        assert_eq!(launcher(one().build()).unwrap_err(), "a launch permission names nobody");
    }

    #[test]
    fn who_may_restore_a_snapshot() {
        let one = || ec2::CreateVolumePermission::builder();
        assert_eq!(restorer(one().user_id("111122223333").build()).as_deref(), Ok("111122223333"));
        assert_eq!(restorer(one().group(ec2::PermissionGroup::All).build()).as_deref(), Ok("all"));
        assert_eq!(restorer(one().build()).unwrap_err(), "a permission to create volumes names nobody");
    }

    #[test]
    fn an_owner_is_nobody_else() {
        let all = ["all", "111122223333", "123456789012", "all"].map(str::to_owned);
        assert_eq!(others(&all, "123456789012"), ["111122223333", "all"]);
        assert!(others(&["123456789012".to_owned()], "123456789012").is_empty());
    }
}
