//! How faults ended: in time, once, truly, and with nothing left behind.

use chrono::{DateTime, TimeDelta, Utc};
use simian_core::{Alteration, Cause, ClaimRecord, Event, Kind, Outcome};
use simian_sim::CallRecord;

use super::super::tags::{self, Word};
use super::times::{Facts, Span, TERM};
use super::{Model, Phase, Record, SHUT, makes};
use crate::violation::Violation;
use crate::world::FAULT_TAG;
use crate::world::log::Log;
use crate::world::stage::{REPLICAS, Stage};

/// The whole, after everybody had time to tidy up.
pub(in super::super) fn check(
    model: &Model,
    stage: &Stage,
    events: &[Event],
    claims: &[ClaimRecord],
    wrong: &mut Vec<Violation>,
) {
    if !model.records.values().any(Record::is_fault) {
        return;
    }
    let facts = Facts::of(stage);
    let calls = stage.cloud.call_log();
    let ever = (DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC);
    let right = stage.shared().log.ahead.iter().all(|ahead| ahead.during(ever.0, ever.1).all(|millis| *millis == 0));
    for record in model.records.values().filter(|record| record.is_fault()) {
        let hit = |other: &&Record| {
            other.is_fault()
                && other.at > record.at
                && other.claim.targets.iter().any(|one| record.claim.targets.iter().any(|two| one.group == two.group))
        };
        let next = model.records.values().filter(hit).map(|other| other.at).min();
        let spans = facts.spans(stage, record, next.unwrap_or(DateTime::<Utc>::MAX_UTC));
        truly(record, &facts, &spans, events, right, wrong);
        in_time(model, stage, record, &spans, &calls, wrong);
        left(stage, record, &spans, wrong);
    }
    strangers(model, &facts, wrong);
    overwritten(stage, &facts, wrong);
    tagged(model, stage, &facts, wrong);
    held(stage, claims, wrong);
}

fn push(rule: &'static str, at: DateTime<Utc>, text: String, into: &mut Vec<Violation>) {
    into.push(Violation { rule, at, text });
}

/// How long after the last moment at which it may be begun a fault may come to be: an agent takes half a minute, and a
/// call that is slow as long.
const HONOURED: TimeDelta = TimeDelta::minutes(2);

/// One outcome, and a true one; undone once, and not before it was gone.
fn truly(record: &Record, facts: &Facts, spans: &[Span], events: &[Event], right: bool, wrong: &mut Vec<Violation>) {
    let key = record.claim.key.as_str();
    let told = events.iter().filter(|event| event.body.key.as_deref() == Some(key));
    let undone: Vec<DateTime<Utc>> =
        told.filter(|event| event.body.kind == Kind::ActionUndone).map(|event| event.body.at).collect();
    let there = !spans.is_empty();
    match record.outcome {
        // Of several some may have been spared.
        Some(Outcome::Done) if !there => {
            push("true-outcome", record.at, format!("{key} is done, and never was there"), wrong);
        }
        Some(Outcome::Refused | Outcome::Abandoned) if there => {
            push("true-outcome", record.at, format!("{key} is {:?}, and it was there", record.outcome), wrong);
        }
        _ => {}
    }
    let may_be = matches!(record.outcome, Some(Outcome::Done | Outcome::Unknown)) || there;
    if may_be && record.intent.is_none() {
        push("intent-before-act", record.at, format!("{key} was there and never intended"), wrong);
    }
    let expected = usize::from(may_be);
    // What failed is undone to be sure, whether it was there or not.
    let to_be_sure = record.outcome == Some(Outcome::Failed) && !there;
    // A person's word that it has recovered closes it, whatever is there.
    let by_word = events.iter().any(|event| {
        event.body.key.as_deref() == Some(key) && event.body.kind == Kind::ActionResolved && event.body.actor.is_some()
    });
    let closed = record.phase == Phase::Closed && !by_word;
    if undone.len() > 1 || (undone.len() != expected && closed && !to_be_sure) {
        push("undone-once", record.at, format!("{key} was undone {} times, and not {expected}", undone.len()), wrong);
    }
    let lasts = (TERM.min(record.lasts()).num_seconds(), record.lasts().num_seconds());
    for one in facts.ran.iter().filter(|one| one.id == record.run() && one.verb == "apply") {
        if one.lasts.0 > lasts.0 || one.lasts.1 > lasts.1 {
            let text = format!("{key} is to hold for {:?} seconds in its guest, and {lasts:?} is the most", one.lasts);
            push("term", one.sent, text, wrong);
        }
    }
    // Claims and events have the time of their process, which is judged where all clocks are right.
    for span in spans.iter().filter(|_| right) {
        if span.from > record.claim.act_before + HONOURED {
            push("act-within", span.from, format!("{key}: {} came too late", span.what), wrong);
        }
        let until = span.until.unwrap_or(DateTime::<Utc>::MAX_UTC);
        if let Some(at) = undone.iter().find(|at| **at < until && !span.lost) {
            let text = format!("{key} was said to be undone at {at}; {} was there until {:?}", span.what, span.until);
            push("undone-truly", *at, text, wrong);
        }
    }
}

