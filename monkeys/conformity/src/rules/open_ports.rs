//! Security groups that let the world in where only a few should come.

use std::collections::BTreeSet;

use simian_core::Severity;
use simian_core::resource::{Peer, Permission, SecurityGroup};

use crate::ground::Asked;
use crate::parameters::Parameters;
use crate::rule::{Judge, Judgement, Rule, Standard};
use crate::words;

/// Administration and databases, by the ports that IANA or custom gave them.
const PORTS: [u16; 28] = [
    20, 21, 22, 23, // FTP, SSH, Telnet
    135, 139, 445, 3389, 5985, 5986, // Windows: RPC, NetBIOS, SMB, RDP, WinRM
    1433, 1521, 3306, 5432, // SQL Server, Oracle, MySQL, PostgreSQL
    6379, 9042, 11211, 27017, 27018, // Redis, Cassandra, memcached, MongoDB
    5601, 9092, 9200, 9300, // Kibana, Kafka, Elasticsearch
    2375, 2376, 2379, 6443, 10250, // Docker, etcd, Kubernetes
];

pub(super) const RULE: Rule = Rule {
    id: "open-ports",
    title: "No port of administration or of a database is open to the world",
    why_it_matters: "Such ports are found within minutes and tried around the clock. A rule for all ports opens all \
                     of them at once.",
    severity: Severity::High,
    standards: &[
        Standard::Config("restricted-ssh"),
        Standard::Config("restricted-common-ports"),
        Standard::SecurityHub("EC2.13"),
        Standard::SecurityHub("EC2.14"),
        Standard::SecurityHub("EC2.19"),
        Standard::Prowler("ec2_securitygroup_allow_ingress_from_internet_to_all_ports"),
        Standard::Prowler("ec2_securitygroup_allow_ingress_from_internet_to_tcp_port_22"),
        Standard::Prowler("ec2_securitygroup_allow_ingress_from_internet_to_tcp_port_3389"),
    ],
    remedy: "Let in only the addresses or security groups that need it, or use Session Manager",
    needs: &[],
    parameters: || Parameters { ports: Some(PORTS.to_vec()), ..Parameters::default() },
    judge: Judge::SecurityGroup(judge),
};

fn judge(group: &SecurityGroup, asked: &Asked<'_>) -> Judgement {
    let mut open: BTreeSet<u16> = BTreeSet::new();
    for permission in group.ingress.iter().filter(|permission| lets_the_world_in(permission)) {
        let Some((from, to)) = ports(permission) else { continue };
        if from <= 1 && to == u16::MAX {
            return Judgement::fail_at(Severity::Critical, "it lets the world in at all ports");
        }
        open.extend(asked.parameters.ports().iter().filter(|port| (from..=to).contains(port)));
    }
    let several = if open.len() == 1 { "port" } else { "ports" };
    Judgement::fail_if(!open.is_empty(), || {
        format!("it lets the world in at {several} {}", words::some(open.iter().map(ToString::to_string)))
    })
}

/// AWS writes every network with its host bits cleared: all of IPv4 and all of IPv6 are these.
fn lets_the_world_in(permission: &Permission) -> bool {
    permission.peers.iter().any(|peer| matches!(peer, Peer::Cidr(cidr) if cidr == "0.0.0.0/0" || cidr == "::/0"))
}

/// The ports that a permission opens; `None` where its protocol has none. Source: EC2 API, `IpPermission`: TCP is 6 and
/// UDP is 17, and -1 is all protocols and all ports.
fn ports(permission: &Permission) -> Option<(u16, u16)> {
    match permission.protocol.as_str() {
        "-1" => Some((0, u16::MAX)),
        "tcp" | "udp" | "6" | "17" => Some(permission.ports.unwrap_or((0, u16::MAX))),
        _ => None,
    }
}

#[cfg(test)]
pub(super) mod testing {
    use simian_core::Resource;
    use simian_core::resource::{About, Peer, Permission, SecurityGroup};

    use crate::testing::resource;

    pub(in crate::rules) fn security_group(id: &str, name: &str, ingress: Vec<Permission>) -> Resource {
        let (name, vpc) = (name.to_owned(), Some("vpc-1".to_owned()));
        resource(id, About::SecurityGroup(SecurityGroup { name, vpc, ingress, egress: vec![] }))
    }

    pub(in crate::rules) fn permission(protocol: &str, ports: Option<(u16, u16)>, from: &str) -> Permission {
        Permission { protocol: protocol.into(), ports, peers: vec![Peer::Cidr(from.into())] }
    }
}

#[cfg(test)]
mod tests {
    use super::testing::{permission, security_group};
    use super::*;
    use crate::testing::{Scene, evidence};

    fn asked(ingress: Vec<Permission>) -> Judgement {
        Scene::bare().with([security_group("sg-1", "web", ingress)]).ask(&RULE, "sg-1")
    }

    #[test]
    fn what_is_meant_for_the_world_passes() {
        let web = permission("tcp", Some((443, 443)), "0.0.0.0/0");
        let office = permission("tcp", Some((22, 22)), "198.51.100.0/24");
        let echo = permission("icmp", None, "0.0.0.0/0");
        assert_eq!(asked(vec![web, office, echo]), Judgement::Pass);
    }

    #[test]
    fn ports_of_administration_fail_over_either_protocol_and_in_ranges() {
        let ssh = permission("tcp", Some((22, 22)), "::/0");
        assert_eq!(evidence(asked(vec![ssh])), "it lets the world in at port 22");
        let range = permission("6", Some((3000, 4000)), "0.0.0.0/0");
        assert_eq!(evidence(asked(vec![range])), "it lets the world in at ports 3306, 3389");
    }

    #[test]
    fn all_ports_are_critical() {
        for open in [
            permission("-1", None, "0.0.0.0/0"),
            permission("tcp", Some((0, 65535)), "::/0"),
            permission("udp", Some((1, 65535)), "0.0.0.0/0"),
        ] {
            let expected = Judgement::fail_at(Severity::Critical, "it lets the world in at all ports");
            assert_eq!(asked(vec![open]), expected);
        }
    }

    #[test]
    fn the_operator_says_which_ports() {
        let scene =
            Scene::bare().with([security_group("sg-1", "web", vec![permission("tcp", Some((80, 80)), "::/0")])]);
        let eighty = Parameters { ports: Some(vec![80]), ..Parameters::default() };
        assert_eq!(evidence(scene.given(eighty).ask(&RULE, "sg-1")), "it lets the world in at port 80");
    }
}
