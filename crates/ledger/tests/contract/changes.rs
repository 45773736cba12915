//! What is committed together with events: moves, pauses, the operator's word, findings, first sights; and the cursors.

use std::collections::BTreeMap;

use simian_core::{
    Birth, Change, ClaimQuery, ClaimRecord, Draft, Kind, Ledger, LedgerError, Mode, Outcome, Pause, Scope, Stage, Watch,
};

use crate::fixtures::{ACCOUNTS, BIRTH, at, change, claim, date, draft, key, moved, pause, paused, verified, win};

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
        late: false,
        held: None,
    }
}

pub(crate) async fn a_move_leaves_what_it_does_not_name(ledger: &dyn Ledger) {
    win(ledger, claim("k", vec![])).await;
    let won = ClaimRecord::won(&claim("k", vec![]));
    let to = |stage, outcome, watch| Change::Move { key: key("k"), by: "ops-1".into(), stage, outcome, watch };
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
        moved("k", Stage::Unrecovered, Some(Outcome::Done)),
        moved("k", Stage::Closed, None),
    ];
    assert_eq!(ledger.commit(vec![], moves).await.unwrap(), []);
    let claim = only(ledger).await;
    assert_eq!((claim.stage, claim.outcome), (Stage::Closed, Some(Outcome::Done)));
}

pub(crate) async fn an_unclaimed_key_undoes_the_whole_commit(ledger: &dyn Ledger) {
    win(ledger, claim("k", vec![])).await;
    ledger.commit(vec![draft("before")], vec![]).await.unwrap();
    let changes = vec![
        moved("k", Stage::Closed, Some(Outcome::Done)),
        Change::Pause(pause("never")),
        Change::FirstRun(at(9)),
        moved("nobody's", Stage::Closed, None),
        moved("k", Stage::Watching, None),
    ];
    let result = ledger.commit(vec![draft("one"), draft("two")], changes).await;
    assert!(matches!(&result, Err(LedgerError::Unclaimed(key)) if key == "nobody's"), "{result:?}");
    assert_eq!(only(ledger).await, ClaimRecord::won(&claim("k", vec![])));
    assert_eq!(ledger.pauses().await.unwrap(), []);
    assert_eq!(ledger.birth().await.unwrap().lifted, None);
    assert_eq!(verified(ledger).await.len(), 1);
    ledger.commit(vec![draft("after")], vec![]).await.unwrap();
    assert_eq!(verified(ledger).await[1].body.why, "after");
}

pub(crate) async fn pauses_are_kept_as_they_are_side_by_side(ledger: &dyn Ledger) {
    let endless = pause("smoke in \"rack\" 3\n");
    let narrow = Pause {
        at: at(2),
        until: Some(at(4)),
        account: Some(ACCOUNTS[0].parse().unwrap()),
        region: Some("us-east-1".parse().unwrap()),
        monkey: Some("chaos".into()),
        ..pause("narrow")
    }
    .named();
    change(ledger, Change::Pause(endless.clone())).await;
    change(ledger, Change::Pause(narrow.clone())).await;
    assert_eq!(ledger.pauses().await.unwrap(), [narrow.clone(), endless.clone()], "by time");
    // The same once more is the same.
    change(ledger, Change::Pause(endless.clone())).await;
    assert_eq!(ledger.pauses().await.unwrap().len(), 2);
    change(ledger, Change::Resume(endless.id)).await;
    assert_eq!(ledger.pauses().await.unwrap(), [narrow], "whose time may have passed: the caller has the clock");
}

pub(crate) async fn changes_of_pauses_are_made_in_order(ledger: &dyn Ledger) {
    let (x, y) = (pause("x"), pause("y"));
    let changes = vec![
        Change::Pause(x.clone()),
        Change::Resume(x.id.clone()),
        Change::Pause(y.clone()),
        Change::Pause(x.clone()),
        Change::Resume(y.id.clone()),
    ];
    ledger.commit(vec![], changes).await.unwrap();
    assert_eq!(paused(ledger).await, ["x"]);
}

