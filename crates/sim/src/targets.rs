//! What balancers say of their targets: they see a member some checks later than it is so, and by their own checks.
//!
//! Whoever is in service is a target, and whoever terminates drains. A target group may be several groups'. Its targets
//! draw how long it takes until a change is noticed, each from a stream of its own.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use simian_core::detail::TargetHealth;
use simian_core::{InstanceId, Lifecycle, Region, ResourceId, ResourceKind, Route};

use crate::instance::Instance;
use crate::past::Past;
use crate::state::State;

/// From the first moment at which a target answers to the checks that say so, in seconds.
const RISES: (u64, u64) = (10, 60);
/// From the first moment at which it does not, in seconds.
const FALLS: (u64, u64) = (10, 40);

/// What listeners listen on.
const PORT: u16 = 443;

/// A rule of a listener that somebody set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Where.
    pub region: Region,
    /// Its listener's ARN.
    pub listener: String,
    /// Its priority; `None` for the default rule.
    pub priority: Option<u32>,
    /// The ARNs of the target groups that it sends to, with their weights.
    pub targets: Vec<(String, u32)>,
}

/// A target group that somebody named.
#[derive(Debug)]
pub(crate) struct TargetGroup {
    /// No balancer sends it anything.
    unused: Past<bool>,
    /// Whose checks fail although it runs.
    failing: BTreeMap<InstanceId, Past<bool>>,
    /// Whom somebody took out.
    out: BTreeMap<InstanceId, Past<bool>>,
}

impl Default for TargetGroup {
    fn default() -> Self {
        Self { unused: Past::always(false), failing: BTreeMap::new(), out: BTreeMap::new() }
    }
}

impl State {
    /// Balancers use a target group, or none does. False when no group ever named it.
    pub(crate) fn set_used(&mut self, arn: &str, used: bool) -> bool {
        let now = self.now;
        self.balancers.get_mut(arn).map(|group| group.unused.set(now, !used)).is_some()
    }

    /// A target answers its checks, or does not, whatever else is true of it.
    pub(crate) fn set_target(&mut self, arn: &str, id: InstanceId, healthy: bool) -> bool {
        let now = self.now;
        let Some(group) = self.balancers.get_mut(arn) else { return false };
        group.failing.entry(id).or_insert_with(|| Past::always(false)).set(now, !healthy);
        true
    }

    /// A target is taken out of its target group, or put back.
    pub(crate) fn deregister(&mut self, arn: &str, id: &InstanceId, out: bool) {
        let now = self.now;
        if let Some(group) = self.balancers.get_mut(arn) {
            group.out.entry(id.clone()).or_insert_with(|| Past::always(false)).set(now, out);
        }
    }

    /// A listener's rule sends to these target groups, by weight, and to no others.
    pub(crate) fn set_rule(&mut self, rule: Rule) {
        let same =
            |one: &Rule| (&one.region, &one.listener, one.priority) == (&rule.region, &rule.listener, rule.priority);
        self.rules.retain(|one| !same(one));
        self.rules.push(rule);
    }

    /// Where balancers send to these, and to whatever else gets something in the same rules. A target group that is named
    /// in no rule has a listener of its own, unless nobody uses it.
    pub(crate) fn routes(&self, region: &Region, target_groups: &[String]) -> Vec<Route> {
        let sends =
            |rule: &&Rule| rule.region == *region && rule.targets.iter().any(|(arn, _)| target_groups.contains(arn));
        let ruled = self.rules.iter().filter(sends);
        let mut routes: Vec<Route> =
            ruled.flat_map(|rule| Route::of_rule(&rule.listener, PORT, rule.priority, rule.targets.clone())).collect();
        let named = |arn: &String| self.rules.iter().flat_map(|rule| &rule.targets).any(|(named, _)| named == arn);
        let used = |arn: &String| self.balancers.get(arn).is_some_and(|group| !*group.unused.now());
        for arn in target_groups.iter().filter(|arn| !named(arn) && used(arn)) {
            routes.extend(Route::of_rule(&arn.replace("targetgroup", "listener"), PORT, None, [(arn.clone(), 1)]));
        }
        routes.sort();
        routes
    }

    pub(crate) fn is_deregistered(&self, arn: &str, id: &InstanceId) -> bool {
        self.balancers.get(arn).and_then(|group| group.out.get(id)).is_some_and(|out| *out.now())
    }

    /// The targets as of then; `None` when there is no such target group in that region.
    pub(crate) fn targets(
        &self,
        region: &Region,
        arn: &str,
        then: DateTime<Utc>,
    ) -> Option<BTreeMap<InstanceId, TargetHealth>> {
        let Some(balanced) = self.balancers.get(arn).filter(|_| arn.split(':').nth(3) == Some(region.as_str())) else {
            // One that no group registers with is empty.
            let id = ResourceId::new(ResourceKind::TargetGroup, arn);
            return self.held_then(region, &id, then).map(|_| BTreeMap::new());
        };
        let groups = self.groups.iter().filter(|(id, _)| id.region == *region);
        let versions = groups.filter_map(|(_, group)| group.version(then));
        let behind = versions.filter(|group| group.target_groups.iter().any(|one| one == arn));
        let members = behind.flat_map(|group| &group.members);
        let members = members.filter(|member| balanced.out.get(&member.id).is_none_or(|out| !*out.at(then)));
        let health = members.filter_map(|member| {
            let health = match member.lifecycle {
                Lifecycle::InService | Lifecycle::Terminating if *balanced.unused.at(then) => TargetHealth::Unused,
                Lifecycle::Terminating => TargetHealth::Other("draining".into()),
                Lifecycle::InService => self.health(arn, balanced, self.instances.get(&member.id)?, then),
                _ => return None,
            };
            Some((member.id.clone(), health))
        });
        Some(health.collect())
    }

    fn health(&self, arn: &str, group: &TargetGroup, target: &Instance, then: DateTime<Utc>) -> TargetHealth {
        let id = target.life.id.as_str();
        let lag = |what: &str, (low, high)| {
            let seconds = self.chance(&[what, arn, id]).between(low, high);
            TimeDelta::seconds(i64::try_from(seconds).unwrap_or(0))
        };
        let (rises, falls) = (lag("rises", RISES), lag("falls", FALLS));
        let ended = target.life.ended.map(|(at, _)| at);
        let down = ended.into_iter().chain(target.stopped).any(|at| then >= at + falls);
        let rebooting = target
            .life
            .rebooted
            .iter()
            .any(|at| (*at + falls..*at + self.reboot_time(&target.life.id, *at) + rises).contains(&then));
        let failing = group.failing.get(&target.life.id).is_some_and(|failing| match failing.since(then) {
            Some(since) if *failing.at(then) => then >= since + falls,
            Some(since) => then < since + rises,
            None => false,
        });
        if down || rebooting || failing {
            TargetHealth::Other("unhealthy".into())
        } else if target.life.in_service.is_none_or(|since| then < since + rises) {
            TargetHealth::Other("initial".into())
        } else {
            TargetHealth::Healthy
        }
    }
}
