//! One AWS account as the daemon sees and touches it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_autoscaling as scaling;
use aws_sdk_autoscaling::operation::describe_auto_scaling_groups::DescribeAutoScalingGroupsError;
use aws_sdk_autoscaling::operation::terminate_instance_in_auto_scaling_group::TerminateInstanceInAutoScalingGroupError;
use aws_sdk_ec2 as ec2;
use aws_sdk_ec2::operation::describe_instances::DescribeInstancesError;
use aws_sdk_ec2::operation::reboot_instances::RebootInstancesError;
use aws_sdk_ec2::operation::terminate_instances::TerminateInstancesError;
use chrono::TimeDelta;
use simian_core::change_calendar::{CalendarState, ChangeCalendar};
use simian_core::claim::CALL_TIMEOUT;
use simian_core::fleet::{Group, InstanceId};
use simian_core::ports::{Actuator, CallError, Cause, Clock, Cloud, GroupQuery, Identity, InstanceState, MAX_BATCH};
use simian_core::scope::{AccountId, Region, Scope};

use crate::base;
use crate::calendars::Calendars;
use crate::clients::Clients;
use crate::convert::{self, Pages};
use crate::error::Call;
use crate::limits::Meter;
use crate::ourselves;
use crate::roles::{AnyRegion, first_reachable};

/// The largest page of `DescribeAutoScalingGroups`, and with it the most names in one call (its API reference).
const GROUPS_A_PAGE: usize = 100;

/// The most values of the filters of one EC2 call (EC2 User Guide, "Filtering resources": 200 a request).
const FILTER_VALUES: usize = 200;

/// The largest page of `DescribeInstances` (its API reference).
const INSTANCES_A_PAGE: i32 = 1000;

/// What an account is reached with.
#[derive(Clone, Debug)]
pub struct Options {
    /// The account that the operator means. For the texts of errors only: whoever calls compares it with
    /// [`Cloud::identity`].
    pub account: AccountId,
    /// The regions that may be called, at least one. STS is called in the first of them that can be reached.
    pub regions: Vec<Region>,
    /// The role to assume; `None` for the credentials as they are.
    pub role_arn: Option<String>,
    /// The session's name, as `CloudTrail` will show it. 2 to 64 letters, digits and `=,.@_-` (STS API, `AssumeRole`).
    pub session_name: String,
    /// How long a call may take, all tries of a read together. Never more than [`CALL_TIMEOUT`].
    pub call_timeout: TimeDelta,
}

impl Options {
    /// That account with the credentials as they are.
    pub fn new(account: AccountId, regions: Vec<Region>) -> Self {
        let session_name = "simian".to_owned();
        Self { account, regions, role_arn: None, session_name, call_timeout: CALL_TIMEOUT }
    }
}

/// Why an account cannot be set up. All of it is the config's fault; the credentials show at the first call.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// There is nothing to call.
    #[error("account {0} has no regions")]
    NoRegions(AccountId),
    /// Not the ARN of a role.
    #[error("`{0}` is not a role's ARN: write it as in arn:aws:iam::123456789012:role/simian")]
    Role(String),
    /// STS would not take the name.
    #[error("`{0}` cannot name a session: 2 to 64 letters, digits and =,.@_-")]
    Session(String),
}

/// One AWS account, any number of its regions. Clients of a region are made when it is first called.
pub struct Account {
    id: AccountId,
    role: Option<String>,
    config: SdkConfig,
    clock: Arc<dyn Clock>,
    call_timeout: Duration,
    /// In the order of the config: STS is asked in the first that can be reached.
    order: Vec<Region>,
    regions: BTreeMap<Region, OnceLock<Clients>>,
    calendars: Calendars,
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account").field("id", &self.id).field("role", &self.role).finish_non_exhaustive()
    }
}

