//! What a guest depends on and does not reach: hosts, networks, AWS services, name servers.
//!
//! # What `blackhole` stops, and what not
//!
//! It stops packets that the guest itself sends (`out`) or gets (`in`), behind the guest's own translation of addresses.
//! It does not stop what the guest only forwards: what a container sends that has a network of its own. Names are
//! resolved in the guest when the fault begins and every two seconds after, and what they answered once stays stopped. So
//! an endpoint of a VPC, which resolves to a private address, is stopped too, and an address that a client got to know
//! more than two seconds before us is not.
//!
//! A service is its endpoints `SERVICE.REGION.SUFFIX`: of IPv4 and of both families (`api.aws`, and `s3.dualstack` of
//! S3). It is not: endpoints of FIPS (`SERVICE-fips`), the global ones without a region (`sts.amazonaws.com`,
//! `iam.amazonaws.com`), the old ones of SQS (`REGION.queue.amazonaws.com`), those of an account
//! (`ACCOUNT.ddb.REGION.amazonaws.com`, which the newer SDKs take for DynamoDB), access points, transfer acceleration,
//! and other buckets' addresses of S3 than those that its endpoint answers. Name them in `to`: hosts, or the service's
//! networks from AWS's `ip-ranges.json`.
//!
//! Dropped is silent for TCP, and for UDP that comes in. Whoever sends UDP that is stopped, or anything but TCP, is told
//! at once (EPERM), with drop as well as with reject: that is how the kernel drops what a guest itself sends.
//!
//! These are always spared: what stays in the guest, the instance's metadata, leases of addresses (DHCP), how IPv6 finds
//! its neighbours, the SSM agent by its control group,
//! sessions of SSH to the guest that are there already, and the guest's name servers, unless they are named alone or
//! their port is. Where no filter can tell the agent's packets from others, as on Amazon Linux 2, which has no control
//! groups of the second version, the fault is refused if it would stop the agent.
//!
//! # What `dns` stops, and what not
//!
//! For everything: questions to the ports 53 and 853 where they go out, of both protocols and families, to a local
//! resolver as well as from it; a filter where they come in would stop no client. For `how` = drop it is the answers that
//! vanish, because whoever sends a packet of UDP that is dropped on its way out is told so at once. What a cache holds is still answered
//! by it: of nscd, of a runtime such as the JVM, of systemd-resolved where `/etc/nsswitch.conf` says `resolve`. DNS over
//! HTTPS is not stopped. The agent's own questions are spared, but not what a local resolver asks for it: until the end
//! the agent keeps the connections that it has.
//!
//! For `domains`: a file is mounted over `/etc/hosts` (which itself is not written) and names each of them with an
//! address that nothing connects to: whoever tries is told at once that the network is unreachable. It is not 0.0.0.0,
//! because that is the guest itself. No packet filter could do that: it sees no answer of a cache and, of TCP, no question
//! that comes in two pieces. It works for exactly these names, not for those below them, and for everything that resolves
//! by the C library or reads the file: also Go, Java and systemd-resolved. It does not for what asks a name server itself,
//! as `dig` does, for containers, which have files of their own, and for what nscd holds.

use simian_core::scope::Region;

use crate::destination::{self, Destination, Partition};
use crate::kind::Kind;
use crate::parameters::{Given, Key, ParameterError};
use crate::script::Assignments;

const ADDRESSES: &str = include_str!("../shell/addresses.sh");
const FIREWALL: &str = include_str!("../shell/firewall.sh");

const REGION_OF_AGENT: &str = "the guest's region: tells what the SSM agent needs, where nothing else does";

