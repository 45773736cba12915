//! Everything that the account holds beside groups: what is there, what is tagged, and what AWS refuses to end.
//!
//! Instances of groups are the groups' own and not in here; an instance that was put here is in no group.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use simian_core::ports::ResourceQuery;
use simian_core::resource::{About, Snapshot, Tags, VolumeState};
use simian_core::{Disposal, GroupId, InstanceId, InstanceState, Region, Resource, ResourceId, ResourceKind, View};

use crate::calling::{Refused, gone, in_use, refused};
use crate::past::Past;
use crate::state::State;

/// One resource, and what became of it.
#[derive(Clone, Debug)]
pub(crate) struct Holding {
    /// What lists show.
    pub(crate) shown: Past<Option<Resource>>,
    /// With whom it is shared.
    pub(crate) shared: Vec<String>,
}

/// Something that a caller ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// When.
    pub at: DateTime<Utc>,
    /// Where.
    pub region: Region,
    /// What, as it was last.
    pub resource: Resource,
}

/// From a moment on a resource is so; `None` when it is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// When.
    pub at: DateTime<Utc>,
    /// Where.
    pub region: Region,
    /// Which.
    pub id: ResourceId,
    /// What a list that is not stale shows from then on.
    pub resource: Option<Resource>,
    /// With whom it is shared from then on.
    pub shared: Vec<String>,
}

/// The resources of all regions.
#[derive(Debug, Default)]
pub(crate) struct Holdings {
    pub(crate) all: BTreeMap<(Region, ResourceId), Holding>,
    pub(crate) ended: Vec<Ended>,
    /// Every change of a resource, if somebody asked for that to be kept.
    pub(crate) journal: Option<Vec<Held>>,
    /// Snapshots that were made.
    made: u64,
}

impl State {
    /// A resource is there from now on, or is another one from now on.
    pub(crate) fn put(&mut self, region: &Region, resource: Resource) -> bool {
        if !self.regions.contains(region) {
            return false;
        }
        let (now, id) = (self.now, resource.id.clone());
        let holding = self.holdings.all.entry((region.clone(), id.clone()));
        let holding = holding.or_insert_with(|| Holding { shown: Past::always(None), shared: Vec::new() });
        holding.shown.set(now, Some(resource));
        self.keep(region, &id);
        true
    }

    /// With whom it is shared from now on.
    pub(crate) fn share(&mut self, region: &Region, id: &ResourceId, with: Vec<String>) -> bool {
        let Some(holding) = self.holdings.all.get_mut(&(region.clone(), id.clone())) else { return false };
        holding.shared = with;
        self.keep(region, id);
        true
    }

    /// Remembers how a resource is from now on, for whoever keeps a journal.
    fn keep(&mut self, region: &Region, id: &ResourceId) {
        let (at, place) = (self.now, (region.clone(), id.clone()));
        let Holdings { all, journal, .. } = &mut self.holdings;
        if let (Some(journal), Some(holding)) = (journal, all.get(&place)) {
            let (resource, shared) = (holding.shown.now().clone(), holding.shared.clone());
            journal.push(Held { at, region: place.0, id: place.1, resource, shared });
        }
    }

    /// It is gone from now on.
    pub(crate) fn take(&mut self, region: &Region, id: &ResourceId) -> bool {
        let now = self.now;
        let Some(holding) = self.holdings.all.get_mut(&(region.clone(), id.clone())) else { return false };
        let there = holding.shown.now().is_some();
        holding.shown.set(now, None);
        self.keep(region, id);
        there
    }

    /// What is there now.
    pub(crate) fn held(&self, region: &Region, id: &ResourceId) -> Option<&Resource> {
        self.holdings.all.get(&(region.clone(), id.clone()))?.shown.now().as_ref()
    }

    /// What was there then.
    pub(crate) fn held_then(&self, region: &Region, id: &ResourceId, then: DateTime<Utc>) -> Option<&Resource> {
        self.holdings.all.get(&(region.clone(), id.clone()))?.shown.at(then).as_ref()
    }

    /// Changes what is there now.
    pub(crate) fn amend(&mut self, region: &Region, id: &ResourceId, amend: impl FnOnce(&mut Resource)) -> bool {
        let Some(mut resource) = self.held(region, id).cloned() else { return false };
        amend(&mut resource);
        self.put(region, resource)
    }

    /// What a list shows of a kind, as it was at that time.
    pub(crate) fn list_resources(
        &self,
        region: &Region,
        kind: ResourceKind,
        query: &ResourceQuery,
        seen: DateTime<Utc>,
    ) -> Vec<Resource> {
        let here = self.holdings.all.iter().filter(|((at, id), _)| at == region && id.kind == kind);
        let shown = here.filter_map(|(_, holding)| holding.shown.at(seen).clone());
        let found = shown.filter(|resource| matches(resource, query));
        match query {
            ResourceQuery::Ids(_) => found.collect(),
            ResourceQuery::All | ResourceQuery::Loose => found.map(in_a_list).collect(),
        }
    }

