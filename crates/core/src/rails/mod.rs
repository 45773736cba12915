//! The rails: what stands between a proposal and the account. A file each.
//!
//! Pure: a rail sees the proposal, the world, the detail if it was read, the policy and the time, and nothing else.
//! What it cannot know it answers with [`Verdict::Unknown`], and unknown holds. All verdicts are kept, so that every
//! reason can be shown and not only the first.

mod able;
mod account;
mod alarms;
mod breaker;
mod budgets;
mod candidates;
mod change_calendar;
mod chores;
mod clock;
mod cool_down;
mod fault;
mod floors;
mod hours;
mod member;
mod mode;
mod opted_in;
mod ourselves;
mod outage;
mod paused;
mod policy;
mod recovered;
mod replacement;
mod reread;
mod safety_lever;
mod steady;
mod target_health;
mod turn;
mod veto;
mod veto_window;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};

pub use alarms::of as alarms;
pub use candidates::{believed, count as candidates};
pub use chores::{CHORE_RAILS, ChoreRail, Recheck, judge_chores};
pub use paused::NEWBORN;
pub use policy::{Alarms, Budgets, Candidates, Disposals, FaultRules, Fis, Floors, HeldBack, NO_ROLE, Policy};
pub use reread::FRESH;
pub use steady::SINCE as ACTIVITIES_SINCE;

use self::turn::Turn;
use crate::claim::Slot;
use crate::detail::{Detail, Look, Stops};
use crate::event::{Draft, Kind};
use crate::fleet::{Group, InstanceId, Member, View};
use crate::proposal::{Proposal, Target};
use crate::scope::{Region, Scope};
use crate::unit::GroupId;
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
    /// What would lift its hold, for people; asked only when it holds.
    pub lift: fn(&Case<'_>) -> String,
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
    change_calendar::RAIL,
    opted_in::RAIL,
    veto::RAIL,
    veto_window::RAIL,
    ourselves::RAIL,
    member::RAIL,
    fault::RAIL,
    floors::HEALTHY,
    floors::ZONE,
    cool_down::RAIL,
    recovered::RAIL,
    breaker::RAIL,
    candidates::RAIL,
    budgets::RAIL,
    reread::RAIL,
    steady::RAIL,
    target_health::RAIL,
    able::RAIL,
    replacement::RAIL,
    alarms::RAIL,
    outage::RAIL,
    safety_lever::RAIL,
];

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
    /// A rail before this one holds it: nobody was asked about it, and nobody needs to be.
    held: bool,
}

