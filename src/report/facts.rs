//! What a report is made of, as the ledger has it.

use chrono::{DateTime, Utc};
use simian_core::{ClaimQuery, ClaimRecord, Draft, EventQuery, Kind, Ledger, LedgerError};

use super::{janitor, scores};
use crate::progress::Progress;

/// Events read at a time: what is thrown away of them (verdicts above all) need not be in memory at once.
const PAGE: usize = 1000;

/// All that the ledger says of a span of time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// The events of the span, in order, without their verdicts.
    pub events: Vec<Draft>,
    /// The events before it that still matter, in order: findings, marks and what ended them, the scores of the last
    /// weeks, and the last word on the kill switch.
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

/// Reads the events from `since` on and before `until`, and what still matters of the time before.
pub async fn gather(
    ledger: &dyn Ledger,
    since: DateTime<Utc>,
    until: DateTime<Utc>,
    progress: &dyn Progress,
) -> Result<Facts, LedgerError> {
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
    progress.done(total.saturating_sub(after.unwrap_or(0)));
    Ok(facts)
}
