//! The group, read again by name at the moment of acting. A survey of the last half minute counts as that.
//!
//! All other rails judge the fresh group; this one says whether there is one.

use chrono::TimeDelta;

use super::{Case, OLD, Rail, Verdict, WHEN_DUE};
use crate::fleet::View;
use crate::scope::Scope;
use crate::unit::GroupId;

pub(super) const RAIL: Rail =
    Rail { name: "reread", about: "the group was looked at again just before the act", always: false, judge, lift };

/// A survey younger than this needs no second look.
pub const FRESH: TimeDelta = TimeDelta::seconds(30);

fn judge(case: &Case<'_>) -> Verdict {
    let mut says = Verdict::NotApplicable(WHEN_DUE.into());
    for id in &case.proposal.unit.groups {
        says = group(case, id);
        if says.holds() {
            break;
        }
    }
    says
}

/// Whether there is a fresh look at one group of the unit.
fn group(case: &Case<'_>, id: &GroupId) -> Verdict {
    let scope = Scope { account: case.proposal.scope.account.clone(), region: id.region.clone() };
    let look = case.detail.look(&scope);
    match look.and_then(|look| look.group(&id.name)) {
        // The machine may have slept since.
        Some(_) if look.is_some_and(|look| case.at - look.reread.at >= FRESH) => Verdict::Unknown(OLD.into()),
        Some(View::Known(groups)) if groups.contains_key(&id.name) => Verdict::Pass("read again".into()),
        Some(View::Known(_)) => Verdict::Hold(format!("{} is gone", id.name)),
        Some(other) => {
            let why = other.unknown().unwrap_or("nobody asked");
            Verdict::Unknown(format!("its groups in {} could not be read again: {why}", id.region))
        }
        None => match case.world.fleets.get(&scope) {
            Some(fleet) if case.at - fleet.taken_at < FRESH => Verdict::Pass("the survey is fresh".into()),
            // It passes only because another was held at the second look, or the machine slept since.
            _ => case.not_looked_at("its group again, and the survey is old"),
        },
    }
}

fn lift(_: &Case<'_>) -> String {
    "the next look, if it can read the group".into()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::testing::Scene;
    use super::super::{Judged, judge as judge_all};
    use super::*;
    use crate::detail::Reread;
    use crate::fleet::{Group, Lifecycle};

    /// Judged after a second look that found nothing wrong but this.
    fn with_groups(scene: &Scene, asked: &str, groups: View<BTreeMap<String, Group>>) -> Judged {
        let detail =
            scene.detail(|look| look.reread = Reread { at: scene.now, asked: [asked.to_owned()].into(), groups });
        let proposals = std::slice::from_ref(&scene.proposal);
        judge_all(proposals, &scene.world, &detail, &scene.policy, scene.now).remove(0)
    }

    fn with_detail(scene: &Scene, groups: View<BTreeMap<String, Group>>) -> Judged {
        with_groups(scene, "shop-prod-v001", groups)
    }

    #[test]
    fn a_failed_second_look_holds() {
        let scene = Scene::quiet();
        let judged = with_detail(&scene, View::Unknown("throttled".into()));
        assert_eq!(judged.held_by().map(|r| &*r.rail), Some("reread"));
    }

    #[test]
    fn the_other_rails_judge_the_fresh_group() {
        let mut scene = Scene::quiet();
        let mut fresh = scene.group().clone();
        fresh.members[0].lifecycle = Lifecycle::Terminating;
        let judged = with_detail(&scene, View::Known([(fresh.name.clone(), fresh)].into()));
        assert_eq!(judged.held_by().map(|r| &*r.rail), Some("member"));
        let judged = with_detail(&scene, View::Known(BTreeMap::new()));
        assert!(judged.holds().any(|r| r.rail == "reread"));
    }

    #[test]
    fn an_old_survey_waits_for_the_second_look() {
        let mut scene = Scene::quiet();
        scene.fleet().taken_at = scene.now - TimeDelta::seconds(31);
        assert!(matches!(scene.verdict("reread"), Verdict::NotApplicable(_)));
    }

    #[test]
    fn a_second_look_grows_old_too() {
        let mut scene = Scene::quiet();
        let groups = View::Known([("shop-prod-v001".to_owned(), scene.group().clone())].into());
        for (age, holds) in [(29, false), (30, true)] {
            let at = scene.now - TimeDelta::seconds(age);
            let asked = ["shop-prod-v001".to_owned()].into();
            let verdict = scene.looked("reread", |look| look.reread = Reread { at, asked, groups: groups.clone() });
            assert_eq!(verdict.holds(), holds, "{age} s: {verdict:?}");
        }
    }

    #[test]
    fn a_look_at_others_is_no_look_at_it() {
        let mut scene = Scene::quiet();
        scene.fleet().taken_at = scene.now - TimeDelta::seconds(31);
        let judged = with_groups(&scene, "cart-prod-v001", View::Known(BTreeMap::new()));
        let holds: Vec<_> = judged.holds().map(|ruling| (ruling.rail.as_ref(), ruling.says.word())).collect();
        assert_eq!(holds, [("reread", "unknown")]);
    }

    #[test]
    fn whoever_was_left_out_of_the_second_look_holds_unless_the_survey_is_fresh() {
        let mut scene = Scene::quiet();
        for (age, holds) in [(29, false), (30, true)] {
            scene.fleet().taken_at = scene.now - TimeDelta::seconds(age);
            assert_eq!(scene.looked("reread", |_| ()).holds(), holds, "{age} s");
        }
    }
}
