//! Who is hit, and how many: never more than the caps, whatever owners say and whatever is under way.

mod fleet;

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use fleet::{calendar, date, fleet, group, latency, world};
use proptest::prelude::*;
use simian_core::claim::{Claim, ClaimRecord};
use simian_core::rails::Floors;
use simian_core::{Action, Dice, Group, InstanceId, Member, Mode, Monkey, Outlook, Target, World};
use simian_latency::Latency;

const DAILY: (&str, &str) = ("simian:latency:mean-days", "1");

fn monday() -> NaiveDate {
    date(2026, 11, 23)
}

fn propose(monkey: &Latency, world: &World) -> Outlook {
    monkey.propose(world, &calendar(chrono_tz::UTC, "09:00", "15:00").day(monday()), &Dice::new("caps"))
}

/// A group of so many members, in zones by number.
fn sized(name: &str, zones: &[usize], tags: &[(&str, &str)]) -> Group {
    let mut group = group(name, &[&[DAILY], tags].concat());
    let one = group.members[0].clone();
    let member = |(n, zone): (usize, &usize)| Member {
        id: InstanceId::new(format!("i-{name}-{n:02}")),
        zone: format!("us-east-1{zone}"),
        ..one.clone()
    };
    group.members = zones.iter().enumerate().map(member).collect();
    group
}

/// Somebody's open claim on a member.
fn under_way(world: &mut World, monkey: &str, group: &Group, member: usize) {
    let mut outlook = propose(&latency(), &fleet_of(std::slice::from_ref(group)));
    let mut proposal = outlook.proposals.remove(0);
    proposal.monkey = monkey.into();
    let member = &group.members[member];
    proposal.targets =
        vec![Target { instance: member.id.clone(), group: group.name.clone(), zone: member.zone.clone() }];
    let at = proposal.due;
    let claim = Claim {
        key: proposal.key,
        mode: Mode::Live,
        monkey: proposal.monkey,
        date: proposal.date,
        scope: proposal.scope,
        unit: proposal.unit.id.to_string(),
        spans: None,
        app: proposal.unit.app,
        owner: None,
        action: Action::Latency,
        terms: proposal.terms,
        targets: proposal.targets,
        baseline: BTreeMap::new(),
        alarms: Vec::new(),
        holder: "host".into(),
        at,
        act_before: at,
        slots: Vec::new(),
    };
    world.history.open.push(ClaimRecord::won(&claim));
}

fn fleet_of(groups: &[Group]) -> World {
    world([fleet("us-east-1", groups.to_vec())])
}

fn targets(outlook: &Outlook) -> Vec<&Target> {
    outlook.proposals.iter().flat_map(|proposal| &proposal.targets).collect()
}

#[test]
fn one_member_at_once_whatever_the_owner_says() {
    let tags = [("simian:latency:count", "9"), ("simian:latency:cap", "20")];
    let group = sized("shop-prod-v001", &[0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2], &tags);
    let hit = |monkey: Latency| targets(&propose(&monkey, &fleet_of(std::slice::from_ref(&group)))).len();
    assert_eq!(hit(latency()), 1);
    assert_eq!(hit(latency().at_most(5, 1)), 3, "one in each zone");
    assert_eq!(hit(latency().at_most(2, 9)), 2);
    assert_eq!(hit(latency().at_most(50, 50)), 9, "and no more than the owner wants");
}

#[test]
fn what_is_under_way_counts() {
    let group = sized("shop-prod-v001", &[0, 0, 1, 1, 2, 2], &[("simian:latency:count", "3")]);
    let mut world = fleet_of(std::slice::from_ref(&group));
    under_way(&mut world, "latency", &group, 0);
    let outlook = propose(&latency(), &world);
    assert_eq!(outlook.proposals.len(), 0);
    let why = &outlook.considered[0].why;
    assert_eq!(why, "1 of its members are hit already, and the caps allow no more at once");
    let two = propose(&latency().at_most(3, 1), &world);
    let zones: BTreeSet<&str> = targets(&two).iter().map(|target| target.zone.as_str()).collect();
    assert_eq!(zones.into_iter().collect::<Vec<_>>(), ["us-east-11", "us-east-12"], "the zone of the first is full");
    // Another unit's are its own.
    let other = sized("cart-prod-v001", &[0, 1], &[]);
    let both = [group.clone(), other];
    let mut world = fleet_of(&both);
    under_way(&mut world, "chaos", &group, 0);
    let hit: Vec<String> =
        propose(&latency(), &world).proposals.into_iter().map(|proposal| proposal.unit.id.name).collect();
    assert_eq!(hit, ["cart-prod"]);
}

