//! The unit has recovered from what was last done to it: no claim of it is open.

use super::{Case, Rail, Verdict};
use crate::claim::{ClaimRecord, Stage};

pub(super) const RAIL: Rail =
    Rail { name: "recovered", about: "the unit recovered from the last action", always: false, judge, lift };

fn judge(case: &Case<'_>) -> Verdict {
    match open(case) {
        None => Verdict::Pass("nothing is open".into()),
        Some(claim) => Verdict::Hold(match claim.stage {
            Stage::Unrecovered => format!("it has not recovered from {}", claim.key),
            _ => format!("it is still recovering from {}", claim.key),
        }),
    }
}

/// An open claim of the unit, or of one of its groups; first one that is past its deadline.
fn open<'a>(case: &Case<'a>) -> Option<&'a ClaimRecord> {
    let unit = &case.proposal.unit;
    let of_unit = case.world.history.open.iter().filter(|claim| {
        claim.key != case.proposal.key
            && claim.scope.account == unit.id.scope.account
            // A unit that was cut differently yesterday is still the same groups.
            && (claim.full_unit() == unit.id.full()
                || claim.targets.iter().any(|target| unit.has_group(&claim.scope.region, &target.group)))
    });
    of_unit.min_by_key(|claim| claim.stage != Stage::Unrecovered)
}

fn lift(case: &Case<'_>) -> String {
    let seen = "its groups serve as many as before, or as their owner lowers their desired capacity to";
    match open(case).filter(|claim| claim.stage == Stage::Unrecovered) {
        Some(claim) => format!("{seen}; or your word for it: `simian resume --recovered {}`", claim.full_unit()),
        None => seen.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::Scene;
    use super::*;

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

    #[test]
    fn a_person_is_asked_only_for_what_is_past_its_deadline() {
        let mut scene = Scene::quiet();
        scene.open_claim_on(2);
        scene.open_claim_on(3);
        assert!(!scene.lift("recovered").contains("simian"), "{}", scene.lift("recovered"));
        scene.world.history.open[1].stage = Stage::Unrecovered;
        assert!(scene.verdict("recovered").why().starts_with("it has not recovered"));
        let word = "`simian resume --recovered 111122223333/us-east-1/cluster:shop-prod`";
        assert!(scene.lift("recovered").ends_with(word), "{}", scene.lift("recovered"));
    }
}
