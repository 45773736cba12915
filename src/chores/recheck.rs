//! The look right before something is deleted: the survey again, the same question again, and what the survey cannot
//! know.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt as _, future::join_all, stream};
use simian_core::chore::can_be_shared;
use simian_core::rails::{FRESH, Recheck};
use simian_core::{
    CallError, Cause, Chore, Day, Disposal, Key, Monkey, ResourceId, ResourceKind, Scope, Step, View, World,
};

use crate::engine::{Account, Engine};
use crate::observe::{self, ObserveError};
use crate::order::Order;

/// How many resources are asked after at once.
const AT_ONCE: usize = 8;

/// What was looked at.
pub(crate) struct Looked {
    /// The world as it is now.
    pub(crate) world: World,
    /// What the rails judge by.
    pub(crate) recheck: Recheck,
    /// The chores: as the newest look proposes them, where it does.
    pub(crate) chores: Vec<Chore>,
}

/// Looks again at what these chores are about. Where nothing would be deleted, the survey stands.
pub(super) async fn recheck(
    engine: &Engine,
    account: &Account,
    world: &World,
    monkey: &dyn Monkey,
    order: &Order,
    day: &Day,
    chores: &[Chore],
) -> Result<Looked, ObserveError> {
    let disposals: Vec<&Chore> = chores.iter().filter(|chore| chore.step.is_disposal()).collect();
    let shared = shared(account, chores).await;
    let scopes: BTreeSet<&Scope> = disposals.iter().map(|chore| &chore.scope).collect();
    let alarms = if account.policy.has("alarms") { account.policy.alarms.names.as_slice() } else { &[] };
    // The survey last of all, so that nothing is newer when the rails judge.
    let stops = scopes
        .into_iter()
        .map(|scope| async { (scope.clone(), observe::stops(engine, account, &scope.region, alarms).await) });
    let stops: BTreeMap<_, _> = join_all(stops).await.into_iter().collect();
    let stale = world.fleets.values().any(|fleet| engine.clock.now() - fleet.taken_at >= FRESH);
    if disposals.is_empty() || !stale {
        let again = chores.iter().map(Chore::key).collect();
        return Ok(Looked {
            world: world.clone(),
            recheck: Recheck::of(again, shared, stops),
            chores: chores.to_vec(),
        });
    }
    let mut now = observe::world(engine, account, &world.area, monkey, order, day).await?;
    now.observed.change_calendars = world.observed.change_calendars.clone();
    let fresh: BTreeMap<Key, Chore> =
        monkey.propose(&now, day, &engine.dice).chores.into_iter().map(|chore| (chore.key(), chore)).collect();
    let again = fresh.keys().cloned().collect();
    let line = chores.iter().map(|chore| match fresh.get(&chore.key()) {
        Some(fresh) if chore.step.is_disposal() => fresh.clone(),
        _ => chore.clone(),
    });
    Ok(Looked { world: now, recheck: Recheck::of(again, shared, stops), chores: line.collect() })
}

/// With whom a resource is shared, and what would go with it.
async fn with_whom(account: &Account, chore: &Chore) -> Result<Vec<String>, CallError> {
    let region = &chore.scope.region;
    let mut with = account.cloud.shared_with(region, &chore.resource).await?;
    if let Disposal::EndImage { snapshots } = &chore.disposal {
        for snapshot in snapshots {
            let id = ResourceId::new(ResourceKind::Snapshot, snapshot);
            match account.cloud.shared_with(region, &id).await {
                Ok(others) => with.extend(others.iter().map(|other| format!("{other} ({snapshot})"))),
                Err(CallError { cause: Cause::Gone(_), .. }) => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(with)
}

/// With whom each of them that can be shared is shared.
async fn shared(account: &Account, chores: &[Chore]) -> BTreeMap<(Scope, ResourceId), View<Vec<String>>> {
    let asked =
        |chore: &&Chore| can_be_shared(chore.resource.kind) && (chore.step.is_disposal() || chore.step == Step::Mark);
    let reads: Vec<_> = chores
        .iter()
        .filter(asked)
        .map(|chore| async move {
            let with = with_whom(account, chore).await;
            ((chore.scope.clone(), chore.resource.clone()), with.into())
        })
        .collect();
    stream::iter(reads).buffer_unordered(AT_ONCE).collect().await
}
