//! What a report is made of, as the ledger has it.

use std::collections::BTreeSet;

use simian_core::{ClaimQuery, ClaimRecord, Draft, EventQuery, Kind, Ledger, LedgerError, Mode};

use super::{Frame, janitor, scores};
use crate::progress::Progress;

/// Events read at a time: what is thrown away of them (verdicts above all) need not be in memory at once.
const PAGE: usize = 1000;

/// All that the ledger says of a span of time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// The events of the span, in order, without their verdicts.
    pub events: Vec<Draft>,
    /// The events before it that still matter, in order: findings, marks and what ended them, the scores of the last
    /// weeks, and the last word on the kill switch. What still stands is in it even when its events are too old to be
    /// kept.
    pub before: Vec<Draft>,
    /// Every claim that was ever made.
    pub claims: Vec<ClaimRecord>,
}

impl Facts {
    /// All events in order, each with whether it was before the span.
    pub(super) fn in_order(&self) -> impl Iterator<Item = (bool, &Draft)> {
        let before = self.before.iter().map(|event| (true, event));
        before.chain(self.events.iter().map(|event| (false, event)))
    }
}

/// Reads the events of the frame's span, and what still matters of the time before.
pub async fn gather(ledger: &dyn Ledger, frame: &Frame<'_>, progress: &dyn Progress) -> Result<Facts, LedgerError> {
    let Frame { since, until, .. } = *frame;
    let mut facts = Facts { claims: ledger.claims(&ClaimQuery::default()).await?, ..Facts::default() };
    let total = ledger.heads().await?.values().map(|head| head.seq).max().unwrap_or(0);
    progress.begin("reading", "events", total);
    let mut after: Option<u64> = None;
    loop {
        let page =
            EventQuery { since: Some(since), until: Some(until), after, limit: Some(PAGE), ..EventQuery::default() };
        let events = ledger.events(&page).await?;
        let Some(last) = events.last() else { break };
        progress.done(last.seq.saturating_sub(after.unwrap_or(0)));
        after = Some(last.seq);
        facts.events.extend(events.into_iter().map(|event| Draft { verdicts: Vec::new(), ..event.body }));
    }
    let earlier = |kinds: &[Kind]| EventQuery { kinds: kinds.to_vec(), until: Some(since), ..EventQuery::default() };
    let deletions = EventQuery {
        key_prefix: Some(format!("{}/", janitor::NAME)),
        ..earlier(&[Kind::ActionDone, Kind::ActionResolved])
    };
    let scores = EventQuery { since: until.checked_sub_signed(scores::TREND), ..earlier(&[Kind::ScorePublished]) };
    let switch =
        EventQuery { limit: Some(1), newest_first: true, ..earlier(&[Kind::DaemonPaused, Kind::DaemonResumed]) };
    let lasting = [Kind::FindingOpened, Kind::FindingClosed, Kind::MarkPlaced, Kind::MarkAnnounced, Kind::MarkLifted];
    let mut before = Vec::new();
    for query in [earlier(&lasting), deletions, scores, switch] {
        before.extend(ledger.events(&query).await?);
    }
    before.sort_by_key(|event| (event.body.at, event.seq));
    facts.before = before.into_iter().map(|event| Draft { verdicts: Vec::new(), ..event.body }).collect();
    let standing = standing(ledger, frame, &facts).await?;
    facts.before.splice(..0, standing);
    progress.done(total.saturating_sub(after.unwrap_or(0)));
    Ok(facts)
}

