//! The process dies, anywhere, and another one goes on with its ledger.

use std::collections::BTreeSet;

use simian_core::{ClaimRecord, Kind, Mode, Outcome, Stage};
use simian_sim::{Fault, Weather, call};

use crate::world::{Process, World, daily, daily_in, eu, minutes, mon, seconds};

/// A short day with three turns, one of them graceful, in weather in which every call takes its time.
fn short_day(mode: Mode) -> World {
    let mut world = World::new([
        daily("shop-prod-v001"),
        daily("cart-prod-v001").tag("simian:chaos:faults", "terminate-gracefully").hook(60),
        daily_in(&eu(), "search-prod-v001"),
    ])
    .hours("10:00", "10:10");
    world.policy.mode = mode;
    world.cron = "0 * * * *".parse().unwrap();
    world.cloud.set_weather(Weather { latency_millis: (300, 300), ..Weather::calm() });
    world.clock.set(mon(9, 59));
    world
}

const END: i64 = 75;

fn digests(world: &World) -> BTreeSet<String> {
    world.of_kind(Kind::PlanPublished).into_iter().map(|event| event.body.why).collect()
}

/// After so many polls the first process is gone; after so long a second one comes, and stays.
fn crashed_after(polls: usize, back_after: i64) -> (World, bool) {
    let world = short_day(Mode::Live);
    let process = world.process();
    let mut daemon = process.daemon();
    let _ = world.clock.drive_polls(polls, daemon.as_mut());
    drop(daemon);
    let over = world.now() > mon(10, 40);
    world.clock.jump(seconds(back_after));
    world.process().run_until(mon(9, 59) + minutes(END));
    (world, over)
}

fn holds_together(world: &World, note: &str) {
    world.audit();
    assert_eq!(world.of_kind(Kind::PlanPublished).len(), 2, "{note}: published once a region");
    let claims = world.claims();
    assert!(claims.iter().all(|claim| claim.stage == Stage::Closed), "{note}: {claims:?}");
    let hit = world.hit();
    let once: BTreeSet<_> = hit.iter().collect();
    assert_eq!(hit.len(), once.len(), "{note}: {hit:?}");
    for claim in &claims {
        let target = claim.targets[0].instance.as_str();
        let calls = world.ending_calls().iter().filter(|(_, ids)| ids.iter().any(|id| id == target)).count();
        assert!(calls <= 1, "{note}: {calls} calls for {}", claim.key);
        let ours = world.cloud.truth().ended_by_us().iter().any(|life| life.id == claim.targets[0].instance);
        assert_eq!(claim.outcome == Some(Outcome::Done), ours, "{note}: {claim:?}");
    }
    // Every turn came to an end that somebody wrote down.
    let planned = world.of_kind(Kind::ActionPlanned).len();
    assert_eq!(claims.len() + world.of_kind(Kind::ActionMissed).len(), planned, "{note}");
}

#[test]
fn a_crash_at_any_await_never_leads_to_a_second_kill_and_always_to_an_outcome() {
    let whole = short_day(Mode::Live);
    whole.process().run_until(mon(9, 59) + minutes(END));
    assert_eq!(whole.hit().len(), 3);
    let plan = digests(&whole);
    assert_eq!(plan.len(), 2);

    let mut outcomes: BTreeSet<(Option<Outcome>, String)> = BTreeSet::new();
    for (back_after, step) in [(0, 1), (90, 3), (1000, 5)] {
        for polls in (1..).step_by(step) {
            let (world, over) = crashed_after(polls, back_after);
            let note = format!("{polls} polls, back after {back_after} s");
            holds_together(&world, &note);
            assert_eq!(digests(&world), plan, "{note}: the same plan");
            outcomes
                .extend(world.claims().iter().map(|claim: &ClaimRecord| (claim.outcome, resolution(&world, claim))));
            if over {
                assert!(polls > 50, "{polls}");
                break;
            }
        }
    }
    // The sweep met every way in which an unrecorded end is found out.
    for (outcome, why) in
        [(Outcome::Done, "looking showed that it happened"), (Outcome::Failed, "looking showed that it never happened")]
    {
        assert!(outcomes.contains(&(Some(outcome), why.to_owned())), "{outcomes:?}");
    }
}

fn resolution(world: &World, claim: &ClaimRecord) -> String {
    let resolved = world.of_kind(Kind::ActionResolved).into_iter();
    let mut mine = resolved.filter(|event| event.body.key.as_deref() == Some(claim.key.as_str()));
    mine.next().map_or_else(String::new, |event| event.body.why)
}

