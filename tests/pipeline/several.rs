//! Several at once: one intent, one claim, one end that is true of all of them.

use simian_core::{Cause, Kind, Outcome, Stage};
use simian_sim::{Fault, GroupId, GroupSpec, Operation, Who, call};

use crate::world::{World, mon, seconds, us};

/// A group of eight of which three fall at once.
fn three_of_eight() -> GroupSpec {
    GroupSpec::new(&us(), "shop-prod-v001", 8)
        .tag("simian:chaos", "on")
        .tag("simian:chaos:mean-days", "1000")
        .tag("simian:chaos:count", "3")
}

fn world(group: GroupSpec) -> World {
    let world = World::new([group]).unlimited();
    world.clock.set(mon(10, 0));
    world
}

#[test]
fn three_fall_in_one_call_and_the_unit_is_followed_until_it_is_whole() {
    let world = world(three_of_eight());
    let process = world.process();
    process.game_day("g");
    assert_eq!((world.hit().len(), world.cloud.calls()[call::TERMINATE]), (3, 1));
    process.run_until(mon(10, 30));
    assert_eq!(world.story("shop-prod"), ["intended", "done", "recovered"]);
    let targets: Vec<String> =
        world.claim("shop-prod").targets.iter().map(|target| target.instance.to_string()).collect();
    for kind in [Kind::ActionIntended, Kind::ActionDone, Kind::ActionRecovered] {
        let body = &world.of_kind(kind)[0].body;
        assert_eq!((body.target.clone(), body.group.as_deref()), (Some(targets.join(" ")), Some("shop-prod-v001")));
    }
    assert_eq!(world.cloud.truth().serving(&GroupId::new(&us(), "shop-prod-v001")), 8);
    world.audit();
}

#[test]
fn a_game_day_with_fewer_left_in_the_budget_is_held_as_a_whole() {
    let mut world = world(three_of_eight());
    world.policy.budgets.per_app_day = Some(2);
    let closed = world.process().game_day("g");
    assert!(closed.acted.is_empty());
    assert_eq!(closed.held[0].held_by().unwrap().rail, "budgets");
}

#[test]
fn when_some_were_refused_it_was_done_and_says_whom_and_the_unit_recovers_all_the_same() {
    // EC2 ends none in the zone of the one that it will not end.
    let mut refused_some = 0;
    for nth in 0..8 {
        let world = world(three_of_eight());
        let group = GroupId::new(&us(), "shop-prod-v001");
        assert!(world.cloud.perform(Operation::Shield { who: Who::Nth(group.clone(), nth), on: true }));
        let process = world.process();
        process.game_day("g");
        assert_eq!(world.outcome("shop-prod"), Some(Outcome::Done), "{nth}");
        let hit = world.hit().len();
        let why = world.of_kind(Kind::ActionDone)[0].body.why.clone();
        assert_eq!(why.contains("refused"), hit < 3, "{why}");
        refused_some += usize::from(hit < 3);
        process.run_until(mon(10, 40));
        assert_eq!(world.story("shop-prod"), ["intended", "done", "recovered"], "{nth}: {hit} were hit");
        world.audit();
    }
    assert!(refused_some > 0);
}

#[test]
fn an_unclear_answer_that_hit_some_is_resolved_as_done_when_aws_can_no_longer_honour_it() {
    let world = world(three_of_eight());
    world.cloud.inject(call::TERMINATE, 1, Fault::ErrorHalfway(Cause::Broken));
    let process = world.process();
    process.game_day("g");
    assert_eq!(world.outcome("shop-prod"), Some(Outcome::Unknown), "the third may still end");
    let mut daemon = process.daemon();
    process.on(&mut daemon, mon(10, 16) + seconds(59));
    assert_eq!(world.outcome("shop-prod"), Some(Outcome::Unknown));
    process.on(&mut daemon, mon(10, 30));
    drop(daemon);
    assert_eq!((world.outcome("shop-prod"), world.claim("shop-prod").stage), (Some(Outcome::Done), Stage::Closed));
    assert_eq!(world.hit().len(), 2);
    let resolved = world.of_kind(Kind::ActionResolved);
    assert!(resolved.last().unwrap().body.why.contains("was spared"), "{resolved:?}");
    assert!(world.story("shop-prod").ends_with(&["recovered".to_owned()]), "{:?}", world.story("shop-prod"));
    world.audit();
}
