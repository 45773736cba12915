//! The operator's calendar: which dates are working days, and which instants of them are open.
//!
//! Hours are read off the clock on the operator's wall. An instant is open when that clock, in the operator's zone,
//! reads a time within the hours of a working day. So in the autumn, when an hour happens twice, a window may be
//! longer, or two; in the spring it may be shorter, or gone. A window belongs to the date on which it opens, also
//! when it runs past midnight, and so do the holiday and the freeze that close it.
//!
//! What may not happen here: no clock is read, and nothing is guessed about a zone that its database does not say.

use std::collections::BTreeSet;
use std::fmt;

use chrono::{
    DateTime, Datelike, Days, MappedLocalTime, NaiveDate, NaiveTime, Offset, TimeDelta, TimeZone, Utc, Weekday,
};
use chrono_tz::Tz;

/// Minutes in a day of the calendar, and the largest time at which hours may close (`24:00`).
const DAY_MINUTES: u16 = 24 * 60;

/// Seconds in a day of the calendar. No zone's clock is ever so far from UTC (ISO 8601 has two digits for its hours,
/// the zone database stays within 16 hours), so within a day around a local time lies every instant that reads it.
const DAY: i64 = 86_400;

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
    /// A holiday.
    Holiday,
    /// A freeze; the text says what for.
    Freeze(String),
    /// The clock never reads a time within the hours: it was put forward over the whole window.
    NeverOpen,
}

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Closed::Weekday(day) => write!(f, "closed on {}s", full_name(*day)),
            Closed::Holiday => f.write_str("closed for a holiday"),
            Closed::Freeze(why) => write!(f, "frozen: {why}"),
            Closed::NeverOpen => f.write_str("closed because the clock skips the opening hours"),
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

/// A set of days of the week.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Weekdays([bool; 7]);

impl Weekdays {
    /// Monday to Friday.
    pub const MON_TO_FRI: Weekdays = Weekdays([true, true, true, true, true, false, false]);

    /// Whether the day is in the set.
    pub fn contains(self, day: Weekday) -> bool {
        self.iter().any(|in_set| in_set == day)
    }

    /// Whether no day is in the set.
    pub fn is_empty(self) -> bool {
        self == Weekdays::default()
    }

    /// The days from Monday on.
    pub fn iter(self) -> impl Iterator<Item = Weekday> {
        WEEK.into_iter().zip(self.0).filter_map(|(day, in_set)| in_set.then_some(day))
    }
}

impl FromIterator<Weekday> for Weekdays {
    fn from_iter<I: IntoIterator<Item = Weekday>>(days: I) -> Self {
        let mut set = Weekdays::default();
        for day in days {
            set.0[day.num_days_from_monday() as usize] = true;
        }
        set
    }
}

const WEEK: [Weekday; 7] =
    [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri, Weekday::Sat, Weekday::Sun];

fn full_name(day: Weekday) -> &'static str {
    match day {
        Weekday::Mon => "Monday",
        Weekday::Tue => "Tuesday",
        Weekday::Wed => "Wednesday",
        Weekday::Thu => "Thursday",
        Weekday::Fri => "Friday",
        Weekday::Sat => "Saturday",
        Weekday::Sun => "Sunday",
    }
}

/// The hours of a working day, in minutes after midnight on the operator's clock.
///
/// When `close` is before `open` they span midnight. The whole day is 0 to 1440; equal times are refused by
/// [`Calendar::check`], because they read as a whole day to some and as nothing to others, and never open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hours {
    /// The first open minute, 0 to 1439.
    pub open: u16,
    /// The first minute that is closed again, 0 to 1440.
    pub close: u16,
}

impl Hours {
    /// Hours from two times such as `09:00` and `15:00`.
    pub fn parse(open: &str, close: &str) -> Result<Hours, CalendarError> {
        let hours = Hours { open: Hours::parse_time(open)?, close: Hours::parse_time(close)? };
        hours.check()?;
        Ok(hours)
    }

    /// Minutes after midnight of a time such as `09:00`. `24:00` is taken too, as 1440: only hours know whether it
    /// stands where it may.
    pub fn parse_time(text: &str) -> Result<u16, CalendarError> {
        let two_digits = |digits: &str| {
            let shaped = digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_digit());
            shaped.then(|| digits.parse::<u16>().ok()).flatten()
        };
        text.split_once(':')
            .and_then(|(hour, minute)| Some((two_digits(hour)?, two_digits(minute)?)))
            .filter(|(_, minute)| *minute < 60)
            .map(|(hour, minute)| hour * 60 + minute)
            .filter(|time| *time <= DAY_MINUTES)
            .ok_or_else(|| CalendarError::Time(text.to_owned()))
    }

    /// Whether the hours run past midnight into the next date.
    pub fn spans_midnight(self) -> bool {
        self.close < self.open
    }

    fn check(self) -> Result<(), CalendarError> {
        if self.open == DAY_MINUTES {
            Err(CalendarError::OpensAtEnd)
        } else if self.open > DAY_MINUTES || self.close > DAY_MINUTES {
            Err(CalendarError::OutOfDay { open: self.open, close: self.close })
        } else if self.open == self.close {
            Err(CalendarError::Empty(clock(self.open)))
        } else {
            Ok(())
        }
    }
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", clock(self.open), clock(self.close))
    }
}

