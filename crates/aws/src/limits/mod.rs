//! How often we call: a bucket of tokens for each API in each region of each account, so that one region that is busy
//! takes nobody else's turn.
//!
//! The buckets are AWS's, each smaller and slower: others in the account call too, and AWS counts all of them together.
//! They live in this process; two daemons in one account share what AWS allows by being throttled. Who is throttled
//! empties the bucket, whoever emptied it at AWS.

mod rates;

use std::error::Error;
use std::fmt;
use std::marker::PhantomData;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeTransmitInterceptorContextRef, FinalizerInterceptorContextRef,
};
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use governor::clock::Clock as _;
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use simian_core::ports::Clock;

use crate::error::is_throttle;
use crate::time::{Ticks, later};

pub(crate) use rates::Limits;
use rates::Rate;

/// How much of what AWS allows is ours, in percent: a fifth is left for deployments, Auto Scaling and people.
const SHARE: u32 = 80;

/// How long a write waits for its turn. Whoever acts looks at the clock and at the kill switch before each call, and
/// the wait comes after that look: so it is short, and a longer one is answered as a throttle.
pub(crate) const PATIENCE: Duration = Duration::from_secs(1);

/// One bucket, on our clock.
pub(crate) struct Bucket {
    limiter: RateLimiter<NotKeyed, InMemoryState, Ticks, NoOpMiddleware<Duration>>,
    clock: Arc<dyn Clock>,
    holds: u32,
}

impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bucket").field("holds", &self.holds).finish_non_exhaustive()
    }
}

impl Bucket {
    fn new(theirs: Rate, clock: &Arc<dyn Clock>) -> Arc<Self> {
        let holds = theirs.holds * SHARE / 100;
        let pause = Duration::from_secs(100) / (theirs.per_second * SHARE);
        let quota = Quota::with_period(pause).unwrap_or_else(|| unreachable!("no rate is infinite"));
        let quota = quota.allow_burst(NonZeroU32::new(holds).unwrap_or(NonZeroU32::MIN));
        let limiter = RateLimiter::direct_with_clock(quota, Ticks::new(clock.clone()));
        Arc::new(Self { limiter, clock: clock.clone(), holds })
    }

    /// The bucket for calendars of one region.
    pub(crate) fn calendars(clock: &Arc<dyn Clock>) -> Arc<Self> {
        Self::new(rates::CALENDARS, clock)
    }

    /// Takes so many tokens, all or none, never more than the bucket can hold; else says how long they will take to
    /// come, if nobody else is faster.
    fn take(&self, tokens: u32) -> Result<(), Duration> {
        let tokens = NonZeroU32::new(tokens.clamp(1, self.holds)).unwrap_or(NonZeroU32::MIN);
        match self.limiter.check_n(tokens) {
            Ok(Ok(())) => Ok(()),
            // Never nothing: who waits must come closer to its turn.
            Ok(Err(early)) => Err(early.wait_time_from(self.limiter.clock().now()).max(Duration::from_millis(1))),
            Err(_) => unreachable!("no more than the bucket can hold"),
        }
    }

    /// Waits for a token and takes it. For reads: the wait is bounded by the pages before this one.
    pub(crate) async fn turn(&self) {
        while let Err(wait) = self.take(1) {
            self.clock.sleep_until(later(self.clock.now(), wait)).await;
        }
    }

    /// Waits and takes as many as asked for, or says how long it would have to wait beyond `patience`. Returns what is
    /// left of it.
    pub(crate) async fn soon(&self, tokens: u32, patience: Duration) -> Result<Duration, Duration> {
        let until = later(self.clock.now(), patience);
        loop {
            let left = (until - self.clock.now()).to_std().unwrap_or_default();
            match self.take(tokens) {
                Ok(()) => return Ok(left),
                Err(wait) if wait > left => return Err(wait),
                Err(wait) => self.clock.sleep_until(later(self.clock.now(), wait)).await,
            }
        }
    }

    /// Empties the bucket: AWS said that there is nothing left in its own.
    pub(crate) fn drain(&self) {
        let mut tokens = self.holds;
        while tokens > 0 {
            if self.take(tokens).is_err() {
                tokens /= 2;
            }
        }
    }
}

/// Watches one call's tries: those after the first cost a token too, and a throttle empties the buckets. `E` is the
/// call's own error, which knows the code.
pub(crate) struct Meter<E> {
    buckets: Vec<Arc<Bucket>>,
    tries: AtomicU32,
    error: PhantomData<fn() -> E>,
}

impl<E> Meter<E> {
    /// The call takes its tokens from these; the first is the one for calls.
    pub(crate) fn new<'b>(buckets: impl IntoIterator<Item = &'b Arc<Bucket>>) -> Self {
        Self { buckets: buckets.into_iter().cloned().collect(), tries: AtomicU32::new(0), error: PhantomData }
    }

    /// Takes the token of a try. The first was paid before the call. A later one does not wait, as the SDK has waited
    /// already; where nothing is left, it is free.
    fn tried(&self) {
        if self.tries.fetch_add(1, Ordering::Relaxed) > 0
            && let Some(bucket) = self.buckets.first()
        {
            let _ = bucket.take(1);
        }
    }
}

