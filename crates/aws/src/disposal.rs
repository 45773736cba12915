//! Saving and ending resources: the one call that each kind has for it.
//!
//! Nothing is forced, and nothing is taken apart first: what AWS refuses because something uses it stays. What is already
//! gone is an error that says so, but for those calls that AWS answers the same a second time: `DeleteLoadBalancer` of
//! both versions, and `DeleteKeyPair`.

use aws_sdk_autoscaling as scaling;
use aws_sdk_autoscaling::operation::delete_auto_scaling_group::DeleteAutoScalingGroupError;
use aws_sdk_autoscaling::operation::delete_launch_configuration::DeleteLaunchConfigurationError;
use aws_sdk_cloudwatchlogs as logs;
use aws_sdk_cloudwatchlogs::operation::put_retention_policy::PutRetentionPolicyError;
use aws_sdk_ec2 as ec2;
use aws_sdk_ec2::operation::create_snapshot::CreateSnapshotError;
use aws_sdk_ec2::operation::delete_key_pair::DeleteKeyPairError;
use aws_sdk_ec2::operation::delete_launch_template::DeleteLaunchTemplateError;
use aws_sdk_ec2::operation::delete_launch_template_versions::DeleteLaunchTemplateVersionsError;
use aws_sdk_ec2::operation::delete_launch_template_versions::DeleteLaunchTemplateVersionsOutput as VersionsAnswer;
use aws_sdk_ec2::operation::delete_nat_gateway::DeleteNatGatewayError;
use aws_sdk_ec2::operation::delete_network_interface::DeleteNetworkInterfaceError;
use aws_sdk_ec2::operation::delete_security_group::DeleteSecurityGroupError;
use aws_sdk_ec2::operation::delete_snapshot::DeleteSnapshotError;
use aws_sdk_ec2::operation::delete_volume::DeleteVolumeError;
use aws_sdk_ec2::operation::deregister_image::DeregisterImageError;
use aws_sdk_ec2::operation::disable_image::DisableImageError;
use aws_sdk_ec2::operation::release_address::ReleaseAddressError;
use aws_sdk_ec2::types::{ResourceType, Tag, TagSpecification};
use aws_sdk_elasticloadbalancing as classic;
use aws_sdk_elasticloadbalancing::operation::delete_load_balancer::DeleteLoadBalancerError as DeleteClassicError;
use aws_sdk_elasticloadbalancingv2 as balancers;
use aws_sdk_elasticloadbalancingv2::operation::delete_load_balancer::DeleteLoadBalancerError;
use aws_sdk_elasticloadbalancingv2::operation::delete_target_group::DeleteTargetGroupError;
use futures_util::stream::{self, StreamExt};
use simian_core::chore::Disposal;
use simian_core::ports::{CallError, Cause};
use simian_core::resource::{ResourceId, ResourceKind, Tags};

use crate::clients::{Clients, once};
use crate::convert::{Flaw, required};
use crate::error::Call;
use crate::pages::AT_ONCE;

/// The permission's name of the call that ends a resource so; `None` where nothing does.
pub(crate) fn permission(kind: ResourceKind, disposal: &Disposal) -> Option<&'static str> {
    use ResourceKind as K;
    match (disposal, kind) {
        (Disposal::End, K::Instance) => Some("ec2:TerminateInstances"),
        (Disposal::End, K::Volume) => Some("ec2:DeleteVolume"),
        (Disposal::End, K::Snapshot) => Some("ec2:DeleteSnapshot"),
        (Disposal::End | Disposal::EndImage { .. }, K::Image) => Some("ec2:DeregisterImage"),
        (Disposal::End, K::Group) => Some("autoscaling:DeleteAutoScalingGroup"),
        (Disposal::End, K::LaunchConfiguration) => Some("autoscaling:DeleteLaunchConfiguration"),
        (Disposal::End, K::LaunchTemplate) => Some("ec2:DeleteLaunchTemplate"),
        (Disposal::End, K::TemplateVersion) => Some("ec2:DeleteLaunchTemplateVersions"),
        (Disposal::End, K::Balancer | K::ClassicBalancer) => Some("elasticloadbalancing:DeleteLoadBalancer"),
        (Disposal::End, K::TargetGroup) => Some("elasticloadbalancing:DeleteTargetGroup"),
        (Disposal::End, K::Address) => Some("ec2:ReleaseAddress"),
        (Disposal::End, K::Interface) => Some("ec2:DeleteNetworkInterface"),
        (Disposal::End, K::SecurityGroup) => Some("ec2:DeleteSecurityGroup"),
        (Disposal::End, K::KeyPair) => Some("ec2:DeleteKeyPair"),
        (Disposal::End, K::NatGateway) => Some("ec2:DeleteNatGateway"),
        (Disposal::Retain { .. }, K::LogGroup) => Some("logs:PutRetentionPolicy"),
        _ => None,
    }
}

