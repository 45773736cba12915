//! When a fault was where: from what agents ran, and from what was changed.

use chrono::{DateTime, TimeDelta, Utc};
use simian_core::{Alteration, InstanceId, Standing};
use simian_sim::{Altered, Life, Ran};

use super::{Record, group_of, makes, part_of};
use crate::world::stage::Stage;

/// From when to when a fault was there; without an end it is there still.
#[derive(Clone, Debug)]
pub(super) struct Span {
    pub(super) id: Option<InstanceId>,
    pub(super) what: String,
    pub(super) from: DateTime<Utc>,
    pub(super) until: Option<DateTime<Utc>>,
    /// Somebody else ended it, nobody knows when.
    pub(super) lost: bool,
}

/// What all agents ran, what was changed, and how long every instance lived.
pub(super) struct Facts {
    pub(super) ran: Vec<Ran>,
    pub(super) altered: Vec<Altered>,
    pub(super) lives: std::collections::BTreeMap<InstanceId, Life>,
}

impl Facts {
    pub(super) fn of(stage: &Stage) -> Self {
        let truth = stage.cloud.truth();
        Self { ran: truth.commands(), altered: truth.altered(), lives: truth.lives() }
    }

    /// When a claim's fault was there. `next` is the time of the next claim of any of its targets.
    pub(super) fn spans(&self, stage: &Stage, record: &Record, next: DateTime<Utc>) -> Vec<Span> {
        let targets = &record.claim.targets;
        let mut spans: Vec<Span> = targets.iter().flat_map(|target| self.in_guest(record, &target.instance)).collect();
        let region = &record.claim.scope.region;
        let mine: Vec<(&Altered, Option<InstanceId>)> = self
            .altered
            .iter()
            .filter(|one| one.region == *region && (record.at..next).contains(&one.at))
            .filter(|one| part_of(&one.alteration, record.claim.action))
            .map(|one| (one, stage.cloud.truth().about(&one.alteration)))
            .filter(|(one, id)| record.hits(region, id.as_ref(), group_of(&one.alteration)))
            .collect();
        for (place, (made, id)) in mine.iter().enumerate().filter(|(_, (one, _))| makes(&one.alteration)) {
            let back = mine[place..].iter().find(|(one, _)| takes_back(&made.alteration, &one.alteration));
            let there = stage.cloud.truth().standing(region, &made.alteration) == Standing::So;
            let until = back.map(|(one, _)| one.at);
            spans.push(Span {
                id: id.clone(),
                what: made.alteration.to_string(),
                from: made.at,
                lost: until.is_none() && !there,
                until,
            });
        }
        spans
    }

    fn in_guest(&self, record: &Record, id: &InstanceId) -> Vec<Span> {
        let run = record.run();
        let life = self.lives.get(id);
        let mut spans: Vec<Span> = Vec::new();
        let mut cap = DateTime::<Utc>::MIN_UTC;
        let mut words: Vec<_> = self.ran.iter().filter(|one| one.id == run && one.instance == *id).collect();
        words.retain(|one| one.ran.is_some());
        words.sort_by_key(|one| one.ran.as_ref().map(|(at, _)| *at));
        for one in words {
            let Some((at, word)) = &one.ran else { continue };
            let open = spans.last_mut().filter(|span| span.until.is_some_and(|until| *at < until));
            match (one.verb.as_str(), open) {
                ("apply", None) if word == "applied" => {
                    cap = *at + TimeDelta::seconds(one.lasts.1);
                    let until = (*at + TimeDelta::seconds(one.lasts.0)).min(cap);
                    let what = format!("{} in {id}", one.kind);
                    spans.push(Span { id: Some(id.clone()), what, from: *at, until: Some(until), lost: false });
                }
                ("renew", Some(span)) if word == "applied" => {
                    // A renewal says no length of its own: at most five minutes are asked for.
                    let for_long = TERM.min(record.lasts());
                    span.until = span.until.max(Some((*at + for_long).min(cap)));
                }
                ("undo", Some(span)) => span.until = Some(*at),
                _ => {}
            }
        }
        for span in &mut spans {
            let gone = life.and_then(|life| life.ended).map(|(at, _)| at);
            let reboots = life.into_iter().flat_map(|life| &life.rebooted).copied();
            let forgot = reboots.chain(gone).filter(|at| span.from <= *at).min();
            span.until = span.until.into_iter().chain(forgot).min();
        }
        spans
    }
}

/// The longest that a guest may hold a fault without a word.
pub(super) const TERM: TimeDelta = TimeDelta::minutes(5);

/// Whether a change takes back what another made.
fn takes_back(made: &Alteration, back: &Alteration) -> bool {
    match (made, back) {
        (Alteration::Stop { instance: a }, Alteration::Start { instance: b })
        | (Alteration::EnterStandby { instance: a, .. }, Alteration::ExitStandby { instance: b, .. })
        | (Alteration::Detach { instance: a, .. }, Alteration::Attach { instance: b, .. }) => a == b,
        (Alteration::SetGroups { interface: a, .. }, Alteration::SetGroups { interface: b, .. }) => {
            a == b && !makes(back)
        }
        (Alteration::DetachVolume { volume: a, .. }, Alteration::AttachVolume { volume: b, .. })
        | (Alteration::Suspend { group: a, .. }, Alteration::Resume { group: b, .. }) => a == b,
        (
            Alteration::Deregister { target_group: a, instance: x },
            Alteration::Register { target_group: b, instance: y },
        ) => (a, x) == (b, y),
        _ => false,
    }
}
