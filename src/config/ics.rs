//! Calendar files (iCalendar, RFC 5545): which dates their events close.
//!
//! A date of the operator's zone is closed when an event touches any of it. What an event says is read strictly: a
//! file of which one event is not understood is refused as a whole, because what would be left out is a day on which
//! somebody wanted to be left alone. Only what says of itself that it takes no time is passed over: events that are
//! cancelled, and transparent ones. Tasks, journals and alarms are no events.
//!
//! The `icalendar` crate takes the text apart, `rrule` steps through a rule. It is only ever asked about a clock that
//! never changes, and about no machine's own zone.
//!
//! What may not happen here: no event is guessed at, and nothing is fetched over a network.

mod event;
mod when;

use std::collections::BTreeMap;
use std::path::Path;

use chrono::NaiveDate;
use chrono_tz::Tz;
use icalendar::parser::{Component, read_calendar_simple, unfold};
use sha2::{Digest, Sha256};
use simian_core::event::hex;

use super::file::{Unreadable, text_of};
use event::Event;

/// The largest file that is read, in bytes. Ten years of a country's holidays have some fifty thousand; whoever names
/// a larger file has named somebody's diary.
const MAX_BYTES: u64 = 1 << 20;

/// The most events in a file: ten years of a public holiday a week, ten times over.
const MAX_EVENTS: usize = 5_000;

/// The most events that recur. A country has some twenty such holidays. A rule that rarely occurs is followed over some
/// thousand years all the same, which takes a tenth of a second: hundreds of them are enough to wait for.
const MAX_RULES: usize = 500;

/// The most dates that the events of a file may close, counted each time: a daily event up to [`LAST_YEAR`] has less
/// than thirty thousand. It bounds the work that a rule of one line can ask for.
const MAX_DATES: usize = 50_000;

/// The last year in which a rule without an end is followed: the same as for cron expressions, and later than anybody
/// will read this file.
const LAST_YEAR: i32 = 2100;

/// How deep components may lie in each other. RFC 5545 has three levels: calendar, event, alarm. The parser calls
/// itself for each, so a file could otherwise exhaust the stack.
const MAX_DEPTH: usize = 8;

/// The longest name of an event that is kept, in characters: it is a word in somebody's sentence.
const MAX_NAME: usize = 80;

/// What a file closes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Calendar {
    /// The dates, each with the name of the first event that closes it.
    pub(super) closed: BTreeMap<NaiveDate, String>,
    /// SHA-256 of the file's text, in hex.
    pub(super) digest: String,
}

/// Reads a file. The error names it.
pub(super) fn load(path: &Path, zone: Tz) -> Result<Calendar, String> {
    let named = |why: String| format!("{}: {why}", path.display());
    let text = text_of(path, MAX_BYTES).map_err(|error| named(unreadable(error)))?;
    let closed = closed(&text, zone).map_err(named)?;
    Ok(Calendar { closed, digest: hex(&Sha256::digest(text.as_bytes())) })
}

fn unreadable(error: Unreadable) -> String {
    match error {
        Unreadable::Missing => "there is no such calendar file: create it, or mend its path".into(),
        Unreadable::Forbidden => "this user may not read it: let the daemon's group read it (`chmod 0640`)".into(),
        Unreadable::Directory => "it is a directory: name the calendar file in it".into(),
        Unreadable::TooLarge => {
            format!("it is larger than {} KiB: export the holidays alone, for fewer years", MAX_BYTES >> 10)
        }
        Unreadable::NotText { line, column } => {
            format!("byte {column} of line {line} begins no UTF-8 character: save the file as UTF-8")
        }
        Unreadable::Other(error) => format!("it cannot be read ({error}): name a file that can be"),
    }
}

