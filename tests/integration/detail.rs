//! The second look at what is due: every rail of it holds for its own reason, in a real round over the wire, and lets go
//! once that is mended.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use simian_core::Kind;

use crate::place::{
    DESCRIBE, IDENTITY, Place, TERMINATE, US, balanced, config, groups, of_kind, policy_grants, targets,
};

/// Everybody's turn is now; one event a line.
const ALL: [&str; 5] = ["round", "chaos", "--all-due", "--format", "json"];

/// The config of all tests, and an alarm that all units mind.
fn watched() -> String {
    format!("{}[rails.alarms]\nnames = [\"all-5xx\"]\n", config("live", US))
}

/// A live place with these groups, behind target groups and in subnets, and a quiet alarm.
fn place(groups: &[Value]) -> Place {
    let place = Place::armed_with(&watched(), groups);
    quiet(&place);
    place.aws.forget_calls();
    place
}

fn quiet(place: &Place) {
    place.aws.control("POST", "alarms", &json!({ "alarms": [{ "name": "all-5xx" }] }));
}

/// Everybody was held; by which rail, and in which words.
fn held(place: &Place) -> (String, String) {
    let events = place.simian(&ALL).ends(4).without_complaint().events();
    let held = of_kind(&events, Kind::ActionHeld);
    assert_eq!(held.len(), 1, "{events:?}");
    (held[0].body.outcome.clone().unwrap(), held[0].body.why.clone())
}

/// What `explain` says would happen to shop, and which rails hold it, with their words.
fn explained(place: &Place) -> (bool, Vec<(String, String)>) {
    let answer = place.simian(&["explain", "shop-prod", "--format", "json"]).ends(0).without_complaint().json();
    let one = &answer["units"][0]["if_due"];
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let holds = one["verdicts"].as_array().unwrap().iter();
    let holds = holds.filter(|ruling| ["hold", "unknown"].contains(&text(&ruling["says"]["verdict"]).as_str()));
    let holds = holds.map(|ruling| (text(&ruling["rail"]), text(&ruling["says"]["why"])));
    (one["passes"] == true, holds.collect())
}

