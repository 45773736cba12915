//! What went wrong, in the core's words. The one question that matters of a failed write is whether it may have
//! happened, so whatever is not surely "no" is answered with "look".

mod codes;

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_runtime::retries::classifiers::THROTTLING_ERRORS;
use aws_sdk_sts::operation::assume_role::AssumeRoleError;
use aws_smithy_runtime_api::client::dns::ResolveDnsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::{ConnectorError, SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use codes::{CREDENTIALS, DENIED, LATE, MORE_THROTTLES, REGION_DISABLED};
use simian_core::ports::{CallError, Cause};

/// The most characters of a message that are kept: a line or three.
const MESSAGE_LIMIT: usize = 400;

/// Begins a kilobyte of ciphertext in EC2's refusals, of use to `sts:DecodeAuthorizationMessage` alone.
const ENCODED: &str = "Encoded authorization failure message";

/// Which call failed, and where.
#[derive(Clone, Debug)]
pub(crate) struct Call<'a> {
    /// The permission's name.
    pub(crate) name: &'static str,
    /// Where: account and region, or a topic.
    pub(crate) on: &'a str,
    /// What it was about to touch, for the text of a missing permission.
    pub(crate) resource: Option<String>,
    /// The role that is assumed for it, if one is.
    pub(crate) role: Option<&'a str>,
}

impl<'a> Call<'a> {
    /// Another call in the same place.
    pub(crate) fn named(&self, name: &'static str) -> Call<'a> {
        Call { name, ..self.clone() }
    }

    /// The error of that cause.
    pub(crate) fn failed(&self, cause: Cause, message: &str) -> CallError {
        let on = match (&cause, &self.resource) {
            (Cause::Denied, Some(resource)) => format!("{resource} in {}", self.on),
            _ => self.on.to_owned(),
        };
        CallError { call: self.name, on, cause, message: readable(message) }
    }

    /// An answer that came and makes no sense.
    pub(crate) fn malformed(&self, what: &str) -> CallError {
        self.failed(Cause::Malformed, what)
    }

    /// A refusal with that code that came inside of an answer that is none.
    pub(crate) fn refused(&self, code: &str, message: &str) -> CallError {
        self.failed(codes::refusal(code, Some(message)), message)
    }

    /// Reads the SDK's error.
    pub(crate) fn error<E>(&self, error: &SdkError<E, HttpResponse>) -> CallError
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        let (cause, message) = match error {
            SdkError::ServiceError(refusal) => {
                let said = refusal.err();
                service(refusal.raw().status().as_u16(), said.code(), said.message(), said)
            }
            SdkError::TimeoutError(_) => (Cause::Timeout, String::new()),
            SdkError::DispatchFailure(failure) => match failure.as_connector_error() {
                Some(failure) => dispatch(failure, self.role),
                None => (Cause::Broken, chain_text(error)),
            },
            SdkError::ResponseError(_) => (Cause::Malformed, chain_text(error)),
            SdkError::ConstructionFailure(_) => (Cause::Refused("InvalidRequest".into()), chain_text(error)),
            // The enum may grow.
            _ => (Cause::Broken, chain_text(error)),
        };
        self.failed(cause, &message)
    }
}

