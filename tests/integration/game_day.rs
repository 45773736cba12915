//! `simian round chaos --all-due` on a live account.

use serde_json::{Value, json};
use simian_core::Kind;

use crate::place::{
    DESCRIBE, IDENTITY, NOTHING_MORE, Place, TERMINATE, TERMINATE_IN_GROUP, US, config, group, groups, of_kind, targets,
};

/// Everybody's turn is now; one event a line.
const ALL: [&str; 5] = ["round", "chaos", "--all-due", "--format", "json"];

/// Whom the next round would choose in that cluster.
fn target(place: &Place, cluster: &str) -> String {
    let plan = place.plan();
    let unit = format!("cluster:{cluster}");
    let one = plan["proposals"].as_array().unwrap().iter().find(|one| one["unit"] == unit.as_str()).unwrap().clone();
    one["target"].as_str().unwrap().to_owned()
}

#[test]
fn seventy_groups_are_two_calls() {
    // Of seventy groups the other rails would ask for a quarter of a minute, and this is about batches.
    let place = Place::armed_with(&format!("{}{NOTHING_MORE}", config("live", US)), &groups(70));
    let said = place.simian(&ALL).ends(0).without_complaint();
    let events = said.events();
    let kinds: Vec<Kind> = events.iter().map(|event| event.body.kind).collect();
    let expected = [vec![Kind::ActionIntended; 70], vec![Kind::ActionDone; 70], vec![Kind::RoundClosed]].concat();
    assert_eq!(kinds, expected);
    assert_eq!(json!(events.last().unwrap().body.counts), json!({ "groups": 70, "acted": 70, "held": 0 }));
    assert_eq!(place.batches(), [60, 10]);
    assert_eq!(place.counts(), json!({ DESCRIBE: 1, IDENTITY: 1, TERMINATE: 2 }));
    assert_eq!(targets(&events, Kind::ActionDone), place.ended());
    let run = events[0].body.run.clone();
    assert!(run.is_some() && events.iter().all(|event| event.body.run == run), "one game day, one id");
    place.is_sound();

    // Once a day is enough for everybody, healed or not.
    place.simian(&ALL).ends(4).without_complaint();
    place.aws.heal();
    place.aws.forget_calls();
    let events = place.simian(&ALL).ends(4).without_complaint().events();
    assert_eq!(of_kind(&events, Kind::ActionRecovered).len(), 70);
    assert_eq!(of_kind(&events, Kind::ActionHeld).len(), 70);
    assert!(of_kind(&events, Kind::ActionHeld).iter().all(|event| event.body.outcome.as_deref() == Some("cool_down")));
    // Who looks at seventy open recoveries reads their groups by name, in one call.
    assert_eq!(place.counts(), json!({ DESCRIBE: 2, IDENTITY: 1 }));
    place.is_sound();
}

#[test]
fn a_protected_instance_is_spared_and_its_neighbours_are_not() {
    let place = Place::armed(US, &groups(9));
    let spared = target(&place, "app04-prod");
    place.aws.control("POST", "member", &json!({ "instance": spared, "termination_protected": true }));
    let events = place.simian(&ALL).ends(5).without_complaint().events();
    let refused = of_kind(&events, Kind::ActionRefused);
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0].body.target.as_deref(), Some(spared.as_str()));
    assert!(refused[0].body.why.contains("OperationNotPermitted"), "{}", refused[0].body.why);
    let done = targets(&events, Kind::ActionDone);
    assert_eq!((done.len(), &done), (8, &place.ended()));
    // The batch ended the other zones' and failed; then whoever was left, one by one.
    let batches = place.batches();
    assert_eq!(batches[0], 9);
    assert!(batches.len() > 1 && batches[1..].iter().all(|size| *size == 1), "{batches:?}");
    place.is_sound();
}

#[test]
fn one_bad_id_does_not_save_the_others() {
    let place = Place::armed(US, &groups(4));
    let bad = target(&place, "app02-prod");
    let rules: Vec<Value> = (1..=4)
        .map(|n| {
            let parameter = format!("InstanceId.{n}");
            json!({
                "kind": "error", "service": "ec2", "action": "TerminateInstances", "times": -1, "match": { parameter: bad },
                "code": "InvalidInstanceID.NotFound", "message": format!("The instance ID '{bad}' does not exist"),
            })
        })
        .collect();
    place.aws.faults(&json!(rules));
    let events = place.simian(&ALL).ends(5).events();
    let refused = of_kind(&events, Kind::ActionRefused);
    assert_eq!(refused.iter().map(|event| event.body.target.clone().unwrap()).collect::<Vec<_>>(), [bad]);
    assert!(refused[0].body.why.contains("InvalidInstanceID.NotFound"), "{}", refused[0].body.why);
    assert_eq!(targets(&events, Kind::ActionDone).len(), 3);
    assert_eq!(place.batches(), [4, 1, 1, 1, 1]);
    place.is_sound();
}

