//! What the janitor's look costs: its lists, at the largest page that AWS gives, and marks, as many a call as AWS takes.

use serde_json::{Value, json};
use simian_core::Kind;

use crate::place::{DESCRIBE, IDENTITY, Place, US, config, of_kind};

/// One round, one event a line.
const ROUND: [&str; 4] = ["round", "janitor", "--format", "json"];
/// The same, only looked at.
const REHEARSAL: [&str; 5] = ["round", "janitor", "--dry-run", "--format", "json"];

const VOLUMES: &str = "ec2:DescribeVolumes";
const INSTANCES: &str = "ec2:DescribeInstances";
const TAG: &str = "ec2:CreateTags";
const TAG_GROUPS: &str = "autoscaling:CreateOrUpdateTags";

/// A live account whose janitor has these rules, each without an age: the account is made in the same minute.
fn place(rules: &[&str]) -> Place {
    let ages = rules.iter().map(|rule| format!("[monkeys.janitor.rule.{rule}]\nage = \"0d\"\n"));
    let tables = ages.collect::<String>();
    let janitor = format!("[monkeys.janitor]\nenabled = true\nrules = {rules:?}\n{tables}");
    Place::armed_with(&format!("{}{janitor}", config("live", US)), &[])
}

/// Calls of a list, and of tags: so many of each that one call takes.
fn calls(items: u64, at_once: u64) -> u64 {
    items.div_ceil(at_once)
}

/// A rehearsal makes these reads and nothing else; the round after it makes them again, and these writes.
#[track_caller]
fn costs(place: &Place, reads: &Value, writes: &Value, marks: u64) {
    place.aws.forget_calls();
    let events = place.simian(&REHEARSAL).ends(0).without_complaint().events();
    assert_eq!(place.counts(), *reads, "a rehearsal");
    assert_eq!(of_kind(&events, Kind::MarkPlaced).len() as u64, marks);

    place.aws.forget_calls();
    let events = place.simian(&ROUND).ends(0).without_complaint().events();
    let mut all = reads.clone();
    all.as_object_mut().unwrap().extend(writes.as_object().unwrap().clone());
    assert_eq!(place.counts(), all, "for real");
    assert_eq!(of_kind(&events, Kind::MarkPlaced).len() as u64, marks);

    // Marked already: there is nothing to write.
    place.aws.forget_calls();
    let events = place.simian(&ROUND).ends(0).without_complaint().events();
    assert_eq!(place.counts(), *reads, "the round after it");
    assert_eq!(of_kind(&events, Kind::MarkPlaced).len(), 0);
    place.simian(&["audit", "verify"]).ends(0);
}

#[test]
fn only_volumes_that_nothing_has_are_listed_a_thousand_a_page() {
    let place = place(&["unattached-volume"]);
    let loose = 2_500;
    place.aws.resources(&json!({ "volumes": loose }));
    // Each instance has a volume.
    place.aws.seed(&json!({ "loose": loose }));
    let pages = calls(loose, 1000);
    costs(&place, &json!({ VOLUMES: pages, IDENTITY: 1 }), &json!({ TAG: pages }), loose);
}

#[test]
fn three_rules_share_the_lists_of_groups_and_instances() {
    let place = place(&["empty-group", "suspended-group", "orphan-instance"]);
    let (busy, empty, suspended, orphans) = (165, 30, 5, 605);
    let stuck =
        |n| json!({ "name": format!("stuck-{n}"), "count": 0, "max": 1, "desired": 1, "suspended": ["Launch"] });
    place.aws.seed(&json!({
        "bulk": [
            { "prefix": "busy", "count": busy, "instances_each": 3 },
            { "prefix": "empty", "count": empty, "instances_each": 0 },
        ],
        "groups": (0..suspended).map(stuck).collect::<Vec<_>>(),
        "loose": orphans,
    }));
    let reads = json!({
        DESCRIBE: calls(busy + empty + suspended, 100),
        INSTANCES: calls(3 * busy + orphans, 1000),
        IDENTITY: 1,
    });
    // A tag names its rule, so groups that two rules condemn go with two calls.
    let writes = json!({
        TAG_GROUPS: calls(empty, 25) + calls(suspended, 25),
        TAG: calls(orphans, 1000),
    });
    costs(&place, &reads, &writes, empty + suspended + orphans);
}
