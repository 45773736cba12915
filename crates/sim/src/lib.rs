//! A simulated AWS account: seeded, in virtual time, with groups that heal, and awkward on purpose.
//!
//! [`SimAccount`] implements the ports [`Cloud`](simian_core::Cloud) and [`Actuator`](simian_core::Actuator);
//! [`VirtualClock`] and [`ScaledClock`] implement [`Clock`](simian_core::Clock); [`MemorySink`] implements
//! [`Sink`](simian_core::Sink). The same seed and the same calls at the same times give the same answers, to the byte.
//!
//! - What the account does of itself (instances boot, groups notice the dead and replace them) is in `healing` and
//!   `launching`; what is shown of it in `activities`, `refresh` and `targets`.
//! - What it needs for that, and may lack, is in `supplies`; what says that this is a bad moment, in `signals`.
//! - What the world does to it is an [`Operation`], done now or scheduled.
//! - What goes wrong between us and it is the [`Weather`] and the scripted [`Fault`]s.
//! - What is really so, whatever a stale answer says, is the [`Truth`].
//!
//! What may not happen here: no wall clock but in [`ScaledClock`], no thread, no iteration over a hash map, no chance
//! that is not drawn from the seed.

#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::string_slice))]

mod account;
mod activities;
mod actuator;
mod alterations;
mod calling;
mod chance;
mod clock;
mod cloud;
mod estate;
mod experiments;
mod group;
mod guests;
mod healing;
mod instance;
mod launching;
mod operation;
mod past;
mod perform;
mod refresh;
mod sandbox;
mod signals;
mod sink;
mod state;
mod supplies;
mod targets;
mod traffic;
mod truth;
mod weather;

pub use account::SimAccount;
pub use alterations::Altered;
pub use chance::Chance;
pub use clock::{Deadlock, MAX_POLLS_AN_INSTANT, ScaledClock, VirtualClock};
pub use estate::{Ended, Held};
pub use experiments::Trial;
pub use group::GroupSpec;
pub use guests::{GuestFault, Ran};
pub use instance::{EndedBy, Life};
pub use operation::{Operation, Performed, Who};
pub use sandbox::{SANDBOX_ACCOUNT, SANDBOX_REGIONS, sandbox};
pub use simian_core::GroupId;
pub use sink::{MemorySink, Refusal};
pub use targets::Rule;
pub use traffic::{CALL_LOG, CallRecord, Fault, call};
pub use truth::{Described, Truth};
pub use weather::{Bucket, Outage, Weather};