impl Account {
    /// Reads the environment and the profile files; calls nobody. Must run inside Tokio, as all its methods.
    pub async fn connect(options: Options, clock: Arc<dyn Clock>) -> Result<Self, ConnectError> {
        let Options { account, regions, role_arn, session_name, call_timeout } = options;
        let home = regions.first().cloned().ok_or_else(|| ConnectError::NoRegions(account.clone()))?;
        let mut config = base::load(&home, &clock, call_timeout).await;
        if let Some(role) = &role_arn {
            if !is_role(role) {
                return Err(ConnectError::Role(role.clone()));
            }
            if !is_session(&session_name) {
                return Err(ConnectError::Session(session_name));
            }
            let provider = AnyRegion::assume(role, &session_name, &config, &regions).await;
            config = config.into_builder().credentials_provider(SharedCredentialsProvider::new(provider)).build();
        }
        let calendars = Calendars::new(config.clone(), account.clone(), clock.clone());
        let order = regions.clone();
        let regions = regions.into_iter().map(|region| (region, OnceLock::new())).collect();
        let call_timeout = base::call_timeout(call_timeout);
        Ok(Self { id: account, role: role_arn, config, clock, call_timeout, order, regions, calendars })
    }

    fn scope(&self, region: &Region) -> String {
        Scope { account: self.id.clone(), region: region.clone() }.to_string()
    }

    fn call<'a>(&'a self, name: &'static str, on: &'a str) -> Call<'a> {
        Call { name, on, resource: None, role: self.role.as_deref() }
    }

    /// The region's clients; an error for a region that the config does not name, so that none is ever called.
    fn clients(&self, region: &Region, call: &Call<'_>) -> Result<&Clients, CallError> {
        let lazy = self.regions.get(region).ok_or_else(|| {
            call.failed(Cause::Refused("RegionNotConfigured".into()), "the config does not name this region")
        })?;
        Ok(lazy.get_or_init(|| Clients::new(&self.config, &self.id, region, &self.clock, self.call_timeout)))
    }

    /// One list of groups to its end.
    async fn list(
        &self,
        clients: &Clients,
        call: &Call<'_>,
        names: Option<Vec<String>>,
        filters: Option<Vec<scaling::types::Filter>>,
    ) -> Result<Vec<Group>, CallError> {
        let (mut groups, mut pages, mut token) = (Vec::new(), Pages::default(), None);
        loop {
            clients.limits.groups.turn().await;
            let page = clients
                .scaling
                .describe_auto_scaling_groups()
                .max_records(i32::try_from(GROUPS_A_PAGE).unwrap_or(i32::MAX))
                .set_auto_scaling_group_names(names.clone())
                .set_filters(filters.clone())
                .set_next_token(token)
                .customize()
                .interceptor(Meter::<DescribeAutoScalingGroupsError>::new([&clients.limits.groups]))
                .send()
                .await
                .map_err(|error| call.error(&error))?;
            for theirs in page.auto_scaling_groups.unwrap_or_default() {
                groups.push(convert::group(theirs).map_err(|flaw| call.malformed(&flaw))?);
            }
            token = pages.next(page.next_token).map_err(|flaw| call.malformed(&flaw))?;
            if token.is_none() {
                return Ok(groups);
            }
        }
    }
}

impl Account {
    /// Whose credentials these are, asked in that region.
    async fn identity_in(&self, region: &Region) -> Result<Identity, CallError> {
        let on = self.scope(region);
        let call = self.call("sts:GetCallerIdentity", &on);
        let clients = self.clients(region, &call)?;
        let answer = clients.sts.get_caller_identity().send().await.map_err(|error| call.error(&error))?;
        let account = answer.account.unwrap_or_default();
        let account = account.parse().map_err(|error| call.malformed(&format!("{error}")))?;
        match answer.arn {
            Some(arn) if !arn.is_empty() => Ok(Identity { account, arn }),
            _ => Err(call.malformed("the ARN is missing")),
        }
    }
}

#[async_trait]
impl Cloud for Account {
    async fn identity(&self) -> Result<Identity, CallError> {
        // One region that does not exist, or is away, must not take the others with it.
        let answers: Vec<_> = self.order.iter().map(|region| self.identity_in(region)).collect();
        let answer = first_reachable(answers, |error: &CallError| error.cause == Cause::Unreachable).await;
        answer.unwrap_or_else(|| unreachable!("`connect` takes no account without regions"))
    }

    async fn ourselves(&self) -> Result<Option<InstanceId>, CallError> {
        ourselves::ask(&self.clock).await
    }

