//! A monkey: a pure function from a world to what it would do there.

use std::collections::BTreeSet;

use crate::calendar::Day;
use crate::chore::Chore;
use crate::dice::Dice;
use crate::estate::Wanted;
use crate::finding::Finding;
use crate::proposal::Proposal;
use crate::resource::ResourceId;
use crate::scope::Scope;
use crate::world::World;

/// Which Auto Scaling groups a monkey wants to see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Groups {
    /// None.
    #[default]
    None,
    /// Those that opted in.
    OptedIn,
    /// All.
    All,
}

/// The views that a monkey wants surveyed. Each is read once a round.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// Auto Scaling groups.
    pub groups: Groups,
    /// Everything else.
    pub estate: Wanted,
    /// How each unit recovered, as far back as so many days.
    pub recoveries: Option<u32>,
    /// What instances can take, before something is done that not every instance can: it would do something else then.
    pub abilities: bool,
    /// All regions of an account in one world, because a unit may span them. Else each region has a round of its own.
    pub regions_together: bool,
}

/// A unit that the monkey looked at and did not propose, and why not: so that silence can be explained too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Considered {
    /// Which unit, in full.
    pub unit: String,
    /// Why it has no turn.
    pub why: String,
}

/// A group that opted in and that the operator's lists keep out of its unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spared {
    /// Where.
    pub scope: Scope,
    /// Its name.
    pub group: String,
    /// Which list, and why.
    pub why: String,
}

/// How well the resources of an owner or an app keep the rules.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Score {
    /// Whose; `None` for what has no owner.
    pub owner: Option<String>,
    /// Of which app; `None` for all that the owner has.
    pub app: Option<String>,
    /// How many times a rule was asked of a resource.
    pub checks: u64,
    /// How many of them found something.
    pub failed: u64,
    /// From 0 to 100: the share that passed, each weighed by its rule's severity.
    pub score: u64,
}

/// What a monkey makes of a world.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outlook {
    /// What it would do, sorted by (due, key).
    pub proposals: Vec<Proposal>,
    /// Units without a turn.
    pub considered: Vec<Considered>,
    /// Units (in full) that opted in, whether or not they have a turn.
    pub opted_in: Vec<String>,
    /// Groups that are no part of their unit.
    pub spared: Vec<Spared>,
    /// What owners should mend.
    pub findings: Vec<Finding>,
    /// The rules that were asked of everything in a scope: a finding of theirs that is open and not in `findings` is
    /// mended.
    pub asked: BTreeSet<(Scope, &'static str)>,
    /// What it would do to resources, sorted by scope, step and resource.
    pub chores: Vec<Chore>,
    /// How well owners and apps do.
    pub scores: Vec<Score>,
    /// What it could not look at, and why: nothing that depends on it is proposed, and no finding of it is closed.
    pub blind: Vec<(Scope, String)>,
}

/// A monkey. Pure and synchronous: no clock, no I/O, no handle that can write.
pub trait Monkey: Send + Sync {
    /// Its name in config, commands, keys and events.
    fn name(&self) -> &'static str;
    /// What it does: one line for help.
    fn about(&self) -> &'static str;
    /// What it wants surveyed.
    fn needs(&self) -> Needs;
    /// What it must see more of before it can say more, and that no list has: the tags of a log group, the listeners of a
    /// balancer. Each takes a call.
    fn unread(&self, _: &World, _: &Day) -> Vec<(Scope, ResourceId)> {
        Vec::new()
    }
    /// What it says of one resource, a line each, for whoever asks why nothing happens to it.
    fn explain(&self, _: &World, _: &Day, _: &Scope, _: &ResourceId) -> Vec<String> {
        Vec::new()
    }
    /// What it would do on that day. Called with the same world, day and dice it answers the same.
    fn propose(&self, world: &World, day: &Day, dice: &Dice) -> Outlook;
}
