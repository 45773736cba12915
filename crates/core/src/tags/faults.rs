//! Which faults an owner wants, by weight.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use crate::action::Action;

/// Weights of actions: `terminate=8 terminate-gracefully=2`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults(BTreeMap<Action, u32>);

/// The largest weight: ratios up to a thousand to one are enough, and sums stay far from overflow.
const MAX_WEIGHT: u32 = 1000;

impl Default for Faults {
    fn default() -> Self {
        Self(BTreeMap::from([(Action::Terminate, 1)]))
    }
}

impl Faults {
    /// The actions with a weight above 0.
    pub fn weights(&self) -> impl Iterator<Item = (Action, u32)> + '_ {
        self.0.iter().map(|(action, weight)| (*action, *weight))
    }

    /// Nothing at all.
    pub(super) fn none() -> Self {
        Self(BTreeMap::new())
    }

    /// Only this one.
    pub fn only(action: Action) -> Self {
        Self(BTreeMap::from([(action, 1)]))
    }

    /// All but this one.
    #[must_use]
    pub fn without(mut self, action: Action) -> Self {
        self.0.remove(&action);
        self
    }

    /// No action is left.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What both allow, with the smaller weight.
    pub(super) fn common(&self, other: &Faults) -> Faults {
        Faults(self.weights().filter_map(|(a, w)| Some((a, w.min(*other.0.get(&a)?)))).collect())
    }

    /// The action at a point of the weights laid end to end; `at` in `0.0..1.0`.
    pub fn pick(&self, at: f64) -> Option<Action> {
        let total: u32 = self.0.values().sum();
        let mut left = at * f64::from(total);
        for (action, weight) in self.weights() {
            left -= f64::from(weight);
            if left < 0.0 {
                return Some(action);
            }
        }
        self.0.keys().next_back().copied()
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<String> = self.weights().map(|(action, weight)| format!("{action}={weight}")).collect();
        f.write_str(&words.join(" "))
    }
}

impl FromStr for Faults {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let mut weights = BTreeMap::new();
        for word in text.split_whitespace() {
            let (name, weight) = word.split_once('=').unwrap_or((word, "1"));
            let action: Action = name.parse().map_err(|error: crate::action::UnknownAction| error.to_string())?;
            let weight = weight
                .parse()
                .ok()
                .filter(|w| *w <= MAX_WEIGHT)
                .ok_or_else(|| format!("`{weight}` is no weight: write a whole number up to {MAX_WEIGHT}"))?;
            if weights.insert(action, weight).is_some() {
                return Err(format!("`{name}` is there twice"));
            }
        }
        weights.retain(|_, weight| *weight > 0);
        if weights.is_empty() {
            return Err("no fault has a weight above 0: to opt out, set the opt-in tag to `off`".into());
        }
        Ok(Self(weights))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_picked_in_proportion() {
        let faults: Faults = "terminate=3 terminate-gracefully".parse().unwrap();
        assert_eq!(faults.pick(0.0), Some(Action::Terminate));
        assert_eq!(faults.pick(0.749), Some(Action::Terminate));
        assert_eq!(faults.pick(0.751), Some(Action::TerminateGracefully));
        assert_eq!(faults.pick(0.999_999), Some(Action::TerminateGracefully));
    }
}