#[test]
fn who_would_break_a_floor_is_proposed_within_the_caps_only() {
    let group = sized("shop-prod-v001", &[0, 0, 1], &[]);
    let floors = Floors { healthy: 3, zone: 0 };
    let world = fleet_of(std::slice::from_ref(&group));
    let outlook = propose(&latency().leaving(floors.clone()), &world);
    assert_eq!(targets(&outlook).len(), 1, "for the rail to explain");
    for member in 0..3 {
        let mut world = world.clone();
        under_way(&mut world, "latency", &group, member);
        let outlook = propose(&latency().leaving(floors.clone()).at_most(2, 1), &world);
        assert!(targets(&outlook).iter().all(|target| target.zone != group.members[member].zone));
    }
}

/// The items in an order that the dice give for that number.
fn shuffled<T: Clone>(items: &[T], n: u32) -> Vec<T> {
    let places = (0..items.len()).map(|place| place.to_string());
    let order = Dice::new("order").on("shuffle", monday()).rank(&[&n.to_string()], places);
    order.iter().map(|place| items[place.parse::<usize>().unwrap()].clone()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn no_tag_and_no_fleet_hits_more_than_the_caps(
        sizes in proptest::collection::vec((proptest::collection::vec(0_usize..4, 0..9), 1_u32..12), 1..6),
        cap in 1_u32..6,
        zone_cap in 1_u32..4,
        healthy in 0_u32..4,
        going in proptest::collection::vec((0_usize..6, 0_usize..9), 0..4),
        order in any::<u32>(),
    ) {
        // Two pushes of each of three units.
        let groups: Vec<Group> = sizes.iter().enumerate().map(|(n, (zones, count))| {
            let count = count.to_string();
            let tags = [("simian:latency:count", count.as_str()), ("simian:latency:cap", "50")];
            sized(&format!("s{}-prod-v00{}", n / 2, n % 2), zones, &tags)
        }).collect();
        let mut world = fleet_of(&groups);
        for (group, member) in going {
            if let Some(group) = groups.get(group) && member < group.members.len() {
                under_way(&mut world, "latency", group, member);
            }
        }
        let monkey = latency().at_most(cap, zone_cap).leaving(Floors { healthy, zone: 0 });
        let outlook = propose(&monkey, &world);
        let mut units = BTreeSet::new();
        for proposal in &outlook.proposals {
            prop_assert!(units.insert(proposal.unit.id.full()), "two for one unit");
            let open = world.history.open.iter().flat_map(|open| &open.targets);
            let open: BTreeSet<&Target> =
                open.filter(|target| proposal.unit.groups.iter().any(|group| group.name == target.group)).collect();
            let all: Vec<&Target> = proposal.targets.iter().chain(open.iter().copied()).collect();
            prop_assert!(all.len() == all.iter().collect::<BTreeSet<_>>().len(), "nobody is hit twice");
            if proposal.targets.is_empty() {
                continue;
            }
            prop_assert!(all.len() <= cap as usize, "{all:?}");
            let mut zones: BTreeMap<&str, u32> = BTreeMap::new();
            for target in &all {
                *zones.entry(&target.zone).or_default() += 1;
            }
            for target in &proposal.targets {
                prop_assert!(zones[target.zone.as_str()] <= zone_cap, "{zones:?}");
            }
        }
        let mut groups = shuffled(&groups, order);
        for group in &mut groups {
            group.members = shuffled(&group.members, order);
        }
        let mut other = fleet_of(&groups);
        other.history = world.history.clone();
        prop_assert_eq!(propose(&monkey, &other), outlook);
    }
}
