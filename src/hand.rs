//! The one hand that acts. It claims, looks at the clock again, records the intent, calls, and records the outcome.
//!
//! A dry run is another hand behind the same trait. Nothing else in the daemon holds an [`Actuator`].

pub(crate) mod chores;
mod claim;
mod experiments;
mod faults;

use std::collections::{BTreeMap, BTreeSet};
use std::mem;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::{join, join_all};
use simian_core::ports::{Effect, MAX_BATCH};
use simian_core::{
    Action, CallError, Cause, Change, Detail, Draft, InstanceId, InstanceState, Judged, Kind, LedgerError, Outcome,
    Pause, Region, Stage, Stops, Target, UnitId, Watch, World, rails,
};
use tokio::sync::Mutex;

use self::claim::{Time, baseline, claim};
use crate::engine::{Account, Engine};
use crate::observe;

/// What came of one proposal that the rails let pass.
#[derive(Clone, Debug)]
pub struct Acted {
    /// The proposal, with its rulings.
    pub judged: Judged,
    /// How it ended; `None` when the claim refused it.
    pub outcome: Option<Outcome>,
    /// In words.
    pub why: String,
}

/// Does what passed the rails, or rehearses it.
#[async_trait]
pub trait Hand {
    /// Every proposal ends in exactly one [`Acted`]. An error means that the ledger failed: what was not claimed by
    /// then was not done, and what was begun is resolved by looking, later.
    async fn act(&self, world: &World, passed: Vec<Judged>) -> Result<Vec<Acted>, LedgerError>;
}

/// Records what would have been done.
pub struct Rehearsal<'a> {
    /// The engine.
    pub engine: &'a Engine,
    /// Where.
    pub account: &'a Account,
}

/// Does it.
pub struct Live<'a> {
    /// The engine.
    pub engine: &'a Engine,
    /// Where.
    pub account: &'a Account,
    /// The second look that let it pass: what stops everything was asked then.
    pub detail: &'a Detail,
}

#[async_trait]
impl Hand for Rehearsal<'_> {
    async fn act(&self, world: &World, passed: Vec<Judged>) -> Result<Vec<Acted>, LedgerError> {
        let (won, mut acted) = claim(self.engine, self.account, world, &Detail::none(), passed).await?;
        let now = self.engine.clock.now();
        let mut steps = Vec::new();
        for (judged, time) in won {
            if steps.len() == AT_ONCE {
                self.engine.change_each(mem::take(&mut steps)).await?;
            }
            let proposal = &judged.proposal;
            let (kind, outcome, told, why) = match time.is_over(now) {
                None => {
                    let why = format!("dry-run: {} of {} was left out", proposal.action, targets(&judged));
                    (Kind::ActionRehearsed, Outcome::Rehearsed, proposal.why.clone(), why)
                }
                // What let it pass was true some time ago.
                Some(why) => (Kind::ActionAbandoned, Outcome::Abandoned, why.to_owned(), why.to_owned()),
            };
            let mut draft = judged.draft(now, kind, told);
            draft.outcome = Some(outcome.to_string());
            steps.push((Some(draft), settle(self.engine, &judged, Stage::Closed, outcome, None)));
            acted.push(Acted { outcome: Some(outcome), why, judged });
        }
        self.engine.change_each(steps).await?;
        Ok(acted)
    }
}

#[async_trait]
impl Hand for Live<'_> {
    async fn act(&self, world: &World, passed: Vec<Judged>) -> Result<Vec<Acted>, LedgerError> {
        let (won, mut acted) = claim(self.engine, self.account, world, self.detail, passed).await?;
        let (lasting, won): (Vec<_>, Vec<_>) = won.into_iter().partition(|(judged, _)| judged.proposal.action.lasts());
        self.record_intents(&won).await?;
        // What is due together, of one kind and with the same time left, shares a call.
        let mut together: BTreeMap<(Region, Action, Time), Vec<Judged>> = BTreeMap::new();
        for (judged, time) in won {
            let proposal = &judged.proposal;
            let part = (proposal.scope.region.clone(), proposal.action, time);
            together.entry(part).or_default().push(judged);
        }
        // Side by side, so that a region that does not answer takes nobody else's time.
        let parts = together.into_iter().map(|((region, action, time), batch)| async move {
            let ends = self.do_all(&region, action, &batch, time).await;
            self.record_outcomes(world, batch, &ends).await
        });
        let faults = lasting.into_iter().map(|(judged, time)| self.begin(world, judged, time));
        let (parts, faults) = join(join_all(parts), join_all(faults)).await;
        for part in parts {
            acted.extend(part?);
        }
        for fault in faults {
            acted.push(fault?);
        }
        Ok(acted)
    }
}

