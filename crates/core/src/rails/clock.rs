//! Our clock must agree with AWS's: hours, claims and leases all go by it.

use super::{Case, Rail, Turn, Verdict};
use crate::fleet::View;

pub(super) const RAIL: Rail = Rail { name: "clock", about: "our clock agrees with AWS's", always: false, judge, lift };

fn judge(case: &Case<'_>) -> Verdict {
    says(&case.turn())
}

/// How far our clock is from the region's.
pub(super) fn says(turn: &Turn<'_>) -> Verdict {
    let skew = turn.world.fleets.get(turn.scope).map_or(&View::Unasked, |fleet| &fleet.skew);
    match skew {
        View::Known(skew) if skew.abs() <= turn.policy.max_skew => {
            // Not the measured seconds: the same world is judged in the same words.
            Verdict::Pass(format!("within {} s of AWS's", turn.policy.max_skew.num_seconds()))
        }
        View::Known(skew) => Verdict::Hold(format!(
            "our clock is {} s {} AWS's, more than {} s: mend the time service",
            skew.num_seconds().abs(),
            if skew.num_seconds() > 0 { "behind" } else { "ahead of" },
            turn.policy.max_skew.num_seconds()
        )),
        other => Verdict::Unknown(format!("AWS's time is not known: {}", other.unknown().unwrap_or(""))),
    }
}

fn lift(_: &Case<'_>) -> String {
    "mend the time service of this machine; it is compared again at the next survey".into()
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::super::testing::Scene;
    use super::*;

    #[test]
    fn a_minute_is_the_limit_either_way() {
        for (seconds, holds) in [(0, false), (60, false), (-60, false), (61, true), (-61, true)] {
            let mut scene = Scene::quiet();
            scene.fleet().skew = View::Known(TimeDelta::seconds(seconds));
            assert_eq!(scene.verdict("clock").holds(), holds, "{seconds}");
        }
    }

    #[test]
    fn an_unknown_skew_holds() {
        let mut scene = Scene::quiet();
        scene.fleet().skew = View::Unasked;
        assert!(matches!(scene.verdict("clock"), Verdict::Unknown(_)));
    }
}
