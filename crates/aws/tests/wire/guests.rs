//! Commands inside instances, with this test as their agent.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use simian_core::fault::{Node, Progress};
use simian_core::fleet::InstanceId;
use simian_core::ports::{Cause, Guests, STARTS_WITHIN};

use super::moto::{Moto, text};
use super::{NOW, cause, home, impatient, on_the_wire, refused};

const NODES: &str = "ssm:DescribeInstanceInformation";
const SEND: &str = "ssm:SendCommand";
const SENT: &str = "ssm:ListCommands";
const PROGRESS: &str = "ssm:GetCommandInvocation";

fn instance(number: u32) -> InstanceId {
    InstanceId::new(format!("i-{number:017x}"))
}

/// That many managed nodes, from 0 on.
fn manage(moto: &Moto, count: u32) {
    let nodes: BTreeMap<String, &str> = (0..count).map(|n| (instance(n).to_string(), "Online")).collect();
    moto.control("POST", "nodes", &json!({ "nodes": nodes }));
}

/// What the agent of an instance is given to do.
fn take(moto: &Moto, id: &InstanceId) -> Value {
    moto.control("POST", "commands/take", &json!({ "instance": id.as_str() }))["command"].clone()
}

fn answer(moto: &Moto, id: &InstanceId, command: &str, said: &Value) {
    let mut body = json!({ "instance": id.as_str(), "command": command });
    body.as_object_mut().unwrap().extend(said.as_object().unwrap().clone());
    moto.control("POST", "commands/answer", &body);
}

#[test]
fn which_instances_are_managed() {
    on_the_wire("guests::which_instances_are_managed", &[], |moto| async move {
        let nodes = json!({
            (instance(0).as_str()): "Online",
            (instance(1).as_str()): "ConnectionLost",
            (instance(2).as_str()): { "platform": "Windows" },
            (instance(9).as_str()): "Online",
        });
        moto.control("POST", "nodes", &json!({ "nodes": nodes }));
        let account = impatient().await;
        let asked = |numbers: &[u32]| numbers.iter().copied().map(instance).collect::<Vec<_>>();
        let node = |online, linux| Node { online, linux };
        let expected = [node(true, true), node(false, true), node(true, false)];
        let expected: BTreeMap<_, _> = (0..).map(instance).zip(expected).collect();
        assert_eq!(account.nodes(&home(), &asked(&[2, 0, 1, 0])).await.unwrap(), expected);
        assert_eq!(moto.calls()["counts"], json!({ NODES: 1 }));
        // One that is no node is an error for all of them, and no error here.
        assert_eq!(account.nodes(&home(), &asked(&[0, 1, 2, 3])).await.unwrap(), expected);
        assert_eq!(account.nodes(&home(), &asked(&[3])).await.unwrap(), BTreeMap::new());
        moto.forget_calls();
        assert_eq!(account.nodes(&home(), &[]).await.unwrap(), BTreeMap::new());
        assert_eq!(moto.calls()["total"], 0);
        moto.faults(&json!([{ "kind": "error", "code": "AccessDeniedException", "times": -1 }]));
        let error = account.nodes(&home(), &asked(&[0])).await.unwrap_err();
        assert_eq!((error.call, error.cause), (NODES, Cause::Denied));
    });
}

#[test]
fn fifty_instances_a_call() {
    on_the_wire("guests::fifty_instances_a_call", &[], |moto| async move {
        manage(&moto, 120);
        let account = impatient().await;
        let asked: Vec<_> = (0..120).map(instance).collect();
        assert_eq!(account.nodes(&home(), &asked).await.unwrap().len(), 120);
        assert_eq!(moto.calls()["counts"], json!({ NODES: 3 }));
    });
}

