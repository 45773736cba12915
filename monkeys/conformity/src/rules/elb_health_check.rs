//! Groups behind a balancer that do not ask it who is healthy.

use simian_core::{Group, Severity};

use super::balancer_health::{asks_its_balancer, has_balancer};
use crate::ground::Asked;
use crate::parameters::Parameters;
use crate::rule::{Judge, Judgement, Rule, Standard};

pub(super) const RULE: Rule = Rule {
    id: "elb-health-check",
    title: "A group behind a balancer replaces what the balancer takes for unhealthy",
    why_it_matters: "By EC2's own checks an instance is fine as long as it boots: a hung process stays in the group \
                     for ever, counted as capacity and sent nothing.",
    severity: Severity::High,
    standards: &[
        Standard::Config("autoscaling-group-elb-healthcheck-required"),
        Standard::SecurityHub("AutoScaling.1"),
        Standard::Prowler("autoscaling_group_elb_health_check_enabled"),
    ],
    remedy: "Turn on the group's ELB health check, with a grace period as long as a start takes",
    needs: &[],
    parameters: Parameters::default,
    judge: Judge::Group(judge),
};

fn judge(group: &Group, _: &Asked<'_>) -> Judgement {
    if !has_balancer(group) {
        return Judgement::NotApplicable;
    }
    Judgement::fail_if(!asks_its_balancer(group), || {
        format!("it is behind a balancer and checks {} only", group.health_check)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Scene, evidence};

    #[test]
    fn a_group_behind_a_balancer_must_ask_it() {
        let mut scene = Scene::new();
        assert_eq!(scene.ask_group(&RULE), Judgement::Pass);
        scene.group().health_check = "EC2".into();
        assert_eq!(evidence(scene.ask_group(&RULE)), "it is behind a balancer and checks EC2 only");
        scene.group().target_groups.clear();
        assert_eq!(scene.ask_group(&RULE), Judgement::NotApplicable);
        scene.group().classic_balancers.push("old".into());
        assert!(matches!(scene.ask_group(&RULE), Judgement::Fail { .. }));
    }
}
