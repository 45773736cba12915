//! What the survey saw: groups and their members, each list either known whole or not known at all.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::estate::Estate;
use crate::resource::ResourceKind;
use crate::scope::Scope;

/// What is known of something that was to be read. A partial or failed read is `Unknown`, never an empty `Known`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum View<T> {
    /// Nobody asked for it.
    #[default]
    Unasked,
    /// It was asked for and could not be read whole; the reason, for people.
    Unknown(String),
    /// All of it, as of the fleet's `taken_at`.
    Known(T),
}

impl<T> View<T> {
    /// The value, if it is known.
    pub fn known(&self) -> Option<&T> {
        match self {
            View::Known(value) => Some(value),
            View::Unasked | View::Unknown(_) => None,
        }
    }

    /// Why it is not known, or `None` when it is.
    pub fn unknown(&self) -> Option<&str> {
        match self {
            View::Known(_) => None,
            View::Unknown(why) => Some(why),
            View::Unasked => Some("nobody asked for it"),
        }
    }
}

impl<T, E: fmt::Display> From<Result<T, E>> for View<T> {
    fn from(read: Result<T, E>) -> Self {
        match read {
            Ok(value) => View::Known(value),
            Err(error) => View::Unknown(error.to_string()),
        }
    }
}

/// An EC2 instance id, such as `i-0123456789abcdef0`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct InstanceId(String);

impl InstanceId {
    /// Takes the id as the API gave it.
    pub fn new(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for InstanceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// A member's place in its group's life cycle. Source: Auto Scaling API, `LifecycleState` of `Instance`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lifecycle {
    /// Launching, `Pending` and its hook states.
    Pending,
    /// `InService`: the only state in which a monkey may touch a member.
    InService,
    /// `EnteringStandby` and `Standby`.
    Standby,
    /// `Terminating` and its hook states, `Terminated`.
    Terminating,
    /// `Detaching` and `Detached`.
    Detaching,
    /// Any `Warmed:*` state: the member waits in the warm pool.
    Warmed,
    /// A state that we do not know, as the API wrote it.
    Other(String),
}

impl Lifecycle {
    /// Reads the API's word.
    pub fn parse(text: &str) -> Self {
        match text {
            "InService" => Lifecycle::InService,
            "EnteringStandby" | "Standby" => Lifecycle::Standby,
            "Detaching" | "Detached" => Lifecycle::Detaching,
            _ if text.starts_with("Warmed:") => Lifecycle::Warmed,
            _ if text.starts_with("Pending") => Lifecycle::Pending,
            _ if text.starts_with("Terminat") => Lifecycle::Terminating,
            other => Lifecycle::Other(other.to_owned()),
        }
    }
}

impl fmt::Display for Lifecycle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Lifecycle::Pending => "pending",
            Lifecycle::InService => "in service",
            Lifecycle::Standby => "in standby",
            Lifecycle::Terminating => "terminating",
            Lifecycle::Detaching => "detaching",
            Lifecycle::Warmed => "in the warm pool",
            Lifecycle::Other(text) => text,
        })
    }
}

/// One instance of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its id.
    pub id: InstanceId,
    /// Its availability zone's name, such as `us-east-1a`.
    pub zone: String,
    /// Where in its life it is.
    pub lifecycle: Lifecycle,
    /// What the group says of its health.
    pub healthy: bool,
    /// Protected from scale in: the owner's word that this one instance matters.
    pub protected: bool,
    /// The launch template's version that it was started from, if it was started from one.
    pub template_version: Option<String>,
    /// That launch template's id.
    pub template: Option<String>,
    /// The launch configuration that it was started from, if it was started from one and that is still there.
    pub configuration: Option<String>,
    /// Its instance type, such as `m7g.large`.
    pub kind: Option<String>,
}

impl Member {
    /// In service and healthy: it carries load, and it is the only kind of member that may be chosen or counted on.
    pub fn serves(&self) -> bool {
        self.lifecycle == Lifecycle::InService && self.healthy
    }
}

