//! A load balancer that sends to nothing.

use simian_core::{Extent, Resource, ResourceId, ResourceKind, Users};

use super::{Age, Judgement, Kinds, Params, Rule, Waste, in_use, unknown};
use crate::ground::Ground;

pub(crate) const ID: &str = "idle-balancer";

pub(super) const RULE: Rule = Rule {
    id: ID,
    about: "An application, network or gateway load balancer that has neither listeners nor target groups, or whose \
            target groups are all empty and no group's.",
    kinds: Kinds::One(ResourceKind::Balancer),
    age: Age { days: 14, of: "its making" },
    extra: None,
    extent: Extent::All,
    reads: &[ResourceKind::TargetGroup, ResourceKind::Group],
    asks_health: true,
    judge,
};

fn judge(resource: &Resource, ground: &Ground<'_>, params: &Params) -> Judgement {
    ground.unused(resource)?;
    let behind = ground.behind(&resource.id);
    if behind.is_empty() {
        // What sends to nothing may redirect, or answer by itself.
        match resource.balancer().and_then(|balancer| balancer.listeners) {
            Some(0) => {}
            Some(n) => return in_use(format!("it has {n} listeners, which answer by themselves")),
            None => return unknown("its listeners were not read"),
        }
    }
    for group in behind {
        // Addresses, functions and other balancers are not looked at, and count as there.
        if let Some(about) = group.target_group().filter(|about| about.kind != "instance") {
            return in_use(format!("it sends to {}, whose targets are of type {}", group.title(), about.kind));
        }
        if let Some(user) = registers(ground, group) {
            return in_use(format!("{user} registers its members with {}", group.title()));
        }
        let targets = ground.targets(group)?;
        if targets > 0 {
            return in_use(format!("{} has {targets} targets", group.title()));
        }
    }
    let undated = ground.old(resource.created, "it was made", params)?;
    Ok(match behind.len() {
        0 => Waste::new("it has neither listeners nor target groups", undated),
        n => Waste::new(format!("all {n} of its target groups are empty"), undated),
    })
}

/// The Auto Scaling group whose members come and go there: empty today, it may be full tomorrow.
fn registers<'g>(ground: &'g Ground<'_>, group: &Resource) -> Option<&'g ResourceId> {
    let Users::Used(users) = ground.graph.users(&group.id) else { return None };
    users.iter().map(|user| user.id).find(|id| id.kind == ResourceKind::Group)
}