/// Ends a resource that is no instance; those end as the hand ends them.
pub(crate) async fn end(
    clients: &Clients,
    call: &Call<'_>,
    resource: &ResourceId,
    disposal: &Disposal,
) -> Result<(), CallError> {
    let id = resource.id.as_str();
    match (resource.kind, disposal) {
        (ResourceKind::Image, Disposal::EndImage { snapshots }) => end_image(clients, call, id, snapshots).await,
        (ResourceKind::LogGroup, Disposal::Retain { days }) => retain(clients, call, id, *days).await,
        (kind, Disposal::End) => match kind {
            ResourceKind::Snapshot => delete_snapshot(clients, call, id).await,
            ResourceKind::Image => deregister(clients, call, id).await,
            ResourceKind::TemplateVersion => delete_version(clients, call, id).await,
            ResourceKind::Group | ResourceKind::LaunchConfiguration => end_scaling(clients, call, kind, id).await,
            ResourceKind::Balancer | ResourceKind::ClassicBalancer | ResourceKind::TargetGroup => {
                end_balancing(clients, call, kind, id).await
            }
            _ => end_in_ec2(clients, call, kind, id).await,
        },
        _ => Err(not_disposable(call, resource)),
    }
}

/// The refusal of what has no call to end it; nothing is called.
pub(crate) fn not_disposable(call: &Call<'_>, resource: &ResourceId) -> CallError {
    let why = format!("{resource} cannot be ended so: no call does that to {}", resource.kind.several());
    call.failed(Cause::Refused("NotDisposable".into()), &why)
}

async fn end_in_ec2(clients: &Clients, call: &Call<'_>, kind: ResourceKind, id: &str) -> Result<(), CallError> {
    let ec2 = &clients.ec2_once;
    match kind {
        ResourceKind::Volume => {
            once!(clients, call, delete_volume, ec2, DeleteVolumeError, ec2.delete_volume().volume_id(id))?;
        }
        ResourceKind::LaunchTemplate => {
            let request = ec2.delete_launch_template().launch_template_id(id);
            once!(clients, call, delete_launch_template, ec2, DeleteLaunchTemplateError, request)?;
        }
        ResourceKind::Address => {
            let request = ec2.release_address().allocation_id(id);
            once!(clients, call, release_address, ec2, ReleaseAddressError, request)?;
        }
        ResourceKind::Interface => {
            let request = ec2.delete_network_interface().network_interface_id(id);
            once!(clients, call, delete_interface, ec2, DeleteNetworkInterfaceError, request)?;
        }
        ResourceKind::SecurityGroup => {
            let request = ec2.delete_security_group().group_id(id);
            once!(clients, call, delete_security_group, ec2, DeleteSecurityGroupError, request)?;
        }
        ResourceKind::KeyPair => {
            let request = ec2.delete_key_pair().key_pair_id(id);
            once!(clients, call, delete_key_pair, ec2, DeleteKeyPairError, request)?;
        }
        ResourceKind::NatGateway => {
            let request = ec2.delete_nat_gateway().nat_gateway_id(id);
            once!(clients, call, delete_nat_gateway, ec2, DeleteNatGatewayError, request)?;
        }
        kind => return Err(not_disposable(call, &ResourceId::new(kind, id))),
    }
    Ok(())
}

/// A group is never forced: one that has members, or is about to, stays.
async fn end_scaling(clients: &Clients, call: &Call<'_>, kind: ResourceKind, id: &str) -> Result<(), CallError> {
    let scaling = &clients.scaling_once;
    if kind == ResourceKind::Group {
        let request = scaling.delete_auto_scaling_group().auto_scaling_group_name(id).force_delete(false);
        once!(clients, call, delete_group, scaling, DeleteAutoScalingGroupError, request)?;
    } else {
        let request = scaling.delete_launch_configuration().launch_configuration_name(id);
        once!(clients, call, delete_launch_configuration, scaling, DeleteLaunchConfigurationError, request)?;
    }
    Ok(())
}

