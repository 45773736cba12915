//! Days of the week and hours of the day, and what is wrong with those that make no sense.

use std::fmt;

use chrono::{NaiveDate, Weekday};

/// Minutes in a day of the calendar, and the largest time at which hours may close (`24:00`).
const DAY_MINUTES: u16 = 24 * 60;

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

pub(super) fn full_name(day: Weekday) -> &'static str {
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

    pub(super) fn check(self) -> Result<(), CalendarError> {
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
    /// Not a group's own hours.
    #[error("`{0}` is not hours with their time zone: write them as in `10:00-15:00 Europe/Berlin`")]
    OwnHours(String),
    /// A group's own hours in a zone that nobody knows.
    #[error("`{0}` is no time zone of the IANA database: write it as in `Europe/Berlin`")]
    Zone(String),
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
