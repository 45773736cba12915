//! What AWS FIS does in our place: an experiment for each proposal, followed until it took effect or will not.

use futures_util::future::join_all;
use simian_core::ports::Effect;
use simian_core::{Action, CallError, Cause, Experiment, Experimented, InstanceId, Judged, Outcome, RunId, rails};

use super::{Ends, LOOKS_AGAIN, Leave, Live, PATIENCE, failed};

/// What an experiment that did not do it is told as: a call that was refused.
const CALL: &str = "fis:StartExperiment";

impl Live<'_> {
    /// Has FIS do it to every target of the batch, by that role. Each proposal has its own alarms, and so its own
    /// experiments.
    pub(super) async fn by_experiment(&self, leave: &Leave<'_>, role: &str, batch: &[Judged]) -> Ends {
        let parts = batch.iter().flat_map(|judged| {
            let proposal = &judged.proposal;
            let alarms: Vec<String> =
                rails::alarms(proposal, &self.account.policy).into_iter().take(Experiment::MOST).collect();
            let run = RunId::of(&proposal.key);
            proposal.targets.chunks(Experiment::MOST).enumerate().map(move |(number, targets)| Experiment {
                token: format!("{run}-{number}"),
                action: proposal.action,
                targets: targets.iter().map(|target| target.instance.clone()).collect(),
                role: role.to_owned(),
                alarms: alarms.clone(),
            })
        });
        join_all(parts.map(|experiment| self.experiment(leave, experiment))).await.into_iter().flatten().collect()
    }

    async fn experiment(&self, leave: &Leave<'_>, experiment: Experiment) -> Ends {
        let mut ends = Ends::new();
        let begin = |targets: Vec<InstanceId>| {
            let experiment = Experiment { targets, ..experiment.clone() };
            async move { self.account.actuator.begin_experiment(leave.region, &experiment).await }
        };
        let (ids, mut answer) = self.in_time(leave, &experiment.targets, &mut ends, begin).await;
        let unclear = |answer: &Result<Result<String, CallError>, String>| matches!(answer, Ok(Err(error)) if error.cause.effect() == Effect::Unknown);
        // By its token the same call is the same experiment. That this one was refused says nothing of the first.
        if unclear(&answer)
            && self.hindered(leave, &ids).await.is_ok_and(|held| held.is_empty())
            && let Ok(id) = begin(ids.clone()).await
        {
            answer = Ok(Ok(id));
        }
        let answer = match answer {
            Ok(Ok(id)) => Ok(self.follow(leave, &ids, &id).await),
            Ok(Err(error)) => Ok(Err(error)),
            Err(why) => Err(why),
        };
        match answer {
            Ok(Ok(why)) => ends.extend(ids.into_iter().map(|id| (id, (Outcome::Done, why.clone())))),
            // There is nothing to look up: a rebooting instance is running by EC2's word.
            Ok(Err(error)) if experiment.action == Action::Reboot => {
                let (outcome, why) = (failed(&error), error.to_string());
                ends.extend(ids.into_iter().map(|id| (id, (outcome, why.clone()))));
            }
            Ok(Err(error)) => self.judge_answer(leave.region, &ids, Ok(Err(error)), &mut ends).await,
            Err(why) => self.judge_answer(leave.region, &ids, Err(why), &mut ends).await,
        }
        ends
    }

    /// Waits until it took effect: how, in words. Whatever stops everything meanwhile stops it too, and so does the end of
    /// our patience: nothing may happen later that nobody waits for.
    async fn follow(&self, leave: &Leave<'_>, ids: &[InstanceId], id: &str) -> Result<String, CallError> {
        let clock = &self.engine.clock;
        let until = leave.time.before + PATIENCE;
        let mut stopped: Option<String> = None;
        loop {
            let state = self.account.cloud.experiment(leave.region, id).await;
            let ended = |cause, message| {
                Err(CallError { call: CALL, on: format!("experiment {id} in {}", leave.region), cause, message })
            };
            match state {
                Ok(Experimented::Done) => return Ok(format!("AWS FIS does it in experiment {id}")),
                Ok(Experimented::Stopped { why, begun }) => {
                    let ours = stopped.map(|ours| format!(", because of this: {ours}")).unwrap_or_default();
                    let cause = if begun { Cause::Broken } else { Cause::Refused("Stopped".into()) };
                    return ended(cause, format!("{why}{ours}"));
                }
                Ok(Experimented::Beginning) | Err(_) => {}
            }
            let now = clock.now();
            if now >= until {
                self.call_off(leave, id).await;
                return ended(Cause::Timeout, "it was called off, because nobody could see it begin".into());
            }
            if stopped.is_none()
                && let Some(why) = self.forbidden(leave, ids).await
            {
                self.call_off(leave, id).await;
                stopped = Some(why);
            }
            clock.sleep_until(now + LOOKS_AGAIN).await;
        }
    }

    /// Why it may not go on, though it was begun in time.
    async fn forbidden(&self, leave: &Leave<'_>, ids: &[InstanceId]) -> Option<String> {
        match self.stopped(leave).await {
            Some(why) => Some(why),
            None => match self.paused(leave, ids).await {
                Ok(held) => held.into_values().next(),
                Err(why) => Some(why),
            },
        }
    }

    async fn call_off(&self, leave: &Leave<'_>, id: &str) {
        if let Err(error) = self.account.actuator.stop_experiment(leave.region, id).await {
            tracing::warn!(%error, experiment = id, "an experiment that must not go on could not be stopped");
        }
    }
}
