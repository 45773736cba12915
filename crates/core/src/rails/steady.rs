//! The group is at rest: nothing is being replaced, scaled or deployed, and it is able to heal.
//!
//! What the survey shows is judged at once, so that nobody is asked about a group that is plainly busy. Refreshes and
//! scaling activities are asked when it is due.

use chrono::TimeDelta;

use super::{Case, Rail, Verdict};
use crate::detail::Progress;
use crate::fleet::Group;

pub(super) const RAIL: Rail = Rail {
    name: "steady",
    about: "the group is at rest, and its processes that heal it run",
    always: false,
    judge,
    lift,
};

/// Scaling activities are asked for so far back: a lifecycle hook may keep one waiting for 48 hours at most. Source:
/// Auto Scaling user guide, "How lifecycle hooks work".
pub const SINCE: TimeDelta = TimeDelta::hours(48);

/// Without one of these a group would not replace what is ended. Source: Auto Scaling user guide, "Suspend and resume
/// Amazon EC2 Auto Scaling processes".
const HEALING: [&str; 4] = ["Launch", "Terminate", "ReplaceUnhealthy", "HealthCheck"];

fn judge(case: &Case<'_>) -> Verdict {
    if let Some(why) = case.populated().find_map(|(_, group, aimed_at)| unrest(case, group, aimed_at)) {
        return Verdict::Hold(why);
    }
    let mut unknown = None;
    for (scope, group, _) in case.populated() {
        let Some(look) = case.look(&scope) else { return case.not_looked_at(&group.name) };
        let name = &group.name;
        let (Some(refresh), Some(activities)) = (look.refreshes.get(name), look.activities.get(name)) else {
            return case.not_looked_at(name);
        };
        if let Some(Some(refresh)) = refresh.known() {
            return Verdict::Hold(format!("an instance refresh of {name} is {}", refresh.status));
        }
        let under_way = activities.known().into_iter().flatten().find_map(|activity| match &activity.progress {
            Progress::Running(status) => Some(format!("{name}: {} ({status})", activity.what)),
            _ => None,
        });
        if let Some(why) = under_way {
            return Verdict::Hold(why);
        }
        let asked = [("instance refreshes", refresh.unknown()), ("activities", activities.unknown())];
        unknown = unknown.or_else(|| {
            asked.into_iter().find_map(|(what, why)| Some(format!("the {what} of {name} are not known: {}", why?)))
        });
    }
    unknown.map_or_else(|| Verdict::Pass("nothing is being replaced, scaled or deployed".into()), Verdict::Unknown)
}

/// What the group's own description says against it. A group that is parked beside the others may be suspended; one that
/// has a target may not.
fn unrest(case: &Case<'_>, group: &Group, aimed_at: bool) -> Option<String> {
    let name = &group.name;
    if let Some(member) = group.moving().find(|member| !case.going(&member.id)) {
        return Some(format!("{} of {name} is {}", member.id, member.lifecycle));
    }
    if !aimed_at {
        return None;
    }
    if let Some(process) = group.suspended.iter().find(|process| HEALING.contains(&process.as_str())) {
        return Some(format!("{process} is suspended in {name}: what is ended would not be replaced"));
    }
    let serving = group.members.iter().filter(|member| member.serves()).count();
    (serving < group.desired as usize).then(|| format!("{serving} of {} of {name} serve", group.desired))
}

fn lift(case: &Case<'_>) -> String {
    let suspended = case.aimed_at().find_map(|group| {
        let process = group.suspended.iter().find(|process| HEALING.contains(&process.as_str()))?;
        Some(format!("the owner resumes {process} of {}", group.name))
    });
    suspended.unwrap_or_else(|| "the next look, once its group is at rest".into())
}

#[cfg(test)]
mod tests {
    use super::super::testing::Scene;
    use super::*;
    use crate::detail::{Activity, Refresh};
    use crate::fleet::{Lifecycle, View};

