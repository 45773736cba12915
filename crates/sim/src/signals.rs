//! What says that this is a bad moment: CloudWatch alarms and the FIS safety lever.

use std::collections::BTreeMap;

use simian_core::detail::{AlarmState, Lever};
use simian_core::{GroupId, Region};

use crate::past::Past;
use crate::state::{Happening, State};

/// How often a bound alarm looks, in seconds: the period of EC2's detailed metrics.
const PERIOD_SECONDS: u64 = 60;

/// Where an alarm is, and its name.
pub(crate) type AlarmId = (Region, String);

/// An alarm that there is, or was.
#[derive(Debug)]
pub(crate) struct Alarm {
    /// `None` while there is none of that name.
    pub(crate) state: Past<Option<AlarmState>>,
    bound: Option<Bound>,
    /// It will look again by itself.
    looks: bool,
}

/// An alarm's group: it goes off while fewer than so many serve.
#[derive(Clone, Debug)]
struct Bound {
    group: GroupId,
    fewer_than: u32,
    /// What the last look measured. It is told at the next, because metrics arrive late.
    measured: AlarmState,
}

/// The alarms and levers of an account.
#[derive(Debug, Default)]
pub(crate) struct Signals {
    pub(crate) alarms: BTreeMap<AlarmId, Alarm>,
    pub(crate) levers: BTreeMap<Region, Past<Lever>>,
}

impl Signals {
    fn alarm(&mut self, id: AlarmId) -> &mut Alarm {
        let unborn = || Alarm { state: Past::always(None), bound: None, looks: false };
        self.alarms.entry(id).or_insert_with(unborn)
    }
}

/// A lever that nobody touched.
pub(crate) fn disengaged() -> Lever {
    Lever { engaged: false, reason: String::new() }
}

impl State {
    /// Sets an alarm's state; it is made if there is none. One that is bound changes it again at its next look.
    pub(crate) fn set_alarm(&mut self, id: AlarmId, state: AlarmState) -> bool {
        let now = self.now;
        self.signals.alarm(id).state.set(now, Some(state));
        true
    }

    /// Deletes an alarm. False when there is none.
    pub(crate) fn remove_alarm(&mut self, id: &AlarmId) -> bool {
        let now = self.now;
        let Some(alarm) = self.signals.alarms.get_mut(id).filter(|alarm| alarm.state.now().is_some()) else {
            return false;
        };
        alarm.bound = None;
        alarm.state.set(now, None);
        true
    }

    /// An alarm that goes off while fewer than so many of a group serve; it is made if there is none.
    pub(crate) fn bind_alarm(&mut self, name: String, group: GroupId, fewer_than: u32) -> bool {
        let now = self.now;
        let id = (group.region.clone(), name);
        let measured = self.measure(&group, fewer_than);
        let phase = self.chance(&["alarm", id.0.as_str(), &id.1]).below(PERIOD_SECONDS);
        let alarm = self.signals.alarm(id.clone());
        alarm.bound = Some(Bound { group, fewer_than, measured });
        alarm.state.set(now, Some(measured));
        if !std::mem::replace(&mut alarm.looks, true) {
            self.enqueue_in(phase, Happening::Evaluated(id));
        }
        true
    }

    /// A bound alarm looks: it tells what it measured a period ago, and measures.
    pub(crate) fn evaluate(&mut self, id: AlarmId) {
        let now = self.now;
        let Some(alarm) = self.signals.alarms.get(&id) else { return };
        let measured = alarm.bound.as_ref().map(|bound| self.measure(&bound.group, bound.fewer_than));
        let Some(alarm) = self.signals.alarms.get_mut(&id) else { return };
        let (Some(bound), Some(measured)) = (&mut alarm.bound, measured) else {
            alarm.looks = false;
            return;
        };
        alarm.state.set(now, Some(std::mem::replace(&mut bound.measured, measured)));
        self.enqueue_in(PERIOD_SECONDS, Happening::Evaluated(id));
    }

    fn measure(&self, group: &GroupId, fewer_than: u32) -> AlarmState {
        if self.groups.get(group).is_none_or(|group| !group.alive) {
            // No group, no data points.
            AlarmState::InsufficientData
        } else if self.serving(group) < fewer_than as usize {
            AlarmState::Alarm
        } else {
            AlarmState::Ok
        }
    }

    pub(crate) fn set_lever(&mut self, region: Region, lever: Lever) -> bool {
        let now = self.now;
        let known = self.regions.contains(&region);
        self.signals.levers.entry(region).or_insert_with(|| Past::always(disengaged())).set(now, lever);
        known
    }
}
