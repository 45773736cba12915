//! Faults that last: begun, renewed, ended in time whatever happens, and never left behind.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use simian::control;
use simian::faults::{list, undo};
use simian_chaos::Chaos;
use simian_core::detail::AlarmState;
use simian_core::rails::FaultRules;
use simian_core::{
    Action, Attached, Cause, Cloud as _, Group, GroupId, GroupQuery, Grouping, InstanceId, Kind, Outcome, RunId, Stage,
    TagRules, Terms,
};
use simian_ledger::MemoryLedger;
use simian_sim::{Fault, Operation, Who, call};

use crate::world::{Process, World, at_once, daily, holds, minutes, mon, seconds, us};

const ARN: &str = "arn:aws:elasticloadbalancing:us-east-1:111122223333:targetgroup/shop/0123456789abcdef";

/// Faults last ten minutes; a slow network has its delay from the operator.
fn rules() -> FaultRules {
    let slow = [("delay".to_owned(), "200ms".to_owned()), ("to".to_owned(), "10.9.0.0/16".to_owned())];
    FaultRules { lasts: minutes(10), parameters: [(Action::Latency, slow.into())].into(), ..FaultRules::default() }
}

/// A group of four that wants only this.
fn wants(action: Action) -> World {
    let group = daily("shop-prod-v001").tag("simian:chaos:faults", action.name()).target_group(ARN).boot(60..=60);
    let mut world = World::new([group.sizes(2, 4, 8)]);
    world.policy.faults = rules();
    // So that its minute is known.
    process(&world).run_until(mon(8, 1));
    world
}

fn process(world: &World) -> Process {
    let mut process = world.process();
    let chaos = Chaos::new(Grouping::default(), minutes(30), TagRules::default()).with(rules());
    process.engine.monkeys = vec![Box::new(chaos)];
    process
}

/// So many minutes after its turn has come.
fn at(world: &World, n: i64) -> DateTime<Utc> {
    world.due("shop-prod") + minutes(n)
}

fn target(world: &World) -> InstanceId {
    world.claim("shop-prod").targets[0].instance.clone()
}

fn run(world: &World) -> RunId {
    RunId::of(&world.claim("shop-prod").key)
}

fn is_in_guest(world: &World) -> bool {
    world.cloud.guest_faults(&target(world)).contains_key(run(world).as_str())
}

fn tags(world: &World) -> Vec<(String, String)> {
    let tags = world.cloud.instance_tags(&target(world));
    tags.into_iter().filter(|(key, _)| key.starts_with("simian:fault:")).collect()
}

fn why(world: &World, kind: Kind) -> String {
    let told = world.of_kind(kind);
    assert_eq!(told.len(), 1, "{kind}: {told:?}");
    told[0].body.why.clone()
}

/// All that a fault may change of a group and its members.
fn state(world: &World) -> (Group, Vec<Option<Attached>>, Vec<InstanceId>) {
    let query = GroupQuery::Named(vec!["shop-prod-v001".into()]);
    let mut group = at_once(world.cloud.groups(&us(), &query)).unwrap().remove(0);
    group.members.sort_by(|a, b| a.id.as_str().cmp(b.id.as_str()));
    let attached = group.members.iter().map(|member| world.cloud.attached_to(&member.id)).collect();
    let targets = world.cloud.truth().targets(&us(), ARN, world.now()).unwrap();
    (group, attached, targets.into_keys().collect())
}

#[test]
fn a_fault_in_a_guest_is_begun_renewed_and_undone() {
    let world = wants(Action::Latency);
    let process = process(&world);
    let mut daemon = process.daemon();
    process.on(&mut daemon, at(&world, 2));
    assert!(is_in_guest(&world));
    let until = world.claim("shop-prod").watch.unwrap().held.unwrap().until;
    assert!((at(&world, 10)..at(&world, 11)).contains(&until), "{until}");
    let tagged = tags(&world);
    assert_eq!(tagged.len(), 1);
    assert!(tagged[0].1.starts_with("latency until=2026-11-23T13:2"), "{tagged:?}");

    process.on(&mut daemon, at(&world, 9));
    assert!(is_in_guest(&world), "it is renewed");
    assert!(world.of_kind(Kind::ActionRenewed).len() >= 2);
    process.on(&mut daemon, until + seconds(30));
    assert!(!is_in_guest(&world));
    assert_eq!(tags(&world), []);
    process.on(&mut daemon, at(&world, 60));
    let story = world.story("shop-prod");
    assert_eq!(
        story.iter().filter(|word| *word != "renewed").collect::<Vec<_>>(),
        ["planned", "intended", "done", "undone", "recovered"]
    );
    assert_eq!(why(&world, Kind::ActionUndone), "its time was over");
    assert_eq!(world.claim("shop-prod").stage, Stage::Closed);
    assert_eq!(world.hit(), [] as [&str; 0], "nobody was ended");
    world.audit();
}

