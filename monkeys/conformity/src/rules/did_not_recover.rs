//! Groups that did not come back from the last action on them.

use simian_core::{Group, Severity, Stage};

use crate::ground::Asked;
use crate::parameters::Parameters;
use crate::rule::{Judge, Judgement, Need, Rule};

pub(super) const RULE: Rule = Rule {
    id: "did-not-recover",
    title: "A group recovered from the last action on its unit",
    why_it_matters: "It lost one instance, as it will again, and was not whole in time. Nothing more is done to it \
                     before it is.",
    severity: Severity::Critical,
    standards: &[],
    remedy: "Find out what holds the group back: `simian explain` and the group's scaling activities say what they \
             know",
    needs: &[Need::Recoveries(0)],
    parameters: || Parameters { days: Some(30), ..Parameters::default() },
    judge: Judge::Group(judge),
};

fn judge(group: &Group, asked: &Asked<'_>) -> Judgement {
    let unit = asked.ground.unit(group);
    let history = &asked.ground.world.history;
    let waiting =
        history.open.iter().filter(|claim| claim.stage == Stage::Unrecovered && claim.claim.full_unit() == unit);
    if let Some(claim) = waiting.min_by_key(|claim| claim.claim.at) {
        return Judgement::fail(format!("it has not recovered since the action of {}", claim.claim.at.date_naive()));
    }
    match history.recoveries.get(&unit).and_then(|all| all.first()) {
        None => Judgement::NotApplicable,
        Some((_, Some(_))) => Judgement::Pass,
        Some((at, None)) => Judgement::fail(format!("it was not back in time on {}", at.date_naive())),
    }
}

#[cfg(test)]
mod tests {
    use simian_core::{Action, Claim, ClaimRecord, Mode};

    use super::*;
    use crate::testing::{Scene, days_ago, evidence, now, scope, today};

    const UNIT: &str = "111122223333/us-east-1/cluster:shop-prod";

    fn recovered(seconds: &[Option<u64>]) -> Judgement {
        let mut scene = Scene::new();
        let all = (1..).zip(seconds).map(|(days, seconds)| (days_ago(days), *seconds)).collect();
        scene.world.history.recoveries.insert(UNIT.into(), all);
        scene.ask_group(&RULE)
    }

    #[test]
    fn the_last_recovery_counts() {
        assert_eq!(Scene::new().ask_group(&RULE), Judgement::NotApplicable);
        assert_eq!(recovered(&[Some(90), None]), Judgement::Pass);
        assert_eq!(evidence(recovered(&[None, Some(90)])), "it was not back in time on 2026-11-22");
    }

    #[test]
    fn a_claim_that_waits_for_it_counts_more() {
        let mut scene = Scene::new();
        let claim = Claim {
            key: simian_core::Key::from_stored("chaos/2026-11-20/111122223333/us-east-1/cluster:shop-prod"),
            mode: Mode::Live,
            monkey: "chaos".into(),
            date: today(),
            scope: scope(),
            unit: "cluster:shop-prod".into(),
            spans: None,
            app: "shop".into(),
            owner: None,
            action: Action::Terminate,
            terms: None,
            targets: vec![],
            baseline: [].into(),
            alarms: vec![],
            holder: "ops".into(),
            at: days_ago(3),
            act_before: now(),
            slots: vec![],
        };
        scene.world.history.open.push(ClaimRecord { stage: Stage::Unrecovered, ..ClaimRecord::won(&claim) });
        assert_eq!(evidence(scene.ask_group(&RULE)), "it has not recovered since the action of 2026-11-20");
        scene.world.history.open[0].stage = Stage::Watching;
        assert_eq!(scene.ask_group(&RULE), Judgement::NotApplicable);
    }
}
