//! A snapshot that no image, volume or launch is made of.

use simian_core::{Extent, Resource, ResourceKind};

use super::{Age, Judgement, Kinds, Params, Rule, Waste, in_use, not_mine};
use crate::ground::Ground;

pub(super) const RULE: Rule = Rule {
    id: "unused-snapshot",
    about: "A snapshot of the account's own that no image, volume, launch template version or launch configuration \
            names, and that no backup plan looks after.",
    kinds: Kinds::One(ResourceKind::Snapshot),
    age: Age { days: 90, of: "its making" },
    extra: None,
    extent: Extent::All,
    reads: &[
        ResourceKind::Image,
        ResourceKind::Volume,
        ResourceKind::TemplateVersion,
        ResourceKind::LaunchConfiguration,
    ],
    asks_health: false,
    judge,
};

fn judge(resource: &Resource, ground: &Ground<'_>, params: &Params) -> Judgement {
    let Some(snapshot) = resource.snapshot() else { return not_mine() };
    if snapshot.owner != ground.scope.account.as_str() {
        return in_use(format!("account {} owns it", snapshot.owner));
    }
    if snapshot.public == Some(true) {
        return in_use("anybody may restore it, and who does cannot be seen");
    }
    if !snapshot.completed {
        return in_use("it is not whole yet");
    }
    if let Some(volume) = ground.resort_of(&resource.id) {
        return in_use(format!("it is the last resort of {volume}"));
    }
    ground.unused(resource)?;
    let undated = ground.old(resource.created, "it was made", params)?;
    Ok(Waste::new(format!("of {} GiB, and nobody was made of it", snapshot.size), undated))
}
