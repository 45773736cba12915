//! Faults that are there, followed: renewed while they may last, and ended when they may not.
//!
//! A fault ends when its time is over, when anything pauses or stops it, when its owner opts out, and when its guest says
//! that it is not as it was made. It has ended when looking shows it; until then its end is tried again and again.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::join_all;
use simian_core::claim::SETTLED_AFTER;
use simian_core::{
    Action, Cause, Change, ClaimRecord, Group, Held, Kind, LedgerError, Mode, OptIn, Outcome, Pause, Region, Reversal,
    RunId, Stage, Standing, Stops, Target, View, Watch, rails, span,
};
use simian_faults::{Verb, Word};

use super::{Step, told};
use crate::engine::{Account, Engine};
use crate::faults::account::Undone;
use crate::faults::guest::{Guest, TERM};
use crate::faults::undo::undo;
use crate::observe;

/// How long a guest's answer to a renewal is waited for.
const PATIENCE: TimeDelta = TimeDelta::seconds(15);

/// What the end of a fault goes by, besides the fault: looked at once for all of a region.
struct Seen<'a> {
    pauses: Result<Vec<Pause>, String>,
    stops: Stops,
    groups: &'a View<BTreeMap<String, Group>>,
}

/// A fault that is there, or may be.
#[derive(Clone, Copy)]
struct Fault<'a> {
    engine: &'a Engine,
    account: &'a Account,
    claim: &'a ClaimRecord,
    watch: &'a Watch,
    held: &'a Held,
}

/// One look at each of these faults of a region. Side by side: each waits for its guest.
pub(super) async fn follow(
    engine: &Engine,
    account: &Account,
    region: &Region,
    claims: &[&ClaimRecord],
    groups: &View<BTreeMap<String, Group>>,
) -> Vec<Step> {
    if claims.is_empty() {
        return Vec::new();
    }
    let alarms: BTreeSet<String> = claims.iter().flat_map(|claim| &claim.alarms).cloned().collect();
    let alarms: Vec<String> = alarms.into_iter().collect();
    let stops = observe::stops(engine, account, region, &alarms).await;
    let seen = &Seen { pauses: engine.pauses().await, stops, groups };
    let faults = claims.iter().filter_map(|claim| Fault::of(engine, account, claim));
    let looks = faults.map(|fault| async move {
        match fault.ends(seen) {
            Some(why) => fault.end(why).await,
            None if !fault.held.left.is_empty() => fault.go_on().await,
            None => fault.renew().await,
        }
    });
    join_all(looks).await.into_iter().flatten().collect()
}

impl<'a> Fault<'a> {
    /// The fault that a claim holds, if it holds one.
    fn of(engine: &'a Engine, account: &'a Account, claim: &'a ClaimRecord) -> Option<Self> {
        Some(Self { engine, account, claim, watch: claim.watch.as_ref()?, held: claim.fault()? })
    }

    /// The watch as it is with this fault, or without.
    fn with(&self, held: Option<Held>) -> Watch {
        Watch { held, ..self.watch.clone() }
    }

    /// Why it is to end now, if it is.
    fn ends(&self, seen: &Seen<'_>) -> Option<String> {
        let Self { engine, account, claim, held, .. } = *self;
        if let Some(why) = &held.ending {
            return Some(why.clone());
        }
        if engine.clock.now() >= held.until {
            return Some("its time was over".into());
        }
        if account.policy.mode_of(&claim.monkey) != Mode::Live {
            return Some(format!("the operator says dry-run: {}", account.policy.held_back(&claim.monkey)));
        }
        let day = account.policy.calendar.day_at(engine.clock.now());
        if !day.contains(engine.clock.now()) {
            return Some("the hours are over".into());
        }
        let scope = &claim.scope;
        let names: [&str; 2] = [&claim.unit, &claim.full_unit()];
        match &seen.pauses {
            Err(why) => return Some(why.clone()),
            Ok(pauses) => {
                let pause =
                    pauses.iter().find(|pause| pause.covers(&scope.account, &scope.region, &claim.monkey, &names));
                if let Some(pause) = pause {
                    return Some(format!("paused {pause}"));
                }
            }
        }
        if let Some(why) = rails::stopped(&claim.alarms, &seen.stops, &account.policy) {
            return Some(why);
        }
        // What could not be read is no word of the owner's.
        let groups = seen.groups.known()?;
        let rules = account.policy.tags_of(&claim.monkey);
        claim.targets.iter().find_map(|target| {
            let name = &target.group;
            let Some(group) = groups.get(name) else { return Some(format!("{name} is gone")) };
            if claim.action != Action::Detach && group.member(&target.instance).is_none() {
                return Some(format!("{} is no longer in {name}", target.instance));
            }
            match rules.read(&group.tags) {
                OptIn::In(settings) if settings.vetoes.contains(&claim.date) => {
                    Some(format!("the owner of {name} vetoed it"))
                }
                OptIn::In(settings) if !day.narrow(&settings.hours).contains(engine.clock.now()) => {
                    Some(format!("the hours of {name} are over"))
                }
                OptIn::In(_) => None,
                OptIn::Out => Some(format!("{name} is opted out")),
                OptIn::Malformed(_) => Some(format!("what the tags of {name} say can no longer be read")),
            }
        })
    }

