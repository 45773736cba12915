//! What all clients share: the credential chain, the HTTP client, the clock, timeouts and tries.

use std::sync::Arc;
use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, BehaviorVersion, SdkConfig};
use aws_sdk_ec2::config::retry::RetryConfig;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_http_client::{Builder, ConnectorBuilder};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use chrono::TimeDelta;
use simian_core::claim::CALL_TIMEOUT;
use simian_core::ports::Clock;
use simian_core::scope::Region;

use crate::time::{OurSleep, OurTime};

/// How long a connection may take to be made; AWS's endpoints answer in milliseconds, and three tries of a read must
/// fit into one call's time. The SDK's own default is 3.1 s.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// Tries of a read, the first included: the SDK's standard mode.
const READ_TRIES: u32 = 3;

/// The time for a call, never above the one that claims count on.
pub(crate) fn call_timeout(wanted: TimeDelta) -> Duration {
    wanted.clamp(TimeDelta::milliseconds(1), CALL_TIMEOUT).to_std().unwrap_or_default()
}

/// The standard chain: environment, profile, web identity, container, instance; `AWS_ENDPOINT_URL`, `AWS_PROFILE`,
/// and the proxy variables mean what they mean to the SDK. Reads files, calls nobody.
pub(crate) async fn load(region: &Region, clock: &Arc<dyn Clock>, timeout: TimeDelta) -> SdkConfig {
    let timeouts =
        TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT).operation_timeout(call_timeout(timeout)).build();
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        // Given, so that the SDK does not look for one at the instance metadata service.
        .region(sdk_region(region))
        .http_client(http_client(ProxyConfig::from_env()))
        .time_source(OurTime(clock.clone()))
        .sleep_impl(OurSleep(clock.clone()))
        .timeout_config(timeouts)
        .retry_config(RetryConfig::standard().with_max_attempts(READ_TRIES));
    if let Ok(name) = AppName::new("simian") {
        loader = loader.app_name(name);
    }
    // The SDK's future is large, and would be on the stack of everybody who connects.
    Box::pin(loader.load()).await
}

/// The region in the SDK's words.
pub(crate) fn sdk_region(region: &Region) -> aws_config::Region {
    aws_config::Region::new(region.as_str().to_owned())
}

/// One pool of connections, made as the SDK makes its default one. Left alone, each SDK client would make its own and
/// load the trusted certificates again.
pub(crate) fn http_client(proxy: ProxyConfig) -> SharedHttpClient {
    Builder::new().build_with_connector_fn(move |settings, components| {
        let mut connector =
            ConnectorBuilder::default().tls_provider(Provider::Rustls(CryptoMode::AwsLc)).proxy_config(proxy.clone());
        connector.set_connector_settings(settings.cloned());
        connector.set_sleep_impl(components.and_then(RuntimeComponents::sleep_impl));
        connector.build()
    })
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use async_trait::async_trait;
    use chrono::{DateTime, Utc};

    use super::*;

    struct Still(DateTime<Utc>);

    #[async_trait]
    impl Clock for Still {
        fn now(&self) -> DateTime<Utc> {
            self.0
        }
        async fn sleep_until(&self, _: DateTime<Utc>) {}
    }

    #[tokio::test]
    async fn the_sdk_goes_by_our_clock_and_our_limits() {
        let now = DateTime::from_timestamp(1_795_456_800, 0).unwrap();
        let clock: Arc<dyn Clock> = Arc::new(Still(now));
        let config = load(&"eu-west-1".parse().unwrap(), &clock, TimeDelta::seconds(7)).await;
        assert_eq!(config.time_source().unwrap().now(), SystemTime::from(now));
        assert_eq!(config.region().unwrap().as_ref(), "eu-west-1");
        assert_eq!(config.timeout_config().unwrap().operation_timeout(), Some(Duration::from_secs(7)));
        assert_eq!(config.retry_config().unwrap().max_attempts(), READ_TRIES);
    }

    #[test]
    fn no_call_outlasts_what_a_claim_counts_on() {
        assert_eq!(call_timeout(TimeDelta::seconds(60)), Duration::from_secs(20));
        assert_eq!(call_timeout(TimeDelta::seconds(1)), Duration::from_secs(1));
        assert_eq!(call_timeout(TimeDelta::seconds(-1)), Duration::from_millis(1));
    }
}
