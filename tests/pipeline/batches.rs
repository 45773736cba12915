//! Many at once share calls; each has its own intent and its own end.

use std::collections::BTreeMap;

use simian_core::{Cause, Kind, Outcome};
use simian_sim::{Fault, GroupId, GroupSpec, Operation, Weather, Who, call};

use crate::world::{World, eu, minutes, mon, rarely, rarely_in, seconds, us};

#[test]
fn a_hundred_and_twenty_at_once_take_two_calls() {
    let groups = (0..120).map(|n| rarely(&format!("s{n:03}-prod-v001")));
    let others = (0..60).map(|n| rarely_in(&eu(), &format!("e{n:03}-prod-v001")));
    let world = World::new(groups.chain(others)).unlimited();
    world.clock.set(mon(10, 0));
    let closed = world.process().game_day("g");

    assert_eq!(closed.acted.len(), 180);
    let mut calls: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for record in world.cloud.call_log().iter().filter(|record| record.call == call::TERMINATE) {
        calls.entry(record.region.clone().unwrap()).or_default().push(record.summary.split(' ').count());
    }
    assert_eq!(calls, BTreeMap::from([(us(), vec![60, 60]), (eu(), vec![60])]));
    for kind in [Kind::ActionIntended, Kind::ActionDone] {
        assert_eq!(world.of_kind(kind).len(), 180, "{kind}");
    }
    assert_eq!(world.hit().len(), 180);
    world.audit();
}

/// Three groups: one whose members EC2 will not end, its neighbour in the same zone, and one in another.
fn shielded() -> World {
    let zoned = |name: &str, zone: &str| rarely(name).zones(&[zone]);
    let world = World::new([zoned("guard-prod-v001", "a"), zoned("near-prod-v001", "a"), zoned("far-prod-v001", "b")]);
    for nth in 0..4 {
        let who = Who::Nth(GroupId::new(&us(), "guard-prod-v001"), nth);
        assert!(world.cloud.perform(Operation::Shield { who, on: true }));
    }
    world.clock.set(mon(10, 0));
    world
}

fn outcomes(world: &World) -> [Option<Outcome>; 3] {
    ["guard-prod", "near-prod", "far-prod"].map(|cluster| world.outcome(cluster))
}

#[test]
fn one_protected_instance_does_not_keep_its_neighbours_from_their_end() {
    let world = shielded();
    world.process().game_day("g");
    assert_eq!(outcomes(&world), [Some(Outcome::Refused), Some(Outcome::Done), Some(Outcome::Done)]);
    assert_eq!(world.hit().len(), 2);
    world.audit();
}

#[test]
fn a_half_success_that_a_stale_look_hides_is_never_recorded_as_not_done() {
    // The call ends the one in the other zone and fails. The looks are old, and EC2 throttles every further call.
    for seed in 0..20 {
        let world = shielded();
        let throttled = Weather { seed, stale_seconds: 120, ..Weather::calm() };
        world.cloud.set_weather(throttled);
        for nth in 2..40 {
            world.cloud.inject(call::TERMINATE, nth, Fault::ErrorBefore(Cause::Throttled));
        }
        let process = world.process();
        process.game_day("g");
        assert!(matches!(world.outcome("far-prod"), Some(Outcome::Done | Outcome::Unknown)), "{:?}", outcomes(&world));
        world.cloud.set_weather(Weather::calm());
        process.run_until(mon(10, 40));
        assert_eq!(world.outcome("far-prod"), Some(Outcome::Done), "{seed}");
        assert_ne!(world.outcome("near-prod"), Some(Outcome::Done), "{seed}");
        world.audit();
    }
}

#[test]
fn one_unknown_id_does_not_keep_the_others_from_their_end() {
    // Its group never noticed that they all died two hours ago, and EC2 has forgotten them. Nobody asks whether it heals.
    let mut world = World::new([
        rarely("ghost-prod-v001").suspend("HealthCheck"),
        rarely("near-prod-v001"),
        rarely("far-prod-v001"),
    ]);
    for nth in 0..4 {
        world.cloud.perform(Operation::KillMember(Who::Nth(GroupId::new(&us(), "ghost-prod-v001"), nth)));
    }
    world.policy.disabled.insert("steady".into());
    world.clock.set(mon(10, 5));
    world.process().game_day("g");
    assert_eq!(world.outcome("ghost-prod"), Some(Outcome::Refused));
    assert_eq!(world.outcome("near-prod"), Some(Outcome::Done));
    assert_eq!(world.outcome("far-prod"), Some(Outcome::Done));
    world.audit();
}

#[test]
fn a_batch_that_breaks_halfway_is_looked_up_and_never_called_again() {
    let world = World::new((0..5).map(|n| rarely(&format!("s{n}-prod-v001")))).unlimited();
    world.clock.set(mon(10, 0));
    world.cloud.inject(call::TERMINATE, 1, Fault::ErrorHalfway(Cause::Broken));
    let process = world.process();
    let closed = process.game_day("g");
    let count = |outcome| closed.acted.iter().filter(|acted| acted.outcome == Some(outcome)).count();
    assert_eq!((count(Outcome::Done), count(Outcome::Unknown)), (3, 2));
    process.run_until(mon(10, 30));
    let failed = world.claims().iter().filter(|claim| claim.outcome == Some(Outcome::Failed)).count();
    assert_eq!(failed, 2);
    assert_eq!(world.cloud.calls()[call::TERMINATE], 1);
    world.audit();
}

#[test]
fn ends_of_both_kinds_and_in_both_regions_do_not_wait_for_each_other() {
    // Five graceful ends in a region that does not answer take 100 seconds: more than anybody has.
    let graceful = |spec: GroupSpec| spec.tag("simian:chaos:faults", "terminate-gracefully");
    let slow = (0..5).map(|n| graceful(rarely_in(&eu(), &format!("slow{n}-prod-v001"))));
    let world = World::new(slow.chain([rarely("shop-prod-v001")])).unlimited();
    world.clock.set(mon(10, 0));
    for nth in 1..=5 {
        world.cloud.inject(call::TERMINATE_IN_GROUP, nth, Fault::ErrorBefore(Cause::Timeout));
    }
    let process = world.process();
    process.game_day("g");
    assert_eq!(world.outcome("shop-prod"), Some(Outcome::Done));
    assert_eq!(world.ending_calls().iter().filter(|(at, _)| *at > mon(10, 0) + seconds(40)).count(), 0);
    process.run_until(mon(10, 20) + minutes(10));
    world.audit();
}
