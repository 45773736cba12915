//! What must hold of every proposal, whatever the fleet looks like.

mod fleet;

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use fleet::{calendar, chaos, date, fleet, group, scope, world};
use simian_core::{Day, Dice, Group, Lifecycle, Mode, Monkey, Outlook, Request, View, World};

const DAILY: (&str, &str) = ("simian:chaos:mean-days", "1");

fn monday() -> NaiveDate {
    date(2026, 11, 23)
}

fn day() -> Day {
    calendar(chrono_tz::UTC, "09:00", "15:00").day(monday())
}

fn propose(world: &World) -> Outlook {
    chaos().propose(world, &day(), &Dice::new("propose"))
}

/// Clusters of two pushes each, some with a detail.
fn groups() -> Vec<Group> {
    let names = (0..12).flat_map(|n| [format!("s{n:02}-prod-v001"), format!("s{n:02}-prod-v002")]);
    let detailed = (0..4).map(|n| format!("s{n:02}-prod-canary-v003"));
    names.chain(detailed).map(|name| group(&name, &[DAILY])).collect()
}

/// The items in an order that the dice give for that number.
fn shuffled<T: Clone>(items: &[T], n: usize) -> Vec<T> {
    let places = (0..items.len()).map(|place| place.to_string());
    let order = Dice::new("order").on("shuffle", monday()).rank(&[&n.to_string()], places);
    order.iter().map(|place| items[place.parse::<usize>().unwrap()].clone()).collect()
}

#[test]
fn no_order_of_groups_or_members_changes_anything() {
    let whole = propose(&world([fleet("us-east-1", groups())]));
    assert_eq!(whole.proposals.len(), 16);
    for n in 0..50 {
        let mut groups = shuffled(&groups(), n);
        for (place, group) in groups.iter_mut().enumerate() {
            group.members = shuffled(&group.members, n * 100 + place);
        }
        assert_eq!(propose(&world([fleet("us-east-1", groups)])), whole, "{n}");
    }
}

#[test]
fn a_member_that_leaves_changes_the_choice_only_if_it_was_the_choice() {
    let whole = propose(&world([fleet("us-east-1", groups())]));
    let mut others = 0;
    for place in 0..groups().len() {
        for gone in 0..4 {
            let mut groups = groups();
            let member = groups[place].members.remove(gone);
            let left = propose(&world([fleet("us-east-1", groups)]));
            for (before, after) in whole.proposals.iter().zip(&left.proposals) {
                assert_eq!((&before.key, before.due, before.action), (&after.key, after.due, after.action));
                if before.targets[0].instance == member.id {
                    others += 1;
                    assert_eq!(before.unit.id, after.unit.id);
                    assert_ne!(after.targets[0].instance, member.id);
                } else {
                    assert_eq!(before.targets, after.targets);
                }
            }
        }
    }
    assert_eq!(others, whole.proposals.len(), "each choice left once");
}

#[test]
fn only_members_that_plainly_serve_are_chosen() {
    let spoils: [fn(&mut simian_core::Member); 4] = [
        |member| member.healthy = false,
        |member| member.protected = true,
        |member| member.lifecycle = Lifecycle::Standby,
        |member| member.lifecycle = Lifecycle::Terminating,
    ];
    for spoil in spoils {
        for left in 0..4 {
            let mut group = group("shop-prod-v001", &[DAILY]);
            for (place, member) in group.members.iter_mut().enumerate() {
                if place != left {
                    spoil(member);
                }
            }
            let expected = group.members[left].id.clone();
            let outlook = propose(&world([fleet("us-east-1", [group.clone()])]));
            assert_eq!(outlook.proposals[0].targets[0].instance, expected);
            spoil(&mut group.members[left]);
            let outlook = propose(&world([fleet("us-east-1", [group])]));
            assert!(outlook.proposals[0].targets.is_empty(), "a turn with nobody to take, for the rails to hold");
        }
    }
}

#[test]
fn of_an_unknown_region_nothing_is_said() {
    let known = || fleet("us-east-1", groups());
    let alone = propose(&world([known()]));
    for view in [View::Unknown("page 3 failed".into()), View::Unasked] {
        let mut blind = fleet("eu-west-1", groups());
        blind.groups = view;
        assert_eq!(propose(&world([known(), blind])), alone);
    }
    let both = propose(&world([known(), fleet("eu-west-1", groups())]));
    assert_eq!(both.proposals.len(), 2 * alone.proposals.len());
}

fn request(id: &str, monkey: &str, units: Option<Vec<String>>, at: DateTime<Utc>) -> Request {
    Request { id: id.into(), monkey: monkey.into(), actor: "ann".into(), at, units, wish: None }
}

#[test]
fn proposals_are_in_order_and_no_key_is_there_twice() {
    let at = day().open().unwrap() + TimeDelta::hours(1);
    for mode in [Mode::Live, Mode::DryRun] {
        let mut world = world([fleet("us-east-1", groups()), fleet("eu-west-1", groups())]);
        world.mode = mode;
        world.requests = vec![request("g1", "chaos", None, at), request("g2", "chaos", None, at)];
        let outlook = propose(&world);
        assert_eq!(outlook.proposals.len(), 3 * 32);
        assert!(outlook.proposals.is_sorted_by_key(|proposal| (proposal.due, proposal.key.clone())));
        let keys: BTreeSet<&str> = outlook.proposals.iter().map(|proposal| proposal.key.as_str()).collect();
        assert_eq!(keys.len(), outlook.proposals.len());
        assert!(keys.iter().all(|key| key.starts_with("dry-run/") == (mode == Mode::DryRun)));
    }
}

#[test]
fn a_request_is_for_its_monkey_its_units_and_its_moment_and_leaves_the_days_own_turns_alone() {
    let at = day().close().unwrap() - TimeDelta::minutes(10);
    let mut world = world([fleet("us-east-1", groups())]);
    let usual = propose(&world).proposals;
    let unit = format!("{}/cluster:s03-prod", scope("us-east-1"));
    world.requests = vec![request("g", "chaos", Some(vec![unit.clone()]), at), request("l", "latency", None, at)];
    let outlook = propose(&world).proposals;
    let (asked, own): (Vec<_>, Vec<_>) = outlook.into_iter().partition(|proposal| proposal.request.is_some());
    assert_eq!(own, usual);
    assert_eq!(asked.len(), 1);
    assert_eq!((asked[0].unit.id.full(), asked[0].due), (unit, at));
    assert_eq!(asked[0].expires, day().close().unwrap(), "never past the end of the hours");
}

#[test]
fn every_unit_is_proposed_or_accounted_for() {
    let rare = ("simian:chaos:mean-days", "6");
    let groups = (0..200).map(|n| group(&format!("s{n:03}-prod-v001"), &[rare]));
    let broken = group("bad-prod-v001", &[("simian:chaos:mean-days", "often")]);
    let outlook = propose(&world([fleet("us-east-1", groups.chain([broken]))]));
    let proposed = outlook.proposals.iter().map(|proposal| proposal.unit.id.full());
    let considered = outlook.considered.iter().map(|considered| considered.unit.clone());
    let all: BTreeSet<String> = proposed.chain(considered).collect();
    assert_eq!(all.len(), 201);
    assert_eq!(outlook.findings.len(), 1);
}
