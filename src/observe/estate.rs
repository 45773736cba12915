//! The survey of everything but groups: whole lists side by side, then what is asked of each of them.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::{join_all, join3};
use simian_core::estate::Kept;
use simian_core::ports::ResourceQuery;
use simian_core::{Estate, Extent, Fleet, Group, Region, ResourceId, ResourceKind, Scope, View, Wanted};

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

/// Reads what a monkey must see more of, and puts it in the place of what the lists said. What cannot be read stays as it
/// was.
pub(super) async fn complete(
    account: &Account,
    fleets: &mut BTreeMap<Scope, Fleet>,
    wanting: Vec<(Scope, ResourceId)>,
) {
    let mut kinds: BTreeMap<(Scope, ResourceKind), Vec<String>> = BTreeMap::new();
    for (scope, id) in wanting {
        kinds.entry((scope, id.kind)).or_default().push(id.id);
    }
    let reads = kinds.into_iter().map(|((scope, kind), ids)| async move {
        let read = account.cloud.resources(&scope.region, kind, &ResourceQuery::Ids(ids)).await;
        (scope, kind, read)
    });
    for (scope, kind, read) in join_all(reads).await {
        let kept = fleets.get_mut(&scope).and_then(|fleet| fleet.estate.kinds.get_mut(&kind));
        match (read, kept.map(|kept| &mut kept.view)) {
            (Ok(read), Some(View::Known(all))) => {
                for one in read {
                    if let Ok(place) = all.binary_search_by(|known| known.id.cmp(&one.id)) {
                        all[place] = one;
                    }
                }
            }
            (Ok(_), _) => {}
            (Err(error), _) => tracing::warn!(%scope, %kind, %error, "some could not be looked at more closely"),
        }
    }
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
    let of_groups = groups.known().into_iter().flat_map(BTreeMap::values).flat_map(|group| &group.target_groups);
    let listed = estate.some(ResourceKind::TargetGroup).iter().map(|group| &group.id.id);
    let arns = of_groups.chain(listed).filter(|_| wanted.target_health).cloned().collect();
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
