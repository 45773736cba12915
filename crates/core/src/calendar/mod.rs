//! The operator's calendar: which dates are working days, and which instants of them are open.
//!
//! Hours are read off the clock on the operator's wall. An instant is open when that clock, in the operator's zone,
//! reads a time within the hours of a working day. So in the autumn, when an hour happens twice, a window may be
//! longer, or two; in the spring it may be shorter, or gone. A window belongs to the date on which it opens, also
//! when it runs past midnight, and so do the holiday and the freeze that close it.
//!
//! The rooms: `hours` (days of the week, hours of the day), [`holidays`] (public ones by rule, and the operator's own),
//! `own_hours` (what a group's owner allows of a day) and `wall` (what a zone's clock reads when).
//!
//! What may not happen here: no clock is read, and nothing is guessed about a zone that its database does not say.

pub mod holidays;
mod hours;
mod own_hours;
mod wall;

use std::fmt;

use chrono::{DateTime, Datelike, Days, MappedLocalTime, NaiveDate, NaiveTime, TimeDelta, Utc, Weekday};
use chrono_tz::Tz;

pub use holidays::{Country, Holiday, Holidays};
pub use hours::{CalendarError, Hours, Weekdays};
pub use own_hours::OwnHours;
use wall::{DAY, when_reading};
pub(crate) use wall::{first_instant, first_reading, instant, offset_at, offsets_reading};

/// How far ahead a working day is looked for, in days: ten years. No cool-down and no freeze lasts so long, and a
/// zone's rules that far ahead are a guess. It also bounds the work when a calendar never opens.
pub const SEARCH_DAYS: u64 = 3_660;

/// One stretch of open time, in UTC and half-open: `open` is inside, `close` is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The first open instant.
    pub open: DateTime<Utc>,
    /// The first instant that is closed again.
    pub close: DateTime<Utc>,
}

impl Window {
    /// Whether the instant is inside.
    pub fn contains(&self, at: DateTime<Utc>) -> bool {
        self.open <= at && at < self.close
    }

    /// Its length in whole minutes.
    pub fn minutes(&self) -> u32 {
        u32::try_from((self.close - self.open).num_minutes()).unwrap_or(0)
    }
}

/// Dates on which nothing may be done, both ends included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Freeze {
    /// The first frozen date.
    pub from: NaiveDate,
    /// The last frozen date.
    pub until: NaiveDate,
    /// What it is for, in the operator's words.
    pub why: String,
}

impl Freeze {
    /// Whether the date is frozen.
    pub fn contains(&self, date: NaiveDate) -> bool {
        self.from <= date && date <= self.until
    }
}

/// Why a date is no working day. When several reasons hold, the first of this list is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Closed {
    /// The calendar does not work on this day of the week.
    Weekday(Weekday),
    /// A holiday; the text is its name.
    Holiday(String),
    /// A freeze; the text says what for.
    Freeze(String),
    /// The clock never reads a time within the hours: it was put forward over the whole window.
    NeverOpen,
    /// No window is open within the group's own hours, which the text gives.
    OwnHours(String),
}

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Closed::Weekday(day) => write!(f, "closed on {}s", hours::full_name(*day)),
            Closed::Holiday(name) => write!(f, "closed for {name}"),
            Closed::Freeze(why) => write!(f, "frozen: {why}"),
            Closed::NeverOpen => f.write_str("closed because the clock skips the opening hours"),
            Closed::OwnHours(hours) => write!(f, "never open within the group's own hours, {hours}"),
        }
    }
}

/// One date of a calendar. `windows` is empty if and only if `closed` says why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Day {
    /// The date in the operator's zone on which the window opens.
    pub date: NaiveDate,
    /// The open time in order. Two windows never touch.
    pub windows: Vec<Window>,
    /// Why the date is no working day.
    pub closed: Option<Closed>,
}

impl Day {
    /// Whether it opens at all.
    pub fn is_working(&self) -> bool {
        self.closed.is_none()
    }

    /// Whether the instant is inside one of its windows.
    pub fn contains(&self, at: DateTime<Utc>) -> bool {
        self.window_at(at).is_some()
    }

    /// The window that the instant is in.
    pub fn window_at(&self, at: DateTime<Utc>) -> Option<&Window> {
        self.windows.iter().find(|window| window.contains(at))
    }

    /// How many minutes it is open in all.
    pub fn minutes(&self) -> u32 {
        self.windows.iter().map(Window::minutes).sum()
    }

    /// When the `n`-th open minute begins; the first is 0. `None` from [`Day::minutes`] on.
    pub fn minute(&self, n: u32) -> Option<DateTime<Utc>> {
        let mut left = n;
        for window in &self.windows {
            match left.checked_sub(window.minutes()) {
                Some(rest) => left = rest,
                None => return Some(window.open + TimeDelta::minutes(i64::from(left))),
            }
        }
        None
    }

    /// When it first opens.
    pub fn open(&self) -> Option<DateTime<Utc>> {
        self.windows.first().map(|window| window.open)
    }

    /// When it closes for good.
    pub fn close(&self) -> Option<DateTime<Utc>> {
        self.windows.last().map(|window| window.close)
    }
}

/// When the operator's team is at work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendar {
    /// The zone of the clock on the operator's wall.
    pub zone: Tz,
    /// The days of the week on which a window opens.
    pub days: Weekdays,
    /// When it opens and closes.
    pub hours: Hours,
    /// Dates on which no window opens.
    pub holidays: Holidays,
    /// Spans of dates on which no window opens and nothing is done.
    pub freezes: Vec<Freeze>,
}

