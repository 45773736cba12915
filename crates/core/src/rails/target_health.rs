//! What remains behind the balancers: counted by each target group, because a group's own word is not theirs.

use super::{Case, Rail, Verdict};
use crate::detail::TargetHealth;

pub(super) const RAIL: Rail = Rail {
    name: "target_health",
    about: "enough healthy targets remain in each target group",
    always: false,
    judge,
    lift,
};

fn judge(case: &Case<'_>) -> Verdict {
    let mut arns: Vec<&str> = case.aimed_at().flat_map(|group| &group.target_groups).map(String::as_str).collect();
    arns.sort_unstable();
    arns.dedup();
    if arns.is_empty() {
        return Verdict::NotApplicable("it is in no target group".into());
    }
    let floor = case.policy.floors.healthy as usize;
    let mut least: Option<usize> = None;
    let mut unknown = None;
    for arn in arns {
        let seen = case.look(&case.proposal.scope).and_then(|look| look.targets.get(arn));
        let Some(seen) = seen else { return case.not_looked_at(name(arn)) };
        let Some(targets) = seen.known() else {
            let why = seen.unknown().unwrap_or_default();
            unknown = Some(format!("the health of {} is not known: {why}", name(arn)));
            continue;
        };
        // Nothing in it is not that: then somebody took its targets out.
        if !targets.is_empty() && targets.values().all(|health| *health == TargetHealth::Unused) {
            continue;
        }
        let remain = |(id, health): &(&_, &TargetHealth)| **health == TargetHealth::Healthy && !case.leaves(id);
        let left = targets.iter().filter(remain).count();
        if left < floor {
            return Verdict::Hold(format!(
                "{left} healthy targets of {} would remain, the floor is {floor}",
                name(arn)
            ));
        }
        least = Some(least.map_or(left, |least| least.min(left)));
    }
    match (unknown, least) {
        (Some(why), _) => Verdict::Unknown(why),
        (None, Some(left)) => Verdict::Pass(format!("{left} healthy targets remain, the floor is {floor}")),
        (None, None) => Verdict::Pass("no balancer uses its target groups".into()),
    }
}

/// A target group's name out of its ARN, `…:targetgroup/NAME/ID`.
fn name(arn: &str) -> &str {
    arn.split('/').nth(1).unwrap_or(arn)
}

fn lift(case: &Case<'_>) -> String {
    format!(
        "more healthy targets, by its balancers' own checks, than the {} of [floors] healthy",
        case.policy.floors.healthy
    )
}

#[cfg(test)]
mod tests {
    use super::super::testing::Scene;
    use super::*;
    use crate::detail::Look;
    use crate::fleet::{InstanceId, View};

    const ARN: &str = "arn:aws:elasticloadbalancing:us-east-1:111122223333:targetgroup/shop/73e2d6bc24d8a067";

    fn scene() -> Scene {
        let mut scene = Scene::quiet();
        scene.group().target_groups = vec![ARN.into()];
        scene
    }

    fn targets(states: &[TargetHealth]) -> impl Fn(&mut Look) {
        let states = states.to_vec();
        move |look| {
            let by_id = states.iter().enumerate().map(|(n, state)| (InstanceId::new(format!("i-{n}")), state.clone()));
            look.targets.insert(ARN.into(), View::Known(by_id.collect()));
        }
    }

    #[test]
    fn what_remains_is_counted_without_the_target() {
        use TargetHealth::{Healthy, Other, Unused};
        let ill = || Other("unhealthy".into());
        for (states, holds) in [
            (vec![Healthy, Healthy, Healthy], false),
            (vec![Healthy, Healthy, ill()], true),
            (vec![ill(), Healthy, Healthy], false),
            (vec![Healthy, Healthy, Unused], true),
            (vec![Healthy, Healthy, Other("draining".into())], true),
            (vec![Unused, Unused, Unused], false),
            (vec![], true),
        ] {
            let verdict = scene().looked("target_health", targets(&states));
            assert_eq!(verdict.holds(), holds, "{states:?}: {verdict:?}");
        }
        let verdict = scene().looked("target_health", targets(&[Healthy, Healthy, ill()]));
        assert_eq!(verdict, Verdict::Hold("1 healthy targets of shop would remain, the floor is 2".into()));
    }

    #[test]
    fn health_that_cannot_be_read_holds() {
        assert!(matches!(scene().verdict("target_health"), Verdict::NotApplicable(_)));
        let verdict = scene()
            .looked("target_health", |look| drop(look.targets.insert(ARN.into(), View::Unknown("denied".into()))));
        assert!(matches!(&verdict, Verdict::Unknown(why) if why.contains("denied")), "{verdict:?}");
        let verdict = scene().looked("target_health", |look| look.targets.clear());
        assert!(matches!(verdict, Verdict::Unknown(_)), "{verdict:?}");
        assert!(matches!(Scene::quiet().looked("target_health", |_| ()), Verdict::NotApplicable(_)));
    }
}
