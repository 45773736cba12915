//! An adversary: it plays whole weeks of the real daemon on the simulated account, does to it all that owners, operators,
//! machines and AWS may do, at the worst moment, and holds what came of it against a model of its own.
//!
//! - A week is a [`Scenario`]: a value, drawn from a seed by [`generate`]. So is a month of the janitor, by
//!   [`months::generate`].
//! - [`Week::play`] plays it. The same scenario is the same week, to the byte.
//! - What was wrong is a [`Violation`]; [`shrink`] makes the week that shows it short.
//!
//! What may not happen here: a wall clock in a week, chance that is not drawn from the seed, and a rule that asks the code
//! which it judges.

pub mod generate;
mod model;
pub mod months;
pub mod run;
pub mod scenario;
pub mod shrink;
pub mod tally;
mod violation;
mod world;

pub use scenario::Scenario;
pub use tally::Tally;
pub use violation::Violation;
pub use world::Week;
