//! The account behind its ports: `Cloud` and `Actuator`, through the weather.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use simian_core::detail::{Activity, AlarmState, Launches, Lever, Refresh, TargetHealth};
use simian_core::ports::{Effect, MAX_BATCH};
use simian_core::{
    Actuator, CalendarState, CallError, Cause, ChangeCalendar, Cloud, Group, GroupQuery, Identity, InstanceId,
    InstanceState, LaunchSource, Lifecycle, Region,
};

use crate::account::SimAccount;
use crate::instance::{EndedBy, Instance};
use crate::state::{Listed, State};
use crate::traffic::{Ending, Fate, call};

/// Groups in one page, the API's largest. Source: Auto Scaling API, `MaxRecords` of `DescribeAutoScalingGroups`.
const GROUPS_A_PAGE: usize = 100;
/// Values of one filter. Source: EC2 API, `Filters` of `DescribeInstances`.
const IDS_A_CALL: usize = 200;

/// What AWS said instead: its cause and its words.
type Refused = (Cause, String);

fn refused(code: &str, message: impl Into<String>) -> Refused {
    (Cause::Refused(code.to_owned()), message.into())
}

impl SimAccount {
    /// One call: counted, late, stale, failed before or after its effect, as its fate will have it.
    async fn call<T: Send>(
        &self,
        name: &'static str,
        region: Option<&Region>,
        summary: String,
        effect: impl FnOnce(&mut State, &Fate) -> Result<T, Refused> + Send,
    ) -> Result<T, CallError> {
        let fate = {
            let mut state = self.now_state();
            let State { now, regions, traffic, weather, .. } = &mut *state;
            let reachable = region.is_none_or(|region| regions.contains(region));
            traffic.meet(*now, name, region, summary, reachable, weather)
        };
        self.wait(fate.before).await;
        let result = match &fate.ending {
            Ending::Before(cause, message) => Err((cause.clone(), (*message).to_owned())),
            Ending::Good | Ending::After(..) | Ending::Halfway(..) => {
                let result = {
                    let mut state = self.now_state();
                    let result = effect(&mut state, &fate);
                    state.settle();
                    result
                };
                self.wait(fate.after).await;
                match &fate.ending {
                    Ending::After(cause, message) | Ending::Halfway(cause, message) => {
                        Err((cause.clone(), (*message).to_owned()))
                    }
                    _ => result,
                }
            }
        };
        let mut state = self.lock();
        let cause = result.as_ref().err().map(|(cause, _)| cause.clone());
        state.traffic.answered(fate.number, cause.clone());
        let heard = cause.is_none_or(|cause| cause.effect() == Effect::None && cause != Cause::Unreachable);
        if let Some(region) = region.filter(|_| heard) {
            let skew = TimeDelta::milliseconds(state.weather.skew_millis);
            state.traffic.skew.insert(region.clone(), skew);
        }
        let on = || region.map_or_else(|| state.account.to_string(), ToString::to_string);
        result.map_err(|(cause, message)| CallError { call: name, on: on(), cause, message })
    }

    async fn wait(&self, delta: TimeDelta) {
        if delta > TimeDelta::zero() {
            self.clock.sleep_until(self.clock.now() + delta).await;
        }
    }
}

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
        self.call(call::REFRESHES, Some(region), group.to_owned(), |_, _| Ok(None)).await
    }

    async fn activities(
        &self,
        region: &Region,
        group: &str,
        _since: DateTime<Utc>,
    ) -> Result<Vec<Activity>, CallError> {
        self.call(call::ACTIVITIES, Some(region), group.to_owned(), |_, _| Ok(Vec::new())).await
    }

    async fn target_health(
        &self,
        region: &Region,
        target_group: &str,
    ) -> Result<BTreeMap<InstanceId, TargetHealth>, CallError> {
        self.call(call::TARGET_HEALTH, Some(region), target_group.to_owned(), |_, _| Ok(BTreeMap::new())).await
    }

    async fn launches(&self, region: &Region, source: &LaunchSource) -> Result<Launches, CallError> {
        self.call(call::TEMPLATES, Some(region), source.to_string(), |_, _| Ok(Launches::Image("ami-1".into()))).await
    }

    async fn subnets(&self, region: &Region, ids: &[String]) -> Result<BTreeMap<String, u32>, CallError> {
        self.call(call::SUBNETS, Some(region), ids.join(" "), |_, _| {
            Ok(ids.iter().map(|id| (id.clone(), 250)).collect())
        })
        .await
    }

    async fn alarms(&self, region: &Region, names: &[String]) -> Result<BTreeMap<String, AlarmState>, CallError> {
        self.call(call::ALARMS, Some(region), names.join(" "), |_, _| {
            Ok(names.iter().map(|name| (name.clone(), AlarmState::Ok)).collect())
        })
        .await
    }

    async fn safety_lever(&self, region: &Region) -> Result<Lever, CallError> {
        self.call(call::LEVER, Some(region), String::new(), |_, _| Ok(Lever { engaged: false, reason: String::new() }))
            .await
    }

    fn skew(&self, region: &Region) -> Option<TimeDelta> {
        self.lock().traffic.skew.get(region).copied()
    }
}

#[async_trait]
impl Actuator for SimAccount {
    async fn terminate(&self, region: &Region, ids: &[InstanceId]) -> Result<Vec<InstanceId>, CallError> {
        self.call(call::TERMINATE, Some(region), listed(ids), |state, fate| state.terminate(region, reached(ids, fate)))
            .await
    }

