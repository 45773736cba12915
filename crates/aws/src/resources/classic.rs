//! Classic load balancers: version 1 of the API.

use aws_sdk_elasticloadbalancing::operation::describe_load_balancers::DescribeLoadBalancersError;
use aws_sdk_elasticloadbalancing::operation::describe_tags::DescribeTagsError;
use aws_sdk_elasticloadbalancing::types as elb;
use simian_core::fleet::InstanceId;
use simian_core::ports::{CallError, ResourceQuery};
use simian_core::resource::{About, ClassicBalancer, Resource, ResourceId, ResourceKind, Tags};

use super::tagged::with_tags;
use super::{pairs, untagged};
use crate::clients::Clients;
use crate::convert::{Flaw, given, required, time};
use crate::error::Call;
use crate::limits::Meter;
use crate::pages::{each, whole};

/// The largest page of `DescribeLoadBalancers` (its API reference).
const BALANCERS_A_PAGE: i32 = 400;

/// What its scheme is when the internet reaches it (its API reference).
const INTERNET_FACING: &str = "internet-facing";

/// All of them, whoever is asked for: the API has no filter, and an unknown name fails all. Whether one spreads over zones
/// evenly is not asked: that is a call for each of them.
pub(super) async fn list(
    clients: &Clients,
    call: &Call<'_>,
    query: &ResourceQuery,
) -> Result<Vec<Resource>, CallError> {
    let bucket = &clients.limits.classic_balancers;
    let found = whole(bucket, call, |marker| {
        let page = clients
            .classic
            .describe_load_balancers()
            .page_size(BALANCERS_A_PAGE)
            .set_marker(marker)
            .customize()
            .interceptor(Meter::<DescribeLoadBalancersError>::new([bucket]))
            .send();
        async move {
            let page = page.await.map_err(|error| call.error(&error))?;
            Ok((each(call, page.load_balancer_descriptions, balancer)?, page.next_marker))
        }
    });
    let call = &call.named("elasticloadbalancing:DescribeTags");
    with_tags(call, query, found.await?, &|names| tags_of(clients, call, names)).await
}

async fn tags_of(clients: &Clients, call: &Call<'_>, names: Vec<String>) -> Result<Vec<(String, Tags)>, CallError> {
    let bucket = &clients.limits.classic_balancers;
    bucket.turn().await;
    let answer = clients
        .classic
        .describe_tags()
        .set_load_balancer_names(Some(names))
        .customize()
        .interceptor(Meter::<DescribeTagsError>::new([bucket]))
        .send()
        .await
        .map_err(|error| call.error(&error))?;
    each(call, answer.tag_descriptions, tag_description)
}

/// `TagDescription` of the Elastic Load Balancing API.
fn tag_description(theirs: elb::TagDescription) -> Result<(String, Tags), Flaw> {
    let name = required(theirs.load_balancer_name, "the name of what has tags")?;
    let tags = pairs(theirs.tags.unwrap_or_default().into_iter().map(|tag| (Some(tag.key), tag.value)), &name)?;
    Ok((name, tags))
}

/// `LoadBalancerDescription` of the Elastic Load Balancing API. Its tags follow.
fn balancer(theirs: elb::LoadBalancerDescription) -> Result<Resource, Flaw> {
    let name = required(theirs.load_balancer_name, "a classic load balancer's name")?;
    let instances = theirs.instances.unwrap_or_default().into_iter();
    let about = ClassicBalancer {
        public: theirs.scheme.as_deref() == Some(INTERNET_FACING),
        zones: theirs.availability_zones.unwrap_or_default(),
        security_groups: theirs.security_groups.unwrap_or_default(),
        instances: instances.filter_map(|one| given(one.instance_id)).map(InstanceId::new).collect(),
        cross_zone: None,
    };
    let (id, created) = (ResourceId::new(ResourceKind::ClassicBalancer, name), time(theirs.created_time));
    Ok(untagged(id, created, About::ClassicBalancer(about)))
}

#[cfg(test)]
mod tests {
    use aws_smithy_types::DateTime as Moment;
    use chrono::DateTime;

    use super::*;

    #[test]
    fn a_classic_balancer_whole() {
        let theirs = elb::LoadBalancerDescription::builder()
            .load_balancer_name("old")
            .scheme("internet-facing")
            .availability_zones("us-east-1a")
            .security_groups("sg-1")
            .instances(elb::Instance::builder().instance_id("i-1").build())
            .created_time(Moment::from_secs(1_795_456_800));
        let ours = balancer(theirs.clone().build()).unwrap();
        assert_eq!((ours.id.to_string().as_str(), ours.name.as_ref()), ("classic-load-balancer/old", None));
        assert_eq!(ours.created, DateTime::from_timestamp(1_795_456_800, 0));
        let expected = ClassicBalancer {
            public: true,
            zones: vec!["us-east-1a".into()],
            security_groups: vec!["sg-1".into()],
            instances: vec![InstanceId::new("i-1")],
            cross_zone: None,
        };
        assert_eq!(ours.classic_balancer(), Some(&expected));
        let inside = balancer(theirs.clone().scheme("internal").build()).unwrap();
        assert!(!inside.classic_balancer().unwrap().public);
        let flaw = balancer(theirs.set_load_balancer_name(None).build()).unwrap_err();
        assert_eq!(flaw, "a classic load balancer's name is missing");
    }

    #[test]
    fn whose_tags_they_are() {
        let tag = |key: &str| elb::Tag::builder().key(key).value("ann").build().unwrap();
        let theirs = |key: &str| elb::TagDescription::builder().load_balancer_name("old").tags(tag(key)).build();
        let ours = tag_description(theirs("owner")).unwrap();
        assert_eq!(ours, ("old".into(), [("owner".to_owned(), "ann".to_owned())].into()));
        assert_eq!(tag_description(theirs("")).unwrap_err(), "a tag's key of old is missing");
        let nobodys = elb::TagDescription::builder().build();
        assert_eq!(tag_description(nobodys).unwrap_err(), "the name of what has tags is missing");
    }
}
