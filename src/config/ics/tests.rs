//! What events close, and what is said of those that cannot be understood.

use std::fmt::Write;

use chrono::{Days, NaiveDate};
use chrono_tz::America::New_York;
use chrono_tz::Europe::Berlin;
use chrono_tz::{TZ_VARIANTS, Tz};
use proptest::prelude::*;
use simian_core::calendar::Country;

use super::{MAX_DATES, MAX_EVENTS, MAX_RULES, closed, content_lines, load};

/// A calendar of events, each given by its own lines.
fn calendar(events: &[&str]) -> String {
    let mut text = String::from("BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//test//EN\n");
    for (n, event) in events.iter().enumerate() {
        write!(text, "BEGIN:VEVENT\nUID:{n}@test\nSUMMARY:day {n}\n{event}\nEND:VEVENT\n").expect("a text");
    }
    text + "END:VCALENDAR\n"
}

fn list(text: &str, zone: Tz) -> String {
    let closed = closed(text, zone).unwrap_or_else(|why| panic!("{why}"));
    closed.keys().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

/// The dates that one event closes for an operator in New York.
fn closes(event: &str) -> String {
    list(&calendar(&[event]), New_York)
}

fn refused(event: &str) -> String {
    closed(&calendar(&[event]), New_York).expect_err(event)
}

#[test]
fn a_whole_day_is_a_date_everywhere_and_its_end_is_outside() {
    for zone in [New_York, chrono_tz::Pacific::Kiritimati, chrono_tz::Pacific::Pago_Pago] {
        assert_eq!(list(&calendar(&["DTSTART;VALUE=DATE:20261224"]), zone), "2026-12-24");
    }
    for (event, expected) in [
        ("DTSTART:20261224", "2026-12-24"),
        ("DTSTART;VALUE=DATE:20261224\nDTEND;VALUE=DATE:20261225", "2026-12-24"),
        ("DTSTART;VALUE=DATE:20261224\nDTEND;VALUE=DATE:20261227", "2026-12-24 2026-12-25 2026-12-26"),
        ("DTSTART;VALUE=DATE:20261224\nDTEND;VALUE=DATE:20261224", "2026-12-24"),
        ("DTSTART;VALUE=DATE:20261224\nDURATION:P1D", "2026-12-24"),
        ("DTSTART;VALUE=DATE:20261224\nDURATION:P3D", "2026-12-24 2026-12-25 2026-12-26"),
        (
            "DTSTART;VALUE=DATE:20261231\nDURATION:P1W",
            "2026-12-31 2027-01-01 2027-01-02 2027-01-03 2027-01-04 2027-01-05 2027-01-06",
        ),
        ("DTSTART;VALUE=date;X-WHAT=\"a:b\":20261224", "2026-12-24"),
    ] {
        assert_eq!(closes(event), expected, "{event}");
    }
}

#[test]
fn a_time_closes_every_date_of_the_operator_that_it_touches() {
    for (event, expected) in [
        // Without a zone it is the operator's own clock.
        ("DTSTART:20261224T090000\nDTEND:20261224T100000", "2026-12-24"),
        ("DTSTART:20261224T220000\nDTEND:20261225T020000", "2026-12-24 2026-12-25"),
        ("DTSTART:20261224T220000\nDTEND:20261225T000000", "2026-12-24"),
        ("DTSTART:20261224T220000\nDTEND:20261225T000001", "2026-12-24 2026-12-25"),
        ("DTSTART:20261224T000000", "2026-12-24"),
        ("DTSTART:20261224T235960", "2026-12-24"),
        ("DTSTART:20261224T220000\nDURATION:PT2H", "2026-12-24"),
        ("DTSTART:20261224T220000\nDURATION:PT1H59M61S", "2026-12-24 2026-12-25"),
        ("DTSTART:20261224T220000\nDURATION:P1DT2H30M", "2026-12-24 2026-12-25 2026-12-26"),
        // In UTC it is the evening before in New York.
        ("DTSTART:20261224T030000Z\nDTEND:20261224T040000Z", "2026-12-23"),
        ("DTSTART:20261224T043000Z\nDTEND:20261224T053000Z", "2026-12-23 2026-12-24"),
        // A working day of Tokyo lies on two of New York.
        ("DTSTART;TZID=Asia/Tokyo:20261224T090000\nDTEND;TZID=Asia/Tokyo:20261224T180000", "2026-12-23 2026-12-24"),
        ("DTSTART;TZID=\"Europe/Berlin\":20261224T090000\nDTEND:20261224T150000Z", "2026-12-24"),
        // Berlin's clock skips 02:30: by the offset before it is 01:30 UTC, still the 28th in New York.
        ("DTSTART;TZID=Europe/Berlin:20260329T023000", "2026-03-28"),
        // So is 02:30 in Los Angeles, which is the morning in New York; as a time in UTC it would be the evening before.
        ("DTSTART;TZID=America/Los_Angeles:20260308T023000", "2026-03-08"),
        // A day of Cairo's clock that begins in the hour that is skipped.
        ("DTSTART;TZID=Africa/Cairo:20260424T003000\nDTEND;TZID=Africa/Cairo:20260424T080000", "2026-04-23 2026-04-24"),
    ] {
        assert_eq!(closes(event), expected, "{event}");
    }
}

#[test]
fn rules_and_lists_are_followed() {
    for (event, expected) in [
        ("DTSTART;VALUE=DATE:20261224\nRRULE:FREQ=YEARLY;COUNT=3", "2026-12-24 2027-12-24 2028-12-24"),
        ("DTSTART;VALUE=DATE:20261224\nRRULE:FREQ=YEARLY;UNTIL=20271224", "2026-12-24 2027-12-24"),
        ("DTSTART;VALUE=DATE:20261224\nRRULE:FREQ=YEARLY;UNTIL=20271224T000000Z", "2026-12-24 2027-12-24"),
        ("DTSTART;VALUE=DATE:20261224\nRRULE:FREQ=YEARLY;UNTIL=20271223", "2026-12-24"),
        ("DTSTART;VALUE=DATE:20261228\nRRULE:FREQ=WEEKLY;BYDAY=MO,FR;COUNT=3", "2026-12-28 2027-01-01 2027-01-04"),
        // What does not follow the rule is there all the same, because it was written down.
        ("DTSTART;VALUE=DATE:20261229\nRRULE:FREQ=WEEKLY;BYDAY=FR;COUNT=1", "2026-12-29 2027-01-01"),
        (
            "DTSTART;VALUE=DATE:20261224\nDURATION:P2D\nRRULE:FREQ=DAILY;INTERVAL=3;COUNT=2",
            "2026-12-24 2026-12-25 2026-12-27 2026-12-28",
        ),
        (
            "DTSTART;VALUE=DATE:20261224\nRDATE;VALUE=DATE:20270104,20270106\nRDATE;VALUE=DATE:20270108",
            "2026-12-24 2027-01-04 2027-01-06 2027-01-08",
        ),
        (
            "DTSTART;VALUE=DATE:20261224\nRRULE:FREQ=DAILY;COUNT=4\nEXDATE;VALUE=DATE:20261225,20261227",
            "2026-12-24 2026-12-26",
        ),
        ("DTSTART;VALUE=DATE:20261224\nRRULE:FREQ=DAILY;COUNT=2\nEXDATE:20261224", "2026-12-25"),
        // On the clock of its zone, over a change of it; the exception is written in UTC.
        (
            "DTSTART;TZID=America/New_York:20261031T233000\nDURATION:PT20M\nRRULE:FREQ=DAILY;COUNT=3",
            "2026-10-31 2026-11-01 2026-11-02",
        ),
        (
            "DTSTART;TZID=America/New_York:20261031T233000\nRRULE:FREQ=DAILY;COUNT=3\nEXDATE:20261102T043000Z",
            "2026-10-31 2026-11-02",
        ),
        // The end of a rule is a time in UTC: 23:30 in New York is 04:30 of the next date.
        (
            "DTSTART;TZID=America/New_York:20261223T233000\nRRULE:FREQ=DAILY;UNTIL=20261225T043000Z",
            "2026-12-23 2026-12-24",
        ),
        ("DTSTART;TZID=America/New_York:20261223T233000\nRRULE:FREQ=DAILY;UNTIL=20261225T042959Z", "2026-12-23"),
        ("DTSTART;TZID=America/New_York:20261223T233000\nRRULE:FREQ=DAILY;UNTIL=20261224", "2026-12-23 2026-12-24"),
        ("DTSTART:20261223T233000\nRRULE:FREQ=DAILY;UNTIL=20261224T233000", "2026-12-23 2026-12-24"),
    ] {
        assert_eq!(closes(event), expected, "{event}");
    }
}

#[test]
fn what_is_no_weekday_is_refused_and_never_taken_for_one() {
    for day in ["M\u{368}", "\u{e4}MO", "xMO", "1.5MO", "MOM", "++1MO", "1 MO", "-MO", "9999MO", "1", "", "MO,"] {
        let why = refused(&format!("DTSTART:20261224\nRRULE:FREQ=MONTHLY;BYDAY={day};COUNT=2"));
        assert!(why.contains("BYDAY has something that is no weekday") || why.contains("ASCII"), "{day}: {why}");
    }
    for rule in ["FREQ=DAILY;UNT\u{131}L=20261224", "FREQ=M\u{131}NUTELY;COUNT=9", "FREQ=YEARLY;BY\u{17f}ETPOS=0"] {
        let why = refused(&format!("DTSTART:20261224\nRRULE:{rule}"));
        assert!(why.contains("a letter outside ASCII"), "{rule}: {why}");
    }
    let first = "2026-12-24 2027-01-04";
    for day in ["1MO", "+1mo", "1mO"] {
        assert_eq!(closes(&format!("DTSTART:20261224\nRRULE:FREQ=MONTHLY;BYDAY={day};COUNT=1")), first, "{day}");
    }
}

#[test]
fn so_many_rules_are_followed_and_no_more() {
    let rules = |n| calendar(&vec!["DTSTART:20261224\nRRULE:FREQ=YEARLY;COUNT=1"; n]);
    assert_eq!(list(&rules(MAX_RULES), New_York), "2026-12-24");
    let why = closed(&rules(MAX_RULES + 1), New_York).unwrap_err();
    assert_eq!(why, "501 of its events recur, more than 500: export the holidays alone");
}

#[test]
fn a_rule_without_an_end_is_followed_to_the_last_year() {
    let thanksgiving = closes("DTSTART;VALUE=DATE:20201126\nRRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=4TH");
    let law = |year| Country::of("us").unwrap().holidays(year).into_iter().find(|day| day.name == "Thanksgiving Day");
    let expected: Vec<String> = (2020..=2100).map(|year| law(year).unwrap().date.to_string()).collect();
    assert_eq!(thanksgiving, expected.join(" "));
    assert!(closes("DTSTART;VALUE=DATE:20201126\nRRULE:FREQ=DAILY").ends_with("2100-12-31"));
}

#[test]
fn a_changed_occurrence_stands_for_the_one_that_it_names() {
    let event = |lines: &str| format!("BEGIN:VEVENT\nUID:1\n{lines}\nEND:VEVENT\n");
    let weekly = event("SUMMARY:weekly\nDTSTART;VALUE=DATE:20261201\nRRULE:FREQ=WEEKLY;COUNT=3");
    let with = |other: &str| format!("BEGIN:VCALENDAR\n{other}{weekly}END:VCALENDAR");
    assert_eq!(list(&with(""), Berlin), "2026-12-01 2026-12-08 2026-12-15");
    let moved = event("SUMMARY:moved\nRECURRENCE-ID;VALUE=DATE:20261208\nDTSTART;VALUE=DATE:20261210");
    assert_eq!(list(&with(&moved), Berlin), "2026-12-01 2026-12-10 2026-12-15");
    let cancelled = event("RECURRENCE-ID;VALUE=DATE:20261208\nDTSTART;VALUE=DATE:20261208\nSTATUS:CANCELLED");
    assert_eq!(list(&with(&cancelled), Berlin), "2026-12-01 2026-12-15");
    let of_another = moved.replace("UID:1", "UID:2");
    assert_eq!(list(&with(&of_another), Berlin), "2026-12-01 2026-12-08 2026-12-10 2026-12-15");
    let later = moved.replace("RECURRENCE-ID;", "RECURRENCE-ID;RANGE=THISANDFUTURE;");
    assert!(closed(&with(&later), Berlin).unwrap_err().contains("RANGE"));
    let nameless = "BEGIN:VEVENT\nRECURRENCE-ID:20261208\nDTSTART:20261208\nEND:VEVENT\n";
    assert!(closed(&with(nameless), Berlin).unwrap_err().contains("no UID"));
}

#[test]
fn only_what_takes_no_time_by_its_own_word_is_passed_over() {
    let day = |on: &str, more: &str| format!("DTSTART;VALUE=DATE:{on}\n{more}");
    let events = [
        day("20261201", "TRANSP:TRANSPARENT"),
        day("20261202", "TRANSP:OPAQUE"),
        day("20261203", "STATUS:cancelled"),
        day("20261204", "STATUS:TENTATIVE"),
        day("20261205", "CLASS:PRIVATE\nBEGIN:VALARM\nTRIGGER:-PT15M\nEND:VALARM"),
    ];
    let events: Vec<&str> = events.iter().map(String::as_str).collect();
    assert_eq!(list(&calendar(&events), New_York), "2026-12-02 2026-12-04 2026-12-05");
    assert_eq!(
        closed(&calendar(&[events[0], events[2]]), New_York).unwrap_err(),
        "all of its events (2) are cancelled or transparent, so it would close nothing: mark those that close a day as \
         busy (TRANSP:OPAQUE)"
    );
}

#[test]
fn names_are_kept_short_and_the_first_one_counts() {
    let name = |summary: &str| {
        let text = calendar(&["DTSTART:20261224"]).replace("day 0", summary);
        closed(&text, New_York).unwrap()[&"2026-12-24".parse().unwrap()].clone()
    };
    assert_eq!(name("Company day\\, all\n  sites\\n and   more"), "Company day, all sites and more");
    assert_eq!(name("ä".repeat(200).as_str()), "ä".repeat(80));
    assert_eq!(name("  "), "an event without a name");
    let twice = closed(&calendar(&["DTSTART:20261224", "DTSTART:20261224"]), New_York).unwrap();
    assert_eq!(twice.values().collect::<Vec<_>>(), ["day 0"]);
}

#[test]
fn files_of_all_makes_are_read() {
    let sound = calendar(&["DTSTART;VALUE=DATE:20261224", "DTSTART;VALUE=DATE:20261226"]);
    for text in [
        sound.replace('\n', "\r\n"),
        // One line with another ending: nothing between is swallowed.
        sound.replacen("END:VEVENT\n", "END:VEVENT\r\n", 2),
        format!("\u{feff}{sound}\n\n"),
        sound.replace("20261224", "2026\n 12\n\t24"),
        sound.to_lowercase().replace("day 0", "Day 0"),
        sound.replace("VERSION:2.0", "VERSION:2.0\nBEGIN:VTIMEZONE\nTZID:X\nBEGIN:STANDARD\nDTSTART:16010101T000000\nEND:STANDARD\nEND:VTIMEZONE"),
        sound.replace("VERSION:2.0", "VERSION:2.0\nBEGIN:VTODO\nSUMMARY:no event\nEND:VTODO"),
    ] {
        assert_eq!(list(&text, New_York), "2026-12-24 2026-12-26", "{text}");
    }
}

/// Lines of events that nobody can read in one way only.
const UNCLEAR: [&str; 40] = [
    "X-NOTHING:1",
    "DTSTART",
    "DTSTART:",
    "DTSTART:tomorrow",
    "DTSTART:20260230",
    "DTSTART:2026-12-24",
    "DTSTART:+20261224",
    "DTSTART:20261224T2460",
    "DTSTART:20261224T250000",
    "DTSTART:20261224\nDTSTART:20261225",
    "DTSTART:20261224,20261225",
    "DTSTART;VALUE=DATE:20261224T090000",
    "DTSTART;VALUE=DATE-TIME:20261224",
    "DTSTART;TZID=W. Europe Standard Time:20261224T090000",
    "DTSTART:20261224\nDTEND:20261223",
    "DTSTART:20261224T090000\nDTEND:20261224T080000",
    "DTSTART:20261224\nDTEND:20261225T080000",
    "DTSTART:20261224\nDTEND:20261225\nDURATION:P1D",
    "DTSTART:20261224\nDURATION:PT8H",
    "DTSTART:20261224\nDURATION:-P1D",
    "DTSTART:20261224\nDURATION:P",
    "DTSTART:20261224T090000\nDURATION:P1DT",
    "DTSTART:20261224\nDURATION:P1H",
    "DTSTART:20261224\nDURATION:P4294967295W",
    "DTSTART:20261224\nRRULE:FREQ=HOURLY",
    "DTSTART:20261224\nRRULE:FREQ=NEVER",
    "DTSTART:20261224\nRRULE:BYDAY=MO",
    "DTSTART:20261224\nRRULE:FREQ=YEARLY;INTERVAL=0",
    "DTSTART:20261224\nRRULE:FREQ=YEARLY;COUNT=0",
    "DTSTART:20261224\nRRULE:FREQ=MONTHLY;BYDAY=0MO",
    "DTSTART:20261224\nRRULE:FREQ=MONTHLY;BYSIDE=1",
    "DTSTART:20261224\nRRULE:FREQ=YEARLY;COUNT=3;UNTIL=20301224",
    "DTSTART:20261224\nRRULE:FREQ=YEARLY;UNTIL=soon",
    "DTSTART:20261224\nRRULE:FREQ=YEARLY;UNTIL=20201224",
    "DTSTART:20261224\nRRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
    "DTSTART:20261224\nRRULE:FREQ=YEARLY\nRRULE:FREQ=MONTHLY",
    "DTSTART:20261224\nEXRULE:FREQ=MONTHLY",
    "DTSTART:20261224\nRDATE:20261225T090000",
    "DTSTART:20261224T090000\nRDATE;VALUE=PERIOD:20261225T090000Z/PT1H",
    "DTSTART:20261224T090000\nEXDATE;VALUE=DATE:20261225",
];

#[test]
fn an_event_that_is_not_understood_is_named_with_what_to_write() {
    let said: Vec<String> =
        UNCLEAR.iter().map(|event| format!("{}\n    {}", event.replace('\n', " | "), refused(event))).collect();
    insta::assert_snapshot!(said.join("\n"), @r#"
    X-NOTHING:1
        event 1 (`day 0`): it has no DTSTART: write when it begins
    DTSTART
        `DTSTART` is no line of a calendar: export it again
    DTSTART:
        event 1 (`day 0`): DTSTART: `` is no date and no time: write 20261224 or 20261224T090000
    DTSTART:tomorrow
        event 1 (`day 0`): DTSTART: `tomorrow` is no date and no time: write 20261224 or 20261224T090000
    DTSTART:20260230
        event 1 (`day 0`): DTSTART: `20260230` is no date and no time: write 20261224 or 20261224T090000
    DTSTART:2026-12-24
        event 1 (`day 0`): DTSTART: `2026-12-24` is no date and no time: write 20261224 or 20261224T090000
    DTSTART:+20261224
        event 1 (`day 0`): DTSTART: `+20261224` is no date and no time: write 20261224 or 20261224T090000
    DTSTART:20261224T2460
        event 1 (`day 0`): DTSTART: `20261224T2460` is no date and no time: write 20261224 or 20261224T090000
    DTSTART:20261224T250000
        event 1 (`day 0`): DTSTART: `20261224T250000` is no date and no time: write 20261224 or 20261224T090000
    DTSTART:20261224 | DTSTART:20261225
        event 1 (`day 0`): it has DTSTART twice: keep one
    DTSTART:20261224,20261225
        event 1 (`day 0`): DTSTART has more than one time: write one
    DTSTART;VALUE=DATE:20261224T090000
        event 1 (`day 0`): DTSTART: `20261224T090000` is no DATE: write a DATE as 20261224, a DATE-TIME as 20261224T090000
    DTSTART;VALUE=DATE-TIME:20261224
        event 1 (`day 0`): DTSTART: `20261224` is no DATE-TIME: write a DATE as 20261224, a DATE-TIME as 20261224T090000
    DTSTART;TZID=W. Europe Standard Time:20261224T090000
        event 1 (`day 0`): DTSTART: `W. Europe Standard Time` is no time zone of the IANA database: export the calendar with names such as `Europe/Berlin`, or with times in UTC
    DTSTART:20261224 | DTEND:20261223
        event 1 (`day 0`): it ends before it begins: swap DTSTART and DTEND
    DTSTART:20261224T090000 | DTEND:20261224T080000
        event 1 (`day 0`): it ends before it begins: swap DTSTART and DTEND
    DTSTART:20261224 | DTEND:20261225T080000
        event 1 (`day 0`): of its DTSTART and DTEND one has a time: write it in both or in neither
    DTSTART:20261224 | DTEND:20261225 | DURATION:P1D
        event 1 (`day 0`): it has a DTEND and a DURATION: write one of the two
    DTSTART:20261224 | DURATION:PT8H
        event 1 (`day 0`): its DTSTART has no time, so its DURATION is of days: write it as P1D
    DTSTART:20261224 | DURATION:-P1D
        event 1 (`day 0`): DURATION `-P1D` is no span of time from now on: write it as P1D, P2W or PT1H30M
    DTSTART:20261224 | DURATION:P
        event 1 (`day 0`): DURATION `P` is no span of time from now on: write it as P1D, P2W or PT1H30M
    DTSTART:20261224T090000 | DURATION:P1DT
        event 1 (`day 0`): DURATION `P1DT` is no span of time from now on: write it as P1D, P2W or PT1H30M
    DTSTART:20261224 | DURATION:P1H
        event 1 (`day 0`): DURATION `P1H` is no span of time from now on: write it as P1D, P2W or PT1H30M
    DTSTART:20261224 | DURATION:P4294967295W
        event 1 (`day 0`): it ends after the last date there is
    DTSTART:20261224 | RRULE:FREQ=HOURLY
        event 1 (`day 0`): RRULE `FREQ=HOURLY`: what recurs within a day closes the day: write FREQ=DAILY or rarer
    DTSTART:20261224 | RRULE:FREQ=NEVER
        event 1 (`day 0`): RRULE `FREQ=NEVER`: `NEVER` is not a valid frequency: write it as in FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=24
    DTSTART:20261224 | RRULE:BYDAY=MO
        event 1 (`day 0`): RRULE `BYDAY=MO`: The property `FREQ` wasn't found, and it is required: write it as in FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=24
    DTSTART:20261224 | RRULE:FREQ=YEARLY;INTERVAL=0
        event 1 (`day 0`): RRULE `FREQ=YEARLY;INTERVAL=0`: INTERVAL cannot be 0: write another number, or remove it
    DTSTART:20261224 | RRULE:FREQ=YEARLY;COUNT=0
        event 1 (`day 0`): RRULE `FREQ=YEARLY;COUNT=0`: COUNT cannot be 0: write another number, or remove it
    DTSTART:20261224 | RRULE:FREQ=MONTHLY;BYDAY=0MO
        event 1 (`day 0`): RRULE `FREQ=MONTHLY;BYDAY=0MO`: BYDAY cannot be 0: write another number, or remove it
    DTSTART:20261224 | RRULE:FREQ=MONTHLY;BYSIDE=1
        event 1 (`day 0`): RRULE `FREQ=MONTHLY;BYSIDE=1`: `BYSIDE` is not a valid property parameter: write it as in FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=24
    DTSTART:20261224 | RRULE:FREQ=YEARLY;COUNT=3;UNTIL=20301224
        event 1 (`day 0`): RRULE `FREQ=YEARLY;COUNT=3;UNTIL=20301224`: it ends twice: write UNTIL or COUNT, not both
    DTSTART:20261224 | RRULE:FREQ=YEARLY;UNTIL=soon
        event 1 (`day 0`): RRULE `FREQ=YEARLY;UNTIL=soon`: `soon` is no date and no time: write 20261224 or 20261224T090000
    DTSTART:20261224 | RRULE:FREQ=YEARLY;UNTIL=20201224
        event 1 (`day 0`): RRULE `FREQ=YEARLY;UNTIL=20201224` never occurs: mend it, or remove it
    DTSTART:20261224 | RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30
        event 1 (`day 0`): RRULE `FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30` never occurs: mend it, or remove it
    DTSTART:20261224 | RRULE:FREQ=YEARLY | RRULE:FREQ=MONTHLY
        event 1 (`day 0`): it has RRULE twice: keep one
    DTSTART:20261224 | EXRULE:FREQ=MONTHLY
        event 1 (`day 0`): it has an EXRULE, which RFC 5545 has done away with: list its dates as EXDATE
    DTSTART:20261224 | RDATE:20261225T090000
        event 1 (`day 0`): of its DTSTART and RDATE one has a time: write it in both or in neither
    DTSTART:20261224T090000 | RDATE;VALUE=PERIOD:20261225T090000Z/PT1H
        event 1 (`day 0`): RDATE of the kind PERIOD is not supported: write dates or times
    DTSTART:20261224T090000 | EXDATE;VALUE=DATE:20261225
        event 1 (`day 0`): of its DTSTART and EXDATE one has a time: write it in both or in neither
    "#);
}

#[test]
fn a_text_that_is_no_calendar_is_refused_with_what_to_do() {
    let sound = calendar(&["DTSTART:20261224"]);
    let texts = [
        String::new(),
        "hello".into(),
        "<!DOCTYPE html>\n<a href=\"https://example.com\">".into(),
        "BEGIN:VCALENDAR\nVERSION:2.0\nEND:VCALENDAR".into(),
        "BEGIN:VEVENT\nDTSTART:20261224\nEND:VEVENT".into(),
        sound.replace("END:VCALENDAR", ""),
        sound.replace("END:VEVENT\n", ""),
        sound.replace("END:VEVENT", "END:VTODO"),
        format!("{sound}{sound}"),
        sound.replace("SUMMARY:day 0", "SUMMARY:a line that is\nbroken without a fold"),
        sound.replace("BEGIN:VEVENT", "BEGIN:VTODO\nBEGIN:VEVENT").replace("END:VEVENT", "END:VEVENT\nEND:VTODO"),
        sound.replace("day 0", "day 0\u{1b}[2J"),
        sound.replace('\n', "\r"),
    ];
    let said: Vec<String> = texts.iter().map(|text| closed(text, New_York).expect_err(text)).collect();
    insta::assert_snapshot!(said.join("\n"), @r#"
    it ends before its calendar does: export it again
    `hello` is no line of a calendar: export it again
    `<!DOCTYPE html>` is no line of a calendar: export it again
    it has no event, so it would close nothing: name another file, or remove it
    it begins with VEVENT and not with VCALENDAR: export the whole calendar
    it ends before its calendar does: export it again
    `END:VCALENDAR` is not understood where it stands: export the calendar again
    `END:VTODO` is not understood where it stands: export the calendar again
    `BEGIN:VCALENDAR` is not understood where it stands: export the calendar again
    `broken without a fold` is no line of a calendar: export it again
    of 1 events in it 0 stand in the calendar itself: export it again
    `SUMMARY:day 0[2J` has a control character: export the calendar again
    `BEGIN:VCALENDARVERSION:2.0PRODID:-//test//ENBEGIN:VEVENTUID:0@testSUMMARY:day 0D` has a control character: export the calendar again
    "#);
}

#[test]
fn nothing_in_a_file_asks_for_work_without_end() {
    let deep = format!("{}{}", "BEGIN:X\n".repeat(100_000), "END:X\n".repeat(100_000));
    assert!(closed(&deep, New_York).unwrap_err().contains("lies deeper"));
    assert_eq!(
        content_lines(&deep.replace("BEGIN:X", "begin:x")),
        content_lines(&deep).map_err(|why| why.replace("BEGIN:X", "begin:x"))
    );
    let many = vec!["DTSTART:20261224"; MAX_EVENTS + 1];
    assert!(closed(&calendar(&many), New_York).unwrap_err().contains("5001 events, more than 5000"));
    assert_eq!(list(&calendar(&many[1..]), New_York), "2026-12-24");
    // More dates than a file may close: by one event, by a rule of many times a day, by several together.
    let too_many = format!("more than {MAX_DATES} dates");
    assert!(refused("DTSTART:19000101\nDURATION:P60000D").contains(&too_many));
    let seconds: Vec<String> = (0..60).map(|n| n.to_string()).collect();
    let seconds = seconds.join(",");
    let often =
        format!("DTSTART:20261224T000000\nRRULE:FREQ=DAILY;BYHOUR=0,1,2,3;BYMINUTE={seconds};BYSECOND={seconds}");
    assert!(refused(&often).contains(&too_many));
    let both = closed(&calendar(&["DTSTART:20261224\nDURATION:P30000D"; 2]), New_York).unwrap_err();
    assert!(both.starts_with("event 2 (`day 1`): ") && both.contains(&too_many), "{both}");
}

#[test]
fn a_file_that_cannot_be_read_is_named_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        load(&path, New_York).unwrap_err().replace(&folder.path().display().to_string(), "DIR")
    };
    let missing = load(&folder.path().join("missing.ics"), New_York).unwrap_err();
    assert!(missing.ends_with("missing.ics: there is no such calendar file: create it, or mend its path"), "{missing}");
    let directory = load(folder.path(), New_York).unwrap_err();
    assert!(directory.ends_with("it is a directory: name the calendar file in it"), "{directory}");
    let large = refused("large.ics", &vec![b'\n'; (1 << 20) + 1]);
    assert_eq!(large, "DIR/large.ics: it is larger than 1024 KiB: export the holidays alone, for fewer years");
    let latin = refused("latin.ics", b"BEGIN:VCALENDAR\nSUMMARY:Fr\xfchling");
    assert_eq!(latin, "DIR/latin.ics: byte 11 of line 2 begins no UTF-8 character: save the file as UTF-8");
    let event = refused("event.ics", calendar(&["DTSTART:20261224", "DTSTART:24.12."]).as_bytes());
    assert_eq!(
        event,
        "DIR/event.ics: event 2 (`day 1`): DTSTART: `24.12.` is no date and no time: write 20261224 or 20261224T090000"
    );
}

proptest! {
    #[test]
    fn whatever_dates_an_event_names_they_are_what_is_closed(
        zone in (0..TZ_VARIANTS.len()).prop_map(|n| TZ_VARIANTS[n]),
        first in (0_u64..7670).prop_map(|days| NaiveDate::from_ymd_opt(2020, 1, 1).unwrap() + Days::new(days)),
        days in 1_u64..10,
    ) {
        let expected: Vec<String> = first.iter_days().take(usize::try_from(days).unwrap()).map(|day| day.to_string()).collect();
        let (from, until) = (first.format("%Y%m%d"), (first + Days::new(days)).format("%Y%m%d"));
        let whole = calendar(&[&format!("DTSTART;VALUE=DATE:{from}\nDTEND;VALUE=DATE:{until}")]);
        prop_assert_eq!(list(&whole, zone), expected.join(" "));
        // The same from midnight to midnight on the operator's own clock, wherever it skips or repeats one.
        let timed = calendar(&[&format!("DTSTART:{from}T000000\nDTEND:{until}T000000")]);
        prop_assert_eq!(list(&timed, zone), expected.join(" "));
        let spanned = calendar(&[&format!("DTSTART;TZID={zone}:{from}T000000\nDURATION:P{days}D")]);
        prop_assert_eq!(list(&spanned, zone), expected.join(" "));
    }

    #[test]
    fn no_damage_makes_it_panic(at in 0_usize..400, length in 0_usize..40, put in "[A-Z:;=,\r\n 0-9TZ\"]{0,6}") {
        let mut text = calendar(&[
            "DTSTART;TZID=Europe/Berlin:20261224T090000\nDTEND:20261225T090000Z\nRRULE:FREQ=YEARLY;UNTIL=20301224T000000Z",
            "DTSTART;VALUE=DATE:20261224\nDURATION:P1D\nRDATE:20261226\nEXDATE:20261224",
        ]);
        let at = at.min(text.len());
        let end = (at + length).min(text.len());
        text.replace_range(at..end, &put);
        drop(closed(&text, Berlin));
    }
}

proptest! {
    // A rule that never occurs is looked for over thousands of years.
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn no_rule_makes_it_panic(
        freq in proptest::sample::select(&["YEARLY", "MONTHLY", "WEEKLY", "DAILY"][..]),
        parts in proptest::collection::vec(
            (
                proptest::sample::select(
                    &["BYMONTH", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYSETPOS", "BYHOUR", "BYDAY", "INTERVAL", "COUNT", "WKST"][..],
                ),
                -400_i32..400,
                proptest::sample::select(&["", "MO", "SU", ",1", ",-1", "FR,2TU"][..]),
            ),
            0..4,
        ),
        start in proptest::sample::select(&["20240229", "99991231", "00010101", "20261224T233000"][..]),
    ) {
        let mut rule = format!("FREQ={freq}");
        for (key, number, rest) in parts {
            write!(rule, ";{key}={number}{rest}").unwrap();
        }
        drop(closed(&calendar(&[&format!("DTSTART:{start}\nRRULE:{rule}")]), Berlin));
    }
}
