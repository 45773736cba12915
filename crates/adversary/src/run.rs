//! Plays many seeds, on all cores, and adds up what came of them.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use serde::Serialize;

use crate::scenario::Scenario;
use crate::tally::Tally;
use crate::violation::Violation;
use crate::world::Week;

/// Which seeds.
#[derive(Clone, Copy, Debug)]
pub struct Seeds {
    /// The first.
    pub from: u64,
    /// How many.
    pub count: u64,
    /// Stop at the first that shows something.
    pub fail_fast: bool,
}

/// A seed that showed something.
#[derive(Clone, Debug, Serialize)]
pub struct Found {
    /// The seed.
    pub seed: u64,
    /// What was wrong.
    pub violations: Vec<Violation>,
}

/// What came of all of them.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// How many weeks were played.
    pub weeks: u64,
    /// What was exercised.
    pub tally: Tally,
    /// What was found, by seed.
    pub found: Vec<Found>,
    /// Seeds that could not be played.
    pub broken: Vec<(u64, String)>,
}

/// What a seed stands for.
pub type Game = fn(u64) -> Scenario;

/// Plays them. `told` hears of every week that is over, with how many are.
pub fn all(game: Game, seeds: Seeds, threads: usize, told: &(dyn Fn(u64, usize) + Sync)) -> Outcome {
    let next = AtomicU64::new(0);
    let stop = AtomicBool::new(false);
    let outcome = Mutex::new(Outcome::default());
    let work = || {
        loop {
            let n = next.fetch_add(1, Ordering::SeqCst);
            if n >= seeds.count || stop.load(Ordering::SeqCst) {
                return;
            }
            let seed = seeds.from + n;
            let played = Week::play(&game(seed), false);
            let mut outcome = outcome.lock().unwrap_or_else(PoisonError::into_inner);
            outcome.weeks += 1;
            match played {
                Ok(week) => {
                    outcome.tally.merge(&week.tally);
                    if !week.violations.is_empty() {
                        outcome.found.push(Found { seed, violations: week.violations });
                        stop.fetch_or(seeds.fail_fast, Ordering::SeqCst);
                    }
                }
                Err(why) => outcome.broken.push((seed, why)),
            }
            told(outcome.weeks, outcome.found.len());
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(work);
        }
    });
    let mut outcome = outcome.into_inner().unwrap_or_else(PoisonError::into_inner);
    outcome.found.sort_by_key(|found| found.seed);
    outcome
}

/// How many standard deviations the turns that came are from those that should have, over all calm weeks.
#[expect(clippy::cast_precision_loss, reason = "counts are small")]
pub fn z(tally: &Tally) -> Option<f64> {
    let millionths = |name| tally.get(name) as f64 / 1e6;
    let variance = millionths("variance in millionths");
    let off = tally.get("drawn turns") as f64 - millionths("expected turns in millionths");
    (variance > 0.0).then(|| off / variance.sqrt())
}
