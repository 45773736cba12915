//! A running instance that no group has and nobody owns.

use simian_core::{Extent, InstanceState, Resource, ResourceKind};

use super::{Age, Judgement, Kinds, Params, Rule, Waste, in_use, not_mine};
use crate::ground::Ground;

pub(super) const RULE: Rule = Rule {
    id: "orphan-instance",
    about: "A running instance that is in no Auto Scaling group and has no owner tag.",
    kinds: Kinds::One(ResourceKind::Instance),
    age: Age { days: 14, of: "its start" },
    extra: None,
    extent: Extent::All,
    reads: &[ResourceKind::Group],
    asks_health: false,
    judge,
};

/// Tags that AWS sets on instances that people start by themselves: by a template, by a stack. Any other of its tags
/// means that a service of AWS started it and will end it, such as `aws:elasticmapreduce:job-flow-id`. Sources: EC2 User
/// Guide, "Launch templates"; AWS `CloudFormation` User Guide, "Resource tag".
const BY_PEOPLE: [&str; 2] = ["aws:ec2launchtemplate:", "aws:cloudformation:"];

fn judge(resource: &Resource, ground: &Ground<'_>, params: &Params) -> Judgement {
    let Some(instance) = resource.instance() else { return not_mine() };
    if instance.state != InstanceState::Running {
        return in_use("it does not run");
    }
    if let Some(group) = &instance.group {
        return in_use(format!("auto-scaling-group/{group} has it as a member"));
    }
    ground.groups()?;
    let tags = resource.tags.known().into_iter().flatten();
    if let Some((key, _)) = tags.into_iter().find(|(key, _)| by_a_service(key)) {
        return in_use(format!("a service of AWS started it, by its tag {key}"));
    }
    if let Some(owner) = resource.tags.known().and_then(|tags| ground.tags.owner(tags)) {
        return in_use(format!("it is {owner}'s"));
    }
    ground.unserved(resource)?;
    let undated = ground.old(Some(instance.launched), "it was started", params)?;
    Ok(Waste::new(format!("in no group and nobody's since {}", instance.launched.date_naive()), undated))
}

fn by_a_service(key: &str) -> bool {
    key.starts_with("aws:") && !BY_PEOPLE.iter().any(|prefix| key.starts_with(prefix))
}