pub(super) static BLACKHOLE: Kind = Kind {
    name: "blackhole",
    about: "stops packets to hosts, networks, ports or AWS services",
    keys: &[
        Key::optional(
            "to",
            "10.0.0.0/8:443",
            "hosts, networks and ports, separated by spaces: HOST, CIDR, [CIDR]:PORT, :PORT",
        ),
        Key::optional("service", "s3 dynamodb", "AWS services, as their endpoints begin, separated by spaces"),
        Key::optional("region", "eu-west-1", "the region of the services, and of the guest's SSM agent"),
        Key::optional("partition", "aws", "aws, aws-cn or aws-us-gov; default by the region"),
        Key::optional("how", "reject", "drop or reject; default drop"),
        Key::optional("protocol", "tcp", "tcp, udp or any; default any"),
        Key::optional(
            "direction",
            "both",
            "out, in or both; default out. A port is the packet's goal: in `in` it is the guest's",
        ),
    ],
    tools: &["nft", "getent", "grep", "sed", "sort", "tr", "cut", "cksum", "stat"],
    is_grave: false,
    shell: &[ADDRESSES, FIREWALL, include_str!("../shell/blackhole.sh")],
    read: blackhole,
};

pub(super) static NULL_ROUTE: Kind = Kind {
    name: "null-route",
    about: "routes networks to nowhere",
    keys: &[
        Key::required("to", "10.9.0.0/16", "networks, separated by spaces"),
        Key::optional("region", "eu-west-1", REGION_OF_AGENT),
    ],
    tools: &["ip", "ss", "getent", "grep", "sed", "sort", "cut"],
    is_grave: false,
    shell: &[ADDRESSES, include_str!("../shell/null_route.sh")],
    read: null_route,
};

pub(super) static DNS: Kind = Kind {
    name: "dns",
    about: "makes name resolution fail, for everything or for some names",
    keys: &[
        Key::optional("domains", "db.example.com", "exactly these names, separated by spaces; default everything"),
        Key::optional("how", "drop", "drop (no answer comes) or reject (fails at once); default reject"),
    ],
    tools: &["nft", "mount", "umount", "grep", "sed", "sort", "tr", "cut", "cksum", "stat", "chmod"],
    is_grave: false,
    shell: &[ADDRESSES, FIREWALL, include_str!("../shell/dns.sh")],
    read: dns,
};

fn blackhole(given: &mut Given) -> Result<Assignments, ParameterError> {
    let mut targets = given.optional("to", |text| destination::list(text, Destination::parse))?.unwrap_or_default();
    let services = given.optional("service", |text| destination::list(text, destination::service))?.unwrap_or_default();
    let region = given.optional("region", region)?;
    let partition = given.optional("partition", Partition::parse)?;
    let how = given.optional("how", |text| one_of(text, &["drop", "reject"]))?.unwrap_or("drop");
    let protocol = given.optional("protocol", |text| one_of(text, &["tcp", "udp", "any"]))?.unwrap_or("any");
    let direction = given.optional("direction", |text| one_of(text, &["out", "in", "both"]))?.unwrap_or("out");
    let place = place(region.as_ref(), partition)?;
    if !services.is_empty() {
        let (region, partition) =
            place.ok_or_else(|| together("`service` takes a `region` too: write it as in region=eu-west-1"))?;
        targets.extend(services.iter().map(|service| Destination::service(service, region, partition)));
    }
    if targets.is_empty() {
        return Err(together("there is neither `to` nor `service`: write it as in to=10.0.0.0/8:443"));
    }
    if targets.len() > destination::MAX {
        return Err(together(&format!("`to` and `service` name more than {} destinations", destination::MAX)));
    }
    let protocol = if protocol == "any" { "-" } else { protocol };
    Ok(vec![
        ("targets", words(&targets)),
        ("how", how.to_owned()),
        ("protocol", protocol.to_owned()),
        ("direction", direction.to_owned()),
        ("agent_hosts", agent_hosts(place)),
    ])
}

fn null_route(given: &mut Given) -> Result<Assignments, ParameterError> {
    let targets = given.required("to", |text| destination::list(text, routable))?;
    let region = given.optional("region", region)?;
    Ok(vec![("targets", words(&targets)), ("agent_hosts", agent_hosts(place(region.as_ref(), None)?))])
}

fn dns(given: &mut Given) -> Result<Assignments, ParameterError> {
    let domains = given.optional("domains", |text| destination::list(text, domain))?.unwrap_or_default();
    let how = given.optional("how", |text| one_of(text, &["drop", "reject"]))?;
    if !domains.is_empty() && how.is_some() {
        return Err(together("`how` does not go with `domains`: these names fail at once, so leave it out"));
    }
    Ok(vec![
        ("domains", domains.join(" ")),
        ("how", how.unwrap_or("reject").to_owned()),
        ("agent_hosts", String::new()),
    ])
}

