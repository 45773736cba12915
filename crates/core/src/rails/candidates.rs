//! A survey that suddenly sees far fewer or far more groups than the last is not believed.
//!
//! One that is not believed is nothing to compare the next with: the hold stays until the groups are back, or until a
//! person says that the fleet really changed.

use std::collections::BTreeMap;

use super::{Candidates, Case, Policy, Rail, Verdict};
use crate::fleet::Group;

pub(super) const RAIL: Rail =
    Rail { name: "candidates", about: "the survey saw about as many groups as the last", always: false, judge, lift };

fn judge(case: &Case<'_>) -> Verdict {
    let scope = &case.proposal.scope;
    let Some(&now) = case.candidates.get(scope) else {
        return Verdict::Unknown(format!("the groups of {scope} are not known"));
    };
    let Some(&before) = case.world.history.last_survey.get(scope) else {
        return Verdict::Pass(format!("{now} groups; there was no survey before"));
    };
    if is_usual(now, before, &case.policy.candidates) {
        Verdict::Pass(format!("{now} groups, {before} the last time"))
    } else {
        let percent = percent(now, before, &case.policy.candidates);
        Verdict::Hold(format!("{now} groups, {before} when it was last believed: more than {percent} % apart"))
    }
}

/// Whether a survey that sees `now` groups after one that saw `before` is what the next is compared with.
pub fn believed(now: u64, before: Option<u64>, policy: &Policy) -> bool {
    !policy.has(RAIL.name) || before.is_none_or(|before| is_usual(now, before, &policy.candidates))
}

fn is_usual(now: u64, before: u64, limits: &Candidates) -> bool {
    let moved = now.abs_diff(before);
    moved <= u64::from(limits.slack) || moved * 100 <= before * u64::from(percent(now, before, limits))
}

/// How far it may move.
fn percent(now: u64, before: u64, limits: &Candidates) -> u32 {
    if now < before { limits.shrink_percent } else { limits.grow_percent }
}

/// How many groups a usual survey sees of these. So a closer look is not taken for a fleet that grew over night.
pub fn count(groups: &BTreeMap<String, Group>, policy: &Policy) -> u64 {
    let (keys, values) = policy.survey();
    let lists = |tags: &BTreeMap<String, String>| {
        tags.keys().any(|key| keys.contains(key)) && tags.values().any(|value| values.contains(value))
    };
    groups.values().filter(|group| lists(&group.tags)).count() as u64
}

fn lift(case: &Case<'_>) -> String {
    let scope = &case.proposal.scope;
    let (Some(now), Some(before)) = (case.candidates.get(scope), case.world.history.last_survey.get(scope)) else {
        return "a survey that succeeds".into();
    };
    let (change, key) = if now < before { ("shrank", "shrink_percent") } else { ("grew", "grow_percent") };
    format!(
        "a survey that sees about {before} again; or, if the fleet really {change}, `simian resume --fleet-changed --account {} \
         --region {}`; or a higher [rails.candidates] {key} or slack",
        scope.account, scope.region
    )
}

#[cfg(test)]
mod tests {
    use super::super::testing::Scene;
    use super::*;

    #[test]
    fn far_fewer_groups_than_last_time_hold() {
        for (before, holds) in [(1, false), (11, false), (12, true), (0, false)] {
            let mut scene = Scene::quiet();
            let scope = scene.proposal.scope.clone();
            scene.world.history.last_survey.insert(scope, before);
            assert_eq!(scene.verdict("candidates").holds(), holds, "one now, {before} before");
            assert_eq!(believed(1, Some(before), &scene.policy), !holds, "as it is judged");
        }
    }

    #[test]
    fn nothing_before_and_a_rail_that_is_off_are_no_reason_for_doubt() {
        let mut policy = Scene::quiet().policy;
        assert!(believed(0, None, &policy) && !believed(0, Some(100), &policy));
        assert!(believed(200, Some(100), &policy) && !believed(201, Some(100), &policy));
        policy.disabled.insert("candidates".into());
        assert!(believed(0, Some(100), &policy));
    }
}
