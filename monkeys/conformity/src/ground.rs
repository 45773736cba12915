//! What is known of one region, found quickly: every index is made once a region, because a rule is asked of each of
//! perhaps a hundred thousand resources.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, NaiveDate, Utc};
use simian_core::fleet::LaunchSource;
use simian_core::resource::{Launch, SecurityGroup, Tags};
use simian_core::{
    Estate, Fleet, Group, InstanceState, OptIn, Region, Resource, ResourceId, ResourceKind, TagRules, UnitId, View,
    World,
};

use crate::Chaos;
use crate::exempt::Exemptions;
use crate::home::{Home, Homes};
use crate::parameters::Parameters;
use crate::rule::Need;
use crate::words;

/// What a rule is asked about.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Subject<'w> {
    /// An Auto Scaling group.
    Group(&'w Group),
    /// Any other resource.
    Resource(&'w Resource),
}

impl<'w> Subject<'w> {
    pub(crate) fn id(&self) -> ResourceId {
        match self {
            Subject::Group(group) => ResourceId::new(ResourceKind::Group, &group.name),
            Subject::Resource(resource) => resource.id.clone(),
        }
    }

    /// Its tags, or why they are not known.
    pub(crate) fn tags(&self) -> Result<&'w Tags, &'w str> {
        match self {
            Subject::Group(group) => Ok(&group.tags),
            Subject::Resource(resource) => match &resource.tags {
                View::Known(tags) => Ok(tags),
                View::Unknown(why) => Err(why),
                View::Unasked => Err("nobody asked for them"),
            },
        }
    }

    /// A service of AWS made it and looks after it: its owner can change nothing.
    pub(crate) fn is_managed(&self) -> bool {
        let Subject::Resource(resource) = self else { return false };
        resource.instance().is_some_and(|instance| instance.managed)
            || resource.volume().is_some_and(|volume| volume.managed)
            || resource.launch_template().is_some_and(|template| template.managed)
            || resource.interface().is_some_and(|interface| interface.managed)
            || resource.address().is_some_and(|address| address.managed)
    }

    /// It has ended: some are listed for a while after that.
    pub(crate) fn has_ended(&self) -> bool {
        let Subject::Resource(resource) = self else { return false };
        resource.instance().is_some_and(|instance| instance.state == InstanceState::Terminated)
            || resource.nat_gateway().is_some_and(|gateway| !gateway.alive)
    }
}

/// One question: of what, with which parameters, and all that may be looked at for the answer.
#[derive(Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) subject: Subject<'a>,
    pub(crate) ground: &'a Ground<'a>,
    pub(crate) parameters: &'a Parameters,
    /// The group that it belongs to.
    pub(crate) home: Option<&'a Home<'a>>,
    /// What its own tag of exemptions says, if it has one.
    pub(crate) exempt: Option<&'a Exemptions>,
}

impl<'a> Asked<'a> {
    /// The resource; `None` for a group.
    pub(crate) fn resource(&self) -> Option<&'a Resource> {
        match self.subject {
            Subject::Group(_) => None,
            Subject::Resource(resource) => Some(resource),
        }
    }
}

/// What is known of one region on one day.
#[derive(Debug)]
pub(crate) struct Ground<'w> {
    pub(crate) world: &'w World,
    pub(crate) fleet: &'w Fleet,
    pub(crate) tags: &'w TagRules,
    pub(crate) chaos: &'w Chaos,
    pub(crate) today: NaiveDate,
    /// The key of the tag of exemptions.
    pub(crate) exempt_key: String,
    homes: Homes<'w>,
    /// The instances that AWS may take back.
    spot: HashSet<&'w str>,
    /// Who is behind the default security groups. Of others nobody asks, and they are many.
    behind: HashMap<&'w str, Vec<&'w ResourceId>>,
}

impl<'w> Ground<'w> {
    pub(crate) fn new(
        world: &'w World,
        fleet: &'w Fleet,
        tags: &'w TagRules,
        chaos: &'w Chaos,
        today: NaiveDate,
    ) -> Self {
        let instances = fleet.estate.some(ResourceKind::Instance).iter();
        let spot = instances.filter(|it| it.instance().is_some_and(|it| it.spot));
        Self {
            world,
            fleet,
            tags,
            chaos,
            today,
            exempt_key: Exemptions::key(tags),
            homes: Homes::new(fleet, tags),
            spot: spot.map(|it| it.id.id.as_str()).collect(),
            behind: behind_defaults(&fleet.estate),
        }
    }

    /// When the world was looked at.
    pub(crate) fn at(&self) -> DateTime<Utc> {
        self.world.at
    }

    /// Why something is not known whole; `None` when it is. Health and refreshes are asked of each group alone.
    pub(crate) fn missing(&self, need: Need) -> Option<String> {
        match need {
            Need::Kind(ResourceKind::Group) => match &self.fleet.groups {
                View::Known(_) if self.fleet.all_groups => None,
                View::Known(_) => Some("only groups that opted in were read".to_owned()),
                View::Unknown(why) => Some(format!("Auto Scaling groups are not known: {why}")),
                View::Unasked => Some("Auto Scaling groups were not read".to_owned()),
            },
            Need::Kind(kind) => self.fleet.estate.all(kind).err(),
            Need::Activities => {
                self.fleet.estate.activities.unknown().map(|why| format!("scaling activities are not known: {why}"))
            }
            Need::Health | Need::Refreshes | Need::Recoveries(_) => None,
        }
    }

