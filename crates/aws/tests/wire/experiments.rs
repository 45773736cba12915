//! Experiments of AWS FIS: made, started, followed and stopped, and nothing stays behind.

use serde_json::{Value, json};
use simian_core::Action;
use simian_core::experiment::{Experiment, Experimented};
use simian_core::fleet::InstanceId;
use simian_core::ports::{Actuator, Cause, Cloud};

use super::moto::Moto;
use super::{cause, gone, home, impatient, on_the_wire, refused};

const CREATE: &str = "fis:CreateExperimentTemplate";
const START: &str = "fis:StartExperiment";
const DELETE: &str = "fis:DeleteExperimentTemplate";
const GET: &str = "fis:GetExperiment";
const STOP: &str = "fis:StopExperiment";

/// A group of three; the second is a Spot instance.
fn three(moto: &Moto) -> Vec<String> {
    let seeded = moto.seed(&json!({ "groups": [{ "name": "shop", "count": 3 }] }));
    let members: Vec<String> =
        seeded["members"]["shop"].as_array().unwrap().iter().map(|id| id.as_str().unwrap().to_owned()).collect();
    moto.control("POST", "member", &json!({ "instance": members[1], "spot": true }));
    members
}

fn experiment(token: &str, action: Action, targets: &[&String]) -> Experiment {
    let targets = targets.iter().map(|id| InstanceId::new(id.as_str())).collect();
    Experiment { token: token.into(), action, targets, role: "chaos/simian-fis".into(), alarms: Vec::new() }
}

#[test]
fn it_is_made_started_and_its_template_goes() {
    on_the_wire("experiments::it_is_made_started_and_its_template_goes", &[], |moto| async move {
        let members = three(&moto);
        let account = impatient().await;
        let mut asked = experiment("0123456789ab-0", Action::Terminate, &[&members[0], &members[2]]);
        asked.alarms = vec!["shop-5xx".into(), "both of them".into()];
        moto.forget_calls();
        let id = account.begin_experiment(&home(), &asked).await.unwrap();
        assert_eq!(moto.calls()["counts"], json!({ CREATE: 1, START: 1, DELETE: 1 }));
        let params = moto.calls()["log"][0]["params"].clone();
        let arn = |id: &String| format!("arn:aws:ec2:us-east-1:123456789012:instance/{id}");
        let alarm = |name: &str| format!("arn:aws:cloudwatch:us-east-1:123456789012:alarm:{name}");
        let stop = |name| json!({ "source": "aws:cloudwatch:alarm", "value": alarm(name) });
        let expected = json!({
            "clientToken": "0123456789ab-0",
            "description": "simian: terminate",
            "roleArn": "arn:aws:iam::123456789012:role/chaos/simian-fis",
            "stopConditions": [stop("shop-5xx"), stop("both of them")],
            "tags": { "simian:experiment": "0123456789ab-0" },
            "targets": { "targets": {
                "resourceType": "aws:ec2:instance", "selectionMode": "ALL",
                "resourceArns": [arn(&members[0]), arn(&members[2])],
            } },
            "actions": { "action": {
                "actionId": "aws:ec2:terminate-instances", "targets": { "Instances": "targets" },
            } },
        });
        assert_eq!(params, expected);
        assert_eq!(account.experiment(&home(), &id).await, Ok(Experimented::Beginning));
        assert_eq!(moto.state(&members[0]), "running");
        assert_eq!(account.experiment(&home(), &id).await, Ok(Experimented::Beginning), "its action is under way");
        assert_eq!(account.experiment(&home(), &id).await, Ok(Experimented::Done));
        assert_eq!(account.experiment(&home(), &id).await, Ok(Experimented::Done), "it is over");
        let states: Vec<_> = members.iter().map(|id| moto.state(id)).collect();
        assert_eq!(states, ["terminated", "running", "terminated"]);
        assert_eq!(account.begin_experiment(&home(), &asked).await, Ok(id), "the same once more");
    });
}

