//! The rails: what stands between a proposal and the account. A file each.
//!
//! Pure: a rail sees the proposal, the world, the detail if it was read, the policy and the time, and nothing else.
//! What it cannot know it answers with [`Verdict::Unknown`], and unknown holds. All verdicts are kept, so that every
//! reason can be shown and not only the first.

mod account;
mod breaker;
mod budgets;
mod candidates;
mod clock;
mod cool_down;
mod floors;
mod hours;
mod member;
mod mode;
mod opted_in;
mod ourselves;
mod paused;
mod policy;
mod recovered;
mod reread;
mod veto;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;

use chrono::{DateTime, Utc};

pub use budgets::slots;
pub use candidates::count as candidates;
pub use paused::NEWBORN;
pub use policy::{Budgets, Candidates, Floors, Policy};
pub use reread::FRESH;

use crate::event::{Draft, Kind};
use crate::fleet::{Group, InstanceId, Member, View};
use crate::proposal::Proposal;
use crate::scope::Scope;
use crate::verdict::{Ruling, Verdict};
use crate::world::World;

/// One rail. Its name is its key under `[rails]`.
pub struct Rail {
    /// The name in config, events and tables.
    pub name: &'static str,
    /// What it watches over: one line.
    pub about: &'static str,
    /// It cannot be disabled: it is the operator's or the owner's own word, or who we are.
    pub always: bool,
    /// The rule.
    pub judge: fn(&Case<'_>) -> Verdict,
}

impl fmt::Debug for Rail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rail({})", self.name)
    }
}

/// Every rail, in the order in which people read them.
pub static RAILS: &[Rail] = &[
    mode::RAIL,
    paused::RAIL,
    account::RAIL,
    clock::RAIL,
    hours::RAIL,
    opted_in::RAIL,
    veto::RAIL,
    ourselves::RAIL,
    member::RAIL,
    floors::HEALTHY,
    floors::ZONE,
    cool_down::RAIL,
    recovered::RAIL,
    breaker::RAIL,
    candidates::RAIL,
    budgets::RAIL,
    reread::RAIL,
];

/// What was read for the proposals that are due: their groups again, by scope and name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Detail {
    groups: BTreeMap<Scope, View<BTreeMap<String, Group>>>,
    /// Whether the second look was taken at all: whoever is not in it now will not be.
    taken: bool,
}

impl Detail {
    /// Nothing was read: only survey rails can answer.
    pub fn none() -> Self {
        Self::default()
    }

    /// The groups of these scopes were read again.
    pub fn of(groups: BTreeMap<Scope, View<BTreeMap<String, Group>>>) -> Self {
        Self { groups, taken: true }
    }

    fn groups(&self, scope: &Scope) -> &View<BTreeMap<String, Group>> {
        self.groups.get(scope).unwrap_or(&View::Unasked)
    }
}

/// All that a rail may look at.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// What is proposed.
    pub proposal: &'a Proposal,
    /// The world that it was proposed for.
    pub world: &'a World,
    /// What was read since.
    pub detail: &'a Detail,
    /// What the operator wants.
    pub policy: &'a Policy,
    /// When it would happen: now, or at its due minute if that is still to come.
    pub at: DateTime<Utc>,
    /// How many groups a usual survey lists, by scope, where that is known.
    candidates: &'a BTreeMap<Scope, u64>,
    /// The targets of open claims.
    in_flight: &'a BTreeSet<&'a InstanceId>,
    /// What proposals before it in this judgement will take.
    pub spent: &'a Spent,
}

impl<'a> Case<'a> {
    /// A group as freshly as it is known: the re-read one where it was read again, else the survey's.
    pub fn group(&self, name: &str) -> Option<&'a Group> {
        let scope = &self.proposal.unit.id.scope;
        match self.detail.groups(scope) {
            View::Known(groups) => groups.get(name),
            View::Unasked | View::Unknown(_) => self.world.group(scope, name),
        }
    }

    /// Whether an instance is about to go: a target of this proposal, or [already on its way](Self::going).
    fn leaves(&self, id: &InstanceId) -> bool {
        self.proposal.targets.iter().any(|target| target.instance == *id) || self.going(id)
    }

    /// Whether an instance is on its way without this proposal: a target of one that passed before it, or of an open
    /// claim, which a stale read may still show in service.
    fn going(&self, id: &InstanceId) -> bool {
        self.spent.targets.contains(id) || self.in_flight.contains(id)
    }

    /// Members of a group that serve and are not about to go.
    fn remaining<'g>(&'g self, group: &'g Group) -> impl Iterator<Item = &'g Member> {
        group.members.iter().filter(|member| member.serves() && !self.leaves(&member.id))
    }
}