    /// One resource, if it was read.
    pub(crate) fn get(&self, kind: ResourceKind, id: &str) -> Option<&'w Resource> {
        let all = self.fleet.estate.some(kind);
        all.binary_search_by(|resource| resource.id.id.as_str().cmp(id)).ok().map(|place| &all[place])
    }

    /// What people call a resource.
    pub(crate) fn title<'t>(&'t self, kind: ResourceKind, id: &'t str) -> &'t str {
        self.get(kind, id).and_then(|it| it.name.as_deref()).unwrap_or_else(|| words::name_in(id))
    }

    /// The group that a resource belongs to: as a member, or attached to one; a group is its own.
    pub(crate) fn home_of(&self, subject: Subject<'_>) -> Option<&Home<'w>> {
        let resource = match subject {
            Subject::Group(group) => return self.homes.named(&group.name),
            Subject::Resource(resource) => resource,
        };
        // Who left its group's list says by a tag of AWS's own where it was.
        let by_tag = |instance: &Resource| self.homes.named(instance.instance()?.group.as_deref()?);
        match resource.id.kind {
            ResourceKind::Instance => self.homes.with_member(&resource.id.id).or_else(|| by_tag(resource)),
            ResourceKind::Volume => resource.volume()?.attached.iter().find_map(|id| {
                let instance = || self.get(ResourceKind::Instance, id.as_str());
                self.homes.with_member(id.as_str()).or_else(|| by_tag(instance()?))
            }),
            _ => None,
        }
    }

    /// What a resource's own tag of exemptions says, if it has one.
    pub(crate) fn exemptions(&self, subject: Subject<'_>) -> Option<Exemptions> {
        Some(Exemptions::read(subject.tags().ok()?.get(&self.exempt_key)?))
    }

    /// The spot instances of a group, if instances are known.
    pub(crate) fn spot<'g>(&self, group: &'g Group) -> Vec<&'g str> {
        let members = group.members.iter().map(|member| member.id.as_str());
        members.filter(|id| self.spot.contains(id)).collect()
    }

    /// What is behind a default security group: instances and interfaces.
    pub(crate) fn behind(&self, default_group: &str) -> &[&'w ResourceId] {
        self.behind.get(default_group).map_or(&[], Vec::as_slice)
    }

    /// The number that a template's version is: `$Latest` and `$Default` as the template has them. `None` where the
    /// template is gone.
    pub(crate) fn version(&self, template: &str, version: &str) -> Option<u64> {
        let known = self.get(ResourceKind::LaunchTemplate, template)?.launch_template()?;
        match version {
            "$Latest" => Some(known.latest_version),
            "$Default" => Some(known.default_version),
            number => number.parse().ok(),
        }
    }

    /// The images that a launch from there would start, by id.
    pub(crate) fn images<'t>(&'t self, source: &'t LaunchSource) -> Vec<&'t str> {
        let launch: Option<&Launch> = match source {
            LaunchSource::Image(id) => return vec![id],
            LaunchSource::Configuration(name) => self
                .get(ResourceKind::LaunchConfiguration, name)
                .and_then(Resource::launch_configuration)
                .map(|it| &it.launch),
            LaunchSource::Template { id, version } => self
                .version(id, version)
                .and_then(|number| self.get(ResourceKind::TemplateVersion, &ResourceId::version(id, number).id))
                .and_then(Resource::template_version)
                .map(|it| &it.launch),
        };
        let Some(launch) = launch else { return Vec::new() };
        let named = launch.parameter.as_deref().and_then(|name| self.get(ResourceKind::Parameter, name)?.parameter());
        launch
            .image
            .as_deref()
            .into_iter()
            .chain(named.into_iter().flat_map(|it| it.images.iter().map(String::as_str)))
            .collect()
    }

    /// The unit of the chaos monkey that a group is in, in full, whether or not it opted in.
    pub(crate) fn unit(&self, group: &Group) -> String {
        let mut scope = self.fleet.scope.clone();
        let grouping = self.chaos.grouping;
        if grouping.across_regions {
            scope.region = Region::all();
        }
        UnitId { scope, kind: grouping.kind, name: grouping.kind.name_of(&group.name) }.full()
    }

    /// What a group's tags say of chaos; `None` where the operator keeps it out anyway.
    pub(crate) fn opt_in(&self, group: &Group) -> Option<OptIn> {
        let spared = self.chaos.choice.spares(&self.fleet.scope, &group.name).is_some();
        (!spared).then(|| self.tags.read(&group.tags))
    }
}

fn behind_defaults(estate: &Estate) -> HashMap<&str, Vec<&ResourceId>> {
    let defaults = estate.some(ResourceKind::SecurityGroup).iter();
    let defaults = defaults.filter(|it| it.security_group().is_some_and(SecurityGroup::is_default));
    let mut behind: HashMap<&str, Vec<&ResourceId>> = defaults.map(|it| (it.id.id.as_str(), Vec::new())).collect();
    for resource in [ResourceKind::Instance, ResourceKind::Interface].into_iter().flat_map(|kind| estate.some(kind)) {
        let groups = resource.instance().map(|it| &it.security_groups);
        let groups = groups.or_else(|| resource.interface().map(|it| &it.security_groups));
        for group in groups.into_iter().flatten() {
            if let Some(behind) = behind.get_mut(group.as_str()) {
                behind.push(&resource.id);
            }
        }
    }
    behind
}

/// Whether a group is there for traffic: one that may have no instance is parked, and asked little.
pub(crate) fn is_parked(group: &Group) -> bool {
    group.max == 0 || (group.desired == 0 && group.members.is_empty())
}
