//! The one list of monkeys.

use simian_chaos::Chaos;
use simian_conformity::Conformity;
use simian_core::{CronSpec, Mode, Monkey};
use simian_janitor::Janitor;
use simian_latency::Latency;

use crate::config::Config;

/// A monkey that can be enabled.
pub struct Kind {
    /// Its name in config and commands.
    pub name: &'static str,
    /// What it does, in one line.
    pub about: &'static str,
    /// How often the config wants it to look.
    pub cron: fn(&Config) -> &CronSpec,
    /// What the config lets it do at most.
    pub mode: fn(&Config) -> Mode,
    /// Builds it, if the config enables it.
    build: fn(&Config) -> Option<Box<dyn Monkey>>,
}

/// Every monkey there is.
pub static KINDS: &[Kind] = &[
    Kind {
        name: simian_chaos::NAME,
        about: simian_chaos::ABOUT,
        cron: |config| &config.chaos.cron,
        mode: |config| config.chaos.mode,
        build: chaos,
    },
    Kind {
        name: simian_latency::NAME,
        about: simian_latency::ABOUT,
        cron: |config| &config.latency.cron,
        mode: |config| config.latency.mode,
        build: latency,
    },
    Kind {
        name: simian_janitor::NAME,
        about: simian_janitor::ABOUT,
        cron: |config| &config.janitor.cron,
        mode: |config| config.janitor.mode,
        build: janitor,
    },
    Kind {
        name: simian_conformity::NAME,
        about: simian_conformity::ABOUT,
        cron: |config| &config.conformity.cron,
        mode: |config| config.conformity.mode,
        build: conformity,
    },
];

/// The monkeys that do something to units, and whose proposals a person may ask for.
pub const UNITS: [&str; 2] = [simian_chaos::NAME, simian_latency::NAME];

fn chaos(config: &Config) -> Option<Box<dyn Monkey>> {
    let table = &config.chaos;
    let mut chaos = Chaos::new(table.grouping(), table.grace, config.tags.clone())
        .choosing(table.choice())
        .leaving(config.floors_that_count())
        .within(config.calendar.clone())
        .with(config.faults.clone());
    if let Some(days) = table.mandatory_days {
        chaos = chaos.mandatory(days, config.calendar.clone());
    }
    table.enabled.then(|| Box::new(chaos) as Box<dyn Monkey>)
}

fn latency(config: &Config) -> Option<Box<dyn Monkey>> {
    let table = &config.latency;
    let latency = Latency::new(table.grouping(), table.grace, config.slow.clone())
        .choosing(table.choice())
        .leaving(config.floors_that_count())
        .at_most(table.cap, table.zone_cap)
        .within(config.calendar.clone())
        .everything(table.everything);
    table.enabled.then(|| Box::new(latency) as Box<dyn Monkey>)
}

fn janitor(config: &Config) -> Option<Box<dyn Monkey>> {
    let build = || Janitor::new(&config.janitor, config.tags.clone(), config.calendar.clone(), config.prices.clone());
    config.janitor.enabled.then(|| Box::new(build()) as Box<dyn Monkey>)
}

fn conformity(config: &Config) -> Option<Box<dyn Monkey>> {
    let chaos = simian_conformity::Chaos { grouping: config.chaos.grouping(), choice: config.chaos.choice() };
    let build = || Conformity::new(&config.conformity, config.tags.clone(), chaos);
    config.conformity.enabled.then(|| Box::new(build()) as Box<dyn Monkey>)
}

/// The monkeys that the config enables.
pub fn enabled(config: &Config) -> Vec<Box<dyn Monkey>> {
    KINDS.iter().filter_map(|kind| (kind.build)(config)).collect()
}
