//! Who follows an open claim: one process, for as long as it renews its lease.
//!
//! What may not happen here: a claim taken over that its holder may still act on, or a write for a ledger that nobody
//! else can write to anyway.

use chrono::{DateTime, TimeDelta, Utc};
use simian_core::claim::{HOLD, SETTLED_AFTER};
use simian_core::{Change, ClaimRecord, Lease, LedgerError, Stage};

use crate::engine::Engine;

/// Those of these open claims that are ours to follow: our own, renewed when less than half of their time is left, and
/// those that we take over from who no longer renews. All in one commit, if there is anything to commit.
pub async fn ours(engine: &Engine, open: Vec<ClaimRecord>) -> Result<Vec<ClaimRecord>, LedgerError> {
    let now = engine.clock.now();
    let hold = hold(engine);
    let (mut kept, mut wanted, mut changes, mut ends) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for mut claim in open {
        if is_kept(engine, &claim, hold, now) {
            kept.push(claim);
        } else if claim.holder == engine.holder || is_free(engine, &claim, now) {
            let (from, to) = (claim.lease(), Lease { holder: engine.holder.clone(), until: Some(now + hold) });
            changes.push((None, Change::Hold { key: claim.key.clone(), from: from.clone(), to: to.clone() }));
            (claim.claim.holder, claim.held_until) = (to.holder, to.until);
            if from.holder != engine.holder {
                ends.extend(left_as_it_is(&mut claim).map(|end| (None, end)));
            }
            wanted.push(claim);
        }
    }
    // After the leases, because only who holds one may say so.
    changes.extend(ends);
    let won = engine.change_each(changes).await?;
    kept.extend(wanted.into_iter().zip(won).filter_map(|(claim, won)| won.then_some(claim)));
    Ok(kept)
}

/// Whoever takes a fault over never acts: what was still to be made of it is not, and the rest is ended.
fn left_as_it_is(claim: &mut ClaimRecord) -> Option<Change> {
    claim.fault().filter(|held| !held.left.is_empty() && held.ending.is_none())?;
    claim.watch = claim.ending("its process did not live to make the rest of it".into());
    let (key, by, watch) = (claim.key.clone(), claim.holder.clone(), claim.watch.clone());
    Some(Change::Move { key, by, stage: claim.stage, outcome: None, watch })
}

/// How long a lease is: a watch that looks seldom must not lose it from one look to the next.
fn hold(engine: &Engine) -> TimeDelta {
    HOLD.max(engine.watch.every * 4)
}

/// It is ours, and need not be renewed yet.
fn is_kept(engine: &Engine, claim: &ClaimRecord, hold: TimeDelta, now: DateTime<Utc>) -> bool {
    let long = || claim.held_until.is_some_and(|until| until - now >= hold / 2);
    claim.holder == engine.holder && (engine.ledger.exclusive() || long())
}

/// Its holder is gone. While it acts it may only be slow: nobody else touches it until AWS would no longer honour what
/// it sent.
fn is_free(engine: &Engine, claim: &ClaimRecord, now: DateTime<Utc>) -> bool {
    let let_go = engine.ledger.exclusive() || claim.held_until.is_none_or(|until| until <= now);
    // What lasts is undone by whoever finds it: that need not wait.
    let settled = if claim.action.lasts() { HOLD } else { SETTLED_AFTER };
    let_go && (claim.stage != Stage::Acting || now >= claim.act_before + settled)
}
