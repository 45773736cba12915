//! The calendar: known nights on which clocks are changed, and what must hold in every zone.

mod zones;

use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, TimeDelta, Utc, Weekday};
use chrono_tz::{TZ_VARIANTS, Tz};
use proptest::prelude::*;
use simian_core::calendar::{Calendar, CalendarError, Closed, Day, Freeze, Hours, SEARCH_DAYS, Weekdays};
use zones::{changes, offset};

fn date(text: &str) -> NaiveDate {
    text.parse().expect("a date")
}

/// An instant such as `2026-11-01T06:00Z`.
fn at(text: &str) -> DateTime<Utc> {
    NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%MZ").expect("an instant").and_utc()
}

/// A calendar that is open on all seven days.
fn always(zone: Tz, open: &str, close: &str) -> Calendar {
    daily(zone, Hours::parse(open, close).expect("hours"))
}

fn daily(zone: Tz, hours: Hours) -> Calendar {
    let days = [0, 1, 2, 3, 4, 5, 6].into_iter().map(|n| Weekday::try_from(n).expect("a weekday")).collect();
    Calendar { zone, days, hours, holidays: [].into(), freezes: Vec::new() }
}

/// Monday to Friday, with a holiday on Thursday 2026-11-26 and a freeze over the turn of the year.
fn office(open: &str, close: &str) -> Calendar {
    let why = "year end".to_owned();
    Calendar {
        days: Weekdays::MON_TO_FRI,
        holidays: [date("2026-11-26")].into(),
        freezes: vec![Freeze { from: date("2026-12-20"), until: date("2027-01-03"), why }],
        ..always(chrono_tz::America::New_York, open, close)
    }
}

/// The windows of a day as `open close` in UTC.
fn windows(day: &Day) -> Vec<String> {
    day.windows.iter().map(|w| format!("{} {}", w.open.format("%d %H:%M"), w.close.format("%d %H:%M"))).collect()
}

#[test]
fn the_clock_changes_of_known_zones() {
    use chrono_tz::{Africa::Cairo, America::Asuncion, America::New_York, America::Santiago};
    use chrono_tz::{Asia::Beirut, Asia::Kolkata, Australia::Lord_Howe, Europe::Berlin};
    let cases: &[(Tz, &str, &str, &str, &[&str])] = &[
        // Ordinary days, in winter and in summer, far from a change.
        (New_York, "2026-01-15", "09:00", "15:00", &["15 14:00 15 20:00"]),
        (New_York, "2026-07-15", "09:00", "15:00", &["15 13:00 15 19:00"]),
        (Kolkata, "2026-07-15", "00:00", "24:00", &["14 18:30 15 18:30"]),
        (Berlin, "2026-07-15", "22:00", "06:00", &["15 20:00 16 04:00"]),
        (Berlin, "2026-07-15", "22:00", "00:00", &["15 20:00 15 22:00"]),
        // Autumn: 02:00 becomes 01:00 at 06:00 UTC.
        (New_York, "2026-11-01", "01:10", "01:50", &["01 05:10 01 05:50", "01 06:10 01 06:50"]),
        (New_York, "2026-11-01", "00:00", "05:00", &["01 04:00 01 10:00"]),
        (New_York, "2026-11-01", "01:30", "02:00", &["01 05:30 01 06:00", "01 06:30 01 07:00"]),
        (New_York, "2026-11-01", "01:00", "02:00", &["01 05:00 01 07:00"]),
        (New_York, "2026-11-01", "00:30", "01:30", &["01 04:30 01 05:30", "01 06:00 01 06:30"]),
        // An overnight window belongs to the evening before.
        (Berlin, "2026-10-24", "22:00", "06:00", &["24 20:00 25 05:00"]),
        (Berlin, "2026-03-28", "22:00", "06:00", &["28 21:00 29 04:00"]),
        // Spring: 02:00 becomes 03:00 at 07:00 UTC.
        (New_York, "2026-03-08", "01:00", "04:00", &["08 06:00 08 08:00"]),
        (New_York, "2026-03-08", "01:00", "02:30", &["08 06:00 08 07:00"]),
        (New_York, "2026-03-08", "02:30", "04:00", &["08 07:00 08 08:00"]),
        (New_York, "2026-03-08", "02:15", "02:45", &[]),
        (New_York, "2026-03-08", "02:00", "03:00", &[]),
        // Half an hour, at 15:00 and 15:30 UTC of the day before.
        (Lord_Howe, "2026-04-05", "01:40", "01:50", &["04 14:40 04 14:50", "04 15:10 04 15:20"]),
        (Lord_Howe, "2026-10-04", "01:45", "02:45", &["03 15:15 03 15:45"]),
        (Lord_Howe, "2026-10-04", "02:00", "02:30", &[]),
        // Midnight is skipped …
        (Cairo, "2026-04-24", "00:00", "24:00", &["23 22:00 24 21:00"]),
        (Cairo, "2026-04-24", "00:10", "00:50", &[]),
        (Beirut, "2026-03-29", "00:00", "02:00", &["28 22:00 28 23:00"]),
        (Asuncion, "2023-10-01", "00:30", "01:30", &["01 04:00 01 04:30"]),
        (Cairo, "2026-04-23", "23:30", "00:30", &["23 21:30 23 22:00"]),
        // … or the hour before it happens twice.
        (Cairo, "2026-10-29", "23:10", "23:50", &["29 20:10 29 20:50", "29 21:10 29 21:50"]),
        (Cairo, "2026-10-29", "00:00", "24:00", &["28 21:00 29 22:00"]),
        (Santiago, "2026-04-04", "23:00", "01:00", &["05 02:00 05 05:00"]),
        (Santiago, "2026-04-05", "00:00", "01:00", &["05 04:00 05 05:00"]),
    ];
    for (zone, on, open, close, expected) in cases {
        let day = always(*zone, open, close).day(date(on));
        assert_eq!(windows(&day), *expected, "{zone} {on} {open}-{close}");
        assert_eq!(day.closed, expected.is_empty().then_some(Closed::NeverOpen));
        assert_eq!(day.date, date(on));
    }
}

