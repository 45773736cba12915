//! The second look: what is read of the few proposals that are due, beside the survey.
//!
//! Each thing is read once for all who need it. What is not in here was not asked for; what was asked for and could not
//! be read is [`View::Unknown`], and holds.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use chrono::{DateTime, Utc};

use crate::ability::Abilities;
use crate::fleet::{Group, InstanceId, LaunchSource, View};
use crate::scope::Scope;

/// What was read for the proposals that are due, by scope.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Detail {
    looks: BTreeMap<Scope, Look>,
    /// Whether the second look was taken at all: whoever is not in it now will not be.
    taken: bool,
}

impl Detail {
    /// Nothing was read: only survey rails can answer.
    pub fn none() -> Self {
        Self::default()
    }

    /// These scopes were looked at again.
    pub fn of(looks: BTreeMap<Scope, Look>) -> Self {
        Self { looks, taken: true }
    }

    /// Whether the second look was taken.
    pub fn is_taken(&self) -> bool {
        self.taken
    }

    /// What was read of a scope.
    pub fn look(&self, scope: &Scope) -> Option<&Look> {
        self.looks.get(scope)
    }

    /// What stops everything in a scope, if it was asked.
    pub fn stops(&self, scope: &Scope) -> Option<&Stops> {
        self.look(scope)?.stops.as_ref()
    }
}

/// A second look at one scope.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// When it was begun: nothing in it is older.
    pub at: DateTime<Utc>,
    /// The groups that were read again by name, because the survey was no longer fresh.
    pub reread: Reread,
    /// The instance refresh that is under way, by group.
    pub refreshes: BTreeMap<String, View<Option<Refresh>>>,
    /// Scaling activities of late, by group.
    pub activities: BTreeMap<String, View<Vec<Activity>>>,
    /// The health of a target group's targets, by its ARN.
    pub targets: BTreeMap<String, View<BTreeMap<InstanceId, TargetHealth>>>,
    /// What a launch would start, by where it comes from.
    pub launches: BTreeMap<LaunchSource, View<Launches>>,
    /// Free addresses, by subnet; one that is gone is not in it.
    pub subnets: View<BTreeMap<String, u32>>,
    /// What the targets can take, where not every instance can take what is to be done.
    pub abilities: Abilities,
    /// What stops everything.
    pub stops: Option<Stops>,
}

impl Look {
    /// The second look at a group's description, if one was taken.
    pub fn group(&self, name: &str) -> Option<&View<BTreeMap<String, Group>>> {
        self.reread.asked.contains(name).then_some(&self.reread.groups)
    }
}

/// Groups that were read again by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reread {
    /// When it was begun: nothing in it is older.
    pub at: DateTime<Utc>,
    /// Which were asked for.
    pub asked: BTreeSet<String>,
    /// Those that there are.
    pub groups: View<BTreeMap<String, Group>>,
}

/// An instance refresh that has not ended. Source: Auto Scaling API, `InstanceRefresh`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refresh {
    /// Its status as the API writes it, such as `InProgress`.
    pub status: String,
}

/// A scaling activity. Source: Auto Scaling API, `Activity`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Activity {
    /// When it began.
    pub started: DateTime<Utc>,
    /// Whether it launches an instance.
    pub launch: bool,
    /// What it does, in AWS's words.
    pub what: String,
    /// How far it is.
    pub progress: Progress,
}

/// How far a scaling activity is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Under way; its status code.
    Running(String),
    /// It ended well.
    Done,
    /// Somebody called it off.
    Cancelled,
    /// It failed; AWS's words.
    Failed(String),
}

/// What a balancer says of a target. Source: Elastic Load Balancing API (2015-12-01), `TargetHealth`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TargetHealth {
    /// `healthy`: the only state that traffic can be counted on in.
    Healthy,
    /// `unused`: its target group or its zone gets no traffic from any balancer.
    Unused,
    /// Any other state, as the API writes it.
    Other(String),
}

/// What a launch from a [`LaunchSource`] would start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Launches {
    /// This image, which is there and available.
    Image(String),
    /// This image, which is gone or not available.
    MissingImage(String),
    /// It names no image: the group's overrides must.
    NoImage,
    /// The template, its version or the configuration is gone.
    Gone,
}

/// What stops everything in a scope, whoever proposed it. Looked at again while the hand acts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stops {
    /// When it was asked.
    pub at: DateTime<Utc>,
    /// The state of the alarms that were asked for, by name; one that there is not is not in it.
    pub alarms: View<BTreeMap<String, AlarmState>>,
    /// The account's safety lever in this region.
    pub lever: View<Lever>,
    /// The outage hook let it go; `Unasked` without a hook.
    pub outage: View<()>,
}

/// The state of a CloudWatch alarm. Source: CloudWatch API, `StateValue`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlarmState {
    /// `OK`
    Ok,
    /// `ALARM`
    Alarm,
    /// `INSUFFICIENT_DATA`
    InsufficientData,
}

impl fmt::Display for AlarmState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            AlarmState::Ok => "OK",
            AlarmState::Alarm => "ALARM",
            AlarmState::InsufficientData => "INSUFFICIENT_DATA",
        })
    }
}

/// The safety lever of AWS FIS, one an account and region: engaged, it ends and forbids all experiments, and by our
/// reading everything else of the kind. Source: AWS FIS user guide, "Safety levers"; API, `SafetyLeverState`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lever {
    /// It is engaged, or being engaged.
    pub engaged: bool,
    /// The reason that was given for its state.
    pub reason: String,
}
