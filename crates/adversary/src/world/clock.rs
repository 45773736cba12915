//! The clock of one machine: AWS's, but for what it is off.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use simian_core::Clock;
use simian_sim::VirtualClock;
use tokio::sync::Notify;

/// A machine's clock. Clones are the same clock.
#[derive(Clone, Debug)]
pub(crate) struct MachineClock {
    truth: VirtualClock,
    ahead_millis: Arc<AtomicI64>,
    set: Arc<Notify>,
}

impl MachineClock {
    pub(crate) fn new(truth: VirtualClock) -> Self {
        Self { truth, ahead_millis: Arc::default(), set: Arc::default() }
    }

    /// Sets it so far ahead of AWS's; whoever sleeps looks at it again.
    pub(crate) fn set_ahead(&self, ahead: TimeDelta) {
        self.ahead_millis.store(ahead.num_milliseconds(), Ordering::SeqCst);
        self.set.notify_waiters();
    }

    /// How far it is ahead.
    pub(crate) fn ahead(&self) -> TimeDelta {
        TimeDelta::milliseconds(self.ahead_millis.load(Ordering::SeqCst))
    }
}

#[async_trait]
impl Clock for MachineClock {
    fn now(&self) -> DateTime<Utc> {
        self.truth.now() + self.ahead()
    }

    async fn sleep_until(&self, when: DateTime<Utc>) {
        while self.now() < when {
            let set = self.set.notified();
            tokio::select! {
                biased;
                () = self.truth.sleep_until(when - self.ahead()) => {}
                () = set => {}
            }
        }
    }
}
