//! Keys, who has them, and what is remembered of them.

use std::collections::BTreeMap;

use simian_core::{Claim, ClaimQuery, ClaimRecord, Claimed, Ledger, Mode, Outcome, Scope, Stage};

use crate::fixtures::{ACCOUNTS, at, change, claim, concurrent, date, day, moved, targets, try_one, win};

pub(crate) async fn a_key_is_won_once_for_ever(ledger: &dyn Ledger) {
    win(ledger, claim("k", vec![])).await;
    let taken = Claimed::Taken { holder: "ops-1".into(), at: at(1) };
    let rival = Claim { holder: "ops-2".into(), at: at(9), mode: Mode::DryRun, ..claim("k", vec![]) };
    assert_eq!(try_one(ledger, rival.clone()).await, taken);
    for stage in [Stage::Watching, Stage::Unrecovered, Stage::Closed] {
        change(ledger, moved("k", stage, None)).await;
        assert_eq!(try_one(ledger, rival.clone()).await, taken, "{stage:?}");
    }
    // A taken key is told before a full counter.
    let full = Claim { slots: vec![day("live/2026-11-23/x/y", 1, 0)], ..rival };
    assert_eq!(try_one(ledger, full).await, taken);
    assert_eq!(ledger.claims(&ClaimQuery::default()).await.unwrap().len(), 1);
}

pub(crate) async fn a_key_is_won_once_in_a_slice(ledger: &dyn Ledger) {
    let twice = [claim("k", vec![]), Claim { holder: "ops-2".into(), ..claim("k", vec![]) }, claim("l", vec![])];
    let taken = Claimed::Taken { holder: "ops-1".into(), at: at(1) };
    assert_eq!(ledger.claim(&twice).await.unwrap(), [Claimed::Won, taken, Claimed::Won]);
    assert_eq!(ledger.claim(&[]).await.unwrap(), []);
}

pub(crate) async fn a_won_claim_is_kept_whole(ledger: &dyn Ledger) {
    let whole = Claim {
        targets: targets(3),
        mode: Mode::DryRun,
        spans: Some("111122223333/*/cluster:shop".into()),
        baseline: BTreeMap::from([("shop-v001".into(), 3), ("shop-v002".into(), 0)]),
        alarms: vec!["shop-5xx".into()],
        slots: vec![concurrent(9)],
        ..claim("Ünit \"\u{0}'", vec![])
    };
    let bare = Claim { targets: vec![], owner: None, ..claim("a", vec![]) };
    ledger.claim(&[whole.clone(), bare.clone()]).await.unwrap();
    let kept = ledger.claims(&ClaimQuery::default()).await.unwrap();
    assert_eq!(kept, [ClaimRecord::won(&bare), ClaimRecord::won(&whole)]);
    assert_eq!(kept[1].slots, [], "what is spent is not kept");
}

pub(crate) async fn a_thousand_claims_are_one_commit(ledger: &dyn Ledger) {
    let slots =
        || vec![day("live/2026-11-23/account/a", 1, 900), concurrent(950), day("live/2026-11-23/app/b", 2, None)];
    let claims: Vec<Claim> = (0..1_000).map(|n| claim(&format!("k{n:04}"), slots())).collect();
    let claimed = ledger.claim(&claims).await.unwrap();
    assert!(claimed[..900].iter().all(|claimed| *claimed == Claimed::Won));
    assert!(claimed[900..].iter().all(|claimed| matches!(claimed, Claimed::Full { used: 900, limit: 900, .. })));
    let counters = ledger.counters(Mode::Live, date("2026-11-23")).await.unwrap();
    assert_eq!(counters["live/2026-11-23/app/b"], 1_800);
}

pub(crate) async fn every_field_of_a_claim_query_narrows(ledger: &dyn Ledger) {
    let other = Scope { account: ACCOUNTS[1].parse().unwrap(), region: "eu-west-1".parse().unwrap() };
    let claims = [
        claim("d", vec![]),
        Claim { mode: Mode::DryRun, ..claim("a", vec![]) },
        Claim { scope: other.clone(), ..claim("c", vec![]) },
        Claim { date: date("2026-11-24"), ..claim("b", vec![]) },
        Claim { date: date("2026-11-24"), mode: Mode::DryRun, scope: other, ..claim("e", vec![]) },
    ];
    ledger.claim(&claims).await.unwrap();
    change(ledger, moved("d", Stage::Closed, None)).await;
    change(ledger, moved("c", Stage::Watching, None)).await;
    change(ledger, moved("e", Stage::Unrecovered, None)).await;
    let any = ClaimQuery::default;
    let (live, account) = (Some(Mode::Live), |i: usize| Some(ACCOUNTS[i].parse().unwrap()));
    let tuesday = Some(date("2026-11-24"));
    for (query, expected) in [
        (any(), "abcde"),
        (ClaimQuery { mode: live, ..any() }, "bcd"),
        (ClaimQuery { account: account(0), ..any() }, "abd"),
        (ClaimQuery { date: tuesday, ..any() }, "be"),
        (ClaimQuery { open: true, ..any() }, "abce"),
        (ClaimQuery { mode: live, open: true, ..any() }, "bc"),
        (ClaimQuery { mode: live, account: account(1), open: true, ..any() }, "c"),
        (ClaimQuery { mode: live, account: account(0), date: tuesday, open: true }, "b"),
        (ClaimQuery { mode: Some(Mode::DryRun), account: account(1), date: tuesday, open: false }, "e"),
        (ClaimQuery { mode: live, account: account(1), date: tuesday, open: false }, ""),
    ] {
        let found: String = ledger.claims(&query).await.unwrap().iter().map(|claim| claim.key.to_string()).collect();
        assert_eq!(found, expected, "{query:?}");
    }
}

