//! Security groups and key pairs.

use aws_sdk_ec2::operation::describe_key_pairs::DescribeKeyPairsError;
use aws_sdk_ec2::operation::describe_security_groups::{DescribeSecurityGroupsError, DescribeSecurityGroupsOutput};
use aws_sdk_ec2::types as ec2;
use simian_core::ports::{CallError, ResourceQuery};
use simian_core::resource::{About, KeyPair, Peer, Permission, Resource, ResourceId, ResourceKind, SecurityGroup};

use super::{ITEMS_A_PAGE, asked, named, pages, tags};
use crate::clients::Clients;
use crate::convert::{Flaw, given, required, time};
use crate::error::Call;
use crate::limits::Meter;
use crate::pages::each;

/// The protocols that have ports, by name and by number (IANA, "Protocol Numbers").
const WITH_PORTS: [&str; 4] = ["tcp", "udp", "6", "17"];

pub(super) async fn groups(
    clients: &Clients,
    call: &Call<'_>,
    query: &ResourceQuery,
) -> Result<Vec<Resource>, CallError> {
    pages!(
        call,
        &clients.limits.security_groups,
        asked(query, "group-id"),
        DescribeSecurityGroupsError,
        clients.ec2.describe_security_groups().max_results(ITEMS_A_PAGE),
        set_filters,
        |page: DescribeSecurityGroupsOutput| page.security_groups,
        group
    )
}

/// The API has no pages: it answers with all key pairs at once.
pub(super) async fn key_pairs(
    clients: &Clients,
    call: &Call<'_>,
    query: &ResourceQuery,
) -> Result<Vec<Resource>, CallError> {
    let bucket = &clients.limits.key_pairs;
    let mut all = Vec::new();
    for filters in asked(query, "key-pair-id") {
        bucket.turn().await;
        let answer = clients
            .ec2
            .describe_key_pairs()
            .set_filters(Some(filters))
            .customize()
            .interceptor(Meter::<DescribeKeyPairsError>::new([bucket]))
            .send()
            .await
            .map_err(|error| call.error(&error))?;
        all.extend(each(call, answer.key_pairs, key_pair)?);
    }
    Ok(all)
}

/// `SecurityGroup` of the EC2 API.
fn group(theirs: ec2::SecurityGroup) -> Result<Resource, Flaw> {
    let id = required(theirs.group_id, "a security group's id")?;
    let tags = tags(theirs.tags, &id)?;
    let permissions = |theirs: Option<Vec<ec2::IpPermission>>| {
        let theirs = theirs.unwrap_or_default().into_iter();
        theirs.map(|one| permission(one, &id)).collect::<Result<Vec<_>, Flaw>>()
    };
    let about = SecurityGroup {
        name: required(theirs.group_name, &format!("GroupName of {id}"))?,
        vpc: given(theirs.vpc_id),
        ingress: permissions(theirs.ip_permissions)?,
        egress: permissions(theirs.ip_permissions_egress)?,
    };
    let name = Some(about.name.clone());
    Ok(named(ResourceId::new(ResourceKind::SecurityGroup, id), name, tags, None, About::SecurityGroup(about)))
}

/// `IpPermission` of the EC2 API. Without the id of a group, that group is gone.
fn permission(theirs: ec2::IpPermission, of: &str) -> Result<Permission, Flaw> {
    let protocol = required(theirs.ip_protocol, &format!("IpProtocol of a permission of {of}"))?;
    // ICMP has its types in the place of ports.
    let ports = theirs.from_port.zip(theirs.to_port).filter(|_| WITH_PORTS.contains(&protocol.as_str()));
    let port = |number: i32| u16::try_from(number).map_err(|_| format!("a port of {of} is {number}"));
    let ports = ports.filter(|(from, _)| *from != -1).map(|(from, to)| Ok::<_, Flaw>((port(from)?, port(to)?)));
    let ipv4 = theirs.ip_ranges.unwrap_or_default().into_iter().filter_map(|range| given(range.cidr_ip));
    let ipv6 = theirs.ipv6_ranges.unwrap_or_default().into_iter().filter_map(|range| given(range.cidr_ipv6));
    let groups = theirs.user_id_group_pairs.unwrap_or_default().into_iter().filter_map(|pair| given(pair.group_id));
    let lists = theirs.prefix_list_ids.unwrap_or_default().into_iter().filter_map(|list| given(list.prefix_list_id));
    let peers = ipv4.chain(ipv6).map(Peer::Cidr).chain(groups.map(Peer::Group)).chain(lists.map(Peer::PrefixList));
    Ok(Permission { protocol, ports: ports.transpose()?, peers: peers.collect() })
}

/// `KeyPairInfo` of the EC2 API.
fn key_pair(theirs: ec2::KeyPairInfo) -> Result<Resource, Flaw> {
    let id = required(theirs.key_pair_id, "a key pair's id")?;
    let tags = tags(theirs.tags, &id)?;
    let name = required(theirs.key_name, &format!("KeyName of {id}"))?;
    let about = About::KeyPair(KeyPair { name: name.clone() });
    Ok(named(ResourceId::new(ResourceKind::KeyPair, id), Some(name), tags, time(theirs.create_time), about))
}

