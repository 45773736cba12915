//! Killed at each step of an action, and started again sooner or later: never a second kill, never a lost event, and
//! always an outcome that is true.

use std::sync::Arc;

use futures_util::future::select;
use simian_core::claim::SETTLED_AFTER;
use simian_core::{Kind, Outcome, Stage};
use simian_sim::GroupSpec;
use tokio::sync::Notify;

use crate::hooked::{Hooked, Moment, full};
use crate::world::{World, daily, minutes, mon, seconds};

/// A step of an action at which the process is killed.
struct Step {
    name: &'static str,
    at: fn(&Moment<'_>) -> bool,
    /// Whether the call was made by then.
    called: bool,
    /// What becomes of the claim that is left; `None` where none is.
    left: Option<Outcome>,
}

const STEPS: &[Step] = &[
    Step { name: "before the claim", at: |m| matches!(m, Moment::Claim), called: false, left: None },
    Step {
        name: "after the claim",
        at: |m| matches!(m, Moment::Claimed),
        called: false,
        left: Some(Outcome::Abandoned),
    },
    Step {
        name: "before the intent",
        at: |m| m.tells(Kind::ActionIntended),
        called: false,
        left: Some(Outcome::Abandoned),
    },
    Step { name: "after the intent", at: |m| m.told(Kind::ActionIntended), called: false, left: Some(Outcome::Failed) },
    Step { name: "before the outcome", at: |m| m.tells(Kind::ActionDone), called: true, left: Some(Outcome::Done) },
    Step { name: "after the outcome", at: |m| m.told(Kind::ActionDone), called: true, left: Some(Outcome::Done) },
    Step { name: "while watching", at: |m| m.tells(Kind::ActionRecovered), called: true, left: Some(Outcome::Done) },
];

/// Runs a process that dies at that step, and with it all that it had in memory.
fn killed_at(world: &World, step: &Step) {
    let dead = Arc::new(Notify::new());
    let (at, tell) = (step.at, Arc::clone(&dead));
    let ledger = Hooked::new(&world.ledger, move |moment| {
        if !at(&moment) {
            return Ok(());
        }
        tell.notify_one();
        Err(full())
    });
    let process = world.process_on("one", Arc::new(ledger));
    world.clock.drive(select(process.daemon(), Box::pin(dead.notified())));
}

fn unit() -> GroupSpec {
    daily("shop-prod-v001").boot(120..=120)
}

#[test]
fn killed_at_each_step_it_acts_once_at_most_and_finds_out_what_became_of_it() {
    for step in STEPS {
        for back_after in [0, 5, 120] {
            let world = World::new([unit()]).one_minute();
            let note = format!("{}, back after {back_after} minutes", step.name);
            killed_at(&world, step);
            assert_eq!(world.hit().len(), usize::from(step.called), "{note}");
            world.clock.jump(minutes(back_after));
            world.process().run_until(mon(14, 0));

            let claims = world.claims();
            match (step.left, back_after) {
                // Nothing was begun: in its minute it is done as if nothing had been; later it is missed.
                (None, 0) => {
                    assert_eq!(world.story("shop-prod"), ["planned", "intended", "done", "recovered"], "{note}");
                }
                (None, _) => {
                    assert_eq!(world.story("shop-prod"), ["planned", "missed"], "{note}");
                    assert!(claims.is_empty(), "{note}");
                }
                (Some(outcome), _) => {
                    assert_eq!(world.outcome("shop-prod"), Some(outcome), "{note}");
                    assert_eq!(world.hit().len(), usize::from(step.called), "{note}");
                    assert!(world.calls_for("shop-prod") <= 1, "{note}");
                }
            }
            let recovered = world.of_kind(Kind::ActionRecovered).len();
            assert_eq!(recovered, world.hit().len(), "{note}: whoever was hit is followed until it is whole");
            assert!(claims.iter().all(|claim| claim.stage == Stage::Closed), "{note}: {claims:?}");
            // Adopted, and not a second early.
            for resolved in world.of_kind(Kind::ActionResolved) {
                assert!(resolved.body.at >= claims[0].act_before + SETTLED_AFTER, "{note}: {}", resolved.body.at);
            }
            assert!(world.heard_all(), "{note}");
            world.audit();
        }
    }
}

/// The step at which the call was made and nobody wrote down how it ended.
fn unrecorded() -> &'static Step {
    STEPS.iter().find(|step| step.name == "before the outcome").unwrap()
}

#[test]
fn a_recovery_that_nobody_watched_is_told_and_not_measured() {
    let world = World::new([unit()]).one_minute();
    killed_at(&world, unrecorded());
    world.process().run_until(mon(11, 0));
    assert_eq!(world.story("shop-prod"), ["planned", "intended", "resolved", "recovered"]);
    let recovered = world.of_kind(Kind::ActionRecovered).remove(0).body;
    assert!(!recovered.counts.contains_key("recovery_seconds"), "{recovered:?}");
    assert!(recovered.why.contains("when it was looked at"), "{}", recovered.why);
    world.audit();
}

#[test]
fn what_is_not_whole_when_its_crash_is_resolved_is_late_at_once() {
    let world = World::new([daily("shop-prod-v001").boot(2400..=2400)]).one_minute();
    killed_at(&world, unrecorded());
    world.process().run_until(mon(11, 0));
    assert_eq!(world.story("shop-prod"), ["planned", "intended", "resolved", "unrecovered", "recovered"]);
    let at = |kind| world.of_kind(kind).remove(0).body.at;
    assert!(at(Kind::ActionUnrecovered) <= at(Kind::ActionResolved) + seconds(60));
    world.audit();
}

#[test]
fn a_reboot_that_a_crash_left_behind_is_followed_as_if_it_had_happened() {
    let world = World::new([unit().tag("simian:chaos:faults", "reboot")]).one_minute();
    killed_at(&world, unrecorded());
    world.process().run_until(mon(11, 0));
    assert_eq!(world.story("shop-prod"), ["planned", "intended", "resolved", "recovered"]);
    assert_eq!(world.outcome("shop-prod"), Some(Outcome::Unknown));
    assert_eq!(world.claim("shop-prod").stage, Stage::Closed);
}
