//! Resources that belong to nobody.

use simian_core::{ResourceKind, Severity};

use crate::ground::{Asked, Subject};
use crate::parameters::Parameters;
use crate::rule::{Judge, Judgement, Rule};

pub(super) const RULE: Rule = Rule {
    id: "owner-present",
    title: "Every resource has an owner",
    why_it_matters: "A finding, a mark or a page about it reaches nobody.",
    severity: Severity::Medium,
    standards: &[],
    remedy: "Tag the resource with its owner",
    needs: &[],
    parameters: || Parameters {
        kinds: Some(vec![ResourceKind::Group, ResourceKind::Instance, ResourceKind::Volume]),
        ..Parameters::default()
    },
    judge: Judge::Kinds(judge),
};

/// What belongs to a group is its owner's, and the group is asked.
fn judge(asked: &Asked<'_>) -> Judgement {
    if matches!(asked.subject, Subject::Resource(_)) && asked.home.is_some() {
        return Judgement::NotApplicable;
    }
    match asked.subject.tags() {
        Err(why) => Judgement::Unknown(format!("tags are not known: {why}")),
        Ok(tags) => {
            let rules = asked.ground.tags;
            Judgement::fail_if(rules.owner(tags).is_none(), || format!("it has no tag {}", rules.owner))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Scene, evidence, instance, tags};

    #[test]
    fn a_group_answers_for_its_members() {
        let mut scene = Scene::new().with([instance("i-alone")]);
        assert_eq!(scene.ask_group(&RULE), Judgement::Pass);
        assert_eq!(scene.ask(&RULE, "i-a"), Judgement::NotApplicable);
        assert_eq!(evidence(scene.ask(&RULE, "i-alone")), "it has no tag owner");
        scene.group().tags = tags(&[("owner", " ")]);
        assert_eq!(evidence(scene.ask_group(&RULE)), "it has no tag owner");
    }
}
