//! An Auto Scaling group that has nothing and wants nothing.

use simian_core::{Extent, Resource, ResourceKind};

use super::{Age, Judgement, Kinds, Params, Rule, Waste, in_use, not_mine};
use crate::ground::Ground;

pub(super) const RULE: Rule = Rule {
    id: "empty-group",
    about: "An Auto Scaling group of min 0 and desired 0 without instances and without a warm pool.",
    kinds: Kinds::One(ResourceKind::Group),
    age: Age { days: 30, of: "its making; AWS does not say when it became empty" },
    extra: None,
    extent: Extent::All,
    reads: &[],
    asks_health: false,
    judge,
};

fn judge(resource: &Resource, ground: &Ground<'_>, params: &Params) -> Judgement {
    let Some(group) = resource.group() else { return not_mine() };
    ground.groups()?;
    if group.protected {
        return in_use("it is protected from deletion");
    }
    if let Some(member) = group.members.first() {
        return in_use(format!("it has {} instances, such as {}", group.members.len(), member.id));
    }
    if group.warm > 0 {
        return in_use(format!("{} instances wait in its warm pool", group.warm));
    }
    if group.min > 0 || group.desired > 0 {
        return in_use(format!("it wants {} instances, and at least {}", group.desired, group.min));
    }
    let undated = ground.old(resource.created, "it was made", params)?;
    Ok(Waste::new("no instances, and it wants none", undated))
}
