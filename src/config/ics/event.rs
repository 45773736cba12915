//! One event: when it takes place, and which dates that touches.

use std::collections::BTreeSet;
use std::fmt;

use chrono::{Days, NaiveDate, NaiveDateTime, TimeDelta};
use chrono_tz::Tz;
use icalendar::parser::{Component, Property};

use super::when::{Clock, Length, Moment, instant, parameter, recur};
use super::{MAX_NAME, too_many};

/// An event of a file.
pub(super) struct Event<'e> {
    /// Which one, from 1, in the order of the file.
    number: usize,
    component: &'e Component<'e>,
    uid: Option<&'e str>,
    /// It stands for one occurrence of another event.
    is_change: bool,
}

impl fmt::Display for Event<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.summary(), self.uid) {
            (Some(summary), _) => write!(f, "event {} (`{summary}`)", self.number),
            (None, Some(uid)) => write!(f, "event {} (UID {uid})", self.number),
            (None, None) => write!(f, "event {}", self.number),
        }
    }
}

impl<'e> Event<'e> {
    pub(super) fn new(number: usize, component: &'e Component<'e>) -> Self {
        let uid = all(component, "UID").next().map(|uid| uid.val.as_str());
        Self { number, component, uid, is_change: all(component, "RECURRENCE-ID").next().is_some() }
    }

    /// What its day is called.
    pub(super) fn name(&self) -> String {
        self.summary().unwrap_or_else(|| "an event without a name".to_owned())
    }

    /// Whether it has a rule.
    pub(super) fn recurs(&self) -> bool {
        all(self.component, "RRULE").next().is_some()
    }

    /// Whether it stands for one occurrence of the other.
    pub(super) fn changes(&self, other: &Event<'_>) -> bool {
        self.is_change && !other.is_change && self.uid == other.uid
    }

    /// The dates of the operator's zone that it touches: at most `most`, the same one perhaps several times. Other
    /// events stand for some of its occurrences.
    pub(super) fn dates<'c>(
        &self,
        changes: impl Iterator<Item = &'c Event<'c>>,
        zone: Tz,
        most: usize,
    ) -> Result<Vec<NaiveDate>, String> {
        if self.is_passed_over()? {
            return Ok(Vec::new());
        }
        if self.is_change && self.uid.is_none() {
            return Err("it has a RECURRENCE-ID and no UID, so nobody knows what it changes: export it again".into());
        }
        let start = self.one("DTSTART")?.ok_or("it has no DTSTART: write when it begins")?;
        let start = single(start, zone)?;
        let length = self.length(start, zone)?;
        let mut dates = Vec::new();
        for reading in self.readings(start, changes, zone, most)? {
            let (first, last) =
                span(reading, start.clock, length, zone).ok_or("it ends after the last date there is")?;
            for date in first.iter_days().take_while(|date| *date <= last) {
                if dates.len() >= most {
                    return Err(too_many());
                }
                dates.push(date);
            }
        }
        Ok(dates)
    }

    /// Whether it says of itself that it takes no time.
    fn is_passed_over(&self) -> Result<bool, String> {
        let says = |name, word: &str| {
            self.one(name).map(|found| found.is_some_and(|found| found.val.as_str().trim().eq_ignore_ascii_case(word)))
        };
        Ok(says("STATUS", "CANCELLED")? || says("TRANSP", "TRANSPARENT")?)
    }

    fn length(&self, start: Moment, zone: Tz) -> Result<Length, String> {
        let length = match (self.one("DTEND")?, self.one("DURATION")?) {
            (None, None) => return Ok(Length::default()),
            (Some(_), Some(_)) => return Err("it has a DTEND and a DURATION: write one of the two".into()),
            (None, Some(duration)) => Length::parse(duration.val.as_str().trim())?,
            (Some(end), None) => {
                let end = single(end, zone)?;
                let (days, seconds) = match (start.clock, end.clock) {
                    (Clock::Date, Clock::Date) => ((end.reading - start.reading).num_days(), 0),
                    (Clock::Zone(from), Clock::Zone(until)) => {
                        (0, (instant(end.reading, until) - instant(start.reading, from)).num_seconds())
                    }
                    _ => return Err("of its DTSTART and DTEND one has a time: write it in both or in neither".into()),
                };
                if seconds < 0 {
                    return Err("it ends before it begins: swap DTSTART and DTEND".into());
                }
                let days = u64::try_from(days).map_err(|_| "it ends before it begins: swap DTSTART and DTEND")?;
                Length { days, seconds }
            }
        };
        if start.clock == Clock::Date && length.seconds != 0 {
            return Err("its DTSTART has no time, so its DURATION is of days: write it as P1D".into());
        }
        Ok(length)
    }

    /// What its clock reads whenever it begins.
    fn readings<'c>(
        &self,
        start: Moment,
        changes: impl Iterator<Item = &'c Event<'c>>,
        zone: Tz,
        most: usize,
    ) -> Result<BTreeSet<NaiveDateTime>, String> {
        if all(self.component, "EXRULE").next().is_some() {
            return Err("it has an EXRULE, which RFC 5545 has done away with: list its dates as EXDATE".into());
        }
        let mut readings = BTreeSet::from([start.reading]);
        if let Some(rule) = self.one("RRULE")? {
            let mut never = true;
            for reading in recur(rule.val.as_str().trim(), start, zone)? {
                never = false;
                readings.insert(reading);
                if readings.len() > most {
                    return Err(too_many());
                }
            }
            if never {
                return Err(format!("RRULE `{}` never occurs: mend it, or remove it", rule.val));
            }
        }
        for property in all(self.component, "RDATE") {
            readings.extend(alike(property, start, zone)?);
        }
        for property in
            all(self.component, "EXDATE").chain(changes.flat_map(|change| all(change.component, "RECURRENCE-ID")))
        {
            if parameter(property, "RANGE").is_some() {
                return Err("a RECURRENCE-ID with a RANGE changes many at once, which is not supported: write two \
                            events"
                    .into());
            }
            for reading in alike(property, start, zone)? {
                readings.remove(&reading);
            }
        }
        Ok(readings)
    }

    /// A property that may be there once.
    fn one(&self, name: &str) -> Result<Option<&'e Property<'e>>, String> {
        let mut found = all(self.component, name);
        match (found.next(), found.next()) {
            (_, Some(_)) => Err(format!("it has {name} twice: keep one")),
            (found, None) => Ok(found),
        }
    }

    fn summary(&self) -> Option<String> {
        let summary = all(self.component, "SUMMARY").next()?;
        let words: Vec<&str> = summary.val.as_str().split_whitespace().collect();
        let name: String = words.join(" ").chars().take(MAX_NAME).collect();
        (!name.is_empty()).then_some(name)
    }
}

