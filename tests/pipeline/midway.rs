//! What stops everything stops the hand too: between one call and the next, when it goes off while it acts.

use std::sync::atomic::Ordering;

use simian_core::detail::AlarmState;
use simian_core::{Cause, Kind, Outcome};
use simian_sim::{Fault, GroupId, GroupSpec, Operation, Who, call};

use crate::rails::{alarm, asking, lever, never};
use crate::world::{World, mon, rarely, seconds, us};

/// A hundred and thirty in one region are three calls, of eleven seconds each here; five seconds after the first began
/// something says stop.
fn stopped_midway(why: &str, stop: impl Fn(&World)) {
    let mut world = World::new((0..130).map(|n| rarely(&format!("s{n:03}-prod-v001")))).unlimited();
    world.policy.alarms.names = vec!["all-5xx".into()];
    world.policy.outage = Some("the status page".into());
    world.cloud.perform(alarm("all-5xx", AlarmState::Ok));
    world.clock.set(mon(10, 0));
    for nth in 1..=3 {
        world.cloud.inject(call::TERMINATE, nth, Fault::Latency(seconds(11)));
    }
    stop(&world);
    let bad = if why.contains("page") { mon(10, 0) + seconds(5)..mon(11, 0) } else { never() };
    let (process, page) = asking(&world, bad);
    let closed = process.game_day("g");
    assert_eq!(world.cloud.calls()[call::TERMINATE], 1, "{why}");
    let count = |outcome| closed.acted.iter().filter(|acted| acted.outcome == Some(outcome)).count();
    assert_eq!((count(Outcome::Done), count(Outcome::Abandoned)), (60, 70), "{why}");
    let abandoned = world.of_kind(Kind::ActionAbandoned);
    assert!(abandoned.iter().all(|event| event.body.why.contains(why)), "{:?}", abandoned[0].body.why);
    assert_eq!(world.hit().len(), 60);
    assert_eq!(page.asked.load(Ordering::SeqCst), 2, "before the first call, and before the second");
    world.audit();
}

#[test]
fn after_an_alarm_goes_off_nothing_more_is_called() {
    let at = mon(10, 0) + seconds(5);
    stopped_midway("alarm all-5xx is ALARM", |world| world.cloud.schedule(at, alarm("all-5xx", AlarmState::Alarm)));
    stopped_midway("the safety lever is engaged: incident 47", |world| world.cloud.schedule(at, lever(true)));
    stopped_midway("the status page: it says no: incident 47", |_| ());
    // Who cannot be asked any more has said no too.
    stopped_midway("no permission for cloudwatch:DescribeAlarms", |world| {
        world.cloud.inject(call::ALARMS, 2, Fault::ErrorBefore(Cause::Denied));
    });
}

#[test]
fn graceful_ends_stop_between_one_and_the_next() {
    let graceful = |n| rarely(&format!("s{n}-prod-v001")).tag("simian:chaos:faults", "terminate-gracefully");
    let mut world = World::new((0..4).map(graceful)).unlimited();
    world.policy.alarms.names = vec!["all-5xx".into()];
    // The alarm is a group's own: it goes off because of what is being done.
    world.cloud.found(GroupSpec::new(&us(), "canary", 2).suspend("Launch"));
    let group = GroupId::new(&us(), "canary");
    world.cloud.perform(Operation::BindAlarm { name: "all-5xx".into(), group, fewer_than: 2 });
    world.clock.set(mon(10, 0));
    world.cloud.perform(Operation::KillMember(Who::Nth(GroupId::new(&us(), "canary"), 0)));
    // It is late by one to two minutes: by then the first two calls were made.
    for nth in 1..=4 {
        world.cloud.inject(call::TERMINATE_IN_GROUP, nth, Fault::Latency(seconds(19)));
    }
    let process = world.process();
    world.clock.set(mon(10, 0) + seconds(50));
    let closed = process.game_day("g");
    let done = world.ending_calls().len();
    assert!((1..4).contains(&done), "{done}");
    let abandoned: Vec<_> = closed.acted.iter().filter(|acted| acted.outcome == Some(Outcome::Abandoned)).collect();
    assert_eq!(abandoned.len(), 4 - done);
    assert!(abandoned[0].why.contains("alarm all-5xx is ALARM"), "{}", abandoned[0].why);
    let off = world.ending_calls().into_iter().map(|(at, _)| {
        let state = world.cloud.truth().alarm(&us(), "all-5xx", at - seconds(10));
        state == Some(AlarmState::Alarm)
    });
    assert!(!off.collect::<Vec<_>>().contains(&true), "nothing began ten seconds after it went off");
    world.audit();
}
