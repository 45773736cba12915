//! Groups that launch as one did before launch templates.

use simian_core::{Group, LaunchSource, Severity};

use crate::ground::Asked;
use crate::parameters::Parameters;
use crate::rule::{Judge, Judgement, Rule, Standard};

pub(super) const RULE: Rule = Rule {
    id: "launch-configuration",
    title: "Every group launches from a launch template",
    why_it_matters: "Launch configurations take no new instance types or features, have no versions to go back to, \
                     and new accounts cannot make them.",
    severity: Severity::Medium,
    standards: &[
        Standard::Config("autoscaling-launch-template"),
        Standard::SecurityHub("AutoScaling.9"),
        Standard::Prowler("autoscaling_group_using_ec2_launch_template"),
    ],
    remedy: "Copy the configuration to a launch template and let the group launch from that",
    needs: &[],
    parameters: Parameters::default,
    judge: Judge::Group(judge),
};

fn judge(group: &Group, _: &Asked<'_>) -> Judgement {
    let configuration = group.launches.iter().find_map(|source| match source {
        LaunchSource::Configuration(name) => Some(name),
        LaunchSource::Template { .. } | LaunchSource::Image(_) => None,
    });
    configuration
        .map_or(Judgement::Pass, |name| Judgement::fail(format!("it launches from launch configuration {name}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Scene, evidence};

    #[test]
    fn a_template_passes_and_a_configuration_fails() {
        let mut scene = Scene::new();
        assert_eq!(scene.ask_group(&RULE), Judgement::Pass);
        scene.group().launches = vec![LaunchSource::Configuration("shop-2014".into())];
        assert_eq!(evidence(scene.ask_group(&RULE)), "it launches from launch configuration shop-2014");
    }
}
