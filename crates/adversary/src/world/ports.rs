//! The ports of one process, with somebody standing on both sides of every call: it may be let through, put to sleep,
//! or never come back.
//!
//! What may not happen here: anything decided. What comes of a call is the simulator's and the ledger's.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use simian_core::detail::{Activity, AlarmState, Launches, Lever, Refresh, TargetHealth};
use simian_core::ports::Effect;
use simian_core::ports::ResourceQuery;
use simian_core::resource::Tags;
use simian_core::{
    AccountId, Action, Actuator, Alteration, Attached, Birth, CalendarState, CallError, Cause, Change, ChangeCalendar,
    Claim, ClaimQuery, ClaimRecord, Claimed, Clock, Cloud, Compacted, Compaction, Disposal, Draft, Event, EventQuery,
    Experiment, Experimented, Group, GroupQuery, Guests, Head, Identity, InstanceId, InstanceState, Kind, LaunchSource,
    Ledger, LedgerError, Mark, MarkId, Mode, Node, OutageHook, Pause, Progress, Region, Resource, ResourceId,
    ResourceKind, Route, Sent, Sink, SinkError, Standing,
};

use super::log::{Act, Did, Told, Write};
use super::stage::Stage;
use crate::months::ports::{marked, named};
use crate::scenario::{HookSays, Port, Side};

/// One process's way into the world.
#[derive(Clone)]
pub(crate) struct Ports {
    pub(crate) stage: Arc<Stage>,
    pub(crate) slot: usize,
    /// AWS's clock minus this machine's, as each region's last answer told it.
    skew: Arc<Mutex<BTreeMap<Region, TimeDelta>>>,
}

/// Gives way once: whoever polls decides whether there is a second time.
struct GiveWay(bool);

impl Future for GiveWay {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.0, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

impl Ports {
    pub(crate) fn new(stage: Arc<Stage>, slot: usize) -> Self {
        Self { stage, slot, skew: Arc::default() }
    }

    pub(crate) async fn at(&self, port: Port, side: Side) {
        if self.stage.meets(self.slot, port, side) {
            GiveWay(false).await;
        }
    }

    /// A call to AWS has ended: its `Date` header was read, if there was one.
    pub(crate) fn heard<T>(&self, region: &Region, answer: &Result<T, CallError>) {
        let cause = answer.as_ref().err().map(|error| &error.cause);
        if cause.is_some_and(|cause| cause.effect() != Effect::None || *cause == Cause::Unreachable) {
            return;
        }
        if let Some(skew) = self.stage.cloud.skew(region) {
            let skew = skew - self.stage.clock_of(self.slot).ahead();
            self.skew.lock().unwrap_or_else(PoisonError::into_inner).insert(region.clone(), skew);
        }
    }

    /// A read, with somebody on both sides of it.
    pub(crate) async fn around<T>(
        &self,
        port: Port,
        region: &Region,
        call: impl Future<Output = Result<T, CallError>>,
    ) -> Result<T, CallError> {
        self.at(port, Side::Before).await;
        let answer = call.await;
        self.heard(region, &answer);
        self.at(port, Side::After).await;
        answer
    }

    /// A call that acts is begun now, whatever happens at the door.
    async fn begun<T>(&self, call: impl Future<Output = T>) -> T {
        let under_way = UnderWay::begin(self);
        self.stage.meets(self.slot, Port::Act, Side::Before);
        let answer = call.await;
        drop(under_way);
        answer
    }

    async fn acts<T>(
        &self,
        act: Act,
        region: &Region,
        ids: &[InstanceId],
        call: impl Future<Output = Result<T, CallError>>,
        named: impl Fn(&T) -> Vec<InstanceId>,
    ) -> Result<T, CallError> {
        let did = Did::Called { act, region: region.clone(), ids: ids.to_vec(), answer: None };
        let entry = self.stage.log(self.slot, did);
        let answer = self.begun(call).await;
        let short = answer.as_ref().map(&named).map_err(|error| error.cause.clone());
        if let Did::Called { answer, .. } = &mut self.stage.shared().log.entries[entry].what {
            *answer = Some(short);
        }
        self.heard(region, &answer);
        self.at(Port::Act, Side::After).await;
        answer
    }
}

/// A call that acts and is under way, until it ended or was dropped with its process.
pub(crate) struct UnderWay<'p>(&'p Ports);

