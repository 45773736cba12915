//! The stage on which a week is played: the real daemon between decorated ports, on the simulated account.

mod clock;
mod lasting;
pub(crate) mod log;
mod meddle;
mod perform;
pub(crate) mod ports;
mod process;
mod root;
pub(crate) mod stage;
mod week;

pub(crate) use meddle::FAULT_TAG;
pub(crate) use week::Judge;

pub use week::Week;
