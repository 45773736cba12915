//! A survey that sees far fewer or far more groups than the last that was believed.

use simian::control::{self, Request};
use simian_core::{Compaction, Kind, Ledger, Region};
use simian_sim::{GroupId, Operation};

use crate::world::{Process, World, at_once, daily, minutes, mon, rarely, seconds, tue, us};

const GROUPS: usize = 40;

/// Forty groups, of which one has its turn, and an hour in which they were seen.
fn world() -> (World, Process) {
    let mut groups: Vec<_> = (1..GROUPS).map(|n| rarely(&format!("s{n:02}-prod-v001"))).collect();
    groups.push(daily("shop-prod-v001"));
    let mut world = World::new(groups).one_minute();
    world.regions = vec![us()];
    let process = world.process();
    process.run_until(mon(9, 0));
    (world, process)
}

/// The owners of all but so many say no, or yes again.
fn opt(world: &World, but: usize, says: &str) {
    for n in 1..GROUPS.min(GROUPS + 1 - but) {
        tag(world, &format!("s{n:02}-prod-v001"), says);
    }
    if but == 0 {
        tag(world, "shop-prod-v001", says);
    }
}

fn tag(world: &World, group: &str, says: &str) {
    let (group, key, value) = (GroupId::new(&us(), group), "simian:chaos".to_owned(), says.to_owned());
    assert!(world.cloud.perform(Operation::SetTag { group, key, value }));
}

/// What the last round said: groups, those that are believed instead, and why.
fn last(world: &World) -> (u64, Option<u64>, String) {
    let body = world.of_kind(Kind::RoundClosed).pop().unwrap().body;
    (body.counts["groups"], body.counts.get("groups_believed").copied(), body.why)
}

fn baseline(world: &World) -> Option<u64> {
    at_once(world.ledger.surveys(&world.policy.account)).unwrap().get(&us()).copied()
}

fn say(process: &Process, region: Option<Region>) -> String {
    let request = Request::FleetChanged { why: "they moved out".into(), account: None, region };
    at_once(control::serve(&process.engine, "ann", request)).unwrap()
}

#[test]
fn what_is_not_believed_once_is_not_believed_because_it_is_seen_again() {
    let (world, process) = world();
    assert_eq!((last(&world), baseline(&world)), ((40, None, String::new()), Some(40)));
    opt(&world, 1, "off");
    let mut daemon = process.daemon();
    process.on(&mut daemon, tue(9, 0));
    assert!(world.hit().is_empty());
    let held = &world.of_kind(Kind::ActionHeld)[0].body;
    assert_eq!(held.outcome.as_deref(), Some("candidates"));
    let why = "the survey is not believed: 1 groups, 40 when it last was".to_owned();
    assert_eq!((last(&world), baseline(&world)), ((1, Some(40), why), Some(40)), "a day later");

    opt(&world, 1, "on");
    process.on(&mut daemon, tue(10, 30));
    assert_eq!(last(&world), (40, None, String::new()), "they are back");
    assert_eq!(world.hit(), ["shop-prod"]);
    world.audit();
}

#[test]
fn the_operators_word_makes_the_next_survey_count_whatever_it_shows() {
    for (but, before) in [(1, 40), (0, 40)] {
        let (world, process) = world();
        opt(&world, but, "off");
        let mut daemon = process.daemon();
        process.on(&mut daemon, mon(9, 20));
        assert_eq!((last(&world).1, baseline(&world)), (Some(before), Some(before)));
        assert_eq!(say(&process, Some(us())), "the next survey of region us-east-1 is believed, whatever it shows");
        process.on(&mut daemon, mon(10, 30));
        assert_eq!((last(&world).1, baseline(&world)), (None, Some(but as u64)));
        assert_eq!(world.hit().len(), but, "and what is left of it is acted on");
        let told = &world.of_kind(Kind::FleetChanged)[0].body;
        assert_eq!(
            (told.actor.as_deref(), told.region.clone(), told.why.as_str()),
            (Some("ann"), Some(us()), "they moved out")
        );
        // And all of them back at once are as unlikely.
        opt(&world, but, "on");
        process.on(&mut daemon, mon(11, 30));
        assert_eq!((last(&world).0, last(&world).1), (40, Some(but as u64)));
        world.audit();
    }
}

#[test]
fn a_word_for_another_region_is_none_for_this_one() {
    let (world, process) = world();
    opt(&world, 1, "off");
    say(&process, Some(crate::world::eu()));
    process.run_until(mon(9, 20));
    assert_eq!((last(&world).1, baseline(&world)), (Some(40), Some(40)));
}

#[test]
fn a_small_step_and_a_rail_that_is_off_move_what_is_compared_with() {
    let (world, process) = world();
    opt(&world, 25, "off");
    process.run_until(mon(9, 20));
    assert_eq!((last(&world).1, baseline(&world)), (None, Some(25)));

    let (mut world, _) = self::world();
    world.policy.disabled.insert("candidates".into());
    opt(&world, 1, "off");
    world.process().run_until(mon(9, 20));
    assert_eq!((last(&world).1, baseline(&world)), (None, Some(1)));
}

#[test]
fn what_was_believed_outlives_its_events_and_the_process() {
    let (world, _) = world();
    let order = Compaction { at: mon(9, 0), before: mon(9, 0), upto: u64::MAX, most: 10_000 };
    at_once(world.ledger.compact(&order)).unwrap();
    assert_eq!(world.of_kind(Kind::RoundClosed).iter().filter(|event| event.body.at < mon(9, 0)).count(), 0);
    opt(&world, 1, "off");
    world.process().run_until(mon(9, 0) + minutes(1) + seconds(1));
    assert_eq!((last(&world).0, last(&world).1), (1, Some(40)));
}
