//! Every rule, a file each: its texts, its question, and both of its answers tested.

mod balancer_health;
mod cannot_launch;
mod capacity_rebalance;
mod default_security_group;
mod did_not_recover;
mod elb_health_check;
pub(crate) mod exemption_ended;
mod failed_refresh;
mod health_check_grace;
mod healthy_in_balancer;
mod imds_v1;
mod in_a_vpc;
mod instance_too_old;
mod launch_configuration;
mod malformed_exemption;
mod metadata_hop_limit;
mod min_max_one;
mod never_chaos_tested;
mod no_headroom;
mod not_managed_by_ssm;
mod not_solo;
mod old_image;
mod one_instance_type;
mod one_zone;
mod open_ports;
mod opted_out_too_long;
mod owner_present;
mod public_image;
mod public_ip;
mod public_snapshot;
mod required_security_groups;
mod required_tags;
mod slow_to_recover;
mod stale_template_version;
mod suspended_processes;
mod unencrypted_volume;
mod zone_skew;
mod zones_match_balancer;

use simian_core::ports::InstanceState;
use simian_core::resource::Instance;

use crate::ground::Asked;
use crate::rule::Rule;

/// All of them, in reading order: what balancers see, what a zone's failure would show, how a group heals and launches,
/// what strangers reach, whether it was ever tried, and whose it is.
pub(crate) static RULES: &[Rule] = &[
    zones_match_balancer::RULE,
    healthy_in_balancer::RULE,
    required_security_groups::RULE,
    instance_too_old::RULE,
    in_a_vpc::RULE,
    not_solo::RULE,
    one_zone::RULE,
    min_max_one::RULE,
    zone_skew::RULE,
    no_headroom::RULE,
    one_instance_type::RULE,
    elb_health_check::RULE,
    health_check_grace::RULE,
    suspended_processes::RULE,
    launch_configuration::RULE,
    stale_template_version::RULE,
    capacity_rebalance::RULE,
    failed_refresh::RULE,
    cannot_launch::RULE,
    imds_v1::RULE,
    metadata_hop_limit::RULE,
    public_ip::RULE,
    open_ports::RULE,
    default_security_group::RULE,
    unencrypted_volume::RULE,
    public_snapshot::RULE,
    public_image::RULE,
    old_image::RULE,
    not_managed_by_ssm::RULE,
    never_chaos_tested::RULE,
    opted_out_too_long::RULE,
    did_not_recover::RULE,
    slow_to_recover::RULE,
    required_tags::RULE,
    owner_present::RULE,
    malformed_exemption::RULE,
    exemption_ended::RULE,
];

/// The rule of that id, or what there is instead.
pub(crate) fn find(id: &str) -> Result<&'static Rule, String> {
    let all = || RULES.iter().map(|rule| rule.id).collect::<Vec<_>>().join(", ");
    RULES.iter().find(|rule| rule.id == id).ok_or_else(|| format!("`{id}` is no rule; there are: {}", all()))
}

/// Whether an instance runs.
fn is_up(instance: &Instance) -> bool {
    instance.state == InstanceState::Running
}

/// The key of the tag that opts in to chaos.
fn chaos_key(asked: &Asked<'_>) -> String {
    asked.ground.tags.opt_in_key()
}
