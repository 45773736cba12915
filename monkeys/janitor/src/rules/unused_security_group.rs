//! A security group that nothing is behind.

use simian_core::{Extent, Resource, ResourceKind};

use super::{Age, Judgement, Kinds, Params, Rule, Waste, in_use, not_mine};
use crate::ground::Ground;

pub(super) const RULE: Rule = Rule {
    id: "unused-security-group",
    about: "A security group that no interface, instance, load balancer, launch or other security group names.",
    kinds: Kinds::One(ResourceKind::SecurityGroup),
    age: Age { days: 30, of: "its mark; AWS keeps no time" },
    extra: None,
    extent: Extent::All,
    reads: &[
        ResourceKind::Interface,
        ResourceKind::Instance,
        ResourceKind::TemplateVersion,
        ResourceKind::LaunchConfiguration,
        ResourceKind::Balancer,
        ResourceKind::ClassicBalancer,
    ],
    asks_health: false,
    judge,
};

fn judge(resource: &Resource, ground: &Ground<'_>, params: &Params) -> Judgement {
    let Some(group) = resource.security_group() else { return not_mine() };
    if group.is_default() {
        return in_use("every VPC has its default group, and nobody can delete it");
    }
    ground.unused(resource)?;
    let undated = ground.old(resource.created, "it was made", params)?;
    Ok(Waste::new("nothing is behind it, and no launch or group names it", undated))
}
