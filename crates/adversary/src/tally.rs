//! How often what was exercised: without it nobody knows that a quiet run was not an idle one.

use std::collections::BTreeMap;

use serde::Serialize;

/// Counters by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Tally(BTreeMap<String, u64>);

impl Tally {
    /// Adds to a counter.
    pub fn add(&mut self, name: &str, more: u64) {
        if more > 0 {
            *self.0.entry(name.to_owned()).or_default() += more;
        }
    }

    /// Adds one.
    pub fn one(&mut self, name: &str) {
        self.add(name, 1);
    }

    /// A counter.
    pub fn get(&self, name: &str) -> u64 {
        self.0.get(name).copied().unwrap_or(0)
    }

    /// Takes over all counters of another.
    pub fn merge(&mut self, other: &Tally) {
        for (name, more) in &other.0 {
            self.add(name, *more);
        }
    }

    /// The counters whose names begin so, without that.
    pub fn beginning<'t>(&'t self, prefix: &'t str) -> impl Iterator<Item = (&'t str, u64)> {
        self.0.iter().filter_map(move |(name, count)| Some((name.strip_prefix(prefix)?, *count)))
    }
}