/// How much later than asked for a fault may end while nothing is in the way: some looks, and what it takes to start.
const ENDS_WITHIN: TimeDelta = TimeDelta::minutes(4);

/// How long before that nothing may have been in the way: a lease of whoever is gone runs out.
const BEFORE: TimeDelta = TimeDelta::minutes(6);

/// None outlasts its time.
fn in_time(
    model: &Model,
    stage: &Stage,
    record: &Record,
    spans: &[Span],
    calls: &[CallRecord],
    wrong: &mut Vec<Violation>,
) {
    // Beside a ledger that is one process's alone there is no game day: nobody would hear of it.
    if stage.ledger().exclusive() {
        return;
    }
    let key = &record.claim.key;
    let shared = stage.shared();
    let log = &shared.log;
    for span in spans.iter().filter(|span| !span.lost) {
        let asked = asked(model, log, record, span);
        let Some((asked, why)) = asked else { continue };
        let late = asked + ENDS_WITHIN;
        if span.until.is_some_and(|until| until <= late) || stage.now() < late {
            continue;
        }
        let meddled = log.meddled.iter().any(|(at, id, _)| *at < late && span.id.as_ref().is_none_or(|of| of == id));
        if !meddled && is_quiet(log, asked - BEFORE, late) && answers(calls, asked - BEFORE, late) {
            let text = format!("{key}: {} was to end at {asked}, {why}, and ended at {:?}", span.what, span.until);
            push("ends-in-time", asked, text, wrong);
        }
    }
}

/// When its end was asked for, and by what.
fn asked(model: &Model, log: &Log, record: &Record, span: &Span) -> Option<(DateTime<Utc>, &'static str)> {
    let over = record.until.map(|until| (until, "its time"));
    let claim = &record.claim;
    let stands = |at: DateTime<Utc>, until: Option<DateTime<Utc>>, lifted: Option<usize>| {
        let lifted = lifted.and_then(|index| log.entries.get(index)).map(|entry| entry.at);
        let until = until.into_iter().chain(lifted).min();
        until.is_none_or(|until| until >= at + ENDS_WITHIN)
    };
    let paused = log.pauses.iter().filter(|pause| {
        !pause.by_file
            && pause.from >= span.from
            && pause.region.as_ref().is_none_or(|region| *region == claim.scope.region)
            && pause.monkey.as_ref().is_none_or(|monkey| *monkey == claim.monkey)
            && pause.unit.as_ref().is_none_or(|unit| *unit == claim.unit)
            && stands(pause.from, pause.until, pause.lifted)
    });
    let paused = paused.map(|pause| (pause.from, "a pause"));
    let out = opted_out(model, log, record, span).map(|at| (at, "its owner"));
    over.into_iter().chain(paused).chain(out).min_by_key(|(at, _)| *at)
}

/// Since when its owner wanted it no more, if it stayed so.
fn opted_out(model: &Model, log: &Log, record: &Record, span: &Span) -> Option<DateTime<Utc>> {
    let policy = log.policies.first()?;
    let until = record.until?.min(span.until.unwrap_or(DateTime::<Utc>::MAX_UTC));
    let unwanted = |group: &simian_core::Group| match tags::read(&group.tags, policy) {
        Word::Yes(wish) => wish.vetoes.contains(&record.claim.date),
        Word::No | Word::Garbled => true,
    };
    record.claim.targets.iter().find_map(|target| {
        let id = simian_core::GroupId::new(&record.claim.scope.region, &target.group);
        let mut at = span.from;
        while at < until {
            if model.timeline.always(&id, at, at + ENDS_WITHIN, unwanted) {
                return Some(at);
            }
            at += TimeDelta::seconds(30);
        }
        None
    })
}

/// Whether some daemon was there all the time, awake, with the right time and a ledger to write to.
fn is_quiet(log: &Log, from: DateTime<Utc>, until: DateTime<Utc>) -> bool {
    let there = |slot: usize| {
        let mut lives = log.lives.values().filter(|life| life.slot == slot);
        lives.any(|life| life.from <= from && life.until.is_none_or(|end| until < end))
    };
    let awake = !log.absences.iter().any(|absence| absence.from <= until && from <= absence.until);
    let right = log.ahead.iter().all(|ahead| ahead.during(from, until).all(|millis| *millis == 0));
    (0..REPLICAS).any(there) && awake && right && log.slow.during(from, until).all(|slow| !slow)
}

