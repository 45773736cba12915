//! The clock on the wall of a zone: what it reads when, and when it reads what.
//!
//! An instant is in seconds since 1970 in UTC. A reading is what the zone's clock shows then, as if it were such an
//! instant: the instant plus the offset. Whole seconds are enough, because every offset is one.
//!
//! What may not happen here: nothing is guessed about a zone that its database does not say.

use chrono::{DateTime, MappedLocalTime, Offset, TimeZone, Utc};
use chrono_tz::Tz;

use super::Window;

/// Seconds in a day of the calendar. No zone's clock is ever so far from UTC (ISO 8601 has two digits for its hours,
/// the zone database stays within 16 hours), so within a day around a local time lies every instant that reads it.
pub(crate) const DAY: i64 = 86_400;

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
pub(super) fn when_reading(zone: Tz, open: i64, close: i64) -> Vec<Window> {
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
