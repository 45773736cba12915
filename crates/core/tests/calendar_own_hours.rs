//! A group's own hours: known days, and that they only ever take time away, in every zone.

mod zones;

use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike, Utc, Weekday};
use chrono_tz::{TZ_VARIANTS, Tz};
use proptest::prelude::*;
use simian_core::calendar::{Calendar, CalendarError, Closed, Day, Holidays, Hours, OwnHours, Weekdays};
use zones::changes;

fn date(text: &str) -> NaiveDate {
    text.parse().expect("a date")
}

fn own(text: &str) -> OwnHours {
    text.parse().expect("hours with their zone")
}

/// A calendar that is open on all seven days.
fn daily(zone: Tz, hours: Hours) -> Calendar {
    let days = [0, 1, 2, 3, 4, 5, 6].into_iter().map(|n| Weekday::try_from(n).expect("a weekday")).collect();
    Calendar { zone, days, hours, holidays: Holidays::default(), freezes: Vec::new() }
}

/// The windows of a day as `open close` in UTC.
fn windows(day: &Day) -> Vec<String> {
    day.windows.iter().map(|w| format!("{} {}", w.open.format("%d %H:%M"), w.close.format("%d %H:%M"))).collect()
}

/// Texts of a case: own hours, or windows.
type Lines = &'static [&'static str];

#[test]
fn known_days_are_narrowed_by_the_owners_clock() {
    use chrono_tz::{America::Los_Angeles, Europe::Berlin, UTC};
    let cases: &[(Tz, &str, &str, &str, Lines, Lines)] = &[
        // Los Angeles is open from 17:00 to 23:00 UTC.
        (Los_Angeles, "2026-11-20", "09:00", "15:00", &[], &["20 17:00 20 23:00"]),
        (Los_Angeles, "2026-11-20", "09:00", "15:00", &["16:00-20:00 Europe/Berlin"], &["20 17:00 20 19:00"]),
        (Los_Angeles, "2026-11-20", "09:00", "15:00", &["10:00-15:00 Europe/Berlin"], &[]),
        (Los_Angeles, "2026-11-20", "09:00", "15:00", &["08:00-16:00 America/Los_Angeles"], &["20 17:00 20 23:00"]),
        // Overnight, and both ends of a night in one window.
        (Los_Angeles, "2026-11-20", "09:00", "15:00", &["22:00-06:00 Asia/Tokyo"], &["20 17:00 20 21:00"]),
        (
            Los_Angeles,
            "2026-11-20",
            "09:00",
            "15:00",
            &["22:00-19:00 UTC"],
            &["20 17:00 20 19:00", "20 22:00 20 23:00"],
        ),
        // The whole of two dates of the owner is one window.
        (Los_Angeles, "2026-11-20", "09:00", "15:00", &["00:00-24:00 Asia/Kolkata"], &["20 17:00 20 23:00"]),
        (Los_Angeles, "2026-11-20", "22:00", "06:00", &["00:00-24:00 America/Los_Angeles"], &["21 06:00 21 14:00"]),
        // Several must all be open.
        (
            Los_Angeles,
            "2026-11-20",
            "09:00",
            "15:00",
            &["16:00-22:00 Europe/Berlin", "12:30-23:00 America/New_York"],
            &["20 17:30 20 21:00"],
        ),
        (Los_Angeles, "2026-11-20", "09:00", "15:00", &["17:00-18:00 UTC", "18:00-19:00 UTC"], &[]),
        // In Berlin 02:00 to 03:00 happens twice …
        (
            UTC,
            "2026-10-25",
            "00:00",
            "24:00",
            &["02:30-03:00 Europe/Berlin"],
            &["25 00:30 25 01:00", "25 01:30 25 02:00"],
        ),
        (UTC, "2026-10-25", "00:00", "24:00", &["02:00-03:00 Europe/Berlin"], &["25 00:00 25 02:00"]),
        (Berlin, "2026-10-25", "02:30", "03:00", &["00:45-01:45 UTC"], &["25 00:45 25 01:00", "25 01:30 25 01:45"]),
        // … or never.
        (UTC, "2026-03-29", "00:00", "24:00", &["02:00-03:00 Europe/Berlin"], &[]),
        (
            UTC,
            "2026-03-29",
            "00:00",
            "24:00",
            &["01:30-03:30 Europe/Berlin"],
            &["29 00:30 29 01:30", "29 23:30 30 00:00"],
        ),
    ];
    for (zone, on, open, close, hours, expected) in cases {
        let day = daily(*zone, Hours::parse(open, close).expect("hours")).day(date(on));
        let hours: Vec<OwnHours> = hours.iter().map(|text| own(text)).collect();
        let narrowed = day.narrow(&hours);
        assert_eq!(windows(&narrowed), *expected, "{zone} {on} {open}-{close} {hours:?}");
        assert_eq!(narrowed.date, day.date);
        assert_eq!(narrowed.is_working(), !expected.is_empty());
    }
}