/// A network that a route to nowhere may lead to.
fn routable(text: &str) -> Result<ipnet::IpNet, String> {
    let network = destination::network(text)?;
    let first = network.network();
    let why = if network.prefix_len() == 0 {
        "it is everything, the default gateway too"
    } else if destination::has_metadata(&network) {
        "the instance's metadata are in it"
    } else if first.is_loopback() || first.is_multicast() || first.is_unspecified() {
        "it is no network of other machines"
    } else {
        return Ok(network);
    };
    Err(format!("{network}: {why}; name smaller networks"))
}

/// A name to be led nowhere.
fn domain(text: &str) -> Result<String, String> {
    let name = destination::host(text)?;
    if name == "localhost" || name.ends_with(".localhost") {
        return Err(format!("`{name}` is the guest itself: leave it out"));
    }
    if name.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        return Err(format!("`{name}` is no name: addresses are stopped by blackhole"));
    }
    Ok(name)
}

fn region(text: &str) -> Result<Region, String> {
    text.parse().map_err(|_| "write a region as in us-east-1".to_owned())
}

/// A region with its partition; none where no region is said.
fn place(
    region: Option<&Region>,
    partition: Option<Partition>,
) -> Result<Option<(&Region, Partition)>, ParameterError> {
    let Some(region) = region else {
        return match partition {
            Some(_) => Err(together("`partition` says nothing without a `region`")),
            None => Ok(None),
        };
    };
    let known = Partition::of(region).ok_or_else(|| {
        together("the endpoints of that region are not known: name them in `to`, and leave `region` out")
    })?;
    match partition {
        Some(said) if said != known => Err(together(&format!("`partition` is not that of {}", region.as_str()))),
        _ => Ok(Some((region, known))),
    }
}

fn agent_hosts(place: Option<(&Region, Partition)>) -> String {
    place.map(|(region, partition)| destination::agent(region, partition).join(" ")).unwrap_or_default()
}

