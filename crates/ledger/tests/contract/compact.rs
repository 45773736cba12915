//! What is too old goes, in pieces, and what is left still verifies and still says what it must.

use chrono::TimeDelta;
use simian_core::event::millis;
use simian_core::{
    Change, Claim, ClaimQuery, Claimed, Compacted, Compaction, Draft, Event, EventQuery, Head, Kind, Ledger, Mode,
    Outcome, Stage,
};
use simian_ledger::WRITER;

use crate::fixtures::{ACCOUNTS, at, change, claim, date, day, moved, pause, paused, try_one, verified, win};

/// Everything before this second, told or not.
fn before(seconds: i64) -> Compaction {
    Compaction { at: at(100), before: millis::floor(at(seconds)), upto: u64::MAX, most: 1_000 }
}

/// Events at these seconds.
async fn tell(ledger: &dyn Ledger, seconds: impl IntoIterator<Item = i64>) -> Vec<Event> {
    let draft = |second| Draft::new(at(second), Kind::RoundClosed, Mode::Live, "");
    ledger.commit(seconds.into_iter().map(draft).collect(), vec![]).await.unwrap()
}

async fn numbers(ledger: &dyn Ledger) -> Vec<u64> {
    verified(ledger).await.iter().map(|event| event.seq).collect()
}

async fn checkpoint(ledger: &dyn Ledger) -> Option<Head> {
    ledger.checkpoints().await.unwrap().remove(WRITER)
}

pub(crate) async fn nothing_old_is_nothing_told(ledger: &dyn Ledger) {
    tell(ledger, 5..8).await;
    assert_eq!(ledger.compact(&before(5)).await.unwrap(), Compacted::default());
    assert_eq!(numbers(ledger).await, [1, 2, 3], "not even an event");
    assert_eq!(checkpoint(ledger).await, None);
}

pub(crate) async fn old_events_go_from_the_front_and_the_rest_verifies(ledger: &dyn Ledger) {
    let events = tell(ledger, 1..9).await;
    let compacted = ledger.compact(&before(4)).await.unwrap();
    assert_eq!(compacted, Compacted { events: 3, claims: 0, counters: 0, more: false });
    assert_eq!(numbers(ledger).await, [4, 5, 6, 7, 8, 9]);
    let place = Head { seq: 3, hash: events[2].hash.clone() };
    assert_eq!(checkpoint(ledger).await, Some(place.clone()));
    let told = &verified(ledger).await[5].body;
    assert_eq!(told.kind, Kind::LedgerCompacted);
    assert_eq!(told.key.as_deref(), Some(place.checkpoint_key(WRITER).as_str()));
    assert_eq!(told.counts.values().collect::<Vec<_>>(), [&0, &0, &3], "claims, counters, events");
    // Once more, and further.
    assert_eq!(ledger.compact(&before(4)).await.unwrap(), Compacted::default());
    assert_eq!(ledger.compact(&before(6)).await.unwrap().events, 2);
    assert_eq!(checkpoint(ledger).await.unwrap().seq, 5);
    tell(ledger, [200]).await;
    assert_eq!(numbers(ledger).await, [6, 7, 8, 9, 10, 11]);
}

pub(crate) async fn what_a_sink_has_not_told_stays(ledger: &dyn Ledger) {
    tell(ledger, 1..9).await;
    assert_eq!(ledger.compact(&Compaction { upto: 0, ..before(9) }).await.unwrap(), Compacted::default());
    assert_eq!(ledger.compact(&Compaction { upto: 2, ..before(9) }).await.unwrap().events, 2);
    assert_eq!(numbers(ledger).await, [3, 4, 5, 6, 7, 8, 9]);
}

pub(crate) async fn the_first_event_that_stays_keeps_all_after_it(ledger: &dyn Ledger) {
    // The clock was set back after the second.
    tell(ledger, [1, 50, 2, 3]).await;
    assert_eq!(ledger.compact(&before(10)).await.unwrap().events, 1);
    assert_eq!(numbers(ledger).await, [2, 3, 4, 5]);
    // To the millisecond that is kept, and not before it.
    let exact = verified(ledger).await[0].body.at;
    assert_eq!(ledger.compact(&Compaction { before: exact, ..before(0) }).await.unwrap().events, 0);
    let next = exact + TimeDelta::nanoseconds(1);
    assert_eq!(ledger.compact(&Compaction { before: next, ..before(0) }).await.unwrap().events, 3);
}

pub(crate) async fn a_chain_may_be_compacted_whole_and_goes_on(ledger: &dyn Ledger) {
    tell(ledger, 1..4).await;
    change(ledger, Change::Pause(pause("stays"))).await;
    assert_eq!(ledger.compact(&before(60)).await.unwrap().events, 3);
    assert_eq!(numbers(ledger).await, [4], "what tells of it");
    assert_eq!(ledger.heads().await.unwrap()[WRITER].seq, 4);
    assert_eq!(paused(ledger).await, ["stays"]);
    let later = EventQuery { after: Some(1), limit: Some(1), ..EventQuery::default() };
    assert_eq!(ledger.events(&later).await.unwrap()[0].seq, 4, "a sink that was behind goes on after it");
}

