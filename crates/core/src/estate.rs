//! What the survey saw of an account's resources in one region: each kind either known whole or not known at all.

use std::collections::{BTreeMap, BTreeSet};

use crate::detail::{Activity, Refresh, TargetHealth};
use crate::fleet::{Group, InstanceId, View};
use crate::resource::{Resource, ResourceId, ResourceKind};

/// How much of a kind is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Extent {
    /// Only what is attached to nothing, by a filter on AWS's side: volumes and interfaces. Of any other kind, all.
    Loose,
    /// All of them.
    All,
}

/// What a look at an account asks for beside its opted-in groups.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Which kinds, and how much of each.
    pub kinds: BTreeMap<ResourceKind, Extent>,
    /// The health of every target group's instances: a call each.
    pub target_health: bool,
    /// The last instance refresh of every group: a call each.
    pub refreshes: bool,
    /// The scaling activities of the last day, of all groups in one list.
    pub activities: bool,
}

impl Wanted {
    /// All of those kinds.
    pub fn all(kinds: impl IntoIterator<Item = ResourceKind>) -> Self {
        Self { kinds: kinds.into_iter().map(|kind| (kind, Extent::All)).collect(), ..Self::default() }
    }

    /// Whether nothing is asked for.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Asks for a kind, at least to that extent.
    pub fn want(&mut self, kind: ResourceKind, extent: Extent) {
        let known = self.kinds.entry(kind).or_insert(extent);
        *known = extent.max(*known);
    }
}

/// The resources of a region, as far as somebody asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Estate {
    /// By kind; what is not in it nobody asked for. Groups are in the fleet's own view, and not in here.
    pub kinds: BTreeMap<ResourceKind, Kept>,
    /// The health of target groups, by ARN.
    pub health: BTreeMap<String, View<BTreeMap<InstanceId, TargetHealth>>>,
    /// The last refresh of each group that had one, ended or not, by the group's name.
    pub refreshes: BTreeMap<String, View<Option<Refresh>>>,
    /// The scaling activities of the last day, newest first, by the group's name.
    pub activities: View<BTreeMap<String, Vec<Activity>>>,
}

/// What was read of a kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// How much of it was asked for.
    pub extent: Extent,
    /// What came, sorted by id.
    pub view: View<Vec<Resource>>,
}

impl Kept {
    /// What a list call answered.
    pub fn new<E: std::fmt::Display>(extent: Extent, read: Result<Vec<Resource>, E>) -> Self {
        let sorted = read.map(|mut all| {
            all.sort_by(|a, b| a.id.cmp(&b.id));
            all
        });
        Self { extent, view: sorted.into() }
    }
}

impl Estate {
    /// All resources of a kind, or why they are not known. A list that left some out is not known as a whole.
    pub fn all(&self, kind: ResourceKind) -> Result<&[Resource], String> {
        match self.kinds.get(&kind) {
            Some(Kept { extent: Extent::All, view: View::Known(all) }) => Ok(all),
            Some(Kept { extent: Extent::Loose, .. }) => Err(format!("only loose {} were read", kind.several())),
            Some(Kept { view, .. }) => {
                Err(format!("{} are not known: {}", kind.several(), view.unknown().unwrap_or_default()))
            }
            None => Err(format!("{} were not read", kind.several())),
        }
    }

    /// What is known of a kind, however little was asked for; nothing while it is not known.
    pub fn some(&self, kind: ResourceKind) -> &[Resource] {
        self.kinds.get(&kind).and_then(|kept| kept.view.known()).map_or(&[], Vec::as_slice)
    }

    /// One resource, if it was read.
    pub fn get(&self, id: &ResourceId) -> Option<&Resource> {
        let all = self.some(id.kind);
        all.binary_search_by(|resource| resource.id.cmp(id)).ok().map(|place| &all[place])
    }

    /// Every resource that was read.
    pub fn iter(&self) -> impl Iterator<Item = &Resource> {
        self.kinds.keys().flat_map(|kind| self.some(*kind))
    }

    /// The kinds that were asked for and are not known, with the reasons.
    pub fn unknown(&self) -> impl Iterator<Item = (ResourceKind, &str)> {
        self.kinds.iter().filter_map(|(kind, kept)| Some((*kind, kept.view.unknown()?)))
    }
}

/// The names of the applications and owners of resources that do not say it themselves: what belongs to a group is its
/// owner's.
pub fn members<'g>(groups: &'g BTreeMap<String, Group>) -> BTreeMap<&'g str, &'g Group> {
    let of = |group: &'g Group| group.members.iter().map(move |member| (member.id.as_str(), group));
    groups.values().flat_map(of).collect()
}

/// Ids, each once.
pub fn ids<'r>(resources: impl IntoIterator<Item = &'r Resource>) -> BTreeSet<&'r str> {
    resources.into_iter().map(|resource| resource.id.id.as_str()).collect()
}
