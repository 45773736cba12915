use aws_smithy_types::DateTime as Moment;
use chrono::DateTime;

use super::*;

fn tag() -> ec2::Tag {
    ec2::Tag::builder().key("Name").value("shop").build()
}

#[test]
fn an_address_whole() {
    let theirs = || ec2::Address::builder().allocation_id("eipalloc-1").public_ip("203.0.113.7").tags(tag());
    let used = theirs()
        .association_id("eipassoc-1")
        .network_interface_id("eni-1")
        .instance_id("i-1")
        .service_managed(ec2::ServiceManaged::Alb);
    let ours = address(used.build()).unwrap();
    assert_eq!((ours.id.to_string().as_str(), ours.title()), ("elastic-ip/eipalloc-1", "shop"));
    let expected = Address {
        ip: "203.0.113.7".into(),
        associated: true,
        interface: Some("eni-1".into()),
        instance: Some("i-1".into()),
        managed: true,
    };
    assert_eq!(ours.address(), Some(&expected));
    // EC2 writes an empty instance where there is none.
    let ours = address(theirs().instance_id("").build()).unwrap();
    let free = Address { associated: false, interface: None, instance: None, managed: false, ..expected };
    assert_eq!(ours.address(), Some(&free));
    let flaw = |theirs: ec2::Address| address(theirs).unwrap_err();
    assert_eq!(flaw(theirs().set_allocation_id(None).build()), "an address's allocation id is missing");
    assert_eq!(flaw(theirs().set_public_ip(None).build()), "PublicIp of eipalloc-1 is missing");
}

fn whole_interface() -> ec2::NetworkInterface {
    let attachment = ec2::NetworkInterfaceAttachment::builder().instance_id("i-1").build();
    ec2::NetworkInterface::builder()
        .network_interface_id("eni-1")
        .status(ec2::NetworkInterfaceStatus::InUse)
        .interface_type(ec2::NetworkInterfaceType::Interface)
        .attachment(attachment)
        .groups(ec2::GroupIdentifier::builder().group_id("sg-1").build())
        .requester_managed(false)
        .subnet_id("subnet-1")
        .description("ELB app/shop")
        .tag_set(tag())
        .build()
}

#[test]
fn an_interface_whole() {
    let ours = interface(whole_interface()).unwrap();
    assert_eq!((ours.id.to_string().as_str(), ours.title()), ("network-interface/eni-1", "shop"));
    let expected = Interface {
        available: false,
        kind: "interface".into(),
        instance: Some("i-1".into()),
        security_groups: vec!["sg-1".into()],
        managed: false,
        subnet: Some("subnet-1".into()),
        description: "ELB app/shop".into(),
    };
    assert_eq!(ours.interface(), Some(&expected));
    // Either word makes it AWS's.
    let by = |spoil: fn(&mut ec2::NetworkInterface)| {
        let mut theirs = whole_interface();
        spoil(&mut theirs);
        interface(theirs).unwrap().interface().unwrap().managed
    };
    assert!(by(|one| one.requester_managed = Some(true)));
    assert!(by(|one| one.operator = Some(ec2::OperatorResponse::builder().managed(true).build())));
    assert!(!by(|one| one.requester_managed = None));
}

#[test]
fn whatever_is_missing_makes_an_interface_unreadable() {
    type Spoil = fn(&mut ec2::NetworkInterface);
    let cases: [(&str, Spoil); 3] = [
        ("a network interface's id is missing", |i| i.network_interface_id = None),
        ("InterfaceType of eni-1 is missing", |i| i.interface_type = None),
        ("the status of eni-1 is missing", |i| i.status = None),
    ];
    for (flaw, spoil) in cases {
        let mut spoiled = whole_interface();
        spoil(&mut spoiled);
        assert_eq!(interface(spoiled).unwrap_err(), flaw);
    }
}

