//! The unit has recovered from what was last done to it: no claim of it is open.

use super::{Case, Rail, Verdict};
use crate::claim::Stage;

pub(super) const RAIL: Rail =
    Rail { name: "recovered", about: "the unit recovered from the last action", always: false, judge, lift };

fn judge(case: &Case<'_>) -> Verdict {
    let unit = &case.proposal.unit;
    let open = case.world.history.open.iter().find(|claim| {
        claim.key != case.proposal.key
            && claim.scope.account == unit.id.scope.account
            // A unit that was cut differently yesterday is still the same groups.
            && (claim.full_unit() == unit.id.full()
                || claim.targets.iter().any(|target| unit.has_group(&claim.scope.region, &target.group)))
    });
    match open {
        None => Verdict::Pass("nothing is open".into()),
        Some(claim) => Verdict::Hold(match claim.stage {
            Stage::Unrecovered => format!("it has not recovered from {}", claim.key),
            _ => format!("it is still recovering from {}", claim.key),
        }),
    }
}

fn lift(_: &Case<'_>) -> String {
    "its groups serve as many as before, or as their owner lowers their desired capacity to".into()
}

#[cfg(test)]
mod tests {
    use super::super::testing::Scene;

    #[test]
    fn an_open_claim_of_the_unit_or_its_groups_holds() {
        let mut scene = Scene::quiet();
        assert!(!scene.verdict("recovered").holds());
        scene.open_claim_on(3);
        assert!(scene.verdict("recovered").holds());
        scene.world.history.open[0].claim.unit = "app:shop".into();
        assert!(scene.verdict("recovered").holds());
        scene.world.history.open[0].claim.targets[0].group = "other".into();
        assert!(!scene.verdict("recovered").holds());
    }
}
