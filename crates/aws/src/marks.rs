//! Tags written on resources and taken away, by the service that each kind belongs to.

use aws_sdk_autoscaling as scaling;
use aws_sdk_autoscaling::operation::create_or_update_tags::CreateOrUpdateTagsError;
use aws_sdk_autoscaling::operation::delete_tags::DeleteTagsError as UntagGroupsError;
use aws_sdk_cloudwatchlogs as logs;
use aws_sdk_cloudwatchlogs::operation::tag_resource::TagResourceError;
use aws_sdk_cloudwatchlogs::operation::untag_resource::UntagResourceError;
use aws_sdk_ec2 as ec2;
use aws_sdk_ec2::operation::create_tags::CreateTagsError;
use aws_sdk_ec2::operation::delete_tags::DeleteTagsError;
use aws_sdk_elasticloadbalancing as classic;
use aws_sdk_elasticloadbalancing::operation::add_tags::AddTagsError as AddClassicTagsError;
use aws_sdk_elasticloadbalancing::operation::remove_tags::RemoveTagsError as RemoveClassicTagsError;
use aws_sdk_elasticloadbalancingv2 as balancers;
use aws_sdk_elasticloadbalancingv2::operation::add_tags::AddTagsError;
use aws_sdk_elasticloadbalancingv2::operation::remove_tags::RemoveTagsError;
use simian_core::mark::tagged_at_once;
use simian_core::ports::{CallError, Cause};
use simian_core::resource::ResourceKind;

use crate::clients::{Clients, once};
use crate::error::Call;
use crate::pages::distinct;

/// The type of a group among what can be tagged (Auto Scaling API, `Tag`).
const GROUP: &str = "auto-scaling-group";

/// Whose tags a kind's are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    Ec2,
    Scaling,
    Balancers,
    Classic,
    Logs,
}

impl Service {
    /// `None` for a kind that has no tags.
    pub(crate) fn of(kind: ResourceKind) -> Option<Self> {
        use ResourceKind as K;
        tagged_at_once(kind).map(|_| match kind {
            K::Group => Service::Scaling,
            K::Balancer | K::TargetGroup => Service::Balancers,
            K::ClassicBalancer => Service::Classic,
            K::LogGroup => Service::Logs,
            _ => Service::Ec2,
        })
    }

    /// The permission's name of the call that writes tags.
    pub(crate) fn tags(self) -> &'static str {
        match self {
            Service::Ec2 => "ec2:CreateTags",
            Service::Scaling => "autoscaling:CreateOrUpdateTags",
            Service::Balancers | Service::Classic => "elasticloadbalancing:AddTags",
            Service::Logs => "logs:TagResource",
        }
    }

    /// The permission's name of the call that takes them away.
    pub(crate) fn untags(self) -> &'static str {
        match self {
            Service::Ec2 => "ec2:DeleteTags",
            Service::Scaling => "autoscaling:DeleteTags",
            Service::Balancers | Service::Classic => "elasticloadbalancing:RemoveTags",
            Service::Logs => "logs:UntagResource",
        }
    }
}

/// The resources of one call, each once; the call's error will name them. Without a key nothing is called: EC2 would take
/// away all tags.
pub(crate) fn batch(
    call: &mut Call<'_>,
    kind: ResourceKind,
    ids: &[String],
    key: &str,
) -> Result<Vec<String>, CallError> {
    if key.is_empty() {
        return Err(call.failed(Cause::Refused("InvalidRequest".into()), "a tag must have a key"));
    }
    let ids = distinct(ids.iter().map(String::as_str));
    let most = tagged_at_once(kind).unwrap_or_default();
    if ids.len() > most {
        let why = format!("{} {} in one call; {most} is the most", ids.len(), kind.several());
        return Err(call.failed(Cause::Refused("BatchTooLarge".into()), &why));
    }
    call.resource = Some(ids.join(", "));
    Ok(ids)
}

