//! What is committed together with events: moves, the pause, the operator's word; and the cursors.

use std::collections::BTreeMap;

use simian_core::{Birth, Change, ClaimQuery, ClaimRecord, Ledger, LedgerError, Outcome, Pause, Stage, Watch};

use crate::fixtures::{BIRTH, at, change, claim, draft, key, moved, verified, win};

async fn only(ledger: &dyn Ledger) -> ClaimRecord {
    let mut claims = ledger.claims(&ClaimQuery::default()).await.unwrap();
    assert_eq!(claims.len(), 1);
    claims.remove(0)
}

fn watch(seconds: i64) -> Watch {
    Watch {
        since: at(seconds),
        deadline: at(seconds + 600),
        baseline: BTreeMap::from([("shop-v001".into(), 3), ("shop-v002".into(), 0)]),
    }
}

fn pause(why: &str) -> Pause {
    Pause { at: at(3), actor: "uid 0 (root)".into(), why: why.into(), until: Some(at(4)) }
}

pub(crate) async fn a_move_leaves_what_it_does_not_name(ledger: &dyn Ledger) {
    win(ledger, claim("k", vec![])).await;
    let won = ClaimRecord::won(&claim("k", vec![]));
    let to = |stage, outcome, watch| Change::Move { key: key("k"), stage, outcome, watch };
    change(ledger, to(Stage::Watching, Some(Outcome::Unknown), Some(watch(5)))).await;
    let watched = ClaimRecord { stage: Stage::Watching, outcome: Some(Outcome::Unknown), watch: Some(watch(5)), ..won };
    assert_eq!(only(ledger).await, watched);
    change(ledger, to(Stage::Unrecovered, None, None)).await;
    assert_eq!(only(ledger).await, ClaimRecord { stage: Stage::Unrecovered, ..watched.clone() });
    change(ledger, to(Stage::Watching, Some(Outcome::Done), None)).await;
    assert_eq!(only(ledger).await, ClaimRecord { outcome: Some(Outcome::Done), ..watched.clone() });
    change(ledger, to(Stage::Closed, None, Some(watch(6)))).await;
    let (stage, outcome) = (Stage::Closed, Some(Outcome::Done));
    assert_eq!(only(ledger).await, ClaimRecord { stage, outcome, watch: Some(watch(6)), ..watched });
}

pub(crate) async fn moves_are_made_in_order(ledger: &dyn Ledger) {
    win(ledger, claim("k", vec![])).await;
    let moves = vec![
        moved("k", Stage::Watching, Some(Outcome::Unknown)),
        moved("k", Stage::Closed, Some(Outcome::Done)),
        moved("k", Stage::Unrecovered, None),
    ];
    assert_eq!(ledger.commit(vec![], moves).await.unwrap(), []);
    let claim = only(ledger).await;
    assert_eq!((claim.stage, claim.outcome), (Stage::Unrecovered, Some(Outcome::Done)));
}

pub(crate) async fn an_unclaimed_key_undoes_the_whole_commit(ledger: &dyn Ledger) {
    win(ledger, claim("k", vec![])).await;
    ledger.commit(vec![draft("before")], vec![]).await.unwrap();
    let changes = vec![
        moved("k", Stage::Closed, Some(Outcome::Done)),
        Change::Pause(Some(pause("never"))),
        Change::FirstRun(at(9)),
        moved("nobody's", Stage::Closed, None),
        moved("k", Stage::Watching, None),
    ];
    let result = ledger.commit(vec![draft("one"), draft("two")], changes).await;
    assert!(matches!(&result, Err(LedgerError::Unclaimed(key)) if key == "nobody's"), "{result:?}");
    assert_eq!(only(ledger).await, ClaimRecord::won(&claim("k", vec![])));
    assert_eq!(ledger.pause().await.unwrap(), None);
    assert_eq!(ledger.birth().await.unwrap().lifted, None);
    assert_eq!(verified(ledger).await.len(), 1);
    ledger.commit(vec![draft("after")], vec![]).await.unwrap();
    assert_eq!(verified(ledger).await[1].body.why, "after");
}

pub(crate) async fn a_pause_is_kept_as_it_is(ledger: &dyn Ledger) {
    let endless = Pause { until: None, ..pause("smoke in \"rack\" 3\n") };
    for next in [Some(endless), Some(pause("again")), None, None, Some(pause("third"))] {
        change(ledger, Change::Pause(next.clone())).await;
        assert_eq!(ledger.pause().await.unwrap(), next);
    }
    // In one commit, the last word counts.
    ledger.commit(vec![], vec![Change::Pause(Some(pause("x"))), Change::Pause(None)]).await.unwrap();
    assert_eq!(ledger.pause().await.unwrap(), None);
}

pub(crate) async fn only_the_first_word_lifts_the_birth(ledger: &dyn Ledger) {
    for word in [at(10), at(20), at(5)] {
        change(ledger, Change::FirstRun(word)).await;
        assert_eq!(ledger.birth().await.unwrap(), Birth { id: BIRTH, at: at(0), lifted: Some(at(10)) });
    }
}

pub(crate) async fn cursors_never_go_back(ledger: &dyn Ledger) {
    for (to, then) in [(3, 3), (7, 7), (5, 7), (7, 7), (0, 7)] {
        ledger.advance("sns", to).await.unwrap();
        assert_eq!(ledger.cursor("sns").await.unwrap(), then);
    }
    assert_eq!(ledger.cursor("webhook").await.unwrap(), 0);
    ledger.advance("webhook", 1).await.unwrap();
    assert_eq!((ledger.cursor("webhook").await.unwrap(), ledger.cursor("sns").await.unwrap()), (1, 7));
    // One that stands at the beginning is not the same as none.
    ledger.advance("stdout", 0).await.unwrap();
    let cursors = [("sns", 7), ("stdout", 0), ("webhook", 1)].map(|(sink, seq)| (sink.to_owned(), seq));
    assert_eq!(ledger.cursors().await.unwrap(), BTreeMap::from(cursors));
}
