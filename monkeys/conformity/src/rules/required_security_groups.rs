//! Security groups that the operator wants on every instance.

use simian_core::resource::Instance;
use simian_core::{Resource, ResourceKind, Severity};

use super::is_up;
use crate::ground::Asked;
use crate::parameters::Parameters;
use crate::rule::{Judge, Judgement, Need, Rule};
use crate::words;

pub(super) const RULE: Rule = Rule {
    id: "required-security-groups",
    title: "Every running instance is behind the security groups that the operator requires",
    why_it_matters: "What watches, patches and audits instances reaches only those that let it in.",
    severity: Severity::Medium,
    standards: &[],
    remedy: "Add the missing groups to the launch template and to the instance",
    needs: &[Need::Kind(ResourceKind::SecurityGroup)],
    parameters: || Parameters { groups: Some(Vec::new()), ..Parameters::default() },
    judge: Judge::Instance(judge),
};

fn judge(instance: &Instance, asked: &Asked<'_>) -> Judgement {
    if !is_up(instance) {
        return Judgement::NotApplicable;
    }
    let name = |id: &String| asked.ground.get(ResourceKind::SecurityGroup, id).and_then(Resource::security_group);
    let has = |wanted: &&String| {
        instance.security_groups.iter().any(|id| id == *wanted || name(id).is_some_and(|group| group.name == **wanted))
    };
    let missing: Vec<&String> = asked.parameters.groups().iter().filter(|wanted| !has(wanted)).collect();
    Judgement::fail_if(!missing.is_empty(), || format!("it is not behind {}", words::some(missing)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::open_ports::testing::security_group;
    use crate::testing::{Scene, evidence, instance};

    fn scene(required: &[&str]) -> Scene {
        let groups = Some(required.iter().map(|name| (*name).to_owned()).collect());
        let known = security_group("sg-1", "web", vec![]);
        Scene::bare().with([instance("i-1"), known]).given(Parameters { groups, ..Parameters::default() })
    }

    #[test]
    fn ids_and_names_are_found() {
        assert_eq!(scene(&["sg-1"]).ask(&RULE, "i-1"), Judgement::Pass);
        assert_eq!(scene(&["web"]).ask(&RULE, "i-1"), Judgement::Pass);
    }

    #[test]
    fn what_is_missing_fails() {
        assert_eq!(evidence(scene(&["web", "agents", "audit"]).ask(&RULE, "i-1")), "it is not behind agents, audit");
    }
}
