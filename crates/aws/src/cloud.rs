//! What may be read of an account: who asks what, and under which permission's name.

use std::collections::BTreeMap;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use simian_core::change_calendar::{CalendarState, ChangeCalendar};
use simian_core::detail::{Activity, AlarmState, Launches, Lever, Refresh, TargetHealth};
use simian_core::experiment::Experimented;
use simian_core::fault::{Alteration, Attached, Standing};
use simian_core::fleet::{Group, InstanceId, LaunchSource};
use simian_core::ports::{CallError, Cause, Cloud, GroupQuery, Identity, InstanceState, ResourceQuery};
use simian_core::resource::{Resource, ResourceId, ResourceKind, Tags};
use simian_core::route::Route;
use simian_core::scope::Region;

use crate::account::Account;
use crate::roles::first_reachable;
use crate::{
    alarms, attached, balancers, experiments, instances, launches, ourselves, resources, routes, scaling, sharing,
    standing,
};

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
        scaling::groups(self.clients(region, &call)?, &call, query).await
    }

    async fn instances(
        &self,
        region: &Region,
        ids: &[InstanceId],
    ) -> Result<BTreeMap<InstanceId, InstanceState>, CallError> {
        let on = self.scope(region);
        let call = self.call("ec2:DescribeInstances", &on);
        instances::states(self.clients(region, &call)?, &call, ids).await
    }

    async fn change_calendar(&self, calendar: &ChangeCalendar) -> Result<CalendarState, CallError> {
        let on = self.scope(&calendar.region);
        let mut call = self.call("ssm:GetCalendarState", &on);
        call.resource = Some(calendar.arn().to_owned());
        self.calendars.ask(calendar, &call).await
    }

    async fn refresh(&self, region: &Region, group: &str) -> Result<Option<Refresh>, CallError> {
        let on = self.scope(region);
        let call = self.call("autoscaling:DescribeInstanceRefreshes", &on);
        scaling::refresh(self.clients(region, &call)?, &call, group).await
    }

    async fn activities(&self, region: &Region, group: &str, since: DateTime<Utc>) -> Result<Vec<Activity>, CallError> {
        let on = self.scope(region);
        let call = self.call("autoscaling:DescribeScalingActivities", &on);
        scaling::activities(self.clients(region, &call)?, &call, group, since).await
    }

    async fn target_health(
        &self,
        region: &Region,
        target_group: &str,
    ) -> Result<BTreeMap<InstanceId, TargetHealth>, CallError> {
        let on = self.scope(region);
        let call = self.call("elasticloadbalancing:DescribeTargetHealth", &on);
        balancers::health(self.clients(region, &call)?, &call, target_group).await
    }

    async fn routes(&self, region: &Region, target_groups: &[String]) -> Result<Vec<Route>, CallError> {
        let on = self.scope(region);
        let call = self.call("elasticloadbalancing:DescribeRules", &on);
        routes::routes(self.clients(region, &call)?, &call, target_groups).await
    }

    async fn launches(&self, region: &Region, source: &LaunchSource) -> Result<Launches, CallError> {
        let on = self.scope(region);
        let call = self.call("ec2:DescribeImages", &on);
        launches::launches(self.clients(region, &call)?, &call, source).await
    }

    async fn subnets(&self, region: &Region, ids: &[String]) -> Result<BTreeMap<String, u32>, CallError> {
        let on = self.scope(region);
        let call = self.call("ec2:DescribeSubnets", &on);
        instances::subnets(self.clients(region, &call)?, &call, ids).await
    }

    async fn alarms(&self, region: &Region, names: &[String]) -> Result<BTreeMap<String, AlarmState>, CallError> {
        let on = self.scope(region);
        let call = self.call("cloudwatch:DescribeAlarms", &on);
        alarms::alarms(self.clients(region, &call)?, &call, names).await
    }

    async fn safety_lever(&self, region: &Region) -> Result<Lever, CallError> {
        let on = self.scope(region);
        let call = self.call("fis:GetSafetyLever", &on);
        alarms::lever(self.clients(region, &call)?, &call).await
    }

    async fn resources(
        &self,
        region: &Region,
        kind: ResourceKind,
        query: &ResourceQuery,
    ) -> Result<Vec<Resource>, CallError> {
        let on = self.scope(region);
        let call = self.call(resources::permission(kind), &on);
        resources::list(self.clients(region, &call)?, &call, kind, query).await
    }

    async fn shared_with(&self, region: &Region, resource: &ResourceId) -> Result<Vec<String>, CallError> {
        let on = self.scope(region);
        let (id, owner) = (resource.id.as_str(), self.id.as_str());
        match resource.kind {
            ResourceKind::Image => {
                let call = self.call("ec2:DescribeImageAttribute", &on);
                sharing::image(self.clients(region, &call)?, &call, id, owner).await
            }
            ResourceKind::Snapshot => {
                let call = self.call("ec2:DescribeSnapshotAttribute", &on);
                sharing::snapshot(self.clients(region, &call)?, &call, id, owner).await
            }
            _ => Ok(Vec::new()),
        }
    }

    async fn tagged(&self, region: &Region, prefix: &str) -> Result<BTreeMap<InstanceId, Tags>, CallError> {
        let on = self.scope(region);
        let call = self.call("ec2:DescribeInstances", &on);
        instances::tagged(self.clients(region, &call)?, &call, prefix).await
    }

    async fn attached(&self, region: &Region, id: &InstanceId) -> Result<Option<Attached>, CallError> {
        let on = self.scope(region);
        let call = self.call("ec2:DescribeInstances", &on);
        attached::attached(self.clients(region, &call)?, &call, id).await
    }

    async fn experiment(&self, region: &Region, id: &str) -> Result<Experimented, CallError> {
        let on = self.scope(region);
        let mut call = self.call("fis:GetExperiment", &on);
        call.resource = Some(id.to_owned());
        experiments::state(self.clients(region, &call)?, &call, id).await
    }

    async fn standing(&self, region: &Region, alteration: &Alteration) -> Result<Standing, CallError> {
        let on = self.scope(region);
        let call = self.call(standing::permission(alteration), &on);
        standing::standing(self.clients(region, &call)?, &call, alteration).await
    }

    async fn last_refresh(&self, region: &Region, group: &str) -> Result<Option<Refresh>, CallError> {
        let on = self.scope(region);
        let call = self.call("autoscaling:DescribeInstanceRefreshes", &on);
        scaling::last_refresh(self.clients(region, &call)?, &call, group).await
    }

    async fn recent_activities(
        &self,
        region: &Region,
        since: DateTime<Utc>,
    ) -> Result<BTreeMap<String, Vec<Activity>>, CallError> {
        let on = self.scope(region);
        let call = self.call("autoscaling:DescribeScalingActivities", &on);
        scaling::recent_activities(self.clients(region, &call)?, &call, since).await
    }

    fn skew(&self, region: &Region) -> Option<TimeDelta> {
        self.regions.get(region)?.get()?.skew.get()
    }
}
