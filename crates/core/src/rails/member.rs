//! Only a member that is in service, healthy and not protected. Never one in standby, in the warm pool, or already
//! on its way out.

use super::{Case, Rail, Verdict};
use crate::fleet::View;

pub(super) const RAIL: Rail =
    Rail { name: "member", about: "the target is in service, healthy and not protected", always: false, judge, lift };

fn judge(case: &Case<'_>) -> Verdict {
    let scope = &case.proposal.scope;
    match case.world.fleets.get(scope).map(|fleet| &fleet.groups) {
        Some(View::Known(_)) => {}
        other => {
            let why = other.and_then(View::unknown).unwrap_or("its region was not surveyed");
            return Verdict::Unknown(format!("the groups of {scope} are not known: {why}"));
        }
    }
    if case.proposal.targets.is_empty() {
        return Verdict::Hold("no member is in service, healthy and unprotected".into());
    }
    for target in &case.proposal.targets {
        let id = &target.instance;
        let Some(member) = case.group_of(target).and_then(|group| group.member(id)) else {
            return Verdict::Hold(format!("{id} is no longer in {}", target.group));
        };
        if case.going(id) {
            return Verdict::Hold(format!("{id} is being ended already"));
        }
        if !member.serves() {
            let health = if member.healthy { "" } else { ", unhealthy" };
            return Verdict::Hold(format!("{id} is {}{health}", member.lifecycle));
        }
        if member.protected {
            return Verdict::Hold(format!("{id} is protected from scale in"));
        }
    }
    Verdict::Pass("in service, healthy, unprotected".into())
}

fn lift(case: &Case<'_>) -> String {
    let known = case.world.fleets.get(&case.proposal.scope).is_some_and(|fleet| fleet.groups.known().is_some());
    match (known, case.proposal.targets.is_empty()) {
        (false, _) => "a survey that succeeds".into(),
        (true, true) => "a member that is in service, healthy and not protected from scale in".into(),
        (true, false) => "the next look chooses among those that may be hit then".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::Scene;
    use super::*;
    use crate::fleet::{Lifecycle, Member};

    #[test]
    fn whoever_is_not_plainly_serving_is_left_alone() {
        type Spoil = fn(&mut Member);
        let spoils: [(Spoil, &str); 5] = [
            (|m| m.healthy = false, "unhealthy"),
            (|m| m.protected = true, "protected"),
            (|m| m.lifecycle = Lifecycle::Standby, "in standby"),
            (|m| m.lifecycle = Lifecycle::Warmed, "warm pool"),
            (|m| m.lifecycle = Lifecycle::Terminating, "terminating"),
        ];
        for (spoil, part) in spoils {
            let mut scene = Scene::quiet();
            spoil(&mut scene.group().members[0]);
            let verdict = scene.verdict("member");
            assert!(verdict.holds() && verdict.why().contains(part), "{verdict:?}");
        }
    }

    #[test]
    fn a_target_that_is_gone_or_was_never_found_holds() {
        let mut scene = Scene::quiet();
        scene.group().members.remove(0);
        assert!(scene.verdict("member").why().contains("no longer in"));
        scene.proposal.targets.clear();
        assert!(scene.verdict("member").why().contains("no member"));
    }

    #[test]
    fn an_unknown_fleet_holds() {
        let mut scene = Scene::quiet();
        scene.fleet().groups = View::Unknown("page 3 failed".into());
        assert!(matches!(scene.verdict("member"), Verdict::Unknown(why) if why.contains("page 3 failed")));
    }

    #[test]
    fn an_instance_of_an_open_claim_is_not_ended_twice() {
        let mut scene = Scene::quiet();
        scene.open_claim();
        assert!(scene.verdict("member").why().contains("already"));
    }
}
