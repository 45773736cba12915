//! When a monkey looks: a cron expression on the operator's clock.
//!
//! The `cron` crate reads the fields and steps through the calendar; it is only ever asked about a clock that never
//! changes. Everything that differs from what an operator expects of cron is refused or decided here: numeric
//! weekdays, two ways to name a day, dates that never come, and the two nights a year when the clock is changed.
//!
//! - An expression that names days of the month and weekdays fires on either (POSIX, crontab), in its months. When
//!   one of the two is a step over all days (`*/2`) cron programs disagree, and it is refused.
//! - A time that the clock skips in the spring fires once, at the end of the gap, however many times were skipped.
//! - In the autumn, when an hour happens twice, an expression with fixed hours fires in the first pass only. One
//!   whose hours are an interval (`*`, `*/2`) fires in both, because "every fifteen minutes" has no pause.
//!
//! What may not happen here: no clock is read, and an expression is never mended silently.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Datelike, MappedLocalTime, Utc};
use chrono_tz::Tz;
use cron::{Schedule, TimeUnitSpec};
use serde::{Deserialize, Serialize};

use crate::calendar::{first_instant, first_reading, instant, offset_at, offsets_reading};

/// The last year that the `cron` crate knows (`Years::inclusive_max`).
const LAST_YEAR: i32 = 2100;

/// The fields of an expression, and what may stand in them.
const FIELDS: [(&str, &str); 6] = [
    ("second", "0 to 59"),
    ("minute", "0 to 59"),
    ("hour", "0 to 23"),
    ("day of the month", "1 to 31"),
    ("month", "1 to 12, or jan to dec"),
    ("weekday", "sun, mon … sat (the week begins on sunday, so a weekend is `sat,sun`)"),
];

/// A cron expression of five fields (minute, hour, day of the month, month, weekday) or six (seconds first). Its text
/// form is the expression.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CronSpec {
    /// The expression as written, with single spaces.
    text: String,
    schedule: Schedule,
    /// The same on its weekdays, when `schedule` is on its days of the month: it fires by either.
    or_weekdays: Option<Schedule>,
    /// Whether the hours are an interval, which fires in both passes of an hour that happens twice.
    interval: bool,
}

/// Why a text is no cron expression that is understood in one way only. Each says what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CronError {
    /// Not five or six fields.
    #[error(
        "cron expression `{expression}` has {count} fields: write five (minute, hour, day of the month, month, \
         weekday), or six with seconds first; a year is not supported"
    )]
    Fields {
        /// The expression.
        expression: String,
        /// How many fields it has.
        count: usize,
    },
    /// A shorthand such as `@daily`.
    #[error("cron expression `{expression}` is a shorthand: write its fields, as in `0 0 * * *`")]
    Shorthand {
        /// The expression.
        expression: String,
    },
    /// A field that cannot be read.
    #[error(
        "cron expression `{expression}`: `{text}` is not a {field}: write {allowed}, a list (`1,2`), a range (`1-5`), \
         a step (`*/2`) or `*`"
    )]
    Field {
        /// The expression.
        expression: String,
        /// The field's text.
        text: String,
        /// Which field it is.
        field: &'static str,
        /// What may stand there.
        allowed: &'static str,
    },
    /// A weekday as a number, which is Monday to some and Sunday to others.
    #[error(
        "cron expression `{expression}` numbers its weekdays, and programs disagree on which is 1: write mon, tue …"
    )]
    NumericWeekday {
        /// The expression.
        expression: String,
    },
    /// A step over all days of the month with weekdays, or the other way round.
    #[error(
        "cron expression `{expression}` has days of the month and weekdays, one of them as a step over all, and \
         programs disagree on whether both or either must match: write `*` for one of the two, or list the days"
    )]
    BothDays {
        /// The expression.
        expression: String,
    },
    /// A date that does not exist.
    #[error("cron expression `{expression}` never fires: write a day that its months have")]
    NeverFires {
        /// The expression.
        expression: String,
    },
}