/// What passed already in this judgement.
#[derive(Clone, Debug, Default)]
pub struct Spent {
    counters: BTreeMap<String, u32>,
    /// When each that is still to be watched will act, in that order, and what it costs: what comes after is concurrent
    /// with it until it must have recovered.
    acting: VecDeque<(DateTime<Utc>, u32)>,
    /// The sum of their costs.
    concurrent: u32,
    targets: BTreeSet<InstanceId>,
}

impl Spent {
    fn add(&mut self, proposal: &Proposal, policy: &Policy, at: DateTime<Utc>) {
        for slot in budgets::slots(proposal, policy) {
            if let crate::claim::Slot::Day { counter, cost, .. } = slot {
                *self.counters.entry(counter).or_default() += cost;
            }
        }
        self.acting.push_back((at, proposal.cost()));
        self.concurrent += proposal.cost();
        self.targets.extend(proposal.targets.iter().map(|target| target.instance.clone()));
    }

    /// Time has come to `at`, and never goes back in a judgement. Who must have recovered by then is no longer watched: a
    /// plan spans a day, and the morning is over by noon.
    fn advance(&mut self, at: DateTime<Utc>, policy: &Policy) {
        while let Some((_, cost)) = self.acting.pop_front_if(|(began, _)| *began + policy.recovery <= at) {
            self.concurrent -= cost;
        }
    }
}

/// A proposal and what every rail said of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// What was proposed.
    pub proposal: Proposal,
    /// One ruling a rail, in the order of [`RAILS`].
    pub rulings: Vec<Ruling>,
}

impl Judged {
    /// An event about it: who, where, what, and what every rail said.
    pub fn draft(&self, at: DateTime<Utc>, kind: Kind, why: impl Into<String>) -> Draft {
        let proposal = &self.proposal;
        let target = proposal.targets.first();
        Draft {
            monkey: Some(proposal.monkey.clone()),
            account: Some(proposal.unit.id.scope.account.clone()),
            region: Some(proposal.unit.id.scope.region.clone()),
            unit: Some(proposal.unit.id.to_string()),
            group: target.map(|target| target.group.clone()),
            app: Some(proposal.unit.app.clone()),
            owner: proposal.unit.owner.clone(),
            target: target.map(|target| target.instance.to_string()),
            key: Some(proposal.key.to_string()),
            run: proposal.request.clone(),
            action: Some(proposal.action.name().to_owned()),
            verdicts: self.rulings.clone(),
            due: Some(proposal.due),
            until: Some(proposal.expires),
            ..Draft::new(at, kind, proposal.mode, why)
        }
    }

    /// No rail holds it.
    pub fn passes(&self) -> bool {
        self.held_by().is_none()
    }

    /// The first rail that holds it.
    pub fn held_by(&self) -> Option<&Ruling> {
        self.rulings.iter().find(|ruling| ruling.says.holds())
    }

    /// Every rail that holds it.
    pub fn holds(&self) -> impl Iterator<Item = &Ruling> {
        self.rulings.iter().filter(|ruling| ruling.says.holds())
    }
}

