//! Virtual time: it moves only when nobody has anything left to do, never back, and wakes in order.

use std::cell::RefCell;
use std::future::{pending, poll_fn};
use std::pin::pin;
use std::task::Poll;

use chrono::TimeDelta;
use futures_util::future::{Either, join, join_all, select};
use futures_util::stream::{FuturesUnordered, StreamExt};
use proptest::prelude::*;
use simian_core::Clock;
use simian_sim::{ScaledClock, VirtualClock};

use crate::world::{seconds, start};

#[test]
fn a_drive_moves_the_time_to_each_sleeper_and_no_further() {
    let clock = VirtualClock::new(start());
    let output = clock.drive(async {
        clock.sleep_until(start() + seconds(90)).await;
        assert_eq!(clock.now(), start() + seconds(90));
        clock.sleep_until(start() + seconds(10)).await;
        "done"
    });
    assert_eq!(output, "done");
    assert_eq!(clock.now(), start() + seconds(90), "a sleeper in the past returns at once");
}

#[test]
fn whoever_sleeps_until_the_same_time_wakes_in_order_of_registration() {
    let clock = VirtualClock::new(start());
    let woken = RefCell::new(Vec::new());
    let sleeper = |name: &'static str, at| {
        let (clock, woken) = (&clock, &woken);
        async move {
            clock.sleep_until(start() + seconds(at)).await;
            woken.borrow_mut().push(name);
        }
    };
    let (first, second, third) = (sleeper("first", 5), sleeper("second", 5), sleeper("earliest", 1));
    clock.drive(async {
        let mut first = pin!(first);
        // Registered first, and polled last ever after.
        assert!(poll_fn(|context| Poll::Ready(first.as_mut().poll(context))).await.is_pending());
        join(join(third, second), first).await;
    });
    assert_eq!(woken.into_inner(), ["earliest", "first", "second"]);
}

#[test]
fn a_dropped_sleeper_is_forgotten() {
    let clock = VirtualClock::new(start());
    clock.drive(async {
        let short = pin!(clock.sleep_until(start() + seconds(1)));
        let long = pin!(clock.sleep_until(start() + seconds(100)));
        assert!(matches!(select(short, long).await, Either::Left(_)));
    });
    assert_eq!((clock.sleepers(), clock.now()), (0, start() + seconds(1)));
}

#[test]
fn nobody_asleep_and_nothing_woken_is_a_deadlock() {
    let deadlock = VirtualClock::new(start()).try_drive(pending::<()>()).unwrap_err();
    assert_eq!(
        deadlock.to_string(),
        "deadlock at 2026-11-23 08:00:00 UTC: the root future is pending, nothing woke it, and nobody sleeps on the \
         clock"
    );
}

#[test]
#[should_panic(expected = "deadlock at")]
fn a_drive_panics_on_a_deadlock() {
    VirtualClock::new(start()).drive(pending::<()>());
}

#[test]
fn a_future_that_wakes_itself_for_ever_is_found_out() {
    let spin = poll_fn(|context| {
        context.waker().wake_by_ref();
        Poll::<()>::Pending
    });
    let livelock = VirtualClock::new(start()).try_drive(spin).unwrap_err();
    assert!(livelock.spinning && livelock.to_string().starts_with("livelock at"));
}

#[test]
fn a_drive_until_hands_the_future_back() {
    let clock = VirtualClock::new(start());
    let steps = RefCell::new(0);
    let mut daemon = Box::pin(async {
        for n in 1..=10 {
            clock.sleep_until(start() + seconds(60 * n)).await;
            *steps.borrow_mut() += 1;
        }
    });
    assert!(clock.drive_until(start() + seconds(180), daemon.as_mut()).is_pending());
    assert_eq!((*steps.borrow(), clock.now()), (3, start() + seconds(180)), "the sleeper at that time woke too");
    assert!(clock.drive_until(start() + seconds(200), daemon.as_mut()).is_pending());
    assert_eq!((*steps.borrow(), clock.now()), (3, start() + seconds(200)));
    drop(daemon);
    assert_eq!((*steps.borrow(), clock.sleepers()), (3, 0), "a crash leaves nobody asleep");
    assert!(clock.drive_until(start() + seconds(300), pin!(pending::<()>())).is_pending(), "time goes by for nobody");
    assert_eq!(clock.now(), start() + seconds(300));
    assert!(clock.drive_until(start(), pin!(async {})).is_ready());
    assert!(clock.drive_until(start(), pin!(pending::<()>())).is_pending());
    assert_eq!(clock.now(), start() + seconds(300), "time never goes back");
}

#[test]
fn after_a_jump_everybody_is_late_and_wakes_in_order() {
    let clock = VirtualClock::new(start());
    let woken = RefCell::new(Vec::new());
    let sleepers: FuturesUnordered<_> = [30, 10, 20, 5000]
        .into_iter()
        .map(|n| {
            let (clock, woken) = (&clock, &woken);
            async move {
                clock.sleep_until(start() + seconds(n)).await;
                woken.borrow_mut().push((n, clock.now()));
            }
        })
        .collect();
    let mut all = pin!(sleepers.collect::<Vec<()>>());
    assert!(clock.drive_until(start() + seconds(1), all.as_mut()).is_pending());
    clock.jump(TimeDelta::hours(1));
    clock.set(start());
    clock.drive(all);
    let late = start() + seconds(3601);
    assert_eq!(*woken.borrow(), [(10, late), (20, late), (30, late), (5000, start() + seconds(5000))]);
}

#[tokio::test]
async fn a_scaled_clock_runs_so_many_times_as_fast() {
    let clock = ScaledClock::new(start(), 1_000_000.0);
    clock.sleep_until(start() - seconds(1)).await;
    clock.sleep_until(start() + TimeDelta::hours(4)).await;
    assert!(clock.now() >= start() + TimeDelta::hours(4));
    clock.sleep_until(start()).await;
}

#[test]
#[should_panic(expected = "cannot run NaN times as fast")]
fn a_scaled_clock_has_a_sensible_speed() {
    let _ = ScaledClock::new(start(), f64::NAN);
}

proptest! {
    #[test]
    fn time_never_goes_back_and_sleepers_wake_in_order(
        naps in prop::collection::vec(prop::collection::vec(-50_i64..500, 1..6), 1..12),
    ) {
        let clock = VirtualClock::new(start());
        let log = RefCell::new(Vec::new());
        let (clock, log) = (&clock, &log);
        clock.drive(join_all(naps.iter().map(|naps| async move {
            for nap in naps {
                let when = clock.now() + seconds(*nap);
                let asleep = clock.now();
                clock.sleep_until(when).await;
                assert_eq!(clock.now(), when.max(asleep), "nobody oversleeps while the clock is driven");
                log.borrow_mut().push(clock.now());
            }
        })));
        let log = log.borrow();
        prop_assert!(log.is_sorted());
        prop_assert_eq!(log.len(), naps.iter().map(Vec::len).sum::<usize>());
        prop_assert_eq!(clock.sleepers(), 0);
    }
}
