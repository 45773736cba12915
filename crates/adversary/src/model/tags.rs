//! What an owner's tags say, read once more from the page for owners. What cannot be read is a no.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use chrono_tz::Tz;

use crate::scenario::PolicySetup;

/// What an owner wants.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Wish {
    pub(crate) min_days: u32,
    pub(crate) count: u32,
    /// In ten-thousandths of those that serve; then the count says nothing.
    pub(crate) share: Option<u32>,
    pub(crate) cap: u32,
    /// Open and close in minutes after midnight, and whose.
    pub(crate) hours: Option<(u16, u16, Tz)>,
    pub(crate) vetoes: Vec<NaiveDate>,
    pub(crate) faults: Vec<String>,
    pub(crate) alarms: Vec<String>,
}

/// What an owner may want that this model knows of.
const KNOWN: [&str; 13] = [
    "terminate",
    "terminate-gracefully",
    "reboot",
    "spot-interruption",
    "latency",
    "burn-cpu",
    "isolate",
    "stop-start",
    "standby",
    "detach",
    "detach-volumes",
    "deregister",
    "suspend-processes",
];

/// Yes, no, or a word that nobody understands.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Word {
    No,
    Yes(Wish),
    Garbled,
}

/// Reads a group's tags.
pub(crate) fn read(tags: &BTreeMap<String, String>, policy: &PolicySetup) -> Word {
    let mapped = policy.mapped.as_ref().is_some_and(|(key, value)| tags.get(key) == Some(value));
    match tags.get("simian:chaos").map(String::as_str) {
        Some("on") => {}
        None if mapped => {}
        Some("off") | None => return Word::No,
        Some(_) => return Word::Garbled,
    }
    wish(tags, policy).map_or(Word::Garbled, Word::Yes)
}

fn whole(text: &str, most: u32) -> Option<u32> {
    text.parse().ok().filter(|n| (1..=most).contains(n))
}

fn decimal(text: &str) -> Option<f64> {
    let shaped = !text.is_empty() && text.chars().all(|c| c.is_ascii_digit() || c == '.');
    text.parse().ok().filter(|_| shaped)
}

fn wish(tags: &BTreeMap<String, String>, policy: &PolicySetup) -> Option<Wish> {
    let tag = |key: &str| tags.get(key).map(|text| text.trim());
    let known = ["mean-days", "probability", "min-days", "count", "share", "cap", "faults"];
    for key in tags.keys() {
        if let Some(name) = key.strip_prefix("simian:chaos:") {
            known.contains(&name).then_some(())?;
        } else if let Some(name) = key.strip_prefix("simian:") {
            let first = name.split(':').next().unwrap_or(name);
            let ours = ["chaos", "latency", "conformity", "keep", "mark", "fault"].contains(&first);
            (ours || name == "veto" || name == "hours" || name == "alarms").then_some(())?;
        }
    }
    let min_days = match tag("simian:chaos:min-days") {
        Some(text) => whole(text, 1000)?,
        None => policy.min_days,
    };
    let mean = match (tag("simian:chaos:mean-days"), tag("simian:chaos:probability")) {
        (Some(_), Some(_)) => return None,
        (Some(text), None) => decimal(text).filter(|days| (1.0..=1000.0).contains(days))?,
        (None, Some(text)) => {
            let p = decimal(text).filter(|p| (0.001..=1.0).contains(p))?;
            f64::from(min_days) - 1.0 + 1.0 / p
        }
        (None, None) => f64::from(policy.mean_days).max(f64::from(min_days)),
    };
    (mean >= f64::from(min_days)).then_some(())?;
    let cap = match tag("simian:chaos:cap") {
        Some(text) => whole(text, 50)?,
        None => policy.cap,
    };
    let (count, share) = match (tag("simian:chaos:count"), tag("simian:chaos:share")) {
        (Some(_), Some(_)) => return None,
        (Some(text), None) => (whole(text, 50).filter(|count| *count <= cap)?, None),
        (None, Some(text)) => {
            let share = decimal(text).filter(|share| (0.01..=0.5).contains(share))?;
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is between 0 and 1")]
            let parts = (share * 10_000.0).round() as u32;
            (u32::MAX, Some(parts))
        }
        (None, None) => (policy.count, None),
    };
    let faults = match tag("simian:chaos:faults") {
        Some(text) => {
            let words = text.split_whitespace().map(|word| word.split('=').next().unwrap_or(word).to_owned());
            let words: Vec<String> = words.collect();
            (!words.is_empty() && words.iter().all(|word| KNOWN.contains(&word.as_str()))).then_some(words)?
        }
        None => vec!["terminate".to_owned()],
    };
    let hours = match tag("simian:hours") {
        Some(text) => Some(own_hours(text)?),
        None => None,
    };
    let vetoes = match tag("simian:veto") {
        Some("") => return None,
        Some(text) => text.split_whitespace().map(|day| day.parse().ok()).collect::<Option<_>>()?,
        None => Vec::new(),
    };
    let alarms: Vec<String> = tag("simian:alarms").unwrap_or_default().split_whitespace().map(str::to_owned).collect();
    (tag("simian:alarms").is_none() || (1..=10).contains(&alarms.len())).then_some(())?;
    Some(Wish { min_days, count, share, cap, hours, vetoes, faults, alarms })
}

fn own_hours(text: &str) -> Option<(u16, u16, Tz)> {
    let (span, zone) = text.split_once(' ')?;
    let (open, close) = span.split_once('-')?;
    let (open, close) = (time(open)?, time(close)?);
    (open != close && open < 1440).then_some((open, close, zone.trim().parse().ok()?))
}

fn time(text: &str) -> Option<u16> {
    let (hours, minutes) = text.split_once(':')?;
    let shaped = hours.len() == 2 && minutes.len() == 2;
    let (hours, minutes): (u16, u16) = (hours.parse().ok()?, minutes.parse().ok()?);
    let time = hours * 60 + minutes;
    (shaped && minutes < 60 && time <= 1440).then_some(time)
}

impl Wish {
    /// The most that may fall at once, of so many that serve.
    pub(crate) fn most(&self, serving: usize) -> usize {
        let serving = u32::try_from(serving).unwrap_or(u32::MAX);
        let share = self.share.map_or(u32::MAX, |share| serving.saturating_mul(share) / 10_000);
        self.count.min(share).min(self.cap).max(1) as usize
    }
}
