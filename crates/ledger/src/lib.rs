//! The ledger in memory and on SQLite.
//!
//! Both keep the same promises, those of [`simian_core::Ledger`]: one contract test suite runs against each, and random
//! operations are played on both and compared. [`MemoryLedger`] is the model: as plain as can be. [`SqliteLedger`] is
//! what a daemon on one machine uses.
//!
//! What may not happen in this crate: no decision about what a monkey may do. Limits and counter names come with the
//! claims; here they are only counted, atomically.

#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::string_slice))]

mod memory;
mod sqlite;

pub use memory::MemoryLedger;
pub use sqlite::SqliteLedger;

/// The one writer of either ledger. Whoever holds the ledger continues its chain.
pub const WRITER: &str = "main";

/// Pauses as they are answered.
fn in_order(mut pauses: Vec<simian_core::Pause>) -> Vec<simian_core::Pause> {
    pauses.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
    pauses
}
