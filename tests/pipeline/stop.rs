//! Told to stop, the daemon stops soon, tells of it, and leaves nothing that the next start cannot resolve.

use simian_core::{Cause, Clock, Kind, Outcome, Stage};
use simian_sim::{Fault, Refusal, call};

use crate::world::{World, daily, mon, seconds};

#[test]
fn the_last_thing_that_the_sinks_hear_is_that_it_stopped() {
    let world = World::new([daily("shop-prod-v001")]);
    let process = world.process();
    let mut daemon = process.daemon();
    process.on(&mut daemon, mon(9, 0));
    process.end.stop.cancel();
    world.clock.drive(daemon).unwrap();
    assert_eq!(world.sink.events().last().map(|event| event.body.kind), Some(Kind::DaemonStopped));
    assert!(world.heard_all());
    assert_eq!(world.clock.now(), mon(9, 0), "with nothing to wait for");
}

#[test]
fn a_sink_that_refuses_at_the_stop_is_asked_once_more_and_does_not_hold_it_up() {
    let world = World::new([daily("shop-prod-v001")]);
    world.sink.set_down(Some(Refusal { after: 0, message: "down".into(), lasting: false }));
    let process = world.process();
    let mut daemon = process.daemon();
    process.on(&mut daemon, mon(9, 0));
    let before = world.sink.publishes();
    process.end.stop.cancel();
    world.clock.drive(daemon).unwrap();
    assert!(world.clock.now() <= mon(9, 0) + seconds(10));
    assert_eq!(world.sink.publishes(), before + 1);
    // It comes back while nobody is there; the next start tells everything.
    world.sink.set_down(None);
    world.process().run_until(mon(9, 1));
    assert!(world.heard_all());
    world.audit();
}

#[test]
fn a_stop_during_a_slow_call_takes_less_than_ten_seconds_and_is_resolved_at_the_next_start() {
    for (fault, outcome) in
        [(Fault::Latency(seconds(30)), Outcome::Failed), (Fault::ErrorAfter(Cause::Timeout), Outcome::Done)]
    {
        let world = World::new([daily("shop-prod-v001")]).one_minute();
        world.cloud.inject(call::TERMINATE, 1, fault);
        let process = world.process();
        let mut daemon = process.daemon();
        process.on(&mut daemon, mon(10, 0) + seconds(3));
        process.end.stop.cancel();
        world.clock.drive(daemon).unwrap();
        assert!(world.clock.now() <= mon(10, 0) + seconds(13), "{}", world.clock.now());
        assert_eq!(world.claim("shop-prod").stage, Stage::Acting);
        assert!(world.heard_all());
        world.audit();

        world.process().run_until(mon(10, 30));
        assert_eq!(world.outcome("shop-prod"), Some(outcome));
        assert_eq!(world.calls_for("shop-prod"), 1);
        world.audit();
    }
}

#[test]
fn a_call_that_is_answered_soon_after_the_stop_is_still_recorded() {
    let world = World::new([daily("shop-prod-v001")]).one_minute();
    world.cloud.inject(call::TERMINATE, 1, Fault::Latency(seconds(6)));
    let process = world.process();
    let mut daemon = process.daemon();
    process.on(&mut daemon, mon(10, 0) + seconds(3));
    process.end.stop.cancel();
    world.clock.drive(daemon).unwrap();
    assert_eq!(world.outcome("shop-prod"), Some(Outcome::Done));
    world.audit();
}
