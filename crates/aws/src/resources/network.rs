//! Addresses, interfaces, NAT gateways, route tables and subnets.

use aws_sdk_ec2::operation::describe_addresses::DescribeAddressesError;
use aws_sdk_ec2::operation::describe_nat_gateways::{DescribeNatGatewaysError, DescribeNatGatewaysOutput};
use aws_sdk_ec2::operation::describe_network_interfaces::{
    DescribeNetworkInterfacesError, DescribeNetworkInterfacesOutput,
};
use aws_sdk_ec2::operation::describe_route_tables::{DescribeRouteTablesError, DescribeRouteTablesOutput};
use aws_sdk_ec2::operation::describe_subnets::{DescribeSubnetsError, DescribeSubnetsOutput};
use aws_sdk_ec2::types as ec2;
use simian_core::ports::{CallError, ResourceQuery};
use simian_core::resource::{
    About, Address, Interface, NatGateway, Resource, ResourceId, ResourceKind, RouteTable, Subnet,
};

use super::{ITEMS_A_PAGE, asked, asked_by_status, is_managed, pages, present, resource, tags};
use crate::clients::Clients;
use crate::convert::{Flaw, given, required, time};
use crate::error::Call;
use crate::limits::Meter;
use crate::pages::{distinct, each};

/// The largest page of `DescribeRouteTables` (its API reference).
const ROUTE_TABLES_A_PAGE: i32 = 100;

/// The API has no pages: it answers with all addresses at once.
pub(super) async fn addresses(
    clients: &Clients,
    call: &Call<'_>,
    query: &ResourceQuery,
) -> Result<Vec<Resource>, CallError> {
    let bucket = &clients.limits.addresses;
    let mut all = Vec::new();
    for filters in asked(query, "allocation-id") {
        bucket.turn().await;
        let answer = clients
            .ec2
            .describe_addresses()
            .set_filters(Some(filters))
            .customize()
            .interceptor(Meter::<DescribeAddressesError>::new([bucket]))
            .send()
            .await
            .map_err(|error| call.error(&error))?;
        all.extend(each(call, answer.addresses, address)?);
    }
    Ok(all)
}

pub(super) async fn interfaces(
    clients: &Clients,
    call: &Call<'_>,
    query: &ResourceQuery,
) -> Result<Vec<Resource>, CallError> {
    pages!(
        call,
        &clients.limits.interfaces,
        asked_by_status(query, "network-interface-id"),
        DescribeNetworkInterfacesError,
        clients.ec2.describe_network_interfaces().max_results(ITEMS_A_PAGE).include_managed_resources(true),
        set_filters,
        |page: DescribeNetworkInterfacesOutput| page.network_interfaces,
        interface
    )
}

pub(super) async fn nat_gateways(
    clients: &Clients,
    call: &Call<'_>,
    query: &ResourceQuery,
) -> Result<Vec<Resource>, CallError> {
    pages!(
        call,
        &clients.limits.nat_gateways,
        asked(query, "nat-gateway-id"),
        DescribeNatGatewaysError,
        clients.ec2.describe_nat_gateways().max_results(ITEMS_A_PAGE),
        set_filter,
        |page: DescribeNatGatewaysOutput| page.nat_gateways,
        nat_gateway
    )
}

pub(super) async fn route_tables(
    clients: &Clients,
    call: &Call<'_>,
    query: &ResourceQuery,
) -> Result<Vec<Resource>, CallError> {
    pages!(
        call,
        &clients.limits.route_tables,
        asked(query, "route-table-id"),
        DescribeRouteTablesError,
        clients.ec2.describe_route_tables().max_results(ROUTE_TABLES_A_PAGE),
        set_filters,
        |page: DescribeRouteTablesOutput| page.route_tables,
        route_table
    )
}

pub(super) async fn subnets(
    clients: &Clients,
    call: &Call<'_>,
    query: &ResourceQuery,
) -> Result<Vec<Resource>, CallError> {
    pages!(
        call,
        &clients.limits.subnets,
        asked(query, "subnet-id"),
        DescribeSubnetsError,
        clients.ec2.describe_subnets().max_results(ITEMS_A_PAGE),
        set_filters,
        |page: DescribeSubnetsOutput| page.subnets,
        subnet
    )
}

