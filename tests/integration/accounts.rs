//! Two accounts: what goes wrong in one stays there.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use simian_core::Kind;

use crate::moto::{Moto, text};
use crate::place::{IDENTITY, Place, US, config, group, groups, targets};

const ROLE: &str = "arn:aws:iam::444455556666:role/simian";
const ASSUME: &str = "sts:AssumeRole";

/// Our own account, and another through a role, each with groups.
fn two() -> Place {
    let text = config("live", US);
    let second = format!(
        "[[account]]\nname = \"other\"\nid = \"444455556666\"\nrole_arn = \"{ROLE}\"\nregions = {US}\nmode = \"live\"\n[ledger]"
    );
    let place = Place::new(&text.replace("[ledger]", &second), &groups(2));
    let theirs = [group("their-prod-v001", 3), group("them-prod-v001", 3)];
    place.aws.seed(&json!({ "account": "444455556666", "groups": theirs }));
    place.aws.forget_calls();
    place.simian(&["resume", "--first-run"]).ends(0);
    place
}

fn ended_there(aws: &Moto) -> BTreeSet<String> {
    let all = aws.control("GET", "instances?account=444455556666", &Value::Null);
    let all = all["instances"].as_array().unwrap().iter();
    all.filter(|one| one["state"] != "running").map(|one| text(&one["id"])).collect()
}

fn no_role() -> Value {
    json!([{
        "kind": "error", "service": "sts", "action": "AssumeRole", "code": "AccessDenied", "status": 403, "times": -1,
        "message": "User: arn:aws:iam::123456789012:user/u is not authorized to perform: sts:AssumeRole",
    }])
}

#[test]
fn both_are_served_side_by_side() {
    let place = two();
    let events =
        place.simian(&["round", "chaos", "--all-due", "--format", "json"]).ends(0).without_complaint().events();
    let there = ended_there(&place.aws);
    assert_eq!((place.ended().len(), there.len()), (2, 2));
    assert_eq!(targets(&events, Kind::ActionDone), &place.ended() | &there);
    let keys: BTreeSet<_> = events.iter().filter_map(|event| event.body.account.as_ref()).collect();
    assert_eq!(keys.len(), 2);
    assert_eq!((place.aws.count(ASSUME), place.aws.count(IDENTITY)), (1, 2));
    place.simian(&["audit", "verify"]).ends(0);
}

#[test]
fn a_role_that_cannot_be_assumed_stops_only_its_account() {
    let place = two();
    place.aws.faults(&no_role());
    let said = place.simian(&["round", "chaos", "--all-due", "--format", "json"]).ends(5);
    assert_eq!(targets(&said.events(), Kind::ActionDone), place.ended());
    assert_eq!((place.ended().len(), ended_there(&place.aws).len()), (2, 0));
    assert_eq!(said.err.lines().count(), 1, "told once: {}", said.err);
    said.complains(&[
        "cannot tell whose credentials these are, so nothing was read or done",
        "sts:GetCallerIdentity in 444455556666/us-east-1: the credentials are missing, expired or wrong",
        &format!("cannot assume {ROLE}: AccessDenied"),
    ]);
    place.is_sound();
}

#[test]
fn the_other_way_round() {
    let mut place = two();
    // The first account's own credentials are another's.
    place.write(&place.config().replace("id = \"123456789012\"", "id = \"999999999999\""));
    let said = place.simian(&["round", "chaos", "--all-due"]).ends(3);
    assert_eq!((place.ended().len(), ended_there(&place.aws).len()), (0, 2));
    said.complains(&[
        "the credentials belong to account 123456789012",
        "but the config expects 999999999999 for `staging`",
    ]);
    // Both fail, and the graver end is the command's.
    place = two();
    place.write(&place.config().replace("id = \"123456789012\"", "id = \"999999999999\""));
    place.aws.faults(&no_role());
    let said = place.simian(&["round", "chaos", "--all-due"]).ends(5);
    said.complains(&["the credentials belong to account 123456789012", "cannot assume"]);
    place.is_untouched();
}

#[test]
fn what_only_looks_goes_on_as_well() {
    let place = two();
    place.aws.faults(&no_role());
    let said = place.simian(&["plan", "--format", "json"]).ends(5);
    assert_eq!(said.json()["proposals"].as_array().unwrap().len(), 2);
    said.complains(&["cannot assume"]);
    // Whichever of the two comes first.
    let said = place.simian(&["explain", "app01-prod-v001", "--format", "json"]).ends(5);
    assert_eq!(said.json()["units"].as_array().unwrap().len(), 1);
    said.complains(&["cannot assume"]);
    place.is_untouched();
}
