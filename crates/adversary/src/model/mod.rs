//! The reference model: what must be true of a week, said once more without a word of the rails.
//!
//! What may not happen here: a call of the code that is judged. Events, claims and ids are read as data; tags, hours,
//! names, working days and budgets are this module's own.
//!
//! Reads of AWS are eventually consistent, so an action is wrong only if nothing that could have been read allowed it:
//! no description that was true at any time from the oldest read that still counted ([`ENTITLED`], and as much more as a
//! read may be stale) up to the claim. The word of an operator is not eventually consistent.
//!
//! To add a rule: a function in one of the files here, and a line in [`Model::look`] or [`Model::end`].

mod books;
pub(crate) mod endings;
pub(crate) mod hours;
mod lasting;
mod leases;
mod live;
pub(crate) mod names;
mod second_look;
pub(crate) mod stops;
mod tags;
mod timeline;
mod touch;

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use simian_core::{Claim, ClaimRecord, Event, Kind, Outcome, Stage as Phase};

use crate::scenario::{PolicySetup, Setup};
use crate::tally::Tally;
use crate::violation::Violation;
use crate::world::Judge;
use crate::world::log::{Course, Did, Entry, Log, Told};
use crate::world::stage::Stage;
use timeline::Timeline;

/// How old a read may be that a judgement goes by: a survey younger than this counts as the second look.
const ENTITLED: TimeDelta = TimeDelta::seconds(30);

/// How long after its claim a call may be begun, and how long it may take.
const ACT_WITHIN: TimeDelta = TimeDelta::seconds(60);
const CALL_TAKES: TimeDelta = TimeDelta::seconds(20);

/// A claim, as far as it is.
#[derive(Clone, Debug)]
struct Record {
    claim: Claim,
    at: DateTime<Utc>,
    slot: usize,
    phase: Phase,
    outcome: Option<Outcome>,
    /// When it may be done, from the intent: not before the first, and over before the second.
    intent: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// When a fault that lasts is to end, by the clock of whoever began it.
    until: Option<DateTime<Utc>>,
    /// It was said to be undone.
    undone: bool,
    /// The alarms that it minds.
    minded: Vec<String>,
    /// Whom and when it took that it may not. That harms only once something is done: a claim that is found to be late is
    /// given up.
    wrong: Vec<Violation>,
}

impl Record {
    /// What happened, or may have.
    fn counts(&self) -> bool {
        matches!(self.outcome, None | Some(Outcome::Done | Outcome::Unknown | Outcome::Rehearsed))
    }
}

/// What is known of the week so far.
#[derive(Debug)]
pub(crate) struct Model {
    timeline: Timeline,
    seen: usize,
    records: BTreeMap<String, Record>,
    /// Targets by mode, date and what is counted.
    spent: BTreeMap<(&'static str, NaiveDate, String), u32>,
    /// When each key was announced, by the clock of whoever did.
    announced: BTreeMap<String, DateTime<Utc>>,
    /// Recoveries that failed in a row.
    failed: Course<u32>,
    /// Since when the breaker's pause stands.
    tripped: Option<DateTime<Utc>>,
    /// When each process began its newest survey.
    surveyed: BTreeMap<usize, DateTime<Utc>>,
    tally: Tally,
    setup: Setup,
}

/// All that a rule about one entry looks at.
struct Scene<'s> {
    model: &'s Model,
    log: &'s Log,
    stage: &'s Stage,
    entry: &'s Entry,
    /// The entry's place in the log.
    index: usize,
    policy: &'s PolicySetup,
}

impl Scene<'_> {
    fn wrong(&self, rule: &'static str, text: String, into: &mut Vec<Violation>) {
        into.push(Violation { rule, at: self.entry.at, text });
    }

    /// The oldest moment of which a read may tell that was relied on at this entry. The machine may have slept from the
    /// judgement to the claim, if a call still fits into its time.
    fn entitled_from(&self) -> DateTime<Utc> {
        let under_way = match &self.entry.what {
            Did::Won(claim) => (self.entry.reading - claim.at).clamp(TimeDelta::zero(), ACT_WITHIN - CALL_TAKES),
            _ => TimeDelta::zero(),
        };
        let oldest = self.entry.at - under_way - ENTITLED;
        let stale = self.log.stale.during(oldest - ENTITLED, self.entry.at).max().copied().unwrap_or(0);
        oldest - TimeDelta::seconds(i64::from(stale))
    }

    /// Whether the machine of the process slept in that time before the entry, or wakes from it now.
    fn slept(&self, within: TimeDelta) -> bool {
        let (slot, at) = (Some(self.entry.slot), self.entry.at);
        let absences = &self.log.absences;
        absences.iter().any(|absence| absence.slot == slot && absence.from <= at && at - within <= absence.until)
    }

    /// Whether the clock of the process was not set shortly before: then its seconds are seconds.
    fn steady(&self) -> bool {
        let Some(ahead) = self.log.ahead.get(self.entry.slot) else { return true };
        ahead.during(self.entry.at - TimeDelta::hours(1), self.entry.at).count() == 1
    }
}

impl Model {
    pub(crate) fn new(stage: &Stage, setup: &Setup) -> Self {
        Self {
            timeline: Timeline::new(stage),
            seen: 0,
            records: BTreeMap::new(),
            spent: BTreeMap::new(),
            announced: BTreeMap::new(),
            failed: Course::new(stage.start, 0),
            tripped: None,
            surveyed: BTreeMap::new(),
            tally: Tally::default(),
            setup: setup.clone(),
        }
    }