impl<'p> UnderWay<'p> {
    pub(crate) fn begin(ports: &'p Ports) -> Self {
        ports.stage.shared().controls[ports.slot].acting += 1;
        Self(ports)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let acting = &mut self.0.stage.shared().controls[self.0.slot].acting;
        *acting = acting.saturating_sub(1);
    }
}

#[async_trait]
impl Cloud for Ports {
    async fn tagged(&self, region: &Region, prefix: &str) -> Result<BTreeMap<InstanceId, Tags>, CallError> {
        self.around(Port::Detail, region, self.stage.cloud.tagged(region, prefix)).await
    }

    async fn attached(&self, region: &Region, id: &InstanceId) -> Result<Option<Attached>, CallError> {
        self.around(Port::Detail, region, self.stage.cloud.attached(region, id)).await
    }

    async fn experiment(&self, region: &Region, id: &str) -> Result<Experimented, CallError> {
        self.around(Port::Answer, region, self.stage.cloud.experiment(region, id)).await
    }

    async fn standing(&self, region: &Region, alteration: &Alteration) -> Result<Standing, CallError> {
        self.around(Port::Standing, region, self.stage.cloud.standing(region, alteration)).await
    }

    async fn identity(&self) -> Result<Identity, CallError> {
        self.stage.cloud.identity().await
    }

    async fn ourselves(&self) -> Result<Option<InstanceId>, CallError> {
        self.stage.cloud.ourselves().await
    }

    async fn groups(&self, region: &Region, query: &GroupQuery) -> Result<Vec<Group>, CallError> {
        let survey = !matches!(query, GroupQuery::Named(_));
        let port = if survey { Port::Survey } else { Port::Named };
        self.at(port, Side::Before).await;
        let begun = self.stage.now();
        let answer = self.stage.cloud.groups(region, query).await;
        self.heard(region, &answer);
        if answer.is_ok() {
            self.stage.log(self.slot, Did::Read { begun, survey });
        }
        self.at(port, Side::After).await;
        answer
    }

    async fn instances(
        &self,
        region: &Region,
        ids: &[InstanceId],
    ) -> Result<BTreeMap<InstanceId, InstanceState>, CallError> {
        self.around(Port::Instances, region, self.stage.cloud.instances(region, ids)).await
    }

    async fn change_calendar(&self, calendar: &ChangeCalendar) -> Result<CalendarState, CallError> {
        self.at(Port::Calendar, Side::Before).await;
        let answer = self.stage.cloud.change_calendar(calendar).await;
        self.at(Port::Calendar, Side::After).await;
        answer
    }

    async fn refresh(&self, region: &Region, group: &str) -> Result<Option<Refresh>, CallError> {
        self.around(Port::Detail, region, self.stage.cloud.refresh(region, group)).await
    }

    async fn activities(&self, region: &Region, group: &str, since: DateTime<Utc>) -> Result<Vec<Activity>, CallError> {
        self.around(Port::Detail, region, self.stage.cloud.activities(region, group, since)).await
    }

    async fn target_health(
        &self,
        region: &Region,
        target_group: &str,
    ) -> Result<BTreeMap<InstanceId, TargetHealth>, CallError> {
        self.around(Port::Detail, region, self.stage.cloud.target_health(region, target_group)).await
    }

    async fn routes(&self, region: &Region, target_groups: &[String]) -> Result<Vec<Route>, CallError> {
        self.around(Port::Detail, region, self.stage.cloud.routes(region, target_groups)).await
    }

    async fn launches(&self, region: &Region, source: &LaunchSource) -> Result<Launches, CallError> {
        self.around(Port::Detail, region, self.stage.cloud.launches(region, source)).await
    }

    async fn subnets(&self, region: &Region, ids: &[String]) -> Result<BTreeMap<String, u32>, CallError> {
        self.around(Port::Detail, region, self.stage.cloud.subnets(region, ids)).await
    }

    async fn alarms(&self, region: &Region, names: &[String]) -> Result<BTreeMap<String, AlarmState>, CallError> {
        self.around(Port::Stops, region, self.stage.cloud.alarms(region, names)).await
    }