#[cfg(test)]
mod tests {
    use aws_smithy_types::DateTime as Moment;
    use chrono::DateTime;

    use super::*;

    fn open(protocol: &str, from: Option<i32>, to: Option<i32>) -> ec2::IpPermission {
        ec2::IpPermission::builder()
            .ip_protocol(protocol)
            .set_from_port(from)
            .set_to_port(to)
            .ip_ranges(ec2::IpRange::builder().cidr_ip("0.0.0.0/0").build())
            .build()
    }

    fn theirs() -> ec2::SecurityGroup {
        let mut peers = open("tcp", Some(443), Some(443));
        peers.ipv6_ranges = Some(vec![ec2::Ipv6Range::builder().cidr_ipv6("::/0").build()]);
        peers.user_id_group_pairs = Some(vec![
            ec2::UserIdGroupPair::builder().group_id("sg-2").build(),
            ec2::UserIdGroupPair::builder().user_id("111122223333").build(),
        ]);
        peers.prefix_list_ids = Some(vec![ec2::PrefixListId::builder().prefix_list_id("pl-1").build()]);
        ec2::SecurityGroup::builder()
            .group_id("sg-1")
            .group_name("web")
            .vpc_id("vpc-1")
            .ip_permissions(peers)
            .ip_permissions_egress(open("-1", None, None))
            .tags(ec2::Tag::builder().key("Name").value("other").build())
            .build()
    }

    #[test]
    fn a_security_group_whole() {
        let ours = group(theirs()).unwrap();
        assert_eq!((ours.id.to_string().as_str(), ours.title()), ("security-group/sg-1", "web"));
        let cidr = |text: &str| Peer::Cidr(text.into());
        let expected = SecurityGroup {
            name: "web".into(),
            vpc: Some("vpc-1".into()),
            ingress: vec![Permission {
                protocol: "tcp".into(),
                ports: Some((443, 443)),
                peers: vec![
                    cidr("0.0.0.0/0"),
                    cidr("::/0"),
                    Peer::Group("sg-2".into()),
                    Peer::PrefixList("pl-1".into()),
                ],
            }],
            egress: vec![Permission { protocol: "-1".into(), ports: None, peers: vec![cidr("0.0.0.0/0")] }],
        };
        assert_eq!(ours.security_group(), Some(&expected));
    }

    #[test]
    fn only_tcp_and_udp_have_ports() {
        for (protocol, from, to, expected) in [
            ("tcp", Some(0), Some(65_535), Ok(Some((0, 65_535)))),
            ("17", Some(53), Some(53), Ok(Some((53, 53)))),
            ("tcp", Some(-1), Some(-1), Ok(None)),
            ("icmp", Some(8), Some(0), Ok(None)),
            ("icmp", Some(-1), Some(-1), Ok(None)),
            ("-1", None, None, Ok(None)),
            ("tcp", Some(1), Some(70_000), Err("a port of sg-1 is 70000".to_owned())),
        ] {
            let ours = permission(open(protocol, from, to), "sg-1").map(|one| one.ports);
            assert_eq!(ours, expected, "{protocol}");
        }
    }

    #[test]
    fn a_key_pair_whole() {
        let theirs = || {
            ec2::KeyPairInfo::builder()
                .key_pair_id("key-1")
                .key_name("ops")
                .create_time(Moment::from_secs(1_795_456_800))
                .tags(ec2::Tag::builder().key("owner").value("ann").build())
        };
        let ours = key_pair(theirs().build()).unwrap();
        assert_eq!((ours.id.to_string().as_str(), ours.title()), ("key-pair/key-1", "ops"));
        assert_eq!((ours.tag("owner"), ours.created), (Some("ann"), DateTime::from_timestamp(1_795_456_800, 0)));
        assert_eq!(ours.key_pair(), Some(&KeyPair { name: "ops".into() }));
        let flaw = |theirs: ec2::KeyPairInfo| key_pair(theirs).unwrap_err();
        assert_eq!(flaw(theirs().set_key_pair_id(None).build()), "a key pair's id is missing");
        assert_eq!(flaw(theirs().key_name("").build()), "KeyName of key-1 is missing");
    }

    #[test]
    fn whatever_is_missing_makes_a_group_unreadable() {
        let mut nameless = theirs();
        nameless.group_name = None;
        assert_eq!(group(nameless).unwrap_err(), "GroupName of sg-1 is missing");
        let mut unlisted = theirs();
        unlisted.group_id = None;
        assert_eq!(group(unlisted).unwrap_err(), "a security group's id is missing");
        let mut odd = theirs();
        odd.ip_permissions.as_mut().unwrap()[0].ip_protocol = None;
        assert_eq!(group(odd).unwrap_err(), "IpProtocol of a permission of sg-1 is missing");
    }
}
