//! What the two ways of ending an instance promise, by EC2's and Auto Scaling's documentation.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use simian_core::ports::MAX_BATCH;
use simian_core::{Actuator, Cause, Clock, Cloud, InstanceId, InstanceState, Lifecycle};
use simian_sim::{EndedBy, GroupSpec, Operation, SimAccount, Who};

use crate::world::{account, eu, look, members, seconds, start, us, web};

fn shield(account: &SimAccount, id: &InstanceId) {
    assert!(account.perform(Operation::Shield { who: Who::Id(id.clone()), on: true }));
}

#[test]
fn a_protected_instance_spoils_its_zone_and_only_that() {
    let (clock, account, group) = web(1);
    let ids = members(&account, &group);
    let zone = |id: &InstanceId| account.truth().life(id).unwrap().zone;
    shield(&account, &ids[0]);
    let error = clock.drive(account.terminate(&us(), &ids)).unwrap_err();
    assert_eq!(error.cause, Cause::Refused("OperationNotPermitted".into()));
    let spared: Vec<_> = ids.iter().filter(|id| zone(id) == zone(&ids[0])).collect();
    assert_eq!(spared.len(), 2, "six members in three zones");
    for id in &ids {
        let ended = account.truth().life(id).unwrap().ended;
        assert_eq!(ended.is_none(), spared.contains(&id), "{id}");
        assert!(ended.is_none_or(|(at, by)| (at, by) == (start(), EndedBy::Terminate)));
    }
    assert_eq!(account.truth().ended_by_us().len(), 4);
}

#[test]
fn one_wrong_id_spoils_the_whole_call() {
    let (clock, account, group) = web(1);
    let mut ids = members(&account, &group);
    for (wrong, code) in [("i-0123456789abcdef0", "InvalidInstanceID.NotFound"), ("web", "InvalidInstanceID.Malformed")]
    {
        ids.push(InstanceId::new(wrong));
        let error = clock.drive(account.terminate(&us(), &ids)).unwrap_err();
        assert_eq!(error.cause, Cause::Refused(code.into()));
        ids.pop();
    }
    let elsewhere = clock.drive(account.terminate(&eu(), &ids)).unwrap_err();
    assert_eq!(elsewhere.cause, Cause::Refused("InvalidInstanceID.NotFound".into()));
    assert_eq!(
        clock.drive(account.terminate(&us(), &[])).unwrap_err().cause,
        Cause::Refused("MissingParameter".into())
    );
    let many = vec![ids[0].clone(); MAX_BATCH + 1];
    assert!(clock.drive(account.terminate(&us(), &many)).is_err());
    assert_eq!(account.truth().ended_by_us(), []);
}

#[test]
fn ending_is_idempotent_until_the_instance_is_forgotten() {
    let (clock, account, group) = web(1);
    let id = members(&account, &group).remove(0);
    let ids = [id.clone()];
    for _ in 0..2 {
        assert_eq!(clock.drive(account.terminate(&us(), &ids)).unwrap(), ids);
        let states = clock.drive(account.instances(&us(), &ids)).unwrap();
        assert_eq!(states, BTreeMap::from([(id.clone(), InstanceState::Terminated)]));
        clock.jump(TimeDelta::minutes(29));
    }
    assert_eq!(account.truth().life(&id).unwrap().ended.unwrap().0, start(), "the second call ended nothing");
    clock.jump(TimeDelta::minutes(2));
    assert_eq!(clock.drive(account.instances(&us(), &ids)).unwrap(), BTreeMap::new());
    let gone = clock.drive(account.terminate(&us(), &ids)).unwrap_err();
    assert_eq!(gone.cause, Cause::Refused("InvalidInstanceID.NotFound".into()));
}

#[test]
fn a_graceful_end_waits_for_the_hook_and_keeps_the_desired_capacity() {
    let (clock, account) = account(3);
    account.found(GroupSpec::new(&us(), "idx", 4).hook(120));
    let group = simian_sim::GroupId::new(&us(), "idx");
    let id = members(&account, &group).remove(0);
    // Neither protection keeps a group from ending whom it is told to end.
    shield(&account, &id);
    account.perform(Operation::Protect { who: Who::Id(id.clone()), on: true });
    clock.drive(account.terminate_in_group(&us(), &id)).unwrap();
    let seen = clock.drive(look(&account, &group));
    assert_eq!(seen.member(&id).unwrap().lifecycle, Lifecycle::Terminating);
    assert_eq!((seen.desired, seen.serving()), (4, 3));
    let states = clock.drive(account.instances(&us(), std::slice::from_ref(&id))).unwrap();
    assert_eq!(states[&id], InstanceState::Running, "the hook runs on it");
    let again = clock.drive(account.terminate_in_group(&us(), &id)).unwrap_err();
    assert_eq!(again.cause, Cause::Refused("ScalingActivityInProgress".into()));
    clock.jump(seconds(121));
    let life = account.truth().life(&id).unwrap();
    assert_eq!(life.leaving, Some((start(), EndedBy::TerminateInGroup)));
    let (ended, by) = life.ended.unwrap();
    assert_eq!(by, EndedBy::TerminateInGroup);
    assert!(ended > start() && ended <= start() + seconds(120) && life.left == Some(ended));
    clock.jump(seconds(300));
    assert_eq!(account.truth().serving(&group), 4);
    assert_eq!(account.truth().ended_by_us().len(), 1);
}

