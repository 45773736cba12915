//! Foreign credentials read nothing and do nothing.

use simian_core::{Cause, Kind, Outcome, Stage};
use simian_sim::{Fault, Weather, call};

use crate::world::{World, daily, mon};

fn foreign() -> Weather {
    Weather { impostor: Some("999999999999".parse().unwrap()), ..Weather::calm() }
}

#[test]
fn with_another_accounts_credentials_nothing_is_read_or_done() {
    let world = World::new([daily("shop-prod-v001")]);
    world.cloud.set_weather(foreign());
    world.process().run_until(mon(23, 0));
    assert_eq!(world.cloud.calls().keys().copied().collect::<Vec<_>>(), [call::IDENTITY]);
    assert!(world.claims().is_empty());
    world.audit();
}

#[test]
fn credentials_that_are_mended_are_believed_without_a_restart() {
    let world = World::new([daily("shop-prod-v001")]);
    world.cloud.set_weather(foreign());
    let process = world.process();
    let mut daemon = process.daemon();
    process.on(&mut daemon, mon(9, 0));
    world.cloud.set_weather(Weather::calm());
    process.on(&mut daemon, mon(23, 0));
    assert_eq!(world.hit(), ["shop-prod"]);
    drop(daemon);
    world.audit();
}

#[test]
fn another_accounts_view_says_nothing_of_what_is_watched() {
    let world = World::new([daily("shop-prod-v001").boot(600..=600)]).one_minute();
    world.process().run_until(mon(10, 1));
    assert_eq!(world.claim("shop-prod").stage, Stage::Watching);
    let before = world.cloud.calls();

    // The new process comes up with a wrong profile: to that account our groups and instances do not exist.
    world.cloud.set_weather(foreign());
    world.process().run_until(mon(10, 9));
    for name in [call::GROUPS, call::INSTANCES] {
        assert_eq!(world.cloud.calls().get(name), before.get(name), "{name}");
    }
    assert_eq!(world.claim("shop-prod").stage, Stage::Watching);

    world.cloud.set_weather(Weather::calm());
    world.process().run_until(mon(10, 30));
    assert_eq!(world.outcome("shop-prod"), Some(Outcome::Done));
    assert_eq!(world.of_kind(Kind::ActionRecovered).len(), 1);
    world.audit();
}

#[test]
fn nobody_to_say_whose_they_are_is_no_reason_to_go_on() {
    let world = World::new([daily("shop-prod-v001")]);
    for nth in 1..=6 {
        world.cloud.inject(call::IDENTITY, nth, Fault::ErrorBefore(Cause::Timeout));
    }
    let process = world.process();
    let mut daemon = process.daemon();
    process.on(&mut daemon, mon(8, 20));
    assert!(!world.cloud.calls().contains_key(call::GROUPS));
    process.on(&mut daemon, mon(23, 0));
    assert_eq!(world.hit(), ["shop-prod"], "it is asked again at every look");
    drop(daemon);
    world.audit();
}
