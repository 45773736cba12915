//! The rails of chores: what stands between a resource and the hand that would mark or delete it.
//!
//! Those that are about who acts, where and when are the proposals' own. The others know marks, announcements and caps.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    Policy, Turn, account, alarms, breaker, change_calendar, clock, hours, mode, outage, paused, safety_lever,
};
use crate::chore::{self, Chore, JudgedChore, Step};
use crate::detail::Stops;
use crate::fleet::View;
use crate::proposal::Key;
use crate::resource::{ResourceId, ResourceKind};
use crate::scope::{Mode, Scope};
use crate::verdict::{Ruling, Verdict};
use crate::world::World;

/// A rail of chores.
pub struct ChoreRail {
    /// Its name; where it is a proposal's rail too, the same.
    pub name: &'static str,
    /// What it watches over: one line.
    pub about: &'static str,
    judge: fn(&Case<'_>) -> Verdict,
}

/// Every rail of chores, in the order in which people read them.
pub static CHORE_RAILS: &[ChoreRail] = &[
    ChoreRail { name: "mode", about: mode::RAIL.about, judge: |case| mode::says(&case.turn()) },
    ChoreRail { name: "paused", about: paused::RAIL.about, judge: is_paused },
    ChoreRail { name: "account", about: account::RAIL.about, judge: |case| account::says(&case.turn()) },
    ChoreRail { name: "clock", about: clock::RAIL.about, judge: |case| clock::says(&case.turn()) },
    ChoreRail { name: "hours", about: hours::RAIL.about, judge: |case| hours::says(&case.turn()) },
    ChoreRail {
        name: "change_calendar",
        about: change_calendar::RAIL.about,
        judge: |case| change_calendar::says(&case.turn()),
    },
    ChoreRail { name: "ourselves", about: "not the instance that we run on", judge: is_ourselves },
    ChoreRail { name: "breaker", about: breaker::RAIL.about, judge: |case| breaker::says(&case.turn()) },
    ChoreRail { name: "deletable", about: "only kinds that the operator lets be deleted", judge: is_deletable },
    ChoreRail { name: "announced", about: "its owner was told, and had time to answer", judge: was_announced },
    ChoreRail { name: "shared", about: "not while others may use it unseen", judge: is_shared },
    ChoreRail { name: "recheck", about: "a fresh read says the same", judge: was_rechecked },
    ChoreRail { name: "caps", about: "only so many of a kind in one round", judge: is_within_caps },
    ChoreRail { name: "alarms", about: "the alarms of the config are quiet", judge: alarms_say },
    ChoreRail { name: "outage", about: outage::RAIL.about, judge: outage_says },
    ChoreRail { name: "safety_lever", about: safety_lever::RAIL.about, judge: lever_says },
];

/// How long the look before a deletion may take, from the oldest of what it saw to the judgement. A machine may sleep in
/// the middle of it.
const LOOKED: TimeDelta = TimeDelta::minutes(10);

/// What was read for the chores that are to be done, after the survey.
#[derive(Clone, Debug, Default)]
pub struct Recheck {
    /// How old it is: since the oldest of it was asked for.
    since: Option<DateTime<Utc>>,
    /// Which chores were proposed again, of a fresh reading.
    again: BTreeSet<Key>,
    /// With whom each that can be shared is shared.
    shared: BTreeMap<(Scope, ResourceId), View<Vec<String>>>,
    /// What stops everything, by scope.
    stops: BTreeMap<Scope, Stops>,
}

impl Recheck {
    /// Nothing was read: only the survey's rails can answer.
    pub fn none() -> Self {
        Self::default()
    }

    /// What was proposed again, who shares what, and what stops everything; the oldest of it asked for then.
    pub fn of(
        since: DateTime<Utc>,
        again: BTreeSet<Key>,
        shared: BTreeMap<(Scope, ResourceId), View<Vec<String>>>,
        stops: BTreeMap<Scope, Stops>,
    ) -> Self {
        Self { since: Some(since), again, shared, stops }
    }

    /// What stops everything in a scope, if it was asked.
    pub fn stops(&self, scope: &Scope) -> Option<&Stops> {
        self.stops.get(scope)
    }
}

/// All that a rail of chores may look at.
struct Case<'a> {
    chore: &'a Chore,
    world: &'a World,
    recheck: &'a Recheck,
    policy: &'a Policy,
    at: DateTime<Utc>,
    /// What passed before it in this judgement.
    spent: &'a Spent,
}

/// How many passed, by scope, kind and what is counted together.
type Spent = BTreeMap<(Scope, ResourceKind, bool), u32>;