/// Judges proposals in the order of (due, key): one that passes spends its budget before the next is judged.
pub fn judge(
    proposals: &[Proposal],
    world: &World,
    detail: &Detail,
    policy: &Policy,
    now: DateTime<Utc>,
) -> Vec<Judged> {
    let mut ordered: Vec<&Proposal> = proposals.iter().collect();
    ordered.sort_by(|a, b| (a.due, &a.key).cmp(&(b.due, &b.key)));
    let known = world.fleets.iter().filter_map(|(scope, fleet)| Some((scope.clone(), fleet.groups.known()?)));
    let candidates = known.map(|(scope, groups)| (scope, candidates::count(groups, policy))).collect();
    let in_flight = world.history.in_flight().collect();
    let mut spent = Spent::default();
    ordered
        .into_iter()
        .map(|proposal| {
            let at = now.max(proposal.due);
            spent.advance(at, policy);
            let case = Case {
                proposal,
                world,
                detail,
                policy,
                at,
                candidates: &candidates,
                in_flight: &in_flight,
                spent: &spent,
            };
            let rulings = RAILS
                .iter()
                .map(|rail| {
                    let says = if policy.disabled.contains(rail.name) {
                        Verdict::NotApplicable("disabled in the config".into())
                    } else {
                        (rail.judge)(&case)
                    };
                    Ruling { rail: rail.name.into(), says }
                })
                .collect();
            let judged = Judged { proposal: proposal.clone(), rulings };
            if judged.passes() {
                spent.add(proposal, policy, at);
            }
            judged
        })
        .collect()
}

#[cfg(test)]
pub(crate) mod testing;

#[cfg(test)]
mod tests {
    use super::testing::Scene;
    use super::*;

    #[test]
    fn names_are_unique_and_shaped_like_config_keys() {
        let names: BTreeSet<&str> = RAILS.iter().map(|rail| rail.name).collect();
        assert_eq!(names.len(), RAILS.len());
        assert!(names.iter().all(|name| name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')));
    }

    #[test]
    fn the_quiet_scene_passes_every_rail() {
        let scene = Scene::quiet();
        let judged = scene.judge();
        assert!(judged.passes(), "{:?}", judged.held_by());
        assert_eq!(judged.rulings.len(), RAILS.len());
    }

    #[test]
    fn a_pass_spends_its_budget_before_the_next_is_judged() {
        let mut scene = Scene::quiet();
        scene.policy.budgets.per_app_day = Some(1);
        let mut second = scene.proposal.clone();
        second.key = crate::proposal::Key::from_stored("z");
        second.unit.id.name = "shop-other".into();
        let judged = judge(&[second, scene.proposal.clone()], &scene.world, &Detail::none(), &scene.policy, scene.now);
        assert!(judged[0].passes());
        assert!(judged[1].holds().any(|ruling| ruling.rail == "budgets"));
    }

    #[test]
    fn whom_an_earlier_proposal_takes_is_as_good_as_gone() {
        let mut scene = Scene::quiet();
        scene.policy.budgets.per_unit_day = None;
        scene.policy.floors.healthy = 3;
        let mut second = scene.proposal.clone();
        second.key = crate::proposal::Key::from_stored("z");
        for (instance, rail) in [("i-0", "member"), ("i-1", "healthy_floor")] {
            second.targets[0].instance = InstanceId::new(instance);
            let both = [scene.proposal.clone(), second.clone()];
            let judged = judge(&both, &scene.world, &Detail::none(), &scene.policy, scene.now);
            assert!(judged[0].passes());
            assert_eq!(judged[1].held_by().map(|ruling| &*ruling.rail), Some(rail), "{instance}");
        }
    }

    #[test]
    fn the_mornings_actions_are_not_concurrent_with_the_afternoons() {
        let mut scene = Scene::quiet();
        scene.policy.budgets.per_unit_day = None;
        scene.policy.budgets.concurrent = Some(1);
        let mut second = scene.proposal.clone();
        second.key = crate::proposal::Key::from_stored("z");
        second.targets[0].instance = crate::fleet::InstanceId::new("i-1");
        for (minutes, passes) in [(0, false), (14, false), (15, true)] {
            second.due = scene.proposal.due + chrono::TimeDelta::minutes(minutes);
            let both = [scene.proposal.clone(), second.clone()];
            let judged = judge(&both, &scene.world, &Detail::none(), &scene.policy, scene.now);
            let concurrent = judged[1].holds().any(|ruling| ruling.says.why().starts_with("concurrent"));
            assert_eq!(!concurrent, passes, "{minutes} minutes later");
        }
    }

    #[test]
    fn a_disabled_rail_says_so_and_holds_nothing() {
        let mut scene = Scene::quiet();
        scene.policy.budgets.per_app_day = Some(0);
        assert!(!scene.judge().passes());
        scene.policy.disabled.insert("budgets".into());
        assert!(scene.judge().passes());
        assert_eq!(scene.verdict("budgets"), Verdict::NotApplicable("disabled in the config".into()));
    }
}