#[test]
fn only_a_spot_instance_is_told_of_an_interruption() {
    on_the_wire("experiments::only_a_spot_instance_is_told_of_an_interruption", &[], |moto| async move {
        let members = three(&moto);
        let account = impatient().await;
        for (n, (id, spot)) in members.iter().zip([false, true]).enumerate() {
            let attached = account.attached(&home(), &InstanceId::new(id.as_str())).await.unwrap().unwrap();
            assert_eq!(attached.spot, spot);
            moto.forget_calls();
            let asked = experiment(&format!("t-{n}"), Action::SpotInterruption, &[id]);
            let begun = account.begin_experiment(&home(), &asked).await.unwrap();
            let params = moto.calls()["log"][0]["params"].clone();
            assert_eq!(params["stopConditions"], json!([{ "source": "none" }]));
            assert_eq!(params["actions"]["action"]["parameters"], json!({ "durationBeforeInterruption": "PT2M" }));
            assert_eq!(account.experiment(&home(), &begun).await, Ok(Experimented::Beginning));
            let failed =
                Experimented::Stopped { why: "failed: Target resolution returned empty set".into(), begun: false };
            let expected = if spot { Experimented::Done } else { failed };
            assert_eq!(account.experiment(&home(), &begun).await, Ok(expected));
            assert_eq!(moto.state(id), if spot { "terminated" } else { "running" });
        }
    });
}

#[test]
fn one_that_is_stopped_does_nothing() {
    on_the_wire("experiments::one_that_is_stopped_does_nothing", &[], |moto| async move {
        let members = three(&moto);
        let account = impatient().await;
        let asked = experiment("t", Action::Reboot, &[&members[0]]);
        let id = account.begin_experiment(&home(), &asked).await.unwrap();
        moto.forget_calls();
        account.stop_experiment(&home(), &id).await.unwrap();
        let Ok(Experimented::Stopped { why, begun: false }) = account.experiment(&home(), &id).await else {
            panic!("it goes on")
        };
        assert!(why.starts_with("stopp"), "{why}");
        assert_eq!(moto.calls()["counts"], json!({ STOP: 1, GET: 1 }));
        assert_eq!(cause(account.experiment(&home(), "EXPnone").await), gone("ResourceNotFoundException"));
        assert_eq!(cause(account.stop_experiment(&home(), "EXPnone").await), gone("ResourceNotFoundException"));
    });
}

#[test]
fn what_fails_says_where_and_leaves_no_template_but_where_it_must() {
    on_the_wire(
        "experiments::what_fails_says_where_and_leaves_no_template_but_where_it_must",
        &[],
        |moto| async move {
            let members = three(&moto);
            let account = impatient().await;
            let fault = |action: &str, more: &Value| {
                let mut rule = json!({ "service": "fis", "action": action });
                rule.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
                moto.forget_calls();
                moto.faults(&json!([rule]));
            };
            let asked = experiment("t", Action::Terminate, &[&members[0]]);
            let begin = async || account.begin_experiment(&home(), &asked).await;

            let quota = json!({ "kind": "error", "code": "ServiceQuotaExceededException", "status": 402 });
            fault("StartExperiment", &quota);
            let error = begin().await.unwrap_err();
            assert_eq!((error.call, &error.cause), (START, &refused("ServiceQuotaExceededException")));
            assert_eq!(moto.calls()["counts"], json!({ CREATE: 1, START: 1, DELETE: 1 }));

            fault(
                "CreateExperimentTemplate",
                &json!({ "kind": "error", "code": "AccessDeniedException", "status": 403 }),
            );
            let error = begin().await.unwrap_err();
            assert_eq!((error.call, &error.cause), (CREATE, &Cause::Denied));
            assert_eq!(moto.calls()["counts"], json!({ CREATE: 1 }));

            // Nobody knows whether it started: the same call will come again, and needs the template.
            fault("StartExperiment", &json!({ "kind": "drop", "when": "after" }));
            let error = begin().await.unwrap_err();
            assert_eq!((error.call, &error.cause), (START, &Cause::Broken));
            assert_eq!(moto.calls()["counts"], json!({ CREATE: 1, START: 1 }));
            moto.forget_calls();
            let id = begin().await.unwrap();
            assert_eq!(moto.calls()["counts"], json!({ CREATE: 1, START: 1, DELETE: 1 }));

            // A template that cannot be deleted is no reason to say that nothing began.
            fault(
                "DeleteExperimentTemplate",
                &json!({ "kind": "error", "code": "InternalServerError", "status": 500 }),
            );
            assert_eq!(begin().await, Ok(id.clone()));

            let denied = json!({ "kind": "error", "code": "AccessDeniedException", "status": 403, "times": -1 });
            fault("GetExperiment", &denied);
            assert_eq!(cause(account.experiment(&home(), &id).await), Cause::Denied);
            let asked = experiment("u", Action::Isolate, &[&members[0]]);
            assert_eq!(cause(account.begin_experiment(&home(), &asked).await), refused("NoSuchAction"));
        },
    );
}
