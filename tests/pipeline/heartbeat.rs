//! Rounds that should have begun and did not, and the sign of life that somebody waits for.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use simian::daemon::{self, Begin};
use simian_core::{Cause, Clock, Draft, Kind, Mode};
use simian_sim::{Fault, Weather, call};

use crate::hooked::{Hooked, full};
use crate::world::{Process, World, daily, minutes, mon, seconds, tue, us};

/// One region, a round every 15 minutes.
fn world() -> World {
    let mut world = World::new([daily("shop-prod-v001")]);
    world.regions = vec![us()];
    world
}

/// What was told: in which way, how many, and when, in minutes after eight.
fn missed(world: &World) -> Vec<(String, u64, i64)> {
    let told = world.of_kind(Kind::RoundMissed).into_iter().map(|event| event.body);
    told.map(|body| {
        assert_eq!(
            (body.monkey.as_deref(), body.region, body.account, body.mode),
            (Some("chaos"), Some(us()), Some(world.policy.account.clone()), Mode::Live)
        );
        (body.outcome.unwrap(), body.counts["missed"], (body.at - mon(8, 0)).num_minutes())
    })
    .collect()
}

fn one(outcome: &str, count: u64, minute: i64) -> Vec<(String, u64, i64)> {
    vec![(outcome.to_owned(), count, minute)]
}

#[test]
fn a_usual_day_and_a_short_restart_miss_nothing() {
    let world = world();
    world.cloud.set_weather(Weather { latency_millis: (300, 300), ..Weather::calm() });
    world.process().run_until(mon(9, 14) + seconds(58));
    world.clock.jump(seconds(10));
    world.process().run_until(tue(23, 0));
    assert_eq!(missed(&world), []);
}

#[test]
fn while_the_daemon_is_down_rounds_are_missed_and_told_once_at_the_start() {
    let world = world();
    world.process().run_until(mon(9, 1));
    world.clock.set(mon(11, 7));
    // Late by five minutes and more: 9:15 to 11:00.
    world.process().run_until(mon(11, 7));
    assert_eq!(missed(&world), one("down", 8, 187));
    let why = &world.of_kind(Kind::RoundMissed)[0].body.why;
    assert!(why.contains("the last round was 2026-11-23T09:00:00.000Z"), "{why}");
    world.process().run_until(mon(11, 8));
    world.process().run_until(mon(12, 0));
    assert_eq!(missed(&world).len(), 1);
    world.audit();
}

#[test]
fn it_is_told_once_though_the_first_round_after_it_never_ended() {
    let world = world();
    world.process().run_until(mon(9, 1));
    world.clock.set(mon(11, 7));
    for nth in 1..=2 {
        world.cloud.inject(call::GROUPS, nth, Fault::Latency(minutes(600)));
    }
    world.process().run_until(mon(11, 8));
    world.process().run_until(mon(11, 9));
    assert_eq!(missed(&world), one("down", 8, 187));
    // And what is missed after it is told for itself: from then on.
    world.clock.set(mon(12, 7));
    world.process().run_until(mon(12, 7));
    assert_eq!(missed(&world).split_off(1), one("down", 4, 247));
}

#[test]
fn a_new_ledger_has_missed_nothing_nor_has_a_monkey_that_was_not_enabled() {
    let fresh = world();
    fresh.clock.set(mon(12, 7));
    fresh.process().run_until(mon(12, 30));
    assert_eq!(missed(&fresh), []);

    let world = world();
    world.process().run_until(mon(9, 1));
    let mut without = world.process();
    without.engine.monkeys.clear();
    without.run_until(mon(12, 7));
    drop(without);
    world.clock.set(mon(13, 7));
    world.process().run_until(mon(13, 30));
    assert_eq!(missed(&world), [], "nobody asked for it");
}

#[test]
fn a_daemon_that_dies_in_its_first_round_again_and_again_is_told_of() {
    let world = world();
    world.process().run_until(mon(9, 1));
    while world.now() < mon(10, 0) {
        world.cloud.inject(call::GROUPS, 1, Fault::Latency(minutes(600)));
        world.process().run_until(world.now() + seconds(10));
    }
    // Each when it was five minutes late.
    assert_eq!(missed(&world).iter().map(|(_, count, _)| count).sum::<u64>(), 3, "{:?}", missed(&world));
}

#[test]
fn a_game_day_by_hand_is_no_round_of_the_cron() {
    let world = world();
    world.process().run_until(mon(9, 1));
    world.clock.set(mon(11, 2));
    world.process().game_day("g");
    world.clock.set(mon(11, 7));
    world.process().run_until(mon(11, 7));
    assert_eq!(missed(&world).len(), 1);
}

