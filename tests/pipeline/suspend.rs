//! The machine sleeps, and the clock is an hour further when it wakes.

use std::sync::Arc;

use simian_core::{Cause, Clock, Kind, Outcome};
use simian_sim::{Fault, call};

use crate::hooked::{Hooked, Moment};
use crate::world::{World, daily, minutes, mon, seconds, us};

/// A day in which the machine sleeps for an hour at the first moment that the test means.
fn asleep_at(world: &World, meant: impl Fn(&Moment<'_>) -> bool + Send + Sync + 'static) {
    let clock = world.clock.clone();
    let slept = std::sync::atomic::AtomicBool::new(false);
    let ledger = Hooked::new(&world.ledger, move |moment| {
        if meant(&moment) && !slept.swap(true, std::sync::atomic::Ordering::SeqCst) {
            clock.jump(minutes(60));
        }
        Ok(())
    });
    world.process_on("one", Arc::new(ledger)).run_until(mon(23, 0));
}

#[test]
fn asleep_between_the_claim_and_the_intent_it_wakes_too_late_to_act() {
    let world = World::new([daily("shop-prod-v001")]);
    asleep_at(&world, |moment| matches!(moment, Moment::Claimed));
    assert_eq!(world.cloud.calls().get(call::TERMINATE), None);
    assert_eq!(world.outcome("shop-prod"), Some(Outcome::Abandoned));
    world.audit();
}

#[test]
fn asleep_between_the_intent_and_the_call_it_wakes_too_late_to_act() {
    let world = World::new([daily("shop-prod-v001")]);
    asleep_at(&world, |moment| moment.told(Kind::ActionIntended));
    assert_eq!(world.cloud.calls().get(call::TERMINATE), None);
    assert_eq!(world.outcome("shop-prod"), Some(Outcome::Abandoned));
    world.audit();
}

#[test]
fn asleep_between_two_tries_it_does_not_try_again() {
    let world = World::new([daily("shop-prod-v001")]).one_minute();
    let process = world.process();
    let mut daemon = process.daemon();
    world.cloud.inject(call::TERMINATE, 1, Fault::ErrorBefore(Cause::Throttled));
    process.on(&mut daemon, mon(10, 0));
    world.clock.jump(minutes(60));
    process.on(&mut daemon, mon(12, 0));

    assert_eq!(world.calls_for("shop-prod"), 1);
    assert!(world.hit().is_empty());
    assert_eq!(world.outcome("shop-prod"), Some(Outcome::Failed));
    world.audit();
}

#[test]
fn asleep_over_its_minute_it_is_missed_and_not_caught_up() {
    let world = World::new([daily("shop-prod-v001")]);
    let process = world.process();
    let mut daemon = process.daemon();
    process.on(&mut daemon, mon(8, 1));
    let due = world.due("shop-prod");
    process.on(&mut daemon, due - minutes(5));
    world.clock.jump(minutes(60));
    process.on(&mut daemon, mon(23, 0));

    assert!(world.hit().is_empty());
    assert_eq!(world.story("shop-prod"), ["planned", "missed"]);
    world.audit();
}

#[test]
fn asleep_for_days_it_records_what_each_day_had_planned() {
    let world = World::new([daily("shop-prod-v001")]);
    let process = world.process();
    let mut daemon = process.daemon();
    process.on(&mut daemon, mon(9, 0));
    world.clock.jump(minutes(3 * 24 * 60));
    process.on(&mut daemon, mon(9, 1) + minutes(3 * 24 * 60));
    assert_eq!(world.story("shop-prod"), ["planned", "planned", "missed"], "Monday's is missed, Thursday's is to come");
    drop(daemon);
    world.audit();
}

#[test]
fn asleep_during_the_survey_it_looks_again_before_it_acts() {
    let world = World::new([daily("shop-prod-v001")]);
    let process = world.process();
    let mut daemon = process.daemon();
    process.on(&mut daemon, mon(8, 1));
    let due = world.due("shop-prod");
    process.on(&mut daemon, due - seconds(1));
    world.cloud.inject(call::GROUPS, 1, Fault::Latency(seconds(2)));
    process.on(&mut daemon, due + seconds(1));
    world.clock.jump(minutes(20));
    let before = world.cloud.calls()[call::GROUPS];
    process.on(&mut daemon, world.clock.now());
    assert_eq!(world.hit(), ["shop-prod"], "its thirty minutes were not over");
    let log = world.cloud.call_log();
    let asked = log.iter().filter(|record| record.call == call::GROUPS && record.at == world.clock.now());
    assert!(asked.clone().any(|record| record.summary.starts_with("named")), "{before}");
    drop(daemon);
    world.audit();
}

#[test]
fn no_call_is_made_after_the_hours_however_late_the_claim_was() {
    let world = World::new([daily("shop-prod-v001")]).one_minute();
    let process = world.process();
    let mut daemon = process.daemon();
    process.on(&mut daemon, mon(9, 59));
    // The survey takes 25 of the 60 seconds, and then EC2 throttles.
    world.cloud.inject(call::GROUPS, 1, Fault::Latency(seconds(25)));
    world.cloud.inject(call::GROUPS, 2, Fault::Latency(seconds(25)));
    for nth in 1..=5 {
        world.cloud.inject(call::TERMINATE, nth, Fault::ErrorBefore(Cause::Throttled));
    }
    process.on(&mut daemon, mon(10, 30));
    assert!(world.ending_calls().iter().all(|(at, _)| *at + seconds(20) <= mon(10, 1)), "{:?}", world.ending_calls());
    assert_eq!(world.outcome("shop-prod"), Some(Outcome::Failed));
    drop(daemon);
    world.audit();
}

#[test]
fn what_passes_only_because_another_was_held_at_the_second_look_is_read_itself_first() {
    // Two units of one app, one a day: the first takes the turn, and its owner opts out while the survey is slow.
    let mut world = World::new([daily("shop-a-v001"), daily("shop-b-v001")]).one_minute();
    world.policy.budgets.per_app_day = Some(1);
    world.clock.set(mon(10, 0));
    for nth in 1..=2 {
        world.cloud.inject(call::GROUPS, nth, Fault::Latency(seconds(35)));
    }
    world.policy.calendar.hours = simian_core::calendar::Hours::parse("10:00", "14:00").unwrap();
    let process = world.process();
    let mut round = Box::pin(process.game_day_round("g", simian_core::Mode::Live));
    assert!(world.clock.drive_until(mon(10, 0) + seconds(34), round.as_mut()).is_pending());
    // The second look at the first one takes five seconds; the tag changes meanwhile.
    world.cloud.inject(call::GROUPS, 1, Fault::Latency(seconds(5)));
    assert!(world.clock.drive_until(mon(10, 0) + seconds(37), round.as_mut()).is_pending());
    world.cloud.set_tag(&us(), "shop-a-v001", "simian:chaos", "off");
    let closed = world.clock.drive(round);

    assert_eq!((closed.acted.len(), world.hit()), (1, vec!["shop-b".to_owned()]));
    let named = world.cloud.call_log().into_iter().filter(|record| record.summary.starts_with("named"));
    let named: Vec<String> = named.map(|record| record.summary).collect();
    assert_eq!(named, ["named shop-a-v001", "named shop-a-v001 shop-b-v001"]);
    world.audit();
}
