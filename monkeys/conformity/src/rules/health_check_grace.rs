//! How long a group lets a new member be unhealthy.

use chrono::TimeDelta;
use simian_core::{Group, Severity, span};

use super::balancer_health::{asks_its_balancer, has_balancer};
use crate::ground::Asked;
use crate::parameters::Parameters;
use crate::rule::{Judge, Judgement, Rule};

/// Six times what the console proposes. No service that scales takes half an hour to start.
const LONGEST: TimeDelta = TimeDelta::minutes(30);

pub(super) const RULE: Rule = Rule {
    id: "health-check-grace",
    title: "A group's health check waits for a start, and not for much longer",
    why_it_matters: "Without a grace period a new member is ended before it has started, over and over. With a very \
                     long one a member that never starts is counted as capacity meanwhile.",
    severity: Severity::Medium,
    standards: &[],
    remedy: "Set the group's health check grace period to a little more than a start takes",
    needs: &[],
    parameters: || Parameters { longest: Some(LONGEST), ..Parameters::default() },
    judge: Judge::Group(judge),
};

fn judge(group: &Group, asked: &Asked<'_>) -> Judgement {
    if !has_balancer(group) || !asks_its_balancer(group) {
        return Judgement::NotApplicable;
    }
    let grace = TimeDelta::seconds(i64::from(group.grace_seconds));
    let longest = asked.parameters.longest();
    if grace.is_zero() {
        return Judgement::fail("it asks its balancer from the first second: its grace period is 0");
    }
    Judgement::fail_if(grace > longest, || {
        format!("its grace period is {}, longer than {}", span::format(grace), span::format(longest))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Scene, evidence};

    #[test]
    fn none_and_too_long_fail_where_the_balancer_is_asked() {
        let mut scene = Scene::new();
        assert_eq!(scene.ask_group(&RULE), Judgement::Pass);
        scene.group().grace_seconds = 0;
        assert!(evidence(scene.ask_group(&RULE)).ends_with("its grace period is 0"));
        scene.group().grace_seconds = 1801;
        assert_eq!(evidence(scene.ask_group(&RULE)), "its grace period is 30m 1s, longer than 30m");
        scene.group().health_check = "EC2".into();
        assert_eq!(scene.ask_group(&RULE), Judgement::NotApplicable);
    }
}
