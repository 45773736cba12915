//! What a monkey would do to a resource, and the last word on it before it is done.

use std::fmt;

use chrono::{DateTime, NaiveDate, Utc};

use crate::event::{Draft, Kind};
use crate::mark::{Mark, MarkId};
use crate::proposal::Key;
use crate::resource::{ResourceId, ResourceKind};
use crate::scope::{Mode, Scope};
use crate::verdict::Ruling;

/// What is done to a resource, in the order of its life as waste.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// Its mark is taken away: it is used again, or kept.
    Lift,
    /// It is marked; or, marked already, its tag is put right.
    Mark,
    /// Its owner is told when it goes.
    Announce,
    /// The last resort: what can be taken back is done before what cannot.
    Save,
    /// It ends.
    Delete,
}

impl Step {
    /// Its name in keys and events.
    pub fn as_str(self) -> &'static str {
        match self {
            Step::Lift => "lift",
            Step::Mark => "mark",
            Step::Announce => "announce",
            Step::Save => "save",
            Step::Delete => "delete",
        }
    }

    /// Whether it takes something from the account. A mark takes nothing.
    pub fn is_disposal(self) -> bool {
        matches!(self, Step::Save | Step::Delete)
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One step that a monkey would take with one resource. Nothing more than a wish until the rails have judged it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chore {
    /// The monkey.
    pub monkey: &'static str,
    /// For real, or a rehearsal.
    pub mode: Mode,
    /// The date that it counts for, in the operator's zone.
    pub date: NaiveDate,
    /// Where.
    pub scope: Scope,
    /// To what.
    pub resource: ResourceId,
    /// What people call it, where that is something else.
    pub title: Option<String>,
    /// What would be done.
    pub step: Step,
    /// What a deletion would be, where it is not the kind's usual one.
    pub disposal: Disposal,
    /// Its mark as it was read; `None` when it has none.
    pub from: Option<Mark>,
    /// Its mark as it is to be; of a lift and a deletion, as it was last.
    pub mark: Mark,
    /// It is not there any more: only its mark is left, and there is nothing to untag.
    pub gone: bool,
    /// Why: one sentence.
    pub why: String,
}

/// How a resource is saved and ended, by one call each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Disposal {
    /// Deleted, released, deregistered: by the call that the API has for its kind. A volume is saved by a snapshot, an
    /// image by being disabled.
    End,
    /// An image is deregistered, and these snapshots, which no other image is made of, go with it.
    EndImage {
        /// Its snapshots.
        snapshots: Vec<String>,
    },
    /// A log group stays, and its events are kept for so many days from now on.
    Retain {
        /// One of the numbers that `PutRetentionPolicy` takes.
        days: u32,
    },
}

impl Chore {
    /// Its name: one a day, resource and step.
    pub fn key(&self) -> Key {
        Key::chore(self.mode, self.monkey, self.date, &self.scope, &self.resource, self.step)
    }

    /// Its mark's name.
    pub fn mark_id(&self) -> MarkId {
        MarkId { mode: self.mode, scope: self.scope.clone(), resource: self.resource.clone() }
    }

    /// What it marks or ends that others may hold too: the resource, and the snapshots that go with it.
    pub fn sharable(&self) -> Vec<ResourceId> {
        let with_it: &[String] = match &self.disposal {
            Disposal::EndImage { snapshots } => snapshots,
            Disposal::End | Disposal::Retain { .. } => &[],
        };
        let with_it = with_it.iter().map(|id| ResourceId::new(ResourceKind::Snapshot, id));
        let all = std::iter::once(self.resource.clone()).chain(with_it);
        all.filter(|id| can_be_shared(id.kind)).collect()
    }

    /// An event about it: who, where, what.
    pub fn draft(&self, at: DateTime<Utc>, kind: Kind, why: impl Into<String>) -> Draft {
        let of_mark = matches!(kind, Kind::MarkPlaced | Kind::MarkAnnounced | Kind::MarkLifted);
        let mut draft = self.mark_id().draft(&self.mark, at, kind, why);
        draft.monkey = Some(self.monkey.to_owned());
        if !of_mark {
            draft.key = Some(self.key().to_string());
            draft.action = Some(self.step.to_string());
            draft.outcome = None;
        }
        draft
    }
}

/// A chore and what every rail said of it.
#[derive(Clone, Debug, PartialEq)]
pub struct JudgedChore {
    /// What was proposed.
    pub chore: Chore,
    /// One ruling a rail.
    pub rulings: Vec<Ruling>,
    /// When it was judged.
    pub at: DateTime<Utc>,
}

impl JudgedChore {
    /// No rail holds it.
    pub fn passes(&self) -> bool {
        self.held_by().is_none()
    }

    /// The first rail that holds it.
    pub fn held_by(&self) -> Option<&Ruling> {
        self.rulings.iter().find(|ruling| ruling.says.holds())
    }
}

/// Whether others may hold such a resource's contents without our seeing them: whoever it is shared with.
pub fn can_be_shared(kind: ResourceKind) -> bool {
    matches!(kind, ResourceKind::Image | ResourceKind::Snapshot)
}

/// In which order kinds are deleted in one round: who points at something goes before it. AWS refuses some of it the
/// other way round, and the rest would leave things that point nowhere.
pub fn order(kind: ResourceKind) -> u8 {
    use ResourceKind as K;
    match kind {
        K::Group => 0,
        K::Balancer | K::ClassicBalancer => 1,
        K::Instance | K::NatGateway | K::TargetGroup => 2,
        K::LaunchConfiguration | K::TemplateVersion => 3,
        K::LaunchTemplate => 4,
        K::Volume | K::Interface | K::Address => 5,
        K::Image => 6,
        K::Snapshot | K::SecurityGroup | K::KeyPair => 7,
        K::LogGroup | K::RouteTable | K::Subnet | K::Parameter | K::ManagedNode => 8,
    }
}
