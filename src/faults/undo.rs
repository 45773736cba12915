//! The end of a fault on one instance: undone, seen to be undone, and its tags taken away.

use chrono::TimeDelta;
use simian_core::{Action, InstanceId, InstanceState, Nature, Region, Reversal, RunId};
use simian_faults::{Verb, Word};

use super::account::Undone;
use super::{account as changes, guest, tags};
use crate::engine::{Account, Engine};

/// How long a guest's answer is waited for.
const PATIENCE: TimeDelta = TimeDelta::seconds(20);

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
    let until = engine.clock.now() + PATIENCE;
    let said = guest::say(engine, account, region, id, run, Verb::Undo, until).await;
    if said.word() == Some(Word::Absent) {
        return Undone::Whole(Vec::new());
    }
    match lost(account, region, id).await {
        Some(why) => Undone::Whole(vec![why.to_owned()]),
        None => Undone::Still(said.why()),
    }
}

/// Why an instance has lost whatever was in its memory, if it has: a fault is nowhere else.
pub(crate) async fn lost(account: &Account, region: &Region, id: &InstanceId) -> Option<&'static str> {
    let states = account.cloud.instances(region, std::slice::from_ref(id)).await.ok()?;
    match states.get(id) {
        None | Some(InstanceState::Terminated) => Some("its instance is gone"),
        Some(InstanceState::Stopped) => Some("its instance is stopped, and forgot it"),
        Some(InstanceState::Pending | InstanceState::Running) => None,
    }
}