pub(crate) async fn what_tells_of_it_is_not_itself_too_old(ledger: &dyn Ledger) {
    tell(ledger, 1..4).await;
    let ahead = Compaction { before: at(1_000_000), most: 1, ..before(0) };
    for left in [true, true, true, false] {
        assert_eq!(ledger.compact(&ahead).await.unwrap().more, left);
    }
    assert_eq!(numbers(ledger).await, [4, 5, 6]);
}

pub(crate) async fn open_claims_and_the_last_of_a_unit_stay(ledger: &dyn Ledger) {
    let of = |key: &str, unit: &str, on: &str| Claim { unit: unit.into(), date: date(on), ..claim(key, vec![]) };
    let closed = |key: &str, outcome| moved(key, Stage::Closed, Some(outcome));
    let claims = [
        of("1 old", "u", "2026-01-05"),
        of("2 last that counts", "u", "2026-01-06"),
        of("3 refused", "u", "2026-01-07"),
        of("4 open", "v", "2026-01-05"),
        of("5 young", "v", "2026-11-20"),
        Claim { mode: Mode::DryRun, ..of("6 rehearsed", "u", "2026-01-05") },
        of("7 only", "w", "2026-01-05"),
        Claim { spans: Some("all/w".into()), ..of("8 spans", "w", "2026-01-06") },
        of("9 same day", "x", "2026-01-05"),
        of("9 same day, too", "x", "2026-01-05"),
        of("a never told", "y", "2026-01-05"),
        of("b failed", "z", "2026-01-05"),
    ];
    assert!(ledger.claim(&claims).await.unwrap().iter().all(|claimed| *claimed == Claimed::Won));
    let moves = vec![
        closed("1 old", Outcome::Done),
        closed("2 last that counts", Outcome::Unknown),
        closed("3 refused", Outcome::Refused),
        moved("4 open", Stage::Unrecovered, Some(Outcome::Done)),
        closed("5 young", Outcome::Done),
        closed("6 rehearsed", Outcome::Rehearsed),
        closed("7 only", Outcome::Done),
        closed("8 spans", Outcome::Done),
        closed("9 same day", Outcome::Done),
        closed("9 same day, too", Outcome::Done),
        moved("a never told", Stage::Closed, None),
        closed("b failed", Outcome::Failed),
    ];
    ledger.commit(vec![], moves).await.unwrap();
    let account = ACCOUNTS[0].parse().unwrap();
    let last = ledger.last_actions(Mode::Live, &account).await.unwrap();
    assert_eq!(ledger.compact(&before(0)).await.unwrap().claims, 4);
    let left: Vec<String> =
        ledger.claims(&ClaimQuery::default()).await.unwrap().iter().map(|claim| claim.key.to_string()).collect();
    let expected = [
        "2 last that counts",
        "4 open",
        "5 young",
        "6 rehearsed",
        "7 only",
        "8 spans",
        "9 same day, too",
        "a never told",
    ];
    assert_eq!(left, expected);
    assert_eq!(ledger.last_actions(Mode::Live, &account).await.unwrap(), last, "no cool-down is shorter for it");
    assert_eq!(verified(ledger).await[0].body.key, None, "no event went, so there is no checkpoint");
}

pub(crate) async fn counters_of_older_dates_go(ledger: &dyn Ledger) {
    let slots = ["live/2026-11-22/app/a", "live/2026-11-23/app/a", "dry-run/2026-01-01/app/a", "other/2026-01-01/a"];
    win(ledger, claim("k", slots.map(|counter| day(counter, 2, None)).to_vec())).await;
    // It is the 23rd: that day goes on.
    assert_eq!(ledger.compact(&before(0)).await.unwrap().counters, 2);
    let of = async |mode, on| ledger.counters(mode, date(on)).await.unwrap().len();
    assert_eq!(of(Mode::Live, "2026-11-22").await, 0);
    assert_eq!(of(Mode::Live, "2026-11-23").await, 1);
    assert_eq!(of(Mode::DryRun, "2026-01-01").await, 0);
    let full = Claim { slots: vec![day("live/2026-11-23/app/a", 1, 2)], ..claim("l", vec![]) };
    assert!(matches!(try_one(ledger, full).await, Claimed::Full { used: 2, .. }));
}

pub(crate) async fn it_goes_in_pieces(ledger: &dyn Ledger) {
    tell(ledger, (0..7).map(|_| 1)).await;
    for n in 0..5 {
        let counter = day(&format!("live/2026-01-0{}/app/a", n + 1), 1, None);
        let old = Claim { unit: "u".into(), date: date("2026-01-01"), ..claim(&format!("k{n}"), vec![counter]) };
        win(ledger, old).await;
        change(ledger, moved(&format!("k{n}"), Stage::Closed, Some(Outcome::Done))).await;
    }
    let order = Compaction { most: 3, ..before(2) };
    let mut pieces = Vec::new();
    loop {
        let piece = ledger.compact(&order).await.unwrap();
        verified(ledger).await;
        pieces.push((piece.events, piece.claims, piece.counters));
        if !piece.more {
            break;
        }
    }
    assert_eq!(pieces, [(3, 3, 3), (3, 1, 2), (1, 0, 0)]);
    assert_eq!(numbers(ledger).await, [8, 9, 10], "each told of itself");
}