#[test]
fn a_script_arrives_whole_and_its_answer_comes_back() {
    on_the_wire("guests::a_script_arrives_whole_and_its_answer_comes_back", &[], |moto| async move {
        manage(&moto, 2);
        let account = impatient().await;
        let (id, other) = (instance(0), instance(1));
        let script = "#!/bin/sh\nset -eu\n\necho 'it''s \"here\"' \\\n  $1 ü\n";
        let sent = account.send(&home(), &id, "simian latency 0123456789ab", script).await.unwrap();
        let params = moto.calls()["log"][0]["params"].clone();
        let expected = json!({
            "DocumentName": "AWS-RunShellScript", "InstanceIds": [id.as_str()], "TimeoutSeconds": 30,
            "Comment": "simian latency 0123456789ab",
            "Parameters": { "commands": [script], "executionTimeout": ["120"] },
        });
        assert_eq!(params, expected);
        let progress = async || account.progress(&home(), &id, &sent).await.unwrap();
        assert_eq!(progress().await, Progress::Running);
        assert_eq!(take(&moto, &other), Value::Null, "it is not for this one");
        let work = take(&moto, &id);
        let given = (text(&work["id"]), text(&work["script"]), text(&work["comment"]));
        assert_eq!(given, (sent.clone(), format!("{script}\n"), "simian latency 0123456789ab".into()));
        assert_eq!(take(&moto, &id), Value::Null, "it is taken once");
        assert_eq!(progress().await, Progress::Running);
        answer(&moto, &id, &sent, &json!({ "status": "Success", "stdout": "simian-fault: applied\n" }));
        assert_eq!(progress().await, Progress::Ended { output: "simian-fault: applied\n".into() });
        // Whom it was not sent to knows nothing of it, and what is not known may come.
        assert_eq!(account.progress(&home(), &other, &sent).await.unwrap(), Progress::Running);
    });
}

#[test]
fn how_a_command_ends() {
    on_the_wire("guests::how_a_command_ends", &[], |moto| async move {
        manage(&moto, 1);
        moto.clock(NOW);
        let account = impatient().await;
        let id = instance(0);
        let ended = |output: &str| Progress::Ended { output: output.into() };
        let lost = |word: &str| Progress::Lost(word.into());
        for (said, expected) in [
            (json!({ "status": "Success", "stdout": "a\nb" }), ended("a\nb")),
            (json!({ "status": "Failed", "code": 7, "stdout": "half", "stderr": "why" }), ended("half")),
            (json!({ "status": "Failed", "code": -1, "details": "Undeliverable" }), lost("Undeliverable")),
            (json!({ "status": "Cancelled" }), lost("Cancelled")),
            (json!({ "status": "TimedOut", "details": "ExecutionTimedOut" }), lost("ExecutionTimedOut")),
        ] {
            let sent = account.send(&home(), &id, "simian", "true").await.unwrap();
            take(&moto, &id);
            answer(&moto, &id, &sent, &said);
            assert_eq!(account.progress(&home(), &id, &sent).await.unwrap(), expected, "{said}");
        }
        // What no agent takes in time never runs; what runs too long is ended.
        let start: DateTime<Utc> = NOW.parse().unwrap();
        let at = |seconds: i64| moto.clock(&(start + TimeDelta::seconds(seconds)).to_rfc3339());
        let waits = account.send(&home(), &id, "simian", "true").await.unwrap();
        at(STARTS_WITHIN.num_seconds() - 1);
        assert_eq!(account.progress(&home(), &id, &waits).await.unwrap(), Progress::Running);
        at(STARTS_WITHIN.num_seconds());
        assert_eq!(account.progress(&home(), &id, &waits).await.unwrap(), lost("DeliveryTimedOut"));
        assert_eq!(take(&moto, &id), Value::Null);
        let runs = account.send(&home(), &id, "simian", "true").await.unwrap();
        take(&moto, &id);
        at(STARTS_WITHIN.num_seconds() + 120);
        assert_eq!(account.progress(&home(), &id, &runs).await.unwrap(), lost("ExecutionTimedOut"));
    });
}

