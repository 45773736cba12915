//! What is ended can be replaced: there is something to launch, a place for it, and the last launches did not fail.

use chrono::{DateTime, Utc};

use super::{Case, Rail, Verdict};
use crate::detail::{Activity, Launches, Look, Progress};
use crate::fleet::{Group, LaunchSource, View};
use crate::span;

pub(super) const RAIL: Rail = Rail {
    name: "replacement",
    about: "what is ended can be replaced: template, image, addresses, recent launches",
    always: false,
    judge,
    lift,
};

fn judge(case: &Case<'_>) -> Verdict {
    let mut unknown = None;
    let mut asked = false;
    for group in case.aimed_at() {
        let Some(look) = case.look(&case.proposal.scope) else { return case.not_looked_at(&group.name) };
        asked = true;
        for says in [launches(case, group, look), addresses(case, group, look), recent(case, group, look)] {
            match says {
                Verdict::Hold(_) => return says,
                Verdict::Unknown(_) => unknown = unknown.or(Some(says)),
                Verdict::Pass(_) | Verdict::NotApplicable(_) => {}
            }
        }
    }
    match unknown {
        Some(says) => says,
        None if asked => Verdict::Pass("there is an image to launch, and room for it".into()),
        None => Verdict::NotApplicable("there is no target".into()),
    }
}

/// Whether everything that the group may launch from is there.
fn launches(case: &Case<'_>, group: &Group, look: &Look) -> Verdict {
    let name = &group.name;
    if group.launches.is_empty() {
        return Verdict::Unknown(format!("what {name} launches from is not known"));
    }
    let overridden = group.launches.iter().any(|source| matches!(source, LaunchSource::Image(_)));
    for source in &group.launches {
        let Some(seen) = look.launches.get(source) else { return case.not_looked_at(&source.to_string()) };
        match seen {
            View::Known(Launches::Image(_)) => {}
            View::Known(Launches::NoImage) if overridden => {}
            View::Known(Launches::NoImage) => return Verdict::Hold(format!("the {source} of {name} names no image")),
            View::Known(Launches::Gone) => return Verdict::Hold(format!("the {source} of {name} is gone")),
            View::Known(Launches::MissingImage(image)) => {
                return Verdict::Hold(format!("the {source} of {name} starts {image}, which is not available"));
            }
            other => {
                let why = other.unknown().unwrap_or_default();
                return Verdict::Unknown(format!("the {source} of {name} is not known: {why}"));
            }
        }
    }
    Verdict::Pass(String::new())
}

/// Whether the group's subnets have an address for each that is ended: theirs come back later.
fn addresses(case: &Case<'_>, group: &Group, look: &Look) -> Verdict {
    if group.subnets.is_empty() {
        return Verdict::NotApplicable("it names no subnet".into());
    }
    let subnets = match &look.subnets {
        View::Known(subnets) => subnets,
        View::Unasked => return case.not_looked_at("its subnets"),
        View::Unknown(why) => return Verdict::Unknown(format!("the subnets of {} are not known: {why}", group.name)),
    };
    let free: u64 = group.subnets.iter().filter_map(|id| subnets.get(id)).map(|free| u64::from(*free)).sum();
    let wanted = case.proposal.targets.iter().filter(|target| target.group == group.name).count() as u64;
    if free < wanted {
        return Verdict::Hold(format!("the subnets of {} have {free} free addresses, {wanted} are wanted", group.name));
    }
    Verdict::Pass(String::new())
}

/// Whether the last launch failed, and not long ago.
fn recent(case: &Case<'_>, group: &Group, look: &Look) -> Verdict {
    let activities = match look.activities.get(&group.name) {
        Some(View::Known(activities)) => activities,
        Some(other) => {
            let why = other.unknown().unwrap_or_default();
            return Verdict::Unknown(format!("the activities of {} are not known: {why}", group.name));
        }
        None => return case.not_looked_at(&group.name),
    };
    let last = activities.iter().filter(|activity| activity.launch).max_by_key(|activity| activity.started);
    match last {
        Some(Activity { started, progress: Progress::Failed(why), .. }) if is_recent(case, *started) => {
            let ago = span::format(case.at - *started);
            Verdict::Hold(format!("the last launch of {} failed {ago} ago: {why}", group.name))
        }
        _ => Verdict::Pass(String::new()),
    }
}

fn is_recent(case: &Case<'_>, started: DateTime<Utc>) -> bool {
    case.at - started < case.policy.failed_launch
}

