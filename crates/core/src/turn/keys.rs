//! The keys that such monkeys have in common in their tables. Numbers go through the same readers as the tags, so that
//! both have the same limits and the same words.

use chrono::TimeDelta;
use serde::{Deserialize, Deserializer};

use crate::size::{Share, parse_count};
use crate::span;
use crate::tags::{Faults, MAX_DAYS, Settings, parse_mean, parse_min, parse_probability};

/// Two keys that contradict each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contradiction {
    /// The key to mend.
    pub key: &'static str,
    /// What is wrong and the remedy.
    pub why: String,
}

/// The mean in working days, as one of two keys says it.
pub fn rate(mean_days: Option<f64>, probability: Option<f64>, min_days: u32) -> Result<f64, Contradiction> {
    let mean_days = match (mean_days, probability) {
        (Some(_), Some(_)) => {
            let why = "set mean_days or probability, not both".to_owned();
            return Err(Contradiction { key: "probability", why });
        }
        (Some(days), None) => days,
        (None, Some(p)) => Settings::mean_of(p, min_days),
        (None, None) => Settings::default().mean_days.max(f64::from(min_days)),
    };
    if mean_days < f64::from(min_days) {
        let why = format!("a mean of {mean_days} is less than min_days, {min_days}: raise it");
        return Err(Contradiction { key: "mean_days", why });
    }
    Ok(mean_days)
}

/// A mean in working days.
pub fn mean<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    parse_mean(&f64::deserialize(deserializer)?.to_string()).map(Some).map_err(serde::de::Error::custom)
}

/// A daily probability.
pub fn probability<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    parse_probability(&f64::deserialize(deserializer)?.to_string()).map(Some).map_err(serde::de::Error::custom)
}

/// A least gap in working days.
pub fn least<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    parse_min(&i64::deserialize(deserializer)?.to_string()).map_err(serde::de::Error::custom)
}

/// Faults by weight.
pub fn faults<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Faults, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
}

/// A number of instances that may be left out.
pub fn count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    number(deserializer).map(Some)
}

/// A number of instances.
pub fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    parse_count(&i64::deserialize(deserializer)?.to_string()).map_err(serde::de::Error::custom)
}

/// A share of instances.
pub fn share<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Share>, D::Error> {
    f64::deserialize(deserializer)?.to_string().parse().map(Some).map_err(serde::de::Error::custom)
}

/// A number of working days after which a unit's turn comes soon.
pub fn mandatory<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    let days = i64::deserialize(deserializer)?;
    let read = u32::try_from(days).ok().filter(|days| (1..=MAX_DAYS).contains(days));
    let wrong = || format!("`{days}` is no number of working days: write a whole number from 1 to {MAX_DAYS}");
    read.map(Some).ok_or_else(|| serde::de::Error::custom(wrong()))
}

/// The longest veto window: who has not said no within a day does not read.
const MAX_VETO: TimeDelta = TimeDelta::days(1);

/// A veto window.
pub fn veto<'de, D: Deserializer<'de>>(deserializer: D) -> Result<TimeDelta, D::Error> {
    let text = String::deserialize(deserializer)?;
    let span = span::parse(&text).map_err(serde::de::Error::custom)?;
    if span > MAX_VETO {
        return Err(serde::de::Error::custom(format!("a veto window of `{text}` is longer than a day: shorten it")));
    }
    Ok(span)
}

/// The longest grace: a due minute of the morning is not caught up in the evening.
const MAX_GRACE: TimeDelta = TimeDelta::hours(4);

/// A grace.
pub fn grace<'de, D: Deserializer<'de>>(deserializer: D) -> Result<TimeDelta, D::Error> {
    let text = String::deserialize(deserializer)?;
    span::parse(&text).map_err(serde::de::Error::custom).and_then(|span| {
        if span >= TimeDelta::minutes(1) && span <= MAX_GRACE {
            Ok(span)
        } else {
            Err(serde::de::Error::custom(format!("a grace of `{text}` is not between 1m and 4h")))
        }
    })
}
