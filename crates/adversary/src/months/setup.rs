//! What a month has that a week has not: resources, a janitor, and what is done to them. Values that can be written down.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use simian_core::ResourceId;

/// The key under which the janitor writes its marks.
pub(crate) const MARK: &str = "simian:mark";

/// A resource, as short as that can be said of any kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thing {
    /// The region's index.
    pub region: usize,
    /// Which, as in `volume/vol-3`.
    pub id: ResourceId,
    /// Its tags.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// How many days before the beginning it was made; `None` where AWS does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age: Option<u32>,
    /// What it points at, or is attached to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub uses: Vec<ResourceId>,
    /// What else is true of it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub words: BTreeSet<Word>,
}

/// Something that may be true of a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Word {
    /// Attached, associated; of a log group: it forgets by itself; of a balancer: it answers by itself.
    Busy,
    /// A service of AWS looks after it.
    Managed,
    /// Another account's.
    Foreign,
    /// Anybody may use it.
    Public,
    /// Protected from its end.
    Protected,
    /// In the making.
    Unready,
    /// Switched off.
    Stopped,
    /// The default of its template.
    Default,
    /// The latest of its template.
    Latest,
    /// It names security groups by their names, and not by their ids.
    ByName,
}

/// What the operator's table of the janitor says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JanitorSetup {
    /// The enabled rules.
    pub rules: Vec<String>,
    /// The kinds that it may delete.
    pub delete: Vec<String>,
    /// It may delete for missing tags.
    pub delete_untagged: bool,
    /// Days: how old every rule wants a resource to be.
    pub age: u32,
    /// How many versions of a template are left.
    pub newest: u32,
    /// Working days from a mark to its end.
    pub retention_days: u32,
    /// Working days from an announcement to a deletion.
    pub notice_days: u32,
    /// Working days for which an image stays disabled.
    pub grace_days: u32,
    /// Last resorts are taken.
    pub last_resort: bool,
    /// Marks a round.
    pub max_marks: Option<u32>,
    /// Deletions a round.
    pub max_deletes: Option<u32>,
    /// The same in percent.
    pub max_delete_percent: Option<u32>,
    /// What is kept.
    pub keep: Vec<KeepSetup>,
}

/// A line of what the operator keeps.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeepSetup {
    /// A pattern of its name or id.
    pub name: Option<String>,
    /// Its kind.
    pub kind: Option<String>,
    /// The key of a tag, and a pattern of its value.
    pub tag: Option<(String, Option<String>)>,
}

/// What is done to an estate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Deed {
    /// A resource comes up, or is so from now on. It keeps the tags that it has.
    Put(Thing),
    /// Somebody else deletes a resource.
    Remove {
        /// The region's index.
        region: usize,
        /// Which.
        id: ResourceId,
    },
    /// An owner sets a tag; without a value it is removed.
    Tag {
        /// The region's index.
        region: usize,
        /// On what.
        id: ResourceId,
        /// The key.
        key: String,
        /// The value.
        value: Option<String>,
    },
    /// An image or a snapshot is shared with another account, or with nobody any more.
    Share {
        /// The region's index.
        region: usize,
        /// Which.
        id: ResourceId,
        /// Shared.
        on: bool,
    },
    /// The ledger is lost. The processes die, and find a new one so many seconds later.
    LoseLedger {
        /// Seconds.
        down: u32,
    },
}
