//! Everything that talks to AWS: one account as a [`Cloud`](simian_core::ports::Cloud), an
//! [`Actuator`](simian_core::ports::Actuator) and its [`Guests`](simian_core::ports::Guests), and a topic as a
//! [`Sink`](simian_core::ports::Sink).
//!
//! Pages become the core's own small types as they arrive and are dropped; no SDK type leaves this crate. Nothing here
//! decides anything, and nothing repeats on its own but for the SDK's three tries of a read or a publication. A write is
//! tried once. Every call waits for its turn in a bucket of its own API and region; a write waits for a
//! second at most. There is no global state: no client exists and no file is read before `connect`.

#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::string_slice))]

mod account;
mod actuator;
mod alarms;
mod alter;
mod attached;
mod balancers;
mod base;
mod calendars;
mod clients;
mod cloud;
mod convert;
mod disposal;
mod error;
mod experiments;
mod guests;
mod instances;
mod launches;
mod limits;
mod marks;
mod ourselves;
mod pages;
#[cfg(test)]
mod policies;
mod quarantine;
mod resources;
mod roles;
mod routes;
mod scaling;
mod sharing;
mod skew;
mod sns;
mod standing;
mod time;

pub use account::{Account, ConnectError, Options};
pub use sns::{SnsSink, Topic, TopicError};
