//! The monkey's own table, `[monkeys.chaos]`.

use chrono::TimeDelta;
use serde::{Deserialize, Deserializer};
use simian_core::tags::{parse_mean, parse_min, parse_probability};
use simian_core::{CronSpec, Faults, Grouping, Settings, UnitKind};

/// `[monkeys.chaos]`: what is not written has a cautious default.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Whether it runs at all.
    pub enabled: bool,
    /// How often it looks; due minutes wake it besides.
    pub cron: CronSpec,
    /// What groups are taken together.
    pub unit: UnitKind,
    /// Whether a unit's groups in different regions are units of their own.
    pub regions_independent: bool,
    /// Mean working days between two actions on a unit, where its owner says nothing.
    #[serde(deserialize_with = "mean")]
    pub mean_days: Option<f64>,
    /// The same as a daily probability. Not both.
    #[serde(deserialize_with = "probability")]
    pub probability: Option<f64>,
    /// Least working days between two actions.
    #[serde(deserialize_with = "least")]
    pub min_days: u32,
    /// Which faults, by weight, such as `terminate=8 terminate-gracefully=2`.
    #[serde(deserialize_with = "faults")]
    pub faults: Faults,
    /// How long after its due minute an action may still be done.
    #[serde(deserialize_with = "grace")]
    pub grace: TimeDelta,
}

/// Two keys that contradict each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contradiction {
    /// The key to mend.
    pub key: &'static str,
    /// What is wrong and the remedy.
    pub why: String,
}

impl Default for Config {
    fn default() -> Self {
        #[expect(clippy::expect_used, reason = "a constant that a test reads")]
        let cron = "*/15 * * * *".parse().expect("the default is valid");
        Self {
            enabled: false,
            cron,
            unit: UnitKind::default(),
            regions_independent: true,
            mean_days: None,
            probability: None,
            min_days: 1,
            faults: Faults::default(),
            grace: TimeDelta::minutes(30),
        }
    }
}

impl Config {
    /// How groups are taken together.
    pub fn grouping(&self) -> Grouping {
        Grouping { kind: self.unit, across_regions: !self.regions_independent }
    }

    /// What counts for a unit whose owner says nothing.
    pub fn settings(&self) -> Result<Settings, Contradiction> {
        let mean_days = match (self.mean_days, self.probability) {
            (Some(_), Some(_)) => {
                let why = "set mean_days or probability, not both".to_owned();
                return Err(Contradiction { key: "probability", why });
            }
            (Some(days), None) => days,
            (None, Some(p)) => Settings::mean_of(p, self.min_days),
            (None, None) => Settings::default().mean_days.max(f64::from(self.min_days)),
        };
        if mean_days < f64::from(self.min_days) {
            let why = format!("a mean of {mean_days} is less than min_days, {}: raise it", self.min_days);
            return Err(Contradiction { key: "mean_days", why });
        }
        Ok(Settings { mean_days, min_days: self.min_days, faults: self.faults.clone(), vetoes: Vec::new() })
    }
}

// The numbers go through the same readers as the tags, so that both have the same limits and the same words.

fn mean<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    parse_mean(&f64::deserialize(deserializer)?.to_string()).map(Some).map_err(serde::de::Error::custom)
}

fn probability<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    parse_probability(&f64::deserialize(deserializer)?.to_string()).map(Some).map_err(serde::de::Error::custom)
}

fn least<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    parse_min(&i64::deserialize(deserializer)?.to_string()).map_err(serde::de::Error::custom)
}

fn faults<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Faults, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
}

/// The longest grace: a due minute of the morning is not caught up in the evening.
const MAX_GRACE: TimeDelta = TimeDelta::hours(4);

fn grace<'de, D: Deserializer<'de>>(deserializer: D) -> Result<TimeDelta, D::Error> {
    let text = String::deserialize(deserializer)?;
    simian_core::span::parse(&text).map_err(serde::de::Error::custom).and_then(|span| {
        if span >= TimeDelta::minutes(1) && span <= MAX_GRACE {
            Ok(span)
        } else {
            Err(serde::de::Error::custom(format!("a grace of `{text}` is not between 1m and 4h")))
        }
    })
}
