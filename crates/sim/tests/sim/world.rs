//! What the tests share.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use simian_core::{Cloud, Group, GroupQuery, InstanceId, Region};
use simian_sim::{GroupId, GroupSpec, SimAccount, VirtualClock};

pub(crate) fn start() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 23, 8, 0, 0).unwrap()
}

pub(crate) fn seconds(n: i64) -> TimeDelta {
    TimeDelta::seconds(n)
}

pub(crate) fn us() -> Region {
    "us-east-1".parse().unwrap()
}

pub(crate) fn eu() -> Region {
    "eu-west-1".parse().unwrap()
}

/// A clock and an account of two regions on it.
pub(crate) fn account(seed: u64) -> (VirtualClock, SimAccount) {
    let clock = VirtualClock::new(start());
    let account = SimAccount::new("111122223333".parse().unwrap(), [us(), eu()], seed, Arc::new(clock.clone()));
    (clock, account)
}

/// The same with one group of six, `web-v001` in us-east-1.
pub(crate) fn web(seed: u64) -> (VirtualClock, SimAccount, GroupId) {
    let (clock, account) = account(seed);
    assert!(account.found(GroupSpec::new(&us(), "web-v001", 6).tag("simian:chaos", "on")));
    (clock, account, GroupId::new(&us(), "web-v001"))
}

pub(crate) fn members(account: &SimAccount, group: &GroupId) -> Vec<InstanceId> {
    account.truth().group(group).unwrap().members.into_iter().map(|member| member.id).collect()
}

/// The group as a call shows it.
pub(crate) async fn look(account: &SimAccount, group: &GroupId) -> Group {
    let named = GroupQuery::Named(vec![group.name.clone()]);
    account.groups(&group.region, &named).await.unwrap().remove(0)
}
