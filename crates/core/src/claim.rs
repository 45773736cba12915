//! Claims: how a key is done at most once, whoever else tries.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Deref;
use std::str::FromStr;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::action::Action;
use crate::fault::{Held, Terms};
use crate::ledger::LedgerError;
use crate::proposal::{Key, Target};
use crate::scope::{Mode, Scope};

/// How long after its claim an action may still be started; whoever was paused for longer must not act.
pub const ACT_WITHIN: TimeDelta = TimeDelta::seconds(60);

/// How long a call may take. A call is started only while it fits before `act_before`.
pub const CALL_TIMEOUT: TimeDelta = TimeDelta::seconds(20);

/// How long after `act_before` a call that we no longer hear of may still happen: AWS honours a signed request for
/// 15 minutes (Signature Version 4), and one minute is for the clocks.
pub const SETTLED_AFTER: TimeDelta = TimeDelta::minutes(16);

/// How long a claim is held without a word of its holder: longer than an action takes from its claim to its outcome, and
/// than a watch at its usual pace lets pass between four looks. Whoever holds it for longer renews.
pub const HOLD: TimeDelta = TimeDelta::minutes(2);

/// Who follows an open claim, and until when nobody else may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Who.
    pub holder: String,
    /// Until when, if it is not renewed. `None` in a row that is older than leases: nobody has to wait for its holder.
    pub until: Option<DateTime<Utc>>,
}

/// Room that a claim takes: it gets all of it, or nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Slot {
    /// The unit itself: no claim of this mode on it is open.
    Idle,
    /// The unit as it was judged: no claim of this mode on it that counts is of a later date. Of two that judged at the
    /// same time, under keys of their own, one acts.
    Since {
        /// The date of the last action that was known; `None` when there was none.
        last: Option<NaiveDate>,
    },
    /// A day's counter. Never given back.
    Day {
        /// Its name, with mode and date.
        counter: String,
        /// How much is added.
        cost: u32,
        /// The most it may reach; `None` for no limit.
        limit: Option<u32>,
    },
    /// Targets of claims of this mode that are being acted on or watched: at most so many with this claim's own.
    Concurrent {
        /// The limit.
        limit: Option<u32>,
    },
    /// Targets of claims of this mode past their recovery deadline: fewer than so many.
    Unrecovered {
        /// The limit.
        limit: Option<u32>,
    },
}

/// What a claim wants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// What to claim.
    pub key: Key,
    /// For real, or a rehearsal.
    pub mode: Mode,
    /// The monkey.
    pub monkey: String,
    /// The date that it counts for.
    pub date: NaiveDate,
    /// Where.
    pub scope: Scope,
    /// The unit, such as `cluster:shop-prod`.
    pub unit: String,
    /// The unit in full, where that is not its scope and its name: a unit that spans regions is
    /// `111122223333/*/cluster:shop-prod`. See [`Claim::full_unit`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spans: Option<String>,
    /// The unit's app.
    pub app: String,
    /// The unit's owner.
    pub owner: Option<String>,
    /// What will be done.
    pub action: Action,
    /// How long and how hard, where it lasts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terms: Option<Terms>,
    /// To whom: the winner's choice.
    pub targets: Vec<Target>,
    /// Serving members by group, before the action: what recovery is measured by when nobody lives to open a [`Watch`].
    /// Empty where nobody counted.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub baseline: BTreeMap<String, u32>,
    /// The CloudWatch alarms that it minds, by name: while one of them is in alarm, its unit has not recovered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alarms: Vec<String>,
    /// Who claims; in a record, who holds it now.
    pub holder: String,
    /// When.
    pub at: DateTime<Utc>,
    /// Until when the action may be started.
    pub act_before: DateTime<Utc>,
    /// The room that it takes. Judged and spent with the claim, and not kept with it.
    #[serde(skip)]
    pub slots: Vec<Slot>,
}

impl Claim {
    /// The unit as no other is called, as in [`crate::UnitId::full`]: cool-downs go by it.
    pub fn full_unit(&self) -> String {
        self.spans.clone().unwrap_or_else(|| format!("{}/{}", self.scope, self.unit))
    }
}

/// What came of one claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claimed {
    /// The key is ours.
    Won,
    /// Somebody has the key already; or the unit, where that had to be [`Slot::Idle`] or [`Slot::Since`].
    Taken {
        /// Who.
        holder: String,
        /// Since when.
        at: DateTime<Utc>,
    },
    /// A counter is full; nothing was added to any.
    Full {
        /// Which.
        counter: String,
        /// How far it is.
        used: u32,
        /// Its limit.
        limit: u32,
    },
}

