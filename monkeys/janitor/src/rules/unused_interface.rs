//! A network interface that is attached to nothing.

use simian_core::{Extent, Resource, ResourceKind};

use super::{Age, Judgement, Kinds, Params, Rule, Waste, in_use, not_mine};
use crate::ground::Ground;

pub(super) const RULE: Rule = Rule {
    id: "unused-interface",
    about: "A network interface that is attached to nothing and that no launch, route or address names.",
    kinds: Kinds::One(ResourceKind::Interface),
    age: Age { days: 14, of: "its mark; AWS keeps no time" },
    extra: None,
    // AWS filters, and an attached interface says so itself.
    extent: Extent::Loose,
    reads: &[ResourceKind::TemplateVersion, ResourceKind::RouteTable, ResourceKind::NatGateway, ResourceKind::Address],
    asks_health: false,
    judge,
};

fn judge(resource: &Resource, ground: &Ground<'_>, params: &Params) -> Judgement {
    let Some(interface) = resource.interface() else { return not_mine() };
    if !interface.available {
        let to = interface.instance.as_deref().unwrap_or("something");
        return in_use(format!("it is attached to {to}"));
    }
    ground.unused(resource)?;
    let undated = ground.old(resource.created, "it was made", params)?;
    Ok(Waste::new("attached to nothing", undated))
}
