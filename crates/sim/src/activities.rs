//! The scaling activities of a group: what it launches and ends, from the beginning to the end of each.

use std::collections::VecDeque;

use chrono::{DateTime, TimeDelta, Utc};
use simian_core::detail::{Activity, Progress};
use simian_core::{GroupId, InstanceId};

use crate::state::State;

/// How long an activity that ended is remembered. Auto Scaling remembers six weeks; nobody here asks for more than a
/// lifecycle hook may last.
const KEPT: TimeDelta = TimeDelta::hours(48);
/// How many that ended are remembered at most, the newest.
const MOST: usize = 500;
/// So long after its beginning a launch has an instance.
const WITHOUT_INSTANCE: TimeDelta = TimeDelta::seconds(3);

/// What a group does with one instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    Launch,
    /// With a lifecycle hook or without.
    End {
        hooked: bool,
    },
}

#[derive(Clone, Debug)]
struct Entry {
    deed: Deed,
    /// Of a launch that failed there is none.
    instance: Option<InstanceId>,
    started: DateTime<Utc>,
    ended: Option<(DateTime<Utc>, Progress)>,
}

impl Entry {
    /// How it looked at that time.
    fn activity(&self, then: DateTime<Utc>) -> Activity {
        let progress = match &self.ended {
            Some((at, how)) if *at <= then => how.clone(),
            _ => Progress::Running(self.status(then).to_owned()),
        };
        let what = match (self.deed, &self.instance) {
            (Deed::Launch, None) => "Launching a new EC2 instance".to_owned(),
            (Deed::Launch, Some(id)) => format!("Launching a new EC2 instance: {id}"),
            (Deed::End { .. }, id) => {
                format!("Terminating EC2 instance: {}", id.as_ref().map_or("", InstanceId::as_str))
            }
        };
        Activity { started: self.started, launch: self.deed == Deed::Launch, what, progress }
    }

    /// Source: Auto Scaling API, `ScalingActivityStatusCode`.
    fn status(&self, then: DateTime<Utc>) -> &'static str {
        match self.deed {
            Deed::Launch if then - self.started < WITHOUT_INSTANCE => "WaitingForInstanceId",
            Deed::Launch => "PreInService",
            Deed::End { hooked: true } => "MidLifecycleAction",
            Deed::End { hooked: false } => "InProgress",
        }
    }
}

/// The activities of one group, in the order of their beginning.
#[derive(Clone, Debug, Default)]
pub(crate) struct Activities(VecDeque<Entry>);

impl Activities {
    /// One begins, and goes on.
    fn begin(&mut self, now: DateTime<Utc>, deed: Deed, instance: InstanceId) {
        self.0.push_back(Entry { deed, instance: Some(instance), started: now, ended: None });
    }

    /// Whatever goes on with this instance ends so.
    fn end(&mut self, now: DateTime<Utc>, instance: &InstanceId, launch: bool, how: &Progress) {
        let open = self.0.iter_mut().filter(|entry| entry.ended.is_none() && entry.instance.as_ref() == Some(instance));
        for entry in open.filter(|entry| (entry.deed == Deed::Launch) == launch) {
            entry.ended = Some((now, how.clone()));
        }
        self.forget(now);
    }

    fn fail(&mut self, now: DateTime<Utc>, why: String) {
        let ended = Some((now, Progress::Failed(why)));
        self.0.push_back(Entry { deed: Deed::Launch, instance: None, started: now, ended });
        self.forget(now);
    }

    fn forget(&mut self, now: DateTime<Utc>) {
        let mut many = self.0.len().saturating_sub(MOST);
        self.0.retain(|entry| {
            let Some((ended, _)) = &entry.ended else { return true };
            let gone = *ended <= now - KEPT || many > 0;
            many -= usize::from(gone && many > 0);
            !gone
        });
    }

    /// Those that had begun by `then`, but not before `since`, as they were then.
    pub(crate) fn seen(&self, since: DateTime<Utc>, then: DateTime<Utc>) -> Vec<Activity> {
        let seen = self.0.iter().filter(|entry| entry.started >= since && entry.started <= then);
        seen.map(|entry| entry.activity(then)).collect()
    }
}

impl State {
    /// A group begins to launch or end an instance.
    pub(crate) fn begin_activity(&mut self, group: &GroupId, deed: Deed, instance: &InstanceId) {
        let now = self.now;
        if let Some(group) = self.groups.get_mut(group) {
            group.activities.begin(now, deed, instance.clone());
        }
    }

    /// A launch is over: it serves, or was put elsewhere; cancelled when the instance goes before it served.
    pub(crate) fn end_launch(&mut self, group: &GroupId, instance: &InstanceId, how: &Progress) {
        let now = self.now;
        if let Some(group) = self.groups.get_mut(group) {
            group.activities.end(now, instance, true, how);
        }
    }

    /// The group let an instance go.
    pub(crate) fn end_termination(&mut self, group: &GroupId, instance: &InstanceId) {
        let now = self.now;
        if let Some(group) = self.groups.get_mut(group) {
            group.activities.end(now, instance, false, &Progress::Done);
        }
    }

    /// A launch was tried in vain.
    pub(crate) fn fail_launch(&mut self, group: &GroupId, why: String) {
        let now = self.now;
        if let Some(group) = self.groups.get_mut(group) {
            group.activities.fail(now, why);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ended_is_forgotten_in_time_and_what_goes_on_is_not() {
        let at = |minutes| DateTime::UNIX_EPOCH + TimeDelta::minutes(minutes);
        let mut all = Activities::default();
        all.begin(at(0), Deed::End { hooked: true }, InstanceId::new("i-slow"));
        all.fail(at(0), "no room".into());
        all.fail(at(60), "no room".into());
        assert_eq!(all.seen(at(0), at(60)).len(), 3);
        all.fail(at(48 * 60), "no room".into());
        assert_eq!(all.seen(at(0), at(48 * 60)).len(), 3, "the first failure is gone, the hook is not");
        for _ in 0..2 * MOST {
            all.fail(at(48 * 60), "no room".into());
        }
        assert_eq!(all.seen(at(0), at(48 * 60)).len(), MOST);
        assert!(matches!(all.seen(at(0), at(48 * 60))[0].progress, Progress::Running(_)));
    }
}
