//! What a resource has from the Auto Scaling group that it belongs to: an owner, an app, and exemptions.

use std::collections::{BTreeMap, HashMap};

use simian_core::{Fleet, Group, Name, TagRules};

use crate::exempt::Exemptions;

/// A group, and what it gives to whatever belongs to it.
#[derive(Debug)]
pub(crate) struct Home<'w> {
    pub(crate) group: &'w Group,
    pub(crate) owner: Option<String>,
    pub(crate) app: String,
    pub(crate) exempt: Option<Exemptions>,
}

/// The groups of a region, by name and by member.
#[derive(Debug)]
pub(crate) struct Homes<'w> {
    all: Vec<Home<'w>>,
    by_name: HashMap<&'w str, usize>,
    by_member: HashMap<&'w str, usize>,
}

impl<'w> Homes<'w> {
    pub(crate) fn new(fleet: &'w Fleet, tags: &TagRules) -> Self {
        let key = Exemptions::key(tags);
        let groups = fleet.groups.known().into_iter().flat_map(BTreeMap::values);
        let home = |group: &'w Group| Home {
            group,
            owner: tags.owner(&group.tags),
            app: Name::parse(&group.name).app,
            exempt: group.tags.get(&key).map(|text| Exemptions::read(text)),
        };
        let all: Vec<Home<'w>> = groups.map(home).collect();
        let members = |(place, home): (usize, &Home<'w>)| {
            let group: &'w Group = home.group;
            group.members.iter().map(move |member| (member.id.as_str(), place))
        };
        let by_member = all.iter().enumerate().flat_map(members).collect();
        let by_name = all.iter().enumerate().map(|(place, home)| (home.group.name.as_str(), place)).collect();
        Self { all, by_name, by_member }
    }

    /// The group of that name.
    pub(crate) fn named(&self, name: &str) -> Option<&Home<'w>> {
        self.by_name.get(name).map(|place| &self.all[*place])
    }

    /// The group that has that instance as a member.
    pub(crate) fn with_member(&self, instance: &str) -> Option<&Home<'w>> {
        self.by_member.get(instance).map(|place| &self.all[*place])
    }
}