    /// Makes what is still to be made, where what comes before it is so by now. What AWS refuses ends all of it: by half it is
    /// no fault that anybody asked for.
    async fn go_on(&self) -> Option<Step> {
        let mut next = self.held.clone();
        for (id, left) in &mut next.left {
            match further(self.account, &self.claim.scope.region, self.held.undo.get(id)?, left).await {
                Ok(true) => drop(left.remove(0)),
                Ok(false) => {}
                Err(why) => return self.end(why).await,
            }
        }
        next.left.retain(|_, left| !left.is_empty());
        (next != *self.held).then(|| quiet(self.claim, self.with(Some(next))))
    }

    /// Asks the guests to hold it for longer, once half of their time is over; and hears from them whether it is there.
    async fn renew(&self) -> Option<Step> {
        let Self { engine, account, claim, held, .. } = *self;
        let now = engine.clock.now();
        let armed = held.armed.filter(|armed| *armed < held.until && *armed - now <= TERM / 2)?;
        let (run, region) = (&RunId::of(&claim.key), &claim.scope.region);
        let until = now + PATIENCE;
        let asks = claim.targets.iter().map(|target| async move {
            let guest = Guest { engine, account, region, id: &target.instance, run };
            (target, guest.word(Verb::Renew, until).await)
        });
        let said = join_all(asks).await;
        let now = engine.clock.now();
        if said.iter().all(|(_, said)| said.word() == Some(Word::Applied)) {
            let armed = Some((now + TERM).min(held.until));
            let watch = self.with(Some(Held { armed, ..held.clone() }));
            let mut step = moved(claim, Kind::ActionRenewed, "it is there, as it was made".into(), now, watch);
            step.tell(|draft| draft.until = armed);
            return Some(step);
        }
        let (target, odd) = said.iter().find(|(_, said)| said.word().is_some_and(|word| word != Word::Applied))?;
        if odd.word() == Some(Word::Absent) && claim.targets.len() == 1 {
            return self.end("its guest ended it by itself".into()).await;
        }
        tracing::warn!(key = %claim.key, instance = %target.instance, armed = %armed, "a fault is not as it was made");
        self.end(format!("on {}, {}", target.instance, odd.why())).await
    }

    /// Ends it, as far as that goes now.
    async fn end(&self, why: String) -> Option<Step> {
        let Self { engine, account, claim, held, .. } = *self;
        let run = &RunId::of(&claim.key);
        let undos = claim.targets.iter().map(|target| async move {
            let reversals = held.undo.get(&target.instance).map_or(&[][..], Vec::as_slice);
            let undone =
                undo(engine, account, &claim.scope.region, run, claim.action, &target.instance, reversals).await;
            (target, undone)
        });
        let undone = join_all(undos).await;
        let now = engine.clock.now();
        // What AWS may still honour is looked at until it no longer can.
        let unsettled =
            claim.outcome.is_none_or(|outcome| outcome == Outcome::Unknown) && now < claim.act_before + SETTLED_AFTER;
        let still: Vec<String> = undone.iter().filter_map(|(target, undone)| still(target, undone)).collect();
        if still.is_empty() && !unsettled {
            let notes = undone.iter().filter_map(|(_, undone)| match undone {
                Undone::Whole(notes) if !notes.is_empty() => Some(notes.join("; ")),
                _ => None,
            });
            let words: Vec<String> = std::iter::once(why).chain(notes).collect();
            let watch = Watch { since: now, deadline: now + engine.watch.deadline, ..self.with(None) };
            let mut step = moved(claim, Kind::ActionUndone, words.join("; "), now, watch);
            step.tell(|draft| draft.run = Some(run.to_string()));
            return Some(step);
        }
        for still in &still {
            tracing::warn!(key = %claim.key, still, "a fault is not undone yet");
        }
        let watch = self.with(Some(Held { ending: Some(why), ..held.clone() }));
        if claim.stage == Stage::Watching && now >= watch.deadline {
            let late = format!("not undone after {}: {}", span::format(now - claim.at), still.join("; "));
            let deadline = watch.deadline;
            let mut draft = told(claim, Kind::ActionUnrecovered, late, now);
            draft.until = Some(deadline);
            return Some(Step { draft: Some(draft), change: change(claim, Stage::Unrecovered, watch) });
        }
        // Only what is new is written down.
        (held.ending.is_none()).then(|| quiet(claim, watch))
    }
}

