//! What an account holds at the beginning of a month: a little of everything, and all that can be waste or in use.

use std::collections::{BTreeMap, BTreeSet};

use simian_core::{ResourceId, ResourceKind as Kind};
use simian_sim::Chance;

use crate::generate::{number, pick};
use crate::months::{Thing, Word};
use crate::scenario::{ACCOUNT, GroupSetup, REGIONS};

/// An estate.
pub(super) struct Estate {
    pub(super) groups: Vec<GroupSetup>,
    pub(super) things: Vec<Thing>,
}

/// Kinds of which AWS does not say when they were made.
const UNDATED: [Kind; 4] = [Kind::SecurityGroup, Kind::Interface, Kind::Address, Kind::TargetGroup];

pub(super) fn draw(regions: usize, calm: bool, chance: &mut Chance) -> Estate {
    let mut estate = Estate { groups: Vec::new(), things: Vec::new() };
    for region in 0..regions {
        let mut place = Place { region, calm, chance, things: Vec::new() };
        let groups = place.fill();
        let things = place.things;
        estate.things.extend(things);
        estate.groups.extend(groups);
    }
    estate
}

/// A region that is filled.
struct Place<'c> {
    region: usize,
    calm: bool,
    chance: &'c mut Chance,
    things: Vec<Thing>,
}

/// What balancers are called.
pub(super) fn arn(region: usize, what: &str, name: &str) -> String {
    format!("arn:aws:elasticloadbalancing:{}:{ACCOUNT}:{what}/{name}/0123456789abcdef", REGIONS[region % REGIONS.len()])
}

