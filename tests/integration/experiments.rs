//! What AWS FIS does in the daemon's place, by the program.

use serde_json::{Value, json};
use simian_core::{Event, Kind};

use crate::place::{NOTHING_MORE, Place, TERMINATE, US, config, groups, of_kind, policy_grants, targets};

const ALL: [&str; 5] = ["round", "chaos", "--all-due", "--format", "json"];

const FIS: &str = "
[faults.fis]
role = \"simian-fis\"
carries = [\"terminate\"]
";

#[test]
fn a_game_day_by_experiments() {
    let place = Place::armed_with(&format!("{}{NOTHING_MORE}{FIS}", config("live", US)), &groups(3));
    let events = place.simian(&ALL).ends(0).without_complaint().events();
    assert_eq!(targets(&events, Kind::ActionDone), place.ended());
    assert_eq!(place.ended().len(), 3);
    let done = of_kind(&events, Kind::ActionDone);
    assert!(done.iter().all(|event| event.body.why.contains("AWS FIS does it in experiment ")), "{done:?}");
    assert_eq!(place.aws.count(TERMINATE), 0);
    let called = place.aws.calls()["counts"].clone();
    for call in ["fis:CreateExperimentTemplate", "fis:StartExperiment", "fis:DeleteExperimentTemplate"] {
        assert_eq!(called[call], json!(3), "{called}");
    }
    let granted = policy_grants("experiments.json");
    let fis = called.as_object().unwrap().keys().filter(|call| call.starts_with("fis:"));
    for call in fis.filter(|call| *call != "fis:GetSafetyLever") {
        assert!(granted.contains(call), "{call} is not granted");
    }
    place.is_sound();
}

#[test]
fn who_takes_no_notice_of_an_interruption_is_ended_otherwise() {
    let tags = json!({ "simian:chaos": "on", "simian:chaos:faults": "spot-interruption=1000 terminate=1" });
    let group = |name: &str| json!({ "name": name, "count": 3, "tags": tags });
    let all = [group("spot-prod-v001"), group("dear-prod-v001")];
    let place = Place::armed_with(&format!("{}{NOTHING_MORE}{FIS}", config("live", US)), &all);
    let groups = place.aws.control("GET", "groups", &Value::Null)["groups"].clone();
    for group in groups.as_array().unwrap().iter().filter(|group| group["name"] == "spot-prod-v001") {
        for member in group["members"].as_array().unwrap() {
            place.aws.control("POST", "member", &json!({ "instance": member["id"], "spot": true }));
        }
    }
    let events = place.simian(&ALL).ends(0).without_complaint().events();
    let mut done: Vec<(String, String)> = of_kind(&events, Kind::ActionDone)
        .iter()
        .map(|event| (event.body.unit.clone().unwrap(), event.body.action.clone().unwrap()))
        .collect();
    done.sort();
    let expected = [("cluster:dear-prod", "terminate"), ("cluster:spot-prod", "spot-interruption")];
    assert_eq!(done, expected.map(|(unit, action)| (unit.to_owned(), action.to_owned())));
    let is_dear = |event: &&&Event| event.body.unit.as_deref() == Some("cluster:dear-prod");
    let why = &of_kind(&events, Kind::ActionDone).iter().find(is_dear).unwrap().body.why;
    assert!(why.contains("spot-interruption drops out: i-"), "{why}");
    assert_eq!(place.ended().len(), 2);
    place.is_sound();
}