/// How one instance's part ended, in words too.
type Ends = BTreeMap<InstanceId, (Outcome, String)>;

/// What calls of one kind go by: where they go, for which monkey, to whose instances, when they may begin, and what stops
/// them.
struct Leave<'a> {
    region: &'a Region,
    monkey: &'a str,
    units: BTreeMap<&'a InstanceId, &'a UnitId>,
    time: Time,
    /// The alarms that any of it minds.
    alarms: Vec<String>,
    /// What stops everything, as it was last looked at. Once it does, nothing more of this is done.
    stops: Mutex<Option<Stops>>,
}

/// How long after the last moment to begin it an answer is waited for. What is not known by then is looked at later.
const PATIENCE: TimeDelta = TimeDelta::seconds(30);

/// How often whatever takes its time is looked at.
const LOOKS_AGAIN: TimeDelta = TimeDelta::seconds(2);

/// What stops everything is looked at again before a call once it was asked so long ago.
const STOPS_FRESH: TimeDelta = TimeDelta::seconds(10);

/// An answer, and whom it is about; an error says why not even one call was made.
type Answer<T> = (Vec<InstanceId>, Result<Result<T, CallError>, String>);

impl Live<'_> {
    async fn record_intents(&self, won: &[(Judged, Time)]) -> Result<(), LedgerError> {
        let now = self.engine.clock.now();
        let intent = |(judged, _): &(Judged, Time)| {
            let why = format!("about to {} {}: {}", judged.proposal.action, targets(judged), judged.proposal.why);
            judged.draft(now, Kind::ActionIntended, why)
        };
        for won in won.chunks(AT_ONCE) {
            self.engine.record(won.iter().map(intent).collect(), Vec::new()).await?;
        }
        Ok(())
    }

    /// Ends every target of the batch, as far as that can be done in its time.
    async fn do_all(&self, region: &Region, action: Action, batch: &[Judged], time: Time) -> Ends {
        let targets = batch.iter().flat_map(|judged| &judged.proposal.targets);
        let ids: Vec<InstanceId> = targets.map(|target| target.instance.clone()).collect();
        let leave = &self.leave(region, batch, time);
        if let Some(role) = self.account.policy.faults.experiment(action) {
            return self.by_experiment(leave, role, batch).await;
        }
        let mut ends = Ends::new();
        match action {
            Action::Terminate => {
                for ids in ids.chunks(MAX_BATCH) {
                    self.terminate(leave, ids, &mut ends).await;
                }
            }
            Action::TerminateGracefully => {
                let actuator = &self.account.actuator;
                for id in &ids {
                    let call = |_| actuator.terminate_in_group(region, id);
                    let (asked, answer) = self.in_time(leave, std::slice::from_ref(id), &mut ends, call).await;
                    let answer = answer.map(|answer| answer.map(|()| asked.clone()));
                    self.judge_answer(region, &asked, answer, &mut ends).await;
                }
            }
            Action::Reboot => {
                for ids in ids.chunks(MAX_BATCH) {
                    self.reboot(leave, ids, &mut ends).await;
                }
            }
            // What lasts is begun by itself: see `faults`.
            _ => {}
        }
        ends
    }

    /// What the calls for a batch of one monkey go by.
    fn leave<'b>(&self, region: &'b Region, batch: &'b [Judged], time: Time) -> Leave<'b> {
        let proposals = batch.iter().map(|judged| &judged.proposal);
        let units = proposals
            .flat_map(|proposal| proposal.targets.iter().map(|target| (&target.instance, &proposal.unit.id)))
            .collect();
        let minded: BTreeSet<String> =
            batch.iter().flat_map(|judged| rails::alarms(&judged.proposal, &self.account.policy)).collect();
        let first = batch.first().map(|judged| &judged.proposal);
        Leave {
            region,
            monkey: first.map_or("", |proposal| &proposal.monkey),
            units,
            time,
            alarms: minded.into_iter().collect(),
            stops: Mutex::new(first.and_then(|proposal| self.detail.stops(&proposal.scope)).cloned()),
        }
    }

    /// One batch. After a failure every id is looked up; what certainly still runs is tried alone, because one bad id
    /// fails the others with it.
    async fn terminate(&self, leave: &Leave<'_>, ids: &[InstanceId], ends: &mut Ends) {
        let region = leave.region;
        let actuator = &self.account.actuator;
        let call = |ids: Vec<InstanceId>| async move { actuator.terminate(region, &ids).await };
        let (ids, answer) = self.in_time(leave, ids, ends, call).await;
        let split = ids.len() > 1
            && matches!(&answer, Ok(Err(error)) if error.cause.is_refusal() || error.cause == Cause::Denied);
        self.judge_answer(region, &ids, answer, ends).await;
        if !split {
            return;
        }
        let left = ids.iter().filter(|id| ends.get(*id).is_some_and(|(outcome, _)| *outcome == Outcome::Refused));
        for id in left.cloned().collect::<Vec<_>>() {
            let one = std::slice::from_ref(&id);
            let (_, answer) = self.in_time(leave, one, ends, call).await;
            let certain = match &answer {
                Ok(Ok(_)) => true,
                Ok(Err(error)) => error.cause.is_refusal() || error.cause == Cause::Denied,
                Err(_) => false,
            };
            self.judge_answer(region, one, answer, ends).await;
            // The batch may have ended it, and the look that says otherwise may be older than that.
            if let Some((outcome, _)) = ends.get_mut(&id).filter(|(outcome, _)| !certain && *outcome != Outcome::Done) {
                *outcome = Outcome::Unknown;
            }
        }
    }

    /// One batch. There is nothing to look up: a rebooting instance is running by EC2's word, and so is one that never
    /// went down. So a refusal is for all, and what is unclear stays so.
    async fn reboot(&self, leave: &Leave<'_>, ids: &[InstanceId], ends: &mut Ends) {
        let actuator = &self.account.actuator;
        let call = |ids: Vec<InstanceId>| async move { actuator.reboot(leave.region, &ids).await };
        let (ids, answer) = self.in_time(leave, ids, ends, call).await;
        let (outcome, why) = match answer {
            Err(why) => (Outcome::Abandoned, why),
            Ok(Ok(())) => (Outcome::Done, "AWS queued it".to_owned()),
            Ok(Err(error)) => (failed(&error), error.to_string()),
        };
        ends.extend(ids.into_iter().map(|id| (id, (outcome, why.clone()))));
    }

    /// Calls while a call fits into its time and nobody pulls the kill switch, and again only when AWS said that
    /// it throttled: then nothing happened. Whose unit is paused meanwhile is left out, and ends as abandoned.
    async fn in_time<T, F>(
        &self,
        leave: &Leave<'_>,
        ids: &[InstanceId],
        ends: &mut Ends,
        call: impl Fn(Vec<InstanceId>) -> F,
    ) -> Answer<T>
    where
        F: Future<Output = Result<T, CallError>>,
    {
        let clock = &self.engine.clock;
        let mut ids = ids.to_vec();
        let mut wait = FIRST_WAIT;
        let mut throttled = None;
        loop {
            match self.hindered(leave, &ids).await {
                Err(why) => return (ids, throttled.ok_or(why)),
                Ok(held) => {
                    ids.retain(|id| !held.contains_key(id));
                    ends.extend(held.into_iter().map(|(id, why)| (id, (Outcome::Abandoned, why))));
                }
            }
            match call(ids.clone()).await {
                Err(error) if error.cause == Cause::Throttled => throttled = Some(Err(error)),
                answer => return (ids, Ok(answer)),
            }
            clock.sleep_until(clock.now() + wait).await;
            wait = wait * 2;
        }
    }

    /// Whom no call may be started for now, and why; as an error why for nobody. Looked at as late as can be. Who cannot be
    /// asked has said no. The clock comes last, because the machine may have slept while the others were asked.
    async fn hindered(&self, leave: &Leave<'_>, ids: &[InstanceId]) -> Result<BTreeMap<InstanceId, String>, String> {
        // First, because the answer may take its time.
        if let Some(why) = self.stopped(leave).await {
            return Err(why);
        }
        let held = self.paused(leave, ids).await?;
        if let Some(why) = leave.time.is_over(self.engine.clock.now()) {
            return Err(why.into());
        }
        match held.first_key_value() {
            Some((_, why)) if held.len() == ids.len() => Err(why.clone()),
            _ => Ok(held),
        }
    }

    /// Whose unit is paused, and by whom; an error where the ledger does not say.
    async fn paused(&self, leave: &Leave<'_>, ids: &[InstanceId]) -> Result<BTreeMap<InstanceId, String>, String> {
        let pauses = self.engine.pauses().await?;
        let account = &self.account.policy.account;
        let held = ids.iter().filter_map(|id| {
            let unit = leave.units.get(id)?;
            let covers =
                |pause: &&Pause| pause.covers(account, leave.region, leave.monkey, &[&unit.to_string(), &unit.full()]);
            let pause = pauses.iter().find(covers)?;
            Some((id.clone(), format!("paused {pause}")))
        });
        Ok(held.collect())
    }

    /// Why everything stops: an alarm, the safety lever, the outage hook. Who cannot be asked has said no.
    async fn stopped(&self, leave: &Leave<'_>) -> Option<String> {
        let mut stops = leave.stops.lock().await;
        let policy = &self.account.policy;
        let stopped = |stops: &Stops| rails::stopped(&leave.alarms, stops, policy);
        let now = self.engine.clock.now();
        let fresh = stops.as_ref().is_some_and(|stops| now - stops.at < STOPS_FRESH || stopped(stops).is_some());
        if !fresh {
            *stops = Some(observe::stops(self.engine, self.account, leave.region, &leave.alarms).await);
        }
        stops.as_ref().and_then(stopped)
    }

    /// Turns an answer into an outcome for each id. Whatever is not certain from the answer is looked up.
    async fn judge_answer(
        &self,
        region: &Region,
        ids: &[InstanceId],
        answer: Result<Result<Vec<InstanceId>, CallError>, String>,
        ends: &mut Ends,
    ) {
        let mut end = |id: &InstanceId, outcome, why: String| drop(ends.insert(id.clone(), (outcome, why)));
        let (accepted, rest) = match answer {
            Err(why) => {
                for id in ids {
                    end(id, Outcome::Abandoned, why.clone());
                }
                return;
            }
            Ok(Ok(accepted)) => (accepted, (Outcome::Unknown, "AWS did not mention it in its answer".to_owned())),
            Ok(Err(error)) => (Vec::new(), (failed(&error), error.to_string())),
        };
        let accepted: BTreeSet<InstanceId> = accepted.into_iter().collect();
        let (good, doubtful): (Vec<_>, Vec<_>) = ids.iter().cloned().partition(|id| accepted.contains(id));
        for id in &good {
            end(id, Outcome::Done, "AWS accepted it".into());
        }
        if doubtful.is_empty() {
            return;
        }
        // A refused batch may have ended some of its instances; an unclear answer may have ended all.
        let (outcome, why) = rest;
        let states = match self.account.cloud.instances(region, &doubtful).await {
            Ok(states) => states,
            Err(error) => {
                for id in &doubtful {
                    let outcome = if ids.len() > 1 && outcome == Outcome::Refused { Outcome::Unknown } else { outcome };
                    end(id, outcome, format!("{why}; looking failed too: {error}"));
                }
                return;
            }
        };
        for id in &doubtful {
            match states.get(id) {
                Some(InstanceState::Terminated) => end(id, Outcome::Done, format!("it is ending ({why})")),
                None if outcome != Outcome::Unknown => end(id, Outcome::Refused, format!("AWS knows no {id} ({why})")),
                // Still running proves nothing after an unclear answer: reads may be older than the call.
                _ => end(id, outcome, why.clone()),
            }
        }
    }

    /// Records how each proposal ended, and opens the watch of what may have happened.
    async fn record_outcomes(&self, world: &World, batch: Vec<Judged>, ends: &Ends) -> Result<Vec<Acted>, LedgerError> {
        let now = self.engine.clock.now();
        let (mut steps, mut acted) = (Vec::new(), Vec::new());
        for judged in batch {
            if steps.len() == AT_ONCE {
                self.engine.change_each(mem::take(&mut steps)).await?;
            }
            let (outcome, why) = together(&judged.proposal.targets, ends);
            let watch = outcome.counts().then(|| self.watch(world, &judged, outcome, ends, now));
            // Owners read this one: it says why their instance was ended, and not only that it was.
            let told = if outcome == Outcome::Done { format!("{}; {why}", judged.proposal.why) } else { why.clone() };
            let mut draft = ended(&judged, now, outcome, told);
            draft.until = watch.as_ref().map(|watch| watch.deadline);
            let stage = if watch.is_some() { Stage::Watching } else { Stage::Closed };
            steps.push((Some(draft), settle(self.engine, &judged, stage, outcome, watch)));
            acted.push(Acted { judged, outcome: Some(outcome), why });
        }
        self.engine.change_each(steps).await?;
        Ok(acted)
    }

    /// What whole means for the unit: as many serving members as before. Targets of a done action that were not hit are
    /// left out on both sides, because whoever counts later leaves out all targets.
    fn watch(&self, world: &World, judged: &Judged, outcome: Outcome, ends: &Ends, now: DateTime<Utc>) -> Watch {
        let proposal = &judged.proposal;
        let mut baseline = baseline(world, self.detail, judged);
        let counted = |target: &&Target| ends.get(&target.instance).is_some_and(|(outcome, _)| outcome.counts());
        let spared = proposal.targets.iter().filter(|target| !counted(target));
        for target in spared.filter(|_| outcome == Outcome::Done && !proposal.action.returns()) {
            if let Some(serving) = baseline.get_mut(&target.group) {
                *serving = serving.saturating_sub(1);
            }
        }
        Watch { since: now, deadline: now + self.engine.watch.deadline, baseline, late: false, held: None }
    }
}

