//! What only a second look shows: who would remain behind the balancers, whether what is ended could be replaced, and
//! what the group is doing.
//!
//! What it read may have been stale, and a look takes its time: longer where a call is slow or a machine sleeps, but never
//! more than ten minutes. So a claim is wrong only if the same thing forbade it in every second of that time.

use chrono::{DateTime, TimeDelta, Utc};
use simian_core::detail::{Launches, Progress, TargetHealth};
use simian_core::{Claim, Group, GroupId, InstanceId};

use super::Scene;
use super::stops::{ANSWERED, seconds};
use crate::violation::Violation;

/// How old a part of the second look may be.
const LOOKED: TimeDelta = TimeDelta::minutes(10);

/// And how old it gets while nobody sleeps and no call is slow.
const QUICK: TimeDelta = TimeDelta::minutes(2);

/// For so long a launch that failed, and none after it, holds.
const FAILED_LAUNCH: TimeDelta = TimeDelta::hours(1);

/// A claim was won: for each group that it takes somebody from.
pub(super) fn claimed(scene: &Scene<'_>, claim: &Claim, wrong: &mut Vec<Violation>) {
    let mut groups: Vec<&str> = claim.targets.iter().map(|target| target.group.as_str()).collect();
    groups.sort_unstable();
    groups.dedup();
    for name in groups {
        let id = GroupId::new(&claim.scope.region, name);
        // Where it launches from, and behind which target groups it is, nobody changes here.
        let Some(group) = scene.model.timeline.during(&id, scene.entry.at, scene.entry.at).pop() else { continue };
        behind_balancers(scene, claim, group, wrong);
        launches(scene, claim, &id, group, wrong);
        at_work(scene, claim, &id, wrong);
    }
}

/// Whether something was so in every second that could have been looked at. The last is asked first: mostly it was not.
fn always(scene: &Scene<'_>, so: impl FnMut(DateTime<Utc>) -> bool) -> bool {
    let until = scene.entry.at;
    let slow = scene.log.slow.during(until - LOOKED, until).any(|slow| *slow) || scene.slept(LOOKED);
    let from = scene.entitled_from() - if slow { LOOKED } else { QUICK };
    seconds(from, until).rev().all(so)
}

fn behind_balancers(scene: &Scene<'_>, claim: &Claim, group: &Group, wrong: &mut Vec<Violation>) {
    let (truth, floor) = (scene.stage.cloud.truth(), scene.policy.healthy_floor as usize);
    let hit = |id: &InstanceId| claim.targets.iter().any(|target| target.instance == *id);
    for arn in &group.target_groups {
        let too_few = |then| {
            let targets = truth.targets(&claim.scope.region, arn, then).unwrap_or_default();
            let used = targets.values().any(|health| *health != TargetHealth::Unused);
            let left = targets.iter().filter(|(id, health)| **health == TargetHealth::Healthy && !hit(id)).count();
            used && left < floor
        };
        if always(scene, too_few) {
            let text = format!("{}: fewer than {floor} healthy targets of {arn} would remain", claim.key);
            scene.wrong("target-health", text, wrong);
        }
    }
}

fn launches(scene: &Scene<'_>, claim: &Claim, id: &GroupId, group: &Group, wrong: &mut Vec<Violation>) {
    let (truth, region) = (scene.stage.cloud.truth(), &claim.scope.region);
    for source in &group.launches {
        let nothing = |then| !matches!(truth.launches(region, source, then), Launches::Image(_));
        if always(scene, nothing) {
            scene.wrong("replacement", format!("{}: {source} of {id} starts nothing", claim.key), wrong);
        }
    }
    let wanted = claim.targets.iter().filter(|target| target.group == id.name).count();
    let full = |then| {
        let free = group.subnets.iter().filter_map(|subnet| truth.addresses(region, subnet, then));
        free.map(|free| free as usize).sum::<usize>() < wanted
    };
    if always(scene, full) {
        scene.wrong("replacement", format!("{}: {wanted} addresses were wanted for {id}", claim.key), wrong);
    }
    let failed = |then| {
        let launches = truth.activities(id, then).into_iter().filter(|activity| activity.launch);
        let last = launches.max_by_key(|activity| activity.started);
        last.is_some_and(|last| {
            matches!(last.progress, Progress::Failed(_)) && scene.entry.at - last.started < FAILED_LAUNCH
        })
    };
    if always(scene, failed) {
        scene.wrong("replacement", format!("{}: the last launch of {id} had failed", claim.key), wrong);
    }
}

fn at_work(scene: &Scene<'_>, claim: &Claim, id: &GroupId, wrong: &mut Vec<Violation>) {
    let truth = scene.stage.cloud.truth();
    let busy = |then| truth.activities(id, then).iter().any(|one| matches!(one.progress, Progress::Running(_)));
    if always(scene, busy) {
        scene.wrong("steady", format!("{}: {id} was launching or ending instances", claim.key), wrong);
    }
    // Groups and what they are doing are looked at again once half a minute old.
    let refreshed = |then| truth.refresh(id, then).is_some();
    if seconds(scene.entitled_from() - ANSWERED, scene.entry.at).all(refreshed) {
        scene.wrong("steady", format!("{}: {id} was being refreshed", claim.key), wrong);
    }
}
