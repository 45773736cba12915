//! So many recoveries in a row failed that everything stops, and is told, once.

use std::sync::{Arc, Mutex};

use simian::breaker;
use simian::control::{self, Request, Which};
use simian_core::{Draft, History, Kind, Ledger, Mode, Pause, Stage};
use simian_sim::GroupSpec;

use crate::hooked::Hooked;
use crate::world::{Process, World, at_once, daily, daily_in, eu, mon, seconds, tue};

/// A group that is not whole again within the week.
fn slow(group: GroupSpec) -> GroupSpec {
    group.boot(604_800..=604_800)
}

/// Three that fail, in both regions, all at 10:00; their deadline is at 10:15.
fn three() -> World {
    let cart = slow(daily("cart-prod-v001"));
    World::new([slow(daily("shop-prod-v001")), cart, slow(daily_in(&eu(), "search-prod-v001"))])
        .one_minute()
        .unlimited()
}

fn failed(n: usize) -> Vec<Draft> {
    vec![Draft::new(mon(8, 0), Kind::ActionUnrecovered, Mode::Live, ""); n]
}

fn resume(process: &Process, which: Which) {
    let request = Request::Resume { why: "we looked into it".into(), first_run: false, which };
    at_once(control::serve(&process.engine, "ann", request)).unwrap();
}

fn is_paused(world: &World) -> bool {
    at_once(world.ledger.pauses()).unwrap().iter().any(|pause| pause.id == Pause::BREAKER)
}

#[test]
fn two_regions_that_fail_at_the_same_time_trip_it_once() {
    let world = three();
    let process = world.process();
    process.run_until(mon(12, 0));
    let tripped = world.of_kind(Kind::BreakerTripped);
    assert_eq!(tripped.len(), 1);
    let body = &tripped[0].body;
    assert_eq!((body.counts["failed"], body.counts["limit"], body.key.as_deref()), (3, 3, Some(Pause::BREAKER)));
    for name in ["cluster:shop-prod in us-east-1", "cluster:search-prod in eu-west-1"] {
        assert!(body.why.contains(name), "{}", body.why);
    }
    assert_eq!(body.at.timestamp() / 60, mon(10, 15).timestamp() / 60, "with the third");
    // It is a pause like any other, in the same commit.
    let paused = &world.of_kind(Kind::DaemonPaused)[0];
    assert_eq!((paused.seq, paused.body.actor.as_deref()), (tripped[0].seq + 1, Some(Pause::BREAKER)));
    assert!(is_paused(&world));
    world.audit();
}

#[test]
fn it_holds_everything_until_somebody_lifts_it_in_whichever_way_and_counts_from_there() {
    for which in [Which::All, Which::One(Pause::BREAKER.into())] {
        let world = three();
        let process = world.process();
        let mut daemon = process.daemon();
        process.on(&mut daemon, tue(9, 0));
        assert!(is_paused(&world));
        process.on(&mut daemon, tue(10, 30));
        assert_eq!(world.hit().len(), 3, "only those of Monday");
        let holds = |event: &simian_core::Event| {
            let holds = event.body.verdicts.iter().filter(|ruling| ruling.says.holds());
            holds.map(|ruling| ruling.rail.to_string()).collect::<Vec<_>>()
        };
        assert!(world.of_kind(Kind::ActionHeld).iter().all(|held| holds(held).contains(&"paused".to_owned())));

        resume(&process, which);
        assert!(!is_paused(&world));
        process.on(&mut daemon, tue(23, 0));
        assert_eq!(world.of_kind(Kind::BreakerTripped).len(), 1, "what failed before is forgiven");
        at_once(world.ledger.commit(failed(3), vec![])).unwrap();
        process.on(&mut daemon, tue(23, 2));
        assert_eq!(world.of_kind(Kind::BreakerTripped).len(), 2, "three more");
        world.audit();
    }
}

#[test]
fn a_recovery_between_them_is_no_row_and_two_are_none() {
    let world = World::new([daily("shop-prod-v001")]);
    let process = world.process();
    at_once(world.ledger.commit(failed(2), vec![])).unwrap();
    let back = Draft { kind: Kind::ActionRecovered, ..failed(1).remove(0) };
    at_once(world.ledger.commit(vec![back], vec![])).unwrap();
    at_once(world.ledger.commit(failed(2), vec![])).unwrap();
    assert_eq!(at_once(History::failures(&world.ledger, usize::MAX)).unwrap().len(), 2);
    at_once(breaker::look(&process.engine)).unwrap();
    assert!(!is_paused(&world));
    at_once(world.ledger.commit(failed(1), vec![])).unwrap();
    at_once(breaker::look(&process.engine)).unwrap();
    assert!(is_paused(&world));
}

#[test]
fn it_is_looked_after_at_the_start_and_every_minute() {
    // Whoever recorded the third died before anything else.
    let world = World::new([]);
    at_once(world.ledger.commit(failed(3), vec![])).unwrap();
    world.process().run_until(mon(8, 0));
    assert!(is_paused(&world));

    let world = World::new([]);
    let process = world.process();
    let mut daemon = process.daemon();
    process.on(&mut daemon, mon(8, 0) + seconds(10));
    at_once(world.ledger.commit(failed(3), vec![])).unwrap();
    process.on(&mut daemon, mon(8, 2));
    assert!(is_paused(&world));
    process.on(&mut daemon, mon(23, 0));
    assert_eq!(world.of_kind(Kind::BreakerTripped).len(), 1, "said once");
}

#[test]
fn of_two_processes_that_see_it_at_once_one_tells() {
    let world = World::new([]);
    at_once(world.ledger.commit(failed(3), vec![])).unwrap();
    let (rival, first) = (world.process(), Mutex::new(true));
    let hooked = Hooked::new(&world.ledger, move |moment| {
        if moment.tells(Kind::BreakerTripped) && std::mem::take(&mut *first.lock().unwrap()) {
            at_once(breaker::look(&rival.engine))?;
        }
        Ok(())
    });
    at_once(breaker::look(&world.process_on("two", Arc::new(hooked)).engine)).unwrap();
    assert_eq!((world.of_kind(Kind::BreakerTripped).len(), world.of_kind(Kind::DaemonPaused).len()), (1, 1));
    world.audit();
}

#[test]
fn without_a_limit_or_without_its_rail_it_never_trips() {
    let mut unlimited = three();
    unlimited.policy.breaker = None;
    let mut disabled = three();
    disabled.policy.disabled.insert("breaker".into());
    for world in [unlimited, disabled] {
        world.process().run_until(mon(11, 0));
        assert!(world.claims().iter().all(|claim| claim.stage == Stage::Unrecovered));
        assert_eq!((is_paused(&world), world.of_kind(Kind::BreakerTripped).len()), (false, 0));
    }
}
