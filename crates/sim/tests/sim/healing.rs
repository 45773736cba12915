//! Groups heal: however the world treats them, with their processes running they come back to what is desired.

use chrono::TimeDelta;
use proptest::prelude::*;
use simian_core::{Actuator, Clock, Cloud, GroupQuery, InstanceState, Lifecycle};
use simian_sim::{EndedBy, GroupId, GroupSpec, Operation, Who};

use crate::world::{account, look, members, seconds, start, us, web};

/// Longest notice, then longest boot.
const HEALED: i64 = 60 + 300;

#[test]
fn the_dead_are_described_as_serving_until_they_are_noticed_and_then_replaced() {
    let (clock, account, group) = web(1);
    let id = members(&account, &group).remove(2);
    clock.drive(account.terminate(&us(), std::slice::from_ref(&id))).unwrap();
    let seen = clock.drive(look(&account, &group));
    assert!(seen.member(&id).is_some_and(simian_core::Member::serves), "nobody noticed yet");
    assert_eq!((seen.serving(), account.truth().serving(&group)), (6, 5));
    clock.jump(seconds(60));
    let seen = clock.drive(look(&account, &group));
    assert_eq!((seen.member(&id), seen.members.len(), seen.serving()), (None, 6, 5));
    let new = seen.members.iter().find(|member| member.lifecycle == Lifecycle::Pending).unwrap().id.clone();
    clock.jump(seconds(HEALED - 60));
    let seen = clock.drive(look(&account, &group));
    assert_eq!((seen.desired, seen.serving()), (6, 6));
    let life = account.truth().life(&new).unwrap();
    let boot = life.in_service.unwrap() - life.launched;
    assert!((seconds(60)..=seconds(300)).contains(&boot), "{boot}");
    assert_eq!(account.truth().life(&id).unwrap().left, Some(life.launched));
}

#[test]
fn ec2_says_running_long_before_the_group_says_in_service() {
    let (clock, account) = account(1);
    account.perform(Operation::CreateGroup(GroupSpec::new(&us(), "new", 1)));
    let group = GroupId::new(&us(), "new");
    let ids = members(&account, &group);
    let state = || clock.drive(account.instances(&us(), &ids)).unwrap()[&ids[0]];
    assert_eq!(state(), InstanceState::Pending);
    clock.jump(seconds(20));
    assert_eq!(state(), InstanceState::Running);
    assert_eq!(clock.drive(look(&account, &group)).serving(), 0);
    account.perform(Operation::StopMember(Who::Nth(group.clone(), 0)));
    assert_eq!(state(), InstanceState::Stopped);
    clock.jump(seconds(HEALED + 20));
    assert_eq!(state(), InstanceState::Terminated, "its group took it for dead");
    assert_eq!(account.truth().serving(&group), 1);
}

#[test]
fn suspended_processes_keep_a_group_from_healing_until_they_are_resumed() {
    for (process, left) in [("Launch", 5), ("HealthCheck", 6), ("ReplaceUnhealthy", 6), ("Terminate", 6)] {
        let (clock, account, group) = web(1);
        let suspend = |on: bool| {
            let (group, process) = (group.clone(), process.to_owned());
            account.perform(if on {
                Operation::Suspend { group, process }
            } else {
                Operation::Resume { group, process }
            })
        };
        assert!(suspend(true));
        let id = members(&account, &group).remove(0);
        assert!(account.kill(&id));
        clock.jump(TimeDelta::hours(1));
        let seen = clock.drive(look(&account, &group));
        assert_eq!((seen.suspended.as_slice(), seen.members.len()), ([process.to_owned()].as_slice(), left));
        assert_eq!(seen.serving() == 6, process == "HealthCheck");
        assert_eq!(account.truth().serving(&group), 5, "{process}");
        assert!(suspend(false));
        clock.jump(seconds(HEALED));
        assert_eq!(account.truth().serving(&group), 6, "{process}");
    }
}

#[test]
fn an_unhealthy_member_is_replaced() {
    let (clock, account, group) = web(1);
    let id = members(&account, &group).remove(0);
    assert!(account.perform(Operation::SetHealth { who: Who::Id(id.clone()), healthy: false }));
    assert_eq!(clock.drive(look(&account, &group)).serving(), 5);
    clock.jump(seconds(60 + 20 + 300));
    assert_eq!(account.truth().life(&id).unwrap().ended.unwrap().1, EndedBy::Group("unhealthy"));
    assert_eq!(account.truth().serving(&group), 6);
}

