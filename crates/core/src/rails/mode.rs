//! Live needs the operator's word twice, globally and for the account, and no word that holds the monkey back. A
//! rehearsal is always allowed.

use super::{Case, Rail, Turn, Verdict};
use crate::scope::Mode;

pub(super) const RAIL: Rail =
    Rail { name: "mode", about: "live only where the operator said so twice", always: true, judge, lift };

fn judge(case: &Case<'_>) -> Verdict {
    says(&case.turn())
}

/// What the operator allows this monkey here.
pub(super) fn says(turn: &Turn<'_>) -> Verdict {
    let Turn { mode, monkey, policy, world, .. } = turn;
    let allowed = policy.mode_of(monkey);
    let keys = policy.held_back(monkey);
    let whose = match (allowed, keys.is_empty()) {
        (Mode::Live, _) => "this round only rehearses".to_owned(),
        (Mode::DryRun, false) => format!("dry-run by {keys}"),
        (Mode::DryRun, true) => "this account is in dry-run".to_owned(),
    };
    match (*mode, allowed.and(world.mode)) {
        (Mode::DryRun, Mode::Live) => Verdict::Pass("dry-run: it would only be rehearsed".into()),
        (Mode::DryRun, Mode::DryRun) => Verdict::Pass(format!("it would only be rehearsed: {whose}")),
        (Mode::Live, Mode::Live) => Verdict::Pass("live".into()),
        (Mode::Live, Mode::DryRun) => Verdict::Hold(whose),
    }
}

fn lift(_: &Case<'_>) -> String {
    "write mode = \"live\" at the top of the config and in the account's table, then restart".into()
}

#[cfg(test)]
mod tests {
    use super::super::policy::HeldBack;
    use super::super::testing::Scene;
    use super::*;

    #[test]
    fn live_is_held_unless_the_policy_the_monkeys_own_word_and_the_round_are_live() {
        use Mode::{DryRun, Live};
        for (policy, chaos, world, passes) in [
            (Live, None, Live, true),
            (Live, Some(Live), Live, true),
            (DryRun, None, Live, false),
            (DryRun, Some(Live), Live, false),
            (Live, Some(DryRun), Live, false),
            (Live, None, DryRun, false),
        ] {
            let mut scene = Scene::quiet();
            (scene.policy.mode, scene.world.mode) = (policy, world);
            scene.policy.modes.extend(chaos.map(|mode| ("chaos".to_owned(), mode)));
            assert_eq!(!scene.verdict("mode").holds(), passes, "{policy} {chaos:?} {world}");
        }
        let mut scene = Scene::quiet();
        scene.policy.modes.insert("latency".into(), DryRun);
        assert!(!scene.verdict("mode").holds(), "another monkey's word");
    }

    #[test]
    fn it_says_whose_word_holds_back() {
        let mut scene = Scene::quiet();
        let word = |key: &str, monkey: Option<&str>| HeldBack { key: key.into(), monkey: monkey.map(str::to_owned) };
        scene.policy.modes.insert("chaos".into(), Mode::DryRun);
        scene.policy.held_back =
            vec![word("account.modes.chaos of `prod`", Some("chaos")), word("monkeys.latency.mode", Some("latency"))];
        assert_eq!(scene.verdict("mode"), Verdict::Hold("dry-run by account.modes.chaos of `prod`".into()));
        scene.policy.mode = Mode::DryRun;
        scene.policy.held_back.push(word("mode", None));
        (scene.proposal.mode, scene.world.mode) = (Mode::DryRun, Mode::DryRun);
        let said = "it would only be rehearsed: dry-run by account.modes.chaos of `prod`, mode";
        assert_eq!(scene.verdict("mode"), Verdict::Pass(said.into()));
        scene.policy = super::super::Policy { mode: Mode::Live, modes: [].into(), ..scene.policy };
        assert_eq!(scene.verdict("mode").why(), "it would only be rehearsed: this round only rehearses");
    }
}
