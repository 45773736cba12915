//! What a round costs: a game day for a thousand groups, rehearsed and real.

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use simian_core::Mode;

use crate::cpu::CpuTime;
use crate::stage::{Keep, Stage, monday};

mod cpu;
mod stage;

const GROUPS: usize = 1000;

fn game_days(c: &mut Criterion<CpuTime>) {
    let mut group = c.benchmark_group("all due, a thousand groups");
    group.sample_size(10);
    for (name, mode, keep) in [
        ("dry, in memory", Mode::DryRun, Keep::Memory),
        ("dry, on SQLite", Mode::DryRun, Keep::Sqlite),
        ("live, in memory", Mode::Live, Keep::Memory),
        ("live, on SQLite", Mode::Live, Keep::Sqlite),
    ] {
        group.bench_function(name, |b| {
            let stage = || {
                let stage = Stage::new(GROUPS, mode, keep);
                stage.clock.set(monday(10));
                stage
            };
            b.iter_batched_ref(stage, |stage| stage.game_day("g"), BatchSize::PerIteration);
        });
    }
    group.finish();
}

criterion_group! { name = benches; config = cpu::criterion(); targets = game_days }
criterion_main!(benches);
