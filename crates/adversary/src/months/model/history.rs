//! What was true of every resource, and when; and what a look at a kind could have shown.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use simian_core::{Group, GroupId, Region, Resource, ResourceId, ResourceKind};

use crate::world::stage::Stage;

/// How a resource was from a moment on; `None` when it was gone.
#[derive(Clone, Debug)]
pub(super) struct Version {
    pub(super) at: DateTime<Utc>,
    pub(super) resource: Option<Resource>,
    pub(super) shared: bool,
}

/// How a group was from a moment on; `None` when it was gone.
type GroupVersion = (DateTime<Utc>, Option<Group>);

/// Every version of everything.
#[derive(Debug, Default)]
pub(super) struct History {
    things: BTreeMap<Region, BTreeMap<ResourceId, Vec<Version>>>,
    groups: BTreeMap<Region, BTreeMap<String, Vec<GroupVersion>>>,
    things_read: usize,
    groups_read: usize,
}

impl History {
    /// Groups as they are now, which was always so.
    pub(super) fn new(stage: &Stage) -> Self {
        let mut history = Self::default();
        for (GroupId { region, name }, group) in stage.groups() {
            let versions = history.groups.entry(region).or_default().entry(name).or_default();
            versions.push((DateTime::<Utc>::MIN_UTC, Some(group)));
        }
        history
    }

    /// Takes over what has changed.
    pub(super) fn extend(&mut self, stage: &Stage) {
        for held in stage.cloud.truth().holdings(self.things_read) {
            self.things_read += 1;
            let versions = self.things.entry(held.region).or_default().entry(held.id).or_default();
            versions.push(Version { at: held.at, resource: held.resource, shared: !held.shared.is_empty() });
        }
        for change in stage.cloud.truth().journal(self.groups_read) {
            self.groups_read += 1;
            let GroupId { region, name } = change.group;
            let versions = self.groups.entry(region).or_default().entry(name).or_default();
            versions.push((change.at, change.description));
        }
    }

    /// What could be seen of a region between two times, both included.
    pub(super) fn window<'h>(&'h self, region: &'h Region, from: DateTime<Utc>, until: DateTime<Utc>) -> Window<'h> {
        Window { history: self, region, from, until }
    }

    /// Every resource that there ever was.
    pub(super) fn all(&self) -> impl Iterator<Item = (&Region, &ResourceId, &[Version])> {
        let regions = self.things.iter();
        regions.flat_map(|(region, things)| things.iter().map(move |(id, versions)| (region, id, versions.as_slice())))
    }

    /// The groups that there ever were.
    pub(super) fn groups(&self) -> impl Iterator<Item = (&Region, &String)> {
        self.groups.iter().flat_map(|(region, groups)| groups.keys().map(move |name| (region, name)))
    }
}

/// A region, between two times. Each kind is listed by a call of its own, which may be as of any time between them.
#[derive(Clone, Copy)]
pub(super) struct Window<'h> {
    history: &'h History,
    pub(super) region: &'h Region,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
}

impl<'h> Window<'h> {
    fn things(&self) -> impl Iterator<Item = (&'h ResourceId, &'h [Version])> {
        let things = self.history.things.get(self.region).into_iter().flatten();
        things.map(|(id, versions)| (id, versions.as_slice()))
    }

