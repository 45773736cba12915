//! How things ended: the chain, what the sink heard, one outcome a claim and a true one, nothing left open.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::FutureExt;
use simian_core::event::Chain;
use simian_core::{Action, Cause, ClaimRecord, Event, InstanceId, Kind, Mode, Outcome, Stage as Phase};

use super::Model;
use crate::violation::Violation;
use crate::world::log::Did;
use crate::world::stage::Stage;

fn push(rule: &'static str, at: DateTime<Utc>, text: String, into: &mut Vec<Violation>) {
    into.push(Violation { rule, at, text });
}

/// Every chain verifies up to its head.
pub(crate) fn chain(stage: &Stage, events: &[Event], wrong: &mut Vec<Violation>) {
    let birth = stage.ledger().birth().now_or_never().and_then(Result::ok);
    let heads = stage.ledger().heads().now_or_never().and_then(Result::ok).unwrap_or_default();
    let Some(birth) = birth else { return };
    for (writer, head) in heads {
        let mut chain = Chain::new(birth.id, &writer);
        let checked = events.iter().filter(|event| event.writer == writer).try_for_each(|event| chain.check(event));
        if let Err(error) = checked.and_then(|()| chain.end(&head)) {
            push("chain", stage.now(), error.to_string(), wrong);
        }
    }
}

/// The sink heard everything, in order; what it heard twice is the same.
pub(crate) fn sink(stage: &Stage, events: &[Event], wrong: &mut Vec<Violation>) {
    let mut heard = 0;
    for event in stage.sink.events() {
        if event.seq > heard + 1 {
            let text = format!("event {} came after event {heard}", event.seq);
            push("sink", event.body.at, text, wrong);
            return;
        }
        heard = heard.max(event.seq);
        let there = usize::try_from(event.seq - 1).ok().and_then(|place| events.get(place));
        if there.is_none_or(|there| there.hash != event.hash) {
            push("sink", event.body.at, format!("event {} was told otherwise than it is", event.seq), wrong);
            return;
        }
    }
    let last = events.last().map_or(0, |event| event.seq);
    if heard < last {
        push("sink", stage.now(), format!("the sink heard up to event {heard} of {last}"), wrong);
    }
}

/// One outcome a claim, and a true one.
pub(super) fn outcomes(model: &Model, stage: &Stage, events: &[Event], wrong: &mut Vec<Violation>) {
    let lives = stage.cloud.truth().lives();
    let mut told: BTreeMap<&str, Vec<&Event>> = BTreeMap::new();
    for event in events.iter().filter(|event| event.body.kind.as_str().starts_with("action.")) {
        told.entry(event.body.key.as_deref().unwrap_or_default()).or_default().push(event);
    }
    for (key, record) in &model.records {
        let events = told.get(key.as_str()).map_or(&[][..], Vec::as_slice);
        let of = |kinds: &[Kind]| events.iter().filter(|event| kinds.contains(&event.body.kind)).count();
        let unknown = |event: &&&Event| event.body.outcome.as_deref() == Some(Outcome::Unknown.as_str());
        // A person's word that it has recovered is no outcome.
        let resolved =
            events.iter().filter(|event| event.body.kind == Kind::ActionResolved && event.body.actor.is_none());
        let known = resolved.clone().filter(|event| !unknown(event)).count();
        let finals = known
            + of(&[
                Kind::ActionDone,
                Kind::ActionFailed,
                Kind::ActionRefused,
                Kind::ActionAbandoned,
                Kind::ActionRehearsed,
            ]);
        // What lasts may fail to end in time, and to recover from it.
        let failures = if super::lasting::lasts(record.claim.action) { 2 } else { 1 };
        let told_twice = of(&[Kind::ActionRecovered]) > 1 || of(&[Kind::ActionUnrecovered]) > failures;
        if finals > 1 || told_twice {
            push("one-outcome", record.at, format!("{key} has {finals} outcomes"), wrong);
        }
        if of(&[Kind::ActionIntended]) > 1 {
            push("one-intent", record.at, format!("{key} was intended twice"), wrong);
        }
        if record.claim.mode == Mode::DryRun || super::lasting::lasts(record.claim.action) {
            continue;
        }
        let reboot = record.claim.action == Action::Reboot;
        let lives = record.claim.targets.iter().filter_map(|target| lives.get(&target.instance));
        let mut gone = false;
        let mut ours = false;
        for life in lives {
            let ended = life.ended_by_us().or(life.ended);
            gone |= if reboot { !life.rebooted.is_empty() } else { ended.is_some() };
            ours |= ended.is_some_and(|(_, by)| by.is_ours()) && called_for(model, stage, key, &life.id);
        }
        match record.outcome {
            Some(Outcome::Done) if !gone => {
                push("true-outcome", record.at, format!("{key} is done, and nothing happened"), wrong);
            }
            Some(Outcome::Failed | Outcome::Refused | Outcome::Abandoned) if ours && !reboot => {
                push("true-outcome", record.at, format!("{key} is {:?}, and it was done", record.outcome), wrong);
            }
            _ => {}
        }
    }
}

