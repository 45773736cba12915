//! The account behind its port `Cloud`: what may be read of it, through the weather.
//!
//! EC2, Auto Scaling and the balancers are eventually consistent, so what they say may be old. Alarms, levers and
//! calendars are told as they are: alarms are late in themselves.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use simian_core::detail::{Activity, AlarmState, Launches, Lever, Refresh, TargetHealth};
use simian_core::ports::ResourceQuery;
use simian_core::resource::Tags;
use simian_core::{
    Alteration, Attached, CalendarState, CallError, ChangeCalendar, Cloud, Experimented, Group, GroupId, GroupQuery,
    Identity, InstanceId, InstanceState, LaunchSource, Region, Resource, ResourceId, ResourceKind, Route, Standing,
};

use crate::account::SimAccount;
use crate::calling::{Refused, gone, refused};
use crate::group::SimGroup;
use crate::instance::Instance;
use crate::signals::disengaged;
use crate::state::{Listed, State};
use crate::traffic::{Fate, call};

/// Groups in one page, the API's largest. Source: Auto Scaling API, `MaxRecords` of `DescribeAutoScalingGroups`.
const GROUPS_A_PAGE: usize = 100;
/// Resources in one page, EC2's largest. Source: EC2 API, `MaxResults` of its describe calls.
const RESOURCES_A_PAGE: usize = 1000;
/// Values of one filter. Source: EC2 API, `Filters` of `DescribeInstances`.
const IDS_A_CALL: usize = 200;
/// Activities in one page, the API's largest. Source: Auto Scaling API, `MaxRecords` of `DescribeScalingActivities`.
const ACTIVITIES_A_PAGE: usize = 100;
/// Names in one call. Source: CloudWatch API, `AlarmNames` of `DescribeAlarms`.
const ALARMS_A_CALL: usize = 100;

#[async_trait]
impl Cloud for SimAccount {
    async fn identity(&self) -> Result<Identity, CallError> {
        self.call(call::IDENTITY, None, String::new(), |state, _| {
            let account = state.weather.impostor.clone().unwrap_or_else(|| state.account.clone());
            Ok(Identity { arn: format!("arn:aws:sts::{account}:assumed-role/simian/sim"), account })
        })
        .await
    }

    async fn ourselves(&self) -> Result<Option<InstanceId>, CallError> {
        self.call(call::OURSELVES, None, String::new(), |state, _| Ok(state.ourselves.clone())).await
    }

    async fn groups(&self, region: &Region, query: &GroupQuery) -> Result<Vec<Group>, CallError> {
        if let GroupQuery::Named(names) = query {
            let mut found = Vec::new();
            for names in names.chunks(GROUPS_A_PAGE) {
                let query = GroupQuery::Named(names.to_vec());
                found.extend(
                    self.call(call::GROUPS, Some(region), summary(&query), |state, fate| {
                        Ok(state.list(region, &query, fate.lag))
                    })
                    .await?,
                );
            }
            return Ok(found);
        }
        let text = summary(query);
        let groups =
            self.call(call::GROUPS, Some(region), text, |state, fate| Ok(state.list(region, query, fate.lag))).await?;
        for page in 2..=groups.len().div_ceil(GROUPS_A_PAGE) {
            self.call(call::GROUPS, Some(region), format!("page {page}"), |_, _| Ok(())).await?;
        }
        Ok(groups)
    }

    async fn instances(
        &self,
        region: &Region,
        ids: &[InstanceId],
    ) -> Result<BTreeMap<InstanceId, InstanceState>, CallError> {
        let mut found = BTreeMap::new();
        for ids in ids.chunks(IDS_A_CALL) {
            found.extend(
                self.call(call::INSTANCES, Some(region), listed(ids), |state, fate| {
                    let (now, seen) = (state.now, state.now - fate.lag);
                    let known = |id: &InstanceId| state.instance(region, id)?.state(now, seen);
                    Ok(ids.iter().filter_map(|id| Some((id.clone(), known(id)?))).collect::<Vec<_>>())
                })
                .await?,
            );
        }
        Ok(found)
    }