fn lift(case: &Case<'_>) -> String {
    let failed = case.aimed_at().find(|group| {
        let look = case.detail.look(&case.proposal.scope);
        look.is_some_and(|look| recent(case, group, look).holds())
    });
    match failed.map(|group| &group.name) {
        Some(group) => format!(
            "a launch of {group} that succeeds, or {} without one that fails",
            span::format(case.policy.failed_launch)
        ),
        None => "the owner gives the group a template, an image and a subnet that it can launch from".into(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use chrono::TimeDelta;

    use super::super::testing::Scene;
    use super::*;

    fn source() -> LaunchSource {
        LaunchSource::Template { id: "lt-1".into(), version: "$Latest".into() }
    }

    #[test]
    fn it_is_asked_when_it_is_due() {
        let scene = Scene::quiet();
        assert!(matches!(scene.verdict("replacement"), Verdict::NotApplicable(_)));
        assert!(matches!(scene.looked("replacement", |_| ()), Verdict::Pass(_)));
    }

    #[test]
    fn nothing_to_launch_holds() {
        let scene = Scene::quiet();
        for (launches, part) in [
            (View::Known(Launches::Gone), "version $Latest of shop-prod-v001 is gone"),
            (View::Known(Launches::MissingImage("ami-1".into())), "starts ami-1, which is not available"),
            (View::Known(Launches::NoImage), "names no image"),
            (View::Unknown("denied".into()), "denied"),
        ] {
            let verdict = scene.looked("replacement", |look| drop(look.launches.insert(source(), launches.clone())));
            assert!(verdict.holds() && verdict.why().contains(part), "{part}: {verdict:?}");
        }
        let verdict = scene.looked("replacement", |look| look.launches.clear());
        assert!(matches!(verdict, Verdict::Unknown(_)), "{verdict:?}");
        let mut scene = Scene::quiet();
        scene.group().launches.clear();
        assert!(matches!(scene.looked("replacement", |_| ()), Verdict::Unknown(_)));
    }

    #[test]
    fn an_override_may_name_the_image_that_the_template_does_not() {
        let mut scene = Scene::quiet();
        scene.group().launches.push(LaunchSource::Image("ami-2".into()));
        let verdict = scene.looked("replacement", |look| {
            look.launches.insert(source(), View::Known(Launches::NoImage));
            look.launches.insert(LaunchSource::Image("ami-2".into()), View::Known(Launches::Image("ami-2".into())));
        });
        assert!(!verdict.holds(), "{verdict:?}");
    }

    #[test]
    fn no_address_holds() {
        let scene = Scene::quiet();
        for (free, holds) in [(vec![0, 0], true), (vec![0, 1], false), (vec![], true)] {
            let subnets: BTreeMap<String, u32> =
                free.iter().enumerate().map(|(n, free)| (format!("subnet-{n}"), *free)).collect();
            let verdict = scene.looked("replacement", |look| look.subnets = View::Known(subnets.clone()));
            assert_eq!(verdict.holds(), holds, "{subnets:?}: {verdict:?}");
        }
        let verdict = scene.looked("replacement", |look| look.subnets = View::Unknown("throttled".into()));
        assert!(matches!(verdict, Verdict::Unknown(_)), "{verdict:?}");
    }

    #[test]
    fn a_launch_that_just_failed_holds_until_one_succeeds_or_an_hour_has_passed() {
        let scene = Scene::quiet();
        let launch = |minutes: i64, progress: Progress| Activity {
            started: scene.now - TimeDelta::minutes(minutes),
            launch: true,
            what: "Launching a new EC2 instance".into(),
            progress,
        };
        let failed = || Progress::Failed("InsufficientInstanceCapacity".into());
        let end = Activity { launch: false, ..launch(5, Progress::Done) };
        for (activities, holds) in [
            (vec![launch(10, failed())], true),
            (vec![launch(59, failed())], true),
            (vec![launch(60, failed())], false),
            (vec![launch(10, failed()), launch(5, Progress::Done)], false),
            (vec![launch(10, failed()), end], true),
            (vec![launch(5, failed()), launch(10, Progress::Done)], true),
        ] {
            let verdict = scene.looked("replacement", |look| {
                look.activities.insert("shop-prod-v001".into(), View::Known(activities.clone()));
            });
            assert_eq!(verdict.holds(), holds, "{activities:?}: {verdict:?}");
        }
    }
}
