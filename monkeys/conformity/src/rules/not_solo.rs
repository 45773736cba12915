//! Instances that no group would replace. A group of one is asked by `min-max-one`.

use chrono::TimeDelta;
use simian_core::Severity;
use simian_core::resource::Instance;

use super::is_up;
use crate::ground::Asked;
use crate::parameters::Parameters;
use crate::rule::{Judge, Judgement, Rule};

/// What somebody tries out by hand is gone by tomorrow.
const AGE: TimeDelta = TimeDelta::days(1);

pub(super) const RULE: Rule = Rule {
    id: "not-solo",
    title: "Every running instance is a member of an Auto Scaling group",
    why_it_matters: "When an instance that is in no group dies, nothing brings it back but a person who notices.",
    severity: Severity::Medium,
    standards: &[],
    remedy: "Run the instance in a group, of one if need be, and exempt it if it truly cannot be",
    needs: &[],
    parameters: || Parameters { age: Some(AGE), ..Parameters::default() },
    judge: Judge::Instance(judge),
};

fn judge(instance: &Instance, asked: &Asked<'_>) -> Judgement {
    let age = asked.ground.at() - instance.launched;
    if !is_up(instance) || age < asked.parameters.age() {
        return Judgement::NotApplicable;
    }
    Judgement::fail_if(asked.home.is_none(), || "it is in no Auto Scaling group".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Scene, evidence, instance, instance_but, now};

    #[test]
    fn members_pass_and_others_fail_after_a_day() {
        let young = instance_but("i-young", |it| it.launched = now());
        let scene = Scene::new().with([instance("i-alone"), young]);
        assert_eq!(scene.ask(&RULE, "i-a"), Judgement::Pass);
        assert_eq!(evidence(scene.ask(&RULE, "i-alone")), "it is in no Auto Scaling group");
        assert_eq!(scene.ask(&RULE, "i-young"), Judgement::NotApplicable);
    }

    #[test]
    fn whoever_left_its_groups_list_a_moment_ago_belongs_to_it_still() {
        let leaving = instance_but("i-leaving", |it| it.group = Some("shop-prod-v001".into()));
        assert_eq!(Scene::new().with([leaving]).ask(&RULE, "i-leaving"), Judgement::Pass);
    }
}
