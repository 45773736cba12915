//! The janitor monkey: marks what nobody uses, tells its owner, and deletes it when nobody answers.
//!
//! Pure: everything that it says follows from the world and the day. A resource is waste by a [rule](rules::RULES); what
//! becomes of waste is the same for all of it, and is in `life`.
//!
//! What may not happen here: nothing is waste while somebody who could use it is not known, and nothing is deleted of
//! which the ledger does not know that its owner was told.

#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::string_slice))]

mod config;
mod disposal;
mod explain;
mod ground;
mod keep;
mod life;
mod needs;
mod prices;
mod propose;
mod resort;
pub mod rules;
mod verdict;
mod words;

use simian_core::{Calendar, Day, Dice, Monkey, Needs, Outlook, ResourceId, Scope, TagRules, World};

pub use config::{Config, Contradiction, RETENTIONS, RuleTable};
pub use explain::Explained;
pub use keep::Keep;
pub use prices::{Price, PriceTable, Prices, RegionPrices};
pub use rules::{Judgement, Params, RULES, Rule, Spared, Waste};

use config::Terms;

/// Its name in config, commands, keys and events.
pub const NAME: &str = "janitor";

/// What it does, in one line.
pub const ABOUT: &str = "marks what nobody uses, tells its owner, and later deletes it";

/// The monkey.
#[derive(Clone, Debug)]
pub struct Janitor {
    /// The rules that are enabled, in reading order, each with what it goes by.
    rules: Vec<(&'static Rule, Params)>,
    terms: Terms,
    keep: Vec<Keep>,
    tags: TagRules,
    prices: Prices,
    calendar: Calendar,
}

impl Janitor {
    /// A monkey that goes by that table, reads tags by those rules, counts days by that calendar, and says what waste
    /// costs at those prices.
    pub fn new(config: &Config, tags: TagRules, calendar: Calendar, prices: Prices) -> Self {
        let rules = config.rules(&tags.owner);
        Self { rules, terms: config.terms(), keep: config.keep.clone(), tags, prices, calendar }
    }
}

impl Monkey for Janitor {
    fn name(&self) -> &'static str {
        NAME
    }

    fn about(&self) -> &'static str {
        ABOUT
    }

    fn needs(&self) -> Needs {
        self.wanted()
    }

    fn unread(&self, world: &World, day: &Day) -> Vec<(Scope, ResourceId)> {
        self.wanting(world, day)
    }

    fn explain(&self, world: &World, day: &Day, scope: &Scope, id: &ResourceId) -> Vec<String> {
        self.explained(world, day, scope, id).map(|explained| explained.lines()).unwrap_or_default()
    }

    fn propose(&self, world: &World, day: &Day, _: &Dice) -> Outlook {
        self.look(world, day)
    }
}