#[test]
fn what_was_sent_since_then_newest_first() {
    on_the_wire("guests::what_was_sent_since_then_newest_first", &[], |moto| async move {
        manage(&moto, 2);
        let account = impatient().await;
        let start: DateTime<Utc> = NOW.parse().unwrap();
        for n in 0..120 {
            moto.clock(&(start + TimeDelta::seconds(n)).to_rfc3339());
            let body = json!({
                "DocumentName": "AWS-RunShellScript", "InstanceIds": [instance(u32::try_from(n % 2).unwrap()).as_str()],
                "Comment": n.to_string(), "Parameters": { "commands": ["true"] },
            });
            moto.json("ssm", "AmazonSSM.SendCommand", &body);
        }
        moto.forget_calls();
        let all = account.sent(&home(), &instance(0), start).await.unwrap();
        assert_eq!(moto.calls()["counts"], json!({ SENT: 2 }), "pages of fifty");
        let expected: Vec<String> = (0..60).rev().map(|n| (2 * n).to_string()).collect();
        assert_eq!(all.iter().map(|sent| sent.comment.clone()).collect::<Vec<_>>(), expected);
        assert_eq!(all[0].at, start + TimeDelta::seconds(118));
        assert_eq!(account.progress(&home(), &instance(0), &all[0].id).await.unwrap(), Progress::Running);
        let late = account.sent(&home(), &instance(1), start + TimeDelta::milliseconds(117_500)).await.unwrap();
        assert_eq!(late.iter().map(|sent| sent.comment.as_str()).collect::<Vec<_>>(), ["119", "117"]);
        let filters = moto.calls()["log"].as_array().unwrap().last().unwrap()["params"]["Filters"].clone();
        assert_eq!(filters, json!([{ "key": "InvokedAfter", "value": "2026-11-23T18:01:57Z" }]));
    });
}

#[test]
fn a_command_is_sent_once_and_a_refusal_says_why() {
    on_the_wire("guests::a_command_is_sent_once_and_a_refusal_says_why", &[], |moto| async move {
        manage(&moto, 1);
        moto.clock(NOW);
        let account = impatient().await;
        let id = instance(0);
        let send = async |id: &InstanceId, script: &str| account.send(&home(), id, "simian", script).await;
        assert_eq!(cause(send(&instance(1), "true").await), refused("InvalidInstanceId"));
        let long = "#".repeat(64 << 10);
        assert_eq!(cause(send(&id, &long).await), refused("MaxDocumentSizeExceeded"));
        for (fault, expected) in [
            (json!({ "kind": "throttle", "code": "ThrottlingException", "times": -1 }), Cause::Throttled),
            (json!({ "kind": "error", "code": "InternalServerError", "status": 500, "times": -1 }), Cause::Broken),
            (json!({ "kind": "drop", "when": "after", "times": -1 }), Cause::Broken),
            (json!({ "kind": "malformed", "times": -1 }), Cause::Malformed),
            (json!({ "kind": "error", "code": "AccessDeniedException" }), Cause::Denied),
        ] {
            moto.forget_calls();
            moto.faults(&json!([fault]));
            let error = send(&id, "true").await.unwrap_err();
            assert_eq!((error.call, error.cause), (SEND, expected), "{fault}");
            assert_eq!(moto.calls()["counts"], json!({ SEND: 1 }), "{fault}");
        }
        // What was dropped after it was read did arrive, and is found by its comment.
        let since = NOW.parse().unwrap();
        let found = account.sent(&home(), &id, since).await.unwrap();
        assert_eq!(found.iter().map(|sent| sent.comment.as_str()).collect::<Vec<_>>(), ["simian"]);
        moto.faults(&json!([{ "kind": "error", "code": "AccessDeniedException", "times": -1 }]));
        for call in [SENT, PROGRESS] {
            let error = if call == SENT {
                account.sent(&home(), &id, since).await.unwrap_err()
            } else {
                account.progress(&home(), &id, &found[0].id).await.unwrap_err()
            };
            assert_eq!((error.call, error.cause), (call, Cause::Denied));
        }
    });
}