fn one_of(text: &str, words: &[&'static str]) -> Result<&'static str, String> {
    let found = words.iter().copied().find(|word| *word == text);
    found.ok_or_else(|| format!("write one of: {}", words.join(", ")))
}

fn words<T: ToString>(items: &[T]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

fn together(why: &str) -> ParameterError {
    ParameterError::Together(why.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::kind::Fault;

    fn read(kind: &str, parameters: &[(&str, &str)]) -> Result<Vec<(&'static str, String)>, String> {
        Fault::read(kind, parameters.iter().copied()).map(|fault| fault.variables).map_err(|error| error.to_string())
    }

    fn variable(kind: &str, parameters: &[(&str, &str)], name: &str) -> String {
        let variables = read(kind, parameters).unwrap_or_else(|error| panic!("{error}"));
        variables.into_iter().find(|(known, _)| *known == name).map(|(_, value)| value).unwrap_or_default()
    }

    #[test]
    fn services_are_their_endpoints() {
        let of =
            |service: &str, region: &str| variable("blackhole", &[("service", service), ("region", region)], "targets");
        for (service, region, expected) in [
            (
                "s3",
                "eu-west-1",
                "host,s3.eu-west-1.amazonaws.com+s3.eu-west-1.api.aws+s3.dualstack.eu-west-1.amazonaws.com,-",
            ),
            (
                "sqs api.ecr",
                "us-gov-west-1",
                "host,sqs.us-gov-west-1.amazonaws.com+sqs.us-gov-west-1.api.aws,- \
                 host,api.ecr.us-gov-west-1.amazonaws.com+api.ecr.us-gov-west-1.api.aws,-",
            ),
            (
                "dynamodb",
                "cn-north-1",
                "host,dynamodb.cn-north-1.amazonaws.com.cn+dynamodb.cn-north-1.api.amazonwebservices.com.cn,-",
            ),
        ] {
            assert_eq!(of(service, region), expected);
        }
        let both = [("to", ":6379"), ("service", "sqs"), ("region", "eu-west-1"), ("partition", "aws")];
        assert!(variable("blackhole", &both, "targets").starts_with("any,6379 host,sqs."));
        assert!(
            variable("null-route", &[("to", "10.9.0.0/16"), ("region", "eu-west-1")], "agent_hosts")
                .contains("ssmmessages.eu-west-1.amazonaws.com")
        );
    }

    #[test]
    fn mistakes_say_what_to_write() {
        for (kind, parameters, expected) in [
            ("blackhole", &[][..], "blackhole: there is neither `to` nor `service`"),
            ("blackhole", &[("service", "s3")], "blackhole: `service` takes a `region` too"),
            ("blackhole", &[("to", "")], "blackhole: to = ``: it is empty"),
            ("blackhole", &[("to", "https://a.b")], "blackhole: to = `https://a.b`: `//a.b` is no port"),
            ("blackhole", &[("to", ":53"), ("how", "lose")], "blackhole: how = `lose`: write one of: drop, reject"),
            ("blackhole", &[("to", ":53"), ("protocol", "icmp")], "blackhole: protocol = `icmp`: write one of: tcp, "),
            (
                "blackhole",
                &[("to", ":53"), ("partition", "aws")],
                "blackhole: `partition` says nothing without a `region`",
            ),
            (
                "blackhole",
                &[("service", "s3"), ("region", "eu-west-1"), ("partition", "aws-cn")],
                "blackhole: `partition` is not that of eu-west-1",
            ),
            (
                "blackhole",
                &[("service", "s3"), ("region", "us-iso-east-1")],
                "blackhole: the endpoints of that region are not known",
            ),
            ("null-route", &[], "null-route: `to` is missing: write it as in to=10.9.0.0/16"),
            ("null-route", &[("to", "example.com")], "null-route: to = `example.com`: `example.com` is no network"),
            ("null-route", &[("to", "0.0.0.0/0")], "null-route: to = `0.0.0.0/0`: 0.0.0.0/0: it is everything"),
            (
                "null-route",
                &[("to", "169.254.0.0/16")],
                "null-route: to = `169.254.0.0/16`: 169.254.0.0/16: the instance's",
            ),
            ("null-route", &[("to", "fc00::/7")], "null-route: to = `fc00::/7`: fc00::/7: the instance's metadata"),
            ("null-route", &[("to", "127.0.0.0/8")], "null-route: to = `127.0.0.0/8`: 127.0.0.0/8: it is no network"),
            (
                "dns",
                &[("domains", "*.example.com")],
                "dns: domains = `*.example.com`: `*.example.com` is no host's name",
            ),
            ("dns", &[("domains", "localhost")], "dns: domains = `localhost`: `localhost` is the guest itself"),
            ("dns", &[("domains", "10.0.0.1")], "dns: domains = `10.0.0.1`: `10.0.0.1` is no name"),
            ("dns", &[("domains", "a.b"), ("how", "drop")], "dns: `how` does not go with `domains`"),
        ] {
            let error = read(kind, parameters).expect_err(expected);
            assert!(error.starts_with(expected), "{error}");
        }
    }

    proptest! {
        /// Whatever is typed, what reaches the shell is words without a meaning to it: no globs, no expansions.
        #[test]
        fn hostile_texts_are_refused(text in "\\PC{0,40}", host in "[a-z0-9.$`'\"*;&|(){}<>:/\\[\\] -]{0,24}") {
            let plain = |value: &str| {
                value.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b" .:/,+-_".contains(&b))
            };
            for text in [&text, &host] {
                for (kind, key) in [("blackhole", "to"), ("null-route", "to"), ("dns", "domains")] {
                    for (name, value) in read(kind, &[(key, text)]).unwrap_or_default() {
                        prop_assert!(plain(&value), "{kind} {name}={value}");
                    }
                }
                let service = [("service", text.as_str()), ("region", "eu-west-1")];
                for (name, value) in read("blackhole", &service).unwrap_or_default() {
                    prop_assert!(plain(&value), "{name}={value}");
                }
            }
        }
    }
}
