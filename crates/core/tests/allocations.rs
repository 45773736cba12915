//! A draw allocates nothing: a fleet has a hundred thousand units, and each draws every day.

use allocation_counter::measure;
use chrono::NaiveDate;
use simian_core::{Dice, Scope, UnitId, UnitKind};

#[test]
fn a_draw_allocates_nothing() {
    let scope = Scope { account: "111122223333".parse().unwrap(), region: "us-east-1".parse().unwrap() };
    let unit = UnitId { scope, kind: UnitKind::Cluster, name: "shop-prod-a-rather-long-detail".into() };
    let draws = Dice::new("s").on("chaos.coin", NaiveDate::from_ymd_opt(2026, 11, 23).unwrap());
    let (mut coin, mut minute) = (0.0, 0);
    let taken = measure(|| {
        coin = draws.coin(&unit.pieces());
        minute = draws.below(&unit.pieces(), 360);
    });
    assert_eq!(taken.count_total, 0, "{taken:?}");
    // The counter does count, and pieces are the whole name.
    let joined = measure(|| assert_eq!(draws.coin(&[&unit.full()]).to_bits(), coin.to_bits()));
    assert_eq!(joined.count_total, 1, "{joined:?}");
    assert_eq!(draws.below(&[&unit.full()], 360), minute);
}

#[test]
fn an_order_allocates_its_list_and_nothing_for_its_items() {
    let draws = Dice::new("s").on("chaos.victim", NaiveDate::from_ymd_opt(2026, 11, 23).unwrap());
    let names: Vec<String> = (0..200).map(|n| format!("i-{n:017x}")).collect();
    let ranked = measure(|| assert_eq!(draws.rank(&["u"], names.iter()).len(), 200));
    assert!(ranked.count_total <= 2, "{ranked:?}");
}
