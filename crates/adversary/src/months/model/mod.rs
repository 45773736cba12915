//! The reference model of months: what must be true of marks, announcements, last resorts and deletions, said once more.
//!
//! What may not happen here: a call of the code that is judged. Events, marks and resources are read as data; who uses
//! what, what is kept, what is waste and how days are counted are this module's own.
//!
//! Reads are eventually consistent, and every kind is listed by a call of its own. So a deletion is wrong only if no
//! reading that still counted allowed it: for each kind by itself, none of any time from the oldest look that a call may
//! go by ([`LOOKED`]), and as much longer as a read may be stale, up to the call.

mod calls;
mod ends;
mod history;
mod keep;
mod live;
mod marks;
mod outcomes;
mod points;
mod resorts;
mod waste;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use simian_core::{ClaimRecord, Event, Kind, Mark, MarkId, Mode, Region, ResourceId};

use crate::model::endings;
use crate::model::hours::Book;
use crate::months::JanitorSetup;
use crate::scenario::{PolicySetup, Setup, What};
use crate::tally::Tally;
use crate::violation::Violation;
use crate::world::Judge;
use crate::world::log::{Did, Entry, Log};
use crate::world::stage::Stage;
use history::{History, Window};
use waste::Facts;

/// How old a look may be when a call that goes by it begins: it took its time, was judged, and the call was begun soon.
const LOOKED: TimeDelta = TimeDelta::minutes(11);

/// And how old it gets while nobody sleeps and no call is slow.
const QUICK: TimeDelta = TimeDelta::minutes(3);

/// A mark of the ledger that there is, and what was seen of its life.
#[derive(Clone, Debug)]
struct Life {
    mark: Mark,
    /// On which date it was placed, or placed anew for another reason.
    placed: NaiveDate,
    /// There was a mark on the resource already.
    adopted: bool,
    /// On which date it was announced.
    announced: Option<NaiveDate>,
    /// On which dates somebody called to save or delete it, each with when he had set out.
    tried: BTreeMap<NaiveDate, Option<DateTime<Utc>>>,
    /// When somebody last set out.
    begun: Option<DateTime<Utc>>,
}

/// Something that is gone by the word of an event.
#[derive(Clone, Debug)]
struct Said {
    at: DateTime<Utc>,
    region: Region,
    target: String,
}

/// What is known of the month so far.
#[derive(Debug)]
pub(crate) struct Model {
    history: History,
    setup: Setup,
    seen: usize,
    lives: BTreeMap<MarkId, Life>,
    /// The newest event of each mark that no change has followed yet, and when it was, by its own word.
    heard: BTreeMap<String, (Kind, DateTime<Utc>)>,
    /// What each process began to dispose of in its round.
    rounds: BTreeMap<(usize, Region), BTreeSet<ResourceId>>,
    /// What was said to be gone.
    gone: Vec<Said>,
    /// When the ledger was lost.
    lost: Vec<DateTime<Utc>>,
    tally: Tally,
}

/// All that a rule about one entry looks at.
struct Scene<'s> {
    model: &'s Model,
    log: &'s Log,
    stage: &'s Stage,
    entry: &'s Entry,
    index: usize,
    policy: &'s PolicySetup,
    janitor: &'s JanitorSetup,
}

impl<'s> Scene<'s> {
    fn wrong(&self, rule: &'static str, text: String, into: &mut Vec<Violation>) {
        into.push(Violation { rule, at: self.entry.at, text });
    }

    fn book(&self) -> Book<'s> {
        Book::of(self.policy)
    }

    /// The operator's date, by the clock of the process.
    fn today(&self) -> NaiveDate {
        self.book().date(self.entry.reading)
    }

    fn live(&self) -> bool {
        self.policy.live && self.policy.monkey_live
    }

    /// Whether the machine of the process slept in that time before the entry, or wakes from it now.
    fn slept(&self, within: TimeDelta) -> bool {
        let (slot, at) = (Some(self.entry.slot), self.entry.at);
        let absences = &self.log.absences;
        absences.iter().any(|absence| absence.slot == slot && absence.from <= at && at - within <= absence.until)
    }

    fn stale(&self, since: DateTime<Utc>) -> TimeDelta {
        let most = self.log.stale.during(since - TimeDelta::minutes(2), self.entry.at).max().copied().unwrap_or(0);
        TimeDelta::seconds(i64::from(most))
    }

    /// The oldest moment of which a read may tell that was relied on at this entry.
    fn looked_from(&self) -> DateTime<Utc> {
        let at = self.entry.at;
        let slow = self.log.slow.during(at - LOOKED, at).any(|slow| *slow) || self.slept(LOOKED);
        let from = at - if slow { LOOKED } else { QUICK };
        from - self.stale(from)
    }

    /// What could be seen of a region.
    fn window<'a>(&'a self, region: &'a Region) -> Window<'a> {
        self.model.history.window(region, self.looked_from(), self.entry.at)
    }

    fn facts(&self, region: &Region, since: Option<NaiveDate>) -> Facts<'s> {
        let now = self.entry.at.max(self.entry.reading);
        let resorts = self.model.resorts(region, if self.live() { Mode::Live } else { Mode::DryRun });
        Facts { janitor: self.janitor, today: self.today(), now, since, resorts }
    }
}

impl Model {
    pub(crate) fn new(stage: &Stage, setup: &Setup) -> Self {
        Self {
            history: History::new(stage),
            setup: setup.clone(),
            seen: 0,
            lives: BTreeMap::new(),
            heard: BTreeMap::new(),
            rounds: BTreeMap::new(),
            gone: Vec::new(),
            lost: Vec::new(),
            tally: Tally::default(),
        }
    }

