//! Instance refreshes that failed and were left so.

use simian_core::{Group, Severity, View};

use crate::ground::Asked;
use crate::parameters::Parameters;
use crate::rule::{Judge, Judgement, Need, Rule};

/// Those that leave a group half replaced. Source: Auto Scaling API, `InstanceRefreshStatus`.
const FAILED: [&str; 2] = ["Failed", "RollbackFailed"];

pub(super) const RULE: Rule = Rule {
    id: "failed-refresh",
    title: "A group's last instance refresh did not fail",
    why_it_matters: "The group runs two versions, and nobody has decided which of them is right.",
    severity: Severity::High,
    standards: &[],
    remedy: "Read the refresh's reason, mend it, and start another; or roll it back",
    needs: &[Need::Refreshes],
    parameters: Parameters::default,
    judge: Judge::Group(judge),
};

fn judge(group: &Group, asked: &Asked<'_>) -> Judgement {
    match asked.ground.fleet.estate.refreshes.get(&group.name).unwrap_or(&View::Unasked) {
        View::Known(None) => Judgement::NotApplicable,
        View::Known(Some(refresh)) => Judgement::fail_if(FAILED.contains(&refresh.status.as_str()), || {
            format!("its last instance refresh is {}", refresh.status)
        }),
        View::Unknown(why) => Judgement::Unknown(format!("instance refreshes are not known: {why}")),
        View::Unasked => Judgement::Unknown("instance refreshes were not read".into()),
    }
}

#[cfg(test)]
mod tests {
    use simian_core::detail::Refresh;

    use super::*;
    use crate::testing::{Scene, evidence};

    fn last(refresh: View<Option<Refresh>>) -> Judgement {
        let mut scene = Scene::new();
        scene.estate().refreshes.insert("shop-prod-v001".into(), refresh);
        scene.ask_group(&RULE)
    }

    fn status(status: &str) -> View<Option<Refresh>> {
        View::Known(Some(Refresh { status: status.into() }))
    }

    #[test]
    fn only_what_failed_fails() {
        assert_eq!(last(View::Known(None)), Judgement::NotApplicable);
        for fine in ["Successful", "InProgress", "Cancelled", "RollbackSuccessful"] {
            assert_eq!(last(status(fine)), Judgement::Pass, "{fine}");
        }
        assert_eq!(evidence(last(status("RollbackFailed"))), "its last instance refresh is RollbackFailed");
    }

    #[test]
    fn what_was_not_read_is_no_answer() {
        assert!(matches!(last(View::Unknown("throttled".into())), Judgement::Unknown(_)));
        assert!(matches!(Scene::new().ask_group(&RULE), Judgement::Unknown(_)));
    }
}