/// `Address` of the EC2 API.
fn address(theirs: ec2::Address) -> Result<Resource, Flaw> {
    let id = required(theirs.allocation_id, "an address's allocation id")?;
    let tags = tags(theirs.tags, &id)?;
    let about = Address {
        ip: required(theirs.public_ip, &format!("PublicIp of {id}"))?,
        associated: given(theirs.association_id).is_some(),
        interface: given(theirs.network_interface_id),
        instance: given(theirs.instance_id),
        managed: theirs.service_managed.is_some(),
    };
    Ok(resource(ResourceId::new(ResourceKind::Address, id), tags, None, About::Address(about)))
}

/// `NetworkInterface` of the EC2 API.
fn interface(theirs: ec2::NetworkInterface) -> Result<Resource, Flaw> {
    let id = required(theirs.network_interface_id, "a network interface's id")?;
    let tags = tags(theirs.tag_set, &id)?;
    let kind = present(theirs.interface_type, "InterfaceType", &id)?;
    let groups = theirs.groups.unwrap_or_default().into_iter();
    let about = Interface {
        available: present(theirs.status, "the status", &id)? == ec2::NetworkInterfaceStatus::Available,
        kind: kind.as_str().to_owned(),
        instance: theirs.attachment.and_then(|attachment| given(attachment.instance_id)),
        security_groups: groups.filter_map(|group| given(group.group_id)).collect(),
        managed: theirs.requester_managed.unwrap_or_default() || is_managed(theirs.operator.as_ref()),
        subnet: given(theirs.subnet_id),
        description: theirs.description.unwrap_or_default(),
    };
    Ok(resource(ResourceId::new(ResourceKind::Interface, id), tags, None, About::Interface(about)))
}

/// `NatGateway` of the EC2 API.
fn nat_gateway(theirs: ec2::NatGateway) -> Result<Resource, Flaw> {
    let id = required(theirs.nat_gateway_id, "a NAT gateway's id")?;
    let tags = tags(theirs.tags, &id)?;
    let state = present(theirs.state, "the state", &id)?;
    let addresses = theirs.nat_gateway_addresses.unwrap_or_default();
    let about = NatGateway {
        alive: matches!(state, ec2::NatGatewayState::Pending | ec2::NatGatewayState::Available),
        addresses: addresses.iter().filter_map(|one| given(one.allocation_id.clone())).collect(),
        interfaces: addresses.into_iter().filter_map(|one| given(one.network_interface_id)).collect(),
        subnet: given(theirs.subnet_id),
    };
    let created = time(theirs.create_time);
    Ok(resource(ResourceId::new(ResourceKind::NatGateway, id), tags, created, About::NatGateway(about)))
}

/// `RouteTable` of the EC2 API.
fn route_table(theirs: ec2::RouteTable) -> Result<Resource, Flaw> {
    let id = required(theirs.route_table_id, "a route table's id")?;
    let tags = tags(theirs.tags, &id)?;
    let routes = theirs.routes.unwrap_or_default();
    let gateways = routes.iter().filter_map(|route| route.nat_gateway_id());
    let interfaces = routes.iter().filter_map(|route| route.network_interface_id());
    let about = RouteTable {
        nat_gateways: distinct(gateways.filter(|id| !id.is_empty())),
        interfaces: distinct(interfaces.filter(|id| !id.is_empty())),
        associated: theirs.associations.unwrap_or_default().iter().any(is_association),
    };
    Ok(resource(ResourceId::new(ResourceKind::RouteTable, id), tags, None, About::RouteTable(about)))
}

/// With a subnet, a gateway, or, of the main table, with the VPC; not one that has ended.
fn is_association(theirs: &ec2::RouteTableAssociation) -> bool {
    use ec2::RouteTableAssociationStateCode as State;
    let state = theirs.association_state().and_then(ec2::RouteTableAssociationState::state);
    !matches!(state, Some(State::Disassociated | State::Failed))
}

/// `Subnet` of the EC2 API.
fn subnet(theirs: ec2::Subnet) -> Result<Resource, Flaw> {
    let id = required(theirs.subnet_id, "a subnet's id")?;
    let tags = tags(theirs.tags, &id)?;
    let zone = required(theirs.availability_zone, &format!("AvailabilityZone of {id}"))?;
    let about = Subnet { zone, vpc: given(theirs.vpc_id) };
    Ok(resource(ResourceId::new(ResourceKind::Subnet, id), tags, None, About::Subnet(about)))
}

#[cfg(test)]
mod tests;
