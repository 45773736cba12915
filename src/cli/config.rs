//! `simian config`: is it right, before anything relies on it.

use std::path::Path;

use super::connect;
use crate::config::LedgerConfig;
use crate::exit::{Exit, Failure};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Verb {
    /// Check the config: every mistake with file, line, key and remedy
    Check,
}

pub(super) fn run(path: &Path, verb: &Verb) -> Result<Exit, Failure> {
    match verb {
        Verb::Check => check(path),
    }
}

fn check(path: &Path) -> Result<Exit, Failure> {
    let config = connect::load(path)?;
    super::print(&format!("{} is sound", path.display()))?;
    for account in &config.accounts {
        let mode = config.mode_of(account);
        let regions: Vec<&str> = account.regions.iter().map(simian_core::Region::as_str).collect();
        super::print(&format!("  {} ({}): {mode} in {}", account.name, account.id, regions.join(", ")))?;
    }
    let live = config.is_live() && config.chaos.enabled;
    super::print(if live { "  it may end instances" } else { "  it ends nothing: it only rehearses" })?;
    let ledger = match &config.ledger {
        LedgerConfig::Memory => "in memory: forgotten at exit".to_owned(),
        LedgerConfig::Sqlite { path } => path.display().to_string(),
    };
    super::print(&format!("  ledger: {ledger}"))?;
    Ok(Exit::Done)
}
