//! Words and figures for people, the same in every form of the report.

use std::ops::RangeInclusive;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use simian_core::span;

/// Characters that nobody sees, and that turn, hide or break what stands around them.
const UNSEEN: [RangeInclusive<char>; 4] =
    ['\u{200b}'..='\u{200f}', '\u{2028}'..='\u{202e}', '\u{2066}'..='\u{2069}', '\u{feff}'..='\u{feff}'];

/// Whether a character may stand in a line that somebody else wrote: controls speak to terminals, line ends break rows.
pub(super) fn is_seen(c: char) -> bool {
    !c.is_control() && !UNSEEN.iter().any(|unseen| unseen.contains(&c))
}

/// The text as one line of characters that are seen.
pub(super) fn seen(text: &str) -> String {
    let line: String = text.chars().map(|c| if is_seen(c) { c } else { ' ' }).collect();
    line.trim().to_owned()
}

/// The beginning of a text, cut between characters.
pub(super) fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

/// Seconds for people.
pub(super) fn seconds(seconds: u64) -> String {
    let span = i64::try_from(seconds).ok().and_then(TimeDelta::try_seconds);
    span::format(span.unwrap_or(TimeDelta::MAX))
}

/// `1 unit`, `2 units`.
pub(super) fn many(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{} {}", grouped(n as u64), plural(what)) }
}

/// The plural of a noun, or of a phrase that ends in one.
pub(super) fn plural(what: &str) -> String {
    let ends = |ends: &[&str]| ends.iter().any(|end| what.ends_with(end));
    match what.strip_suffix('y') {
        Some(stem) if !ends(&["ay", "ey", "oy"]) => format!("{stem}ies"),
        _ if ends(&["s", "x", "ch", "sh"]) => format!("{what}es"),
        _ => format!("{what}s"),
    }
}

/// Digits in groups of three: `12,345`.
pub(super) fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Money: whole dollars from ten on, cents below.
pub(super) fn dollars(cents: u64) -> String {
    if cents < 1_000 {
        format!("${}.{:02}", cents / 100, cents % 100)
    } else {
        format!("${}", grouped(cents.saturating_add(50) / 100))
    }
}

/// An id such as `unattached-volume` as words.
pub(super) fn words(id: &str) -> String {
    id.replace(['-', '_'], " ")
}

/// A sentence that goes on with another's words: its first word begins small.
pub(super) fn uncapital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}

/// A time of the operator's zone, to the minute.
pub(super) fn time(at: DateTime<Utc>, zone: Tz) -> String {
    at.with_timezone(&zone).format("%a %Y-%m-%d %H:%M").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_read_well() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(
            [0, 7, 999, 1_000, 1_049, 1_050, 104_000, u64::MAX].map(dollars),
            ["$0.00", "$0.07", "$9.99", "$10", "$10", "$11", "$1,040", "$184,467,440,737,095,516"]
        );
        assert_eq!([1, 2, 1_500].map(|n| many(n, "unit")), ["1 unit", "2 units", "1,500 units"]);
    }

    #[test]
    fn nouns_have_plurals() {
        let of = |words: [&str; 5]| words.map(plural);
        assert_eq!(
            of(["unattached volume", "idle address", "policy", "day", "idle box"]),
            ["unattached volumes", "idle addresses", "policies", "days", "idle boxes"]
        );
    }

    #[test]
    fn what_nobody_sees_becomes_a_blank() {
        assert_eq!(seen(" a\u{202e}b\nc\u{1b}[31m\u{feff} "), "a b c [31m");
        assert_eq!((cut("abc", 3), cut("äöüß", 3)), ("abc".into(), "äö…".into()));
    }
}
