//! The shipped policies for resources against what this crate calls.

use std::collections::BTreeSet;

use serde_json::Value;
use simian_core::chore::Disposal;
use simian_core::resource::ResourceKind;

use crate::marks::Service;
use crate::{disposal, resources};

/// Calls for resources beside those that list them.
const MORE_READS: [&str; 10] = [
    // The second look, of the same monkeys.
    "autoscaling:DescribeInstanceRefreshes",
    "autoscaling:DescribeScalingActivities",
    "ec2:DescribeImageAttribute",
    "ec2:DescribeSnapshotAttribute",
    "elasticloadbalancing:DescribeTargetHealth",
    // What a list needs beside its own call.
    "ec2:DescribeLaunchTemplates",
    "elasticloadbalancing:DescribeListeners",
    "elasticloadbalancing:DescribeTags",
    "logs:ListTagsForResource",
    "ssm:DescribeParameters",
];

fn statements(name: &str) -> Vec<Value> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/iam").join(name);
    let policy: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert_eq!(policy["Version"], "2012-10-17");
    let statements = policy["Statement"].as_array().unwrap().clone();
    let sids: BTreeSet<&str> = statements.iter().map(|one| one["Sid"].as_str().unwrap()).collect();
    assert_eq!(sids.len(), statements.len(), "a Sid twice in {name}");
    assert!(statements.iter().all(|one| one["Effect"] == "Allow"));
    statements
}

/// One text, or a list of some.
fn words(value: &Value) -> Vec<&str> {
    value.as_str().map_or_else(
        || value.as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect(),
        |word| vec![word],
    )
}

fn actions(statements: &[Value]) -> BTreeSet<&str> {
    statements.iter().flat_map(|one| words(&one["Action"])).collect()
}

fn kinds() -> impl Iterator<Item = ResourceKind> {
    ResourceKind::ALL.iter().copied()
}

#[test]
fn who_reads_may_read_what_is_listed_and_no_more() {
    let policy = statements("read-resources.json");
    let called: BTreeSet<&str> = kinds().map(resources::permission).chain(MORE_READS).collect();
    assert_eq!(actions(&policy), called);
    for one in &policy {
        // What describes cannot be narrowed.
        let describes = words(&one["Action"]).iter().all(|action| action.contains(":Describe"));
        assert_eq!(words(&one["Resource"]).contains(&"*"), describes, "{}", one["Sid"]);
    }
}

#[test]
fn who_marks_may_write_that_one_tag() {
    let policy = statements("mark-resources.json");
    let called: BTreeSet<&str> =
        kinds().filter_map(Service::of).flat_map(|service| [service.tags(), service.untags()]).collect();
    assert_eq!(actions(&policy), called);
    for one in &policy {
        assert_eq!(one["Condition"]["ForAllValues:StringEquals"]["aws:TagKeys"], "simian:mark", "{}", one["Sid"]);
        assert!(!words(&one["Resource"]).contains(&"*"), "{}", one["Sid"]);
    }
}

#[test]
fn who_deletes_may_end_what_is_marked_and_what_has_no_tags() {
    let policy = statements("delete-resources.json");
    let disposals = [Disposal::End, Disposal::EndImage { snapshots: Vec::new() }, Disposal::Retain { days: 1 }];
    let ends = kinds().flat_map(|kind| disposals.iter().filter_map(move |how| disposal::permission(kind, how)));
    // A snapshot's tags are written as it is made, and that is a permission of its own.
    let called: BTreeSet<&str> = ends.chain(kinds().filter_map(disposal::saved_by)).chain(["ec2:CreateTags"]).collect();
    assert_eq!(actions(&policy), called);
    for one in &policy {
        assert!(!words(&one["Resource"]).contains(&"*"), "{}", one["Sid"]);
        assert!(words(&one["Action"]).iter().all(|action| !action.contains(['*', '?'])), "{}", one["Sid"]);
    }
    // Without a condition: what is being made, and what has no tags.
    let bare = policy.iter().filter(|one| one.get("Condition").is_none()).map(|one| one["Sid"].as_str().unwrap());
    assert_eq!(bare.collect::<Vec<_>>(), ["SaveThemAsSnapshots", "EndLaunchConfigurations"]);
}