#[test]
fn a_fault_by_api_leaves_everything_as_it_was() {
    for action in [
        Action::StopStart,
        Action::Isolate,
        Action::DetachVolumes,
        Action::SuspendProcesses,
        Action::Deregister,
        Action::Standby,
        Action::Detach,
    ] {
        let world = wants(action);
        let before = state(&world);
        let process = process(&world);
        let mut daemon = process.daemon();
        process.on(&mut daemon, at(&world, 3));
        assert_eq!(world.outcome("shop-prod"), Some(Outcome::Done), "{action}: {:?}", world.story("shop-prod"));
        assert_ne!(state(&world), before, "{action} did nothing");
        assert!(tags(&world).len() >= 2, "{action}: what undoes it is on the instance");
        process.on(&mut daemon, at(&world, 30));
        assert_eq!(world.story("shop-prod"), ["planned", "intended", "done", "undone", "recovered"], "{action}");
        assert_eq!(state(&world), before, "{action} left something behind");
        world.audit();
    }
}

/// Runs a fault for two minutes, does something, and says how long after that it was undone, and why.
fn ended_by(action: Action, what: impl FnOnce(&World, &Process) -> bool) -> (TimeDelta, String) {
    let mut world = wants(action);
    world.policy.alarms.names = vec!["shop-5xx".into()];
    let quiet = Operation::SetAlarm { region: us(), name: "shop-5xx".into(), state: AlarmState::Ok };
    world.cloud.perform(quiet);
    let process = process(&world);
    let mut daemon = process.daemon();
    process.on(&mut daemon, at(&world, 3));
    assert_eq!(world.outcome("shop-prod"), Some(Outcome::Done), "{action}: {:?}", world.story("shop-prod"));
    assert!(what(&world, &process));
    process.on(&mut daemon, at(&world, 8));
    assert!(!is_in_guest(&world));
    drop(daemon);
    world.audit();
    let undone = world.of_kind(Kind::ActionUndone).remove(0);
    (undone.body.at - at(&world, 3), undone.body.why)
}

#[test]
fn whatever_stops_everything_ends_a_fault() {
    for action in [Action::Latency, Action::Isolate] {
        let (after, why) = ended_by(action, |_, process| {
            process.pause("incident 7");
            true
        });
        assert!(why.contains("incident 7"), "{why}");
        assert!(after <= seconds(10), "at once, and not at the next look: {after}");
        let (after, why) = ended_by(action, |world, _| {
            let loud = Operation::SetAlarm { region: us(), name: "shop-5xx".into(), state: AlarmState::Alarm };
            world.cloud.perform(loud)
        });
        assert!(why.contains("shop-5xx") && after <= minutes(1), "{after} {why}");
        let (after, why) =
            ended_by(action, |world, _| world.cloud.set_tag(&us(), "shop-prod-v001", "simian:chaos", "off"));
        assert!(why.contains("shop-prod-v001 is opted out") && after <= minutes(1), "{after} {why}");
        let (after, why) =
            ended_by(action, |world, _| world.cloud.set_tag(&us(), "shop-prod-v001", "simian:veto", "2026-11-23"));
        assert!(why.contains("vetoed") && after <= minutes(1), "{after} {why}");
    }
}