#[test]
fn scaling_in_spares_the_protected_and_keeps_the_zones_even() {
    let (clock, account, group) = web(1);
    let ids = members(&account, &group);
    account.perform(Operation::Protect { who: Who::Id(ids[0].clone()), on: true });
    account.perform(Operation::Scale { group: group.clone(), desired: 3 });
    clock.jump(seconds(20));
    let seen = clock.drive(look(&account, &group));
    assert!(seen.member(&ids[0]).is_some());
    let mut zones: Vec<_> = seen.members.iter().map(|member| member.zone.clone()).collect();
    zones.sort();
    assert_eq!(zones, ["us-east-1a", "us-east-1b", "us-east-1c"]);
    account.perform(Operation::Scale { group: group.clone(), desired: 20 });
    let seen = clock.drive(look(&account, &group));
    assert_eq!((seen.min, seen.desired, seen.max, seen.members.len()), (3, 20, 20, 20));
}

#[test]
fn standby_lowers_the_desired_capacity_and_back() {
    let (clock, account, group) = web(1);
    let who = Who::Nth(group.clone(), 0);
    assert!(account.perform(Operation::Standby { who: who.clone(), on: true }));
    let seen = clock.drive(look(&account, &group));
    assert_eq!((seen.desired, seen.members.len(), seen.serving()), (5, 6, 5));
    assert!(account.perform(Operation::Standby { who: who.clone(), on: false }));
    assert!(!account.perform(Operation::Standby { who, on: false }), "it is back already");
    assert_eq!(clock.drive(look(&account, &group)).serving(), 6);
}

#[test]
fn a_zone_outage_takes_the_zone_and_launches_elsewhere() {
    let (clock, account, group) = web(1);
    let zone = "us-east-1b".to_owned();
    assert!(account.perform(Operation::ZoneOutage { zone: zone.clone(), lasts: TimeDelta::hours(1) }));
    assert_eq!(account.truth().serving(&group), 4);
    clock.jump(seconds(HEALED));
    let healed = account.truth().group(&group).unwrap();
    assert_eq!(healed.serving(), 6);
    assert!(healed.members.iter().all(|member| member.zone != zone));
    for zone in ["us-east-1a", "us-east-1c", "us-east-1b"] {
        account.perform(Operation::ZoneOutage { zone: zone.into(), lasts: TimeDelta::hours(1) });
    }
    clock.jump(TimeDelta::minutes(59));
    assert_eq!(account.truth().group(&group).unwrap().members, [], "nowhere to launch");
    clock.jump(TimeDelta::minutes(10));
    assert_eq!(account.truth().serving(&group), 6, "it launches when the zones are back");
}

#[test]
fn a_deploy_brings_up_the_next_push_and_retires_the_old_one() {
    let (clock, account, group) = web(1);
    let at = start() + TimeDelta::hours(4);
    let retire_after = TimeDelta::hours(1);
    account.schedule(at, Operation::Deploy { group: GroupId::new(&us(), "web"), retire_after });
    clock.jump(TimeDelta::hours(4));
    let names = || account.truth().groups().into_keys().map(|id| id.name).collect::<Vec<_>>();
    assert_eq!(names(), ["web-v001", "web-v002"]);
    let new = account.truth().group(&GroupId::new(&us(), "web-v002")).unwrap();
    assert_eq!((new.serving(), new.members.len()), (0, 6));
    assert!(new.members.iter().all(|member| member.template_version.as_deref() == Some("2")));
    assert_eq!(new.tags, account.truth().group(&group).unwrap().tags);
    let old = members(&account, &group);
    clock.jump(retire_after);
    assert_eq!(names(), ["web-v002"]);
    assert_eq!(account.truth().life(&old[0]).unwrap().ended, Some((at + retire_after, EndedBy::Group("deleted"))));
    let performed = account.performed();
    assert_eq!(
        performed.iter().map(|done| (done.at, done.found)).collect::<Vec<_>>(),
        [(at, true), (at + retire_after, true)]
    );
}

#[test]
fn a_refresh_replaces_every_old_member_one_after_another() {
    let (clock, account, group) = web(1);
    account.perform(Operation::Refresh { group: group.clone(), every: TimeDelta::minutes(10) });
    assert_eq!(clock.drive(look(&account, &group)).serving(), 5);
    clock.jump(TimeDelta::hours(2));
    let seen = clock.drive(look(&account, &group));
    assert_eq!(seen.serving(), 6);
    assert!(seen.members.iter().all(|member| member.template_version.as_deref() == Some("2")));
}