/// Writes a tag, over one of that key. On a group, what it launches does not get it.
pub(crate) async fn tag(
    clients: &Clients,
    call: &Call<'_>,
    service: Service,
    ids: Vec<String>,
    key: &str,
    value: &str,
) -> Result<(), CallError> {
    match service {
        Service::Ec2 => {
            let tag = ec2::types::Tag::builder().key(key).value(value).build();
            let request = clients.ec2_once.create_tags().set_resources(Some(ids)).tags(tag);
            once!(clients, call, tag, ec2, CreateTagsError, request)?;
        }
        Service::Scaling => {
            let tag = |id: String| group_tag(id, key).value(value).propagate_at_launch(false).build();
            let tags = ids.into_iter().map(tag).collect();
            let request = clients.scaling_once.create_or_update_tags().set_tags(Some(tags));
            once!(clients, call, tag_groups, scaling, CreateOrUpdateTagsError, request)?;
        }
        Service::Balancers => {
            let tag = balancers::types::Tag::builder().key(key).value(value).build();
            let request = clients.balancers_once.add_tags().set_resource_arns(Some(ids)).tags(tag);
            once!(clients, call, change_balancers, balancers, AddTagsError, request)?;
        }
        Service::Classic => {
            let tag = classic::types::Tag::builder().key(key).value(value).build();
            let tag = tag.map_err(|error| call.failed(Cause::Refused("InvalidRequest".into()), &error.to_string()))?;
            let request = clients.classic_once.add_tags().set_load_balancer_names(Some(ids)).tags(tag);
            once!(clients, call, change_classic_balancers, classic, AddClassicTagsError, request)?;
        }
        Service::Logs => {
            for name in ids {
                let request = clients.logs_once.tag_resource().resource_arn(clients.log_group_arn(&name));
                once!(clients, call, tag_logs, logs, TagResourceError, request.tags(key, value))?;
            }
        }
    }
    Ok(())
}

/// Takes a tag away, whatever its value.
pub(crate) async fn untag(
    clients: &Clients,
    call: &Call<'_>,
    service: Service,
    ids: Vec<String>,
    key: &str,
) -> Result<(), CallError> {
    match service {
        Service::Ec2 => {
            // With a value, even an empty one, only a tag of that value goes.
            let tag = ec2::types::Tag::builder().key(key).build();
            let request = clients.ec2_once.delete_tags().set_resources(Some(ids)).tags(tag);
            once!(clients, call, untag, ec2, DeleteTagsError, request)?;
        }
        Service::Scaling => {
            let tags = ids.into_iter().map(|id| group_tag(id, key).build()).collect();
            let request = clients.scaling_once.delete_tags().set_tags(Some(tags));
            once!(clients, call, untag_groups, scaling, UntagGroupsError, request)?;
        }
        Service::Balancers => {
            let request = clients.balancers_once.remove_tags().set_resource_arns(Some(ids)).tag_keys(key);
            once!(clients, call, change_balancers, balancers, RemoveTagsError, request)?;
        }
        Service::Classic => {
            let tag = classic::types::TagKeyOnly::builder().key(key).build();
            let request = clients.classic_once.remove_tags().set_load_balancer_names(Some(ids)).tags(tag);
            once!(clients, call, change_classic_balancers, classic, RemoveClassicTagsError, request)?;
        }
        Service::Logs => {
            for name in ids {
                let request = clients.logs_once.untag_resource().resource_arn(clients.log_group_arn(&name));
                once!(clients, call, untag_logs, logs, UntagResourceError, request.tag_keys(key))?;
            }
        }
    }
    Ok(())
}

fn group_tag(group: String, key: &str) -> scaling::types::builders::TagBuilder {
    scaling::types::Tag::builder().resource_id(group).resource_type(GROUP).key(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_tags_has_a_service() {
        for kind in ResourceKind::ALL {
            assert_eq!(Service::of(*kind).is_some(), tagged_at_once(*kind).is_some(), "{kind}");
        }
        assert_eq!(Service::of(ResourceKind::KeyPair), Some(Service::Ec2));
        assert_eq!(Service::of(ResourceKind::TemplateVersion), None);
    }

    #[test]
    fn no_call_takes_too_many_or_no_key() {
        let mut call = Call { name: "ec2:CreateTags", on: "123456789012/us-east-1", resource: None, role: None };
        let ids = |number: usize| (0..number).map(|n| n.to_string()).collect::<Vec<_>>();
        let kind = ResourceKind::Balancer;
        assert_eq!(batch(&mut call, kind, &ids(20), "k").unwrap().len(), 20);
        assert_eq!(batch(&mut call, kind, &["b", "a", "b"].map(str::to_owned), "k").unwrap(), ["a", "b"]);
        assert_eq!(call.resource.as_deref(), Some("a, b"));
        let error = batch(&mut call, kind, &ids(21), "k").unwrap_err();
        assert_eq!(error.cause, Cause::Refused("BatchTooLarge".into()));
        assert_eq!(error.message, "21 load balancers in one call; 20 is the most");
        let error = batch(&mut call, kind, &ids(1), "").unwrap_err();
        assert_eq!(error.cause, Cause::Refused("InvalidRequest".into()));
    }
}
