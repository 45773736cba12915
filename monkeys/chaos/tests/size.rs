//! How many fall at once, and who: as many as was said, fewer where a floor would break, somebody in any case.

mod fleet;

use std::collections::BTreeSet;

use fleet::{calendar, chaos, date, fleet, group, world};
use simian_core::choice::Rule;
use simian_core::rails::Floors;
use simian_core::{Choice, Dice, Group, Member, Monkey, Proposal};

const DAILY: (&str, &str) = ("simian:chaos:mean-days", "1");

/// A group of so many, over four zones.
fn sized(name: &str, size: usize, tags: &[(&str, &str)]) -> Group {
    let mut group = group(name, &[&[DAILY], tags].concat());
    let four = group.members.clone();
    let member = |n: usize| {
        let id = simian_core::InstanceId::new(format!("i-{name}-{n:02}"));
        Member { id, ..four[n % 4].clone() }
    };
    group.members = (0..size).map(member).collect();
    group
}

fn only_proposal(groups: impl IntoIterator<Item = Group>, floors: Floors) -> Proposal {
    let day = calendar(chrono_tz::UTC, "09:00", "15:00").day(date(2026, 11, 23));
    let world = world([fleet("us-east-1", groups)]);
    let mut outlook = chaos().leaving(floors).propose(&world, &day, &Dice::new("size"));
    assert_eq!(outlook.proposals.len(), 1);
    outlook.proposals.remove(0)
}

fn ids(proposal: &Proposal) -> Vec<&str> {
    proposal.targets.iter().map(|target| target.instance.as_str()).collect()
}

const NO_FLOORS: Floors = Floors { healthy: 0, zone: 0 };

#[test]
fn as_many_as_was_said_and_no_instance_twice() {
    for (size, tags, hit) in [
        (8, vec![], 1),
        (8, vec![("simian:chaos:count", "3")], 3),
        (2, vec![("simian:chaos:count", "3")], 2),
        (8, vec![("simian:chaos:share", "0.25")], 2),
        (7, vec![("simian:chaos:share", "0.25")], 1),
        (3, vec![("simian:chaos:share", "0.25")], 1),
        (40, vec![("simian:chaos:share", "0.25")], 3),
        (40, vec![("simian:chaos:share", "0.25"), ("simian:chaos:cap", "20")], 10),
    ] {
        let proposal = only_proposal([sized("shop-prod-v001", size, &tags)], NO_FLOORS);
        let ids: BTreeSet<&str> = ids(&proposal).into_iter().collect();
        assert_eq!((ids.len(), proposal.targets.len()), (hit, hit), "{size} {tags:?}");
    }
}

#[test]
fn more_victims_are_the_same_order_taken_further() {
    let of = |count| only_proposal([sized("shop-prod-v001", 12, &[("simian:chaos:count", count)])], NO_FLOORS);
    assert_eq!(ids(&of("1")), ids(&of("3"))[..1]);
    assert_eq!(ids(&of("2")), ids(&of("3"))[..2]);
}

#[test]
fn the_share_is_of_those_that_serve_in_the_whole_unit() {
    let share = ("simian:chaos:share", "0.25");
    let two = || [sized("shop-prod-v001", 5, &[share]), sized("shop-prod-v002", 3, &[share])];
    assert_eq!(only_proposal(two(), NO_FLOORS).targets.len(), 2);
    let mut sick = two();
    sick[1].members[0].healthy = false;
    assert_eq!(only_proposal(sick, NO_FLOORS).targets.len(), 1, "a quarter of seven");
}

#[test]
fn groups_that_differ_take_the_smallest_result() {
    let groups = |n| {
        [
            sized("shop-prod-v001", n, &[("simian:chaos:count", "2")]),
            sized("shop-prod-v002", n, &[("simian:chaos:share", "0.25")]),
        ]
    };
    assert_eq!(only_proposal(groups(3), NO_FLOORS).targets.len(), 1);
    assert_eq!(only_proposal(groups(20), NO_FLOORS).targets.len(), 2);
}

