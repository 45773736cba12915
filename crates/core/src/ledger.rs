//! The ledger's port: what is remembered, and what is promised by it.

use std::collections::BTreeMap;
use std::fmt;

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::claim::{Claim, ClaimRecord, Claimed, Lease, Outcome, Stage, Watch};
use crate::event::{Draft, Event, Head, Kind, hex, millis};
use crate::mark::{Mark, MarkId};
use crate::proposal::Key;
use crate::scope::{AccountId, Mode, Region, Scope};

/// When and as what a ledger came to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Birth {
    /// Random, and before the first link of every chain.
    pub id: Uuid,
    /// When. Until the operator lifts it, it counts in live mode as every unit's last action.
    pub at: DateTime<Utc>,
    /// When the operator said that nothing acted here before.
    pub lifted: Option<DateTime<Utc>>,
    /// When somebody first lifted the pause that a new ledger begins with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub woken: Option<DateTime<Utc>>,
}

impl Birth {
    /// A birth that nobody has said anything of.
    pub fn new(id: Uuid, at: DateTime<Utc>) -> Self {
        Self { id, at, lifted: None, woken: None }
    }
}

/// The kill switch, pulled: for everything, or for what its fields name. There may be several at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// Its name: short, for people to lift it by.
    pub id: String,
    /// Since when.
    pub at: DateTime<Utc>,
    /// Who pulled it.
    pub actor: String,
    /// Why.
    pub why: String,
    /// When it ends by itself; `None` for never.
    pub until: Option<DateTime<Utc>>,
    /// Only this account; `None` for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// Only this region; `None` for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<Region>,
    /// Only this monkey; `None` for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub monkey: Option<String>,
    /// Only this unit or resource, such as `cluster:shop-prod` or `volume/vol-0abc` for every one of that name, or in full;
    /// `None` for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
}

/// What the actor of a pause begins with that is a file and no person's word.
const BY_FILE: &str = "file:";

impl Pause {
    /// Who pulls the kill switch when the breaker trips, and the name of that pause: there is one at most.
    pub const BREAKER: &str = "breaker";

    /// Everything is paused, for ever.
    pub fn new(at: DateTime<Utc>, actor: impl Into<String>, why: impl Into<String>) -> Self {
        let (actor, why) = (actor.into(), why.into());
        let everything = Self {
            id: String::new(),
            at,
            actor,
            why,
            until: None,
            account: None,
            region: None,
            monkey: None,
            unit: None,
        };
        everything.named()
    }

    /// Everything is paused while there is this file.
    pub fn by_file(at: DateTime<Utc>, path: &str, why: impl Into<String>) -> Self {
        Self { id: "file".into(), ..Self::new(at, format!("{BY_FILE}{path}"), why) }
    }

    /// The same with the name that it has by what it says: pulled twice with the same words in the same millisecond, it
    /// is one pause.
    #[must_use]
    pub fn named(mut self) -> Self {
        self.id.clear();
        // Strings and times only: nothing that JSON cannot say.
        let said = serde_json::to_vec(&self).unwrap_or_default();
        self.id = hex(&Sha256::digest(said)[..4]);
        self
    }

    /// The file that it is, if it is one: then nobody's word lifts it.
    pub fn file(&self) -> Option<&str> {
        self.actor.strip_prefix(BY_FILE)
    }

    /// Whether it ended by itself.
    pub fn is_over(&self, now: DateTime<Utc>) -> bool {
        self.until.is_some_and(|until| until <= now)
    }

    /// Whether what this monkey does there is paused, to a unit or a resource of these names: the short one, and the one in
    /// full.
    pub fn covers(&self, account: &AccountId, region: &Region, monkey: &str, names: &[&str]) -> bool {
        self.account.as_ref().is_none_or(|only| only == account)
            && self.region.as_ref().is_none_or(|only| only == region)
            && self.monkey.as_ref().is_none_or(|only| only == monkey)
            && self.unit.as_ref().is_none_or(|only| names.contains(&only.as_str()))
    }