#[test]
fn the_world_takes_and_gives() {
    let (clock, account, group) = web(1);
    assert!(account.perform(Operation::SpotLoss { group: group.clone() }));
    assert_eq!(account.truth().serving(&group), 5);
    let by: Vec<_> = account.truth().lives().into_values().filter_map(|life| life.ended).map(|(_, by)| by).collect();
    assert_eq!(by, [EndedBy::Outside("spot loss")]);
    assert_eq!(account.truth().ended_by_us(), []);
    assert!(account.set_tag(&us(), "web-v001", "simian:chaos", "off"));
    assert_eq!(clock.drive(look(&account, &group)).tags["simian:chaos"], "off");
    assert!(account.remove_tag(&us(), "web-v001", "simian:chaos"));
    assert!(clock.drive(look(&account, &group)).tags.is_empty());
    assert!(!account.set_tag(&us(), "web-v002", "simian:chaos", "off"), "no such group");
    assert!(account.delete_group(&us(), "web-v001") && !account.delete_group(&us(), "web-v001"));
    let named = GroupQuery::Named(vec!["web-v001".into()]);
    assert_eq!(clock.drive(account.groups(&us(), &named)).unwrap(), []);
    assert!(account.found(GroupSpec::new(&us(), "web-v001", 2)), "a name may come again");
    assert!(!account.found(GroupSpec::new(&us(), "web-v001", 2)));
    assert!(!account.found(GroupSpec::new(&"mars-north-1".parse().unwrap(), "web-v001", 2)));
    clock.jump(TimeDelta::hours(1));
    assert_eq!(account.truth().serving(&group), 2);
}

fn harm() -> impl Strategy<Value = Operation> {
    let group = || GroupId::new(&us(), "web-v001");
    let who = (0_usize..8).prop_map(|nth| Who::Nth(GroupId::new(&us(), "web-v001"), nth)).boxed();
    let process = prop::sample::select(vec!["Launch", "Terminate", "HealthCheck", "ReplaceUnhealthy"]);
    prop_oneof![
        who.clone().prop_map(Operation::KillMember),
        who.clone().prop_map(Operation::StopMember),
        (who.clone(), any::<bool>()).prop_map(|(who, healthy)| Operation::SetHealth { who, healthy }),
        (who.clone(), any::<bool>()).prop_map(|(who, on)| Operation::Standby { who, on }),
        (who, any::<bool>()).prop_map(|(who, on)| Operation::Warm { who, on }),
        Just(()).prop_map(move |()| Operation::SpotLoss { group: group() }),
        (0_u32..12).prop_map(move |desired| Operation::Scale { group: group(), desired }),
        process.clone().prop_map(move |process| Operation::Suspend { group: group(), process: process.into() }),
        process.prop_map(move |process| Operation::Resume { group: group(), process: process.into() }),
        Just(()).prop_map(|()| Operation::ZoneOutage { zone: "us-east-1a".into(), lasts: TimeDelta::minutes(20) }),
        Just(()).prop_map(move |()| Operation::Refresh { group: group(), every: TimeDelta::minutes(5) }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn whatever_happened_a_group_comes_back_to_what_is_desired(
        seed: u64,
        harms in prop::collection::vec((0_i64..900, harm()), 0..40),
    ) {
        let (clock, account, group) = web(seed);
        let mut at = start();
        for (pause, operation) in harms {
            at += seconds(pause);
            account.schedule(at, operation);
        }
        clock.set(at);
        for process in ["Launch", "Terminate", "HealthCheck", "ReplaceUnhealthy"] {
            account.perform(Operation::Resume { group: group.clone(), process: process.into() });
        }
        clock.jump(TimeDelta::hours(3));
        let healed = account.truth().group(&group).unwrap();
        prop_assert_eq!(account.truth().serving(&group), healed.desired as usize);
        prop_assert_eq!(healed.serving(), healed.desired as usize);
        prop_assert_eq!(clock.now(), at + TimeDelta::hours(3));
        for life in account.truth().lives().into_values() {
            prop_assert!(life.in_service.is_none_or(|at| at >= life.launched));
            prop_assert!(life.ended.is_none_or(|(at, _)| at >= life.launched));
            prop_assert!(life.left.is_none_or(|left| life.ended.is_some_and(|(at, _)| left >= at)));
        }
    }
}
