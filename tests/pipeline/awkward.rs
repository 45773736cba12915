//! AWS says no, or slow down.

use simian_core::{Cause, Kind, Outcome, Stage};
use simian_sim::{Fault, Weather, call};

use crate::world::{World, minutes, mon, rarely, seconds};

fn one() -> World {
    let world = World::new([rarely("shop-prod-v001")]);
    world.clock.set(mon(10, 0));
    world
}

#[test]
fn a_throttled_end_is_tried_again_after_a_while() {
    let world = one();
    for nth in 1..=2 {
        world.cloud.inject(call::TERMINATE, nth, Fault::ErrorBefore(Cause::Throttled));
    }
    world.process().game_day("g");
    assert_eq!(world.outcome("shop-prod"), Some(Outcome::Done));
    let calls: Vec<i64> = world.ending_calls().iter().map(|(at, _)| (*at - mon(10, 0)).num_seconds()).collect();
    assert_eq!(calls, [0, 1, 3]);
    world.audit();
}

#[test]
fn throttled_to_the_end_it_has_failed_and_no_try_was_too_late() {
    let world = one();
    for nth in 1..=20 {
        world.cloud.inject(call::TERMINATE, nth, Fault::ErrorBefore(Cause::Throttled));
    }
    world.process().game_day("g");
    assert_eq!(world.outcome("shop-prod"), Some(Outcome::Failed));
    assert_eq!(world.claim("shop-prod").stage, Stage::Closed);
    let calls = world.ending_calls();
    assert!(calls.len() > 3 && calls.iter().all(|(at, _)| *at + seconds(20) <= mon(10, 1)), "{calls:?}");
    world.audit();
}

#[test]
fn nothing_but_a_throttle_is_tried_again() {
    for (cause, outcome) in [
        (Cause::Denied, Outcome::Refused),
        (Cause::Credentials, Outcome::Refused),
        (Cause::Refused("OperationNotPermitted".into()), Outcome::Refused),
        (Cause::Unreachable, Outcome::Failed),
        (Cause::Timeout, Outcome::Unknown),
        (Cause::Broken, Outcome::Unknown),
        (Cause::Malformed, Outcome::Unknown),
    ] {
        let world = one();
        world.cloud.inject(call::TERMINATE, 1, Fault::ErrorBefore(cause.clone()));
        world.process().game_day("g");
        assert_eq!(world.outcome("shop-prod"), Some(outcome), "{cause:?}");
        assert_eq!(world.calls_for("shop-prod"), 1, "{cause:?}");
        assert!(world.hit().is_empty());
        world.audit();
    }
}

#[test]
fn a_missing_permission_is_a_refusal_that_names_it() {
    let world = one();
    world.cloud.set_weather(Weather { denied: [call::TERMINATE].into(), ..Weather::calm() });
    let process = world.process();
    process.game_day("g");
    let refused = &world.of_kind(Kind::ActionRefused)[0].body;
    assert!(refused.why.contains("no permission for ec2:TerminateInstances"), "{}", refused.why);
    assert_eq!(world.claim("shop-prod").stage, Stage::Closed, "there is nothing to watch");
    process.run_until(mon(10, 30));
    assert_eq!(world.story("shop-prod"), ["intended", "refused"]);
    world.audit();
}

#[test]
fn a_refusal_spends_the_day_but_not_the_cool_down() {
    let world = one();
    world.cloud.inject(call::TERMINATE, 1, Fault::ErrorBefore(Cause::Denied));
    let process = world.process();
    process.game_day("g");
    let again = process.game_day("again");
    assert_eq!(crate::world::holds(&again.held[0].rulings), ["budgets"], "one key a unit a day");
    world.clock.set(mon(10, 0) + minutes(24 * 60));
    process.game_day("tomorrow");
    assert_eq!(world.hit().len(), 1);
}

#[test]
fn our_own_instance_is_never_ended_and_not_knowing_which_it_is_holds() {
    let world = one();
    let process = world.process();
    // Whoever would be chosen is us.
    let probe = World::new([rarely("shop-prod-v001")]);
    probe.clock.set(mon(10, 0));
    probe.process().game_day("g");
    world.cloud.set_ourselves(Some(probe.claim("shop-prod").targets[0].instance.clone()));
    let closed = process.game_day("g");
    assert_eq!(closed.held[0].held_by().unwrap().rail, "ourselves");

    let world = one();
    for nth in 1..=2 {
        // Each region's round asks.
        world.cloud.inject(call::OURSELVES, nth, Fault::ErrorBefore(Cause::Timeout));
    }
    let process = world.process();
    let closed = process.game_day("g");
    assert_eq!(closed.held[0].held_by().unwrap().rail, "ourselves");
    assert_eq!(process.game_day("again").acted.len(), 1, "it is asked again");
    world.audit();
}
