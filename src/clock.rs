//! The machine's clock: the only place that asks it.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use simian_core::Clock;

/// The longest sleep before the wall clock is asked again: a machine that was suspended, or whose clock was set, is
/// noticed so soon.
const NAP: Duration = Duration::from_secs(15);

/// The machine's wall clock.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one clock that all others stand in for")]
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }

    async fn sleep_until(&self, when: DateTime<Utc>) {
        while let Ok(left) = (when - self.now()).to_std() {
            if left.is_zero() {
                return;
            }
            tokio::time::sleep(left.min(NAP)).await;
        }
    }
}
