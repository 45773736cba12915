//! From a thing to the resource that lists show.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use simian_core::resource::{
    About, Address, Balancer, BalancerKind, ClassicBalancer, Image, Instance, Interface, KeyPair, Launch,
    LaunchConfiguration, LaunchTemplate, LogGroup, Metadata, NatGateway, Parameter, Peer, Permission, RouteTable,
    SecurityGroup, Snapshot, TargetGroup, TemplateVersion, Volume, VolumeState,
};
use simian_core::{InstanceId, InstanceState, Resource, ResourceId, ResourceKind, View};

use super::{Thing, Word};
use crate::scenario::ACCOUNT;

/// Another account.
const STRANGER: &str = "999988887777";

/// The resource, made so long before `start`. `None` for a kind that no list here shows.
pub(crate) fn resource(thing: &Thing, start: DateTime<Utc>) -> Option<Resource> {
    let created = thing.age.map(|days| start - TimeDelta::days(i64::from(days)));
    Some(Resource {
        id: thing.id.clone(),
        name: None,
        tags: View::Known(thing.tags.clone()),
        created,
        about: about(thing, created.unwrap_or(start))?,
    })
}

impl Thing {
    fn is(&self, word: Word) -> bool {
        self.words.contains(&word)
    }

    /// The ids of that kind that it points at.
    fn of(&self, kind: ResourceKind) -> Vec<String> {
        self.uses.iter().filter(|id| id.kind == kind).map(|id| id.id.clone()).collect()
    }

    fn one(&self, kind: ResourceKind) -> Option<String> {
        self.of(kind).pop()
    }

    fn account(&self) -> String {
        if self.is(Word::Foreign) { STRANGER.into() } else { ACCOUNT.into() }
    }

    fn instances(&self) -> Vec<InstanceId> {
        self.of(ResourceKind::Instance).into_iter().map(InstanceId::new).collect()
    }

    fn launch(&self) -> Launch {
        let groups = self.of(ResourceKind::SecurityGroup);
        let named = groups.iter().map(|id| name(id)).collect();
        let by_name = self.is(Word::ByName);
        Launch {
            image: self.one(ResourceKind::Image),
            parameter: self.one(ResourceKind::Parameter),
            key: self.one(ResourceKind::KeyPair).map(|id| name(&id)),
            security_groups: if by_name { Vec::new() } else { groups },
            security_group_names: if by_name { named } else { Vec::new() },
            snapshots: self.of(ResourceKind::Snapshot),
            interfaces: self.of(ResourceKind::Interface),
            ..Launch::default()
        }
    }
}

/// The name of what has an id besides: a key pair, a security group.
pub(crate) fn name(id: &str) -> String {
    format!("name-of-{id}")
}

fn about(thing: &Thing, made: DateTime<Utc>) -> Option<About> {
    Some(match thing.id.kind {
        ResourceKind::Instance => About::Instance(instance(thing, made)),
        ResourceKind::Volume => About::Volume(volume(thing)),
        ResourceKind::Snapshot => About::Snapshot(Snapshot {
            completed: !thing.is(Word::Unready),
            owner: thing.account(),
            volume: None,
            size: 8,
            bytes: None,
            archived: false,
            encrypted: true,
            public: Some(thing.is(Word::Public)),
            description: String::new(),
        }),
        ResourceKind::Image => About::Image(Image {
            available: !thing.is(Word::Unready) && !thing.is(Word::Stopped),
            disabled: thing.is(Word::Stopped),
            owner: thing.account(),
            public: thing.is(Word::Public),
            snapshots: thing.of(ResourceKind::Snapshot),
            deprecated: None,
            last_launched: None,
            protected: thing.is(Word::Protected),
        }),
        ResourceKind::LaunchConfiguration => About::LaunchConfiguration(LaunchConfiguration { launch: thing.launch() }),
        ResourceKind::LaunchTemplate => {
            let managed = thing.is(Word::Managed);
            About::LaunchTemplate(LaunchTemplate { default_version: 1, latest_version: 1, managed })
        }
        ResourceKind::TemplateVersion => {
            let (template, number) = version(&thing.id)?;
            let (default, latest) = (thing.is(Word::Default), thing.is(Word::Latest));
            About::TemplateVersion(TemplateVersion { template, number, default, latest, launch: thing.launch() })
        }
        _ => return network(thing),
    })
}

/// A version's template and number, by its id.
fn version(id: &ResourceId) -> Option<(String, u64)> {
    let (template, number) = id.id.rsplit_once(':')?;
    Some((template.to_owned(), number.parse().ok()?))
}

