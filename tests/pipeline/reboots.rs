//! A reboot: the same instance goes and comes back, and nobody can look up whether it went.

use simian_core::{Cause, Kind, Outcome, Stage};
use simian_sim::{Fault, GroupSpec, call};

use crate::world::{World, minutes, mon, rarely, seconds};

fn rebooting(name: &str) -> GroupSpec {
    rarely(name).tag("simian:chaos:faults", "reboot")
}

fn one() -> World {
    let world = World::new([rebooting("shop-prod-v001")]);
    world.clock.set(mon(10, 0));
    world
}

fn rebooted(world: &World) -> usize {
    world.cloud.truth().lives().values().map(|life| life.rebooted.len()).sum()
}

#[test]
fn it_is_queued_and_watched_until_the_same_instance_serves_again() {
    let world = one();
    let process = world.process();
    process.game_day("g");
    assert_eq!((world.outcome("shop-prod"), rebooted(&world)), (Some(Outcome::Done), 1));
    assert!(world.of_kind(Kind::ActionDone)[0].body.why.ends_with("AWS queued it"));
    let mut daemon = process.daemon();
    process.on(&mut daemon, mon(10, 4) + seconds(59));
    assert_eq!(world.claim("shop-prod").stage, Stage::Watching, "it may not even be down yet, for all anybody can see");
    process.on(&mut daemon, mon(10, 6));
    assert_eq!(world.story("shop-prod"), ["intended", "done", "recovered"]);
    drop(daemon);
    assert!(world.cloud.truth().ended_by_us().is_empty());
    world.audit();
}

#[test]
fn many_share_a_call_and_a_wrong_id_refuses_them_all() {
    let world = World::new((0..70).map(|n| rebooting(&format!("s{n:02}-prod-v001")))).unlimited();
    world.clock.set(mon(10, 0));
    let process = world.process();
    process.game_day("g");
    assert_eq!((world.cloud.calls()[call::REBOOT], rebooted(&world)), (2, 70));

    let world = one();
    world.cloud.inject(call::REBOOT, 1, Fault::ErrorBefore(Cause::Refused("InvalidInstanceID.NotFound".into())));
    world.process().game_day("g");
    assert_eq!((world.outcome("shop-prod"), rebooted(&world)), (Some(Outcome::Refused), 0));
    assert!(!world.cloud.calls().contains_key(call::INSTANCES), "a look would show nothing");
    world.audit();
}

#[test]
fn an_unclear_answer_stays_unknown_and_is_followed_as_if_it_had_happened() {
    for fault in [Fault::ErrorBefore(Cause::Timeout), Fault::ErrorAfter(Cause::Timeout)] {
        let world = one();
        world.cloud.inject(call::REBOOT, 1, fault);
        let process = world.process();
        process.game_day("g");
        assert_eq!(world.outcome("shop-prod"), Some(Outcome::Unknown));
        process.run_until(mon(10, 40));
        assert_eq!(world.story("shop-prod"), ["intended", "resolved", "recovered"]);
        let claim = world.claim("shop-prod");
        assert_eq!((claim.outcome, claim.stage), (Some(Outcome::Unknown), Stage::Closed));
        assert_eq!(world.cloud.calls()[call::REBOOT], 1, "and never tried again");
        world.audit();
    }
}

#[test]
fn one_that_a_crash_interrupted_is_told_to_be_unknown() {
    let world = one();
    world.cloud.inject(call::REBOOT, 1, Fault::Latency(seconds(10)));
    {
        let process = world.process();
        let mut round = Box::pin(process.game_day_round("g", simian_core::Mode::Live));
        assert!(world.clock.drive_until(mon(10, 0) + seconds(5), round.as_mut()).is_pending());
    }
    world.process().run_until(mon(10, 30));
    assert_eq!(world.story("shop-prod"), ["intended", "resolved", "recovered"]);
    assert!(world.of_kind(Kind::ActionResolved)[0].body.why.contains("nobody can see"));
    assert_eq!((world.outcome("shop-prod"), rebooted(&world)), (Some(Outcome::Unknown), 0));
    world.audit();
}

#[test]
fn one_that_stays_away_is_not_back_at_the_deadline() {
    let world = one();
    let process = world.process();
    process.game_day("g");
    let target = world.claim("shop-prod").targets[0].instance.clone();
    let group = simian_sim::GroupId::new(&crate::world::us(), "shop-prod-v001");
    // Its group may not replace it, and its own check says that it is sick.
    world.cloud.perform(simian_sim::Operation::Suspend { group, process: "ReplaceUnhealthy".into() });
    let who = simian_sim::Who::Id(target);
    world.cloud.perform(simian_sim::Operation::SetHealth { who, healthy: false });
    process.run_until(mon(10, 0) + minutes(16));
    assert_eq!(world.story("shop-prod"), ["intended", "done", "unrecovered"]);
    assert!(world.of_kind(Kind::ActionUnrecovered)[0].body.why.contains("has 3 of 4"));
    world.audit();
}
