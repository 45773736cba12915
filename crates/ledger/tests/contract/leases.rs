//! Who follows an open claim: leases, and moves that come too late.

use simian_core::claim::HOLD;
use simian_core::{Change, Claim, ClaimQuery, ClaimRecord, Lease, Ledger, LedgerError, Outcome, Stage};
use simian_ledger::{MemoryLedger, SqliteLedger};

use crate::fixtures::{BIRTH, at, change, claim, directory, draft, key, memory, moved, verified, win};

fn lease(holder: &str, seconds: i64) -> Lease {
    Lease { holder: holder.into(), until: Some(at(seconds)) }
}

/// As `claim` is won.
fn first() -> Lease {
    Lease { holder: "ops-1".into(), until: Some(at(1) + HOLD) }
}

fn hold(from: Lease, to: Lease) -> Change {
    Change::Hold { key: key("k"), from, to }
}

fn moved_by(by: &str, stage: Stage) -> Change {
    Change::Move { key: key("k"), by: by.into(), stage, outcome: None, watch: None }
}

async fn record(ledger: &dyn Ledger) -> ClaimRecord {
    let claims = ledger.claims(&ClaimQuery::default()).await.unwrap();
    claims.into_iter().find(|claim| claim.key == key("k")).unwrap()
}

/// The commit is refused, and nothing of it is there: neither its event nor what it changed before.
async fn is_overtaken(ledger: &dyn Ledger, late: Change) {
    ledger.claim(&[claim("other", vec![])]).await.unwrap();
    let (before, told) = (record(ledger).await, verified(ledger).await.len());
    let result = ledger.commit(vec![draft("late")], vec![moved("other", Stage::Closed, None), late.clone()]).await;
    assert!(matches!(&result, Err(LedgerError::Overtaken(key)) if key == "k"), "{late:?}: {result:?}");
    assert_eq!((record(ledger).await, verified(ledger).await.len()), (before, told), "{late:?}");
    // Else the other would be closed already.
    change(ledger, moved("other", Stage::Watching, None)).await;
}

pub(crate) async fn a_claim_is_its_winners_for_a_while(ledger: &dyn Ledger) {
    win(ledger, claim("k", vec![])).await;
    assert_eq!(record(ledger).await.lease(), first());
    // A move is not a renewal.
    change(ledger, moved("k", Stage::Watching, Some(Outcome::Done))).await;
    assert_eq!(record(ledger).await.lease(), first());
}

pub(crate) async fn how_it_ended_is_said_once(ledger: &dyn Ledger) {
    win(ledger, claim("k", vec![])).await;
    // Nobody knew; somebody looked.
    change(ledger, moved("k", Stage::Acting, Some(Outcome::Unknown))).await;
    change(ledger, moved("k", Stage::Watching, Some(Outcome::Done))).await;
    for outcome in [Outcome::Abandoned, Outcome::Done, Outcome::Unknown] {
        let result = ledger.commit(vec![draft("late")], vec![moved("k", Stage::Closed, Some(outcome))]).await;
        assert!(matches!(&result, Err(LedgerError::Overtaken(_))), "{outcome}: {result:?}");
    }
    assert!(verified(ledger).await.is_empty(), "what comes too late is not told");
    change(ledger, moved("k", Stage::Closed, None)).await;
    assert_eq!(record(ledger).await.outcome, Some(Outcome::Done));
}

pub(crate) async fn a_lease_is_renewed_and_changes_hands(ledger: &dyn Ledger) {
    win(ledger, claim("k", vec![])).await;
    change(ledger, moved("k", Stage::Watching, Some(Outcome::Done))).await;
    let won = record(ledger).await;
    change(ledger, hold(first(), lease("ops-1", 300))).await;
    assert_eq!(record(ledger).await, ClaimRecord { held_until: Some(at(300)), ..won.clone() });
    change(ledger, hold(lease("ops-1", 300), lease("ops-2", 500))).await;
    let theirs = Claim { holder: "ops-2".into(), ..won.claim.clone() };
    assert_eq!(record(ledger).await, ClaimRecord { held_until: Some(at(500)), claim: theirs, ..won });
}

pub(crate) async fn a_lease_is_taken_only_as_it_was_read(ledger: &dyn Ledger) {
    win(ledger, claim("k", vec![])).await;
    change(ledger, hold(first(), lease("ops-1", 300))).await;
    // Read before it was renewed, by another's name, or before there were leases.
    let unread = Lease { until: None, ..first() };
    for from in [first(), lease("ops-2", 300), lease("ops-1", 301), unread] {
        is_overtaken(ledger, hold(from, lease("ops-3", 900))).await;
    }
    let both = [hold(lease("ops-1", 300), lease("ops-2", 500)), hold(lease("ops-1", 300), lease("ops-3", 500))];
    let result = ledger.commit(vec![], both.to_vec()).await;
    assert!(matches!(result, Err(LedgerError::Overtaken(_))), "{result:?}");
    assert_eq!(record(ledger).await.lease(), lease("ops-1", 300), "one of the two at most, and here none");
}

pub(crate) async fn only_its_holder_moves_a_claim(ledger: &dyn Ledger) {
    win(ledger, claim("k", vec![])).await;
    for stage in [Stage::Watching, Stage::Unrecovered, Stage::Closed] {
        is_overtaken(ledger, moved_by("ops-2", stage)).await;
    }
    // By its new holder's word in the commit in which it changes hands; and no longer by the old one's.
    let taken = vec![hold(first(), lease("ops-2", 500)), moved_by("ops-2", Stage::Watching)];
    ledger.commit(vec![], taken).await.unwrap();
    is_overtaken(ledger, moved_by("ops-1", Stage::Closed)).await;
    change(ledger, moved_by("ops-2", Stage::Closed)).await;
    assert_eq!(record(ledger).await.stage, Stage::Closed);
}

pub(crate) async fn what_is_closed_stays_as_it_is(ledger: &dyn Ledger) {
    win(ledger, claim("k", vec![])).await;
    change(ledger, moved("k", Stage::Closed, Some(Outcome::Done))).await;
    for late in [
        moved("k", Stage::Closed, None),
        moved("k", Stage::Unrecovered, Some(Outcome::Failed)),
        hold(first(), lease("ops-1", 500)),
        hold(first(), lease("ops-2", 500)),
    ] {
        is_overtaken(ledger, late).await;
    }
}

pub(crate) async fn nobody_holds_what_nobody_claimed(ledger: &dyn Ledger) {
    let result = ledger.commit(vec![], vec![hold(first(), lease("ops-2", 500))]).await;
    assert!(matches!(result, Err(LedgerError::Unclaimed(_))), "{result:?}");
}

#[test]
fn a_ledger_says_whether_it_is_ours_alone() {
    assert!(!memory().exclusive());
    assert!(MemoryLedger::exclusive(BIRTH, at(0)).exclusive());
    let directory = directory();
    let path = directory.path().join("ledger.db");
    assert!(SqliteLedger::create_or_open(&path, BIRTH, at(0)).unwrap().exclusive(), "it holds the lock");
    assert!(!SqliteLedger::open_read_only(&path).unwrap().exclusive());
}
