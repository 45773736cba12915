//! Dates, times, spans and recurrence rules as a calendar file writes them.
//!
//! A *reading* is what a clock shows. Rules step through readings, because "every day at nine" means the clock on
//! somebody's wall; only the end result becomes instants.

use chrono::{
    DateTime, Datelike, Days, MappedLocalTime, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeDelta, TimeZone, Utc,
};
use chrono_tz::Tz;
use icalendar::parser::{ParseString, Property};
use rrule::{RRule, Unvalidated};

use super::LAST_YEAR;

/// What a reading is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Clock {
    /// No clock: a date, which is a date everywhere.
    Date,
    /// The clock of a zone.
    Zone(Tz),
}

/// A date, or a time on a clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    pub(super) reading: NaiveDateTime,
    pub(super) clock: Clock,
}

impl Moment {
    /// All moments of a property (RFC 5545, 3.3.4 and 3.3.5). A time without a zone is one on the operator's clock.
    pub(super) fn list(property: &Property<'_>, zone: Tz) -> Result<Vec<Moment>, String> {
        let kind = parameter(property, "VALUE").map(str::to_ascii_uppercase);
        let tzid = parameter(property, "TZID");
        if let Some(kind) = kind.as_deref().filter(|kind| !matches!(*kind, "DATE" | "DATE-TIME")) {
            return Err(format!("{} of the kind {kind} is not supported: write dates or times", property.name));
        }
        let moments = property.val.as_str().split(',').map(|text| {
            let moment = Moment::parse(text.trim(), tzid, zone)?;
            let of_kind = match kind.as_deref() {
                None => true,
                Some("DATE") => moment.clock == Clock::Date,
                Some(_) => moment.clock != Clock::Date,
            };
            of_kind.then_some(moment).ok_or_else(|| {
                let kind = kind.as_deref().unwrap_or_default();
                format!("`{text}` is no {kind}: write a DATE as 20261224, a DATE-TIME as 20261224T090000")
            })
        });
        moments.collect::<Result<_, String>>().map_err(|why| format!("{}: {why}", property.name))
    }

    /// A date such as `20261224`, or a time such as `20261224T090000`, with a `Z` in UTC.
    fn parse(text: &str, tzid: Option<&str>, zone: Tz) -> Result<Moment, String> {
        let wrong = || format!("`{text}` is no date and no time: write 20261224 or 20261224T090000");
        // chrono also takes signs and missing zeros.
        let digits = |text: &str, count: usize| text.len() == count && text.bytes().all(|b| b.is_ascii_digit());
        let date = |text: &str| {
            let date = NaiveDate::parse_from_str(text, "%Y%m%d").ok();
            date.filter(|_| digits(text, 8)).ok_or_else(wrong)
        };
        let Some((day, time)) = text.split_once('T') else {
            return Ok(Moment { reading: date(text)?.and_time(NaiveTime::MIN), clock: Clock::Date });
        };
        let (time, utc) = time.strip_suffix('Z').map_or((time, false), |time| (time, true));
        // A leap second (60) is the second before it.
        let time = time.strip_suffix("60").map_or(time.to_owned(), |minutes| format!("{minutes}59"));
        let time = NaiveTime::parse_from_str(&time, "%H%M%S").ok().filter(|_| digits(&time, 6)).ok_or_else(wrong)?;
        let clock = match tzid {
            _ if utc => Tz::UTC,
            None => zone,
            Some(name) => name.trim_matches('"').parse().map_err(|_| {
                format!(
                    "`{name}` is no time zone of the IANA database: export the calendar with names such as \
                     `Europe/Berlin`, or with times in UTC"
                )
            })?,
        };
        Ok(Moment { reading: date(day)?.and_time(time), clock: Clock::Zone(clock) })
    }

    /// What another clock reads then. A date has no time to be read.
    pub(super) fn on(self, clock: Clock) -> Option<NaiveDateTime> {
        match (self.clock, clock) {
            (Clock::Date, Clock::Date) => Some(self.reading),
            (Clock::Zone(own), Clock::Zone(other)) if own == other => Some(self.reading),
            (Clock::Zone(own), Clock::Zone(other)) => {
                Some(instant(self.reading, own).with_timezone(&other).naive_local())
            }
            _ => None,
        }
    }
}

/// The first instant at which a zone's clock shows a reading. One that the clock skips is taken with the offset from
/// before the gap (RFC 5545, 3.3.5).
pub(super) fn instant(reading: NaiveDateTime, zone: Tz) -> DateTime<Utc> {
    match zone.from_local_datetime(&reading) {
        MappedLocalTime::Single(at) | MappedLocalTime::Ambiguous(at, _) => at.to_utc(),
        MappedLocalTime::None => {
            // A day earlier is before the gap and after any other change: these lie days apart.
            let before = zone.offset_from_utc_datetime(&(reading - Days::new(1))).fix().local_minus_utc();
            (reading - TimeDelta::seconds(i64::from(before))).and_utc()
        }
    }
}

/// How long an event lasts: whole days on its clock, then exact seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Length {
    pub(super) days: u64,
    pub(super) seconds: i64,
}

