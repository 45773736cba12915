//! An alarm that goes off after an action keeps its unit from having recovered, however many serve.

use simian_core::Kind;
use simian_core::detail::AlarmState;
use simian_sim::{Fault, call};

use crate::rails::alarm;
use crate::world::{World, daily, minutes, mon};

/// A cluster that is hit at ten, and whose alarm goes off a minute later.
fn hit() -> World {
    let world = World::new([daily("shop-prod-v001").tag("simian:alarms", "shop-5xx")]).one_minute();
    world.cloud.perform(alarm("shop-5xx", AlarmState::Ok));
    world.cloud.schedule(mon(10, 1), alarm("shop-5xx", AlarmState::Alarm));
    world
}

#[test]
fn a_unit_in_alarm_has_not_recovered() {
    let world = hit();
    world.cloud.schedule(mon(10, 12), alarm("shop-5xx", AlarmState::Ok));
    world.process().run_until(mon(11, 0));
    let recovered = world.of_kind(Kind::ActionRecovered);
    assert_eq!(recovered.len(), 1);
    let at = recovered[0].body.at;
    assert!((mon(10, 12)..mon(10, 13)).contains(&at), "all serve long before: {at}");
    assert!(world.of_kind(Kind::ActionUnrecovered).is_empty());
    world.audit();
}

#[test]
fn past_its_deadline_the_alarm_is_named_and_its_end_lifts_it() {
    let world = hit();
    world.cloud.schedule(mon(10, 40), alarm("shop-5xx", AlarmState::InsufficientData));
    world.process().run_until(mon(11, 0));
    let late = world.of_kind(Kind::ActionUnrecovered);
    assert_eq!(late.len(), 1);
    assert!(late[0].body.why.ends_with("alarm shop-5xx is ALARM"), "{}", late[0].body.why);
    let at = world.of_kind(Kind::ActionRecovered)[0].body.at;
    assert!((mon(10, 40)..mon(10, 41)).contains(&at), "{at}");
    world.audit();
}

#[test]
fn an_alarm_that_cannot_be_read_is_no_recovery() {
    let world = hit();
    world.cloud.schedule(mon(10, 2), alarm("shop-5xx", AlarmState::Ok));
    // The first answers the rail; the watch gets none until some minutes after all serve.
    for nth in 2..=25 {
        world.cloud.inject(call::ALARMS, nth, Fault::ErrorBefore(simian_core::Cause::Denied));
    }
    world.process().run_until(mon(11, 0));
    let at = world.of_kind(Kind::ActionRecovered)[0].body.at;
    assert!(at > mon(10, 0) + minutes(11), "{at}");
    world.audit();
}
