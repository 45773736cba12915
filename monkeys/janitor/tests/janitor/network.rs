//! Rules about balancers, addresses, interfaces, security groups and NAT gateways.

use simian_core::resource::Launch;
use simian_core::{Fleet, Group, InstanceId, View};

use crate::rules::{condemned, stage};
use crate::things::*;

fn healthy(fleet: &mut Fleet, arn: &str, targets: &[&str]) {
    let target = |id: &&str| (InstanceId::new(*id), simian_core::detail::TargetHealth::Healthy);
    fleet.estate.health.insert(arn.into(), View::Known(targets.iter().map(target).collect()));
}

#[test]
fn a_balancer_is_idle_when_nothing_is_behind_it() {
    let rule = "idle-balancer";
    let id = "load-balancer/arn:lb";
    assert!(condemned(rule, balancer("arn:lb")));
    assert!(!condemned(rule, balancer("arn:lb").made(13)));
    // One that sends to nothing may redirect.
    for listeners in [None, Some(2)] {
        let redirects = with_balancer(balancer("arn:lb"), |one| one.listeners = listeners);
        assert!(!condemned(rule, redirects), "{listeners:?}");
    }
    let mut behind = stage(rule).put(balancer("arn:lb")).put(target_group("arn:tg", &["arn:lb"]));
    assert!(!behind.condemns(id), "its targets were not read");
    healthy(&mut behind.fleet, "arn:tg", &[]);
    assert!(behind.condemns(id));
    let functions = with_target_group(target_group("arn:fn", &["arn:lb"]), |one| one.kind = "lambda".into());
    assert!(!behind.clone().put(functions).condemns(id));
    let registering = Group { target_groups: vec!["arn:tg".into()], ..group("shop") };
    assert!(!behind.clone().group(registering).condemns(id));
    healthy(&mut behind.fleet, "arn:tg", &["i-1"]);
    assert!(!behind.condemns(id));
}

#[test]
fn a_classic_balancer_is_idle_without_instances_and_groups() {
    let rule = "idle-classic-balancer";
    let id = "classic-load-balancer/web";
    assert!(condemned(rule, classic_balancer("web")));
    let serving = with_classic_balancer(classic_balancer("web"), |one| one.instances = vec![InstanceId::new("i-1")]);
    assert!(!condemned(rule, serving));
    let registering = Group { classic_balancers: vec!["web".into()], ..group("shop") };
    assert!(!stage(rule).put(classic_balancer("web")).group(registering).condemns(id));
}

#[test]
fn a_target_group_is_unused_without_balancer_and_group() {
    let rule = "unused-target-group";
    assert!(condemned(rule, target_group("arn:tg", &[])));
    assert!(!condemned(rule, target_group("arn:tg", &["arn:lb"])));
    let registering = Group { target_groups: vec!["arn:tg".into()], ..group("shop") };
    assert!(!stage(rule).put(target_group("arn:tg", &[])).group(registering).condemns("target-group/arn:tg"));
}

#[test]
fn an_address_leads_nowhere() {
    let rule = "unassociated-address";
    assert!(condemned(rule, address("eipalloc-1")));
    assert!(!condemned(rule, with_address(address("eipalloc-1"), |one| one.associated = true)));
    assert!(!condemned(rule, with_address(address("eipalloc-1"), |one| one.managed = true)));
    let starting = with_nat_gateway(nat_gateway("nat-1"), |one| one.addresses = vec!["eipalloc-1".into()]);
    assert!(!stage(rule).put(address("eipalloc-1")).put(starting).condemns("elastic-ip/eipalloc-1"));
}

#[test]
fn a_security_group_is_unused_when_nobody_names_it() {
    let rule = "unused-security-group";
    let id = "security-group/sg-1";
    assert!(condemned(rule, security_group("sg-1", "web")));
    assert!(!condemned(rule, security_group("sg-1", "default")));
    let by_id = || vec!["sg-1".to_owned()];
    let peer = simian_core::resource::Permission {
        protocol: "tcp".into(),
        ports: Some((443, 443)),
        peers: vec![simian_core::resource::Peer::Group("sg-1".into())],
    };
    let naming = |id: &str| with_security_group(security_group(id, "db"), |one| one.ingress = vec![peer.clone()]);
    for user in [
        with_interface(interface("eni-1"), |one| one.security_groups = by_id()),
        with_instance(instance("i-1"), |one| one.security_groups = by_id()),
        with_classic_balancer(classic_balancer("web"), |one| one.security_groups = by_id()),
        naming("sg-2"),
    ] {
        assert!(!stage(rule).put(security_group("sg-1", "web")).put(user.clone()).condemns(id), "{user:?}");
    }
    // That it lets its own members in is no use.
    let own = with_security_group(security_group("sg-1", "web"), |one| one.ingress = vec![peer.clone()]);
    assert!(condemned(rule, own));
}

#[test]
fn an_interface_is_unused_when_attached_to_nothing() {
    let rule = "unused-interface";
    let id = "network-interface/eni-1";
    assert!(condemned(rule, interface("eni-1")));
    assert!(!condemned(rule, with_interface(interface("eni-1"), |one| one.available = false)));
    assert!(!condemned(rule, with_interface(interface("eni-1"), |one| one.managed = true)));
    let launch = Launch { interfaces: vec!["eni-1".into()], ..Launch::default() };
    for user in [
        version("lt-1", 1, launch),
        with_address(address("eipalloc-1"), |one| one.interface = Some("eni-1".into())),
        with_nat_gateway(nat_gateway("nat-1"), |one| one.interfaces = vec!["eni-1".into()]),
    ] {
        assert!(!stage(rule).put(interface("eni-1")).put(user.clone()).condemns(id), "{user:?}");
    }
}

#[test]
fn a_nat_gateway_is_idle_without_a_route() {
    let rule = "idle-nat-gateway";
    assert!(condemned(rule, nat_gateway("nat-1")));
    let routed = stage(rule).put(nat_gateway("nat-1")).put(route_table("rtb-1", &["nat-1"]));
    assert!(!routed.condemns("nat-gateway/nat-1"));
}
