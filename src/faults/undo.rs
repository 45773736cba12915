//! The end of a fault on one instance: undone, seen to be undone, and its tags taken away.

use chrono::TimeDelta;
use futures_util::future::join_all;
use simian_core::{Action, InstanceId, InstanceState, Nature, Region, Reversal, RunId};
use simian_faults::{Verb, Word};

use super::account::Undone;
use super::guest::{Guest, PATIENCE};
use super::tags::Marked;
use super::{account as changes, tags};
use crate::engine::{Account, Engine};

/// Undoes a fault on an instance. Twice is no error: what is gone already is found to be gone.
pub(crate) async fn undo(
    engine: &Engine,
    account: &Account,
    region: &Region,
    run: &RunId,
    action: Action,
    id: &InstanceId,
    reversals: &[Reversal],
) -> Undone {
    let undone = match action.nature() {
        Nature::Guest => in_guest(engine, account, region, run, id).await,
        Nature::Account | Nature::Once => changes::undo(account, region, reversals).await,
    };
    let Undone::Whole(notes) = undone else { return undone };
    let keys = tags::keys(&account.policy.tags, run, reversals.len());
    match tags::take(account, region, id, &keys).await {
        Ok(()) => Undone::Whole(notes),
        Err(error) => Undone::Still(format!("it is undone, and its tag could not be taken away: {error}")),
    }
}

async fn in_guest(engine: &Engine, account: &Account, region: &Region, run: &RunId, id: &InstanceId) -> Undone {
    let guest = Guest { engine, account, region, id, run };
    let said = guest.word(Verb::Undo, engine.clock.now() + PATIENCE).await;
    if said.word() == Some(Word::Absent) {
        return Undone::Whole(Vec::new());
    }
    match lost(account, region, id).await {
        Some(why) => Undone::Whole(vec![why.to_owned()]),
        None => Undone::Still(said.why()),
    }
}

/// Why an instance has lost whatever was in its memory, if it has: a fault is nowhere else.
async fn lost(account: &Account, region: &Region, id: &InstanceId) -> Option<&'static str> {
    let states = account.cloud.instances(region, std::slice::from_ref(id)).await.ok()?;
    match states.get(id) {
        None | Some(InstanceState::Terminated) => Some("its instance is gone"),
        Some(InstanceState::Stopped) => Some("its instance is stopped, and forgot it"),
        Some(InstanceState::Pending | InstanceState::Running) => None,
    }
}

/// What came of the undo of one fault on one instance.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Ended {
    /// The fault.
    pub id: String,
    /// The account's name in the config.
    pub account: String,
    /// Where.
    pub region: Region,
    /// On whom.
    pub instance: InstanceId,
    /// Whether looking shows that it is gone.
    pub gone: bool,
    /// In words; empty when there is nothing to say.
    pub why: String,
}

/// How long an undo is tried before somebody is told that it does not go.
const GIVES_UP: TimeDelta = TimeDelta::minutes(3);

/// From one try to the next.
const AGAIN: TimeDelta = TimeDelta::seconds(5);

/// Undoes what the tags tell of, with nothing but them: the one of that name, or all. Returns what could not be looked at
/// too, in words.
pub async fn by_tags(engine: &Engine, run: Option<&RunId>) -> (Vec<Ended>, Vec<String>) {
    let all = join_all(engine.places().map(|(account, region)| in_region(engine, account, region, run))).await;
    let (mut ended, mut failed) = (Vec::new(), Vec::new());
    for one in all {
        match one {
            Ok(here) => ended.extend(here),
            Err(why) => failed.push(why),
        }
    }
    (ended, failed)
}

async fn in_region(
    engine: &Engine,
    account: &Account,
    region: &Region,
    only: Option<&RunId>,
) -> Result<Vec<Ended>, String> {
    let wanted =
        tags::told(account, region).await?.into_iter().filter(|(_, run, _)| only.is_none_or(|only| only == run));
    let ends = wanted.map(|(instance, run, marked)| async move {
        let (gone, why) = match marked {
            Ok(marked) => persist(engine, account, region, &run, &marked, &instance).await,
            Err(why) => (false, why),
        };
        let (id, account, region) = (run.to_string(), account.name.clone(), region.clone());
        Ended { id, account, region, instance, gone, why }
    });
    Ok(join_all(ends).await)
}

/// Tries until it is gone, or somebody must look at it.
async fn persist(
    engine: &Engine,
    account: &Account,
    region: &Region,
    run: &RunId,
    marked: &Marked,
    id: &InstanceId,
) -> (bool, String) {
    let clock = &engine.clock;
    let until = clock.now() + GIVES_UP;
    loop {
        match undo(engine, account, region, run, marked.action, id, &marked.undo).await {
            Undone::Whole(notes) => return (true, notes.join("; ")),
            Undone::Still(why) if clock.now() + AGAIN >= until => return (false, why),
            Undone::Still(_) => clock.sleep_until(clock.now() + AGAIN).await,
        }
    }
}
