//! The instance that we run on.

use serde_json::json;
use simian_core::Kind;

use crate::place::{Place, US, groups, of_kind, targets};

const ALL: [&str; 5] = ["round", "chaos", "--all-due", "--format", "json"];

#[test]
fn we_are_never_chosen() {
    let place = Place::armed(US, &groups(3));
    let plan = place.plan();
    let us = plan["proposals"][0]["target"].as_str().unwrap().to_owned();
    place.aws.control("POST", "imds", &json!({ "enabled": true, "instance_id": us }));
    let events = place.simian(&ALL).ends(0).without_complaint().events();
    let held = of_kind(&events, Kind::ActionHeld);
    assert_eq!(held.len(), 1);
    assert_eq!(held[0].body.outcome.as_deref(), Some("ourselves"));
    assert_eq!(held[0].body.why, format!("{us} is the instance that we run on"));
    assert_eq!(targets(&events, Kind::ActionDone).len(), 2);
    assert!(!place.ended().contains(&us));
    place.is_sound();
}

#[test]
fn when_only_we_are_due_everything_is_held() {
    let place = Place::armed(US, &groups(1));
    let plan = place.plan();
    let us = plan["proposals"][0]["target"].as_str().unwrap().to_owned();
    place.aws.control("POST", "imds", &json!({ "enabled": true, "instance_id": us }));
    place.simian(&ALL).ends(4).without_complaint();
    place.is_untouched();
    // A rehearsal ends nobody, and does not ask.
    place.simian(&["round", "chaos", "--all-due", "--dry-run"]).ends(0);
}

#[test]
fn a_metadata_service_that_makes_no_sense_holds_everything() {
    let place = Place::armed(US, &groups(2));
    place.aws.control("POST", "imds", &json!({ "enabled": true, "instance_id": "vm-7" }));
    let events = place.simian(&ALL).ends(4).events();
    let held = of_kind(&events, Kind::ActionHeld);
    assert_eq!(held.len(), 2);
    for event in held {
        assert_eq!(event.body.outcome.as_deref(), Some("ourselves"));
        assert!(event.body.why.contains("nobody knows where we run"), "{}", event.body.why);
        assert!(event.body.why.contains("AWS_EC2_METADATA_DISABLED=true"), "{}", event.body.why);
    }
    place.is_untouched();
}
