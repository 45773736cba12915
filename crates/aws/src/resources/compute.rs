//! Instances, as a list shows them.

use std::collections::BTreeSet;

use aws_sdk_ec2::operation::describe_instances::{DescribeInstancesError, DescribeInstancesOutput};
use aws_sdk_ec2::types as ec2;
use chrono::{DateTime, NaiveDateTime, Utc};
use simian_core::ports::{CallError, InstanceState, ResourceQuery};
use simian_core::resource::{About, Instance, Metadata, Resource, ResourceId, ResourceKind};

use super::{ITEMS_A_PAGE, asked, is_managed, pages, present, resource, tags};
use crate::clients::Clients;
use crate::convert::{Flaw, count, given, required, time};
use crate::error::Call;
use crate::instances::state;

/// The tag that Auto Scaling sets on a group's instances, with its name. Source: Auto Scaling user guide, "Tag Auto Scaling
/// groups and instances".
const GROUP_TAG: &str = "aws:autoscaling:groupName";

/// The time in a `StateTransitionReason`: `User initiated (2026-11-01 12:00:00 GMT)`. Source: EC2 User Guide, "Stop and
/// start Amazon EC2 instances".
const TRANSITION_TIME: &str = "%Y-%m-%d %H:%M:%S GMT";

pub(super) async fn instances(
    clients: &Clients,
    call: &Call<'_>,
    query: &ResourceQuery,
) -> Result<Vec<Resource>, CallError> {
    pages!(
        call,
        &clients.limits.instances,
        asked(query, "instance-id"),
        DescribeInstancesError,
        clients.ec2.describe_instances().max_results(ITEMS_A_PAGE).include_managed_resources(true),
        set_filters,
        |page| Some(all_of(page)),
        instance
    )
}

fn all_of(page: DescribeInstancesOutput) -> Vec<ec2::Instance> {
    let reservations = page.reservations.unwrap_or_default().into_iter();
    reservations.flat_map(|one| one.instances.unwrap_or_default()).collect()
}

/// `Instance` of the EC2 API.
fn instance(theirs: ec2::Instance) -> Result<Resource, Flaw> {
    let id = required(theirs.instance_id, "an instance's id")?;
    let of = |what: &str| format!("{what} of {id}");
    let state = state(theirs.state.as_ref()).map_err(|flaw| format!("{flaw} ({id})"))?;
    let tags = tags(theirs.tags, &id)?;
    let launched = present(time(theirs.launch_time), "LaunchTime", &id)?;
    let interfaces = theirs.network_interfaces.unwrap_or_default();
    let groups = theirs.security_groups.unwrap_or_default();
    let groups = groups.into_iter().chain(interfaces.into_iter().flat_map(|one| one.groups.unwrap_or_default()));
    let groups: BTreeSet<String> = groups.filter_map(|group| given(group.group_id)).collect();
    let stopped = theirs.state_transition_reason.as_deref().and_then(transition);
    let about = Instance {
        state,
        stopped: stopped.filter(|_| state == InstanceState::Stopped),
        launched,
        kind: required(theirs.instance_type.map(|kind| kind.as_str().to_owned()), &of("InstanceType"))?,
        image: required(theirs.image_id, &of("ImageId"))?,
        zone: required(theirs.placement.and_then(|place| place.availability_zone), &of("AvailabilityZone"))?,
        subnet: given(theirs.subnet_id),
        vpc: given(theirs.vpc_id),
        key: given(theirs.key_name),
        security_groups: groups.into_iter().collect(),
        public_address: given(theirs.public_ip_address),
        metadata: theirs.metadata_options.map_or(Ok(Metadata::default()), |options| metadata(&options, &id))?,
        group: tags.get(GROUP_TAG).cloned(),
        spot: theirs.instance_lifecycle == Some(ec2::InstanceLifecycleType::Spot),
        managed: is_managed(theirs.operator.as_ref()),
    };
    Ok(resource(ResourceId::new(ResourceKind::Instance, id), tags, Some(launched), About::Instance(about)))
}

/// The time in the reason of the last transition.
fn transition(reason: &str) -> Option<DateTime<Utc>> {
    let (_, time) = reason.rsplit_once('(')?;
    let time = NaiveDateTime::parse_from_str(time.split_once(')')?.0, TRANSITION_TIME).ok()?;
    Some(time.and_utc())
}

/// `InstanceMetadataOptionsResponse` of the EC2 API.
fn metadata(theirs: &ec2::InstanceMetadataOptionsResponse, id: &str) -> Result<Metadata, Flaw> {
    let enabled = theirs.http_endpoint().map(|endpoint| *endpoint == ec2::InstanceMetadataEndpointState::Enabled);
    let tokens_required = theirs.http_tokens().map(|tokens| *tokens == ec2::HttpTokensState::Required);
    let limit = theirs.http_put_response_hop_limit();
    let hop_limit = limit.map(|_| count(limit, &format!("HttpPutResponseHopLimit of {id}"))).transpose()?;
    Ok(Metadata { enabled, tokens_required, hop_limit })
}

#[cfg(test)]
mod tests {
    use aws_smithy_types::DateTime as Moment;

    use super::*;
    use crate::convert::written_time;

    fn group(id: &str) -> ec2::GroupIdentifier {
        ec2::GroupIdentifier::builder().group_id(id).group_name("web").build()
    }