impl CronSpec {
    /// The expression as written, with single spaces.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The first time after `at` at which it fires on the clock of a zone, to the second; always later than `at`.
    /// `None` when there is none up to the year 2100.
    pub fn next_after(&self, at: DateTime<Utc>, zone: Tz) -> Option<DateTime<Utc>> {
        let now = at.timestamp();
        let offset = offset_at(zone, now)?;
        let mut after = now + offset;
        if let MappedLocalTime::Ambiguous(first, second) = offsets_reading(zone, after) {
            let change = first_instant(after - first, after - second, |at| offset_at(zone, at) != Some(first));
            let (begin, end) = (change + second, change + first);
            if self.interval {
                // What is left of this pass, and when this is the first pass, all of the second.
                let second_pass = (offset == first).then_some((begin - 1, second));
                for (after, offset) in [Some((after, offset)), second_pass].into_iter().flatten() {
                    let reading = self.reading_after(after)?;
                    if reading < end {
                        return instant(reading - offset);
                    }
                }
                after = end - 1;
            } else if offset == second {
                // What this pass would read has fired in the first.
                after = end - 1;
            }
        }
        instant(first_reading(zone, self.reading_after(after)?))
    }

    /// The first reading of the clock after a reading that the expression names.
    fn reading_after(&self, reading: i64) -> Option<i64> {
        // The crate panics where chrono ends, so it is not asked about years that it does not know.
        let reading = instant(reading).filter(|reading| reading.year() <= LAST_YEAR)?;
        let days = std::iter::once(&self.schedule).chain(&self.or_weekdays);
        days.filter_map(|schedule| schedule.after(&reading).next()).min().map(|next| next.timestamp())
    }
}

impl FromStr for CronSpec {
    type Err = CronError;

    fn from_str(text: &str) -> Result<Self, CronError> {
        let mut fields: Vec<&str> = text.split_whitespace().collect();
        let expression = fields.join(" ");
        if expression.starts_with('@') {
            return Err(CronError::Shorthand { expression });
        }
        match fields.len() {
            5 => fields.insert(0, "0"),
            6 => {}
            count => return Err(CronError::Fields { expression, count }),
        }
        if has_number(fields[5]) {
            return Err(CronError::NumericWeekday { expression });
        }
        for (place, text) in fields.iter().enumerate() {
            // On its own, so that the error can name the field.
            let mut alone = ["*"; 6];
            alone[place] = text;
            if !is_shaped(text) || Schedule::from_str(&alone.join(" ")).is_err() {
                let (field, allowed) = FIELDS[place];
                return Err(CronError::Field { expression, text: (*text).to_owned(), field, allowed });
            }
        }
        // Each field is sound alone, so together they are; but that is the crate's promise and no reason to panic.
        let read = |fields: &[&str]| {
            Schedule::from_str(&fields.join(" "))
                .map_err(|_| CronError::Fields { expression: expression.clone(), count: fields.len() })
        };
        let by_both = [fields[3], fields[5]].iter().all(|field| !matches!(*field, "*" | "?"));
        let (schedule, or_weekdays) = if by_both {
            if fields[3].contains('*') || fields[5].contains('*') {
                return Err(CronError::BothDays { expression });
            }
            let [mut by_month, mut by_week] = [fields.clone(), fields.clone()];
            (by_month[5], by_week[3]) = ("*", "*");
            (read(&by_month)?, Some(read(&by_week)?))
        } else {
            (read(&fields)?, None)
        };
        // From 1970 on, the crate's first year: 130 years hold every date there is. Weekdays always come, but a mistake
        // in the days of the month is not made good by them.
        if schedule.after(&DateTime::<Utc>::UNIX_EPOCH).next().is_none() {
            return Err(CronError::NeverFires { expression });
        }
        let interval = fields[2].contains(['*', '/']) || schedule.hours().is_all();
        Ok(CronSpec { text: expression, schedule, or_weekdays, interval })
    }
}

/// Whether a field has the shape of one: items with commas between, each a `*`, a `?`, a value or a range, with or
/// without a step. The crate is laxer: it takes `*5` for the two fields `*` and `5`, and counts one more.
fn is_shaped(field: &str) -> bool {
    let number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let name = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphabetic());
    let value = |text: &str| number(text) || name(text);
    field.split(',').all(|item| {
        let (base, step) = item.split_once('/').map_or((item, None), |(base, step)| (base, Some(step)));
        let range = base.split_once('-').is_some_and(|(from, until)| value(from) && value(until));
        (base == "*" || base == "?" || value(base) || range) && step.is_none_or(number)
    })
}

/// Whether a field has a number other than a step.
fn has_number(field: &str) -> bool {
    field.split(',').filter_map(|item| item.split('/').next()).any(|base| base.bytes().any(|b| b.is_ascii_digit()))
}

impl TryFrom<String> for CronSpec {
    type Error = CronError;
    fn try_from(text: String) -> Result<Self, CronError> {
        text.parse()
    }
}

impl From<CronSpec> for String {
    fn from(spec: CronSpec) -> String {
        spec.text
    }
}

impl fmt::Display for CronSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}
