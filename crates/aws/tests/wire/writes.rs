//! One call, one try, and a true account of what it did.

use serde_json::{Value, json};
use simian_core::fleet::InstanceId;
use simian_core::ports::{Actuator, Cause, Effect, MAX_BATCH};

use super::{account, cause, gone, hasty, home, ids, on_the_wire, refused};

const TERMINATE: &str = "ec2:TerminateInstances";
const REBOOT: &str = "ec2:RebootInstances";
const IN_GROUP: &str = "autoscaling:TerminateInstanceInAutoScalingGroup";

#[test]
fn a_batch_is_one_call() {
    on_the_wire("writes::a_batch_is_one_call", &[], |moto| async move {
        let members = moto.group("shop", 4);
        let account = account().await;
        let mut ended = account.terminate(&home(), &ids(&members[..3])).await.unwrap();
        ended.sort();
        let mut expected = ids(&members[..3]);
        expected.sort();
        assert_eq!(ended, expected);
        assert_eq!(moto.calls()["counts"], json!({ TERMINATE: 1 }));
        assert_eq!(moto.state(&members[0]), "terminated");
        assert_eq!(moto.state(&members[3]), "running");
        // Again is no error, with EC2 as with us.
        assert_eq!(account.terminate(&home(), &ids(&members[..1])).await.unwrap(), ids(&members[..1]));
        // What cannot be one call is none.
        moto.forget_calls();
        assert_eq!(account.terminate(&home(), &[]).await.unwrap(), []);
        let many: Vec<_> = (0..=MAX_BATCH).map(|n| InstanceId::new(format!("i-{n:017x}"))).collect();
        assert_eq!(cause(account.terminate(&home(), &many).await), refused("BatchTooLarge"));
        assert_eq!(moto.calls()["total"], 0);
    });
}

#[test]
fn a_refused_batch_may_have_ended_some() {
    on_the_wire("writes::a_refused_batch_may_have_ended_some", &[], |moto| async move {
        let order = json!({ "name": "shop", "count": 4, "zones": ["us-east-1a", "us-east-1b"] });
        let seeded = moto.seed(&json!({ "groups": [order] }));
        let members: Vec<String> = serde_json::from_value(seeded["members"]["shop"].clone()).unwrap();
        let account = account().await;
        let mut with_stranger = ids(&members);
        with_stranger.push(InstanceId::new("i-0123456789abcdef0"));
        let error = account.terminate(&home(), &with_stranger).await.unwrap_err();
        assert_eq!(error.cause, gone("InvalidInstanceID.NotFound"));
        assert!(members.iter().all(|id| moto.state(id) == "running"));
        // One that is protected from termination spares its zone, and its zone only.
        let change = json!({ "instance": members[0], "termination_protected": true });
        let zone = moto.control("POST", "member", &change)["zone"].clone();
        let error = account.terminate(&home(), &ids(&members)).await.unwrap_err();
        assert_eq!(error.cause, refused("OperationNotPermitted"));
        let all = moto.control("GET", "instances", &Value::Null);
        for one in all["instances"].as_array().unwrap() {
            assert_eq!(one["state"], if one["zone"] == zone { "running" } else { "terminated" });
        }
        assert_eq!(moto.count(TERMINATE), 2);
    });
}

#[test]
fn through_the_group_the_desired_size_stays() {
    on_the_wire("writes::through_the_group_the_desired_size_stays", &[], |moto| async move {
        let members = ids(&moto.group("shop", 2));
        let account = account().await;
        account.terminate_in_group(&home(), &members[0]).await.unwrap();
        assert_eq!(moto.count(IN_GROUP), 1);
        assert_eq!(moto.state(members[0].as_str()), "terminated");
        let groups = moto.control("GET", "groups", &Value::Null);
        assert_eq!(groups["groups"][0]["desired"], 2);
        assert_eq!(moto.heal()["healed"][0]["launched"].as_array().unwrap().len(), 1);
        let stranger = InstanceId::new("i-0123456789abcdef0");
        let error = account.terminate_in_group(&home(), &stranger).await.unwrap_err();
        assert_eq!(error.cause, gone("ValidationError"));
        assert_eq!(error.call, IN_GROUP);
    });
}

