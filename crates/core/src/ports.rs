//! The ports through which the daemon sees and touches the world. Implemented for AWS, and by the simulator.

use std::collections::BTreeMap;
use std::fmt;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};

use crate::change_calendar::{CalendarState, ChangeCalendar};
use crate::chore::Disposal;
use crate::detail::{Activity, AlarmState, Launches, Lever, Refresh, TargetHealth};
use crate::event::Event;
use crate::experiment::{Experiment, Experimented};
use crate::fault::{Alteration, Attached, Node, Progress, Sent, Standing};
use crate::fleet::{Group, InstanceId, LaunchSource};
use crate::resource::{Resource, ResourceId, ResourceKind, Tags};
use crate::route::Route;
use crate::scope::{AccountId, Region};

/// The only way to know the time or to wait. `main` makes the real one; tests and the sandbox bring their own.
#[async_trait]
pub trait Clock: Send + Sync {
    /// The time now.
    fn now(&self) -> DateTime<Utc>;
    /// Returns at or after `when` by [`Clock::now`], also when the machine slept or the clock was set meanwhile.
    async fn sleep_until(&self, when: DateTime<Utc>);
}

/// Who the credentials belong to. Source: STS API, `GetCallerIdentity`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The account.
    pub account: AccountId,
    /// The caller's ARN.
    pub arn: String,
}

/// Which groups a survey asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupQuery {
    /// A tag with one of these keys and a tag with one of these values (AWS joins filters with AND, and they need
    /// not be the same tag: the exact match is the caller's to make).
    Tagged {
        /// Tag keys, any of them.
        keys: Vec<String>,
        /// Tag values, any of them.
        values: Vec<String>,
    },
    /// A tag with one of these keys, whatever its value.
    Keyed(Vec<String>),
    /// These names. A group that is gone is left out.
    Named(Vec<String>),
    /// Every group of the region.
    All,
}

/// Which resources of a kind are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResourceQuery {
    /// All of them that the account owns.
    All,
    /// Only what is attached to nothing, where AWS can filter by that: volumes and interfaces. Of any other kind, all.
    Loose,
    /// These, by the id in [`ResourceId`], and all that takes a call for each: the tags of log groups, the listeners of
    /// balancers. What is gone is left out.
    Ids(Vec<String>),
}

/// An instance's state. Source: EC2 API, `InstanceStateName`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InstanceState {
    /// `pending`
    Pending,
    /// `running`
    Running,
    /// `stopping` or `stopped`
    Stopped,
    /// `shutting-down` or `terminated`
    Terminated,
}

