//! What instances do, and where new ones have room.

use std::collections::BTreeMap;

use aws_sdk_ec2::operation::describe_instances::DescribeInstancesError;
use aws_sdk_ec2::operation::describe_subnets::DescribeSubnetsError;
use aws_sdk_ec2::types as ec2;
use simian_core::fleet::InstanceId;
use simian_core::ports::{CallError, InstanceState};
use simian_core::resource::Tags;

use crate::clients::Clients;
use crate::convert::{Flaw, count, required};
use crate::error::Call;
use crate::limits::Meter;
use crate::pages::{distinct, each, whole};
use crate::resources::tags;

/// The most values of the filters of one EC2 call (EC2 User Guide, "Filtering resources": 200 a request).
pub(crate) const FILTER_VALUES: usize = 200;

/// The largest page of `DescribeInstances` and of `DescribeSubnets` (their API references).
const ITEMS_A_PAGE: i32 = 1000;

/// A filter, because an unknown id among the ids of a call is an error for all of them.
pub(crate) fn filter(name: &str, values: &[String]) -> ec2::Filter {
    ec2::Filter::builder().name(name).set_values(Some(values.to_vec())).build()
}

/// The states of these instances.
pub(crate) async fn states(
    clients: &Clients,
    call: &Call<'_>,
    ids: &[InstanceId],
) -> Result<BTreeMap<InstanceId, InstanceState>, CallError> {
    let mut states = BTreeMap::new();
    for chunk in distinct(ids.iter().map(InstanceId::as_str)).chunks(FILTER_VALUES) {
        states.extend(described(clients, call, "instance-id", chunk, instance).await?);
    }
    Ok(states)
}

/// The instances that carry a tag whose key begins so, with all their tags. Values of filters may have wildcards (EC2 user
/// guide, "Filtering resources"); the exact match is made here.
pub(crate) async fn tagged(
    clients: &Clients,
    call: &Call<'_>,
    prefix: &str,
) -> Result<BTreeMap<InstanceId, Tags>, CallError> {
    let read = |theirs: ec2::Instance| {
        let over = state(theirs.state.as_ref())? == InstanceState::Terminated;
        let id = required(theirs.instance_id, "an instance's id")?;
        let tags = tags(theirs.tags, &id)?;
        let ours = !over && tags.keys().any(|key| key.starts_with(prefix));
        Ok(ours.then(|| (InstanceId::new(id), tags)))
    };
    let found = described(clients, call, "tag-key", &[format!("{prefix}*")], read).await?;
    Ok(found.into_iter().flatten().collect())
}

/// What `DescribeInstances` says of so many as one filter takes. One that the region does not know is left out.
pub(crate) async fn described<T>(
    clients: &Clients,
    call: &Call<'_>,
    by: &str,
    values: &[String],
    convert: impl Fn(ec2::Instance) -> Result<T, Flaw>,
) -> Result<Vec<T>, CallError> {
    let bucket = &clients.limits.instances;
    let convert = &convert;
    let found = whole(bucket, call, |token| {
        let page = clients
            .ec2
            .describe_instances()
            .max_results(ITEMS_A_PAGE)
            .filters(filter(by, values))
            .set_next_token(token)
            .customize()
            .interceptor(Meter::<DescribeInstancesError>::new([bucket]))
            .send();
        async move {
            let page = page.await.map_err(|error| call.error(&error))?;
            let reservations = page.reservations.unwrap_or_default().into_iter();
            let theirs = reservations.flat_map(|one| one.instances.unwrap_or_default()).collect();
            Ok((each(call, Some(theirs), convert)?, page.next_token))
        }
    });
    found.await
}

/// The free addresses of these subnets.
pub(crate) async fn subnets(
    clients: &Clients,
    call: &Call<'_>,
    ids: &[String],
) -> Result<BTreeMap<String, u32>, CallError> {
    let bucket = &clients.limits.subnets;
    let mut subnets = BTreeMap::new();
    for chunk in distinct(ids.iter().map(String::as_str)).chunks(FILTER_VALUES) {
        let found = whole(bucket, call, |token| {
            let page = clients
                .ec2
                .describe_subnets()
                .max_results(ITEMS_A_PAGE)
                .filters(filter("subnet-id", chunk))
                .set_next_token(token)
                .customize()
                .interceptor(Meter::<DescribeSubnetsError>::new([bucket]))
                .send();
            async move {
                let page = page.await.map_err(|error| call.error(&error))?;
                Ok((each(call, page.subnets, subnet)?, page.next_token))
            }
        });
        subnets.extend(found.await?.into_iter().flatten());
    }
    Ok(subnets)
}

