//! What goes wrong between us and the account, by chance or by the calendar.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use simian_core::{AccountId, Region};

/// A token bucket, one a region: who finds it empty is throttled.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bucket {
    /// How many calls it holds.
    pub burst: u32,
    /// How many come back a second.
    pub per_second: f64,
}

/// A time in which a region, or everything, cannot be reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outage {
    /// Which region; `None` is all of AWS.
    pub region: Option<Region>,
    /// From when on.
    pub from: DateTime<Utc>,
    /// Until when, exclusive.
    pub until: DateTime<Utc>,
}

/// The weather. Probabilities are per call; whatever is drawn, is drawn from the seed in the order of the calls.
#[derive(Clone, Debug, PartialEq)]
pub struct Weather {
    /// Of the calls' chance. The world's own chance has the account's seed and does not depend on the calls.
    pub seed: u64,
    /// Milliseconds that a call takes, from and to; half of them before the effect, half after it. With 0 a call ends
    /// without waiting.
    pub latency_millis: (u32, u32),
    /// Every call to these regions takes so much longer.
    pub slow: BTreeMap<Region, TimeDelta>,
    /// A read may answer with the state of so many seconds ago; at most 300.
    pub stale_seconds: u32,
    /// Lists come in any order. On by default: no API promises one.
    pub unordered: bool,
    /// Throttled.
    pub throttle: f64,
    /// Throttled by use, all calls of a region together.
    pub bucket: Option<Bucket>,
    /// Throttled by use, each of these calls of a region by itself, as AWS does it; by the names in
    /// [`call`](crate::call).
    pub buckets: BTreeMap<&'static str, Bucket>,
    /// No answer in time, and nothing happened.
    pub timeout_before: f64,
    /// No answer in time, and it happened.
    pub timeout_after: f64,
    /// The connection broke, and nothing happened.
    pub broken_before: f64,
    /// The connection broke, and it happened.
    pub broken_after: f64,
    /// A list ends early, which the port makes an error.
    pub partial: f64,
    /// `terminate` of several ends some of them and breaks.
    pub half_batch: f64,
    /// Seconds after which a call without an answer is given up.
    pub timeout_seconds: u32,
    /// The calls that the caller may not make, by the names in [`call`](crate::call).
    pub denied: BTreeSet<&'static str>,
    /// When the credentials expire.
    pub credentials_until: Option<DateTime<Utc>>,
    /// Outages.
    pub outages: Vec<Outage>,
    /// The credentials are another account's.
    pub impostor: Option<AccountId>,
    /// AWS's clock minus ours, in milliseconds.
    pub skew_millis: i64,
}

impl Weather {
    /// Every call is answered at once, fresh and whole. Lists are still in any order.
    pub fn calm() -> Self {
        Self {
            seed: 0,
            latency_millis: (0, 0),
            slow: BTreeMap::new(),
            stale_seconds: 0,
            unordered: true,
            throttle: 0.0,
            bucket: None,
            buckets: BTreeMap::new(),
            timeout_before: 0.0,
            timeout_after: 0.0,
            broken_before: 0.0,
            broken_after: 0.0,
            partial: 0.0,
            half_batch: 0.0,
            timeout_seconds: 20,
            denied: BTreeSet::new(),
            credentials_until: None,
            outages: Vec::new(),
            impostor: None,
            skew_millis: 0,
        }
    }

    /// Much worse than AWS on a bad day, and within what it documents: slow, stale, throttled, now and then unclear.
    pub fn rough(seed: u64) -> Self {
        Self {
            seed,
            latency_millis: (20, 1500),
            stale_seconds: 45,
            throttle: 0.05,
            timeout_before: 0.01,
            timeout_after: 0.02,
            broken_before: 0.01,
            broken_after: 0.02,
            partial: 0.02,
            half_batch: 0.1,
            skew_millis: 1800,
            ..Self::calm()
        }
    }
}

impl Default for Weather {
    fn default() -> Self {
        Self::calm()
    }
}