    fn look_on(&mut self, stage: &Stage, wrong: &mut Vec<Violation>) {
        self.timeline.extend(stage);
        let shared = stage.shared();
        let log = &shared.log;
        for index in self.seen..log.entries.len() {
            let entry = &log.entries[index];
            let scene = Scene { model: self, log, stage, entry, index, policy: &log.policies[entry.policy] };
            let (mut minded, mut if_done) = (Vec::new(), Vec::new());
            match &entry.what {
                Did::Won(claim) => {
                    minded = stops::minded(&scene, claim);
                    touch::claimed(&scene, claim, &mut if_done);
                    second_look::claimed(&scene, claim, &mut if_done);
                    books::claimed(&scene, claim, wrong);
                }
                Did::Told(told) if told.kind == Kind::ActionRehearsed => {
                    let record = told.key.as_ref().and_then(|key| self.records.get(key));
                    wrong.extend(record.into_iter().flat_map(|record| record.wrong.clone()));
                }
                Did::Held { key, from, to } => leases::held(&scene, key, from, to, wrong),
                Did::Sent { region, id, run, verb, .. } => lasting::sent(&scene, region, id, run, verb, wrong),
                Did::Altered { region, id, alteration, .. } => {
                    lasting::altered(&scene, region, id.as_ref(), alteration, wrong);
                }
                Did::Called { act, region, ids, .. } => touch::called(&scene, *act, region, ids, wrong),
                _ => {}
            }
            self.remember(entry, minded, if_done);
        }
        self.seen = log.entries.len();
    }

    fn remember(&mut self, entry: &Entry, minded: Vec<String>, wrong: Vec<Violation>) {
        match &entry.what {
            Did::Won(claim) => self.remember_claim(entry, claim, minded, wrong),
            Did::Moved { key, stage, outcome } => {
                if let Some(record) = self.records.get_mut(key.as_str()) {
                    record.phase = *stage;
                    record.outcome = outcome.or(record.outcome);
                }
            }
            Did::Told(told) => {
                let key = told.key.clone().unwrap_or_default();
                self.remember_fault(&key, told);
                match told.kind {
                    Kind::ActionPlanned => {
                        self.announced.entry(key).or_insert(told.at);
                        self.tally.one("planned");
                    }
                    Kind::ActionIntended => {
                        if let Some(record) = self.records.get_mut(&key) {
                            record.intent = told.due.zip(told.until);
                        }
                    }
                    Kind::ActionUnrecovered => {
                        let failed = self.failed.at(entry.at);
                        self.failed.set(entry.at, failed + 1);
                    }
                    Kind::BreakerTripped => self.tripped = Some(entry.at),
                    Kind::ActionRecovered => self.failed.set(entry.at, 0),
                    Kind::ActionHeld | Kind::ActionVetoed => {
                        self.tally.one(&format!("held {}", told.rail.as_deref().unwrap_or("?")));
                    }
                    _ => {}
                }
                if told.kind.as_str().starts_with("action.") {
                    self.tally.one(told.kind.as_str());
                }
            }
            Did::Read { begun, survey: true, .. } => drop(self.surveyed.insert(entry.slot, *begun)),
            Did::ResumedAll => {
                self.failed.set(entry.at, 0);
                self.tripped = None;
            }
            Did::Called { .. } => self.tally.one("calls"),
            Did::Sent { verb, .. } => self.tally.one(&format!("sent {verb}")),
            Did::Altered { .. } => self.tally.one("alterations"),
            Did::Held { from, to, .. } => self.tally.one(if from == to { "renewals" } else { "adoptions" }),
            // What only a month has tells nothing here.
            Did::Read { .. } | Did::Wrote { .. } | Did::Listed(_) | Did::Marked { .. } | Did::LedgerLost => {}
        }
    }

    /// What is told of a fault that lasts: until when, and that it is undone.
    fn remember_fault(&mut self, key: &str, told: &Told) {
        let Some(record) = self.records.get_mut(key).filter(|record| lasting::lasts(record.claim.action)) else {
            return;
        };
        match told.kind {
            Kind::ActionIntended | Kind::ActionDone => record.until = told.until.or(record.until),
            Kind::ActionUndone => {
                record.undone = true;
                self.tally.one(&format!("undone {}", record.claim.action));
            }
            _ => {}
        }
    }

    fn remember_claim(&mut self, entry: &Entry, claim: &Claim, minded: Vec<String>, wrong: Vec<Violation>) {
        for (counter, cost) in books::costs(claim) {
            *self.spent.entry((claim.mode.as_str(), claim.date, counter)).or_default() += cost;
        }
        self.tally.one(if claim.key.as_str().contains("/request:") { "game day claims" } else { "claims" });
        let record = Record {
            claim: claim.clone(),
            at: entry.at,
            slot: entry.slot,
            phase: Phase::Acting,
            outcome: None,
            intent: None,
            until: None,
            undone: false,
            minded,
            wrong,
        };
        self.records.insert(claim.key.to_string(), record);
    }
}

/// How long after the week everybody has to tidy up.
const TIDY: TimeDelta = TimeDelta::hours(1);

impl Judge for Model {
    fn look(&mut self, stage: &Stage, wrong: &mut Vec<Violation>) {
        self.look_on(stage, wrong);
    }

    fn tidy(&self, _: &Stage, end: DateTime<Utc>) -> DateTime<Utc> {
        end + TIDY
    }

    fn end(&mut self, stage: &Stage, events: &[Event], claims: &[ClaimRecord], wrong: &mut Vec<Violation>) {
        endings::chain(stage, events, wrong);
        endings::sink(stage, events, wrong);
        endings::outcomes(self, stage, events, wrong);
        endings::left_open(stage, claims, wrong);
        endings::calls(stage, wrong);
        lasting::end(self, stage, events, claims, wrong);
        live::check(self, stage, events, wrong);
    }

    fn tally(&self, mut tally: Tally) -> Tally {
        tally.merge(&self.tally);
        tally
    }
}
