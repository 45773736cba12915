//! Balancers see a member later than it is so, and by their own checks.

use std::collections::BTreeMap;

use simian_core::detail::TargetHealth;
use simian_core::{Actuator, Cause, Clock, Cloud, InstanceId};
use simian_sim::{GroupId, GroupSpec, Operation, SimAccount, VirtualClock, Who};

use crate::world::{account, eu, members, seconds, us};

const ARN: &str = "arn:aws:elasticloadbalancing:us-east-1:111122223333:targetgroup/web/0123456789abcdef";

fn balanced() -> (VirtualClock, SimAccount, GroupId) {
    let (clock, account) = account(1);
    account.found(GroupSpec::new(&us(), "web-v001", 4).target_group(ARN).hook(600));
    (clock, account, GroupId::new(&us(), "web-v001"))
}

fn targets(clock: &VirtualClock, account: &SimAccount) -> BTreeMap<InstanceId, TargetHealth> {
    clock.drive(account.target_health(&us(), ARN)).unwrap()
}

fn other(word: &str) -> TargetHealth {
    TargetHealth::Other(word.into())
}

#[test]
fn a_dead_target_is_unhealthy_before_its_group_lets_it_go_and_the_next_is_initial_at_first() {
    let (clock, account, group) = balanced();
    assert!(targets(&clock, &account).values().all(|health| *health == TargetHealth::Healthy));
    // Of eight deaths some are noticed by the balancer first.
    let mut said = Vec::new();
    for _ in 0..8 {
        let dead = members(&account, &group).remove(0);
        account.kill(&dead);
        assert_eq!(targets(&clock, &account)[&dead], TargetHealth::Healthy, "not checked yet");
        for _ in 0..60 {
            clock.jump(seconds(1));
            said.extend(targets(&clock, &account).remove(&dead));
        }
        let new = members(&account, &group).pop().unwrap();
        assert!(!targets(&clock, &account).contains_key(&new), "it boots");
        clock.set(account.truth().life(&new).unwrap().launched + seconds(59));
        while account.truth().life(&new).unwrap().in_service.is_none() {
            clock.jump(seconds(1));
        }
        assert_eq!(targets(&clock, &account)[&new], other("initial"));
        clock.jump(seconds(60));
        assert_eq!(targets(&clock, &account)[&new], TargetHealth::Healthy);
    }
    assert!(said.contains(&other("unhealthy")) && !said.contains(&other("draining")), "{said:?}");
}

#[test]
fn who_ends_gracefully_drains() {
    let (clock, account, group) = balanced();
    let id = members(&account, &group).remove(0);
    clock.drive(account.terminate_in_group(&us(), &id)).unwrap();
    assert_eq!(targets(&clock, &account)[&id], other("draining"));
    clock.jump(seconds(600));
    assert!(!targets(&clock, &account).contains_key(&id));
}

#[test]
fn a_reboot_and_a_stop_are_seen() {
    let (clock, account, group) = balanced();
    let ids = members(&account, &group);
    clock.drive(account.reboot(&us(), &ids[..1])).unwrap();
    clock.jump(seconds(45));
    assert_eq!(targets(&clock, &account)[&ids[0]], other("unhealthy"));
    clock.jump(seconds(180 + 60));
    assert_eq!(targets(&clock, &account)[&ids[0]], TargetHealth::Healthy);
    account.perform(Operation::Suspend { group, process: "HealthCheck".into() });
    account.perform(Operation::StopMember(Who::Id(ids[1].clone())));
    clock.jump(seconds(45));
    assert_eq!(targets(&clock, &account)[&ids[1]], other("unhealthy"));
}

#[test]
fn a_target_that_fails_its_checks_serves_by_its_groups_word() {
    let (clock, account, group) = balanced();
    let id = members(&account, &group).remove(0);
    let set = |healthy| Operation::SetTarget { target_group: ARN.into(), who: Who::Nth(group.clone(), 0), healthy };
    assert!(account.perform(set(false)));
    assert_eq!(targets(&clock, &account)[&id], TargetHealth::Healthy, "not checked yet");
    clock.jump(seconds(40));
    assert_eq!(targets(&clock, &account)[&id], other("unhealthy"));
    assert_eq!(account.truth().group(&group).unwrap().serving(), 4);
    assert!(account.perform(set(true)));
    assert_eq!(targets(&clock, &account)[&id], other("unhealthy"), "not checked yet");
    clock.jump(seconds(60));
    assert_eq!(targets(&clock, &account)[&id], TargetHealth::Healthy);
}

#[test]
fn a_target_group_may_be_unused_or_several_groups_or_none() {
    let (clock, account, _) = balanced();
    assert!(account.found(GroupSpec::new(&us(), "web-v002", 2).target_group(ARN)));
    assert_eq!(targets(&clock, &account).len(), 6);
    assert!(account.perform(Operation::SetUsed { target_group: ARN.into(), used: false }));
    assert!(targets(&clock, &account).values().all(|health| *health == TargetHealth::Unused));
    assert!(account.perform(Operation::SetUsed { target_group: ARN.into(), used: true }));
    assert!(targets(&clock, &account).values().all(|health| *health == TargetHealth::Healthy));
    account.delete_group(&us(), "web-v001");
    account.delete_group(&us(), "web-v002");
    assert_eq!(targets(&clock, &account), BTreeMap::new());
    assert_eq!(account.truth().targets(&us(), ARN, clock.now()), Some(BTreeMap::new()));
    let unknown = Cause::Refused("TargetGroupNotFound".into());
    for (region, arn) in [(eu(), ARN), (us(), "arn:aws:elasticloadbalancing:us-east-1:111122223333:targetgroup/x/0")] {
        assert_eq!(clock.drive(account.target_health(&region, arn)).unwrap_err().cause, unknown);
    }
    assert!(!account.perform(Operation::SetUsed { target_group: "x".into(), used: true }));
}