    async fn safety_lever(&self, region: &Region) -> Result<Lever, CallError> {
        self.around(Port::Stops, region, self.stage.cloud.safety_lever(region)).await
    }

    async fn resources(
        &self,
        region: &Region,
        kind: ResourceKind,
        query: &ResourceQuery,
    ) -> Result<Vec<Resource>, CallError> {
        if !matches!(query, ResourceQuery::Ids(_)) {
            self.stage.log(self.slot, Did::Listed(region.clone()));
        }
        self.around(Port::Survey, region, self.stage.cloud.resources(region, kind, query)).await
    }

    async fn shared_with(&self, region: &Region, resource: &ResourceId) -> Result<Vec<String>, CallError> {
        self.around(Port::Detail, region, self.stage.cloud.shared_with(region, resource)).await
    }

    async fn last_refresh(&self, region: &Region, group: &str) -> Result<Option<Refresh>, CallError> {
        self.around(Port::Detail, region, self.stage.cloud.last_refresh(region, group)).await
    }

    async fn recent_activities(
        &self,
        region: &Region,
        since: DateTime<Utc>,
    ) -> Result<BTreeMap<String, Vec<Activity>>, CallError> {
        self.around(Port::Detail, region, self.stage.cloud.recent_activities(region, since)).await
    }

    fn skew(&self, region: &Region) -> Option<TimeDelta> {
        self.skew.lock().unwrap_or_else(PoisonError::into_inner).get(region).copied()
    }
}

#[async_trait]
impl Guests for Ports {
    async fn nodes(&self, region: &Region, ids: &[InstanceId]) -> Result<BTreeMap<InstanceId, Node>, CallError> {
        self.around(Port::Detail, region, self.stage.cloud.nodes(region, ids)).await
    }

    async fn send(&self, region: &Region, id: &InstanceId, comment: &str, script: &str) -> Result<String, CallError> {
        self.tells(region, id, comment, self.stage.cloud.send(region, id, comment, script)).await
    }

    async fn sent(&self, region: &Region, id: &InstanceId, since: DateTime<Utc>) -> Result<Vec<Sent>, CallError> {
        self.around(Port::Answer, region, self.stage.cloud.sent(region, id, since)).await
    }

    async fn progress(&self, region: &Region, id: &InstanceId, command: &str) -> Result<Progress, CallError> {
        self.around(Port::Answer, region, self.stage.cloud.progress(region, id, command)).await
    }
}

#[async_trait]
impl Actuator for Ports {
    async fn alter(&self, region: &Region, alteration: &Alteration) -> Result<(), CallError> {
        self.alters(region, alteration, self.stage.cloud.alter(region, alteration)).await
    }

    async fn begin_experiment(&self, region: &Region, experiment: &Experiment) -> Result<String, CallError> {
        let act = match experiment.action {
            Action::Reboot => Act::Reboot,
            _ => Act::Terminate,
        };
        let call = self.stage.cloud.begin_experiment(region, experiment);
        if !self.stage.shared().begun.insert(experiment.token.clone()) {
            // By its token the same call once more.
            let answer = self.begun(call).await;
            self.heard(region, &answer);
            self.at(Port::Act, Side::After).await;
            return answer;
        }
        self.acts(act, region, &experiment.targets, call, |_| experiment.targets.clone()).await
    }

    async fn stop_experiment(&self, region: &Region, id: &str) -> Result<(), CallError> {
        self.around(Port::Answer, region, self.stage.cloud.stop_experiment(region, id)).await
    }

    async fn quarantine(&self, region: &Region, vpc: &str) -> Result<String, CallError> {
        self.around(Port::Detail, region, self.stage.cloud.quarantine(region, vpc)).await
    }

    async fn terminate(&self, region: &Region, ids: &[InstanceId]) -> Result<Vec<InstanceId>, CallError> {
        self.acts(Act::Terminate, region, ids, self.stage.cloud.terminate(region, ids), Clone::clone).await
    }

    async fn terminate_in_group(&self, region: &Region, id: &InstanceId) -> Result<(), CallError> {
        let ids = std::slice::from_ref(id);
        let call = self.stage.cloud.terminate_in_group(region, id);
        self.acts(Act::Gracefully, region, ids, call, |()| vec![id.clone()]).await
    }