impl<'a> Case<'a> {
    fn turn(&self) -> Turn<'a> {
        let Self { chore, world, policy, at, .. } = *self;
        Turn { mode: chore.mode, monkey: chore.monkey, scope: &chore.scope, world, policy, at }
    }

    fn not_asked(&self, what: &str) -> Verdict {
        if self.recheck.since.is_some() {
            Verdict::Unknown(format!("nobody asked for {what}: that waits for the next round"))
        } else {
            Verdict::NotApplicable("asked before it is done".into())
        }
    }
}

/// Judges chores in order: who points at something before that, and marks before deletions. One that passes counts
/// against the caps of those after it.
pub fn judge_chores(
    mut chores: Vec<Chore>,
    world: &World,
    recheck: &Recheck,
    policy: &Policy,
    now: DateTime<Utc>,
) -> Vec<JudgedChore> {
    chores.sort_by(|a, b| {
        let place = |chore: &Chore| (chore.step, chore::order(chore.resource.kind));
        place(a).cmp(&place(b)).then_with(|| (&a.scope, &a.resource).cmp(&(&b.scope, &b.resource)))
    });
    let mut spent = Spent::new();
    chores
        .into_iter()
        .map(|chore| {
            let case = Case { chore: &chore, world, recheck, policy, at: now, spent: &spent };
            let ruling = |rail: &ChoreRail| {
                let says = if policy.has(rail.name) {
                    (rail.judge)(&case)
                } else {
                    Verdict::NotApplicable("disabled in the config".into())
                };
                Ruling { rail: rail.name.into(), says }
            };
            let rulings = CHORE_RAILS.iter().map(ruling).collect();
            let judged = JudgedChore { chore, rulings, at: now };
            if judged.passes() {
                *spent.entry(counter(&judged.chore)).or_default() += 1;
            }
            judged
        })
        .collect()
}

/// What a chore is counted with.
fn counter(chore: &Chore) -> (Scope, ResourceKind, bool) {
    (chore.scope.clone(), chore.resource.kind, chore.step.is_disposal())
}

fn is_paused(case: &Case<'_>) -> Verdict {
    let Chore { scope, resource, step, .. } = case.chore;
    if *step == Step::Lift {
        return Verdict::NotApplicable("it only takes a mark away".into());
    }
    paused::says(&case.turn(), &[&resource.to_string(), &format!("{scope}/{resource}")])
}

fn is_ourselves(case: &Case<'_>) -> Verdict {
    if case.chore.resource.kind != ResourceKind::Instance || !case.chore.step.is_disposal() {
        return Verdict::NotApplicable("no instance ends".into());
    }
    if case.chore.mode == Mode::DryRun {
        return Verdict::NotApplicable("a rehearsal ends nobody".into());
    }
    match &case.world.observed.ourselves {
        View::Known(None) => Verdict::Pass("we do not run on EC2".into()),
        View::Known(Some(us)) if us.as_str() == case.chore.resource.id => {
            Verdict::Hold(format!("{us} is the instance that we run on"))
        }
        View::Known(Some(us)) => Verdict::Pass(format!("we run on {us}")),
        other => Verdict::Unknown(format!("nobody knows where we run: {}", other.unknown().unwrap_or(""))),
    }
}

fn is_deletable(case: &Case<'_>) -> Verdict {
    let kind = case.chore.resource.kind;
    if !case.chore.step.is_disposal() {
        Verdict::NotApplicable("nothing is deleted".into())
    } else if case.policy.disposals.delete.contains(&kind) {
        Verdict::Pass(format!("{} may be deleted", kind.several()))
    } else {
        Verdict::Hold(format!("{} are not in `delete`: they are only marked and announced", kind.several()))
    }
}

fn was_announced(case: &Case<'_>) -> Verdict {
    let Chore { step, from, date, .. } = case.chore;
    if !step.is_disposal() {
        return Verdict::NotApplicable("nothing is deleted".into());
    }
    // By the ledger alone: whoever can write tags could write that one too.
    let Some(mark) = from else { return Verdict::Hold("it was never marked".into()) };
    let Some(announced) = mark.announced else { return Verdict::Hold("its owner was never told".into()) };
    let notice = case.policy.disposals.notice_days;
    let calendar = &case.policy.calendar;
    let passed = calendar.working_days_between(announced, *date);
    if *date < mark.end {
        Verdict::Hold(format!("it is marked to stay until {}", mark.end))
    } else if calendar.day_at(case.at).date != *date {
        Verdict::Hold(format!("it was proposed for {date}"))
    } else if passed < notice {
        Verdict::Hold(format!("announced on {announced}, {passed} working days ago; it takes {notice}"))
    } else {
        Verdict::Pass(format!("marked since {}, announced on {announced}", mark.since))
    }
}

