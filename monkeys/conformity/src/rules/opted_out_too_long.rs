//! Groups whose owner said no to chaos, and never said yes again.

use simian_core::{Group, Severity};

use super::chaos_key;
use crate::ground::{Asked, is_parked};
use crate::parameters::Parameters;
use crate::rule::{Judge, Judgement, Rule};

pub(super) const RULE: Rule = Rule {
    id: "opted-out-too-long",
    title: "A group does not stay opted out of chaos",
    why_it_matters: "A no for one bad week stays for years, and whoever comes after takes it for a reason.",
    severity: Severity::Low,
    standards: &[],
    remedy: "Opt in again, remove the tag, or exempt the group until a day: an exemption ends",
    needs: &[],
    parameters: || Parameters { days: Some(90), ..Parameters::default() },
    judge: Judge::Group(judge),
};

/// AWS does not say since when a tag is there, so the group's own age counts: a new push begins anew.
fn judge(group: &Group, asked: &Asked<'_>) -> Judgement {
    let says_no = group.tags.get(&asked.ground.tags.opt_in_key()).is_some_and(|value| value == "off");
    let Some(created) = group.created.filter(|_| says_no && !is_parked(group)) else {
        return Judgement::NotApplicable;
    };
    let days = (asked.ground.at() - created).num_days();
    Judgement::fail_if(days > i64::from(asked.parameters.days()), || {
        format!("it is {days} days old, and its tag {} is `off`", chaos_key(asked))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Scene, days_ago, evidence, tags};

    #[test]
    fn a_quarter_is_the_limit() {
        let aged = |days, value| {
            let mut scene = Scene::new();
            (scene.group().created, scene.group().tags) = (Some(days_ago(days)), tags(&[("simian:chaos", value)]));
            scene.ask_group(&RULE)
        };
        assert_eq!(aged(90, "off"), Judgement::Pass);
        assert_eq!(evidence(aged(91, "off")), "it is 91 days old, and its tag simian:chaos is `off`");
        assert_eq!(aged(91, "on"), Judgement::NotApplicable);
    }
}
