//! What owners ask for and what becomes of it, whatever the fleet looks like.

mod fleet;

use std::collections::BTreeSet;

use chrono::{NaiveDate, TimeDelta};
use fleet::{calendar, date, fleet, group, latency, scope, with, world};
use insta::assert_snapshot;
use simian_core::{Action, Day, Dice, Group, Mode, Monkey, Outlook, Request, View, World};
use simian_latency::Latency;

const DAILY: (&str, &str) = ("simian:latency:mean-days", "1");

fn monday() -> NaiveDate {
    date(2026, 11, 23)
}

fn day() -> Day {
    calendar(chrono_tz::UTC, "09:00", "15:00").day(monday())
}

fn propose(monkey: &Latency, world: &World) -> Outlook {
    monkey.propose(world, &day(), &Dice::new("propose"))
}

/// One group with these tags over the usual.
fn one(monkey: &Latency, tags: &[(&str, &str)]) -> Outlook {
    propose(monkey, &world([fleet("us-east-1", [group("shop-prod-v001", &[&[DAILY], tags].concat())])]))
}

/// What is done, of one proposal.
fn done(outlook: &Outlook) -> String {
    assert_eq!((outlook.findings.len(), outlook.proposals.len()), (0, 1), "{outlook:?}");
    let proposal = &outlook.proposals[0];
    format!("{} {}", proposal.action, proposal.terms.as_ref().unwrap())
}

/// The owner's findings, a line each.
fn told(outlook: &Outlook) -> String {
    assert!(outlook.proposals.is_empty() && outlook.opted_in.is_empty(), "{outlook:?}");
    assert!(outlook.findings.iter().all(|finding| finding.rule == "opt-in-malformed"));
    outlook.findings.iter().map(|finding| finding.why.as_str()).collect::<Vec<_>>().join("\n")
}

/// A group that names nothing.
fn nowhere(tags: &[(&str, &str)]) -> World {
    let mut group = group("shop-prod-v001", &[&[DAILY], tags].concat());
    group.tags.remove("simian:latency:to");
    world([fleet("us-east-1", [group])])
}

#[test]
fn what_is_done_is_what_the_owner_says_over_what_the_operator_says() {
    assert_eq!(done(&one(&latency(), &[])), "latency for 5m delay=200ms to=10.1.0.0/16:5432");
    let all = [
        ("simian:latency:jitter", "50ms"),
        ("simian:latency:loss", "0.01"),
        ("simian:latency:share", "0.3"),
        ("simian:latency:for", "10m"),
    ];
    let operator = with(&[("delay", "1s"), ("to", "10.0.0.0/8"), ("direction", "both")]);
    assert_eq!(
        done(&one(&operator, &all)),
        "latency for 10m delay=200ms direction=both flows=0.3 jitter=50ms loss=0.01 to=10.1.0.0/16:5432"
    );
    assert_eq!(done(&propose(&operator, &nowhere(&[]))), "latency for 5m delay=200ms direction=both to=10.0.0.0/8");
}

#[test]
fn who_says_only_how_much_is_lost_gets_a_loss() {
    let mut group = group("shop-prod-v001", &[DAILY, ("simian:latency:loss", "0.01")]);
    group.tags.remove("simian:latency:delay");
    let outlook = propose(&with(&[("delay", "1s"), ("jitter", "5ms")]), &world([fleet("us-east-1", [group])]));
    assert_eq!(outlook.proposals[0].action, Action::Loss);
    assert_eq!(done(&outlook), "loss for 5m share=0.01 to=10.1.0.0/16:5432");
}

#[test]
fn nobody_is_slow_towards_everybody_without_the_operators_word() {
    assert_snapshot!(told(&propose(&latency(), &nowhere(&[]))), @"tag simian:latency:to: it is missing: name what the network is to be slow towards, as in 10.1.0.0/16:5432. Until this is mended, cluster:shop-prod is left alone");
    assert_eq!(done(&propose(&latency().everything(true), &nowhere(&[]))), "latency for 5m delay=200ms");
    for all in ["0.0.0.0/0", "10.1.0.0/16 ::/0", "10.1.0.0/16 0.0.0.0/0"] {
        let to = ("simian:latency:to", all);
        assert!(told(&one(&latency(), &[to])).contains("is everybody, which the operator does not allow"), "{all}");
        assert!(done(&one(&latency().everything(true), &[to])).ends_with(all));
    }
    // One port of everybody's is a service, and named.
    assert!(done(&one(&latency(), &[("simian:latency:to", ":5432")])).ends_with("to=:5432"));
}