/// An error document of the service, or one that is none.
fn service(status: u16, code: Option<&str>, message: Option<&str>, error: &(dyn Error + 'static)) -> (Cause, String) {
    let cause = match code {
        // The SDK says "service error" also for a good answer that it could not read.
        _ if status < 300 => Cause::Malformed,
        Some(code) if is_throttle(code) => Cause::Throttled,
        _ if status == 429 => Cause::Throttled,
        Some(code) if LATE.contains(&code) => Cause::Timeout,
        _ if status == 408 => Cause::Timeout,
        _ if status >= 500 => Cause::Broken,
        Some(code) if DENIED.contains(&code) => Cause::Denied,
        Some(code) if CREDENTIALS.contains(&code) => Cause::Credentials,
        Some(code) => codes::refusal(code, message),
        None => Cause::Refused(format!("HTTP {status}")),
    };
    let message = match (&cause, code, message) {
        (Cause::Malformed, ..) => chain_text(error),
        (Cause::Refused(_) | Cause::InUse(_) | Cause::Gone(_), _, Some(message)) => message.to_owned(),
        (_, Some(code), message) => {
            let hint = if REGION_DISABLED.contains(&code) {
                "; it says the same in a region that the account has not enabled"
            } else {
                ""
            };
            format!("{code}: {}{hint}", message.unwrap_or("no message"))
        }
        (_, None, _) => format!("HTTP {status} without an error code of AWS: is there a proxy in between?"),
    };
    (cause, message)
}

/// Whether the code means that we call too often.
pub(crate) fn is_throttle(code: &str) -> bool {
    THROTTLING_ERRORS.contains(&code) || MORE_THROTTLES.contains(&code)
}

/// No answer came. Either the SDK never got to send (no credentials, no connection), or it did and the rest is unknown.
fn dispatch(failure: &ConnectorError, role: Option<&str>) -> (Cause, String) {
    let source: &(dyn Error + 'static) = failure;
    if never_connected(source) {
        let what = if find::<CredentialsError>(source).is_some() { "on the way to the credentials: " } else { "" };
        return (Cause::Unreachable, format!("{what}{}", deepest(source)));
    }
    if let Some(error) = find::<CredentialsError>(source) {
        return credentials(error, role);
    }
    if failure.is_timeout() { (Cause::Timeout, deepest(source)) } else { (Cause::Broken, deepest(source)) }
}

fn credentials(error: &CredentialsError, role: Option<&str>) -> (Cause, String) {
    let assuming = role.map(|role| format!("cannot assume {role}: ")).unwrap_or_default();
    if let Some(refusal) = find::<AssumeRoleError>(error) {
        let code = refusal.code().unwrap_or("no error code");
        let cause = if is_throttle(code) { Cause::Throttled } else { Cause::Credentials };
        let assuming = if assuming.is_empty() { "cannot assume the profile's role: " } else { &assuming };
        return (cause, format!("{assuming}{code}: {}", refusal.message().unwrap_or("no message")));
    }
    let why = match innermost::<CredentialsError>(error) {
        Some(CredentialsError::CredentialsNotLoaded(_)) => {
            "none found in the environment, a profile, the container or the instance".to_owned()
        }
        _ => left_out(&deepest(error)),
    };
    (Cause::Credentials, format!("{assuming}{why}"))
}

/// The SDK names cargo features to who runs the program, and not what to do instead.
fn left_out(why: &str) -> String {
    if !why.contains("cargo feature(s)") {
        return why.to_owned();
    }
    "the profile uses credential_process, SSO or a login session, which simian leaves out: they are people's, and end \
     while it runs; use a role (`role_arn`, an instance profile, web identity), or for a short run put what `aws \
     configure export-credentials --format env` prints into the environment"
        .to_owned()
}

/// The name did not resolve, or no connection was made: no byte of the request left.
pub(crate) fn never_connected(error: &(dyn Error + 'static)) -> bool {
    find::<ResolveDnsError>(error).is_some()
        || find::<hyper_util::client::legacy::Error>(error).is_some_and(hyper_util::client::legacy::Error::is_connect)
}

/// The error and what is behind it, outermost first.
pub(crate) fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    chain(error).find_map(|error| error.downcast_ref())
}

fn innermost<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    chain(error).filter_map(|error| error.downcast_ref()).last()
}

/// The last word of the chain: the operating system's, mostly.
pub(crate) fn deepest(error: &(dyn Error + 'static)) -> String {
    chain(error).last().map(ToString::to_string).unwrap_or_default()
}

/// Every word of the chain, none twice in a row.
fn chain_text(error: &(dyn Error + 'static)) -> String {
    let mut words: Vec<String> = chain(error).map(ToString::to_string).collect();
    words.dedup();
    words.join(": ")
}

/// One short line: no ciphertext, no line breaks, no novel.
pub(crate) fn readable(message: &str) -> String {
    let plain = message.split_once(ENCODED).map_or(message, |(before, _)| before);
    let line = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(MESSAGE_LIMIT) {
        Some((end, _)) => format!("{}…", line.split_at(end).0),
        None => line,
    }
}

#[cfg(test)]
mod tests;
