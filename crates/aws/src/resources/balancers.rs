//! Application, network and gateway load balancers, and target groups: version 2 of the API.

use aws_sdk_elasticloadbalancingv2::operation::describe_listeners::DescribeListenersError;
use aws_sdk_elasticloadbalancingv2::operation::describe_load_balancers::DescribeLoadBalancersError;
use aws_sdk_elasticloadbalancingv2::operation::describe_tags::DescribeTagsError;
use aws_sdk_elasticloadbalancingv2::operation::describe_target_groups::DescribeTargetGroupsError;
use aws_sdk_elasticloadbalancingv2::types as elb;
use simian_core::ports::{CallError, ResourceQuery};
use simian_core::resource::{About, Balancer, BalancerKind, Resource, ResourceId, ResourceKind, Tags, TargetGroup};

use super::tagged::with_tags;
use super::{named, pairs, present};
use crate::clients::Clients;
use crate::convert::{Flaw, given, required, time};
use crate::error::Call;
use crate::limits::Meter;
use crate::pages::{each, whole};

/// The largest page of `DescribeLoadBalancers`, `DescribeListeners` and `DescribeTargetGroups` (their API references).
const BALANCERS_A_PAGE: i32 = 400;

/// All of them, whoever is asked for: the API has no filter, takes 20 ARNs a call, and an unknown one fails them all.
pub(super) async fn balancers(
    clients: &Clients,
    call: &Call<'_>,
    query: &ResourceQuery,
) -> Result<Vec<Resource>, CallError> {
    let bucket = &clients.limits.balancers;
    let found = whole(bucket, call, |marker| {
        let page = clients
            .balancers
            .describe_load_balancers()
            .page_size(BALANCERS_A_PAGE)
            .set_marker(marker)
            .customize()
            .interceptor(Meter::<DescribeLoadBalancersError>::new([bucket]))
            .send();
        async move {
            let page = page.await.map_err(|error| call.error(&error))?;
            Ok((each(call, page.load_balancers, balancer)?, page.next_marker))
        }
    });
    let mut found = tagged(clients, call, query, found.await?).await?;
    if matches!(query, ResourceQuery::Ids(_)) {
        let call = &call.named("elasticloadbalancing:DescribeListeners");
        for one in &mut found {
            let listeners = Some(listeners(clients, call, &one.id.id).await?);
            if let About::Balancer(balancer) = &mut one.about {
                balancer.listeners = listeners;
            }
        }
    }
    Ok(found)
}

/// How many listeners a balancer has: a call each.
async fn listeners(clients: &Clients, call: &Call<'_>, arn: &str) -> Result<u32, CallError> {
    let bucket = &clients.limits.balancers;
    let found = whole(bucket, call, |marker| {
        let page = clients
            .balancers
            .describe_listeners()
            .load_balancer_arn(arn)
            .page_size(BALANCERS_A_PAGE)
            .set_marker(marker)
            .customize()
            .interceptor(Meter::<DescribeListenersError>::new([bucket]))
            .send();
        async move {
            let page = page.await.map_err(|error| call.error(&error))?;
            Ok((page.listeners.unwrap_or_default(), page.next_marker))
        }
    });
    Ok(u32::try_from(found.await?.len()).unwrap_or(u32::MAX))
}

/// All of them, for the same reason.
pub(super) async fn target_groups(
    clients: &Clients,
    call: &Call<'_>,
    query: &ResourceQuery,
) -> Result<Vec<Resource>, CallError> {
    let bucket = &clients.limits.balancers;
    let found = whole(bucket, call, |marker| {
        let page = clients
            .balancers
            .describe_target_groups()
            .page_size(BALANCERS_A_PAGE)
            .set_marker(marker)
            .customize()
            .interceptor(Meter::<DescribeTargetGroupsError>::new([bucket]))
            .send();
        async move {
            let page = page.await.map_err(|error| call.error(&error))?;
            Ok((each(call, page.target_groups, target_group)?, page.next_marker))
        }
    });
    tagged(clients, call, query, found.await?).await
}

/// Those of them that were asked for, with their tags.
async fn tagged(
    clients: &Clients,
    call: &Call<'_>,
    query: &ResourceQuery,
    all: Vec<Resource>,
) -> Result<Vec<Resource>, CallError> {
    let call = &call.named("elasticloadbalancing:DescribeTags");
    with_tags(call, query, all, &|arns| tags_of(clients, call, arns)).await
}

async fn tags_of(clients: &Clients, call: &Call<'_>, arns: Vec<String>) -> Result<Vec<(String, Tags)>, CallError> {
    let bucket = &clients.limits.balancers;
    bucket.turn().await;
    let answer = clients
        .balancers
        .describe_tags()
        .set_resource_arns(Some(arns))
        .customize()
        .interceptor(Meter::<DescribeTagsError>::new([bucket]))
        .send()
        .await
        .map_err(|error| call.error(&error))?;
    each(call, answer.tag_descriptions, tag_description)
}

/// `TagDescription` of the Elastic Load Balancing API.
fn tag_description(theirs: elb::TagDescription) -> Result<(String, Tags), Flaw> {
    let arn = required(theirs.resource_arn, "the ARN of what has tags")?;
    let tags = pairs(theirs.tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value)), &arn)?;
    Ok((arn, tags))
}

