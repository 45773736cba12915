//! What was true of every group, and when.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use simian_core::{Group, GroupId};

use crate::world::stage::Stage;

/// From when on a group was described so; `None` when it was gone.
type Version = (DateTime<Utc>, Option<Group>);

/// Descriptions by group, each with the time from which on it was true.
#[derive(Debug, Default)]
pub(crate) struct Timeline {
    groups: BTreeMap<GroupId, Vec<Version>>,
    read: usize,
}

impl Timeline {
    /// As it is now, which was always so.
    pub(crate) fn new(stage: &Stage) -> Self {
        let groups = stage.groups().map(|(id, group)| (id, vec![(DateTime::<Utc>::MIN_UTC, Some(group))])).collect();
        Self { groups, read: 0 }
    }

    /// Takes over what has changed.
    pub(crate) fn extend(&mut self, stage: &Stage) {
        for change in stage.cloud.truth().journal(self.read) {
            self.read += 1;
            self.groups.entry(change.group).or_default().push((change.at, change.description));
        }
    }

    /// Whether a group was there at every time between two, both included, and always like that.
    pub(crate) fn always(
        &self,
        id: &GroupId,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
        like: impl Fn(&Group) -> bool,
    ) -> bool {
        self.versions(id, from, until).all(|group| group.as_ref().is_some_and(&like))
    }

    /// Every description of a group that was true at some time between two, both included.
    pub(crate) fn during(&self, id: &GroupId, from: DateTime<Utc>, until: DateTime<Utc>) -> Vec<&Group> {
        self.versions(id, from, until).filter_map(Option::as_ref).collect()
    }

    fn versions(
        &self,
        id: &GroupId,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> impl Iterator<Item = &Option<Group>> {
        let versions = self.groups.get(id).map_or(&[][..], Vec::as_slice);
        // Before the first it was not there.
        let born = versions.first().map_or(DateTime::<Utc>::MAX_UTC, |(at, _)| *at);
        let ends = versions.iter().skip(1).map(|(at, _)| *at).chain([DateTime::<Utc>::MAX_UTC]);
        let spans = versions.iter().zip(ends);
        let meet = spans.filter(move |((begins, _), ends)| *begins <= until && from <= *ends);
        (from < born).then_some(&None).into_iter().chain(meet.map(|((_, group), _)| group))
    }

    /// The groups of a region that ever were.
    pub(crate) fn ids(&self) -> impl Iterator<Item = &GroupId> {
        self.groups.keys()
    }
}