    async fn groups(&self, region: &Region, query: &GroupQuery) -> Result<Vec<Group>, CallError> {
        let on = self.scope(region);
        let call = self.call("autoscaling:DescribeAutoScalingGroups", &on);
        let clients = self.clients(region, &call)?;
        // A query without names or values matches nothing. AWS would answer it with everything.
        match query {
            GroupQuery::Tagged { keys, values } if keys.is_empty() || values.is_empty() => Ok(Vec::new()),
            GroupQuery::Keyed(keys) if keys.is_empty() => Ok(Vec::new()),
            GroupQuery::Tagged { keys, values } => {
                let filters = vec![filter("tag-key", keys), filter("tag-value", values)];
                self.list(clients, &call, None, Some(filters)).await
            }
            GroupQuery::Keyed(keys) => self.list(clients, &call, None, Some(vec![filter("tag-key", keys)])).await,
            GroupQuery::Named(names) => {
                let mut groups = Vec::new();
                for chunk in distinct(names.iter().map(String::as_str)).chunks(GROUPS_A_PAGE) {
                    groups.extend(self.list(clients, &call, Some(chunk.to_vec()), None).await?);
                }
                Ok(groups)
            }
        }
    }

    async fn instances(
        &self,
        region: &Region,
        ids: &[InstanceId],
    ) -> Result<BTreeMap<InstanceId, InstanceState>, CallError> {
        let on = self.scope(region);
        let call = self.call("ec2:DescribeInstances", &on);
        let clients = self.clients(region, &call)?;
        let mut states = BTreeMap::new();
        for chunk in distinct(ids.iter().map(InstanceId::as_str)).chunks(FILTER_VALUES) {
            // A filter, because an unknown id among InstanceIds is an error for all of them.
            let filter = ec2::types::Filter::builder().name("instance-id").set_values(Some(chunk.to_vec())).build();
            let (mut pages, mut token) = (Pages::default(), None);
            loop {
                clients.limits.instances.turn().await;
                let page = clients
                    .ec2
                    .describe_instances()
                    .max_results(INSTANCES_A_PAGE)
                    .filters(filter.clone())
                    .set_next_token(token)
                    .customize()
                    .interceptor(Meter::<DescribeInstancesError>::new([&clients.limits.instances]))
                    .send()
                    .await
                    .map_err(|error| call.error(&error))?;
                let reservations = page.reservations.unwrap_or_default();
                for theirs in reservations.into_iter().flat_map(|one| one.instances.unwrap_or_default()) {
                    let (id, state) = convert::instance(theirs).map_err(|flaw| call.malformed(&flaw))?;
                    states.insert(id, state);
                }
                token = pages.next(page.next_token).map_err(|flaw| call.malformed(&flaw))?;
                if token.is_none() {
                    break;
                }
            }
        }
        Ok(states)
    }

    async fn change_calendar(&self, calendar: &ChangeCalendar) -> Result<CalendarState, CallError> {
        let on = self.scope(&calendar.region);
        let mut call = self.call("ssm:GetCalendarState", &on);
        call.resource = Some(calendar.arn().to_owned());
        self.calendars.ask(calendar, &call).await
    }

    fn skew(&self, region: &Region) -> Option<TimeDelta> {
        self.regions.get(region)?.get()?.skew.get()
    }
}

#[async_trait]
impl Actuator for Account {
    async fn terminate(&self, region: &Region, ids: &[InstanceId]) -> Result<Vec<InstanceId>, CallError> {
        let on = self.scope(region);
        let mut call = self.call("ec2:TerminateInstances", &on);
        let ids = batch(&mut call, ids)?;
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let clients = self.clients(region, &call)?;
        let (calls, instances) = (&clients.limits.terminate, &clients.limits.terminated);
        let timeouts = clients.admit(&call, &[(calls, 1), (instances, ids.len())]).await?;
        let answer = clients
            .ec2_once
            .terminate_instances()
            .set_instance_ids(Some(ids))
            .customize()
            .config_override(ec2::Config::builder().timeout_config(timeouts))
            .interceptor(Meter::<TerminateInstancesError>::new([calls, instances]))
            .send()
            .await
            .map_err(|error| call.error(&error))?;
        convert::ended(answer.terminating_instances.unwrap_or_default()).map_err(|flaw| call.malformed(&flaw))
    }

