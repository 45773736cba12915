//! What comes before the act: the claim. What passed the rails is claimed in one commit, and has its time from there.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use simian_core::claim::{ACT_WITHIN, CALL_TIMEOUT};
use simian_core::{Claim, Claimed, Detail, Judged, Kind, LedgerError, Proposal, UnitId, World, rails};

use super::Acted;
use crate::engine::{Account, Engine};

/// What was claimed, each with its time.
pub(super) type Won = Vec<(Judged, Time)>;

/// When what was claimed may be begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Time {
    /// From the judgement on: an earlier time is that of a clock that was set back, and nobody knows how old that is.
    pub(super) from: DateTime<Utc>,
    /// Until then.
    pub(super) before: DateTime<Utc>,
}

impl Time {
    /// Why no call may begin any more: its answer must come in time too.
    pub(super) fn is_over(self, now: DateTime<Utc>) -> Option<&'static str> {
        if now < self.from {
            Some("the clock was set back since it was judged")
        } else if now + CALL_TIMEOUT > self.before {
            Some("there was no time left to act")
        } else {
            None
        }
    }
}

/// Claims every proposal in one commit, and records those that the claim refused. Returns what was won, and what was
/// refused.
pub(super) async fn claim(
    engine: &Engine,
    account: &Account,
    world: &World,
    detail: &Detail,
    passed: Vec<Judged>,
) -> Result<(Won, Vec<Acted>), LedgerError> {
    if passed.is_empty() {
        return Ok((Vec::new(), Vec::new()));
    }
    let now = engine.clock.now();
    let claims: Vec<Claim> = passed
        .iter()
        .map(|judged| {
            let proposal = &judged.proposal;
            Claim {
                key: proposal.key.clone(),
                mode: proposal.mode,
                monkey: proposal.monkey.clone(),
                date: proposal.date,
                scope: proposal.scope.clone(),
                unit: proposal.unit.id.to_string(),
                spans: spans(&proposal.unit.id),
                app: proposal.unit.app.clone(),
                owner: proposal.unit.owner.clone(),
                action: proposal.action,
                terms: proposal.terms.clone(),
                targets: proposal.targets.clone(),
                baseline: baseline(world, detail, judged),
                alarms: rails::alarms(proposal, &account.policy),
                holder: engine.holder.clone(),
                at: now,
                // By when it was judged, whatever time the claim takes; and never past the end of its time.
                act_before: (judged.at + ACT_WITHIN).min(proposal.expires),
                slots: rails::slots(proposal, world, &account.policy),
            }
        })
        .collect();
    let answers = engine.ledger.claim(&claims).await?;
    let (mut won, mut refused, mut drafts) = (Vec::new(), Vec::new(), Vec::new());
    for ((judged, claim), answer) in passed.into_iter().zip(&claims).zip(answers) {
        let why = match answer {
            Claimed::Won => {
                let time = Time { from: judged.at, before: claim.act_before };
                won.push((judged, time));
                continue;
            }
            Claimed::Taken { holder, at } => {
                format!("{holder} has it, claimed at {}", simian_core::event::millis::format(at))
            }
            Claimed::Full { counter, used, limit } => format!("{counter}: {used} of {limit} are used"),
        };
        if !world.history.held.contains(&(judged.proposal.key.clone(), CLAIM.to_owned())) {
            let mut draft = judged.draft(now, Kind::ActionHeld, why.clone());
            draft.outcome = Some(CLAIM.to_owned());
            drafts.push(draft);
        }
        refused.push(Acted { judged, outcome: None, why });
    }
    engine.record(drafts, Vec::new()).await?;
    Ok((won, refused))
}

/// What holds a proposal when its claim is refused, beside the rails' names.
const CLAIM: &str = "claim";

/// Serving members by group, as they are before the action: by the second look, and where that asked nothing by the survey.
pub(super) fn baseline(world: &World, detail: &Detail, judged: &Judged) -> BTreeMap<String, u32> {
    let Proposal { scope, unit, .. } = &judged.proposal;
    let there = unit.groups.iter().filter(|group| group.region == scope.region);
    let read_again = |name: &str| detail.look(scope)?.group(name)?.known()?.get(name);
    let groups = there.filter_map(|group| read_again(&group.name).or_else(|| world.find(group)));
    groups.map(|group| (group.name.clone(), u32::try_from(group.serving()).unwrap_or(u32::MAX))).collect()
}

/// The unit's full name, where its scope and its name do not say it.
fn spans(unit: &UnitId) -> Option<String> {
    unit.scope.region.is_all().then(|| unit.full())
}
