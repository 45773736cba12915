//! The monkey's own table, `[monkeys.latency]`.

use chrono::TimeDelta;
use serde::{Deserialize, Deserializer};
use simian_core::choice::Rule;
use simian_core::turn::keys::{self, Contradiction};
use simian_core::{Choice, CronSpec, Grouping, Mode, Settings, Terms, UnitKind};
use simian_faults::{Fault, FaultError};

use crate::NAME;

/// `[monkeys.latency]`: what is not written has a cautious default.
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
    #[serde(deserialize_with = "keys::mean")]
    pub mean_days: Option<f64>,
    /// The same as a daily probability. Not both.
    #[serde(deserialize_with = "keys::probability")]
    pub probability: Option<f64>,
    /// Least working days between two actions.
    #[serde(deserialize_with = "keys::least")]
    pub min_days: u32,
    /// Members of a unit that are hit at once at most, whatever its owner says.
    #[serde(deserialize_with = "keys::number")]
    pub cap: u32,
    /// The same of those in one zone.
    #[serde(deserialize_with = "keys::number")]
    pub zone_cap: u32,
    /// What networks are slow towards, where an owner does not say it.
    #[serde(deserialize_with = "destinations")]
    pub to: Option<String>,
    /// Whether a network may be slow towards everybody.
    pub everything: bool,
    /// How long after its due minute an action may still be done.
    #[serde(deserialize_with = "keys::grace")]
    pub grace: TimeDelta,
    /// How long an action must have been announced before it may be done.
    #[serde(deserialize_with = "keys::veto")]
    pub veto: TimeDelta,
    /// Ends of names that are never chosen.
    pub never_suffixes: Vec<String>,
    /// Groups that are never chosen. Read by whoever knows their places in the file.
    #[serde(skip)]
    pub except: Vec<Rule>,
    /// The only groups that are chosen, when there are any. Read in the same way.
    #[serde(skip)]
    pub only: Vec<Rule>,
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
            cap: 1,
            zone_cap: 1,
            to: None,
            everything: false,
            grace: TimeDelta::minutes(30),
            veto: TimeDelta::zero(),
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

    /// How often a unit whose owner says nothing has its turn.
    pub fn settings(&self) -> Result<Settings, Contradiction> {
        let mean_days = keys::rate(self.mean_days, self.probability, self.min_days)?;
        Ok(Settings { mean_days, min_days: self.min_days, ..Settings::default() })
    }

    /// The operator's terms of a slow network, with this table's destinations over them.
    pub fn over(&self, mut terms: Terms) -> Terms {
        terms.parameters.extend(self.to.clone().map(|to| ("to".to_owned(), to)));
        terms
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

/// Destinations, as the fault itself reads them.
fn destinations<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(deserializer)?;
    match Fault::example("latency", [("to", text.as_str())]) {
        Ok(_) => Ok(Some(text)),
        // Which key and which fault is said already.
        Err(FaultError::Parameter { error: simian_faults::ParameterError::Wrong { why, .. }, .. }) => {
            Err(serde::de::Error::custom(why))
        }
        Err(FaultError::Parameter { error, .. }) => Err(serde::de::Error::custom(error)),
        Err(error) => Err(serde::de::Error::custom(error)),
    }
}