    /// One that nobody has set does not exist. Its state changes by itself at the time that it says. Whoever asks in
    /// whichever account: a calendar may be shared.
    async fn change_calendar(&self, calendar: &ChangeCalendar) -> Result<CalendarState, CallError> {
        self.call(call::CALENDAR, Some(&calendar.region), calendar.arn().to_owned(), |state, _| {
            let said = state.calendars.get(calendar.arn());
            let mut said = said.cloned().ok_or_else(|| refused("InvalidDocument", "the document does not exist"))?;
            if said.next_transition.is_some_and(|next| next <= state.now) {
                said = CalendarState { open: !said.open, next_transition: None };
            }
            Ok(said)
        })
        .await
    }

    async fn refresh(&self, region: &Region, group: &str) -> Result<Option<Refresh>, CallError> {
        self.call(call::REFRESHES, Some(region), group.to_owned(), |state, fate| {
            let (group, seen) = state.named(region, group, fate.lag)?;
            Ok(group.refreshing.shown.at(seen).clone())
        })
        .await
    }

    async fn activities(&self, region: &Region, group: &str, since: DateTime<Utc>) -> Result<Vec<Activity>, CallError> {
        let read = |state: &mut State, fate: &Fate| {
            let (group, seen) = state.named(region, group, fate.lag)?;
            let mut activities = group.activities.seen(since, seen);
            if state.weather.unordered {
                state.traffic.chance.shuffle(&mut activities);
            }
            Ok(activities)
        };
        let activities = self.call(call::ACTIVITIES, Some(region), group.to_owned(), read).await?;
        for page in 2..=activities.len().div_ceil(ACTIVITIES_A_PAGE) {
            self.call(call::ACTIVITIES, Some(region), format!("page {page}"), |_, _| Ok(())).await?;
        }
        Ok(activities)
    }

    async fn target_health(
        &self,
        region: &Region,
        target_group: &str,
    ) -> Result<BTreeMap<InstanceId, TargetHealth>, CallError> {
        self.call(call::TARGET_HEALTH, Some(region), target_group.to_owned(), |state, fate| {
            let seen = state.targets(region, target_group, state.now - fate.lag);
            seen.ok_or_else(|| refused("TargetGroupNotFound", format!("Target groups '{target_group}' not found")))
        })
        .await
    }

    async fn routes(&self, region: &Region, target_groups: &[String]) -> Result<Vec<Route>, CallError> {
        let summary = target_groups.join(" ");
        self.call(call::ROUTES, Some(region), summary, |state, _| Ok(state.routes(region, target_groups))).await
    }

    async fn launches(&self, region: &Region, source: &LaunchSource) -> Result<Launches, CallError> {
        let from = match source {
            LaunchSource::Template { .. } => Some(call::TEMPLATES),
            LaunchSource::Configuration(_) => Some(call::CONFIGURATIONS),
            LaunchSource::Image(_) => None,
        };
        let read = |state: &mut State, fate: &Fate| Ok(state.would_launch(region, source, state.now - fate.lag));
        if let Some(from) = from
            && self.call(from, Some(region), source.to_string(), read).await? == Launches::Gone
        {
            return Ok(Launches::Gone);
        }
        let image = self.lock().image(region, source);
        let image = LaunchSource::Image(image);
        let read = |state: &mut State, fate: &Fate| Ok(state.would_launch(region, &image, state.now - fate.lag));
        self.call(call::IMAGES, Some(region), image.to_string(), read).await
    }

