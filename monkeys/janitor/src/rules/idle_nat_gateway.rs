//! A NAT gateway that no route leads to.

use simian_core::{Extent, Resource, ResourceKind};

use super::{Age, Judgement, Kinds, Params, Rule, Waste};
use crate::ground::Ground;

pub(super) const RULE: Rule = Rule {
    id: "idle-nat-gateway",
    about: "A NAT gateway that no route leads to.",
    kinds: Kinds::One(ResourceKind::NatGateway),
    age: Age { days: 14, of: "its making" },
    extra: None,
    extent: Extent::All,
    reads: &[ResourceKind::RouteTable],
    asks_health: false,
    judge,
};

fn judge(resource: &Resource, ground: &Ground<'_>, params: &Params) -> Judgement {
    ground.unused(resource)?;
    let undated = ground.old(resource.created, "it was made", params)?;
    Ok(Waste::new("no route leads to it", undated))
}
