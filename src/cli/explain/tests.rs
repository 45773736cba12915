//! Explanations of units of the sandbox, after two days of its week.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use insta::assert_snapshot;
use simian_core::Clock;
use simian_sim::VirtualClock;

use super::*;
use crate::cli::sandbox;
use crate::config::Config;

/// Monday, midnight in Los Angeles.
fn monday() -> DateTime<Utc> {
    "2026-11-30T08:00:00Z".parse().unwrap()
}

/// The sandbox's engine after it has played so long.
fn played(so_long: TimeDelta) -> (VirtualClock, Engine, Config) {
    let config = Config::parse_sandbox("config/sandbox.toml", sandbox::CONFIG).unwrap();
    let clock = VirtualClock::new(monday());
    let engine = sandbox::engine(&config, 1, Arc::new(clock.clone()));
    clock.drive(sandbox::play(&engine, &config, &[], monday() + so_long, std::future::pending())).unwrap();
    (clock, engine, config)
}

/// Tuesday at noon.
fn tuesday() -> (VirtualClock, Engine, Config) {
    played(TimeDelta::hours(36))
}

fn page(world: &(VirtualClock, Engine, Config), target: &str) -> Page {
    let (clock, engine, config) = world;
    let day = config.calendar.day_at(clock.now());
    let explained = explain(engine, &engine.accounts[0], engine.monkeys[0].as_ref(), target, &day);
    clock.drive(explained).map_err(|failure| failure.error).unwrap()
}

fn told(world: &(VirtualClock, Engine, Config), target: &str) -> String {
    show::text(target, &page(world, target), true, world.2.calendar.zone)
}

#[test]
fn a_unit_that_was_ended_yesterday() {
    let world = tuesday();
    assert_snapshot!(told(&world, "111122223333/us-east-1/cluster:shop-prod"));
}

#[test]
fn a_unit_that_is_too_small_and_one_that_its_owner_left_out() {
    let world = tuesday();
    assert_snapshot!(told(&world, "search-prod-canary-v012"));
    assert_snapshot!(told(&world, "pay-lab-v003"));
}

#[test]
fn the_next_turns_are_the_plans() {
    let world = tuesday();
    let (clock, engine, config) = &world;
    let (account, monkey) = (&engine.accounts[0], engine.monkeys[0].as_ref());
    for (name, min_days) in [("shop-staging", 1), ("fraud-prod", 3)] {
        let turns = page(&world, &format!("cluster:{name}")).answers.remove(0).known.next_turns;
        assert_eq!(turns.len(), 3, "{turns:?}");
        for turn in &turns {
            let day = config.calendar.day(turn.date);
            assert!(day.contains(turn.due) && clock.now() < turn.due);
            let seen =
                clock.drive(observe::world(engine, account, &account.whole(), monkey, &Order::USUAL, &day)).unwrap();
            let plan = monkey.propose(&seen, &day, &engine.dice).proposals;
            let due = plan.iter().find(|proposal| proposal.unit.id.name == name).map(|turn| turn.due);
            assert_eq!(due, Some(turn.due));
        }
        for pair in turns.windows(2) {
            let between = config.calendar.working_days_between(pair[0].date, pair[1].date);
            assert!(between >= min_days, "{name} rests for {min_days} working days: {turns:?}");
        }
    }
}

#[test]
fn a_unit_that_was_just_ended_rests_first() {
    // Friday, 13:00: three minutes after its end, while its turn has not expired.
    let world = played(TimeDelta::days(4) + TimeDelta::hours(13));
    let answer = page(&world, "cluster:fraud-prod").answers.remove(0);
    assert_eq!(answer.known.past[0].kind, simian_core::Kind::ActionDone);
    let first = answer.known.next_turns[0].date.to_string();
    assert!(first.as_str() >= "2026-12-09", "three working days after Friday is Wednesday, not {first}");
}

#[test]
fn the_json_says_the_same() {
    let world = tuesday();
    let json = show::json("x", &page(&world, "search-prod-canary-v012"));
    let unit = &json["units"][0];
    assert_eq!(unit["groups"][0]["serving"], 1);
    assert!(unit["lifts"]["healthy_floor"].as_str().unwrap().starts_with("1 of 1 serve"), "{unit}");
    assert_eq!(
        unit["lifts"].as_object().unwrap().len(),
        unit["if_due"]["verdicts"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|ruling| ["hold", "unknown"].contains(&ruling["says"]["verdict"].as_str().unwrap()))
            .count()
    );
    for part in ["settings", "next_turns", "past"] {
        assert!(unit[part].is_array(), "{part} in {unit}");
    }
}