#[test]
fn a_day_of_which_nothing_is_left_says_which_hours_took_it() {
    let calendar = Calendar {
        days: Weekdays::MON_TO_FRI,
        ..daily(chrono_tz::America::Los_Angeles, Hours::parse("09:00", "15:00").expect("hours"))
    };
    let hours = [own("10:00-15:00 Europe/Berlin"), own("22:00-06:00 UTC")];
    let friday = calendar.day(date("2026-11-20")).narrow(&hours);
    assert_eq!(
        friday.closed.map(|closed| closed.to_string()).as_deref(),
        Some("never open within the group's own hours, 10:00-15:00 Europe/Berlin and 22:00-06:00 UTC")
    );
    let saturday = calendar.day(date("2026-11-21")).narrow(&hours);
    assert_eq!(saturday.closed, Some(Closed::Weekday(Weekday::Sat)), "the calendar's reason comes first");
    assert_eq!(calendar.day(date("2026-11-21")).narrow(&[]), calendar.day(date("2026-11-21")));
}

#[test]
fn own_hours_are_read_strictly_and_say_what_to_write() {
    for text in ["10:00-15:00 Europe/Berlin", "22:00-06:00 Asia/Kolkata", "00:00-24:00 UTC"] {
        assert_eq!(own(text).to_string(), text);
    }
    assert_eq!(own("  10:00-15:00   Europe/Berlin "), own("10:00-15:00 Europe/Berlin"));
    for (text, expected) in [
        ("", "`` is not hours with their time zone: write them as in `10:00-15:00 Europe/Berlin`"),
        (
            "10:00-15:00",
            "`10:00-15:00` is not hours with their time zone: write them as in `10:00-15:00 Europe/Berlin`",
        ),
        (
            "10:00 - 15:00 UTC",
            "`10:00 - 15:00 UTC` is not hours with their time zone: write them as in `10:00-15:00 Europe/Berlin`",
        ),
        (
            "10:00 Europe/Berlin",
            "`10:00 Europe/Berlin` is not hours with their time zone: write them as in `10:00-15:00 Europe/Berlin`",
        ),
        ("10-15 UTC", "`10` is not a time of day: write hours and minutes as in `09:00`, at most `24:00`"),
        (
            "10:00-15:00-16:00 UTC",
            "`15:00-16:00` is not a time of day: write hours and minutes as in `09:00`, at most `24:00`",
        ),
        ("24:00-06:00 UTC", "hours cannot open at `24:00`: write `00:00`"),
        (
            "10:00-10:00 UTC",
            "hours from 10:00 to 10:00 never open: for the whole day open at `00:00` and close at `24:00`",
        ),
        ("10:00-15:00 Berlin", "`Berlin` is no time zone of the IANA database: write it as in `Europe/Berlin`"),
    ] {
        assert_eq!(text.parse::<OwnHours>().expect_err(text).to_string(), expected);
    }
    assert_eq!("1 2".parse::<OwnHours>(), Err(CalendarError::OwnHours("1 2".into())));
}

/// The rule itself: what the owner's clock reads is within the hours.
fn open_by_the_clock(own: OwnHours, at: DateTime<Utc>) -> bool {
    let reading = at.with_timezone(&own.zone).time().num_seconds_from_midnight();
    let (open, close) = (u32::from(own.hours.open) * 60, u32::from(own.hours.close) * 60);
    if open < close { open <= reading && reading < close } else { open <= reading || reading < close }
}

