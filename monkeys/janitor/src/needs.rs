//! What the enabled rules must see: no list more than that.

use std::collections::BTreeSet;

use simian_core::graph::referrers;
use simian_core::{
    Day, Extent, Fleet, Groups, Mark, MarkId, Needs, Resource, ResourceId, ResourceKind, Scope, View, Wanted, World,
};

use crate::Janitor;
use crate::rules::{Kinds, Params, RULES, Rule, UNTAGGED};

/// What an instance that would be ended must be known not to serve behind.
const BALANCERS: [ResourceKind; 2] = [ResourceKind::ClassicBalancer, ResourceKind::TargetGroup];

impl Janitor {
    /// What it wants surveyed.
    pub(crate) fn wanted(&self) -> Needs {
        let mut wanted = Wanted::default();
        for (rule, params) in &self.rules {
            self.want(rule, params, &mut wanted);
        }
        // Groups have a list of their own.
        let groups = if wanted.kinds.remove(&ResourceKind::Group).is_some() { Groups::All } else { Groups::None };
        Needs { groups, estate: wanted, ..Needs::default() }
    }

    fn want(&self, rule: &Rule, params: &Params, wanted: &mut Wanted) {
        let kinds = rule.kinds(params);
        for kind in &kinds {
            wanted.want(*kind, rule.extent);
        }
        if rule.id != UNTAGGED || kinds.contains(&ResourceKind::Instance) {
            all(wanted, rule.reads);
        }
        wanted.target_health |= rule.asks_health;
        for kind in kinds.into_iter().filter(|kind| self.terms.delete.contains(kind)) {
            self.want_to_delete(rule, kind, wanted);
        }
    }

    /// What only a deletion must know.
    fn want_to_delete(&self, rule: &Rule, kind: ResourceKind, wanted: &mut Wanted) {
        if rule.id == UNTAGGED {
            if !self.terms.delete_untagged {
                return;
            }
            // A rule about its use must condemn it as well.
            for rule in RULES.iter().filter(|rule| rule.kinds == Kinds::One(kind)) {
                all(wanted, rule.reads);
                wanted.target_health |= rule.asks_health;
            }
            all(wanted, referrers(kind));
        }
        if kind == ResourceKind::Instance {
            all(wanted, &BALANCERS);
            wanted.target_health = true;
        }
        if kind == ResourceKind::Volume && self.terms.last_resort {
            // Whether the last resort is whole.
            wanted.want(ResourceKind::Snapshot, Extent::All);
        }
    }
}

fn all(wanted: &mut Wanted, kinds: &[ResourceKind]) {
    for kind in kinds {
        wanted.want(*kind, Extent::All);
    }
}

impl Janitor {
    /// What takes a call each before it can go on. Whoever reads them puts them into the world and asks again.
    ///
    /// Log groups, whose list does not carry their tags: those that would be marked, because one of the tags may be their
    /// owner's word, and those whose mark goes on. And balancers to which no target group belongs: one that has listeners
    /// redirects, or answers by itself.
    pub(crate) fn wanting(&self, world: &World, day: &Day) -> Vec<(Scope, ResourceId)> {
        let mut wanting = self.untold(world, day);
        if self.rules.iter().any(|(rule, _)| rule.id == crate::rules::LOG_GROUP) {
            for fleet in world.fleets.values() {
                let place =
                    |id: &ResourceId| MarkId { mode: world.mode, scope: fleet.scope.clone(), resource: id.clone() };
                let groups = fleet.estate.some(ResourceKind::LogGroup).iter();
                let endless = groups.filter(|one| one.log_group().is_some_and(|group| group.retention_days.is_none()));
                let unread = endless.filter(|one| one.tags == View::Unasked);
                let unmarked = unread.filter(|one| !world.history.marks.contains_key(&place(&one.id)));
                wanting.extend(unmarked.map(|one| (fleet.scope.clone(), one.id.clone())));
            }
        }
        if self.rules.iter().any(|(rule, _)| rule.id == crate::rules::IDLE_BALANCER) {
            for fleet in world.fleets.values() {
                let sent: BTreeSet<&str> = fleet
                    .estate
                    .some(ResourceKind::TargetGroup)
                    .iter()
                    .filter_map(Resource::target_group)
                    .flat_map(|group| group.balancers.iter().map(String::as_str))
                    .collect();
                let balancers = fleet.estate.some(ResourceKind::Balancer).iter();
                let alone = balancers.filter(|one| !sent.contains(one.id.id.as_str()));
                wanting.extend(alone.map(|one| (fleet.scope.clone(), one.id.clone())));
            }
        }
        wanting
    }

    /// Marked resources whose tags the list did not carry, and that go on soon.
    fn untold(&self, world: &World, day: &Day) -> Vec<(Scope, ResourceId)> {
        let waits = |(id, mark): &(&MarkId, &Mark)| {
            let unread = |fleet: &Fleet| fleet.estate.get(&id.resource).is_some_and(|one| one.tags == View::Unasked);
            let due = self.calendar.working_days_between(day.date, mark.end) <= self.terms.notice_days;
            let goes_on = mark.announced.is_none() || self.terms.delete.contains(&id.resource.kind);
            let ours = id.mode == world.mode && mark.acting.is_none() && !mark.rehearsed;
            ours && due && goes_on && world.fleets.get(&id.scope).is_some_and(unread)
        };
        let marks = world.history.marks.iter().filter(waits);
        marks.map(|(id, _)| (id.scope.clone(), id.resource.clone())).collect()
    }
}
