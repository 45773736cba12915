//! `simian explain`: every reason for one target.

use serde_json::{Value, json};

use crate::place::{BOTH, Place, config, group, groups};

fn place() -> Place {
    let mut off = group("quiet-prod-v001", 3);
    off["tags"]["simian:chaos"] = json!("off");
    let mut typo = group("typo-prod-v001", 3);
    typo["tags"]["simian:chaos:mean-days"] = json!("often");
    let plain = json!({ "name": "plain-prod-v001", "count": 3 });
    let place = Place::new(
        &config("dry-run", BOTH),
        &[group("shop-prod-v041", 3), group("tiny-prod-v001", 2), off, typo, plain],
    );
    place.aws.seed(&json!({ "region": "eu-west-1", "groups": [group("shop-prod-v041", 3)] }));
    place.aws.forget_calls();
    place
}

fn explain(place: &Place, target: &str) -> Value {
    let answer = place.simian(&["explain", target, "--format", "json"]).ends(0).without_complaint().json();
    assert_eq!(answer["target"], target);
    answer
}

/// Scope and unit of each answer.
fn units(answer: &Value) -> Vec<String> {
    let units = answer["units"].as_array().unwrap().iter().map(|one| &one["if_due"]);
    units.map(|one| format!("{} {}", one["region"].as_str().unwrap(), one["unit"].as_str().unwrap())).collect()
}

#[test]
fn a_unit_a_group_and_an_instance() {
    let place = place();
    let both = ["eu-west-1 cluster:shop-prod", "us-east-1 cluster:shop-prod"];
    for name in ["cluster:shop-prod", "shop-prod", "shop-prod-v041"] {
        assert_eq!(units(&explain(&place, name)), both, "{name}");
    }
    let here = "123456789012/us-east-1/cluster:shop-prod";
    let answer = explain(&place, here);
    assert_eq!(units(&answer), both[1..]);
    let one = &answer["units"][0];
    assert_eq!(one["if_due"]["passes"], true);
    assert_eq!(one["if_due"]["verdicts"].as_array().unwrap().len(), simian_core::rails::RAILS.len());
    assert!(one["today"].as_str().unwrap().starts_with("due "), "{one}");
    // Any member stands for its unit, not only the one that would fall.
    let groups = place.aws.control("GET", "groups?region=eu-west-1", &Value::Null);
    for member in groups["groups"][0]["members"].as_array().unwrap() {
        let answer = explain(&place, member["id"].as_str().unwrap());
        assert_eq!(units(&answer), both[..1]);
    }
    assert!(!place.path("ledger.db").exists());
    place.is_untouched();
}

#[test]
fn a_table_with_every_rail() {
    let place = place();
    let said = place.simian(&["explain", "tiny-prod-v001"]).ends(0).without_complaint();
    let out = &said.out;
    assert!(
        out.starts_with("cluster:tiny-prod in 123456789012/us-east-1, owner ann, groups tiny-prod-v001\n"),
        "{out}"
    );
    for rail in simian_core::rails::RAILS {
        assert!(out.lines().any(|line| line.trim_start().starts_with(rail.name)), "{} is missing in {out}", rail.name);
    }
    let floor = out.lines().find(|line| line.trim_start().starts_with("healthy_floor")).unwrap();
    assert!(floor.contains("hold") && floor.contains("the floor is 2"), "{floor}");
    assert!(out.contains(&format!("1 of {} rails hold it", simian_core::rails::RAILS.len())), "{out}");
    place.is_untouched();
}

#[test]
fn who_is_left_alone_and_why() {
    let place = place();
    for (name, words) in [
        ("quiet-prod-v001", "it is not opted in (no tag simian:chaos=on, or it says off)"),
        ("plain-prod-v001", "it is not opted in (no tag simian:chaos=on, or it says off)"),
        ("typo-prod-v001", "`often` is no mean"),
    ] {
        let said = place.simian(&["explain", name]).ends(0).without_complaint();
        assert!(said.out.contains(name) && said.out.contains(words), "{}", said.out);
        let answer = explain(&place, name);
        assert_eq!(answer["units"], json!([]));
        assert!(answer["left_alone"][0].as_str().unwrap().contains(words), "{answer}");
    }
    place.is_untouched();
}

#[test]
fn an_unknown_name() {
    let place = place();
    for name in ["nobody", "cluster:nobody", "i-0123456789abcdef0", "", "a b;c", "*"] {
        let said = place.simian(&["explain", name]).ends(2).without_complaint();
        assert!(said.out.contains("it is no unit, group or member that opted in"), "{}", said.out);
        let said = place.simian(&["explain", name, "--format", "json"]).ends(2).without_complaint();
        assert_eq!(said.json(), json!({ "target": name, "units": [], "left_alone": [], "failed": [] }));
    }
    place.is_untouched();
}

#[test]
fn another_units_claims_are_not_its_fault() {
    let place = Place::armed(BOTH, &groups(3));
    place.write(&place.config().replace("per_app_day = \"unlimited\"", "per_app_day = 1"));
    let before = explain(&place, "app01-prod")["units"][0]["if_due"]["passes"].clone();
    place.simian(&["round", "chaos", "--all-due"]).ends(0);
    let after = explain(&place, "app01-prod")["units"][0]["if_due"].clone();
    assert_eq!((before, &after["passes"]), (json!(true), &json!(false)));
    let holds: Vec<&str> = after["verdicts"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|ruling| ["hold", "unknown"].contains(&ruling["says"]["verdict"].as_str().unwrap()))
        .map(|ruling| ruling["rail"].as_str().unwrap())
        .collect();
    assert_eq!(holds, ["healthy_floor", "cool_down", "recovered", "budgets", "steady"]);
    place.is_sound();
}
