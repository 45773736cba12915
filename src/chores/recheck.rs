//! The look right before something is deleted: the survey again, the same question again, and what the survey cannot
//! know.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta};
use futures_util::{StreamExt as _, future::join_all, stream};
use simian_core::rails::{FRESH, Recheck};
use simian_core::{Chore, Day, Key, Monkey, ResourceId, Scope, Step, View, World};

use crate::engine::{Account, Engine};
use crate::observe::{self, ObserveError};
use crate::order::Order;

/// How many resources are asked after at once.
const AT_ONCE: usize = 8;

/// What was looked at.
pub(crate) struct Looked<'w> {
    /// The world as it is now: the survey's, or a newer one.
    pub(crate) world: Cow<'w, World>,
    /// What the rails judge by.
    pub(crate) recheck: Recheck,
}

/// Looks again at what these chores are about, and returns them as the newest look proposes them, where it does. Where
/// nothing would be deleted, the survey stands.
pub(super) async fn recheck<'w>(
    engine: &Engine,
    account: &Account,
    world: &'w World,
    monkey: &dyn Monkey,
    order: &Order,
    day: &Day,
    mut chores: Vec<Chore>,
) -> Result<(Looked<'w>, Vec<Chore>), ObserveError> {
    let begun = engine.clock.now();
    let disposals = || chores.iter().filter(|chore| chore.step.is_disposal());
    let shared = shared(account, &chores).await;
    let scopes: BTreeSet<&Scope> = disposals().map(|chore| &chore.scope).collect();
    let alarms = if account.policy.has("alarms") { account.policy.alarms.names.as_slice() } else { &[] };
    // The survey last of all, so that nothing is newer when the rails judge.
    let stops = scopes
        .into_iter()
        .map(|scope| async { (scope.clone(), observe::stops(engine, account, &scope.region, alarms).await) });
    let stops: BTreeMap<_, _> = join_all(stops).await.into_iter().collect();
    // By a clock that was set back it is not known how old a survey is.
    let fresh = |taken_at| (TimeDelta::zero()..FRESH).contains(&(engine.clock.now() - taken_at));
    let stale = !world.fleets.values().all(|fleet| fresh(fleet.taken_at));
    if !stale || disposals().next().is_none() {
        let since = world.fleets.values().map(|fleet| fleet.taken_at).fold(begun, DateTime::min);
        let again = disposals().map(Chore::key).collect();
        let recheck = Recheck::of(since, again, shared, stops);
        return Ok((Looked { world: Cow::Borrowed(world), recheck }, chores));
    }
    let mut now = observe::world(engine, account, &world.area, monkey, order, day).await?;
    now.observed.change_calendars = world.observed.change_calendars.clone();
    let newest = monkey.propose(&now, day, &engine.dice).chores.into_iter().filter(|chore| chore.step.is_disposal());
    let mut newest: BTreeMap<Key, Chore> = newest.map(|chore| (chore.key(), chore)).collect();
    let recheck = Recheck::of(begun, newest.keys().cloned().collect(), shared, stops);
    for chore in chores.iter_mut().filter(|chore| chore.step.is_disposal()) {
        if let Some(newest) = newest.remove(&chore.key()) {
            *chore = newest;
        }
    }
    Ok((Looked { world: Cow::Owned(now), recheck }, chores))
}

/// With whom each of them that can be shared is shared, and what goes with it.
async fn shared(account: &Account, chores: &[Chore]) -> BTreeMap<(Scope, ResourceId), View<Vec<String>>> {
    let asked = |chore: &&Chore| chore.step.is_disposal() || chore.step == Step::Mark;
    let places = |chore: &Chore| {
        let scope = chore.scope.clone();
        chore.sharable().into_iter().map(move |id| (scope.clone(), id))
    };
    let places: BTreeSet<(Scope, ResourceId)> = chores.iter().filter(asked).flat_map(places).collect();
    let reads: Vec<_> = places
        .into_iter()
        .map(|(scope, id)| async move {
            let with = account.cloud.shared_with(&scope.region, &id).await;
            ((scope, id), with.into())
        })
        .collect();
    stream::iter(reads).buffer_unordered(AT_ONCE).collect().await
}
