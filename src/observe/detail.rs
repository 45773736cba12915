//! The second look, at the few proposals that are due: each thing read once for all who need it, side by side.
//!
//! A rail that is off asks nothing.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use futures_util::future::{join, join_all, join3, join5};
use futures_util::{FutureExt as _, StreamExt as _, stream};
use simian_core::detail::{Activity, Launches, Refresh, TargetHealth};
use simian_core::ports::GroupQuery;
use simian_core::rails::{self, ACTIVITIES_SINCE, FRESH};
use simian_core::{
    Abilities, Asks, CallError, Detail, Group, InstanceId, LaunchSource, Look, Node, Proposal, Region, Reread, Scope,
    Stops, View, World,
};

use super::by_name;
use crate::engine::{Account, Engine};

/// How many reads of one kind are under way at once in a region: each is one group's, and AWS throttles whoever asks for
/// all of them in the same moment.
const AT_ONCE: usize = 8;

/// The second look at these proposals.
pub async fn detail(engine: &Engine, account: &Account, world: &World, proposals: &[&Proposal]) -> Detail {
    let mut by_scope: BTreeMap<Scope, BTreeSet<String>> = BTreeMap::new();
    for id in proposals.iter().flat_map(|proposal| &proposal.unit.groups) {
        by_scope.entry(world.scope(&id.region)).or_default().insert(id.name.clone());
    }
    let here = |scope: &Scope| -> Vec<&Proposal> {
        proposals.iter().filter(|proposal| proposal.scope == *scope).copied().collect()
    };
    let first = by_scope.iter().map(|(scope, names)| patient(engine, account, world, scope, names, here(scope)));
    let first = join_all(first).await;
    // A region that took long makes no other's answers old.
    let looks = by_scope.into_iter().zip(first).map(|((scope, names), look)| async {
        let look = urgent(engine, account, world, &scope, names, here(&scope), look).await;
        (scope, look)
    });
    Detail::of(join_all(looks).await.into_iter().collect())
}

/// What comes first in a region: where the survey's groups launch from, what they stand behind, and what they are doing.
/// That may take its turns when many are due.
async fn patient(
    engine: &Engine,
    account: &Account,
    world: &World,
    scope: &Scope,
    names: &BTreeSet<String>,
    proposals: Vec<&Proposal>,
) -> Look {
    let region = &scope.region;
    let at = engine.clock.now();
    let groups: Vec<&Group> = names.iter().filter_map(|name| world.group(scope, name)).collect();
    let targeted: BTreeSet<&str> =
        proposals.iter().flat_map(|proposal| &proposal.targets).map(|target| target.group.as_str()).collect();
    let aimed_at: Vec<&Group> = groups.iter().filter(|group| targeted.contains(group.name.as_str())).copied().collect();

    let busy = if account.policy.has("steady") { groups.as_slice() } else { &[] };
    let behind = if account.policy.has("target_health") { aimed_at.as_slice() } else { &[] };
    let launching = if account.policy.has("replacement") { aimed_at.as_slice() } else { &[] };
    let reads = join5(
        refreshes(account, region, busy),
        activities(engine, account, region, busy, launching),
        targets(account, region, behind),
        launches(account, region, launching),
        subnets(account, region, launching),
    );
    // What the monkey went by a moment ago is still so.
    let known = world.observed.abilities.get(region).filter(|known| at - known.at < FRESH).cloned().unwrap_or_default();
    let ((refreshes, activities, targets, launches, subnets), abilities) =
        join(reads, abilities(account, region, &proposals, known, at)).await;
    Look { at, refreshes, activities, targets, launches, subnets, abilities, ..Look::default() }
}

/// What comes last, so that nothing is newer when the rails judge: the groups themselves and what stops everything.
async fn urgent(
    engine: &Engine,
    account: &Account,
    world: &World,
    scope: &Scope,
    names: BTreeSet<String>,
    proposals: Vec<&Proposal>,
    look: Look,
) -> Look {
    let alarms: BTreeSet<String> =
        proposals.iter().flat_map(|proposal| rails::alarms(proposal, &account.policy)).collect();
    let alarms: Vec<String> = alarms.into_iter().collect();
    let (reread, stops) = join(reread(engine, account, world, scope, names), async {
        // Nobody acts in a region that only another's unit reaches into.
        if proposals.is_empty() { None } else { Some(stops(engine, account, &scope.region, &alarms).await) }
    })
    .await;
    Look { reread, stops, ..look }
}

/// The groups read again by name, where the survey is no longer fresh.
async fn reread(engine: &Engine, account: &Account, world: &World, scope: &Scope, asked: BTreeSet<String>) -> Reread {
    let fleet = world.fleets.get(scope);
    let at = engine.clock.now();
    let stale = fleet.is_none_or(|fleet| at - fleet.taken_at >= FRESH);
    if !stale || !account.policy.has("reread") {
        return Reread::default();
    }
    let query = GroupQuery::Named(asked.iter().cloned().collect());
    let groups = by_name(account.cloud.groups(&scope.region, &query).await);
    Reread { at, asked, groups }
}

