//! The one list of monkeys.

use simian_chaos::Chaos;
use simian_core::{Monkey, TagRules};

use crate::config::Config;

/// A monkey that can be enabled.
pub struct Kind {
    /// Its name in config and commands.
    pub name: &'static str,
    /// What it does, in one line.
    pub about: &'static str,
    /// Builds it, if the config enables it.
    build: fn(&Config) -> Option<Box<dyn Monkey>>,
}

/// Every monkey there is.
pub static KINDS: &[Kind] = &[Kind { name: simian_chaos::NAME, about: simian_chaos::ABOUT, build: chaos }];

fn chaos(config: &Config) -> Option<Box<dyn Monkey>> {
    let tags: TagRules = config.tags.clone();
    let table = &config.chaos;
    let mut chaos = Chaos::new(table.grouping(), table.grace, tags)
        .choosing(table.choice())
        .leaving(config.floors_that_count())
        .within(config.calendar.clone());
    if let Some(days) = table.mandatory_days {
        chaos = chaos.mandatory(days, config.calendar.clone());
    }
    table.enabled.then(|| Box::new(chaos) as Box<dyn Monkey>)
}

/// The monkeys that the config enables.
pub fn enabled(config: &Config) -> Vec<Box<dyn Monkey>> {
    KINDS.iter().filter_map(|kind| (kind.build)(config)).collect()
}