fn clock(minutes: u16) -> String {
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

/// Why a calendar, or a part of it, makes no sense. Each says what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    /// Not a time of day.
    #[error("`{0}` is not a time of day: write hours and minutes as in `09:00`, at most `24:00`")]
    Time(String),
    /// The hours open at the end of the day.
    #[error("hours cannot open at `24:00`: write `00:00`")]
    OpensAtEnd,
    /// More minutes than a day has.
    #[error("hours from minute {open} to minute {close} leave the day: open at 0 to 1439 and close at 0 to 1440")]
    OutOfDay {
        /// The minute at which they open.
        open: u16,
        /// The minute at which they close.
        close: u16,
    },
    /// The hours close when they open.
    #[error("hours from {0} to {0} never open: for the whole day open at `00:00` and close at `24:00`")]
    Empty(String),
    /// There is no working day in the week.
    #[error("no day of the week is a working day: name at least one, as in `mon`")]
    NoDays,
    /// A freeze that ends before it begins.
    #[error("the freeze from {from} until {until} ends before it begins: swap its dates")]
    Freeze {
        /// The first date given.
        from: NaiveDate,
        /// The last date given.
        until: NaiveDate,
    },
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
    pub holidays: BTreeSet<NaiveDate>,
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

    /// The first instant, not before `at`, that is in a window and not frozen: `at` itself when it is. `None` when
    /// there is none within [`SEARCH_DAYS`].
    pub fn next_open(&self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        // Two dates back, so that yesterday's overnight window is the first one looked at.
        let before = self.local_date(at).checked_sub_days(Days::new(2))?;
        dates_after(before)
            .flat_map(|date| self.day(date).windows)
            .filter(|window| at < window.close)
            .map(|window| window.open.max(at))
            .find(|open| self.frozen(*open).is_none())
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
        } else if self.holidays.contains(&date) {
            Some(Closed::Holiday)
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

// The clock on the wall. An instant is in seconds since 1970 in UTC. A reading is what the zone's clock shows then, as
// if it were such an instant: the instant plus the offset. Whole seconds are enough, because every offset is one.

/// The instant, when it is within what chrono can hold.
pub(crate) fn instant(seconds: i64) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(seconds, 0)
}

/// The zone's offset at an instant, in seconds east of UTC.
pub(crate) fn offset_at(zone: Tz, at: i64) -> Option<i64> {
    let utc = instant(at)?.naive_utc();
    Some(i64::from(zone.offset_from_utc_datetime(&utc).fix().local_minus_utc()))
}

/// The offsets with which the clock shows a reading: none in a spring gap, two in an autumn fold, the first pass
/// first.
pub(crate) fn offsets_reading(zone: Tz, reading: i64) -> MappedLocalTime<i64> {
    match instant(reading) {
        Some(local) => {
            let offset = zone.offset_from_local_datetime(&local.naive_utc());
            offset.map(|offset| i64::from(offset.fix().local_minus_utc()))
        }
        None => MappedLocalTime::None,
    }
}

/// The first instant at which the clock shows a reading; the end of the gap, when it is skipped.
pub(crate) fn first_reading(zone: Tz, reading: i64) -> i64 {
    match offsets_reading(zone, reading) {
        MappedLocalTime::Single(offset) | MappedLocalTime::Ambiguous(offset, _) => reading - offset,
        MappedLocalTime::None => first_instant(reading - DAY, reading + DAY, |at| {
            offset_at(zone, at).is_none_or(|offset| reading <= at + offset)
        }),
    }
}

/// The first instant after `before` and up to `after` at which something holds that does not hold at `before`, holds
/// at `after` and changes once between.
pub(crate) fn first_instant(before: i64, after: i64, holds: impl Fn(i64) -> bool) -> i64 {
    let (mut no, mut yes) = (before, after);
    while yes - no > 1 {
        let middle = no + (yes - no) / 2;
        if holds(middle) {
            yes = middle;
        } else {
            no = middle;
        }
    }
    yes
}

/// When the clock shows a reading from `open` up to but not including `close`, in order. The two are at most a day
/// apart, so the clock is changed once between them at most: since 1970 no zone has changed it twice within six days.
fn when_reading(zone: Tz, open: i64, close: i64) -> Vec<Window> {
    if close <= open {
        return Vec::new();
    }
    if let MappedLocalTime::Single(at_open) = offsets_reading(zone, open)
        && let MappedLocalTime::Single(at_close) = offsets_reading(zone, close)
    {
        // Almost always. A change between the two makes the window shorter or longer, but not two.
        return window((open - at_open, close - at_close)).into_iter().collect();
    }
    let (begin, end) = (open - DAY, close + DAY);
    let (Some(before), Some(after)) = (offset_at(zone, begin), offset_at(zone, end)) else { return Vec::new() };
    let change = first_instant(begin, end, |at| offset_at(zone, at) != Some(before));
    let pieces = [(open - before, change.min(close - before)), (change.max(open - after), close - after)];
    let pieces: Vec<(i64, i64)> = pieces.into_iter().filter(|(open, close)| open < close).collect();
    match pieces[..] {
        [(open, middle), (again, close)] if middle == again => window((open, close)).into_iter().collect(),
        _ => pieces.into_iter().filter_map(window).collect(),
    }
}

fn window((open, close): (i64, i64)) -> Option<Window> {
    Some(Window { open: instant(open)?, close: instant(close)? })
}
