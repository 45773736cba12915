//! Faults by the account's API: made, listed, undone by their ids, and all is as it was.

use serde_json::{Value, json};
use simian_core::Kind;

use super::{MARK, Trying, group, marks, place, shown, within};
use crate::daemon::{Daemon, wait_for};
use crate::moto::{elements, text};
use crate::place::{Place, of_kind};

/// A group as the account has it.
fn of(account: &Value, name: &str) -> Value {
    account["groups"].as_array().unwrap().iter().find(|group| group["name"] == name).unwrap().clone()
}

fn account(place: &Place) -> Value {
    place.aws.control("GET", "groups", &Value::Null)
}

/// The security groups of an instance's interfaces.
fn guarded_by(place: &Place, instance: &str) -> Vec<String> {
    let parameters = [("Filter.1.Name", "attachment.instance-id"), ("Filter.1.Value.1", instance)];
    let found = place.aws.query("ec2", "2016-11-15", "DescribeNetworkInterfaces", &parameters);
    elements(&found, "groupId")
}

#[test]
fn changes_are_made_listed_and_undone_by_their_ids() {
    const FAULTS: [(&str, &str); 3] =
        [("isolate", "shut-prod-v001"), ("standby", "rest-prod-v001"), ("suspend-processes", "numb-prod-v001")];
    let place = place(&FAULTS.map(|(fault, name)| group(name, fault)));
    let before = account(&place);
    let members = FAULTS.map(|(_, name)| text(&of(&before, name)["members"][0]["id"]));
    let guards = guarded_by(&place, &members[0]);
    assert!(!guards.is_empty());

    let mut daemon = Daemon::start(&place, "one");
    let mut tries: Vec<Trying> = Vec::new();
    for ((fault, _), member) in FAULTS.iter().zip(&members) {
        tries.push(Trying::begin(&place, &[fault, "--target", member, "--for", "10m"]));
    }
    within(60, "the faults", || {
        tries.iter_mut().for_each(Trying::goes_on);
        (of_kind(&place.events(), Kind::ActionDone).len() == FAULTS.len()).then_some(())
    });

    // What the account has of it.
    let now = account(&place);
    let quarantine = guarded_by(&place, &members[0]);
    assert_eq!(quarantine.len(), 1);
    assert!(!guards.contains(&quarantine[0]), "{quarantine:?}");
    let rests = of(&now, "rest-prod-v001");
    assert_eq!((&rests["desired"], &rests["members"][0]["lifecycle"]), (&json!(2), &json!("Standby")));
    let suspended: Vec<String> = of(&now, "numb-prod-v001")["suspended"].as_array().unwrap().iter().map(text).collect();
    let processes = ["AZRebalance", "HealthCheck", "Launch", "ReplaceUnhealthy", "Terminate"];
    assert!(
        suspended.len() == 5 && processes.iter().all(|one| suspended.iter().any(|two| one == two)),
        "{suspended:?}"
    );

    // Each is listed as it is, and its tags say what undoes it.
    let rows = shown(&place);
    assert_eq!(rows.len(), FAULTS.len());
    let id_of = |member: &str| {
        let row = rows.iter().find(|row| row["instance"] == member).unwrap();
        assert_eq!((&row["state"], &row["followed"]), (&json!("there"), &json!(true)), "{row}");
        text(&row["id"])
    };
    let ids = members.each_ref().map(|member| id_of(member));
    for (((fault, _), member), id) in FAULTS.iter().zip(&members).zip(&ids) {
        let marks = marks(&place, member);
        assert!(marks[&format!("{MARK}{id}")].starts_with(&format!("{fault} until=20")), "{marks:?}");
        assert!(marks.contains_key(&format!("{MARK}{id}:2")), "{marks:?}");
    }

    // One after the other, each without the rest.
    for (left, ((member, id), trying)) in members.iter().zip(&ids).zip(tries).enumerate() {
        let said =
            place.simian(&["undo", id, "--why", "enough", "--format", "json"]).ends(0).without_complaint().json();
        assert_eq!(said["failed"], json!([]));
        let ended: Vec<&Value> = said["ended"].as_array().unwrap().iter().collect();
        // Who follows it may have been faster.
        assert!(ended.iter().all(|one| one["id"] == id.as_str() && one["gone"] == true), "{said}");
        within(20, "its tags gone", || marks(&place, member).is_empty().then_some(()));
        wait_for(&place, Kind::ActionUndone, left + 1);
        trying.end().ends(0);
        assert_eq!(shown(&place).len(), FAULTS.len() - left - 1);
    }
    assert_eq!(account(&place), before);
    assert_eq!(guarded_by(&place, &members[0]), guards);
    let events = wait_for(&place, Kind::ActionRecovered, FAULTS.len());
    for undone in of_kind(&events, Kind::ActionUndone) {
        assert!(undone.body.why.ends_with(" ended it: enough"), "{}", undone.body.why);
    }
    daemon.terminate();
    assert_eq!(daemon.end().code(), Some(0));
    place.simian(&["audit", "verify"]).ends(0).without_complaint();
}
