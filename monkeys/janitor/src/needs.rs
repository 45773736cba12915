//! What the enabled rules must see: no list more than that.

use simian_core::graph::referrers;
use simian_core::{
    Day, Extent, Fleet, Groups, Mark, MarkId, Needs, ResourceId, ResourceKind, Scope, View, Wanted, World,
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
    /// Marked resources whose list did not carry their tags and that cannot go on without: log groups, each of which
    /// costs a call. Whoever reads them puts them into the world and asks again.
    pub fn unread(&self, world: &World, day: &Day) -> Vec<(Scope, ResourceId)> {
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