pub(crate) async fn a_pause_ends_once_and_only_if_there_is_one(ledger: &dyn Ledger) {
    let x = pause("x");
    change(ledger, Change::Pause(x.clone())).await;
    let end = || Change::Resume(x.id.clone());
    for changes in [vec![Change::Resume("nobody".into())], vec![end(), end()]] {
        let result = ledger.commit(vec![draft("resumed")], changes).await;
        assert!(matches!(&result, Err(LedgerError::NoPause(_))), "{result:?}");
        assert_eq!(paused(ledger).await, ["x"], "nothing of it was done");
        assert_eq!(verified(ledger).await, []);
    }
    change(ledger, end()).await;
    assert!(ledger.commit(vec![], vec![end()]).await.is_err());
    assert_eq!(ledger.pauses().await.unwrap(), []);
}

pub(crate) async fn a_pause_that_there_may_be_once_is_pulled_once(ledger: &dyn Ledger) {
    let once = |why: &str| Pause { id: "breaker".into(), ..pause(why) };
    change(ledger, Change::PauseOnce(once("first"))).await;
    let (resume, again) = (Change::Resume("breaker".into()), Change::PauseOnce(once("again")));
    for changes in [vec![again.clone()], vec![resume.clone(), again.clone(), again.clone()]] {
        let result = ledger.commit(vec![draft("tripped")], changes).await;
        assert!(matches!(&result, Err(LedgerError::Paused(id)) if id == "breaker"), "{result:?}");
        assert_eq!(paused(ledger).await, ["first"]);
        assert_eq!(verified(ledger).await, []);
    }
    ledger.commit(vec![], vec![resume, again]).await.unwrap();
    assert_eq!(paused(ledger).await, ["again"]);
}

pub(crate) async fn only_the_first_word_lifts_the_birth(ledger: &dyn Ledger) {
    for word in [at(10), at(20), at(5)] {
        change(ledger, Change::FirstRun(word)).await;
        assert_eq!(ledger.birth().await.unwrap(), Birth { lifted: Some(at(10)), ..Birth::new(BIRTH, at(0)) });
    }
    for word in [at(11), at(9)] {
        change(ledger, Change::Woken(word)).await;
        let birth = Birth { lifted: Some(at(10)), woken: Some(at(11)), ..Birth::new(BIRTH, at(0)) };
        assert_eq!(ledger.birth().await.unwrap(), birth);
    }
}

/// A finding's event.
fn finding(kind: Kind, account: usize, id: &str, why: &str) -> Draft {
    let account = Some(ACCOUNTS[account].parse().unwrap());
    Draft { account, key: Some(id.into()), due: Some(at(7)), ..Draft::new(at(6), kind, Mode::Live, why) }
}

async fn tell(ledger: &dyn Ledger, drafts: Vec<Draft>) {
    let changes = drafts.iter().filter_map(Change::of_finding).collect();
    ledger.commit(drafts, changes).await.unwrap();
}

pub(crate) async fn findings_are_open_until_they_are_closed(ledger: &dyn Ledger) {
    let open = |account, id: &str, why: &str| finding(Kind::FindingOpened, account, id, why);
    let close = |id: &str| finding(Kind::FindingClosed, 0, id, "");
    tell(ledger, vec![open(0, "a", "first"), open(0, "b", "b"), open(1, "c", "c"), close("nobody's")]).await;
    tell(ledger, vec![close("b"), open(0, "a", "again"), draft("no finding")]).await;
    let of = async |account: usize| ledger.findings(&ACCOUNTS[account].parse().unwrap()).await.unwrap();
    // As the event has it, to the millisecond.
    assert_eq!(of(0).await, BTreeMap::from([("a".to_owned(), open(0, "a", "again").kept())]));
    assert_eq!(of(1).await, BTreeMap::from([("c".to_owned(), open(1, "c", "c").kept())]));
    tell(ledger, vec![close("a"), close("a")]).await;
    assert_eq!(of(0).await, BTreeMap::new());
}