#[test]
fn minutes_are_counted_over_both_pieces() {
    let day = always(chrono_tz::America::New_York, "01:10", "01:50").day(date("2026-11-01"));
    assert_eq!(day.minutes(), 80);
    assert_eq!(day.minute(0), Some(at("2026-11-01T05:10Z")));
    assert_eq!(day.minute(39), Some(at("2026-11-01T05:49Z")));
    assert_eq!(day.minute(40), Some(at("2026-11-01T06:10Z")));
    assert_eq!(day.minute(79), Some(at("2026-11-01T06:49Z")));
    assert_eq!(day.minute(80), None);
    assert_eq!(day.open(), Some(at("2026-11-01T05:10Z")));
    assert_eq!(day.close(), Some(at("2026-11-01T06:50Z")));
    assert_eq!(day.window_at(at("2026-11-01T06:49Z")), day.windows.last());
    assert!(day.contains(at("2026-11-01T05:10Z")), "it opens at once");
    assert!(!day.contains(at("2026-11-01T05:50Z")), "half-open");
}

#[test]
fn a_closed_day_says_why() {
    let calendar = office("09:00", "15:00");
    for (on, expected) in [
        ("2026-11-27", None),
        ("2026-11-28", Some("closed on Saturdays")),
        ("2026-11-26", Some("closed for a holiday")),
        ("2026-12-18", None),
        ("2026-12-20", Some("closed on Sundays")),
        ("2026-12-21", Some("frozen: year end")),
        ("2027-01-01", Some("frozen: year end")),
        ("2027-01-04", None),
    ] {
        let day = calendar.day(date(on));
        assert_eq!(day.closed.as_ref().map(ToString::to_string).as_deref(), expected, "{on}");
        assert_eq!(day.is_working(), expected.is_none());
        assert_eq!(day.windows.is_empty(), expected.is_some());
        assert_eq!((day.open(), day.minute(0)), (day.windows.first().map(|w| w.open), day.open()));
    }
    assert_eq!(Closed::NeverOpen.to_string(), "closed because the clock skips the opening hours");
}

