//! Where packets go: hosts, networks and ports as people write them, and the endpoints of AWS services.
//!
//! What is written here reaches the shell as words of letters, digits and `.:/,+-_` and nothing else, whatever was typed.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use simian_core::scope::Region;

/// The most destinations of one fault. Each is several rules, and a script travels in one message.
pub(crate) const MAX: usize = 64;

/// Where the instance's metadata are. Source: the user guide of EC2, "Access instance metadata".
const METADATA: [IpAddr; 2] =
    [IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254)), IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254))];

/// What the SSM agent talks to. Source: the user guide of Systems Manager, "Reference: ec2messages, ssmmessages, and
/// other API operations".
const AGENT: [&str; 3] = ["ssm", "ssmmessages", "ec2messages"];

/// A destination: what, and which port of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Destination {
    what: What,
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum What {
    Anything,
    Network(IpNet),
    /// A host's names, of which at least one has an address.
    Host(Vec<String>),
}

impl Destination {
    /// A service's endpoint, by the names that it has.
    pub(crate) fn service(service: &str, region: &Region, partition: Partition) -> Self {
        Self { what: What::Host(endpoints(service, region, partition)), port: None }
    }

    /// As people write it: `example.com`, `10.0.0.0/8:443`, `[2001:db8::/32]:443`, `:6379`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let shapes = "write a host, 10.0.0.0/8, 10.0.0.0/8:443, [2001:db8::/32]:443 or :443";
        if let Some(number) = text.strip_prefix(':')
            && !number.contains(':')
        {
            return Ok(Self { what: What::Anything, port: Some(port(number)?) });
        }
        if let Some(bracketed) = text.strip_prefix('[') {
            let (inside, behind) = bracketed.split_once(']').ok_or_else(|| format!("`{text}`: {shapes}"))?;
            let network = network(inside)?;
            return match behind.strip_prefix(':') {
                Some(number) => Ok(Self { what: What::Network(spared(network)?), port: Some(port(number)?) }),
                None if behind.is_empty() => Ok(Self { what: What::Network(spared(network)?), port: None }),
                None => Err(format!("`{text}`: {shapes}")),
            };
        }
        if text.matches(':').count() > 1 {
            return Ok(Self { what: What::Network(spared(network(text)?)?), port: None });
        }
        let (what, number) = match text.split_once(':') {
            Some((what, number)) => (what, Some(port(number)?)),
            None => (text, None),
        };
        // A name that ends with a number is an address that went wrong.
        let is_number = |last: &str| !last.is_empty() && last.bytes().all(|b| b.is_ascii_digit());
        let is_numeric = what.split(['.', '/']).next_back().is_some_and(is_number);
        let what = if what.contains('/') || is_numeric {
            What::Network(spared(network(what)?)?)
        } else {
            What::Host(vec![host(what)?])
        };
        Ok(Self { what, port: number })
    }
}

/// As the shell reads it: `net,10.0.0.0/8,443`, `host,NAME+NAME,-`, `any,443`.
impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.what {
            What::Anything => f.write_str("any")?,
            What::Network(network) => write!(f, "net,{network}")?,
            What::Host(names) => write!(f, "host,{}", names.join("+"))?,
        }
        match self.port {
            Some(port) => write!(f, ",{port}"),
            None => f.write_str(",-"),
        }
    }
}

/// A list, separated by spaces or commas, each read so. No item of it is there twice.
pub(crate) fn list<T: PartialEq>(text: &str, read: impl Fn(&str) -> Result<T, String>) -> Result<Vec<T>, String> {
    let mut items = Vec::new();
    for word in text.split([' ', ',', '\t', '\n']).filter(|word| !word.is_empty()) {
        let item = read(word)?;
        if !items.contains(&item) {
            items.push(item);
        }
    }
    match items.len() {
        0 => Err("it is empty: name something, or leave it out".into()),
        1..=MAX => Ok(items),
        _ => Err(format!("more than {MAX}: name wider networks, or make two faults of it")),
    }
}

