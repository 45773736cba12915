//! Instances and what they are made of. Source of all fields: EC2 API, the types of the same names.

use chrono::{DateTime, Utc};

use crate::fleet::InstanceId;
use crate::ports::InstanceState;

/// `Instance`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// Where in its life it is.
    pub state: InstanceState,
    /// Since when it is stopped, by `StateTransitionReason`; `None` where that has no time in it.
    pub stopped: Option<DateTime<Utc>>,
    /// When it was last started.
    pub launched: DateTime<Utc>,
    /// Its type, such as `m7g.large`.
    pub kind: String,
    /// Its image.
    pub image: String,
    /// Its zone.
    pub zone: String,
    /// Its subnet; `None` outside of a VPC.
    pub subnet: Option<String>,
    /// Its VPC.
    pub vpc: Option<String>,
    /// The key pair's *name*.
    pub key: Option<String>,
    /// Its security groups' ids, of all its interfaces.
    pub security_groups: Vec<String>,
    /// Its public IPv4 address.
    pub public_address: Option<String>,
    /// How its metadata can be read.
    pub metadata: Metadata,
    /// The Auto Scaling group that it belongs to, by the tag that AWS sets.
    pub group: Option<String>,
    /// Spot: AWS may take it back.
    pub spot: bool,
    /// A service of AWS made it, and looks after it (`Operator.Managed`).
    pub managed: bool,
}

/// `InstanceMetadataOptionsResponse`, and what templates and configurations ask for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    /// It can be asked over HTTP at all; `None` where nobody chose.
    pub enabled: Option<bool>,
    /// It answers only with a session token (`IMDSv2`); `None` where nobody chose.
    pub tokens_required: Option<bool>,
    /// How many hops its answers live; `None` where nobody chose.
    pub hop_limit: Option<u32>,
}

/// `VolumeState`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VolumeState {
    /// Attached to nothing.
    Available,
    /// Attached.
    InUse,
    /// Anything else: it is being made, ends, or failed.
    Other,
}

/// `Volume`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Volume {
    /// Where in its life it is.
    pub state: VolumeState,
    /// In GiB.
    pub size: u32,
    /// Its type, such as `gp3`.
    pub kind: String,
    /// What it was given, where its type lets one choose.
    pub iops: Option<u32>,
    /// In MiB a second, where its type lets one choose.
    pub throughput: Option<u32>,
    /// At rest.
    pub encrypted: bool,
    /// The snapshot that it was made from.
    pub snapshot: Option<String>,
    /// The instances that have it.
    pub attached: Vec<InstanceId>,
    /// A service of AWS made it, and looks after it.
    pub managed: bool,
}

/// `Snapshot`, of the account itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// It is whole.
    pub completed: bool,
    /// The account that owns it.
    pub owner: String,
    /// The volume that it was made of; that may be gone, and AWS writes `vol-ffffffff` for a copy.
    pub volume: Option<String>,
    /// The size of that volume, in GiB. What is billed is at most that.
    pub size: u32,
    /// What is really stored, in bytes, where AWS says.
    pub bytes: Option<u64>,
    /// In the archive tier.
    pub archived: bool,
    /// At rest.
    pub encrypted: bool,
    /// Anybody may restore it; `None` where nobody asked.
    pub public: Option<bool>,
    /// Why it was made, in somebody's words.
    pub description: String,
}

/// `Image`, of the account itself.
#[expect(clippy::struct_excessive_bools, reason = "four things that the API says yes or no to")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// Instances can be started from it.
    pub available: bool,
    /// It was disabled: only its owner sees it, and nothing starts from it.
    pub disabled: bool,
    /// The account that owns it.
    pub owner: String,
    /// Anybody may start it.
    pub public: bool,
    /// Its snapshots.
    pub snapshots: Vec<String>,
    /// When it is, or was, deprecated.
    pub deprecated: Option<DateTime<Utc>>,
    /// When an instance was last started from it; AWS says so a day later.
    pub last_launched: Option<DateTime<Utc>>,
    /// It cannot be deregistered before somebody takes this away.
    pub protected: bool,
}

/// A parameter of Systems Manager that names an image. Source: Systems Manager API, `Parameter`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// The images that its value names.
    pub images: Vec<String>,
}

/// An instance that Systems Manager reaches. Source: Systems Manager API, `InstanceInformation`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManagedNode {
    /// Its agent answered lately: `PingStatus` is `Online`.
    pub online: bool,
}
