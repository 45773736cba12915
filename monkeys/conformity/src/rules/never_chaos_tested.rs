//! Groups whose recovery nobody has seen.

use chrono::NaiveDate;
use simian_core::{Group, Name, OptIn, Severity};

use super::chaos_key;
use crate::ground::{Asked, is_parked};
use crate::parameters::Parameters;
use crate::rule::{Judge, Judgement, Rule};

pub(super) const RULE: Rule = Rule {
    id: "never-chaos-tested",
    title: "A group that opted in to chaos is acted on in time, and a production group opts in",
    why_it_matters: "That a group survives a loss is a belief until it was seen. An opt-in that nothing ever follows \
                     is a belief too: its rails may hold every action.",
    severity: Severity::Medium,
    standards: &[],
    remedy: "Tag the group if it has not opted in; if it has, ask `simian explain` what holds every action",
    needs: &[],
    parameters: || Parameters { days: Some(30), stacks: Some(Vec::new()), ..Parameters::default() },
    judge: Judge::Group(judge),
};

fn judge(group: &Group, asked: &Asked<'_>) -> Judgement {
    if is_parked(group) {
        return Judgement::NotApplicable;
    }
    let opted_out = asked.ground.tags.opt_in_key();
    match asked.ground.opt_in(group) {
        Some(OptIn::In(_)) => opted_in(group, asked),
        Some(OptIn::Out) if !group.tags.contains_key(&opted_out) => production(group, asked),
        // Kept out by the operator, by its owner's own word, or by a tag that is a finding already.
        _ => Judgement::NotApplicable,
    }
}

fn opted_in(group: &Group, asked: &Asked<'_>) -> Judgement {
    let unit = asked.ground.unit(group);
    let history = &asked.ground.world.history;
    if history.last_action.contains_key(&unit) {
        return Judgement::Pass;
    }
    let Some(since) = history.first_seen.get(&unit) else { return Judgement::NotApplicable };
    let waited = days(*since, asked.ground.today);
    let limit = i64::from(asked.parameters.days());
    Judgement::fail_if(waited > limit, || format!("it opted in on {since} and was never acted on in {waited} days"))
}

fn production(group: &Group, asked: &Asked<'_>) -> Judgement {
    let stack = Name::parse(&group.name).stack.unwrap_or_default();
    if !asked.parameters.stacks().iter().any(|glob| glob.matches(&stack)) {
        return Judgement::NotApplicable;
    }
    Judgement::fail(format!("it is of stack `{stack}` and has no tag {}", chaos_key(asked)))
}

fn days(from: NaiveDate, to: NaiveDate) -> i64 {
    (to - from).num_days()
}

#[cfg(test)]
mod tests {
    use simian_core::Choice;

    use super::*;
    use crate::testing::{Scene, days_ago, evidence, tags, today};

    const UNIT: &str = "111122223333/us-east-1/cluster:shop-prod";

    fn opted_in_since(days: i64) -> Scene {
        let mut scene = Scene::new();
        scene.group().tags = tags(&[("simian:chaos", "on")]);
        scene.world.history.first_seen.insert(UNIT.into(), days_ago(days).date_naive());
        scene
    }

    #[test]
    fn a_month_without_an_action_fails() {
        assert_eq!(opted_in_since(30).ask_group(&RULE), Judgement::Pass);
        let said = evidence(opted_in_since(31).ask_group(&RULE));
        assert_eq!(said, "it opted in on 2026-10-23 and was never acted on in 31 days");
        let mut acted_on = opted_in_since(300);
        acted_on.world.history.last_action.insert(UNIT.into(), today());
        assert_eq!(acted_on.ask_group(&RULE), Judgement::Pass);
    }

    #[test]
    fn whom_the_operator_keeps_out_is_not_asked() {
        let mut scene = opted_in_since(31);
        scene.chaos.choice = Choice { never_suffixes: vec!["-prod".into()], ..Choice::default() };
        assert_eq!(scene.ask_group(&RULE), Judgement::NotApplicable);
    }

    #[test]
    fn production_must_opt_in_where_the_operator_says_what_that_is() {
        let stacks = || Parameters { stacks: Some(vec!["prod*".parse().unwrap()]), ..Parameters::default() };
        assert_eq!(Scene::new().ask_group(&RULE), Judgement::NotApplicable);
        let mut scene = Scene::new().given(stacks());
        assert_eq!(evidence(scene.ask_group(&RULE)), "it is of stack `prod` and has no tag simian:chaos");
        scene.group().tags = tags(&[("simian:chaos", "off")]);
        assert_eq!(scene.ask_group(&RULE), Judgement::NotApplicable, "another rule asks whoever said no");
    }
}