impl Place<'_> {
    fn id(&self, kind: Kind, name: &str) -> ResourceId {
        match kind {
            Kind::Balancer => ResourceId::new(kind, arn(self.region, "loadbalancer/app", name)),
            Kind::TargetGroup => ResourceId::new(kind, arn(self.region, "targetgroup", name)),
            _ => ResourceId::new(kind, name),
        }
    }

    /// Adds a thing.
    fn add(&mut self, id: ResourceId, uses: Vec<ResourceId>, words: &[Word]) -> ResourceId {
        let age = if self.chance.hit(0.8) { 200 } else { number(self.chance, 0, 40) };
        let kind = id.kind;
        let thing = Thing {
            region: self.region,
            id: id.clone(),
            tags: tags(kind, self.calm, self.chance),
            age: (!UNDATED.contains(&kind)).then_some(age),
            uses,
            words: words.iter().copied().chain(self.odd(kind)).collect::<BTreeSet<Word>>(),
        };
        self.things.push(thing);
        id
    }

    /// Something odd that is true of few.
    fn odd(&mut self, kind: Kind) -> Option<Word> {
        let words: &[Word] = match kind {
            Kind::Snapshot => &[Word::Foreign, Word::Public, Word::Unready],
            Kind::Image => &[Word::Foreign, Word::Public, Word::Unready, Word::Protected, Word::Stopped],
            Kind::LaunchConfiguration => &[Word::ByName, Word::ByName],
            Kind::LaunchTemplate | Kind::Interface | Kind::Address | Kind::Volume | Kind::Instance => &[Word::Managed],
            Kind::SecurityGroup => &[Word::Default],
            Kind::LogGroup | Kind::NatGateway => return None,
            _ => &[],
        };
        let odd = self.chance.hit(0.08) && !words.is_empty();
        odd.then(|| *pick(self.chance, words))
    }

    fn some(&mut self, of: &[ResourceId], share: f64) -> Vec<ResourceId> {
        of.iter().filter(|_| self.chance.hit(share)).cloned().collect()
    }

    fn one(&mut self, of: &[ResourceId], share: f64) -> Vec<ResourceId> {
        if of.is_empty() || !self.chance.hit(share) { Vec::new() } else { vec![pick(self.chance, of).clone()] }
    }

    fn many(&mut self, kind: Kind, prefix: &str, most: u32) -> Vec<ResourceId> {
        (1..=number(self.chance, 1, most)).map(|n| self.id(kind, &format!("{prefix}-{n}"))).collect()
    }

    /// Everything, each kind after what it points at.
    fn fill(&mut self) -> Vec<GroupSetup> {
        let snapshots = self.many(Kind::Snapshot, "snap", 4);
        let images = self.many(Kind::Image, "ami", 4);
        let keys = self.many(Kind::KeyPair, "key", 3);
        let groups = self.many(Kind::SecurityGroup, "sg", 4);
        let interfaces = self.many(Kind::Interface, "eni", 3);
        let addresses = self.many(Kind::Address, "eipalloc", 3);
        for id in &snapshots {
            self.add(id.clone(), Vec::new(), &[]);
        }
        for id in &images {
            let of = self.some(&snapshots, 0.3);
            self.add(id.clone(), of, &[]);
        }
        for id in &keys {
            self.add(id.clone(), Vec::new(), &[]);
        }
        for id in &groups {
            // They may name each other in a circle.
            let names = self.some(&groups, 0.15);
            self.add(id.clone(), names, &[]);
        }
        for id in &interfaces {
            let behind = self.one(&groups, 0.3);
            let busy: &[Word] = if self.chance.hit(0.4) { &[Word::Busy] } else { &[] };
            self.add(id.clone(), behind, busy);
        }
        for id in &addresses {
            let on = self.one(&interfaces, 0.3);
            self.add(id.clone(), on, &[]);
        }
        let launch = [images, keys, groups.clone(), snapshots.clone(), interfaces.clone()];
        let templates = self.templates(&launch);
        let configurations = self.configurations(&launch);
        self.instances(&launch, &templates);
        for id in self.many(Kind::Volume, "vol", 5) {
            let mut uses = self.one(&snapshots, 0.3);
            if self.chance.hit(0.4) {
                uses.push(ResourceId::new(Kind::Instance, "i-1"));
            }
            self.add(id, uses, &[]);
        }
        self.network(&addresses, &interfaces, &groups);
        for id in self.many(Kind::LogGroup, "/aws/log", 2) {
            self.add(id, Vec::new(), &[]);
        }
        if let Some(image) = self.one(&launch[0], 0.3).pop() {
            self.add(ResourceId::new(Kind::Parameter, "/golden"), vec![image], &[]);
        }
        self.groups(&templates, &configurations, &launch[0])
    }

    fn launched(&mut self, [images, keys, groups, snapshots, interfaces]: &[Vec<ResourceId>; 5]) -> Vec<ResourceId> {
        let mut uses = self.one(images, 0.6);
        uses.extend(self.one(keys, 0.3));
        uses.extend(self.one(groups, 0.3));
        uses.extend(self.one(snapshots, 0.1));
        uses.extend(self.one(interfaces, 0.1));
        uses
    }

    /// Templates, and their versions' ids.
    fn templates(&mut self, launch: &[Vec<ResourceId>; 5]) -> Vec<ResourceId> {
        let mut versions = Vec::new();
        for id in self.many(Kind::LaunchTemplate, "lt", 2) {
            self.add(id.clone(), Vec::new(), &[]);
            let latest = number(self.chance, 1, 5);
            let default = number(self.chance, 1, latest);
            for n in 1..=latest {
                let mut words = Vec::new();
                words.extend((n == latest).then_some(Word::Latest));
                words.extend((n == default).then_some(Word::Default));
                let uses = self.launched(launch);
                versions.push(self.add(ResourceId::version(&id.id, n.into()), uses, &words));
            }
        }
        versions
    }

    fn configurations(&mut self, launch: &[Vec<ResourceId>; 5]) -> Vec<ResourceId> {
        let all = self.many(Kind::LaunchConfiguration, "lc", 2);
        for id in &all {
            let mut uses = self.launched(launch);
            uses.retain(|id| id.kind != Kind::Interface);
            self.add(id.clone(), uses, &[]);
        }
        all
    }

    fn instances(&mut self, launch: &[Vec<ResourceId>; 5], versions: &[ResourceId]) {
        for id in self.many(Kind::Instance, "i", 3) {
            let mut uses = self.launched(launch);
            uses.retain(|id| !matches!(id.kind, Kind::Snapshot | Kind::Interface));
            let stopped: &[Word] = if self.chance.hit(0.4) { &[Word::Stopped] } else { &[] };
            self.add(id, uses, stopped);
            let from = self.one(versions, 0.2).pop();
            if let (Some(thing), Some((template, number))) =
                (self.things.last_mut(), from.as_ref().and_then(|id| id.id.split_once(':')))
            {
                thing.tags.insert("aws:ec2launchtemplate:id".into(), template.into());
                thing.tags.insert("aws:ec2launchtemplate:version".into(), number.into());
            }
        }
    }

    fn network(&mut self, addresses: &[ResourceId], interfaces: &[ResourceId], groups: &[ResourceId]) {
        let gateways = self.many(Kind::NatGateway, "nat", 2);
        for id in &gateways {
            let mut uses = self.one(addresses, 0.4);
            uses.extend(self.one(interfaces, 0.2));
            self.add(id.clone(), uses, &[]);
        }
        for id in self.many(Kind::RouteTable, "rtb", 1) {
            let to = self.one(&gateways, 0.6);
            self.add(id, to, &[]);
        }
        let balancers = self.many(Kind::Balancer, "lb", 2);
        for id in &balancers {
            let behind = self.one(groups, 0.3);
            let busy: &[Word] = if self.chance.hit(0.2) { &[Word::Busy] } else { &[] };
            self.add(id.clone(), behind, busy);
        }
        for id in self.many(Kind::TargetGroup, "tg", 3) {
            let of = self.one(&balancers, 0.4);
            self.add(id, of, &[]);
        }
        for id in self.many(Kind::ClassicBalancer, "classic", 2) {
            let mut uses = self.one(groups, 0.2);
            if self.chance.hit(0.3) {
                uses.push(ResourceId::new(Kind::Instance, "i-2"));
            }
            self.add(id, uses, &[]);
        }
    }

    fn groups(
        &mut self,
        versions: &[ResourceId],
        configurations: &[ResourceId],
        images: &[ResourceId],
    ) -> Vec<GroupSetup> {
        let all = (1..=number(self.chance, 1, 3)).map(|n| {
            let desired = if self.chance.hit(0.5) { 0 } else { number(self.chance, 1, 2) };
            let from = match self.chance.below(5) {
                0 => configurations,
                1 => images,
                _ => versions,
            };
            GroupSetup {
                region: self.region,
                name: format!("shop{n}-prod-v001"),
                tags: tags(Kind::Group, self.calm, self.chance),
                sizes: (desired.min(1), desired, 4),
                zones: 1,
                boot: (20, 60),
                hook: None,
                target_group: self.chance.hit(0.2).then(|| "tg-1".to_owned()),
                spot: false,
                launches: vec![pick(self.chance, from).clone()],
                age: Some(if self.chance.hit(0.8) { 200 } else { number(self.chance, 0, 40) }),
            }
        });
        all.collect()
    }
}