/// What may be read of an account. Every method reads whole lists; an answer that could not be read to its last page
/// is an error.
#[async_trait]
pub trait Cloud: Send + Sync {
    /// Who we are.
    async fn identity(&self) -> Result<Identity, CallError>;
    /// The instance that we run on, or `None` when we do not run on EC2.
    async fn ourselves(&self) -> Result<Option<InstanceId>, CallError>;
    /// The groups that match.
    async fn groups(&self, region: &Region, query: &GroupQuery) -> Result<Vec<Group>, CallError>;
    /// The states of these instances; an id that the region does not know is left out. Eventually consistent: a
    /// `Running` may be old news, a `Terminated` never is.
    async fn instances(
        &self,
        region: &Region,
        ids: &[InstanceId],
    ) -> Result<BTreeMap<InstanceId, InstanceState>, CallError>;
    /// Whether a Change Calendar is open now. Asked in its own region, which need not be one that we look at.
    async fn change_calendar(&self, calendar: &ChangeCalendar) -> Result<CalendarState, CallError>;
    /// The instance refresh of a group that is under way or about to be.
    async fn refresh(&self, region: &Region, group: &str) -> Result<Option<Refresh>, CallError>;
    /// The scaling activities of a group that began at `since` or later.
    async fn activities(&self, region: &Region, group: &str, since: DateTime<Utc>) -> Result<Vec<Activity>, CallError>;
    /// The health of every target of a target group that is an instance, by the group's ARN.
    async fn target_health(
        &self,
        region: &Region,
        target_group: &str,
    ) -> Result<BTreeMap<InstanceId, TargetHealth>, CallError>;
    /// Where balancers send to these target groups, sorted, and to whatever else gets something in the same rules. A target
    /// group that nobody sends to has none.
    async fn routes(&self, region: &Region, target_groups: &[String]) -> Result<Vec<Route>, CallError>;
    /// What a launch from there would start now, and whether it could.
    async fn launches(&self, region: &Region, source: &LaunchSource) -> Result<Launches, CallError>;
    /// Free addresses of these subnets; one that is gone is left out. A subnet of IPv6 alone never runs out.
    async fn subnets(&self, region: &Region, ids: &[String]) -> Result<BTreeMap<String, u32>, CallError>;
    /// The states of these alarms, metric and composite; one that there is not is left out.
    async fn alarms(&self, region: &Region, names: &[String]) -> Result<BTreeMap<String, AlarmState>, CallError>;
    /// The account's FIS safety lever in this region.
    async fn safety_lever(&self, region: &Region) -> Result<Lever, CallError>;
    /// The resources of that kind that match. Of [`ResourceKind::Group`] none: they have [`Cloud::groups`].
    async fn resources(
        &self,
        region: &Region,
        kind: ResourceKind,
        query: &ResourceQuery,
    ) -> Result<Vec<Resource>, CallError>;
    /// With whom else an image or a snapshot is shared: account ids, organisations, `all`; empty when with nobody. What
    /// cannot be shared is shared with nobody.
    async fn shared_with(&self, region: &Region, resource: &ResourceId) -> Result<Vec<String>, CallError>;
    /// The instances that carry a tag whose key begins so, each with all its tags.
    async fn tagged(&self, region: &Region, prefix: &str) -> Result<BTreeMap<InstanceId, Tags>, CallError>;
    /// What is attached to an instance; `None` when there is no such instance.
    async fn attached(&self, region: &Region, id: &InstanceId) -> Result<Option<Attached>, CallError>;
    /// How far an experiment of AWS FIS is.
    async fn experiment(&self, region: &Region, id: &str) -> Result<Experimented, CallError>;
    /// Whether the account is as that change leaves it.
    async fn standing(&self, region: &Region, alteration: &Alteration) -> Result<Standing, CallError>;
    /// The last instance refresh of a group, ended or not.
    async fn last_refresh(&self, region: &Region, group: &str) -> Result<Option<Refresh>, CallError>;
    /// The scaling activities of all groups that began at `since` or later, newest first, by the group's name.
    async fn recent_activities(
        &self,
        region: &Region,
        since: DateTime<Utc>,
    ) -> Result<BTreeMap<String, Vec<Activity>>, CallError>;
    /// AWS's clock minus ours by the newest answer from this region, or `None` before the first.
    fn skew(&self, region: &Region) -> Option<TimeDelta>;
}

/// Somebody outside who knows whether this is a bad moment: an incident tool, a script.
#[async_trait]
pub trait OutageHook: Send + Sync {
    /// Whether anything may be done now: yes, or why not. No answer in time is a no.
    async fn ask(&self) -> Result<(), String>;
}

