//! Balancers, addresses, interfaces, security groups and the rest. Sources: EC2 API; Elastic Load Balancing API, both
//! versions; CloudWatch Logs API.

use crate::fleet::InstanceId;

/// What a load balancer is. Source: `LoadBalancerTypeEnum`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BalancerKind {
    /// Layer 7.
    Application,
    /// Layer 4.
    Network,
    /// In front of appliances.
    Gateway,
}

/// `LoadBalancer`, version 2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Balancer {
    /// What it is.
    pub kind: BalancerKind,
    /// The internet reaches it.
    pub public: bool,
    /// Its zones.
    pub zones: Vec<String>,
    /// Its VPC.
    pub vpc: Option<String>,
    /// Its security groups' ids.
    pub security_groups: Vec<String>,
    /// How many listeners it has: each answers, if only with a redirect. `None` where nobody asked, as in a list of all.
    pub listeners: Option<u32>,
}

/// `LoadBalancerDescription`, version 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassicBalancer {
    /// The internet reaches it.
    pub public: bool,
    /// Its zones.
    pub zones: Vec<String>,
    /// Its security groups' ids.
    pub security_groups: Vec<String>,
    /// The instances behind it.
    pub instances: Vec<InstanceId>,
    /// It spreads over zones evenly; `None` where nobody asked.
    pub cross_zone: Option<bool>,
}

/// `TargetGroup`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetGroup {
    /// The ARNs of the balancers that send to it.
    pub balancers: Vec<String>,
    /// What its targets are: `instance`, `ip`, `lambda` or `alb`.
    pub kind: String,
    /// The path that its health check asks for, where it asks over HTTP.
    pub health_path: Option<String>,
}

/// `Address`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// The address itself.
    pub ip: String,
    /// Associated with something.
    pub associated: bool,
    /// With that interface.
    pub interface: Option<String>,
    /// With that instance.
    pub instance: Option<String>,
    /// A service of AWS looks after it.
    pub managed: bool,
}

/// `NetworkInterface`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// Attached to nothing: its status is `available`.
    pub available: bool,
    /// Its type, such as `interface` or `nat_gateway`.
    pub kind: String,
    /// The instance that has it.
    pub instance: Option<String>,
    /// Its security groups' ids.
    pub security_groups: Vec<String>,
    /// A service of AWS made it, and looks after it.
    pub managed: bool,
    /// Its subnet.
    pub subnet: Option<String>,
    /// What it is for, in somebody's words.
    pub description: String,
}

/// `SecurityGroup`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecurityGroup {
    /// Its name.
    pub name: String,
    /// Its VPC.
    pub vpc: Option<String>,
    /// What comes in.
    pub ingress: Vec<Permission>,
    /// What goes out.
    pub egress: Vec<Permission>,
}

impl SecurityGroup {
    /// The one that each VPC comes with and that cannot be deleted.
    pub fn is_default(&self) -> bool {
        self.name == "default"
    }
}

/// `IpPermission`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permission {
    /// `tcp`, `udp`, `icmp`, a number, or `-1` for all.
    pub protocol: String,
    /// The ports, both included; `None` for all of them.
    pub ports: Option<(u16, u16)>,
    /// To or from whom.
    pub peers: Vec<Peer>,
}

/// To or from whom a permission is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Peer {
    /// Addresses, IPv4 or IPv6, such as `0.0.0.0/0`.
    Cidr(String),
    /// A security group, by id.
    Group(String),
    /// A prefix list, by id.
    PrefixList(String),
}

/// `KeyPairInfo`. Launches name it, so its name matters and not its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyPair {
    /// Its name.
    pub name: String,
}

/// `NatGateway`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NatGateway {
    /// It works: `pending` or `available`.
    pub alive: bool,
    /// Its addresses' allocation ids.
    pub addresses: Vec<String>,
    /// Its interfaces.
    pub interfaces: Vec<String>,
    /// Its subnet.
    pub subnet: Option<String>,
}

/// `RouteTable`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteTable {
    /// The NAT gateways that its routes lead to.
    pub nat_gateways: Vec<String>,
    /// The interfaces that its routes lead to.
    pub interfaces: Vec<String>,
    /// Some subnet goes by it, or its VPC by default.
    pub associated: bool,
}

/// `LogGroup`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogGroup {
    /// How many days its events are kept; `None` for ever.
    pub retention_days: Option<u32>,
    /// What is stored, in bytes.
    pub bytes: u64,
}

/// `Subnet`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subnet {
    /// Its zone.
    pub zone: String,
    /// Its VPC.
    pub vpc: Option<String>,
}