    async fn terminate_in_group(&self, region: &Region, id: &InstanceId) -> Result<(), CallError> {
        self.call(call::TERMINATE_IN_GROUP, Some(region), id.to_string(), |state, _| {
            state.terminate_in_group(region, id)
        })
        .await
    }

    async fn reboot(&self, region: &Region, ids: &[InstanceId]) -> Result<(), CallError> {
        self.call(call::REBOOT, Some(region), listed(ids), |state, fate| state.reboot(region, reached(ids, fate))).await
    }
}

/// Those of a batch whom the call reaches before it breaks.
fn reached<'i>(ids: &'i [InstanceId], fate: &Fate) -> &'i [InstanceId] {
    match fate.ending {
        Ending::Halfway(..) => &ids[..ids.len().div_ceil(2)],
        _ => ids,
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

    /// The instance, if EC2 in that region (still) knows it.
    fn instance(&self, region: &Region, id: &InstanceId) -> Option<&Instance> {
        let instance = self.instances.get(id).filter(|instance| instance.life.group.region == *region)?;
        (!instance.is_forgotten(self.now)).then_some(instance)
    }

    /// What EC2 looks at before it touches anybody: one wrong id spoils the whole call.
    fn check(&self, region: &Region, ids: &[InstanceId]) -> Result<(), Refused> {
        if ids.is_empty() {
            return Err(refused("MissingParameter", "the request must contain the parameter InstanceId"));
        }
        if ids.len() > MAX_BATCH {
            return Err(refused("InvalidParameterValue", format!("more than {MAX_BATCH} instances")));
        }
        if let Some(id) = ids.iter().find(|id| !id.as_str().starts_with("i-")) {
            return Err(refused("InvalidInstanceID.Malformed", format!("Invalid id: \"{id}\"")));
        }
        match ids.iter().find(|id| self.instance(region, id).is_none()) {
            Some(id) => Err(refused("InvalidInstanceID.NotFound", format!("The instance ID '{id}' does not exist"))),
            None => Ok(()),
        }
    }

    /// One wrong id spoils the whole call. A protected instance spoils it for its zone, and the others end although the
    /// call fails. Who has ended already ends again without complaint. Source: EC2 API, `TerminateInstances`.
    fn terminate(&mut self, region: &Region, ids: &[InstanceId]) -> Result<Vec<InstanceId>, Refused> {
        self.check(region, ids)?;
        let shielded: Vec<&Instance> = ids
            .iter()
            .map(|id| &self.instances[id])
            .filter(|instance| instance.shielded && instance.life.ended.is_none())
            .collect();
        let spoiled: BTreeSet<String> = shielded.iter().map(|instance| instance.life.zone.clone()).collect();
        let error = shielded.first().map(|instance| {
            let id = &instance.life.id;
            refused("OperationNotPermitted", format!("The instance '{id}' may not be terminated"))
        });
        for id in ids {
            if !spoiled.contains(&self.instances[id].life.zone) {
                self.end(id, EndedBy::Terminate);
            }
        }
        error.map_or_else(|| Ok(ids.to_vec()), Err)
    }

    /// Queues a reboot. No protection stops it, and who has ended is passed over. Source: EC2 API, `RebootInstances`.
    fn reboot(&mut self, region: &Region, ids: &[InstanceId]) -> Result<(), Refused> {
        self.check(region, ids)?;
        for id in ids {
            self.restart(id);
        }
        Ok(())
    }

    /// Scale-in protection and EC2 termination protection do not keep a group from ending a member that it is told to
    /// end; a member in the warm pool cannot be told. Source: Auto Scaling user guide, "Instance scale-in protection";
    /// EC2 user guide, "Termination protection"; Auto Scaling API, `TerminateInstanceInAutoScalingGroup`.
    fn terminate_in_group(&mut self, region: &Region, id: &InstanceId) -> Result<(), Refused> {
        let Some(instance) = self.instance(region, id).filter(|instance| instance.is_member()) else {
            let message = format!("Instance Id not found - No managed instance found for instance ID: {id}");
            return Err(refused("ValidationError", message));
        };
        if instance.lifecycle == Lifecycle::Warmed {
            return Err(refused("ValidationError", format!("{id} is in a warm pool")));
        }
        if self.begin_end(id, EndedBy::TerminateInGroup) {
            Ok(())
        } else {
            Err(refused("ScalingActivityInProgress", format!("{id} is already terminating")))
        }
    }
}

fn matches(group: &Group, query: &GroupQuery) -> bool {
    match query {
        GroupQuery::Tagged { keys, values } => {
            group.tags.keys().any(|key| keys.contains(key)) && group.tags.values().any(|value| values.contains(value))
        }
        GroupQuery::Keyed(keys) => group.tags.keys().any(|key| keys.contains(key)),
        GroupQuery::Named(names) => names.contains(&group.name),
    }
}

fn summary(query: &GroupQuery) -> String {
    match query {
        GroupQuery::Tagged { keys, values } => format!("keys {}, values {}", keys.join(" "), values.join(" ")),
        GroupQuery::Keyed(keys) => format!("keys {}", keys.join(" ")),
        GroupQuery::Named(names) => format!("named {}", names.join(" ")),
    }
}

fn listed(ids: &[InstanceId]) -> String {
    ids.iter().map(InstanceId::as_str).collect::<Vec<_>>().join(" ")
}
