//! Marks, many a call: what is to carry the same tag is tagged together.

use std::collections::BTreeMap;

use simian_core::mark::tagged_at_once;
use simian_core::ports::Effect;
use simian_core::{
    CallError, Cause, Chore, Draft, JudgedChore, Kind, LedgerError, Mark, Outcome, ResourceKind, Scope, Step,
};

use crate::chores::{Ended, change, told};

use super::{FIRST_WAIT, Live};

/// How many marks are committed together.
const AT_ONCE: usize = 1000;

/// What one call tags, or takes a tag from.
type Batch = (Scope, ResourceKind, Option<String>);

impl Live<'_> {
    /// Lifts, marks and announcements.
    pub(super) async fn mark_all(&self, passed: Vec<JudgedChore>) -> Result<Vec<Ended>, LedgerError> {
        let mut batches: BTreeMap<Batch, Vec<JudgedChore>> = BTreeMap::new();
        let mut alone = Vec::new();
        for judged in passed {
            let chore = &judged.chore;
            let text = (chore.step != Step::Lift).then(|| chore.mark.tag().to_string());
            let taggable = tagged_at_once(chore.resource.kind).is_some();
            // An announcement that moves the end is on the tag too.
            let same =
                chore.step == Step::Announce && chore.from.as_ref().is_some_and(|from| from.tag() == chore.mark.tag());
            if taggable && !same && !chore.gone {
                batches.entry((chore.scope.clone(), chore.resource.kind, text)).or_default().push(judged);
            } else {
                alone.push(judged);
            }
        }
        let (late, alone): (Vec<_>, Vec<_>) =
            alone.into_iter().map(|judged| (self.late(judged.at), judged)).partition(|(late, _)| late.is_some());
        let mut ended = self.record(alone.into_iter().map(|(_, judged)| judged).collect(), "").await?;
        ended.extend(late.into_iter().map(|(why, judged)| abandoned(judged, &why.unwrap_or_default())));
        for ((scope, kind, text), all) in batches {
            for part in parts(all, tagged_at_once(kind).unwrap_or(1)) {
                ended.extend(self.tag(&scope, kind, text.as_deref(), part).await?);
            }
        }
        Ok(ended)
    }

    /// One call, its intent before and its outcomes after. One bad id fails the others with it, so a batch that has one is
    /// halved until that is alone.
    async fn tag(
        &self,
        scope: &Scope,
        kind: ResourceKind,
        text: Option<&str>,
        all: Vec<JudgedChore>,
    ) -> Result<Vec<Ended>, LedgerError> {
        let (mut ended, mut line, mut wait) = (Vec::new(), vec![all], FIRST_WAIT);
        while let Some(part) = line.pop() {
            let Some(first) = part.first() else { continue };
            if let Some(why) = self.hindered(&first.chore, first.at, &mut None).await {
                ended.extend(part.into_iter().map(|judged| abandoned(judged, &why)));
                continue;
            }
            self.engine.record(vec![self.intent(scope, kind, text, &part)], Vec::new()).await?;
            // The machine may have slept over the intent.
            if let Some(why) = self.hindered(&first.chore, first.at, &mut None).await {
                let given_up = self.of_call(&part, Kind::ActionAbandoned, Outcome::Abandoned, &why);
                self.engine.record(vec![given_up], Vec::new()).await?;
                ended.extend(part.into_iter().map(|judged| abandoned(judged, &why)));
                continue;
            }
            let ids: Vec<String> = part.iter().map(|judged| judged.chore.resource.id.clone()).collect();
            match self.call_tag(scope, kind, text, &ids).await {
                Ok(()) => ended.extend(self.record(part, "").await?),
                Err(error) if matches!(error.cause, Cause::Gone(_)) && part.len() > 1 => {
                    let mut left = part;
                    let right = left.split_off(left.len() / 2);
                    line.extend([right, left]);
                }
                Err(error) if matches!(error.cause, Cause::Gone(_)) && text.is_none() => {
                    ended.extend(self.record(part, "; it is gone").await?);
                }
                Err(error) if error.cause == Cause::Throttled => {
                    // Until its time is over.
                    let clock = &self.engine.clock;
                    clock.sleep_until(clock.now() + wait).await;
                    wait = wait * 2;
                    line.push(part);
                }
                Err(error) => ended.extend(self.failed(part, &error).await?),
            }
        }
        Ok(ended)
    }

    async fn call_tag(
        &self,
        scope: &Scope,
        kind: ResourceKind,
        text: Option<&str>,
        ids: &[String],
    ) -> Result<(), CallError> {
        let key = self.account.policy.tags.key("mark");
        let actuator = &self.account.actuator;
        match text {
            Some(text) => actuator.tag(&scope.region, kind, ids, &key, text).await,
            None => actuator.untag(&scope.region, kind, ids, &key).await,
        }
    }

    /// What is about to be written, on how many.
    fn intent(&self, scope: &Scope, kind: ResourceKind, text: Option<&str>, part: &[JudgedChore]) -> Draft {
        let chore = &part[0].chore;
        let what = text.map_or_else(|| "lift the marks of".into(), |text| format!("write `{text}` on"));
        let why = format!("about to {what} {} {}", part.len(), kind.several());
        let mut draft = Draft::new(self.engine.clock.now(), Kind::ActionIntended, chore.mode, why);
        draft.monkey = Some(chore.monkey.to_owned());
        draft.account = Some(scope.account.clone());
        draft.region = Some(scope.region.clone());
        draft.action = Some(chore.step.to_string());
        draft.count("resources", part.len() as u64)
    }

    /// How one call for many ended.
    fn of_call(&self, part: &[JudgedChore], kind: Kind, outcome: Outcome, why: &str) -> Draft {
        let chore = &part[0].chore;
        let mut draft = Draft::new(self.engine.clock.now(), kind, chore.mode, why);
        draft.monkey = Some(chore.monkey.to_owned());
        draft.account = Some(chore.scope.account.clone());
        draft.region = Some(chore.scope.region.clone());
        draft.action = Some(chore.step.to_string());
        draft.outcome = Some(outcome.to_string());
        draft.count("resources", part.len() as u64)
    }

    /// The marks as they are now.
    async fn record(&self, part: Vec<JudgedChore>, besides: &str) -> Result<Vec<Ended>, LedgerError> {
        let calendar = &self.account.policy.calendar;
        let now = self.engine.clock.now();
        let today = calendar.day_at(now).date;
        let mut ended = Vec::new();
        for part in parts(part, AT_ONCE) {
            let step = |chore: &Chore| {
                // The machine may have slept since it was proposed: notice runs from the day on which it is given.
                let announced = if chore.step == Step::Announce { Some(today) } else { chore.mark.announced };
                let to = (chore.step != Step::Lift).then(|| Mark { announced, ..chore.mark.clone() });
                // A tag that is only put right is no news.
                let same = chore.from.as_ref().is_some_and(|from| from.rule == chore.mark.rule);
                let again = chore.step == Step::Mark && same;
                let draft = (!again).then(|| {
                    let mut draft = told(chore, calendar, now);
                    draft.why += besides;
                    draft
                });
                (draft, change(chore, chore.from.clone(), to))
            };
            let ours = self.engine.change_each(part.iter().map(|judged| step(&judged.chore)).collect()).await?;
            let done = part.into_iter().zip(ours).filter(|(_, ours)| *ours);
            ended.extend(done.map(|(JudgedChore { chore, .. }, _)| {
                let why = chore.why.clone();
                Ended { chore, outcome: Outcome::Done, why }
            }));
        }
        Ok(ended)
    }

    /// A call that failed: one event for all of it. Whether some of them carry the tag now the next survey sees.
    async fn failed(&self, part: Vec<JudgedChore>, error: &CallError) -> Result<Vec<Ended>, LedgerError> {
        let (kind, outcome) = match (error.cause.effect(), &error.cause) {
            (Effect::Unknown, _) => (Kind::ActionResolved, Outcome::Unknown),
            (Effect::None, Cause::Throttled | Cause::Unreachable) => (Kind::ActionFailed, Outcome::Failed),
            (Effect::None, _) => (Kind::ActionRefused, Outcome::Refused),
        };
        let why = error.to_string();
        self.engine.record(vec![self.of_call(&part, kind, outcome, &why)], Vec::new()).await?;
        Ok(part.into_iter().map(|judged| Ended { chore: judged.chore, outcome, why: why.clone() }).collect())
    }
}

fn abandoned(judged: JudgedChore, why: &str) -> Ended {
    Ended { chore: judged.chore, outcome: Outcome::Abandoned, why: why.to_owned() }
}

/// A list in parts of that size.
fn parts<T>(all: Vec<T>, size: usize) -> impl Iterator<Item = Vec<T>> {
    let mut all = all.into_iter();
    std::iter::from_fn(move || Some(all.by_ref().take(size).collect::<Vec<T>>()).filter(|part| !part.is_empty()))
}