/// What may be done to an account. One call, one try: whoever calls decides what an unclear answer means.
#[async_trait]
pub trait Actuator: Send + Sync {
    /// EC2 `TerminateInstances`, up to [`MAX_BATCH`] ids in one call. Returns the ids that AWS says are now shutting
    /// down or terminated. A failed call may have ended some of them.
    async fn terminate(&self, region: &Region, ids: &[InstanceId]) -> Result<Vec<InstanceId>, CallError>;
    /// Auto Scaling `TerminateInstanceInAutoScalingGroup`, desired capacity kept: lifecycle hooks run.
    async fn terminate_in_group(&self, region: &Region, id: &InstanceId) -> Result<(), CallError>;
    /// EC2 `RebootInstances`, up to [`MAX_BATCH`] ids in one call. It only queues the request: success says that the
    /// instances are valid and ours, and nothing of when they go down. Terminated ones are ignored. The answer names no
    /// instance, and a look shows a rebooting one as running, so an unclear answer cannot be looked up. Who does not
    /// shut down within a few minutes is rebooted hard. Source: EC2 API, `RebootInstances`.
    async fn reboot(&self, region: &Region, ids: &[InstanceId]) -> Result<(), CallError>;
    /// Has AWS FIS do it: `CreateExperimentTemplate`, `StartExperiment`, and the template goes again, which no experiment
    /// needs once it started. Returns the experiment's id. Called again with the same token it is the same experiment, so
    /// an unclear answer may be asked for again.
    async fn begin_experiment(&self, region: &Region, experiment: &Experiment) -> Result<String, CallError>;
    /// FIS `StopExperiment`. What has happened by then has happened.
    async fn stop_experiment(&self, region: &Region, id: &str) -> Result<(), CallError>;
    /// Makes one change that a fault makes, or that takes one back. It may only be queued: [`Cloud::standing`] tells when it
    /// is so. Made twice it is no error where the API sees none.
    async fn alter(&self, region: &Region, alteration: &Alteration) -> Result<(), CallError>;
    /// The security group of a network that lets nothing through, by its name: made, if there is none yet.
    async fn quarantine(&self, region: &Region, vpc: &str) -> Result<String, CallError>;
    /// Writes a tag on resources of one kind, at most [`tagged_at_once`](crate::mark::tagged_at_once) of them. On a
    /// group it does not propagate at launch. A failed call may have tagged some of them.
    async fn tag(
        &self,
        region: &Region,
        kind: ResourceKind,
        ids: &[String],
        key: &str,
        value: &str,
    ) -> Result<(), CallError>;
    /// Takes a tag away, whatever its value, from as many. One that has no such tag is no error.
    async fn untag(&self, region: &Region, kind: ResourceKind, ids: &[String], key: &str) -> Result<(), CallError>;
    /// The last resort before a deletion: of a volume a snapshot with these tags, whose id is returned; an image is
    /// disabled. Any other kind is an error.
    async fn save(&self, region: &Region, resource: &ResourceId, tags: &Tags) -> Result<Option<String>, CallError>;
    /// Ends a resource by the call that its kind has, or does what the [`Disposal`] says instead.
    async fn dispose(&self, region: &Region, resource: &ResourceId, disposal: &Disposal) -> Result<(), CallError>;
}

/// Ids in one call of [`Actuator::terminate`] or [`Actuator::reboot`]. EC2 takes up to 1,000, advises small batches (EC2
/// API, `TerminateInstances`), and throttles such calls at 5 a second, so many small ones are no way either. A thousand
/// instances are seventeen calls.
pub const MAX_BATCH: usize = 60;

/// What kind of failure a call ended in: as much as a decision needs, and no SDK type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// AWS asked us to slow down; nothing happened.
    Throttled,
    /// The caller lacks a permission.
    Denied,
    /// The credentials are missing, expired or wrong.
    Credentials,
    /// AWS refused for a reason of its own; its error code.
    Refused(String),
    /// AWS refused because something uses it; the error code.
    InUse(String),
    /// There is no such thing, or not any more; the error code.
    Gone(String),
    /// The endpoint does not resolve or cannot be reached: the request never left.
    Unreachable,
    /// No answer in time.
    Timeout,
    /// The connection broke, or AWS answered with a 5xx.
    Broken,
    /// An answer that we cannot read, or a list that ended early.
    Malformed,
}

/// Whether a failed call may have changed something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It certainly did not.
    None,
    /// It may have: look before anything else.
    Unknown,
}

impl Cause {
    /// Whether a call that failed so may have changed something. For batches, `Refused` may have: see
    /// [`Actuator::terminate`].
    pub fn effect(&self) -> Effect {
        match self {
            Cause::Throttled
            | Cause::Denied
            | Cause::Credentials
            | Cause::Unreachable
            | Cause::Refused(_)
            | Cause::InUse(_)
            | Cause::Gone(_) => Effect::None,
            Cause::Timeout | Cause::Broken | Cause::Malformed => Effect::Unknown,
        }
    }

