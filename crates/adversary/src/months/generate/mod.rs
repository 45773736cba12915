//! From a seed to a month.

mod estate;
mod operator;
mod steps;

pub(crate) use operator::RULES;
use simian_sim::Chance;

use super::Deed;
use crate::generate::weather;
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
        weather: if rough { weather(regions, &mut chance) } else { WeatherSetup::default() },
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use simian_core::ResourceKind;

    use super::*;

    #[test]
    fn a_seed_is_one_month_and_a_file_holds_it() {
        for seed in 0..20 {
            let month = scenario(seed);
            assert!(month.is_month());
            assert_eq!(month, scenario(seed));
            let text = serde_json::to_string(&month).unwrap();
            assert_eq!(serde_json::from_str::<Scenario>(&text).unwrap(), month);
        }
        assert_ne!(scenario(1), scenario(2));
    }

    #[test]
    fn every_rule_of_the_janitor_has_its_turn() {
        let theirs: BTreeSet<&str> = simian_janitor::RULES.iter().map(|rule| rule.id).collect();
        assert_eq!(RULES.iter().map(|(rule, _)| *rule).collect::<BTreeSet<_>>(), theirs);
        let tables = (0..200).filter_map(|seed| scenario(seed).setup.policy.janitor);
        let (mut enabled, mut deleted) = (BTreeSet::new(), BTreeSet::new());
        for table in tables {
            enabled.extend(table.rules);
            deleted.extend(table.delete);
        }
        for (rule, kind) in RULES {
            assert!(kind.parse::<ResourceKind>().is_ok(), "{kind}");
            assert!(enabled.contains(rule) && deleted.contains(kind), "{rule} of {kind}");
        }
    }

    #[test]
    fn some_months_are_calm_and_nothing_happens_in_them() {
        let months: Vec<Scenario> = (0..200).map(scenario).collect();
        let calm = months.iter().filter(|month| month.setup.calm);
        assert!((10..60).contains(&calm.clone().count()));
        assert!(calm.into_iter().all(|month| month.steps.is_empty()));
        assert!(months.iter().any(|month| month.setup.regions > 1));
    }
}
