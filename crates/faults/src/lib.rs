//! What is done inside a guest: typed parameters in, one POSIX shell script out.
//!
//! The script has five verbs. `preflight` only looks. `apply` starts a unit of its own that holds the fault, the
//! *dead-man*, and then does it. `status` says what is there. `renew` moves the deadline. `undo` ends the fault and
//! verifies that. The dead-man ends it by itself when the deadline has passed, when it is killed, and whatever becomes of
//! whoever sent the script: the daemon, the agent, the network.
//!
//! What may not happen here: nothing is installed in a guest; no undo acts on what this fault did not mark as its own; and
//! no parameter reaches the shell unquoted.

#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::string_slice))]

mod destination;
mod families;
mod kind;
mod parameters;
mod script;
mod tools;
mod value;

pub use families::KINDS;
pub use kind::{Fault, FaultError, Kind};
pub use parameters::{Key, ParameterError};
pub use script::{Answer, Held, Verb, Word, word_to};
pub use tools::{IMAGES, PACKAGES, Package};
