//! What was seen from outside while a week was played: every claim, every call that acts, every word of an operator,
//! each with the true time. The reference model reads it, and nothing else writes it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use simian_core::{
    Alteration, Cause, Claim, Disposal, InstanceId, Key, Kind, Mark, MarkId, Mode, Outcome, Region, ResourceId, Stage,
};

use crate::scenario::{HookSays, Meddling, PolicySetup};

/// A call that acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    Terminate,
    Gracefully,
    Reboot,
    /// A fault that lasts is begun.
    Fault,
}

/// A call that writes to resources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Write {
    Tag { key: String, value: String },
    Untag { key: String },
    Save,
    Dispose(Disposal),
}

/// Something that a process did.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// By AWS's clock.
    pub(crate) at: DateTime<Utc>,
    /// By the clock of the process.
    pub(crate) reading: DateTime<Utc>,
    /// Which process: the index of its slot.
    pub(crate) slot: usize,
    /// The config that it had: an index into [`Log::policies`].
    pub(crate) policy: usize,
    pub(crate) what: Did,
}

/// What a process did.
#[derive(Clone, Debug)]
pub(crate) enum Did {
    /// It won a claim.
    Won(Box<Claim>),
    /// A claim moved on.
    Moved { key: Key, stage: Stage, outcome: Option<Outcome> },
    /// A claim was renewed by who holds it, or taken over.
    Held { key: Key, from: String, to: String },
    /// It recorded an event of one of its keys.
    Told(Told),
    /// It began a call that acts; how that ended, once it did.
    Called { act: Act, region: Region, ids: Vec<InstanceId>, answer: Option<Result<Vec<InstanceId>, Cause>> },
    /// It began to send a word to a fault in a guest; how that ended, once it did.
    Sent { region: Region, id: InstanceId, run: String, verb: String, answer: Option<Result<(), Cause>> },
    /// It began to change something for a fault, or to take that back; how that ended, once it did.
    Altered { region: Region, id: Option<InstanceId>, alteration: Alteration, answer: Option<Result<(), Cause>> },
    /// It has read a region's groups, by tags or by name, since then.
    Read { begun: DateTime<Utc>, survey: bool },
    /// It lifted every pause, which sets the breaker back.
    ResumedAll,
    /// It began a call that writes to resources.
    Wrote { write: Write, region: Region, ids: Vec<ResourceId> },
    /// It began to list resources of a region.
    Listed(Region),
    /// It changed a mark.
    Marked { id: Box<MarkId>, from: Option<Box<Mark>>, to: Option<Box<Mark>> },
    /// The ledger was lost, and there is a new one.
    LedgerLost,
}

/// An event, as far as the model looks at it.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) kind: Kind,
    pub(crate) key: Option<String>,
    /// By the clock of the process.
    pub(crate) at: DateTime<Utc>,
    pub(crate) due: Option<DateTime<Utc>>,
    pub(crate) until: Option<DateTime<Utc>>,
    /// The first rail that held it.
    pub(crate) rail: Option<String>,
    pub(crate) mode: Mode,
    pub(crate) region: Option<Region>,
    pub(crate) target: Option<String>,
    pub(crate) action: Option<String>,
    pub(crate) outcome: Option<String>,
}

/// A pause that an operator pulled. Entries before it are not its concern, whatever the time says.
#[derive(Clone, Debug)]
pub(crate) struct PauseSpan {
    /// It is the file: it holds only whoever looks at it.
    pub(crate) by_file: bool,
    /// It is that of a new ledger: it holds no rehearsal.
    pub(crate) newborn: bool,
    /// How many entries there were before it.
    pub(crate) after: usize,
    /// How many there were when somebody lifted it.
    pub(crate) lifted: Option<usize>,
    pub(crate) region: Option<Region>,
    pub(crate) monkey: Option<String>,
    pub(crate) unit: Option<String>,
    pub(crate) from: DateTime<Utc>,
    /// When it ends by itself, by the reader's clock.
    pub(crate) until: Option<DateTime<Utc>>,
}

impl PauseSpan {
    /// Whether it held whoever did that entry of the log, by a clock that read so.
    pub(crate) fn holds(&self, index: usize, reading: DateTime<Utc>) -> bool {
        self.after <= index
            && self.lifted.is_none_or(|lifted| lifted > index)
            && self.until.is_none_or(|until| reading < until)
    }
}

