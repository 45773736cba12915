//! Groups that come back, but take their time.

use chrono::TimeDelta;
use simian_core::{Group, Severity, span};

use crate::ground::Asked;
use crate::parameters::Parameters;
use crate::rule::{Judge, Judgement, Need, Rule};
use crate::words;

/// A launch takes some two minutes, a start as long, a health check less.
const LONGEST: TimeDelta = TimeDelta::minutes(10);

pub(super) const RULE: Rule = Rule {
    id: "slow-to-recover",
    title: "A unit is whole again soon after an action",
    why_it_matters: "Until a replacement serves, the next loss hits what is left. When a zone fails, all of it is \
                     replaced at this pace.",
    severity: Severity::Medium,
    standards: &[],
    remedy: "Bake what is installed at boot into the image, shorten the health check's grace, or keep a warm pool",
    needs: &[Need::Recoveries(0)],
    parameters: || Parameters { longest: Some(LONGEST), days: Some(30), ..Parameters::default() },
    judge: Judge::Group(judge),
};

fn judge(group: &Group, asked: &Asked<'_>) -> Judgement {
    let since = asked.ground.at() - TimeDelta::days(i64::from(asked.parameters.days()));
    let all = asked.ground.world.history.recoveries.get(&asked.ground.unit(group));
    let recent = all.into_iter().flatten().filter(|(at, _)| *at >= since);
    let mut seconds: Vec<u64> = recent.filter_map(|(_, seconds)| *seconds).collect();
    seconds.sort_unstable();
    // Of an even number the lower one of the two in the middle: one slow recovery of two is bad luck.
    let Some(median) = seconds.get(seconds.len().saturating_sub(1) / 2) else { return Judgement::NotApplicable };
    let median = i64::try_from(*median).ok().and_then(TimeDelta::try_seconds).unwrap_or(TimeDelta::MAX);
    let longest = asked.parameters.longest();
    Judgement::fail_if(median > longest, || {
        let of = words::count(seconds.len(), "recovery", "recoveries");
        format!("its median of {of} is {}, longer than {}", span::format(median), span::format(longest))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Scene, days_ago, evidence};

    fn recovered(recoveries: &[(i64, Option<u64>)]) -> Judgement {
        let mut scene = Scene::new();
        let all = recoveries.iter().map(|(days, seconds)| (days_ago(*days), *seconds)).collect();
        scene.world.history.recoveries.insert("111122223333/us-east-1/cluster:shop-prod".into(), all);
        scene.ask_group(&RULE)
    }

    #[test]
    fn the_median_of_a_month_counts() {
        assert_eq!(recovered(&[]), Judgement::NotApplicable);
        assert_eq!(recovered(&[(1, Some(600))]), Judgement::Pass);
        assert_eq!(recovered(&[(1, Some(9000)), (2, Some(60))]), Judgement::Pass, "one of two is bad luck");
        let said = evidence(recovered(&[(1, Some(660)), (2, Some(720)), (3, Some(60)), (4, None)]));
        assert_eq!(said, "its median of 3 recoveries is 11m, longer than 10m");
        assert_eq!(recovered(&[(31, Some(9000))]), Judgement::NotApplicable, "long ago");
        assert!(
            matches!(recovered(&[(1, Some(u64::MAX / 2))]), Judgement::Fail { .. }),
            "a hostile number is only slow"
        );
    }
}