    async fn terminate_in_group(&self, region: &Region, id: &InstanceId) -> Result<(), CallError> {
        let on = self.scope(region);
        let mut call = self.call("autoscaling:TerminateInstanceInAutoScalingGroup", &on);
        call.resource = Some(id.to_string());
        let clients = self.clients(region, &call)?;
        let bucket = &clients.limits.terminate_in_group;
        let timeouts = clients.admit(&call, &[(bucket, 1)]).await?;
        clients
            .scaling_once
            .terminate_instance_in_auto_scaling_group()
            .instance_id(id.as_str())
            .should_decrement_desired_capacity(false)
            .customize()
            .config_override(scaling::Config::builder().timeout_config(timeouts))
            .interceptor(Meter::<TerminateInstanceInAutoScalingGroupError>::new([bucket]))
            .send()
            .await
            .map_err(|error| call.error(&error))?;
        Ok(())
    }

    async fn reboot(&self, region: &Region, ids: &[InstanceId]) -> Result<(), CallError> {
        let on = self.scope(region);
        let mut call = self.call("ec2:RebootInstances", &on);
        let ids = batch(&mut call, ids)?;
        if ids.is_empty() {
            return Ok(());
        }
        let clients = self.clients(region, &call)?;
        let reboot = &clients.limits.reboot;
        let timeouts = clients.admit(&call, &[(reboot, 1)]).await?;
        clients
            .ec2_once
            .reboot_instances()
            .set_instance_ids(Some(ids))
            .customize()
            .config_override(ec2::Config::builder().timeout_config(timeouts))
            .interceptor(Meter::<RebootInstancesError>::new([reboot]))
            .send()
            .await
            .map_err(|error| call.error(&error))?;
        Ok(())
    }
}

/// The ids of one call, each once; the call's error will name them.
fn batch(call: &mut Call<'_>, ids: &[InstanceId]) -> Result<Vec<String>, CallError> {
    let ids = distinct(ids.iter().map(InstanceId::as_str));
    if ids.len() > MAX_BATCH {
        let why = format!("{} instances in one call; {MAX_BATCH} is the most", ids.len());
        return Err(call.failed(Cause::Refused("BatchTooLarge".into()), &why));
    }
    call.resource = Some(ids.join(", "));
    Ok(ids)
}

fn filter(name: &str, values: &[String]) -> scaling::types::Filter {
    scaling::types::Filter::builder().name(name).set_values(Some(values.to_vec())).build()
}

/// Each once, sorted.
fn distinct<'a>(texts: impl Iterator<Item = &'a str>) -> Vec<String> {
    texts.collect::<BTreeSet<_>>().into_iter().map(str::to_owned).collect()
}

/// The shape of a role's ARN, in any partition.
fn is_role(arn: &str) -> bool {
    match arn.splitn(6, ':').collect::<Vec<_>>()[..] {
        ["arn", partition, "iam", "", account, resource] => {
            partition.starts_with("aws")
                && account.parse::<AccountId>().is_ok()
                && resource.strip_prefix("role/").is_some_and(|name| !name.is_empty())
        }
        _ => false,
    }
}

fn is_session(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || "+=,.@_-".contains(c);
    (2..=64).contains(&name.len()) && name.chars().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_and_sessions_have_a_shape() {
        for good in ["arn:aws:iam::123456789012:role/simian", "arn:aws-us-gov:iam::123456789012:role/ops/simian"] {
            assert!(is_role(good), "{good}");
        }
        for bad in [
            "simian",
            "arn:aws:iam::123456789012:user/simian",
            "arn:aws:iam::123456789012:role/",
            "arn:aws:iam::1234:role/simian",
            "arn:aws:iam:us-east-1:123456789012:role/simian",
        ] {
            assert!(!is_role(bad), "{bad}");
        }
        assert!(is_session("simian") && is_session("a=,.@_-9"));
        assert!(!is_session("s") && !is_session("two words") && !is_session(&"x".repeat(65)));
    }

    #[test]
    fn every_id_is_asked_once() {
        assert_eq!(distinct(["b", "a", "b"].into_iter()), ["a", "b"]);
    }
}