impl Length {
    /// A span such as `P1D`, `P2W` or `PT1H30M` (RFC 5545, 3.3.6).
    pub(super) fn parse(text: &str) -> Result<Length, String> {
        let wrong = || format!("DURATION `{text}` is no span of time from now on: write it as P1D, P2W or PT1H30M");
        let span = text.strip_prefix('+').unwrap_or(text).strip_prefix('P').ok_or_else(wrong)?;
        let (days, time) = span.split_once('T').map_or((span, None), |(days, time)| (days, Some(time)));
        let mut length = Length::default();
        for (number, unit) in parts(days).ok_or_else(wrong)? {
            let days: u32 = match unit {
                'W' => 7,
                'D' => 1,
                _ => return Err(wrong()),
            };
            length.days += u64::from(number) * u64::from(days);
        }
        let times = time.map_or(Some(Vec::new()), parts).ok_or_else(wrong)?;
        if time.is_some() == times.is_empty() || span.is_empty() {
            return Err(wrong());
        }
        for (number, unit) in times {
            let seconds = match unit {
                'H' => 3600,
                'M' => 60,
                'S' => 1,
                _ => return Err(wrong()),
            };
            length.seconds += i64::from(number) * seconds;
        }
        Ok(length)
    }
}

/// The numbers of a span, each with its unit.
fn parts(text: &str) -> Option<Vec<(u32, char)>> {
    text.split_inclusive(|c: char| c.is_ascii_alphabetic())
        .map(|part| {
            let unit = part.chars().next_back()?;
            let number = part.strip_suffix(unit)?;
            let shaped = number.bytes().all(|b| b.is_ascii_digit());
            Some((number.parse().ok().filter(|_| shaped)?, unit))
        })
        .collect()
}

/// The readings at which a rule occurs (RFC 5545, 3.3.10), up to the end of [`LAST_YEAR`].
pub(super) fn recur(rule: &str, start: Moment, zone: Tz) -> Result<impl Iterator<Item = NaiveDateTime>, String> {
    let wrong = |why: &str| format!("RRULE `{rule}`: {why}");
    if !rule.is_ascii() {
        // The crate takes some for their look-alikes: with a dotless i, UNTIL is still UNTIL to it.
        return Err(wrong("it has a letter outside ASCII: write it as in FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=24"));
    }
    let mut until = None;
    let mut rest = Vec::new();
    for part in rule.split(';').filter(|part| !part.is_empty()) {
        let (key, value) = part.split_once('=').unwrap_or((part, ""));
        match key.to_ascii_uppercase().as_str() {
            // The crate would ask the machine for its zone.
            "UNTIL" => {
                let own = if let Clock::Zone(own) = start.clock { own } else { zone };
                let moment = Moment::parse(value, None, own).map_err(|why| wrong(&why))?;
                if until.replace(last_reading(moment, start.clock)).is_some() {
                    return Err(wrong("it ends twice: write UNTIL once"));
                }
                continue;
            }
            "FREQ" if matches!(value.to_ascii_uppercase().as_str(), "SECONDLY" | "MINUTELY" | "HOURLY") => {
                return Err(wrong("what recurs within a day closes the day: write FREQ=DAILY or rarer"));
            }
            // The crate takes these for nothing said.
            "INTERVAL" | "COUNT" | "BYMONTHDAY" | "BYYEARDAY" | "BYWEEKNO" | "BYSETPOS" | "BYDAY"
                if value.split(',').any(is_zero) =>
            {
                return Err(wrong(&format!("{key} cannot be 0: write another number, or remove it")));
            }
            // The crate takes whatever stands before a weekday for nothing said, and panics at some letters.
            "BYDAY" if !value.split(',').all(is_weekday) => {
                return Err(wrong("BYDAY has something that is no weekday: write them as in MO,TU or -1FR"));
            }
            _ => {}
        }
        rest.push(part);
    }
    if until.is_some() && rest.iter().any(|part| part.to_ascii_uppercase().starts_with("COUNT=")) {
        return Err(wrong("it ends twice: write UNTIL or COUNT, not both"));
    }
    let begin = start.reading.and_utc().with_timezone(&rrule::Tz::UTC);
    let parsed = rest.join(";").parse::<RRule<Unvalidated>>().and_then(|rule| rule.build(begin));
    let set = parsed.map_err(|error| {
        let error = error.to_string();
        let why = error.split_once(": ").map_or(error.as_str(), |(_, why)| why).trim_end_matches('.');
        wrong(&format!("{why}: write it as in FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=24"))
    })?;
    let readings = set.limit().into_iter().map(|at| at.naive_utc());
    Ok(readings.take_while(move |at| at.year() <= LAST_YEAR && until.is_none_or(|until| *at <= until)))
}

/// The last reading of an event's clock that lies before the end of a rule. A date ends a rule with its last second,
/// and a time ends one of dates with its date.
fn last_reading(until: Moment, clock: Clock) -> NaiveDateTime {
    let end_of_date = until.reading.date().and_time(NaiveTime::MIN) + TimeDelta::seconds(86_399);
    until.on(clock).unwrap_or(end_of_date)
}

/// Whether an item such as `0` or `0MO` has the number 0.
fn is_zero(item: &str) -> bool {
    item.trim_end_matches(|c: char| c.is_ascii_alphabetic()).parse() == Ok(0)
}

/// Whether an item of BYDAY is a weekday, with or without which of them (RFC 5545, 3.3.10, `weekdaynum`).
fn is_weekday(item: &str) -> bool {
    let number = item.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let day = item.strip_prefix(number).unwrap_or_default().to_ascii_uppercase();
    let digits = number.strip_prefix(['+', '-']).unwrap_or(number);
    ["MO", "TU", "WE", "TH", "FR", "SA", "SU"].contains(&day.as_str())
        && (number.is_empty() || (1..=3).contains(&digits.len()))
        && digits.bytes().all(|b| b.is_ascii_digit())
}

/// The value of a parameter.
pub(super) fn parameter<'p>(property: &'p Property<'_>, name: &str) -> Option<&'p str> {
    let found = property.params.iter().find(|parameter| parameter.key.as_str().eq_ignore_ascii_case(name));
    found.and_then(|parameter| parameter.val.as_ref()).map(ParseString::as_str)
}
