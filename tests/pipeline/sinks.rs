//! A sink may be down for a day and misses nothing.

use std::sync::Arc;

use simian_sim::Refusal;

use crate::hooked::{Hooked, Moment, full};
use crate::world::{World, daily, minutes, mon, tue};

fn refusal(after: usize) -> Refusal {
    Refusal { after, message: "no such topic".into(), lasting: true }
}

#[test]
fn a_sink_that_refuses_for_a_day_hears_everything_later_in_order() {
    let world = World::new([daily("shop-prod-v001"), daily("cart-prod-v001")]);
    let process = world.process();
    let mut daemon = process.daemon();
    process.on(&mut daemon, mon(9, 0));
    let heard = world.sink.events().len();
    world.sink.set_down(Some(refusal(0)));
    process.on(&mut daemon, tue(9, 0));
    assert_eq!(world.sink.events().len(), heard);
    assert!(world.sink.publishes() < 2000, "it asks ever less often: {}", world.sink.publishes());
    world.sink.set_down(None);
    process.on(&mut daemon, tue(9, 2));
    assert!(world.heard_all());
    drop(daemon);
    world.audit();
}

#[test]
fn a_sink_that_takes_a_few_at_a_time_hears_each_once() {
    let world = World::new([daily("shop-prod-v001")]);
    for after in [0, 1, 0, 2, 1] {
        world.sink.refuse_next(refusal(after));
    }
    world.process().run_until(mon(12, 0));
    assert!(world.heard_all());
}

#[test]
fn what_a_crash_makes_it_tell_twice_has_the_same_id() {
    let world = World::new([daily("shop-prod-v001")]);
    // The sink was told, and the ledger cannot remember that until ten o'clock.
    let clock = world.clock.clone();
    let ledger = Hooked::new(&world.ledger, move |moment| {
        use simian_core::Clock;
        if matches!(moment, Moment::Advance) && clock.now() < mon(10, 0) { Err(full()) } else { Ok(()) }
    });
    world.process_on("one", Arc::new(ledger)).run_until(mon(10, 0) + minutes(2));
    let heard = world.sink.events();
    assert!(heard.len() > world.events().len(), "some came twice");
    assert_eq!(heard.last(), world.events().last());
    world.audit();
}
