//! Processes that somebody suspended and nobody resumed.

use chrono::TimeDelta;
use simian_core::{Group, Severity, span};

use crate::ground::{Asked, is_parked};
use crate::parameters::Parameters;
use crate::rule::{Judge, Judgement, Rule};
use crate::words;

/// Longer than a deployment or an afternoon of looking into something.
const AGE: TimeDelta = TimeDelta::days(1);

/// Without these a group does not heal. Source: Amazon EC2 Auto Scaling user guide, "Suspend and resume processes".
const HEALING: [&str; 4] = ["Launch", "Terminate", "HealthCheck", "ReplaceUnhealthy"];

pub(super) const RULE: Rule = Rule {
    id: "suspended-processes",
    title: "No process of a group stays suspended",
    why_it_matters: "Processes are suspended for an hour and forgotten for a year. Without Launch, Terminate, \
                     HealthCheck or ReplaceUnhealthy a group does not heal.",
    severity: Severity::Medium,
    standards: &[],
    remedy: "Resume the group's processes",
    needs: &[],
    parameters: || Parameters { age: Some(AGE), ..Parameters::default() },
    judge: Judge::Group(judge),
};

fn judge(group: &Group, asked: &Asked<'_>) -> Judgement {
    if is_parked(group) {
        return Judgement::NotApplicable;
    }
    if group.suspended.is_empty() {
        return Judgement::Pass;
    }
    let processes = words::some(&group.suspended);
    let evidence = match group.suspended_since.map(|since| asked.ground.at() - since) {
        Some(length) if length <= asked.parameters.age() => return Judgement::Pass,
        Some(length) => format!("{processes} suspended for {}", span::format(length)),
        None => format!("{processes} suspended, nobody knows since when"),
    };
    let heals = !group.suspended.iter().any(|process| HEALING.contains(&process.as_str()));
    Judgement::fail_at(if heals { Severity::Medium } else { Severity::High }, evidence)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Scene, days_ago, evidence};

    fn suspended(process: &str, days: Option<i64>) -> Judgement {
        let mut scene = Scene::new();
        (scene.group().suspended, scene.group().suspended_since) = (vec![process.into()], days.map(days_ago));
        scene.ask_group(&RULE)
    }

    #[test]
    fn a_day_is_allowed() {
        assert_eq!(Scene::new().ask_group(&RULE), Judgement::Pass);
        assert_eq!(suspended("Launch", Some(1)), Judgement::Pass);
        assert_eq!(evidence(suspended("Launch", Some(3))), "Launch suspended for 3d");
        assert_eq!(evidence(suspended("AZRebalance", None)), "AZRebalance suspended, nobody knows since when");
    }

    #[test]
    fn a_group_that_cannot_heal_is_worse_off() {
        let severity = |process| match suspended(process, Some(9)) {
            Judgement::Fail { severity, .. } => severity,
            other => panic!("{other:?}"),
        };
        assert_eq!(severity("ReplaceUnhealthy"), Some(Severity::High));
        assert_eq!(severity("AlarmNotification"), Some(Severity::Medium));
    }
}