#[test]
fn a_lost_answer_is_looked_up_and_what_still_runs_is_unknown() {
    // The connection breaks before the call had its effect: nobody can know that it never will.
    let place = Place::armed(US, &groups(3));
    let drop = json!({ "kind": "drop", "service": "ec2", "action": "TerminateInstances" });
    place.aws.faults(&json!([drop]));
    let events = place.simian(&ALL).ends(5).events();
    let resolved = of_kind(&events, Kind::ActionResolved);
    assert_eq!(resolved.len(), 3);
    for event in &resolved {
        let body = &event.body;
        assert_eq!(body.outcome.as_deref(), Some("unknown"));
        assert!(body.why.contains("ec2:TerminateInstances in 123456789012/us-east-1 failed"), "{}", body.why);
    }
    assert_eq!(place.aws.count(TERMINATE), 1, "it is not tried again");
    assert_eq!(place.ended().len(), 0);
    // It counts as if it had been done: not a second time today.
    place.simian(&ALL).ends(4);
    place.is_sound();
}

#[test]
fn a_lost_answer_is_looked_up_and_what_fell_is_done() {
    let place = Place::armed(US, &groups(3));
    let drop = json!({ "kind": "drop", "service": "ec2", "action": "TerminateInstances", "when": "after" });
    place.aws.faults(&json!([drop]));
    let events = place.simian(&ALL).ends(0).events();
    assert_eq!(targets(&events, Kind::ActionDone).len(), 3);
    for event in of_kind(&events, Kind::ActionDone) {
        assert!(event.body.why.contains("; it is ending (ec2:TerminateInstances"), "{}", event.body.why);
    }
    assert_eq!(place.aws.count(TERMINATE), 1);
    place.is_sound();
}

#[test]
fn a_throttle_is_waited_out() {
    let place = Place::armed(US, &groups(3));
    place.aws.faults(&json!([{ "kind": "throttle", "service": "ec2", "action": "TerminateInstances", "times": 2 }]));
    let events = place.simian(&ALL).ends(0).events();
    assert_eq!(targets(&events, Kind::ActionDone).len(), 3);
    assert_eq!(place.aws.count(TERMINATE), 3);
    place.is_sound();
}

#[test]
fn gracefully_goes_through_the_group() {
    let mut graceful = group("soft-prod-v001", 3);
    graceful["tags"]["simian:chaos:faults"] = json!("terminate-gracefully=1");
    // The calls are counted, and the writes are the ones that matter here.
    let text = format!("{}{NOTHING_MORE}", config("live", US));
    let place = Place::armed_with(&text, &[graceful, group("hard-prod-v001", 3)]);
    let events = place.simian(&ALL).ends(0).without_complaint().events();
    let actions: Vec<_> = of_kind(&events, Kind::ActionDone).iter().map(|e| e.body.action.clone().unwrap()).collect();
    assert_eq!(actions.len(), 2);
    assert!(actions.contains(&"terminate".to_owned()) && actions.contains(&"terminate-gracefully".to_owned()));
    assert_eq!(place.counts(), json!({ DESCRIBE: 1, IDENTITY: 1, TERMINATE: 1, TERMINATE_IN_GROUP: 1 }));
    place.is_sound();
}

#[test]
fn a_new_ledger_holds_a_live_game_day_and_not_a_rehearsal() {
    let place = Place::new(&config("live", US), &groups(2));
    let events = place.simian(&["round", "chaos", "--all-due", "--dry-run", "--format", "json"]).ends(0).events();
    assert_eq!(targets(&events, Kind::ActionRehearsed).len(), 2);
    let said = place.simian(&["round", "chaos", "--all-due"]).ends(4).without_complaint();
    assert!(said.out.contains("PAUSED"), "{}", said.out);
    assert!(said.out.contains("paused by new-ledger"), "{}", said.out);
    assert!(said.out.contains("`simian resume --first-run`"), "{}", said.out);
    // Resumed without the word: its birth still counts.
    let said = place.simian(&["resume"]).ends(0);
    assert!(said.out.contains("its birth still counts"), "{}", said.out);
    let said = place.simian(&["round", "chaos", "--all-due"]).ends(4);
    assert!(said.out.contains("the ledger is new"), "{}", said.out);
    place.is_untouched();
    place.simian(&["resume", "--first-run"]).ends(0);
    place.simian(&["round", "chaos", "--all-due"]).ends(0);
    assert_eq!(place.ended().len(), 2);
    place.is_sound();
}

#[test]
fn nothing_due_is_nothing_wrong() {
    let mut rare = group("rare-prod-v001", 3);
    rare["tags"]["simian:chaos:mean-days"] = json!("1000");
    let place = Place::armed(US, &[rare]);
    // One seed in a thousand draws its turn for today.
    while !place.plan()["proposals"].as_array().unwrap().is_empty() {
        place.write(&place.config().replace("seed = \"", "seed = \"another "));
    }
    let said = place.simian(&["round", "chaos"]).ends(0).without_complaint();
    assert!(said.out.contains("1 units"), "{}", said.out);
    place.is_untouched();
    place.is_sound();
}
