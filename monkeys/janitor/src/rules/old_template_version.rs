//! A version of a launch template that newer ones replaced.

use simian_core::{Extent, Resource, ResourceKind};

use super::{Age, Extra, Judgement, Kinds, Params, Rule, Waste, in_use, not_mine};
use crate::ground::Ground;

pub(super) const RULE: Rule = Rule {
    id: "old-template-version",
    about: "A version of a launch template that is neither its default nor among its newest, and that no group and no \
            instance comes from.",
    kinds: Kinds::One(ResourceKind::TemplateVersion),
    age: Age { days: 30, of: "its making" },
    extra: Some(Extra::Newest),
    extent: Extent::All,
    // The template has the tags.
    reads: &[ResourceKind::Group, ResourceKind::Instance, ResourceKind::LaunchTemplate],
    asks_health: false,
    judge,
};

fn judge(resource: &Resource, ground: &Ground<'_>, params: &Params) -> Judgement {
    let Some(version) = resource.template_version() else { return not_mine() };
    if version.default || version.latest {
        return in_use("it is the default or the latest of its template");
    }
    ground.unused(resource)?;
    let newer = ground.versions(&version.template).iter().filter(|number| **number > version.number).count();
    if newer < params.newest {
        return in_use(format!("it is one of the newest {} of its template", params.newest));
    }
    let undated = ground.old(resource.created, "it was made", params)?;
    Ok(Waste::new(format!("{newer} newer versions, and nothing comes from it"), undated))
}
