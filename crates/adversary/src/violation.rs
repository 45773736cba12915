//! Something that must never be, and was.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::Serialize;

/// What was wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// Which rule: a stable name.
    pub rule: &'static str,
    /// When, by AWS's clock.
    pub at: DateTime<Utc>,
    /// What, in words.
    pub text: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}: {}", self.rule, self.at.format("%a %Y-%m-%d %H:%M:%S%.3f"), self.text)
    }
}
