//! Which packets it happens to: far ends, protocol, direction, and the share of connections.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use crate::parameters::{Given, ParameterError};
use crate::script::Assignments;
use crate::value;

/// The most far ends. Each is up to sixteen filters, in two tables of 2047 that the kernel walks for every packet.
const MAX_TARGETS: usize = 32;

/// Into how many parts connections can be told apart: by eight bits of a port.
const PARTS: u32 = 256;

/// Addresses that no fault of the network reaches, and what is there. `shell/network.sh` has the same.
const SPARED: [(IpAddr, &str); 6] = [
    (IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254)), "the instance metadata service"),
    (IpAddr::V4(Ipv4Addr::new(169, 254, 169, 253)), "the DNS of the VPC"),
    (IpAddr::V4(Ipv4Addr::new(169, 254, 169, 123)), "the time service"),
    (IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)), "the instance metadata service"),
    (IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x253)), "the DNS of the VPC"),
    (IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x123)), "the time service"),
];

/// A far end, as written: without a network it is every address of both families.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) net: Option<IpNet>,
    pub(super) port: Option<u16>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Protocol {
    Tcp,
    Udp,
    Any,
}

/// What the script needs to find the packets.
pub(super) fn variables(given: &mut Given) -> Result<Assignments, ParameterError> {
    let to = given.optional("to", targets)?.unwrap_or_default();
    let protocol = given.optional("protocol", protocol)?.unwrap_or(Protocol::Any);
    let direction = given.optional("direction", direction)?.unwrap_or("out");
    let flows = given.optional("flows", value::share)?.map_or(PARTS, parts);
    let region = given.optional("region", region)?.unwrap_or_default();
    for target in &to {
        if let Some(why) = target.is_spared(protocol) {
            return Err(ParameterError::Together(format!("to: {why}: leave it out")));
        }
    }
    let is_open = to.is_empty() || to.iter().any(|target| target.reaches_agent(protocol));
    let entries: Vec<String> = if to.is_empty() {
        let all = Target { net: None, port: None };
        all.entries(protocol, flows < PARTS, "near")
    } else {
        to.iter()
            .flat_map(|target| {
                // Who names a far port is that port's client, and its own port is the one that differs. Who names
                // none is taken for a server, whose clients' ports differ.
                let side = if target.port.is_some() { "near" } else { "far" };
                target.entries(protocol, flows < PARTS, side)
            })
            .collect()
    };
    Ok(vec![
        ("targets", entries.join(" ")),
        ("probes", probes(&to).join(" ")),
        ("flows", if flows == PARTS { "any".into() } else { masks(flows).join(" ") }),
        ("direction", direction.into()),
        ("is_open", if is_open { "yes" } else { "no" }.into()),
        ("region", region),
    ])
}

impl Target {
    /// `10.9.0.0/24`, `10.9.0.7:443`, `fd00::/8`, `[fd00::/8]:443`, `:443`.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no CIDR, CIDR:port, [IPv6/length]:port or :port");
        let port = |port: &str| match port.parse::<u16>() {
            Ok(number) if number > 0 && port.bytes().all(|b| b.is_ascii_digit()) => Ok(Some(number)),
            _ => Err(format!("`{text}`: a port is a number from 1 to 65535")),
        };
        if let Some(rest) = text.strip_prefix('[') {
            let (net, rest) = rest.split_once(']').ok_or_else(wrong)?;
            let net = v6(net).ok_or_else(wrong)?;
            let port = if rest.is_empty() { None } else { port(rest.strip_prefix(':').ok_or_else(wrong)?)? };
            return Ok(Self { net: Some(net), port });
        }
        if let Some(net) = v6(text) {
            return Ok(Self { net: Some(net), port: None });
        }
        match text.split_once(':') {
            Some(("", number)) => Ok(Self { net: None, port: port(number)? }),
            Some((net, number)) => Ok(Self { net: Some(v4(net).ok_or_else(wrong)?), port: port(number)? }),
            None => Ok(Self { net: Some(v4(text).ok_or_else(wrong)?), port: None }),
        }
    }

    /// Why nothing would happen to it: it is among what is always spared.
    fn is_spared(self, protocol: Protocol) -> Option<String> {
        if let Some(net) = self.net
            && net.prefix_len() == net.max_prefix_len()
            && let Some((address, what)) = SPARED.iter().find(|(address, _)| *address == net.addr())
        {
            return Some(format!("{address} is {what}, which is always spared"));
        }
        match self.port {
            Some(123) if protocol != Protocol::Tcp => Some("port 123 is the time, which is always spared".into()),
            Some(67 | 547) if protocol != Protocol::Tcp => Some("DHCP is always spared".into()),
            _ => None,
        }
    }

    /// Whether the SSM agent's own connections may be among it: they go to port 443 of anywhere.
    fn reaches_agent(self, protocol: Protocol) -> bool {
        protocol != Protocol::Udp
            && self.port.is_none_or(|port| port == 443)
            && self.net.is_none_or(|net| net.prefix_len() == 0)
    }

    /// `FAMILY,NETWORK,PROTOCOL,PORT,SIDE` for each family and protocol; `side` is where the port is that tells its
    /// connections apart.
    fn entries(self, protocol: Protocol, is_by_flow: bool, side: &str) -> Vec<String> {
        let families: &[&str] = match self.net {
            None => &["ip", "ipv6"],
            Some(IpNet::V4(_)) => &["ip"],
            Some(IpNet::V6(_)) => &["ipv6"],
        };
        // Only TCP and UDP have ports, and in other packets something else is where these would be.
        let numbers: &[&str] = match protocol {
            Protocol::Tcp => &["6"],
            Protocol::Udp => &["17"],
            Protocol::Any if self.port.is_some() || is_by_flow => &["6", "17"],
            Protocol::Any => &["any"],
        };
        // tc takes no IPv6 network of length 0.
        let net = self.net.filter(|net| net.prefix_len() > 0).map_or("any".into(), |net| net.to_string());
        let port = self.port.map_or("any".into(), |port| port.to_string());
        families
            .iter()
            .flat_map(|family| numbers.iter().map(move |number| (family, number)))
            .map(|(family, number)| format!("{family},{net},{number},{port},{side}"))
            .collect()
    }
}

