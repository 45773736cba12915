//! A region that is gone, half read, or on another clock stands alone.

use std::sync::Arc;

use simian_chaos::Chaos;
use simian_core::{Cause, Grouping, Kind, Outcome, TagRules};
use simian_sim::{Fault, Outage, Weather, call};

use crate::hooked::Hooked;
use crate::world::{World, daily, daily_in, eu, minutes, mon, rarely, rarely_in, seconds, tue};

#[test]
fn a_region_that_cannot_be_reached_is_unknown_and_the_other_goes_on() {
    let world = World::new([daily("shop-prod-v001"), daily_in(&eu(), "search-prod-v001")]);
    let outage = Outage { region: Some(eu()), from: mon(0, 0), until: mon(14, 0) };
    world.cloud.set_weather(Weather { outages: vec![outage], ..Weather::calm() });
    world.process().run_until(mon(13, 59));

    assert_eq!(world.hit(), ["shop-prod"]);
    assert!(world.story("search-prod").is_empty(), "what was never seen was never planned");
    let plans: Vec<_> = world.of_kind(Kind::PlanPublished).into_iter().map(|event| event.body.region).collect();
    assert_eq!(plans, [Some(crate::world::us())], "a region's plan waits until it is known");
    let closed = world.of_kind(Kind::RoundClosed);
    let blind = closed.iter().filter(|event| event.body.region == Some(eu()));
    assert!(blind.clone().count() > 10 && blind.clone().all(|event| event.body.why.contains("survey failed")));
    assert!(blind.clone().all(|event| !event.body.counts.contains_key("groups")), "unknown is not none");
    world.audit();
}

#[test]
fn a_region_that_fails_between_the_last_look_and_the_act_fails_alone() {
    let world = World::new([rarely("shop-prod-v001"), rarely_in(&eu(), "search-prod-v001")]);
    world.clock.set(mon(10, 0));
    let cloud = world.cloud.clone();
    let ledger = Hooked::new(&world.ledger, move |moment| {
        if moment.told(Kind::ActionIntended) {
            let outage = Outage { region: Some(eu()), from: mon(10, 0), until: mon(11, 0) };
            cloud.set_weather(Weather { outages: vec![outage], ..Weather::calm() });
        }
        Ok(())
    });
    let process = world.process_on("one", Arc::new(ledger));
    process.game_day("g");
    assert_eq!(world.outcome("shop-prod"), Some(Outcome::Done));
    assert_eq!(world.outcome("search-prod"), Some(Outcome::Failed));
    world.audit();
}

#[test]
fn a_list_that_ends_early_is_unknown_and_holds() {
    let groups = (0..130).map(|n| rarely(&format!("s{n:03}-prod-v001")));
    let world = World::new(groups).unlimited();
    world.clock.set(mon(10, 0));
    let mut process = world.process();
    process.engine.accounts[0].regions = vec![crate::world::us()];
    // The second of two pages.
    world.cloud.inject(call::GROUPS, 2, Fault::ErrorBefore(Cause::Throttled));
    let closed = process.game_day("g");
    assert_eq!((closed.acted.len(), closed.held.len(), closed.failed.len()), (0, 0, 1));
    assert!(world.hit().is_empty());
    world.cloud.set_weather(Weather { partial: 1.0, ..Weather::calm() });
    assert!(process.game_day("again").acted.is_empty());
    world.cloud.set_weather(Weather::calm());
    assert_eq!(process.game_day("third").acted.len(), 130);
    world.audit();
}

#[test]
fn a_second_look_that_fails_holds() {
    let world = World::new([rarely("shop-prod-v001")]);
    world.clock.set(mon(10, 0));
    let mut process = world.process();
    process.engine.accounts[0].regions = vec![crate::world::us()];
    world.cloud.inject(call::GROUPS, 1, Fault::Latency(seconds(31)));
    world.cloud.inject(call::GROUPS, 2, Fault::ErrorBefore(Cause::Broken));
    let closed = process.game_day("g");
    assert_eq!(closed.held[0].held_by().unwrap().rail, "reread");
    assert!(world.hit().is_empty());
}

#[test]
fn a_clock_that_is_off_holds_until_it_is_mended() {
    for skew in [61_000, -61_000] {
        let world = World::new([daily("shop-prod-v001")]);
        world.cloud.set_weather(Weather { skew_millis: skew, ..Weather::calm() });
        let process = world.process();
        let mut daemon = process.daemon();
        process.on(&mut daemon, mon(8, 1));
        let due = world.due("shop-prod");
        process.on(&mut daemon, due + minutes(1));
        assert!(world.hit().is_empty());
        assert_eq!(world.of_kind(Kind::ActionHeld)[0].body.outcome.as_deref(), Some("clock"));
        world.cloud.set_weather(Weather { skew_millis: 59_000, ..Weather::calm() });
        process.on(&mut daemon, due + minutes(30));
        assert_eq!(world.hit(), ["shop-prod"]);
        drop(daemon);
        world.audit();
    }
}

