//! Groups whose last launch failed.

use simian_core::detail::{Activity, Progress};
use simian_core::{Group, Severity};

use crate::ground::Asked;
use crate::parameters::Parameters;
use crate::rule::{Judge, Judgement, Need, Rule};

/// How much of AWS's own words is repeated, in characters: some of its reasons are pages.
const SAID: usize = 200;

pub(super) const RULE: Rule = Rule {
    id: "cannot-launch",
    title: "A group's last launch did not fail",
    why_it_matters: "A group that cannot launch loses instances one by one until none is left.",
    severity: Severity::Critical,
    standards: &[],
    remedy: "Mend what AWS says of the launch: capacity, quota, image, subnet, role or key",
    needs: &[Need::Activities],
    parameters: Parameters::default,
    judge: Judge::Group(judge),
};

fn judge(group: &Group, asked: &Asked<'_>) -> Judgement {
    let activities = asked.ground.fleet.estate.activities.known().and_then(|all| all.get(&group.name));
    let ended =
        |activity: &&Activity| activity.launch && matches!(activity.progress, Progress::Done | Progress::Failed(_));
    // Newest first: one that worked since says that it was mended.
    match activities.into_iter().flatten().find(ended) {
        Some(Activity { progress: Progress::Failed(why), .. }) => {
            let said: String = why.chars().take(SAID).collect();
            Judgement::fail(format!("its last launch failed: {}", said.trim_end_matches(['.', ' '])))
        }
        Some(_) => Judgement::Pass,
        None => Judgement::NotApplicable,
    }
}

#[cfg(test)]
mod tests {
    use simian_core::View;

    use super::*;
    use crate::testing::{Scene, days_ago, evidence};

    fn launches(progress: &[Progress]) -> Judgement {
        let mut scene = Scene::new();
        let activity = |progress: &Progress| Activity {
            started: days_ago(0),
            launch: true,
            what: "Launching a new EC2 instance".into(),
            progress: progress.clone(),
        };
        let activities = progress.iter().map(activity).collect();
        scene.estate().activities = View::Known([("shop-prod-v001".to_owned(), activities)].into());
        scene.ask_group(&RULE)
    }

    #[test]
    fn the_last_launch_that_ended_counts() {
        let failed = || Progress::Failed("You have requested more vCPU capacity than your current limit.".into());
        let running = || Progress::Running("InProgress".into());
        let expected = "its last launch failed: You have requested more vCPU capacity than your current limit";
        assert_eq!(evidence(launches(&[running(), failed(), Progress::Done])), expected);
        assert_eq!(launches(&[Progress::Done, failed()]), Judgement::Pass, "it was mended");
        assert_eq!(launches(&[running()]), Judgement::NotApplicable);
    }
}