/// What still stands of the time whose events are gone: findings that are open, and marks.
async fn standing(ledger: &dyn Ledger, frame: &Frame<'_>, facts: &Facts) -> Result<Vec<Draft>, LedgerError> {
    if ledger.checkpoints().await?.is_empty() {
        return Ok(Vec::new());
    }
    let oldest = EventQuery { limit: Some(1), ..EventQuery::default() };
    let Some(oldest) = ledger.events(&oldest).await?.into_iter().next().map(|event| event.body.at) else {
        return Ok(Vec::new());
    };
    let (gone, midnight) = (oldest.min(frame.since), |date| frame.calendar.midnight(date));
    let marks = facts.in_order().filter(|(_, event)| matches!(event.kind, Kind::MarkPlaced | Kind::MarkAnnounced));
    let kept: BTreeSet<(Kind, &str)> =
        marks.filter_map(|(_, event)| Some((event.kind, event.key.as_deref()?))).collect();
    let mut standing = Vec::new();
    for account in frame.names.keys() {
        standing.extend(ledger.findings(account).await?.into_values().filter(|opened| opened.at < gone));
        let mut marks = ledger.marks(Mode::Live, account).await?;
        marks.extend(ledger.marks(Mode::DryRun, account).await?);
        for (id, mark) in &marks {
            let key = id.to_string();
            let dates = [(Kind::MarkPlaced, Some(mark.since)), (Kind::MarkAnnounced, mark.announced)];
            let told = dates.into_iter().filter_map(|(kind, date)| Some((kind, midnight(date?))));
            standing.extend(told.filter(|(kind, at)| *at < gone && !kept.contains(&(*kind, &*key))).map(
                |(kind, at)| {
                    let mut draft =
                        id.draft(mark, at, kind, format!("{}, by the ledger's own list of marks", mark.rule));
                    draft.monkey = Some(janitor::NAME.to_owned());
                    draft.due = Some(midnight(mark.end));
                    draft
                },
            ));
        }
    }
    standing.sort_by_key(|event| event.at);
    Ok(standing)
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
    use futures_util::FutureExt as _;
    use simian_core::ledger::Compaction;
    use simian_core::{Change, Mark, MarkId, ResourceId, ResourceKind, Scope};
    use simian_ledger::MemoryLedger;
    use uuid::Uuid;

    use super::*;
    use crate::config::Config;
    use crate::progress::Silent;
    use crate::report::{Report, frame};

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    /// Half a year in which something was found and something marked, of which the ledger keeps the last month.
    async fn half_a_year(config: &Config) -> MemoryLedger {
        let start: DateTime<Utc> = "2026-05-04T09:00:00Z".parse().unwrap();
        let scope = Scope { account: config.accounts[0].id.clone(), region: "eu-west-1".parse().unwrap() };
        let ledger = MemoryLedger::new(Uuid::from_u128(7), start);
        let mut found = Draft::new(start, Kind::FindingOpened, Mode::Live, "its port is open to the world");
        found.account = Some(scope.account.clone());
        found.key = Some("finding/open-port/sg-1".into());
        found.outcome = Some("open-port".into());
        let opened = Change::of_finding(&found).unwrap();
        ledger.commit(vec![found], vec![opened]).await.unwrap();
        let id = MarkId { mode: Mode::Live, scope, resource: ResourceId::new(ResourceKind::Volume, "vol-1") };
        let mark = Mark {
            rule: "unattached-volume".into(),
            since: date("2026-05-04"),
            end: date("2026-05-18"),
            owner: Some("ann".into()),
            app: None,
            cents_a_month: 880,
            announced: Some(date("2026-05-13")),
            saved: None,
            tried: None,
            acting: None,
            rehearsed: false,
        };
        let said = |days, kind| Draft {
            monkey: Some(janitor::NAME.into()),
            ..id.draft(&mark, start + TimeDelta::days(days), kind, "attached to nothing")
        };
        let (placed, told) = (said(0, Kind::MarkPlaced), said(9, Kind::MarkAnnounced));
        let change = Change::Mark { id, from: None, to: Some(Box::new(mark)) };
        ledger.commit(vec![placed, told], vec![change]).await.unwrap();
        for day in 0..180 {
            let closed = Draft::new(start + TimeDelta::days(day), Kind::RoundClosed, Mode::Live, "");
            ledger.commit(vec![closed], vec![]).await.unwrap();
        }
        ledger
    }

    #[test]
    fn what_still_stands_is_told_when_its_events_are_gone() {
        let config = Config::parse_sandbox("sandbox.toml", include_str!("../../config/sandbox.toml")).unwrap();
        let until: DateTime<Utc> = "2026-10-31T00:00:00Z".parse().unwrap();
        let frame = frame(&config, until - TimeDelta::days(7), until);
        let played = async {
            let ledger = half_a_year(&config).await;
            let whole = Report::of(&gather(&ledger, &frame, &Silent).await.unwrap(), &frame);
            let before = until - TimeDelta::days(30);
            let order = Compaction { at: until, before, upto: u64::MAX, most: 1000 };
            assert!(ledger.compact(&order).await.unwrap().events > 100);
            (whole, Report::of(&gather(&ledger, &frame, &Silent).await.unwrap(), &frame))
        };
        let (whole, cut) = played.now_or_never().unwrap();
        assert_eq!(cut.findings, whole.findings);
        assert_eq!(cut.findings.len(), 1);
        let [mark] = &cut.janitor.resources[..] else { panic!("{:?}", cut.janitor) };
        let known = &whole.janitor.resources[0];
        assert_eq!((&mark.target, mark.state, mark.cents_a_month), (&known.target, known.state, Some(880)));
        assert_eq!((&mark.rule, &mark.owner), (&known.rule, &known.owner));
        assert_eq!(mark.since, config.calendar.midnight(date("2026-05-04")), "by its date");
        assert_eq!(cut.waste.cents_a_month, whole.waste.cents_a_month);
    }
}
