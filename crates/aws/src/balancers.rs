//! What the balancers say of the targets behind them.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_elasticloadbalancingv2::operation::describe_target_health::DescribeTargetHealthError;
use aws_sdk_elasticloadbalancingv2::types::{self as elb, TargetAdministrativeOverrideStateEnum as Override};
use simian_core::detail::TargetHealth;
use simian_core::fleet::InstanceId;
use simian_core::ports::CallError;

use crate::clients::Clients;
use crate::convert::{Flaw, required};
use crate::error::Call;
use crate::limits::Meter;
use crate::pages::each;

/// The health of a target group's instances; the API answers with all targets at once.
pub(crate) async fn health(
    clients: &Clients,
    call: &Call<'_>,
    target_group: &str,
) -> Result<BTreeMap<InstanceId, TargetHealth>, CallError> {
    instances(targets(clients, call, target_group).await?).map_err(|flaw| call.malformed(&flaw))
}

/// Which instances are registered with a target group, on any port.
pub(crate) async fn registered(
    clients: &Clients,
    call: &Call<'_>,
    target_group: &str,
) -> Result<BTreeSet<InstanceId>, CallError> {
    let all = each(call, Some(targets(clients, call, target_group).await?), still_there)?;
    Ok(all.into_iter().flatten().collect())
}

async fn targets(
    clients: &Clients,
    call: &Call<'_>,
    target_group: &str,
) -> Result<Vec<elb::TargetHealthDescription>, CallError> {
    let bucket = &clients.limits.balancers;
    bucket.turn().await;
    let answer = clients
        .balancers
        .describe_target_health()
        .target_group_arn(target_group)
        .customize()
        .interceptor(Meter::<DescribeTargetHealthError>::new([bucket]))
        .send()
        .await
        .map_err(|error| call.error(&error))?;
    Ok(answer.target_health_descriptions.unwrap_or_default())
}

/// `TargetHealthDescription` of the Elastic Load Balancing API; `None` for a target that is no instance, and for one that is
/// leaving: `draining` is the state while its connections end, and after that it is not listed. (An unhealthy target may
/// drain and stay: that is `unhealthy.draining`.)
fn still_there(theirs: elb::TargetHealthDescription) -> Result<Option<InstanceId>, Flaw> {
    let target = theirs.target.ok_or("a target is missing")?;
    let id = required(target.id, "a target's id")?;
    let state = theirs.target_health.and_then(|health| health.state);
    let leaving =
        state.ok_or_else(|| format!("the health is missing of {id}"))? == elb::TargetHealthStateEnum::Draining;
    Ok((!leaving && id.starts_with("i-")).then(|| InstanceId::new(id)))
}

/// One entry an instance, though it may be a target on several ports: then it is as well as its worst.
///
/// A target group whose targets are addresses, functions or other balancers has none that is an instance. Auto Scaling
/// registers instances only, so nothing of a group is in there.
fn instances(theirs: Vec<elb::TargetHealthDescription>) -> Result<BTreeMap<InstanceId, TargetHealth>, Flaw> {
    let mut all = BTreeMap::new();
    for target in theirs {
        let id = required(target.target.and_then(|target| target.id), "a target's id")?;
        if !id.starts_with("i-") {
            continue;
        }
        let health =
            one(target.target_health, target.administrative_override).map_err(|flaw| format!("{flaw} of {id}"))?;
        let worst = all.entry(InstanceId::new(id)).or_insert_with(|| health.clone());
        if rank(&health) > rank(worst) {
            *worst = health;
        }
    }
    Ok(all)
}

/// The better, the lower.
fn rank(health: &TargetHealth) -> u8 {
    match health {
        TargetHealth::Healthy => 0,
        TargetHealth::Unused => 1,
        TargetHealth::Other(_) => 2,
    }
}

