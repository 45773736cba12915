//! Two processes on one ledger, as it is where a ledger is not one machine's own: each thing is done once, followed by
//! one, and told once.

use std::sync::{Arc, Mutex};

use futures_util::future::join;
use simian::lease;
use simian_core::claim::HOLD;
use simian_core::{Change, ClaimQuery, Clock, Kind, Lease, Ledger, Mode, Outcome, Stage};
use simian_sim::{Fault, Weather, call};

use crate::hooked::Hooked;
use crate::world::{Process, World, at_once, daily, daily_in, eu, minutes, mon, seconds};

fn two(world: &World) -> (Process, Process) {
    let process = |name| world.process_on(name, Arc::new(world.ledger.clone()));
    (process("one"), process("two"))
}

/// How often groups were asked for by name after `since`: what a watch asks.
fn looks(world: &World, since: chrono::DateTime<chrono::Utc>) -> usize {
    let log = world.cloud.call_log().into_iter();
    log.filter(|record| record.call == call::GROUPS && record.at > since && record.summary.contains("shop-prod-v001"))
        .count()
}

#[test]
fn two_replicas_do_it_once_and_tell_its_end_once() {
    for deadline in [15, 2] {
        let mut world = World::new([daily("shop-prod-v001").boot(300..=300), daily_in(&eu(), "cart-prod-v001")]);
        world.watch.deadline = minutes(deadline);
        let world = world.one_minute();
        let (one, two) = two(&world);
        let both = join(one.daemon(), two.daemon());
        assert!(world.clock.drive_until(mon(12, 0), std::pin::pin!(both)).is_pending());
        assert_eq!(world.hit().len(), 2);
        for cluster in ["shop-prod", "cart-prod"] {
            let count = |kind| {
                let unit = format!("cluster:{cluster}");
                world.of_kind(kind).iter().filter(|event| event.body.unit.as_ref() == Some(&unit)).count()
            };
            let told = [Kind::ActionIntended, Kind::ActionDone, Kind::ActionRecovered].map(count);
            assert_eq!(told, [1; 3], "{cluster}: {:?}", world.story(cluster));
            assert!(count(Kind::ActionUnrecovered) <= 1, "{cluster}");
        }
        world.audit();
    }
}

#[test]
fn two_that_judge_one_unit_at_the_same_time_under_keys_of_their_own_hit_it_once() {
    let mut world = World::new([daily("shop-prod-v001"), daily("cart-prod-v001")]);
    // Nothing but the unit itself stands between them.
    world.policy.budgets.per_unit_day = None;
    world.cloud.set_weather(Weather { latency_millis: (500, 500), ..Weather::calm() });
    world.clock.set(mon(10, 0));
    let (one, two) = two(&world);
    world.clock.drive(join(one.game_day_round("first", Mode::Live), two.game_day_round("second", Mode::Live)));
    let mut hit = world.hit();
    hit.sort();
    assert_eq!(hit, ["cart-prod", "shop-prod"]);
    let held = world.of_kind(Kind::ActionHeld);
    let refused = held.iter().filter(|event| event.body.outcome.as_deref() == Some("claim"));
    assert_eq!(refused.filter(|event| event.body.why.contains("has it, claimed at")).count(), 2);
    world.audit();
}

#[test]
fn while_both_live_one_of_them_watches() {
    let alone = World::new([daily("shop-prod-v001").boot(600..=600)]).one_minute();
    alone.process().run_until(mon(10, 12));
    let world = World::new([daily("shop-prod-v001").boot(600..=600)]).one_minute();
    let (one, two) = two(&world);
    let both = join(one.daemon(), two.daemon());
    assert!(world.clock.drive_until(mon(10, 12), std::pin::pin!(both)).is_pending());
    // From the first minute on, in which both judge: then nobody does anything but watch.
    let began = mon(10, 0) + seconds(10);
    assert!(looks(&alone, began) > 15, "{}", looks(&alone, began));
    assert_eq!(looks(&world, began), looks(&alone, began));
    assert_eq!(world.story("shop-prod").last().unwrap(), "recovered");
    world.audit();
}

#[test]
fn when_its_watcher_dies_the_other_takes_over_after_the_lease_and_finishes() {
    let world = World::new([daily("shop-prod-v001").boot(600..=600)]).one_minute();
    let (one, two) = two(&world);
    let mut dying = one.daemon();
    one.on(&mut dying, mon(10, 3));
    let held = world.claim("shop-prod");
    assert_eq!((held.holder.as_str(), held.stage), ("one", Stage::Watching));
    let mut other = two.daemon();
    two.on(&mut other, mon(10, 3) + seconds(1));
    drop(dying);
    let until = world.claim("shop-prod").held_until.unwrap();
    assert!(until > mon(10, 4), "it was renewed while it lived: {until}");

    two.on(&mut other, until - seconds(1));
    assert_eq!(world.claim("shop-prod").holder, "one", "it may still come back");
    two.on(&mut other, until + minutes(1));
    assert_eq!(world.claim("shop-prod").holder, "two");
    two.on(&mut other, mon(10, 30));
    assert_eq!(world.story("shop-prod"), ["planned", "intended", "done", "recovered"]);
    assert_eq!(world.calls_for("shop-prod"), 1, "who takes over never acts");
    world.audit();
}

#[test]
fn one_that_only_sleeps_finds_its_claim_taken_and_tells_nothing() {
    let world = World::new([daily("shop-prod-v001").boot(600..=600)]).one_minute();
    let (one, two) = two(&world);
    let mut sleeping = one.daemon();
    one.on(&mut sleeping, mon(10, 3));
    let mut other = two.daemon();
    two.on(&mut other, mon(10, 8));
    assert_eq!(world.claim("shop-prod").holder, "two");
    let both = join(sleeping, other);
    assert!(world.clock.drive_until(mon(11, 0), std::pin::pin!(both)).is_pending());
    assert_eq!(world.story("shop-prod"), ["planned", "intended", "done", "recovered"]);
    world.audit();
}

