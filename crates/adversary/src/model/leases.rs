//! Who follows a claim: one process, for as long as it is there and awake.

use chrono::TimeDelta;
use simian_core::Key;

use super::Scene;
use crate::violation::Violation;

/// How long a holder must have been there, undisturbed, for nobody to take over from it: a lease is two minutes, and is
/// renewed in the second of them at the latest.
const THERE: TimeDelta = TimeDelta::minutes(5);

/// A claim was renewed, or taken over: from nobody who is there.
pub(super) fn held(scene: &Scene<'_>, key: &Key, from: &str, to: &str, wrong: &mut Vec<Violation>) {
    let Some(life) = scene.log.lives.get(from).filter(|_| from != to) else { return };
    let (now, since) = (scene.entry.at, scene.entry.at - THERE);
    let there = life.from <= since && life.until.is_none_or(|until| now < until);
    let could_write = !scene.log.absences.iter().any(|absence| {
        absence.slot.is_none_or(|slot| slot == life.slot) && absence.from <= now && since <= absence.until
    });
    let right = |slot: usize| {
        let ahead = scene.log.ahead.get(slot);
        ahead.is_none_or(|ahead| ahead.during(since, now).all(|millis| *millis == 0))
    };
    let quick = scene.log.slow.during(since, now).all(|slow| !slow);
    let alone = scene.stage.ledger().exclusive();
    if there && could_write && quick && !alone && right(life.slot) && right(scene.entry.slot) {
        scene.wrong("one-watcher", format!("{to} took {key} over from {from}, which is there and awake"), wrong);
    }
}