#[test]
fn a_crashed_rehearsal_does_not_hold_its_slot_for_ever() {
    for polls in 1..40 {
        let world = short_day(Mode::DryRun);
        let ledger = crate::hooked::Hooked::new(&world.ledger, |moment| match moment {
            // The machine dies between the claim and its record.
            crate::hooked::Moment::Commit(drafts) if drafts.iter().any(|d| d.kind == Kind::ActionRehearsed) => {
                Err(crate::hooked::full())
            }
            _ => Ok(()),
        });
        let process = world.process_on("one", std::sync::Arc::new(ledger));
        let mut daemon = process.daemon();
        let _ = world.clock.drive_polls(polls, daemon.as_mut());
        drop(daemon);
        world.process().run_until(mon(9, 59) + minutes(END));
        assert!(world.claims().iter().all(|claim| claim.stage == Stage::Closed), "{polls}: {:?}", world.claims());
        world.audit();
    }
}

#[test]
fn a_watch_survives_the_process_that_opened_it() {
    let world = World::new([daily("shop-prod-v001").boot(300..=300)]).one_minute();
    world.process().run_until(mon(10, 1));
    assert_eq!(world.claim("shop-prod").stage, Stage::Watching);
    let opened = world.claim("shop-prod").watch;
    world.process().run_until(mon(10, 20));

    assert_eq!(world.story("shop-prod"), ["planned", "intended", "done", "recovered"]);
    assert_eq!(world.claim("shop-prod").watch, opened, "the same baseline, deadline and beginning");
    let measured = world.of_kind(Kind::ActionRecovered)[0].body.counts["recovery_seconds"];
    assert!((300..=420).contains(&measured), "{measured}");
    world.audit();
}

#[test]
fn an_unrecovered_unit_is_still_watched_after_a_restart() {
    let world = World::new([daily("shop-prod-v001").boot(2400..=2400)]).one_minute();
    world.process().run_until(mon(10, 20));
    assert_eq!(world.claim("shop-prod").stage, Stage::Unrecovered);
    world.process().run_until(mon(11, 0));
    assert_eq!(world.story("shop-prod"), ["planned", "intended", "done", "unrecovered", "recovered"]);
    world.audit();
}

/// Runs until the call is on its way, and crashes.
fn crash_in_the_call(world: &World) -> Process {
    let process = world.process();
    process.run_until(mon(10, 0) + seconds(5));
    assert_eq!(world.claim("shop-prod").stage, Stage::Acting);
    assert_eq!(world.story("shop-prod"), ["planned", "intended"]);
    world.process()
}

#[test]
fn a_call_that_may_still_happen_is_waited_for_before_anybody_looks() {
    let world = World::new([daily("shop-prod-v001")]).one_minute();
    // The answer is lost with the process; the effect was not.
    world.cloud.inject(call::TERMINATE, 1, Fault::ErrorAfter(simian_core::Cause::Timeout));
    let process = crash_in_the_call(&world);
    let mut daemon = process.daemon();
    process.on(&mut daemon, mon(10, 16) + seconds(59));
    assert_eq!(world.claim("shop-prod").stage, Stage::Acting, "AWS may honour the call for so long");
    process.on(&mut daemon, mon(10, 18));
    assert_eq!(world.claim("shop-prod").outcome, Some(Outcome::Done));
    assert_eq!(world.story("shop-prod"), ["planned", "intended", "resolved"]);
    world.audit();
}

#[test]
fn a_call_that_never_happened_is_found_out_and_not_made_again() {
    let world = World::new([daily("shop-prod-v001")]).one_minute();
    world.cloud.inject(call::TERMINATE, 1, Fault::Latency(seconds(15)));
    let process = crash_in_the_call(&world);
    process.run_until(mon(11, 0));
    assert_eq!(world.outcome("shop-prod"), Some(Outcome::Failed));
    assert_eq!(world.calls_for("shop-prod"), 1);
    assert!(world.hit().is_empty());
    world.audit();
}

#[test]
fn a_graceful_end_with_a_long_hook_is_not_taken_for_one_that_never_happened() {
    let group = daily("shop-prod-v001").tag("simian:chaos:faults", "terminate-gracefully").hook(6 * 3600);
    let world = World::new([group]).one_minute();
    world.cloud.inject(call::TERMINATE_IN_GROUP, 1, Fault::ErrorAfter(simian_core::Cause::Timeout));
    let process = crash_in_the_call(&world);
    process.run_until(mon(11, 0));

    let life = world.cloud.truth().ended_by_us().remove(0);
    assert!(life.ended.is_none(), "its hook still runs");
    assert_eq!(world.outcome("shop-prod"), Some(Outcome::Done));
    world.audit();
}
