//! Owners change their minds, and their groups, between the plan and the act, and after it.

use simian_core::{Kind, Outcome, Stage};
use simian_sim::{GroupId, Operation};

use crate::world::{World, daily, minutes, mon, seconds, us};

/// Up to a minute before the turn comes.
fn just_before_its_turn(world: &World) -> (crate::world::Process, chrono::DateTime<chrono::Utc>) {
    let process = world.process();
    process.run_until(mon(8, 1));
    let due = world.due("shop-prod");
    (process, due)
}

#[test]
fn an_owner_who_opts_out_before_the_minute_is_left_alone() {
    let world = World::new([daily("shop-prod-v001")]);
    let (process, due) = just_before_its_turn(&world);
    let mut daemon = process.daemon();
    process.on(&mut daemon, due - seconds(1));
    world.cloud.set_tag(&us(), "shop-prod-v001", "simian:chaos", "off");
    process.on(&mut daemon, mon(23, 0));

    assert!(world.hit().is_empty());
    assert_eq!(world.story("shop-prod"), ["planned", "missed"]);
    assert!(world.of_kind(Kind::ActionMissed)[0].body.why.contains("no longer proposed"));
    world.audit();
}

#[test]
fn an_owner_who_opts_out_while_the_survey_is_slow_is_read_again_and_left_alone() {
    let world = World::new([daily("shop-prod-v001")]);
    let (process, due) = just_before_its_turn(&world);
    let mut daemon = process.daemon();
    process.on(&mut daemon, due - seconds(1));
    // The survey sees the old tag, is answered late, and is too old by then.
    let mut weather = world.cloud.weather();
    weather.latency_millis = (64_000, 64_000);
    world.cloud.set_weather(weather);
    process.on(&mut daemon, due + seconds(33));
    world.cloud.set_weather(simian_sim::Weather::calm());
    world.cloud.set_tag(&us(), "shop-prod-v001", "simian:chaos", "off");
    process.on(&mut daemon, mon(23, 0));

    assert!(world.hit().is_empty());
    let held = &world.of_kind(Kind::ActionHeld)[0].body;
    assert_eq!(held.outcome.as_deref(), Some("opted_in"), "{held:?}");
    world.audit();
}

#[test]
fn a_veto_set_after_the_plan_is_told_once_and_is_the_reason_in_the_end() {
    let world = World::new([daily("shop-prod-v001")]);
    let (process, due) = just_before_its_turn(&world);
    let mut daemon = process.daemon();
    process.on(&mut daemon, due - minutes(1));
    world.cloud.set_tag(&us(), "shop-prod-v001", "simian:veto", "2026-11-23");
    process.on(&mut daemon, mon(23, 0));

    assert!(world.hit().is_empty());
    assert_eq!(world.story("shop-prod"), ["planned", "vetoed", "missed"]);
    assert_eq!(world.of_kind(Kind::ActionVetoed)[0].body.outcome.as_deref(), Some("veto"));
    assert!(world.of_kind(Kind::ActionMissed)[0].body.why.contains("veto"));
    world.audit();
}

#[test]
fn when_the_chosen_member_is_gone_at_the_minute_another_one_is_chosen() {
    let world = World::new([daily("shop-prod-v001")]);
    let (process, due) = just_before_its_turn(&world);
    let chosen = world.of_kind(Kind::ActionPlanned)[0].body.target.clone().unwrap();
    let mut daemon = process.daemon();
    process.on(&mut daemon, due - minutes(10));
    world.cloud.kill(&simian_core::InstanceId::new(chosen.clone()));
    process.on(&mut daemon, mon(23, 0));

    let ended = world.cloud.truth().ended_by_us();
    assert_eq!(ended.len(), 1);
    assert_ne!(ended[0].id.as_str(), chosen);
    world.audit();
}

#[test]
fn with_nobody_left_to_choose_it_is_held_and_missed() {
    let world = World::new([daily("shop-prod-v001").suspend("ReplaceUnhealthy")]);
    let (process, due) = just_before_its_turn(&world);
    let mut daemon = process.daemon();
    process.on(&mut daemon, due - minutes(1));
    for nth in 0..4 {
        let who = simian_sim::Who::Nth(GroupId::new(&us(), "shop-prod-v001"), nth);
        world.cloud.perform(Operation::SetHealth { who, healthy: false });
    }
    process.on(&mut daemon, mon(23, 0));
    assert!(world.hit().is_empty());
    assert!(world.of_kind(Kind::ActionMissed)[0].body.why.contains("member"));
    world.audit();
}

#[test]
fn a_group_deleted_while_it_is_watched_closes_the_watch_without_a_figure() {
    let world = World::new([daily("shop-prod-v001")]).one_minute();
    let process = world.process();
    let mut daemon = process.daemon();
    process.on(&mut daemon, mon(10, 0) + seconds(10));
    world.cloud.delete_group(&us(), "shop-prod-v001");
    process.on(&mut daemon, mon(10, 10));

    let claim = world.claim("shop-prod");
    assert_eq!((claim.stage, claim.outcome), (Stage::Closed, Some(Outcome::Done)));
    let recovered = &world.of_kind(Kind::ActionRecovered)[0].body;
    assert!(recovered.why.contains("gone"));
    assert!(recovered.counts.is_empty(), "nothing recovered, so nothing was measured");
    world.audit();
}

#[test]
fn an_owner_who_scales_in_while_it_is_watched_wants_fewer() {
    let world = World::new([daily("shop-prod-v001")]).one_minute();
    let process = world.process();
    let mut daemon = process.daemon();
    process.on(&mut daemon, mon(10, 0) + seconds(1));
    let group = GroupId::new(&us(), "shop-prod-v001");
    // Before it launches a replacement.
    world.cloud.perform(Operation::Suspend { group: group.clone(), process: "Launch".into() });
    process.on(&mut daemon, mon(10, 2));
    assert_eq!(world.story("shop-prod"), ["planned", "intended", "done"]);
    world.cloud.perform(Operation::Scale { group, desired: 3 });
    process.on(&mut daemon, mon(10, 6));

    assert_eq!(world.story("shop-prod"), ["planned", "intended", "done", "recovered"]);
    world.audit();
}

#[test]
fn a_group_that_does_not_come_back_is_unrecovered_and_stops_everything_until_it_does() {
    let world = World::new([daily("cart-prod-v001").boot(3600..=3600), daily("shop-prod-v001")]);
    let process = world.process();
    let mut daemon = process.daemon();
    process.on(&mut daemon, mon(8, 1));
    let (slow, other) = (world.due("cart-prod"), world.due("shop-prod"));
    assert!(slow + minutes(16) < other && other < slow + minutes(60), "{slow} {other}");
    process.on(&mut daemon, other + seconds(1));
    assert_eq!(world.story("cart-prod"), ["planned", "intended", "done", "unrecovered"]);
    assert_eq!(world.story("shop-prod"), ["planned", "held"]);
    assert!(world.of_kind(Kind::ActionHeld)[0].body.verdicts.iter().any(|r| r.says.why().starts_with("unrecovered")));
    process.on(&mut daemon, mon(23, 0));
    assert_eq!(world.story("cart-prod").last().unwrap(), "recovered");
    assert_eq!(world.story("shop-prod"), ["planned", "held", "intended", "done", "recovered"]);
    drop(daemon);
    world.audit();
}
