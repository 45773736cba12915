//! Instances that nobody replaced for long.

use simian_core::resource::Instance;
use simian_core::{Severity, span};

use super::is_up;
use crate::ground::Asked;
use crate::parameters::Parameters;
use crate::rule::{Judge, Judgement, Rule, Standard};

/// A quarter: patches come monthly, and what was not replaced for three of them was forgotten.
const AGE: chrono::TimeDelta = chrono::TimeDelta::days(90);

pub(super) const RULE: Rule = Rule {
    id: "instance-too-old",
    title: "No instance runs for months on end",
    why_it_matters: "A long life means unpatched software, hand-made changes that no template has, and a replacement \
                     that nobody has tried for as long.",
    severity: Severity::Medium,
    standards: &[Standard::Prowler("ec2_instance_older_than_specific_days")],
    remedy: "Replace the instance from a current image: start an instance refresh of its group, or launch it anew",
    needs: &[],
    parameters: || Parameters { age: Some(AGE), ..Parameters::default() },
    judge: Judge::Instance(judge),
};

fn judge(instance: &Instance, asked: &Asked<'_>) -> Judgement {
    if !is_up(instance) {
        return Judgement::NotApplicable;
    }
    let age = asked.ground.at() - instance.launched;
    let limit = asked.parameters.age();
    Judgement::fail_if(age > limit, || {
        format!("it runs for {}, longer than {}", span::format(age), span::format(limit))
    })
}

#[cfg(test)]
mod tests {
    use simian_core::ports::InstanceState;

    use super::*;
    use crate::testing::{Scene, days_ago, evidence, instance_but};

    #[test]
    fn a_quarter_is_the_limit() {
        let aged = |days| Scene::bare().with([instance_but("i-1", |it| it.launched = days_ago(days))]);
        assert_eq!(aged(90).ask(&RULE, "i-1"), Judgement::Pass);
        assert_eq!(evidence(aged(91).ask(&RULE, "i-1")), "it runs for 91d, longer than 90d");
        let week = Parameters { age: Some(chrono::TimeDelta::days(7)), ..Parameters::default() };
        assert_eq!(evidence(aged(8).given(week).ask(&RULE, "i-1")), "it runs for 8d, longer than 7d");
    }

    #[test]
    fn what_is_stopped_does_not_run() {
        let stopped = instance_but("i-1", |it| (it.state, it.launched) = (InstanceState::Stopped, days_ago(900)));
        assert_eq!(Scene::bare().with([stopped]).ask(&RULE, "i-1"), Judgement::NotApplicable);
    }
}