    /// Every version of a resource in that time; `None` where it was not there.
    pub(super) fn versions(&self, id: &ResourceId) -> Vec<Option<&'h Version>> {
        let all = self.history.things.get(self.region).and_then(|things| things.get(id)).map_or(&[][..], Vec::as_slice);
        let first = all.partition_point(|version| version.at < self.from);
        let before = first.checked_sub(1).map(|place| &all[place]);
        let then = all[first..].iter().take_while(|version| version.at <= self.until).map(Some);
        std::iter::once(before).chain(then).collect()
    }

    /// Every description of a resource in that time.
    pub(super) fn seen(&self, id: &ResourceId) -> Vec<&'h Resource> {
        self.versions(id).into_iter().flatten().filter_map(|version| version.resource.as_ref()).collect()
    }

    /// Whether there was a time at which a list of that kind was like that.
    pub(super) fn ever(&self, kind: ResourceKind, like: impl Fn(&[&'h Resource]) -> bool) -> bool {
        let here = || self.things().filter(move |(id, _)| id.kind == kind);
        let changes = here().flat_map(|(_, versions)| versions).map(|version| version.at);
        self.moments(changes).into_iter().any(|moment| {
            let shown = here().filter_map(|(_, versions)| {
                let place = versions.partition_point(|version| moment.knows(version.at)).checked_sub(1)?;
                versions[place].resource.as_ref()
            });
            like(&shown.collect::<Vec<_>>())
        })
    }

    /// Whether there was a time at which the groups were like that.
    pub(super) fn ever_groups(&self, like: impl Fn(&[&'h Group]) -> bool) -> bool {
        let groups = || self.history.groups.get(self.region).into_iter().flatten();
        let changes = groups().flat_map(|(_, versions)| versions).map(|(at, _)| *at);
        self.moments(changes).into_iter().any(|moment| {
            let shown = groups().filter_map(|(_, versions)| {
                let place = versions.partition_point(|(at, _)| moment.knows(*at)).checked_sub(1)?;
                versions[place].1.as_ref()
            });
            like(&shown.collect::<Vec<_>>())
        })
    }

    /// Every description of a group in that time.
    pub(super) fn seen_groups(&self, name: &str) -> Vec<&'h Group> {
        let groups = self.history.groups.get(self.region);
        let all = groups.and_then(|groups| groups.get(name)).map_or(&[][..], Vec::as_slice);
        let first = all.partition_point(|(at, _)| *at < self.from).saturating_sub(1);
        all[first..].iter().take_while(|(at, _)| *at <= self.until).filter_map(|(_, group)| group.as_ref()).collect()
    }

    /// The beginning, and the last of each state after it.
    fn moments(&self, changes: impl Iterator<Item = DateTime<Utc>>) -> Vec<Moment> {
        let inside = changes.filter(|at| self.from <= *at && *at <= self.until);
        std::iter::once(self.until).chain(inside).flat_map(|at| [Moment::Before(at), Moment::At(at)]).collect()
    }
}

/// A moment at which somebody looks.
#[derive(Clone, Copy)]
enum Moment {
    /// What happens then has not happened yet.
    Before(DateTime<Utc>),
    /// What happens then has happened.
    At(DateTime<Utc>),
}

impl Moment {
    fn knows(self, at: DateTime<Utc>) -> bool {
        match self {
            Moment::Before(then) => at < then,
            Moment::At(then) => at <= then,
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use simian_core::View;
    use simian_core::resource::{About, KeyPair};

    use super::*;

    fn key(id: &str) -> Resource {
        Resource {
            id: ResourceId::new(ResourceKind::KeyPair, id),
            name: None,
            tags: View::Known([].into()),
            created: None,
            about: About::KeyPair(KeyPair { name: id.into() }),
        }
    }

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minute)
    }

    /// One key pair is there from the first minute to the tenth, another from the tenth on.
    fn history() -> History {
        let mut history = History::default();
        let things = history.things.entry("us-east-1".parse().unwrap()).or_default();
        for (id, minute, there) in [("a", 1, true), ("a", 10, false), ("b", 10, true)] {
            let resource = there.then(|| key(id));
            let version = Version { at: at(minute), resource, shared: false };
            things.entry(key(id).id).or_default().push(version);
        }
        history
    }

    #[test]
    fn a_window_shows_what_was_there_at_any_time_in_it() {
        let (history, region) = (history(), "us-east-1".parse().unwrap());
        for (from, until, a, b) in [(0, 0, 0, 0), (0, 1, 1, 0), (2, 3, 1, 0), (2, 10, 1, 1), (11, 12, 0, 1)] {
            let window = history.window(&region, at(from), at(until));
            let seen = |id: &str| window.seen(&key(id).id).len();
            assert_eq!((seen("a"), seen("b")), (a, b), "{from} {until}");
        }
    }

    #[test]
    fn a_list_is_as_of_one_time() {
        let (history, region) = (history(), "us-east-1".parse().unwrap());
        for (from, until, none, both) in [(0, 5, true, false), (2, 12, false, false), (11, 12, false, false)] {
            let window = history.window(&region, at(from), at(until));
            assert_eq!(window.ever(ResourceKind::KeyPair, <[_]>::is_empty), none, "{from} {until}");
            assert_eq!(window.ever(ResourceKind::KeyPair, |list| list.len() == 2), both, "{from} {until}");
        }
    }
}
