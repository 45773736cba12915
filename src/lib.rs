//! The daemon: all wiring and effects around the pure core.
//!
//! A proposal's way is [`round`]: survey, propose, judge, detail, judge again, act, record; then [`watch`]. Everything
//! that waits does so on the injected clock, and all concurrency is joined futures, never spawned tasks: the daemon is
//! one future, so dropping it is a crash, and the simulator can play weeks of it in a second.

#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::string_slice))]

pub mod asked;
pub mod brake;
pub mod breaker;
pub mod chores;
pub mod cli;
pub mod clock;
pub mod config;
pub mod control;
pub mod daemon;
pub mod daily;
pub mod engine;
pub mod exit;
pub mod faults;
pub mod hand;
pub mod heartbeat;
pub mod lease;
pub mod observe;
pub mod order;
pub mod outage;
pub mod private;
pub mod progress;
pub mod pulse;
pub mod registry;
pub mod render;
pub mod report;
pub mod retention;
pub mod round;
pub mod sinks;
pub mod upkeep;
pub mod watch;
