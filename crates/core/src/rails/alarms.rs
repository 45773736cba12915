//! CloudWatch alarms, the operator's and the owner's: none may be in alarm when something is to be done, and one that
//! goes off while it is done stops the rest.

use super::{Case, Policy, Rail, Verdict};
use crate::detail::{AlarmState, Stops};
use crate::proposal::Proposal;

pub(super) const RAIL: Rail =
    Rail { name: "alarms", about: "the alarms of the config and of the owner are quiet", always: false, judge, lift };

/// The alarms that a proposal minds: the config's, and its unit's own; none where the rail is off.
pub fn of(proposal: &Proposal, policy: &Policy) -> Vec<String> {
    if !policy.has(RAIL.name) {
        return Vec::new();
    }
    let mut names = policy.alarms.names.clone();
    names.extend_from_slice(&proposal.unit.settings.alarms);
    names.sort_unstable();
    names.dedup();
    names
}

fn judge(case: &Case<'_>) -> Verdict {
    let names = of(case.proposal, case.policy);
    if names.is_empty() {
        return Verdict::NotApplicable("no alarm is named".into());
    }
    let Some(stops) = case.stops() else { return case.not_looked_at("the alarms") };
    says(&names, stops, case.policy)
}

/// What these alarms say.
pub(super) fn says(names: &[String], stops: &Stops, policy: &Policy) -> Verdict {
    let Some(states) = stops.alarms.known() else {
        return Verdict::Unknown(format!("the alarms are not known: {}", stops.alarms.unknown().unwrap_or_default()));
    };
    for name in names {
        match states.get(name) {
            Some(AlarmState::Ok) => {}
            Some(AlarmState::InsufficientData) if policy.alarms.insufficient_data_passes => {}
            Some(state) => return Verdict::Hold(format!("alarm {name} is {state}")),
            None => return Verdict::Hold(format!("there is no alarm {name} here")),
        }
    }
    Verdict::Pass(format!("quiet: {}", names.join(", ")))
}

fn lift(case: &Case<'_>) -> String {
    let states = case.detail.stops(&case.proposal.scope).and_then(|stops| stops.alarms.known());
    let missing = states.and_then(|states| {
        let names = of(case.proposal, case.policy);
        names.into_iter().find(|name| !states.contains_key(name))
    });
    match missing {
        Some(name) => format!(
            "an alarm {name} in {}, or its name taken out of [rails.alarms] names or the owner's tag",
            case.proposal.scope.region
        ),
        None => "every alarm of [rails.alarms] names and of the owner's tag readable and OK".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::Scene;
    use super::*;
    use crate::detail::Look;
    use crate::fleet::View;

    fn scene() -> Scene {
        let mut scene = Scene::quiet();
        scene.policy.alarms.names = vec!["all-5xx".into()];
        scene.proposal.unit.settings.alarms = vec!["shop-latency".into()];
        scene
    }

    fn states(all: AlarmState, shop: AlarmState) -> impl Fn(&mut Look) {
        move |look| {
            let states = [("all-5xx", all), ("shop-latency", shop)].map(|(name, state)| (name.to_owned(), state));
            look.stops.as_mut().unwrap().alarms = View::Known(states.into());
        }
    }

    #[test]
    fn an_alarm_of_either_holds() {
        use AlarmState::{Alarm, InsufficientData, Ok};
        for (all, shop, holds) in [
            (Ok, Ok, false),
            (Alarm, Ok, true),
            (Ok, Alarm, true),
            (Ok, InsufficientData, true),
            (InsufficientData, Ok, true),
        ] {
            let verdict = scene().looked("alarms", states(all, shop));
            assert_eq!(verdict.holds(), holds, "{all} {shop}: {verdict:?}");
        }
        assert_eq!(scene().looked("alarms", states(Ok, Alarm)), Verdict::Hold("alarm shop-latency is ALARM".into()));
    }

    #[test]
    fn too_little_data_may_pass_and_an_alarm_never() {
        let mut scene = scene();
        scene.policy.alarms.insufficient_data_passes = true;
        assert!(!scene.looked("alarms", states(AlarmState::InsufficientData, AlarmState::Ok)).holds());
        assert!(scene.looked("alarms", states(AlarmState::InsufficientData, AlarmState::Alarm)).holds());
    }

    #[test]
    fn an_alarm_that_is_not_there_or_cannot_be_read_holds() {
        let scene = scene();
        assert!(matches!(scene.verdict("alarms"), Verdict::NotApplicable(_)));
        let verdict = scene.looked("alarms", |look| {
            let all = [("all-5xx".to_owned(), AlarmState::Ok)];
            look.stops.as_mut().unwrap().alarms = View::Known(all.into());
        });
        assert_eq!(verdict, Verdict::Hold("there is no alarm shop-latency here".into()));
        for alarms in [View::Unasked, View::Unknown("denied".into())] {
            let verdict = scene.looked("alarms", |look| look.stops.as_mut().unwrap().alarms = alarms.clone());
            assert!(matches!(verdict, Verdict::Unknown(_)), "{verdict:?}");
        }
        let verdict = scene.looked("alarms", |look| look.stops = None);
        assert!(matches!(verdict, Verdict::Unknown(_)), "{verdict:?}");
        assert!(matches!(Scene::quiet().looked("alarms", |_| ()), Verdict::NotApplicable(_)));
    }
}
