//! A survey that suddenly sees far fewer or far more groups than the last is not believed.

use std::collections::BTreeMap;

use super::{Case, Policy, Rail, Verdict};
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
    let limits = &case.policy.candidates;
    let percent = if now < before { limits.shrink_percent } else { limits.grow_percent };
    let moved = now.abs_diff(before);
    if moved > u64::from(limits.slack) && moved * 100 > before * u64::from(percent) {
        Verdict::Hold(format!("{now} groups, {before} the last time: more than {percent} % apart"))
    } else {
        Verdict::Pass(format!("{now} groups, {before} the last time"))
    }
}

/// How many groups a usual survey sees of these. So a closer look is not taken for a fleet that grew over night.
pub fn count(groups: &BTreeMap<String, Group>, policy: &Policy) -> u64 {
    let (keys, values) = policy.tags.survey();
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
    let key = if now < before { "shrink_percent" } else { "grow_percent" };
    format!("the next look, which compares with this one; or a higher [rails.candidates] {key}")
}

#[cfg(test)]
mod tests {
    use super::super::testing::Scene;

    #[test]
    fn far_fewer_groups_than_last_time_hold() {
        for (before, holds) in [(1, false), (11, false), (12, true), (0, false)] {
            let mut scene = Scene::quiet();
            let scope = scene.proposal.scope.clone();
            scene.world.history.last_survey.insert(scope, before);
            assert_eq!(scene.verdict("candidates").holds(), holds, "one now, {before} before");
        }
    }
}