/// `LoadBalancer` of the Elastic Load Balancing API. Its tags follow.
fn balancer(theirs: elb::LoadBalancer) -> Result<Resource, Flaw> {
    let arn = required(theirs.load_balancer_arn, "a load balancer's ARN")?;
    let kind = match present(theirs.r#type, "the type", &arn)? {
        elb::LoadBalancerTypeEnum::Application => BalancerKind::Application,
        elb::LoadBalancerTypeEnum::Network => BalancerKind::Network,
        elb::LoadBalancerTypeEnum::Gateway => BalancerKind::Gateway,
        other => return Err(format!("{arn} has the unknown type `{}`", other.as_str())),
    };
    let zones = theirs.availability_zones.unwrap_or_default().into_iter();
    let about = Balancer {
        kind,
        public: theirs.scheme == Some(elb::LoadBalancerSchemeEnum::InternetFacing),
        zones: zones.filter_map(|zone| given(zone.zone_name)).collect(),
        vpc: given(theirs.vpc_id),
        security_groups: theirs.security_groups.unwrap_or_default(),
        listeners: None,
    };
    let (name, created) = (given(theirs.load_balancer_name), time(theirs.created_time));
    Ok(named(ResourceId::new(ResourceKind::Balancer, arn), name, Tags::new(), created, About::Balancer(about)))
}

/// `TargetGroup` of the Elastic Load Balancing API. Its tags follow.
fn target_group(theirs: elb::TargetGroup) -> Result<Resource, Flaw> {
    let arn = required(theirs.target_group_arn, "a target group's ARN")?;
    let kind = present(theirs.target_type, "TargetType", &arn)?;
    let about = TargetGroup {
        balancers: theirs.load_balancer_arns.unwrap_or_default(),
        kind: kind.as_str().to_owned(),
        health_path: given(theirs.health_check_path),
    };
    let name = given(theirs.target_group_name);
    Ok(named(ResourceId::new(ResourceKind::TargetGroup, arn), name, Tags::new(), None, About::TargetGroup(about)))
}

#[cfg(test)]
mod tests {
    use aws_smithy_types::DateTime as Moment;
    use chrono::DateTime;

    use super::*;

    fn theirs() -> elb::LoadBalancer {
        let zone = |name: &str| elb::AvailabilityZone::builder().zone_name(name).build();
        elb::LoadBalancer::builder()
            .load_balancer_arn("arn:lb")
            .load_balancer_name("shop")
            .r#type(elb::LoadBalancerTypeEnum::Application)
            .scheme(elb::LoadBalancerSchemeEnum::InternetFacing)
            .availability_zones(zone("us-east-1a"))
            .availability_zones(zone("us-east-1b"))
            .vpc_id("vpc-1")
            .security_groups("sg-1")
            .created_time(Moment::from_secs(1_795_456_800))
            .build()
    }

    #[test]
    fn a_balancer_whole() {
        let ours = balancer(theirs()).unwrap();
        assert_eq!((ours.id.to_string().as_str(), ours.title()), ("load-balancer/arn:lb", "shop"));
        assert_eq!(ours.created, DateTime::from_timestamp(1_795_456_800, 0));
        let expected = Balancer {
            kind: BalancerKind::Application,
            public: true,
            zones: vec!["us-east-1a".into(), "us-east-1b".into()],
            vpc: Some("vpc-1".into()),
            security_groups: vec!["sg-1".into()],
            listeners: None,
        };
        assert_eq!(ours.balancer(), Some(&expected));
        for (word, kind) in
            [("network", Ok(BalancerKind::Network)), ("gateway", Ok(BalancerKind::Gateway)), ("odd", Err(()))]
        {
            let mut one = theirs();
            (one.r#type, one.scheme) = (Some(word.into()), None);
            let ours = balancer(one).map(|ours| ours.balancer().cloned().unwrap());
            assert_eq!(ours.as_ref().map(|about| about.kind).map_err(|_| ()), kind, "{word}");
            assert!(ours.is_err() || !ours.unwrap().public, "{word}");
        }
        let flaw = |spoil: fn(&mut elb::LoadBalancer)| {
            let mut one = theirs();
            spoil(&mut one);
            balancer(one).unwrap_err()
        };
        assert_eq!(flaw(|one| one.load_balancer_arn = None), "a load balancer's ARN is missing");
        assert_eq!(flaw(|one| one.r#type = None), "the type of arn:lb is missing");
    }

    #[test]
    fn a_target_group_whole() {
        let theirs = || {
            elb::TargetGroup::builder()
                .target_group_arn("arn:tg")
                .target_group_name("shop")
                .target_type(elb::TargetTypeEnum::Ip)
                .load_balancer_arns("arn:lb")
                .health_check_path("/healthcheck")
        };
        let ours = target_group(theirs().build()).unwrap();
        assert_eq!((ours.id.to_string().as_str(), ours.title()), ("target-group/arn:tg", "shop"));
        let expected = TargetGroup {
            balancers: vec!["arn:lb".into()],
            kind: "ip".into(),
            health_path: Some("/healthcheck".into()),
        };
        assert_eq!(ours.target_group(), Some(&expected));
        let flaw = |theirs: elb::TargetGroup| target_group(theirs).unwrap_err();
        assert_eq!(flaw(theirs().set_target_group_arn(None).build()), "a target group's ARN is missing");
        assert_eq!(flaw(theirs().set_target_type(None).build()), "TargetType of arn:tg is missing");
    }

    #[test]
    fn whose_tags_they_are() {
        let tag = elb::Tag::builder().key("owner").value("ann").build();
        let theirs = elb::TagDescription::builder().resource_arn("arn:lb").tags(tag).build();
        let ours = tag_description(theirs).unwrap();
        assert_eq!(ours, ("arn:lb".into(), [("owner".to_owned(), "ann".to_owned())].into()));
        let nobodys = elb::TagDescription::builder().build();
        assert_eq!(tag_description(nobodys).unwrap_err(), "the ARN of what has tags is missing");
    }
}