#[test]
fn a_stop_ends_every_fault_before_it_is_over() {
    let world = wants(Action::Latency);
    let process = process(&world);
    let mut daemon = process.daemon();
    process.on(&mut daemon, at(&world, 3));
    assert!(is_in_guest(&world));
    process.end.stop.cancel();
    world.clock.drive(daemon).unwrap();
    assert!(world.now() <= at(&world, 3) + seconds(10), "{}", world.now());
    assert!(!is_in_guest(&world));
    assert_eq!(tags(&world), []);
    assert_eq!(why(&world, Kind::ActionUndone), "the daemon stops");
    world.audit();
}

#[test]
fn what_a_crash_leaves_ends_by_itself_and_is_found_by_the_next_process() {
    for action in [Action::Latency, Action::Isolate, Action::StopStart] {
        for after in [2, 6, 60, 180] {
            let world = wants(action);
            let died = at(&world, 0) + seconds(after);
            let before = state(&world);
            process(&world).run_until(died);
            if world.claims().is_empty() {
                continue;
            }
            let note = format!("{action}, dead at {died}");
            world.clock.jump(minutes(6));
            assert!(!is_in_guest(&world), "{note}: its guest ended it");
            process(&world).run_until(at(&world, 60));
            assert_eq!(world.claim("shop-prod").stage, Stage::Closed, "{note}: {:?}", world.story("shop-prod"));
            assert_eq!(state(&world), before, "{note}");
            world.audit();
        }
    }
}

#[test]
fn a_lost_answer_is_looked_up_and_what_may_come_late_is_waited_for() {
    for (nth, call) in
        [(1, call::SEND), (2, call::SEND), (3, call::SEND), (1, call::PROGRESS), (1, call::TAG), (1, call::UNTAG)]
    {
        let world = wants(Action::Latency);
        world.cloud.inject(call, nth, Fault::ErrorAfter(Cause::Timeout));
        process(&world).run_until(at(&world, 60));
        assert_eq!(world.claim("shop-prod").stage, Stage::Closed, "{call} {nth}: {:?}", world.story("shop-prod"));
        world.audit();
    }
    for nth in 1..=3 {
        let world = wants(Action::StopStart);
        let before = state(&world);
        world.cloud.inject(call::ALTER, nth, Fault::ErrorAfter(Cause::Timeout));
        process(&world).run_until(at(&world, 60));
        assert_eq!(world.claim("shop-prod").stage, Stage::Closed, "{nth}: {:?}", world.story("shop-prod"));
        assert_eq!(state(&world), before, "{nth}");
        world.audit();
    }
}

#[test]
fn an_agent_that_falls_silent_is_not_trusted_to_have_ended_anything() {
    let world = wants(Action::Latency);
    let process = process(&world);
    let mut daemon = process.daemon();
    process.on(&mut daemon, at(&world, 3));
    let who = Who::Id(target(&world));
    world.cloud.perform(Operation::Silence { who: who.clone(), on: true });
    process.on(&mut daemon, at(&world, 40));
    assert!(!is_in_guest(&world), "its guest ended it");
    let claim = world.claim("shop-prod");
    assert_eq!(claim.stage, Stage::Unrecovered, "{:?}", world.story("shop-prod"));
    assert!(why(&world, Kind::ActionUnrecovered).contains("not undone"), "{}", why(&world, Kind::ActionUnrecovered));
    assert_eq!(tags(&world).len(), 1, "the tag stays until somebody has seen that it is gone");
    world.cloud.perform(Operation::Silence { who, on: false });
    process.on(&mut daemon, at(&world, 50));
    assert_eq!(world.claim("shop-prod").stage, Stage::Closed);
    world.audit();
}

#[test]
fn an_instance_without_an_agent_is_left_alone() {
    let world = wants(Action::Latency);
    for nth in 0..4 {
        let who = Who::Nth(GroupId::new(&us(), "shop-prod-v001"), nth);
        world.cloud.perform(Operation::Silence { who, on: true });
    }
    process(&world).run_until(at(&world, 60));
    assert!(world.claims().is_empty());
    let held = world.of_kind(Kind::ActionHeld);
    assert_eq!(holds(&held[0].body.verdicts), ["able"]);
    assert!(held[0].body.why.contains("the agent of i-"), "{}", held[0].body.why);
}

#[test]
fn an_instance_that_ends_meanwhile_takes_its_fault_with_it() {
    for action in [Action::Latency, Action::Isolate] {
        let (_, why) = ended_by(action, |world, _| world.cloud.kill(&target(world)));
        assert!(why.contains("is no longer in") && why.contains("gone"), "{why}");
    }
}

