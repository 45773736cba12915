//! What a cluster is, who in it serves, and what one would do next.
//!
//! Pure: everything follows from what was seen of its groups. What was not seen is said to be unknown, and nothing is
//! concluded from it.

#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::string_slice))]

mod advice;
mod cluster;
mod push;

pub use advice::advice;
pub use cluster::{Cluster, ServerGroup, Targets, Traffic};
pub use push::next;
