//! An owner's time to veto: what was announced only just now is not done yet.
//!
//! A game day's actions are not announced: a person stands beside them.

use super::{Case, Rail, Verdict};
use crate::span;

pub(super) const RAIL: Rail =
    Rail { name: "veto_window", about: "its owner had time to veto it", always: true, judge, lift };

fn judge(case: &Case<'_>) -> Verdict {
    let window = case.policy.veto_of(&case.proposal.monkey);
    if window.is_zero() {
        return Verdict::NotApplicable("no veto window is set".into());
    }
    if case.proposal.request.is_some() {
        return Verdict::NotApplicable("a person asked for it: nobody waits for a veto".into());
    }
    let planned = case.world.history.planned.get(&case.proposal.key);
    let Some(announced) = planned.map(|event| event.at) else {
        // Somebody reads a plan of which the daemon has not told yet. A round announces before it judges.
        if case.world.at + window <= case.proposal.due {
            return Verdict::NotApplicable("it is not announced yet, and there is time for it".into());
        }
        return Verdict::Hold("it was never announced".into());
    };
    let age = case.at - announced;
    if age < window {
        let (age, window) = (span::format(age), span::format(window));
        return Verdict::Hold(format!("it was announced {age} before; its owner has {window} to veto it"));
    }
    Verdict::Pass(format!("it was announced {} before, and nobody vetoed it", span::format(age)))
}

fn lift(case: &Case<'_>) -> String {
    let announced = case.world.history.planned.get(&case.proposal.key).map(|event| event.at);
    match announced.map(|at| at + case.policy.veto_of(&case.proposal.monkey)) {
        Some(from) if from < case.proposal.expires => {
            format!("from {}", from.with_timezone(&case.policy.calendar.zone).format("%a %Y-%m-%d %H:%M %Z"))
        }
        _ => format!("its next turn, or a shorter [monkeys.{}] veto", case.proposal.monkey),
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::super::testing::Scene;
    use super::*;
    use crate::event::{Draft, Kind};
    use crate::scope::Mode;

    /// With a window of two hours, announced so long before.
    fn announced(minutes: i64) -> Scene {
        let mut scene = Scene::quiet();
        scene.policy.veto = TimeDelta::hours(2);
        let at = scene.now - TimeDelta::minutes(minutes);
        let event = Draft::new(at, Kind::ActionPlanned, Mode::Live, "its turn");
        scene.world.history.planned.insert(scene.proposal.key.clone(), event);
        scene
    }

    #[test]
    fn only_what_was_announced_long_enough_before_may_be_done() {
        for (minutes, holds) in [(0, true), (119, true), (120, false), (600, false)] {
            assert_eq!(announced(minutes).verdict("veto_window").holds(), holds, "{minutes}");
        }
        assert!(announced(119).verdict("veto_window").why().contains("1h 59m before"));
    }

    #[test]
    fn a_plan_is_judged_as_of_its_minute() {
        let mut scene = announced(60);
        scene.proposal.due = scene.now + TimeDelta::minutes(59);
        assert!(scene.verdict("veto_window").holds());
        scene.proposal.due = scene.now + TimeDelta::minutes(60);
        assert!(!scene.verdict("veto_window").holds());
    }

    #[test]
    fn what_was_never_announced_is_held_unless_a_person_asked_or_no_window_is_set() {
        let mut scene = announced(600);
        scene.world.history.planned.clear();
        assert_eq!(scene.verdict("veto_window"), Verdict::Hold("it was never announced".into()));
        scene.proposal.due = scene.now + TimeDelta::minutes(119);
        assert!(scene.verdict("veto_window").holds(), "nor can it be in time");
        scene.proposal.due = scene.now + TimeDelta::minutes(120);
        assert!(matches!(scene.verdict("veto_window"), Verdict::NotApplicable(_)));
        scene.proposal.due = scene.now;
        scene.proposal.request = Some("g".into());
        assert!(matches!(scene.verdict("veto_window"), Verdict::NotApplicable(_)));
        scene.proposal.request = None;
        scene.policy.veto = TimeDelta::zero();
        assert!(matches!(scene.verdict("veto_window"), Verdict::NotApplicable(_)));
    }
}