#[test]
fn a_nat_gateway_whole() {
    let place = ec2::NatGatewayAddress::builder().allocation_id("eipalloc-1").network_interface_id("eni-1").build();
    let theirs = |state: &str| {
        ec2::NatGateway::builder()
            .nat_gateway_id("nat-1")
            .state(state.into())
            .nat_gateway_addresses(place.clone())
            .subnet_id("subnet-1")
            .create_time(Moment::from_secs(1_795_456_800))
            .tags(tag())
    };
    let ours = nat_gateway(theirs("available").build()).unwrap();
    assert_eq!((ours.id.to_string().as_str(), ours.title()), ("nat-gateway/nat-1", "shop"));
    assert_eq!(ours.created, DateTime::from_timestamp(1_795_456_800, 0));
    let expected = NatGateway {
        alive: true,
        addresses: vec!["eipalloc-1".into()],
        interfaces: vec!["eni-1".into()],
        subnet: Some("subnet-1".into()),
    };
    assert_eq!(ours.nat_gateway(), Some(&expected));
    for (state, alive) in
        [("pending", true), ("failed", false), ("deleting", false), ("deleted", false), ("hovering", false)]
    {
        assert_eq!(nat_gateway(theirs(state).build()).unwrap().nat_gateway().unwrap().alive, alive, "{state}");
    }
    assert_eq!(nat_gateway(theirs("").set_state(None).build()).unwrap_err(), "the state of nat-1 is missing");
    let nameless = theirs("").set_nat_gateway_id(None).build();
    assert_eq!(nat_gateway(nameless).unwrap_err(), "a NAT gateway's id is missing");
}

#[test]
fn a_route_table_whole() {
    let route = || ec2::Route::builder();
    let theirs = |associations: Vec<ec2::RouteTableAssociation>| {
        ec2::RouteTable::builder()
            .route_table_id("rtb-1")
            .routes(route().gateway_id("local").build())
            .routes(route().nat_gateway_id("nat-1").build())
            .routes(route().nat_gateway_id("nat-1").build())
            .routes(route().network_interface_id("eni-1").build())
            .set_associations(Some(associations))
            .tags(tag())
            .build()
    };
    let association = || ec2::RouteTableAssociation::builder();
    let ours = route_table(theirs(vec![association().main(true).build()])).unwrap();
    assert_eq!((ours.id.to_string().as_str(), ours.title()), ("route-table/rtb-1", "shop"));
    let (nat_gateways, interfaces) = (vec!["nat-1".to_owned()], vec!["eni-1".to_owned()]);
    let expected = RouteTable { nat_gateways, interfaces, associated: true };
    assert_eq!(ours.route_table(), Some(&expected));
    let ended = |state: &str| {
        let state = ec2::RouteTableAssociationState::builder().state(state.into()).build();
        association().subnet_id("subnet-1").association_state(state).build()
    };
    for (associations, expected) in [
        (vec![], false),
        (vec![association().subnet_id("subnet-1").build()], true),
        (vec![ended("associated")], true),
        (vec![ended("disassociating")], true),
        (vec![ended("disassociated")], false),
        (vec![ended("disassociated"), ended("associating")], true),
    ] {
        assert_eq!(route_table(theirs(associations)).unwrap().route_table().unwrap().associated, expected);
    }
    assert_eq!(route_table(ec2::RouteTable::builder().build()).unwrap_err(), "a route table's id is missing");
}

#[test]
fn a_subnet_whole() {
    let theirs =
        ec2::Subnet::builder().subnet_id("subnet-1").availability_zone("us-east-1a").vpc_id("vpc-1").tags(tag());
    let ours = subnet(theirs.clone().build()).unwrap();
    assert_eq!((ours.id.to_string().as_str(), ours.title()), ("subnet/subnet-1", "shop"));
    assert_eq!(ours.subnet(), Some(&Subnet { zone: "us-east-1a".into(), vpc: Some("vpc-1".into()) }));
    let flaw = |theirs: ec2::Subnet| subnet(theirs).unwrap_err();
    assert_eq!(flaw(theirs.clone().set_subnet_id(None).build()), "a subnet's id is missing");
    assert_eq!(flaw(theirs.set_availability_zone(None).build()), "AvailabilityZone of subnet-1 is missing");
}