/// Makes the next change of an instance, if its time has come. An error says why it never will be.
async fn further(account: &Account, region: &Region, all: &[Reversal], left: &[Reversal]) -> Result<bool, String> {
    let Some(next) = left.first() else { return Ok(false) };
    let before = all.len().checked_sub(left.len() + 1).and_then(|place| all.get(place));
    if let Some(before) = before {
        match account.cloud.standing(region, &before.done).await {
            Ok(Standing::So) => {}
            // What could not be read, or is not so yet, is looked at again.
            Ok(Standing::Moving | Standing::Otherwise) | Err(_) => return Ok(false),
            Ok(Standing::Gone) => return Err(format!("what {} is about is gone", before.done)),
        }
    }
    match account.actuator.alter(region, &next.done).await {
        Ok(()) => Ok(true),
        Err(error) if error.cause == Cause::Throttled => Ok(false),
        Err(error) => Err(format!("it could not be made whole: {error}")),
    }
}

fn still(target: &Target, undone: &Undone) -> Option<String> {
    match undone {
        Undone::Whole(_) => None,
        Undone::Still(why) => Some(format!("{}: {why}", target.instance)),
    }
}

/// From now on the fault that a claim holds is being ended, for that reason.
pub(crate) fn to_end(claim: &ClaimRecord, why: String) -> Option<Change> {
    Some(change(claim, claim.stage, claim.ending(why)?))
}

fn moved(claim: &ClaimRecord, kind: Kind, why: String, now: DateTime<Utc>, watch: Watch) -> Step {
    let draft = told(claim, kind, why, now);
    Step { draft: Some(draft), change: change(claim, Stage::Watching, watch) }
}

/// What is remembered without a word.
fn quiet(claim: &ClaimRecord, watch: Watch) -> Step {
    Step { draft: None, change: change(claim, claim.stage, watch) }
}

fn change(claim: &ClaimRecord, stage: Stage, watch: Watch) -> Change {
    Change::Move { key: claim.key.clone(), by: claim.holder.clone(), stage, outcome: None, watch: Some(watch) }
}

/// A fault whose process did not live to tell how it began. It may be there: it is ended.
pub(super) fn adopted(claim: &ClaimRecord, now: DateTime<Utc>) -> Step {
    let Some(watch) = claim.watch.clone() else {
        let why = "it was claimed and never tried".to_owned();
        return Step::new(claim, Kind::ActionResolved, why, now, Stage::Closed).outcome(Outcome::Abandoned, None);
    };
    let ending = Some("its process did not live to see how it began".to_owned());
    let held = watch.held.clone().map(|held| Held { ending, ..held });
    let watch = Watch { late: true, held, ..watch };
    let why = "it was begun, and nobody saw how; it is undone".to_owned();
    Step::new(claim, Kind::ActionResolved, why, now, Stage::Watching).outcome(Outcome::Unknown, Some(watch))
}

/// Ends every fault that we follow, because nobody will follow it from now on. What cannot be seen to be undone is left to
/// its guest, and to whoever comes next.
pub(crate) async fn end_all(engine: &Engine, why: &str) -> Result<(), LedgerError> {
    let claims = super::open(engine).await?;
    // One that its hand is beginning just now is that hand's: it ends by itself, or is found by whoever comes next.
    let ours = claims.iter().filter(|claim| claim.holder == engine.holder && claim.stage != Stage::Acting);
    let faults = ours.filter_map(|claim| Fault::of(engine, engine.account(&claim.scope.account)?, claim));
    let ends = faults.map(|fault| async move {
        let step = fault.end(why.to_owned()).await?;
        super::record(engine, vec![step]).await.err()
    });
    match join_all(ends).await.into_iter().flatten().next() {
        Some(error) => Err(error),
        None => Ok(()),
    }
}