pub(crate) async fn last_actions_are_those_that_count(ledger: &dyn Ledger) {
    let account = ACCOUNTS[0].parse().unwrap();
    for (outcome, counts) in [
        (None, true),
        (Some(Outcome::Rehearsed), true),
        (Some(Outcome::Done), true),
        (Some(Outcome::Unknown), true),
        (Some(Outcome::Failed), false),
        (Some(Outcome::Refused), false),
        (Some(Outcome::Abandoned), false),
    ] {
        let name = format!("{outcome:?}");
        win(ledger, claim(&name, vec![])).await;
        let unit = format!("111122223333/us-east-1/cluster:{name}");
        // What is not recorded yet counts, whatever it will be.
        let last = ledger.last_actions(Mode::Live, &account).await.unwrap();
        assert_eq!(last.get(&unit), Some(&date("2026-11-23")), "{name}");
        change(ledger, moved(&name, Stage::Closed, outcome)).await;
        let last = ledger.last_actions(Mode::Live, &account).await.unwrap();
        assert_eq!(last.contains_key(&unit), counts, "{name}");
    }
}

pub(crate) async fn last_actions_are_the_latest_by_unit_in_full(ledger: &dyn Ledger) {
    let of = |key: &str, unit: &str, on: &str| Claim { unit: unit.into(), date: date(on), ..claim(key, vec![]) };
    let west = Scope { region: "us-west-2".parse().unwrap(), ..claim("", vec![]).scope };
    let other = Scope { account: ACCOUNTS[1].parse().unwrap(), ..west.clone() };
    let claims = [
        of("1", "cluster:a", "2026-11-20"),
        of("2", "cluster:a", "2026-11-19"),
        of("3", "cluster:a", "2026-11-23"),
        of("4", "cluster:b", "2026-11-18"),
        Claim { scope: west, ..of("5", "cluster:a", "2026-11-17") },
        Claim { scope: other, ..of("6", "cluster:a", "2026-11-16") },
        Claim { mode: Mode::DryRun, ..of("7", "cluster:a", "2026-11-24") },
    ];
    ledger.claim(&claims).await.unwrap();
    change(ledger, moved("2", Stage::Closed, Some(Outcome::Done))).await;
    change(ledger, moved("3", Stage::Closed, Some(Outcome::Refused))).await;
    let last = |mode, account: usize| async move {
        ledger.last_actions(mode, &ACCOUNTS[account].parse().unwrap()).await.unwrap()
    };
    let expect = |units: &[(&str, &str)]| -> BTreeMap<String, _> {
        units.iter().map(|(unit, on)| ((*unit).to_owned(), date(on))).collect()
    };
    let live = expect(&[
        ("111122223333/us-east-1/cluster:a", "2026-11-20"),
        ("111122223333/us-east-1/cluster:b", "2026-11-18"),
        ("111122223333/us-west-2/cluster:a", "2026-11-17"),
    ]);
    assert_eq!(last(Mode::Live, 0).await, live);
    assert_eq!(last(Mode::Live, 1).await, expect(&[("444455556666/us-west-2/cluster:a", "2026-11-16")]));
    assert_eq!(last(Mode::DryRun, 0).await, expect(&[("111122223333/us-east-1/cluster:a", "2026-11-24")]));
    assert_eq!(last(Mode::DryRun, 1).await, BTreeMap::new());
}

pub(crate) async fn last_actions_of_a_unit_that_spans_regions_are_one(ledger: &dyn Ledger) {
    let full = "111122223333/*/cluster:shop";
    let of = |key: &str, region: &str, on: &str, spans: Option<&str>| Claim {
        unit: "cluster:shop".into(),
        spans: spans.map(Into::into),
        date: date(on),
        scope: Scope { region: region.parse().unwrap(), ..claim("", vec![]).scope },
        ..claim(key, vec![])
    };
    let claims = [
        of("1", "us-east-1", "2026-11-20", Some(full)),
        of("2", "eu-west-1", "2026-11-23", Some(full)),
        of("3", "us-east-1", "2026-11-24", None),
    ];
    ledger.claim(&claims).await.unwrap();
    let last = ledger.last_actions(Mode::Live, &ACCOUNTS[0].parse().unwrap()).await.unwrap();
    let expected = [(full, "2026-11-23"), ("111122223333/us-east-1/cluster:shop", "2026-11-24")];
    assert_eq!(last, expected.into_iter().map(|(unit, on)| (unit.to_owned(), date(on))).collect());
}
