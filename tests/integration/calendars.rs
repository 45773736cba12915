//! Change Calendars that hold a live round, and what a person reads of it.

use serde_json::{Value, json};
use simian_core::Kind;

use crate::place::{DESCRIBE, IDENTITY, NOTHING_MORE, Place, TERMINATE, US, config, groups, of_kind};

const FREEZE: &str = "arn:aws:ssm:us-east-1:123456789012:document/freeze";
const ASK: &str = "ssm:GetCalendarState";
const ALL: [&str; 5] = ["round", "chaos", "--all-due", "--format", "json"];

/// A live account of two groups that goes by one calendar.
fn place() -> Place {
    let text = config("live", US).replace("[[account]]", &format!("change_calendars = [\"{FREEZE}\"]\n[[account]]"));
    // The calls are counted, and the calendar's is the one that matters here.
    Place::armed_with(&format!("{text}{NOTHING_MORE}"), &groups(2))
}

fn set(place: &Place, calendar: &Value) {
    place.aws.control("POST", "calendars", &json!({ "calendars": [calendar] }));
}

/// Why everything was held, by that rail.
fn held(place: &Place) -> Vec<String> {
    let events = place.simian(&ALL).ends(4).without_complaint().events();
    let held = of_kind(&events, Kind::ActionHeld);
    assert!(held.iter().all(|event| event.body.outcome.as_deref() == Some("change_calendar")));
    held.iter().map(|event| event.body.why.clone()).collect()
}

#[test]
fn a_closed_calendar_holds_and_an_open_one_does_not() {
    let place = place();
    set(&place, &json!({ "arn": FREEZE, "open": false, "until": "2099-01-03T08:00:00Z" }));
    let why = "the change calendar freeze is closed until 2099-01-03 08:00:00 UTC";
    assert_eq!(held(&place), [why, why]);
    assert_eq!(place.counts(), json!({ DESCRIBE: 1, IDENTITY: 1, ASK: 1 }));
    let said = place.simian(&["explain", "app00-prod-v001"]);
    assert!(said.out.contains(why), "{said:?}");
    set(&place, &json!({ "arn": FREEZE }));
    place.aws.forget_calls();
    place.simian(&ALL).ends(0).without_complaint();
    assert_eq!(place.counts(), json!({ DESCRIBE: 1, IDENTITY: 1, ASK: 1, TERMINATE: 1 }));
    place.is_sound();
}

#[test]
fn one_that_cannot_be_read_holds_and_says_why() {
    let place = place();
    let whys = held(&place);
    assert_eq!(whys.len(), 2);
    assert!(whys[0].starts_with("the change calendar freeze cannot be read: ssm:GetCalendarState in "), "{whys:?}");
    assert!(whys[0].contains("was refused with InvalidDocument"), "{whys:?}");
    place.aws.faults(&json!([{ "kind": "error", "code": "AccessDeniedException", "service": "ssm", "times": -1 }]));
    let whys = held(&place);
    assert!(whys[0].contains(&format!("no permission for ssm:GetCalendarState on {FREEZE}")), "{whys:?}");
    place.is_sound();
}

#[test]
fn who_has_nothing_to_do_asks_nobody() {
    let place = place();
    set(&place, &json!({ "arn": FREEZE }));
    for group in ["app00-prod-v001", "app01-prod-v001"] {
        place.aws.control("POST", "group", &json!({ "name": group, "tags": { "simian:chaos": "off" } }));
    }
    place.simian(&ALL).ends(0);
    assert_eq!(place.aws.count(ASK), 0);
}