fn is_shared(case: &Case<'_>) -> Verdict {
    let Chore { scope, resource, step, .. } = case.chore;
    let sharable = case.chore.sharable();
    if sharable.is_empty() || !(step.is_disposal() || *step == Step::Mark) {
        return Verdict::NotApplicable("nobody else can use it".into());
    }
    for id in sharable {
        let of = if id == *resource { String::new() } else { format!("{id} is ") };
        match case.recheck.shared.get(&(scope.clone(), id)) {
            Some(View::Known(with)) if with.is_empty() => {}
            Some(View::Known(with)) => {
                return Verdict::Hold(format!(
                    "{of}shared with {}, whose use of it cannot be seen: keep it, or stop sharing it",
                    with.join(", ")
                ));
            }
            Some(unknown) => {
                let why = unknown.unknown().unwrap_or_default();
                return Verdict::Unknown(format!("{of}shared with nobody knows whom: {why}"));
            }
            None => return case.not_asked("who shares it"),
        }
    }
    Verdict::Pass("shared with nobody".into())
}

fn was_rechecked(case: &Case<'_>) -> Verdict {
    if !case.chore.step.is_disposal() {
        return Verdict::NotApplicable("nothing is deleted".into());
    }
    let Some(since) = case.recheck.since else { return case.not_asked("a fresh read") };
    if !(TimeDelta::zero()..=LOOKED).contains(&(case.at - since)) {
        return Verdict::Hold(format!(
            "the fresh read took longer than {} minutes, or the clock was set meanwhile: nobody knows what is true now",
            LOOKED.num_minutes()
        ));
    }
    if case.recheck.again.contains(&case.chore.key()) {
        Verdict::Pass("a fresh read says the same".into())
    } else {
        Verdict::Hold("a fresh read says otherwise: it is used, kept, gone or not known".into())
    }
}

fn is_within_caps(case: &Case<'_>) -> Verdict {
    let Chore { scope, resource, step, .. } = case.chore;
    let disposals = &case.policy.disposals;
    let passed = case.spent.get(&counter(case.chore)).copied().unwrap_or(0);
    let caps: [Option<u32>; 2] = match step {
        Step::Save | Step::Delete => {
            let share = disposals.max_delete_percent.map(|percent| {
                let all = case.world.fleets.get(scope).map_or(0, |fleet| fleet.count(resource.kind));
                u32::try_from(all as u64 * u64::from(percent) / 100).unwrap_or(u32::MAX).max(1)
            });
            [disposals.max_deletes, share]
        }
        Step::Mark => [disposals.max_marks, None],
        Step::Lift | Step::Announce => return Verdict::NotApplicable("it takes nothing".into()),
    };
    match caps.into_iter().flatten().min() {
        Some(cap) if passed >= cap => Verdict::Hold(format!(
            "{passed} {} have their turn in this round already, and the cap is {cap}",
            resource.kind.several()
        )),
        Some(cap) => Verdict::Pass(format!("{} of at most {cap} in this round", passed + 1)),
        None => Verdict::Pass("no cap is set".into()),
    }
}

fn alarms_say(case: &Case<'_>) -> Verdict {
    let names = &case.policy.alarms.names;
    if !case.chore.step.is_disposal() || names.is_empty() {
        return Verdict::NotApplicable("nothing is deleted, or no alarm is named".into());
    }
    match case.recheck.stops(&case.chore.scope) {
        Some(stops) => alarms::says(names, stops, case.policy),
        None => case.not_asked("the alarms"),
    }
}

fn outage_says(case: &Case<'_>) -> Verdict {
    if !case.chore.step.is_disposal() || case.policy.outage.is_none() {
        return Verdict::NotApplicable("nothing is deleted, or nobody is to be asked".into());
    }
    match case.recheck.stops(&case.chore.scope) {
        Some(stops) => outage::says(stops, case.policy),
        None => case.not_asked("the outage hook"),
    }
}

fn lever_says(case: &Case<'_>) -> Verdict {
    if !case.chore.step.is_disposal() {
        return Verdict::NotApplicable("nothing is deleted".into());
    }
    match case.recheck.stops(&case.chore.scope) {
        Some(stops) => safety_lever::says(stops),
        None => case.not_asked("the safety lever"),
    }
}

#[cfg(test)]
mod tests;
