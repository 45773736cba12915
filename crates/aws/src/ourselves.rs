//! Which instance we run on, asked of the instance metadata service, version 2 (EC2 User Guide, "Access instance
//! metadata").
//!
//! "Not on EC2" is only said when nothing takes the connection at the service's address, when a service there does not
//! know the token path, or when `AWS_EC2_METADATA_DISABLED=true` says so. A service that takes the connection and then
//! keeps silent is what a container sees on an instance whose `HttpPutResponseHopLimit` is 1: that is an error, and
//! nothing is done for real until the limit is 2 or the variable is set. What cannot be told from "not on EC2" is a
//! container whose network drops the address altogether.

use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_config::imds::Client;
use aws_config::provider_config::ProviderConfig;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::retries::classifiers::{ClassifyRetry, RetryAction, SharedRetryClassifier};
use simian_core::fleet::InstanceId;
use simian_core::ports::{CallError, Cause, Clock};

use crate::base;
use crate::error::{self, Call};
use crate::time::{OurSleep, OurTime};

/// The service is on the same machine: what does not answer within a second will not.
const TIMEOUT: Duration = Duration::from_secs(1);

/// Two requests.
const WHOLE_TIMEOUT: Duration = Duration::from_secs(4);

const PATH: &str = "/latest/meta-data/instance-id";

/// What to do when it cannot be told.
const REMEDY: &str = "on EC2, let the metadata service answer (hop limit 2 for containers); elsewhere, set \
                      AWS_EC2_METADATA_DISABLED=true";

/// Asks; one try, at most some seconds. `AWS_EC2_METADATA_SERVICE_ENDPOINT` is honoured, proxies are not: behind one
/// would be the proxy's own instance.
pub(crate) async fn ask(clock: &Arc<dyn Clock>) -> Result<Option<InstanceId>, CallError> {
    if std::env::var("AWS_EC2_METADATA_DISABLED").is_ok_and(|value| value.trim().eq_ignore_ascii_case("true")) {
        return Ok(None);
    }
    let call = Call { name: "imds:GetMetadata", on: "the instance metadata service", resource: None, role: None };
    let statuses = Statuses::default();
    let config = ProviderConfig::without_region()
        .with_time_source(OurTime(clock.clone()))
        .with_sleep_impl(OurSleep(clock.clone()))
        .with_http_client(base::http_client(ProxyConfig::disabled()));
    let client = Client::builder()
        .configure(&config)
        .max_attempts(1)
        .connect_timeout(TIMEOUT)
        .read_timeout(TIMEOUT)
        .operation_attempt_timeout(WHOLE_TIMEOUT)
        .operation_timeout(WHOLE_TIMEOUT)
        .retry_classifier(SharedRetryClassifier::new(statuses.clone()))
        .build();
    match client.get(PATH).await {
        Ok(id) => instance_id(id.as_ref())
            .map(Some)
            .ok_or_else(|| call.malformed(&format!("it gave an instance id that is none; {REMEDY}"))),
        Err(error) => judge(&error, &statuses.get())
            .map_err(|cause| call.failed(cause, &format!("{}; {REMEDY}", error::deepest(&error)))),
    }
}

/// What a failure means, with the statuses of the answers that came.
fn judge(error: &(dyn Error + 'static), statuses: &[u16]) -> Result<Option<InstanceId>, Cause> {
    match statuses {
        [] if error::never_connected(error) => Ok(None),
        [] => Err(Cause::Timeout),
        // Not even the token's path: some other cloud, or a machine that answers everything with 404.
        [404] => Ok(None),
        [.., status] if (400..500).contains(status) => Err(Cause::Refused(format!("HTTP {status}"))),
        [.., status] if *status >= 500 => Err(Cause::Broken),
        _ => Err(Cause::Malformed),
    }
}

/// The shape of an EC2 instance id: `i-` and 8 or 17 hex digits. Other clouds answer at that address too.
fn instance_id(text: &str) -> Option<InstanceId> {
    let text = text.trim();
    let digits = text.strip_prefix("i-")?;
    let hex = digits.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    (hex && matches!(digits.len(), 8 | 17)).then(|| InstanceId::new(text))
}

/// Notes the status of every answer, which the client's own errors keep to themselves, and never asks for a retry.
#[derive(Clone, Debug, Default)]
struct Statuses(Arc<Mutex<Vec<u16>>>);

impl Statuses {
    /// The statuses in order, none twice in a row: a retry strategy may ask about one answer more than once.
    fn get(&self) -> Vec<u16> {
        let mut statuses = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        statuses.dedup();
        statuses
    }
}

impl ClassifyRetry for Statuses {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        if let Some(response) = context.response() {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(response.status().as_u16());
        }
        RetryAction::RetryForbidden
    }

    fn name(&self) -> &'static str {
        "Statuses"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_instance_id_is_one() {
        assert_eq!(instance_id(" i-0123456789abcdef0\n"), Some(InstanceId::new("i-0123456789abcdef0")));
        assert_eq!(instance_id("i-01234567"), Some(InstanceId::new("i-01234567")));
        for bad in ["", "i-", "i-0123456789ABCDEF0", "4242424242", "<html>", "i-0123456789abcdef01"] {
            assert_eq!(instance_id(bad), None, "{bad}");
        }
    }

    #[test]
    fn silence_after_a_connection_is_not_the_absence_of_a_service() {
        let silence = std::io::Error::from(std::io::ErrorKind::TimedOut);
        assert_eq!(judge(&silence, &[]), Err(Cause::Timeout));
        assert_eq!(judge(&silence, &[404]), Ok(None));
        assert_eq!(judge(&silence, &[200, 404]), Err(Cause::Refused("HTTP 404".into())));
        assert_eq!(judge(&silence, &[403]), Err(Cause::Refused("HTTP 403".into())));
        assert_eq!(judge(&silence, &[200, 503]), Err(Cause::Broken));
        assert_eq!(judge(&silence, &[200]), Err(Cause::Malformed));
    }
}