    async fn reboot(&self, region: &Region, ids: &[InstanceId]) -> Result<(), CallError> {
        self.acts(Act::Reboot, region, ids, self.stage.cloud.reboot(region, ids), |()| ids.to_vec()).await
    }

    async fn tag(
        &self,
        region: &Region,
        kind: ResourceKind,
        ids: &[String],
        key: &str,
        value: &str,
    ) -> Result<(), CallError> {
        let write = Write::Tag { key: key.to_owned(), value: value.to_owned() };
        let call = self.stage.cloud.tag(region, kind, ids, key, value);
        self.writes(write, region, named(kind, ids), call).await
    }

    async fn untag(&self, region: &Region, kind: ResourceKind, ids: &[String], key: &str) -> Result<(), CallError> {
        let call = self.stage.cloud.untag(region, kind, ids, key);
        self.writes(Write::Untag { key: key.to_owned() }, region, named(kind, ids), call).await
    }

    async fn save(&self, region: &Region, resource: &ResourceId, tags: &Tags) -> Result<Option<String>, CallError> {
        let call = self.stage.cloud.save(region, resource, tags);
        self.writes(Write::Save, region, vec![resource.clone()], call).await
    }

    async fn dispose(&self, region: &Region, resource: &ResourceId, disposal: &Disposal) -> Result<(), CallError> {
        let call = self.stage.cloud.dispose(region, resource, disposal);
        self.writes(Write::Dispose(disposal.clone()), region, vec![resource.clone()], call).await
    }
}

/// How long the daemon waits for the hook's answer.
const HOOK_TIMEOUT: TimeDelta = TimeDelta::seconds(5);

#[async_trait]
impl OutageHook for Ports {
    async fn ask(&self) -> Result<(), String> {
        self.at(Port::Stops, Side::Before).await;
        let says = self.stage.shared().log.outage.at(self.stage.now());
        if says == HookSays::Silence {
            self.sleep_until(Clock::now(self) + HOOK_TIMEOUT).await;
        }
        self.at(Port::Stops, Side::After).await;
        if says == HookSays::Yes { Ok(()) } else { Err(format!("it says {says:?}")) }
    }
}

/// What a commit is, to whoever waits for one.
fn port_of(drafts: &[Draft]) -> Port {
    let has = |kinds: &[Kind]| drafts.iter().any(|draft| kinds.contains(&draft.kind));
    if has(&[Kind::ActionIntended]) {
        Port::Intent
    } else if has(&[Kind::ActionDone, Kind::ActionFailed, Kind::ActionRefused, Kind::ActionAbandoned]) {
        Port::Outcome
    } else {
        Port::Commit
    }
}

fn told(event: &Event) -> Told {
    let body = &event.body;
    Told {
        kind: body.kind,
        key: body.key.clone(),
        at: body.at,
        due: body.due,
        until: body.until,
        rail: body.outcome.clone().filter(|_| matches!(body.kind, Kind::ActionHeld | Kind::ActionVetoed)),
        mode: body.mode,
        region: body.region.clone(),
        target: body.target.clone(),
        action: body.action.clone(),
        outcome: body.outcome.clone(),
    }
}

impl Ports {
    fn may_write(&self) -> Result<(), LedgerError> {
        if self.stage.ledger_is_down() { Err(LedgerError::Write("no space left on device".into())) } else { Ok(()) }
    }
}

#[async_trait]
impl Ledger for Ports {
    fn exclusive(&self) -> bool {
        self.stage.ledger().exclusive()
    }

    async fn marks(&self, mode: Mode, account: &AccountId) -> Result<BTreeMap<MarkId, Mark>, LedgerError> {
        self.stage.ledger().marks(mode, account).await
    }

    async fn surveys(&self, account: &AccountId) -> Result<BTreeMap<Region, u64>, LedgerError> {
        self.stage.ledger().surveys(account).await
    }

    async fn birth(&self) -> Result<Birth, LedgerError> {
        self.stage.ledger().birth().await
    }

    async fn pauses(&self) -> Result<Vec<Pause>, LedgerError> {
        self.at(Port::Pauses, Side::Before).await;
        let pauses = self.stage.ledger().pauses().await;
        self.at(Port::Pauses, Side::After).await;
        pauses
    }