/// A network that is written with its length, or an address, which is a network too.
pub(crate) fn network(text: &str) -> Result<IpNet, String> {
    let wrong = || format!("`{text}` is no network: write it as in 10.0.0.0/8 or 2001:db8::/32");
    let network: IpNet = match text.parse::<IpAddr>() {
        Ok(address) => address.into(),
        Err(_) => text.parse().map_err(|_| wrong())?,
    };
    if network.addr() != network.network() {
        return Err(format!("`{text}` says an address within a network: write {} for the network", network.trunc()));
    }
    if let IpAddr::V6(address) = network.addr()
        && address.to_ipv4_mapped().is_some()
    {
        return Err(format!("`{text}` is an address of IPv4 in the clothes of IPv6: write the former"));
    }
    Ok(network)
}

/// What reaches the instance's metadata, and with them the credentials of everything that would end the fault.
pub(crate) fn has_metadata(network: &IpNet) -> bool {
    METADATA.iter().any(|address| network.contains(address))
}

/// What no filter of ours ever stops cannot be named alone: the fault would say that it is there and do nothing.
fn spared(network: IpNet) -> Result<IpNet, String> {
    let is_metadata = has_metadata(&network) && network.prefix_len() == network.max_prefix_len();
    if is_metadata || (network.addr().is_loopback() && network.prefix_len() >= 8) {
        return Err(format!("{network} is always spared: leave it out"));
    }
    Ok(network)
}

fn port(text: &str) -> Result<u16, String> {
    let digits = text.bytes().all(|b| b.is_ascii_digit()) && !text.is_empty();
    let number = if digits { text.parse::<u16>().ok() } else { None };
    number.filter(|port| *port > 0).ok_or_else(|| format!("`{text}` is no port: write a number from 1 to 65535"))
}

/// A name as the DNS has them, in small letters. Source: RFC 1123, section 2.1, and the underscores of RFC 8552.
pub(crate) fn host(text: &str) -> Result<String, String> {
    let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
    let fits = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_')
    };
    if name.len() <= 253 && name.split('.').all(fits) {
        Ok(name)
    } else {
        Err(format!("`{text}` is no host's name: write it as in db.example.com, without a scheme and a path"))
    }
}

/// A service as its endpoint begins: `s3`, `sqs`, `api.ecr`.
pub(crate) fn service(text: &str) -> Result<String, String> {
    host(text).map_err(|_| format!("`{text}` is no service: write how its endpoint begins, as in dynamodb or api.ecr"))
}

/// A partition of AWS, whose endpoints are known here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Partition {
    Commercial,
    China,
    GovCloud,
}

impl Partition {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        match text {
            "aws" => Ok(Self::Commercial),
            "aws-cn" => Ok(Self::China),
            "aws-us-gov" => Ok(Self::GovCloud),
            _ => Err("write aws, aws-cn or aws-us-gov; of others name the endpoints in `to`".into()),
        }
    }

    /// The partition that a region is in, by how its name begins; `None` for those that are closed to most of us.
    pub(crate) fn of(region: &Region) -> Option<Self> {
        let begins = |prefixes: &[&str]| prefixes.iter().any(|prefix| region.as_str().starts_with(prefix));
        if begins(&["us-iso", "eu-iso", "eusc-"]) {
            None
        } else if begins(&["cn-"]) {
            Some(Self::China)
        } else if begins(&["us-gov-"]) {
            Some(Self::GovCloud)
        } else {
            Some(Self::Commercial)
        }
    }

    /// How its endpoints end: those of IPv4, and those of both families. Source: the table of partitions that every SDK
    /// has (`dnsSuffix` and `dualStackDnsSuffix` in `partitions.json`).
    fn suffixes(self) -> (&'static str, &'static str) {
        match self {
            Self::Commercial | Self::GovCloud => ("amazonaws.com", "api.aws"),
            Self::China => ("amazonaws.com.cn", "api.amazonwebservices.com.cn"),
        }
    }
}

/// The names of a service's endpoint in a region. Source: AWS General Reference, "AWS service endpoints", and the user
/// guide of S3, "Using Amazon S3 dual-stack endpoints".
fn endpoints(service: &str, region: &Region, partition: Partition) -> Vec<String> {
    let region = region.as_str();
    let (suffix, both) = partition.suffixes();
    let mut names = vec![format!("{service}.{region}.{suffix}"), format!("{service}.{region}.{both}")];
    if service == "s3" {
        names.push(format!("s3.dualstack.{region}.{suffix}"));
    }
    names
}

