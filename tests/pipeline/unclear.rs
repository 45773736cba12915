//! The answer is lost. Nothing is called twice; looking says what happened, sooner or later.

use simian_core::{Cause, Kind, Outcome, Stage};
use simian_sim::{Fault, call};

use crate::world::{World, minutes, mon, rarely, seconds};

fn one() -> World {
    let world = World::new([rarely("shop-prod-v001")]);
    world.clock.set(mon(10, 0));
    world
}

#[test]
fn lost_before_its_effect_it_is_unknown_until_aws_can_no_longer_honour_it_and_then_failed() {
    let world = one();
    world.cloud.inject(call::TERMINATE, 1, Fault::ErrorBefore(Cause::Timeout));
    let process = world.process();
    process.game_day("g");
    assert_eq!(world.outcome("shop-prod"), Some(Outcome::Unknown));
    let mut daemon = process.daemon();
    process.on(&mut daemon, mon(10, 16) + seconds(59));
    assert_eq!((world.outcome("shop-prod"), world.claim("shop-prod").stage), (Some(Outcome::Unknown), Stage::Watching));
    process.on(&mut daemon, mon(10, 18));
    assert_eq!((world.outcome("shop-prod"), world.claim("shop-prod").stage), (Some(Outcome::Failed), Stage::Closed));
    assert_eq!(world.story("shop-prod"), ["intended", "resolved", "resolved"], "and never unrecovered: it is whole");
    assert_eq!(world.calls_for("shop-prod"), 1);
    drop(daemon);
    world.audit();
}

#[test]
fn lost_after_its_effect_a_look_shows_it_at_once() {
    for cause in [Cause::Timeout, Cause::Broken, Cause::Malformed] {
        let world = one();
        world.cloud.inject(call::TERMINATE, 1, Fault::ErrorAfter(cause));
        let process = world.process();
        process.game_day("g");
        assert_eq!(world.outcome("shop-prod"), Some(Outcome::Done));
        process.run_until(mon(10, 30));
        assert_eq!(world.story("shop-prod"), ["intended", "done", "recovered"]);
        assert_eq!(world.calls_for("shop-prod"), 1);
        world.audit();
    }
}

#[test]
fn lost_and_looking_fails_too_it_is_unknown_and_resolved_at_the_next_look() {
    let world = one();
    world.cloud.inject(call::TERMINATE, 1, Fault::ErrorAfter(Cause::Timeout));
    for nth in 1..=3 {
        world.cloud.inject(call::INSTANCES, nth, Fault::ErrorBefore(Cause::Broken));
    }
    let process = world.process();
    process.game_day("g");
    assert_eq!(world.outcome("shop-prod"), Some(Outcome::Unknown));
    process.run_until(mon(10, 30));
    assert_eq!(world.outcome("shop-prod"), Some(Outcome::Done));
    assert_eq!(world.story("shop-prod"), ["intended", "resolved", "resolved", "recovered"]);
    assert_eq!(world.calls_for("shop-prod"), 1);
    world.audit();
}

#[test]
fn what_nobody_knows_counts_as_done_for_the_unit_and_the_budgets() {
    let mut world = one();
    world.policy.budgets.concurrent = Some(1);
    world.cloud.inject(call::TERMINATE, 1, Fault::ErrorBefore(Cause::Timeout));
    let process = world.process();
    process.game_day("g");
    let closed = process.game_day("again");
    assert!(closed.acted.is_empty());
    assert_eq!(crate::world::holds(&closed.held[0].rulings), ["cool_down", "recovered", "budgets"]);
}

#[test]
fn a_look_that_fails_for_an_hour_holds_the_place_and_resolves_in_the_end() {
    let world = one();
    world.cloud.inject(call::TERMINATE, 1, Fault::ErrorAfter(Cause::Timeout));
    let mut weather = world.cloud.weather();
    weather.denied.insert(call::INSTANCES);
    world.cloud.set_weather(weather);
    let process = world.process();
    process.game_day("g");
    let mut daemon = process.daemon();
    process.on(&mut daemon, mon(11, 0));
    assert_eq!(world.outcome("shop-prod"), Some(Outcome::Unknown));
    assert_ne!(world.claim("shop-prod").stage, Stage::Closed);
    world.cloud.set_weather(simian_sim::Weather::calm());
    process.on(&mut daemon, mon(11, 0) + minutes(2));
    assert_eq!((world.outcome("shop-prod"), world.claim("shop-prod").stage), (Some(Outcome::Done), Stage::Closed));
    assert!(world.of_kind(Kind::ActionUnrecovered).is_empty(), "it was whole all the time");
    drop(daemon);
    world.audit();
}

#[test]
fn a_graceful_end_whose_answer_is_lost_is_found_in_its_group() {
    let group = rarely("shop-prod-v001").tag("simian:chaos:faults", "terminate-gracefully").hook(6 * 3600);
    let world = World::new([group]);
    world.clock.set(mon(10, 0));
    world.cloud.inject(call::TERMINATE_IN_GROUP, 1, Fault::ErrorAfter(Cause::Timeout));
    let process = world.process();
    process.game_day("g");
    assert_eq!(world.outcome("shop-prod"), Some(Outcome::Unknown));
    process.run_until(mon(10, 10));
    assert_eq!(world.outcome("shop-prod"), Some(Outcome::Done));
    assert_eq!(world.calls_for("shop-prod"), 1);
    world.audit();
}