    fn theirs() -> ec2::Instance {
        let state = ec2::InstanceState::builder().name(ec2::InstanceStateName::Stopped).build();
        let options = ec2::InstanceMetadataOptionsResponse::builder()
            .http_endpoint(ec2::InstanceMetadataEndpointState::Enabled)
            .http_tokens(ec2::HttpTokensState::Optional)
            .http_put_response_hop_limit(2);
        ec2::Instance::builder()
            .instance_id("i-1")
            .state(state)
            .state_transition_reason("User initiated (2026-11-01 12:00:00 GMT)")
            .launch_time(Moment::from_secs(1_795_456_800))
            .instance_type(ec2::InstanceType::M7gLarge)
            .image_id("ami-1")
            .placement(ec2::Placement::builder().availability_zone("us-east-1a").build())
            .subnet_id("subnet-1")
            .vpc_id("vpc-1")
            .key_name("ops")
            .security_groups(group("sg-1"))
            .network_interfaces(ec2::InstanceNetworkInterface::builder().groups(group("sg-1")).build())
            .network_interfaces(ec2::InstanceNetworkInterface::builder().groups(group("sg-2")).build())
            .public_ip_address("203.0.113.7")
            .metadata_options(options.build())
            .instance_lifecycle(ec2::InstanceLifecycleType::Spot)
            .operator(ec2::OperatorResponse::builder().managed(true).build())
            .tags(ec2::Tag::builder().key("Name").value("db").build())
            .tags(ec2::Tag::builder().key(GROUP_TAG).value("shop-v001").build())
            .build()
    }

    #[test]
    fn an_instance_whole() {
        let ours = instance(theirs()).unwrap();
        let launched = DateTime::from_timestamp(1_795_456_800, 0).unwrap();
        assert_eq!((ours.id.to_string().as_str(), ours.title()), ("instance/i-1", "db"));
        assert_eq!(ours.created, Some(launched));
        let expected = Instance {
            state: InstanceState::Stopped,
            stopped: written_time("2026-11-01T12:00:00Z"),
            launched,
            kind: "m7g.large".into(),
            image: "ami-1".into(),
            zone: "us-east-1a".into(),
            subnet: Some("subnet-1".into()),
            vpc: Some("vpc-1".into()),
            key: Some("ops".into()),
            security_groups: vec!["sg-1".into(), "sg-2".into()],
            public_address: Some("203.0.113.7".into()),
            metadata: Metadata { enabled: Some(true), tokens_required: Some(false), hop_limit: Some(2) },
            group: Some("shop-v001".into()),
            spot: true,
            managed: true,
        };
        assert_eq!(ours.instance(), Some(&expected));
    }

    #[test]
    fn what_an_instance_may_lack() {
        let mut bare = theirs();
        bare.tags = None;
        bare.subnet_id = Some(String::new());
        (bare.metadata_options, bare.operator, bare.instance_lifecycle) = (None, None, None);
        (bare.network_interfaces, bare.security_groups) = (None, None);
        bare.state_transition_reason = Some(String::new());
        let ours = instance(bare).unwrap();
        let about = ours.instance().unwrap();
        assert_eq!((about.subnet.as_ref(), about.group.as_ref(), about.stopped), (None, None, None));
        assert_eq!(about.metadata, Metadata::default());
        assert!(!about.managed && !about.spot && about.security_groups.is_empty());
        assert_eq!(ours.title(), "i-1");
    }

    #[test]
    fn whatever_is_missing_makes_an_instance_unreadable() {
        type Spoil = fn(&mut ec2::Instance);
        let cases: [(&str, Spoil); 7] = [
            ("an instance's id is missing", |i| i.instance_id = None),
            ("the state is missing (i-1)", |i| i.state = None),
            ("LaunchTime of i-1 is missing", |i| i.launch_time = None),
            ("InstanceType of i-1 is missing", |i| i.instance_type = None),
            ("ImageId of i-1 is missing", |i| i.image_id = Some(String::new())),
            ("AvailabilityZone of i-1 is missing", |i| i.placement = None),
            ("HttpPutResponseHopLimit of i-1 is -1", |i| {
                i.metadata_options.as_mut().unwrap().http_put_response_hop_limit = Some(-1);
            }),
        ];
        for (flaw, spoil) in cases {
            let mut spoiled = theirs();
            spoil(&mut spoiled);
            assert_eq!(instance(spoiled).unwrap_err(), flaw);
        }
    }

    #[test]
    fn since_when_an_instance_is_stopped() {
        let noon = written_time("2026-11-01T12:00:00Z");
        for (reason, expected) in [
            ("User initiated (2026-11-01 12:00:00 GMT)", noon),
            ("Server.ScheduledStop: Stopped (by AWS) (2026-11-01 12:00:00 GMT)", noon),
            ("User initiated", None),
            ("User initiated (yesterday)", None),
            ("User initiated (2026-11-01 12:00:00 GMT", None),
            ("", None),
        ] {
            assert_eq!(transition(reason), expected, "{reason}");
        }
        // One that runs again is not stopped, whatever its last reason says.
        let mut running = theirs();
        running.state = Some(ec2::InstanceState::builder().name(ec2::InstanceStateName::Running).build());
        assert_eq!(instance(running).unwrap().instance().unwrap().stopped, None);
    }
}