#[test]
fn the_closer_look_of_a_days_first_round_counts_no_more_candidates_than_the_others() {
    // Thirty have opted out, in so many words: only the first round of a day asks for them.
    let out = (0..30).map(|n| rarely(&format!("out{n:02}-prod-v001")).tag("simian:chaos", "off"));
    let world = World::new(out.chain([daily("shop-prod-v001")])).one_minute();
    world.process().run_until(mon(12, 0));
    // Down over night, and up again just in time.
    world.clock.set(tue(10, 0));
    world.process().run_until(tue(12, 0));
    assert_eq!(world.hit(), ["shop-prod", "shop-prod"]);
    world.audit();
}

#[test]
fn a_survey_that_sees_far_fewer_groups_than_the_last_is_not_believed_at_first() {
    let world = World::new((0..40).map(|n| rarely(&format!("s{n:02}-prod-v001")))).unlimited();
    let process = world.process();
    process.run_until(mon(9, 59));
    for n in 5..40 {
        world.cloud.delete_group(&crate::world::us(), &format!("s{n:02}-prod-v001"));
    }
    world.clock.set(mon(10, 0));
    let closed = process.game_day("g");
    assert!(closed.acted.is_empty());
    assert!(closed.held.iter().all(|judged| judged.held_by().unwrap().rail == "candidates"));
    world.audit();
}

#[test]
fn a_region_that_does_not_answer_delays_no_other() {
    let world = World::new([daily("shop-prod-v001"), daily_in(&eu(), "search-prod-v001")]).one_minute();
    // Every call there takes longer than the whole day; here none takes any time.
    world.cloud.set_weather(Weather { slow: [(eu(), minutes(600))].into(), ..Weather::calm() });
    world.process().run_until(mon(10, 2));
    assert_eq!(world.hit(), ["shop-prod"]);
    let done = &world.of_kind(Kind::ActionDone)[0];
    assert!(done.body.at < mon(10, 0) + seconds(5), "{}", done.body.at);
    assert_eq!(world.of_kind(Kind::PlanPublished).len(), 1, "the one region's");
    world.audit();
}

/// A world whose units span its regions.
fn spanning(groups: impl IntoIterator<Item = simian_sim::GroupSpec>) -> (World, crate::world::Process) {
    let world = World::new(groups).one_minute();
    let mut process = world.process();
    let grouping = Grouping { across_regions: true, ..Grouping::default() };
    process.engine.monkeys = vec![Box::new(Chaos::new(grouping, minutes(30), TagRules::default()))];
    (world, process)
}

#[test]
fn a_unit_that_spans_regions_has_one_turn_in_all_of_them() {
    let (world, process) = spanning([daily("shop-prod-v001"), daily_in(&eu(), "shop-prod-v002")]);
    process.run_until(mon(10, 30));
    assert_eq!(world.hit(), ["shop-prod"]);
    let claim = world.claim("shop-prod");
    assert_eq!(claim.key.as_str(), "chaos/2026-11-23/111122223333/*/cluster:shop-prod");
    assert!(!claim.scope.region.is_all(), "it acts in one of them");
    assert_eq!(world.story("shop-prod"), ["planned", "intended", "done", "recovered"]);
    // The next working day it may be the other's turn, or the same one's again: still only one.
    process.run_until(tue(10, 30));
    assert_eq!(world.hit().len(), 2);
    world.audit();
}

#[test]
fn a_unit_that_spans_regions_is_left_alone_while_one_of_them_is_unknown() {
    let (world, process) = spanning([daily("shop-prod-v001"), daily_in(&eu(), "shop-prod-v002")]);
    process.run_until(mon(9, 30));
    let outage = Outage { region: Some(eu()), from: mon(9, 45), until: mon(14, 0) };
    world.cloud.set_weather(Weather { outages: vec![outage], ..Weather::calm() });
    process.run_until(mon(13, 0));
    assert!(world.hit().is_empty());
    let held = world.of_kind(Kind::ActionHeld);
    assert!(held.iter().any(|event| event.body.outcome.as_deref() == Some("opted_in")), "{held:?}");
    world.audit();
}
