//! The report: what was done or rehearsed in a span of time, for owners and their managers.
//!
//! [`gather`] reads the ledger and nothing else; [`Report::of`] is pure, so the same history always gives the same
//! report. [`html`], [`markdown`] and [`json`] only say what it holds; the first two share their
//! tables. [`digests`] says the news of a day to each owner.
//!
//! What may not happen here: no call to a cloud, no clock read, and nothing of the ledger's texts (owners' tags are
//! among them) that reaches a page unescaped.

mod advice;
mod days;
mod digest;
mod facts;
mod figures;
mod findings;
mod format;
mod frame;
mod html;
mod janitor;
mod markdown;
mod rules;
#[cfg(test)]
pub(crate) mod sample;
mod scores;
mod story;
mod summary;
mod table;
mod tables;
#[cfg(test)]
mod tests;
mod text;

use chrono::{DateTime, Utc};
use serde::Serialize;
use simian_core::{AccountId, Mode, Region};

pub use advice::Advice;
pub use days::DayLine;
pub use digest::digests;
pub use facts::{Facts, gather};
pub use figures::{Gaps, Times};
pub use findings::{FindingLine, FindingsOf};
pub use format::Format;
pub use frame::{Frame, frame};
pub use html::html;
pub use janitor::{Janitor, MarkLine, MarkState, Waste, WasteOf};
pub use markdown::markdown;
pub use rules::RuleText;
pub use scores::{ScoreDay, ScoreLine};

/// The schema's name in the JSON.
pub const SCHEMA: &str = "simian.report/1";

pub use simian_core::Severity;
/// A report.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// Always [`SCHEMA`].
    pub schema: &'static str,
    /// From then on.
    pub since: DateTime<Utc>,
    /// Before then.
    pub until: DateTime<Utc>,
    /// The operator's zone.
    pub zone: String,
    /// Only this account, if that was asked for.
    pub account: Option<AccountId>,
    /// Only this owner, if that was asked for.
    pub owner: Option<String>,
    /// Which accounts it is about: those of the config, and those of which something is told.
    pub accounts: Vec<AccountLine>,
    /// What kind of story it is: one of what was done, or one of what would have been.
    pub headline: &'static str,
    /// The whole in a few sentences.
    pub summary: String,
    /// What to do about it, the most urgent first.
    pub advice: Vec<Advice>,
    /// What was done or rehearsed, by day: every day of the span.
    pub days: Vec<DayLine>,
    /// How long recoveries took, of all that was done for real.
    pub recovery: Times,
    /// What was done, an account and mode each; live ones first.
    pub parts: Vec<Part>,
    /// What owners should mend, or have mended.
    pub findings: Vec<FindingLine>,
    /// The same in figures, an owner each, whoever has the gravest first.
    pub findings_by_owner: Vec<FindingsOf>,
    /// How well owners and apps keep the rules, the lowest first.
    pub scores: Vec<ScoreLine>,
    /// What nobody uses, in dollars.
    pub waste: Waste,
    /// What the janitor did about it.
    pub janitor: Janitor,
    /// The kill switch: pulled and lifted.
    pub pauses: Vec<PauseLine>,
    /// The rounds, a region each.
    pub rounds: Vec<Rounds>,
}

/// An account that a report is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AccountLine {
    /// Its id.
    pub id: AccountId,
    /// What people call it; its id when the config no longer has it.
    pub name: String,
    /// What may be done in it by the config as it is now; `None` when the config no longer has it.
    pub mode: Option<Mode>,
}

/// What was done, or rehearsed, in one account.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Part {
    /// For real, or a rehearsal.
    pub mode: Mode,
    /// The account.
    pub account: AccountId,
    /// What people call it; its id when the config no longer has it.
    pub name: String,
    /// All of it in figures.
    pub totals: Totals,
    /// What held its turns, the most frequent first.
    pub holds: Vec<Hold>,
    /// By owner; what has none comes last.
    pub owners: Vec<Owner>,
}

/// Figures of a part, an owner or a unit.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Totals {
    /// Units that had a turn.
    pub units: usize,
    /// Turns that were planned.
    pub planned: usize,
    /// Turns that were acted on, or rehearsed.
    pub acted: usize,
    /// Instances that were hit, or would have been: ended, rebooted, or given a fault for a while.
    pub instances: usize,
    /// Turns that were tried and did not happen: failed, refused or abandoned.
    pub not_done: usize,
    /// Turns whose end nobody knows.
    pub unknown: usize,
    /// Turns that were held, and not acted on later.
    pub held: usize,
    /// Turns that were planned and went by.
    pub missed: usize,
    /// How long recoveries took.
    pub recovery: Times,
}

