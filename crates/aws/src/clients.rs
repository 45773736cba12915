//! One region of one account: its clients, its limits, its measure of AWS's clock. Nothing of it is another region's,
//! but for the credentials and the pool of connections, which is split by host.

use std::sync::Arc;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_autoscaling as scaling;
use aws_sdk_cloudwatch as alarms;
use aws_sdk_cloudwatchlogs as logs;
use aws_sdk_ec2 as ec2;
use aws_sdk_ec2::config::retry::{RetryConfig, RetryPartition};
use aws_sdk_elasticloadbalancing as classic;
use aws_sdk_elasticloadbalancingv2 as balancers;
use aws_sdk_fis as experiments;
use aws_sdk_ssm as systems;
use aws_sdk_sts as sts;
use simian_core::ports::{CallError, Cause, Clock};
use simian_core::scope::{AccountId, Region};

use crate::base;
use crate::error::Call;
use crate::limits::{Bucket, Limits, PATIENCE};
use crate::skew::Skew;

/// One region's clients. Those that write try once; they are clients of their own, so that no setting can mix them up.
#[derive(Debug)]
pub(crate) struct Clients {
    pub(crate) ec2: ec2::Client,
    pub(crate) ec2_once: ec2::Client,
    pub(crate) scaling: scaling::Client,
    pub(crate) scaling_once: scaling::Client,
    pub(crate) balancers: balancers::Client,
    pub(crate) balancers_once: balancers::Client,
    pub(crate) classic: classic::Client,
    pub(crate) classic_once: classic::Client,
    pub(crate) logs: logs::Client,
    pub(crate) logs_once: logs::Client,
    pub(crate) alarms: alarms::Client,
    pub(crate) experiments: experiments::Client,
    pub(crate) experiments_once: experiments::Client,
    pub(crate) systems: systems::Client,
    pub(crate) systems_once: systems::Client,
    pub(crate) sts: sts::Client,
    account: AccountId,
    region: Region,
    partition: &'static str,
    pub(crate) skew: Skew,
    pub(crate) limits: Limits,
    /// How long a write may take, the wait for its turn included.
    call_timeout: Duration,
}

/// The partition that a region is in, by its name. Source: the SDK's table of partitions.
fn partition_of(region: &Region) -> &'static str {
    let begins = |with: &&(&str, &str)| region.as_str().starts_with(with.0);
    PARTITIONS.iter().find(begins).map_or("aws", |(_, partition)| partition)
}

/// How the regions of all partitions but the first one begin.
const PARTITIONS: [(&str, &str); 7] = [
    ("cn-", "aws-cn"),
    ("eusc-", "aws-eusc"),
    ("us-gov-", "aws-us-gov"),
    ("us-iso-", "aws-iso"),
    ("us-isob-", "aws-iso-b"),
    ("eu-isoe-", "aws-iso-e"),
    ("us-isof-", "aws-iso-f"),
];

/// One write: its turn in its bucket, what is then left of its time, and one try.
macro_rules! once {
    ($clients:expr, $call:expr, $bucket:ident, $service:ident, $error:ty, $request:expr) => {{
        let bucket = &$clients.limits.$bucket;
        let timeouts = $clients.admit($call, &[(bucket, 1)]).await?;
        $request
            .customize()
            .config_override($service::Config::builder().timeout_config(timeouts))
            .interceptor($crate::limits::Meter::<$error>::new([bucket]))
            .send()
            .await
            .map_err(|error| $call.error(&error))
    }};
}
pub(crate) use once;

/// The SDK's budget of retries is global by service and region; ours is this region's of this account.
pub(crate) fn partition(account: &AccountId, region: &Region) -> RetryPartition {
    RetryPartition::custom(format!("{account}/{region}")).build()
}

