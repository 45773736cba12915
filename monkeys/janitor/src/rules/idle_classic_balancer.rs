//! A classic load balancer that sends to nothing.

use simian_core::{Extent, Resource, ResourceKind};

use super::{Age, Judgement, Kinds, Params, Rule, Waste, in_use, not_mine};
use crate::ground::Ground;

pub(super) const RULE: Rule = Rule {
    id: "idle-classic-balancer",
    about: "A classic load balancer without instances and without an Auto Scaling group.",
    kinds: Kinds::One(ResourceKind::ClassicBalancer),
    age: Age { days: 14, of: "its making" },
    extra: None,
    extent: Extent::All,
    reads: &[ResourceKind::Group, ResourceKind::TargetGroup],
    asks_health: false,
    judge,
};

fn judge(resource: &Resource, ground: &Ground<'_>, params: &Params) -> Judgement {
    let Some(balancer) = resource.classic_balancer() else { return not_mine() };
    if let Some(instance) = balancer.instances.first() {
        return in_use(format!("it sends to {} instances, such as {instance}", balancer.instances.len()));
    }
    ground.unused(resource)?;
    let undated = ground.old(resource.created, "it was made", params)?;
    Ok(Waste::new("no instances, and no group registers any", undated))
}
