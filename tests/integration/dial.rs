//! A clock that a test turns.

use std::sync::Mutex;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use simian_core::Clock;

/// Our clock, turned by hand.
pub(crate) struct Dial(Mutex<DateTime<Utc>>);

impl Dial {
    pub(crate) fn at(now: DateTime<Utc>) -> Self {
        Self(Mutex::new(now))
    }

    /// It is that time now.
    pub(crate) fn turn(&self, now: DateTime<Utc>) {
        *self.0.lock().unwrap() = now;
    }
}

#[async_trait]
impl Clock for Dial {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }

    /// Nothing is throttled and nothing hangs here, so nobody waits to the end: who did would wait for ever.
    async fn sleep_until(&self, _: DateTime<Utc>) {
        std::future::pending::<()>().await;
    }
}