impl<'a> Case<'a> {
    fn turn(&self) -> Turn<'a> {
        let Self { proposal, world, policy, at, .. } = *self;
        Turn { mode: proposal.mode, monkey: &proposal.monkey, scope: &proposal.scope, world, policy, at }
    }

    /// A group of the unit as freshly as it is known: the re-read one where it was read again, else the survey's.
    pub fn group(&self, id: &GroupId) -> Option<&'a Group> {
        self.group_in(&id.region, &id.name)
    }

    /// The group of a target, as freshly as it is known.
    pub fn group_of(&self, target: &Target) -> Option<&'a Group> {
        self.group_in(&self.proposal.scope.region, &target.group)
    }

    /// Every group of the unit that there is and that is not empty: its region, its description, and whether it has a
    /// target.
    fn populated(&self) -> impl Iterator<Item = (Scope, &'a Group, bool)> {
        let groups = self.proposal.unit.groups.iter().filter_map(|id| {
            let scope = Scope { account: self.proposal.scope.account.clone(), region: id.region.clone() };
            let aimed_at = self.proposal.scope.region == id.region
                && self.proposal.targets.iter().any(|target| target.group == id.name);
            Some((scope, self.group(id)?, aimed_at))
        });
        groups.filter(|(_, group, _)| group.desired > 0 || !group.members.is_empty())
    }

    /// The groups that have a target.
    fn aimed_at(&self) -> impl Iterator<Item = &'a Group> {
        self.populated().filter(|(_, _, aimed_at)| *aimed_at).map(|(_, group, _)| group)
    }

    /// What a second look saw of a scope, if it was begun not too long ago.
    fn look(&self, scope: &Scope) -> Option<&'a Look> {
        self.detail.look(scope).filter(|look| self.at - look.at < LOOK_LASTS)
    }

    /// What stops everything where it would act, if that was asked not long ago: the machine may have slept since.
    fn stops(&self) -> Option<&'a Stops> {
        self.detail.stops(&self.proposal.scope).filter(|stops| self.at - stops.at < FRESH)
    }

    /// What a detail rail says of what is not in the second look: nothing yet, before it was taken or while another rail
    /// holds.
    fn not_looked_at(&self, what: &str) -> Verdict {
        let looked = self.detail.look(&self.proposal.scope);
        let old = looked.is_some_and(|look| {
            let stops_at = look.stops.as_ref().map(|stops| stops.at);
            self.at - look.at >= LOOK_LASTS || stops_at.is_some_and(|at| self.at - at >= FRESH)
        });
        if old {
            Verdict::Unknown(OLD.into())
        } else if self.detail.is_taken() && !self.held {
            Verdict::Unknown(format!("nobody asked for {what}: that waits for the next wake"))
        } else {
            Verdict::NotApplicable(WHEN_DUE.into())
        }
    }

    fn group_in(&self, region: &Region, name: &str) -> Option<&'a Group> {
        let scope = Scope { account: self.proposal.scope.account.clone(), region: region.clone() };
        match self.detail.look(&scope).and_then(|look| look.group(name)) {
            Some(View::Known(groups)) => groups.get(name),
            _ => self.world.group(&scope, name),
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

/// How old a second look may be. At a thousand groups it takes some minutes; over one that is older the machine slept.
const LOOK_LASTS: TimeDelta = TimeDelta::minutes(10);

/// What a detail rail says before the second look.
const WHEN_DUE: &str = "asked when it is due";

/// What it says when the machine slept since, or other looks took long.
const OLD: &str = "the second look is old by now: that waits for the next wake";

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
            if let Slot::Day { counter, cost, .. } = slot {
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
    /// When it was judged: what it may do, it may do soon after.
    pub at: DateTime<Utc>,
}

impl Judged {
    /// An event about it: who, where, what, and what every rail said.
    pub fn draft(&self, at: DateTime<Utc>, kind: Kind, why: impl Into<String>) -> Draft {
        let proposal = &self.proposal;
        Draft {
            monkey: Some(proposal.monkey.clone()),
            account: Some(proposal.scope.account.clone()),
            region: Some(proposal.scope.region.clone()),
            unit: Some(proposal.unit.id.to_string()),
            group: Target::groups(&proposal.targets),
            app: Some(proposal.unit.app.clone()),
            owner: proposal.unit.owner.clone(),
            target: Target::instances(&proposal.targets),
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
    let candidates = counted(world, policy);
    let in_flight = world.history.in_flight().collect();
    let mut spent = Spent::default();
    ordered
        .into_iter()
        .map(|proposal| {
            let at = now.max(proposal.due);
            spent.advance(at, policy);
            let mut case = Case {
                proposal,
                world,
                detail,
                policy,
                at,
                candidates: &candidates,
                in_flight: &in_flight,
                spent: &spent,
                held: false,
            };
            let rulings = RAILS
                .iter()
                .map(|rail| {
                    let says = if policy.has(rail.name) {
                        (rail.judge)(&case)
                    } else {
                        Verdict::NotApplicable("disabled in the config".into())
                    };
                    case.held |= says.holds();
                    Ruling { rail: rail.name.into(), says }
                })
                .collect();
            let judged = Judged { proposal: proposal.clone(), rulings, at: now };
            if judged.passes() {
                spent.add(proposal, policy, at);
            }
            judged
        })
        .collect()
}

/// How many groups a usual survey lists, by scope, where that is known.
fn counted(world: &World, policy: &Policy) -> BTreeMap<Scope, u64> {
    let known = world.fleets.iter().filter_map(|(scope, fleet)| Some((scope.clone(), fleet.groups.known()?)));
    known.map(|(scope, groups)| (scope, candidates::count(groups, policy))).collect()
}

/// The room that a proposal's claim asks for: what the rails judged some time ago, and the ledger judges once more in the
/// commit of the claim.
pub fn slots(proposal: &Proposal, world: &World, policy: &Policy) -> Vec<Slot> {
    let idle = policy.has(recovered::RAIL.name).then_some(Slot::Idle);
    let since = Slot::Since { last: cool_down::last_action(proposal, world) };
    let since = policy.has(cool_down::RAIL.name).then_some(since);
    idle.into_iter().chain(since).chain(budgets::slots(proposal, policy)).collect()
}

/// Why nothing that minds these alarms may be done now, by what stops everything: an alarm, the safety lever, the outage
/// hook. The same words as their rails', for whoever acts and looks once more.
pub fn stopped(names: &[String], stops: &Stops, policy: &Policy) -> Option<String> {
    let rails: [(&str, &dyn Fn() -> Verdict); 3] = [
        (alarms::RAIL.name, &|| {
            if names.is_empty() { Verdict::Pass(String::new()) } else { alarms::says(names, stops, policy) }
        }),
        (outage::RAIL.name, &|| outage::says(stops, policy)),
        (safety_lever::RAIL.name, &|| safety_lever::says(stops)),
    ];
    let on = rails.into_iter().filter(|(name, _)| policy.has(name));
    on.map(|(_, says)| says()).find(Verdict::holds).map(|verdict| verdict.why().to_owned())
}

/// What would lift each hold of a proposal that was judged alone, by rail.
pub fn lifts(
    judged: &Judged,
    world: &World,
    detail: &Detail,
    policy: &Policy,
    now: DateTime<Utc>,
) -> BTreeMap<String, String> {
    let proposal = &judged.proposal;
    let (candidates, in_flight, spent) =
        (counted(world, policy), world.history.in_flight().collect(), Spent::default());
    let at = now.max(proposal.due);
    let case = Case {
        proposal,
        world,
        detail,
        policy,
        at,
        candidates: &candidates,
        in_flight: &in_flight,
        spent: &spent,
        held: false,
    };
    let holding = RAILS.iter().filter(|rail| judged.holds().any(|ruling| ruling.rail == rail.name));
    holding.map(|rail| (rail.name.to_owned(), (rail.lift)(&case))).collect()
}

#[cfg(test)]
mod lifts;
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
    fn a_second_look_that_finds_nothing_wrong_passes_and_one_that_saw_nothing_holds() {
        let scene = Scene::quiet();
        let judge =
            |detail| judge(std::slice::from_ref(&scene.proposal), &scene.world, &detail, &scene.policy, scene.now);
        let looked = judge(scene.detail(|_| ())).remove(0);
        assert!(looked.passes(), "{:?}", looked.held_by());
        let left_out = judge(Detail::of(BTreeMap::new())).remove(0);
        let holds: Vec<&str> = left_out.holds().map(|ruling| ruling.rail.as_ref()).collect();
        assert_eq!(holds, ["steady"], "once one holds, the others have nothing to ask");
    }

    #[test]
    fn what_stops_everything_stops_whoever_acts_in_the_same_words() {
        use crate::detail::{AlarmState, Lever};
        let mut policy = Scene::quiet().policy;
        policy.outage = Some("https://status".into());
        let names = ["shop-5xx".to_owned()];
        let quiet = Stops {
            at: Scene::quiet().now,
            alarms: View::Known([(names[0].clone(), AlarmState::Ok)].into()),
            lever: View::Known(Lever { engaged: false, reason: String::new() }),
            outage: View::Known(()),
        };
        assert_eq!(stopped(&names, &quiet, &policy), None);
        let alarm = Stops { alarms: View::Known([(names[0].clone(), AlarmState::Alarm)].into()), ..quiet.clone() };
        assert_eq!(stopped(&names, &alarm, &policy).as_deref(), Some("alarm shop-5xx is ALARM"));
        assert_eq!(stopped(&[], &alarm, &policy), None, "nobody minds it");
        let lever = Stops { lever: View::Unknown("denied".into()), ..quiet.clone() };
        assert_eq!(stopped(&names, &lever, &policy).as_deref(), Some("the safety lever is not known: denied"));
        policy.disabled.insert("safety_lever".into());
        assert_eq!(stopped(&names, &lever, &policy), None, "that rail is off");
        let hook = Stops { outage: View::Unknown("it answered 503".into()), ..quiet };
        assert_eq!(stopped(&names, &hook, &policy).as_deref(), Some("https://status: it answered 503"));
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

    /// The scene's proposal with its first `n` members as targets.
    fn several(n: usize) -> Scene {
        let mut scene = Scene::quiet();
        scene.proposal.targets = (0..n)
            .map(|n| Target {
                instance: crate::fleet::InstanceId::new(format!("i-{n}")),
                group: "shop-prod-v001".into(),
                zone: format!("us-east-1{}", ["a", "b"][n % 2]),
            })
            .collect();
        scene.group().tags.insert("simian:chaos:count".into(), "3".into());
        scene
    }

    #[test]
    fn every_rail_counts_all_targets() {
        assert!(several(2).judge().passes(), "{:?}", several(2).judge().held_by());
        assert!(several(3).verdict("healthy_floor").why().starts_with("1 healthy members"));
        let mut scene = several(2);
        scene.policy.floors.zone = 1;
        assert!(!scene.verdict("zone_floor").holds(), "one of each zone");
        scene.proposal.targets[1] =
            Target { instance: crate::fleet::InstanceId::new("i-2"), ..several(1).proposal.targets[0].clone() };
        assert!(scene.verdict("zone_floor").holds(), "both of one zone");
        let spoils: [fn(&mut crate::fleet::Member); 2] = [|m| m.protected = true, |m| m.healthy = false];
        for spoil in spoils {
            let mut scene = several(2);
            spoil(&mut scene.group().members[1]);
            assert!(scene.verdict("member").why().contains("i-1"), "the second is looked at too");
        }
        let mut scene = several(2);
        scene.open_claim_on(1);
        assert!(scene.verdict("member").why().contains("i-1 is being ended"));
    }

    #[test]
    fn every_budget_but_the_units_counts_all_targets() {
        type Set = fn(&mut Budgets, Option<u32>);
        let budgets: [(Set, u32); 7] = [
            (|b, n| b.per_unit_day = n, 1),
            (|b, n| b.per_app_day = n, 2),
            (|b, n| b.per_owner_day = n, 2),
            (|b, n| b.per_zone_day = n, 1),
            (|b, n| b.per_scope_day = n, 2),
            (|b, n| b.per_account_day = n, 2),
            (|b, n| b.concurrent = n, 2),
        ];
        for (n, (set, enough)) in budgets.into_iter().enumerate() {
            let mut scene = several(2);
            set(&mut scene.policy.budgets, Some(enough));
            assert!(!scene.verdict("budgets").holds(), "{n}");
            set(&mut scene.policy.budgets, Some(enough - 1));
            assert!(scene.verdict("budgets").holds(), "{n}");
        }
    }

    #[test]
    fn an_event_names_all_targets_in_order_and_each_group_once() {
        let mut scene = several(3);
        scene.proposal.targets[1].group = "shop-prod-v002".into();
        let draft = scene.judge().draft(scene.now, Kind::ActionPlanned, "");
        assert_eq!(draft.target.as_deref(), Some("i-0 i-1 i-2"));
        assert_eq!(draft.group.as_deref(), Some("shop-prod-v001 shop-prod-v002"));
        scene.proposal.targets.clear();
        assert_eq!(scene.judge().draft(scene.now, Kind::ActionPlanned, "").target, None);
    }
}
