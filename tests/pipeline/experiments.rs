//! What AWS FIS does in our place, and what is done instead of what an instance cannot take.

use chrono::{DateTime, Utc};
use simian_chaos::Chaos;
use simian_core::detail::{AlarmState, Lever};
use simian_core::rails::{FaultRules, Fis};
use simian_core::{Action, Cause, Grouping, Kind, Outcome, TagRules};
use simian_sim::{Fault, GroupId, GroupSpec, Operation, Who, call};

use crate::world::{Process, World, daily, holds, minutes, mon, seconds, us};

const ALARM: &str = "shop-5xx";

fn rules() -> FaultRules {
    let slow = [("delay".to_owned(), "200ms".to_owned())];
    let fis = Fis { role: "simian-fis".into(), carries: [Action::Terminate, Action::Reboot].into() };
    FaultRules { parameters: [(Action::Latency, slow.into())].into(), fis: Some(fis), ..FaultRules::default() }
}

/// A group of four that wants these, and minds an alarm.
fn wants(faults: &str, group: impl FnOnce(GroupSpec) -> GroupSpec) -> World {
    let spec = daily("shop-prod-v001").tag("simian:chaos:faults", faults).tag("simian:alarms", ALARM).boot(60..=60);
    let mut world = World::new([group(spec.sizes(2, 4, 8))]);
    world.cloud.perform(Operation::SetAlarm { region: us(), name: ALARM.into(), state: AlarmState::Ok });
    world.policy.faults = rules();
    // So that its minute is known.
    process(&world).run_until(mon(8, 1));
    world
}

fn process(world: &World) -> Process {
    let mut process = world.process();
    let chaos = Chaos::new(Grouping::default(), minutes(30), TagRules::default()).with(world.policy.faults.clone());
    process.engine.monkeys = vec![Box::new(chaos)];
    process
}

fn due(world: &World) -> DateTime<Utc> {
    world.due("shop-prod")
}

fn told(world: &World, kind: Kind) -> String {
    let told = world.of_kind(kind);
    assert_eq!(told.len(), 1, "{kind}: {:?}", world.story("shop-prod"));
    told[0].body.why.clone()
}

fn calls(world: &World, name: &str) -> u64 {
    world.cloud.calls().get(name).copied().unwrap_or(0)
}

#[test]
fn an_experiment_does_it_with_the_units_alarms_as_stop_conditions() {
    for (action, ending) in [(Action::Terminate, call::TERMINATE), (Action::Reboot, call::REBOOT)] {
        let world = wants(action.name(), |group| group);
        process(&world).run_until(due(&world) + minutes(20));
        assert_eq!(world.story("shop-prod"), ["planned", "intended", "done", "recovered"]);
        let [trial] = &world.cloud.experiments()[..] else { panic!("{:?}", world.cloud.experiments()) };
        assert_eq!((trial.asked.action, trial.asked.role.as_str()), (action, "simian-fis"));
        assert_eq!(trial.asked.alarms, [ALARM]);
        assert_eq!(trial.asked.targets, [world.claim("shop-prod").targets[0].instance.clone()]);
        assert_eq!(calls(&world, ending), 0, "nobody else did it");
        assert!(told(&world, Kind::ActionDone).ends_with("AWS FIS does it in experiment EXP000000000000000"));
        world.audit();
    }
}

#[test]
fn who_is_interrupted_is_told_two_minutes_before() {
    let world = wants("spot-interruption", GroupSpec::on_spot);
    let process = process(&world);
    let mut daemon = process.daemon();
    process.on(&mut daemon, due(&world) + minutes(1));
    let id = world.claim("shop-prod").targets[0].instance.clone();
    let life = world.cloud.truth().life(&id).unwrap();
    assert!(life.warned.is_some() && life.ended.is_none(), "{life:?}");
    process.on(&mut daemon, due(&world) + minutes(20));
    let life = world.cloud.truth().life(&id).unwrap();
    assert_eq!(life.ended.unwrap().0 - life.warned.unwrap(), seconds(120));
    assert_eq!(world.story("shop-prod"), ["planned", "intended", "done", "recovered"]);
    world.audit();
}

#[test]
fn what_its_target_cannot_take_gives_way_to_something_else() {
    for (first, why) in [
        ("spot-interruption", "is no Spot instance"),
        ("detach-volumes", "has no volume but the one that it boots from"),
    ] {
        let world = wants(&format!("{first}=1000 reboot=1"), |group| group);
        let members = world.cloud.truth().lives().into_keys();
        members.for_each(|id| world.cloud.amend_attached(&id, |attached| attached.volumes.clear()));
        process(&world).run_until(due(&world) + minutes(20));
        assert_eq!(world.story("shop-prod"), ["planned", "intended", "done", "recovered"], "{first}");
        assert_eq!(world.claim("shop-prod").action, Action::Reboot, "{first}");
        let told = told(&world, Kind::ActionDone);
        assert!(told.contains(&format!("{first} drops out: ")) && told.contains(why), "{told}");
        world.audit();
    }
}

#[test]
fn where_nothing_else_is_left_a_rail_says_why() {
    let world = wants("spot-interruption", |group| group);
    process(&world).run_until(due(&world) + minutes(40));
    assert!(world.claims().is_empty());
    let held = world.of_kind(Kind::ActionHeld);
    assert_eq!(holds(&held[0].body.verdicts), ["able"]);
    assert!(held[0].body.why.ends_with("is no Spot instance"), "{}", held[0].body.why);

    let mut world = wants("spot-interruption", GroupSpec::on_spot);
    world.policy.faults.fis = None;
    process(&world).run_until(due(&world) + minutes(40));
    assert!(world.claims().is_empty());
    assert_eq!(calls(&world, call::EXPERIMENT), 0);
}