    async fn subnets(&self, region: &Region, ids: &[String]) -> Result<BTreeMap<String, u32>, CallError> {
        let mut found = BTreeMap::new();
        for ids in ids.chunks(IDS_A_CALL) {
            found.extend(
                self.call(call::SUBNETS, Some(region), ids.join(" "), |state, fate| {
                    let free = |id: &String| state.supplies.addresses(region, id, state.now - fate.lag);
                    Ok(ids.iter().filter_map(|id| Some((id.clone(), free(id)?))).collect::<Vec<_>>())
                })
                .await?,
            );
        }
        Ok(found)
    }

    async fn alarms(&self, region: &Region, names: &[String]) -> Result<BTreeMap<String, AlarmState>, CallError> {
        let mut found = BTreeMap::new();
        for names in names.chunks(ALARMS_A_CALL) {
            found.extend(
                self.call(call::ALARMS, Some(region), names.join(" "), |state, _| {
                    let alarm = |name: &String| state.signals.alarms.get(&(region.clone(), name.clone()));
                    let known = |name: &String| *alarm(name)?.state.now();
                    Ok(names.iter().filter_map(|name| Some((name.clone(), known(name)?))).collect::<Vec<_>>())
                })
                .await?,
            );
        }
        Ok(found)
    }

    async fn safety_lever(&self, region: &Region) -> Result<Lever, CallError> {
        self.call(call::LEVER, Some(region), String::new(), |state, _| {
            Ok(state.signals.levers.get(region).map_or_else(disengaged, |lever| lever.now().clone()))
        })
        .await
    }

    async fn resources(
        &self,
        region: &Region,
        kind: ResourceKind,
        query: &ResourceQuery,
    ) -> Result<Vec<Resource>, CallError> {
        let read = |state: &mut State, fate: &Fate| {
            let mut found = state.list_resources(region, kind, query, state.now - fate.lag);
            if state.weather.unordered {
                state.traffic.chance.shuffle(&mut found);
            }
            Ok(found)
        };
        let found = self.call(call::RESOURCES, Some(region), kind.several().to_owned(), read).await?;
        for page in 2..=found.len().div_ceil(RESOURCES_A_PAGE) {
            self.call(call::RESOURCES, Some(region), format!("{} page {page}", kind.several()), |_, _| Ok(())).await?;
        }
        Ok(found)
    }

    async fn shared_with(&self, region: &Region, resource: &ResourceId) -> Result<Vec<String>, CallError> {
        self.call(call::SHARED, Some(region), resource.to_string(), |state, _| {
            let holding = state.holdings.all.get(&(region.clone(), resource.clone()));
            let there = holding.filter(|holding| holding.shown.now().is_some());
            there.map(|holding| holding.shared.clone()).ok_or_else(|| gone(resource))
        })
        .await
    }

    async fn last_refresh(&self, region: &Region, group: &str) -> Result<Option<Refresh>, CallError> {
        self.refresh(region, group).await
    }

    async fn tagged(&self, region: &Region, prefix: &str) -> Result<BTreeMap<InstanceId, Tags>, CallError> {
        self.call(call::ATTACHED, Some(region), prefix.to_owned(), |state, _| {
            let here = state.instances.iter().filter(|(id, _)| state.instance(region, id).is_some());
            let tagged = here.filter(|(_, one)| one.tags.keys().any(|key| key.starts_with(prefix)));
            Ok(tagged.map(|(id, one)| (id.clone(), one.tags.clone())).collect())
        })
        .await
    }

    async fn attached(&self, region: &Region, id: &InstanceId) -> Result<Option<Attached>, CallError> {
        self.call(call::ATTACHED, Some(region), id.to_string(), |state, _| {
            let there = state.instance(region, id).filter(|instance| instance.life.ended.is_none());
            Ok(there.map(|instance| instance.attached.clone()))
        })
        .await
    }

    async fn experiment(&self, region: &Region, id: &str) -> Result<Experimented, CallError> {
        self.call(call::EXPERIMENTED, Some(region), id.to_owned(), |state, _| state.experiment(region, id)).await
    }

