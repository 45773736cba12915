//! What a resource points at, read off its own description.

use super::{About, Launch, Peer, Resource, ResourceId, ResourceKind};
use crate::fleet::{Group, LaunchSource};

/// A resource points at another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Use {
    /// At that one. Where AWS only knows a name, the name stands for the id.
    pub what: Pointed,
    /// In which way, after "it": `launches from it`.
    pub how: &'static str,
}

/// What is pointed at: by its id, or, where AWS has only that, by its name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pointed {
    /// By the id that the resource itself has.
    Id(ResourceId),
    /// By name: key pairs, and security groups in old launches.
    Name(ResourceKind, String),
}

impl Resource {
    /// All that it points at.
    pub fn uses(&self) -> Vec<Use> {
        let mut out = Uses::default();
        match &self.about {
            About::Instance(instance) => {
                out.id(ResourceKind::Image, &instance.image, "was started from it");
                out.ids(ResourceKind::SecurityGroup, &instance.security_groups, "is behind it");
                out.name(ResourceKind::KeyPair, instance.key.as_deref(), "was started with it");
                out.id_if(ResourceKind::Subnet, instance.subnet.as_deref(), "is in it");
                // Tags that AWS sets on what a template launched. Source: EC2 User Guide, "Launch templates".
                if let Some(template) = self.tag("aws:ec2launchtemplate:id") {
                    out.id(ResourceKind::LaunchTemplate, template, "was launched from it");
                    let number = self.tag("aws:ec2launchtemplate:version").and_then(|number| number.parse().ok());
                    if let Some(number) = number {
                        let what = Pointed::Id(ResourceId::version(template, number));
                        out.0.push(Use { what, how: "was launched from it" });
                    }
                }
            }
            About::Volume(volume) => {
                out.id_if(ResourceKind::Snapshot, volume.snapshot.as_deref(), "was made from it");
            }
            About::Image(image) => out.ids(ResourceKind::Snapshot, &image.snapshots, "is made of it"),
            About::Group(group) => out.group(group),
            About::LaunchConfiguration(configuration) => out.launch(&configuration.launch),
            About::TemplateVersion(version) => {
                out.launch(&version.launch);
            }
            About::Balancer(balancer) => {
                out.ids(ResourceKind::SecurityGroup, &balancer.security_groups, "is behind it");
            }
            About::ClassicBalancer(balancer) => {
                out.ids(ResourceKind::SecurityGroup, &balancer.security_groups, "is behind it");
                let instances: Vec<String> = balancer.instances.iter().map(ToString::to_string).collect();
                out.ids(ResourceKind::Instance, &instances, "sends to it");
            }
            About::Interface(interface) => {
                out.ids(ResourceKind::SecurityGroup, &interface.security_groups, "is behind it");
            }
            About::SecurityGroup(group) => {
                let peers = group.ingress.iter().chain(&group.egress).flat_map(|permission| &permission.peers);
                for peer in peers {
                    match peer {
                        Peer::Group(id) if *id != self.id.id => out.id(ResourceKind::SecurityGroup, id, "names it"),
                        Peer::Group(_) | Peer::Cidr(_) | Peer::PrefixList(_) => {}
                    }
                }
            }
            About::NatGateway(gateway) => {
                out.ids(ResourceKind::Address, &gateway.addresses, "has it");
                out.ids(ResourceKind::Interface, &gateway.interfaces, "has it");
            }
            About::RouteTable(table) => {
                out.ids(ResourceKind::NatGateway, &table.nat_gateways, "routes to it");
                out.ids(ResourceKind::Interface, &table.interfaces, "routes to it");
            }
            About::Address(address) => {
                out.id_if(ResourceKind::Interface, address.interface.as_deref(), "is associated with it");
            }
            About::Parameter(parameter) => out.ids(ResourceKind::Image, &parameter.images, "names it"),
            About::Snapshot(_)
            | About::LaunchTemplate(_)
            | About::TargetGroup(_)
            | About::KeyPair(_)
            | About::LogGroup(_)
            | About::Subnet(_)
            | About::ManagedNode(_) => {}
        }
        out.0
    }

