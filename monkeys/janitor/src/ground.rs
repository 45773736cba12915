//! What a rule stands on: one region as it was read, who points at what in it, and the time.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use simian_core::estate::members;
use simian_core::resource::{About, Tags};
use simian_core::{
    Fleet, Graph, Group, InstanceState, Resource, ResourceId, ResourceKind, Scope, TagRules, View, span,
};

use crate::rules::{Params, Spared, Undated};

/// Tags that AWS Backup and Data Lifecycle Manager set on what they made and will delete themselves. Sources: AWS Backup
/// Developer Guide, "Copying tags onto backups"; Amazon EBS User Guide, "Amazon Data Lifecycle Manager".
const LIFE_CYCLES: [(&str, &str); 2] = [("aws:backup:", "AWS Backup"), ("aws:dlm:", "Data Lifecycle Manager")];

/// One region.
pub(crate) struct Ground<'w> {
    pub(crate) scope: &'w Scope,
    pub(crate) fleet: &'w Fleet,
    pub(crate) graph: &'w Graph,
    pub(crate) now: DateTime<Utc>,
    pub(crate) tags: &'w TagRules,
    /// The kinds that may be deleted.
    pub(crate) delete: &'w BTreeSet<ResourceKind>,
    pub(crate) delete_untagged: bool,
    /// The group of each instance that is in one.
    members: BTreeMap<&'w str, &'w Group>,
    /// The target groups behind each balancer, by its ARN.
    behind: HashMap<&'w str, Vec<&'w Resource>>,
    /// The numbers of each template's versions, the newest first.
    versions: HashMap<&'w str, Vec<u64>>,
    /// The instances that are registered in target groups, as far as anybody asked.
    registered: BTreeSet<&'w str>,
    /// The last resorts that marks name, with what they were made of.
    resorts: BTreeMap<&'w str, &'w ResourceId>,
}

/// What all regions share.
pub(crate) struct Frame<'w> {
    pub(crate) now: DateTime<Utc>,
    pub(crate) tags: &'w TagRules,
    pub(crate) delete: &'w BTreeSet<ResourceKind>,
    pub(crate) delete_untagged: bool,
    pub(crate) resorts: BTreeMap<&'w str, &'w ResourceId>,
}

impl<'w> Ground<'w> {
    pub(crate) fn new(fleet: &'w Fleet, graph: &'w Graph, frame: &Frame<'w>) -> Self {
        let mut behind: HashMap<&str, Vec<&Resource>> = HashMap::new();
        for resource in fleet.estate.some(ResourceKind::TargetGroup) {
            for arn in resource.target_group().into_iter().flat_map(|group| &group.balancers) {
                behind.entry(arn).or_default().push(resource);
            }
        }
        let mut versions: HashMap<&str, Vec<u64>> = HashMap::new();
        for version in fleet.estate.some(ResourceKind::TemplateVersion).iter().filter_map(Resource::template_version) {
            versions.entry(&version.template).or_default().push(version.number);
        }
        for numbers in versions.values_mut() {
            numbers.sort_unstable_by(|a, b| b.cmp(a));
        }
        let healths = fleet.estate.health.values().filter_map(View::known);
        Self {
            scope: &fleet.scope,
            fleet,
            graph,
            now: frame.now,
            tags: frame.tags,
            delete: frame.delete,
            delete_untagged: frame.delete_untagged,
            members: fleet.groups.known().map(members).unwrap_or_default(),
            behind,
            versions,
            registered: healths.flat_map(BTreeMap::keys).map(simian_core::InstanceId::as_str).collect(),
            resorts: frame.resorts.clone(),
        }
    }

    /// The tags that count for a resource: its own, and for a version those of its template, which has the only ones.
    pub(crate) fn tags_of<'r>(&'r self, resource: &'r Resource) -> View<&'r Tags> {
        let of = match resource.template_version() {
            None => Some(resource),
            Some(version) => self.template(&version.template),
        };
        match of.map(|of| &of.tags) {
            Some(View::Known(tags)) => View::Known(tags),
            Some(View::Unknown(why)) => View::Unknown(why.clone()),
            Some(View::Unasked) => View::Unasked,
            None => View::Unknown("its launch template was not read".into()),
        }
    }