#[test]
fn whoever_missed_very_many_is_not_told_how_many() {
    let mut world = world();
    world.cron = "* * * * * *".parse().unwrap();
    world.process().run_until(mon(8, 1));
    world.clock.set(tue(8, 0));
    world.process().run_until(tue(8, 0));
    assert_eq!(missed(&world), one("down", 1_000, 1_440));
}

#[test]
fn a_round_that_hangs_is_told_while_it_hangs_and_the_rest_at_its_end() {
    let world = world();
    let process = world.process();
    let mut daemon = process.daemon();
    process.on(&mut daemon, mon(8, 59));
    world.cloud.inject(call::GROUPS, 1, Fault::Latency(minutes(100)));
    process.on(&mut daemon, mon(9, 19) + seconds(59));
    assert_eq!(missed(&world), [], "9:15 may be five minutes late");
    process.on(&mut daemon, mon(9, 20));
    assert_eq!(missed(&world), one("running", 1, 80));
    process.on(&mut daemon, mon(10, 39));
    assert_eq!(missed(&world).len(), 1, "once while it hangs");
    process.on(&mut daemon, mon(12, 0));
    // It ended at 10:40: 9:30 to 10:30 never began.
    assert_eq!(missed(&world).split_off(1), one("running", 5, 160));
    world.cloud.inject(call::GROUPS, 1, Fault::Latency(minutes(100)));
    process.on(&mut daemon, mon(13, 0));
    assert_eq!(missed(&world).split_off(2), one("running", 1, 275), "the next one that hangs is another");
}

#[test]
fn who_slept_missed_what_went_by() {
    let world = world();
    let process = world.process();
    let mut daemon = process.daemon();
    process.on(&mut daemon, mon(9, 1));
    world.clock.jump(minutes(126));
    process.on(&mut daemon, mon(23, 0));
    assert_eq!(missed(&world), one("asleep", 8, 187));
}

#[test]
fn a_reload_misses_nothing() {
    let world = world();
    world.cloud.inject(call::GROUPS, 1, Fault::Latency(seconds(5)));
    let first = world.process();
    first.run_until(mon(9, 1));
    drop(first);
    world.clock.set(mon(11, 7));
    let second = world.process();
    let daemon = daemon::run(&second.engine, &second.schedules, &second.sinks, "other", Begin::Reloaded, &second.end);
    assert!(world.clock.drive_until(mon(11, 30), std::pin::pin!(daemon)).is_pending());
    assert_eq!(missed(&world), []);
}

#[test]
fn rounds_that_are_given_up_are_told_once_a_streak_and_again_on_the_next_day() {
    let world = world();
    let process = world.process();
    let mut daemon = process.daemon();
    let foreign = || Weather { impostor: Some("999999999999".parse().unwrap()), ..Weather::calm() };
    world.cloud.set_weather(foreign());
    process.on(&mut daemon, mon(23, 0));
    assert_eq!(missed(&world), one("failed", 1, 0));
    assert!(world.of_kind(Kind::RoundMissed)[0].body.why.contains("999999999999"));
    process.on(&mut daemon, tue(9, 0));
    // The other 63 rounds of Monday, and the first of Tuesday.
    assert_eq!(missed(&world).split_off(1), one("failed", 64, 16 * 60));
    world.cloud.set_weather(Weather::calm());
    process.on(&mut daemon, tue(10, 1));
    // From 0:15 to 9:00: each is told of once.
    assert_eq!(missed(&world).split_off(2), one("failed", 36, 25 * 60 + 15));
    // Who it is is asked once; another process asks again.
    drop(daemon);
    world.cloud.set_weather(foreign());
    world.process().run_until(tue(10, 2));
    assert_eq!(missed(&world).len(), 4, "another streak");
}

/// A process, and what makes its ledger refuse every write.
fn on_a_disk_that_fills(world: &World) -> (Process, Arc<AtomicBool>) {
    let broken = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&broken);
    let ledger =
        Hooked::new(
            &world.ledger,
            move |moment| {
                if told.load(Ordering::SeqCst) && moment.is_write() { Err(full()) } else { Ok(()) }
            },
        );
    (world.process_on("one", Arc::new(ledger)), broken)
}

#[test]
fn what_a_ledger_did_not_take_is_told_when_it_is_back() {
    let world = world();
    let (process, broken) = on_a_disk_that_fills(&world);
    let mut daemon = process.daemon();
    process.on(&mut daemon, mon(9, 1));
    broken.store(true, Ordering::SeqCst);
    process.on(&mut daemon, mon(9, 31));
    assert_eq!(missed(&world), []);
    broken.store(false, Ordering::SeqCst);
    process.on(&mut daemon, mon(12, 0));
    assert_eq!(missed(&world), one("failed", 2, 105));
    let why = &world.of_kind(Kind::RoundMissed)[0].body.why;
    assert!(why.contains("since 2026-11-23T09:15:00.000Z") && why.contains("no space left"), "{why}");
}

