//! What an account holds beside its groups: resources of every kind that a rule looks at, as small types of our own.
//!
//! A resource says what it is, whose it is and what it points at. Who points at *it* is the
//! [reference graph](crate::graph)'s to say.

mod compute;
mod id;
mod launch;
mod network;
mod uses;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

pub use compute::{Image, Instance, ManagedNode, Metadata, Parameter, Snapshot, Volume, VolumeState};
pub use id::{ResourceId, ResourceKind, UnknownKind};
pub use launch::{Launch, LaunchConfiguration, LaunchTemplate, TemplateVersion};
pub use network::{
    Address, Balancer, BalancerKind, ClassicBalancer, Interface, KeyPair, LogGroup, NatGateway, Peer, Permission,
    RouteTable, SecurityGroup, Subnet, TargetGroup,
};
pub use uses::{Pointed, Use};

use crate::fleet::{Group, View};

/// Tags by key.
pub type Tags = BTreeMap<String, String>;

/// One resource, as a list call shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// What the API calls it.
    pub id: ResourceId,
    /// What people call it, where that is something else: a name, or the `Name` tag.
    pub name: Option<String>,
    /// Its tags. `Unasked` where the list does not carry them; never taken for absent.
    pub tags: View<Tags>,
    /// When it was made, where the API says.
    pub created: Option<DateTime<Utc>>,
    /// What else is known of it.
    pub about: About,
}

impl Resource {
    /// The value of a tag, if its tags are known and it has it.
    pub fn tag(&self, key: &str) -> Option<&str> {
        self.tags.known()?.get(key).map(String::as_str)
    }

    /// What people call it, else its id.
    pub fn title(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.id.id)
    }
}

macro_rules! about {
    ($($(#[doc = $doc:literal])+ $variant:ident($type:ty) as $method:ident,)+) => {
        /// What is known of a resource, by its kind.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum About {
            $($(#[doc = $doc])+ $variant($type),)+
        }

        impl Resource {
            /// Its kind.
            pub fn kind(&self) -> ResourceKind {
                match self.about { $(About::$variant(_) => ResourceKind::$variant,)+ }
            }

            $(
                #[doc = concat!("What is known of it, if it is ", stringify!($method), ".")]
                pub fn $method(&self) -> Option<&$type> {
                    match &self.about { About::$variant(about) => Some(about), _ => None }
                }
            )+
        }
    };
}

about! {
    /// An EC2 instance.
    Instance(Instance) as instance,
    /// An EBS volume.
    Volume(Volume) as volume,
    /// An EBS snapshot that the account owns.
    Snapshot(Snapshot) as snapshot,
    /// A machine image that the account owns.
    Image(Image) as image,
    /// An Auto Scaling group.
    Group(Box<Group>) as group,
    /// A launch configuration.
    LaunchConfiguration(LaunchConfiguration) as launch_configuration,
    /// A launch template as a whole.
    LaunchTemplate(LaunchTemplate) as launch_template,
    /// One version of a launch template.
    TemplateVersion(TemplateVersion) as template_version,
    /// An application, network or gateway load balancer.
    Balancer(Balancer) as balancer,
    /// A classic load balancer.
    ClassicBalancer(ClassicBalancer) as classic_balancer,
    /// A target group.
    TargetGroup(TargetGroup) as target_group,
    /// An Elastic IP address.
    Address(Address) as address,
    /// An elastic network interface.
    Interface(Interface) as interface,
    /// A security group.
    SecurityGroup(SecurityGroup) as security_group,
    /// A key pair.
    KeyPair(KeyPair) as key_pair,
    /// A NAT gateway.
    NatGateway(NatGateway) as nat_gateway,
    /// A route table.
    RouteTable(RouteTable) as route_table,
    /// A log group of CloudWatch Logs.
    LogGroup(LogGroup) as log_group,
    /// A subnet.
    Subnet(Subnet) as subnet,
    /// A parameter of Systems Manager.
    Parameter(Parameter) as parameter,
    /// An instance that Systems Manager reaches.
    ManagedNode(ManagedNode) as managed_node,
}

impl From<&Group> for Resource {
    fn from(group: &Group) -> Self {
        Self {
            id: ResourceId::new(ResourceKind::Group, &group.name),
            name: None,
            tags: View::Known(group.tags.clone()),
            created: group.created,
            about: About::Group(Box::new(group.clone())),
        }
    }
}