    fn template(&self, id: &str) -> Option<&'w Resource> {
        self.fleet.estate.get(&ResourceId::new(ResourceKind::LaunchTemplate, id))
    }

    /// The group that an instance is in, as far as groups were read.
    pub(crate) fn group_of(&self, resource: &Resource) -> Option<&'w Group> {
        self.members.get(resource.id.id.as_str()).copied()
    }

    /// All groups of the region, or why they are not known.
    pub(crate) fn groups(&self) -> Result<&'w BTreeMap<String, Group>, Spared> {
        match &self.fleet.groups {
            View::Known(groups) if self.fleet.all_groups => Ok(groups),
            View::Known(_) => Err(Spared::Unknown("only groups that opted in were read".into())),
            other => {
                let why = other.unknown().unwrap_or_default();
                Err(Spared::Unknown(format!("Auto Scaling groups are not known: {why}")))
            }
        }
    }

    /// The service of AWS that made it and looks after it.
    pub(crate) fn looked_after(&self, resource: &Resource) -> Option<&'static str> {
        let managed = match &resource.about {
            About::Instance(instance) => instance.managed,
            About::Volume(volume) => volume.managed,
            About::LaunchTemplate(template) => template.managed,
            About::TemplateVersion(version) => {
                self.template(&version.template).and_then(Resource::launch_template).is_some_and(|one| one.managed)
            }
            About::Address(address) => address.managed,
            About::Interface(interface) => interface.managed,
            _ => false,
        };
        if managed {
            return Some("a service of AWS");
        }
        let keys = || resource.tags.known().into_iter().flat_map(Tags::keys);
        LIFE_CYCLES.iter().find(|(prefix, _)| keys().any(|key| key.starts_with(prefix))).map(|(_, name)| *name)
    }

    /// It has ended: some are shown for a while after that.
    pub(crate) fn ended(resource: &Resource) -> bool {
        let instance = resource.instance().is_some_and(|instance| instance.state == InstanceState::Terminated);
        instance || resource.nat_gateway().is_some_and(|gateway| !gateway.alive)
    }

    /// Nobody points at it, and everybody who could is known.
    pub(crate) fn unused(&self, resource: &Resource) -> Result<(), Spared> {
        self.not_known_to_be_used(resource)?;
        match self.graph.uncertain(resource.id.kind) {
            Some(why) => Err(Spared::Unknown(format!("nobody knows who uses them: {why}"))),
            None => Ok(()),
        }
    }

    /// Nobody that is known points at it.
    pub(crate) fn not_known_to_be_used(&self, resource: &Resource) -> Result<(), Spared> {
        match self.graph.user(&resource.id) {
            Some(user) => Err(Spared::InUse(format!("{} {}", user.id, user.how))),
            None => Ok(()),
        }
    }

    /// It is as old as it must be since that time, or nobody knows the time.
    pub(crate) fn old(&self, since: Option<DateTime<Utc>>, was: &str, params: &Params) -> Result<Undated, Spared> {
        match since {
            None => Ok(Undated::Yes),
            Some(since) if self.now - since >= params.age => Ok(Undated::No),
            Some(since) => {
                let age = span::format(params.age);
                Err(Spared::InUse(format!("{was} on {}, less than {age} ago", since.date_naive())))
            }
        }
    }

    /// An instance that may be ended: it is known of every balancer that it does not send there.
    pub(crate) fn unserved(&self, resource: &Resource) -> Result<(), Spared> {
        self.not_known_to_be_used(resource)?;
        if self.registered.contains(resource.id.id.as_str()) {
            return Err(Spared::InUse("a target group sends to it".into()));
        }
        if !self.delete.contains(&ResourceKind::Instance) {
            return Ok(());
        }
        let unknown = |why: String| Spared::Unknown(format!("nobody knows who sends to them: {why}"));
        self.fleet.estate.all(ResourceKind::ClassicBalancer).map_err(unknown)?;
        for group in self.fleet.estate.all(ResourceKind::TargetGroup).map_err(unknown)? {
            self.targets(group)?;
        }
        Ok(())
    }

    /// How many targets a target group has, if they are instances.
    pub(crate) fn targets(&self, group: &Resource) -> Result<usize, Spared> {
        if group.target_group().is_some_and(|about| about.kind != "instance") {
            return Ok(0);
        }
        let view = self.fleet.estate.health.get(&group.id.id).unwrap_or(&View::Unasked);
        view.known().map(BTreeMap::len).ok_or_else(|| {
            let why = view.unknown().unwrap_or_default();
            Spared::Unknown(format!("the targets of {} are not known: {why}", group.title()))
        })
    }

    /// The target groups behind a balancer.
    pub(crate) fn behind(&self, balancer: &ResourceId) -> &[&'w Resource] {
        self.behind.get(balancer.id.as_str()).map_or(&[], Vec::as_slice)
    }

    /// The numbers of a template's versions, the newest first.
    pub(crate) fn versions(&self, template: &str) -> &[u64] {
        self.versions.get(template).map_or(&[], Vec::as_slice)
    }

    /// What a snapshot is the last resort of, while the mark of that stands.
    pub(crate) fn resort_of(&self, snapshot: &ResourceId) -> Option<&'w ResourceId> {
        self.resorts.get(snapshot.id.as_str()).copied()
    }
}