#[test]
fn an_overnight_window_belongs_to_the_date_on_which_it_opens() {
    let calendar = office("22:00", "06:00");
    // Wednesday's window runs into the holiday; the holiday's own evening is closed.
    let day = calendar.day_at(at("2026-11-26T08:00Z"));
    assert_eq!((day.date, day.contains(at("2026-11-26T08:00Z"))), (date("2026-11-25"), true));
    let day = calendar.day_at(at("2026-11-27T04:00Z"));
    assert_eq!((day.date, day.closed), (date("2026-11-26"), Some(Closed::Holiday("a holiday".into()))));
    // At 06:00 the window is over, and the date is today's.
    assert_eq!(calendar.day_at(at("2026-11-26T11:00Z")).date, date("2026-11-26"));
    // Friday's window runs into Saturday.
    assert_eq!(calendar.day_at(at("2026-11-28T10:59Z")).date, date("2026-11-27"));
    assert_eq!(calendar.local_date(at("2026-11-28T04:59Z")), date("2026-11-27"));
    assert_eq!(calendar.local_date(at("2026-11-28T05:00Z")), date("2026-11-28"));
}

#[test]
fn a_freeze_begins_and_ends_at_midnight() {
    let mut calendar = office("22:00", "06:00");
    calendar.freezes[0].from = date("2026-12-19");
    // Friday's window contains the early hours of Saturday, and they are frozen.
    let before = at("2026-12-19T04:59Z");
    let after = at("2026-12-19T05:00Z");
    assert!(calendar.day_at(before).contains(before) && calendar.day_at(after).contains(after));
    assert_eq!(calendar.frozen(before), None);
    assert_eq!(calendar.frozen(after).map(|freeze| freeze.why.as_str()), Some("year end"));
    assert_eq!(calendar.frozen(at("2027-01-04T04:59Z")), calendar.freezes.first());
    assert_eq!(calendar.frozen(at("2027-01-04T05:00Z")), None);
}

#[test]
fn working_days_are_counted_from_the_next() {
    let calendar = office("09:00", "15:00");
    let nth = |from: &str, n| calendar.nth_working_day_after(date(from), n);
    assert_eq!(nth("2026-11-25", 0), Some(date("2026-11-25")));
    assert_eq!(nth("2026-11-25", 1), Some(date("2026-11-27")), "the holiday is none");
    assert_eq!(nth("2026-11-25", 2), Some(date("2026-11-30")), "nor is the weekend");
    assert_eq!(nth("2026-12-18", 1), Some(date("2027-01-04")), "nor is the freeze");
    assert_eq!(nth("2026-11-28", 1), Some(date("2026-11-30")));
    assert_eq!(nth("2026-11-28", u32::MAX), None);
    assert_eq!(calendar.working_days_between(date("2026-11-25"), date("2026-11-30")), 2);
    assert_eq!(calendar.working_days_between(date("2026-11-25"), date("2026-11-25")), 0);
    assert_eq!(calendar.working_days_between(date("2026-11-30"), date("2026-11-25")), 0);
    // Hours that one night's change swallows cost that day.
    let early = always(chrono_tz::America::New_York, "02:00", "03:00");
    assert_eq!(early.nth_working_day_after(date("2026-03-07"), 1), Some(date("2026-03-09")));
    // The search ends.
    let never = Calendar { days: Weekdays::default(), ..calendar.clone() };
    assert_eq!(never.nth_working_day_after(date("2026-11-25"), 1), None);
    let year = usize::try_from(SEARCH_DAYS).expect("small");
    let (start, last) = (date("2026-01-01"), date("2026-01-01") + Days::new(SEARCH_DAYS));
    let n = u32::try_from(year).expect("small");
    let every_day = always(chrono_tz::UTC, "00:00", "24:00");
    assert_eq!(every_day.nth_working_day_after(start, n), Some(last));
    assert_eq!(every_day.nth_working_day_after(start, n + 1), None);
}

