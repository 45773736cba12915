//! What stops everything: alarms, and the safety lever.

use std::collections::BTreeMap;

use serde_json::json;
use simian_core::detail::{AlarmState, Lever};
use simian_core::ports::{Cause, Cloud};

use super::{account, cause, home, on_the_wire, region};

const ALARMS: &str = "cloudwatch:DescribeAlarms";
const LEVER: &str = "fis:GetSafetyLever";

fn names(of: &[&str]) -> Vec<String> {
    of.iter().map(ToString::to_string).collect()
}

#[test]
fn alarms_of_every_kind_by_name() {
    on_the_wire("stops::alarms_of_every_kind_by_name", &[], |moto| async move {
        let alarms = json!([
            { "name": "all-5xx", "state": "ALARM" },
            { "name": "both of them", "kind": "composite" },
            { "name": "words", "kind": "log", "state": "INSUFFICIENT_DATA" },
            { "name": "unasked", "state": "ALARM" },
            { "name": "theirs", "state": "ALARM", "region": "eu-west-1" },
        ]);
        moto.control("POST", "alarms", &json!({ "alarms": alarms }));
        let account = account().await;
        let asked = names(&["all-5xx", "both of them", "gone", "theirs", "words"]);
        let states = account.alarms(&home(), &asked).await.unwrap();
        let expected =
            [("all-5xx", AlarmState::Alarm), ("both of them", AlarmState::Ok), ("words", AlarmState::InsufficientData)];
        assert_eq!(states, expected.map(|(name, state)| (name.to_owned(), state)).into());
        let theirs = account.alarms(&region("eu-west-1"), &names(&["theirs"])).await.unwrap();
        assert_eq!(theirs, [("theirs".to_owned(), AlarmState::Alarm)].into());
        assert_eq!(moto.calls()["counts"], json!({ ALARMS: 2 }));
        let params = moto.calls()["log"][0]["params"].clone();
        assert_eq!(params["AlarmNames"], json!(asked));
        assert_eq!(params["AlarmTypes"], json!(["MetricAlarm", "CompositeAlarm", "LogAlarm"]));
        // AWS reads an empty list as "all of them".
        assert_eq!(account.alarms(&home(), &[]).await, Ok(BTreeMap::new()));
        assert_eq!(moto.calls()["counts"], json!({ ALARMS: 2 }));
    });
}

#[test]
fn a_hundred_alarms_a_call() {
    on_the_wire("stops::a_hundred_alarms_a_call", &[], |moto| async move {
        let all: Vec<String> = (0..150).map(|n| format!("alarm-{n:03}")).collect();
        let alarms: Vec<_> = all.iter().map(|name| json!({ "name": name })).collect();
        moto.control("POST", "alarms", &json!({ "alarms": alarms }));
        let states = account().await.alarms(&home(), &all).await.unwrap();
        assert!(states.len() == 150 && states.values().all(|state| *state == AlarmState::Ok));
        assert_eq!(moto.calls()["counts"], json!({ ALARMS: 2 }));
    });
}

#[test]
fn alarms_that_cannot_be_read_say_why() {
    on_the_wire("stops::alarms_that_cannot_be_read_say_why", &[], |moto| async move {
        let account = account().await;
        let ask = async || account.alarms(&home(), &names(&["5xx"])).await;
        moto.control("POST", "alarms", &json!({ "alarms": [{ "name": "5xx", "state": "SMOULDERING" }] }));
        let error = ask().await.unwrap_err();
        assert_eq!(error.cause, Cause::Malformed);
        assert!(error.message.contains("the unknown state `SMOULDERING`"), "{error}");
        let twice = json!([{ "name": "5xx" }, { "name": "5xx", "kind": "composite", "state": "ALARM" }]);
        moto.control("POST", "alarms", &json!({ "alarms": twice }));
        assert_eq!(cause(ask().await), Cause::Malformed);
        moto.faults(&json!([{ "kind": "error", "code": "AccessDenied", "times": -1 }]));
        let text = ask().await.unwrap_err().to_string();
        assert!(text.starts_with(&format!("no permission for {ALARMS} on 123456789012/us-east-1")), "{text}");
        // A throttle is waited out.
        moto.control("POST", "alarms", &json!({ "alarms": [{ "name": "5xx" }] }));
        moto.faults(&json!([{ "kind": "throttle", "times": 2 }]));
        assert_eq!(ask().await.unwrap()["5xx"], AlarmState::Ok);
    });
}

#[test]
fn the_lever_and_its_reason() {
    on_the_wire("stops::the_lever_and_its_reason", &[], |moto| async move {
        let account = account().await;
        let ask = async || account.safety_lever(&home()).await;
        assert!(!ask().await.unwrap().engaged, "nobody has touched it yet");
        for status in ["engaged", "engaging"] {
            moto.control("POST", "lever", &json!({ "status": status, "reason": "sale of the year" }));
            assert_eq!(ask().await, Ok(Lever { engaged: true, reason: "sale of the year".into() }), "{status}");
        }
        moto.control("POST", "lever", &json!({ "status": "stuck" }));
        assert_eq!(cause(ask().await), Cause::Malformed);
        assert_eq!(moto.calls()["counts"], json!({ LEVER: 4 }));
        moto.faults(&json!([{ "kind": "error", "code": "AccessDeniedException", "times": -1 }]));
        let text = ask().await.unwrap_err().to_string();
        assert!(text.starts_with(&format!("no permission for {LEVER} on 123456789012/us-east-1")), "{text}");
    });
}
