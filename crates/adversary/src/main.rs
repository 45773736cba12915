//! The adversary's command line. The last line of its output is JSON, for machines.

use std::io::IsTerminal;
use std::path::Path;
use std::process::ExitCode;
use std::time::SystemTime;

use clap::Parser;
use serde_json::json;
use simian_adversary::run::{self, Game, Outcome, Seeds};
use simian_adversary::{Scenario, Week, generate, months, shrink};

/// Plays whole weeks of the daemon on a simulated account, and tries to make it do harm.
#[derive(Debug, Parser)]
struct Args {
    /// Play months of the janitor instead of weeks of chaos.
    #[arg(long)]
    janitor: bool,
    /// How many seeds.
    #[arg(long, default_value_t = 2000)]
    seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Play one seed, or one stored scenario, and tell what happens in it.
    #[arg(long, value_name = "SEED|FILE")]
    replay: Option<String>,
    /// Stop at the first week that shows something, and do not shorten it.
    #[arg(long)]
    fail_fast: bool,
    /// How many weeks at a time; by default as many as there are cores.
    #[arg(long)]
    threads: Option<usize>,
    /// How many of the weeks that show something are shortened and printed.
    #[arg(long, default_value_t = 3)]
    shrink: usize,
}

impl Args {
    /// What a seed stands for.
    fn game(&self) -> Game {
        if self.janitor { months::generate::scenario } else { generate::scenario }
    }

    /// What is played, for people.
    fn several(&self) -> &'static str {
        if self.janitor { "months" } else { "weeks" }
    }
}

fn main() -> ExitCode {
    let args = Args::parse();
    let ended = match &args.replay {
        Some(what) => replay(what, args.game()),
        None => Ok(play(&args)),
    };
    match ended {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(why) => {
            eprintln!("{why}");
            ExitCode::from(2)
        }
    }
}

/// Plays one week aloud. True when nothing was wrong.
fn replay(what: &str, game: Game) -> Result<bool, String> {
    let scenario = match what.parse::<u64>() {
        Ok(seed) => game(seed),
        Err(_) => read(Path::new(what))?,
    };
    let week = Week::play(&scenario, true)?;
    for line in &week.story {
        println!("{line}");
    }
    for violation in &week.violations {
        println!("VIOLATION {violation}");
    }
    println!("{}", json!({ "replay": what, "violations": week.violations, "coverage": week.tally }));
    Ok(week.violations.is_empty())
}

fn read(path: &Path) -> Result<Scenario, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    serde_json::from_str(&text).map_err(|error| format!("{} is no scenario: {error}", path.display()))
}

/// The seconds that a person waited: for the summary, and for nothing in a week.
#[expect(clippy::disallowed_methods, reason = "it is told to people, and nothing is decided by it")]
fn wall() -> SystemTime {
    SystemTime::now()
}

/// Beyond so many standard deviations the rate is wrong: by chance once in two million runs.
const MAX_Z: f64 = 5.0;

fn play(args: &Args) -> bool {
    let begun = wall();
    let threads = args.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
    let seeds = Seeds { from: args.from, count: args.seeds, fail_fast: args.fail_fast };
    let loud = std::io::stderr().is_terminal();
    let outcome = run::all(args.game(), seeds, threads, &|weeks, found| {
        if loud {
            eprint!("\r{weeks} of {} {}, {found} with violations", args.seeds, args.several());
        }
    });
    if loud {
        eprintln!();
    }
    for found in &outcome.found {
        for violation in &found.violations {
            println!("seed {}: {violation}", found.seed);
        }
    }
    for (seed, why) in &outcome.broken {
        println!("seed {seed} could not be played: {why}");
    }
    if !args.fail_fast {
        shorten(&outcome, args.shrink, args.game());
    }
    let z = run::z(&outcome.tally);
    let at_rate = z.is_none_or(|z| z.abs() <= MAX_Z);
    if !at_rate {
        println!("the turns that came are {z:?} standard deviations from those that should have");
    }
    let seconds = begun.elapsed().map_or(0.0, |elapsed| elapsed.as_secs_f64());
    println!("{}", summary(args, &outcome, z, seconds));
    outcome.found.is_empty() && outcome.broken.is_empty() && at_rate
}

/// Prints some of what was found as short as it gets: a file for `tests/reproductions`.
fn shorten(outcome: &Outcome, most: usize, game: Game) {
    let mut rules = Vec::new();
    for found in &outcome.found {
        let Some(violation) = found.violations.first() else { continue };
        if rules.contains(&violation.rule) || rules.len() >= most {
            continue;
        }
        rules.push(violation.rule);
        let short = shrink::shrink(&game(found.seed), violation.rule);
        println!("seed {}, {}: as short as it gets", found.seed, violation.rule);
        for step in &short.steps {
            println!("  {:?}: {:?}", step.when, step.what);
        }
        if let Ok(text) = serde_json::to_string(&short) {
            println!("{text}");
        }
    }
}

fn summary(args: &Args, outcome: &Outcome, z: Option<f64>, seconds: f64) -> serde_json::Value {
    let tally = &outcome.tally;
    let holds: std::collections::BTreeMap<&str, u64> = tally.beginning("held ").collect();
    let violations: usize = outcome.found.iter().map(|found| found.violations.len()).sum();
    json!({
        "seeds": args.seeds,
        "from": args.from,
        (args.several()): outcome.weeks,
        "actions": tally.get("action.done"),
        "rehearsals": tally.get("action.rehearsed"),
        "holds": holds,
        "crashes": tally.get("crashes"),
        "restarts": tally.get("step Stop") + tally.get("crashes"),
        "pauses": tally.get("step Pause") + tally.get("step Brake"),
        "game_days": tally.get("step GameDay"),
        "violations": violations,
        "z": z.map(|z| (z * 100.0).round() / 100.0),
        "coverage": tally,
        "seconds": (seconds * 10.0).round() / 10.0,
    })
}
