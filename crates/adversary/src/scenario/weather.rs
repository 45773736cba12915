//! What goes wrong between the daemon and the account by chance.

use serde::{Deserialize, Serialize};

/// What goes wrong between the daemon and the account by chance. Probabilities are in thousandths.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WeatherSetup {
    /// Milliseconds of a call, from and to.
    pub latency: (u32, u32),
    /// A region, by index, whose calls take so many seconds longer.
    pub slow: Option<(usize, u32)>,
    /// A read may be so many seconds old.
    pub stale: u32,
    /// Calls that are throttled.
    pub throttle: u32,
    /// Calls without an answer in time that did nothing.
    pub timeout_before: u32,
    /// Calls without an answer in time that did happen.
    pub timeout_after: u32,
    /// Calls that broke and did nothing.
    pub broken_before: u32,
    /// Calls that broke and did happen.
    pub broken_after: u32,
    /// Lists that end early.
    pub partial: u32,
    /// Batches of which half is ended.
    pub half_batch: u32,
    /// Calls that the role does not allow, by their permissions' names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub denied: Vec<String>,
    /// Nothing can be reached.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub out: bool,
}

impl WeatherSetup {
    /// Some call may take many seconds.
    pub fn is_slow(&self) -> bool {
        self.slow.is_some() || self.timeout_before > 0 || self.timeout_after > 0
    }
}
