//! Where balancers send what they get.

/// One target group in one rule of a listener, and how much of what the rule gets goes there. Source: Elastic Load Balancing
/// API (2015-12-01), `ForwardActionConfig` and `TargetGroupTuple`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Route {
    /// The listener's ARN.
    pub listener: String,
    /// The port that it listens on; 0 where it has none.
    pub port: u16,
    /// The rule's priority; `None` for the default rule, which gets what no other takes.
    pub rule: Option<u32>,
    /// The target group's ARN.
    pub target_group: String,
    /// Its weight, 0 to 999.
    pub weight: u32,
    /// The weights of all target groups of the rule together.
    pub of: u32,
}

impl Route {
    /// The routes of one rule, from its target groups and their weights. One whose weight is not said has all of it.
    pub fn of_rule(
        listener: &str,
        port: u16,
        rule: Option<u32>,
        targets: impl IntoIterator<Item = (String, u32)>,
    ) -> Vec<Route> {
        let targets: Vec<(String, u32)> = targets.into_iter().collect();
        let of = targets.iter().map(|(_, weight)| weight).sum();
        let route =
            |(target_group, weight)| Route { listener: listener.to_owned(), port, rule, target_group, weight, of };
        targets.into_iter().map(route).collect()
    }

    /// How much of what the rule gets goes there, from 0 to 1. With all weights at 0 nobody gets anything.
    pub fn share(&self) -> f64 {
        if self.of == 0 { 0.0 } else { f64::from(self.weight) / f64::from(self.of) }
    }
}
