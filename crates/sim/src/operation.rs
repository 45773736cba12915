//! What the world does to the account: owners, deploys, spot markets, zones. A value each, done now or scheduled.

use chrono::{DateTime, TimeDelta, Utc};
use simian_core::detail::{AlarmState, Lever};
use simian_core::{CalendarState, ChangeCalendar, GroupId, InstanceId, Region, Resource, ResourceId};

use crate::group::GroupSpec;

/// Which member: by id, or by its place where ids are not known beforehand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// This instance.
    Id(InstanceId),
    /// The member of that group at that place, oldest first from 0.
    Nth(GroupId, usize),
}

/// Something that the world does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// An owner sets a tag.
    SetTag {
        /// On which group.
        group: GroupId,
        /// The key.
        key: String,
        /// The new value.
        value: String,
    },
    /// An owner removes a tag.
    RemoveTag {
        /// From which group.
        group: GroupId,
        /// The key.
        key: String,
    },
    /// A group's desired capacity changes; its bounds give way.
    Scale {
        /// Which group.
        group: GroupId,
        /// The new desired capacity.
        desired: u32,
    },
    /// A red/black push: a group like the newest of the cluster, its push one higher and its template one newer, comes
    /// up beside the old ones, which are deleted later.
    Deploy {
        /// Any name of the cluster, with or without its push.
        group: GroupId,
        /// How long the old groups stay.
        retire_after: TimeDelta,
    },
    /// An instance refresh: the template's version rises and members are replaced one after another. Refused while one
    /// is under way.
    Refresh {
        /// Which group.
        group: GroupId,
        /// From one member to the next.
        every: TimeDelta,
    },
    /// A group's instance refresh goes on and replaces nobody any more.
    StickRefresh(GroupId),
    /// A group's instance refresh is cancelled: it ends when whom it replaces just now is replaced.
    CancelRefresh(GroupId),
    /// The spot market takes one serving member, drawn from the seed.
    SpotLoss {
        /// From which group.
        group: GroupId,
    },
    /// Somebody ends an instance in EC2.
    KillMember(Who),
    /// Somebody stops an instance in EC2; its group takes it for dead.
    StopMember(Who),
    /// A zone loses every instance and launches none until it is back.
    ZoneOutage {
        /// The zone's name.
        zone: String,
        /// How long.
        lasts: TimeDelta,
    },
    /// An owner suspends a process, such as `Launch`.
    Suspend {
        /// Of which group.
        group: GroupId,
        /// The process.
        process: String,
    },
    /// An owner resumes a process.
    Resume {
        /// Of which group.
        group: GroupId,
        /// The process.
        process: String,
    },
    /// A health check says so. An unhealthy member is replaced soon, unless `HealthCheck`, `ReplaceUnhealthy` or
    /// `Terminate` are suspended.
    SetHealth {
        /// Which member.
        who: Who,
        /// Healthy or not.
        healthy: bool,
    },
    /// Scale-in protection, which stops nobody but the group.
    Protect {
        /// Which member.
        who: Who,
        /// On or off.
        on: bool,
    },
    /// EC2 termination protection, which stops `TerminateInstances` but not the group.
    Shield {
        /// Which member.
        who: Who,
        /// On or off.
        on: bool,
    },
    /// The agent of Systems Manager in an instance falls silent, or answers again.
    Silence {
        /// In which member.
        who: Who,
        /// Silent or not.
        on: bool,
    },
    /// Into standby, desired capacity lowered as far as the minimum allows, or back.
    Standby {
        /// Which member.
        who: Who,
        /// In or out.
        on: bool,
    },
    /// Into the warm pool, or back. Auto Scaling lists such members elsewhere; here they stay in the group, so that
    /// somebody can mistake them.
    Warm {
        /// Which member.
        who: Who,
        /// In or out.
        on: bool,
    },
    /// The images that a group launches are deleted, or put back. Who runs, runs on.
    SetImages {
        /// Of which group.
        group: GroupId,
        /// Whether they are there from now on.
        there: bool,
    },
    /// The templates and configurations that a group launches from are deleted, or put back.
    SetTemplates {
        /// Of which group.
        group: GroupId,
        /// Whether they are there from now on.
        there: bool,
    },
    /// Somebody else takes addresses of a zone's subnet, or gives them back. Launches take one each from then on, and
    /// ends give one back.
    SetAddresses {
        /// The zone's name.
        zone: String,
        /// How many are free now.
        free: u32,
    },
    /// A target fails its balancer's checks although it runs, or answers them again. Its group hears nothing of it: see
    /// [`Operation::SetHealth`].
    SetTarget {
        /// The target group's ARN.
        target_group: String,
        /// Which target.
        who: Who,
        /// Whether it answers.
        healthy: bool,
    },
    /// The last balancer lets a target group go, or the first takes it.
    SetUsed {
        /// The target group's ARN.
        target_group: String,
        /// Whether any sends it something.
        used: bool,
    },
    /// An alarm goes off or falls silent; it is made if there is none.
    SetAlarm {
        /// Where.
        region: Region,
        /// Its name.
        name: String,
        /// Its state from now on.
        state: AlarmState,
    },
    /// An alarm of a group: it goes off while fewer than so many serve, one to two minutes late each way. It is made if
    /// there is none.
    BindAlarm {
        /// Its name.
        name: String,
        /// Which group; the alarm is in its region.
        group: GroupId,
        /// Goes off below this.
        fewer_than: u32,
    },
    /// Somebody deletes an alarm.
    RemoveAlarm {
        /// Where.
        region: Region,
        /// Its name.
        name: String,
    },
    /// Somebody engages the FIS safety lever, or lets it go.
    SetLever {
        /// Where.
        region: Region,
        /// How it stands from now on.
        lever: Lever,
    },
    /// Somebody closes a Change Calendar, or opens it; it is made if there is none.
    SetCalendar {
        /// Its ARN.
        calendar: ChangeCalendar,
        /// What it says from now on.
        state: CalendarState,
    },
    /// A resource is there from now on, or is as this says from now on.
    PutResource {
        /// Where.
        region: Region,
        /// What.
        resource: Box<Resource>,
    },
    /// A volume is attached to an instance, or to nothing. Its tags stay.
    AttachVolume {
        /// Where.
        region: Region,
        /// Which.
        volume: ResourceId,
        /// To which; `None` detaches it.
        to: Option<InstanceId>,
    },
    /// Somebody else ends a resource.
    RemoveResource {
        /// Where.
        region: Region,
        /// What.
        resource: ResourceId,
    },
    /// An owner sets a tag on a resource, or takes it away.
    TagResource {
        /// Where.
        region: Region,
        /// On what.
        resource: ResourceId,
        /// The key.
        key: String,
        /// The new value; `None` takes the tag away.
        value: Option<String>,
    },
    /// An image or a snapshot is shared with these from now on, and with nobody else.
    Share {
        /// Where.
        region: Region,
        /// What.
        resource: ResourceId,
        /// Account ids, organisations, `all`.
        with: Vec<String>,
    },
    /// A group that launches its members from now on.
    CreateGroup(GroupSpec),
    /// A group goes, and its members with it.
    DeleteGroup(GroupId),
}

/// An operation that was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Performed {
    /// When.
    pub at: DateTime<Utc>,
    /// What.
    pub operation: Operation,
    /// Whether it changed anything: its group or member may have been gone.
    pub found: bool,
}