pub(crate) async fn a_first_sight_stays_until_the_unit_is_gone(ledger: &dyn Ledger) {
    let sights = |account: usize, seen: &[(&str, &str)], gone: &[&str]| Change::Sights {
        account: ACCOUNTS[account].parse().unwrap(),
        seen: seen.iter().map(|(unit, on)| ((*unit).to_owned(), date(on))).collect(),
        gone: gone.iter().map(|unit| (*unit).to_owned()).collect(),
    };
    let of = async |account: usize| -> Vec<(String, String)> {
        let sights = ledger.sights(&ACCOUNTS[account].parse().unwrap()).await.unwrap();
        sights.into_iter().map(|(unit, date)| (unit, date.to_string())).collect()
    };
    let pairs = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
        pairs.iter().map(|(unit, on)| ((*unit).to_owned(), (*on).to_owned())).collect()
    };
    change(ledger, sights(0, &[("u", "2026-11-20"), ("v", "2026-11-20")], &[])).await;
    change(ledger, sights(0, &[("u", "2026-11-23"), ("v", "2026-11-19")], &["nobody"])).await;
    change(ledger, sights(1, &[("u", "2026-11-24")], &["v"])).await;
    assert_eq!(of(0).await, pairs(&[("u", "2026-11-20"), ("v", "2026-11-20")]), "the first is the first");
    change(ledger, sights(0, &[("v", "2026-11-25")], &["u", "v"])).await;
    assert_eq!(of(0).await, pairs(&[("v", "2026-11-25")]), "gone and seen again is new");
    assert_eq!(of(1).await, pairs(&[("u", "2026-11-24")]));
}

pub(crate) async fn a_survey_is_kept_where_nobody_knows_better(ledger: &dyn Ledger) {
    let scope = |account: usize, region: &str| Scope {
        account: ACCOUNTS[account].parse().unwrap(),
        region: region.parse().unwrap(),
    };
    let survey = |account, region, from, to| Change::Survey { scope: scope(account, region), from, to };
    let kept = async || {
        let mut kept = Vec::new();
        for account in ACCOUNTS {
            for (region, seen) in ledger.surveys(&account.parse().unwrap()).await.unwrap() {
                kept.push(format!("{}/{region} {seen}", &account[..1]));
            }
        }
        kept.join(" ")
    };
    let (us, eu) = ("us-east-1", "eu-west-1");
    for first in [survey(0, us, None, 7), survey(0, eu, None, 0), survey(1, us, None, 9)] {
        change(ledger, first).await;
    }
    assert_eq!(kept().await, "1/eu-west-1 0 1/us-east-1 7 4/us-east-1 9");
    change(ledger, survey(0, us, Some(7), 8)).await;
    // By who compared it with something else, or with nothing.
    for late in [survey(0, us, Some(7), 100), survey(0, us, None, 100), survey(1, eu, Some(1), 100)] {
        change(ledger, late).await;
    }
    assert_eq!(kept().await, "1/eu-west-1 0 1/us-east-1 8 4/us-east-1 9");

    let word = |account: Option<usize>, region: Option<&str>| Change::FleetChanged {
        account: account.map(|account| ACCOUNTS[account].parse().unwrap()),
        region: region.map(|region| region.parse().unwrap()),
    };
    change(ledger, word(Some(1), Some(eu))).await;
    change(ledger, word(Some(0), Some(us))).await;
    assert_eq!(kept().await, "1/eu-west-1 0 4/us-east-1 9");
    // A round that was under way compares with what is forgotten.
    change(ledger, survey(0, us, Some(8), 9)).await;
    change(ledger, word(None, Some(us))).await;
    assert_eq!(kept().await, "1/eu-west-1 0");
    change(ledger, word(None, None)).await;
    assert_eq!(kept().await, "");
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
