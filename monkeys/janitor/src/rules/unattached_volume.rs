//! A volume that is attached to nothing.

use simian_core::resource::VolumeState;
use simian_core::{Extent, Resource, ResourceKind};

use super::{Age, Judgement, Kinds, Params, Rule, Waste, in_use, not_mine};
use crate::ground::Ground;

pub(super) const RULE: Rule = Rule {
    id: "unattached-volume",
    about: "A volume that is attached to nothing.",
    kinds: Kinds::One(ResourceKind::Volume),
    age: Age { days: 7, of: "its making; AWS does not say when it was detached" },
    extra: None,
    // AWS filters, and an attached volume says so itself.
    extent: Extent::Loose,
    reads: &[],
    asks_health: false,
    judge,
};

fn judge(resource: &Resource, ground: &Ground<'_>, params: &Params) -> Judgement {
    let Some(volume) = resource.volume() else { return not_mine() };
    if let Some(instance) = volume.attached.first() {
        return in_use(format!("instance/{instance} has it attached"));
    }
    if volume.state != VolumeState::Available {
        return in_use("it is not available: attached, being made, or ending");
    }
    let undated = ground.old(resource.created, "it was made", params)?;
    Ok(Waste::new(format!("{} GiB of {} attached to nothing", volume.size, volume.kind), undated))
}
