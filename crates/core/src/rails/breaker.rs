//! So many failed recoveries in a row, anywhere, stop everything: perhaps it is we who do not understand this fleet.

use super::{Case, Rail, Turn, Verdict};
use crate::ledger::Pause;

pub(super) const RAIL: Rail =
    Rail { name: Pause::BREAKER, about: "recent actions did recover", always: false, judge, lift };

fn judge(case: &Case<'_>) -> Verdict {
    says(&case.turn())
}

/// How many actions failed to recover, whoever took them.
pub(super) fn says(turn: &Turn<'_>) -> Verdict {
    let failed = turn.world.history.failed_in_a_row;
    match turn.policy.breaker {
        None => Verdict::NotApplicable("no limit is set".into()),
        Some(limit) if failed >= limit => Verdict::Hold(format!(
            "the last {failed} actions did not recover in time: look into it, then lift this with `simian resume`"
        )),
        Some(limit) => Verdict::Pass(format!("{failed} failed in a row, the limit is {limit}")),
    }
}

fn lift(_: &Case<'_>) -> String {
    "look into the recoveries that failed, then `simian resume`".into()
}

#[cfg(test)]
mod tests {
    use super::super::testing::Scene;

    #[test]
    fn failures_in_a_row_stop_everything() {
        for (failed, holds) in [(0, false), (2, false), (3, true)] {
            let mut scene = Scene::quiet();
            scene.world.history.failed_in_a_row = failed;
            assert_eq!(scene.verdict("breaker").holds(), holds, "{failed}");
        }
    }
}
