//! Public holidays against what governments published, and what must hold of any year.

use std::collections::BTreeSet;

use chrono::{Datelike, NaiveDate, Weekday};
use simian_core::Calendar;
use simian_core::calendar::{Country, Holiday, Holidays, Hours, Weekdays};

const YEARS: std::ops::RangeInclusive<i32> = 2020..=2040;

fn date(text: &str) -> NaiveDate {
    text.parse().expect("a date")
}

fn country(code: &str) -> Country {
    Country::of(code).unwrap_or_else(|| panic!("no {code}"))
}

fn is_weekend(date: NaiveDate) -> bool {
    matches!(date.weekday(), Weekday::Sat | Weekday::Sun)
}

/// The days from Monday to Friday of a year on which the country's offices are closed, as `01-31`.
fn days_off(code: &str, year: i32) -> Vec<String> {
    let country = country(code);
    let dates = NaiveDate::from_ymd_opt(year, 1, 1).expect("a year").iter_days().take_while(|date| date.year() == year);
    let off = dates.filter(|date| !is_weekend(*date) && country.holiday_on(*date).is_some());
    off.map(|date| date.format("%m-%d").to_string()).collect()
}

#[track_caller]
fn published(code: &str, lists: &[(i32, &str)]) {
    for (year, list) in lists {
        assert_eq!(days_off(code, *year).join(" "), *list, "{code} {year}");
    }
}

#[test]
fn federal_holidays_are_those_that_opm_published() {
    published(
        "us",
        &[
            (2020, "01-01 01-20 02-17 05-25 07-03 09-07 10-12 11-11 11-26 12-25"),
            (2021, "01-01 01-18 02-15 05-31 06-18 07-05 09-06 10-11 11-11 11-25 12-24 12-31"),
            (2022, "01-17 02-21 05-30 06-20 07-04 09-05 10-10 11-11 11-24 12-26"),
            (2023, "01-02 01-16 02-20 05-29 06-19 07-04 09-04 10-09 11-10 11-23 12-25"),
            (2024, "01-01 01-15 02-19 05-27 06-19 07-04 09-02 10-14 11-11 11-28 12-25"),
            (2025, "01-01 01-20 02-17 05-26 06-19 07-04 09-01 10-13 11-11 11-27 12-25"),
            (2026, "01-01 01-19 02-16 05-25 06-19 07-03 09-07 10-12 11-11 11-26 12-25"),
            (2027, "01-01 01-18 02-15 05-31 06-18 07-05 09-06 10-11 11-11 11-25 12-24 12-31"),
        ],
    );
    // Inauguration Day is one for Washington only.
    assert_eq!(country("us").holiday_on(date("2029-01-20")), None);
}

#[test]
fn bank_holidays_are_those_that_the_british_government_published() {
    published(
        "uk-england",
        &[
            (2020, "01-01 04-10 04-13 05-08 05-25 08-31 12-25 12-28"),
            (2021, "01-01 04-02 04-05 05-03 05-31 08-30 12-27 12-28"),
            (2022, "01-03 04-15 04-18 05-02 06-02 06-03 08-29 09-19 12-26 12-27"),
            (2023, "01-02 04-07 04-10 05-01 05-08 05-29 08-28 12-25 12-26"),
            (2024, "01-01 03-29 04-01 05-06 05-27 08-26 12-25 12-26"),
            (2026, "01-01 04-03 04-06 05-04 05-25 08-31 12-25 12-28"),
            (2027, "01-01 03-26 03-29 05-03 05-31 08-30 12-27 12-28"),
        ],
    );
    published(
        "uk-scotland",
        &[
            (2021, "01-01 01-04 04-02 05-03 05-31 08-02 11-30 12-27 12-28"),
            (2022, "01-03 01-04 04-15 05-02 06-02 06-03 08-01 09-19 11-30 12-26 12-27"),
            (2023, "01-02 01-03 04-07 05-01 05-08 05-29 08-07 11-30 12-25 12-26"),
            (2024, "01-01 01-02 03-29 05-06 05-27 08-05 12-02 12-25 12-26"),
            (2026, "01-01 01-02 04-03 05-04 05-25 06-15 08-03 11-30 12-25 12-28"),
        ],
    );
    published(
        "uk-northern-ireland",
        &[
            (2020, "01-01 03-17 04-10 04-13 05-08 05-25 07-13 08-31 12-25 12-28"),
            (2022, "01-03 03-17 04-15 04-18 05-02 06-02 06-03 07-12 08-29 09-19 12-26 12-27"),
            (2024, "01-01 03-18 03-29 04-01 05-06 05-27 07-12 08-26 12-25 12-26"),
        ],
    );
}