/// The dates of the operator's zone that the events of a text close, with their names.
pub(super) fn closed(text: &str, zone: Tz) -> Result<BTreeMap<NaiveDate, String>, String> {
    let text = content_lines(text)?;
    let roots = read_calendar_simple(&text).map_err(|error| not_understood(&text, error.input))?;
    let [root] = &roots[..] else { return Err("it has no calendar: export it as iCalendar".into()) };
    if !is(root, "VCALENDAR") {
        return Err(format!("it begins with {} and not with VCALENDAR: export the whole calendar", root.name));
    }
    let events: Vec<Event> = root
        .components
        .iter()
        .filter(|component| is(component, "VEVENT"))
        .enumerate()
        .map(|(n, component)| Event::new(n + 1, component))
        .collect();
    // What the parser put elsewhere would be passed over.
    let begun = text.lines().filter(|line| line.trim().eq_ignore_ascii_case("BEGIN:VEVENT")).count();
    if begun != events.len() {
        let found = events.len();
        return Err(format!("of {begun} events in it {found} stand in the calendar itself: export it again"));
    }
    if events.is_empty() {
        return Err("it has no event, so it would close nothing: name another file, or remove it".into());
    }
    if events.len() > MAX_EVENTS {
        return Err(format!("it has {} events, more than {MAX_EVENTS}: export the holidays alone", events.len()));
    }
    let rules = events.iter().filter(|event| event.recurs()).count();
    if rules > MAX_RULES {
        return Err(format!("{rules} of its events recur, more than {MAX_RULES}: export the holidays alone"));
    }
    dates(&events, zone)
}

fn dates(events: &[Event<'_>], zone: Tz) -> Result<BTreeMap<NaiveDate, String>, String> {
    let mut closed = BTreeMap::new();
    let mut left = MAX_DATES;
    for event in events {
        let of_event = |why: String| format!("{event}: {why}");
        let changed = events.iter().filter(|other| other.changes(event));
        for date in event.dates(changed, zone, left).map_err(of_event)? {
            left = left.checked_sub(1).ok_or_else(|| of_event(too_many()))?;
            closed.entry(date).or_insert_with(|| event.name());
        }
    }
    if closed.is_empty() {
        let count = events.len();
        return Err(format!(
            "all of its events ({count}) are cancelled or transparent, so it would close nothing: mark those that \
             close a day as busy (TRANSP:OPAQUE)"
        ));
    }
    Ok(closed)
}

fn too_many() -> String {
    format!("with it the file closes more than {MAX_DATES} dates: end its rule with UNTIL or COUNT")
}

/// The text with one kind of line endings and whole lines, each of which says something.
fn content_lines(text: &str) -> Result<String, String> {
    // With mixed endings the parser would take several lines for one; without the long ones it would look for one to
    // the end of the text, line by line.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).replace("\r\n", "\n");
    let text = unfold(&text);
    let mut depth = 0_usize;
    for line in text.lines() {
        if line.contains(|c: char| c.is_control() && c != '\t') {
            return Err(format!("`{}` has a control character: export the calendar again", line_of(line)));
        }
        if !line.trim().is_empty() && !line.contains(':') {
            return Err(format!("`{}` is no line of a calendar: export it again", line_of(line)));
        }
        let begins = |word: &str| line.trim_start().get(..word.len()).is_some_and(|l| l.eq_ignore_ascii_case(word));
        if begins("BEGIN:") {
            depth += 1;
        } else if begins("END:") {
            depth = depth.saturating_sub(1);
        }
        if depth > MAX_DEPTH {
            return Err(format!("`{}` lies deeper than any calendar has levels: export it again", line_of(line)));
        }
    }
    Ok(text.replace('\n', "\r\n"))
}

/// The parser's end, in words: the line in which what was left of the text begins.
fn not_understood(text: &str, left: &str) -> String {
    if left.trim().is_empty() {
        return "it ends before its calendar does: export it again".into();
    }
    let before = text.strip_suffix(left.trim_start()).unwrap_or_default();
    let lines_before = before.matches('\n').count();
    let line = text.lines().nth(lines_before).unwrap_or_default();
    format!("`{}` is not understood where it stands: export the calendar again", line_of(line))
}

/// As much of the first line as an error can quote.
fn line_of(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    line.trim().chars().filter(|c| !c.is_control()).take(MAX_NAME).collect()
}

fn is(component: &Component<'_>, name: &str) -> bool {
    component.name.as_str().eq_ignore_ascii_case(name)
}

#[cfg(test)]
mod tests;
