//! What a rail says: kept with the event, so that every reason can be read years later.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// What a rail says of a proposal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", content = "why", rename_all = "kebab-case")]
pub enum Verdict {
    /// Nothing against it; what was looked at, for people.
    Pass(String),
    /// It must not happen now, and why.
    Hold(String),
    /// It cannot be known whether it may; holds.
    Unknown(String),
    /// The rail has nothing to say of it.
    NotApplicable(String),
}

impl Verdict {
    /// Whether it stops the proposal.
    pub fn holds(&self) -> bool {
        matches!(self, Verdict::Hold(_) | Verdict::Unknown(_))
    }

    /// The words.
    pub fn why(&self) -> &str {
        match self {
            Verdict::Pass(why) | Verdict::Hold(why) | Verdict::Unknown(why) | Verdict::NotApplicable(why) => why,
        }
    }

    /// One word for a table.
    pub fn word(&self) -> &'static str {
        match self {
            Verdict::Pass(_) => "pass",
            Verdict::Hold(_) => "hold",
            Verdict::Unknown(_) => "unknown",
            Verdict::NotApplicable(_) => "n/a",
        }
    }
}

/// Which rail said what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ruling {
    /// The rail's name: one of ours, or one that the ledger holds.
    pub rail: Cow<'static, str>,
    /// What it said.
    pub says: Verdict,
}