#[test]
fn midnight_is_the_first_instant_of_the_next_date() {
    use chrono_tz::{Africa::Cairo, America::New_York, America::St_Johns, Asia::Beirut, Pacific::Apia};
    for (zone, from, expected) in [
        (New_York, "2026-11-01T04:00Z", "2026-11-02T05:00Z"),
        (New_York, "2026-11-01T03:59Z", "2026-11-01T04:00Z"),
        // Midnight is skipped: the date begins at 01:00.
        (Cairo, "2026-04-23T12:00Z", "2026-04-23T22:00Z"),
        (Beirut, "2026-03-28T21:59Z", "2026-03-28T22:00Z"),
        // 23:00 to 24:00 happens twice: the date ends after the second time.
        (Cairo, "2026-10-29T20:30Z", "2026-10-29T22:00Z"),
        (Cairo, "2026-10-29T21:30Z", "2026-10-29T22:00Z"),
        // At 00:01 the clock goes back to 23:01: the new date begins twice.
        (St_Johns, "2010-11-07T02:00Z", "2010-11-07T02:30Z"),
        (St_Johns, "2010-11-07T02:45Z", "2010-11-07T03:30Z"),
        // A whole date is skipped: the next one is the day after.
        (Apia, "2011-12-30T09:00Z", "2011-12-30T10:00Z"),
    ] {
        let calendar = always(zone, "09:00", "15:00");
        let midnight = calendar.midnight_after(at(from));
        assert_eq!(midnight, at(expected), "{zone} {from}");
    }
}

#[test]
fn a_date_begins_at_its_midnight() {
    use chrono_tz::{Africa::Cairo, America::New_York, America::St_Johns, Pacific::Apia};
    for (zone, from, expected) in [
        (New_York, "2026-11-02", "2026-11-02T05:00Z"),
        (Cairo, "2026-04-24", "2026-04-23T22:00Z"),
        // 23:00 to 24:00 happens twice before it.
        (Cairo, "2026-10-30", "2026-10-29T22:00Z"),
        // It begins twice, and the first time counts.
        (St_Johns, "2010-11-07", "2010-11-07T02:30Z"),
        // There is no such date.
        (Apia, "2011-12-30", "2011-12-30T10:00Z"),
    ] {
        assert_eq!(always(zone, "09:00", "15:00").midnight(date(from)), at(expected), "{zone} {from}");
    }
}

#[test]
fn hours_are_read_strictly() {
    assert_eq!(Hours::parse("09:00", "15:30"), Ok(Hours { open: 540, close: 930 }));
    assert_eq!(Hours::parse("00:00", "24:00"), Ok(Hours { open: 0, close: 1440 }));
    assert_eq!(Hours::parse("22:00", "06:00").map(Hours::spans_midnight), Ok(true));
    assert_eq!(Hours::parse("09:00", "24:00").map(Hours::spans_midnight), Ok(false));
    assert_eq!(Hours { open: 545, close: 1440 }.to_string(), "09:05-24:00");
    for bad in ["", "9:00", "09:60", "24:01", "25:00", "09", "09:00:00", "+9:00", "09:0", " 09:00", "０９:00"] {
        assert_eq!(Hours::parse_time(bad), Err(CalendarError::Time(bad.into())));
    }
    assert_eq!(Hours::parse("24:00", "06:00"), Err(CalendarError::OpensAtEnd));
    assert_eq!(Hours::parse("09:00", "09:00"), Err(CalendarError::Empty("09:00".into())));
}

#[test]
fn a_calendar_that_never_opens_is_refused() {
    let refused = |change: fn(&mut Calendar)| {
        let mut calendar = office("09:00", "15:00");
        assert_eq!(calendar.check(), Ok(()));
        change(&mut calendar);
        calendar.check().expect_err("refused").to_string()
    };
    assert_eq!(
        refused(|calendar| calendar.days = Weekdays::default()),
        "no day of the week is a working day: name at least one, as in `mon`"
    );
    assert_eq!(
        refused(|calendar| calendar.hours.close = calendar.hours.open),
        "hours from 09:00 to 09:00 never open: for the whole day open at `00:00` and close at `24:00`"
    );
    assert_eq!(refused(|calendar| calendar.hours.open = 1440), "hours cannot open at `24:00`: write `00:00`");
    assert_eq!(
        refused(|calendar| calendar.hours.close = 1441),
        "hours from minute 540 to minute 1441 leave the day: open at 0 to 1439 and close at 0 to 1440"
    );
    assert_eq!(
        refused(|calendar| calendar.freezes[0].until = date("2026-12-19")),
        "the freeze from 2026-12-20 until 2026-12-19 ends before it begins: swap its dates"
    );
    let equal = daily(chrono_tz::UTC, Hours { open: 540, close: 540 });
    assert_eq!(equal.day(date("2026-11-25")).closed, Some(Closed::NeverOpen), "what was not checked stays shut");
}

