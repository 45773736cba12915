//! What stops everything, told as it is: alarms, the safety lever, the outage hook, the breaker's pause.
//!
//! The hand looks again once its answer is ten seconds old, and a look takes up to twenty.

use chrono::{DateTime, TimeDelta, Utc};
use simian_core::detail::AlarmState;
use simian_core::{Claim, GroupId};

use super::tags::{self, Word};
use super::{Record, Scene};
use crate::scenario::HookSays;
use crate::violation::Violation;

/// How old an answer may be when a call begins: ten seconds, or as long as the look took.
pub(super) const ANSWERED: TimeDelta = TimeDelta::seconds(30);

/// A machine that slept between its look and the call: no call begins so long after the look that let it be claimed.
const ASLEEP: TimeDelta = TimeDelta::seconds(120);

/// Every second of a time, both ends included.
pub(crate) fn seconds(from: DateTime<Utc>, until: DateTime<Utc>) -> impl DoubleEndedIterator<Item = DateTime<Utc>> {
    let all = (0..=(until - from).num_seconds()).map(move |second| from + TimeDelta::seconds(second));
    all.chain([until])
}

/// The alarms that a claim minds, whichever of its groups' descriptions was read.
pub(super) fn minded(scene: &Scene<'_>, claim: &Claim) -> Vec<String> {
    let mut names = scene.policy.alarms.clone();
    for target in &claim.targets {
        let id = GroupId::new(&claim.scope.region, &target.group);
        let could = scene.model.timeline.during(&id, scene.entitled_from() - ANSWERED, scene.entry.at);
        let theirs = could.iter().map(|group| match tags::read(&group.tags, scene.policy) {
            Word::Yes(wish) => wish.alarms,
            Word::No | Word::Garbled => Vec::new(),
        });
        let all: Vec<Vec<String>> = theirs.collect();
        let first = all.first().into_iter().flatten();
        names.extend(first.filter(|name| all.iter().all(|names| names.contains(name))).cloned());
    }
    names.sort_unstable();
    names.dedup();
    names
}

/// A call begins for this claim.
pub(super) fn check(scene: &Scene<'_>, record: &Record, wrong: &mut Vec<Violation>) {
    let (claim, at) = (&record.claim, scene.entry.at);
    if let Some(since) = scene.model.tripped {
        scene.wrong("breaker", format!("{} was begun, and the breaker tripped at {since}", claim.key), wrong);
    }
    let from = at - if scene.slept(ASLEEP) { ASLEEP } else { ANSWERED };
    let truth = scene.stage.cloud.truth();
    let region = &claim.scope.region;
    for name in &record.minded {
        let quiet = |then| truth.alarm(region, name, then) == Some(AlarmState::Ok);
        if !seconds(from, at).any(quiet) {
            let text = format!("{} was begun, and alarm {name} was {:?}", claim.key, truth.alarm(region, name, at));
            scene.wrong("alarms", text, wrong);
        }
    }
    if seconds(from, at).all(|then| truth.lever(region, then).engaged) {
        scene.wrong("lever", format!("{} was begun, and the safety lever was engaged", claim.key), wrong);
    }
    if scene.policy.outage && scene.log.outage.during(from, at).all(|says| *says != HookSays::Yes) {
        scene.wrong("outage", format!("{} was begun, and the outage hook had not said yes", claim.key), wrong);
    }
}