#[test]
fn a_reboot_is_one_call_and_keeps_the_instance() {
    on_the_wire("writes::a_reboot_is_one_call_and_keeps_the_instance", &[], |moto| async move {
        let members = moto.group("shop", 3);
        let account = account().await;
        account.reboot(&home(), &ids(&members[..2])).await.unwrap();
        assert_eq!(moto.calls()["counts"], json!({ REBOOT: 1 }));
        let log = moto.calls()["log"][0]["params"].clone();
        assert_eq!(log.as_object().unwrap().len(), 2, "two ids and nothing else: {log}");
        assert!(members.iter().all(|id| moto.state(id) == "running"));
        let stranger = InstanceId::new("i-0123456789abcdef0");
        let error = account.reboot(&home(), &[stranger]).await.unwrap_err();
        assert_eq!((error.cause, error.call), (gone("InvalidInstanceID.NotFound"), REBOOT));
        // One try, whatever comes of it.
        moto.forget_calls();
        moto.faults(&json!([{ "kind": "drop", "when": "after" }]));
        assert_eq!(cause(account.reboot(&home(), &ids(&members)).await), Cause::Broken);
        moto.faults(&json!([{ "kind": "throttle" }]));
        assert_eq!(cause(account.reboot(&home(), &ids(&members)).await), Cause::Throttled);
        assert_eq!(moto.count(REBOOT), 2);
        // What cannot be one call is none.
        account.reboot(&home(), &[]).await.unwrap();
        let many: Vec<_> = (0..=MAX_BATCH).map(|n| InstanceId::new(format!("i-{n:017x}"))).collect();
        assert_eq!(cause(account.reboot(&home(), &many).await), refused("BatchTooLarge"));
        assert_eq!(moto.count(REBOOT), 2);
    });
}

/// The same fault for both writes: each is called once and fails so; returns whether the instance lived.
async fn spoiled(moto: &super::Moto, rule: &Value, expected: &Cause) -> bool {
    moto.reset();
    let members = ids(&moto.group("shop", 2));
    let account = hasty().await;
    let mut rule = rule.clone();
    rule["times"] = json!(-1);
    moto.faults(&json!([rule]));
    let error = account.terminate(&home(), &members[..1]).await.unwrap_err();
    assert_eq!(&error.cause, expected, "{error}");
    let error = account.terminate_in_group(&home(), &members[1]).await.unwrap_err();
    assert_eq!(&error.cause, expected, "{error}");
    assert_eq!(moto.calls()["counts"], json!({ TERMINATE: 1, IN_GROUP: 1 }), "{rule}");
    let states = [0, 1].map(|n| moto.state(members[n].as_str()));
    assert_eq!(states[0], states[1]);
    states[0] == "running"
}

#[test]
fn a_failed_write_is_not_repeated_and_says_whether_to_look() {
    on_the_wire("writes::a_failed_write_is_not_repeated_and_says_whether_to_look", &[], |moto| async move {
        for (rule, cause) in [
            (json!({ "kind": "throttle" }), Cause::Throttled),
            (json!({ "kind": "error", "code": "UnauthorizedOperation" }), Cause::Denied),
            (json!({ "kind": "error", "code": "AccessDenied" }), Cause::Denied),
            (json!({ "kind": "error", "code": "ExpiredToken" }), Cause::Credentials),
            (json!({ "kind": "error", "code": "AuthFailure" }), Cause::Credentials),
            (json!({ "kind": "error", "code": "SignatureDoesNotMatch" }), Cause::Credentials),
            (json!({ "kind": "error", "code": "IncorrectState" }), refused("IncorrectState")),
        ] {
            assert_eq!(cause.effect(), Effect::None);
            assert!(spoiled(&moto, &rule, &cause).await, "{rule}: nothing happened");
        }
        for (mut rule, cause) in [
            (json!({ "kind": "error", "code": "InternalError" }), Cause::Broken),
            (json!({ "kind": "error", "code": "Unavailable" }), Cause::Broken),
            (json!({ "kind": "error", "code": "Odd", "status": 502 }), Cause::Broken),
            (json!({ "kind": "drop" }), Cause::Broken),
            (json!({ "kind": "malformed" }), Cause::Malformed),
            (json!({ "kind": "delay", "seconds": 2 }), Cause::Timeout),
        ] {
            assert_eq!(cause.effect(), Effect::Unknown);
            rule["when"] = json!("after");
            assert!(!spoiled(&moto, &rule, &cause).await, "{rule}: it happened");
            // What is dropped or delayed before looks the same and did not (yet) happen.
            if rule["kind"] != "delay" {
                rule["when"] = json!("before");
                assert!(spoiled(&moto, &rule, &cause).await, "{rule}: it did not happen");
            }
        }
        let cut = json!({ "kind": "truncate", "when": "after" });
        assert!(!spoiled(&moto, &cut, &Cause::Malformed).await);
    });
}

#[test]
fn a_missing_permission_is_named() {
    on_the_wire("writes::a_missing_permission_is_named", &[], |moto| async move {
        let members = moto.group("shop", 1);
        let message = "You are not authorized to perform this operation. User: arn:aws:iam::123456789012:user/ci is \
                       not authorized to perform: ec2:TerminateInstances. Encoded authorization failure message: \
                       4-BIIGcDhrB7bQ0Xz0O1sGj";
        moto.faults(&json!([{ "kind": "error", "code": "UnauthorizedOperation", "message": message }]));
        let error = account().await.terminate(&home(), &ids(&members)).await.unwrap_err().to_string();
        let expected = format!(
            "no permission for ec2:TerminateInstances on {} in 123456789012/us-east-1: allow it in the role's policy \
             (UnauthorizedOperation: You are not authorized to perform this operation. User: \
             arn:aws:iam::123456789012:user/ci is not authorized to perform: ec2:TerminateInstances.)",
            members[0]
        );
        assert_eq!(error, expected);
    });
}
