//! From a seed to a month.

mod estate;
mod operator;
mod steps;

pub(crate) use operator::RULES;
use simian_sim::Chance;

use super::Deed;
use crate::scenario::{Scenario, Setup, WeatherSetup, What};

/// The month of a seed.
pub fn scenario(seed: u64) -> Scenario {
    let mut chance = Chance::new(seed, &["adversary", "months"]);
    let calm = chance.hit(0.15);
    let (start, mut policy) = operator::draw(calm, &mut chance);
    let regions = if chance.hit(0.2) { 2 } else { 1 };
    // The calendar is in the second.
    policy.change_calendar &= regions > 1;
    let estate = estate::draw(regions, calm, &mut chance);
    let rough = chance.hit(0.4) && !calm;
    let mut setup = Setup {
        seed,
        start,
        days: 7 * if calm { 8 } else { crate::generate::number(&mut chance, 4, 8) },
        regions,
        groups: estate.groups,
        policy,
        weather: if rough { steps::weather(regions, &mut chance) } else { WeatherSetup::default() },
        newborn: !calm && chance.hit(0.08),
        sqlite: false,
        calm,
        ourselves: None,
        things: estate.things,
    };
    let mut steps = if calm { Vec::new() } else { steps::draw(&setup, &mut chance) };
    // A file has one process at a time, and nobody takes it away.
    let alone =
        |step: &crate::scenario::Step| !matches!(step.what, What::Replica | What::Estate(Deed::LoseLedger { .. }));
    setup.sqlite = chance.hit(0.02) && steps.iter().all(alone);
    steps.sort_by_key(|step| step.when.earliest());
    Scenario { setup, steps }
}