/// What somebody wrote on it.
fn tags(kind: Kind, calm: bool, chance: &mut Chance) -> BTreeMap<String, String> {
    let mut tags = BTreeMap::new();
    if matches!(kind, Kind::TemplateVersion | Kind::LaunchConfiguration | Kind::Parameter) {
        return tags;
    }
    let mut set = |key: &str, value: &&str| drop(tags.insert(key.to_owned(), (*value).to_owned()));
    let owned = if kind == Kind::Instance { 0.4 } else { 0.7 };
    if chance.hit(owned) {
        set("owner", pick(chance, &["ann", "ben"]));
    }
    if chance.hit(0.2) {
        set("app", pick(chance, &["shop", "cart"]));
    }
    let share = if calm { 0.05 } else { 0.12 };
    if chance.hit(share) {
        set("simian:keep", pick(chance, &["forever", "2026-12-10", "2020-01-01", "please", "2027-06-30"]));
    }
    if !calm && chance.hit(0.06) {
        let marks = [
            "delete@2026-01-01 rule=unattached-volume since=2025-12-01",
            "delete@2027-01-01 rule=unused-image since=2026-02-01",
            "soon",
        ];
        set("simian:mark", pick(chance, &marks));
    }
    if kind == Kind::Snapshot && chance.hit(0.08) {
        set("aws:backup:source-resource", &"vol-9");
    }
    tags
}
