//! What one would do next with a cluster, in words: the gravest first. Nothing is said of what is as it should be.

use simian_core::detail::Launches;
use simian_core::{Group, View};

use crate::cluster::{Cluster, ServerGroup, Targets, Traffic};

/// Processes without which a group does not heal. Source: Auto Scaling user guide, "Types of processes".
const HEALS: [&str; 4] = ["Launch", "Terminate", "ReplaceUnhealthy", "HealthCheck"];

/// What stands out, a sentence each.
pub fn advice(cluster: &Cluster) -> Vec<String> {
    let groups = &cluster.groups;
    let mut said = Vec::new();
    said.extend(groups.iter().filter_map(unseen));
    said.extend(nobody_serves(groups));
    for seen in groups.iter().filter(|seen| seen.carries() != Some(false) && !seen.is_parked()) {
        said.extend(does_not_heal(seen));
        said.extend(cannot_launch(seen));
        said.extend(is_short(seen));
    }
    said.extend(shared(groups));
    said.extend(dark(groups));
    // While nobody is known to carry anything, nobody can be spared.
    if groups.iter().any(|seen| seen.carries() == Some(true)) {
        said.extend(groups.iter().skip(1).filter_map(idle));
    }
    said
}

fn unseen(seen: &ServerGroup) -> Option<String> {
    match seen.traffic() {
        Traffic::Unknown(why) => Some(format!("what {} carries is not known: {why}", seen.group.name)),
        Traffic::Unbalanced | Traffic::Share(..) => None,
    }
}

/// Balancers know the cluster, and none of its groups gets anything.
fn nobody_serves(groups: &[ServerGroup]) -> Option<String> {
    let carried: Option<Vec<bool>> = groups.iter().map(ServerGroup::carries).collect();
    let carried = carried.filter(|carried| !carried.is_empty())?;
    (!carried.contains(&true)).then(|| {
        let fittest = groups.iter().rev().max_by_key(|seen| seen.group.serving()).map(|seen| &seen.group);
        match fittest.filter(|group| group.serving() > 0) {
            Some(group) => format!("no group gets any traffic; {} has {} that serve", group.name, group.serving()),
            None => "no group gets any traffic, and none has an instance that serves".into(),
        }
    })
}

fn does_not_heal(seen: &ServerGroup) -> Option<String> {
    let group = &seen.group;
    let off: Vec<&str> = HEALS.into_iter().filter(|process| group.suspended.iter().any(|one| one == process)).collect();
    (!off.is_empty()).then(|| format!("{} does not heal: {} are suspended; resume them", group.name, off.join(", ")))
}

fn cannot_launch(seen: &ServerGroup) -> Option<String> {
    let group = &seen.group.name;
    seen.launches.iter().find_map(|launches| match launches {
        View::Known(Launches::MissingImage(id)) => Some(format!("{group} cannot launch: its image {id} is gone")),
        View::Known(Launches::Gone) => Some(format!("{group} cannot launch: what it launches from is gone")),
        _ => None,
    })
}

/// Fewer serve than are wanted, by the group's word or by its balancers'.
fn is_short(seen: &ServerGroup) -> Option<String> {
    let Group { name, desired, .. } = &seen.group;
    let serving = seen.group.serving();
    if serving < *desired as usize {
        return Some(format!("{name} has {serving} of {desired} in service"));
    }
    let Targets { healthy, all } = seen.targets()?;
    (healthy < all).then(|| format!("{name} has {healthy} of {all} targets healthy"))
}

/// A shift that nobody finished, or one that is under way.
fn shared(groups: &[ServerGroup]) -> Option<String> {
    let carrying: Vec<String> = groups
        .iter()
        .filter(|seen| seen.carries() == Some(true))
        .map(|seen| format!("{} {}", seen.group.name, seen.traffic()))
        .collect();
    (carrying.len() > 1).then(|| format!("{} groups share the traffic: {}", carrying.len(), carrying.join(", ")))
}

/// The newest is well and gets nothing, while an older one does.
fn dark(groups: &[ServerGroup]) -> Option<String> {
    let (newest, older) = groups.split_first()?;
    let well = newest.carries() == Some(false)
        && newest.group.desired > 0
        && newest.group.serving() >= newest.group.desired as usize
        && newest.targets().is_some_and(|targets| targets.all > 0 && targets.healthy == targets.all);
    let old = older.iter().find(|seen| seen.carries() == Some(true)).filter(|_| well)?;
    Some(format!("{} is well and gets no traffic: it could take over from {}", newest.group.name, old.group.name))
}

/// An older group that gets nothing and costs something.
fn idle(seen: &ServerGroup) -> Option<String> {
    let runs = seen.group.members.len();
    let idle = seen.carries() == Some(false) && runs > 0;
    idle.then(|| format!("{} gets no traffic and runs {runs}: park it at a size of 0, or delete it", seen.group.name))
}
