//! What it costs to ask every rule of a hundred thousand resources in one region, and to find out who uses what.

use criterion::{Criterion, criterion_group, criterion_main};
use simian_conformity::{Chaos, Conformity};
use simian_core::calendar::{Holidays, Hours, Weekdays};
use simian_core::{Calendar, Day, Dice, Graph, Monkey, TagRules};
use simian_janitor::{Janitor, Prices};

use crate::cpu::CpuTime;

mod cpu;
mod region;

/// Every rule of the janitor's.
fn janitor() -> Janitor {
    let config = simian_janitor::Config { enabled: true, rules: vec!["*".into()], ..simian_janitor::Config::default() };
    let calendar = Calendar {
        zone: chrono_tz::UTC,
        days: Weekdays::MON_TO_FRI,
        hours: Hours::parse("10:00", "14:00").expect("hours"),
        holidays: Holidays::default(),
        freezes: Vec::new(),
    };
    Janitor::new(&config, TagRules::default(), calendar, Prices::default())
}

fn every_rule(c: &mut Criterion<CpuTime>) {
    let world = region::world();
    let fleet = world.fleets.values().next().expect("there is one region");
    let day = Day { date: region::now().date_naive(), windows: Vec::new(), closed: None };
    let dice = Dice::new("bench");
    let janitor = janitor();
    let conformity = Conformity::new(&simian_conformity::Config::default(), TagRules::default(), Chaos::default());
    let waste = janitor.propose(&world, &day, &dice);
    assert!(waste.chores.len() >= 3_000 && waste.blind.is_empty(), "{} {:?}", waste.chores.len(), waste.blind);
    let told = conformity.propose(&world, &day, &dice);
    assert!(told.findings.len() > 5_000 && told.blind.is_empty(), "{} {:?}", told.findings.len(), told.blind);

    let mut group = c.benchmark_group("a hundred thousand resources");
    group.sample_size(10);
    group.bench_function("who uses what", |b| b.iter(|| Graph::of(fleet)));
    group.bench_function("the janitor's rules", |b| b.iter(|| janitor.propose(&world, &day, &dice)));
    group.bench_function("the conformity rules", |b| b.iter(|| conformity.propose(&world, &day, &dice)));
    group.finish();
}

criterion_group! { name = benches; config = cpu::criterion(); targets = every_rule }
criterion_main!(benches);
