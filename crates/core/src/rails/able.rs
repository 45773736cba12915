//! What not every instance can take asks for more than a group's word: an agent that answers, a volume to lose, a Spot
//! request. And what only AWS FIS can do asks for a role that it takes on.

use super::{Case, NO_ROLE, Rail, Verdict};
use crate::action::{Asks, ByExperiment};
use crate::fleet::View;

pub(super) const RAIL: Rail = Rail {
    name: "able",
    about: "the target can take it: its agent answers, it has what would be taken, it is a Spot instance",
    always: true,
    judge,
    lift,
};

fn judge(case: &Case<'_>) -> Verdict {
    let action = case.proposal.action;
    if action.by_experiment() == ByExperiment::Only && case.policy.faults.fis.is_none() {
        return Verdict::Hold(NO_ROLE.into());
    }
    if action.asks() == Asks::Nothing {
        return Verdict::NotApplicable(format!("every instance can take {action}"));
    }
    let Some(look) = case.look(&case.proposal.scope) else { return case.not_looked_at("what its target can take") };
    for target in &case.proposal.targets {
        match look.abilities.against(action, &target.instance) {
            View::Known(None) => {}
            View::Known(Some(why)) => return Verdict::Hold(why),
            View::Unknown(why) => return Verdict::Unknown(format!("what it can take is not known: {why}")),
            View::Unasked => return case.not_looked_at("what its target can take"),
        }
    }
    Verdict::Pass(match action.asks() {
        Asks::Agent => "its agent answers".into(),
        Asks::Instance | Asks::Nothing => format!("it can take {action}"),
    })
}

fn lift(case: &Case<'_>) -> String {
    let action = case.proposal.action;
    match action.asks() {
        Asks::Agent => "the agent of Systems Manager runs in it, with an instance profile that lets it answer".into(),
        _ if action.by_experiment() == ByExperiment::Only && case.policy.faults.fis.is_none() => {
            "the operator sets faults.fis.role".into()
        }
        _ => format!("another instance, or no {action} in simian:chaos:faults"),
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::super::testing::Scene;
    use super::*;
    use crate::action::Action;
    use crate::fault::{Attached, Node, Terms};
    use crate::rails::Fis;

    #[test]
    fn only_an_instance_whose_agent_answers_is_reached() {
        let mut scene = Scene::quiet();
        assert!(matches!(scene.looked("able", |_| ()), Verdict::NotApplicable(_)), "nothing is done inside it");
        scene.proposal.action = Action::Latency;
        scene.group().tags.insert("simian:chaos:faults".into(), "latency".into());
        scene.proposal.terms = Some(Terms { lasts: TimeDelta::minutes(5), parameters: [].into() });
        assert!(matches!(scene.verdict("able"), Verdict::NotApplicable(_)), "asked when due");
        let id = scene.proposal.targets[0].instance.clone();
        let looked = |says| scene.looked("able", |look| drop(look.abilities.agents.insert(id.clone(), says)));
        assert!(!looked(View::Known(Some(Node { online: true, linux: true }))).holds());
        assert!(looked(View::Known(Some(Node { online: false, linux: true }))).why().contains("does not answer"));
        assert!(looked(View::Known(None)).why().contains("does not manage"));
        let denied = looked(View::Unknown("denied".into()));
        assert!(matches!(denied, Verdict::Unknown(why) if why.contains("denied")));
        assert!(scene.looked("able", |_| ()).holds(), "what was not asked is not known");
    }

    #[test]
    fn a_notice_goes_to_spot_instances_by_a_role_that_the_operator_names() {
        let mut scene = Scene::quiet();
        scene.proposal.action = Action::SpotInterruption;
        scene.group().tags.insert("simian:chaos:faults".into(), "spot-interruption".into());
        let id = scene.proposal.targets[0].instance.clone();
        let looked = |scene: &Scene, spot| {
            let attached = View::Known(Some(Attached { spot, ..Attached::default() }));
            scene.looked("able", |look| drop(look.abilities.instances.insert(id.clone(), attached)))
        };
        assert_eq!(looked(&scene, true).why(), NO_ROLE);
        scene.policy.faults.fis = Some(Fis { role: "simian-fis".into(), carries: [].into() });
        assert!(!looked(&scene, true).holds());
        assert!(looked(&scene, false).why().contains("no Spot instance"));
    }
}