    /// What it covers, for people: ` in account 111122223333, monkey chaos`, and nothing when that is everything.
    pub fn extent(&self) -> String {
        let named = [
            self.account.as_ref().map(|account| format!("account {account}")),
            self.region.as_ref().map(|region| format!("region {region}")),
            self.monkey.as_ref().map(|monkey| format!("monkey {monkey}")),
            self.unit.as_ref().map(|unit| format!("unit {unit}")),
        ];
        let named: Vec<String> = named.into_iter().flatten().collect();
        if named.is_empty() { String::new() } else { format!(" in {}", named.join(", ")) }
    }

    /// How to lift it.
    pub fn remedy(&self) -> String {
        match self.file() {
            Some(path) => format!("remove {path}"),
            None => format!("lift it with `simian resume {}`", self.id),
        }
    }
}

impl fmt::Display for Pause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "by {} since {}", self.actor, millis::format(self.at))?;
        if let Some(until) = self.until {
            write!(f, " until {}", millis::format(until))?;
        }
        write!(f, "{}: {}", self.extent(), self.why)
    }
}

/// A change to the ledger's state that is committed together with the events that tell of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A claim moves on. It must be open and its mover's; a `None` leaves the field as it is.
    Move {
        /// Which claim.
        key: Key,
        /// Who holds it.
        by: String,
        /// Where it is now.
        stage: Stage,
        /// How it ended, when that is known now.
        outcome: Option<Outcome>,
        /// What to watch for.
        watch: Option<Watch>,
    },
    /// An open claim is held for longer, or by somebody else from now on. Its lease must be as it was read.
    Hold {
        /// Which claim.
        key: Key,
        /// As it was read.
        from: Lease,
        /// As it is to be.
        to: Lease,
    },
    /// The kill switch is pulled. A pause of the same name is replaced.
    Pause(Pause),
    /// The kill switch is pulled, unless there is a pause of that name already.
    PauseOnce(Pause),
    /// The pause of that name is over. There must be one, so that its end is told once.
    Resume(String),
    /// The operator's word that nothing acted here before this ledger was born.
    FirstRun(DateTime<Utc>),
    /// Somebody lifted the pause of a new ledger: it is never paused for its birth again.
    Woken(DateTime<Utc>),
    /// A finding is open from now on, or as it is told now.
    FindingOpened {
        /// Which.
        id: String,
        /// The event that opened it.
        draft: Box<Draft>,
    },
    /// A finding is no longer open. One that is not there is no error.
    FindingClosed {
        /// Which.
        id: String,
    },
    /// A mark is placed, changed or taken away. It must be as it was read, so that of two who change it one wins.
    Mark {
        /// Which.
        id: MarkId,
        /// As it was read; `None` where there was none.
        from: Option<Box<Mark>>,
        /// As it is to be; `None` to take it away.
        to: Option<Box<Mark>>,
    },
    /// How many groups a survey that is believed saw: what the next one is compared with. Not kept where another figure
    /// than `from` stands meanwhile: somebody knows better.
    Survey {
        /// Where.
        scope: Scope,
        /// What it was compared with itself.
        from: Option<u64>,
        /// What it saw.
        to: u64,
    },
    /// The operator's word that the fleet really changed: what surveys there saw is forgotten, so that the next is compared
    /// with nothing.
    FleetChanged {
        /// Only of this account; `None` for all.
        account: Option<AccountId>,
        /// Only of this region; `None` for all.
        region: Option<Region>,
    },
    /// Units (in full) that were seen opted in, and units that no longer are.
    Sights {
        /// Their account.
        account: AccountId,
        /// On which date each was seen. Seen again does not move the date of its first sight.
        seen: Vec<(String, NaiveDate)>,
        /// Forgotten, before what was seen is remembered.
        gone: Vec<String>,
    },
}

impl Change {
    /// The change that goes with an event of a finding.
    pub fn of_finding(draft: &Draft) -> Option<Self> {
        let id = draft.key.clone()?;
        match draft.kind {
            Kind::FindingOpened => Some(Self::FindingOpened { id, draft: Box::new(draft.clone()) }),
            Kind::FindingClosed => Some(Self::FindingClosed { id }),
            _ => None,
        }
    }
}

/// What is too old to be kept: the order to remove some of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compaction {
    /// When it is done.
    pub at: DateTime<Utc>,
    /// What happened before this goes.
    pub before: DateTime<Utc>,
    /// Events up to this number: those that every sink has told.
    pub upto: u64,
    /// At most so many events, claims and counters, each: a commit that nobody has to wait for.
    pub most: u32,
}