/// Control calls, one after another.
type Orders = Vec<(&'static str, Value)>;

#[test]
fn each_rail_holds_for_its_own_reason_and_lets_go() {
    let place = place(&[balanced("shop-prod-v001", 3)]);
    let aws = &place.aws;
    let members: Vec<Value> = {
        let all = aws.control("GET", "groups", &Value::Null);
        all["groups"][0]["members"].as_array().unwrap().iter().map(|member| member["id"].clone()).collect()
    };
    let group = |change: Value| {
        let mut order = json!({ "name": "shop-prod-v001" });
        order.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        vec![("group", order)]
    };
    let member = |id: &Value, target: &str| ("member", json!({ "instance": id, "target": target }));
    let alarms = |alarms: Value| vec![("alarms", json!({ "alarms": alarms }))];
    let cases: [(&str, &str, Orders, Orders); 11] = [
        (
            "steady",
            "an instance refresh of shop-prod-v001 is InProgress",
            group(json!({ "refresh": "InProgress" })),
            group(json!({ "refresh": "" })),
        ),
        (
            "steady",
            "shop-prod-v001: Launching a new EC2 instance (MidLifecycleAction)",
            group(json!({ "activity": "MidLifecycleAction" })),
            group(json!({ "activity": "" })),
        ),
        (
            "target_health",
            "healthy targets of shop-prod-v001 would remain, the floor is 2",
            vec![member(&members[0], "unhealthy"), member(&members[1], "draining")],
            vec![member(&members[0], ""), member(&members[1], "")],
        ),
        (
            "replacement",
            " is gone",
            vec![("launches", json!({ "template": false }))],
            vec![("launches", json!({ "template": true }))],
        ),
        (
            "replacement",
            ", which is not available",
            vec![("launches", json!({ "image": "disabled" }))],
            vec![("launches", json!({ "image": "available" }))],
        ),
        (
            "replacement",
            "the subnets of shop-prod-v001 have 0 free addresses, 1 are wanted",
            group(json!({ "addresses": 0 })),
            group(json!({ "addresses": 1 })),
        ),
        (
            "replacement",
            "ago: We have no capacity",
            group(json!({ "activity": "Failed", "message": "We have no capacity" })),
            group(json!({ "activity": "Successful" })),
        ),
        ("alarms", "alarm all-5xx is ALARM", alarms(json!([{ "name": "all-5xx", "state": "ALARM" }])), vec![]),
        (
            "alarms",
            "alarm all-5xx is INSUFFICIENT_DATA",
            alarms(json!([{ "name": "all-5xx", "state": "INSUFFICIENT_DATA", "kind": "composite" }])),
            vec![],
        ),
        ("alarms", "there is no alarm all-5xx here", alarms(json!([{ "name": "other" }])), vec![]),
        (
            "safety_lever",
            "the safety lever is engaged: the sale of the year",
            vec![("lever", json!({ "status": "engaging", "reason": "the sale of the year" }))],
            vec![("lever", json!({ "status": "disengaged" }))],
        ),
    ];
    for (rail, words, spoil, mend) in cases {
        for (path, order) in spoil {
            aws.control("POST", path, &order);
        }
        let (by, why) = held(&place);
        assert_eq!(by, rail, "{why}");
        assert!(why.contains(words), "`{words}` is missing in `{why}`");
        let (passes, holds) = explained(&place);
        assert!(!passes && holds.len() == 1 && holds[0].0 == rail && holds[0].1.contains(words), "{rail}: {holds:?}");
        for (path, order) in mend {
            aws.control("POST", path, &order);
        }
        quiet(&place);
        assert_eq!(explained(&place), (true, vec![]), "mended: {rail}");
    }
    place.is_untouched();
    // The fleet was fit all the time.
    let events = place.simian(&ALL).ends(0).without_complaint().events();
    assert_eq!(targets(&events, Kind::ActionDone), place.ended());
    assert_eq!(place.ended().len(), 1);
    place.is_sound();
}

/// What is asked when something is due: the call, its action and service on the wire, and the rail that holds without it.
const ASKED: [(&str, &str); 8] = [
    ("autoscaling:DescribeInstanceRefreshes", "steady"),
    ("autoscaling:DescribeScalingActivities", "steady"),
    ("elasticloadbalancing:DescribeTargetHealth", "target_health"),
    ("ec2:DescribeLaunchTemplateVersions", "replacement"),
    ("ec2:DescribeImages", "replacement"),
    ("ec2:DescribeSubnets", "replacement"),
    ("cloudwatch:DescribeAlarms", "alarms"),
    ("fis:GetSafetyLever", "safety_lever"),
];

#[test]
fn what_cannot_be_read_holds_and_says_what_to_allow() {
    let place = place(&[balanced("shop-prod-v001", 3)]);
    for (call, rail) in ASKED {
        let (service, action) = call.split_once(':').unwrap();
        let denied = if service == "ec2" { "UnauthorizedOperation" } else { "AccessDenied" };
        for (code, words) in [(denied, "no permission for"), ("InternalFailure", "failed on AWS's side")] {
            place.aws.faults(&json!([
                { "kind": "error", "service": service, "action": action, "code": code, "times": -1 }
            ]));
            let (by, why) = held(&place);
            assert_eq!(by, rail, "{call}: {why}");
            assert!(why.contains(words) && why.contains(call), "{why}");
        }
        let (passes, holds) = explained(&place);
        assert!(!passes && holds.iter().any(|(by, why)| by == rail && why.contains(call)), "{call}: {holds:?}");
    }
    place.aws.faults(&json!([]));
    assert_eq!(explained(&place), (true, vec![]));
    place.is_untouched();
}

/// Ten groups that are due, each behind a target group of its own, cost 30 calls of their own and 7 together.
#[test]
fn ten_groups_that_are_due_cost_37_calls() {
    let order: Vec<Value> = (0..10).map(|n| balanced(&format!("app{n:02}-prod-v001"), 3)).collect();
    let place = place(&order);
    place.aws.control("POST", "buckets", &json!({ "documented": true }));
    let events = place.simian(&ALL).ends(0).without_complaint().events();
    assert_eq!(of_kind(&events, Kind::ActionDone).len(), 10);
    let expected = json!({
        IDENTITY: 1, DESCRIBE: 1, TERMINATE: 1,
        "autoscaling:DescribeInstanceRefreshes": 10, "autoscaling:DescribeScalingActivities": 10,
        "elasticloadbalancing:DescribeTargetHealth": 10,
        // They share a template and its image.
        "ec2:DescribeLaunchTemplateVersions": 1, "ec2:DescribeImages": 1, "ec2:DescribeSubnets": 1,
        "cloudwatch:DescribeAlarms": 1, "fis:GetSafetyLever": 1,
    });
    assert_eq!(place.counts(), expected);
    // Who may what the shipped policy grants may all of it.
    let granted = policy_grants("live.json");
    let called: BTreeSet<String> = expected.as_object().unwrap().keys().cloned().collect();
    let missing: Vec<_> = called.difference(&granted).filter(|call| *call != IDENTITY).collect();
    assert!(missing.is_empty(), "{missing:?}");
    assert!(ASKED.iter().all(|(call, _)| called.contains(*call)));
    place.is_sound();
}

#[test]
fn a_rail_that_is_off_asks_nothing() {
    let place = place(&groups(2));
    let off = ["steady", "target_health", "replacement", "safety_lever"];
    let off = off.map(|rail| format!("[rails.{rail}]\nenabled = false\n")).concat();
    let alarms = "[rails.alarms]\nnames = [\"all-5xx\"]\n";
    place.write(&(place.config().replace(alarms, &format!("{alarms}enabled = false\n")) + &off));
    place.simian(&ALL).ends(0).without_complaint();
    assert_eq!(place.counts(), json!({ IDENTITY: 1, DESCRIBE: 1, TERMINATE: 1 }));
    place.is_sound();
}