impl Clients {
    pub(crate) fn new(
        config: &SdkConfig,
        account: &AccountId,
        region: &Region,
        clock: &Arc<dyn Clock>,
        call_timeout: Duration,
    ) -> Self {
        let config = config.to_builder().region(base::sdk_region(region)).build();
        let skew = Skew::new(clock.clone());
        let ours = || partition(account, region);
        let once = RetryConfig::disabled;
        let ec2 = || ec2::config::Builder::from(&config).interceptor(skew.clone()).retry_partition(ours());
        let scaling = || scaling::config::Builder::from(&config).interceptor(skew.clone()).retry_partition(ours());
        let balancers = || balancers::config::Builder::from(&config).interceptor(skew.clone()).retry_partition(ours());
        let classic = || classic::config::Builder::from(&config).interceptor(skew.clone()).retry_partition(ours());
        let logs = || logs::config::Builder::from(&config).interceptor(skew.clone()).retry_partition(ours());
        let alarms = alarms::config::Builder::from(&config).interceptor(skew.clone()).retry_partition(ours());
        let experiments =
            || experiments::config::Builder::from(&config).interceptor(skew.clone()).retry_partition(ours());
        let systems = || systems::config::Builder::from(&config).interceptor(skew.clone()).retry_partition(ours());
        let sts = sts::config::Builder::from(&config).interceptor(skew.clone()).retry_partition(ours());
        Self {
            ec2: ec2::Client::from_conf(ec2().build()),
            ec2_once: ec2::Client::from_conf(ec2().retry_config(once()).build()),
            scaling: scaling::Client::from_conf(scaling().build()),
            scaling_once: scaling::Client::from_conf(scaling().retry_config(once()).build()),
            balancers: balancers::Client::from_conf(balancers().build()),
            balancers_once: balancers::Client::from_conf(balancers().retry_config(once()).build()),
            classic: classic::Client::from_conf(classic().build()),
            classic_once: classic::Client::from_conf(classic().retry_config(once()).build()),
            logs: logs::Client::from_conf(logs().build()),
            logs_once: logs::Client::from_conf(logs().retry_config(once()).build()),
            alarms: alarms::Client::from_conf(alarms.build()),
            experiments: experiments::Client::from_conf(experiments().build()),
            experiments_once: experiments::Client::from_conf(experiments().retry_config(once()).build()),
            systems: systems::Client::from_conf(systems().build()),
            systems_once: systems::Client::from_conf(systems().retry_config(once()).build()),
            sts: sts::Client::from_conf(sts.build()),
            account: account.clone(),
            region: region.clone(),
            partition: partition_of(region),
            skew,
            limits: Limits::new(clock),
            call_timeout,
        }
    }

    /// The ARN of something in this region.
    pub(crate) fn arn(&self, service: &str, what: &str) -> String {
        format!("arn:{}:{service}:{}:{}:{what}", self.partition, self.region, self.account)
    }

    /// A role's ARN.
    pub(crate) fn role_arn(&self, role: &str) -> String {
        format!("arn:{}:iam::{}:role/{role}", self.partition, self.account)
    }

    /// A log group's ARN, as the calls for tags want it: without `:*` at its end (`CloudWatch` Logs API, `LogGroup`).
    pub(crate) fn log_group_arn(&self, name: &str) -> String {
        self.arn("logs", &format!("log-group:{name}"))
    }

    /// Takes a write's tokens, after a short wait at most, and returns what is left of the call's time: wait and call
    /// together never outlast what a claim counts on. A longer wait is a throttle: nothing was called.
    pub(crate) async fn admit(
        &self,
        call: &Call<'_>,
        wanted: &[(&Arc<Bucket>, usize)],
    ) -> Result<TimeoutConfig, CallError> {
        let mut patience = PATIENCE.min(self.call_timeout);
        let mut gone = Duration::ZERO;
        for (bucket, tokens) in wanted {
            let left = bucket.soon(u32::try_from(*tokens).unwrap_or(u32::MAX), patience).await.map_err(|wait| {
                let why = format!(
                    "by our own limit, which leaves room for others in the account; the next turn is in {:.1} s",
                    wait.as_secs_f32()
                );
                call.failed(Cause::Throttled, &why)
            })?;
            gone += patience.saturating_sub(left);
            patience = left;
        }
        let left = self.call_timeout.saturating_sub(gone).max(Duration::from_millis(1));
        Ok(TimeoutConfig::builder().operation_timeout(left).build())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_regions_partition_is_in_its_name() {
        for (region, partition) in [
            ("us-east-1", "aws"),
            ("eu-west-1", "aws"),
            ("us-gov-west-1", "aws-us-gov"),
            ("cn-north-1", "aws-cn"),
            ("us-iso-east-1", "aws-iso"),
            ("us-isob-east-1", "aws-iso-b"),
            ("eu-isoe-west-1", "aws-iso-e"),
            ("us-isof-south-1", "aws-iso-f"),
            ("eusc-de-east-1", "aws-eusc"),
        ] {
            assert_eq!(partition_of(&region.parse().unwrap()), partition, "{region}");
        }
    }
}
