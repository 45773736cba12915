//! The kill switch, and the ledger that does not know what happened before it.

use chrono::TimeDelta;
use simian::control::{self, Request};
use simian_core::rails::NEWBORN;
use simian_core::{Cause, Change, Kind, Ledger, Outcome, Pause};
use simian_ledger::MemoryLedger;
use simian_sim::{Fault, call};
use uuid::Uuid;

use crate::world::{World, at_once, daily, minutes, mon, rarely, seconds, tue};

#[test]
fn a_pause_stops_everything_and_a_resume_catches_nothing_up() {
    let names = ["a", "b", "c", "d", "e", "f", "g", "h"].map(|name| format!("{name}-prod-v001"));
    let world = World::new(names.iter().map(|name| daily(name))).unlimited();
    let process = world.process();
    let mut daemon = process.daemon();
    process.on(&mut daemon, mon(9, 0));
    process.pause("incident 7");
    process.on(&mut daemon, mon(12, 30));
    assert!(world.hit().is_empty());
    process.resume(false);
    process.on(&mut daemon, mon(23, 0));

    let (mut late, mut gone) = (0, 0);
    for planned in world.of_kind(Kind::ActionPlanned) {
        let (due, unit) = (planned.body.due.unwrap(), planned.body.unit.unwrap());
        let cluster = unit.trim_start_matches("cluster:");
        let story = world.story(cluster);
        if due + minutes(30) <= mon(12, 30) {
            gone += 1;
            assert_eq!(story, ["planned", "held", "missed"], "{cluster} was due at {due}");
        } else {
            late += 1;
            assert_eq!(story.last().unwrap(), "recovered", "{cluster} was due at {due}");
        }
    }
    assert!(late > 0 && gone > 3, "{late} {gone}");
    assert!(world.of_kind(Kind::ActionMissed).iter().all(|event| event.body.why.contains("held by paused")));
    world.audit();
}

#[test]
fn a_pause_during_a_slow_survey_is_seen_before_the_act() {
    let world = World::new([daily("shop-prod-v001")]).one_minute();
    let process = world.process();
    let mut daemon = process.daemon();
    process.on(&mut daemon, mon(9, 59));
    for nth in 1..=2 {
        world.cloud.inject(call::GROUPS, nth, Fault::Latency(seconds(10)));
    }
    process.on(&mut daemon, mon(10, 0) + seconds(5));
    process.pause("incident 7");
    process.on(&mut daemon, mon(10, 30));

    assert!(world.hit().is_empty());
    assert_eq!(world.story("shop-prod"), ["planned", "held", "missed"]);
    assert!(world.claims().is_empty(), "the key was not spent");
    world.audit();
}

#[test]
fn a_pause_between_two_tries_of_a_throttled_call_stops_the_second() {
    let world = World::new([daily("shop-prod-v001")]).one_minute();
    let process = world.process();
    let mut daemon = process.daemon();
    for nth in 1..=3 {
        world.cloud.inject(call::TERMINATE, nth, Fault::ErrorBefore(Cause::Throttled));
    }
    process.on(&mut daemon, mon(10, 0) + seconds(2));
    assert_eq!(world.calls_for("shop-prod"), 2);
    process.pause("incident 7");
    process.on(&mut daemon, mon(10, 30));

    assert!(world.hit().is_empty());
    assert_eq!(world.calls_for("shop-prod"), 2, "no call after the pause");
    assert_ne!(world.outcome("shop-prod"), Some(Outcome::Done));
    world.audit();
}

#[test]
fn a_pause_between_two_batches_stops_the_second() {
    let world = World::new((0..60).map(|n| rarely(&format!("s{n:02}-prod-v001")))).unlimited();
    let process = world.process();
    world.clock.set(mon(10, 0));
    world.cloud.inject(call::TERMINATE, 1, Fault::Latency(seconds(5)));
    let mut round = Box::pin(process.game_day_round("g", simian_core::Mode::Live));
    assert!(world.clock.drive_until(mon(10, 0) + seconds(2), round.as_mut()).is_pending());
    process.pause("incident 7");
    let closed = world.clock.drive(round);
    assert_eq!(world.hit().len(), 50, "what was on its way is on its way");
    let left = closed.acted.iter().filter(|acted| acted.outcome == Some(Outcome::Abandoned));
    assert_eq!(left.filter(|acted| acted.why.contains("paused")).count(), 10);
    world.audit();
}

#[test]
fn a_pause_with_an_end_ends_by_itself() {
    let world = World::new([daily("shop-prod-v001")]);
    let process = world.process();
    process.run_until(mon(8, 1));
    let due = world.due("shop-prod");
    let request = Request::Pause { why: "lunch".into(), until: Some(due - seconds(1)) };
    at_once(control::serve(&process.engine, "ann", request)).unwrap();
    process.run_until(mon(23, 0));
    assert_eq!(world.hit(), ["shop-prod"]);
    world.audit();
}

/// A ledger born this morning, paused as `simian run` pauses it.
fn newborn() -> World {
    let mut world = World::new([daily("shop-prod-v001")]);
    world.ledger = MemoryLedger::new(Uuid::from_u128(2), mon(8, 0));
    let pause = Pause { at: mon(8, 0), actor: NEWBORN.into(), why: "new".into(), until: None };
    at_once(world.ledger.commit(Vec::new(), vec![Change::Pause(Some(pause))])).unwrap();
    world
}

#[test]
fn a_new_ledger_holds_by_the_pause_the_cool_down_and_the_budgets() {
    let world = newborn();
    world.process().run_until(mon(23, 0));
    assert!(world.hit().is_empty());
    let held = &world.of_kind(Kind::ActionHeld)[0].body;
    let holds: Vec<&str> =
        held.verdicts.iter().filter(|ruling| ruling.says.holds()).map(|ruling| &*ruling.rail).collect();
    assert_eq!(holds, ["paused", "cool_down", "budgets"]);
    world.audit();
}

#[test]
fn a_plain_resume_lifts_the_pause_but_not_the_birth() {
    let world = newborn();
    let process = world.process();
    let said = process.resume(false);
    assert!(said.contains("--first-run"), "{said}");
    let mut daemon = process.daemon();
    process.on(&mut daemon, mon(23, 0));
    assert!(world.hit().is_empty(), "the first day is spent");
    process.on(&mut daemon, tue(23, 0));
    assert_eq!(world.hit(), ["shop-prod"], "the next working day is free");
    world.audit();
}

#[test]
fn the_word_that_nothing_acted_here_before_lifts_both() {
    let world = newborn();
    let process = world.process();
    process.resume(true);
    process.run_until(mon(23, 0));
    assert_eq!(world.hit(), ["shop-prod"]);
    world.audit();
}

#[test]
fn a_new_ledger_does_not_keep_anybody_from_rehearsing() {
    let mut world = newborn();
    world.policy.mode = simian_core::Mode::DryRun;
    world.process().run_until(mon(23, 0) + TimeDelta::days(0));
    assert_eq!(world.of_kind(Kind::ActionRehearsed).len(), 1);
    world.audit();
}
