//! `simian config`: is it right, before anything relies on it, and what does it come to.

use std::path::Path;

use simian_core::Mode;

use super::connect;
use crate::config::{Effective, LedgerConfig};
use crate::exit::{Exit, Failure};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Verb {
    /// Check the config: every mistake with file, line, key and remedy
    Check,
    /// Show the config as it counts: every key with its value, and whether the file says it or it is the default
    ///
    /// Secrets are hidden
    Show {
        /// How to print it
        #[arg(long, value_enum, default_value_t = Format::Toml)]
        format: Format,
    },
}

/// How a config is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    /// As a config file: with the secrets put in, it loads as the same config
    Toml,
    /// For programs; stable
    Json,
}

pub(super) fn run(path: &Path, verb: &Verb) -> Result<Exit, Failure> {
    match verb {
        Verb::Check => check(path),
        Verb::Show { format } => show(path, *format),
    }
}

fn show(path: &Path, format: Format) -> Result<Exit, Failure> {
    let effective = Effective::load(path, connect::state_directory().as_deref())?;
    match format {
        Format::Toml => super::print(effective.toml().trim_end())?,
        Format::Json => super::print(&effective.json().to_string())?,
    }
    Ok(Exit::Done)
}

fn check(path: &Path) -> Result<Exit, Failure> {
    let config = connect::load(path)?;
    super::print(&format!("{} is sound", path.display()))?;
    for account in &config.accounts {
        let mode = config.mode_of(account);
        let regions: Vec<&str> = account.regions.iter().map(simian_core::Region::as_str).collect();
        super::print(&format!("  {} ({}): {mode} in {}", account.name, account.id, regions.join(", ")))?;
    }
    let may: Vec<&str> = [
        (config.chaos.enabled && config.chaos.mode == Mode::Live).then_some("end instances"),
        (config.latency.enabled && config.latency.mode == Mode::Live).then_some("slow down networks"),
    ]
    .into_iter()
    .flatten()
    .filter(|_| config.is_live())
    .collect();
    let verdict = if may.is_empty() {
        "  it ends nothing: it only rehearses".to_owned()
    } else {
        format!("  it may {}", may.join(" and "))
    };
    super::print(&verdict)?;
    let ledger = match &config.ledger {
        LedgerConfig::Memory => "in memory: forgotten at exit".to_owned(),
        LedgerConfig::Sqlite { path } => path.display().to_string(),
    };
    super::print(&format!("  ledger: {ledger}"))?;
    Ok(Exit::Done)
}
