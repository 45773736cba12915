//! Reads that are old, and weather much worse than AWS on a bad day. The audit counts who really served at each end.

use chrono::TimeDelta;
use simian_core::{Kind, Stage};
use simian_sim::{Operation, Weather};

use crate::world::{World, daily, daily_in, eu, minutes, mon, seconds, us};

#[test]
fn a_stale_read_never_leads_to_a_second_kill_below_the_floor() {
    for seed in 0..8 {
        // Three serve and two must remain: a second kill before the first is replaced is one too many.
        let small = |spec: simian_sim::GroupSpec| spec.sizes(1, 3, 6).boot(60..=900);
        let world = World::new([]);
        let mut world = world.unlimited();
        for name in ["shop-prod-v001", "cart-prod-v001"] {
            assert!(world.cloud.found(small(daily(name))));
        }
        world.watch.deadline = minutes(5);
        world.cron = "*/5 * * * *".parse().unwrap();
        // Without these two only the counting of who is on the way out keeps the floor.
        world.policy.disabled = ["cool_down", "recovered"].map(str::to_owned).into();
        world.policy.budgets.per_unit_day = None;
        world.cloud.set_weather(Weather { seed, stale_seconds: 300, ..Weather::calm() });
        let process = world.process();
        let mut daemon = process.daemon();
        process.on(&mut daemon, mon(10, 0));
        drop(daemon);
        // A game day every two minutes, by people who do not read what the last one said.
        for n in 0..40 {
            world.clock.set(mon(10, 0) + minutes(2 * n));
            process.game_day(&format!("g{n}"));
            let mut daemon = process.daemon();
            process.on(&mut daemon, mon(10, 0) + minutes(2 * n) + seconds(90));
        }
        assert!(world.hit().len() >= 8, "{}", world.hit().len());
        world.audit();
    }
}

#[test]
fn in_rough_weather_a_week_holds_together() {
    for seed in 0..3 {
        let mut world = World::new([
            daily("shop-prod-v001"),
            daily("cart-prod-v001").tag("simian:chaos:faults", "terminate-gracefully").hook(120),
            daily_in(&eu(), "search-prod-v001"),
            daily_in(&eu(), "pay-prod-v001").tag("simian:chaos:min-days", "2"),
        ]);
        world.policy.breaker = None;
        world.cloud.set_weather(Weather::rough(seed));
        world.process().run_until(mon(0, 0) + TimeDelta::days(5));
        assert!(world.hit().len() >= 8, "{:?}", world.hit());
        let planned = world.of_kind(Kind::ActionPlanned).len();
        assert_eq!(world.claims().len() + world.of_kind(Kind::ActionMissed).len(), planned, "{seed}");
        assert!(world.claims().iter().all(|claim| claim.stage == Stage::Closed), "{seed}: {:?}", world.claims());
        world.audit();
    }
}

#[test]
fn a_push_at_noon_draws_no_second_turn() {
    let world = World::new([daily("shop-prod-v001")]);
    let process = world.process();
    process.run_until(mon(8, 1));
    let due = world.due("shop-prod");
    let group = simian_sim::GroupId::new(&us(), "shop-prod");
    world.cloud.schedule(due + minutes(20), Operation::Deploy { group, retire_after: minutes(30) });
    process.run_until(mon(23, 0));
    assert_eq!(world.hit().len(), 1);
    assert_eq!(world.of_kind(Kind::ActionPlanned).len(), 1);
    world.audit();
}
