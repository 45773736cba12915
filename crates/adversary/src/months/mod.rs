//! The second game: months of the janitor. Owners use, keep, share and rename what they have, others delete it, and all
//! that may go wrong with machines, ledgers, operators and AWS goes wrong, while the janitor marks, announces, saves and
//! deletes.
//!
//! A month is a [`Scenario`](crate::Scenario) like a week, with an estate and a janitor in its setup; it is played by the
//! same world, shortened and kept in the same way. What is judged is in [`model`].
//!
//! What may not happen here: a rule that asks the code which it judges, and a week of chaos that changes because of a
//! month.

pub mod generate;
pub(crate) mod model;
mod perform;
pub(crate) mod ports;
mod setup;
mod things;
pub(crate) mod wire;

pub(crate) use setup::MARK;
pub use setup::{Deed, JanitorSetup, KeepSetup, Thing, Word};
pub(crate) use things::resource;