    /// AWS read the call and said no, for a reason of its own: saying it again will not help.
    pub fn is_refusal(&self) -> bool {
        matches!(self, Cause::Refused(_) | Cause::InUse(_) | Cause::Gone(_))
    }
}

/// A call to the cloud that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallError {
    /// The permission's name of the call, such as `ec2:TerminateInstances`.
    pub call: &'static str,
    /// Where: a region, an account or a resource, for people.
    pub on: String,
    /// What kind of failure.
    pub cause: Cause,
    /// What the other side said, in its words.
    pub message: String,
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { call, on, cause, message } = self;
        match cause {
            Cause::Throttled => write!(f, "{call} in {on} was throttled")?,
            Cause::Denied => write!(f, "no permission for {call} on {on}: allow it in the role's policy")?,
            Cause::Credentials => write!(f, "{call} in {on}: the credentials are missing, expired or wrong")?,
            Cause::Refused(code) => write!(f, "{call} in {on} was refused with {code}")?,
            Cause::InUse(code) => write!(f, "{call} in {on} was refused with {code}: it is in use")?,
            Cause::Gone(code) => write!(f, "{call} in {on} was refused with {code}: there is none")?,
            Cause::Unreachable => write!(f, "{call}: cannot reach {on}; does the region exist?")?,
            Cause::Timeout => write!(f, "{call} in {on} gave no answer in time")?,
            Cause::Broken => write!(f, "{call} in {on} failed on AWS's side or on the way")?,
            Cause::Malformed => write!(f, "{call} in {on} gave an answer that is not whole")?,
        }
        if message.is_empty() { Ok(()) } else { write!(f, " ({message})") }
    }
}

impl std::error::Error for CallError {}

/// Commands inside instances, by the agent of Systems Manager that runs there. Source: Systems Manager API.
#[async_trait]
pub trait Guests: Send + Sync {
    /// `DescribeInstanceInformation`: those of these instances that are managed.
    async fn nodes(&self, region: &Region, ids: &[InstanceId]) -> Result<BTreeMap<InstanceId, Node>, CallError>;
    /// `SendCommand` with the document `AWS-RunShellScript`: runs a script as root. One that does not start within
    /// [`STARTS_WITHIN`] never does. The comment, at most 100 characters, is what [`Guests::sent`] finds it by, because the
    /// API knows no token of idempotency. Returns its id.
    async fn send(&self, region: &Region, id: &InstanceId, comment: &str, script: &str) -> Result<String, CallError>;
    /// `ListCommands`: what was sent to an instance since then, newest first. Eventually consistent.
    async fn sent(&self, region: &Region, id: &InstanceId, since: DateTime<Utc>) -> Result<Vec<Sent>, CallError>;
    /// `GetCommandInvocation`: how far a command is in an instance.
    async fn progress(&self, region: &Region, id: &InstanceId, command: &str) -> Result<Progress, CallError>;
}

/// A command that no agent took within so long is given up: the least that the API takes. Source: Systems Manager API,
/// `TimeoutSeconds` of `SendCommand`.
pub const STARTS_WITHIN: TimeDelta = TimeDelta::seconds(30);

/// A place that events are told to.
#[async_trait]
pub trait Sink: Send + Sync {
    /// Its name in the ledger's cursors: unique, and the same in every process.
    fn name(&self) -> &str;
    /// Tells these events, in order. Returns how many of them, from the front, have arrived; fewer than all only
    /// together with the reason.
    async fn publish(&self, events: &[Event]) -> (usize, Option<SinkError>);
}

/// Why a sink took no more.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{sink}: {message}")]
pub struct SinkError {
    /// The sink.
    pub sink: String,
    /// What it said.
    pub message: String,
    /// An operator must act (the topic is gone, a permission is missing): waiting alone will not mend it.
    pub lasting: bool,
    /// How long the other side asked us to wait, if it did.
    pub wait: Option<TimeDelta>,
}

impl SinkError {
    /// A refusal that says nothing of when to come back.
    pub fn new(sink: impl Into<String>, message: impl Into<String>, lasting: bool) -> Self {
        Self { sink: sink.into(), message: message.into(), lasting, wait: None }
    }
}