/// The properties of a name.
fn all<'e>(component: &'e Component<'e>, name: &str) -> impl Iterator<Item = &'e Property<'e>> {
    component.properties.iter().filter(move |property| property.name.as_str().eq_ignore_ascii_case(name))
}

/// The one moment of a property.
fn single(property: &Property<'_>, zone: Tz) -> Result<Moment, String> {
    match Moment::list(property, zone)?[..] {
        [moment] => Ok(moment),
        _ => Err(format!("{} has more than one time: write one", property.name)),
    }
}

/// What the event's own clock reads at each of a property's moments.
fn alike(property: &Property<'_>, start: Moment, zone: Tz) -> Result<Vec<NaiveDateTime>, String> {
    let readings = Moment::list(property, zone)?.into_iter().map(|moment| {
        moment.on(start.clock).ok_or_else(|| {
            format!("of its DTSTART and {} one has a time: write it in both or in neither", property.name)
        })
    });
    readings.collect()
}

/// The first and the last date of the operator's zone that an occurrence touches.
fn span(reading: NaiveDateTime, clock: Clock, length: Length, zone: Tz) -> Option<(NaiveDate, NaiveDate)> {
    let Clock::Zone(own) = clock else {
        let first = reading.date();
        return Some((first, first.checked_add_days(Days::new(length.days.saturating_sub(1)))?));
    };
    let begin = instant(reading, own);
    let end = instant(reading.checked_add_days(Days::new(length.days))?, own);
    let end = end.checked_add_signed(TimeDelta::try_seconds(length.seconds)?)?;
    // The end itself is outside.
    let last = if begin < end { end - TimeDelta::seconds(1) } else { begin };
    let date = |at: chrono::DateTime<chrono::Utc>| at.with_timezone(&zone).date_naive();
    Some((date(begin), date(last)))
}
