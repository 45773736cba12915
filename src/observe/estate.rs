//! The survey of everything but groups: whole lists side by side, then what is asked of each of them.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::{join_all, join3};
use simian_core::estate::Kept;
use simian_core::ports::ResourceQuery;
use simian_core::{Estate, Extent, Group, Region, ResourceKind, View, Wanted};

use super::detail::each;
use crate::engine::Account;

/// How far back scaling activities are read.
const ACTIVITIES: TimeDelta = TimeDelta::days(1);

/// The lists that are wanted of a region, each read once.
pub(super) async fn lists(account: &Account, region: &Region, wanted: &Wanted) -> BTreeMap<ResourceKind, Kept> {
    let reads = wanted.kinds.iter().filter(|(kind, _)| **kind != ResourceKind::Group).map(|(kind, extent)| async {
        let query = match extent {
            Extent::Loose => ResourceQuery::Loose,
            Extent::All => ResourceQuery::All,
        };
        (*kind, Kept::new(*extent, account.cloud.resources(region, *kind, &query).await))
    });
    join_all(reads).await.into_iter().collect()
}

/// What is asked of each group and target group, beside the lists.
pub(super) async fn of_each(
    account: &Account,
    region: &Region,
    wanted: &Wanted,
    groups: &View<BTreeMap<String, Group>>,
    kinds: BTreeMap<ResourceKind, Kept>,
    at: DateTime<Utc>,
) -> Estate {
    let mut estate = Estate { kinds, ..Estate::default() };
    let names = groups.known().filter(|_| wanted.refreshes).into_iter().flat_map(BTreeMap::keys).cloned().collect();
    let targeted = groups.known().into_iter().flat_map(BTreeMap::values).flat_map(|group| &group.target_groups);
    // Those that no group registers with too: an instance may be a target by somebody's own hand.
    let listed = estate.some(ResourceKind::TargetGroup).iter();
    let listed = listed.filter(|one| one.target_group().is_some_and(|about| about.kind == "instance"));
    let arns = targeted.chain(listed.map(|one| &one.id.id)).filter(|_| wanted.target_health).cloned().collect();
    let activities = async {
        if !wanted.activities {
            return View::Unasked;
        }
        account.cloud.recent_activities(region, at - ACTIVITIES).await.into()
    };
    (estate.health, estate.refreshes, estate.activities) = join3(
        each(arns, |arn| async move { account.cloud.target_health(region, &arn).await }),
        each(names, |name| async move { account.cloud.last_refresh(region, &name).await }),
        activities,
    )
    .await;
    estate
}
