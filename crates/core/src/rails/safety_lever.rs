//! The safety lever of AWS FIS: who engages it wants no experiment in the account, whosever it is.

use super::{Case, Rail, Verdict};
use crate::detail::Stops;

pub(super) const RAIL: Rail = Rail {
    name: "safety_lever",
    about: "the account's FIS safety lever is not engaged in that region",
    always: false,
    judge,
    lift,
};

fn judge(case: &Case<'_>) -> Verdict {
    case.stops().map_or_else(|| case.not_looked_at("the safety lever"), says)
}

/// What the lever says.
pub(super) fn says(stops: &Stops) -> Verdict {
    match stops.lever.known() {
        Some(lever) if lever.engaged => Verdict::Hold(format!("the safety lever is engaged: {}", lever.reason)),
        Some(_) => Verdict::Pass("disengaged".into()),
        None => {
            Verdict::Unknown(format!("the safety lever is not known: {}", stops.lever.unknown().unwrap_or_default()))
        }
    }
}

fn lift(case: &Case<'_>) -> String {
    format!(
        "whoever engaged the lever of {} disengages it; where AWS FIS cannot be asked: [rails.safety_lever] enabled = false",
        case.proposal.scope
    )
}

#[cfg(test)]
mod tests {
    use super::super::testing::Scene;
    use super::*;
    use crate::detail::Lever;
    use crate::fleet::View;

    #[test]
    fn engaged_or_unreadable_it_holds() {
        let scene = Scene::quiet();
        assert!(matches!(scene.verdict("safety_lever"), Verdict::NotApplicable(_)));
        let lever = |engaged| View::Known(Lever { engaged, reason: "sale".into() });
        for (lever, holds) in
            [(lever(false), false), (lever(true), true), (View::Unknown("denied".into()), true), (View::Unasked, true)]
        {
            let verdict = scene.looked("safety_lever", |look| look.stops.as_mut().unwrap().lever = lever.clone());
            assert_eq!(verdict.holds(), holds, "{verdict:?}");
        }
    }
}
