//! The kill switch. A new ledger in live mode is paused by its birth: nobody knows what acted here before.

use super::{Case, Rail, Verdict};
use crate::event::millis;
use crate::scope::Mode;

pub(super) const RAIL: Rail =
    Rail { name: "paused", about: "nothing while the kill switch is pulled", always: true, judge, lift };

fn judge(case: &Case<'_>) -> Verdict {
    match &case.world.history.pause {
        Some(pause) if case.proposal.mode == Mode::Live || pause.actor != NEWBORN => Verdict::Hold(format!(
            "paused by {} since {}{}: {}; lift it with `simian resume`",
            pause.actor,
            millis::format(pause.at),
            pause.until.map(|until| format!(" until {}", millis::format(until))).unwrap_or_default(),
            pause.why
        )),
        _ => Verdict::Pass("not paused".into()),
    }
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
    use crate::ledger::Pause;

    fn scene(actor: &str, mode: Mode) -> Scene {
        let mut scene = Scene::quiet();
        scene.proposal.mode = mode;
        scene.world.history.pause =
            Some(Pause { at: scene.now, actor: actor.into(), why: "incident 7".into(), until: None });
        scene
    }

    #[test]
    fn a_pause_holds_and_says_who_and_why() {
        let verdict = scene("ann", Mode::Live).verdict("paused");
        assert!(verdict.holds() && verdict.why().contains("by ann") && verdict.why().contains("incident 7"));
        assert!(scene("ann", Mode::DryRun).verdict("paused").holds());
    }

    #[test]
    fn a_rehearsal_ignores_the_birth_pause_only() {
        assert!(scene(NEWBORN, Mode::Live).verdict("paused").holds());
        assert!(!scene(NEWBORN, Mode::DryRun).verdict("paused").holds());
    }
}
