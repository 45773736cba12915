//! The operator's word on faults that last: which, and for how long. And the owner's: as the tags say it now.

use super::{Case, Rail, Verdict};
use crate::span;
use crate::tags::OptIn;

pub(super) const RAIL: Rail = Rail {
    name: "fault",
    about: "a fault that lasts is allowed, is as its owner wants it, and ends soon enough",
    always: true,
    judge,
    lift,
};

fn judge(case: &Case<'_>) -> Verdict {
    let (action, rules) = (case.proposal.action, &case.policy.faults);
    if !action.lasts() {
        return Verdict::NotApplicable(format!("{action} does not last"));
    }
    let Some(terms) = &case.proposal.terms else {
        return Verdict::Hold(format!("nobody says how long {action} is to last"));
    };
    if action.is_grave() && !rules.allow.contains(&action) {
        return Verdict::Hold(format!("{action} cannot be taken back wholly, and the operator does not allow it"));
    }
    if terms.lasts > rules.longest {
        return Verdict::Hold(format!(
            "{} is longer than the operator allows, {}",
            span::format(terms.lasts),
            span::format(rules.longest)
        ));
    }
    let tags = case.policy.tags_of(&case.proposal.monkey);
    for id in &case.proposal.unit.groups {
        if let Some(group) = case.group(id)
            && let OptIn::In(now) = tags.read(&group.tags)
            && now.terms.is_some_and(|now| now.parameters != terms.parameters || now.lasts < terms.lasts)
        {
            return Verdict::Hold(format!("the owner of {} wants something else by now", id.name));
        }
    }
    Verdict::Pass(format!("{action} {terms}"))
}

fn lift(case: &Case<'_>) -> String {
    let (action, rules) = (case.proposal.action, &case.policy.faults);
    match &case.proposal.terms {
        _ if action.is_grave() && !rules.allow.contains(&action) => {
            format!("the operator adds \"{action}\" to faults.allow")
        }
        Some(terms) if terms.lasts > rules.longest => {
            "the owner shortens it, or the operator raises faults.longest".into()
        }
        Some(_) => "the next look, which takes the owner's newest word".into(),
        None => "the operator sets faults.for".into(),
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::super::testing::Scene;
    use super::*;
    use crate::action::Action;
    use crate::fault::Terms;

    #[test]
    fn a_fault_needs_an_end_that_the_operator_allows() {
        let mut scene = Scene::quiet();
        assert!(matches!(scene.verdict("fault"), Verdict::NotApplicable(_)), "an end does not last");
        scene.proposal.action = Action::Latency;
        assert!(scene.verdict("fault").why().contains("nobody says how long"));
        let terms = |minutes| Some(Terms { lasts: TimeDelta::minutes(minutes), parameters: [].into() });
        scene.proposal.terms = terms(60);
        assert!(!scene.verdict("fault").holds());
        scene.proposal.terms = terms(61);
        assert!(scene.verdict("fault").why().contains("longer than the operator allows, 1h"));
    }

    #[test]
    fn a_grave_fault_takes_a_word_of_its_own() {
        let mut scene = Scene::quiet();
        scene.proposal.action = Action::KernelPanic;
        scene.proposal.terms = Some(Terms { lasts: TimeDelta::minutes(1), parameters: [].into() });
        assert!(scene.verdict("fault").holds());
        scene.policy.faults.allow.insert(Action::ClockSkew);
        assert!(scene.verdict("fault").holds(), "another one's");
        scene.policy.faults.allow.insert(Action::KernelPanic);
        assert!(!scene.verdict("fault").holds());
    }
}
