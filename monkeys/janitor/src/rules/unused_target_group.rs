//! A target group that nobody sends to.

use simian_core::{Extent, Resource, ResourceKind};

use super::{Age, Judgement, Kinds, Params, Rule, Waste};
use crate::ground::Ground;

pub(super) const RULE: Rule = Rule {
    id: "unused-target-group",
    about: "A target group that no load balancer sends to and no Auto Scaling group registers with.",
    kinds: Kinds::One(ResourceKind::TargetGroup),
    age: Age { days: 14, of: "its mark; AWS keeps no time" },
    extra: None,
    extent: Extent::All,
    reads: &[ResourceKind::Group],
    asks_health: false,
    judge,
};

fn judge(resource: &Resource, ground: &Ground<'_>, params: &Params) -> Judgement {
    ground.unused(resource)?;
    let undated = ground.old(resource.created, "it was made", params)?;
    Ok(Waste::new("no balancer sends to it, and no group registers with it", undated))
}