/// Where to ask which way packets go: `FAMILY,NETWORK,FIRST,LAST` for each network with two of its addresses, and
/// `default` for all that is named without one.
fn probes(to: &[Target]) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    let mut add = |probe: String| {
        if !all.contains(&probe) {
            all.push(probe);
        }
    };
    if to.is_empty() {
        add("default".into());
    }
    for target in to {
        match target.net {
            Some(net) if net.prefix_len() > 0 => {
                let family = if matches!(net, IpNet::V4(_)) { 4 } else { 6 };
                // The guest may have one of them itself, and the way to that says nothing of the others.
                let (first, last) = ends(net);
                add(format!("{family},{net},{first},{last}"));
            }
            _ => add("default".into()),
        }
    }
    all
}

/// The first host of a network and the last: its own address is a broadcast or an anycast one.
fn ends(net: IpNet) -> (IpAddr, IpAddr) {
    let first = net.hosts().next().unwrap_or(net.addr());
    match net {
        IpNet::V4(net) if net.prefix_len() < 31 => {
            (first, Ipv4Addr::from(u32::from(net.broadcast()).saturating_sub(1)).into())
        }
        _ => (first, net.broadcast()),
    }
}

fn v4(text: &str) -> Option<IpNet> {
    let net = match text.split_once('/') {
        Some(_) => text.parse::<Ipv4Net>().ok()?,
        None => text.parse::<Ipv4Addr>().ok()?.into(),
    };
    Some(IpNet::V4(net.trunc()))
}

fn v6(text: &str) -> Option<IpNet> {
    let net = match text.split_once('/') {
        Some(_) => text.parse::<Ipv6Net>().ok()?,
        None => text.parse::<Ipv6Addr>().ok()?.into(),
    };
    Some(IpNet::V6(net.trunc()))
}

fn targets(text: &str) -> Result<Vec<Target>, String> {
    // Commas do as well: a space takes quotes in many places.
    let words = text.split([' ', ',']).filter(|word| !word.is_empty());
    let all = words.map(Target::read).collect::<Result<Vec<_>, _>>()?;
    match all.len() {
        0 => Err("it names nothing: leave it out for all traffic, or write it as in 10.9.0.0/24".into()),
        n if n > MAX_TARGETS => Err(format!("these are {n}, and {MAX_TARGETS} fit: name larger networks")),
        _ => Ok(all),
    }
}

fn protocol(text: &str) -> Result<Protocol, String> {
    match text {
        "tcp" => Ok(Protocol::Tcp),
        "udp" => Ok(Protocol::Udp),
        "any" => Ok(Protocol::Any),
        _ => Err("write tcp, udp or any".into()),
    }
}

fn direction(text: &str) -> Result<&'static str, String> {
    match text {
        "out" => Ok("out"),
        "in" => Ok("in"),
        "both" => Ok("both"),
        _ => Err("write out, in or both".into()),
    }
}

fn region(text: &str) -> Result<String, String> {
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let is_one = text.contains('-') && !text.starts_with('-') && text.len() <= 32 && text.bytes().all(fits);
    if is_one { Ok(text.to_owned()) } else { Err("write a region as in eu-central-1".into()) }
}

/// How many of the parts a share is: at least one.
fn parts(share: u32) -> u32 {
    ((share * PARTS + 50_000) / 100_000).clamp(1, PARTS)
}

/// That many parts of all, as `VALUE/MASK` of a port. Each covers a power of two of them, and none covers another's.
///
/// Bits 1 to 8 of the port say which part: Linux gives even ports to whoever connects, so bit 0 tells nothing apart.
pub(super) fn masks(parts: u32) -> Vec<String> {
    let mut start = 0;
    let mut all = Vec::new();
    for bit in (0..8).rev() {
        let size = 1 << bit;
        if parts & size != 0 {
            let mask = PARTS - size;
            all.push(format!("{:#06x}/{:#06x}", start << 1, mask << 1));
            start += size;
        }
    }
    all
}
