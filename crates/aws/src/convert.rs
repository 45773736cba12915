//! A group's shape into ours. What the API calls required must be there: the SDK fills a missing name with an empty
//! text, which no name is. (It fills a missing number with 0 and a missing flag with `false`, and that cannot be seen.)

use std::collections::BTreeMap;

use aws_sdk_autoscaling::types as scaling;
use aws_smithy_types::DateTime as Moment;
use chrono::{DateTime, Utc};
use simian_core::fleet::{Group, InstanceId, LaunchSource, Lifecycle, Member};

/// What the SDK puts in the place of a missing word that the API calls required.
pub(crate) const NO_VALUE: &str = "no value was set";

/// The kind of traffic source whose identifier is a target group's ARN (Auto Scaling API, `TrafficSourceIdentifier`).
const TARGET_GROUP: &str = "elbv2";

/// The kind of traffic source whose identifier is a classic load balancer's name (the same).
const CLASSIC_BALANCER: &str = "elb";

/// Before the time in the reason of a suspension. Source: Auto Scaling user guide, "Suspend and resume processes":
/// `User suspended at 2016-09-08T12:00:00Z`, and of AWS's own doing `Administrator suspended at …`.
const SUSPENDED: &str = " suspended at ";

/// What is wrong with an answer.
pub(crate) type Flaw = String;

pub(crate) fn required(text: Option<String>, what: &str) -> Result<String, Flaw> {
    text.filter(|text| !text.is_empty()).ok_or_else(|| format!("{what} is missing"))
}

pub(crate) fn count(number: Option<i32>, what: &str) -> Result<u32, Flaw> {
    let number = number.ok_or_else(|| format!("{what} is missing"))?;
    u32::try_from(number).map_err(|_| format!("{what} is {number}"))
}

/// What may be left out: text that is there and not empty.
pub(crate) fn given(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

/// A time. The SDK puts the epoch in the place of one that the API called required and left out.
pub(crate) fn time(theirs: Option<Moment>) -> Option<DateTime<Utc>> {
    let theirs = theirs.filter(|time| time.secs() != 0)?;
    DateTime::from_timestamp(theirs.secs(), theirs.subsec_nanos())
}

/// A time as text (RFC 3339).
pub(crate) fn written_time(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text).ok().map(|time| time.with_timezone(&Utc))
}

/// `AutoScalingGroup` of the Auto Scaling API.
pub(crate) fn group(mut theirs: scaling::AutoScalingGroup) -> Result<Group, Flaw> {
    let name = required(theirs.auto_scaling_group_name.take(), "a group's name")?;
    let of = |what: &str| format!("{what} of group {name}");
    let override_kinds = override_kinds(&theirs);
    let launches = launches(&mut theirs, &of)?;
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
    let mut classic_balancers = theirs.load_balancer_names.unwrap_or_default();
    for source in theirs.traffic_sources.unwrap_or_default() {
        let known = match source.r#type.as_deref() {
            Some(TARGET_GROUP) => &mut target_groups,
            Some(CLASSIC_BALANCER) => &mut classic_balancers,
            _ => continue,
        };
        known.extend(source.identifier.filter(|name| !known.contains(name)));
    }
    let processes = theirs.suspended_processes.unwrap_or_default();
    let reasons = processes.iter().filter_map(|process| process.suspension_reason.as_deref());
    let suspended_since = reasons.filter_map(suspended_since).min();
    let suspended = processes.into_iter().filter_map(|process| process.process_name).collect();
    let subnets = theirs.vpc_zone_identifier.unwrap_or_default();
    let subnets = subnets.split(',').map(str::trim).filter(|id| !id.is_empty()).map(str::to_owned).collect();
    Ok(Group {
        tags,
        min: count(theirs.min_size, &of("MinSize"))?,
        desired: count(theirs.desired_capacity, &of("DesiredCapacity"))?,
        max: count(theirs.max_size, &of("MaxSize"))?,
        members,
        health_check: required(theirs.health_check_type, &of("HealthCheckType"))?,
        target_groups,
        suspended,
        launches,
        subnets,
        zones: theirs.availability_zones.unwrap_or_default(),
        created: time(theirs.created_time),
        grace_seconds: theirs
            .health_check_grace_period
            .map_or(Ok(0), |grace| count(Some(grace), &of("HealthCheckGracePeriod")))?,
        capacity_rebalance: theirs.capacity_rebalance.unwrap_or_default(),
        classic_balancers,
        suspended_since,
        warm: theirs.warm_pool_size.map_or(Ok(0), |size| count(Some(size), &of("WarmPoolSize")))?,
        override_kinds,
        protected: is_protected(theirs.deletion_protection.as_ref()),
        name,
    })
}

