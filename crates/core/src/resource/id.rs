//! The kinds of resources, and their names in config, tags, events and commands.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

macro_rules! kinds {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal, $several:literal,)+) => {
        /// A kind of resource. Its name is in the config, in events and before each id: `volume/vol-0abc`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum ResourceKind {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl ResourceKind {
            /// Every kind.
            pub const ALL: &[ResourceKind] = &[$(ResourceKind::$variant),+];

            /// Its name: `volume`.
            pub fn as_str(self) -> &'static str {
                match self { $(ResourceKind::$variant => $name,)+ }
            }

            /// Several of them, for people: `volumes`.
            pub fn several(self) -> &'static str {
                match self { $(ResourceKind::$variant => $several,)+ }
            }
        }
    };
}

kinds! {
    /// An EC2 instance, by its id.
    Instance = "instance", "instances",
    /// An EBS volume, by its id.
    Volume = "volume", "volumes",
    /// An EBS snapshot, by its id.
    Snapshot = "snapshot", "snapshots",
    /// A machine image, by its id.
    Image = "image", "images",
    /// An Auto Scaling group, by its name.
    Group = "auto-scaling-group", "Auto Scaling groups",
    /// A launch configuration, by its name.
    LaunchConfiguration = "launch-configuration", "launch configurations",
    /// A launch template, by its id.
    LaunchTemplate = "launch-template", "launch templates",
    /// A launch template's version: `lt-0abc:3`.
    TemplateVersion = "launch-template-version", "launch template versions",
    /// An application, network or gateway load balancer, by its ARN.
    Balancer = "load-balancer", "load balancers",
    /// A classic load balancer, by its name.
    ClassicBalancer = "classic-load-balancer", "classic load balancers",
    /// A target group, by its ARN.
    TargetGroup = "target-group", "target groups",
    /// An Elastic IP address, by its allocation id.
    Address = "elastic-ip", "Elastic IP addresses",
    /// A network interface, by its id.
    Interface = "network-interface", "network interfaces",
    /// A security group, by its id.
    SecurityGroup = "security-group", "security groups",
    /// A key pair, by its id.
    KeyPair = "key-pair", "key pairs",
    /// A NAT gateway, by its id.
    NatGateway = "nat-gateway", "NAT gateways",
    /// A route table, by its id.
    RouteTable = "route-table", "route tables",
    /// A log group, by its name.
    LogGroup = "log-group", "log groups",
    /// A subnet, by its id.
    Subnet = "subnet", "subnets",
    /// A parameter of Systems Manager, by its name.
    Parameter = "parameter", "parameters",
    /// An instance that Systems Manager reaches, by its instance id.
    ManagedNode = "managed-node", "managed nodes",
}

impl fmt::Display for ResourceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A word that names no kind of resource.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no kind of resource; there are: {all}", all = names())]
pub struct UnknownKind(pub String);

fn names() -> String {
    ResourceKind::ALL.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(", ")
}

impl FromStr for ResourceKind {
    type Err = UnknownKind;
    fn from_str(text: &str) -> Result<Self, UnknownKind> {
        ResourceKind::ALL.iter().copied().find(|kind| kind.as_str() == text).ok_or_else(|| UnknownKind(text.into()))
    }
}

/// A resource's name, unique in its scope: `volume/vol-0abc`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ResourceId {
    /// What it is.
    pub kind: ResourceKind,
    /// What the API calls it: an id, a name or an ARN.
    pub id: String,
}

impl ResourceId {
    /// That resource.
    pub fn new(kind: ResourceKind, id: impl Into<String>) -> Self {
        Self { kind, id: id.into() }
    }

    /// The version of a launch template.
    pub fn version(template: &str, version: u64) -> Self {
        Self::new(ResourceKind::TemplateVersion, format!("{template}:{version}"))
    }
}

impl fmt::Display for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}/{}", self.kind, self.id))
    }
}

impl FromStr for ResourceId {
    type Err = UnknownKind;
    fn from_str(text: &str) -> Result<Self, UnknownKind> {
        let (kind, id) = text.split_once('/').unwrap_or((text, ""));
        Ok(Self::new(kind.parse()?, id))
    }
}

impl TryFrom<String> for ResourceId {
    type Error = UnknownKind;
    fn try_from(text: String) -> Result<Self, UnknownKind> {
        text.parse()
    }
}

impl From<ResourceId> for String {
    fn from(id: ResourceId) -> String {
        id.to_string()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_unique_and_read_back() {
        let names: BTreeSet<&str> = ResourceKind::ALL.iter().map(|kind| kind.as_str()).collect();
        assert_eq!(names.len(), ResourceKind::ALL.len());
        for kind in ResourceKind::ALL {
            // A name may hold slashes and more.
            let id = ResourceId::new(*kind, "/aws/x:y z");
            assert_eq!(id.to_string().parse(), Ok(id.clone()));
            assert_eq!(serde_json::from_str::<ResourceId>(&serde_json::to_string(&id).unwrap()).unwrap(), id);
        }
        let error = "bucket/x".parse::<ResourceId>().unwrap_err().to_string();
        assert!(error.starts_with("`bucket` is no kind of resource; there are: instance, volume, "), "{error}");
    }
}
