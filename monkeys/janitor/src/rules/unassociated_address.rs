//! An Elastic IP address that leads nowhere.

use simian_core::{Extent, Resource, ResourceKind};

use super::{Age, Judgement, Kinds, Params, Rule, Waste, in_use, not_mine};
use crate::ground::Ground;

pub(super) const RULE: Rule = Rule {
    id: "unassociated-address",
    about: "An Elastic IP address that is associated with nothing.",
    kinds: Kinds::One(ResourceKind::Address),
    age: Age { days: 14, of: "its mark; AWS keeps no time" },
    extra: None,
    extent: Extent::All,
    reads: &[ResourceKind::NatGateway],
    asks_health: false,
    judge,
};

fn judge(resource: &Resource, ground: &Ground<'_>, params: &Params) -> Judgement {
    let Some(address) = resource.address() else { return not_mine() };
    if address.associated {
        let with = address.instance.as_deref().or(address.interface.as_deref()).unwrap_or("something");
        return in_use(format!("it is associated with {with}"));
    }
    ground.unused(resource)?;
    let undated = ground.old(resource.created, "it was allocated", params)?;
    Ok(Waste::new(format!("{} is associated with nothing", address.ip), undated))
}
