//! What balancers say of the members that a group counts as in service.

use std::collections::{BTreeMap, BTreeSet};

use simian_core::detail::TargetHealth;
use simian_core::{Group, InstanceId, Lifecycle, ResourceKind, Severity, View};

use crate::ground::Asked;
use crate::parameters::Parameters;
use crate::rule::{Judge, Judgement, Need, Rule};
use crate::words;

pub(super) const RULE: Rule = Rule {
    id: "healthy-in-balancer",
    title: "Every member in service is healthy in the group's target groups",
    why_it_matters: "A member that its balancer takes for unhealthy carries no load, and the next loss hits a group \
                     that is already smaller than it looks.",
    severity: Severity::High,
    standards: &[],
    remedy: "Look at the target group's health check and the instances' logs; with the group's ELB health check on, \
             such members are replaced",
    needs: &[Need::Health],
    parameters: Parameters::default,
    judge: Judge::Group(judge),
};

fn judge(group: &Group, asked: &Asked<'_>) -> Judgement {
    let serving = group.members.iter().filter(|member| member.lifecycle == Lifecycle::InService);
    let serving: BTreeSet<&InstanceId> = serving.map(|member| &member.id).collect();
    if serving.is_empty() || group.target_groups.is_empty() {
        return Judgement::NotApplicable;
    }
    let mut wrong = Vec::new();
    for arn in &group.target_groups {
        let name = asked.ground.title(ResourceKind::TargetGroup, arn);
        let health = asked.ground.fleet.estate.health.get(arn);
        let why = match health.unwrap_or(&View::Unasked) {
            View::Known(health) => {
                wrong.extend(unwell(&serving, health).into_iter().map(|(how, who)| {
                    format!("{} {how} in target group {name}", words::some(who.iter().map(|id| id.as_str())))
                }));
                continue;
            }
            View::Unknown(why) => why.as_str(),
            View::Unasked => "nobody asked for it",
        };
        return Judgement::Unknown(format!("the health of target groups is not known: {why}"));
    }
    Judgement::fail_if(!wrong.is_empty(), || wrong.join("; "))
}

/// Those that get no traffic, by what the balancer says of them. One that comes or goes is no fault, and neither is a
/// target group that checks nothing. Source: Elastic Load Balancing API (2015-12-01), `TargetHealthStateEnum`.
fn unwell<'g>(
    serving: &BTreeSet<&'g InstanceId>,
    health: &BTreeMap<InstanceId, TargetHealth>,
) -> BTreeMap<&'static str, Vec<&'g InstanceId>> {
    let mut unwell: BTreeMap<&'static str, Vec<&InstanceId>> = BTreeMap::new();
    for id in serving {
        let how = match health.get(*id) {
            None => "not registered",
            Some(TargetHealth::Unused) => "unused",
            Some(TargetHealth::Other(state)) if state.starts_with("unhealthy") => "unhealthy",
            Some(TargetHealth::Healthy | TargetHealth::Other(_)) => continue,
        };
        unwell.entry(how).or_default().push(id);
    }
    unwell
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Scene, TARGETS, evidence};

    fn scene(states: &[(&str, TargetHealth)]) -> Scene {
        let mut scene = Scene::new();
        let health = states.iter().map(|(id, state)| (InstanceId::new(*id), state.clone())).collect();
        scene.estate().health.insert(TARGETS.into(), View::Known(health));
        scene
    }

    fn other(state: &str) -> TargetHealth {
        TargetHealth::Other(state.into())
    }

    #[test]
    fn healthy_coming_and_unchecked_members_pass() {
        let states = [("i-a", TargetHealth::Healthy), ("i-b", other("initial")), ("i-c", other("unavailable"))];
        assert_eq!(scene(&states).ask_group(&RULE), Judgement::Pass);
    }

    #[test]
    fn unhealthy_unused_and_missing_members_fail() {
        let said = evidence(scene(&[("i-a", other("unhealthy")), ("i-b", TargetHealth::Unused)]).ask_group(&RULE));
        let expected = "i-c not registered in target group shop; i-a unhealthy in target group shop; i-b unused in \
                        target group shop";
        assert_eq!(said, expected);
    }

    #[test]
    fn whoever_is_not_in_service_is_not_counted() {
        let mut scene = scene(&[("i-a", TargetHealth::Healthy), ("i-b", TargetHealth::Healthy)]);
        scene.group().members[2].lifecycle = Lifecycle::Standby;
        assert_eq!(scene.ask_group(&RULE), Judgement::Pass);
    }

    #[test]
    fn health_that_was_not_read_is_no_answer() {
        let mut scene = Scene::new();
        assert!(matches!(scene.ask_group(&RULE), Judgement::Unknown(_)));
        scene.estate().health.insert(TARGETS.into(), View::Unknown("throttled".into()));
        let why = "the health of target groups is not known: throttled".to_owned();
        assert_eq!(scene.ask_group(&RULE), Judgement::Unknown(why));
    }
}
