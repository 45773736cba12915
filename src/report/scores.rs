//! How well owners and apps keep the rules, and whether it gets better.

use std::collections::BTreeMap;

use chrono::{NaiveDate, TimeDelta};
use serde::Serialize;
use simian_core::{AccountId, Draft, Kind, Region};

use super::{Facts, Frame};

/// How far back a trend goes at least, also in the report of a single day.
pub(super) const TREND: TimeDelta = TimeDelta::days(30);

/// How well an owner, or an app, keeps the rules.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ScoreLine {
    /// Whose; `None` for what has no owner.
    pub owner: Option<String>,
    /// Of which app; `None` for all that is the owner's.
    pub app: Option<String>,
    /// How well, 0 to 100, on the last day of the report that has a score.
    pub score: u64,
    /// How many checks there were on that day.
    pub checks: u64,
    /// How many of them failed.
    pub failed: u64,
    /// By how much it is better than at the beginning of the trend; `None` where only one day has a score.
    pub change: Option<i64>,
    /// The trend, day by day: thirty days at least, where there are scores.
    pub days: Vec<ScoreDay>,
}

/// A score of one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ScoreDay {
    /// The date in the operator's zone.
    pub date: NaiveDate,
    /// 0 to 100.
    pub score: u64,
}

/// An owner, an app, or an owner's app.
type Whose<'f> = (Option<&'f str>, Option<&'f str>);

/// What was last published on a day, in one place.
type Places<'f> = BTreeMap<(Option<&'f AccountId>, Option<&'f Region>), &'f Draft>;

/// Those that were published in the span, the lowest first.
pub(super) fn of(facts: &Facts, frame: &Frame<'_>) -> Vec<ScoreLine> {
    let mut all: BTreeMap<Whose<'_>, BTreeMap<NaiveDate, Places<'_>>> = BTreeMap::new();
    for (_, event) in facts.in_order().filter(|(_, event)| event.kind == Kind::ScorePublished) {
        if frame.has_account(event.account.as_ref()) && frame.has_owner(event.owner.as_deref()) {
            let days = all.entry((event.owner.as_deref(), event.app.as_deref())).or_default();
            let places = days.entry(frame.calendar.local_date(event.at)).or_default();
            places.insert((event.account.as_ref(), event.region.as_ref()), event);
        }
    }
    let first = frame.calendar.local_date(frame.since);
    let mut lines: Vec<ScoreLine> = all
        .into_iter()
        .filter_map(|((owner, app), days)| {
            let (last, places) = days.last_key_value().filter(|(date, _)| **date >= first)?;
            let (today, checks, failed) = (score(places), sum(places, "checks"), sum(places, "failed"));
            let trend: Vec<ScoreDay> =
                days.iter().map(|(date, places)| ScoreDay { date: *date, score: score(places) }).collect();
            let before = trend.first().filter(|day| day.date < *last);
            Some(ScoreLine {
                owner: owner.map(str::to_owned),
                app: app.map(str::to_owned),
                score: today,
                checks,
                failed,
                change: before.map(|before| today.cast_signed() - before.score.cast_signed()),
                days: trend,
            })
        })
        .collect();
    lines.sort_by(|a, b| (a.score, &a.owner, &a.app).cmp(&(b.score, &b.owner, &b.app)));
    lines
}

fn count(event: &Draft, name: &str) -> u64 {
    event.counts.get(name).copied().unwrap_or_default()
}

fn sum(places: &Places<'_>, name: &str) -> u64 {
    places.values().map(|event| count(event, name)).fold(0, u64::saturating_add)
}

/// One score of several places: each weighs as much as it has checks.
fn score(places: &Places<'_>) -> u64 {
    let weight = |event: &Draft| u128::from(count(event, "checks").max(1));
    let all: u128 = places.values().map(|event| weight(event)).sum();
    let weighed: u128 = places.values().map(|event| u128::from(count(event, "score").min(100)) * weight(event)).sum();
    // At most a hundred, as each of them.
    u64::try_from((weighed + all / 2) / all.max(1)).unwrap_or(100)
}