    #[test]
    fn a_group_that_moves_is_let_alone() {
        type Spoil = fn(&mut Group);
        let spoils: [(Spoil, &str); 6] = [
            (|g| g.members[1].lifecycle = Lifecycle::Pending, "i-1 of shop-prod-v001 is pending"),
            (|g| g.members[1].lifecycle = Lifecycle::Terminating, "terminating"),
            (|g| g.members[1].lifecycle = Lifecycle::Detaching, "detaching"),
            (|g| g.desired = 5, "4 of 5"),
            (|g| g.members[1].healthy = false, "3 of 4"),
            (|g| g.suspended = vec!["AZRebalance".into(), "HealthCheck".into()], "HealthCheck is suspended"),
        ];
        for (spoil, part) in spoils {
            let mut scene = Scene::quiet();
            spoil(scene.group());
            let verdict = scene.verdict("steady");
            assert!(verdict.holds() && verdict.why().contains(part), "{part}: {verdict:?}");
        }
        for process in HEALING {
            let mut scene = Scene::quiet();
            scene.group().suspended = vec![process.into()];
            assert!(scene.verdict("steady").holds(), "{process}");
        }
        let mut scene = Scene::quiet();
        scene.group().suspended = vec!["AZRebalance".into(), "AlarmNotification".into()];
        assert!(!scene.verdict("steady").holds(), "it heals all the same");
    }

    #[test]
    fn a_parked_group_beside_it_may_be_suspended_and_may_not_move() {
        let mut scene = Scene::quiet();
        let old = scene.beside("shop-prod-v000");
        old.suspended = vec!["Launch".into()];
        old.desired = 0;
        old.members.clear();
        assert!(!scene.verdict("steady").holds());
        let beside = scene.beside("shop-prod-v002");
        beside.suspended = vec!["Launch".into()];
        assert!(!scene.verdict("steady").holds(), "suspended, and nobody aims at it");
        scene.beside("shop-prod-v002").members[0].lifecycle = Lifecycle::Pending;
        assert!(scene.verdict("steady").holds(), "a push is under way");
    }

    #[test]
    fn refreshes_and_activities_are_asked_when_it_is_due() {
        let scene = Scene::quiet();
        assert!(matches!(scene.verdict("steady"), Verdict::NotApplicable(_)));
        assert!(matches!(scene.looked("steady", |_| ()), Verdict::Pass(_)));
        let verdict = scene.looked("steady", |look| {
            let refresh = Refresh { status: "InProgress".into() };
            look.refreshes.insert("shop-prod-v001".into(), View::Known(Some(refresh)));
        });
        assert!(verdict.holds() && verdict.why().contains("InProgress"), "{verdict:?}");
        let verdict = scene.looked("steady", |look| {
            let activity = |progress| Activity { started: scene.now, launch: true, what: "Launching".into(), progress };
            let all = vec![activity(Progress::Done), activity(Progress::Running("PreInService".into()))];
            look.activities.insert("shop-prod-v001".into(), View::Known(all));
        });
        assert_eq!(verdict, Verdict::Hold("shop-prod-v001: Launching (PreInService)".into()));
    }

    #[test]
    fn a_look_that_the_machine_slept_over_is_none() {
        let scene = Scene::quiet();
        for (minutes, holds) in [(9, false), (10, true)] {
            let verdict = scene.looked("steady", |look| look.at -= TimeDelta::minutes(minutes));
            assert_eq!(verdict.holds(), holds, "{minutes} min: {verdict:?}");
        }
    }

    #[test]
    fn what_could_not_be_read_holds() {
        let scene = Scene::quiet();
        let verdict = scene.looked("steady", |look| {
            look.refreshes.insert("shop-prod-v001".into(), View::Unknown("throttled".into()));
        });
        assert!(matches!(&verdict, Verdict::Unknown(why) if why.contains("throttled")), "{verdict:?}");
        let verdict = scene.looked("steady", |look| drop(look.activities.remove("shop-prod-v001")));
        assert!(matches!(&verdict, Verdict::Unknown(why) if why.contains("next wake")), "{verdict:?}");
    }
}