#[test]
fn the_ends_of_time_do_not_panic() {
    let calendar = always(chrono_tz::Pacific::Kiritimati, "22:00", "06:00");
    for end in [DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC] {
        let _ = (calendar.day_at(end), calendar.midnight_after(end), calendar.frozen(end));
    }
    for end in [NaiveDate::MIN, NaiveDate::MAX] {
        let _ = calendar.day(end);
        let _ = always(chrono_tz::Pacific::Pago_Pago, "00:00", "24:00").day(end);
    }
    assert_eq!(calendar.nth_working_day_after(NaiveDate::MAX, 1), None);
}

/// The rule itself: what the clock reads at the instant is within the hours that begin on the date.
fn open_by_the_clock(calendar: &Calendar, on: NaiveDate, at: DateTime<Utc>) -> bool {
    let reading = at.with_timezone(&calendar.zone).naive_local();
    let midnight = on.and_time(chrono::NaiveTime::MIN);
    let close_on = if calendar.hours.close < calendar.hours.open { midnight + Days::new(1) } else { midnight };
    let minutes = |n: u16| TimeDelta::minutes(i64::from(n));
    midnight + minutes(calendar.hours.open) <= reading && reading < close_on + minutes(calendar.hours.close)
}

/// Holds a day against the rule, at its edges, at the clock change and on a grid around.
fn hold_against_the_clock(calendar: &Calendar, on: NaiveDate, change: DateTime<Utc>) {
    let day = calendar.day(on);
    let midnight = on.and_time(chrono::NaiveTime::MIN).and_utc();
    let mut probes = vec![change];
    for offset in [-1, 1].map(|second| offset(calendar.zone, (change + TimeDelta::seconds(second)).timestamp())) {
        let edge = |minutes: u16| midnight + TimeDelta::seconds(i64::from(minutes) * 60 - offset);
        probes.extend([edge(calendar.hours.open), edge(calendar.hours.close)]);
        probes.push(edge(calendar.hours.close) + Days::new(1));
    }
    probes.extend(day.windows.iter().flat_map(|window| [window.open, window.close]));
    let grid = (0..15).map(|step| midnight + TimeDelta::minutes(-900 + 211 * step));
    let beside = probes.iter().flat_map(|probe| [*probe - TimeDelta::seconds(1), *probe]);
    for at in grid.chain(beside) {
        let expected = open_by_the_clock(calendar, on, at);
        assert_eq!(day.contains(at), expected, "{} {} on {on} at {at}", calendar.zone, calendar.hours);
        let found = calendar.day_at(at);
        if expected {
            assert_eq!(found.date, on, "{} {} at {at}", calendar.zone, calendar.hours);
        }
        let today = calendar.local_date(at);
        let of_any_date = [today - Days::new(1), today].iter().any(|on| open_by_the_clock(calendar, *on, at));
        assert_eq!(found.contains(at), of_any_date, "{} {} at {at}", calendar.zone, calendar.hours);
        assert!(of_any_date || found.date == today, "a closed instant is of its own date");
    }
    assert_eq!(day.windows.is_empty(), day.closed.is_some());
    assert!(day.windows.iter().all(|window| window.open < window.close));
    assert!(day.windows.windows(2).all(|pair| pair[0].close < pair[1].open), "in order, and never touching");
    let last = day.minutes().checked_sub(1).and_then(|last| day.minute(last));
    assert_eq!(last.map(|last| last + TimeDelta::minutes(1)), day.close());
    assert_eq!(day.minute(day.minutes()), None);
    let middle = day.minute(day.minutes() / 2);
    assert!(middle.is_none_or(|middle| day.contains(middle)));
}

/// Hours of interest around a time of the day: beside it, over it, overnight, the whole day.
fn hours_around(minute: u16) -> [Hours; 6] {
    let hours = |from: u16, length: u16| {
        let open = (minute + 1440 + from - 100) % 1440;
        Hours { open, close: (open + length) % 1440 }
    };
    [
        hours(60, 180),
        hours(50, 40),
        hours(110, 40),
        hours(40, 60),
        Hours { open: 0, close: 1440 },
        Hours { open: 22 * 60, close: 2 * 60 },
    ]
}

