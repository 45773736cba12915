//! An Auto Scaling group that somebody switched off and forgot.

use simian_core::{Extent, Group, Lifecycle, Resource, ResourceKind};

use super::{Age, Judgement, Kinds, Params, Rule, Undated, Waste, in_use, not_mine};
use crate::ground::Ground;

pub(super) const RULE: Rule = Rule {
    id: "suspended-group",
    about: "An Auto Scaling group whose Launch or AddToLoadBalancer process is suspended and of which nothing serves.",
    kinds: Kinds::One(ResourceKind::Group),
    age: Age { days: 14, of: "the suspension, by its reason" },
    extra: None,
    extent: Extent::All,
    reads: &[],
    asks_health: false,
    judge,
};

/// Without them a group gets no new instances, or those get no traffic: how Asgard switched a group off, and what
/// the rule of Netflix's janitor looked for. The other processes are suspended by deployments for other reasons.
const OFF: [&str; 2] = ["Launch", "AddToLoadBalancer"];

fn judge(resource: &Resource, ground: &Ground<'_>, params: &Params) -> Judgement {
    let Some(group) = resource.group() else { return not_mine() };
    ground.groups()?;
    let Some(process) = OFF.iter().find(|off| group.suspended.iter().any(|process| process == *off)) else {
        return in_use("it launches, and its balancers are told");
    };
    if group.protected {
        return in_use("it is protected from deletion");
    }
    if let Some(why) = still_wanted(group) {
        return in_use(why);
    }
    let undated = ground.old(group.suspended_since, "it was suspended", params)?;
    let since = match (undated, group.suspended_since) {
        (Undated::No, Some(since)) => format!(" since {}", since.date_naive()),
        _ => String::new(),
    };
    let mut waste = Waste::new(format!("{process} is suspended{since}, and nothing of it serves"), undated);
    if !group.members.is_empty() {
        let many = group.members.len();
        waste.stays = Some(format!("it still has {many} instances, and simian never forces a group's deletion"));
    }
    Ok(waste)
}

/// A member that serves, or that somebody put aside or protects.
fn still_wanted(group: &Group) -> Option<String> {
    if group.warm > 0 {
        return Some(format!("{} instances wait in its warm pool", group.warm));
    }
    let aside = |lifecycle: &Lifecycle| matches!(lifecycle, Lifecycle::Standby | Lifecycle::Warmed);
    let member = group.members.iter().find(|one| one.serves() || one.protected || aside(&one.lifecycle))?;
    let protected = if member.protected { ", protected" } else { "" };
    Some(format!("{} is {}{protected}", member.id, member.lifecycle))
}
