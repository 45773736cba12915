//! A launch configuration that no group launches from.

use simian_core::{Extent, Resource, ResourceKind};

use super::{Age, Judgement, Kinds, Params, Rule, Waste};
use crate::ground::Ground;

pub(super) const RULE: Rule = Rule {
    id: "unused-launch-configuration",
    about: "A launch configuration that no Auto Scaling group launches from.",
    kinds: Kinds::One(ResourceKind::LaunchConfiguration),
    age: Age { days: 14, of: "its making" },
    extra: None,
    extent: Extent::All,
    reads: &[ResourceKind::Group],
    asks_health: false,
    judge,
};

fn judge(resource: &Resource, ground: &Ground<'_>, params: &Params) -> Judgement {
    ground.unused(resource)?;
    let undated = ground.old(resource.created, "it was made", params)?;
    Ok(Waste::new("no group launches from it", undated))
}
