//! Groups that are heavy on one side.

use std::collections::BTreeMap;

use simian_core::{Group, Lifecycle, Severity};

use crate::ground::Asked;
use crate::parameters::Parameters;
use crate::rule::{Judge, Judgement, Rule};
use crate::words;

pub(super) const RULE: Rule = Rule {
    id: "zone-skew",
    title: "A group's members are spread evenly over its zones",
    why_it_matters: "When the fullest zone fails, more is lost than the group was sized for.",
    severity: Severity::Medium,
    standards: &[],
    remedy: "Resume AZRebalance if it is suspended; else find out why launches fail in the emptier zones",
    needs: &[],
    // AWS balances to a difference of one.
    parameters: || Parameters { most: Some(1), ..Parameters::default() },
    judge: Judge::Group(judge),
};

fn judge(group: &Group, asked: &Asked<'_>) -> Judgement {
    // While members come and go, the spread is about to change.
    if group.zones.len() < 2 || group.moving().next().is_some() {
        return Judgement::NotApplicable;
    }
    let mut in_zone: BTreeMap<&str, u32> = group.zones.iter().map(|zone| (zone.as_str(), 0)).collect();
    for member in group.members.iter().filter(|member| member.lifecycle == Lifecycle::InService) {
        *in_zone.entry(&member.zone).or_default() += 1;
    }
    let (fewest, most) = (in_zone.values().min().copied(), in_zone.values().max().copied());
    let skew = most.unwrap_or(0) - fewest.unwrap_or(0);
    Judgement::fail_if(skew > asked.parameters.most(), || {
        format!("its members are spread as {}", words::some(in_zone.iter().map(|(zone, n)| format!("{n} in {zone}"))))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Scene, evidence, member};

    #[test]
    fn a_difference_of_one_passes_and_of_two_fails() {
        let mut scene = Scene::new();
        scene.group().members.push(member("i-d", "us-east-1a"));
        assert_eq!(scene.ask_group(&RULE), Judgement::Pass);
        scene.group().members.push(member("i-e", "us-east-1a"));
        let said = evidence(scene.ask_group(&RULE));
        assert_eq!(said, "its members are spread as 3 in us-east-1a, 1 in us-east-1b, 1 in us-east-1c");
        scene.group().members[0].lifecycle = Lifecycle::Terminating;
        assert_eq!(scene.ask_group(&RULE), Judgement::NotApplicable);
    }

    #[test]
    fn a_zone_without_anybody_counts() {
        let mut scene = Scene::new();
        scene.group().members = vec![member("i-a", "us-east-1a"), member("i-b", "us-east-1a")];
        assert!(evidence(scene.ask_group(&RULE)).contains("0 in us-east-1c"));
    }
}
