//! What was done or rehearsed, day by day.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde::Serialize;
use simian_core::{Draft, Kind};

use super::{End, Facts, Frame, Part, Recovery, janitor};

/// More days than these are not told one by one: a report of thirty years has its lists.
const MOST: usize = 11_000;

/// One day in the operator's zone: turns of units, and the janitor's deletions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DayLine {
    /// The date.
    pub date: NaiveDate,
    /// What was done for real.
    pub done: usize,
    /// What a dry run would have done.
    pub rehearsed: usize,
    /// What was tried and did not happen.
    pub not_done: usize,
    /// What was tried, and nobody knows.
    pub unknown: usize,
    /// Of what was done that day: units that were back in time.
    pub recovered: usize,
    /// Of what was done that day: units that were not back in time, whether or not they came back later.
    pub not_in_time: usize,
}

/// Every day of the span, also those on which nothing was done.
pub(super) fn of(parts: &[Part], facts: &Facts, frame: &Frame<'_>) -> Vec<DayLine> {
    let date = |at: DateTime<Utc>| frame.calendar.local_date(at);
    let (first, last) = (date(frame.since), date(frame.until - TimeDelta::milliseconds(1)));
    let every = first.iter_days().take_while(|day| *day <= last).take(MOST);
    let mut days: BTreeMap<NaiveDate, DayLine> =
        every.map(|date| (date, DayLine { date, ..DayLine::default() })).collect();
    for turn in parts.iter().flat_map(Part::turns) {
        let Some(day) = days.get_mut(&date(turn.at)) else { continue };
        match turn.end {
            End::Done => day.done += 1,
            End::Rehearsed => day.rehearsed += 1,
            End::Failed | End::Refused | End::Abandoned => day.not_done += 1,
            End::Unknown => day.unknown += 1,
            End::Missed | End::Held | End::Planned => {}
        }
        match turn.recovery {
            Recovery::Recovered { late: false, .. } => day.recovered += 1,
            Recovery::Recovered { late: true, .. } | Recovery::NotInTime => day.not_in_time += 1,
            Recovery::None | Recovery::Watched | Recovery::NotMeasured => {}
        }
    }
    let deletion = |event: &&Draft| janitor::is_of(event, frame) && event.action.as_deref() == Some(janitor::DELETE);
    for event in facts.events.iter().filter(deletion) {
        let Some(day) = days.get_mut(&date(event.at)) else { continue };
        match event.kind {
            Kind::ActionDone => day.done += 1,
            Kind::ActionRehearsed => day.rehearsed += 1,
            Kind::ActionFailed | Kind::ActionRefused => day.not_done += 1,
            Kind::ActionResolved => match event.outcome.as_deref() {
                Some("done") => day.done += 1,
                Some("failed" | "abandoned") => day.not_done += 1,
                _ => day.unknown += 1,
            },
            _ => {}
        }
    }
    days.into_values().collect()
}
