//! The conformity monkey: asks every rule of every resource that it is about, and tells owners what does not keep them.
//!
//! Pure: what it says follows from the world and the date. It proposes nothing that touches anything. What could not be
//! read is neither a pass nor a failure: a rule that depends on it is not asked there, and none of its findings closes.
//!
//! The rooms: `rule` (what a rule is and what it answers), `rules` (all of them, a file each), `ground` (what is known
//! of a region, found quickly), `home` (whose a resource is), `inspect` (every rule of every resource), `exempt` (who
//! need not keep which, until when), `scores` (how well owners do), `config` and `parameters`.

#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::string_slice))]

mod config;
mod exempt;
mod ground;
mod home;
mod inspect;
mod parameters;
mod rule;
mod rules;
mod scores;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod words;

use chrono::NaiveDate;
use simian_core::{Choice, Day, Dice, Grouping, Groups, Monkey, Needs, Outlook, ResourceKind, TagRules, World};

use inspect::Inspector;
use rule::{Enabled, Need};

pub use config::{Config, Contradiction, Pick};
pub use exempt::Exempt;
pub use parameters::{Parameters, Tuning};
pub use rule::{Rule, RuleId, Standard};

/// Its name in config, commands, keys and events.
pub const NAME: &str = "conformity";

/// What it does, in one line.
pub const ABOUT: &str = "tells owners which of their resources do not keep the rules, and touches nothing";

/// Every rule, in reading order: what is printed beside findings.
pub fn rules() -> &'static [Rule] {
    rules::RULES
}

/// How the chaos monkey takes groups together and which it never chooses: whether a group was ever tested is asked of
/// its unit.
#[derive(Clone, Debug, Default)]
pub struct Chaos {
    /// What its units are.
    pub grouping: Grouping,
    /// Which groups the operator keeps out of them.
    pub choice: Choice,
}

/// The monkey.
#[derive(Clone, Debug)]
pub struct Conformity {
    enabled: Vec<Enabled>,
    exempt: Vec<Exempt>,
    tags: TagRules,
    chaos: Chaos,
}

impl Conformity {
    /// A monkey that asks the rules of that config, reads tags by those rules, and knows the chaos monkey's units.
    pub fn new(config: &Config, tags: TagRules, chaos: Chaos) -> Self {
        Self { enabled: config.enabled(), exempt: config.exempt.clone(), tags, chaos }
    }

    fn inspect(&self, world: &World, today: NaiveDate) -> Outlook {
        let Self { enabled, exempt, tags, chaos } = self;
        Inspector { enabled, exempt, tags, chaos, world, today }.outlook()
    }
}

impl Monkey for Conformity {
    fn name(&self) -> &'static str {
        NAME
    }

    fn about(&self) -> &'static str {
        ABOUT
    }

    fn needs(&self) -> Needs {
        let mut needs = Needs { regions_together: self.chaos.grouping.across_regions, ..Needs::default() };
        for need in self.enabled.iter().flat_map(Enabled::needs) {
            match need {
                Need::Kind(ResourceKind::Group) => needs.groups = Groups::All,
                Need::Kind(kind) => needs.estate.want(kind, simian_core::Extent::All),
                Need::Health => needs.estate.target_health = true,
                Need::Refreshes => needs.estate.refreshes = true,
                Need::Activities => needs.estate.activities = true,
                Need::Recoveries(days) => needs.recoveries = needs.recoveries.max(Some(days)),
            }
        }
        needs
    }

    fn propose(&self, world: &World, day: &Day, _: &Dice) -> Outlook {
        self.inspect(world, day.date)
    }
}