/// Whether this claim's calls, and no other's, named the instance.
fn called_for(model: &Model, stage: &Stage, key: &str, id: &InstanceId) -> bool {
    let has = |(other, record): (&String, &super::Record)| {
        other != key && record.claim.mode == Mode::Live && record.claim.targets.iter().any(|one| one.instance == *id)
    };
    let shared = stage.shared();
    let called =
        shared.log.entries.iter().any(|entry| matches!(&entry.what, Did::Called { ids, .. } if ids.contains(id)));
    called && !model.records.iter().any(has)
}

/// After how long nothing is in doubt any more: AWS honours a call for a quarter of an hour, and then somebody looks.
const SETTLED: TimeDelta = TimeDelta::minutes(20);

/// Every claim that is old enough is closed, or somebody watches it.
pub(super) fn left_open(stage: &Stage, claims: &[ClaimRecord], wrong: &mut Vec<Violation>) {
    let now = stage.now();
    for claim in claims.iter().filter(|claim| claim.stage != Phase::Closed) {
        let settled = claim.act_before + SETTLED < now;
        let returns = claim.action == Action::Reboot || super::lasting::lasts(claim.action);
        let doubtful = claim.stage == Phase::Acting || (claim.outcome == Some(Outcome::Unknown) && !returns);
        if settled && doubtful {
            let text = format!("{} is {:?} with {:?}", claim.key, claim.stage, claim.outcome);
            push("left-open", claim.at, text, wrong);
        }
        let late = claim.watch.as_ref().is_some_and(|watch| watch.deadline + TimeDelta::minutes(5) < now);
        if claim.stage == Phase::Watching && late && !doubtful {
            push("left-open", claim.at, format!("{} is past its deadline and still watched", claim.key), wrong);
        }
    }
}

/// No second call for an instance after one that may have happened.
pub(super) fn calls(stage: &Stage, wrong: &mut Vec<Violation>) {
    let shared = stage.shared();
    let mut before: BTreeMap<(&InstanceId, usize), (DateTime<Utc>, bool)> = BTreeMap::new();
    for entry in &shared.log.entries {
        let Did::Called { ids, answer, .. } = &entry.what else { continue };
        // What AWS refused did not happen; of several, the rest may be tried alone.
        let harmless = answer.as_ref().is_some_and(|answer| {
            let causes = [Cause::Throttled, Cause::Denied, Cause::Unreachable, Cause::Credentials];
            answer.as_ref().is_err_and(|cause| causes.contains(cause) || cause.is_refusal())
        });
        for id in ids {
            let again = before.get(&(id, entry.slot)).filter(|(at, harmless)| {
                // A reboot comes back, and may have its turn on another day.
                !harmless && entry.at - *at < TimeDelta::minutes(2)
            });
            if let Some((at, _)) = again {
                push("one-call", entry.at, format!("{id} was called for at {at} and again"), wrong);
            }
            before.insert((id, entry.slot), (entry.at, harmless));
        }
    }
}
