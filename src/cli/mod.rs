//! The command line: a file a verb. No client is built and no file is read before the arguments are understood.

mod attempt;
mod audit;
mod cluster;
mod completions;
mod config;
mod connect;
mod explain;
mod fault;
mod faults;
mod log;
mod man;
mod pause;
mod plan;
mod progress;
mod report;
mod round;
mod run;
mod sandbox;

use std::io::IsTerminal;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;

use chrono::NaiveDate;
use clap::{Parser, Subcommand, ValueEnum};

pub use audit::{AgainstError, Compared, compare};

use crate::exit::{Exit, Failure};
use log::log;

/// Where the config is when nobody says otherwise.
const CONFIG: &str = "/etc/simian/simian.toml";

/// Chaos engineering for AWS that does no harm by default and can always explain itself.
#[derive(Debug, Parser)]
#[command(name = "simian", version, max_term_width = 100)]
pub struct Cli {
    /// The config file.
    #[arg(long, short, global = true, env = "SIMIAN_CONFIG", default_value = CONFIG, value_name = "FILE")]
    config: PathBuf,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Play the whole daemon on a simulated account: nothing to set up, nothing is touched
    ///
    /// A terminal sees it happen, and a summary at the end; a pipe gets one event a line, as JSON
    Sandbox(sandbox::Args),
    /// Run the daemon
    Run,
    /// Show a day's proposals, each with its verdicts; changes nothing
    Plan(plan::Args),
    /// Show why a unit, group or instance would, or would not, be touched: every rail
    Explain(explain::Args),
    /// Run one round now, then exit: for cron, CI, or a game day
    Round(round::Args),
    /// Tell what was done, rehearsed, held and found, for owners and their managers
    ///
    /// From the ledger alone: nothing is asked of AWS
    Report(report::Args),
    /// Read the ledger
    #[command(subcommand)]
    Audit(audit::Verb),
    /// Pull the kill switch: nothing more is done until it is lifted
    Pause(pause::PauseArgs),
    /// Lift the kill switch
    Resume(pause::ResumeArgs),
    /// Show the faults that are there now: where, until when, and whether looking shows them
    Faults(faults::ListArgs),
    /// End faults that are there, with nothing but the tags on their instances, and see that they are gone
    Undo(faults::UndoArgs),
    /// Show what is done inside a guest, or try it
    #[command(subcommand)]
    Fault(fault::Verb),
    /// Show a cluster and what one would do next with it
    #[command(subcommand)]
    Cluster(cluster::Verb),
    /// Check the config, or show what it comes to
    #[command(subcommand)]
    Config(config::Verb),
    /// Print what a shell needs to complete our words
    Completions(completions::Args),
    /// Print the manual page, or write a page for each verb into a folder
    Man(man::Args),
}

/// How data is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For eyes.
    Table,
    /// For programs; stable.
    Json,
}

impl Cli {
    /// Runs the verb.
    pub fn run(self) -> Result<Exit, Failure> {
        let Self { config, verb } = self;
        match verb {
            Verb::Sandbox(args) => sandbox::run(&args),
            Verb::Run => run::run(&config),
            Verb::Plan(args) => plan::run(&config, &args),
            Verb::Explain(args) => explain::run(&config, &args),
            Verb::Round(args) => round::run(&config, &args),
            Verb::Report(args) => report::run(&config, &args),
            Verb::Audit(verb) => audit::run(&config, &verb),
            Verb::Pause(args) => pause::pause(&config, args),
            Verb::Resume(args) => pause::resume(&config, args),
            Verb::Faults(args) => faults::list(&config, &args),
            Verb::Undo(args) => faults::undo(&config, args),
            Verb::Fault(verb) => fault::run(&config, &verb),
            Verb::Cluster(verb) => cluster::run(&config, &verb),
            Verb::Config(verb) => config::run(&config, &verb),
            Verb::Completions(args) => completions::run(&args),
            Verb::Man(args) => man::run(&args),
        }
    }
}

/// Tells of what failed beside what went well. The gravest end is the command's.
fn told(failures: Vec<Failure>, otherwise: Exit) -> Exit {
    let mut gravest = otherwise;
    for failure in failures {
        eprintln!("simian: {:#}", failure.error);
        if failure.exit.code() > gravest.code() {
            gravest = failure.exit;
        }
    }
    gravest
}

/// Whether standard output may have colours: on a terminal, unless `NO_COLOR` says no (no-color.org).
fn colour() -> bool {
    std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|set| set.is_empty())
}

/// How a file is made that tells what the ledger tells: for its user alone (0600). What is there already keeps its mode.
fn private() -> std::fs::OpenOptions {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).mode(0o600);
    options
}

/// A date as in 2026-11-23. The library's own reader takes years of six digits too, near whose ends no zone has a clock.
fn date(text: &str) -> Option<NaiveDate> {
    let shaped = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    if shaped { text.parse().ok() } else { None }
}

/// One thread is enough: the daemon waits, and one round's work is milliseconds.
fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}

/// Prints to standard output; a reader that has gone (`| head`) is no error.
fn print(text: &str) -> Result<(), Failure> {
    use std::io::Write as _;
    match writeln!(std::io::stdout().lock(), "{text}") {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}