/// The event of how a proposal ended.
fn ended(judged: &Judged, now: DateTime<Utc>, outcome: Outcome, told: String) -> Draft {
    let kind = match outcome {
        Outcome::Done => Kind::ActionDone,
        Outcome::Refused => Kind::ActionRefused,
        Outcome::Abandoned => Kind::ActionAbandoned,
        Outcome::Failed | Outcome::Rehearsed => Kind::ActionFailed,
        Outcome::Unknown => Kind::ActionResolved,
    };
    let mut draft = judged.draft(now, kind, told);
    draft.verdicts.clear();
    draft.outcome = Some(outcome.to_string());
    draft
}

/// What a failed call says of its targets.
pub(crate) fn failed(error: &CallError) -> Outcome {
    match (error.cause.effect(), &error.cause) {
        (Effect::None, Cause::Throttled | Cause::Unreachable) => Outcome::Failed,
        (Effect::None, _) => Outcome::Refused,
        (Effect::Unknown, _) => Outcome::Unknown,
    }
}

/// How a proposal ended, by how its targets did. One of whom nobody knows speaks for all; then one that was hit, because
/// what happened to any of them happened to the unit; then one that failed, because half of it may be there; then the
/// worst.
fn together(targets: &[Target], ends: &Ends) -> (Outcome, String) {
    let all: Vec<_> = targets.iter().filter_map(|target| ends.get_key_value(&target.instance)).collect();
    let weight = |outcome: Outcome| match outcome {
        Outcome::Unknown => 3,
        Outcome::Done => 2,
        Outcome::Failed => 1,
        Outcome::Refused | Outcome::Abandoned | Outcome::Rehearsed => 0,
    };
    let Some((_, (outcome, why))) = all.iter().max_by_key(|(_, (outcome, _))| (weight(*outcome), *outcome)) else {
        return (Outcome::Abandoned, "it had no target".into());
    };
    if all.iter().all(|(_, (other, _))| other == outcome) {
        return (*outcome, why.clone());
    }
    let each: Vec<String> = all.iter().map(|(id, (outcome, why))| format!("{id} {outcome}: {why}")).collect();
    (*outcome, each.join("; "))
}