/// All dates of a German year, weekends too.
fn dates(code: &str, year: i32) -> String {
    let dates = country(code).holidays(year).into_iter();
    dates.map(|holiday| holiday.date.format("%m-%d").to_string()).collect::<Vec<_>>().join(" ")
}

#[test]
fn german_holidays_are_those_of_each_states_law() {
    for (code, year, expected) in [
        ("de", 2026, "01-01 04-03 04-06 05-01 05-14 05-25 10-03 12-25 12-26"),
        ("de-bw", 2026, "01-01 01-06 04-03 04-06 05-01 05-14 05-25 06-04 10-03 11-01 12-25 12-26"),
        ("de-by", 2026, "01-01 01-06 04-03 04-06 05-01 05-14 05-25 06-04 08-15 10-03 11-01 12-25 12-26"),
        ("de-be", 2026, "01-01 03-08 04-03 04-06 05-01 05-14 05-25 10-03 12-25 12-26"),
        ("de-be", 2018, "01-01 03-30 04-02 05-01 05-10 05-21 10-03 12-25 12-26"),
        ("de-be", 2020, "01-01 03-08 04-10 04-13 05-01 05-08 05-21 06-01 10-03 12-25 12-26"),
        ("de-be", 2025, "01-01 03-08 04-18 04-21 05-01 05-08 05-29 06-09 10-03 12-25 12-26"),
        ("de-be", 2028, "01-01 03-08 04-14 04-17 05-01 05-25 06-05 06-17 10-03 12-25 12-26"),
        ("de-bb", 2026, "01-01 04-03 04-05 04-06 05-01 05-14 05-24 05-25 10-03 10-31 12-25 12-26"),
        ("de-hb", 2026, "01-01 04-03 04-06 05-01 05-14 05-25 10-03 10-31 12-25 12-26"),
        ("de-hh", 2026, "01-01 04-03 04-06 05-01 05-14 05-25 10-03 10-31 12-25 12-26"),
        ("de-he", 2026, "01-01 04-03 04-06 05-01 05-14 05-25 06-04 10-03 12-25 12-26"),
        ("de-mv", 2022, "01-01 04-15 04-18 05-01 05-26 06-06 10-03 10-31 12-25 12-26"),
        ("de-mv", 2023, "01-01 03-08 04-07 04-10 05-01 05-18 05-29 10-03 10-31 12-25 12-26"),
        ("de-ni", 2026, "01-01 04-03 04-06 05-01 05-14 05-25 10-03 10-31 12-25 12-26"),
        ("de-nw", 2026, "01-01 04-03 04-06 05-01 05-14 05-25 06-04 10-03 11-01 12-25 12-26"),
        ("de-rp", 2026, "01-01 04-03 04-06 05-01 05-14 05-25 06-04 10-03 11-01 12-25 12-26"),
        ("de-sl", 2026, "01-01 04-03 04-06 05-01 05-14 05-25 06-04 08-15 10-03 11-01 12-25 12-26"),
        ("de-sn", 2026, "01-01 04-03 04-06 05-01 05-14 05-25 10-03 10-31 11-18 12-25 12-26"),
        ("de-st", 2026, "01-01 01-06 04-03 04-06 05-01 05-14 05-25 10-03 10-31 12-25 12-26"),
        ("de-sh", 2026, "01-01 04-03 04-06 05-01 05-14 05-25 10-03 10-31 12-25 12-26"),
        ("de-th", 2026, "01-01 04-03 04-06 05-01 05-14 05-25 09-20 10-03 10-31 12-25 12-26"),
    ] {
        assert_eq!(dates(code, year), expected, "{code} {year}");
    }
    let repentance = [(2020, 18), (2021, 17), (2022, 16), (2023, 22), (2024, 20), (2025, 19), (2026, 18)];
    for (year, day) in repentance {
        let date = NaiveDate::from_ymd_opt(year, 11, day).expect("a date");
        assert_eq!(country("de-sn").holiday_on(date).map(|holiday| holiday.name), Some("Buß- und Bettag"), "{year}");
    }
}