#[test]
fn what_somebody_else_changed_meanwhile_is_left_alone() {
    let world = wants(Action::Isolate);
    let process = process(&world);
    let mut daemon = process.daemon();
    process.on(&mut daemon, at(&world, 3));
    let id = target(&world);
    let (interface, _) = world.cloud.attached_to(&id).unwrap().interfaces.pop_first().unwrap();
    let theirs = simian_core::Alteration::SetGroups { interface, groups: vec!["sg-0theirs".into()] };
    at_once(simian_core::Actuator::alter(&world.cloud, &us(), &theirs)).unwrap();
    process.on(&mut daemon, at(&world, 30));
    assert!(
        why(&world, Kind::ActionUndone).contains("somebody changed it since"),
        "{}",
        why(&world, Kind::ActionUndone)
    );
    let groups = world.cloud.attached_to(&id).unwrap().interfaces.pop_first().unwrap().1;
    assert_eq!(groups, ["sg-0theirs"]);
}

#[test]
fn every_fault_is_listed_as_it_is_and_undone_with_nothing_but_the_tags() {
    for action in [Action::Latency, Action::StopStart] {
        let world = wants(action);
        let before = state(&world);
        process(&world).run_until(at(&world, 3));
        let id = run(&world).to_string();
        // Another process, on a ledger of its own that knows nothing.
        let stranger = world.process_on("two", Arc::new(MemoryLedger::new(uuid::Uuid::from_u128(9), mon(8, 0))));
        let listed = world.clock.drive(list::faults(&stranger.engine)).unwrap();
        assert_eq!(listed.failed, [] as [&str; 0]);
        let row = &listed.rows[0];
        assert_eq!((listed.rows.len(), &row.id, row.action, row.followed), (1, &id, Some(action), false));
        assert!(row.state.starts_with("there"), "{}", row.state);
        let known = world.clock.drive(list::faults(&process(&world).engine)).unwrap().rows.remove(0);
        assert!(known.followed && known.unit.as_deref() == Some("cluster:shop-prod"), "{known:?}");

        let other: RunId = "0123456789ab".parse().unwrap();
        assert_eq!(world.clock.drive(undo::by_tags(&stranger.engine, Some(&other))), (Vec::new(), Vec::new()));
        let (ended, failed) = world.clock.drive(undo::by_tags(&stranger.engine, None));
        assert_eq!((ended.len(), failed.len()), (1, 0));
        assert!(ended[0].gone && ended[0].id == id, "{:?}", ended[0]);
        assert_eq!(state(&world), before);
        assert_eq!(tags(&world), []);
        assert_eq!(world.clock.drive(list::faults(&stranger.engine)).unwrap().rows, []);
        // Whoever has the ledger finds it gone, and says so.
        process(&world).run_until(at(&world, 60));
        assert_eq!(world.claim("shop-prod").stage, Stage::Closed, "{:?}", world.story("shop-prod"));
        world.audit();
    }
}

#[test]
fn a_persons_word_ends_a_fault_and_begins_one() {
    let world = wants(Action::Latency);
    let mut process = process(&world);
    process.schedules.clear();
    let group = &state(&world).0;
    let (target, terms) = (
        group.members[2].id.clone(),
        Terms { lasts: minutes(5), parameters: [("delay".to_owned(), "1s".to_owned())].into() },
    );
    let id = "01890000-0000-7000-8000-000000000001";
    let mut daemon = process.daemon();
    process.on(&mut daemon, mon(11, 0));
    let ask = |action, target: &InstanceId| {
        let terms = Some(terms.clone());
        let wanted =
            control::faults::Try { id: id.into(), monkey: "chaos".into(), action, terms, target: target.clone() };
        at_once(control::serve(&process.engine, "ann", control::Request::Try(wanted))).unwrap()
    };
    assert!(ask(Action::Latency, &target).contains(id));
    process.on(&mut daemon, mon(11, 1));
    let claim = world.claim("shop-prod");
    assert_eq!(claim.targets[0].instance, target);
    assert!(claim.key.as_str().starts_with(&format!("chaos/request:{id}/")), "{}", claim.key);
    assert!(is_in_guest(&world));
    let end = control::Request::End { why: "seen enough".into(), run: Some(run(&world).to_string()) };
    assert_eq!(at_once(control::serve(&process.engine, "bob", end)).unwrap(), "1 fault is being undone");
    process.on(&mut daemon, mon(11, 1) + seconds(5));
    assert!(!is_in_guest(&world));
    assert_eq!(why(&world, Kind::ActionUndone), "bob ended it: seen enough");
    let all = control::Request::End { why: "seen enough".into(), run: None };
    assert_eq!(at_once(control::serve(&process.engine, "bob", all)).unwrap(), "no such fault is held");
    drop(daemon);
    world.audit();
}

