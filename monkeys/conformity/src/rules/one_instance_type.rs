//! Spot instances of a single type.

use std::collections::BTreeSet;

use simian_core::{Group, ResourceKind, Severity};

use crate::ground::Asked;
use crate::parameters::Parameters;
use crate::rule::{Judge, Judgement, Need, Rule, Standard};
use crate::words;

pub(super) const RULE: Rule = Rule {
    id: "one-instance-type",
    title: "A group that runs spot instances may choose among several types",
    why_it_matters: "Spot capacity of one type is taken back all at once, and then nothing can be launched in its \
                     place.",
    severity: Severity::Medium,
    standards: &[
        Standard::Config("autoscaling-multiple-instance-types"),
        Standard::SecurityHub("AutoScaling.6"),
        Standard::Prowler("autoscaling_group_multiple_instance_types"),
    ],
    remedy: "Name other types of that size in the group's mixed instances policy, or choose types by their attributes",
    needs: &[Need::Kind(ResourceKind::Instance)],
    parameters: Parameters::default,
    judge: Judge::Group(judge),
};

/// On-demand groups are not asked: their capacity is not taken back, and many a group has a good reason for its type.
/// Types that a policy chooses by attributes are seen by the members that it has.
fn judge(group: &Group, asked: &Asked<'_>) -> Judgement {
    if asked.ground.spot(group).is_empty() {
        return Judgement::NotApplicable;
    }
    let members = group.members.iter().filter_map(|member| member.kind.as_ref());
    let kinds: BTreeSet<&String> = group.override_kinds.iter().chain(members).collect();
    Judgement::fail_if(kinds.len() == 1, || format!("it has spot instances, and only of type {}", words::some(kinds)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Scene, evidence, instance_but};

    #[test]
    fn only_spot_of_one_type_fails() {
        assert_eq!(Scene::new().ask_group(&RULE), Judgement::NotApplicable, "on demand");
        let mut scene = Scene::new().with([instance_but("i-a", |it| it.spot = true)]);
        assert_eq!(evidence(scene.ask_group(&RULE)), "it has spot instances, and only of type m7g.large");
        scene.group().override_kinds = vec!["m7g.large".into(), "m6g.large".into()];
        assert_eq!(scene.ask_group(&RULE), Judgement::Pass);
        scene.group().override_kinds.clear();
        scene.group().members[1].kind = Some("c7g.large".into());
        assert_eq!(scene.ask_group(&RULE), Judgement::Pass, "its members show that it chooses");
    }
}
