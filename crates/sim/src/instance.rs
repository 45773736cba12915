//! An instance and its life, from launch to the hour after its end.

use chrono::{DateTime, TimeDelta, Utc};
use simian_core::resource::Tags;
use simian_core::{Attached, GroupId, InstanceId, InstanceState, Lifecycle, Member};

/// Who ended an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EndedBy {
    /// We did, by `terminate`.
    Terminate,
    /// We did, by `terminate_in_group`.
    TerminateInGroup,
    /// We did, by a Spot interruption.
    Interruption,
    /// Its group did; why.
    Group(&'static str),
    /// Somebody or something else; what.
    Outside(&'static str),
}

impl EndedBy {
    /// Whether a call through our ports did it.
    pub fn is_ours(self) -> bool {
        matches!(self, EndedBy::Terminate | EndedBy::TerminateInGroup | EndedBy::Interruption)
    }
}

/// What is true of one instance, whatever an answer says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Life {
    /// Its id.
    pub id: InstanceId,
    /// The group that launched it.
    pub group: GroupId,
    /// Its zone.
    pub zone: String,
    /// When it was launched.
    pub launched: DateTime<Utc>,
    /// When it first came into service.
    pub in_service: Option<DateTime<Utc>>,
    /// When its graceful end began, and who asked for it.
    pub leaving: Option<(DateTime<Utc>, EndedBy)>,
    /// When EC2 told it that it will be interrupted.
    pub warned: Option<DateTime<Utc>>,
    /// When EC2 ended it, and on whose behalf.
    pub ended: Option<(DateTime<Utc>, EndedBy)>,
    /// When its group let it go.
    pub left: Option<DateTime<Utc>>,
    /// When our calls rebooted it.
    pub rebooted: Vec<DateTime<Utc>>,
}

impl Life {
    /// When our calls ended it, or began to.
    pub fn ended_by_us(&self) -> Option<(DateTime<Utc>, EndedBy)> {
        let ours = |end: Option<(DateTime<Utc>, EndedBy)>| end.filter(|(_, by)| by.is_ours());
        let warned = self.warned.map(|at| (at, EndedBy::Interruption));
        warned.or(ours(self.leaving)).or(ours(self.ended))
    }
}

/// From launch to `running`. EC2 says `running` as soon as the machine is up, long before its service is.
const EC2_PENDING: TimeDelta = TimeDelta::seconds(20);
/// Terminated instances stay visible for about an hour. Source: EC2 API, `TerminateInstances`.
const VISIBLE_AFTER_END: TimeDelta = TimeDelta::hours(1);

#[derive(Clone, Debug)]
pub(crate) struct Instance {
    pub(crate) life: Life,
    pub(crate) lifecycle: Lifecycle,
    pub(crate) healthy: bool,
    /// From scale in.
    pub(crate) protected: bool,
    /// From EC2 `TerminateInstances` (`DisableApiTermination`).
    pub(crate) shielded: bool,
    pub(crate) stopped: Option<DateTime<Utc>>,
    /// It was stopped, and is on its way up since then.
    pub(crate) starting: Option<DateTime<Utc>>,
    /// Until when its operating system restarts: EC2 says that it runs, its group that it is unhealthy.
    pub(crate) rebooting: Option<DateTime<Utc>>,
    pub(crate) template_version: u32,
    /// Its EC2 tags, as somebody set them.
    pub(crate) tags: Tags,
    /// Its network and its volumes.
    pub(crate) attached: Attached,
    /// Since when its agent does not answer.
    pub(crate) silent: Option<DateTime<Utc>>,
}

impl Instance {
    /// Still a member of its group, dead or alive.
    pub(crate) fn is_member(&self) -> bool {
        self.life.left.is_none()
    }

    /// EC2 still runs it.
    pub(crate) fn is_up(&self) -> bool {
        self.life.ended.is_none() && self.stopped.is_none()
    }

    /// Counts towards its group's capacity.
    pub(crate) fn is_active(&self) -> bool {
        self.is_member() && matches!(self.lifecycle, Lifecycle::Pending | Lifecycle::InService)
    }

    pub(crate) fn member(&self) -> Member {
        Member {
            id: self.life.id.clone(),
            zone: self.life.zone.clone(),
            lifecycle: self.lifecycle.clone(),
            healthy: self.healthy && self.rebooting.is_none(),
            protected: self.protected,
            template_version: Some(self.template_version.to_string()),
            template: None,
            configuration: None,
            kind: None,
        }
    }

    /// What EC2 says at `at`, as of the past moment `seen`: an end is never news that comes too late to be true, but
    /// it may not have come yet. `None` when EC2 does not know it (yet, or any more).
    pub(crate) fn state(&self, at: DateTime<Utc>, seen: DateTime<Utc>) -> Option<InstanceState> {
        if self.is_forgotten(at) || seen < self.life.launched {
            return None;
        }
        if self.life.ended.is_some_and(|(ended, _)| ended <= seen) {
            return Some(InstanceState::Terminated);
        }
        if self.stopped.is_some_and(|stopped| stopped <= seen) {
            return Some(InstanceState::Stopped);
        }
        let up = seen >= self.life.launched + EC2_PENDING;
        Some(if up { InstanceState::Running } else { InstanceState::Pending })
    }

    /// It ended so long ago that EC2 no longer knows it.
    pub(crate) fn is_forgotten(&self, at: DateTime<Utc>) -> bool {
        self.life.ended.is_some_and(|(ended, _)| at >= ended + VISIBLE_AFTER_END)
    }
}