    async fn commit(&self, drafts: Vec<Draft>, changes: Vec<Change>) -> Result<Vec<Event>, LedgerError> {
        let port = port_of(&drafts);
        self.at(port, Side::Before).await;
        self.may_write()?;
        let moves: Vec<Did> = changes.iter().filter_map(moved).collect();
        let events = self.stage.ledger().commit(drafts, changes).await?;
        for did in events.iter().map(|event| Did::Told(told(event))).chain(moves) {
            self.stage.log(self.slot, did);
        }
        self.at(port, Side::After).await;
        Ok(events)
    }

    async fn claim(&self, claims: &[Claim]) -> Result<Vec<Claimed>, LedgerError> {
        self.at(Port::Claim, Side::Before).await;
        self.may_write()?;
        let answers = self.stage.ledger().claim(claims).await?;
        for (claim, _) in claims.iter().zip(&answers).filter(|(_, answer)| **answer == Claimed::Won) {
            self.stage.log(self.slot, Did::Won(Box::new(claim.clone())));
        }
        self.at(Port::Claim, Side::After).await;
        Ok(answers)
    }

    async fn events(&self, query: &EventQuery) -> Result<Vec<Event>, LedgerError> {
        self.stage.ledger().events(query).await
    }

    async fn claims(&self, query: &ClaimQuery) -> Result<Vec<ClaimRecord>, LedgerError> {
        self.stage.ledger().claims(query).await
    }

    async fn last_actions(&self, mode: Mode, account: &AccountId) -> Result<BTreeMap<String, NaiveDate>, LedgerError> {
        self.stage.ledger().last_actions(mode, account).await
    }

    async fn counters(&self, mode: Mode, date: NaiveDate) -> Result<BTreeMap<String, u32>, LedgerError> {
        self.stage.ledger().counters(mode, date).await
    }

    async fn findings(&self, account: &AccountId) -> Result<BTreeMap<String, Draft>, LedgerError> {
        self.stage.ledger().findings(account).await
    }

    async fn sights(&self, account: &AccountId) -> Result<BTreeMap<String, NaiveDate>, LedgerError> {
        self.stage.ledger().sights(account).await
    }

    async fn compact(&self, order: &Compaction) -> Result<Compacted, LedgerError> {
        self.may_write()?;
        self.stage.ledger().compact(order).await
    }

    async fn checkpoints(&self) -> Result<BTreeMap<String, Head>, LedgerError> {
        self.stage.ledger().checkpoints().await
    }

    async fn heads(&self) -> Result<BTreeMap<String, Head>, LedgerError> {
        self.stage.ledger().heads().await
    }

    async fn cursor(&self, sink: &str) -> Result<u64, LedgerError> {
        self.stage.ledger().cursor(sink).await
    }

    async fn cursors(&self) -> Result<BTreeMap<String, u64>, LedgerError> {
        self.stage.ledger().cursors().await
    }

    async fn advance(&self, sink: &str, seq: u64) -> Result<(), LedgerError> {
        self.at(Port::Advance, Side::Before).await;
        self.may_write()?;
        self.stage.ledger().advance(sink, seq).await?;
        self.at(Port::Advance, Side::After).await;
        Ok(())
    }
}

fn moved(change: &Change) -> Option<Did> {
    match change {
        Change::Move { key, stage, outcome, .. } => {
            Some(Did::Moved { key: key.clone(), stage: *stage, outcome: *outcome })
        }
        Change::Hold { key, from, to } => {
            Some(Did::Held { key: key.clone(), from: from.holder.clone(), to: to.holder.clone() })
        }
        change => marked(change),
    }
}

#[async_trait]
impl Sink for Ports {
    fn name(&self) -> &str {
        self.stage.sink.name()
    }

    async fn publish(&self, events: &[Event]) -> (usize, Option<SinkError>) {
        self.at(Port::Publish, Side::Before).await;
        if self.stage.now() >= self.stage.shared().sink_back {
            self.stage.sink.set_down(None);
        }
        let told = self.stage.sink.publish(events).await;
        self.at(Port::Publish, Side::After).await;
        told
    }
}

#[async_trait]
impl Clock for Ports {
    fn now(&self) -> DateTime<Utc> {
        self.stage.clock_of(self.slot).now()
    }

    async fn sleep_until(&self, when: DateTime<Utc>) {
        self.stage.clock_of(self.slot).sleep_until(when).await;
    }
}
