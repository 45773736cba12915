//! What is waste: a rule a file, and the one list of them.
//!
//! A rule is asked of every resource of its kind. What it cannot know it says, and then nothing happens to the resource.
//!
//! What may not happen here: no rule knows of marks, dates of deletion or modes.

mod empty_group;
mod idle_balancer;
mod idle_classic_balancer;
mod idle_nat_gateway;
mod log_group;
mod old_template_version;
mod orphan_instance;
mod stopped_instance;
mod suspended_group;
mod unassociated_address;
mod unattached_volume;
mod untagged;
mod unused_image;
mod unused_interface;
mod unused_key_pair;
mod unused_launch_configuration;
mod unused_launch_template;
mod unused_security_group;
mod unused_snapshot;
mod unused_target_group;

use chrono::TimeDelta;
use simian_core::mark::tagged_at_once;
use simian_core::{Extent, Resource, ResourceKind, View};

use crate::ground::Ground;

pub(crate) use idle_balancer::ID as IDLE_BALANCER;
pub(crate) use log_group::ID as LOG_GROUP;
pub(crate) use untagged::ID as UNTAGGED;

/// A rule.
#[derive(Debug)]
pub struct Rule {
    /// Its name in config, tags, events and reports.
    pub id: &'static str,
    /// What it condemns: one line.
    pub about: &'static str,
    /// Of which kinds it is asked.
    pub kinds: Kinds,
    /// What is younger is no waste.
    pub age: Age,
    /// The keys of its own that its table has.
    pub extra: Option<Extra>,
    /// How much of its kinds it must see.
    pub extent: Extent,
    /// What else it must see whole.
    pub reads: &'static [ResourceKind],
    /// It asks for the health of every target group.
    pub asks_health: bool,
    judge: fn(&Resource, &Ground<'_>, &Params) -> Judgement,
}

/// Of which kinds a rule is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kinds {
    /// Of that one.
    One(ResourceKind),
    /// Of those that its table lists.
    Listed,
}

/// How old a resource must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Age {
    /// So many days, if nobody says.
    pub days: i64,
    /// Since when, for people: `its making`.
    pub of: &'static str,
}

/// A rule's own keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extra {
    /// `newest`: how many of the newest are left.
    Newest,
    /// `keep_days`: for how long events are kept.
    KeepDays,
    /// `tags` and `kinds`: which tags must be there, and on what.
    Tags,
}

/// What a rule goes by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Params {
    /// What is younger is no waste.
    pub age: TimeDelta,
    /// Working days from a mark to the first date on which the resource may be deleted.
    pub retention_days: u32,
    /// How many of the newest are left.
    pub newest: usize,
    /// For how many days a log group is to keep its events.
    pub keep_days: u32,
    /// The keys of the tags that must be there.
    pub tags: Vec<String>,
    /// The kinds that it looks at.
    pub kinds: Vec<ResourceKind>,
}

/// What a rule says of a resource: it is waste, or why that cannot be said.
pub type Judgement = Result<Waste, Spared>;

/// It is waste.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Waste {
    /// Why, after its name: `attached to nothing`.
    pub why: String,
    /// AWS does not say since when. Its age counts from its mark.
    pub undated: bool,
    /// Why it is announced and never deleted, where that is so.
    pub stays: Option<String>,
}

impl Waste {
    fn new(why: impl Into<String>, undated: Undated) -> Self {
        Self { why: why.into(), undated: undated == Undated::Yes, stays: None }
    }
}

/// Whether AWS leaves out since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Undated {
    /// Nobody knows: its mark must become that old.
    Yes,
    /// It is old enough.
    No,
}

/// It is no waste.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Spared {
    /// Why not: who uses it, how young it is.
    InUse(String),
    /// Why nobody can say.
    Unknown(String),
}

/// Every rule, in the order in which they count: a resource that two of them condemn is condemned by the first.
pub static RULES: &[&Rule] = &[
    &orphan_instance::RULE,
    &stopped_instance::RULE,
    &unattached_volume::RULE,
    &unused_snapshot::RULE,
    &unused_image::RULE,
    &empty_group::RULE,
    &suspended_group::RULE,
    &unused_launch_configuration::RULE,
    &unused_launch_template::RULE,
    &old_template_version::RULE,
    &idle_balancer::RULE,
    &idle_classic_balancer::RULE,
    &unused_target_group::RULE,
    &unassociated_address::RULE,
    &unused_security_group::RULE,
    &unused_interface::RULE,
    &unused_key_pair::RULE,
    &idle_nat_gateway::RULE,
    &log_group::RULE,
    &untagged::RULE,
];

impl Rule {
    /// The rule of that id.
    pub fn find(id: &str) -> Option<&'static Rule> {
        RULES.iter().copied().find(|rule| rule.id == id)
    }

    /// Of which kinds it is asked.
    pub(crate) fn kinds(&self, params: &Params) -> Vec<ResourceKind> {
        match self.kinds {
            Kinds::One(kind) => vec![kind],
            Kinds::Listed => params.kinds.clone(),
        }
    }

    /// What it says of a resource. What AWS looks after is never waste, and neither is what may have tags that nobody
    /// read: one of them may be its owner's word. Log groups are the exception, because no list carries their tags; they
    /// are marked at most until somebody read them.
    pub(crate) fn judge(&self, resource: &Resource, ground: &Ground<'_>, params: &Params) -> Judgement {
        if let Some(by) = ground.looked_after(resource) {
            return Err(Spared::InUse(format!("{by} looks after it")));
        }
        match ground.tags_of(resource) {
            View::Known(_) => {}
            View::Unasked if resource.id.kind == ResourceKind::LogGroup => {}
            View::Unasked => return Err(Spared::Unknown("their tags were not read".into())),
            View::Unknown(why) => return Err(Spared::Unknown(format!("their tags are not known: {why}"))),
        }
        (self.judge)(resource, ground, params)
    }
}

/// The kinds whose lists carry their tags, and that some rule condemns: what can lack a tag.
pub(crate) fn tagged() -> Vec<ResourceKind> {
    let kinds = crate::config::disposable().into_iter();
    kinds.filter(|kind| tagged_at_once(*kind).is_some() && *kind != ResourceKind::LogGroup).collect()
}

/// A rule that is asked of something else than its kind: it has nothing to say of it.
fn not_mine() -> Judgement {
    Err(Spared::InUse("the rule is not about such things".into()))
}

fn unknown(why: impl Into<String>) -> Judgement {
    Err(Spared::Unknown(why.into()))
}

fn in_use(why: impl Into<String>) -> Judgement {
    Err(Spared::InUse(why.into()))
}