#[test]
fn in_every_zone_the_windows_are_what_the_clock_reads() {
    for (n, zone) in TZ_VARIANTS.iter().enumerate() {
        let years = [n % 21, (n + 8) % 21].map(|year| 2020 + i32::try_from(year).expect("small"));
        let mut changes: Vec<_> = years.into_iter().flat_map(|year| changes(*zone, year)).collect();
        if changes.is_empty() {
            changes.push(at("2026-06-01T00:00Z") + TimeDelta::minutes(i64::try_from(n * 7919).expect("small")));
        }
        for change in changes {
            for beside in [change - TimeDelta::seconds(1), change] {
                let reading = beside.with_timezone(zone).naive_local();
                let minute = (reading - reading.date().and_time(chrono::NaiveTime::MIN)).num_minutes();
                for hours in hours_around(u16::try_from(minute).expect("within a day")) {
                    let calendar = daily(*zone, hours);
                    hold_against_the_clock(&calendar, reading.date(), change);
                    let midnight = calendar.midnight_after(beside);
                    assert!(calendar.local_date(midnight) > reading.date(), "{zone} {midnight}");
                    assert!(calendar.local_date(midnight - TimeDelta::seconds(1)) <= reading.date(), "{zone}");
                }
            }
        }
    }
}

#[test]
fn in_every_zone_the_minutes_are_those_that_the_clock_reads() {
    for (n, zone) in TZ_VARIANTS.iter().enumerate() {
        let mut changes: Vec<_> = [n % 21, (n + 11) % 21]
            .iter()
            .flat_map(|year| changes(*zone, 2020 + i32::try_from(*year).expect("small")))
            .collect();
        changes.truncate(4);
        for (change, turn) in changes.into_iter().zip(n..) {
            let reading = change.with_timezone(zone).naive_local();
            let minute = (reading - reading.date().and_time(chrono::NaiveTime::MIN)).num_minutes();
            let hours = hours_around(u16::try_from(minute).expect("within a day"))[turn % 6];
            let calendar = daily(*zone, hours);
            let day = calendar.day(reading.date());
            let begin = reading.date().and_time(chrono::NaiveTime::MIN).and_utc() - TimeDelta::hours(17);
            let all = (0..(17 + 48 + 17) * 60).map(|minute| begin + TimeDelta::minutes(minute));
            let open: Vec<_> = all.filter(|at| open_by_the_clock(&calendar, reading.date(), *at)).collect();
            let counted: Vec<_> = (0..).map_while(|n| day.minute(n)).collect();
            assert_eq!(counted, open, "{zone} {hours} on {}", reading.date());
            assert_eq!(usize::try_from(day.minutes()), Ok(open.len()), "{zone} {hours}");
        }
    }
}

fn zones() -> impl Strategy<Value = Tz> {
    (0..TZ_VARIANTS.len()).prop_map(|n| TZ_VARIANTS[n])
}

prop_compose! {
    fn dates()(days in 0_u64..7670) -> NaiveDate { date("2020-01-01") + Days::new(days) }
}

prop_compose! {
    fn hours()(open in 0_u16..1440, close in 0_u16..=1440) -> Hours {
        Hours { open, close: if open == close { close + 1 } else { close } }
    }
}

proptest! {
    #[test]
    fn any_hours_on_any_date_are_what_the_clock_reads(zone in zones(), on in dates(), hours in hours()) {
        let change = on.and_time(chrono::NaiveTime::MIN).and_utc();
        hold_against_the_clock(&daily(zone, hours), on, change);
    }

    #[test]
    fn stepping_over_working_days_leaves_none_out(on in dates(), n in 1_u32..40, zone in zones()) {
        let calendar = Calendar { zone, ..office("01:00", "02:30") };
        let later = calendar.nth_working_day_after(on, n).expect("within the bound");
        let between = on.iter_days().skip(1).take_while(|date| *date <= later);
        let working = between.filter(|date| calendar.day(*date).is_working()).count();
        prop_assert!(calendar.day(later).is_working());
        prop_assert_eq!(u32::try_from(working), Ok(n));
    }
}
