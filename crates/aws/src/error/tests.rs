use std::fmt;
use std::time::Duration;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_ec2::operation::terminate_instances::TerminateInstancesError;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::error::ErrorMetadata;
use simian_core::ports::Effect;

use super::codes::{GONE, IN_USE};
use super::*;

type Failure = SdkError<TerminateInstancesError, HttpResponse>;

const ROLE: &str = "arn:aws:iam::123456789012:role/simian";

fn call(role: Option<&'static str>) -> Call<'static> {
    let resource = Some("i-1, i-2".into());
    Call { name: "ec2:TerminateInstances", on: "123456789012/us-east-1", resource, role }
}

fn answer(status: u16) -> HttpResponse {
    HttpResponse::new(StatusCode::try_from(status).unwrap(), SdkBody::empty())
}

fn refusal(status: u16, code: &str, message: &str) -> Failure {
    let meta = ErrorMetadata::builder().code(code).message(message).build();
    SdkError::service_error(TerminateInstancesError::generic(meta), answer(status))
}

fn cause(error: &Failure) -> Cause {
    call(None).error(error).cause
}

/// An error with another behind it.
#[derive(Debug)]
struct Layer(&'static str, Option<Box<dyn Error + Send + Sync>>);

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Error for Layer {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.1.as_deref().map(|error| error as _)
    }
}

#[test]
fn throttles_by_any_code_and_any_status() {
    for code in THROTTLING_ERRORS.iter().chain(&MORE_THROTTLES) {
        for status in [400, 403, 429, 500, 503] {
            assert_eq!(cause(&refusal(status, code, "")), Cause::Throttled, "{status} {code}");
        }
    }
    for code in ["RequestLimitExceeded", "Throttling", "ThrottlingException", "TooManyRequestsException"] {
        assert!(is_throttle(code), "{code}");
    }
    assert_eq!(cause(&refusal(429, "SomethingElse", "")), Cause::Throttled);
    assert_eq!(Cause::Throttled.effect(), Effect::None);
}

#[test]
fn a_missing_permission_is_named_with_what_it_is_for() {
    for code in DENIED {
        let error = call(None).error(&refusal(403, code, "You are not authorized."));
        assert_eq!(error.cause, Cause::Denied, "{code}");
        let text = error.to_string();
        let expected = "no permission for ec2:TerminateInstances on i-1, i-2 in 123456789012/us-east-1: allow it in \
                        the role's policy";
        assert!(text.starts_with(expected), "{text}");
        assert!(text.contains(code) && text.contains("You are not authorized."), "{text}");
    }
}

#[test]
fn ciphertext_and_novels_are_cut() {
    let encoded = format!("Not authorized.  {ENCODED}: {}", "Zm9v".repeat(500));
    let error = call(None).error(&refusal(403, "UnauthorizedOperation", &encoded));
    assert_eq!(error.message, "UnauthorizedOperation: Not authorized.");
    let error = call(None).error(&refusal(400, "Odd", &"wörd\n ".repeat(500)));
    assert_eq!(error.message.chars().count(), MESSAGE_LIMIT + 1);
    assert!(error.message.starts_with("wörd wörd ") && error.message.ends_with('…'), "{}", error.message);
}

#[test]
fn credentials_that_are_not_accepted() {
    for code in CREDENTIALS {
        let error = call(None).error(&refusal(403, code, "no"));
        assert_eq!(error.cause, Cause::Credentials, "{code}");
        assert_eq!(error.message.contains("has not enabled"), REGION_DISABLED.contains(&code), "{code}");
        assert_eq!(error.on, "123456789012/us-east-1");
    }
}

#[test]
fn other_refusals_keep_their_code() {
    let error = call(None).error(&refusal(400, "InvalidInstanceID.Malformed", "Invalid id: 'x'"));
    assert_eq!(error.cause, Cause::Refused("InvalidInstanceID.Malformed".into()));
    assert_eq!(error.message, "Invalid id: 'x'");
    assert_eq!(cause(&refusal(404, "NotFound", "")), Cause::Refused("NotFound".into()));
    let bare: Failure =
        SdkError::service_error(TerminateInstancesError::generic(ErrorMetadata::builder().build()), answer(407));
    let error = call(None).error(&bare);
    assert_eq!(error.cause, Cause::Refused("HTTP 407".into()));
    assert!(error.message.contains("proxy"), "{}", error.message);
}

#[test]
fn what_is_used_or_gone_says_so() {
    for code in IN_USE {
        let error = call(None).error(&refusal(400, code, "vol-1 is currently attached to i-1"));
        assert_eq!(error.cause, Cause::InUse(code.into()));
        assert_eq!(
            (error.message.as_str(), error.cause.effect()),
            ("vol-1 is currently attached to i-1", Effect::None)
        );
    }
    for code in GONE {
        let error = call(None).error(&refusal(400, code, "The volume 'vol-1' does not exist."));
        assert_eq!(error.cause, Cause::Gone(code.into()));
        assert_eq!(
            (error.message.as_str(), error.cause.effect()),
            ("The volume 'vol-1' does not exist.", Effect::None)
        );
    }
    // No code is in two lists.
    for code in GONE.iter().chain(&IN_USE) {
        assert!(!is_throttle(code) && !DENIED.contains(code) && !CREDENTIALS.contains(code), "{code}");
        assert!(!(GONE.contains(code) && IN_USE.contains(code)), "{code}");
    }
    // A 5xx has no code that is to be believed.
    assert_eq!(cause(&refusal(500, "VolumeInUse", "")), Cause::Broken);
}

#[test]
fn some_codes_need_their_message() {
    for (code, message, expected) in [
        ("ValidationError", "AutoScalingGroup name not found - null", Cause::Gone("ValidationError".into())),
        ("ValidationError", "Launch configuration name not found - x", Cause::Gone("ValidationError".into())),
        ("ValidationError", "desiredSize equals minSize", Cause::Refused("ValidationError".into())),
        (
            "InvalidParameterValue",
            "Network interface 'eni-1' is currently in use.",
            Cause::InUse("InvalidParameterValue".into()),
        ),
        ("InvalidParameterValue", "Value (x) for parameter", Cause::Refused("InvalidParameterValue".into())),
        ("OperationNotPermitted", "deletion protection is not found", Cause::Refused("OperationNotPermitted".into())),
    ] {
        assert_eq!(cause(&refusal(400, code, message)), expected, "{code}: {message}");
    }
}

#[test]
fn an_error_on_their_side_may_have_happened() {
    for code in ["InternalError", "Unavailable", "UnauthorizedOperation", "InsufficientInstanceCapacity"] {
        for status in [500, 501, 502, 503, 504] {
            assert_eq!(cause(&refusal(status, code, "")), Cause::Broken, "{status} {code}");
        }
    }
    for late in [refusal(408, "Odd", ""), refusal(400, "RequestTimeout", ""), refusal(400, LATE[1], "")] {
        assert_eq!(cause(&late), Cause::Timeout);
    }
    for cause in [Cause::Broken, Cause::Timeout, Cause::Malformed] {
        assert_eq!(cause.effect(), Effect::Unknown);
    }
}

#[test]
fn an_answer_that_cannot_be_read() {
    let unread: Failure =
        SdkError::service_error(TerminateInstancesError::unhandled(Layer("invalid root", None)), answer(200));
    let error = call(None).error(&unread);
    assert_eq!(error.cause, Cause::Malformed);
    assert!(error.message.contains("invalid root"), "{}", error.message);
    let cut: Failure = SdkError::response_error(Layer("unexpected end", None), answer(200));
    assert_eq!(cause(&cut), Cause::Malformed);
}

#[test]
fn what_was_never_sent_is_refused() {
    let built: Failure = SdkError::construction_failure(Layer("no such field", None));
    let error = call(None).error(&built);
    assert_eq!(error.cause, Cause::Refused("InvalidRequest".into()));
    assert_eq!(error.cause.effect(), Effect::None);
    assert!(error.message.contains("no such field"));
}

#[test]
fn time_that_ran_out() {
    assert_eq!(cause(&SdkError::timeout_error(Layer("operation timeout", None))), Cause::Timeout);
    let read = ConnectorError::timeout(Layer("read timeout", None).into());
    assert_eq!(cause(&SdkError::dispatch_failure(read)), Cause::Timeout);
}

#[test]
fn a_connection_that_broke_may_have_carried_the_request() {
    let reset = || Box::new(std::io::Error::from(std::io::ErrorKind::ConnectionReset));
    for failure in [
        ConnectorError::io(reset()),
        ConnectorError::other(reset(), None),
        ConnectorError::user(Layer("odd", None).into()),
        // Refused, but nobody says that it was on connecting: a tunnel may have been up.
        ConnectorError::io(Box::new(std::io::Error::from(std::io::ErrorKind::ConnectionRefused))),
    ] {
        assert_eq!(cause(&SdkError::dispatch_failure(failure)), Cause::Broken);
    }
}

#[test]
fn a_name_that_does_not_resolve_was_never_called() {
    let dns = ResolveDnsError::new(Layer("failed to lookup address information", None));
    let failure = ConnectorError::io(Layer("client error (Connect)", Some(dns.into())).into());
    let error = call(None).error(&SdkError::dispatch_failure(failure) as &Failure);
    assert_eq!(error.cause, Cause::Unreachable);
    assert_eq!(error.message, "failed to lookup address information");
    assert_eq!(error.cause.effect(), Effect::None);
}

fn without(error: CredentialsError) -> Failure {
    SdkError::dispatch_failure(ConnectorError::other(error.into(), None))
}

#[test]
fn no_credentials_at_all() {
    let error = call(None).error(&without(CredentialsError::not_loaded("no providers in chain")));
    assert_eq!(error.cause, Cause::Credentials);
    assert_eq!(error.message, "none found in the environment, a profile, the container or the instance");
    let late = CredentialsError::provider_timed_out(Duration::from_secs(5));
    assert!(call(None).error(&without(late)).message.contains("timed out after 5 seconds"));
    let odd = CredentialsError::invalid_configuration(Layer("profile `x` is not defined", None));
    assert_eq!(call(None).error(&without(odd)).message, "profile `x` is not defined");
}

fn assume(code: &str) -> CredentialsError {
    let meta = ErrorMetadata::builder().code(code).message("User x may not assume it").build();
    let refusal: SdkError<AssumeRoleError, HttpResponse> =
        SdkError::service_error(AssumeRoleError::generic(meta), answer(403));
    CredentialsError::provider_error(refusal)
}

#[test]
fn a_role_that_cannot_be_assumed_is_named() {
    let error = call(Some(ROLE)).error(&without(assume("AccessDenied")));
    assert_eq!(error.cause, Cause::Credentials);
    let expected = format!("cannot assume {ROLE}: AccessDenied: User x may not assume it");
    assert_eq!(error.message, expected);
    let error = call(None).error(&without(assume("AccessDenied")));
    assert!(error.message.starts_with("cannot assume the profile's role: AccessDenied"), "{}", error.message);
    assert_eq!(call(Some(ROLE)).error(&without(assume("Throttling"))).cause, Cause::Throttled);
    // Nothing to assume it with.
    let none: SdkError<AssumeRoleError, HttpResponse> =
        SdkError::dispatch_failure(ConnectorError::other(CredentialsError::not_loaded_no_source().into(), None));
    let error = call(Some(ROLE)).error(&without(CredentialsError::provider_error(none)));
    assert!(error.message.starts_with(&format!("cannot assume {ROLE}: none found in")), "{}", error.message);
}

#[test]
fn the_way_to_the_credentials_counts_too() {
    let dns = ResolveDnsError::new(Layer("failed to lookup address information", None));
    let sts: SdkError<AssumeRoleError, HttpResponse> = SdkError::dispatch_failure(ConnectorError::io(dns.into()));
    let error = call(Some(ROLE)).error(&without(CredentialsError::provider_error(sts)));
    assert_eq!(error.cause, Cause::Unreachable);
    assert!(error.message.starts_with("on the way to the credentials: "), "{}", error.message);
}