#[test]
fn whoever_asks_for_somebody_unknown_is_told_so() {
    let world = wants(Action::Latency);
    let process = process(&world);
    let mut daemon = process.daemon();
    process.on(&mut daemon, mon(11, 0));
    let (id, target) = ("01890000-0000-7000-8000-000000000003".to_owned(), InstanceId::new("i-unknown"));
    let wanted = control::faults::Try { id, monkey: "chaos".into(), action: Action::Isolate, terms: None, target };
    at_once(control::serve(&process.engine, "ann", control::Request::Try(wanted))).unwrap();
    process.on(&mut daemon, mon(11, 1));
    assert_eq!(why(&world, Kind::ActionHeld), "no unit that opted in has i-unknown");
}

#[test]
fn what_an_owner_does_not_want_is_not_tried_either() {
    let world = wants(Action::Reboot);
    let process = process(&world);
    let mut daemon = process.daemon();
    process.on(&mut daemon, mon(9, 0));
    let target = state(&world).0.members[0].id.clone();
    let terms = Some(Terms { lasts: minutes(5), parameters: [("delay".to_owned(), "1s".to_owned())].into() });
    let id = "01890000-0000-7000-8000-000000000002".to_owned();
    let wanted = control::faults::Try { id, monkey: "chaos".into(), action: Action::Latency, terms, target };
    at_once(control::serve(&process.engine, "ann", control::Request::Try(wanted))).unwrap();
    process.on(&mut daemon, mon(9, 5));
    assert!(world.claims().is_empty());
    let held = world.of_kind(Kind::ActionHeld);
    assert_eq!(holds(&held[0].body.verdicts), ["hours", "opted_in"], "{:?}", held[0].body.why);
}

#[test]
fn what_waits_for_a_slow_change_is_made_later_and_taken_back_all_the_same() {
    let stops = |world: &World| -> Vec<DateTime<Utc>> {
        let log = world.cloud.call_log().into_iter().filter(|record| record.call == call::ALTER);
        log.filter(|record| record.summary.starts_with("stop ")).map(|record| record.at).collect()
    };
    let world = wants(Action::StopStart);
    let before = state(&world);
    // Into standby it takes longer than an action may: connections drain.
    world.cloud.inject(call::STANDING, 1, Fault::Latency(seconds(50)));
    let process = process(&world);
    let mut daemon = process.daemon();
    process.on(&mut daemon, at(&world, 2));
    assert_eq!(world.outcome("shop-prod"), Some(Outcome::Done), "{:?}", world.story("shop-prod"));
    let stopped = stops(&world);
    assert_eq!(stopped.len(), 1);
    assert!(stopped[0] + seconds(20) > world.claim("shop-prod").act_before, "the watch did it: {stopped:?}");
    process.on(&mut daemon, at(&world, 40));
    assert_eq!(world.story("shop-prod"), ["planned", "intended", "done", "undone", "recovered"]);
    assert_eq!(state(&world), before);
    drop(daemon);
    world.audit();

    // Paused meanwhile, it never stops.
    let world = wants(Action::StopStart);
    world.cloud.inject(call::STANDING, 1, Fault::Latency(seconds(50)));
    let process = self::process(&world);
    let mut daemon = process.daemon();
    process.on(&mut daemon, at(&world, 0) + seconds(30));
    process.pause("incident 7");
    process.on(&mut daemon, at(&world, 5));
    assert!(stops(&world).is_empty());
    assert_eq!(state(&world), before);
    assert!(why(&world, Kind::ActionUndone).contains("incident 7"));
    drop(daemon);

    // Whoever finds it half made after a crash does not make the rest.
    let world = wants(Action::StopStart);
    world.cloud.inject(call::STANDING, 1, Fault::Latency(seconds(50)));
    let process = self::process(&world);
    let mut daemon = process.daemon();
    while world.claims().first().is_none_or(|claim| claim.outcome.is_none()) {
        process.on(&mut daemon, world.now() + seconds(1));
    }
    assert_eq!(world.claim("shop-prod").watch.unwrap().held.unwrap().left.len(), 1);
    drop(daemon);
    let mut next = world.process_on("two", Arc::new(world.ledger.clone()));
    next.engine.monkeys.clear();
    next.run_until(at(&world, 40));
    assert!(stops(&world).is_empty());
    assert_eq!(state(&world), before);
    assert!(why(&world, Kind::ActionUndone).contains("did not live to make the rest"));
}