/// A process by the name under which it claims.
#[derive(Clone, Debug)]
pub(crate) struct Life {
    pub(crate) slot: usize,
    pub(crate) from: DateTime<Utc>,
    /// When it ended, or was told to.
    pub(crate) until: Option<DateTime<Utc>>,
}

/// A time in which a process could not write, or no process could.
#[derive(Clone, Debug)]
pub(crate) struct Absence {
    /// Which; `None` for all.
    pub(crate) slot: Option<usize>,
    pub(crate) from: DateTime<Utc>,
    pub(crate) until: DateTime<Utc>,
}

/// A value that changed now and then: since when it was what.
#[derive(Clone, Debug)]
pub(crate) struct Course<T>(Vec<(DateTime<Utc>, T)>);

impl<T: Clone> Course<T> {
    pub(crate) fn new(from: DateTime<Utc>, value: T) -> Self {
        Self(vec![(from, value)])
    }

    pub(crate) fn set(&mut self, at: DateTime<Utc>, value: T) {
        self.0.push((at, value));
    }

    /// What it was at that time.
    pub(crate) fn at(&self, at: DateTime<Utc>) -> T {
        let found = self.0.iter().rev().find(|(since, _)| *since <= at);
        found.map_or_else(|| self.0[0].1.clone(), |(_, value)| value.clone())
    }

    /// Every value that it had between two times, both included.
    pub(crate) fn during(&self, from: DateTime<Utc>, until: DateTime<Utc>) -> impl Iterator<Item = &T> {
        let first = self.0.iter().rposition(|(since, _)| *since <= from).unwrap_or(0);
        self.0[first..].iter().take_while(move |(since, _)| *since <= until).map(|(_, value)| value)
    }
}

/// All of it.
#[derive(Debug)]
pub(crate) struct Log {
    pub(crate) entries: Vec<Entry>,
    pub(crate) policies: Vec<PolicySetup>,
    pub(crate) pauses: Vec<PauseSpan>,
    /// Seconds that a read may be old.
    pub(crate) stale: Course<u32>,
    pub(crate) calendar: Course<bool>,
    /// What the outage hook answers.
    pub(crate) outage: Course<HookSays>,
    /// Milliseconds by which each replica's clock is ahead.
    pub(crate) ahead: Vec<Course<i64>>,
    /// The operator's word that nothing acted here before.
    pub(crate) first_run: Option<DateTime<Utc>>,
    /// Every process that there was, by the name under which it claims.
    pub(crate) lives: BTreeMap<String, Life>,
    /// When machines slept and the ledger took nothing.
    pub(crate) absences: Vec<Absence>,
    /// Who changed something of an instance that had a fault, and when.
    pub(crate) meddled: Vec<(DateTime<Utc>, InstanceId, Meddling)>,
    /// Whether some call may take long.
    pub(crate) slow: Course<bool>,
    /// What was done to the world, for people.
    pub(crate) story: Vec<(DateTime<Utc>, String)>,
}

impl Log {
    /// A process begins in a slot, and whoever was there before is gone.
    pub(crate) fn begin(&mut self, slot: usize, holder: String, at: DateTime<Utc>) {
        self.end(slot, at);
        self.lives.insert(holder, Life { slot, from: at, until: None });
    }

    /// Whoever is in that slot ends, or was told to.
    pub(crate) fn end(&mut self, slot: usize, at: DateTime<Utc>) {
        for life in self.lives.values_mut().filter(|life| life.slot == slot) {
            life.until.get_or_insert(at);
        }
    }

    /// From now on this is paused.
    pub(crate) fn pause(
        &mut self,
        region: Option<Region>,
        monkey: Option<String>,
        from: DateTime<Utc>,
        until: Option<DateTime<Utc>>,
        by_file: bool,
    ) {
        let after = self.entries.len();
        let (newborn, lifted, unit) = (false, None, None);
        self.pauses.push(PauseSpan { by_file, newborn, after, lifted, region, monkey, unit, from, until });
    }

    /// What somebody's word lifts is lifted; what a file does, when it goes.
    pub(crate) fn lift(&mut self, by_file: bool) {
        let lifted = Some(self.entries.len());
        for pause in self.pauses.iter_mut().filter(|pause| pause.by_file == by_file && pause.lifted.is_none()) {
            pause.lifted = lifted;
        }
    }
}