impl Compaction {
    /// What happened before this goes. Never what tells of the compaction itself: it would go with the next, for ever.
    pub fn horizon(&self) -> DateTime<Utc> {
        self.before.min(millis::floor(self.at))
    }

    /// Claims and counters of dates before this one go.
    pub fn date(&self) -> NaiveDate {
        self.horizon().date_naive()
    }
}

/// What was removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Compacted {
    /// Events.
    pub events: u64,
    /// Closed claims.
    pub claims: u64,
    /// Day counters.
    pub counters: u64,
    /// There may be more: ask again.
    pub more: bool,
}

impl Compacted {
    /// The event that tells of it, if there is anything to tell; with the checkpoint that it left, if events went.
    pub fn draft(&self, order: &Compaction, writer: &str, checkpoint: Option<&Head>) -> Option<Draft> {
        if self.events + self.claims + self.counters == 0 {
            return None;
        }
        let why = format!("removed what happened before {}", millis::format(order.horizon()));
        let mut draft = Draft::new(order.at, Kind::LedgerCompacted, Mode::Live, why);
        draft.key = checkpoint.map(|checkpoint| checkpoint.checkpoint_key(writer));
        Some(draft.count("events", self.events).count("claims", self.claims).count("counters", self.counters))
    }
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
    /// A change was for a claim that is closed, or that is no longer the changer's: somebody else was faster. Nothing was
    /// written. Whoever gets this reads again.
    #[error("somebody else was faster with {0}")]
    Overtaken(String),
    /// There is a pause of that name already. Nothing was written.
    #[error("there is a pause {0} already")]
    Paused(String),
    /// A resume named a pause that there is not, or no longer.
    #[error("there is no pause {0}; `simian pause --list` shows those that there are")]
    NoPause(String),
}

/// What is remembered. Every write is one commit: all of it or nothing, on disk when the call returns.
///
/// Events are never changed. They are removed from the front of a chain only, by [`Ledger::compact`], which leaves a
/// checkpoint from which the rest still verifies. What a judgement needs of the past is state, not an old event.
#[async_trait]
pub trait Ledger: Send + Sync {
    /// Whether nobody else can write to it for as long as we have it open. Then a claim that another process left open is
    /// ours at once, and its lease need not be renewed. `false` is never wrong.
    fn exclusive(&self) -> bool {
        false
    }
    /// When and as what it came to be.
    async fn birth(&self) -> Result<Birth, LedgerError>;
    /// The pauses that nobody has ended, by time and name. One whose `until` has passed is still returned: the caller
    /// has the clock.
    async fn pauses(&self) -> Result<Vec<Pause>, LedgerError>;
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
    /// The findings of an account that are open, by id, each with the event that opened it.
    async fn findings(&self, account: &AccountId) -> Result<BTreeMap<String, Draft>, LedgerError>;
    /// The date on which each unit (in full) of an account was first seen opted in, for as long as it is.
    async fn sights(&self, account: &AccountId) -> Result<BTreeMap<String, NaiveDate>, LedgerError>;
    /// The marks of an account in a mode.
    async fn marks(&self, mode: Mode, account: &AccountId) -> Result<BTreeMap<MarkId, Mark>, LedgerError>;
    /// How many groups the last survey that was believed saw, by region of an account.
    async fn surveys(&self, account: &AccountId) -> Result<BTreeMap<Region, u64>, LedgerError>;
    /// Removes the oldest events, closed claims and day counters that the order says, tells of it with
    /// [`Kind::LedgerCompacted`], and moves the checkpoint, in one commit; nothing at all when there is nothing to
    /// remove. Kept whatever their age: claims that are open, and each unit's latest claim of a mode that counts.
    async fn compact(&self, order: &Compaction) -> Result<Compacted, LedgerError>;
    /// The last event that was removed from the front of each writer's chain; writers of whole chains are not in it.
    async fn checkpoints(&self) -> Result<BTreeMap<String, Head>, LedgerError>;
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
    format!("{}{date}/", counters_of(mode))
}

/// What the names of the day counters of a mode begin with. Dates follow in the order of their text.
pub fn counters_of(mode: Mode) -> String {
    format!("{mode}/")
}
