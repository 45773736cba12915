//! Resources as list calls show them, each of them waste by its own rule once it is old enough.

use chrono::{DateTime, TimeDelta, Utc};
use simian_core::resource::{
    About, Address, Balancer, BalancerKind, ClassicBalancer, Image, Instance, Interface, KeyPair, Launch,
    LaunchConfiguration, LaunchTemplate, LogGroup, Metadata, NatGateway, Parameter, RouteTable, SecurityGroup,
    Snapshot, TargetGroup, TemplateVersion, Volume, VolumeState,
};
use simian_core::{Group, InstanceState, Resource, ResourceId, ResourceKind, View};

/// Monday noon.
pub(crate) fn now() -> DateTime<Utc> {
    "2026-11-23T12:00:00Z".parse().unwrap()
}

pub(crate) const ACCOUNT: &str = "111122223333";

pub(crate) fn days_ago(days: i64) -> DateTime<Utc> {
    now() - TimeDelta::days(days)
}

/// A year old, untagged.
fn thing(kind: ResourceKind, id: &str, about: About) -> Resource {
    let created = Some(days_ago(365));
    Resource { id: ResourceId::new(kind, id), name: None, tags: View::Known([].into()), created, about }
}

/// What is changed of a resource in a test.
pub(crate) trait With: Sized {
    fn tagged(self, key: &str, value: &str) -> Self;
    fn made(self, days_ago: i64) -> Self;
}

impl With for Resource {
    fn tagged(mut self, key: &str, value: &str) -> Self {
        let View::Known(tags) = &mut self.tags else { panic!("its tags are not known") };
        tags.insert(key.into(), value.into());
        self
    }

    fn made(mut self, days: i64) -> Self {
        self.created = Some(days_ago(days));
        self
    }
}

/// Changes what is known of a resource of that kind.
macro_rules! changing {
    ($($name:ident: $variant:ident($type:ty),)+) => {
        $(
            pub(crate) fn $name(mut resource: Resource, change: impl FnOnce(&mut $type)) -> Resource {
                let About::$variant(about) = &mut resource.about else { panic!("it is {}", resource.id) };
                change(about);
                resource
            }
        )+
    };
}

changing! {
    with_instance: Instance(Instance),
    with_volume: Volume(Volume),
    with_snapshot: Snapshot(Snapshot),
    with_image: Image(Image),
    with_template: LaunchTemplate(LaunchTemplate),
    with_version: TemplateVersion(TemplateVersion),
    with_balancer: Balancer(Balancer),
    with_classic_balancer: ClassicBalancer(ClassicBalancer),
    with_target_group: TargetGroup(TargetGroup),
    with_address: Address(Address),
    with_interface: Interface(Interface),
    with_security_group: SecurityGroup(SecurityGroup),
    with_nat_gateway: NatGateway(NatGateway),
    with_log_group: LogGroup(LogGroup),
}

/// Running, in no group, nobody's.
pub(crate) fn instance(id: &str) -> Resource {
    let about = Instance {
        state: InstanceState::Running,
        stopped: None,
        launched: days_ago(100),
        kind: "m5.large".into(),
        image: "ami-base".into(),
        zone: "us-east-1a".into(),
        subnet: Some("subnet-1".into()),
        vpc: Some("vpc-1".into()),
        key: None,
        security_groups: vec![],
        public_address: None,
        metadata: Metadata::default(),
        group: None,
        spot: false,
        managed: false,
    };
    thing(ResourceKind::Instance, id, About::Instance(about))
}

pub(crate) fn stopped(id: &str, days: Option<i64>) -> Resource {
    with_instance(instance(id), |instance| {
        instance.state = InstanceState::Stopped;
        instance.stopped = days.map(days_ago);
    })
}

pub(crate) fn volume(id: &str) -> Resource {
    let about = Volume {
        state: VolumeState::Available,
        size: 100,
        kind: "gp3".into(),
        iops: Some(3000),
        throughput: Some(125),
        encrypted: true,
        snapshot: None,
        attached: vec![],
        managed: false,
    };
    thing(ResourceKind::Volume, id, About::Volume(about))
}

pub(crate) fn attached(id: &str, to: &str) -> Resource {
    with_volume(volume(id), |volume| {
        volume.state = VolumeState::InUse;
        volume.attached = vec![simian_core::InstanceId::new(to)];
    })
}

pub(crate) fn snapshot(id: &str) -> Resource {
    let about = Snapshot {
        completed: true,
        owner: ACCOUNT.into(),
        volume: Some("vol-ffffffff".into()),
        size: 40,
        bytes: None,
        archived: false,
        encrypted: true,
        public: Some(false),
        description: String::new(),
    };
    thing(ResourceKind::Snapshot, id, About::Snapshot(about))
}

