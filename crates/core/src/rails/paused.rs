//! The kill switch, by command and by file. A new ledger in live mode is paused by its birth: nobody knows what acted
//! here before.

use super::{Case, Rail, Turn, Verdict};
use crate::fleet::View;
use crate::ledger::Pause;
use crate::scope::Mode;

pub(super) const RAIL: Rail =
    Rail { name: "paused", about: "nothing while the kill switch is pulled", always: true, judge, lift };

fn judge(case: &Case<'_>) -> Verdict {
    let id = &case.proposal.unit.id;
    says(&case.turn(), &[&id.to_string(), &id.full()])
}

/// Whether anything is paused that covers this, which has these names.
pub(super) fn says(turn: &Turn<'_>, names: &[&str]) -> Verdict {
    let brake = &turn.world.observed.brake;
    let by_file = brake.known().and_then(Option::as_ref);
    let covering = |pause: &&Pause| {
        (turn.mode == Mode::Live || pause.actor != NEWBORN)
            && pause.covers(&turn.scope.account, &turn.scope.region, turn.monkey, names)
    };
    let pauses: Vec<String> = turn.world.history.pauses.iter().chain(by_file).filter(covering).map(told).collect();
    if !pauses.is_empty() {
        return Verdict::Hold(format!("paused {}", pauses.join("; and ")));
    }
    match brake {
        View::Unknown(why) => Verdict::Unknown(why.clone()),
        View::Unasked | View::Known(_) => Verdict::Pass("not paused".into()),
    }
}

fn told(pause: &Pause) -> String {
    format!("{pause}; {}", pause.remedy())
}

/// Who pulls the switch when a live ledger is born. Rehearsals ignore it.
pub const NEWBORN: &str = "new-ledger";

fn lift(_: &Case<'_>) -> String {
    "`simian resume`".into()
}

#[cfg(test)]
mod tests {
    use super::super::testing::Scene;
    use super::*;

    fn scene(actor: &str, mode: Mode) -> Scene {
        let mut scene = Scene::quiet();
        scene.proposal.mode = mode;
        scene.world.history.pauses = vec![Pause::new(scene.now, actor, "incident 7")];
        scene
    }

    #[test]
    fn a_pause_holds_and_says_who_and_why_and_how_to_lift_it() {
        let scene_of_ann = scene("ann", Mode::Live);
        let verdict = scene_of_ann.verdict("paused");
        let id = &scene_of_ann.world.history.pauses[0].id;
        let said =
            format!("paused by ann since 2026-11-23T12:00:00.000Z: incident 7; lift it with `simian resume {id}`");
        assert_eq!(verdict, Verdict::Hold(said));
        assert!(scene("ann", Mode::DryRun).verdict("paused").holds());
    }

    #[test]
    fn a_rehearsal_ignores_the_birth_pause_only() {
        assert!(scene(NEWBORN, Mode::Live).verdict("paused").holds());
        assert!(!scene(NEWBORN, Mode::DryRun).verdict("paused").holds());
    }

    #[test]
    fn a_pause_holds_what_it_names_and_nothing_else() {
        type Narrow = fn(&mut Pause);
        let cases: [(Narrow, bool); 12] = [
            (|pause| pause.account = Some("111122223333".parse().unwrap()), true),
            (|pause| pause.account = Some("444455556666".parse().unwrap()), false),
            (|pause| pause.region = Some("us-east-1".parse().unwrap()), true),
            (|pause| pause.region = Some("eu-west-1".parse().unwrap()), false),
            (|pause| pause.monkey = Some("chaos".into()), true),
            (|pause| pause.monkey = Some("latency".into()), false),
            (|pause| pause.unit = Some("cluster:shop-prod".into()), true),
            (|pause| pause.unit = Some("111122223333/us-east-1/cluster:shop-prod".into()), true),
            (|pause| pause.unit = Some("111122223333/eu-west-1/cluster:shop-prod".into()), false),
            (|pause| pause.unit = Some("cluster:shop".into()), false),
            (|pause| pause.unit = Some("shop-prod".into()), false),
            (
                |pause| {
                    pause.region = Some("us-east-1".parse().unwrap());
                    pause.monkey = Some("latency".into());
                },
                false,
            ),
        ];
        for (n, (narrow, holds)) in cases.into_iter().enumerate() {
            let mut scene = scene("ann", Mode::Live);
            narrow(&mut scene.world.history.pauses[0]);
            assert_eq!(scene.verdict("paused").holds(), holds, "{n}");
        }
    }

    #[test]
    fn every_covering_pause_is_named_with_what_it_covers_and_its_end() {
        let mut scene = scene("ann", Mode::Live);
        let end = scene.now + chrono::TimeDelta::hours(2);
        let mut second = Pause { until: Some(end), ..Pause::new(scene.now, "bob", "load test") };
        second.region = Some("us-east-1".parse().unwrap());
        let elsewhere = Pause { monkey: Some("latency".into()), ..Pause::new(scene.now, "cleo", "slow") };
        scene.world.history.pauses.extend([second, elsewhere]);
        scene.world.observed.brake = View::Known(Some(Pause::by_file(scene.now, "/run/simian/paused", "fire")));
        let verdict = scene.verdict("paused");
        for word in [
            "by ann since",
            "; and by bob since 2026-11-23T12:00:00.000Z until 2026-11-23T14:00:00.000Z in region us-east-1: load test",
            "by file:/run/simian/paused since",
            "fire; remove /run/simian/paused",
        ] {
            assert!(verdict.why().contains(word), "`{word}` is missing in {verdict:?}");
        }
        assert!(!verdict.why().contains("cleo"), "{verdict:?}");
    }

    #[test]
    fn a_file_that_nobody_can_look_at_holds() {
        let mut scene = Scene::quiet();
        for (brake, holds) in [
            (View::Unasked, false),
            (View::Known(None), false),
            (View::Unknown("cannot look at the file".into()), true),
            (View::Known(Some(Pause::by_file(scene.now, "/f", "w"))), true),
        ] {
            scene.world.observed.brake = brake;
            assert_eq!(scene.verdict("paused").holds(), holds);
        }
        scene.world.observed.brake = View::Unknown("cannot look at the file".into());
        assert_eq!(scene.verdict("paused"), Verdict::Unknown("cannot look at the file".into()));
    }
}
