//! A key pair that nothing was or would be started with.

use simian_core::{Extent, Resource, ResourceKind};

use super::{Age, Judgement, Kinds, Params, Rule, Waste};
use crate::ground::Ground;

pub(super) const RULE: Rule = Rule {
    id: "unused-key-pair",
    about: "A key pair that no instance was started with and no launch names.",
    kinds: Kinds::One(ResourceKind::KeyPair),
    age: Age { days: 90, of: "its making" },
    extra: None,
    extent: Extent::All,
    reads: &[ResourceKind::Instance, ResourceKind::TemplateVersion, ResourceKind::LaunchConfiguration],
    asks_health: false,
    judge,
};

fn judge(resource: &Resource, ground: &Ground<'_>, params: &Params) -> Judgement {
    ground.unused(resource)?;
    let undated = ground.old(resource.created, "it was made", params)?;
    Ok(Waste::new("no instance was started with it, and no launch names it", undated))
}
