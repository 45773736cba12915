//! A launch template that nobody launches from.

use simian_core::{Extent, Resource, ResourceKind};

use super::{Age, Judgement, Kinds, Params, Rule, Waste};
use crate::ground::Ground;

pub(super) const RULE: Rule = Rule {
    id: "unused-launch-template",
    about: "A launch template that no Auto Scaling group launches from and no instance was launched from.",
    kinds: Kinds::One(ResourceKind::LaunchTemplate),
    age: Age { days: 60, of: "its making" },
    extra: None,
    extent: Extent::All,
    reads: &[ResourceKind::Group, ResourceKind::Instance],
    asks_health: false,
    judge,
};

fn judge(resource: &Resource, ground: &Ground<'_>, params: &Params) -> Judgement {
    ground.unused(resource)?;
    let undated = ground.old(resource.created, "it was made", params)?;
    Ok(Waste::new("no group and no instance comes from it", undated))
}
