//! The operator's own word on whether this is a bad moment, by a program or a page of theirs. No answer is a no.

use super::{Case, Policy, Rail, Verdict};
use crate::detail::Stops;
use crate::fleet::View;

pub(super) const RAIL: Rail =
    Rail { name: "outage", about: "the outage hook says that nothing is wrong", always: false, judge, lift };

fn judge(case: &Case<'_>) -> Verdict {
    if case.policy.outage.is_none() {
        return Verdict::NotApplicable("no outage hook is configured".into());
    }
    let Some(stops) = case.stops() else { return case.not_looked_at("the outage hook") };
    says(stops, case.policy)
}

/// What the hook said, if there is one.
pub(super) fn says(stops: &Stops, policy: &Policy) -> Verdict {
    let Some(hook) = &policy.outage else { return Verdict::NotApplicable("no outage hook is configured".into()) };
    match &stops.outage {
        View::Known(()) => Verdict::Pass(format!("{hook} says that all is well")),
        other => Verdict::Unknown(format!("{hook}: {}", other.unknown().unwrap_or_default())),
    }
}

fn lift(case: &Case<'_>) -> String {
    format!("a yes of {}", case.policy.outage.as_deref().unwrap_or("the outage hook"))
}

#[cfg(test)]
mod tests {
    use super::super::testing::Scene;
    use super::*;

    #[test]
    fn only_a_yes_lets_it_go() {
        let mut scene = Scene::quiet();
        assert!(matches!(scene.looked("outage", |_| ()), Verdict::NotApplicable(_)));
        scene.policy.outage = Some("https://status.example.com".into());
        assert!(matches!(scene.verdict("outage"), Verdict::NotApplicable(_)), "asked when it is due");
        for (said, holds) in
            [(View::Known(()), false), (View::Unasked, true), (View::Unknown("it answered 503".into()), true)]
        {
            let verdict = scene.looked("outage", |look| look.stops.as_mut().unwrap().outage = said.clone());
            assert_eq!(verdict.holds(), holds, "{verdict:?}");
        }
        assert!(scene.looked("outage", |look| look.stops = None).holds());
    }
}