/// Reads one thing a key, several at a time, and files each answer under it.
pub(super) async fn each<K: Ord + Clone, V, F: Future<Output = Result<V, CallError>>>(
    keys: BTreeSet<K>,
    read: impl Fn(K) -> F,
) -> BTreeMap<K, View<V>> {
    // Made before the first wait, so that nothing is borrowed over it.
    let reads: Vec<_> = keys.into_iter().map(|key| read(key.clone()).map(|answer| (key, answer.into()))).collect();
    stream::iter(reads).buffer_unordered(AT_ONCE).collect().await
}

fn names(groups: &[&Group]) -> BTreeSet<String> {
    groups.iter().map(|group| group.name.clone()).collect()
}

async fn refreshes(account: &Account, region: &Region, groups: &[&Group]) -> BTreeMap<String, View<Option<Refresh>>> {
    each(names(groups), |name| async move { account.cloud.refresh(region, &name).await }).await
}

async fn activities(
    engine: &Engine,
    account: &Account,
    region: &Region,
    busy: &[&Group],
    launching: &[&Group],
) -> BTreeMap<String, View<Vec<Activity>>> {
    let since = engine.clock.now() - ACTIVITIES_SINCE;
    let mut wanted = names(busy);
    wanted.append(&mut names(launching));
    each(wanted, |name| async move { account.cloud.activities(region, &name, since).await }).await
}

async fn targets(
    account: &Account,
    region: &Region,
    groups: &[&Group],
) -> BTreeMap<String, View<BTreeMap<InstanceId, TargetHealth>>> {
    let arns = groups.iter().flat_map(|group| &group.target_groups).cloned().collect();
    each(arns, |arn| async move { account.cloud.target_health(region, &arn).await }).await
}

async fn launches(account: &Account, region: &Region, groups: &[&Group]) -> BTreeMap<LaunchSource, View<Launches>> {
    let sources = groups.iter().flat_map(|group| &group.launches).cloned().collect();
    each(sources, |source| async move { account.cloud.launches(region, &source).await }).await
}

async fn subnets(account: &Account, region: &Region, groups: &[&Group]) -> View<BTreeMap<String, u32>> {
    let ids: BTreeSet<String> = groups.iter().flat_map(|group| &group.subnets).cloned().collect();
    if ids.is_empty() {
        return View::Unasked;
    }
    account.cloud.subnets(region, &ids.into_iter().collect::<Vec<_>>()).await.into()
}

/// What the targets can take, where not every instance can take what is to be done, added to what is known of them.
pub(super) async fn abilities(
    account: &Account,
    region: &Region,
    proposals: &[&Proposal],
    mut known: Abilities,
    now: DateTime<Utc>,
) -> Abilities {
    let unknown = |asks: Asks| -> BTreeSet<InstanceId> {
        let asking = proposals.iter().filter(|proposal| proposal.action.asks() == asks);
        let targets = asking.flat_map(|proposal| proposal.targets.iter().map(|target| (proposal.action, target)));
        let new = targets.filter(|(action, target)| !known.has(*action, &target.instance));
        new.map(|(_, target)| target.instance.clone()).collect()
    };
    let (inside, outside) = (unknown(Asks::Agent), unknown(Asks::Instance));
    if inside.is_empty() && outside.is_empty() {
        return known;
    }
    if known.agents.is_empty() && known.instances.is_empty() {
        known.at = now;
    }
    let (agents, instances) = join(agents(account, region, inside), async {
        each(outside, |id| async move { account.cloud.attached(region, &id).await }).await
    })
    .await;
    known.agents.extend(agents);
    known.instances.extend(instances);
    known
}

/// What Systems Manager says of these.
async fn agents(
    account: &Account,
    region: &Region,
    ids: BTreeSet<InstanceId>,
) -> BTreeMap<InstanceId, View<Option<Node>>> {
    let ids: Vec<InstanceId> = ids.into_iter().collect();
    if ids.is_empty() {
        return BTreeMap::new();
    }
    let said = account.guests.nodes(region, &ids).await;
    let of = |id: &InstanceId| match &said {
        Ok(nodes) => View::Known(nodes.get(id).cloned()),
        Err(error) => View::Unknown(error.to_string()),
    };
    ids.iter().map(|id| (id.clone(), of(id))).collect()
}

/// What stops everything in a region: these alarms, the safety lever, the outage hook.
pub async fn stops(engine: &Engine, account: &Account, region: &Region, alarms: &[String]) -> Stops {
    let at = engine.clock.now();
    let ask_alarms = async {
        if alarms.is_empty() {
            return View::Unasked;
        }
        account.cloud.alarms(region, alarms).await.into()
    };
    let ask_lever = async {
        if !account.policy.has("safety_lever") {
            return View::Unasked;
        }
        account.cloud.safety_lever(region).await.into()
    };
    let ask_hook = async {
        match &engine.outage {
            Some(hook) if account.policy.has("outage") => hook.ask().await.into(),
            _ => View::Unasked,
        }
    };
    let (alarms, lever, outage) = join3(ask_alarms, ask_lever, ask_hook).await;
    Stops { at, alarms, lever, outage }
}
