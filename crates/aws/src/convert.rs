//! The API's shapes into ours. What the API calls required must be there: the SDK fills a missing name with an empty
//! text, which no name is. (It fills a missing number with 0 and a missing flag with `false`, and that cannot be seen.)

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_autoscaling::types as scaling;
use aws_sdk_ec2::types as ec2;
use simian_core::fleet::{Group, InstanceId, Lifecycle, Member};
use simian_core::ports::InstanceState;

/// What the SDK puts in the place of a missing life-cycle state.
const NO_LIFECYCLE: &str = "no value was set";

/// The kind of traffic source whose identifier is a target group's ARN (Auto Scaling API, `TrafficSourceIdentifier`).
const TARGET_GROUP: &str = "elbv2";

/// What is wrong with an answer.
pub(crate) type Flaw = String;

fn required(text: Option<String>, what: &str) -> Result<String, Flaw> {
    text.filter(|text| !text.is_empty()).ok_or_else(|| format!("{what} is missing"))
}

fn count(number: Option<i32>, what: &str) -> Result<u32, Flaw> {
    let number = number.ok_or_else(|| format!("{what} is missing"))?;
    u32::try_from(number).map_err(|_| format!("{what} is {number}"))
}

/// `AutoScalingGroup` of the Auto Scaling API.
pub(crate) fn group(theirs: scaling::AutoScalingGroup) -> Result<Group, Flaw> {
    let name = required(theirs.auto_scaling_group_name, "a group's name")?;
    let of = |what: &str| format!("{what} of group {name}");
    let tags = theirs
        .tags
        .unwrap_or_default()
        .into_iter()
        .map(|tag| Ok((required(tag.key, &of("a tag's key"))?, tag.value.unwrap_or_default())))
        .collect::<Result<BTreeMap<_, _>, Flaw>>()?;
    let members = theirs
        .instances
        .unwrap_or_default()
        .into_iter()
        .map(|instance| member(instance).map_err(|flaw| format!("{flaw} in group {name}")))
        .collect::<Result<Vec<_>, Flaw>>()?;
    let mut target_groups = theirs.target_group_arns.unwrap_or_default();
    for source in theirs.traffic_sources.unwrap_or_default() {
        let (Some(arn), Some(TARGET_GROUP)) = (source.identifier, source.r#type.as_deref()) else { continue };
        if !target_groups.contains(&arn) {
            target_groups.push(arn);
        }
    }
    let suspended =
        theirs.suspended_processes.unwrap_or_default().into_iter().filter_map(|process| process.process_name).collect();
    Ok(Group {
        tags,
        min: count(theirs.min_size, &of("MinSize"))?,
        desired: count(theirs.desired_capacity, &of("DesiredCapacity"))?,
        max: count(theirs.max_size, &of("MaxSize"))?,
        members,
        health_check: required(theirs.health_check_type, &of("HealthCheckType"))?,
        target_groups,
        suspended,
        name,
    })
}

/// `Instance` of the Auto Scaling API.
fn member(theirs: scaling::Instance) -> Result<Member, Flaw> {
    let id = required(theirs.instance_id, "a member's id")?;
    let of = |what: &str| format!("{what} of member {id}");
    let lifecycle = theirs.lifecycle_state.map(|state| state.as_str().to_owned()).filter(|s| s != NO_LIFECYCLE);
    Ok(Member {
        zone: required(theirs.availability_zone, &of("AvailabilityZone"))?,
        lifecycle: Lifecycle::parse(&required(lifecycle, &of("LifecycleState"))?),
        healthy: required(theirs.health_status, &of("HealthStatus"))?.eq_ignore_ascii_case("healthy"),
        protected: theirs
            .protected_from_scale_in
            .ok_or_else(|| format!("{} is missing", of("ProtectedFromScaleIn")))?,
        template_version: theirs.launch_template.and_then(|template| template.version),
        id: InstanceId::new(id),
    })
}

/// `Instance` of the EC2 API.
pub(crate) fn instance(theirs: ec2::Instance) -> Result<(InstanceId, InstanceState), Flaw> {
    let id = required(theirs.instance_id, "an instance's id")?;
    let state = state(theirs.state.as_ref()).map_err(|flaw| format!("{flaw} ({id})"))?;
    Ok((InstanceId::new(id), state))
}

/// `InstanceStateChange` of the EC2 API: those that are ending or ended.
pub(crate) fn ended(theirs: Vec<ec2::InstanceStateChange>) -> Result<Vec<InstanceId>, Flaw> {
    let mut ended = Vec::new();
    for change in theirs {
        let id = required(change.instance_id, "an instance's id")?;
        let state = state(change.current_state.as_ref()).map_err(|flaw| format!("{flaw} ({id})"))?;
        if state == InstanceState::Terminated {
            ended.push(InstanceId::new(id));
        }
    }
    Ok(ended)
}

fn state(theirs: Option<&ec2::InstanceState>) -> Result<InstanceState, Flaw> {
    match theirs.and_then(ec2::InstanceState::name) {
        Some(ec2::InstanceStateName::Pending) => Ok(InstanceState::Pending),
        Some(ec2::InstanceStateName::Running) => Ok(InstanceState::Running),
        Some(ec2::InstanceStateName::Stopping | ec2::InstanceStateName::Stopped) => Ok(InstanceState::Stopped),
        Some(ec2::InstanceStateName::ShuttingDown | ec2::InstanceStateName::Terminated) => {
            Ok(InstanceState::Terminated)
        }
        Some(other) => Err(format!("the unknown state `{}`", other.as_str())),
        None => Err("the state is missing".into()),
    }
}

/// Follows a list from page to page and knows when it goes in circles.
#[derive(Debug, Default)]
pub(crate) struct Pages {
    seen: BTreeSet<String>,
}

/// Pages of one list: of 100 groups each, 200 times the default quota of groups in a region (500).
const MAX_PAGES: usize = 1000;

impl Pages {
    /// The token of the next page, `None` at the end of the list.
    pub(crate) fn next(&mut self, token: Option<String>) -> Result<Option<String>, Flaw> {
        let Some(token) = token.filter(|token| !token.is_empty()) else { return Ok(None) };
        if self.seen.len() >= MAX_PAGES {
            return Err(format!("the list did not end after {MAX_PAGES} pages"));
        }
        if !self.seen.insert(token.clone()) {
            return Err("the list goes in circles: NextToken came back".into());
        }
        Ok(Some(token))
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_autoscaling::types::{AutoScalingGroup, Instance, LaunchTemplateSpecification, LifecycleState};
    use aws_sdk_autoscaling::types::{SuspendedProcess, TagDescription, TrafficSourceIdentifier};
    use aws_sdk_ec2::types::{InstanceStateChange, InstanceStateName};

    use super::*;

    fn instance_of(id: &str) -> Instance {
        Instance::builder()
            .instance_id(id)
            .availability_zone("us-east-1a")
            .lifecycle_state(LifecycleState::InService)
            .health_status("Healthy")
            .protected_from_scale_in(false)
            .launch_template(LaunchTemplateSpecification::builder().version("7").build())
            .build()
    }

    fn shop() -> AutoScalingGroup {
        AutoScalingGroup::builder()
            .auto_scaling_group_name("shop")
            .min_size(1)
            .desired_capacity(2)
            .max_size(3)
            .health_check_type("EC2,ELB")
            .target_group_arns("arn:a")
            .traffic_sources(TrafficSourceIdentifier::builder().identifier("arn:a").r#type("elbv2").build())
            .traffic_sources(TrafficSourceIdentifier::builder().identifier("arn:b").r#type("elbv2").build())
            .traffic_sources(TrafficSourceIdentifier::builder().identifier("classic").r#type("elb").build())
            .suspended_processes(SuspendedProcess::builder().process_name("Launch").build())
            .tags(TagDescription::builder().key("simian:chaos").value("on").build())
            .tags(TagDescription::builder().key("empty").build())
            .instances(instance_of("i-1"))
            .build()
    }

    #[test]
    fn a_group_whole() {
        let ours = group(shop()).unwrap();
        let expected = Group {
            name: "shop".into(),
            tags: [("empty", ""), ("simian:chaos", "on")].map(|(k, v)| (k.to_owned(), v.to_owned())).into(),
            min: 1,
            desired: 2,
            max: 3,
            members: vec![Member {
                id: InstanceId::new("i-1"),
                zone: "us-east-1a".into(),
                lifecycle: Lifecycle::InService,
                healthy: true,
                protected: false,
                template_version: Some("7".into()),
            }],
            health_check: "EC2,ELB".into(),
            target_groups: vec!["arn:a".into(), "arn:b".into()],
            suspended: vec!["Launch".into()],
        };
        assert_eq!(ours, expected);
    }

    #[test]
    fn whatever_is_missing_makes_the_answer_unreadable() {
        type Spoil = fn(&mut AutoScalingGroup);
        let cases: [(&str, Spoil); 14] = [
            ("a group's name is missing", |g| g.auto_scaling_group_name = None),
            ("a group's name is missing", |g| g.auto_scaling_group_name = Some(String::new())),
            ("MinSize of group shop is missing", |g| g.min_size = None),
            ("MinSize of group shop is -1", |g| g.min_size = Some(-1)),
            ("DesiredCapacity of group shop is missing", |g| g.desired_capacity = None),
            ("MaxSize of group shop is missing", |g| g.max_size = None),
            ("HealthCheckType of group shop is missing", |g| g.health_check_type = None),
            ("a tag's key of group shop is missing", |g| g.tags.as_mut().unwrap()[0].key = None),
            ("a member's id is missing in group shop", |g| member_of(g).instance_id = Some(String::new())),
            ("AvailabilityZone of member i-1 is missing in group shop", |g| member_of(g).availability_zone = None),
            ("LifecycleState of member i-1 is missing in group shop", |g| member_of(g).lifecycle_state = None),
            ("LifecycleState of member i-1 is missing in group shop", |g| {
                member_of(g).lifecycle_state = Some(NO_LIFECYCLE.into());
            }),
            ("HealthStatus of member i-1 is missing in group shop", |g| member_of(g).health_status = None),
            ("ProtectedFromScaleIn of member i-1 is missing in group shop", |g| {
                member_of(g).protected_from_scale_in = None;
            }),
        ];
        for (flaw, spoil) in cases {
            let mut theirs = shop();
            spoil(&mut theirs);
            assert_eq!(group(theirs).unwrap_err(), flaw);
        }
    }

    fn member_of(group: &mut AutoScalingGroup) -> &mut Instance {
        &mut group.instances.as_mut().unwrap()[0]
    }

    #[test]
    fn a_life_cycle_that_we_do_not_know_is_kept_and_does_not_serve() {
        let mut theirs = instance_of("i-1");
        theirs.lifecycle_state = Some("Hovering".into());
        theirs.health_status = Some("Unhealthy".into());
        let ours = member(theirs).unwrap();
        assert_eq!(ours.lifecycle, Lifecycle::Other("Hovering".into()));
        assert!(!ours.healthy && !ours.serves());
    }

    #[test]
    fn states_of_instances() {
        for (theirs, ours) in [
            ("pending", Ok(InstanceState::Pending)),
            ("running", Ok(InstanceState::Running)),
            ("stopping", Ok(InstanceState::Stopped)),
            ("stopped", Ok(InstanceState::Stopped)),
            ("shutting-down", Ok(InstanceState::Terminated)),
            ("terminated", Ok(InstanceState::Terminated)),
            ("hovering", Err("the unknown state `hovering` (i-1)".to_owned())),
        ] {
            let state = ec2::InstanceState::builder().name(InstanceStateName::from(theirs)).build();
            let described = ec2::Instance::builder().instance_id("i-1").state(state.clone()).build();
            assert_eq!(instance(described).map(|(_, state)| state), ours, "{theirs}");
            let change = InstanceStateChange::builder().instance_id("i-1").current_state(state).build();
            let expected = ours.map(|state| Vec::from_iter((state == InstanceState::Terminated).then(|| "i-1".into())));
            let seen = ended(vec![change]).map(|ids| ids.iter().map(ToString::to_string).collect::<Vec<_>>());
            assert_eq!(seen, expected, "{theirs}");
        }
        let stateless = ec2::Instance::builder().instance_id("i-1").build();
        assert_eq!(instance(stateless).unwrap_err(), "the state is missing (i-1)");
        assert!(instance(ec2::Instance::builder().build()).is_err());
    }

    #[test]
    fn a_list_that_goes_in_circles_or_never_ends_is_no_list() {
        let mut pages = Pages::default();
        assert_eq!(pages.next(Some("a".into())), Ok(Some("a".into())));
        assert_eq!(pages.next(Some("b".into())), Ok(Some("b".into())));
        assert!(pages.next(Some("a".into())).is_err());
        assert_eq!(Pages::default().next(None), Ok(None));
        assert_eq!(Pages::default().next(Some(String::new())), Ok(None));
        let mut pages = Pages::default();
        assert!((0..MAX_PAGES).all(|n| pages.next(Some(n.to_string())).is_ok()));
        assert!(pages.next(Some("more".into())).is_err());
    }
}