/// `Subnet` of the EC2 API; `None` for one in which nothing can be launched.
fn subnet(theirs: ec2::Subnet) -> Result<Option<(String, u32)>, Flaw> {
    let id = required(theirs.subnet_id, "a subnet's id")?;
    match theirs.state {
        None => return Err(format!("the state of {id} is missing")),
        Some(ec2::SubnetState::Available) => {}
        Some(_) => return Ok(None),
    }
    // It has 2^64 of IPv6's, and the count is of IPv4's.
    let free = match theirs.ipv6_native {
        Some(true) => u32::MAX,
        _ => count(theirs.available_ip_address_count, &format!("AvailableIpAddressCount of {id}"))?,
    };
    Ok(Some((id, free)))
}

/// `Instance` of the EC2 API.
fn instance(theirs: ec2::Instance) -> Result<(InstanceId, InstanceState), Flaw> {
    let id = required(theirs.instance_id, "an instance's id")?;
    let state = state(theirs.state.as_ref()).map_err(|flaw| format!("{flaw} ({id})"))?;
    Ok((InstanceId::new(id), state))
}

/// `InstanceStateChange` of the EC2 API: those that are ending or ended.
pub(crate) fn ended(theirs: Vec<ec2::InstanceStateChange>) -> Result<Vec<InstanceId>, Flaw> {
    let mut ended = Vec::new();
    for change in theirs {
        let id = required(change.instance_id, "an instance's id")?;
        let state = state(change.current_state.as_ref()).map_err(|flaw| format!("{flaw} ({id})"))?;
        if state == InstanceState::Terminated {
            ended.push(InstanceId::new(id));
        }
    }
    Ok(ended)
}

pub(crate) fn state(theirs: Option<&ec2::InstanceState>) -> Result<InstanceState, Flaw> {
    match theirs.and_then(ec2::InstanceState::name) {
        Some(ec2::InstanceStateName::Pending) => Ok(InstanceState::Pending),
        Some(ec2::InstanceStateName::Running) => Ok(InstanceState::Running),
        Some(ec2::InstanceStateName::Stopping | ec2::InstanceStateName::Stopped) => Ok(InstanceState::Stopped),
        Some(ec2::InstanceStateName::ShuttingDown | ec2::InstanceStateName::Terminated) => {
            Ok(InstanceState::Terminated)
        }
        Some(other) => Err(format!("the unknown state `{}`", other.as_str())),
        None => Err("the state is missing".into()),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::{InstanceStateChange, InstanceStateName, SubnetState};

    use super::*;

    #[test]
    fn states_of_instances() {
        for (theirs, ours) in [
            ("pending", Ok(InstanceState::Pending)),
            ("running", Ok(InstanceState::Running)),
            ("stopping", Ok(InstanceState::Stopped)),
            ("stopped", Ok(InstanceState::Stopped)),
            ("shutting-down", Ok(InstanceState::Terminated)),
            ("terminated", Ok(InstanceState::Terminated)),
            ("hovering", Err("the unknown state `hovering` (i-1)".to_owned())),
        ] {
            let state = ec2::InstanceState::builder().name(InstanceStateName::from(theirs)).build();
            let described = ec2::Instance::builder().instance_id("i-1").state(state.clone()).build();
            assert_eq!(instance(described).map(|(_, state)| state), ours, "{theirs}");
            let change = InstanceStateChange::builder().instance_id("i-1").current_state(state).build();
            let expected = ours.map(|state| Vec::from_iter((state == InstanceState::Terminated).then(|| "i-1".into())));
            let seen = ended(vec![change]).map(|ids| ids.iter().map(ToString::to_string).collect::<Vec<_>>());
            assert_eq!(seen, expected, "{theirs}");
        }
        let stateless = ec2::Instance::builder().instance_id("i-1").build();
        assert_eq!(instance(stateless).unwrap_err(), "the state is missing (i-1)");
        assert!(instance(ec2::Instance::builder().build()).is_err());
    }

    #[test]
    fn free_addresses() {
        let theirs = || ec2::Subnet::builder().subnet_id("subnet-1").state(SubnetState::Available);
        let some = |free| Ok(Some(("subnet-1".to_owned(), free)));
        assert_eq!(subnet(theirs().available_ip_address_count(251).build()), some(251));
        assert_eq!(subnet(theirs().available_ip_address_count(0).ipv6_native(false).build()), some(0));
        assert_eq!(subnet(theirs().available_ip_address_count(0).ipv6_native(true).build()), some(u32::MAX));
        for state in ["pending", "unavailable", "failed", "failed-insufficient-capacity", "hovering"] {
            let theirs = theirs().available_ip_address_count(251).state(state.into()).build();
            assert_eq!(subnet(theirs), Ok(None), "{state}");
        }
        for (theirs, flaw) in [
            (theirs().build(), "AvailableIpAddressCount of subnet-1 is missing"),
            (theirs().available_ip_address_count(-1).build(), "AvailableIpAddressCount of subnet-1 is -1"),
            (theirs().set_state(None).build(), "the state of subnet-1 is missing"),
            (theirs().set_subnet_id(None).build(), "a subnet's id is missing"),
        ] {
            assert_eq!(subnet(theirs).unwrap_err(), flaw);
        }
    }
}
