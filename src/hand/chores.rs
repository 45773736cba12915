//! The hand of chores. It says what it is about to do, looks at the clock and the kill switch, calls, and records how that
//! ended: a failed deletion is never recorded as done.

mod marks;
mod rehearse;

use chrono::{DateTime, TimeDelta, Utc};
use simian_core::claim::CALL_TIMEOUT;
use simian_core::mark::{Acting, Saved};
use simian_core::ports::Effect;
use simian_core::resource::Tags;
use simian_core::{
    CallError, Cause, Chore, Graph, JudgedChore, Kind, LedgerError, Mark, Outcome, Step, Stops, Users, rails,
};

pub(crate) use rehearse::rehearse;

use crate::chores::{BEGUN_WITHIN, Ended, Looked, change, look};
use crate::engine::{Account, Engine};
use crate::observe;

/// What stops everything is looked at again before a deletion once it was asked so long ago.
const STOPS_FRESH: TimeDelta = TimeDelta::seconds(10);

/// How long after a throttle the first repetition waits; doubled each time.
const FIRST_WAIT: TimeDelta = TimeDelta::seconds(1);

/// Does it.
pub(crate) struct Live<'a> {
    /// The engine.
    pub(crate) engine: &'a Engine,
    /// Where.
    pub(crate) account: &'a Account,
    /// The look that let it pass.
    pub(crate) looked: &'a Looked<'a>,
}

