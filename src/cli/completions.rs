//! `simian completions`: what a shell needs to complete our words.

use clap::CommandFactory as _;
use clap_complete::Shell;

use super::Cli;
use crate::exit::{Exit, Failure};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Which shell
    shell: Shell,
}

pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "simian", &mut script);
    super::print(String::from_utf8_lossy(&script).trim_end())?;
    Ok(Exit::Done)
}
