//! Exit codes: a public contract.

use std::process::ExitCode;

use simian_core::LedgerError;

use crate::control::Unserved;
use crate::observe::ObserveError;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// It was done.
    Done,
    /// A mistake of ours.
    Bug,
    /// The command line is wrong.
    Usage,
    /// The config is wrong.
    Config,
    /// Something was due, and every proposal that was judged was held.
    Held,
    /// The cloud failed in some scope.
    Cloud,
    /// The ledger is broken, held or missing.
    Ledger,
}

impl Exit {
    /// Every way to end, by number.
    pub const ALL: &[Exit] = &[Exit::Done, Exit::Bug, Exit::Usage, Exit::Config, Exit::Held, Exit::Cloud, Exit::Ledger];

    /// What it means, in one sentence.
    pub fn about(self) -> &'static str {
        match self {
            Exit::Done => "It was done.",
            Exit::Bug => "A mistake of ours, or an error of the operating system that nobody foresaw.",
            Exit::Usage => "The command line is wrong, or names something that nobody knows.",
            Exit::Config => "The config is wrong, or the credentials belong to another account.",
            Exit::Held => "Something was due, and all of it was held.",
            Exit::Cloud => "The cloud failed in some scope, or an action did not end well for certain.",
            Exit::Ledger => "The ledger is broken, held or missing.",
        }
    }

    /// The number.
    pub fn code(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Bug => 1,
            Exit::Usage => 2,
            Exit::Config => 3,
            Exit::Held => 4,
            Exit::Cloud => 5,
            Exit::Ledger => 6,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit.code())
    }
}

/// A command that failed: what to tell the person, and the code.
#[derive(Debug)]
pub struct Failure {
    /// The code.
    pub exit: Exit,
    /// What went wrong; its whole chain is shown once, in `main`.
    pub error: anyhow::Error,
}

impl Failure {
    /// A failure in words.
    pub fn new(exit: Exit, error: impl Into<anyhow::Error>) -> Self {
        Self { exit, error: error.into() }
    }

    /// A failure in words of our own.
    pub fn say(exit: Exit, text: impl std::fmt::Display) -> Self {
        Self { exit, error: anyhow::anyhow!("{text}") }
    }
}

impl From<LedgerError> for Failure {
    fn from(error: LedgerError) -> Self {
        let exit = match &error {
            LedgerError::Unclaimed(_) => Exit::Bug,
            LedgerError::NoPause(_) => Exit::Usage,
            LedgerError::Open { .. }
            | LedgerError::Held { .. }
            | LedgerError::Newer { .. }
            | LedgerError::Missing { .. }
            | LedgerError::Overtaken(_)
            | LedgerError::Paused(_)
            | LedgerError::Write(_)
            | LedgerError::Read(_) => Exit::Ledger,
        };
        Self::new(exit, error)
    }
}

impl From<Unserved> for Failure {
    fn from(why: Unserved) -> Self {
        match why {
            Unserved::Mistaken(_) => Self::new(Exit::Usage, why),
            Unserved::Ledger(error) => error.into(),
        }
    }
}

impl From<ObserveError> for Failure {
    fn from(error: ObserveError) -> Self {
        match error {
            ObserveError::Ledger(error) => error.into(),
            error @ ObserveError::WrongAccount { .. } => Self::new(Exit::Config, error),
            error @ ObserveError::Identity(_) => Self::new(Exit::Cloud, error),
        }
    }
}

impl From<crate::config::ConfigError> for Failure {
    fn from(error: crate::config::ConfigError) -> Self {
        Self::new(Exit::Config, error)
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::new(Exit::Bug, error)
    }
}