#[test]
fn easter_is_when_the_churches_say() {
    let known = [
        "2020-04-12",
        "2021-04-04",
        "2022-04-17",
        "2023-04-09",
        "2024-03-31",
        "2025-04-20",
        "2026-04-05",
        "2027-03-28",
        "2028-04-16",
        "2029-04-01",
        "2030-04-21",
        "2031-04-13",
        "2032-03-28",
        "2033-04-17",
        "2034-04-09",
        "2035-03-25",
        "2036-04-13",
        "2037-04-05",
        "2038-04-25",
        "2039-04-10",
        "2040-04-01",
        // The earliest and the latest that there are, and the years that mislead simple rules.
        "1761-03-22",
        "1818-03-22",
        "1943-04-25",
        "1954-04-18",
        "1981-04-19",
        "2049-04-18",
        "2076-04-19",
        "2285-03-22",
    ];
    for sunday in known {
        let holiday = country("de-bb").holiday_on(date(sunday)).map(|holiday| holiday.name);
        assert_eq!(holiday, Some("Ostersonntag"), "{sunday}");
    }
}

#[test]
fn every_year_has_the_number_that_the_law_gives() {
    let counts = [
        ("us", 11),
        ("uk", 8),
        ("uk-scotland", 9),
        ("uk-northern-ireland", 10),
        ("de", 9),
        ("de-bb", 12),
        ("de-be", 10),
        ("de-bw", 12),
        ("de-by", 13),
        ("de-hb", 10),
        ("de-he", 10),
        ("de-hh", 10),
        ("de-mv", 11),
        ("de-ni", 10),
        ("de-nw", 11),
        ("de-rp", 11),
        ("de-sh", 10),
        ("de-sl", 12),
        ("de-sn", 11),
        ("de-st", 11),
        ("de-th", 11),
    ];
    for (code, count) in counts {
        for year in YEARS {
            let once = match (code, year) {
                ("us", 2020) | ("de-mv", 2020..=2022) => -1,
                ("uk" | "uk-scotland" | "uk-northern-ireland", 2022) => 2,
                ("uk" | "uk-scotland" | "uk-northern-ireland", 2023)
                | ("uk-scotland", 2026)
                | ("de-be", 2020 | 2025 | 2028) => 1,
                _ => 0,
            };
            let all = country(code).holidays(year);
            let (given, own): (Vec<Holiday>, Vec<Holiday>) =
                all.iter().copied().partition(|holiday| holiday.instead.is_some());
            assert_eq!(i32::try_from(own.len()), Ok(count + once), "{code} {year}");
            let weekends = own.iter().filter(|holiday| is_weekend(holiday.date)).count();
            assert_eq!(given.len(), if code.starts_with("de") { 0 } else { weekends }, "{code} {year}");
            assert!(given.iter().all(|holiday| !is_weekend(holiday.date)), "{code} {year}");
            let dates: BTreeSet<NaiveDate> = all.iter().map(|holiday| holiday.date).collect();
            assert_eq!(dates.len(), all.len(), "{code} {year}: two on one date");
            assert!(all.is_sorted_by_key(|holiday| holiday.date), "{code} {year}");
            for holiday in &all {
                assert_eq!(country(code).holiday_on(holiday.date), Some(*holiday), "{code} {year}");
            }
        }
    }
    let counted: BTreeSet<&str> = counts.iter().map(|(code, _)| *code).collect();
    let aliases = ["uk-england", "uk-wales"].into_iter();
    assert_eq!(counted.into_iter().chain(aliases).collect::<BTreeSet<_>>(), Country::codes().collect());
}

