//! One region with a hundred thousand resources, of which every tenth is not as it should be.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, TimeDelta, Utc};
use simian_core::detail::TargetHealth;
use simian_core::estate::Kept;
use simian_core::ports::InstanceState;
use simian_core::resource::{
    About, Instance, ManagedNode, Metadata, Peer, Permission, SecurityGroup, Snapshot, Volume, VolumeState,
};
use simian_core::{
    Area, Birth, Estate, Extent, Fleet, Group, History, InstanceId, Lifecycle, Member, Mode, Observed, Resource,
    ResourceId, ResourceKind, Scope, View, World,
};

/// Together a hundred thousand: 2,000 groups, 30,000 instances that Systems Manager knows, a volume for each, 5,000
/// snapshots, 3,000 security groups.
const GROUPS: usize = 2_000;
const MEMBERS: usize = 15;
const SNAPSHOTS: usize = 5_000;
const SECURITY_GROUPS: usize = 3_000;

/// When it was read.
pub(crate) fn now() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + Days::new(20_000)
}

fn scope() -> Scope {
    Scope { account: "111122223333".parse().unwrap(), region: "us-east-1".parse().unwrap() }
}

fn tags(n: usize) -> BTreeMap<String, String> {
    let owner = ("owner".to_owned(), format!("team-{}", n % 100));
    [owner, ("Name".to_owned(), format!("thing-{n}")), ("env".to_owned(), "prod".to_owned())].into()
}

fn resource(n: usize, kind: ResourceKind, id: String, about: About) -> Resource {
    let created = Some(now() - TimeDelta::days(40));
    Resource { id: ResourceId::new(kind, id), name: None, tags: View::Known(tags(n)), created, about }
}

/// One in ten is old and gives its metadata to anybody.
fn instance(n: usize) -> Resource {
    let about = Instance {
        state: InstanceState::Running,
        stopped: None,
        launched: now() - TimeDelta::days(if n.is_multiple_of(10) { 100 } else { 10 }),
        kind: "m7g.large".into(),
        image: "ami-1".into(),
        zone: "us-east-1a".into(),
        subnet: Some("subnet-1".into()),
        vpc: Some("vpc-1".into()),
        key: None,
        security_groups: vec![format!("sg-{:05}", n % SECURITY_GROUPS)],
        public_address: None,
        metadata: Metadata { enabled: Some(true), tokens_required: Some(!n.is_multiple_of(10)), hop_limit: Some(1) },
        group: None,
        spot: false,
        managed: false,
    };
    resource(n, ResourceKind::Instance, format!("i-{n:05}"), About::Instance(about))
}

/// One in ten is in the clear, and attached to nothing.
fn volume(n: usize) -> Resource {
    let about = Volume {
        state: if n.is_multiple_of(10) { VolumeState::Available } else { VolumeState::InUse },
        size: 100,
        kind: "gp3".into(),
        iops: None,
        throughput: None,
        encrypted: !n.is_multiple_of(10),
        snapshot: None,
        attached: if n.is_multiple_of(10) { vec![] } else { vec![InstanceId::new(format!("i-{n:05}"))] },
        managed: false,
    };
    resource(n, ResourceKind::Volume, format!("vol-{n:05}"), About::Volume(about))
}

fn snapshot(n: usize) -> Resource {
    let about = Snapshot {
        completed: true,
        owner: "111122223333".into(),
        volume: None,
        size: 100,
        bytes: None,
        archived: false,
        encrypted: true,
        public: Some(false),
        description: String::new(),
    };
    resource(n, ResourceKind::Snapshot, format!("snap-{n:05}"), About::Snapshot(about))
}

fn security_group(n: usize) -> Resource {
    let permission = Permission {
        protocol: "tcp".into(),
        ports: Some((443, 443)),
        peers: vec![Peer::Cidr(if n.is_multiple_of(10) { "0.0.0.0/0" } else { "10.0.0.0/8" }.into())],
    };
    let about = SecurityGroup {
        name: if n.is_multiple_of(30) { "default".into() } else { format!("web-{n}") },
        vpc: Some(format!("vpc-{}", n / 30)),
        ingress: vec![permission],
        egress: vec![],
    };
    resource(n, ResourceKind::SecurityGroup, format!("sg-{n:05}"), About::SecurityGroup(about))
}

fn arn(n: usize) -> String {
    format!("arn:aws:elasticloadbalancing:us-east-1:111122223333:targetgroup/shop-{n}/0123456789abcdef")
}

fn group(n: usize) -> Group {
    let zones = ["us-east-1a", "us-east-1b", "us-east-1c"];
    let member = |m: usize| Member {
        id: InstanceId::new(format!("i-{:05}", n * MEMBERS + m)),
        zone: zones[m % 3].into(),
        lifecycle: Lifecycle::InService,
        healthy: true,
        protected: false,
        template_version: None,
        template: None,
        configuration: None,
        kind: Some("m7g.large".into()),
    };
    Group {
        name: format!("app{n}-prod-v001"),
        tags: tags(n),
        min: 3,
        desired: 15,
        max: 20,
        members: (0..MEMBERS).map(member).collect(),
        health_check: "ELB".into(),
        target_groups: vec![arn(n)],
        zones: zones.map(str::to_owned).into(),
        created: Some(now() - TimeDelta::days(40)),
        grace_seconds: 300,
        ..Group::default()
    }
}

/// The region.
pub(crate) fn world() -> World {
    let instances = GROUPS * MEMBERS;
    let mut estate = Estate { activities: View::Known(BTreeMap::new()), ..Estate::default() };
    let mut keep = |kind, all: Vec<Resource>| {
        estate.kinds.insert(kind, Kept::new(Extent::All, Ok::<_, String>(all)));
    };
    for kind in ResourceKind::ALL {
        keep(*kind, Vec::new());
    }
    let node = |n| {
        let about = About::ManagedNode(ManagedNode { online: true });
        resource(n, ResourceKind::ManagedNode, format!("i-{n:05}"), about)
    };
    keep(ResourceKind::Instance, (0..instances).map(instance).collect());
    keep(ResourceKind::ManagedNode, (0..instances).map(node).collect());
    keep(ResourceKind::Volume, (0..instances).map(volume).collect());
    keep(ResourceKind::Snapshot, (0..SNAPSHOTS).map(snapshot).collect());
    keep(ResourceKind::SecurityGroup, (0..SECURITY_GROUPS).map(security_group).collect());
    for n in 0..GROUPS {
        let members = (0..MEMBERS).map(|m| InstanceId::new(format!("i-{:05}", n * MEMBERS + m)));
        let health = members.map(|id| (id, TargetHealth::Healthy)).collect();
        estate.health.insert(arn(n), View::Known(health));
        estate.refreshes.insert(group(n).name, View::Known(None));
    }
    let groups = (0..GROUPS).map(group).map(|group| (group.name.clone(), group)).collect();
    let fleet = Fleet { groups: View::Known(groups), all_groups: true, estate, ..Fleet::unasked(scope(), now()) };
    World {
        area: Area::whole(&scope().account, &[scope().region]),
        mode: Mode::Live,
        at: now(),
        fleets: [(scope(), fleet)].into(),
        observed: Observed::default(),
        history: History::empty(Birth::new(uuid::Uuid::nil(), DateTime::UNIX_EPOCH)),
        requests: Vec::new(),
    }
}