#[test]
fn a_round_that_hung_while_the_ledger_failed_is_told_when_it_is_back() {
    let world = world();
    let (process, broken) = on_a_disk_that_fills(&world);
    let mut daemon = process.daemon();
    process.on(&mut daemon, mon(8, 59));
    world.cloud.inject(call::GROUPS, 1, Fault::Latency(minutes(100)));
    broken.store(true, Ordering::SeqCst);
    process.on(&mut daemon, mon(10, 0));
    assert_eq!(missed(&world), []);
    broken.store(false, Ordering::SeqCst);
    process.on(&mut daemon, mon(12, 0));
    let count: u64 = missed(&world).iter().map(|(_, count, _)| count).sum();
    assert_eq!(count, 6, "{:?}", missed(&world));
}

/// When somebody who wants to hear every half minute heard of it.
struct Listener {
    clock: simian_sim::VirtualClock,
    beats: std::sync::Mutex<Vec<DateTime<Utc>>>,
}

impl simian::pulse::Pulse for Listener {
    fn every(&self) -> Option<TimeDelta> {
        Some(seconds(30))
    }
    fn beat(&self) {
        self.beats.lock().unwrap().push(self.clock.now());
    }
}

fn listened(world: &World, mut process: Process) -> (Process, Arc<Listener>) {
    let listener = Arc::new(Listener { clock: world.clock.clone(), beats: std::sync::Mutex::default() });
    process.engine.pulse = listener.clone();
    (process, listener)
}

impl Listener {
    fn last(&self) -> DateTime<Utc> {
        *self.beats.lock().unwrap().last().unwrap()
    }

    /// How long it ever had to wait.
    fn longest(&self) -> TimeDelta {
        self.beats.lock().unwrap().windows(2).map(|pair| pair[1] - pair[0]).max().unwrap()
    }
}

#[test]
fn the_sign_of_life_comes_in_time_whatever_the_rounds_do_and_to_the_end() {
    let world = world().one_minute();
    for nth in 1..=3 {
        world.cloud.inject(call::GROUPS, nth, Fault::Latency(minutes(100)));
    }
    world.cloud.inject(call::TERMINATE, 1, Fault::ErrorBefore(Cause::Broken));
    let (process, listener) = listened(&world, world.process());
    let mut daemon = process.daemon();
    process.on(&mut daemon, mon(9, 0));
    assert_eq!(listener.longest(), seconds(30));
    // A reload waits for the round that hangs, for two minutes.
    process.end.reload.cancel();
    let _ = world.clock.drive(daemon);
    assert_eq!(world.clock.now(), mon(9, 0) + daemon::HAND_OVER);
    assert_eq!(listener.longest(), seconds(30));
    assert!(world.clock.now() - listener.last() <= seconds(30), "to the end");
}

#[test]
fn a_ledger_that_fails_is_no_silence_and_one_that_never_answers_is() {
    let world = world();
    let hooked = Hooked::new(&world.ledger, |_| Ok(()));
    let stuck = Arc::clone(&hooked.stuck);
    let (process, listener) = listened(&world, world.process_on("one", Arc::new(hooked)));
    let mut daemon = process.daemon();
    process.on(&mut daemon, mon(8, 10));
    stuck.store(true, Ordering::SeqCst);
    process.on(&mut daemon, mon(12, 0));
    assert_eq!(listener.last(), mon(8, 10));

    let broken = Hooked::new(&world.ledger, |moment| {
        let settles = moment.tells(Kind::DaemonResumed);
        if settles { Err(full()) } else { Ok(()) }
    });
    let pause = simian_core::Pause { until: Some(mon(12, 1)), ..simian_core::Pause::new(mon(12, 0), "ann", "w") };
    let told = Draft::new(mon(12, 0), Kind::DaemonPaused, Mode::Live, "w");
    let change = simian_core::Change::Pause(pause);
    crate::world::at_once(simian_core::Ledger::commit(&world.ledger, vec![told], vec![change])).unwrap();
    let (process, listener) = listened(&world, world.process_on("one", Arc::new(broken)));
    process.run_until(mon(12, 30));
    assert!(world.of_kind(Kind::DaemonResumed).is_empty(), "each turn failed");
    assert_eq!((listener.longest(), listener.last()), (seconds(30), mon(12, 30)));
}