#[test]
fn a_group_ends_only_its_own_members() {
    let (clock, account, group) = web(1);
    let id = members(&account, &group).remove(0);
    for (region, id) in [(us(), InstanceId::new("i-0123456789abcdef0")), (eu(), id.clone())] {
        let error = clock.drive(account.terminate_in_group(&region, &id)).unwrap_err();
        assert_eq!(error.cause, Cause::Refused("ValidationError".into()));
        assert_eq!(error.call, "autoscaling:TerminateInstanceInAutoScalingGroup");
    }
    account.perform(Operation::Warm { who: Who::Id(id.clone()), on: true });
    assert_eq!(clock.drive(look(&account, &group)).member(&id).unwrap().lifecycle, Lifecycle::Warmed);
    let error = clock.drive(account.terminate_in_group(&us(), &id)).unwrap_err();
    assert_eq!(error.cause, Cause::Refused("ValidationError".into()), "{error}");
    assert_eq!(clock.now(), start());
}

#[test]
fn a_rebooted_instance_is_away_for_a_while_and_comes_back_as_itself() {
    let (clock, account, group) = web(1);
    let ids = members(&account, &group);
    // No protection stops a reboot.
    shield(&account, &ids[0]);
    account.perform(Operation::Protect { who: Who::Id(ids[0].clone()), on: true });
    clock.drive(account.reboot(&us(), &ids[..2])).unwrap();
    let states = clock.drive(account.instances(&us(), &ids[..1])).unwrap();
    assert_eq!(states[&ids[0]], InstanceState::Running, "EC2 does not say that it restarts");
    let seen = clock.drive(look(&account, &group));
    let member = seen.member(&ids[0]).unwrap();
    assert_eq!((&member.lifecycle, member.healthy), (&Lifecycle::InService, false));
    assert_eq!((seen.serving(), account.truth().serving(&group)), (4, 4));
    clock.jump(seconds(59));
    assert_eq!(account.truth().serving(&group), 4);
    clock.jump(seconds(122));
    assert_eq!(account.truth().serving(&group), 6);
    assert_eq!(members(&account, &group), ids, "nobody was replaced");
    assert_eq!(account.truth().life(&ids[1]).unwrap().rebooted, [start()]);
    assert_eq!(account.truth().ended_by_us(), []);
}

#[test]
fn a_reboot_looks_at_its_ids_first_and_passes_over_the_dead() {
    let (clock, account, group) = web(1);
    let mut ids = members(&account, &group);
    ids.push(InstanceId::new("i-0123456789abcdef0"));
    let error = clock.drive(account.reboot(&us(), &ids)).unwrap_err();
    assert_eq!((error.call, error.cause), ("ec2:RebootInstances", Cause::Refused("InvalidInstanceID.NotFound".into())));
    ids.pop();
    let rebooted = || ids.iter().filter(|id| !account.truth().life(id).unwrap().rebooted.is_empty()).count();
    assert_eq!(rebooted(), 0);
    account.kill(&ids[0]);
    clock.drive(account.reboot(&us(), &ids)).unwrap();
    assert_eq!(rebooted(), 5);
}

#[test]
fn who_is_rebooted_twice_is_away_until_the_second_is_over() {
    let (clock, account, group) = web(1);
    let ids = members(&account, &group);
    clock.drive(account.reboot(&us(), &ids)).unwrap();
    clock.jump(seconds(50));
    clock.drive(account.reboot(&us(), &ids)).unwrap();
    clock.jump(seconds(59));
    assert_eq!(account.truth().serving(&group), 0, "of six, the first alone would be over for some");
    clock.jump(seconds(122));
    assert_eq!(account.truth().serving(&group), 6);
    assert!(ids.iter().all(|id| account.truth().life(id).unwrap().rebooted.len() == 2));
}
