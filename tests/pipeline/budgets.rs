//! Budgets hold inside one batch and between two processes.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::future::join;
use simian_core::{Kind, Stage};
use simian_sim::Weather;

use crate::world::{World, daily, daily_in, eu, mon, rarely, rarely_in, seconds};

/// How many of a game day's units were hit, and what held the others.
fn game_day(world: &World) -> (usize, BTreeSet<String>) {
    world.clock.set(mon(10, 0));
    let closed = world.process().game_day("g");
    world.audit();
    let held = world.of_kind(Kind::ActionHeld).into_iter().map(|event| event.body.outcome.unwrap()).collect();
    assert_eq!(world.hit().len(), closed.acted.len());
    (world.hit().len(), held)
}

fn three() -> World {
    World::new([rarely("shop-a-v001"), rarely("shop-b-v001"), rarely_in(&eu(), "shop-c-v001")]).unlimited()
}

#[test]
fn of_three_due_at_once_two_may_be_under_way() {
    let mut world = three();
    world.policy.budgets.concurrent = Some(2);
    assert_eq!(game_day(&world), (2, BTreeSet::from(["budgets".to_owned()])));
}

#[test]
fn of_three_of_one_app_one_may_be_hit_a_day() {
    let mut world = three();
    world.policy.budgets.per_app_day = Some(1);
    assert_eq!(game_day(&world), (1, BTreeSet::from(["budgets".to_owned()])));
}

#[test]
fn of_three_in_two_regions_one_may_be_hit_in_each() {
    let mut world = three();
    world.policy.budgets.per_scope_day = Some(1);
    assert_eq!(game_day(&world).0, 2);
}

#[test]
fn the_place_of_one_that_recovered_is_free_again_and_the_place_of_the_day_is_not() {
    let mut world = three();
    world.policy.budgets.concurrent = Some(1);
    world.policy.budgets.per_account_day = Some(2);
    assert_eq!(game_day(&world).0, 1);
    world.process().run_until(mon(10, 20));
    assert!(world.claims().iter().all(|claim| claim.stage == Stage::Closed));
    for (n, hit) in [(1, 2), (2, 2)] {
        world.process().game_day(&format!("again-{n}"));
        assert_eq!(world.hit().len(), hit);
        world.process().run_until(mon(10 + n, 0));
    }
    world.audit();
}

#[test]
fn two_processes_that_judge_at_the_same_time_never_hit_one_key_twice() {
    let world = World::new([daily("shop-prod-v001"), daily("cart-prod-v001"), daily_in(&eu(), "search-prod-v001")])
        .one_minute();
    world.cloud.set_weather(Weather { latency_millis: (500, 500), ..Weather::calm() });
    let ledger = || Arc::new(world.ledger.clone());
    let (one, two) = (world.process_on("one", ledger()), world.process_on("two", ledger()));
    {
        let both = join(one.daemon(), two.daemon());
        let mut both = Box::pin(both);
        assert!(world.clock.drive_until(mon(10, 0) + seconds(20), both.as_mut()).is_pending());
    }
    let mut hit = world.hit();
    hit.sort();
    assert_eq!(hit, ["cart-prod", "search-prod", "shop-prod"]);
    assert_eq!(world.claims().len(), 3);
    assert!(world.of_kind(Kind::ActionHeld).iter().all(|event| event.body.outcome.as_deref() == Some("claim")));
    assert_eq!(world.of_kind(Kind::ActionHeld).len(), 3, "the loser of each says so");
    world.audit();
}

#[test]
fn two_processes_share_the_budgets_of_the_day() {
    let mut world = three();
    world.policy.budgets.per_app_day = Some(2);
    world.cloud.set_weather(Weather { latency_millis: (500, 500), ..Weather::calm() });
    world.clock.set(mon(10, 0));
    let ledger = || Arc::new(world.ledger.clone());
    let (one, two) = (world.process_on("one", ledger()), world.process_on("two", ledger()));
    // Two game days ask for different keys, so only the counters stand between them.
    let rounds = join(
        one.game_day_round("first", simian_core::Mode::Live),
        two.game_day_round("second", simian_core::Mode::Live),
    );
    world.clock.drive(rounds);
    assert_eq!(world.claims().len(), 2);
    assert_eq!(world.hit().len(), 2);
    let full =
        world.of_kind(Kind::ActionHeld).into_iter().filter(|event| event.body.outcome.as_deref() == Some("claim"));
    // Each process has a round a region, and none knows of the others.
    assert_eq!(full.count(), 4, "passed by the rails, refused by the claim");
}