#[test]
fn what_cannot_be_done_is_a_finding_that_names_the_tag_and_the_remedy() {
    let mistakes: Vec<String> = [
        ("delay", "fast"),
        ("delay", "2m"),
        ("jitter", "300ms"),
        ("loss", "2"),
        ("share", "0"),
        ("to", "db.example.com:5432"),
        ("to", "169.254.169.254"),
        ("for", "1s"),
        ("direction", "both"),
    ]
    .iter()
    .map(|(name, value)| told(&one(&latency(), &[(&format!("simian:latency:{name}"), value)])))
    .collect();
    let without_delay = |tags: &[(&str, &str)]| {
        let mut group = group("shop-prod-v001", &[&[DAILY], tags].concat());
        group.tags.remove("simian:latency:delay");
        told(&propose(&latency(), &world([fleet("us-east-1", [group])])))
    };
    let more = [
        without_delay(&[]),
        without_delay(&[("simian:latency:jitter", "5ms")]),
        without_delay(&[("simian:latency:loss", "all")]),
    ];
    assert_snapshot!([mistakes, more.into()].concat().join("\n"));
}

#[test]
fn every_group_of_a_unit_is_told_and_groups_that_differ_are_left_alone() {
    let bad = ("simian:latency:delay", "fast");
    let both = |a, b| [group("shop-prod-v001", &[DAILY, a]), group("shop-prod-v002", &[DAILY, b])];
    let outlook = propose(&latency(), &world([fleet("us-east-1", both(bad, bad))]));
    let subjects: Vec<&str> = outlook.findings.iter().map(|finding| finding.subject.as_str()).collect();
    assert_eq!(subjects, ["shop-prod-v001", "shop-prod-v002"]);
    assert_eq!(outlook.considered.len(), 1);
    let differ = both(("simian:latency:delay", "1s"), ("simian:latency:delay", "2s"));
    let outlook = propose(&latency(), &world([fleet("us-east-1", differ)]));
    assert!(outlook.proposals.is_empty());
    let why = &outlook.considered[0].why;
    assert_eq!(why, "the groups of cluster:shop-prod want different networks: give them the same latency tags");
}

#[test]
fn who_opted_in_to_chaos_only_is_nobodys_business() {
    let mut group = group("shop-prod-v001", &[("simian:chaos", "on"), ("simian:chaos:faults", "latency")]);
    group.tags.remove("simian:latency");
    assert_eq!(propose(&latency(), &world([fleet("us-east-1", [group])])), Outlook::default());
}

/// Clusters of two pushes each.
fn groups() -> Vec<Group> {
    let names = (0..12).flat_map(|n| [format!("s{n:02}-prod-v001"), format!("s{n:02}-prod-v002")]);
    names.map(|name| group(&name, &[DAILY])).collect()
}

#[test]
fn of_an_unknown_region_nothing_is_said() {
    let known = || fleet("us-east-1", groups());
    let alone = propose(&latency(), &world([known()]));
    for view in [View::Unknown("page 3 failed".into()), View::Unasked] {
        let mut blind = fleet("eu-west-1", groups());
        blind.groups = view;
        assert_eq!(propose(&latency(), &world([known(), blind])), alone);
    }
}

#[test]
fn a_game_day_asks_for_the_same_network() {
    let at = day().close().unwrap() - TimeDelta::minutes(10);
    let mut world = world([fleet("us-east-1", groups())]);
    let usual = propose(&latency(), &world).proposals;
    let unit = format!("{}/cluster:s03-prod", scope("us-east-1"));
    let request = |id: &str, monkey: &str| Request {
        id: id.into(),
        monkey: monkey.into(),
        actor: "ann".into(),
        at,
        units: Some(vec![unit.clone()]),
        wish: None,
    };
    world.requests = vec![request("g", "latency"), request("c", "chaos")];
    let (asked, own): (Vec<_>, Vec<_>) =
        propose(&latency(), &world).proposals.into_iter().partition(|proposal| proposal.request.is_some());
    assert_eq!(own, usual);
    assert_eq!((asked.len(), asked[0].due, asked[0].terms.is_some()), (1, at, true));
    assert!(asked[0].key.as_str().starts_with("latency/request:g/"));
    // The same members, so that both together are no more than the cap.
    let same = own.iter().find(|proposal| proposal.unit.id == asked[0].unit.id).unwrap();
    assert_eq!(same.targets, asked[0].targets);
}

#[test]
fn every_unit_is_proposed_or_accounted_for_and_keys_are_its_own() {
    let rare = ("simian:latency:mean-days", "6");
    let groups = (0..200).map(|n| group(&format!("s{n:03}-prod-v001"), &[rare]));
    let broken = group("bad-prod-v001", &[("simian:latency:delay", "often")]);
    let mut world = world([fleet("us-east-1", groups.chain([broken]))]);
    for mode in [Mode::Live, Mode::DryRun] {
        world.mode = mode;
        let outlook = propose(&latency(), &world);
        assert!(outlook.proposals.is_sorted_by_key(|proposal| (proposal.due, proposal.key.clone())));
        let prefix = if mode == Mode::DryRun { "dry-run/latency/2026-11-23/" } else { "latency/2026-11-23/" };
        assert!(outlook.proposals.iter().all(|proposal| proposal.key.as_str().starts_with(prefix)));
        let proposed = outlook.proposals.iter().map(|proposal| proposal.unit.id.full());
        let considered = outlook.considered.iter().map(|considered| considered.unit.clone());
        assert_eq!(proposed.chain(considered).collect::<BTreeSet<String>>().len(), 201);
    }
}
