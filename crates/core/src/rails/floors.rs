//! What must still serve after the action: in the group, and in the target's zone.
//!
//! Counted per group, also when a unit has many: a group is what a balancer and an owner see. Members that are going
//! already (open claims, proposals that passed before this one) do not count, whatever a stale read shows.

use super::{Case, Rail, Verdict};
use crate::fleet::Group;
use crate::proposal::Target;

pub(super) const HEALTHY: Rail = Rail {
    name: "healthy_floor",
    about: "enough healthy members remain in the group",
    always: false,
    judge: |case| floor(case, case.policy.floors.healthy, "", |_, _| true),
    lift: |case| lift(case, case.policy.floors.healthy, "healthy", |_, _| true),
};

pub(super) const ZONE: Rail = Rail {
    name: "zone_floor",
    about: "enough healthy members remain in the target's zone",
    always: false,
    judge: |case| floor(case, case.policy.floors.zone, " in its zone", |target, zone| target.zone == zone),
    lift: |case| lift(case, case.policy.floors.zone, "zone", |target, zone| target.zone == zone),
};

fn floor(case: &Case<'_>, floor: u32, place: &str, counts: fn(&Target, &str) -> bool) -> Verdict {
    if floor == 0 {
        return Verdict::NotApplicable("no floor is set".into());
    }
    let left =
        |target: &Target, group: &Group| case.remaining(group).filter(|member| counts(target, &member.zone)).count();
    let mut least = usize::MAX;
    for target in &case.proposal.targets {
        let Some(group) = case.group_of(target) else {
            return Verdict::Unknown(format!("{} is not known", target.group));
        };
        let left = left(target, group);
        if left < floor as usize {
            return Verdict::Hold(format!(
                "{left} healthy members of {} would remain{place}, the floor is {floor}",
                target.group
            ));
        }
        least = least.min(left);
    }
    if case.proposal.targets.is_empty() {
        return Verdict::NotApplicable("there is no target".into());
    }
    Verdict::Pass(format!("{least} healthy members remain{place}, the floor is {floor}"))
}

fn lift(case: &Case<'_>, floor: u32, key: &str, counts: fn(&Target, &str) -> bool) -> String {
    let short = case.proposal.targets.iter().find_map(|target| {
        let group = case.group_of(target)?;
        let left = case.remaining(group).filter(|member| counts(target, &member.zone)).count();
        let serve = group.members.iter().filter(|member| member.serves() && counts(target, &member.zone)).count();
        let missing = (floor as usize).checked_sub(left).filter(|missing| *missing > 0)?;
        Some((serve, missing, left, group.desired))
    });
    let Some((serve, missing, left, desired)) = short else { return "a look that can read the group".into() };
    let of = if key == "healthy" { format!(" of {desired}") } else { " there".into() };
    format!("{serve}{of} serve: it would pass with {}, or with [floors] {key} = {left}", serve + missing)
}

#[cfg(test)]
mod tests {
    use super::super::testing::Scene;

    #[test]
    fn the_healthy_floor_counts_what_would_remain() {
        let mut scene = Scene::quiet();
        scene.policy.floors.healthy = 3;
        assert!(!scene.verdict("healthy_floor").holds(), "four serve, three remain");
        scene.group().members[3].healthy = false;
        assert!(scene.verdict("healthy_floor").why().contains("2 healthy members"));
        assert!(scene.verdict("healthy_floor").holds());
    }

    #[test]
    fn members_on_their_way_out_do_not_count() {
        let mut scene = Scene::quiet();
        scene.policy.floors.healthy = 3;
        scene.open_claim_on(1);
        assert!(scene.verdict("healthy_floor").holds());
    }

    #[test]
    fn the_zone_floor_counts_the_targets_zone() {
        let mut scene = Scene::quiet();
        assert!(!scene.verdict("zone_floor").holds());
        scene.policy.floors.zone = 1;
        assert!(!scene.verdict("zone_floor").holds(), "i-0 and i-2 share a zone");
        scene.group().members[2].healthy = false;
        assert!(scene.verdict("zone_floor").holds());
    }
}
