//! What is done inside an instance needs its agent: Systems Manager manages it, and it answered lately.

use super::{Case, Rail, Verdict};
use crate::action::Nature;
use crate::fleet::View;

pub(super) const RAIL: Rail = Rail {
    name: "managed",
    about: "Systems Manager reaches the target, where something is done inside it",
    always: true,
    judge,
    lift,
};

fn judge(case: &Case<'_>) -> Verdict {
    if case.proposal.action.nature() != Nature::Guest {
        return Verdict::NotApplicable(format!("{} is not done inside it", case.proposal.action));
    }
    let Some(look) = case.look(&case.proposal.scope) else { return case.not_looked_at("its agent") };
    let nodes = match &look.nodes {
        View::Known(nodes) => nodes,
        View::Unknown(why) => return Verdict::Unknown(format!("whether it is managed is not known: {why}")),
        View::Unasked => return case.not_looked_at("its agent"),
    };
    for target in &case.proposal.targets {
        let id = &target.instance;
        match nodes.get(id) {
            None => return Verdict::Hold(format!("Systems Manager does not manage {id}")),
            Some(node) if !node.online => return Verdict::Hold(format!("the agent of {id} does not answer")),
            Some(node) if !node.linux => return Verdict::Hold(format!("{id} does not run Linux")),
            Some(_) => {}
        }
    }
    Verdict::Pass("its agent answers".into())
}

fn lift(_: &Case<'_>) -> String {
    "the agent of Systems Manager runs in it, with an instance profile that lets it answer".into()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use chrono::TimeDelta;

    use super::super::testing::Scene;
    use super::*;
    use crate::action::Action;
    use crate::fault::{Node, Terms};

    #[test]
    fn only_an_instance_whose_agent_answers_is_reached() {
        let mut scene = Scene::quiet();
        assert!(matches!(scene.looked("managed", |_| ()), Verdict::NotApplicable(_)), "nothing is done inside it");
        scene.proposal.action = Action::Latency;
        scene.group().tags.insert("simian:chaos:faults".into(), "latency".into());
        scene.proposal.terms = Some(Terms { lasts: TimeDelta::minutes(5), parameters: BTreeMap::new() });
        assert!(matches!(scene.verdict("managed"), Verdict::NotApplicable(_)), "asked when due");
        let id = scene.proposal.targets[0].instance.clone();
        let looked = |node: Option<Node>| {
            let nodes: BTreeMap<_, _> = node.map(|node| (id.clone(), node)).into_iter().collect();
            scene.looked("managed", |look| look.nodes = View::Known(nodes))
        };
        assert!(!looked(Some(Node { online: true, linux: true })).holds());
        assert!(looked(Some(Node { online: false, linux: true })).why().contains("does not answer"));
        assert!(looked(Some(Node { online: true, linux: false })).why().contains("Linux"));
        assert!(looked(None).why().contains("does not manage"));
        let denied = scene.looked("managed", |look| look.nodes = View::Unknown("denied".into()));
        assert!(matches!(denied, Verdict::Unknown(why) if why.contains("denied")));
        assert!(scene.looked("managed", |_| ()).holds(), "what was not asked is not known");
    }
}