/// How an action ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// A rehearsal: nothing was to be done.
    Rehearsed,
    /// It happened.
    Done,
    /// It was tried and did not happen.
    Failed,
    /// AWS refused it.
    Refused,
    /// It was never tried.
    Abandoned,
    /// It was tried, and nobody knows.
    Unknown,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Outcome; 6] =
        [Outcome::Rehearsed, Outcome::Done, Outcome::Failed, Outcome::Refused, Outcome::Abandoned, Outcome::Unknown];

    /// Its name in events.
    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::Rehearsed => "rehearsed",
            Outcome::Done => "done",
            Outcome::Failed => "failed",
            Outcome::Refused => "refused",
            Outcome::Abandoned => "abandoned",
            Outcome::Unknown => "unknown",
        }
    }

    /// Whether the unit counts as acted on: what may have happened counts as if it had.
    pub fn counts(self) -> bool {
        matches!(self, Outcome::Rehearsed | Outcome::Done | Outcome::Unknown)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A word that names no outcome.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no outcome")]
pub struct UnknownOutcome(String);

impl FromStr for Outcome {
    type Err = UnknownOutcome;
    fn from_str(text: &str) -> Result<Self, UnknownOutcome> {
        Outcome::ALL.into_iter().find(|outcome| outcome.as_str() == text).ok_or_else(|| UnknownOutcome(text.into()))
    }
}

/// Where a claim is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// Claimed; the outcome is not recorded yet.
    Acting,
    /// Its unit is watched until it recovers.
    Watching,
    /// Past the recovery deadline, still watched.
    Unrecovered,
    /// Nothing more will come.
    Closed,
}

impl Stage {
    /// Its name in the ledger.
    pub fn as_str(self) -> &'static str {
        match self {
            Stage::Acting => "acting",
            Stage::Watching => "watching",
            Stage::Unrecovered => "unrecovered",
            Stage::Closed => "closed",
        }
    }
}

/// What recovery means for one action: measured before it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watch {
    /// When the action was done.
    pub since: DateTime<Utc>,
    /// When it should be back.
    pub deadline: DateTime<Utc>,
    /// Serving members by group, before the action.
    pub baseline: BTreeMap<String, u32>,
    /// Nobody watched from the beginning, because the process had died: how long it took is not known.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub late: bool,
    /// The fault that is there, until it is seen to be gone. Nothing recovers before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<Held>,
}

/// A claim as the ledger keeps it: what was claimed, and how far that is. It reads like its claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimRecord {
    /// What was claimed; without its slots, which are spent.
    #[serde(flatten)]
    pub claim: Claim,
    /// Where it is.
    pub stage: Stage,
    /// How it ended, once that is recorded.
    pub outcome: Option<Outcome>,
    /// What to watch for, while it is watched.
    pub watch: Option<Watch>,
    /// Until when it is its holder's alone. `None` in rows that are older than leases.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_until: Option<DateTime<Utc>>,
}

impl ClaimRecord {
    /// The record of a claim just won: its winner's for [`HOLD`].
    pub fn won(claim: &Claim) -> Self {
        let claim = Claim { slots: Vec::new(), ..claim.clone() };
        let held_until = Some(claim.at + HOLD);
        Self { claim, stage: Stage::Acting, outcome: None, watch: None, held_until }
    }

    /// Who holds it, and until when.
    pub fn lease(&self) -> Lease {
        Lease { holder: self.claim.holder.clone(), until: self.held_until }
    }

    /// Changes hands, or is held for longer.
    ///
    /// # Errors
    /// [`LedgerError::Overtaken`] when it is closed, or its lease is not as it was read.
    pub fn hold(&mut self, from: &Lease, to: Lease) -> Result<(), LedgerError> {
        if self.stage == Stage::Closed || self.lease() != *from {
            return Err(LedgerError::Overtaken(self.key.to_string()));
        }
        self.claim.holder = to.holder;
        self.held_until = to.until;
        Ok(())
    }

    /// Moves on by its holder's word; what is `None` stays as it is. That the lease has run out is no hindrance while
    /// nobody took it over.
    ///
    /// # Errors
    /// [`LedgerError::Overtaken`] when it is closed, somebody else holds it, its fault is gone already, or its end is known: a hand that slept
    /// through its call finds that the watch of its own process has looked.
    pub fn move_on(
        &mut self,
        by: &str,
        stage: Stage,
        outcome: Option<Outcome>,
        watch: Option<Watch>,
    ) -> Result<(), LedgerError> {
        let known = self.outcome.is_some_and(|known| known != Outcome::Unknown);
        // Of two looks of one process that see a fault end, one tells it, and none holds it again.
        let is_gone = self.action.lasts() && self.watch.is_some() && self.fault().is_none();
        let too_late = is_gone && outcome.is_none() && watch.is_some();
        if self.stage == Stage::Closed || self.holder != by || (known && outcome.is_some()) || too_late {
            return Err(LedgerError::Overtaken(self.key.to_string()));
        }
        self.stage = stage;
        self.outcome = outcome.or(self.outcome);
        self.watch = watch.or_else(|| self.watch.take());
        Ok(())
    }

