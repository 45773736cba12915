//! The chaos monkey: ends instances of units that opted in, so that their owners know that they survive it.
//!
//! Pure: everything that it says follows from the world, the day and the dice. On a working day each unit has a coin
//! and a minute of its own; who falls is chosen among those in service at the moment of looking.

#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::string_slice))]

mod catalogue;
mod config;
mod overdue;

use chrono::TimeDelta;
use simian_core::dice::Draws;
use simian_core::rails::{FaultRules, Floors};
use simian_core::turn::{Deed, Turns, Way};
use simian_core::{
    Calendar, Choice, Day, Dice, Grouping, Groups, Monkey, Needs, Outlook, Region, TagRules, Target, Unit, World,
};

use overdue::{Mandatory, Overdue};

pub use catalogue::can_be_done;
pub use config::Config;
pub use simian_core::turn::keys::Contradiction;

/// Its name in config, commands, keys and events.
pub const NAME: &str = "chaos";

/// What it does, in one line.
pub const ABOUT: &str = "ends an instance of each unit that opted in, or does something else to it, now and then";

/// The monkey.
#[derive(Clone, Debug)]
pub struct Chaos {
    turns: Turns,
    mandatory: Option<Mandatory>,
    faults: FaultRules,
}

/// Its way on one day.
struct Today<'c> {
    /// Which fault it is. A purpose of its own beside those of all turns, and a public contract like them.
    fault: Draws,
    overdue: Option<Overdue<'c>>,
    faults: &'c FaultRules,
}

impl Chaos {
    /// A monkey that takes groups together so, reads tags by those rules, and gives every action so long after its due
    /// minute.
    pub fn new(grouping: Grouping, grace: TimeDelta, tags: TagRules) -> Self {
        let turns = Turns::new(NAME, grouping, grace, tags);
        Self { turns, mandatory: None, faults: FaultRules::default() }
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

    /// The same, that tells owners whose own hours never meet the operator's.
    #[must_use]
    pub fn within(mut self, calendar: Calendar) -> Self {
        self.turns.calendar = Some(calendar);
        self
    }

    /// The same, that gives a unit its turn soon after so many working days without an action.
    #[must_use]
    pub fn mandatory(mut self, days: u32, calendar: Calendar) -> Self {
        self.mandatory = Some(Mandatory { days, calendar });
        self
    }

    /// The same, by what the operator says of faults that last.
    #[must_use]
    pub fn with(mut self, faults: FaultRules) -> Self {
        self.faults = faults;
        self
    }
}

impl Way for Today<'_> {
    fn deed(&self, world: &World, unit: &Unit, victims: &[(&Region, Target)]) -> Result<Deed, String> {
        let against = |action| {
            victims.iter().find_map(|(region, target)| {
                let abilities = world.observed.abilities.get(region)?;
                abilities.against(action, &target.instance).known().cloned().flatten()
            })
        };
        catalogue::draw(&unit.settings.faults, self.faults, self.fault.coin(&unit.id.pieces()), against)
    }

    fn raised(&self, world: &World, unit: &Unit) -> Option<(f64, u32)> {
        self.overdue.as_ref()?.raises(&world.history, unit)
    }
}

impl Monkey for Chaos {
    fn name(&self) -> &'static str {
        NAME
    }

    fn about(&self) -> &'static str {
        ABOUT
    }

    fn needs(&self) -> Needs {
        Needs {
            groups: Groups::OptedIn,
            abilities: true,
            regions_together: self.turns.grouping.across_regions,
            ..Needs::default()
        }
    }

    fn propose(&self, world: &World, day: &Day, dice: &Dice) -> Outlook {
        let today = Today {
            fault: dice.on("chaos.fault", day.date),
            overdue: self.mandatory.as_ref().map(|mandatory| mandatory.on(day.date)),
            faults: &self.faults,
        };
        self.turns.outlook(world, day, dice, self.turns.units(world), &today)
    }
}
