//! What two rules ask of a group's health check.

use simian_core::Group;

/// Whether it is behind any balancer.
pub(super) fn has_balancer(group: &Group) -> bool {
    !group.target_groups.is_empty() || !group.classic_balancers.is_empty()
}

/// Whether it goes by what its balancers say. Source: Auto Scaling API, `HealthCheckType`: one or more types, separated
/// by commas.
pub(super) fn asks_its_balancer(group: &Group) -> bool {
    group.health_check.split(',').any(|kind| kind.trim() == "ELB")
}
