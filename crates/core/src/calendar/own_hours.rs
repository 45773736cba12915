//! What a group's owner allows of a day: hours on a clock of the owner's choice.
//!
//! What may not happen here: a day is never made longer. An owner takes time away from the operator's windows and
//! adds none.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};
use chrono_tz::Tz;

use super::wall::{DAY, offset_at, when_reading};
use super::{CalendarError, Closed, Day, Hours, Window};

/// The hours of every date within which a group may be touched, on the clock of a zone: `10:00-15:00 Europe/Berlin`.
/// Hours that close before they open run past midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnHours {
    /// When they open and close.
    pub hours: Hours,
    /// The zone of the clock that they are read from.
    pub zone: Tz,
}

impl FromStr for OwnHours {
    type Err = CalendarError;

    fn from_str(text: &str) -> Result<Self, CalendarError> {
        let mut words = text.split_whitespace();
        let (Some(hours), Some(zone), None) = (words.next(), words.next(), words.next()) else {
            return Err(CalendarError::OwnHours(text.to_owned()));
        };
        let (open, close) = hours.split_once('-').ok_or_else(|| CalendarError::OwnHours(text.to_owned()))?;
        let hours = Hours::parse(open, close)?;
        let zone = zone.parse().map_err(|_| CalendarError::Zone(zone.to_owned()))?;
        Ok(OwnHours { hours, zone })
    }
}

impl fmt::Display for OwnHours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.hours, self.zone)
    }
}

impl OwnHours {
    /// When they are open between two instants, in order; no two of the windows touch.
    fn windows(self, from: DateTime<Utc>, until: DateTime<Utc>) -> Vec<Window> {
        // From the date before, whose hours may run past midnight, to the date after: where the clock goes back over
        // midnight, the next date has begun before this one ends.
        let date = |at: DateTime<Utc>| {
            let reading = at.timestamp() + offset_at(self.zone, at.timestamp()).unwrap_or(0);
            super::instant(reading).unwrap_or(at).date_naive()
        };
        let first = date(from).checked_sub_days(Days::new(1)).unwrap_or(NaiveDate::MIN);
        let last = date(until).checked_add_days(Days::new(1)).unwrap_or(NaiveDate::MAX);
        let next_day = if self.hours.spans_midnight() { DAY } else { 0 };
        let mut windows: Vec<Window> = first
            .iter_days()
            .take_while(|date| *date <= last)
            .flat_map(|date| {
                let midnight = date.and_time(NaiveTime::MIN).and_utc().timestamp();
                let time = |minutes: u16| midnight + i64::from(minutes) * 60;
                when_reading(self.zone, time(self.hours.open), time(self.hours.close) + next_day)
            })
            .collect();
        windows.sort_unstable_by_key(|window| window.open);
        windows.dedup_by(|next, window| {
            let touch = next.open <= window.close;
            if touch {
                window.close = window.close.max(next.close);
            }
            touch
        });
        windows
    }
}

impl Day {
    /// What is left of the day within all of these hours. A day of which nothing is left says so; one that is closed
    /// already keeps its reason.
    #[must_use]
    pub fn narrow(&self, own: &[OwnHours]) -> Day {
        let mut windows = self.windows.clone();
        for hours in own {
            windows = windows.iter().flat_map(|window| within(*window, *hours)).collect();
        }
        let emptied = windows.is_empty().then(|| {
            let all: Vec<String> = own.iter().map(ToString::to_string).collect();
            Closed::OwnHours(all.join(" and "))
        });
        Day { date: self.date, windows, closed: self.closed.clone().or(emptied) }
    }
}

/// What is left of a window within the hours.
fn within(window: Window, own: OwnHours) -> Vec<Window> {
    let open = own.windows(window.open, window.close).into_iter();
    let cut = open.map(|own| Window { open: own.open.max(window.open), close: own.close.min(window.close) });
    cut.filter(|window| window.open < window.close).collect()
}
