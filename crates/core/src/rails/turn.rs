//! What rails look at that are not about units: proposals and chores have it in common.

use chrono::{DateTime, Utc};

use super::Policy;
use crate::scope::{Mode, Scope};
use crate::world::World;

/// What the rails that are not about units look at: who would act, where, and when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Turn<'a> {
    /// For real, or a rehearsal.
    pub(crate) mode: Mode,
    /// The monkey.
    pub(crate) monkey: &'a str,
    /// Where.
    pub(crate) scope: &'a Scope,
    /// The world that it was proposed for.
    pub(crate) world: &'a World,
    /// What the operator wants.
    pub(crate) policy: &'a Policy,
    /// When it would happen.
    pub(crate) at: DateTime<Utc>,
}
