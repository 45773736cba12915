//! Too careful is wrong too: where nothing is in the way, what is waste all the time goes.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use simian_core::{Event, Kind, Region, ResourceId, ResourceKind};

use super::waste::{self, Facts};
use super::{Book, Model};
use crate::months::JanitorSetup;
use crate::violation::Violation;
use crate::world::stage::Stage;

/// How long the longest life of waste takes, in a month in which nothing is in its way: its age, its mark, its notice, its
/// days of grace, and a turn among others.
const LONGEST: TimeDelta = TimeDelta::days(40);

/// Of a month in which nothing was in the way.
pub(super) fn check(model: &mut Model, stage: &Stage, events: &[Event], wrong: &mut Vec<Violation>) {
    let setup = &model.setup;
    let Some(janitor) = setup.policy.janitor.clone().filter(|_| setup.calm) else { return };
    let live = setup.policy.live && setup.policy.monkey_live;
    let today = Book::of(&setup.policy).date(stage.now());
    let (mut due, mut late) = (0, Vec::new());
    for (region, id, rule) in candidates(model, &janitor) {
        let facts =
            Facts { janitor: &janitor, today, now: stage.now() - LONGEST, since: None, resorts: BTreeSet::new() };
        let from = stage.now() - LONGEST;
        if !always(model, &facts, (&region, &id, &rule), from, stage.now()) {
            continue;
        }
        due += 1;
        let rehearsed = events.iter().any(|event| {
            let body = &event.body;
            body.kind == Kind::ActionRehearsed
                && body.target.as_deref() == Some(&id.to_string())
                && body.action.as_deref() == Some("delete")
        });
        if live || !rehearsed {
            late.push(format!("{id} was waste by {rule} since {from} at least, and is not gone"));
        }
    }
    model.tally.add("calm waste that stayed", due);
    wrong.extend(late.into_iter().map(|text| Violation { rule: "live", at: stage.now(), text }));
}

/// What is there, may be deleted, and has a rule.
fn candidates(model: &Model, janitor: &JanitorSetup) -> Vec<(Region, ResourceId, String)> {
    let mut all: Vec<(Region, ResourceId)> = Vec::new();
    for (region, id, versions) in model.history.all() {
        if versions.last().is_some_and(|version| version.resource.is_some() && !version.shared) {
            all.push((region.clone(), id.clone()));
        }
    }
    for (region, name) in model.history.groups() {
        all.push((region.clone(), ResourceId::new(ResourceKind::Group, name)));
    }
    let deletable = |kind: ResourceKind| janitor.delete.iter().any(|one| one == kind.as_str());
    all.retain(|(_, id)| deletable(id.kind));
    let rules = crate::months::generate::RULES;
    let of = |(region, id): (Region, ResourceId)| {
        let mine = rules.iter().filter(move |(_, kind)| *kind == id.kind.as_str());
        let mine: Vec<String> = mine.map(|(rule, _)| (*rule).to_owned()).collect();
        mine.into_iter().map(move |rule| (region.clone(), id.clone(), rule))
    };
    all.into_iter().flat_map(of).collect()
}

/// Whether it was waste on every day of a time.
fn always(
    model: &Model,
    facts: &Facts<'_>,
    (region, id, rule): (&Region, &ResourceId, &str),
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> bool {
    let mut days = (0..=(until - from).num_days()).map(|day| from + TimeDelta::days(day));
    days.all(|then| {
        let window = model.history.window(region, then, then);
        waste::waste(&window, facts, rule, id).is_ok() && waste::besides(&window, facts, rule, id).is_ok()
    })
}