pub(crate) fn image(id: &str, snapshots: &[&str]) -> Resource {
    let about = Image {
        available: true,
        disabled: false,
        owner: ACCOUNT.into(),
        public: false,
        snapshots: snapshots.iter().map(|id| (*id).to_owned()).collect(),
        deprecated: None,
        last_launched: Some(days_ago(200)),
        protected: false,
    };
    thing(ResourceKind::Image, id, About::Image(about))
}

/// Min, desired and max 0, no members.
pub(crate) fn group(name: &str) -> Group {
    Group { name: name.into(), created: Some(days_ago(365)), ..Group::default() }
}

pub(crate) fn launching(image: &str) -> Launch {
    Launch { image: Some(image.into()), ..Launch::default() }
}

pub(crate) fn launch_configuration(name: &str, launch: Launch) -> Resource {
    let about = LaunchConfiguration { launch };
    thing(ResourceKind::LaunchConfiguration, name, About::LaunchConfiguration(about))
}

pub(crate) fn template(id: &str, default_version: u64, latest_version: u64) -> Resource {
    let about = LaunchTemplate { default_version, latest_version, managed: false };
    thing(ResourceKind::LaunchTemplate, id, About::LaunchTemplate(about))
}

/// Neither default nor latest.
pub(crate) fn version(template: &str, number: u64, launch: Launch) -> Resource {
    let about = TemplateVersion { template: template.into(), number, default: false, latest: false, launch };
    let id = ResourceId::version(template, number).id;
    thing(ResourceKind::TemplateVersion, &id, About::TemplateVersion(about))
}

pub(crate) fn balancer(arn: &str) -> Resource {
    let about = Balancer {
        kind: BalancerKind::Application,
        public: true,
        zones: vec![],
        vpc: None,
        security_groups: vec![],
        listeners: Some(0),
    };
    thing(ResourceKind::Balancer, arn, About::Balancer(about))
}

pub(crate) fn classic_balancer(name: &str) -> Resource {
    let about =
        ClassicBalancer { public: true, zones: vec![], security_groups: vec![], instances: vec![], cross_zone: None };
    thing(ResourceKind::ClassicBalancer, name, About::ClassicBalancer(about))
}

pub(crate) fn target_group(arn: &str, balancers: &[&str]) -> Resource {
    let balancers = balancers.iter().map(|arn| (*arn).to_owned()).collect();
    let about = TargetGroup { balancers, kind: "instance".into(), health_path: None };
    Resource { created: None, ..thing(ResourceKind::TargetGroup, arn, About::TargetGroup(about)) }
}

pub(crate) fn address(id: &str) -> Resource {
    let about =
        Address { ip: "198.51.100.7".into(), associated: false, interface: None, instance: None, managed: false };
    Resource { created: None, ..thing(ResourceKind::Address, id, About::Address(about)) }
}

pub(crate) fn interface(id: &str) -> Resource {
    let about = Interface {
        available: true,
        kind: "interface".into(),
        instance: None,
        security_groups: vec![],
        managed: false,
        subnet: None,
        description: String::new(),
    };
    Resource { created: None, ..thing(ResourceKind::Interface, id, About::Interface(about)) }
}

pub(crate) fn security_group(id: &str, name: &str) -> Resource {
    let about = SecurityGroup { name: name.into(), vpc: None, ingress: vec![], egress: vec![] };
    Resource { created: None, ..thing(ResourceKind::SecurityGroup, id, About::SecurityGroup(about)) }
}

pub(crate) fn key_pair(id: &str, name: &str) -> Resource {
    thing(ResourceKind::KeyPair, id, About::KeyPair(KeyPair { name: name.into() }))
}

pub(crate) fn nat_gateway(id: &str) -> Resource {
    let about = NatGateway { alive: true, addresses: vec![], interfaces: vec![], subnet: None };
    thing(ResourceKind::NatGateway, id, About::NatGateway(about))
}

pub(crate) fn route_table(id: &str, gateways: &[&str]) -> Resource {
    let nat_gateways = gateways.iter().map(|id| (*id).to_owned()).collect();
    let about = RouteTable { nat_gateways, interfaces: vec![], associated: true };
    thing(ResourceKind::RouteTable, id, About::RouteTable(about))
}

/// As a list shows it: without tags.
pub(crate) fn log_group(name: &str) -> Resource {
    let about = LogGroup { retention_days: None, bytes: 10 << 30 };
    Resource { tags: View::Unasked, ..thing(ResourceKind::LogGroup, name, About::LogGroup(about)) }
}

pub(crate) fn parameter(name: &str, images: &[&str]) -> Resource {
    let about = Parameter { images: images.iter().map(|id| (*id).to_owned()).collect() };
    thing(ResourceKind::Parameter, name, About::Parameter(about))
}
