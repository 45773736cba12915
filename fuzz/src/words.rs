//! Short texts with a meaning: spans, sizes, hours, patterns, dates, ARNs. What is read is written the same again.

use std::fmt::Display;
use std::str::FromStr;

use simian_core::calendar::Hours;
use simian_core::choice::{Glob, account_glob, app_glob, region_glob};
use simian_core::size::{MAX_COUNT, Share, parse_count};
use simian_core::tags::{MAX_DAYS, parse_mean, parse_min, parse_probability};
use simian_core::{AccountId, ChangeCalendar, Faults, Kind, OwnHours, Region, UnitKind, span};

use crate::split;

/// The first byte chooses what it is read as.
pub fn words(data: &[u8]) {
    let Some((pick, text)) = split(data) else { return };
    match pick % 13 {
        0 => a_span(text),
        1 => again::<Share>(text),
        2 => again::<OwnHours>(text),
        3 => again::<Faults>(text),
        4 => again::<Glob>(text),
        5 => a_glob(text),
        6 => again::<Kind>(text),
        7 => numbers(text),
        8 => a_time(text),
        9 => again::<Region>(text),
        10 => again::<AccountId>(text),
        11 => patterns(text),
        _ => drop(text.parse::<UnitKind>().map_err(|why| crate::is_said(&why, text))),
    }
}

/// The ARN of a Change Calendar.
pub fn arns(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match text.parse::<ChangeCalendar>() {
        Ok(calendar) => {
            assert_eq!(calendar.arn(), text);
            assert!((3..=128).contains(&calendar.name().len()), "{text}");
            let place = format!(":ssm:{}:{}:document/{}", calendar.region, calendar.account, calendar.name());
            assert!(text.ends_with(&place), "{text} is not at {place}");
            assert!(!calendar.region.is_all(), "{text} is everywhere");
        }
        Err(error) => crate::is_said(&error.to_string(), text),
    }
}

fn again<T>(text: &str)
where
    T: FromStr<Err: Display> + Display + PartialEq + std::fmt::Debug,
{
    match text.parse::<T>() {
        Ok(read) => {
            let written = read.to_string();
            let read_again = written.parse::<T>().unwrap_or_else(|why| panic!("{text:?} as {written:?}: {why}"));
            assert_eq!(read_again, read, "{text:?} as {written:?}");
        }
        Err(why) => crate::is_said(&why.to_string(), text),
    }
}

fn a_span(text: &str) {
    match span::parse(text) {
        Ok(read) => {
            assert!((0..=366 * 86_400).contains(&read.num_seconds()), "{text:?} is {read}");
            // For people it is cut to two units, so it is never longer than it was.
            let short: String = span::format(read).split_whitespace().collect();
            assert!(span::parse(&short).is_ok_and(|short| short <= read), "{text:?} as {short:?}");
        }
        Err(why) => crate::is_said(&why, text),
    }
}

/// A pattern and a text, a line each, against the definition of the two signs.
fn a_glob(text: &str) {
    let Some((pattern, text)) = text.split_once('\n') else { return };
    let Ok(glob) = pattern.parse::<Glob>() else { return };
    let fits = glob.matches(text);
    if text.len() <= 64 {
        assert_eq!(fits, fits_by_definition(pattern, text), "{pattern:?} on {text:?}");
    }
}

fn fits_by_definition(pattern: &str, text: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    // Whether what was read of the pattern fits so many characters.
    let mut fits = vec![false; text.len() + 1];
    fits[0] = true;
    for sign in pattern.chars() {
        let mut next = vec![false; text.len() + 1];
        for at in 0..=text.len() {
            next[at] = match sign {
                '*' => fits[at] || (at > 0 && next[at - 1]),
                _ => at > 0 && fits[at - 1] && (sign == '?' || sign == text[at - 1]),
            };
        }
        fits = next;
    }
    fits[text.len()]
}

fn numbers(text: &str) {
    if let Ok(mean) = parse_mean(text) {
        assert!((1.0..=f64::from(MAX_DAYS)).contains(&mean), "{text:?} is {mean}");
    }
    if let Ok(p) = parse_probability(text) {
        assert!(p > 0.0 && p <= 1.0, "{text:?} is {p}");
    }
    if let Ok(days) = parse_min(text) {
        assert!((1..=MAX_DAYS).contains(&days), "{text:?} is {days}");
    }
    if let Ok(count) = parse_count(text) {
        assert!((1..=MAX_COUNT).contains(&count), "{text:?} is {count}");
    }
}

fn a_time(text: &str) {
    match Hours::parse_time(text) {
        Ok(minutes) => assert_eq!(format!("{:02}:{:02}", minutes / 60, minutes % 60), text),
        Err(error) => crate::is_said(&error.to_string(), text),
    }
}

fn patterns(text: &str) {
    for read in [account_glob(text), region_glob(text), app_glob(text)] {
        match read {
            Ok(glob) => assert_eq!(glob.to_string(), text),
            Err(why) => crate::is_said(&why, text),
        }
    }
}