    /// The snapshots that marks of a region name as last resorts.
    fn resorts(&self, region: &Region, mode: Mode) -> BTreeSet<String> {
        let here = self.lives.iter().filter(|(id, _)| id.scope.region == *region && id.mode == mode);
        here.filter_map(|(_, life)| life.mark.saved.as_ref()?.snapshot.clone()).collect()
    }

    fn remember(&mut self, entry: &Entry, policy: &PolicySetup) {
        match &entry.what {
            Did::Told(told) => {
                self.tally.one(told.kind.as_str());
                if told.kind == Kind::ActionHeld {
                    self.tally.one(&format!("held {}", told.rail.as_deref().unwrap_or("?")));
                }
                let key = told.key.clone().unwrap_or_default();
                if matches!(told.kind, Kind::MarkPlaced | Kind::MarkAnnounced | Kind::MarkLifted) {
                    self.heard.insert(key, (told.kind, told.at));
                }
                if let (Some(region), Some(target), true) = (&told.region, &told.target, outcomes::ends(told)) {
                    self.gone.push(Said { at: entry.at, region: region.clone(), target: target.clone() });
                }
            }
            Did::Marked { id, to, .. } => self.remember_mark(entry, policy, id, to.as_deref()),
            Did::Listed(region) => drop(self.rounds.remove(&(entry.slot, region.clone()))),
            Did::Wrote { write, region, ids, .. } => {
                if calls::disposes(write) {
                    let today = Book::of(policy).date(entry.reading);
                    let marks = ids.iter().filter_map(|id| calls::mark_id(Mode::Live, region, id));
                    for mark in marks {
                        if let Some(life) = self.lives.get_mut(&mark) {
                            life.tried.insert(today, life.begun);
                        }
                    }
                    let round = self.rounds.entry((entry.slot, region.clone())).or_default();
                    round.extend(ids.iter().cloned());
                    self.tally.one("disposals");
                }
                self.tally.one("writes");
            }
            Did::LedgerLost => {
                self.lives.clear();
                self.heard.clear();
                self.lost.push(entry.at);
            }
            _ => {}
        }
    }

    fn remember_mark(&mut self, entry: &Entry, policy: &PolicySetup, id: &MarkId, to: Option<&Mark>) {
        let heard = self.heard.remove(&id.to_string());
        let Some(mark) = to else {
            self.lives.remove(id);
            return;
        };
        let today = Book::of(policy).date(entry.reading);
        // A tag that was there says that its owner had seen it.
        let from = entry.at - LOOKED - TimeDelta::minutes(2);
        let window = self.history.window(&id.scope.region, from, entry.at);
        let adopted = marks::was_written(&window, &id.resource);
        let life = self.lives.entry(id.clone()).or_insert_with(|| Life {
            mark: mark.clone(),
            placed: today,
            adopted,
            announced: None,
            tried: BTreeMap::new(),
            begun: None,
        });
        if life.mark.rule != mark.rule {
            (life.placed, life.announced) = (today, None);
        }
        let told = heard.filter(|(kind, _)| *kind == Kind::MarkAnnounced).map(|(_, at)| Book::of(policy).date(at));
        life.announced = life.announced.or(told);
        if mark.acting.is_some() && life.mark.acting.is_none() {
            life.begun = Some(entry.at);
        }
        life.mark = mark.clone();
    }
}

impl Judge for Model {
    fn look(&mut self, stage: &Stage, wrong: &mut Vec<Violation>) {
        self.history.extend(stage);
        let shared = stage.shared();
        let log = &shared.log;
        for index in self.seen..log.entries.len() {
            let entry = &log.entries[index];
            let policy = &log.policies[entry.policy];
            let Some(janitor) = &policy.janitor else { continue };
            let scene = Scene { model: self, log, stage, entry, index, policy, janitor };
            match &entry.what {
                Did::Wrote { write, region, ids, .. } => calls::wrote(&scene, write, region, ids, wrong),
                Did::Marked { id, from, to } => marks::marked(&scene, id, from.as_deref(), to.as_deref(), wrong),
                Did::Told(told) => outcomes::told(&scene, told, wrong),
                _ => {}
            }
            self.remember(entry, policy);
        }
        self.seen = log.entries.len();
    }

    /// Marks are lifted in the operator's hours only: three working days are enough.
    fn tidy(&self, stage: &Stage, end: DateTime<Utc>) -> DateTime<Utc> {
        stage.perform(&What::Calendar { open: true }, None);
        stage.perform(&What::Resume { first_run: true }, None);
        stage.perform(&What::Brake { pulled: false }, None);
        for index in 0..self.setup.regions {
            stage.perform(&What::Lever { region: index, engaged: false }, None);
        }
        let (_, policy) = stage.policy();
        let (book, today) = (Book::of(&policy), Book::of(&policy).date(end));
        let working = (1..).filter_map(|days| today.checked_add_days(Days::new(days))).filter(|date| book.works(*date));
        let days = working.take(4).last().map_or(7, |date| (date - today).num_days());
        end + TimeDelta::days(days + 1)
    }

    fn end(&mut self, stage: &Stage, events: &[Event], _: &[ClaimRecord], wrong: &mut Vec<Violation>) {
        endings::chain(stage, events, wrong);
        if self.lost.is_empty() {
            endings::sink(stage, events, wrong);
        }
        ends::check(self, stage, wrong);
        live::check(self, stage, events, wrong);
    }

    fn tally(&self, mut tally: Tally) -> Tally {
        tally.merge(&self.tally);
        tally
    }
}