/// How many events are committed together: each carries what every rail said, so a thousand of them are megabytes.
/// What is half recorded when the process dies is resolved by looking, as a single one would be.
const AT_ONCE: usize = 200;

/// How long after a throttle the first repetition waits; doubled each time. EC2's bucket for terminations refills
/// at 5 calls a second, so a second gives room for several.
const FIRST_WAIT: TimeDelta = TimeDelta::seconds(1);

fn settle(engine: &Engine, judged: &Judged, stage: Stage, outcome: Outcome, watch: Option<Watch>) -> Change {
    let (key, by) = (judged.proposal.key.clone(), engine.holder.clone());
    Change::Move { key, by, stage, outcome: Some(outcome), watch }
}

fn targets(judged: &Judged) -> String {
    Target::instances(&judged.proposal.targets).unwrap_or_else(|| "nobody".into())
}

#[cfg(test)]
mod tests {
    use simian_core::InstanceId;

    use super::*;

    #[test]
    fn what_may_be_there_speaks_for_all() {
        let of = |outcomes: &[Outcome]| {
            let id = |n: usize| InstanceId::new(format!("i-{n:08}"));
            let targets: Vec<_> =
                (0..outcomes.len()).map(|n| Target { instance: id(n), group: "g".into(), zone: "z".into() }).collect();
            let ends = outcomes.iter().enumerate().map(|(n, outcome)| (id(n), (*outcome, "so".to_owned()))).collect();
            together(&targets, &ends).0
        };
        assert_eq!(of(&[Outcome::Abandoned, Outcome::Refused]), Outcome::Abandoned);
        assert_eq!(of(&[Outcome::Refused, Outcome::Failed, Outcome::Abandoned]), Outcome::Failed);
        assert_eq!(of(&[Outcome::Refused, Outcome::Done, Outcome::Failed]), Outcome::Done);
        assert_eq!(of(&[Outcome::Unknown, Outcome::Done]), Outcome::Unknown);
        assert_eq!(of(&[]), Outcome::Abandoned);
    }
}