async fn end_balancing(clients: &Clients, call: &Call<'_>, kind: ResourceKind, id: &str) -> Result<(), CallError> {
    match kind {
        ResourceKind::Balancer => {
            let request = clients.balancers_once.delete_load_balancer().load_balancer_arn(id);
            once!(clients, call, change_balancers, balancers, DeleteLoadBalancerError, request)?;
        }
        ResourceKind::TargetGroup => {
            let request = clients.balancers_once.delete_target_group().target_group_arn(id);
            once!(clients, call, change_balancers, balancers, DeleteTargetGroupError, request)?;
        }
        _ => {
            let request = clients.classic_once.delete_load_balancer().load_balancer_name(id);
            once!(clients, call, change_classic_balancers, classic, DeleteClassicError, request)?;
        }
    }
    Ok(())
}

/// The image, then those snapshots of it that were named, side by side and each to its end; the first error is told.
///
/// `DeregisterImage` can take an image's snapshots with it, all of them: then nobody could leave one out. That the image
/// is gone already is no error while snapshots are to follow, so that a second try finishes what the first one began.
async fn end_image(clients: &Clients, call: &Call<'_>, id: &str, snapshots: &[String]) -> Result<(), CallError> {
    match deregister(clients, call, id).await {
        Err(CallError { cause: Cause::Gone(_), .. }) if !snapshots.is_empty() => {}
        other => other?,
    }
    let call = &call.named("ec2:DeleteSnapshot");
    let ends: Vec<_> = snapshots.iter().map(|snapshot| delete_snapshot(clients, call, snapshot)).collect();
    let ends: Vec<Result<(), CallError>> = stream::iter(ends).buffered(AT_ONCE).collect().await;
    let gone = |end: &Result<(), CallError>| matches!(end, Err(CallError { cause: Cause::Gone(_), .. }));
    ends.into_iter().find(|end| end.is_err() && !gone(end)).unwrap_or(Ok(()))
}

async fn deregister(clients: &Clients, call: &Call<'_>, id: &str) -> Result<(), CallError> {
    let request = clients.ec2_once.deregister_image().image_id(id);
    once!(clients, call, deregister_image, ec2, DeregisterImageError, request)?;
    Ok(())
}

async fn delete_snapshot(clients: &Clients, call: &Call<'_>, id: &str) -> Result<(), CallError> {
    let request = clients.ec2_once.delete_snapshot().snapshot_id(id);
    once!(clients, call, delete_snapshot, ec2, DeleteSnapshotError, request)?;
    Ok(())
}

/// The call takes several versions, so its answer is good even when none of them was deleted.
async fn delete_version(clients: &Clients, call: &Call<'_>, id: &str) -> Result<(), CallError> {
    let Some((template, number)) = id.rsplit_once(':') else {
        let why = format!("`{id}` is no version of a launch template: it reads as in lt-0abc:3");
        return Err(call.failed(Cause::Refused("InvalidRequest".into()), &why));
    };
    let request = clients.ec2_once.delete_launch_template_versions().launch_template_id(template).versions(number);
    let answer = once!(clients, call, delete_template_versions, ec2, DeleteLaunchTemplateVersionsError, request)?;
    is_deleted(call, answer, number)
}

fn is_deleted(call: &Call<'_>, answer: VersionsAnswer, number: &str) -> Result<(), CallError> {
    let is_it = |version: Option<i64>| version.is_some_and(|version| version.to_string() == number);
    let deleted = answer.successfully_deleted_launch_template_versions.unwrap_or_default();
    if deleted.iter().any(|item| is_it(item.version_number)) {
        return Ok(());
    }
    let left = answer.unsuccessfully_deleted_launch_template_versions.unwrap_or_default();
    let error = left.into_iter().find(|item| is_it(item.version_number)).and_then(|item| item.response_error);
    let Some(error) = error else {
        return Err(call.malformed("it says nothing of the version that was to be deleted"));
    };
    let code = error.code.map_or_else(|| "no error code".to_owned(), |code| code.as_str().to_owned());
    Err(call.refused(&code, &error.message.unwrap_or_default()))
}

async fn retain(clients: &Clients, call: &Call<'_>, name: &str, days: u32) -> Result<(), CallError> {
    let days = i32::try_from(days).unwrap_or(i32::MAX);
    let request = clients.logs_once.put_retention_policy().log_group_name(name).retention_in_days(days);
    once!(clients, call, retain_logs, logs, PutRetentionPolicyError, request)?;
    Ok(())
}

/// The permission's name of the call that saves a kind; `None` where nothing does.
pub(crate) fn saved_by(kind: ResourceKind) -> Option<&'static str> {
    match kind {
        ResourceKind::Volume => Some("ec2:CreateSnapshot"),
        ResourceKind::Image => Some("ec2:DisableImage"),
        _ => None,
    }
}