/// An Auto Scaling group as one describe call shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Group {
    /// Its name, unique in its scope.
    pub name: String,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// `MinSize`.
    pub min: u32,
    /// `DesiredCapacity`.
    pub desired: u32,
    /// `MaxSize`.
    pub max: u32,
    /// Its instances, the warm pool's left out.
    pub members: Vec<Member>,
    /// `EC2`, `ELB` or whatever else the API says.
    pub health_check: String,
    /// The ARNs of its target groups.
    pub target_groups: Vec<String>,
    /// The names of its suspended processes.
    pub suspended: Vec<String>,
    /// Where its instances come from: each of them when its policy mixes several.
    pub launches: Vec<LaunchSource>,
    /// The ids of its subnets.
    pub subnets: Vec<String>,
    /// Its availability zones.
    pub zones: Vec<String>,
    /// When it was made.
    pub created: Option<DateTime<Utc>>,
    /// `HealthCheckGracePeriod`, in seconds.
    pub grace_seconds: u32,
    /// It replaces spot instances before AWS takes them back.
    pub capacity_rebalance: bool,
    /// The names of its classic load balancers.
    pub classic_balancers: Vec<String>,
    /// Since when its processes are suspended, by the earliest time in the reasons; `None` where none says.
    pub suspended_since: Option<DateTime<Utc>>,
    /// How many instances wait in its warm pool.
    pub warm: u32,
    /// The instance types that its policy names as overrides.
    pub override_kinds: Vec<String>,
    /// It cannot be deleted before somebody takes this away (`DeletionProtection`).
    pub protected: bool,
}

/// What a group launches from. Source: Auto Scaling API, `AutoScalingGroup` and `MixedInstancesPolicy`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LaunchSource {
    /// A launch template's version.
    Template {
        /// Its id, such as `lt-0123456789abcdef0`.
        id: String,
        /// The version: a number, `$Latest` or `$Default`.
        version: String,
    },
    /// A launch configuration, by name.
    Configuration(String),
    /// An image that an override names.
    Image(String),
}

impl fmt::Display for LaunchSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LaunchSource::Template { id, version } => write!(f, "launch template {id} version {version}"),
            LaunchSource::Configuration(name) => write!(f, "launch configuration {name}"),
            LaunchSource::Image(id) => write!(f, "image {id}"),
        }
    }
}

impl Group {
    /// How many members serve.
    pub fn serving(&self) -> usize {
        self.members.iter().filter(|member| member.serves()).count()
    }

    /// The members that are on their way in or out.
    pub fn moving(&self) -> impl Iterator<Item = &Member> {
        let moves = |member: &&Member| {
            matches!(member.lifecycle, Lifecycle::Pending | Lifecycle::Terminating | Lifecycle::Detaching)
        };
        self.members.iter().filter(moves)
    }

    /// The member of that id.
    pub fn member(&self, id: &InstanceId) -> Option<&Member> {
        self.members.iter().find(|member| &member.id == id)
    }
}

/// What one survey of one scope saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fleet {
    /// Where.
    pub scope: Scope,
    /// When the survey began: nothing in it is older.
    pub taken_at: DateTime<Utc>,
    /// The groups that the survey asked for, by name.
    pub groups: View<BTreeMap<String, Group>>,
    /// It asked for all groups, and not only for those that opted in.
    pub all_groups: bool,
    /// What it saw of everything else.
    pub estate: Estate,
    /// AWS's clock minus ours, from the `Date` header of the survey's answers.
    pub skew: View<TimeDelta>,
}

impl Fleet {
    /// How many of a kind were read.
    pub fn count(&self, kind: ResourceKind) -> usize {
        match kind {
            ResourceKind::Group => self.groups.known().map_or(0, BTreeMap::len),
            kind => self.estate.some(kind).len(),
        }
    }

    /// A region of which nobody asked anything yet.
    pub fn unasked(scope: Scope, taken_at: DateTime<Utc>) -> Self {
        Self {
            scope,
            taken_at,
            groups: View::Unasked,
            all_groups: false,
            estate: Estate::default(),
            skew: View::Unasked,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lifecycle_words_of_the_api() {
        for (word, state) in [
            ("InService", Lifecycle::InService),
            ("Pending:Wait", Lifecycle::Pending),
            ("Terminating:Proceed", Lifecycle::Terminating),
            ("Terminated", Lifecycle::Terminating),
            ("EnteringStandby", Lifecycle::Standby),
            ("Warmed:Stopped", Lifecycle::Warmed),
            ("Quarantined", Lifecycle::Other("Quarantined".into())),
        ] {
            assert_eq!(Lifecycle::parse(word), state, "{word}");
        }
    }

    #[test]
    fn a_failed_read_is_unknown_and_not_empty() {
        let view: View<Vec<u8>> = Err::<Vec<u8>, _>("throttled").into();
        assert_eq!(view.known(), None);
        assert_eq!(view.unknown(), Some("throttled"));
    }
}