impl Live<'_> {
    /// Everything that passed: marks in batches, then deletions one by one, in the order in which they were judged.
    pub(crate) async fn act(&self, passed: Vec<JudgedChore>) -> Result<Vec<Ended>, LedgerError> {
        let (disposals, marks): (Vec<_>, Vec<_>) =
            passed.into_iter().partition(|judged| judged.chore.step.is_disposal());
        let mut ended = self.mark_all(marks).await?;
        let mut stops: Option<Stops> = None;
        for judged in disposals {
            ended.extend(self.take(judged, &mut stops).await?);
        }
        Ok(ended)
    }

    /// One last resort, or one deletion.
    async fn take(&self, judged: JudgedChore, stops: &mut Option<Stops>) -> Result<Option<Ended>, LedgerError> {
        let JudgedChore { chore, rulings, at } = judged;
        let Some(from) = chore.from.clone() else { return Ok(None) };
        if let Some(why) = self.hindered(&chore, at, stops).await {
            return Ok(Some(Ended { chore, outcome: Outcome::Abandoned, why }));
        }
        let now = self.engine.clock.now();
        let acting = Mark {
            acting: Some(Box::new(Acting {
                monkey: chore.monkey.to_owned(),
                key: chore.key().to_string(),
                step: chore.step.to_string(),
                holder: self.engine.holder.clone(),
                at: now,
                act_before: at + BEGUN_WITHIN,
            })),
            tried: Some(chore.date),
            ..chore.mark.clone()
        };
        let mut intent = chore.draft(now, Kind::ActionIntended, format!("about to {} it: {}", chore.step, chore.why));
        intent.verdicts = rulings;
        let begun = vec![(Some(intent), change(&chore, Some(from), Some(acting.clone())))];
        if self.engine.change_each(begun).await? != [true] {
            return Ok(None);
        }
        let (kind, outcome, why, to) = match self.call(&chore, at, stops).await {
            Ok(answer) => self.judged(&chore, &acting, answer).await,
            Err(why) => {
                let stays = Some(Mark { acting: None, ..acting.clone() });
                (Kind::ActionAbandoned, Outcome::Abandoned, why, stays)
            }
        };
        let mut draft = chore.draft(self.engine.clock.now(), kind, why.clone());
        draft.outcome = Some(outcome.to_string());
        self.engine.change_each(vec![(Some(draft), change(&chore, Some(acting), to))]).await?;
        Ok(Some(Ended { chore, outcome, why }))
    }

    /// The call, again only after a throttle, while there is time and nobody pulls the kill switch. The machine may have
    /// slept over the intent, so that is looked at before the first try too; an error says why there was none.
    async fn call(
        &self,
        chore: &Chore,
        judged: DateTime<Utc>,
        stops: &mut Option<Stops>,
    ) -> Result<Result<Option<String>, CallError>, String> {
        let actuator = &self.account.actuator;
        let region = &chore.scope.region;
        let mut wait = FIRST_WAIT;
        let mut throttled = None;
        loop {
            if let Some(why) = self.hindered(chore, judged, stops).await {
                return throttled.map(Err).ok_or(why);
            }
            let answer = match chore.step {
                Step::Save => actuator.save(region, &chore.resource, &self.saved_tags(chore)).await,
                _ => actuator.dispose(region, &chore.resource, &chore.disposal).await.map(|()| None),
            };
            match answer {
                Err(error) if error.cause == Cause::Throttled => {
                    let clock = &self.engine.clock;
                    clock.sleep_until(clock.now() + wait).await;
                    wait = wait * 2;
                    throttled = Some(error);
                }
                answer => return Ok(answer),
            }
        }
    }

    /// How it ended, in words, and what becomes of its mark.
    async fn judged(
        &self,
        chore: &Chore,
        acting: &Mark,
        answer: Result<Option<String>, CallError>,
    ) -> (Kind, Outcome, String, Option<Mark>) {
        let stays = || Some(Mark { acting: None, ..acting.clone() });
        let done = |why: String, saved: Option<String>| match chore.step {
            Step::Save => {
                let saved = Some(Saved { on: chore.date, snapshot: saved });
                (Kind::ActionDone, Outcome::Done, why, Some(Mark { saved, acting: None, ..acting.clone() }))
            }
            _ => (Kind::ActionDone, Outcome::Done, why, None),
        };
        match answer {
            Ok(made) => {
                let made_it = made.as_deref().map_or_else(String::new, |id| format!("; it is kept as {id}"));
                done(format!("{}{made_it}", chore.why), made)
            }
            Err(error) => match (&error.cause, error.cause.effect()) {
                (Cause::Gone(_), _) => (Kind::ActionDone, Outcome::Done, "it was gone already".into(), None),
                (Cause::InUse(_), _) => {
                    let why = format!("{error}{}", self.users(chore));
                    (Kind::ActionRefused, Outcome::Refused, why, stays())
                }
                (Cause::Throttled | Cause::Unreachable, _) => {
                    (Kind::ActionFailed, Outcome::Failed, error.to_string(), stays())
                }
                (_, Effect::None) => (Kind::ActionRefused, Outcome::Refused, error.to_string(), stays()),
                (_, Effect::Unknown) => match look(self.account, chore).await {
                    Some(_) if chore.step == Step::Delete => {
                        (Kind::ActionResolved, Outcome::Done, format!("it is gone ({error})"), None)
                    }
                    // It may still happen: who looks when it no longer can will know.
                    _ => (Kind::ActionResolved, Outcome::Unknown, error.to_string(), Some(acting.clone())),
                },
            },
        }
    }

    /// Who uses it after all, by the newest look.
    fn users(&self, chore: &Chore) -> String {
        let Some(fleet) = self.looked.world.fleets.get(&chore.scope) else { return String::new() };
        match Graph::of(fleet).users(&chore.resource) {
            Users::Used(users) => {
                let users: Vec<String> = users.iter().map(|user| format!("{} {}", user.id, user.how)).collect();
                format!("; {}", users.join(", "))
            }
            Users::Unused | Users::Unknown(_) => "; by something that no list shows".into(),
        }
    }

    /// Why nothing may be begun now: it is late, the hours are over, or somebody said no. Who cannot be asked has said no.
    /// The clock comes last, because the machine may have slept while the others were asked.
    async fn hindered(&self, chore: &Chore, judged: DateTime<Utc>, stops: &mut Option<Stops>) -> Option<String> {
        if chore.step.is_disposal()
            && let Some(why) = self.stopped(chore, stops).await
        {
            return Some(why);
        }
        let pauses = match self.engine.pauses().await {
            Ok(pauses) => pauses,
            Err(why) => return Some(why),
        };
        let Chore { scope, resource, monkey, step, .. } = chore;
        let names = [resource.to_string(), format!("{scope}/{resource}")];
        let names = [names[0].as_str(), names[1].as_str()];
        let covers = |pause: &&simian_core::Pause| pause.covers(&scope.account, &scope.region, monkey, &names);
        if *step != Step::Lift
            && let Some(pause) = pauses.iter().find(covers)
        {
            return Some(format!("paused {pause}"));
        }
        self.late(judged)
    }

    /// Why the time for what was judged then is over.
    fn late(&self, judged: DateTime<Utc>) -> Option<String> {
        let now = self.engine.clock.now();
        let calendar = &self.account.policy.calendar;
        if now < judged {
            Some("the clock was set back since it was judged".into())
        } else if !calendar.day_at(now).contains(now) || calendar.frozen(now).is_some() {
            Some("the hours ended meanwhile".into())
        } else if now + CALL_TIMEOUT > judged + BEGUN_WITHIN {
            Some("there was no time left in this round".into())
        } else {
            None
        }
    }

    /// Why everything stops: an alarm, the safety lever, the outage hook.
    async fn stopped(&self, chore: &Chore, stops: &mut Option<Stops>) -> Option<String> {
        let policy = &self.account.policy;
        let names = if policy.has("alarms") { policy.alarms.names.as_slice() } else { &[] };
        let last = stops.as_ref().or_else(|| self.looked.recheck.stops(&chore.scope));
        let now = self.engine.clock.now();
        let fresh = last.is_some_and(|last| now - last.at < STOPS_FRESH);
        if !fresh {
            *stops = Some(observe::stops(self.engine, self.account, &chore.scope.region, names).await);
        }
        let last = stops.as_ref().or_else(|| self.looked.recheck.stops(&chore.scope));
        last.and_then(|last| rails::stopped(names, last, policy))
    }

    /// The tags of a last resort: what it was made of, and whose that was.
    fn saved_tags(&self, chore: &Chore) -> Tags {
        let tags = &self.account.policy.tags;
        let mut out = Tags::from([(tags.key("saved"), chore.resource.to_string())]);
        // What is kept as a last resort is not waste the next day.
        out.insert(tags.key("keep"), (chore.date + KEPT).to_string());
        out.extend(chore.mark.owner.clone().map(|owner| (tags.owner.clone(), owner)));
        out
    }
}

/// How long the snapshot of a deleted volume is kept, before the janitor may find it to be waste itself.
const KEPT: TimeDelta = TimeDelta::days(30);
