//! The reference graph: who points at what. Whatever is referenced from anywhere is used.
//!
//! Pure. It never says that something is unused while somebody who could point at it is not known.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use crate::estate::Estate;
use crate::fleet::{Fleet, View};
use crate::resource::{Pointed, Resource, ResourceId, ResourceKind};

/// The kinds that can point at a resource of that kind. Who wants to know that one is unused must know all of them.
pub fn referrers(kind: ResourceKind) -> &'static [ResourceKind] {
    use ResourceKind as K;
    match kind {
        K::Instance => &[K::Group, K::ClassicBalancer],
        // An attached volume says so itself, and whoever made it from a snapshot did so once.
        K::Volume | K::Group | K::LogGroup | K::RouteTable | K::ManagedNode => &[],
        K::Snapshot => &[K::Image, K::Volume, K::TemplateVersion, K::LaunchConfiguration],
        K::Image => &[K::Instance, K::TemplateVersion, K::LaunchConfiguration, K::Group, K::Parameter],
        K::LaunchConfiguration | K::TargetGroup => &[K::Group],
        K::LaunchTemplate | K::TemplateVersion => &[K::Group, K::Instance],
        // Nothing that can be listed points at them: what they point at themselves decides.
        K::Balancer | K::ClassicBalancer => &[K::Group, K::TargetGroup],
        K::Address => &[K::NatGateway],
        K::Interface => &[K::TemplateVersion, K::RouteTable, K::NatGateway, K::Address],
        K::SecurityGroup => &[
            K::Interface,
            K::Instance,
            K::SecurityGroup,
            K::TemplateVersion,
            K::LaunchConfiguration,
            K::Balancer,
            K::ClassicBalancer,
        ],
        K::KeyPair => &[K::Instance, K::TemplateVersion, K::LaunchConfiguration],
        K::NatGateway => &[K::RouteTable],
        K::Subnet => &[K::Instance, K::Group, K::Interface],
        K::Parameter => &[K::TemplateVersion, K::LaunchConfiguration],
    }
}

/// Who points at a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Users<'g> {
    /// At least these do.
    Used(Vec<User<'g>>),
    /// Nobody does, and everybody who could is known.
    Unused,
    /// Nobody that is known does, and why that is not enough.
    Unknown(String),
}

/// One that points at a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct User<'g> {
    /// Which.
    pub id: &'g ResourceId,
    /// In which way, after its name: `launches it`.
    pub how: &'static str,
}

/// The reference graph of one region.
#[derive(Debug)]
pub struct Graph {
    ids: Vec<ResourceId>,
    places: HashMap<ResourceId, usize>,
    users: Vec<Vec<(usize, &'static str)>>,
    /// Why the list of a kind is not whole.
    missing: BTreeMap<ResourceKind, String>,
}

impl Graph {
    /// The graph of what is known of a region.
    pub fn of(fleet: &Fleet) -> Self {
        let mut graph = Self { ids: Vec::new(), places: HashMap::new(), users: Vec::new(), missing: missing(fleet) };
        let groups: Vec<Resource> =
            fleet.groups.known().into_iter().flat_map(BTreeMap::values).map(Resource::from).collect();
        let named = named(&fleet.estate);
        for resource in fleet.estate.iter().chain(&groups) {
            let here = graph.place(&resource.id);
            for user in resource.uses() {
                match user.what {
                    Pointed::Id(id) => graph.point(here, &id, user.how),
                    Pointed::Name(kind, name) => {
                        for id in named.get(&(kind, name.as_str())).into_iter().flatten() {
                            graph.point(here, id, user.how);
                        }
                    }
                }
            }
            for (id, how) in resource.used_by() {
                let user = graph.place(&id);
                graph.users[here].push((user, how));
            }
        }
        graph
    }