/// When a process was suspended, by the reason that the API gives.
fn suspended_since(reason: &str) -> Option<DateTime<Utc>> {
    let (_, time) = reason.split_once(SUSPENDED)?;
    written_time(time.trim())
}

/// Whether a plain deletion is refused. Nobody here forces one, so a group that is only protected from that is not. A
/// word that we do not know may protect from anything.
fn is_protected(theirs: Option<&scaling::DeletionProtection>) -> bool {
    use scaling::DeletionProtection as Protection;
    !matches!(theirs, None | Some(Protection::None | Protection::PreventForceDeletion))
}

/// The instance types that the policy's overrides name, each once.
fn override_kinds(theirs: &scaling::AutoScalingGroup) -> Vec<String> {
    let mix = theirs.mixed_instances_policy.as_ref().and_then(|policy| policy.launch_template.as_ref());
    let overrides = mix.and_then(|mix| mix.overrides.as_deref()).unwrap_or_default();
    let mut kinds: Vec<String> = Vec::new();
    for kind in overrides.iter().filter_map(|instead| given(instead.instance_type.clone())) {
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    kinds
}

/// Whatever a group may launch from, each once.
fn launches(theirs: &mut scaling::AutoScalingGroup, of: &impl Fn(&str) -> String) -> Result<Vec<LaunchSource>, Flaw> {
    let mut templates = Vec::from_iter(theirs.launch_template.take());
    let mut images = Vec::new();
    if let Some(mix) = theirs.mixed_instances_policy.take().and_then(|policy| policy.launch_template) {
        templates.extend(mix.launch_template_specification);
        for instead in mix.overrides.unwrap_or_default() {
            templates.extend(instead.launch_template_specification);
            images.extend(instead.image_id);
        }
    }
    let mut all = templates.into_iter().map(|one| template(one, of)).collect::<Result<Vec<_>, Flaw>>()?;
    all.extend(images.into_iter().map(LaunchSource::Image));
    all.extend(theirs.launch_configuration_name.take().map(LaunchSource::Configuration));
    all.sort_unstable();
    all.dedup();
    Ok(all)
}

/// `LaunchTemplateSpecification` of the Auto Scaling API, which says what a missing version means.
fn template(theirs: scaling::LaunchTemplateSpecification, of: &impl Fn(&str) -> String) -> Result<LaunchSource, Flaw> {
    let id = required(theirs.launch_template_id, &of("LaunchTemplateId"))?;
    let version = theirs.version.filter(|version| !version.is_empty()).unwrap_or_else(|| "$Default".into());
    Ok(LaunchSource::Template { id, version })
}

/// `Instance` of the Auto Scaling API.
fn member(theirs: scaling::Instance) -> Result<Member, Flaw> {
    let id = required(theirs.instance_id, "a member's id")?;
    let of = |what: &str| format!("{what} of member {id}");
    let lifecycle = theirs.lifecycle_state.map(|state| state.as_str().to_owned()).filter(|s| s != NO_VALUE);
    let (template, template_version) =
        theirs.launch_template.map_or((None, None), |from| (given(from.launch_template_id), from.version));
    Ok(Member {
        zone: required(theirs.availability_zone, &of("AvailabilityZone"))?,
        lifecycle: Lifecycle::parse(&required(lifecycle, &of("LifecycleState"))?),
        healthy: required(theirs.health_status, &of("HealthStatus"))?.eq_ignore_ascii_case("healthy"),
        protected: theirs
            .protected_from_scale_in
            .ok_or_else(|| format!("{} is missing", of("ProtectedFromScaleIn")))?,
        template_version,
        template,
        configuration: given(theirs.launch_configuration_name),
        kind: given(theirs.instance_type),
        id: InstanceId::new(id),
    })
}

#[cfg(test)]
mod tests {
    use aws_sdk_autoscaling::types::{AutoScalingGroup, Instance, LaunchTemplateSpecification, LifecycleState};
    use aws_sdk_autoscaling::types::{DeletionProtection, SuspendedProcess, TagDescription, TrafficSourceIdentifier};
    use aws_sdk_autoscaling::types::{LaunchTemplate, LaunchTemplateOverrides, MixedInstancesPolicy};

    use super::*;

    fn instance_of(id: &str) -> Instance {
        Instance::builder()
            .instance_id(id)
            .availability_zone("us-east-1a")
            .lifecycle_state(LifecycleState::InService)
            .health_status("Healthy")
            .protected_from_scale_in(false)
            .launch_template(spec("lt-1", Some("7")))
            .instance_type("m7g.large")
            .build()
    }

    fn suspended(process: &str, reason: &str) -> SuspendedProcess {
        SuspendedProcess::builder().process_name(process).suspension_reason(reason).build()
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
            .load_balancer_names("classic")
            .traffic_sources(TrafficSourceIdentifier::builder().identifier("classic").r#type("elb").build())
            .traffic_sources(TrafficSourceIdentifier::builder().identifier("older").r#type("elb").build())
            .traffic_sources(TrafficSourceIdentifier::builder().identifier("lattice").r#type("vpc-lattice").build())
            .suspended_processes(suspended("Launch", "User suspended at 2026-11-20T12:00:00Z"))
            .suspended_processes(suspended("Terminate", "User suspended at 2026-11-01T12:00:00Z"))
            .suspended_processes(suspended("AZRebalance", "somebody did"))
            .created_time(Moment::from_secs(1_795_456_800))
            .availability_zones("us-east-1a")
            .health_check_grace_period(300)
            .capacity_rebalance(true)
            .warm_pool_size(2)
            .deletion_protection(DeletionProtection::PreventAllDeletion)
            .tags(TagDescription::builder().key("simian:chaos").value("on").build())
            .tags(TagDescription::builder().key("empty").build())
            .instances(instance_of("i-1"))
            .launch_template(spec("lt-1", Some("7")))
            .vpc_zone_identifier("subnet-1,subnet-2")
            .build()
    }

    fn spec(id: &str, version: Option<&str>) -> LaunchTemplateSpecification {
        let version = version.map(str::to_owned);
        LaunchTemplateSpecification::builder().launch_template_id(id).set_version(version).build()
    }

    fn template_of(id: &str, version: &str) -> LaunchSource {
        LaunchSource::Template { id: id.into(), version: version.into() }
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
                template: Some("lt-1".into()),
                configuration: None,
                kind: Some("m7g.large".into()),
            }],
            health_check: "EC2,ELB".into(),
            target_groups: vec!["arn:a".into(), "arn:b".into()],
            suspended: vec!["Launch".into(), "Terminate".into(), "AZRebalance".into()],
            launches: vec![template_of("lt-1", "7")],
            subnets: vec!["subnet-1".into(), "subnet-2".into()],
            zones: vec!["us-east-1a".into()],
            created: DateTime::from_timestamp(1_795_456_800, 0),
            grace_seconds: 300,
            capacity_rebalance: true,
            classic_balancers: vec!["classic".into(), "older".into()],
            suspended_since: written_time("2026-11-01T12:00:00Z"),
            warm: 2,
            override_kinds: Vec::new(),
            protected: true,
        };
        assert_eq!(ours, expected);
    }

    #[test]
    fn whatever_is_missing_makes_the_answer_unreadable() {
        type Spoil = fn(&mut AutoScalingGroup);
        let cases: [(&str, Spoil); 17] = [
            ("a group's name is missing", |g| g.auto_scaling_group_name = None),
            ("a group's name is missing", |g| g.auto_scaling_group_name = Some(String::new())),
            ("MinSize of group shop is missing", |g| g.min_size = None),
            ("MinSize of group shop is -1", |g| g.min_size = Some(-1)),
            ("DesiredCapacity of group shop is missing", |g| g.desired_capacity = None),
            ("MaxSize of group shop is missing", |g| g.max_size = None),
            ("HealthCheckType of group shop is missing", |g| g.health_check_type = None),
            ("HealthCheckGracePeriod of group shop is -1", |g| g.health_check_grace_period = Some(-1)),
            ("WarmPoolSize of group shop is -1", |g| g.warm_pool_size = Some(-1)),
            ("LaunchTemplateId of group shop is missing", |g| {
                g.launch_template.as_mut().unwrap().launch_template_id = None;
            }),
            ("a tag's key of group shop is missing", |g| g.tags.as_mut().unwrap()[0].key = None),
            ("a member's id is missing in group shop", |g| member_of(g).instance_id = Some(String::new())),
            ("AvailabilityZone of member i-1 is missing in group shop", |g| member_of(g).availability_zone = None),
            ("LifecycleState of member i-1 is missing in group shop", |g| member_of(g).lifecycle_state = None),
            ("LifecycleState of member i-1 is missing in group shop", |g| {
                member_of(g).lifecycle_state = Some(NO_VALUE.into());
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
    fn whatever_a_mix_launches_from_is_there_once() {
        let instead = |spec: Option<LaunchTemplateSpecification>, image: Option<&str>| {
            let image = image.map(str::to_owned);
            let kind = if image.is_some() { "m7g.large" } else { "m7i.large" };
            LaunchTemplateOverrides::builder()
                .set_launch_template_specification(spec)
                .set_image_id(image)
                .instance_type(kind)
                .build()
        };
        let mix = LaunchTemplate::builder()
            .launch_template_specification(spec("lt-1", None))
            .overrides(instead(None, None))
            .overrides(instead(Some(spec("lt-2", Some("$Latest"))), None))
            .overrides(instead(Some(spec("lt-1", Some("$Default"))), Some("ami-2")))
            .overrides(instead(None, Some("ami-2")))
            .build();
        let mut theirs = shop();
        theirs.launch_template = None;
        theirs.mixed_instances_policy = Some(MixedInstancesPolicy::builder().launch_template(mix).build());
        let expected =
            [template_of("lt-1", "$Default"), template_of("lt-2", "$Latest"), LaunchSource::Image("ami-2".into())];
        let ours = group(theirs).unwrap();
        assert_eq!(ours.launches, expected);
        assert_eq!(ours.override_kinds, ["m7i.large", "m7g.large"]);
    }

    #[test]
    fn what_the_api_leaves_out_of_a_group_is_nothing() {
        let bare = AutoScalingGroup::builder()
            .auto_scaling_group_name("shop")
            .min_size(0)
            .desired_capacity(0)
            .max_size(0)
            .health_check_type("EC2")
            .created_time(Moment::from_secs(0))
            .build();
        let ours = group(bare).unwrap();
        assert_eq!(ours, Group { name: "shop".into(), health_check: "EC2".into(), ..Group::default() });
    }

    #[test]
    fn a_group_is_protected_from_what_is_done_here_only() {
        for (word, protected) in
            [("none", false), ("prevent-force-deletion", false), ("prevent-all-deletion", true), ("hovering", true)]
        {
            assert_eq!(is_protected(Some(&word.into())), protected, "{word}");
        }
    }

    #[test]
    fn what_was_launched_from_a_configuration_says_so_while_that_is_there() {
        let mut theirs = instance_of("i-1");
        theirs.launch_template = None;
        theirs.launch_configuration_name = Some("old".into());
        let ours = member(theirs.clone()).unwrap();
        assert_eq!((ours.configuration.as_deref(), ours.template, ours.template_version), (Some("old"), None, None));
        theirs.launch_configuration_name = Some(String::new());
        assert_eq!(member(theirs).unwrap().configuration, None);
    }

    #[test]
    fn a_configuration_or_nothing_at_all() {
        let mut theirs = shop();
        theirs.launch_template = None;
        theirs.launch_configuration_name = Some("old".into());
        theirs.vpc_zone_identifier = Some(" subnet-1 ,, ".into());
        let ours = group(theirs.clone()).unwrap();
        assert_eq!(ours.launches, [LaunchSource::Configuration("old".into())]);
        assert_eq!(ours.subnets, ["subnet-1"]);
        theirs.launch_configuration_name = None;
        theirs.vpc_zone_identifier = None;
        let ours = group(theirs).unwrap();
        assert!(ours.launches.is_empty() && ours.subnets.is_empty());
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
}