/// Whether AWS answered all that it was asked.
fn answers(calls: &[CallRecord], from: DateTime<Utc>, until: DateTime<Utc>) -> bool {
    let first = calls.partition_point(|call| call.at < from);
    let calls = calls[first..].iter().take_while(|call| call.at <= until);
    let failed = |cause: &Cause| !cause.is_refusal() && !matches!(cause, Cause::Gone(_) | Cause::InUse(_));
    !calls.into_iter().any(|call| call.error.as_ref().is_some_and(failed))
}

/// How long after its end nothing of a fault is left, whatever was in the way before the last hour.
const GONE_WITHIN: TimeDelta = TimeDelta::minutes(15);

/// Whether it was to end so long ago that nothing of it is left.
fn is_long_over(stage: &Stage, record: &Record) -> bool {
    record.until.is_none_or(|until| until + GONE_WITHIN < stage.now())
}

/// Nothing is left of it.
fn left(stage: &Stage, record: &Record, spans: &[Span], wrong: &mut Vec<Violation>) {
    if !is_long_over(stage, record) {
        return;
    }
    for span in spans.iter().filter(|span| !span.lost && span.until.is_none_or(|until| until > stage.now())) {
        push("left", stage.now(), format!("{}: {} is there still", record.claim.key, span.what), wrong);
    }
}

/// What was made belongs to a claim.
fn strangers(model: &Model, facts: &Facts, wrong: &mut Vec<Violation>) {
    for one in facts.ran.iter().filter(|one| one.verb == "apply" && model.fault(&one.id).is_none()) {
        push("claim-before-act", one.sent, format!("{} in {} has no claim", one.kind, one.instance), wrong);
    }
}

/// How shortly before a call somebody may change what it is about: it had looked before.
const RACE: TimeDelta = TimeDelta::minutes(2);

/// What somebody else changed meanwhile is left as it is.
fn overwritten(stage: &Stage, facts: &Facts, wrong: &mut Vec<Violation>) {
    let shared = stage.shared();
    let log = &shared.log;
    for one in facts.altered.iter().filter(|one| !makes(&one.alteration)) {
        let Some(before) = &one.before else { continue };
        let theirs = match &one.alteration {
            Alteration::SetGroups { interface, .. } => {
                before.interfaces.get(interface).is_some_and(|groups| *groups != [SHUT.to_owned()])
            }
            Alteration::AttachVolume { device, .. } => before.volumes.contains_key(device),
            _ => false,
        };
        let (from, until) = (one.at - RACE, one.at);
        let racy = log.meddled.iter().any(|(at, _, _)| (from..=until).contains(at))
            || log.absences.iter().any(|absence| absence.from <= until && from <= absence.until);
        if theirs && !racy {
            push(
                "overwritten",
                one.at,
                format!("{} over {before:?}, which was somebody else's", one.alteration),
                wrong,
            );
        }
    }
}

/// No living instance has a tag of a fault, unless nothing came of it: then a tag may stay where AWS did not take it back.
fn tagged(model: &Model, stage: &Stage, facts: &Facts, wrong: &mut Vec<Violation>) {
    for life in facts.lives.values().filter(|life| life.ended.is_none()) {
        let tags = stage.cloud.instance_tags(&life.id);
        for run in tags.keys().filter_map(|key| key.strip_prefix(FAULT_TAG)) {
            let record = model.fault(run.split(':').next().unwrap_or(run));
            let nothing = |record: &Record| {
                !is_long_over(stage, record)
                    || matches!(record.outcome, Some(Outcome::Refused | Outcome::Abandoned | Outcome::Failed))
                        && !record.undone
            };
            if !record.is_some_and(nothing) {
                push("left", stage.now(), format!("{} is tagged with the fault {run} still", life.id), wrong);
            }
        }
    }
}

/// No claim holds a fault past its time.
fn held(stage: &Stage, claims: &[ClaimRecord], wrong: &mut Vec<Violation>) {
    for claim in claims.iter().filter(|claim| claim.stage != Phase::Closed) {
        let Some(held) = claim.fault() else { continue };
        let since = held.until.max(claim.act_before + TimeDelta::minutes(20));
        if since + GONE_WITHIN < stage.now() {
            push("left-open", claim.at, format!("{} is held still, {:?}", claim.key, held.ending), wrong);
        }
    }
}
