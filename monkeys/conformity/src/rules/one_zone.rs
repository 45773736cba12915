//! Groups in one zone only.

use simian_core::{Group, Severity};

use crate::ground::{Asked, is_parked};
use crate::parameters::Parameters;
use crate::rule::{Judge, Judgement, Rule, Standard};

pub(super) const RULE: Rule = Rule {
    id: "one-zone",
    title: "Every group spans two zones at least",
    why_it_matters: "Who is in one zone is down while the zone is, and cannot launch while it is out of capacity.",
    severity: Severity::High,
    standards: &[
        Standard::Config("autoscaling-multiple-az"),
        Standard::SecurityHub("AutoScaling.2"),
        Standard::Prowler("autoscaling_group_multiple_az"),
    ],
    remedy: "Give the group subnets in other zones",
    needs: &[],
    parameters: Parameters::default,
    judge: Judge::Group(judge),
};

fn judge(group: &Group, _: &Asked<'_>) -> Judgement {
    match group.zones.as_slice() {
        _ if is_parked(group) => Judgement::NotApplicable,
        [] => Judgement::NotApplicable,
        [zone] => Judgement::fail(format!("it is in {zone} only")),
        _ => Judgement::Pass,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Scene, evidence};

    #[test]
    fn two_zones_pass_and_one_fails() {
        let mut scene = Scene::new();
        scene.group().zones.truncate(2);
        assert_eq!(scene.ask_group(&RULE), Judgement::Pass);
        scene.group().zones.truncate(1);
        assert_eq!(evidence(scene.ask_group(&RULE)), "it is in us-east-1a only");
        scene.group().max = 0;
        assert_eq!(scene.ask_group(&RULE), Judgement::NotApplicable);
    }
}