#[test]
fn a_claim_that_may_still_be_acted_on_is_not_taken_over_when_its_lease_ends() {
    let world = World::new([daily("shop-prod-v001")]).one_minute();
    world.cloud.inject(call::TERMINATE, 1, Fault::ErrorAfter(simian_core::Cause::Timeout));
    let (one, two) = two(&world);
    one.run_until(mon(10, 0) + seconds(5));
    assert_eq!(world.claim("shop-prod").stage, Stage::Acting);
    let mut other = two.daemon();
    two.on(&mut other, mon(10, 16) + seconds(59));
    assert_eq!((world.claim("shop-prod").holder.as_str(), world.outcome("shop-prod")), ("one", None));
    two.on(&mut other, mon(10, 30));
    assert_eq!((world.claim("shop-prod").holder.as_str(), world.outcome("shop-prod")), ("two", Some(Outcome::Done)));
    assert_eq!(world.story("shop-prod"), ["planned", "intended", "resolved", "recovered"]);
    world.audit();
}

#[test]
fn an_outcome_that_comes_too_late_is_left_out_and_the_others_of_its_batch_are_told() {
    let world = World::new([daily("shop-prod-v001"), daily("cart-prod-v001")]).one_minute().unlimited();
    // Somebody takes one of the two over and closes it before the hand has recorded anything.
    let (ledger, done) = (world.ledger.clone(), Mutex::new(false));
    let hooked = Hooked::new(&world.ledger, move |moment| {
        if moment.tells(Kind::ActionDone) && !std::mem::replace(&mut *done.lock().unwrap(), true) {
            let open = ClaimQuery { open: true, ..ClaimQuery::default() };
            let claims = at_once(ledger.claims(&open)).unwrap();
            let cart = claims.into_iter().find(|claim| claim.unit == "cluster:cart-prod").unwrap();
            let (key, from) = (cart.key.clone(), cart.lease());
            let to = Lease { holder: "two".into(), until: from.until };
            let by = to.holder.clone();
            let taken = [
                Change::Hold { key: key.clone(), from, to },
                Change::Move { key, by, stage: Stage::Closed, outcome: Some(Outcome::Done), watch: None },
            ];
            at_once(ledger.commit(vec![], taken.to_vec()))?;
        }
        Ok(())
    });
    world.process_on("one", Arc::new(hooked)).run_until(mon(10, 30));
    assert_eq!(world.story("cart-prod"), ["planned", "intended"]);
    assert_eq!(world.story("shop-prod"), ["planned", "intended", "done", "recovered"]);
    world.audit();
}

/// A world whose ledger is one process's alone, or not.
fn own(exclusive: bool) -> World {
    let mut world = World::new([daily("shop-prod-v001").boot(600..=600)]).one_minute();
    if exclusive {
        let birth = at_once(world.ledger.birth()).unwrap();
        world.ledger = simian_ledger::MemoryLedger::exclusive(birth.id, birth.at);
        at_once(world.ledger.commit(vec![], vec![Change::FirstRun(mon(8, 0))])).unwrap();
    }
    world
}

#[test]
fn a_ledger_of_our_own_costs_no_renewal() {
    for exclusive in [true, false] {
        let world = own(exclusive);
        world.process().run_until(mon(10, 6));
        let held = world.claim("shop-prod");
        assert_eq!(held.held_until == Some(held.at + HOLD), exclusive, "never renewed, or renewed in time");
    }
}

#[test]
fn a_ledger_of_our_own_lets_nobody_wait_for_the_dead() {
    for exclusive in [true, false] {
        let world = own(exclusive);
        let (one, two) = two(&world);
        one.run_until(mon(10, 1));
        two.run_until(mon(10, 1) + seconds(5));
        assert_eq!(world.claim("shop-prod").holder, if exclusive { "two" } else { "one" });
        two.run_until(mon(10, 30));
        assert_eq!(world.story("shop-prod"), ["planned", "intended", "done", "recovered"]);
        world.audit();
    }
}

#[test]
fn of_two_that_take_over_at_once_one_does() {
    let world = World::new([daily("shop-prod-v001").boot(600..=600)]).one_minute();
    let (one, two) = two(&world);
    one.run_until(mon(10, 3));
    world.clock.jump(minutes(5));
    let open = || at_once(world.ledger.claims(&ClaimQuery { open: true, ..ClaimQuery::default() })).unwrap();
    let third = world.process_on("three", Arc::new(world.ledger.clone()));
    let (seen_by_two, seen_by_three) = (open(), open());
    assert_eq!(at_once(lease::ours(&two.engine, seen_by_two)).unwrap().len(), 1);
    assert_eq!(at_once(lease::ours(&third.engine, seen_by_three)).unwrap(), []);
    let claim = world.claim("shop-prod");
    assert_eq!((claim.holder.as_str(), claim.held_until), ("two", Some(world.clock.now() + HOLD)));
}

#[test]
fn who_only_watches_finds_what_another_left_behind() {
    let world = World::new([daily("shop-prod-v001").boot(600..=600)]).one_minute();
    let (one, mut two) = two(&world);
    two.schedules.clear();
    let mut idle = two.daemon();
    two.on(&mut idle, mon(9, 0));
    one.run_until(mon(10, 0) + seconds(1));
    two.on(&mut idle, mon(10, 0) + HOLD * 3);
    assert_eq!(world.claim("shop-prod").holder, "two");
}
