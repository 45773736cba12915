//! The ledger cannot be written, for a while or at the worst moment.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::TimeDelta;
use simian_core::{Clock, Draft, Kind, Ledger, LedgerError, Mode, Outcome, Stage};
use simian_sim::call;

use crate::hooked::{Hooked, Moment, full};
use crate::world::{World, at_once, daily, minutes, mon, tue};

fn eight() -> World {
    World::new(["a", "b", "c", "d", "e", "f", "g", "h"].map(|name| daily(&format!("{name}-prod-v001")))).unlimited()
}

#[test]
fn while_it_cannot_be_written_nothing_is_done_and_afterwards_it_goes_on() {
    let world = eight();
    let clock = world.clock.clone();
    let broken = move || mon(9, 50) <= clock.now() && clock.now() < mon(12, 0);
    let ledger =
        Hooked::new(&world.ledger, move |moment| if moment.is_write() && broken() { Err(full()) } else { Ok(()) });
    let process = world.process_on("one", Arc::new(ledger));
    let mut daemon = process.daemon();
    process.on(&mut daemon, mon(11, 59));
    assert_eq!(world.cloud.calls().get(call::TERMINATE), None);
    assert!(world.claims().is_empty());
    process.on(&mut daemon, mon(23, 0));

    let hit = world.hit();
    assert!((2..=6).contains(&hit.len()), "{hit:?}");
    assert_eq!(hit.len() + world.of_kind(Kind::ActionMissed).len(), 8);
    assert_eq!(world.of_kind(Kind::ActionRecovered).len(), hit.len());
    assert!(world.heard_all(), "and the sink hears on");
    drop(daemon);
    world.audit();
}

#[test]
fn while_it_cannot_be_read_nothing_is_done_and_afterwards_it_goes_on() {
    let world = eight();
    let clock = world.clock.clone();
    let broken = move || mon(9, 50) <= clock.now() && clock.now() < mon(12, 0);
    let ledger = Hooked::new(&world.ledger, move |moment| match moment {
        Moment::Read if broken() => Err(LedgerError::Read("input/output error".into())),
        _ => Ok(()),
    });
    let process = world.process_on("one", Arc::new(ledger));
    let mut daemon = process.daemon();
    process.on(&mut daemon, mon(11, 59));
    assert_eq!(world.cloud.calls().get(call::TERMINATE), None);
    process.on(&mut daemon, mon(23, 0));
    assert!(!world.hit().is_empty());
    assert!(world.heard_all(), "and the sink hears on");
    drop(daemon);
    world.audit();
}

/// A day on which one commit fails: the first that tells of this.
fn failing_at(kind: Kind) -> World {
    let world = World::new([daily("shop-prod-v001")]).one_minute();
    let failed = AtomicBool::new(false);
    let ledger = Hooked::new(&world.ledger, move |moment| {
        let now = moment.tells(kind) && !failed.swap(true, Ordering::SeqCst);
        if now { Err(full()) } else { Ok(()) }
    });
    let process = world.process_on("one", Arc::new(ledger));
    let mut daemon = process.daemon();
    process.on(&mut daemon, mon(10, 16));
    assert_eq!(world.claim("shop-prod").stage, Stage::Acting, "nobody wrote down how it ended");
    process.on(&mut daemon, mon(11, 0));
    drop(daemon);
    world.audit();
    world
}

#[test]
fn failing_at_the_intent_it_is_claimed_never_tried_and_abandoned_in_the_end() {
    let world = failing_at(Kind::ActionIntended);
    assert_eq!(world.cloud.calls().get(call::TERMINATE), None);
    assert_eq!(world.outcome("shop-prod"), Some(Outcome::Abandoned));
    assert_eq!(world.story("shop-prod"), ["planned", "resolved"]);
}

#[test]
fn failing_at_the_outcome_it_is_looked_up_later_and_done_once() {
    let world = failing_at(Kind::ActionDone);
    assert_eq!(world.cloud.calls()[call::TERMINATE], 1);
    assert_eq!(world.outcome("shop-prod"), Some(Outcome::Done));
    assert_eq!(world.story("shop-prod"), ["planned", "intended", "resolved"]);
}

#[test]
fn failing_at_the_claim_it_is_tried_again_within_its_time() {
    let mut world = World::new([daily("shop-prod-v001")]);
    world.cron = "* * * * *".parse().unwrap();
    let failed = AtomicBool::new(false);
    let ledger = Hooked::new(&world.ledger, move |moment| {
        let now = matches!(moment, Moment::Claim) && !failed.swap(true, Ordering::SeqCst);
        if now { Err(full()) } else { Ok(()) }
    });
    world.process_on("one", Arc::new(ledger)).run_until(mon(23, 0));
    assert_eq!(world.hit(), ["shop-prod"]);
    let claim = world.claim("shop-prod");
    assert_eq!(claim.at, world.due("shop-prod") + minutes(1));
    world.audit();
}

#[test]
fn once_a_day_what_is_too_old_and_told_goes() {
    let world = World::new([daily("shop-prod-v001")]);
    let old = |days| Draft::new(mon(8, 0) - TimeDelta::days(days), Kind::RoundClosed, Mode::Live, "");
    let told = at_once(world.ledger.commit(vec![old(80), old(50), old(20)], vec![])).unwrap();
    let mut process = world.process();
    process.engine.keep = Some(TimeDelta::days(40));
    process.run_until(mon(23, 0));
    assert_eq!(world.of_kind(Kind::LedgerCompacted).len(), 0, "when the daemon started, nobody had told them");
    process.run_until(tue(23, 0));
    let compacted = world.of_kind(Kind::LedgerCompacted);
    assert_eq!(compacted.len(), 1, "once");
    assert_eq!(compacted[0].body.counts["events"], 2);
    assert_eq!(world.events()[0].id, told[2].id);
    assert_eq!(world.hit().len(), 2, "and the days go on as ever");
}
