//! One round of a monkey's chores: marks, announcements and deletions, from proposal to record.
//!
//! Chores pass rails of their own. What would be deleted is read afresh and proposed again before it is judged for good:
//! only what a survey of this very minute condemns too is touched.

mod recheck;
mod settle;

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use simian_core::rails::Recheck;
use simian_core::{
    Area, Calendar, Change, Chore, Day, Draft, JudgedChore, Kind, LedgerError, Mark, Mode, Monkey, Outcome, Step,
    World, judge_chores,
};

pub(crate) use recheck::Looked;
pub(crate) use settle::look;

use crate::engine::{Account, Engine};
use crate::hand::chores as hand;
use crate::observe::ObserveError;
use crate::order::Order;

/// What came of one chore that the rails let pass.
#[derive(Clone, Debug)]
pub struct Ended {
    /// The chore.
    pub chore: Chore,
    /// How it ended.
    pub outcome: Outcome,
    /// In words.
    pub why: String,
}

/// What came of a round's chores.
#[derive(Clone, Debug, Default)]
pub struct Chores {
    /// What was begun, and how it ended.
    pub ended: Vec<Ended>,
    /// What was held.
    pub held: Vec<JudgedChore>,
}

impl Chores {
    /// How many of a step ended well.
    pub fn count(&self, step: Step) -> u64 {
        let well = |ended: &&Ended| matches!(ended.outcome, Outcome::Done | Outcome::Rehearsed);
        self.ended.iter().filter(well).filter(|ended| ended.chore.step == step).count() as u64
    }

    /// Something that was tried did not end well, or not certainly. That a resource is in use is what it is tried for.
    pub fn fell_short(&self) -> bool {
        let short = |ended: &Ended| matches!(ended.outcome, Outcome::Failed | Outcome::Unknown);
        self.ended.iter().any(short)
    }
}

/// How long after it was judged a chore may still be begun: what let it pass was read just before.
pub(crate) const BEGUN_WITHIN: TimeDelta = TimeDelta::seconds(60);

/// Finds out what became of chores that nobody saw the end of. Before the survey, so that it is not proposed again what
/// is done already.
pub async fn settle(engine: &Engine, account: &Account, area: &Area) -> Result<(), LedgerError> {
    settle::settle(engine, account, area).await
}

/// Judges the chores of a world, looks again where something would be deleted, and does what passes.
pub async fn run(
    engine: &Engine,
    account: &Account,
    world: &World,
    monkey: &dyn Monkey,
    order: &Order,
    day: &Day,
    chores: Vec<Chore>,
) -> Result<Chores, ObserveError> {
    if chores.is_empty() {
        return Ok(Chores::default());
    }
    let policy = &account.policy;
    let first = judge_chores(chores, world, &Recheck::none(), policy, engine.clock.now());
    let (line, mut held): (Vec<_>, Vec<_>) = first.into_iter().partition(JudgedChore::passes);
    let line: Vec<Chore> = line.into_iter().map(|judged| judged.chore).collect();
    let (looked, chores) = recheck::recheck(engine, account, world, monkey, order, day, line).await?;
    let judged = judge_chores(chores, &looked.world, &looked.recheck, policy, engine.clock.now());
    let (passed, rest): (Vec<_>, Vec<_>) = judged.into_iter().partition(JudgedChore::passes);
    held.extend(rest);
    engine.record(holds(world, &held, engine.clock.now()), Vec::new()).await?;
    let ended = match world.mode {
        Mode::DryRun => hand::rehearse(engine, account, passed).await?,
        Mode::Live => hand::Live { engine, account, looked: &looked }.act(passed).await?,
    };
    Ok(Chores { ended, held })
}

/// What is told of chores that are held: of what would be deleted, once a day and rail. Marks that wait are not news.
fn holds(world: &World, held: &[JudgedChore], now: DateTime<Utc>) -> Vec<Draft> {
    let disposals = held.iter().filter(|judged| judged.chore.step.is_disposal());
    let told = disposals.filter_map(|judged| {
        let ruling = judged.held_by()?;
        let rail = ruling.rail.to_string();
        if world.history.held.contains(&(judged.chore.key(), rail.clone())) {
            return None;
        }
        let mut draft = judged.chore.draft(now, Kind::ActionHeld, ruling.says.why());
        draft.outcome = Some(rail);
        draft.verdicts.clone_from(&judged.rulings);
        Some(draft)
    });
    told.collect()
}

/// The change that goes with a step: from the mark as it was read.
pub(crate) fn change(chore: &Chore, from: Option<Mark>, to: Option<Mark>) -> Change {
    Change::Mark { id: chore.mark_id(), from: from.map(Box::new), to: to.map(Box::new) }
}

/// The event that tells of a mark.
pub(crate) fn told(chore: &Chore, calendar: &Calendar, now: DateTime<Utc>) -> Draft {
    let kind = match chore.step {
        Step::Lift => Kind::MarkLifted,
        Step::Announce => Kind::MarkAnnounced,
        Step::Mark | Step::Save | Step::Delete => Kind::MarkPlaced,
    };
    let mut draft = chore.draft(now, kind, chore.why.clone());
    if chore.step != Step::Lift {
        draft.due = Some(begin(calendar, chore.mark.end));
    }
    draft
}

/// When a date's hours begin; on a day without hours, its noon in UTC.
fn begin(calendar: &Calendar, date: NaiveDate) -> DateTime<Utc> {
    calendar.day(date).open().unwrap_or_else(|| (date.and_time(NaiveTime::MIN) + TimeDelta::hours(12)).and_utc())
}