/// The endpoints of the SSM agent in a region.
pub(crate) fn agent(region: &Region, partition: Partition) -> Vec<String> {
    AGENT.iter().flat_map(|service| endpoints(service, region, partition)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn destinations_are_read_as_people_write_them() {
        for (text, expected) in [
            ("Db.Example.com.", "host,db.example.com,-"),
            ("db.example.com:5432", "host,db.example.com,5432"),
            ("_sip.example.com", "host,_sip.example.com,-"),
            ("10.0.0.0/8", "net,10.0.0.0/8,-"),
            ("10.0.0.0/8:443", "net,10.0.0.0/8,443"),
            ("10.9.0.2", "net,10.9.0.2/32,-"),
            ("10.9.0.2:80", "net,10.9.0.2/32,80"),
            ("2001:DB8::/32", "net,2001:db8::/32,-"),
            ("[2001:db8::/32]:443", "net,2001:db8::/32,443"),
            ("[2001:db8::1]", "net,2001:db8::1/128,-"),
            ("2001:db8::1", "net,2001:db8::1/128,-"),
            (":6379", "any,6379"),
            ("0.0.0.0/0", "net,0.0.0.0/0,-"),
        ] {
            assert_eq!(Destination::parse(text).map(|read| read.to_string()).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_destination_is_refused_with_the_remedy() {
        for (text, expected) in [
            ("10.0.0.1/8", "`10.0.0.1/8` says an address within a network: write 10.0.0.0/8 for the network"),
            ("10.0.0.300", "`10.0.0.300` is no network: write it as in 10.0.0.0/8 or 2001:db8::/32"),
            ("10.0.0.0/33", "`10.0.0.0/33` is no network: write it as in 10.0.0.0/8 or 2001:db8::/32"),
            ("10.0.0.0/8:0", "`0` is no port: write a number from 1 to 65535"),
            (":65536", "`65536` is no port: write a number from 1 to 65535"),
            (":+80", "`+80` is no port: write a number from 1 to 65535"),
            (
                "[2001:db8::/32",
                "`[2001:db8::/32`: write a host, 10.0.0.0/8, 10.0.0.0/8:443, [2001:db8::/32]:443 or :443",
            ),
            ("[::1]", "::1/128 is always spared: leave it out"),
            ("127.0.0.1:80", "127.0.0.1/32 is always spared: leave it out"),
            ("169.254.169.254", "169.254.169.254/32 is always spared: leave it out"),
            ("fd00:ec2::254", "fd00:ec2::254/128 is always spared: leave it out"),
            ("::ffff:10.0.0.1", "`::ffff:10.0.0.1` is an address of IPv4 in the clothes of IPv6: write the former"),
            ("-a.b", "`-a.b` is no host's name: write it as in db.example.com, without a scheme and a path"),
            ("a..b", "`a..b` is no host's name: write it as in db.example.com, without a scheme and a path"),
        ] {
            assert_eq!(Destination::parse(text).map(|read| read.to_string()), Err(expected.to_owned()), "{text}");
        }
        let many = (0..=MAX).map(|n| format!("10.0.{n}.0/24")).collect::<Vec<_>>().join(" ");
        assert!(list(&many, Destination::parse).is_err_and(|why| why.starts_with("more than 64")));
        assert_eq!(list("a.b, a.b\tc.d", host), Ok(vec!["a.b".to_owned(), "c.d".to_owned()]));
    }

    proptest! {
        #[test]
        fn every_network_is_read(bytes: [u8; 4], length in 0u8..=32, port in proptest::option::of(1u16..)) {
            let network = ipnet::Ipv4Net::new(bytes.into(), length).unwrap().trunc();
            prop_assume!(spared(network.into()).is_ok());
            let text = port.map_or(network.to_string(), |port| format!("{network}:{port}"));
            let number = port.map_or("-".to_owned(), |port| port.to_string());
            prop_assert_eq!(Destination::parse(&text).unwrap().to_string(), format!("net,{network},{number}"));
        }

        #[test]
        fn every_network_of_ipv6_is_read(bytes: u128, length in 0u8..=128, port in proptest::option::of(1u16..)) {
            let network = ipnet::Ipv6Net::new(bytes.into(), length).unwrap().trunc();
            prop_assume!(spared(network.into()).is_ok() && network.addr().to_ipv4_mapped().is_none());
            let text = port.map_or(network.to_string(), |port| format!("[{network}]:{port}"));
            let number = port.map_or("-".to_owned(), |port| port.to_string());
            prop_assert_eq!(Destination::parse(&text).unwrap().to_string(), format!("net,{network},{number}"));
        }
    }
}
