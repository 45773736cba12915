//! The monkey's own table, `[monkeys.chaos]`.

use chrono::TimeDelta;
use serde::Deserialize;
use simian_core::choice::Rule;
use simian_core::size::Share;
use simian_core::turn::keys::{self, Contradiction};
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
    #[serde(deserialize_with = "keys::mean")]
    pub mean_days: Option<f64>,
    /// The same as a daily probability. Not both.
    #[serde(deserialize_with = "keys::probability")]
    pub probability: Option<f64>,
    /// Least working days between two actions.
    #[serde(deserialize_with = "keys::least")]
    pub min_days: u32,
    /// Which faults, by weight, such as `terminate=8 terminate-gracefully=2`.
    #[serde(deserialize_with = "keys::faults")]
    pub faults: Faults,
    /// How many at once.
    #[serde(deserialize_with = "keys::count")]
    pub count: Option<u32>,
    /// The same as a share of the unit's serving members. Not both.
    #[serde(deserialize_with = "keys::share")]
    pub share: Option<Share>,
    /// The most that count or share may come to, owners' shares too.
    #[serde(deserialize_with = "keys::count")]
    pub cap: Option<u32>,
    /// How long after its due minute an action may still be done.
    #[serde(deserialize_with = "keys::grace")]
    pub grace: TimeDelta,
    /// How long an action must have been announced before it may be done.
    #[serde(deserialize_with = "keys::veto")]
    pub veto: TimeDelta,
    /// After so many working days without an action a unit's turn comes soon. Off by default.
    #[serde(deserialize_with = "keys::mandatory")]
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
        let mean_days = keys::rate(self.mean_days, self.probability, self.min_days)?;
        if let Some(days) = self.mandatory_days.filter(|days| f64::from(*days) < mean_days) {
            let why = format!("{days} days are fewer than the mean, {mean_days}, so it would set the rate: raise it");
            return Err(Contradiction { key: "mandatory_days", why });
        }
        let size = Size::of(self.count, self.share, self.cap, Size::default())
            .map_err(|error| Contradiction { key: error.key, why: error.why })?;
        let (min_days, faults) = (self.min_days, self.faults.clone());
        Ok(Settings { mean_days, min_days, faults, size, ..Settings::default() })
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
