//! A resource that lacks tags, so that nobody knows whose it is.

use simian_core::{Extent, Resource, ResourceKind};

use super::{Age, Extra, Judgement, Kinds, Params, RULES, Rule, Spared, Waste, in_use};
use crate::ground::Ground;

/// Its id.
pub(crate) const ID: &str = "untagged";

pub(super) const RULE: Rule = Rule {
    id: ID,
    about: "A resource of the listed kinds that lacks a required tag. An instance has its group's tags too.",
    kinds: Kinds::Listed,
    age: Age { days: 3, of: "its making" },
    extra: Some(Extra::Tags),
    extent: Extent::All,
    // For instances alone.
    reads: &[ResourceKind::Group],
    asks_health: false,
    judge,
};

fn judge(resource: &Resource, ground: &Ground<'_>, params: &Params) -> Judgement {
    if resource.id.kind == ResourceKind::Instance {
        ground.groups()?;
    }
    let of_group = ground.group_of(resource).map(|group| &group.tags);
    let own = resource.tags.known();
    let has = |key: &String| {
        let values = own.into_iter().chain(of_group).filter_map(|tags| tags.get(key));
        values.into_iter().any(|value| !value.trim().is_empty())
    };
    let missing: Vec<&str> = params.tags.iter().filter(|key| !has(key)).map(String::as_str).collect();
    if missing.is_empty() {
        return in_use("it has every tag that it must have");
    }
    let created = resource.created.or(resource.instance().map(|instance| instance.launched));
    let undated = ground.old(created, "it was made", params)?;
    let mut waste = Waste::new(format!("it lacks the tags {}", missing.join(", ")), undated);
    waste.stays = stays(resource, ground, params);
    Ok(waste)
}

/// Why it is not deleted. To lack a tag is no sign that nobody uses it, so a rule about its use must condemn it as well,
/// whether the operator enabled that rule or not.
fn stays(resource: &Resource, ground: &Ground<'_>, params: &Params) -> Option<String> {
    if !ground.delete_untagged {
        return Some("nothing is deleted for its tags alone while delete_untagged is not true".into());
    }
    let mut used = None;
    for rule in RULES.iter().filter(|rule| rule.kinds == Kinds::One(resource.id.kind)) {
        match rule.judge(resource, ground, params) {
            Ok(waste) => return waste.stays,
            Err(Spared::InUse(why) | Spared::Unknown(why)) => used = used.or(Some(why)),
        }
    }
    used.or_else(|| Some("no rule knows whether it is used".into()))
}