/// What one rail held.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Hold {
    /// The rail, or `claim`.
    pub rail: String,
    /// How many turns it held, each counted once.
    pub turns: usize,
    /// How many of them were acted on later.
    pub acted_later: usize,
    /// The words that it used most often.
    pub why: String,
}

/// One owner's units.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Owner {
    /// By the owner tag; `None` where there is none.
    pub owner: Option<String>,
    /// All of it in figures.
    pub totals: Totals,
    /// The units, by region and name.
    pub units: Vec<UnitPart>,
}

/// One unit.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct UnitPart {
    /// Where.
    pub region: Option<Region>,
    /// Which, such as `cluster:shop-prod`.
    pub unit: String,
    /// Its app.
    pub app: Option<String>,
    /// Its figures.
    pub totals: Totals,
    /// What held its turns, the most frequent first.
    pub holds: Vec<Hold>,
    /// Working days from action to action, as drawn and as they came.
    pub gaps: Gaps,
    /// By group.
    pub groups: Vec<GroupPart>,
}

/// One group's turns.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GroupPart {
    /// The group; `None` where nobody could be chosen.
    pub group: Option<String>,
    /// Its turns, in order of time.
    pub turns: Vec<Turn>,
}

/// One turn: all that was said of a key.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Turn {
    /// Its key.
    pub key: String,
    /// When it was due.
    pub due: Option<DateTime<Utc>>,
    /// When the last was said of it.
    pub at: DateTime<Utc>,
    /// What was, or would have been, done.
    pub action: Option<String>,
    /// To whom.
    pub instances: Vec<String>,
    /// The game day that asked for it.
    pub run: Option<String>,
    /// How it ended.
    pub end: End,
    /// Why it was done, or was not.
    pub why: String,
    /// What became of the unit afterwards.
    pub recovery: Recovery,
    /// The rails that held it meanwhile.
    pub held_by: Vec<String>,
}

/// How a turn ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum End {
    /// It was done.
    Done,
    /// A dry run would have done it.
    Rehearsed,
    /// It was tried and did not happen.
    Failed,
    /// AWS refused it.
    Refused,
    /// It was claimed and never tried.
    Abandoned,
    /// It was tried, and nobody knows.
    Unknown,
    /// Its time went by.
    Missed,
    /// It was held, and its time is not over or nobody was there to say so.
    Held,
    /// It was planned, and nothing more is known.
    Planned,
}

impl End {
    /// Its name in both forms of the report.
    pub fn as_str(self) -> &'static str {
        match self {
            End::Done => "done",
            End::Rehearsed => "rehearsed",
            End::Failed => "failed",
            End::Refused => "refused",
            End::Abandoned => "abandoned",
            End::Unknown => "unknown",
            End::Missed => "missed",
            End::Held => "held",
            End::Planned => "planned",
        }
    }

    /// Whether something was, or would have been, hit.
    pub fn acted(self) -> bool {
        matches!(self, End::Done | End::Rehearsed)
    }

    /// Whether it was begun at all, however it went.
    fn tried(self) -> bool {
        !matches!(self, End::Missed | End::Held | End::Planned)
    }
}

/// What became of a unit after an action.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum Recovery {
    /// There is nothing to recover from.
    #[default]
    None,
    /// It serves as before.
    Recovered {
        /// After so many seconds.
        seconds: u64,
        /// It came after the deadline.
        late: bool,
    },
    /// It was not back at the deadline, nor until the end of the report.
    NotInTime,
    /// It is being watched.
    Watched,
    /// Its group is gone, or nobody measured before: there is no figure.
    NotMeasured,
}

/// The kill switch, pulled or lifted.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PauseLine {
    /// When. The first may lie before the report: the pause that it began in.
    pub at: DateTime<Utc>,
    /// Pulled, or lifted.
    pub paused: bool,
    /// By whom.
    pub actor: Option<String>,
    /// Why.
    pub why: String,
    /// When it would end by itself.
    pub until: Option<DateTime<Utc>>,
}

/// The rounds in one region.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Rounds {
    /// The account.
    pub account: Option<AccountId>,
    /// The region.
    pub region: Option<Region>,
    /// How many there were.
    pub rounds: usize,
    /// How many of them could not see their groups.
    pub blind: usize,
    /// The first and the last blind one.
    pub between: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// The words that were given most often for it.
    pub why: Option<String>,
}

/// The report as JSON, `simian.report/1`: stable.
pub fn json(report: &Report) -> serde_json::Value {
    // Strings, numbers, lists and maps with string keys only: nothing that JSON cannot say.
    serde_json::to_value(report).unwrap_or_default()
}
