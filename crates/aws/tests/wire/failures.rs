//! When there is nobody to call, or nothing to call with.

use serde_json::json;
use simian_aws::{Account, ConnectError, Options};
use simian_core::fleet::InstanceId;
use simian_core::ports::{Actuator, Cause, Cloud, GroupQuery};

use super::{account, cause, clock, home, on_the_wire, options};

/// Port 1 is TCPMUX, which nobody runs.
const CLOSED: &str = "http://127.0.0.1:1";
/// RFC 6761: never resolves.
const NOWHERE: &str = "http://nowhere.invalid";

fn one() -> Vec<InstanceId> {
    vec![InstanceId::new("i-0123456789abcdef0")]
}

fn any() -> GroupQuery {
    GroupQuery::Keyed(vec!["k".into()])
}

#[test]
fn a_closed_port_is_unreachable() {
    let settings = [("AWS_ENDPOINT_URL_EC2", CLOSED)];
    on_the_wire("failures::a_closed_port_is_unreachable", &settings, |moto| async move {
        let account = account().await;
        assert_eq!(cause(account.terminate(&home(), &one()).await), Cause::Unreachable);
        let error = account.instances(&home(), &one()).await.unwrap_err();
        assert_eq!(error.cause, Cause::Unreachable);
        assert!(error.message.contains("refused"), "{error}");
        // The other service is fine, and nobody was asked for the region's health.
        account.groups(&home(), &any()).await.unwrap();
        assert_eq!(moto.calls()["total"], 1);
    });
}

#[test]
fn a_region_that_does_not_exist_is_unreachable() {
    let settings = [("AWS_ENDPOINT_URL_EC2", NOWHERE), ("AWS_ENDPOINT_URL_AUTO_SCALING", NOWHERE)];
    on_the_wire("failures::a_region_that_does_not_exist_is_unreachable", &settings, |moto| async move {
        let account = account().await;
        assert_eq!(cause(account.terminate(&home(), &one()).await), Cause::Unreachable);
        assert_eq!(cause(account.terminate_in_group(&home(), &one()[0]).await), Cause::Unreachable);
        let error = account.groups(&home(), &any()).await.unwrap_err();
        assert_eq!(error.cause, Cause::Unreachable);
        let text = error.to_string();
        assert!(text.contains("cannot reach 123456789012/us-east-1; does the region exist?"), "{text}");
        assert_eq!(moto.calls()["total"], 0);
    });
}

#[test]
fn a_role_behind_a_closed_port_is_unreachable() {
    let settings = [("AWS_ENDPOINT_URL_STS", CLOSED)];
    on_the_wire("failures::a_role_behind_a_closed_port_is_unreachable", &settings, |moto| async move {
        let role_arn = Some("arn:aws:iam::444455556666:role/simian".to_owned());
        let account = Account::connect(Options { role_arn, ..options() }, clock()).await.unwrap();
        let error = account.terminate(&home(), &one()).await.unwrap_err();
        assert_eq!(error.cause, Cause::Unreachable);
        assert!(error.message.starts_with("on the way to the credentials"), "{error}");
        assert_eq!(moto.calls()["total"], 0);
    });
}

#[test]
fn without_credentials_nothing_is_called() {
    let settings = [("AWS_ACCESS_KEY_ID", ""), ("AWS_SECRET_ACCESS_KEY", ""), ("AWS_EC2_METADATA_DISABLED", "true")];
    on_the_wire("failures::without_credentials_nothing_is_called", &settings, |moto| async move {
        let error = account().await.terminate(&home(), &one()).await.unwrap_err();
        assert_eq!(error.cause, Cause::Credentials);
        assert!(error.message.starts_with("none found in the environment"), "{error}");
        let role_arn = Some("arn:aws:iam::444455556666:role/simian".to_owned());
        let account = Account::connect(Options { role_arn, ..options() }, clock()).await.unwrap();
        let error = account.identity().await.unwrap_err();
        assert_eq!(error.cause, Cause::Credentials);
        assert!(error.message.starts_with("cannot assume arn:aws:iam::444455556666:role/simian: none"), "{error}");
        assert_eq!(moto.calls()["total"], 0);
    });
}

#[test]
fn a_profile_of_a_person_is_refused_with_a_remedy() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
    let file = folder.join("simian-aws-credential-process");
    std::fs::write(&file, "[default]\ncredential_process = /bin/true\n").unwrap();
    let settings =
        [("AWS_ACCESS_KEY_ID", ""), ("AWS_SECRET_ACCESS_KEY", ""), ("AWS_CONFIG_FILE", file.to_str().unwrap())];
    on_the_wire("failures::a_profile_of_a_person_is_refused_with_a_remedy", &settings, |moto| async move {
        let error = account().await.identity().await.unwrap_err();
        assert_eq!(error.cause, Cause::Credentials);
        assert!(error.message.starts_with("the profile uses credential_process, SSO or a login session"), "{error}");
        assert!(error.message.ends_with("prints into the environment"), "{error}");
        assert_eq!(moto.calls()["total"], 0);
    });
}

#[test]
fn odd_answers_to_reads() {
    on_the_wire("failures::odd_answers_to_reads", &[], |moto| async move {
        let account = account().await;
        for (rule, expected) in [
            (json!({ "kind": "error", "code": "ExpiredToken", "times": -1 }), Cause::Credentials),
            (json!({ "kind": "error", "code": "AccessDenied", "times": -1 }), Cause::Denied),
            (json!({ "kind": "error", "code": "InternalFailure", "times": -1 }), Cause::Broken),
            (json!({ "kind": "drop", "times": -1 }), Cause::Broken),
        ] {
            moto.faults(&json!([rule]));
            assert_eq!(cause(account.groups(&home(), &any()).await), expected, "{rule}");
            assert_eq!(cause(account.instances(&home(), &one()).await), expected, "{rule}");
            assert_eq!(cause(account.identity().await), expected, "{rule}");
        }
    });
}

#[test]
fn a_config_that_cannot_work_is_refused_before_any_call() {
    on_the_wire("failures::a_config_that_cannot_work_is_refused_before_any_call", &[], |moto| async move {
        let refusal = async |options: Options| Account::connect(options, clock()).await.unwrap_err();
        let none = Options { regions: vec![], ..options() };
        assert_eq!(refusal(none).await, ConnectError::NoRegions("123456789012".parse().unwrap()));
        let role = Options { role_arn: Some("simian".into()), ..options() };
        assert_eq!(refusal(role).await, ConnectError::Role("simian".into()));
        let role_arn = Some("arn:aws:iam::444455556666:role/simian".to_owned());
        let session = Options { role_arn, session_name: "two words".into(), ..options() };
        assert_eq!(refusal(session).await, ConnectError::Session("two words".into()));
        assert_eq!(moto.calls()["total"], 0);
    });
}