impl<E> fmt::Debug for Meter<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Meter").field("buckets", &self.buckets).finish_non_exhaustive()
    }
}

#[dyn_dispatch_hint]
impl<E: ProvideErrorMetadata + Error + Send + Sync + 'static> Intercept for Meter<E> {
    fn name(&self) -> &'static str {
        "Meter"
    }

    fn read_before_attempt(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.tried();
        Ok(())
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let refusal = context.output_or_error().and_then(Result::err).and_then(|error| error.as_operation_error());
        let code = refusal.and_then(|error| error.downcast_ref::<E>()).and_then(ProvideErrorMetadata::code);
        if code.is_some_and(is_throttle) {
            for bucket in &self.buckets {
                bucket.drain();
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::rates::{CALENDARS, TERMINATE, TERMINATED};
    use super::*;
    use crate::time::testing::Leaps;

    fn bucket(theirs: Rate) -> (Arc<Leaps>, Arc<Bucket>) {
        let clock = Arc::new(Leaps::new());
        let as_clock: Arc<dyn Clock> = clock.clone();
        (clock, Bucket::new(theirs, &as_clock))
    }

    /// How many tokens there are now.
    fn count(bucket: &Bucket) -> usize {
        std::iter::from_fn(|| bucket.take(1).ok()).count()
    }

    #[test]
    fn a_fifth_is_left_to_others_in_bursts_and_in_the_long_run() {
        for rate in rates::ALL {
            let (clock, bucket) = bucket(*rate);
            let share = |number: u32| usize::try_from(number * 4 / 5).unwrap();
            assert_eq!(count(&bucket), share(rate.holds), "{rate:?}");
            clock.leap(5_000);
            assert_eq!(count(&bucket), share(rate.holds.min(5 * rate.per_second)), "{rate:?}");
            clock.leap(3_600_000);
            assert_eq!(count(&bucket), share(rate.holds), "an hour fills it and no more: {rate:?}");
        }
    }

    #[tokio::test]
    async fn a_thousand_instances_in_twenty_calls_fit_into_a_claims_time() {
        let (clock, calls) = bucket(TERMINATE);
        let as_clock: Arc<dyn Clock> = clock.clone();
        let instances = Bucket::new(TERMINATED, &as_clock);
        let began = clock.now();
        for _ in 0..20 {
            calls.soon(1, PATIENCE).await.unwrap();
            instances.soon(50, Duration::from_secs(40)).await.unwrap();
        }
        // 800 at once, and the other 200 at 16 a second.
        assert_eq!(clock.now() - began, TimeDelta::milliseconds(12_500));
    }

    #[tokio::test]
    async fn a_read_waits_for_its_turn_and_a_write_only_so_long() {
        let (clock, bucket) = bucket(TERMINATE);
        let began = clock.now();
        bucket.drain();
        assert_eq!(count(&bucket), 0);
        bucket.turn().await;
        assert_eq!(clock.now() - began, TimeDelta::milliseconds(250));
        assert_eq!(bucket.soon(3, PATIENCE).await, Ok(Duration::from_millis(250)));
        assert_eq!(clock.now() - began, TimeDelta::seconds(1));
        // What takes longer is refused at once, and takes nothing from the others.
        assert_eq!(bucket.soon(5, PATIENCE).await, Err(Duration::from_millis(1_250)));
        assert_eq!(clock.now() - began, TimeDelta::seconds(1));
        assert_eq!(bucket.soon(1, PATIENCE).await, Ok(Duration::from_millis(750)));
    }

    #[tokio::test]
    async fn a_clock_that_is_set_back_stops_nobody() {
        let (clock, bucket) = bucket(TERMINATE);
        bucket.drain();
        clock.leap(-3_600_000);
        let began = clock.now();
        bucket.turn().await;
        assert_eq!(clock.now() - began, TimeDelta::milliseconds(250));
    }

    #[test]
    fn every_try_but_the_first_costs_a_token() {
        let (_, calls) = bucket(CALENDARS);
        let (_, instances) = bucket(CALENDARS);
        let meter = Meter::<BoxError>::new([&calls, &instances]);
        meter.tried();
        assert_eq!(count(&calls), 8);
        let (_, calls) = bucket(CALENDARS);
        let meter = Meter::<BoxError>::new([&calls, &instances]);
        for _ in 0..3 {
            meter.tried();
        }
        assert_eq!((count(&calls), count(&instances)), (6, 8));
        meter.tried();
    }

    #[test]
    fn more_than_a_bucket_holds_is_all_that_it_holds() {
        let (_, bucket) = bucket(CALENDARS);
        assert!(bucket.take(1_000).is_ok());
        assert_eq!(count(&bucket), 0);
    }
}
