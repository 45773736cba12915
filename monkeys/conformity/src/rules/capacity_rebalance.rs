//! Spot instances that are waited for until AWS takes them.

use simian_core::{Group, ResourceKind, Severity};

use crate::ground::Asked;
use crate::parameters::Parameters;
use crate::rule::{Judge, Judgement, Need, Rule, Standard};
use crate::words;

pub(super) const RULE: Rule = Rule {
    id: "capacity-rebalance",
    title: "A group that runs spot instances replaces them before AWS takes them back",
    why_it_matters: "The notice of two minutes is shorter than most starts: without Capacity Rebalancing each \
                     interruption is a hole.",
    severity: Severity::Medium,
    standards: &[
        Standard::Config("autoscaling-capacity-rebalancing"),
        Standard::Prowler("autoscaling_group_capacity_rebalance_enabled"),
    ],
    remedy: "Turn on the group's Capacity Rebalancing",
    needs: &[Need::Kind(ResourceKind::Instance)],
    parameters: Parameters::default,
    judge: Judge::Group(judge),
};

fn judge(group: &Group, asked: &Asked<'_>) -> Judgement {
    let spot = asked.ground.spot(group);
    if spot.is_empty() {
        return Judgement::NotApplicable;
    }
    Judgement::fail_if(!group.capacity_rebalance, || {
        format!("{} spot, and nothing replaces them early", words::some(spot))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Scene, evidence, instance_but};

    #[test]
    fn spot_needs_it() {
        assert_eq!(Scene::new().ask_group(&RULE), Judgement::NotApplicable);
        let mut scene = Scene::new().with([instance_but("i-a", |it| it.spot = true)]);
        assert_eq!(evidence(scene.ask_group(&RULE)), "i-a spot, and nothing replaces them early");
        scene.group().capacity_rebalance = true;
        assert_eq!(scene.ask_group(&RULE), Judgement::Pass);
    }
}
