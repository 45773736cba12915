//! Two clocks for a simulated world: one that jumps from sleeper to sleeper, one that runs so many times as fast as
//! the wall.
//!
//! [`VirtualClock::drive`] is the whole runtime of a simulation: it polls one root future on this thread and, when
//! nothing more can happen at this instant, moves the time to the next sleeper. The root future brings its own
//! concurrency (`join`, `select`, `FuturesUnordered`); dropping it is a crash.
//!
//! What may not happen here: the virtual clock never looks at the wall's, and its time never goes back.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::ops::RangeInclusive;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use simian_core::Clock;

/// Polls of the root future at one instant before the drive gives up: no honest future of ours needs a thousandth of
/// it, and a future that wakes itself for ever would otherwise hang the test.
pub const MAX_POLLS_AN_INSTANT: u32 = 1_000_000;

/// A clock that stands still until nobody has anything left to do, and then moves to the earliest sleeper. Cheap to
/// clone; clones share the time.
#[derive(Clone)]
pub struct VirtualClock {
    inner: Arc<Mutex<Inner>>,
}

struct Inner {
    now: DateTime<Utc>,
    registered: u64,
    /// By time, then by registration: the order in which they wake.
    sleepers: BTreeMap<(DateTime<Utc>, u64), Waker>,
}

/// The root future waits for something that cannot come: it is pending, nothing woke it, and nobody sleeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deadlock {
    /// The time at which the world stopped.
    pub at: DateTime<Utc>,
    /// It did not stop but span: the future woke itself [`MAX_POLLS_AN_INSTANT`] times at one instant.
    pub spinning: bool,
}

impl fmt::Display for Deadlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { at, spinning } = self;
        if *spinning {
            write!(f, "livelock at {at}: the root future woke itself {MAX_POLLS_AN_INSTANT} times and time stood still")
        } else {
            write!(f, "deadlock at {at}: the root future is pending, nothing woke it, and nobody sleeps on the clock")
        }
    }
}

impl std::error::Error for Deadlock {}

/// How far a drive may go.
#[derive(Clone, Copy)]
struct Limits {
    until: Option<DateTime<Utc>>,
    polls: Option<usize>,
}

impl VirtualClock {
    /// A clock that stands at `start`.
    pub fn new(start: DateTime<Utc>) -> Self {
        Self { inner: Arc::new(Mutex::new(Inner { now: start, registered: 0, sleepers: BTreeMap::new() })) }
    }

    /// How many are asleep on this clock.
    pub fn sleepers(&self) -> usize {
        self.lock().sleepers.len()
    }

    /// Runs the future to its end, moving the time whenever it has nothing else to do.
    ///
    /// Sleepers wake one at a time, in order of their time and then of their registration; after each the future is
    /// polled until it is quiet.
    ///
    /// # Panics
    ///
    /// On a [`Deadlock`]: see [`VirtualClock::try_drive`].
    pub fn drive<F: Future>(&self, future: F) -> F::Output {
        match self.try_drive(future) {
            Ok(output) => output,
            #[expect(clippy::panic, reason = "documented: a mistake of whoever plays, not of what is played")]
            Err(deadlock) => panic!("{deadlock}"),
        }
    }

    /// As [`VirtualClock::drive`], with the deadlock as an error.
    pub fn try_drive<F: Future>(&self, future: F) -> Result<F::Output, Deadlock> {
        match self.run(pin!(future), Limits { until: None, polls: None })? {
            Poll::Ready(output) => Ok(output),
            Poll::Pending => Err(Deadlock { at: self.now(), spinning: false }),
        }
    }

    /// Runs the future until the virtual time `when`, sleepers at `when` included, and hands it back: drive it on, or
    /// drop it, which is a crash. Pending means that the clock now stands at `when` (or where it stood, if that is
    /// later), also when nobody slept.
    ///
    /// # Panics
    ///
    /// When the future spins: see [`Deadlock::spinning`].
    pub fn drive_until<F: Future + ?Sized>(&self, when: DateTime<Utc>, future: Pin<&mut F>) -> Poll<F::Output> {
        let polled = match self.run(future, Limits { until: Some(when), polls: None }) {
            Ok(polled) => polled,
            #[expect(clippy::panic, reason = "documented: a mistake of whoever plays, not of what is played")]
            Err(spinning) => panic!("{spinning}"),
        };
        if polled.is_pending() {
            let mut inner = self.lock();
            inner.now = inner.now.max(when);
        }
        polled
    }

    /// Polls the future at most `polls` times, moving the time in between as [`VirtualClock::drive`] does, and hands
    /// it back. Counting up from 0 and dropping what comes back crashes a run at each of its pending awaits in turn.
    /// Pending means that the polls are used up.
    ///
    /// # Panics
    ///
    /// On a [`Deadlock`].
    pub fn drive_polls<F: Future + ?Sized>(&self, polls: usize, future: Pin<&mut F>) -> Poll<F::Output> {
        match self.run(future, Limits { until: None, polls: Some(polls) }) {
            Ok(polled) => polled,
            #[expect(clippy::panic, reason = "documented: a mistake of whoever plays, not of what is played")]
            Err(deadlock) => panic!("{deadlock}"),
        }
    }

    /// Moves the time forward by `delta` at once, as on a machine that was suspended: nobody ran meanwhile, and
    /// whoever should have is late. A negative `delta` moves nothing.
    pub fn jump(&self, delta: TimeDelta) {
        self.set(self.now() + delta);
    }

