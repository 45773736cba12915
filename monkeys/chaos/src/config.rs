//! The monkey's own table, `[monkeys.chaos]`.

use chrono::TimeDelta;
use serde::{Deserialize, Deserializer};
use simian_core::choice::Rule;
use simian_core::size::{Share, parse_count};
use simian_core::tags::{MAX_DAYS, parse_mean, parse_min, parse_probability};
use simian_core::{Choice, CronSpec, Faults, Grouping, Mode, Settings, Size, UnitKind};

use crate::NAME;

/// `[monkeys.chaos]`: what is not written has a cautious default.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Whether it runs at all.
    pub enabled: bool,
    /// What it may do at most: `dry-run` holds it back where the accounts are live.
    pub mode: Mode,
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
    /// How many at once.
    #[serde(deserialize_with = "count")]
    pub count: Option<u32>,
    /// The same as a share of the unit's serving members. Not both.
    #[serde(deserialize_with = "share")]
    pub share: Option<Share>,
    /// The most that count or share may come to, owners' shares too.
    #[serde(deserialize_with = "count")]
    pub cap: Option<u32>,
    /// How long after its due minute an action may still be done.
    #[serde(deserialize_with = "grace")]
    pub grace: TimeDelta,
    /// How long an action must have been announced before it may be done.
    #[serde(deserialize_with = "veto")]
    pub veto: TimeDelta,
    /// After so many working days without an action a unit's turn comes soon. Off by default.
    #[serde(deserialize_with = "mandatory")]
    pub mandatory_days: Option<u32>,
    /// Ends of names that are never chosen.
    pub never_suffixes: Vec<String>,
    /// Groups that are never chosen. Read by whoever knows their places in the file.
    #[serde(skip)]
    pub except: Vec<Rule>,
    /// The only groups that are chosen, when there are any. Read in the same way.
    #[serde(skip)]
    pub only: Vec<Rule>,
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
            mode: Mode::Live,
            cron,
            unit: UnitKind::default(),
            regions_independent: true,
            mean_days: None,
            probability: None,
            min_days: 1,
            faults: Faults::default(),
            count: None,
            share: None,
            cap: None,
            grace: TimeDelta::minutes(30),
            veto: TimeDelta::zero(),
            mandatory_days: None,
            never_suffixes: ["-canary", "-baseline"].map(str::to_owned).into(),
            except: Vec::new(),
            only: Vec::new(),
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
        if let Some(days) = self.mandatory_days.filter(|days| f64::from(*days) < mean_days) {
            let why = format!("{days} days are fewer than the mean, {mean_days}, so it would set the rate: raise it");
            return Err(Contradiction { key: "mandatory_days", why });
        }
        let size = Size::of(self.count, self.share, self.cap, Size::default())
            .map_err(|error| Contradiction { key: error.key, why: error.why })?;
        let (min_days, faults) = (self.min_days, self.faults.clone());
        let (hours, vetoes, alarms) = (Vec::new(), Vec::new(), Vec::new());
        Ok(Settings { mean_days, min_days, faults, terms: None, size, hours, vetoes, alarms })
    }

    /// Which groups may be chosen.
    pub fn choice(&self) -> Choice {
        Choice {
            key: format!("monkeys.{NAME}"),
            except: self.except.clone(),
            only: self.only.clone(),
            never_suffixes: self.never_suffixes.clone(),
        }
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

fn count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    parse_count(&i64::deserialize(deserializer)?.to_string()).map(Some).map_err(serde::de::Error::custom)
}

fn share<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Share>, D::Error> {
    f64::deserialize(deserializer)?.to_string().parse().map(Some).map_err(serde::de::Error::custom)
}

fn mandatory<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    let days = i64::deserialize(deserializer)?;
    let read = u32::try_from(days).ok().filter(|days| (1..=MAX_DAYS).contains(days));
    let wrong = || format!("`{days}` is no number of working days: write a whole number from 1 to {MAX_DAYS}");
    read.map(Some).ok_or_else(|| serde::de::Error::custom(wrong()))
}

/// The longest veto window: who has not said no within a day does not read.
const MAX_VETO: TimeDelta = TimeDelta::days(1);

fn veto<'de, D: Deserializer<'de>>(deserializer: D) -> Result<TimeDelta, D::Error> {
    let text = String::deserialize(deserializer)?;
    let span = simian_core::span::parse(&text).map_err(serde::de::Error::custom)?;
    if span > MAX_VETO {
        return Err(serde::de::Error::custom(format!("a veto window of `{text}` is longer than a day: shorten it")));
    }
    Ok(span)
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
