//! AWS's clock minus ours, measured on every answer.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::BeforeDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use simian_core::ports::Clock;

/// The newest measurement for one region, shared by its clients. To the second: that is what the `Date` header has.
#[derive(Clone)]
pub(crate) struct Skew {
    clock: Arc<dyn Clock>,
    newest: Arc<Mutex<Option<TimeDelta>>>,
}

impl Skew {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, newest: Arc::default() }
    }

    /// The newest measurement.
    pub(crate) fn get(&self) -> Option<TimeDelta> {
        *self.newest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, date: &str) {
        if let Some(skew) = skew(date, self.clock.now()) {
            *self.newest.lock().unwrap_or_else(PoisonError::into_inner) = Some(skew);
        }
    }
}

/// `date` is the header (RFC 9110, section 5.6.7); `None` when it cannot be read.
fn skew(date: &str, now: DateTime<Utc>) -> Option<TimeDelta> {
    let theirs = DateTime::parse_from_rfc2822(date).ok()?.with_timezone(&Utc);
    Some(theirs - now.trunc_subsecs(0))
}

impl fmt::Debug for Skew {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Skew").field("newest", &self.get()).finish_non_exhaustive()
    }
}

/// Sees every answer of every attempt, refusals too.
#[dyn_dispatch_hint]
impl Intercept for Skew {
    fn name(&self) -> &'static str {
        "Skew"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(date) = context.response().headers().get("date") {
            self.note(date);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_theirs_minus_ours_to_the_second() {
        let now = DateTime::from_timestamp(1_795_456_800, 900_000_000).unwrap();
        let seconds = |date| skew(date, now).map(|skew| skew.num_seconds());
        assert_eq!(seconds("Mon, 23 Nov 2026 18:00:00 GMT"), Some(0));
        assert_eq!(seconds("Mon, 23 Nov 2026 18:01:30 GMT"), Some(90));
        assert_eq!(seconds("Mon, 23 Nov 2026 17:58:30 GMT"), Some(-90));
        assert_eq!(seconds("yesterday"), None);
        assert_eq!(seconds(""), None);
    }
}
