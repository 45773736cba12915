//! What a survey costs: pages of a hundred, and nothing beside them. What is due costs more, which `detail` counts.

use serde_json::json;

use crate::place::{DESCRIBE, IDENTITY, NOTHING_MORE, Place, US, config};

/// A thousand groups that opted in, and 250 that carry the tag and say something else.
fn big(more: &str) -> Place {
    let place = Place::new(&format!("{}{more}", config("dry-run", US)), &[]);
    place.aws.seed(&json!({ "bulk": [
        { "prefix": "in", "count": 1000, "instances_each": 3, "tags": { "simian:chaos": "on" } },
        { "prefix": "else", "count": 250, "instances_each": 3, "tags": { "simian:chaos": "later" } },
    ] }));
    place.aws.forget_calls();
    place
}

fn ten_calls_and_one(place: &Place) {
    let said =
        place.simian(&["round", "chaos", "--all-due", "--dry-run", "--format", "json"]).ends(0).without_complaint();
    assert_eq!(place.counts(), json!({ DESCRIBE: 10, IDENTITY: 1 }));
    let closed = said.events().pop().unwrap();
    let counts = json!(closed.body.counts);
    // Every in-NNNN is a cluster of its own.
    assert_eq!(counts, json!({ "groups": 1000, "acted": 1000, "held": 0 }));
    place.is_untouched();
    place.is_sound();
}

#[test]
fn a_thousand_groups_of_1250_are_ten_calls() {
    ten_calls_and_one(&big(NOTHING_MORE));
}

#[test]
fn a_fresh_survey_counts_as_the_second_look() {
    ten_calls_and_one(&big(&NOTHING_MORE.replace("reread.enabled = false\n", "")));
}
