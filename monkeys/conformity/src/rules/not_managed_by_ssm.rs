//! Instances that Systems Manager does not reach.

use chrono::TimeDelta;
use simian_core::resource::Instance;
use simian_core::{Resource, ResourceKind, Severity};

use super::is_up;
use crate::ground::Asked;
use crate::parameters::Parameters;
use crate::rule::{Judge, Judgement, Need, Rule, Standard};

/// An agent registers within minutes of a start.
const AGE: TimeDelta = TimeDelta::hours(1);

pub(super) const RULE: Rule = Rule {
    id: "not-managed-by-ssm",
    title: "Systems Manager reaches every running instance",
    why_it_matters: "Whom it does not reach is not patched, not inventoried, and can only be entered by an open port \
                     and a shared key.",
    severity: Severity::Medium,
    standards: &[
        Standard::Config("ec2-instance-managed-by-systems-manager"),
        Standard::SecurityHub("SSM.1"),
        Standard::Prowler("ec2_instance_managed_by_ssm"),
    ],
    remedy: "Give the instance a role with AmazonSSMManagedInstanceCore, the agent, and a way to Systems Manager's \
             endpoints",
    needs: &[Need::Kind(ResourceKind::ManagedNode)],
    parameters: || Parameters { age: Some(AGE), ..Parameters::default() },
    judge: Judge::Instance(judge),
};

fn judge(instance: &Instance, asked: &Asked<'_>) -> Judgement {
    let Some(resource) = asked.resource().filter(|_| is_up(instance)) else { return Judgement::NotApplicable };
    if asked.ground.at() - instance.launched < asked.parameters.age() {
        return Judgement::NotApplicable;
    }
    match asked.ground.get(ResourceKind::ManagedNode, &resource.id.id).and_then(Resource::managed_node) {
        None => Judgement::fail("Systems Manager does not know it"),
        Some(node) => Judgement::fail_if(!node.online, || "its Systems Manager agent does not answer".into()),
    }
}

#[cfg(test)]
mod tests {
    use simian_core::resource::{About, ManagedNode};

    use super::*;
    use crate::testing::{Scene, evidence, instance, instance_but, now, resource};

    #[test]
    fn whom_it_does_not_reach_fails_after_an_hour() {
        let silent = resource("i-silent", About::ManagedNode(ManagedNode { online: false }));
        let young = instance_but("i-young", |it| it.launched = now());
        let scene = Scene::new().with([instance("i-1"), instance("i-silent"), silent, young]);
        assert_eq!(scene.ask(&RULE, "i-a"), Judgement::Pass);
        assert_eq!(evidence(scene.ask(&RULE, "i-1")), "Systems Manager does not know it");
        assert_eq!(evidence(scene.ask(&RULE, "i-silent")), "its Systems Manager agent does not answer");
        assert_eq!(scene.ask(&RULE, "i-young"), Judgement::NotApplicable);
    }
}
