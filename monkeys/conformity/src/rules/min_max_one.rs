//! Groups of one.

use simian_core::{Group, Severity};

use crate::ground::{Asked, is_parked};
use crate::parameters::Parameters;
use crate::rule::{Judge, Judgement, Rule};

pub(super) const RULE: Rule = Rule {
    id: "min-max-one",
    title: "No group is held to one instance",
    why_it_matters: "With one instance every loss is an outage, for as long as a launch takes, and every push is one \
                     too.",
    severity: Severity::Medium,
    standards: &[],
    remedy: "Raise the group's minimum to 2, and its maximum with it",
    needs: &[],
    parameters: Parameters::default,
    judge: Judge::Group(judge),
};

fn judge(group: &Group, _: &Asked<'_>) -> Judgement {
    if is_parked(group) {
        return Judgement::NotApplicable;
    }
    Judgement::fail_if(group.max == 1, || format!("its minimum is {} and its maximum is 1", group.min))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Scene, evidence};

    #[test]
    fn a_group_that_may_grow_passes_and_a_group_of_one_fails() {
        let mut scene = Scene::new();
        (scene.group().min, scene.group().max) = (1, 2);
        assert_eq!(scene.ask_group(&RULE), Judgement::Pass);
        scene.group().max = 1;
        assert_eq!(evidence(scene.ask_group(&RULE)), "its minimum is 1 and its maximum is 1");
        (scene.group().min, scene.group().desired) = (0, 0);
        scene.group().members.clear();
        assert_eq!(scene.ask_group(&RULE), Judgement::NotApplicable, "nobody is in it");
    }
}