#[test]
fn codes_are_known_each_once() {
    let codes: Vec<&str> = Country::codes().collect();
    assert_eq!(codes.iter().collect::<BTreeSet<_>>().len(), codes.len());
    let countries: BTreeSet<Country> = codes.iter().map(|code| country(code)).collect();
    assert_eq!(countries.len(), codes.len() - 2, "England has three codes, everybody else one");
    assert_eq!(country("uk"), country("uk-england"));
    assert_eq!(country("uk"), country("uk-wales"));
    for unknown in ["", "US", "gb", "de-", "de-xx", "2026-12-24", "ics:x"] {
        assert_eq!(Country::of(unknown), None, "{unknown}");
    }
}

#[test]
fn a_date_has_the_name_that_is_nearest_to_the_operator() {
    let mut holidays: Holidays = [date("2026-12-24"), date("2026-12-25")].into();
    assert_eq!(holidays.name_on(date("2026-12-25")).as_deref(), Some("a holiday"));
    holidays.insert_country(country("us"));
    holidays.insert_country(country("de"));
    holidays.insert(date("2026-12-23"));
    holidays.insert_named(date("2026-11-26"), "the company's day");
    holidays.insert_named(date("2026-11-26"), "another name");
    for (on, expected) in [
        ("2026-11-25", None),
        ("2026-11-26", Some("the company's day")),
        ("2027-11-25", Some("Thanksgiving Day")),
        ("2026-07-03", Some("Independence Day (observed)")),
        ("2026-07-04", Some("Independence Day")),
        ("2021-12-31", Some("New Year's Day (observed)")),
        ("2026-04-03", Some("Karfreitag")),
        ("2026-12-23", Some("a holiday")),
        ("2026-12-24", Some("a holiday")),
        ("2026-12-25", Some("Christmas Day")),
        ("2026-12-26", Some("Zweiter Weihnachtstag")),
    ] {
        assert_eq!(holidays.name_on(date(on)).as_deref(), expected, "{on}");
    }
    let scotland = country("uk-scotland").holiday_on(date("2022-01-04")).map(|holiday| holiday.to_string());
    assert_eq!(scotland.as_deref(), Some("2nd January (substitute day)"));
}

#[test]
fn a_calendar_is_closed_for_its_holidays_by_name() {
    let mut holidays = Holidays::default();
    holidays.insert_country(country("us"));
    let calendar = Calendar {
        zone: chrono_tz::America::New_York,
        days: Weekdays::MON_TO_FRI,
        hours: Hours::parse("09:00", "15:00").expect("hours"),
        holidays,
        freezes: Vec::new(),
    };
    let why = |on: &str| calendar.day(date(on)).closed.map(|closed| closed.to_string());
    assert_eq!(why("2026-11-26").as_deref(), Some("closed for Thanksgiving Day"));
    assert_eq!(why("2026-07-03").as_deref(), Some("closed for Independence Day (observed)"));
    assert_eq!(why("2026-07-04").as_deref(), Some("closed on Saturdays"), "the week comes first");
    assert_eq!(why("2026-11-27"), None);
    assert_eq!(calendar.nth_working_day_after(date("2026-11-25"), 1), Some(date("2026-11-27")));
}

#[test]
fn the_ends_of_time_do_not_panic() {
    for code in Country::codes() {
        for end in [NaiveDate::MIN, NaiveDate::MAX] {
            let _ = country(code).holiday_on(end);
        }
        let _ = (country(code).holidays(i32::MIN + 1), country(code).holidays(i32::MAX));
    }
}
