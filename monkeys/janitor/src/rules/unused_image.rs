//! An image that nothing runs and nothing would launch.

use simian_core::{Extent, Resource, ResourceKind};

use super::{Age, Judgement, Kinds, Params, Rule, Waste, in_use, not_mine};
use crate::ground::Ground;

pub(super) const RULE: Rule = Rule {
    id: "unused-image",
    about: "An image of the account's own, with its snapshots, that no instance runs, that no group, launch \
            configuration, parameter or version of a launch template names, and from which nobody launched of late.",
    kinds: Kinds::One(ResourceKind::Image),
    age: Age { days: 60, of: "its last launch and its making" },
    extra: None,
    extent: Extent::All,
    // Its snapshots go with it, and cost what it costs.
    reads: &[
        ResourceKind::Instance,
        ResourceKind::TemplateVersion,
        ResourceKind::LaunchConfiguration,
        ResourceKind::Group,
        ResourceKind::Parameter,
        ResourceKind::Snapshot,
    ],
    asks_health: false,
    judge,
};

fn judge(resource: &Resource, ground: &Ground<'_>, params: &Params) -> Judgement {
    let Some(image) = resource.image() else { return not_mine() };
    if image.owner != ground.scope.account.as_str() {
        return in_use(format!("account {} owns it", image.owner));
    }
    if image.public {
        return in_use("anybody may launch it, and who does cannot be seen");
    }
    if image.protected {
        return in_use("it is protected from deregistration");
    }
    if !image.available && !image.disabled {
        return in_use("it is neither available nor disabled: it may still be in the making");
    }
    ground.unused(resource)?;
    ground.old(image.last_launched, "something was launched from it", params)?;
    let undated = ground.old(resource.created, "it was made", params)?;
    let launched = image.last_launched.map_or_else(
        || "nobody uses it, and AWS knows of no launch".to_owned(),
        |at| format!("nobody uses it, last launched on {}", at.date_naive()),
    );
    Ok(Waste::new(launched, undated))
}
