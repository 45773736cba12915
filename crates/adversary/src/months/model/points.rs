//! Who uses what, read off the descriptions once more.

use simian_core::resource::{About, Launch, Peer};
use simian_core::{Group, LaunchSource, Resource, ResourceId, ResourceKind as Kind};

/// A resource that somebody may use, by its id and, where launches know only that, by its name.
#[derive(Clone, Copy)]
pub(super) struct Target<'t> {
    pub(super) id: &'t ResourceId,
    pub(super) name: Option<&'t str>,
}

impl<'t> Target<'t> {
    pub(super) fn of(resource: &'t Resource) -> Self {
        let name = match &resource.about {
            About::KeyPair(key) => Some(key.name.as_str()),
            About::SecurityGroup(group) => Some(group.name.as_str()),
            _ => None,
        };
        Self { id: &resource.id, name }
    }

    fn is(&self, kind: Kind, id: &str) -> bool {
        self.id.kind == kind && self.id.id == id
    }

    fn any(&self, kind: Kind, ids: &[String]) -> bool {
        ids.iter().any(|id| self.is(kind, id))
    }

    fn named(&self, kind: Kind, name: &str) -> bool {
        self.id.kind == kind && self.name == Some(name)
    }

    fn launched(&self, launch: &Launch) -> bool {
        launch.image.iter().any(|id| self.is(Kind::Image, id))
            || launch.parameter.iter().any(|id| self.is(Kind::Parameter, id))
            || launch.key.iter().any(|name| self.named(Kind::KeyPair, name))
            || self.any(Kind::SecurityGroup, &launch.security_groups)
            || launch.security_group_names.iter().any(|name| self.named(Kind::SecurityGroup, name))
            || self.any(Kind::Snapshot, &launch.snapshots)
            || self.any(Kind::Interface, &launch.interfaces)
    }

    /// Whether that resource uses it.
    pub(super) fn used_by(&self, other: &Resource) -> bool {
        match &other.about {
            About::Instance(instance) => {
                let template = other.tag("aws:ec2launchtemplate:id");
                let version = other.tag("aws:ec2launchtemplate:version");
                self.is(Kind::Image, &instance.image)
                    || self.any(Kind::SecurityGroup, &instance.security_groups)
                    || instance.key.iter().any(|name| self.named(Kind::KeyPair, name))
                    || template.is_some_and(|id| self.is(Kind::LaunchTemplate, id))
                    || template.zip(version).is_some_and(|(id, n)| self.is(Kind::TemplateVersion, &format!("{id}:{n}")))
            }
            About::Volume(volume) => volume.snapshot.iter().any(|id| self.is(Kind::Snapshot, id)),
            About::Image(image) => self.any(Kind::Snapshot, &image.snapshots),
            About::LaunchConfiguration(one) => self.launched(&one.launch),
            About::TemplateVersion(one) => self.launched(&one.launch),
            About::Balancer(one) => self.any(Kind::SecurityGroup, &one.security_groups),
            About::ClassicBalancer(one) => {
                self.any(Kind::SecurityGroup, &one.security_groups)
                    || one.instances.iter().any(|id| self.is(Kind::Instance, id.as_str()))
            }
            About::Interface(one) => self.any(Kind::SecurityGroup, &one.security_groups),
            About::SecurityGroup(one) => {
                let peers = one.ingress.iter().chain(&one.egress).flat_map(|permission| &permission.peers);
                let names = |peer: &Peer| matches!(peer, Peer::Group(id) if self.is(Kind::SecurityGroup, id));
                other.id != *self.id && peers.into_iter().any(names)
            }
            About::NatGateway(one) => {
                self.any(Kind::Address, &one.addresses) || self.any(Kind::Interface, &one.interfaces)
            }
            About::RouteTable(one) => {
                self.any(Kind::NatGateway, &one.nat_gateways) || self.any(Kind::Interface, &one.interfaces)
            }
            About::Address(one) => one.interface.iter().any(|id| self.is(Kind::Interface, id)),
            About::TargetGroup(one) => self.any(Kind::Balancer, &one.balancers),
            About::Parameter(one) => self.any(Kind::Image, &one.images),
            _ => false,
        }
    }

    /// Whether that group uses it.
    pub(super) fn used_by_group(&self, group: &Group) -> bool {
        let source = |source: &LaunchSource| match source {
            LaunchSource::Template { id, version } => {
                self.is(Kind::LaunchTemplate, id) || self.is(Kind::TemplateVersion, &format!("{id}:{version}"))
            }
            LaunchSource::Configuration(name) => self.is(Kind::LaunchConfiguration, name),
            LaunchSource::Image(id) => self.is(Kind::Image, id),
        };
        group.launches.iter().any(source)
            || group.members.iter().any(|member| self.is(Kind::Instance, member.id.as_str()))
            || self.any(Kind::TargetGroup, &group.target_groups)
            || self.any(Kind::ClassicBalancer, &group.classic_balancers)
    }
}
