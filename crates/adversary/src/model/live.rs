//! Too careful is wrong too: where nothing is in the way, what was planned is done, and as often as was asked for.

use chrono::{Days, NaiveDate};
use simian_core::{Event, Kind};

use super::hours::Book;
use super::tags::{self, Word};
use super::{Model, names};
use crate::violation::Violation;
use crate::world::stage::Stage;

/// Of a week in which nothing was in the way: every planned action was done.
pub(super) fn check(model: &mut Model, stage: &Stage, events: &[Event], wrong: &mut Vec<Violation>) {
    if !model.setup.calm {
        return;
    }
    let ends = stage.now();
    for event in events.iter().filter(|event| event.body.kind == Kind::ActionPlanned) {
        let Some(key) = event.body.key.as_deref() else { continue };
        let over = event.body.until.is_some_and(|until| until < ends);
        let done = [Kind::ActionDone, Kind::ActionRehearsed];
        let done = events.iter().any(|one| done.contains(&one.body.kind) && one.body.key.as_deref() == Some(key));
        if over && !done {
            let text = format!("{key} was planned and not done, and nothing was in its way");
            wrong.push(Violation { rule: "live", at: event.body.at, text });
        }
    }
    rate(model, events);
}

/// How often a turn came, and how often it should have: for the sum over all weeks.
fn rate(model: &mut Model, events: &[Event]) {
    let setup = model.setup.clone();
    let policy = &setup.policy;
    let book = Book::of(policy);
    let mut units: Vec<(usize, String)> = Vec::new();
    for group in &setup.groups {
        let unit = (if policy.across_regions { 0 } else { group.region }, names::unit(&policy.unit, &group.name));
        let Word::Yes(_) = tags::read(&group.tags, policy) else { continue };
        if units.contains(&unit) {
            continue;
        }
        units.push(unit);
        let p = probability(&group.tags, policy.mean_days);
        // Whole days only: the first and the last may be cut by the zone.
        let first = setup.start.checked_add_days(Days::new(1)).unwrap_or(setup.start);
        let days = first.iter_days().take(setup.days.saturating_sub(2) as usize).filter(|date| book.works(*date));
        let dates: Vec<NaiveDate> = days.collect();
        let region = crate::world::stage::region(group.region).to_string();
        let region = if policy.across_regions { "*" } else { &region };
        let unit = format!("/{region}/{}:{}", policy.unit, names::unit(&policy.unit, &group.name));
        let turns = events.iter().filter(|event| {
            let key = event.body.key.as_deref().unwrap_or_default();
            let of_a_day = dates.iter().any(|date| key.contains(&format!("chaos/{date}/")));
            event.body.kind == Kind::ActionPlanned && of_a_day && key.ends_with(&unit)
        });
        let tally = &mut model.tally;
        tally.add("drawn turns", turns.count() as u64);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "small"
        )]
        let micros = |x: f64| (x * dates.len() as f64 * 1e6).round() as u64;
        tally.add("expected turns in millionths", micros(p));
        tally.add("variance in millionths", micros(p * (1.0 - p)));
    }
}

/// The chance of a turn on a day, from the two tags that a calm week has.
fn probability(tags: &std::collections::BTreeMap<String, String>, mean_days: u32) -> f64 {
    let number = |key: &str| tags.get(key).and_then(|text| text.parse::<f64>().ok());
    let least = number("simian:chaos:min-days").unwrap_or(1.0);
    let mean = number("simian:chaos:mean-days").unwrap_or(f64::from(mean_days).max(least));
    number("simian:chaos:probability").unwrap_or(1.0 / (mean - least + 1.0))
}