    /// One wrong id spoils the whole call.
    pub(crate) fn tag_resources(
        &mut self,
        region: &Region,
        kind: ResourceKind,
        ids: &[String],
        key: &str,
        value: Option<&str>,
    ) -> Result<(), Refused> {
        if kind == ResourceKind::Group {
            return self.tag_groups(region, ids, key, value);
        }
        if kind == ResourceKind::Instance && ids.iter().any(|id| self.instances.contains_key(&InstanceId::new(id))) {
            return self.tag_members(region, ids, key, value);
        }
        let all: Vec<ResourceId> = ids.iter().map(|id| ResourceId::new(kind, id)).collect();
        if let Some(id) = all.iter().find(|id| self.held(region, id).is_none()) {
            return Err(gone(id));
        }
        for id in all {
            self.amend(region, &id, |resource| set(&mut resource.tags, key, value));
        }
        Ok(())
    }

    /// Instances of groups. One wrong id spoils the whole call.
    fn tag_members(&mut self, region: &Region, ids: &[String], key: &str, value: Option<&str>) -> Result<(), Refused> {
        let ids: Vec<InstanceId> = ids.iter().map(InstanceId::new).collect();
        if let Some(id) = ids.iter().find(|id| self.instance(region, id).is_none()) {
            return Err(gone(&ResourceId::new(ResourceKind::Instance, id.as_str())));
        }
        for id in ids {
            let Some(instance) = self.instances.get_mut(&id) else { continue };
            match value {
                Some(value) => drop(instance.tags.insert(key.to_owned(), value.to_owned())),
                None => drop(instance.tags.remove(key)),
            }
        }
        Ok(())
    }

    fn tag_groups(&mut self, region: &Region, names: &[String], key: &str, value: Option<&str>) -> Result<(), Refused> {
        let groups: Vec<GroupId> = names.iter().map(|name| GroupId::new(region, name)).collect();
        if let Some(id) = groups.iter().find(|id| !self.groups.get(id).is_some_and(|group| group.alive)) {
            return Err(gone(&ResourceId::new(ResourceKind::Group, &id.name)));
        }
        for group in groups {
            let key = key.to_owned();
            match value {
                Some(value) => {
                    self.perform(crate::Operation::SetTag { group, key, value: value.to_owned() });
                }
                None => {
                    self.perform(crate::Operation::RemoveTag { group, key });
                }
            }
        }
        Ok(())
    }

    /// A snapshot of a volume, whole at once; an image that is disabled.
    pub(crate) fn save(&mut self, region: &Region, id: &ResourceId, tags: &Tags) -> Result<Option<String>, Refused> {
        let Some(resource) = self.held(region, id).cloned() else { return Err(gone(id)) };
        match &resource.about {
            About::Volume(volume) => {
                self.holdings.made += 1;
                let name = format!("snap-{:017x}", self.holdings.made);
                let about = About::Snapshot(Snapshot {
                    completed: true,
                    owner: self.account.to_string(),
                    volume: Some(id.id.clone()),
                    size: volume.size,
                    bytes: None,
                    archived: false,
                    encrypted: volume.encrypted,
                    public: Some(false),
                    description: String::new(),
                });
                let made = Resource {
                    id: ResourceId::new(ResourceKind::Snapshot, &name),
                    name: None,
                    tags: View::Known(tags.clone()),
                    created: Some(self.now),
                    about,
                };
                self.put(region, made);
                Ok(Some(name))
            }
            About::Image(_) => {
                self.amend(region, id, |resource| {
                    if let About::Image(image) = &mut resource.about {
                        (image.available, image.disabled) = (false, true);
                    }
                });
                Ok(None)
            }
            _ => Err(refused("NotDisposable", format!("{id} has no last resort"))),
        }
    }

    /// Ends it, unless AWS would refuse. Sources: the EC2, Auto Scaling and Elastic Load Balancing APIs, the errors of each
    /// delete call. An image that is used goes without a word.
    pub(crate) fn dispose(&mut self, region: &Region, id: &ResourceId, disposal: &Disposal) -> Result<(), Refused> {
        if id.kind == ResourceKind::Group {
            return self.dispose_group(region, &id.id);
        }
        let Some(resource) = self.held(region, id).cloned() else { return Err(gone(id)) };
        if let Disposal::Retain { days } = disposal {
            self.amend(region, id, |resource| {
                if let About::LogGroup(group) = &mut resource.about {
                    group.retention_days = Some(*days);
                }
            });
            return Ok(());
        }
        if let Some(user) = self.refuses(region, &resource) {
            return Err(in_use(id, &user));
        }
        if let Disposal::EndImage { snapshots } = disposal {
            for snapshot in snapshots {
                self.end_resource(region, &ResourceId::new(ResourceKind::Snapshot, snapshot));
            }
        }
        self.end_resource(region, id);
        if id.kind == ResourceKind::LaunchTemplate {
            let versions: Vec<ResourceId> = self.versions(region, &id.id);
            for version in versions {
                self.end_resource(region, &version);
            }
        }
        Ok(())
    }

