//! What a monkey proposes, and the key under which it is done at most once.

use std::fmt;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::action::Action;
use crate::chore::Step;
use crate::fault::Terms;
use crate::fleet::InstanceId;
use crate::resource::ResourceId;
use crate::scope::{Area, Mode, Scope};
use crate::unit::{Unit, UnitId};

/// The name of one thing to be done. A key is claimed at most once, for ever.
///
/// `chaos/2026-11-23/111122223333/us-east-1/cluster:shop-prod` for the unit's turn on that date (the date, in the
/// operator's zone, on which the window opened), `chaos/request:ID/…` for what a person asked for. A rehearsal's key
/// begins with `dry-run/`, so that it never takes a live one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Key(String);

impl Key {
    /// The key of a unit's turn on a date.
    pub fn dated(mode: Mode, monkey: &str, date: NaiveDate, unit: &UnitId) -> Self {
        Self(format!("{}{}", Self::prefix(mode, monkey, date), unit.full()))
    }

    /// The key of a unit's part in a request.
    pub fn requested(mode: Mode, monkey: &str, request: &str, unit: &UnitId) -> Self {
        Self(format!("{}{}", Self::of_request(mode, monkey, request), unit.full()))
    }

    /// What the keys of a request begin with.
    pub fn of_request(mode: Mode, monkey: &str, request: &str) -> String {
        format!("{}{monkey}/request:{request}/", Self::mode(mode))
    }

    /// The key of one step with one resource on a date.
    pub fn chore(mode: Mode, monkey: &str, date: NaiveDate, scope: &Scope, resource: &ResourceId, step: Step) -> Self {
        Self(format!("{}{scope}/{resource}/{step}", Self::prefix(mode, monkey, date)))
    }

    /// The key of a date's plan of an area.
    pub fn plan(mode: Mode, monkey: &str, date: NaiveDate, area: &Area) -> Self {
        Self(format!("{}{area}/plan", Self::prefix(mode, monkey, date)))
    }

    /// What the keys of a date's scores of an area begin with.
    pub fn scores(mode: Mode, monkey: &str, date: NaiveDate, area: &Area) -> String {
        format!("{}{area}/score/", Self::prefix(mode, monkey, date))
    }

    /// What all keys of a date begin with.
    pub fn prefix(mode: Mode, monkey: &str, date: NaiveDate) -> String {
        format!("{}{monkey}/{date}/", Self::mode(mode))
    }

    /// Takes a key as the ledger holds it.
    pub fn from_stored(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn mode(mode: Mode) -> &'static str {
        match mode {
            Mode::Live => "",
            Mode::DryRun => "dry-run/",
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// One instance that an action is aimed at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Target {
    /// The instance.
    pub instance: InstanceId,
    /// Its group.
    pub group: String,
    /// Its availability zone.
    pub zone: String,
}

impl Target {
    /// The instances as one text, in order, separated by spaces; `None` when there is none.
    pub fn instances(targets: &[Target]) -> Option<String> {
        join(targets.iter().map(|target| target.instance.as_str()))
    }

    /// Their groups as one text, each once, in the order of the instances.
    pub fn groups(targets: &[Target]) -> Option<String> {
        join(targets.iter().map(|target| target.group.as_str()))
    }
}

fn join<'t>(texts: impl Iterator<Item = &'t str>) -> Option<String> {
    let mut words: Vec<&str> = Vec::new();
    for text in texts {
        if !words.contains(&text) {
            words.push(text);
        }
    }
    (!words.is_empty()).then(|| words.join(" "))
}

/// Something that a monkey would do. Nothing more than a wish until the rails have judged it.
#[derive(Clone, Debug, PartialEq)]
pub struct Proposal {
    /// Its name.
    pub key: Key,
    /// For real, or a rehearsal.
    pub mode: Mode,
    /// The monkey.
    pub monkey: String,
    /// The date that it counts for: the operator-zone date on which the window opened.
    pub date: NaiveDate,
    /// Not before this.
    pub due: DateTime<Utc>,
    /// Not at or after this.
    pub expires: DateTime<Utc>,
    /// Whose turn it is.
    pub unit: Unit,
    /// Where it acts: all its targets are there. The unit's own scope, unless that spans regions.
    pub scope: Scope,
    /// Whom it hits. Empty when nobody could be chosen; then the member rail holds it.
    pub targets: Vec<Target>,
    /// What would be done to them.
    pub action: Action,
    /// How long and how hard, where it lasts.
    pub terms: Option<Terms>,
    /// The request that asked for it, if one did.
    pub request: Option<String>,
    /// Why this unit, now: one sentence.
    pub why: String,
}

impl Proposal {
    /// How much it costs: its targets.
    pub fn cost(&self) -> u32 {
        u32::try_from(self.targets.len()).unwrap_or(u32::MAX)
    }
}
