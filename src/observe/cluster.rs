//! A cluster for whoever asks for it by name: its groups, what they stand behind, and what they launch from.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::{join, join_all};
use simian_core::ports::GroupQuery;
use simian_core::{CallError, Group, LaunchSource, Name, Region, Scope, View};
use simian_delivery::{Cluster, ServerGroup};

use super::detail::each;
use crate::engine::Account;

/// The clusters of a region that were asked for, and the names of all others there.
#[derive(Clone, Debug, Default)]
pub struct Clusters {
    /// The one that was asked for, where it has a group.
    pub found: Option<Cluster>,
    /// The names of all clusters, sorted.
    pub names: BTreeSet<String>,
}

/// Looks for a cluster in a region. An error says that nobody can tell whether it is there.
async fn cluster(account: &Account, region: &Region, name: &str) -> Result<Clusters, CallError> {
    let all = account.cloud.groups(region, &GroupQuery::All).await?;
    let of = |group: &Group| Name::parse(&group.name).cluster();
    let names = all.iter().map(of).collect();
    let groups: Vec<Group> = all.into_iter().filter(|group| of(group) == name).collect();
    if groups.is_empty() {
        return Ok(Clusters { found: None, names });
    }
    let arns: BTreeSet<String> = groups.iter().flat_map(|group| &group.target_groups).cloned().collect();
    let sources: BTreeSet<LaunchSource> = groups.iter().flat_map(|group| &group.launches).cloned().collect();
    let asked: Vec<String> = arns.iter().cloned().collect();
    let routes =
        async { if asked.is_empty() { View::Unasked } else { account.cloud.routes(region, &asked).await.into() } };
    let health = each(arns, |arn| async move { account.cloud.target_health(region, &arn).await });
    let launches = each(sources, |source| async move { account.cloud.launches(region, &source).await });
    let ((routes, health), launches) = join(join(routes, health), launches).await;
    let seen = groups.into_iter().map(|group| {
        let behind = group.target_groups.iter().filter_map(|arn| Some((arn.clone(), health.get(arn)?.clone())));
        let from = group.launches.iter().filter_map(|source| launches.get(source).cloned());
        let (health, launches) = (behind.collect::<BTreeMap<_, _>>(), from.collect());
        ServerGroup { health, routes: routes.clone(), launches, group }
    });
    let scope = Scope { account: account.policy.account.clone(), region: region.clone() };
    Ok(Clusters { found: Some(Cluster::new(scope, name, seen.collect())), names })
}

/// The same in several regions, side by side.
pub async fn clusters(account: &Account, regions: &[Region], name: &str) -> Vec<(Region, Result<Clusters, CallError>)> {
    join_all(regions.iter().map(|region| async { (region.clone(), cluster(account, region, name).await) })).await
}
