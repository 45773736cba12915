//! What a fault is: a kind with its parameters read, ready to be written as a script.

use crate::families::KINDS;
use crate::parameters::{Given, Key, ParameterError};
use crate::script::Assignments;

/// A kind of fault.
#[derive(Debug)]
pub struct Kind {
    /// Its name in tags, config and commands.
    pub name: &'static str,
    /// What it does: one line.
    pub about: &'static str,
    /// Its parameters, in reading order.
    pub keys: &'static [Key],
    /// The programs that it needs in the guest, beside those that every fault needs.
    pub tools: &'static [&'static str],
    /// What it does cannot be taken back, or breaks what the end relies on: it takes a word of the operator's of its own.
    pub is_grave: bool,
    /// Its parts of the script: functions that are named in `shell/main.sh` and `shell/lease.sh`.
    pub(crate) shell: &'static [&'static str],
    /// From its parameters to the variables that its part of the script reads.
    pub(crate) read: fn(&mut Given) -> Result<Assignments, ParameterError>,
}

impl Kind {
    /// The kind of that name.
    pub fn find(name: &str) -> Result<&'static Kind, FaultError> {
        KINDS.iter().copied().find(|kind| kind.name == name).ok_or_else(|| FaultError::Unknown(name.to_owned()))
    }
}

/// A fault: a kind, and what its parameters say.
#[derive(Clone, Debug)]
pub struct Fault {
    /// Its kind.
    pub kind: &'static Kind,
    pub(crate) variables: Assignments,
}

impl Fault {
    /// Reads a fault: its kind's name, and its parameters as people write them, by key.
    pub fn read<'t>(name: &str, parameters: impl IntoIterator<Item = (&'t str, &'t str)>) -> Result<Self, FaultError> {
        let kind = Kind::find(name)?;
        let wrong = |error| FaultError::Parameter { kind: kind.name, error };
        let mut given = Given::new(kind.keys, parameters).map_err(wrong)?;
        let variables = (kind.read)(&mut given).map_err(wrong)?;
        Ok(Self { kind, variables })
    }

    /// The fault with an example in the place of each parameter that is required and not given.
    pub fn example<'t>(
        name: &str,
        parameters: impl IntoIterator<Item = (&'t str, &'t str)>,
    ) -> Result<Self, FaultError> {
        let kind = Kind::find(name)?;
        let mut all: Vec<(&str, &str)> = parameters.into_iter().collect();
        for key in kind.keys.iter().filter(|key| key.is_required) {
            if all.iter().all(|(name, _)| *name != key.name) {
                all.push((key.name, key.example));
            }
        }
        // Where one of several is required, the first of them.
        if all.is_empty() && Self::read(name, []).is_err() {
            all.extend(kind.keys.first().map(|key| (key.name, key.example)));
        }
        Self::read(name, all)
    }
}

/// Why there is no such fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FaultError {
    /// No kind has that name.
    #[error("`{0}` is no fault; there are: {known}", known = names())]
    Unknown(String),
    /// One of its parameters is wrong.
    #[error("{kind}: {error}")]
    Parameter {
        /// The kind.
        kind: &'static str,
        /// What is wrong.
        error: ParameterError,
    },
}

fn names() -> String {
    KINDS.iter().map(|kind| kind.name).collect::<Vec<_>>().join(", ")
}