/// Holds a narrowed day against the rule: minute by minute on a coarse grid, and beside every edge of it.
fn hold_against_the_clock(day: &Day, own: &[OwnHours], step: i64) {
    let narrowed = day.narrow(own);
    let begin = day.date.and_time(NaiveTime::MIN).and_utc() - TimeDelta::hours(16);
    let grid = (0..(16 + 24 + 24 + 16) * 60 / step).map(|n| begin + TimeDelta::minutes(n * step));
    let edges = day.windows.iter().chain(&narrowed.windows).flat_map(|window| [window.open, window.close]);
    for at in grid.chain(edges.flat_map(|edge| [edge - TimeDelta::seconds(1), edge])) {
        let expected = day.contains(at) && own.iter().all(|own| open_by_the_clock(*own, at));
        assert_eq!(narrowed.contains(at), expected, "{} {own:?} at {at}", day.date);
    }
    assert!(narrowed.windows.iter().all(|window| window.open < window.close));
    assert!(narrowed.windows.windows(2).all(|pair| pair[0].close < pair[1].open), "in order, and never touching");
    assert_eq!(narrowed.windows.is_empty(), narrowed.closed.is_some());
    assert!(narrowed.minutes() <= day.minutes());
    assert_eq!(narrowed.narrow(own), narrowed, "twice is once");
}

#[test]
fn around_every_change_of_the_owners_clock_it_is_what_that_clock_reads() {
    for (n, zone) in TZ_VARIANTS.iter().enumerate() {
        let years = [0, 4, 8, 12, 16].map(|more| 2020 + i32::try_from((n + more) % 21).expect("small"));
        let mut changes: Vec<_> = years.into_iter().flat_map(|year| changes(*zone, year)).collect();
        if changes.is_empty() {
            changes.push(date("2026-06-01").and_time(NaiveTime::MIN).and_utc());
        }
        for (change, turn) in changes.into_iter().zip(n..) {
            let reading = change.with_timezone(zone).time();
            let minute = u16::try_from(reading.num_seconds_from_midnight() / 60).expect("within a day");
            let around = |from: u16, length: u16| {
                let open = (minute + 1440 + from - 100) % 1440;
                Hours { open, close: (open + length) % 1440 }
            };
            // Over the change, beside it, overnight and almost always; the operator's clock is another one.
            let owners = [around(60, 90), around(110, 40), around(130, 1400), Hours { open: 0, close: 1440 }];
            let own = OwnHours { hours: owners[turn % 4], zone: *zone };
            let operator = TZ_VARIANTS[(n * 37 + turn) % TZ_VARIANTS.len()];
            let calendar = daily(operator, [around(0, 600), Hours { open: 0, close: 1440 }][turn % 2]);
            let on = calendar.local_date(change);
            hold_against_the_clock(&calendar.day(on), &[own], 7);
            hold_against_the_clock(&calendar.day(on - Days::new(1)), &[own], 61);
        }
    }
}

fn zones() -> impl Strategy<Value = Tz> {
    (0..TZ_VARIANTS.len()).prop_map(|n| TZ_VARIANTS[n])
}

prop_compose! {
    fn hours()(open in 0_u16..1440, close in 0_u16..=1440) -> Hours {
        Hours { open, close: if open == close { close + 1 } else { close } }
    }
}

prop_compose! {
    fn own_hours()(hours in hours(), zone in zones()) -> OwnHours { OwnHours { hours, zone } }
}

proptest! {
    #[test]
    fn any_hours_of_any_owners_narrow_and_never_widen(
        zone in zones(),
        hours in hours(),
        days in 0_u64..7670,
        own in proptest::collection::vec(own_hours(), 0..4),
    ) {
        let day = daily(zone, hours).day(date("2020-01-01") + Days::new(days));
        hold_against_the_clock(&day, &own, 41);
        prop_assert_eq!(own.iter().map(|own| own.to_string().parse()).collect::<Result<Vec<_>, _>>(), Ok(own));
    }
}

#[test]
fn the_ends_of_time_do_not_panic() {
    let hours = [own("22:00-06:00 Pacific/Kiritimati"), own("00:00-24:00 Pacific/Pago_Pago")];
    for on in [NaiveDate::MIN, NaiveDate::MAX, NaiveDate::MAX - Days::new(1)] {
        let _ = daily(chrono_tz::UTC, Hours { open: 0, close: 1440 }).day(on).narrow(&hours);
    }
    let last = NaiveDateTime::MAX.and_utc();
    let day = Day { date: NaiveDate::MAX, windows: Vec::new(), closed: None };
    assert!(!day.narrow(&hours).contains(last));
}