    fn place(&mut self, id: &ResourceId) -> usize {
        if let Some(place) = self.places.get(id) {
            return *place;
        }
        let place = self.ids.len();
        self.ids.push(id.clone());
        self.users.push(Vec::new());
        self.places.insert(id.clone(), place);
        place
    }

    fn point(&mut self, user: usize, id: &ResourceId, how: &'static str) {
        let place = self.place(id);
        // A group that names itself in its rules is not used by that.
        if place != user {
            self.users[place].push((user, how));
        }
    }

    /// Who points at it.
    pub fn users(&self, id: &ResourceId) -> Users<'_> {
        let users = self.places.get(id).map_or(&[][..], |place| &self.users[*place]);
        if users.is_empty() {
            let unknown = referrers(id.kind).iter().find_map(|kind| self.missing.get(kind));
            return unknown.map_or(Users::Unused, |why| Users::Unknown(why.clone()));
        }
        let all: BTreeSet<User<'_>> = users.iter().map(|(user, how)| User { id: &self.ids[*user], how }).collect();
        Users::Used(all.into_iter().collect())
    }

    /// The first of those that point at it, if anybody does.
    pub fn user(&self, id: &ResourceId) -> Option<User<'_>> {
        let users = &self.users[*self.places.get(id)?];
        users.iter().map(|(user, how)| User { id: &self.ids[*user], how }).min()
    }

    /// Why some of those that could point at that kind are not known, if so.
    pub fn uncertain(&self, kind: ResourceKind) -> Option<&str> {
        referrers(kind).iter().find_map(|kind| self.missing.get(kind)).map(String::as_str)
    }

    /// The shortest chain that keeps it, from whoever nobody points at down to it; empty when nobody points at it. In a
    /// circle it ends where the circle closes.
    pub fn chain(&self, id: &ResourceId) -> Vec<User<'_>> {
        let Some(start) = self.places.get(id).copied() else { return Vec::new() };
        let mut came: BTreeMap<usize, (usize, &'static str)> = BTreeMap::new();
        let mut line = VecDeque::from([start]);
        let mut last = start;
        while let Some(place) = line.pop_front() {
            last = place;
            if self.users[place].is_empty() {
                break;
            }
            let mut next: Vec<(usize, &'static str)> = self.users[place].clone();
            next.sort_by_key(|(user, how)| (&self.ids[*user], *how));
            for (user, how) in next {
                if user != start && !came.contains_key(&user) {
                    came.insert(user, (place, how));
                    line.push_back(user);
                }
            }
        }
        let mut chain = Vec::new();
        while let Some((below, how)) = came.get(&last) {
            chain.push(User { id: &self.ids[last], how });
            last = *below;
        }
        chain
    }
}

/// Who is pointed at by name.
fn named(estate: &Estate) -> BTreeMap<(ResourceKind, &str), Vec<&ResourceId>> {
    let mut named: BTreeMap<(ResourceKind, &str), Vec<&ResourceId>> = BTreeMap::new();
    for resource in estate.iter() {
        if let Some(name) = resource.pointed_name() {
            named.entry((resource.id.kind, name)).or_default().push(&resource.id);
        }
    }
    named
}

/// The kinds whose lists are not whole.
fn missing(fleet: &Fleet) -> BTreeMap<ResourceKind, String> {
    let mut missing: BTreeMap<ResourceKind, String> = ResourceKind::ALL
        .iter()
        .filter_map(|kind| Some((*kind, fleet.estate.all(*kind).err()?)))
        .filter(|(kind, _)| *kind != ResourceKind::Group)
        .collect();
    let groups = match &fleet.groups {
        View::Known(_) if fleet.all_groups => None,
        View::Known(_) => Some("only groups that opted in were read".to_owned()),
        View::Unknown(why) => Some(format!("Auto Scaling groups are not known: {why}")),
        View::Unasked => Some("Auto Scaling groups were not read".to_owned()),
    };
    missing.extend(groups.map(|why| (ResourceKind::Group, why)));
    missing
}

#[cfg(test)]
mod tests;