/// Of a volume a snapshot, whose id is returned; an image is disabled.
pub(crate) async fn save(
    clients: &Clients,
    call: &Call<'_>,
    resource: &ResourceId,
    tags: &Tags,
) -> Result<Option<String>, CallError> {
    let id = resource.id.as_str();
    if resource.kind == ResourceKind::Image {
        let request = clients.ec2_once.disable_image().image_id(id);
        once!(clients, call, disable_image, ec2, DisableImageError, request)?;
        return Ok(None);
    }
    let request = clients
        .ec2_once
        .create_snapshot()
        .volume_id(id)
        .description(format!("simian made it before {id} was deleted"))
        .set_tag_specifications(specification(tags));
    let answer = once!(clients, call, create_snapshot, ec2, CreateSnapshotError, request)?;
    let made: Result<String, Flaw> = required(answer.snapshot_id, "the snapshot's id");
    made.map(Some).map_err(|flaw| call.malformed(&flaw))
}

/// A specification without tags is an error.
fn specification(tags: &Tags) -> Option<Vec<TagSpecification>> {
    let tags: Vec<Tag> = tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect();
    let snapshot = TagSpecification::builder().resource_type(ResourceType::Snapshot);
    (!tags.is_empty()).then(|| vec![snapshot.set_tags(Some(tags)).build()])
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::{
        DeleteLaunchTemplateVersionsResponseErrorItem as Left, DeleteLaunchTemplateVersionsResponseSuccessItem as Done,
        ResponseError,
    };

    use super::*;

    fn call() -> Call<'static> {
        Call { name: "ec2:DeleteLaunchTemplateVersions", on: "123456789012/us-east-1", resource: None, role: None }
    }

    #[test]
    fn what_ends_each_kind() {
        let retain = Disposal::Retain { days: 30 };
        let end_image = Disposal::EndImage { snapshots: vec![] };
        for kind in ResourceKind::ALL {
            use ResourceKind as K;
            let stays = matches!(kind, K::LogGroup | K::RouteTable | K::Subnet | K::Parameter | K::ManagedNode);
            assert_eq!(permission(*kind, &Disposal::End).is_none(), stays, "{kind}");
            assert_eq!(permission(*kind, &retain).is_some(), *kind == K::LogGroup, "{kind}");
            assert_eq!(permission(*kind, &end_image).is_some(), *kind == K::Image, "{kind}");
            assert_eq!(saved_by(*kind).is_some(), matches!(kind, K::Volume | K::Image), "{kind}");
        }
    }

    #[test]
    fn a_version_is_deleted_when_the_answer_says_so() {
        let left = |number, code: &str| {
            let error = ResponseError::builder().code(code.into()).message("they said").build();
            Left::builder().version_number(number).response_error(error).build()
        };
        let done = |number| Done::builder().version_number(number).build();
        let answer = VersionsAnswer::builder;
        let told = |answer: VersionsAnswer| is_deleted(&call(), answer, "3").map_err(|error| error.cause);
        let good = answer().successfully_deleted_launch_template_versions(done(3));
        assert_eq!(told(good.build()), Ok(()));
        for (code, expected) in [
            ("launchTemplateVersionDoesNotExist", Cause::Gone("launchTemplateVersionDoesNotExist".into())),
            ("launchTemplateIdDoesNotExist", Cause::Gone("launchTemplateIdDoesNotExist".into())),
            ("unexpectedError", Cause::Refused("unexpectedError".into())),
        ] {
            let bad = answer().unsuccessfully_deleted_launch_template_versions(left(3, code));
            assert_eq!(told(bad.build()), Err(expected));
        }
        let others = answer()
            .successfully_deleted_launch_template_versions(done(4))
            .unsuccessfully_deleted_launch_template_versions(left(5, "unexpectedError"));
        assert_eq!(told(others.build()), Err(Cause::Malformed));
        assert_eq!(told(answer().build()), Err(Cause::Malformed));
    }

    #[test]
    fn without_tags_there_is_no_specification() {
        assert_eq!(specification(&Tags::new()), None);
        let made = specification(&[("owner".to_owned(), "ann".to_owned())].into()).unwrap();
        assert_eq!(made[0].resource_type(), Some(&ResourceType::Snapshot));
        assert_eq!((made[0].tags()[0].key(), made[0].tags()[0].value()), (Some("owner"), Some("ann")));
    }
}
