//! Budgets: what a claim spends, and when it may not.

use std::collections::BTreeMap;

use simian_core::ledger::counter;
use simian_core::{Claim, Claimed, Ledger, Mode, Outcome, Scope, Slot, Stage};

use crate::fixtures::{
    ACCOUNTS, at, change, claim, concurrent, date, day, full, moved, targets, try_one, unrecovered, win,
};

const APP: &str = "live/2026-11-23/app/shop";
const ZONE: &str = "live/2026-11-23/zone/us-east-1a";

async fn used(ledger: &dyn Ledger) -> BTreeMap<String, u32> {
    ledger.counters(Mode::Live, date("2026-11-23")).await.unwrap()
}

fn counts(counters: &[(&str, u32)]) -> BTreeMap<String, u32> {
    counters.iter().map(|(name, used)| ((*name).to_owned(), *used)).collect()
}

/// A claim of so many targets.
fn of(n: usize, name: &str, slots: Vec<Slot>) -> Claim {
    Claim { targets: targets(n), ..claim(name, slots) }
}

pub(crate) async fn a_day_counter_takes_up_to_its_limit(ledger: &dyn Ledger) {
    assert_eq!(try_one(ledger, claim("0", vec![day(APP, 4, 3)])).await, full(APP, 0, 3));
    win(ledger, claim("1", vec![day(APP, 2, 3)])).await;
    assert_eq!(try_one(ledger, claim("2", vec![day(APP, 2, 3)])).await, full(APP, 2, 3));
    win(ledger, claim("3", vec![day(APP, 1, 3)])).await;
    assert_eq!(try_one(ledger, claim("4", vec![day(APP, 1, 3)])).await, full(APP, 3, 3));
    win(ledger, claim("5", vec![day(APP, 0, 3)])).await;
    // The limit may have been lowered meanwhile.
    assert_eq!(try_one(ledger, claim("6", vec![day(APP, 0, 2)])).await, full(APP, 3, 2));
    assert_eq!(used(ledger).await, counts(&[(APP, 3)]));
    // What was refused was not claimed.
    win(ledger, claim("4", vec![])).await;
}

pub(crate) async fn a_day_counter_without_a_limit_still_counts(ledger: &dyn Ledger) {
    win(ledger, claim("1", vec![day(APP, 7, None)])).await;
    assert_eq!(used(ledger).await, counts(&[(APP, 7)]));
    assert_eq!(try_one(ledger, claim("2", vec![day(APP, 1, 7)])).await, full(APP, 7, 7));
}

pub(crate) async fn a_day_counter_never_wraps(ledger: &dyn Ledger) {
    win(ledger, claim("1", vec![day(APP, u32::MAX, None)])).await;
    win(ledger, claim("2", vec![day(APP, u32::MAX, None)])).await;
    assert_eq!(used(ledger).await, counts(&[(APP, u32::MAX)]));
    assert_eq!(try_one(ledger, claim("3", vec![day(APP, 1, 5)])).await, full(APP, u32::MAX, 5));
}

pub(crate) async fn one_full_slot_and_nothing_is_added(ledger: &dyn Ledger) {
    win(ledger, claim("1", vec![day(ZONE, 1, 1)])).await;
    let slots = vec![day(APP, 1, 9), concurrent(9), day(ZONE, 1, 1)];
    assert_eq!(try_one(ledger, claim("2", slots)).await, full(ZONE, 1, 1));
    assert_eq!(used(ledger).await, counts(&[(ZONE, 1)]));
    assert_eq!(try_one(ledger, claim("3", vec![day(APP, 1, 9), concurrent(1)])).await, full("concurrent", 1, 1));
    assert_eq!(used(ledger).await, counts(&[(ZONE, 1)]));
}

pub(crate) async fn the_first_full_slot_is_named(ledger: &dyn Ledger) {
    win(ledger, claim("1", vec![])).await;
    let slots = [day(APP, 1, 0), concurrent(1), unrecovered(0)];
    let answers = [full(APP, 0, 0), full("concurrent", 1, 1), full("unrecovered", 0, 0)];
    for first in 0..3 {
        let turned = (0..3).map(|i| slots[(first + i) % 3].clone()).collect();
        assert_eq!(try_one(ledger, claim("2", turned)).await, answers[first]);
    }
}

pub(crate) async fn a_counter_named_twice_is_added_twice(ledger: &dyn Ledger) {
    assert_eq!(try_one(ledger, claim("1", vec![day(APP, 2, 3), day(APP, 2, 3)])).await, full(APP, 2, 3));
    assert!(used(ledger).await.is_empty());
    win(ledger, claim("2", vec![day(APP, 1, 3), day(APP, 2, 3)])).await;
    assert_eq!(used(ledger).await, counts(&[(APP, 3)]));
}

