//! Parses the command line, runs the verb, shows what went wrong, exits with its code. Nothing else.

#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::string_slice))]

use std::process::ExitCode;

use clap::Parser;
use simian::cli::Cli;

fn main() -> ExitCode {
    let cli = Cli::parse();
    match cli.run() {
        Ok(exit) => exit.into(),
        Err(failure) => {
            eprintln!("simian: {:#}", failure.error);
            failure.exit.into()
        }
    }
}
