//! The ledger in memory and on SQLite.
