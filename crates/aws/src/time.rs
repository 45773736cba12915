//! Our clock in the words of others: the SDK's time and sleep, and the limiter's.
//!
//! Nothing in this crate asks another clock, so a test that turns ours turns everything.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use aws_smithy_async::rt::sleep::{AsyncSleep, Sleep};
use aws_smithy_async::time::TimeSource;
use chrono::{DateTime, TimeDelta, Utc};
use simian_core::ports::Clock;

/// Our clock as the SDK's: it signs and expires credentials by it. (The SDK corrects the time that it signs with by
/// what AWS answers; [`Skew`](crate::skew::Skew) measures our clock, uncorrected.)
pub(crate) struct OurTime(pub(crate) Arc<dyn Clock>);

impl fmt::Debug for OurTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OurTime")
    }
}

impl TimeSource for OurTime {
    fn now(&self) -> SystemTime {
        self.0.now().into()
    }
}

/// Our clock as the SDK's sleep: timeouts and the pauses between tries. A clock that is set back lengthens them by as
/// much, as it does every wait of the daemon.
pub(crate) struct OurSleep(pub(crate) Arc<dyn Clock>);

impl fmt::Debug for OurSleep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OurSleep")
    }
}

impl AsyncSleep for OurSleep {
    fn sleep(&self, duration: Duration) -> Sleep {
        let clock = self.0.clone();
        let when = later(clock.now(), duration);
        Sleep::new(Alone(Mutex::new(Box::pin(async move { clock.sleep_until(when).await }))))
    }
}

/// That much after `now`, as far as time goes.
pub(crate) fn later(now: DateTime<Utc>, duration: Duration) -> DateTime<Utc> {
    let delta = TimeDelta::from_std(duration).ok();
    delta.and_then(|delta| now.checked_add_signed(delta)).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// A future that may be shared between threads because nobody but its owner ever polls it: the SDK asks for `Sync`,
/// and the clock's futures are not.
struct Alone(Mutex<Pin<Box<dyn Future<Output = ()> + Send>>>);

impl Future for Alone {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        self.0.get_mut().unwrap_or_else(PoisonError::into_inner).as_mut().poll(context)
    }
}

/// Our clock as the limiter's: the time that has passed since it was made. A clock that is set back stands still for a
/// moment here, or a bucket would stay empty until the old time is reached again.
pub(crate) struct Ticks {
    clock: Arc<dyn Clock>,
    /// The last reading, and how much had passed by then.
    seen: Mutex<(DateTime<Utc>, Duration)>,
}

impl Ticks {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        let now = clock.now();
        Self { clock, seen: Mutex::new((now, Duration::ZERO)) }
    }
}

impl governor::clock::Clock for Ticks {
    type Instant = Duration;

    fn now(&self) -> Duration {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now();
        let (at, passed) = *seen;
        let passed = passed + (now - at).to_std().unwrap_or_default();
        *seen = (now, passed);
        passed
    }
}

#[cfg(test)]
pub(crate) mod testing {
    use async_trait::async_trait;

    use super::{Clock, DateTime, Mutex, TimeDelta, Utc};

    /// A clock that moves only when somebody sleeps on it or sets it, and then at once.
    pub(crate) struct Leaps(pub(crate) Mutex<DateTime<Utc>>);

    impl Leaps {
        /// At some time.
        pub(crate) fn new() -> Self {
            Self(Mutex::new(DateTime::from_timestamp(1_795_456_800, 0).unwrap()))
        }

        /// Sets it forward, or back.
        pub(crate) fn leap(&self, millis: i64) {
            *self.0.lock().unwrap() += TimeDelta::milliseconds(millis);
        }
    }

    #[async_trait]
    impl Clock for Leaps {
        fn now(&self) -> DateTime<Utc> {
            *self.0.lock().unwrap()
        }

        async fn sleep_until(&self, when: DateTime<Utc>) {
            let mut now = self.0.lock().unwrap();
            *now = when.max(*now);
        }
    }
}

#[cfg(test)]
mod tests {
    use governor::clock::Clock as _;

    use super::testing::Leaps;
    use super::*;

    #[tokio::test]
    async fn the_sdk_sleeps_on_our_clock() {
        let clock = Arc::new(Leaps::new());
        let before = clock.now();
        OurSleep(clock.clone()).sleep(Duration::from_hours(1)).await;
        assert_eq!(clock.now() - before, TimeDelta::hours(1));
        OurSleep(clock.clone()).sleep(Duration::MAX).await;
        assert_eq!(clock.now(), DateTime::<Utc>::MAX_UTC);
    }

    #[test]
    fn a_clock_that_is_set_back_does_not_take_time_back() {
        let clock = Arc::new(Leaps::new());
        let ticks = Ticks::new(clock.clone());
        clock.leap(500);
        assert_eq!(ticks.now(), Duration::from_millis(500));
        clock.leap(-3_600_000);
        assert_eq!(ticks.now(), Duration::from_millis(500));
        clock.leap(250);
        assert_eq!(ticks.now(), Duration::from_millis(750));
    }
}
