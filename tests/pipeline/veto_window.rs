//! What is announced waits for its owner, and a monkey's own mode holds it back.

use simian_core::{Kind, Mode};
use simian_sim::call;

use crate::world::{World, daily, minutes, mon};

/// A unit that is announced at 08:00 and due at 10:00.
fn due_at_ten() -> World {
    World::new([daily("shop-prod-v001")]).one_minute()
}

#[test]
fn what_was_announced_long_enough_before_is_done_at_its_minute() {
    let mut world = due_at_ten();
    world.policy.veto = minutes(120);
    world.process().run_until(mon(11, 0));
    assert_eq!(world.story("shop-prod"), ["planned", "intended", "done", "recovered"]);
    world.audit();
}

#[test]
fn what_was_announced_too_late_is_held_and_missed() {
    let mut world = due_at_ten();
    world.policy.veto = minutes(121);
    world.process().run_until(mon(11, 0));
    assert_eq!(world.story("shop-prod"), ["planned", "held", "missed"]);
    let held = &world.of_kind(Kind::ActionHeld)[0].body;
    assert_eq!(held.outcome.as_deref(), Some("veto_window"));
    assert!(held.why.contains("announced 2h before"), "{}", held.why);
    world.audit();
}

#[test]
fn what_appears_at_its_minute_is_announced_then_and_waits_within_its_grace() {
    let world = World::new([daily("shop-prod-v001")]);
    let plan = world.process();
    plan.run_until(mon(8, 1));
    let due = world.due("shop-prod");
    // The same group opts in only when its minute has come.
    let mut world = World::new([daily("shop-prod-v001").tag("simian:chaos", "off")]);
    world.policy.veto = minutes(10);
    let process = world.process();
    let mut daemon = process.daemon();
    process.on(&mut daemon, due + minutes(1));
    world.cloud.set_tag(&crate::world::us(), "shop-prod-v001", "simian:chaos", "on");
    process.on(&mut daemon, mon(23, 0));
    drop(daemon);
    let planned = world.of_kind(Kind::ActionPlanned)[0].body.at;
    let told: Vec<String> = world.story("shop-prod");
    assert_eq!(told[..2], ["planned", "held"], "{told:?}");
    let held = &world.of_kind(Kind::ActionHeld)[0].body.why;
    assert!(held.contains("announced 0s before"), "the round that announces knows of it: {held}");
    for life in world.cloud.truth().ended_by_us() {
        assert!(crate::world::asked_at(&life) >= planned + minutes(10));
    }
    world.audit();
}

#[test]
fn a_game_day_does_not_wait() {
    let mut world = due_at_ten();
    world.policy.veto = minutes(600);
    world.clock.set(mon(10, 0));
    world.process().game_day("g");
    assert_eq!(world.hit(), ["shop-prod"]);
    world.audit();
}

#[test]
fn the_plan_says_that_it_will_be_old_enough_at_its_minute() {
    let mut world = due_at_ten();
    world.policy.veto = minutes(120);
    world.process().run_until(mon(8, 1));
    let plan = &world.of_kind(Kind::PlanPublished)[0].body;
    assert_eq!(plan.counts["passing_now"], 1);
    let says = &world.of_kind(Kind::ActionPlanned)[0].body.verdicts;
    assert!(!says.iter().find(|ruling| ruling.rail == "veto_window").unwrap().says.holds(), "{says:?}");
}

#[test]
fn a_monkey_that_is_held_back_rehearses_in_a_live_account() {
    let mut world = due_at_ten();
    world.policy.modes.insert("chaos".into(), Mode::DryRun);
    world.process().run_until(mon(11, 0));
    assert_eq!(world.story("shop-prod"), ["planned", "rehearsed"]);
    assert!(!world.cloud.calls().contains_key(call::TERMINATE));
    world.audit();
}
