//! The operator's calendar, read off the clock on the wall, minute by minute.

use chrono::{DateTime, Datelike, Days, LocalResult, NaiveDate, NaiveTime, TimeDelta, TimeZone, Timelike, Utc};
use chrono_tz::Tz;

use crate::scenario::PolicySetup;

/// What the wall clock of a zone shows: date, and milliseconds after midnight.
fn wall(zone: Tz, at: DateTime<Utc>) -> (NaiveDate, i64) {
    let local = at.with_timezone(&zone).naive_local();
    let seconds = i64::from(local.time().num_seconds_from_midnight());
    (local.date(), seconds * 1000 + i64::from(local.time().nanosecond() / 1_000_000))
}

/// The date on which the span that contains the instant began, if it is in one. Days are not looked at.
fn began(zone: Tz, open: u16, close: u16, at: DateTime<Utc>) -> Option<NaiveDate> {
    let (date, now) = wall(zone, at);
    let (open, close) = (i64::from(open) * 60_000, i64::from(close) * 60_000);
    if open < close {
        return (open <= now && now < close).then_some(date);
    }
    if now >= open {
        return Some(date);
    }
    (now < close).then(|| date.pred_opt())?
}

/// Whether an owner's hours contain the instant.
pub(crate) fn within((open, close, zone): (u16, u16, Tz), at: DateTime<Utc>) -> bool {
    began(zone, open, close, at).is_some()
}

/// The operator's calendar.
#[derive(Clone, Debug)]
pub(crate) struct Book<'p> {
    policy: &'p PolicySetup,
    zone: Tz,
}

impl<'p> Book<'p> {
    pub(crate) fn of(policy: &'p PolicySetup) -> Self {
        Self { policy, zone: policy.zone.parse().unwrap_or(Tz::UTC) }
    }

    fn frozen(&self, date: NaiveDate) -> bool {
        self.policy.freezes.iter().any(|(from, until)| *from <= date && date <= *until)
    }

    /// Whether the date is a working day: its weekday, no holiday, no freeze, and the clock shows its hours at all.
    pub(crate) fn works(&self, date: NaiveDate) -> bool {
        let weekday = u8::try_from(date.weekday().num_days_from_monday()).unwrap_or(7);
        self.policy.days.contains(&weekday)
            && !self.policy.holidays.contains(&date)
            && !self.frozen(date)
            && self.ever_opens(date)
    }

    fn ever_opens(&self, date: NaiveDate) -> bool {
        let (open, close) = (u64::from(self.policy.open), u64::from(self.policy.close));
        let close = if close < open { close + 1440 } else { close };
        (open..close).any(|minute| {
            let midnight = date.and_time(NaiveTime::MIN);
            let reading = midnight + TimeDelta::minutes(i64::try_from(minute).unwrap_or(0));
            !matches!(self.zone.from_local_datetime(&reading), LocalResult::None)
        })
    }

    /// The working day in whose hours the instant is, if it is open.
    pub(crate) fn open(&self, at: DateTime<Utc>) -> Option<NaiveDate> {
        let date = began(self.zone, self.policy.open, self.policy.close, at)?;
        let (today, _) = wall(self.zone, at);
        (self.works(date) && !self.frozen(today)).then_some(date)
    }

    /// The date that an instant counts for: of its hours, else its own.
    pub(crate) fn date(&self, at: DateTime<Utc>) -> NaiveDate {
        let of_hours = began(self.zone, self.policy.open, self.policy.close, at).filter(|date| self.works(*date));
        of_hours.unwrap_or_else(|| wall(self.zone, at).0)
    }

    /// How many working days lie after one date, up to and with another.
    pub(crate) fn working_days(&self, after: NaiveDate, until: NaiveDate) -> u32 {
        let dates = (1..).map_while(|n| after.checked_add_days(Days::new(n))).take_while(|date| *date <= until);
        dates.map(|date| u32::from(self.works(date))).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_over_midnight_counts_for_the_date_on_which_it_began() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let date = |text: &str| text.parse::<NaiveDate>().unwrap();
        let zone = Tz::Europe__Berlin;
        assert_eq!(began(zone, 22 * 60, 2 * 60, at("2026-11-23T22:00:00Z")), Some(date("2026-11-23")));
        assert_eq!(began(zone, 22 * 60, 2 * 60, at("2026-11-24T00:59:59Z")), Some(date("2026-11-23")));
        assert_eq!(began(zone, 22 * 60, 2 * 60, at("2026-11-24T01:00:00Z")), None);
        assert_eq!(began(zone, 600, 1440, at("2026-11-24T22:59:59.999Z")), Some(date("2026-11-24")));
    }
}