    async fn standing(&self, region: &Region, alteration: &Alteration) -> Result<Standing, CallError> {
        self.call(call::STANDING, Some(region), alteration.to_string(), |state, _| {
            Ok(state.standing(region, alteration))
        })
        .await
    }

    async fn recent_activities(
        &self,
        region: &Region,
        since: DateTime<Utc>,
    ) -> Result<BTreeMap<String, Vec<Activity>>, CallError> {
        self.call(call::ACTIVITIES, Some(region), "of all groups".into(), |state, fate| {
            let seen = state.now - fate.lag;
            let here = state.groups.iter().filter(|(id, group)| id.region == *region && group.version(seen).is_some());
            Ok(here.map(|(id, group)| (id.name.clone(), group.activities.seen(since, seen))).collect())
        })
        .await
    }

    fn skew(&self, region: &Region) -> Option<TimeDelta> {
        self.lock().traffic.skew.get(region).copied()
    }
}

impl State {
    /// The groups that match, as of `lag` ago.
    fn list(&mut self, region: &Region, query: &GroupQuery, lag: TimeDelta) -> Vec<Group> {
        let mut found = match self.listed.get(region) {
            Some(listed) if lag.is_zero() && listed.query == *query => listed.groups.clone(),
            _ => {
                let seen = self.now - lag;
                let here = self.groups.iter().filter(|(id, _)| id.region == *region);
                let then = here.filter_map(|(_, group)| group.version(seen));
                let groups: Vec<Arc<Group>> = then.filter(|group| matches(group, query)).cloned().collect();
                if lag.is_zero() {
                    self.listed.insert(region.clone(), Listed { query: query.clone(), groups: groups.clone() });
                }
                groups
            }
        };
        let chance = &mut self.traffic.chance;
        if self.weather.unordered {
            chance.shuffle(&mut found);
        }
        let mut groups: Vec<Group> = found.iter().map(|group| Group::clone(group)).collect();
        if self.weather.unordered {
            for group in &mut groups {
                chance.shuffle(&mut group.members);
            }
        }
        groups
    }

    /// The group of that name as of `lag` ago, and when that was.
    fn named(&self, region: &Region, name: &str, lag: TimeDelta) -> Result<(&SimGroup, DateTime<Utc>), Refused> {
        let seen = self.now - lag;
        let group = self.groups.get(&GroupId::new(region, name)).filter(|group| group.version(seen).is_some());
        let there = group.map(|group| (group, seen));
        there.ok_or_else(|| refused("ValidationError", "AutoScalingGroup name not found - null"))
    }

    /// The instance, if EC2 in that region (still) knows it.
    pub(crate) fn instance(&self, region: &Region, id: &InstanceId) -> Option<&Instance> {
        let instance = self.instances.get(id).filter(|instance| instance.life.group.region == *region)?;
        (!instance.is_forgotten(self.now)).then_some(instance)
    }
}

fn matches(group: &Group, query: &GroupQuery) -> bool {
    match query {
        GroupQuery::Tagged { keys, values } => {
            group.tags.keys().any(|key| keys.contains(key)) && group.tags.values().any(|value| values.contains(value))
        }
        GroupQuery::Keyed(keys) => group.tags.keys().any(|key| keys.contains(key)),
        GroupQuery::Named(names) => names.contains(&group.name),
        GroupQuery::All => true,
    }
}

fn summary(query: &GroupQuery) -> String {
    match query {
        GroupQuery::Tagged { keys, values } => format!("keys {}, values {}", keys.join(" "), values.join(" ")),
        GroupQuery::Keyed(keys) => format!("keys {}", keys.join(" ")),
        GroupQuery::Named(names) => format!("named {}", names.join(" ")),
        GroupQuery::All => "all".into(),
    }
}

pub(crate) fn listed(ids: &[InstanceId]) -> String {
    ids.iter().map(InstanceId::as_str).collect::<Vec<_>>().join(" ")
}
