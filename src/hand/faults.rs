//! Faults that last, begun: looked at first, then intended with all that undoes them, then tagged, then made.
//!
//! Whatever may have been made is held by its claim from the intent on, so whoever comes after a crash can end it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use futures_util::future::join_all;
use simian_core::claim::CALL_TIMEOUT;
use simian_core::resource::Tags;
use simian_core::{
    Change, Held, InstanceId, Judged, Kind, LedgerError, Nature, Outcome, Region, Reversal, RunId, Stage, Target,
    Terms, Watch, World,
};
use simian_faults::{Verb, Word};

use super::claim::{Time, baseline};
use super::{Acted, Ends, LOOKS_AGAIN, Leave, Live, PATIENCE, ended, failed, settle, targets, together};
use crate::faults::account as changes;
use crate::faults::guest::{self, Guest, Said, TERM};
use crate::faults::tags::{self, Marked};

/// What was found before anything is done: what it takes to undo it, by instance.
type Undo = BTreeMap<InstanceId, Vec<Reversal>>;

impl Live<'_> {
    /// Begins a fault that lasts, on all its targets or on none.
    pub(super) async fn begin(&self, world: &World, judged: Judged, time: Time) -> Result<Acted, LedgerError> {
        let proposal = &judged.proposal;
        let Some(terms) = proposal.terms.clone() else {
            return self.not_begun(judged, Outcome::Abandoned, "nobody says how long it is to last".into()).await;
        };
        let undo = match self.look_first(world, &judged, &terms, time).await {
            Ok(undo) => undo,
            Err((outcome, why)) => return self.not_begun(judged, outcome, why).await,
        };
        let run = RunId::of(&proposal.key);
        let until = self.engine.clock.now() + terms.lasts;
        let written = match self.tags(&judged, &run, until, &undo) {
            Ok(written) => written,
            Err(why) => return self.not_begun(judged, Outcome::Refused, why).await,
        };
        if !self.intend(world, &judged, &terms, until, undo.clone()).await? {
            let why = "another process took it over".to_owned();
            return Ok(Acted { judged, outcome: Some(Outcome::Abandoned), why });
        }
        for (target, tags) in proposal.targets.iter().zip(&written) {
            if let Err(error) = tags::write(self.account, &proposal.scope.region, &target.instance, tags).await {
                let why = format!("it could not be tagged, so it was not done: {error}");
                self.untag(&judged, &run, &undo).await;
                let outcome = if failed(&error) == Outcome::Unknown { Outcome::Failed } else { failed(&error) };
                return self.not_begun(judged, outcome, why).await;
            }
        }
        let (ends, left) = self.make(&judged, &run, &terms, &undo, time).await;
        self.record_begun(world, judged, &run, &terms, (undo, left), &ends).await
    }

    /// What it takes to undo it; or why it is not done.
    async fn look_first(
        &self,
        world: &World,
        judged: &Judged,
        terms: &Terms,
        time: Time,
    ) -> Result<Undo, (Outcome, String)> {
        let looks = judged.proposal.targets.iter().map(|target| async {
            let undo = self.look_at(world, judged, terms, time, target).await?;
            Ok((target.instance.clone(), undo))
        });
        join_all(looks).await.into_iter().collect()
    }

    async fn look_at(
        &self,
        world: &World,
        judged: &Judged,
        terms: &Terms,
        time: Time,
        target: &Target,
    ) -> Result<Vec<Reversal>, (Outcome, String)> {
        let (action, scope) = (judged.proposal.action, &judged.proposal.scope);
        let region = &scope.region;
        if action.nature() == Nature::Account {
            let read_again =
                self.detail.look(scope).and_then(|look| look.group(&target.group)?.known()?.get(&target.group));
            let Some(group) = read_again.or_else(|| world.group(scope, &target.group)) else {
                return Err((Outcome::Abandoned, format!("{} is gone", target.group)));
            };
            return match changes::plan(self.account, region, action, terms, target, group).await {
                Ok(Ok(undo)) => Ok(undo),
                Ok(Err(why)) => Err((Outcome::Refused, why)),
                Err(error) => Err((Outcome::Abandoned, format!("what it would change could not be read: {error}"))),
            };
        }
        let run = RunId::of(&judged.proposal.key);
        let script = guest::script(action, terms, &run, region, Verb::Preflight);
        let script = script.map_err(|why| (Outcome::Refused, why))?;
        let guest = self.guest(region, &target.instance, &run);
        let said = guest.say(Verb::Preflight, &script, time.before - CALL_TIMEOUT).await;
        match said {
            Said::Answer(answer) if answer.word == Word::Ready => Ok(Vec::new()),
            Said::Answer(_) => Err((Outcome::Refused, said.why())),
            Said::Never(outcome, why) => Err((outcome, why)),
            Said::Unknown(why) => Err((Outcome::Abandoned, why)),
        }
    }

    fn guest<'g>(&'g self, region: &'g Region, id: &'g InstanceId, run: &'g RunId) -> Guest<'g> {
        Guest { engine: self.engine, account: self.account, region, id, run }
    }

    fn tags(&self, judged: &Judged, run: &RunId, until: DateTime<Utc>, undo: &Undo) -> Result<Vec<Tags>, String> {
        let of = |target: &Target| {
            let undo = undo.get(&target.instance).cloned().unwrap_or_default();
            Marked { action: judged.proposal.action, until, undo }.tags(&self.account.policy.tags, run)
        };
        judged.proposal.targets.iter().map(of).collect()
    }

    /// The intent, and with it in one commit what it takes to undo it. False when the claim is somebody else's by now.
    async fn intend(
        &self,
        world: &World,
        judged: &Judged,
        terms: &Terms,
        until: DateTime<Utc>,
        undo: Undo,
    ) -> Result<bool, LedgerError> {
        let now = self.engine.clock.now();
        let proposal = &judged.proposal;
        let mut why = format!("about to {} {} {terms}: {}", proposal.action, targets(judged), proposal.why);
        for (id, undo) in undo.iter().filter(|(_, undo)| !undo.is_empty()) {
            let words: Vec<String> = undo.iter().map(ToString::to_string).collect();
            why = format!("{why}; what undoes it on {id}: {}", words.join(", "));
        }
        let mut draft = judged.draft(now, Kind::ActionIntended, why);
        draft.until = Some(until);
        draft.run = draft.run.or_else(|| Some(RunId::of(&proposal.key).to_string()));
        let watch = self.held(world, judged, Held { until, armed: None, undo, left: Undo::new(), ending: None }, now);
        let (key, by) = (proposal.key.clone(), self.engine.holder.clone());
        let change = Change::Move { key, by, stage: Stage::Acting, outcome: None, watch: Some(watch) };
        Ok(self.engine.change_each(vec![(Some(draft), change)]).await? == [true])
    }

    fn held(&self, world: &World, judged: &Judged, held: Held, now: DateTime<Utc>) -> Watch {
        let baseline = baseline(world, self.detail, judged);
        Watch { since: now, deadline: held.until + self.engine.watch.deadline, baseline, late: false, held: Some(held) }
    }

    /// Does it, on every target side by side. Returns what could not be made in this time too, because it waits for what
    /// was.
    async fn make(&self, judged: &Judged, run: &RunId, terms: &Terms, undo: &Undo, time: Time) -> (Ends, Undo) {
        let leave = &self.leave(&judged.proposal.scope.region, std::slice::from_ref(judged), time);
        let parts = judged.proposal.targets.iter().map(|target| async {
            let id = &target.instance;
            let reversals = undo.get(id).map_or(&[][..], Vec::as_slice);
            let (end, left) = match judged.proposal.action.nature() {
                Nature::Account => self.change(leave, id, reversals).await,
                Nature::Guest | Nature::Once => (self.command(leave, judged, run, terms, id).await, &[][..]),
            };
            ((id.clone(), end), (id.clone(), left.to_vec()))
        });
        let (ends, mut left): (Ends, Undo) = join_all(parts).await.into_iter().unzip();
        left.retain(|_, left| !left.is_empty());
        (ends, left)
    }

    async fn command(
        &self,
        leave: &Leave<'_>,
        judged: &Judged,
        run: &RunId,
        terms: &Terms,
        id: &InstanceId,
    ) -> (Outcome, String) {
        let script = match guest::script(judged.proposal.action, terms, run, leave.region, Verb::Apply) {
            Ok(script) => script,
            Err(why) => return (Outcome::Refused, why),
        };
        let guest = self.guest(leave.region, id, run);
        let handle = guest.handle(Verb::Apply);
        let mut ends = Ends::new();
        let (comment, script) = (handle.comment.as_str(), script.as_str());
        let call = |_| async move { self.account.guests.send(leave.region, id, comment, script).await };
        let (_, answer) = self.in_time(leave, std::slice::from_ref(id), &mut ends, call).await;
        let sent = match answer {
            Ok(sent) => sent,
            Err(why) => return (Outcome::Abandoned, why),
        };
        let said = guest.hear(&handle, sent, leave.time.before + PATIENCE).await;
        match &said {
            Said::Answer(answer) => match answer.word {
                Word::Applied => (Outcome::Done, "its guest says that it is there".into()),
                Word::Refused => (Outcome::Refused, said.why()),
                _ => (Outcome::Failed, said.why()),
            },
            // What never ran is nowhere, so there is nothing to hold.
            Said::Never(Outcome::Failed, why) => (Outcome::Abandoned, why.clone()),
            Said::Never(outcome, why) => (*outcome, why.clone()),
            Said::Unknown(why) => (Outcome::Unknown, why.clone()),
        }
    }

    /// Makes the changes of a fault, one after the other. What fails after the first is a fault all the same, by half; what
    /// there is no time for is returned.
    async fn change<'r>(
        &self,
        leave: &Leave<'_>,
        id: &InstanceId,
        reversals: &'r [Reversal],
    ) -> ((Outcome, String), &'r [Reversal]) {
        let mut ends = Ends::new();
        for (made, reversal) in reversals.iter().enumerate() {
            let done = &reversal.done;
            if made > 0 && leave.time.is_over(self.engine.clock.now()).is_some() {
                let why = format!("AWS accepted it; {done} waits for what comes before it");
                return ((Outcome::Done, why), &reversals[made..]);
            }
            let call = |_| async move { self.account.actuator.alter(leave.region, done).await };
            let (_, answer) = self.in_time(leave, std::slice::from_ref(id), &mut ends, call).await;
            let (outcome, why) = match answer {
                Ok(Ok(())) => {
                    self.until_so(leave, done).await;
                    continue;
                }
                Ok(Err(error)) => (failed(&error), error.to_string()),
                Err(why) => (Outcome::Abandoned, why),
            };
            // By half it is neither done nor not done: it is undone.
            let outcome = if made > 0 && outcome != Outcome::Unknown { Outcome::Failed } else { outcome };
            return ((outcome, why), &[]);
        }
        ((Outcome::Done, "AWS accepted it".into()), &[])
    }

    /// Waits until a change is so, because the next needs it; as long as there is time.
    async fn until_so(&self, leave: &Leave<'_>, alteration: &simian_core::Alteration) {
        let clock = &self.engine.clock;
        loop {
            let standing = self.account.cloud.standing(leave.region, alteration).await;
            let wait = matches!(standing, Ok(simian_core::Standing::Moving | simian_core::Standing::Otherwise));
            if !wait || leave.time.is_over(clock.now() + LOOKS_AGAIN).is_some() {
                return;
            }
            clock.sleep_until(clock.now() + LOOKS_AGAIN).await;
        }
    }

    /// How it began. What may be there is held until somebody has seen that it is gone.
    async fn record_begun(
        &self,
        world: &World,
        judged: Judged,
        run: &RunId,
        terms: &Terms,
        (undo, left): (Undo, Undo),
        ends: &Ends,
    ) -> Result<Acted, LedgerError> {
        let now = self.engine.clock.now();
        let (outcome, why) = together(&judged.proposal.targets, ends);
        let may_be_there =
            |(outcome, _): &(Outcome, String)| matches!(outcome, Outcome::Done | Outcome::Unknown | Outcome::Failed);
        if !ends.values().any(may_be_there) {
            self.untag(&judged, run, &undo).await;
            return self.not_begun(judged, outcome, why).await;
        }
        let is_guest = judged.proposal.action.nature() == Nature::Guest;
        let until = now + terms.lasts;
        let whole = ends.values().all(|(outcome, _)| *outcome == Outcome::Done);
        let held = Held {
            until,
            armed: is_guest.then(|| now + TERM.min(terms.lasts)),
            undo,
            left,
            ending: (!whole).then(|| format!("it did not begin as it should: {why}")),
        };
        let watch = self.held(world, &judged, held, now);
        let told = match outcome {
            Outcome::Done => format!("{terms}: {}; {why}", judged.proposal.why),
            _ => why.clone(),
        };
        let mut draft = ended(&judged, now, outcome, told);
        draft.until = Some(until);
        let change = settle(self.engine, &judged, Stage::Watching, outcome, Some(watch));
        self.engine.change_each(vec![(Some(draft), change)]).await?;
        Ok(Acted { judged, outcome: Some(outcome), why })
    }

    /// It did not begin: nothing of it is there.
    async fn not_begun(&self, judged: Judged, outcome: Outcome, why: String) -> Result<Acted, LedgerError> {
        let draft = ended(&judged, self.engine.clock.now(), outcome, why.clone());
        let change = settle(self.engine, &judged, Stage::Closed, outcome, None);
        self.engine.change_each(vec![(Some(draft), change)]).await?;
        Ok(Acted { judged, outcome: Some(outcome), why })
    }

    /// Takes away what was tagged for nothing. A tag that stays is found by `simian faults`.
    async fn untag(&self, judged: &Judged, run: &RunId, undo: &Undo) {
        for target in &judged.proposal.targets {
            let id = &target.instance;
            let keys = tags::keys(&self.account.policy.tags, run, undo.get(id).map_or(0, Vec::len));
            if let Err(error) = tags::take(self.account, &judged.proposal.scope.region, id, &keys).await {
                tracing::warn!(%error, instance = %id, "a fault's tag stays, though nothing was done");
            }
        }
    }
}
