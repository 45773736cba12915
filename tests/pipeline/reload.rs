//! Another config takes over in the same process: what is under way ends first, and nothing is done twice.

use simian::daemon::{self, Begin};
use simian_core::{Clock, Kind, Outcome, Stage};
use simian_sim::{Fault, call};

use crate::world::{World, daily, minutes, mon, seconds};

#[test]
fn what_is_under_way_at_a_reload_ends_before_the_next_config_counts() {
    let world = World::new([daily("shop-prod-v001")]).one_minute();
    world.cloud.inject(call::TERMINATE, 1, Fault::Latency(seconds(15)));
    let first = world.process();
    let mut daemon = first.daemon();
    first.on(&mut daemon, mon(10, 0) + seconds(3));
    assert_eq!(world.claim("shop-prod").stage, Stage::Acting);
    first.end.reload.cancel();
    world.clock.drive(daemon).unwrap();

    assert_eq!(world.outcome("shop-prod"), Some(Outcome::Done), "longer than a stop would wait");
    assert!(world.of_kind(Kind::DaemonStopped).is_empty(), "the process is still there");
    assert!(world.heard_all());

    let second = world.process();
    let daemon = daemon::run(&second.engine, &second.schedules, &second.sinks, "other", Begin::Reloaded, &second.end);
    assert!(world.clock.drive_until(mon(10, 30), std::pin::pin!(daemon)).is_pending());
    assert_eq!(world.of_kind(Kind::DaemonStarted).len(), 1);
    let loaded: Vec<_> = world.of_kind(Kind::ConfigLoaded).into_iter().map(|event| event.body.config).collect();
    assert_eq!(loaded, [Some("config".to_owned()), Some("other".to_owned())]);
    assert_eq!(world.story("shop-prod"), ["planned", "intended", "done", "recovered"]);
    assert_eq!(world.calls_for("shop-prod"), 1);
    world.audit();
}

#[test]
fn a_call_that_outlasts_a_reload_is_resolved_by_looking() {
    let world = World::new([daily("shop-prod-v001")]).one_minute();
    world.cloud.inject(call::TERMINATE, 1, Fault::Latency(minutes(5)));
    let first = world.process();
    let mut daemon = first.daemon();
    first.on(&mut daemon, mon(10, 0) + seconds(3));
    first.end.reload.cancel();
    world.clock.drive(daemon).unwrap();
    assert_eq!(world.clock.now(), mon(10, 0) + seconds(3) + daemon::HAND_OVER);

    world.process().run_until(mon(10, 30));
    assert_eq!(world.outcome("shop-prod"), Some(Outcome::Failed));
    assert_eq!(world.calls_for("shop-prod"), 1);
    world.audit();
}

#[test]
fn a_stop_cuts_a_reload_short() {
    let world = World::new([daily("shop-prod-v001")]).one_minute();
    world.cloud.inject(call::TERMINATE, 1, Fault::Latency(minutes(5)));
    let process = world.process();
    let mut daemon = process.daemon();
    process.on(&mut daemon, mon(10, 0) + seconds(3));
    process.end.reload.cancel();
    process.on(&mut daemon, mon(10, 0) + seconds(20));
    process.end.stop.cancel();
    world.clock.drive(daemon).unwrap();
    assert!(world.clock.now() <= mon(10, 0) + seconds(30), "{}", world.clock.now());
    assert_eq!(world.sink.events().last().map(|event| event.body.kind), Some(Kind::DaemonStopped));
    world.audit();
}