    fn versions(&self, region: &Region, template: &str) -> Vec<ResourceId> {
        let all = self.holdings.all.keys().filter(|(at, id)| at == region && id.kind == ResourceKind::TemplateVersion);
        all.filter(|(_, id)| id.id.rsplit_once(':').is_some_and(|(of, _)| of == template))
            .map(|(_, id)| id.clone())
            .collect()
    }

    fn dispose_group(&mut self, region: &Region, name: &str) -> Result<(), Refused> {
        let id = GroupId::new(region, name);
        let resource = ResourceId::new(ResourceKind::Group, name);
        match self.groups.get(&id).filter(|group| group.alive) {
            None => Err(gone(&resource)),
            Some(group) if !group.members.is_empty() => Err(in_use(&resource, "it has instances")),
            Some(_) => {
                let shown = self.describe(&id);
                self.perform(crate::Operation::DeleteGroup(id));
                self.holdings.ended.extend(shown.map(|group| Ended {
                    at: self.now,
                    region: region.clone(),
                    resource: Resource::from(&group),
                }));
                Ok(())
            }
        }
    }

    fn end_resource(&mut self, region: &Region, id: &ResourceId) {
        let Some(resource) = self.held(region, id).cloned() else { return };
        self.holdings.ended.push(Ended { at: self.now, region: region.clone(), resource: resource.clone() });
        if let About::Instance(instance) = &resource.about {
            // It is shown for a while yet.
            let ended = simian_core::resource::Instance { state: InstanceState::Terminated, ..instance.clone() };
            self.put(region, Resource { about: About::Instance(ended), ..resource });
        } else {
            self.take(region, id);
        }
    }

    /// What AWS names when it refuses to end something that is in use.
    fn refuses(&self, region: &Region, resource: &Resource) -> Option<String> {
        let id = &resource.id;
        let there = self.holdings.all.iter().filter(|((at, _), _)| at == region);
        let mut others = there.filter_map(|(_, holding)| holding.shown.now().as_ref());
        let points = |other: &Resource| {
            other.uses().iter().any(|one| one.what == simian_core::resource::Pointed::Id(id.clone()))
        };
        let by = |kinds: &[ResourceKind], other: &Resource| kinds.contains(&other.id.kind) && points(other);
        match &resource.about {
            About::Volume(volume) => (volume.state == VolumeState::InUse).then(|| "it is attached".into()),
            About::Interface(interface) => (!interface.available).then(|| "it is attached".into()),
            About::Address(address) => address.associated.then(|| "it is associated".into()),
            About::Snapshot(_) => others.find(|o| by(&[ResourceKind::Image], o)).map(|o| o.id.to_string()),
            About::SecurityGroup(_) => {
                let kinds = [ResourceKind::Interface, ResourceKind::SecurityGroup];
                others.find(|other| by(&kinds, other)).map(|other| other.id.to_string())
            }
            About::TargetGroup(group) => group.balancers.first().cloned(),
            About::LaunchConfiguration(_) => {
                let named = |group: &crate::group::SimGroup| {
                    group.alive
                        && group.spec.launches.contains(&simian_core::LaunchSource::Configuration(id.id.clone()))
                };
                self.groups
                    .iter()
                    .find(|(at, group)| at.region == *region && named(group))
                    .map(|(at, _)| at.to_string())
            }
            About::TemplateVersion(version) => version.default.then(|| "it is the default".into()),
            _ => None,
        }
    }
}

/// What a list of all shows: nothing that takes a call for each.
fn in_a_list(mut resource: Resource) -> Resource {
    match &mut resource.about {
        About::LogGroup(_) => resource.tags = View::Unasked,
        About::Balancer(balancer) => balancer.listeners = None,
        _ => {}
    }
    resource
}

fn matches(resource: &Resource, query: &ResourceQuery) -> bool {
    match query {
        ResourceQuery::All => true,
        ResourceQuery::Loose => match &resource.about {
            About::Volume(volume) => volume.state == VolumeState::Available,
            About::Interface(interface) => interface.available,
            _ => true,
        },
        ResourceQuery::Ids(ids) => ids.contains(&resource.id.id),
    }
}

fn set(tags: &mut View<Tags>, key: &str, value: Option<&str>) {
    if let View::Known(tags) = tags {
        match value {
            Some(value) => drop(tags.insert(key.to_owned(), value.to_owned())),
            None => drop(tags.remove(key)),
        }
    }
}