    /// Moves the time forward to `when` at once and wakes whoever is due, in order. A time in the past moves nothing.
    pub fn set(&self, when: DateTime<Utc>) {
        let due = {
            let mut inner = self.lock();
            let now = inner.now.max(when);
            inner.now = now;
            let later = inner.sleepers.split_off(&(now, u64::MAX));
            std::mem::replace(&mut inner.sleepers, later)
        };
        for waker in due.into_values() {
            waker.wake();
        }
    }

    fn run<F: Future + ?Sized>(&self, mut future: Pin<&mut F>, limits: Limits) -> Result<Poll<F::Output>, Deadlock> {
        let woken = Arc::new(Woken(AtomicBool::new(true)));
        let waker = Waker::from(Arc::clone(&woken));
        let mut context = Context::from_waker(&waker);
        let mut polls = 0;
        loop {
            let mut polls_now = 0;
            while woken.0.swap(false, Ordering::SeqCst) {
                if limits.polls == Some(polls) {
                    return Ok(Poll::Pending);
                }
                polls += 1;
                polls_now += 1;
                if polls_now > MAX_POLLS_AN_INSTANT {
                    return Err(Deadlock { at: self.now(), spinning: true });
                }
                if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
                    return Ok(Poll::Ready(output));
                }
            }
            if !self.wake_next(limits.until) {
                return match limits.until {
                    Some(_) => Ok(Poll::Pending),
                    None => Err(Deadlock { at: self.now(), spinning: false }),
                };
            }
        }
    }

    /// Moves to the earliest sleeper, not past `until`, and wakes it. False when there is none.
    fn wake_next(&self, until: Option<DateTime<Utc>>) -> bool {
        let waker = {
            let mut inner = self.lock();
            let Some(first) = inner.sleepers.first_entry() else { return false };
            let (when, _) = *first.key();
            if until.is_some_and(|until| when > until) {
                return false;
            }
            let waker = first.remove();
            inner.now = inner.now.max(when);
            waker
        };
        waker.wake();
        true
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for VirtualClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = self.lock();
        write!(f, "VirtualClock({}, {} asleep)", inner.now, inner.sleepers.len())
    }
}

#[async_trait]
impl Clock for VirtualClock {
    fn now(&self) -> DateTime<Utc> {
        self.lock().now
    }

    async fn sleep_until(&self, when: DateTime<Utc>) {
        Sleep { clock: self.clone(), when, registered: None }.await;
    }
}

struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// One sleeper. It is registered at its first poll, and forgotten when it is dropped.
struct Sleep {
    clock: VirtualClock,
    when: DateTime<Utc>,
    registered: Option<u64>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let clock = self.clock.clone();
        let mut inner = clock.lock();
        match self.registered {
            None if self.when <= inner.now => Poll::Ready(()),
            None => {
                let number = inner.registered;
                inner.registered += 1;
                inner.sleepers.insert((self.when, number), context.waker().clone());
                self.registered = Some(number);
                Poll::Pending
            }
            // Whoever is no longer registered was woken; until then the sleep goes on even if its time has come, so
            // that sleepers wake in order whoever is polled first.
            Some(number) => match inner.sleepers.get_mut(&(self.when, number)) {
                Some(waker) => {
                    waker.clone_from(context.waker());
                    Poll::Pending
                }
                None => Poll::Ready(()),
            },
        }
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(number) = self.registered {
            self.clock.lock().sleepers.remove(&(self.when, number));
        }
    }
}

/// A clock that starts at a given time and runs `speed` times as fast as the wall's. Needs tokio's timer.
#[derive(Clone, Debug)]
pub struct ScaledClock {
    start: DateTime<Utc>,
    begun: tokio::time::Instant,
    speed: f64,
}

impl ScaledClock {
    /// The speeds that make sense: from a thousandth of the wall's to a day in a millisecond.
    pub const SPEEDS: RangeInclusive<f64> = 0.001..=86_400_000.0;

    /// A clock that now shows `start`.
    ///
    /// # Panics
    ///
    /// When the speed is outside [`ScaledClock::SPEEDS`].
    pub fn new(start: DateTime<Utc>, speed: f64) -> Self {
        assert!(Self::SPEEDS.contains(&speed), "a clock cannot run {speed} times as fast");
        Self { start, begun: tokio::time::Instant::now(), speed }
    }

    /// How many times as fast as the wall's.
    pub fn speed(&self) -> f64 {
        self.speed
    }
}

#[async_trait]
impl Clock for ScaledClock {
    fn now(&self) -> DateTime<Utc> {
        let elapsed = self.begun.elapsed().mul_f64(self.speed);
        TimeDelta::from_std(elapsed)
            .ok()
            .and_then(|elapsed| self.start.checked_add_signed(elapsed))
            .unwrap_or(DateTime::<Utc>::MAX_UTC)
    }

    async fn sleep_until(&self, when: DateTime<Utc>) {
        // Rounding may end a sleep a moment early, so it looks again.
        while let Ok(left) = (when - self.now()).to_std()
            && !left.is_zero()
        {
            let left = Duration::try_from_secs_f64(left.as_secs_f64() / self.speed).unwrap_or(Duration::MAX);
            tokio::time::sleep(left.clamp(SHORTEST, LONGEST)).await;
        }
    }
}

/// Tokio's timer counts in milliseconds.
const SHORTEST: Duration = Duration::from_millis(1);
/// Far below the timer's limit; the sleep looks again after it.
const LONGEST: Duration = Duration::from_hours(24);
