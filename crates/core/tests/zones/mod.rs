//! When clocks are changed: what the tests of everything that reads one look at most closely.

use chrono::{DateTime, NaiveDate, NaiveTime, Offset, TimeZone, Utc};
use chrono_tz::Tz;

/// A zone's offset at an instant, in seconds east of UTC.
pub(crate) fn offset(zone: Tz, at: i64) -> i64 {
    let utc = DateTime::from_timestamp(at, 0).expect("in range").naive_utc();
    i64::from(zone.offset_from_utc_datetime(&utc).fix().local_minus_utc())
}

/// The instants of a year at which a zone's offset changes.
pub(crate) fn changes(zone: Tz, year: i32) -> Vec<DateTime<Utc>> {
    // The shortest time between two changes is a week.
    const STEP: i64 = 3 * 86_400;
    let begin = NaiveDate::from_ymd_opt(year, 1, 1).expect("a year").and_time(NaiveTime::MIN).and_utc();
    let steps = (0..122).map(|step| begin.timestamp() + step * STEP);
    let changed = steps.filter(|from| offset(zone, *from) != offset(zone, from + STEP)).map(|from| {
        let (mut before, mut after) = (from, from + STEP);
        while after - before > 1 {
            let middle = i64::midpoint(before, after);
            if offset(zone, middle) == offset(zone, before) { before = middle } else { after = middle }
        }
        DateTime::from_timestamp(after, 0).expect("in range")
    });
    changed.collect()
}