pub(crate) async fn a_slice_spends_in_order(ledger: &dyn Ledger) {
    let slots = || vec![day(APP, 1, 2), concurrent(4)];
    let claims = [of(2, "1", slots()), of(3, "2", slots()), of(2, "3", slots()), of(1, "4", slots())];
    let expected = [Claimed::Won, full("concurrent", 2, 4), Claimed::Won, full(APP, 2, 2)];
    assert_eq!(ledger.claim(&claims).await.unwrap(), expected);
    assert_eq!(used(ledger).await, counts(&[(APP, 2)]));
}

pub(crate) async fn day_counters_are_never_given_back(ledger: &dyn Ledger) {
    win(ledger, claim("1", vec![day(APP, 1, 1)])).await;
    for (stage, outcome) in [(Stage::Watching, None), (Stage::Closed, Some(Outcome::Abandoned))] {
        change(ledger, moved("1", stage, outcome)).await;
        assert_eq!(used(ledger).await, counts(&[(APP, 1)]));
    }
    assert_eq!(try_one(ledger, claim("2", vec![day(APP, 1, 1)])).await, full(APP, 1, 1));
}

pub(crate) async fn counters_are_of_one_mode_and_date(ledger: &dyn Ledger) {
    let name = |mode, on: &str| counter(mode, date(on), "app", "shop");
    let (live, dry) = (Mode::Live, Mode::DryRun);
    let slots = vec![
        day(&name(live, "2026-11-23"), 1, None),
        day(&name(live, "2026-11-24"), 2, None),
        day(&name(dry, "2026-11-23"), 3, None),
        day("live/2026-11-23", 4, None),
        day("live/2026-11-230/app/shop", 5, None),
        day("live/2026-11-23/\u{10ffff}", 6, None),
    ];
    win(ledger, claim("1", slots)).await;
    assert_eq!(used(ledger).await, counts(&[(APP, 1), ("live/2026-11-23/\u{10ffff}", 6)]));
    let rehearsed = ledger.counters(dry, date("2026-11-23")).await.unwrap();
    assert_eq!(rehearsed, counts(&[("dry-run/2026-11-23/app/shop", 3)]));
}

pub(crate) async fn concurrent_counts_targets_with_its_own(ledger: &dyn Ledger) {
    assert_eq!(try_one(ledger, of(4, "1", vec![concurrent(3)])).await, full("concurrent", 0, 3));
    win(ledger, of(2, "1", vec![concurrent(3)])).await;
    assert_eq!(try_one(ledger, of(2, "2", vec![concurrent(3)])).await, full("concurrent", 2, 3));
    win(ledger, of(1, "2", vec![concurrent(3)])).await;
    assert_eq!(try_one(ledger, of(1, "3", vec![concurrent(3)])).await, full("concurrent", 3, 3));
    win(ledger, of(0, "3", vec![concurrent(3)])).await;
}

pub(crate) async fn concurrent_is_freed_by_moving_on(ledger: &dyn Ledger) {
    for (stage, frees) in [(Stage::Watching, false), (Stage::Unrecovered, true), (Stage::Closed, true)] {
        let name = stage.as_str();
        win(ledger, claim(name, vec![concurrent(1)])).await;
        change(ledger, moved(name, stage, None)).await;
        let next = try_one(ledger, claim(&format!("after {name}"), vec![concurrent(1)])).await;
        assert_eq!(next == Claimed::Won, frees, "{name}: {next:?}");
        if stage != Stage::Closed {
            change(ledger, moved(name, Stage::Closed, None)).await;
        }
        if frees {
            change(ledger, moved(&format!("after {name}"), Stage::Closed, None)).await;
        }
    }
}

pub(crate) async fn unrecovered_holds_at_its_limit(ledger: &dyn Ledger) {
    win(ledger, of(2, "1", vec![unrecovered(2)])).await;
    win(ledger, of(9, "2", vec![unrecovered(1)])).await;
    change(ledger, moved("1", Stage::Unrecovered, Some(Outcome::Done))).await;
    assert_eq!(try_one(ledger, claim("3", vec![unrecovered(2)])).await, full("unrecovered", 2, 2));
    assert_eq!(try_one(ledger, claim("3", vec![unrecovered(1)])).await, full("unrecovered", 2, 1));
    // Its own targets are not lost yet.
    win(ledger, of(9, "3", vec![unrecovered(3)])).await;
    win(ledger, claim("4", vec![unrecovered(None)])).await;
    change(ledger, moved("1", Stage::Closed, None)).await;
    win(ledger, claim("5", vec![unrecovered(1)])).await;
    assert_eq!(try_one(ledger, claim("6", vec![unrecovered(0)])).await, full("unrecovered", 0, 0));
}

