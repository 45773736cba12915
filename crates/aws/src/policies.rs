//! The shipped policies for resources and faults against what this crate calls.

use std::collections::BTreeSet;

use serde_json::Value;
use simian_core::chore::Disposal;
use simian_core::fault::Alteration;
use simian_core::resource::ResourceKind;

use crate::marks::Service;
use crate::{disposal, resources, standing};

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

/// A change of each kind.
const CHANGES: [&str; 13] = [
    "stop i-1",
    "start i-1",
    "groups eni-1 sg-1",
    "detach-volume vol-1 i-1 /dev/sdf",
    "attach-volume vol-1 i-1 /dev/sdf",
    "suspend Launch shop",
    "resume Launch shop",
    "deregister i-1 arn:a",
    "register i-1 arn:a",
    "enter-standby i-1 shop",
    "exit-standby i-1 shop",
    "detach i-1 shop",
    "attach i-1 shop",
];

/// What a fault writes on its instances, and takes away.
const TAGS: [&str; 2] = ["ec2:CreateTags", "ec2:DeleteTags"];

#[test]
fn who_changes_an_account_for_a_while_may_make_each_change_and_see_it() {
    let live = statements("live.json");
    let faults = statements("account-faults.json");
    let changes = CHANGES.map(|text| text.parse::<Alteration>().unwrap());
    let called: BTreeSet<&str> = changes.iter().flat_map(|one| [one.permission(), standing::permission(one)]).collect();
    // What finds or makes the quarantine.
    let quarantine =
        ["ec2:CreateSecurityGroup", "ec2:CreateTags", "ec2:DescribeSecurityGroups", "ec2:RevokeSecurityGroupEgress"];
    let called: BTreeSet<&str> = called.into_iter().chain(quarantine).chain(TAGS).collect();
    let granted: BTreeSet<&str> = actions(&live).union(&actions(&faults)).copied().collect();
    assert_eq!(called.difference(&granted).collect::<Vec<_>>(), Vec::<&&str>::new());
    assert_eq!(actions(&faults).difference(&called).collect::<Vec<_>>(), Vec::<&&str>::new());
    for one in &faults {
        let describes = words(&one["Action"]).iter().all(|action| action.contains(":Describe"));
        assert_eq!(words(&one["Resource"]).contains(&"*"), describes, "{}", one["Sid"]);
        assert!(words(&one["Action"]).iter().all(|action| !action.contains(['*', '?'])), "{}", one["Sid"]);
    }
    // Without a condition: what has no tag of the group's, and what takes a change of a group back, which must not
    // depend on a tag that somebody took away meanwhile.
    let bare = faults.iter().filter(|one| one.get("Condition").is_none()).map(|one| one["Sid"].as_str().unwrap());
    let expected = [
        "LookHowTheyStand",
        "ChangeWhatIsAttachedToThem",
        "MakeTheQuarantineInEachNetwork",
        "ChangeGroupsBack",
        "TakeInstancesOutOfTargetGroupsAndBack",
    ];
    assert_eq!(bare.collect::<Vec<_>>(), expected);
}

#[test]
fn who_runs_scripts_may_run_them_in_instances_of_groups() {
    let policy = statements("guest-faults.json");
    let called = ["ssm:GetCommandInvocation", "ssm:ListCommands", "ssm:SendCommand"];
    assert_eq!(actions(&policy), called.into_iter().chain(TAGS).collect());
    for name in ["dry-run.json", "live.json"] {
        let looks = statements(name);
        for look in ["ec2:DescribeInstanceTypes", "ssm:DescribeInstanceInformation"] {
            assert!(actions(&looks).contains(look), "{look} in {name}");
        }
    }
    // With a condition of AWS's own on all services, `SendCommand` is refused (Systems Manager user guide, "Setting up Run
    // Command").
    let sends = policy.iter().filter(|one| words(&one["Action"]).contains(&"ssm:SendCommand"));
    let conditions: Vec<String> = sends.map(|one| one["Condition"].to_string()).collect();
    assert!(conditions.iter().all(|condition| !condition.contains("\"aws:")), "{conditions:?}");
}
