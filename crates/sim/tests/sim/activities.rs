//! What a group launches and ends is an activity, from its beginning to its end.

use chrono::TimeDelta;
use simian_core::detail::{Activity, Progress};
use simian_core::{Actuator, Cause, Clock, Cloud};
use simian_sim::{GroupId, GroupSpec, Operation, SimAccount, VirtualClock, Weather, Who};

use crate::world::{account, members, seconds, start, us, web};

fn activities(clock: &VirtualClock, account: &SimAccount, group: &GroupId) -> Vec<Activity> {
    let since = clock.now() - TimeDelta::hours(48);
    let mut all = clock.drive(account.activities(&group.region, &group.name, since)).unwrap();
    all.sort_by_key(|activity| (activity.started, activity.launch));
    all
}

fn running(word: &str) -> Progress {
    Progress::Running(word.into())
}

#[test]
fn a_death_and_its_replacement_are_two_activities() {
    let (clock, account, group) = web(1);
    assert_eq!(activities(&clock, &account, &group), [], "who was founded was launched long ago");
    let dead = members(&account, &group).remove(0);
    account.kill(&dead);
    assert_eq!(activities(&clock, &account, &group), [], "nobody noticed yet");
    clock.jump(seconds(60));
    let noticed = account.truth().life(&dead).unwrap().left.unwrap();
    let new = members(&account, &group).pop().unwrap();
    let [end, launch] = activities(&clock, &account, &group).try_into().unwrap();
    assert_eq!(end.what, format!("Terminating EC2 instance: {dead}"));
    assert_eq!((end.started, end.launch, end.progress), (noticed, false, Progress::Done));
    assert_eq!(launch.what, format!("Launching a new EC2 instance: {new}"));
    assert_eq!((launch.started, launch.launch, launch.progress), (noticed, true, running("PreInService")));
    clock.set(start() + seconds(60 + 300));
    assert_eq!(activities(&clock, &account, &group)[1].progress, Progress::Done);
    assert_eq!(account.truth().activities(&group, clock.now()).len(), 2);
}

#[test]
fn a_graceful_end_lasts_as_long_as_its_hook() {
    for (hook, word) in [(Some(600), "MidLifecycleAction"), (None, "InProgress")] {
        let (clock, account) = account(1);
        let spec = GroupSpec { hook_seconds: hook, ..GroupSpec::new(&us(), "web-v001", 4) };
        account.found(spec);
        let group = GroupId::new(&us(), "web-v001");
        let id = members(&account, &group).remove(0);
        clock.drive(account.terminate_in_group(&us(), &id)).unwrap();
        let seen = activities(&clock, &account, &group);
        assert_eq!(seen.len(), 1);
        assert_eq!((seen[0].started, &seen[0].progress), (start(), &running(word)));
        clock.jump(seconds(600));
        assert_eq!(activities(&clock, &account, &group)[0].progress, Progress::Done);
    }
}

#[test]
fn a_launch_waits_for_its_instance_and_is_cancelled_when_that_dies_first() {
    let (clock, account) = account(1);
    account.perform(Operation::CreateGroup(GroupSpec::new(&us(), "web-v001", 1).boot(300..=300)));
    let group = GroupId::new(&us(), "web-v001");
    let only = || activities(&clock, &account, &group)[0].progress.clone();
    assert_eq!(only(), running("WaitingForInstanceId"));
    clock.jump(seconds(3));
    assert_eq!(only(), running("PreInService"));
    account.perform(Operation::KillMember(Who::Nth(group.clone(), 0)));
    clock.jump(seconds(60));
    assert_eq!(only(), Progress::Cancelled);
    assert_eq!(activities(&clock, &account, &group).len(), 3, "it was let go, and replaced");
}

#[test]
fn who_is_put_elsewhere_before_it_serves_is_no_longer_being_launched() {
    let (clock, account) = account(1);
    account.perform(Operation::CreateGroup(GroupSpec::new(&us(), "web-v001", 1)));
    let group = GroupId::new(&us(), "web-v001");
    account.perform(Operation::Warm { who: Who::Nth(group.clone(), 0), on: true });
    let [first, next] = account.truth().activities(&group, clock.now()).try_into().unwrap();
    assert_eq!((first.progress, next.progress), (Progress::Done, running("WaitingForInstanceId")));
    assert_eq!(clock.now(), start());
}

#[test]
fn only_those_of_late_are_told_and_only_of_a_group_that_there_is() {
    let (clock, account, group) = web(1);
    account.perform(Operation::KillMember(Who::Nth(group.clone(), 0)));
    clock.jump(TimeDelta::hours(1));
    let since = |hours| clock.drive(account.activities(&us(), "web-v001", start() + TimeDelta::hours(hours)));
    assert_eq!(since(0).unwrap().len(), 2);
    assert_eq!(since(1).unwrap(), []);
    account.delete_group(&us(), "web-v001");
    assert_eq!(since(0).unwrap_err().cause, Cause::Refused("ValidationError".into()));
    account.found(GroupSpec::new(&us(), "web-v001", 2));
    assert_eq!(since(0).unwrap(), [], "another group of that name");
}

#[test]
fn old_news_show_what_goes_on_as_not_begun_or_not_over() {
    let (clock, account, group) = web(1);
    let id = members(&account, &group).remove(0);
    clock.drive(account.terminate_in_group(&us(), &id)).unwrap();
    account.set_weather(Weather { stale_seconds: 60, ..Weather::calm() });
    clock.jump(seconds(30));
    let since = start() - TimeDelta::hours(1);
    let seen: Vec<usize> =
        (0..40).map(|_| clock.drive(account.activities(&us(), "web-v001", since)).unwrap().len()).collect();
    assert!(seen.contains(&0) && seen.contains(&1) && seen.contains(&2), "{seen:?}");
}