pub(crate) async fn gauges_are_of_one_mode_and_all_accounts(ledger: &dyn Ledger) {
    let rehearsal = Claim { mode: Mode::DryRun, ..claim("dry", vec![]) };
    let lost_rehearsal = Claim { mode: Mode::DryRun, ..claim("dry lost", vec![]) };
    ledger.claim(&[rehearsal, lost_rehearsal]).await.unwrap();
    change(ledger, moved("dry lost", Stage::Unrecovered, None)).await;
    let elsewhere = Scope { account: ACCOUNTS[1].parse().unwrap(), region: "eu-west-1".parse().unwrap() };
    let slots = || vec![concurrent(1), unrecovered(1)];
    win(ledger, Claim { scope: elsewhere, date: date("2026-11-20"), ..claim("far", slots()) }).await;
    assert_eq!(try_one(ledger, claim("near", slots())).await, full("concurrent", 1, 1));
    change(ledger, moved("far", Stage::Unrecovered, None)).await;
    assert_eq!(try_one(ledger, claim("near", slots())).await, full("unrecovered", 1, 1));
}

/// A claim on a unit that is the same whatever the name.
fn on_shop(name: &str, slots: Vec<Slot>) -> Claim {
    Claim { unit: "cluster:shop".into(), ..claim(name, slots) }
}

/// What somebody's claim answers to another.
fn taken() -> Claimed {
    Claimed::Taken { holder: "ops-1".into(), at: at(1) }
}

pub(crate) async fn a_unit_is_idle_when_no_claim_on_it_is_open(ledger: &dyn Ledger) {
    let idle = |name: &str| on_shop(name, vec![Slot::Idle, day(APP, 1, None)]);
    win(ledger, on_shop("1", vec![])).await;
    for stage in [Stage::Acting, Stage::Watching, Stage::Unrecovered] {
        change(ledger, moved("1", stage, None)).await;
        assert_eq!(try_one(ledger, idle("2")).await, taken(), "{stage:?}");
    }
    assert!(used(ledger).await.is_empty(), "nothing was spent");
    // Other modes, accounts and units are others.
    let elsewhere = Scope { account: ACCOUNTS[1].parse().unwrap(), ..idle("2").scope };
    win(ledger, Claim { mode: Mode::DryRun, ..idle("dry") }).await;
    win(ledger, Claim { scope: elsewhere, ..idle("far") }).await;
    win(ledger, Claim { unit: "cluster:other".into(), ..idle("other") }).await;
    win(ledger, Claim { spans: Some("all of them".into()), ..idle("whole") }).await;
    assert_eq!(try_one(ledger, Claim { spans: Some("all of them".into()), ..idle("whole too") }).await, taken());
    // How it ended does not matter.
    change(ledger, moved("1", Stage::Closed, Some(Outcome::Done))).await;
    win(ledger, idle("2")).await;
}

pub(crate) async fn a_unit_is_as_it_was_judged_when_nothing_later_counts(ledger: &dyn Ledger) {
    let since = |name: &str, last: Option<&str>| on_shop(name, vec![Slot::Since { last: last.map(date) }]);
    let (before, on) = ("2026-11-20", "2026-11-23");
    win(ledger, on_shop("1", vec![])).await;
    assert_eq!(try_one(ledger, since("2", None)).await, taken());
    assert_eq!(try_one(ledger, since("2", Some(before))).await, taken());
    win(ledger, Claim { mode: Mode::DryRun, ..since("dry", None) }).await;
    // Whoever knew of it may.
    win(ledger, since("2", Some(on))).await;
    // What did not happen does not count.
    for name in ["1", "2"] {
        change(ledger, moved(name, Stage::Closed, Some(Outcome::Abandoned))).await;
    }
    win(ledger, since("3", None)).await;
    change(ledger, moved("3", Stage::Closed, Some(Outcome::Done))).await;
    assert_eq!(try_one(ledger, since("4", Some(before))).await, taken());
}

pub(crate) async fn claims_without_limits_fill_the_gauges_too(ledger: &dyn Ledger) {
    win(ledger, of(5, "1", vec![concurrent(None), unrecovered(None)])).await;
    win(ledger, of(5, "2", vec![])).await;
    assert_eq!(try_one(ledger, claim("3", vec![concurrent(10)])).await, full("concurrent", 10, 10));
    win(ledger, claim("3", vec![concurrent(11)])).await;
}