#[test]
fn fewer_are_taken_rather_than_break_a_floor() {
    let three = ("simian:chaos:count", "3");
    for (floors, size, hit) in [
        (Floors { healthy: 2, zone: 0 }, 5, 3),
        (Floors { healthy: 2, zone: 0 }, 4, 2),
        (Floors { healthy: 2, zone: 0 }, 3, 1),
        // Two in each zone of four: one of each may go.
        (Floors { healthy: 0, zone: 1 }, 8, 3),
        // Two in one zone and one in each other: only that one.
        (Floors { healthy: 0, zone: 1 }, 5, 1),
    ] {
        let group = sized("shop-prod-v001", size, &[three]);
        let proposal = only_proposal([group.clone()], floors.clone());
        assert_eq!(proposal.targets.len(), hit, "{floors:?} of {size}");
        let left = |zone: &str| {
            let there = group.members.iter().filter(|member| member.zone == zone).count();
            there - proposal.targets.iter().filter(|target| target.zone == zone).count()
        };
        assert!(proposal.targets.iter().all(|target| left(&target.zone) >= floors.zone as usize));
    }
}

#[test]
fn who_would_break_a_floor_is_passed_over_for_who_would_not() {
    let two = ("simian:chaos:count", "2");
    let proposal =
        only_proposal([sized("shop-prod-v001", 2, &[two]), sized("shop-prod-v002", 4, &[two])], Floors::default());
    assert_eq!(proposal.targets.len(), 2);
    assert!(proposal.targets.iter().all(|target| target.group == "shop-prod-v002"), "{:?}", proposal.targets);
}

#[test]
fn when_everybody_would_break_a_floor_one_is_proposed_for_the_rail_to_explain() {
    let two = ("simian:chaos:count", "2");
    let proposal = only_proposal([sized("shop-prod-v001", 2, &[two])], Floors::default());
    assert_eq!(proposal.targets.len(), 1);
    assert_eq!(ids(&proposal), ids(&only_proposal([sized("shop-prod-v001", 2, &[])], NO_FLOORS)));
}

#[test]
fn the_protected_count_for_the_floor_and_never_fall() {
    let mut group = sized("shop-prod-v001", 4, &[("simian:chaos:count", "3")]);
    group.members[0].protected = true;
    group.members[1].protected = true;
    let proposal = only_proposal([group], Floors::default());
    let mut hit = ids(&proposal);
    hit.sort_unstable();
    assert_eq!(hit, ["i-shop-prod-v001-02", "i-shop-prod-v001-03"]);
}

#[test]
fn the_operators_lists_keep_groups_out_and_say_so() {
    let day = calendar(chrono_tz::UTC, "09:00", "15:00").day(date(2026, 11, 23));
    let names = ["shop-prod-v001", "shop-prod-canary-v001", "pay-prod-v001"];
    let world = world([fleet("us-east-1", names.map(|name| group(name, &[DAILY])))]);
    let except = vec![Rule { app: "pay".parse().ok(), why: Some("not yet".into()), ..Rule::default() }];
    let choice = Choice { except, never_suffixes: vec!["-canary".into()], ..simian_chaos::Config::default().choice() };
    let outlook = chaos().choosing(choice).propose(&world, &day, &Dice::new("size"));
    let proposed: Vec<&str> = outlook.proposals.iter().map(|proposal| proposal.unit.id.name.as_str()).collect();
    assert_eq!(proposed, ["shop-prod"]);
    let why: Vec<&str> = outlook.considered.iter().map(|considered| considered.why.as_str()).collect();
    assert_eq!(
        why,
        [
            "pay-prod-v001: excepted by monkeys.chaos.except[0]: not yet",
            "shop-prod-canary-v001: its name ends in -canary (monkeys.chaos.never_suffixes)",
        ]
    );
    assert_eq!(outlook.spared.len(), 2);
}
