//! `simian cluster show`.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::place::{BOTH, Place, US, balanced, config, group, policy_grants};

#[test]
fn a_cluster_on_one_screen() {
    let groups = [balanced("shop-prod-v001", 3), balanced("shop-prod-v002", 2), group("shop-prod-canary-v001", 2)];
    let place = Place::new(&config("dry-run", US), &groups);
    let said = place.simian(&["cluster", "show", "shop-prod"]).ends(0).without_complaint();
    for part in ["shop-prod in 123456789012/us-east-1, next shop-prod-v003", "2 of 2", "3 of 3"] {
        assert!(said.out.contains(part), "`{part}` is missing in {}", said.out);
    }
    assert!(!said.out.contains("canary"), "{}", said.out);

    let all = place.simian(&["cluster", "show", "shop-prod", "--format", "json"]).ends(0).json();
    let [one] = all.as_array().unwrap().as_slice() else { panic!("{all}") };
    assert_eq!((&one["cluster"], &one["region"]), (&json!("shop-prod"), &json!("us-east-1")));
    let names: BTreeSet<&str> = one["groups"].as_array().unwrap().iter().map(|g| g["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["shop-prod-v001", "shop-prod-v002"].into());
    assert!(one["groups"].as_array().unwrap().iter().all(|group| group["traffic"]["balanced"] == true), "{one}");

    // What it asks is what the shipped policies for looking grant.
    let granted: BTreeSet<String> =
        ["dry-run.json", "read-clusters.json"].into_iter().flat_map(policy_grants).collect();
    let called = place.aws.calls()["counts"].as_object().unwrap().clone();
    for call in called.keys().filter(|call| *call != "sts:GetCallerIdentity") {
        assert!(granted.contains(call), "{call} is not granted");
    }
    place.is_untouched();
}

#[test]
fn whoever_asks_for_what_is_not_there_is_told_what_is() {
    let place = Place::new(&config("dry-run", BOTH), &[group("shop-prod-v001", 1)]);
    let show = |arguments: &[&str]| place.simian(&[&["cluster", "show"], arguments].concat());
    show(&["shop"]).ends(2).complains(&["there is no cluster shop; there are: shop-prod"]);
    show(&["shop-prod", "--account", "prod"])
        .ends(2)
        .complains(&["the config has no account `prod`; there are: staging"]);
    show(&["shop-prod", "--region", "eu-central-1"]).ends(2).complains(&["no such region"]);
    show(&["shop-prod", "--region", "us-east-1"]).ends(0);
    place.aws.faults(
        &json!([{ "kind": "error", "action": "DescribeAutoScalingGroups", "code": "AccessDenied", "times": -1 }]),
    );
    show(&["shop-prod"]).ends(5).complains(&["no permission for autoscaling:DescribeAutoScalingGroups"]);
    assert_eq!(place.aws.calls()["unimplemented"], Value::Array(Vec::new()));
}
