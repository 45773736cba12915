//! Every kind of fault, a family a file: its parameters, and the functions of its part of the script.

mod resources;

use crate::kind::Kind;

/// Every kind, in the order in which people read them.
pub static KINDS: &[&Kind] = &[&resources::BURN_CPU];