    /// Who points at it by its own description: the arrows that only the one pointed at knows.
    pub fn used_by(&self) -> Vec<(ResourceId, &'static str)> {
        match &self.about {
            About::TargetGroup(group) => {
                let balancers = group.balancers.iter();
                balancers.map(|arn| (ResourceId::new(ResourceKind::Balancer, arn), "sends to it")).collect()
            }
            About::Volume(volume) => {
                let instances = volume.attached.iter();
                instances.map(|id| (ResourceId::new(ResourceKind::Instance, id.as_str()), "has it attached")).collect()
            }
            About::Interface(interface) => {
                let instance = interface.instance.iter();
                instance.map(|id| (ResourceId::new(ResourceKind::Instance, id), "has it attached")).collect()
            }
            About::Address(address) => {
                let instance = address.instance.iter();
                instance.map(|id| (ResourceId::new(ResourceKind::Instance, id), "has it")).collect()
            }
            About::TemplateVersion(version) => {
                let template = || ResourceId::new(ResourceKind::LaunchTemplate, &version.template);
                let mut users = Vec::new();
                if version.default {
                    users.push((template(), "has it as its default"));
                }
                if version.latest {
                    users.push((template(), "has it as its latest"));
                }
                users
            }
            _ => Vec::new(),
        }
    }

    /// The name by which others may point at it instead of its id.
    pub fn pointed_name(&self) -> Option<&str> {
        match &self.about {
            About::KeyPair(key) => Some(&key.name),
            About::SecurityGroup(group) => Some(&group.name),
            _ => None,
        }
    }
}

#[derive(Default)]
struct Uses(Vec<Use>);

impl Uses {
    fn id(&mut self, kind: ResourceKind, id: &str, how: &'static str) {
        self.0.push(Use { what: Pointed::Id(ResourceId::new(kind, id)), how });
    }

    fn id_if(&mut self, kind: ResourceKind, id: Option<&str>, how: &'static str) {
        if let Some(id) = id {
            self.id(kind, id, how);
        }
    }

    fn ids(&mut self, kind: ResourceKind, ids: &[String], how: &'static str) {
        for id in ids {
            self.id(kind, id, how);
        }
    }

    fn name(&mut self, kind: ResourceKind, name: Option<&str>, how: &'static str) {
        if let Some(name) = name {
            self.0.push(Use { what: Pointed::Name(kind, name.to_owned()), how });
        }
    }

    fn launch(&mut self, launch: &Launch) {
        self.id_if(ResourceKind::Image, launch.image.as_deref(), "launches it");
        self.id_if(ResourceKind::Parameter, launch.parameter.as_deref(), "launches what it names");
        self.name(ResourceKind::KeyPair, launch.key.as_deref(), "launches with it");
        self.ids(ResourceKind::SecurityGroup, &launch.security_groups, "launches behind it");
        for name in &launch.security_group_names {
            self.name(ResourceKind::SecurityGroup, Some(name), "launches behind it");
        }
        self.ids(ResourceKind::Snapshot, &launch.snapshots, "launches volumes from it");
        self.ids(ResourceKind::Interface, &launch.interfaces, "attaches it");
    }

    fn group(&mut self, group: &Group) {
        for source in &group.launches {
            match source {
                LaunchSource::Template { id, version } => {
                    self.id(ResourceKind::LaunchTemplate, id, "launches from it");
                    if let Ok(number) = version.parse() {
                        let what = Pointed::Id(ResourceId::version(id, number));
                        self.0.push(Use { what, how: "launches from it" });
                    }
                }
                LaunchSource::Configuration(name) => {
                    self.id(ResourceKind::LaunchConfiguration, name, "launches from it");
                }
                LaunchSource::Image(id) => self.id(ResourceKind::Image, id, "launches it"),
            }
        }
        for member in &group.members {
            self.id(ResourceKind::Instance, member.id.as_str(), "has it as a member");
            if let (Some(template), Some(number)) =
                (&member.template, member.template_version.as_deref().and_then(|version| version.parse().ok()))
            {
                let what = Pointed::Id(ResourceId::version(template, number));
                self.0.push(Use { what, how: "has a member that was launched from it" });
            }
        }
        self.ids(ResourceKind::TargetGroup, &group.target_groups, "registers its members with it");
        self.ids(ResourceKind::ClassicBalancer, &group.classic_balancers, "registers its members with it");
        self.ids(ResourceKind::Subnet, &group.subnets, "launches into it");
    }
}