fn instance(thing: &Thing, launched: DateTime<Utc>) -> Instance {
    let stopped = thing.is(Word::Stopped);
    Instance {
        state: if stopped { InstanceState::Stopped } else { InstanceState::Running },
        stopped: thing.age.filter(|_| stopped).map(|_| launched),
        launched,
        kind: "m7g.large".into(),
        image: thing.one(ResourceKind::Image).unwrap_or_else(|| "ami-elsewhere".into()),
        zone: "a".into(),
        subnet: None,
        vpc: None,
        key: thing.one(ResourceKind::KeyPair).map(|id| name(&id)),
        security_groups: thing.of(ResourceKind::SecurityGroup),
        public_address: None,
        metadata: Metadata::default(),
        group: thing.one(ResourceKind::Group),
        spot: false,
        managed: thing.is(Word::Managed),
    }
}

fn volume(thing: &Thing) -> Volume {
    let attached = thing.instances();
    let busy = thing.is(Word::Busy) || !attached.is_empty();
    let state = if busy { VolumeState::InUse } else { VolumeState::Available };
    Volume {
        state: if thing.is(Word::Unready) { VolumeState::Other } else { state },
        size: 8,
        kind: "gp3".into(),
        iops: None,
        throughput: None,
        encrypted: true,
        snapshot: thing.one(ResourceKind::Snapshot),
        attached,
        managed: thing.is(Word::Managed),
    }
}

fn network(thing: &Thing) -> Option<About> {
    let groups = || thing.of(ResourceKind::SecurityGroup);
    Some(match thing.id.kind {
        ResourceKind::Balancer => About::Balancer(Balancer {
            kind: BalancerKind::Application,
            public: false,
            zones: Vec::new(),
            vpc: None,
            security_groups: groups(),
            listeners: Some(u32::from(thing.is(Word::Busy))),
        }),
        ResourceKind::ClassicBalancer => About::ClassicBalancer(ClassicBalancer {
            public: false,
            zones: Vec::new(),
            security_groups: groups(),
            instances: thing.instances(),
            cross_zone: None,
        }),
        ResourceKind::TargetGroup => About::TargetGroup(TargetGroup {
            balancers: thing.of(ResourceKind::Balancer),
            kind: "instance".into(),
            health_path: None,
        }),
        ResourceKind::Address => {
            let (interface, instance) = (thing.one(ResourceKind::Interface), thing.one(ResourceKind::Instance));
            let associated = thing.is(Word::Busy) || interface.is_some() || instance.is_some();
            let managed = thing.is(Word::Managed);
            About::Address(Address { ip: "192.0.2.1".into(), associated, interface, instance, managed })
        }
        ResourceKind::Interface => About::Interface(Interface {
            available: !thing.is(Word::Busy),
            kind: "interface".into(),
            instance: thing.one(ResourceKind::Instance),
            security_groups: groups(),
            managed: thing.is(Word::Managed),
            subnet: None,
            description: String::new(),
        }),
        ResourceKind::SecurityGroup => {
            let peers: Vec<Peer> = groups().into_iter().map(Peer::Group).collect();
            let permission = Permission { protocol: "tcp".into(), ports: Some((443, 443)), peers };
            let name = if thing.is(Word::Default) { "default".into() } else { name(&thing.id.id) };
            About::SecurityGroup(SecurityGroup { name, vpc: None, ingress: vec![permission], egress: Vec::new() })
        }
        ResourceKind::KeyPair => About::KeyPair(KeyPair { name: name(&thing.id.id) }),
        ResourceKind::NatGateway => About::NatGateway(NatGateway {
            alive: !thing.is(Word::Unready),
            addresses: thing.of(ResourceKind::Address),
            interfaces: thing.of(ResourceKind::Interface),
            subnet: None,
        }),
        ResourceKind::RouteTable => About::RouteTable(RouteTable {
            nat_gateways: thing.of(ResourceKind::NatGateway),
            interfaces: thing.of(ResourceKind::Interface),
            associated: true,
        }),
        ResourceKind::LogGroup => {
            About::LogGroup(LogGroup { retention_days: thing.is(Word::Busy).then_some(30), bytes: 1 << 30 })
        }
        ResourceKind::Parameter => About::Parameter(Parameter { images: thing.of(ResourceKind::Image) }),
        _ => return None,
    })
}

/// The tags that a thing has now, where it is there, else its own.
pub(super) fn with_tags(thing: &Thing, now: Option<&BTreeMap<String, String>>) -> Thing {
    Thing { tags: now.unwrap_or(&thing.tags).clone(), ..thing.clone() }
}
