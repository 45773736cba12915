//! Groups that cannot grow any more.

use simian_core::{Group, Severity};

use crate::ground::Asked;
use crate::parameters::Parameters;
use crate::rule::{Judge, Judgement, Rule};

pub(super) const RULE: Rule = Rule {
    id: "no-headroom",
    title: "A group that scales is below its maximum",
    why_it_matters: "At its maximum a group takes no more load: the next peak, or the load of a zone that failed, \
                     finds it full.",
    severity: Severity::Medium,
    standards: &[],
    remedy: "Raise the group's maximum, or find out what drives it there",
    needs: &[],
    parameters: Parameters::default,
    judge: Judge::Group(judge),
};

fn judge(group: &Group, _: &Asked<'_>) -> Judgement {
    // A group of a fixed size is not meant to grow.
    if group.min >= group.max {
        return Judgement::NotApplicable;
    }
    Judgement::fail_if(group.desired >= group.max, || format!("it wants {} of at most {}", group.desired, group.max))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Scene, evidence};

    #[test]
    fn a_group_at_its_maximum_fails_unless_its_size_is_fixed() {
        let mut scene = Scene::new();
        assert_eq!(scene.ask_group(&RULE), Judgement::Pass);
        scene.group().desired = 6;
        assert_eq!(evidence(scene.ask_group(&RULE)), "it wants 6 of at most 6");
        scene.group().min = 6;
        assert_eq!(scene.ask_group(&RULE), Judgement::NotApplicable);
    }
}
