//! The ledger's port: what is remembered, and what is promised by it.

use std::collections::BTreeMap;

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::claim::{Claim, ClaimRecord, Claimed, Outcome, Stage, Watch};
use crate::event::{Draft, Event, Head, Kind};
use crate::proposal::Key;
use crate::scope::{AccountId, Mode};

/// When and as what a ledger came to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Birth {
    /// Random, and before the first link of every chain.
    pub id: Uuid,
    /// When. Until the operator lifts it, it counts in live mode as every unit's last action.
    pub at: DateTime<Utc>,
    /// When the operator said that nothing acted here before.
    pub lifted: Option<DateTime<Utc>>,
}

/// The kill switch, pulled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// Since when.
    pub at: DateTime<Utc>,
    /// Who pulled it.
    pub actor: String,
    /// Why.
    pub why: String,
    /// When it ends by itself; `None` for never.
    pub until: Option<DateTime<Utc>>,
}

/// A change to the ledger's state that is committed together with the events that tell of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A claim moves on. The key must be claimed; a `None` leaves the field as it is.
    Move {
        /// Which claim.
        key: Key,
        /// Where it is now.
        stage: Stage,
        /// How it ended, when that is known now.
        outcome: Option<Outcome>,
        /// What to watch for.
        watch: Option<Watch>,
    },
    /// The kill switch: paused, or no longer.
    Pause(Option<Pause>),
    /// The operator's word that nothing acted here before this ledger was born.
    FirstRun(DateTime<Utc>),
}

/// Which events. Every field narrows; the default is all, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventQuery {
    /// Any of these kinds; empty for all.
    pub kinds: Vec<Kind>,
    /// This mode.
    pub mode: Option<Mode>,
    /// This account.
    pub account: Option<AccountId>,
    /// This unit, such as `cluster:shop-prod`.
    pub unit: Option<String>,
    /// Keys that begin so.
    pub key_prefix: Option<String>,
    /// At or after.
    pub since: Option<DateTime<Utc>>,
    /// Before.
    pub until: Option<DateTime<Utc>>,
    /// Numbers above this one.
    pub after: Option<u64>,
    /// At most so many.
    pub limit: Option<usize>,
    /// Newest first.
    pub newest_first: bool,
}

/// Which claims. Every field narrows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClaimQuery {
    /// This mode.
    pub mode: Option<Mode>,
    /// This account.
    pub account: Option<AccountId>,
    /// For this date.
    pub date: Option<NaiveDate>,
    /// Not closed yet.
    pub open: bool,
}

/// What went wrong with the ledger.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// It could not be opened.
    #[error("cannot open the ledger {path}: {why}")]
    Open {
        /// Where it is.
        path: String,
        /// What is wrong and the remedy.
        why: String,
    },
    /// Another process holds it.
    #[error("another simian holds the ledger {path} (process {holder}); only one may run on it")]
    Held {
        /// Where it is.
        path: String,
        /// Which process, as the lock file says.
        holder: String,
    },
    /// It was written by a newer simian.
    #[error("the ledger {path} has schema {found}, this simian knows {known}: run the newer simian that wrote it")]
    Newer {
        /// Where it is.
        path: String,
        /// Its schema.
        found: u32,
        /// Ours.
        known: u32,
    },
    /// There is none.
    #[error("there is no ledger at {path}; `simian run` or `simian round` makes one")]
    Missing {
        /// Where it should be.
        path: String,
    },
    /// It cannot be written: full, read-only, broken. Nothing was written.
    #[error("cannot write to the ledger: {0}")]
    Write(String),
    /// It cannot be read.
    #[error("cannot read the ledger: {0}")]
    Read(String),
    /// A change named a key that nobody claimed: our own mistake.
    #[error("nobody claimed {0}")]
    Unclaimed(String),
}

/// What is remembered. Every write is one commit: all of it or nothing, on disk when the call returns.
#[async_trait]
pub trait Ledger: Send + Sync {
    /// When and as what it came to be.
    async fn birth(&self) -> Result<Birth, LedgerError>;
    /// The kill switch, if it is pulled. A pause whose `until` has passed is still returned: the caller has the clock.
    async fn pause(&self) -> Result<Option<Pause>, LedgerError>;
    /// Seals the drafts in order, appends them to the writer's chain and makes the changes, in one commit.
    async fn commit(&self, drafts: Vec<Draft>, changes: Vec<Change>) -> Result<Vec<Event>, LedgerError>;
    /// Tries each claim in order, each all or nothing, all in one commit: a claim won spends its slots before the next
    /// is tried. The answer has one item a claim, in order.
    async fn claim(&self, claims: &[Claim]) -> Result<Vec<Claimed>, LedgerError>;
    /// The events that match, by number.
    async fn events(&self, query: &EventQuery) -> Result<Vec<Event>, LedgerError>;
    /// The claims that match, by key.
    async fn claims(&self, query: &ClaimQuery) -> Result<Vec<ClaimRecord>, LedgerError>;
    /// The latest date of a claim per unit (in full), for claims whose outcome counts or is not recorded yet.
    async fn last_actions(&self, mode: Mode, account: &AccountId) -> Result<BTreeMap<String, NaiveDate>, LedgerError>;
    /// The day counters of that mode and date, by name.
    async fn counters(&self, mode: Mode, date: NaiveDate) -> Result<BTreeMap<String, u32>, LedgerError>;
    /// The writers and the head of each one's chain.
    async fn heads(&self) -> Result<BTreeMap<String, Head>, LedgerError>;
    /// The number of the last event that a sink has told; 0 before the first.
    async fn cursor(&self, sink: &str) -> Result<u64, LedgerError>;
    /// The cursors that there are, by sink. One that stands at 0 is there, and is not the same as none.
    async fn cursors(&self) -> Result<BTreeMap<String, u64>, LedgerError>;
    /// Moves a sink's cursor, and makes it where there is none. Never back.
    async fn advance(&self, sink: &str, seq: u64) -> Result<(), LedgerError>;
}

/// The name of a day counter: mode, date, what is counted, whose.
pub fn counter(mode: Mode, date: NaiveDate, dimension: &str, of: &str) -> String {
    format!("{}{dimension}/{of}", counter_prefix(mode, date))
}

/// What the names of all day counters of a mode and date begin with.
pub fn counter_prefix(mode: Mode, date: NaiveDate) -> String {
    format!("{mode}/{date}/")
}
