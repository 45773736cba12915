//! `simian plan`: what a day holds, and that the day keeps to it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use simian_core::Kind;

use crate::place::{BOTH, DESCRIBE, IDENTITY, Place, US, config, group, groups, of_kind, targets};

/// Unit and instance of each proposal.
fn chosen(plan: &Value) -> BTreeMap<String, String> {
    let one = |p: &Value| {
        let unit = format!("{}/{}", p["region"].as_str().unwrap(), p["unit"].as_str().unwrap());
        (unit, p["target"].as_str().unwrap().to_owned())
    };
    plan["proposals"].as_array().unwrap().iter().map(one).collect()
}

/// The plan without the one verdict that measures: how many seconds AWS's clock is off depends on the network.
fn timeless(mut plan: Value) -> Value {
    for proposal in plan["proposals"].as_array_mut().unwrap() {
        proposal["verdicts"].as_array_mut().unwrap().retain(|ruling| ruling["rail"] != "clock");
    }
    plan
}

#[test]
fn a_day_is_drawn_once_and_for_all() {
    let place = Place::new(&config("dry-run", BOTH).replace("mean_days = 1", "mean_days = 3"), &groups(20));
    place.aws.seed(&json!({ "region": "eu-west-1", "groups": groups(20) }));
    place.aws.forget_calls();
    let table = |date: &str| place.simian(&["plan", "--date", date]).ends(0).without_complaint().out;
    assert_eq!(table("2099-03-01"), table("2099-03-01"));
    assert_ne!(table("2099-03-01"), table("2099-03-02"));
    let document = |date: &str| timeless(place.simian(&["plan", "--date", date, "--format", "json"]).ends(0).json());
    assert_eq!(document("2099-03-01"), document("2099-03-01"));
    assert_ne!(document("2099-03-01"), document("2099-03-02"));
    assert_eq!(place.counts(), json!({ DESCRIBE: 16, IDENTITY: 8 }));
    let plan = place.simian(&["plan", "--date", "2099-03-01", "--format", "json"]).json();
    assert_eq!(
        (&plan["date"], &plan["provisional"], &plan["closed"]),
        (&json!("2099-03-01"), &json!(true), &Value::Null)
    );
    let turns = plan["proposals"].as_array().unwrap().len();
    assert_eq!(turns + plan["no_turn"].as_array().unwrap().len(), 40);
    assert!((1..40).contains(&turns), "{turns}");
    assert_eq!(place.plan()["provisional"], json!(false));
    assert!(!place.path("ledger.db").exists(), "a plan leaves nothing behind");
    place.is_untouched();
}

#[test]
fn the_table_says_who_when_and_what_holds_it() {
    let quorum = group("tiny-prod-v001", 2);
    let mut typo = group("typo-prod-v001", 3);
    typo["tags"]["simian:chaos:mean-days"] = json!("often");
    let place = Place::new(&config("dry-run", US), &[group("shop-prod-v041", 3), quorum, typo]);
    let said = place.simian(&["plan", "--date", "2099-03-01"]).ends(0).without_complaint();
    let line = |word: &str| said.out.lines().find(|line| line.contains(word)).unwrap_or_else(|| panic!("{}", said.out));
    assert!(line("cluster:shop-prod").contains("rehearse"));
    assert!(line("cluster:tiny-prod").contains("held:"), "{}", said.out);
    assert!(line("finding:").contains("`often` is no mean"));
    assert!(said.out.contains("2 of 3 units have a turn on 2099-03-01 (verdicts are provisional: it is another day)"));
    place.write(&place.config().replace("close = \"24:00\"", "close = \"24:00\"\nholidays = [\"2099-03-01\"]"));
    let said = place.simian(&["plan", "--date", "2099-03-01"]).ends(0).without_complaint();
    assert!(said.out.starts_with("2099-03-01 is no working day"), "{}", said.out);
    place.is_untouched();
}

#[test]
fn a_round_does_what_the_plan_said() {
    let place = Place::armed(US, &groups(30));
    let plan = place.plan();
    let promised = chosen(&plan);
    assert_eq!(promised.len(), 30);
    let events = place.simian(&["round", "chaos", "--format", "json"]).without_complaint().events();
    // The same was published.
    let published: BTreeMap<String, String> = of_kind(&events, Kind::ActionPlanned)
        .iter()
        .map(|event| (format!("us-east-1/{}", event.body.unit.as_ref().unwrap()), event.body.target.clone().unwrap()))
        .collect();
    let open: BTreeMap<String, String> = promised
        .iter()
        .filter(|(unit, _)| published.contains_key(*unit))
        .map(|(u, t)| (u.clone(), t.clone()))
        .collect();
    assert_eq!(published, open);
    // And whoever is due now is who was promised; a turn that comes or goes in these seconds may be either.
    let done = targets(&events, Kind::ActionDone);
    let (from, to) = (events[0].body.at, events[events.len() - 1].body.at);
    let (must, may) = (due(&plan, from, to + TimeDelta::minutes(1)), due(&plan, to, from));
    assert!(must.is_subset(&done) && done.is_subset(&may), "{done:?}, not between {must:?} and {may:?}");
    assert_eq!(done, place.ended());
    // What is left of the day is as it was.
    let after = chosen(&place.plan());
    for (unit, target) in promised.iter().filter(|(_, target)| !done.contains(*target)) {
        assert_eq!(after.get(unit), Some(target), "{unit}");
    }
    // A game day of the same day takes the same ones, but for whom the round could not call in time.
    let too_late = targets(&events, Kind::ActionAbandoned);
    let events = place.simian(&["round", "chaos", "--all-due", "--format", "json"]).events();
    let closed = |target: &String| done.contains(target) || too_late.contains(target);
    let rest: BTreeSet<String> = promised.into_values().filter(|target| !closed(target)).collect();
    assert_eq!(targets(&events, Kind::ActionDone), rest);
    place.is_sound();
}

/// Whose turn has come by one time and not gone by another.
fn due(plan: &Value, come: DateTime<Utc>, not_gone: DateTime<Utc>) -> BTreeSet<String> {
    let time = |text: &Value| text.as_str().unwrap().parse::<DateTime<Utc>>().unwrap();
    let all = plan["proposals"].as_array().unwrap().iter();
    all.filter(|one| time(&one["due"]) <= come && not_gone < time(&one["expires"]))
        .map(|one| one["target"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn there_is_no_config() {
    let place = Place::new(&config("dry-run", US), &[]);
    let missing = place.path("none.toml").display().to_string();
    let all: [&[&str]; 6] =
        [&["plan"], &["explain", "x"], &["round", "chaos"], &["run"], &["audit", "verify"], &["pause"]];
    for arguments in all {
        let said = place.simian(&[arguments, &["--config", &missing]].concat()).ends(3);
        said.complains(&[&missing, "there is no such file: create it, or name another with --config"]);
    }
    assert_eq!(place.counts(), json!({}));
}
