//! The latency monkey: slows down the network of instances of units that opted in, or loses some of their packets, so that
//! their owners know what a slow neighbour does to them.
//!
//! Pure: everything that it says follows from the world, the day and the dice. Turns, minutes and victims are drawn as
//! chaos draws them, by purposes of its own. What is done to whom is what owners' tags say, over what the operator says.
//!
//! What may not happen here: a network is slow towards everybody without the operator's word; and no tag hits more members
//! at once than the operator's caps.

#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::string_slice))]

mod config;
mod network;

use chrono::TimeDelta;
use simian_core::rails::Floors;
use simian_core::turn::{Deed, Turns, Way};
use simian_core::{
    Action, Calendar, Choice, Day, Dice, Grouping, Groups, Monkey, Needs, Outlook, Region, TagRules, Target, Unit,
    World,
};

pub use config::Config;
pub use network::tags;
pub use simian_core::turn::keys::Contradiction;

/// Its name in config, commands, keys and events.
pub const NAME: &str = "latency";

/// What it does, in one line.
pub const ABOUT: &str = "slows down the network of an instance of each unit that opted in to that";

/// The monkey.
#[derive(Clone, Debug)]
pub struct Latency {
    turns: Turns,
    everything: bool,
}

/// Its way: what the unit's settings say.
struct AsAsked;

impl Latency {
    /// A monkey that takes groups together so, reads tags by those rules ([`tags`]), and gives every action so long after
    /// its due minute. One member of a unit at once.
    pub fn new(grouping: Grouping, grace: TimeDelta, tags: TagRules) -> Self {
        let mut turns = Turns::new(NAME, grouping, grace, tags);
        (turns.bounds.cap, turns.bounds.zone_cap) = (Some(1), Some(1));
        Self { turns, everything: false }
    }

    /// The same, of the groups that the operator lets be chosen.
    #[must_use]
    pub fn choosing(mut self, choice: Choice) -> Self {
        self.turns.choice = choice;
        self
    }

    /// The same, that rather takes fewer than so many than be held by a floor.
    #[must_use]
    pub fn leaving(mut self, floors: Floors) -> Self {
        self.turns.bounds.floors = floors;
        self
    }

    /// The same, that hits so many members of a unit at once, and so many of them in one zone, whatever tags say.
    #[must_use]
    pub fn at_most(mut self, cap: u32, zone_cap: u32) -> Self {
        (self.turns.bounds.cap, self.turns.bounds.zone_cap) = (Some(cap), Some(zone_cap));
        self
    }

    /// The same, that tells owners whose own hours never meet the operator's.
    #[must_use]
    pub fn within(mut self, calendar: Calendar) -> Self {
        self.turns.calendar = Some(calendar);
        self
    }

    /// The same, that lets owners slow a network down towards everybody.
    #[must_use]
    pub fn everything(mut self, everything: bool) -> Self {
        self.everything = everything;
        self
    }
}

impl Way for AsAsked {
    fn deed(&self, _: &World, unit: &Unit, _: &[(&Region, Target)]) -> Result<Deed, String> {
        let action = network::action(unit);
        Ok(Deed { action: action.unwrap_or(Action::Latency), terms: unit.settings.terms.clone(), why: None })
    }
}

impl Monkey for Latency {
    fn name(&self) -> &'static str {
        NAME
    }

    fn about(&self) -> &'static str {
        ABOUT
    }

    fn needs(&self) -> Needs {
        Needs { groups: Groups::OptedIn, regions_together: self.turns.grouping.across_regions, ..Needs::default() }
    }

    fn propose(&self, world: &World, day: &Day, dice: &Dice) -> Outlook {
        let mut units = self.turns.units(world);
        units.refuse(|unit| network::wrong(unit, &self.turns.tags, self.everything));
        self.turns.outlook(world, day, dice, units, &AsAsked)
    }
}
