//! Hostile input: a function for each thing that reads a text from outside, and what must hold whatever is in the text.
//!
//! Each takes any bytes and panics when a promise is broken. libFuzzer drives them (`targets/`), and so does a plain test
//! on any compiler (`tests/replay.rs`): the same functions, the seeds that are committed, and mutations of them.
//!
//! What may not happen here: a clock read, a file written, a call to a network.

mod answers;
mod audit;
mod config;
mod control;
mod cron;
mod events;
mod ics;
mod names;
mod plan;
mod tags;
mod template;
mod words;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

pub use answers::answers;
pub use audit::audit;
pub use config::config;
pub use control::control;
pub use cron::cron;
pub use events::events;
pub use ics::ics;
pub use names::names;
pub use tags::tags;
pub use template::template;
pub use words::{arns, words};

/// A function that must hold up whatever it is given.
pub type Target = fn(&[u8]);

/// All of them, by name: the same as the programs in `Cargo.toml` and the folders in `seeds/`.
pub const TARGETS: &[(&str, Target)] = &[
    ("answers", answers),
    ("arns", arns),
    ("audit", audit),
    ("config", config),
    ("control", control),
    ("cron", cron),
    ("events", events),
    ("ics", ics),
    ("names", names),
    ("tags", tags),
    ("template", template),
    ("words", words),
];

/// Zones that are awkward: half hours, quarter hours, a skipped day, double summer time, both ends of the world.
const ZONES: [Tz; 8] = [
    Tz::UTC,
    Tz::America__Los_Angeles,
    Tz::Europe__Berlin,
    Tz::Australia__Lord_Howe,
    Tz::Asia__Kathmandu,
    Tz::Pacific__Apia,
    Tz::Africa__Casablanca,
    Tz::Pacific__Kiritimati,
];

/// One of the zones.
fn zone(pick: u8) -> Tz {
    ZONES[usize::from(pick) % ZONES.len()]
}

/// A first byte, which chooses how, and a text.
fn split(data: &[u8]) -> Option<(u8, &str)> {
    let (first, rest) = data.split_first()?;
    Some((*first, std::str::from_utf8(rest).ok()?))
}

/// A time from up to eight bytes of the input: mostly of our century, now and then anywhere in what chrono can hold.
fn time(seed: u64) -> DateTime<Utc> {
    let ours = DateTime::UNIX_EPOCH + TimeDelta::seconds(i64::try_from(seed % 4_200_000_000).unwrap_or(0));
    match seed >> 60 {
        0 => DateTime::<Utc>::MIN_UTC + TimeDelta::seconds(i64::from(u32::try_from(seed & 0xfff_ffff).unwrap_or(0))),
        1 => DateTime::<Utc>::MAX_UTC - TimeDelta::seconds(i64::from(u32::try_from(seed & 0xfff_ffff).unwrap_or(0))),
        _ => ours,
    }
}

/// FNV-1a: numbers that follow from a text, so that a changed text changes them too.
fn number(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// An error for people: it says something, and does not repeat a whole book.
fn is_said(why: &str, input: &str) {
    assert!(!why.trim().is_empty(), "an error says nothing of {input:?}");
    assert!(why.len() <= 2 * input.len() + 1_000, "an error of {} bytes about {} bytes", why.len(), input.len());
}