impl Calendar {
    /// Whether the calendar can ever open. The first mistake found is returned.
    pub fn check(&self) -> Result<(), CalendarError> {
        self.hours.check()?;
        if self.days.is_empty() {
            return Err(CalendarError::NoDays);
        }
        match self.freezes.iter().find(|freeze| freeze.until < freeze.from) {
            Some(freeze) => Err(CalendarError::Freeze { from: freeze.from, until: freeze.until }),
            None => Ok(()),
        }
    }

    /// What a date is: its windows, or why it has none.
    pub fn day(&self, date: NaiveDate) -> Day {
        let closed = self.closed(date);
        let windows = if closed.is_some() { Vec::new() } else { self.windows(date) };
        let closed = closed.or_else(|| windows.is_empty().then_some(Closed::NeverOpen));
        Day { date, windows, closed }
    }

    /// The date on the operator's clock.
    pub fn local_date(&self, at: DateTime<Utc>) -> NaiveDate {
        let reading = at.timestamp() + offset_at(self.zone, at.timestamp()).unwrap_or(0);
        instant(reading).unwrap_or(at).date_naive()
    }

    /// The day whose window contains the instant: yesterday's, when an overnight window runs past midnight. When none
    /// does, the day of the local date.
    pub fn day_at(&self, at: DateTime<Utc>) -> Day {
        let today = self.local_date(at);
        if self.hours.spans_midnight()
            && let Some(yesterday) = today.pred_opt().map(|date| self.day(date))
            && yesterday.contains(at)
        {
            return yesterday;
        }
        self.day(today)
    }

    /// The freeze that covers the instant, by its own local date. So a window that opened before a freeze and runs
    /// past midnight is frozen from midnight on, although its [`Day`] still contains it.
    pub fn frozen(&self, at: DateTime<Utc>) -> Option<&Freeze> {
        self.freeze_on(self.local_date(at))
    }

    /// How many working days lie after `from` up to and including `until`: 0 when `until` is not later. Counted
    /// over the first [`SEARCH_DAYS`] days only, so of dates further apart it is a lower bound.
    pub fn working_days_between(&self, from: NaiveDate, until: NaiveDate) -> u32 {
        let dates = dates_after(from).take_while(|date| *date <= until);
        dates.map(|date| u32::from(self.day(date).is_working())).sum()
    }

    /// The `n`-th working day after a date: 1 is the next one, 0 is the date itself. What was last acted on on
    /// working day d may be acted on again from the min-days-th working day after d. `None` when there is none
    /// within [`SEARCH_DAYS`].
    pub fn nth_working_day_after(&self, date: NaiveDate, n: u32) -> Option<NaiveDate> {
        let Some(skip) = n.checked_sub(1) else { return Some(date) };
        dates_after(date).filter(|date| self.day(*date).is_working()).nth(skip as usize)
    }

    /// The first instant of a date. Where the clock skips midnight, or the whole date, it is the end of the gap.
    pub fn midnight(&self, date: NaiveDate) -> DateTime<Utc> {
        let midnight = date.and_time(NaiveTime::MIN).and_utc().timestamp();
        instant(first_reading(self.zone, midnight)).unwrap_or(DateTime::<Utc>::MAX_UTC)
    }

    /// The first instant after `at` that has a later local date. Where the clock skips midnight it is the end of the
    /// gap.
    pub fn midnight_after(&self, at: DateTime<Utc>) -> DateTime<Utc> {
        let now = at.timestamp();
        let today = (now + offset_at(self.zone, now).unwrap_or(0)).div_euclid(DAY);
        let midnight = (today + 1) * DAY;
        let next = match offsets_reading(self.zone, midnight) {
            // Midnight happens twice, and the first is over.
            MappedLocalTime::Ambiguous(first, second) if midnight - first <= now => midnight - second,
            _ => first_reading(self.zone, midnight),
        };
        instant(next).unwrap_or(DateTime::<Utc>::MAX_UTC)
    }

    /// Why no window opens on the date, as far as the date alone says.
    fn closed(&self, date: NaiveDate) -> Option<Closed> {
        if !self.days.contains(date.weekday()) {
            Some(Closed::Weekday(date.weekday()))
        } else if let Some(name) = self.holidays.name_on(date) {
            Some(Closed::Holiday(name))
        } else {
            self.freeze_on(date).map(|freeze| Closed::Freeze(freeze.why.clone()))
        }
    }

    fn freeze_on(&self, date: NaiveDate) -> Option<&Freeze> {
        self.freezes.iter().find(|freeze| freeze.contains(date))
    }

    fn windows(&self, date: NaiveDate) -> Vec<Window> {
        let midnight = date.and_time(NaiveTime::MIN).and_utc().timestamp();
        let next_day = if self.hours.spans_midnight() { DAY } else { 0 };
        let open = midnight + i64::from(self.hours.open) * 60;
        let close = midnight + i64::from(self.hours.close) * 60 + next_day;
        when_reading(self.zone, open, close)
    }
}

/// The dates after a date, [`SEARCH_DAYS`] of them.
fn dates_after(date: NaiveDate) -> impl Iterator<Item = NaiveDate> {
    (1..=SEARCH_DAYS).map_while(move |days| date.checked_add_days(Days::new(days)))
}
