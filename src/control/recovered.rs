//! A person's word that a unit has recovered of which simian sees no recovery: its groups were rebuilt under other names,
//! say, or are meant to be smaller now.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use simian_core::claim::HOLD;
use simian_core::{Change, ClaimQuery, ClaimRecord, Draft, Kind, Lease, RunId, Stage};

use super::Unserved;
use crate::engine::Engine;
use crate::watch;

/// Closes what is unrecovered of these units, all or nothing. The outcome stays as it is, and so does the breaker: this
/// is no measured recovery.
pub(super) async fn recovered(engine: &Engine, actor: &str, why: &str, units: &[String]) -> Result<String, Unserved> {
    let open = ClaimQuery { open: true, ..ClaimQuery::default() };
    let mut claims = engine.ledger.claims(&open).await?;
    claims.retain(|claim| claim.stage == Stage::Unrecovered);
    let mut full = BTreeSet::new();
    for name in units {
        full.insert(find(&claims, name)?);
    }
    claims.retain(|claim| full.contains(&claim.full_unit()));

    let now = engine.clock.now();
    let (mut drafts, mut changes, mut said) = (Vec::new(), Vec::new(), String::new());
    for claim in &claims {
        let (key, from) = (claim.key.clone(), claim.lease());
        if from.holder != engine.holder {
            let to = Lease { holder: engine.holder.clone(), until: Some(now + HOLD) };
            changes.push(Change::Hold { key: key.clone(), from, to });
        }
        changes.push(Change::Move { key, by: engine.holder.clone(), stage: Stage::Closed, outcome: None, watch: None });
        drafts.push(Draft {
            actor: Some(actor.to_owned()),
            outcome: claim.outcome.map(|outcome| outcome.to_string()),
            ..watch::told(claim, Kind::ActionResolved, format!("{actor} says that it has recovered: {why}"), now)
        });
        let line = if said.is_empty() { "" } else { "\n" };
        let _ = write!(said, "{line}{} counts as recovered from {}", claim.full_unit(), claim.key);
        if claim.fault().is_some() {
            let run = RunId::of(&claim.key);
            let _ = write!(said, "; nobody has seen the fault {run} end: `simian faults` shows whether it is there");
        }
    }
    engine.record(drafts, changes).await?;
    Ok(said)
}

/// The unit in full that is meant.
fn find(claims: &[ClaimRecord], name: &str) -> Result<String, Unserved> {
    let all: BTreeSet<String> = claims.iter().map(|claim| claim.full_unit()).collect();
    let meant = claims.iter().filter(|claim| claim.unit == name || claim.full_unit() == name);
    let meant: Vec<String> = meant.map(|claim| claim.full_unit()).collect::<BTreeSet<_>>().into_iter().collect();
    match &meant[..] {
        [one] => Ok(one.clone()),
        [] if all.is_empty() => Err(Unserved::Mistaken(format!("`{name}`: no unit is unrecovered"))),
        [] => {
            let all: Vec<String> = all.into_iter().collect();
            Err(Unserved::Mistaken(format!("`{name}` is not unrecovered; what is: {}", all.join(", "))))
        }
        several => Err(Unserved::Mistaken(format!("`{name}` may be any of {}: write it in full", several.join(", ")))),
    }
}