#[test]
fn whatever_stops_everything_stops_what_has_not_begun() {
    let stops: [fn(&World, &Process); 3] = [
        |world, _| {
            let alarm = Operation::SetAlarm { region: us(), name: ALARM.into(), state: AlarmState::Alarm };
            assert!(world.cloud.perform(alarm));
        },
        |world, _| {
            assert!(
                world
                    .cloud
                    .perform(Operation::SetLever { region: us(), lever: Lever { engaged: true, reason: "no".into() } })
            );
        },
        |_, process| process.pause("no"),
    ];
    for stop in stops {
        let world = wants("terminate", |group| group);
        let process = process(&world);
        let mut daemon = process.daemon();
        // As soon as it is asked for, and before it takes effect.
        while world.cloud.experiments().is_empty() {
            process.on(&mut daemon, world.now() + seconds(1));
            assert!(world.now() < due(&world) + minutes(2));
        }
        assert_eq!(world.hit(), [] as [&str; 0]);
        stop(&world, &process);
        process.on(&mut daemon, due(&world) + minutes(20));
        assert_eq!(world.hit(), [] as [&str; 0]);
        assert_eq!(world.outcome("shop-prod"), Some(Outcome::Refused), "{:?}", world.story("shop-prod"));
        assert!(told(&world, Kind::ActionRefused).contains("stopped"));
        world.audit();
    }
}

#[test]
fn a_lost_answer_is_asked_for_again_and_is_one_experiment() {
    let world = wants("terminate", |group| group);
    world.cloud.inject(call::EXPERIMENT, 1, Fault::ErrorAfter(Cause::Timeout));
    process(&world).run_until(due(&world) + minutes(20));
    assert_eq!((calls(&world, call::EXPERIMENT), world.cloud.experiments().len()), (2, 1));
    assert_eq!(world.story("shop-prod"), ["planned", "intended", "done", "recovered"]);
    world.audit();
}

#[test]
fn a_refusal_says_nothing_of_a_lost_answer_before_it() {
    let world = wants("terminate", |group| group);
    world.cloud.inject(call::EXPERIMENT, 1, Fault::ErrorAfter(Cause::Broken));
    world.cloud.inject(call::EXPERIMENT, 2, Fault::ErrorBefore(Cause::Throttled));
    process(&world).run_until(due(&world) + minutes(60));
    assert_eq!(world.cloud.experiments().len(), 1);
    assert_eq!(world.hit(), ["shop-prod"]);
    assert_eq!(world.outcome("shop-prod"), Some(Outcome::Done), "by a look: {:?}", world.story("shop-prod"));
    world.audit();
}

#[test]
fn what_a_crash_leaves_is_looked_up() {
    let world = wants("terminate", |group| group);
    {
        let process = process(&world);
        let mut daemon = process.daemon();
        while world.cloud.experiments().is_empty() {
            process.on(&mut daemon, world.now() + seconds(1));
        }
    }
    process(&world).run_until(due(&world) + minutes(60));
    assert_eq!(world.hit(), ["shop-prod"]);
    assert_eq!(world.outcome("shop-prod"), Some(Outcome::Done), "{:?}", world.story("shop-prod"));
    assert_eq!(world.cloud.experiments().len(), 1);
    world.audit();
}

#[test]
fn what_nobody_sees_begin_is_called_off() {
    let world = wants("terminate", |group| group);
    for nth in 1..=60 {
        world.cloud.inject(call::EXPERIMENTED, nth, Fault::ErrorBefore(Cause::Denied));
    }
    process(&world).run_until(due(&world) + minutes(60));
    assert_eq!(calls(&world, call::STOP_EXPERIMENT), 1);
    assert_eq!(world.outcome("shop-prod"), Some(Outcome::Done), "by a look: {:?}", world.story("shop-prod"));
    world.audit();
}

#[test]
fn more_than_five_are_more_than_one_experiment() {
    let mut world =
        wants("terminate", |group| group.sizes(2, 20, 40).tag("simian:chaos:count", "7").tag("simian:chaos:cap", "7"))
            .unlimited();
    world.policy.budgets.per_unit_day = None;
    process(&world).run_until(due(&world) + minutes(20));
    let sizes: Vec<usize> = world.cloud.experiments().iter().map(|trial| trial.asked.targets.len()).collect();
    assert_eq!(sizes, [5, 2]);
    assert_eq!(world.hit().len(), 7);
    world.audit();
}

#[test]
fn a_silent_agent_is_no_agent() {
    let world = wants("latency=1000 reboot=1", |group| group);
    for nth in 0..4 {
        let who = Who::Nth(GroupId::new(&us(), "shop-prod-v001"), nth);
        world.cloud.perform(Operation::Silence { who, on: true });
    }
    process(&world).run_until(due(&world) + minutes(20));
    assert_eq!(world.claim("shop-prod").action, Action::Reboot);
    assert!(told(&world, Kind::ActionDone).contains("latency drops out: the agent of i-"));
    assert_eq!(calls(&world, call::NODES), 1, "and it is asked once");
}