#[test]
fn a_volume_is_not_put_back_where_somebody_elses_is_by_now() {
    let world = wants(Action::DetachVolumes);
    let process = process(&world);
    let mut daemon = process.daemon();
    process.on(&mut daemon, at(&world, 3));
    let id = target(&world);
    world.cloud.amend_attached(&id, |attached| drop(attached.volumes.insert("/dev/sdf".into(), "vol-0theirs".into())));
    process.on(&mut daemon, at(&world, 30));
    assert!(why(&world, Kind::ActionUndone).contains("vol-0theirs is at /dev/sdf by now"));
    assert_eq!(world.cloud.attached_to(&id).unwrap().volumes["/dev/sdf"], "vol-0theirs");
    world.audit();
}

#[test]
fn an_operator_who_says_dry_run_meanwhile_wants_no_fault_either() {
    let mut world = wants(Action::Standby);
    let before = state(&world);
    process(&world).run_until(at(&world, 2));
    assert_eq!(world.outcome("shop-prod"), Some(Outcome::Done));
    world.policy.mode = simian_core::Mode::DryRun;
    process(&world).run_until(at(&world, 4));
    assert!(why(&world, Kind::ActionUndone).starts_with("the operator says dry-run"));
    assert_eq!(state(&world), before);
    world.audit();
}

#[test]
fn no_fault_lasts_beyond_the_hours_that_it_was_begun_in() {
    let mut world = World::new([daily("shop-prod-v001").tag("simian:chaos:faults", "isolate")]).one_minute();
    world.policy.faults = rules();
    process(&world).run_until(mon(10, 20));
    let undone = world.of_kind(Kind::ActionUndone).remove(0);
    assert_eq!(undone.body.why, "the hours are over");
    assert!(undone.body.at <= mon(10, 2), "{}", undone.body.at);
    world.audit();
}

#[test]
fn a_rehearsal_touches_nothing() {
    let mut world = wants(Action::Latency);
    world.policy.mode = simian_core::Mode::DryRun;
    process(&world).run_until(at(&world, 60));
    assert_eq!(world.story("shop-prod"), ["planned", "planned", "rehearsed"], "live before, and in dry-run");
    for call in [call::SEND, call::ALTER, call::TAG] {
        assert_eq!(world.cloud.calls().get(call), None);
    }
}

#[test]
fn a_fault_that_is_over_and_is_somebody_elses_is_waited_for() {
    let world = wants(Action::Isolate);
    let one = process(&world);
    let mut daemon = one.daemon();
    one.on(&mut daemon, at(&world, 3));
    let until = world.claim("shop-prod").watch.unwrap().held.unwrap().until;
    one.on(&mut daemon, until - seconds(5));
    drop(daemon);
    // Its lease is kept over its end: whoever comes looks now and then, and not all the time.
    let mut two = world.process_on("two", Arc::new(world.ledger.clone()));
    two.engine.monkeys = one.engine.monkeys;
    let before = world.cloud.calls().values().sum::<u64>();
    two.run_until(until + minutes(5));
    assert_eq!(world.claim("shop-prod").watch.unwrap().held, None, "{:?}", world.story("shop-prod"));
    let calls = world.cloud.calls().values().sum::<u64>() - before;
    assert!(calls < 200, "{calls} calls");
    world.audit();
}
