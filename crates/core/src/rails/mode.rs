//! Live needs the operator's word twice, globally and for the account. A rehearsal is always allowed.

use super::{Case, Rail, Verdict};
use crate::scope::Mode;

pub(super) const RAIL: Rail =
    Rail { name: "mode", about: "live only where the operator said so twice", always: true, judge, lift };

fn judge(case: &Case<'_>) -> Verdict {
    match (case.proposal.mode, case.policy.mode.and(case.world.mode)) {
        (Mode::DryRun, _) => Verdict::Pass("dry-run: it would only be rehearsed".into()),
        (Mode::Live, Mode::Live) => Verdict::Pass("live".into()),
        (Mode::Live, Mode::DryRun) => Verdict::Hold("this account is in dry-run".into()),
    }
}

fn lift(_: &Case<'_>) -> String {
    "write mode = \"live\" at the top of the config and in the account's table, then restart".into()
}

#[cfg(test)]
mod tests {
    use super::super::testing::Scene;
    use super::*;

    #[test]
    fn live_is_held_unless_both_the_policy_and_the_round_are_live() {
        for (policy, world, passes) in
            [(Mode::Live, Mode::Live, true), (Mode::DryRun, Mode::Live, false), (Mode::Live, Mode::DryRun, false)]
        {
            let mut scene = Scene::quiet();
            (scene.policy.mode, scene.world.mode) = (policy, world);
            assert_eq!(!scene.verdict("mode").holds(), passes);
        }
    }
}