/// A target that passes its checks gets no traffic all the same while its zone is shifted away. Source: Elastic Load
/// Balancing API (2015-12-01), `AdministrativeOverride`.
fn one(health: Option<elb::TargetHealth>, shift: Option<elb::AdministrativeOverride>) -> Result<TargetHealth, Flaw> {
    let state = health.and_then(|health| health.state).ok_or("the health is missing")?;
    let shift = shift.and_then(|shift| shift.state).filter(|state| *state != Override::NoOverride);
    Ok(match (state, shift) {
        (elb::TargetHealthStateEnum::Unused, _) => TargetHealth::Unused,
        (elb::TargetHealthStateEnum::Healthy, None) => TargetHealth::Healthy,
        (elb::TargetHealthStateEnum::Healthy, Some(shift)) => TargetHealth::Other(shift.as_str().to_owned()),
        (other, _) => TargetHealth::Other(other.as_str().to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(id: &str, state: &str) -> elb::TargetHealthDescription {
        elb::TargetHealthDescription::builder()
            .target(elb::TargetDescription::builder().id(id).build())
            .target_health(elb::TargetHealth::builder().state(state.into()).build())
            .build()
    }

    fn health(targets: &[(&str, &str)]) -> BTreeMap<InstanceId, TargetHealth> {
        instances(targets.iter().map(|(id, state)| target(id, state)).collect()).unwrap()
    }

    fn other(state: &str) -> TargetHealth {
        TargetHealth::Other(state.into())
    }

    #[test]
    fn only_healthy_is_healthy() {
        for (state, expected) in [
            ("healthy", TargetHealth::Healthy),
            ("unused", TargetHealth::Unused),
            ("initial", other("initial")),
            ("draining", other("draining")),
            ("unhealthy.draining", other("unhealthy.draining")),
            ("unavailable", other("unavailable")),
            ("hovering", other("hovering")),
        ] {
            assert_eq!(health(&[("i-1", state)]), [(InstanceId::new("i-1"), expected)].into(), "{state}");
        }
    }

    #[test]
    fn on_several_ports_an_instance_is_as_well_as_its_worst() {
        for states in [["healthy", "unhealthy"], ["unhealthy", "healthy"], ["unused", "unhealthy"]] {
            let seen = health(&[("i-1", states[0]), ("i-1", states[1])]);
            assert_eq!(seen, [(InstanceId::new("i-1"), other("unhealthy"))].into(), "{states:?}");
        }
        let seen = health(&[("i-1", "healthy"), ("i-1", "unused")]);
        assert_eq!(seen, [(InstanceId::new("i-1"), TargetHealth::Unused)].into());
    }

    #[test]
    fn a_zone_that_is_shifted_away_serves_nobody() {
        for (shift, expected) in [
            ("no_override", TargetHealth::Healthy),
            ("zonal_shift_active", other("zonal_shift_active")),
            ("zonal_shift_delegated_to_dns", other("zonal_shift_delegated_to_dns")),
            ("unknown", other("unknown")),
        ] {
            let mut theirs = target("i-1", "healthy");
            theirs.administrative_override = Some(elb::AdministrativeOverride::builder().state(shift.into()).build());
            assert_eq!(instances(vec![theirs]), Ok([(InstanceId::new("i-1"), expected)].into()), "{shift}");
        }
    }

    #[test]
    fn what_is_no_instance_is_left_out() {
        let function = "arn:aws:lambda:us-east-1:123456789012:function:shop";
        let balancer = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/shop/50dc6c495c0c9188";
        assert_eq!(health(&[("10.0.0.7", "healthy"), (function, "healthy"), (balancer, "healthy")]), BTreeMap::new());
    }

    #[test]
    fn a_target_without_a_name_or_a_state_is_none() {
        let flaw = |theirs| instances(vec![theirs]).unwrap_err();
        assert_eq!(flaw(elb::TargetHealthDescription::builder().build()), "a target's id is missing");
        let mut stateless = target("i-1", "healthy");
        stateless.target_health = None;
        assert_eq!(flaw(stateless), "the health is missing of i-1");
    }

    #[test]
    fn who_is_registered() {
        for (state, expected) in [
            ("initial", true),
            ("healthy", true),
            ("unhealthy", true),
            ("unhealthy.draining", true),
            ("unused", true),
            ("unavailable", true),
            ("draining", false),
        ] {
            let there = still_there(target("i-1", state));
            assert_eq!(there, Ok(expected.then(|| InstanceId::new("i-1"))), "{state}");
        }
        assert_eq!(still_there(target("10.0.0.7", "healthy")), Ok(None));
        assert_eq!(still_there(elb::TargetHealthDescription::builder().build()).unwrap_err(), "a target is missing");
    }
}