    /// The fault that it holds, if it holds one.
    pub fn fault(&self) -> Option<&Held> {
        self.watch.as_ref()?.held.as_ref()
    }

    /// What is watched from now on, when its fault is to be ended for that reason; `None` if it holds none.
    pub fn ending(&self, why: String) -> Option<Watch> {
        let held = Held { ending: Some(why), ..self.fault()?.clone() };
        Some(Watch { held: Some(held), ..self.watch.clone()? })
    }

    /// Whether its unit counts as acted on: what is not recorded yet may have happened.
    pub fn counts(&self) -> bool {
        self.outcome.is_none_or(Outcome::counts)
    }

    /// Whether this claim on the same unit leaves no such room for another.
    pub fn is_in_the_way(&self, slot: &Slot) -> bool {
        match slot {
            Slot::Idle => self.stage != Stage::Closed,
            Slot::Since { last } => self.counts() && last.is_none_or(|last| self.date > last),
            Slot::Day { .. } | Slot::Concurrent { .. } | Slot::Unrecovered { .. } => false,
        }
    }
}

impl Deref for ClaimRecord {
    type Target = Claim;
    fn deref(&self) -> &Claim {
        &self.claim
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A row as the first version wrote it.
    const FIRST: &str = r#"{"key":"k","mode":"live","monkey":"chaos","date":"2026-11-23","scope":{"account":"111122223333","region":"us-east-1"},"unit":"cluster:shop-prod","app":"shop","owner":null,"action":"terminate","targets":[],"holder":"ops","at":"2026-11-23T12:00:01Z","act_before":"2026-11-23T12:01:01Z","stage":"acting","outcome":null,"watch":null}"#;

    #[test]
    fn a_row_of_the_first_version_reads_and_is_written_as_it_was() {
        let record: ClaimRecord = serde_json::from_str(FIRST).unwrap();
        assert_eq!(serde_json::to_string(&record).unwrap(), FIRST);
        assert_eq!(record.full_unit(), "111122223333/us-east-1/cluster:shop-prod");
    }

    #[test]
    fn a_fault_that_is_gone_goes_once_and_is_not_held_again() {
        let record: ClaimRecord = serde_json::from_str(FIRST).unwrap();
        let claim = Claim { action: Action::Standby, ..record.claim };
        let (at, mut record) = (claim.at, ClaimRecord::won(&claim));
        let held = Held { until: at, armed: None, undo: [].into(), left: [].into(), ending: None };
        let watch = |held| Watch { since: at, deadline: at, baseline: BTreeMap::new(), late: false, held };
        let there = || Some(watch(Some(held.clone())));
        record.move_on("ops", Stage::Acting, None, there()).unwrap();
        record.move_on("ops", Stage::Watching, Some(Outcome::Done), there()).unwrap();
        record.move_on("ops", Stage::Watching, None, there()).unwrap();
        record.move_on("ops", Stage::Watching, None, Some(watch(None))).unwrap();
        for late in [Some(watch(None)), there()] {
            assert!(record.move_on("ops", Stage::Watching, None, late).is_err());
        }
        record.move_on("ops", Stage::Closed, None, None).unwrap();
    }

    #[test]
    fn what_is_new_is_kept_and_the_slots_are_not() {
        let record: ClaimRecord = serde_json::from_str(FIRST).unwrap();
        let claim = Claim {
            spans: Some("111122223333/*/cluster:shop-prod".into()),
            baseline: [("shop-prod-v001".to_owned(), 4)].into(),
            slots: vec![Slot::Concurrent { limit: Some(1) }],
            ..record.claim
        };
        let kept = ClaimRecord::won(&claim);
        let back: ClaimRecord = serde_json::from_str(&serde_json::to_string(&kept).unwrap()).unwrap();
        assert_eq!(back, kept);
        assert_eq!(
            (back.full_unit().as_str(), back.baseline["shop-prod-v001"]),
            ("111122223333/*/cluster:shop-prod", 4)
        );
        assert!(back.slots.is_empty());
    }
}
