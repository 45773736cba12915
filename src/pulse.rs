//! The daemon's sign of life, for whoever restarts one that gives none: a port, so that the daemon knows nothing of
//! systemd.

use chrono::TimeDelta;

/// Whoever watches over the daemon.
pub trait Pulse: Send + Sync {
    /// How long the daemon may let it wait from one beat to the next; `None` if it does not matter.
    fn every(&self) -> Option<TimeDelta>;
    /// The daemon's own turn came round: the ledger answered, if only with an error, and nothing blocks the thread.
    fn beat(&self);
}

/// Nobody watches: for single rounds, the sandbox and tests.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unwatched;

impl Pulse for Unwatched {
    fn every(&self) -> Option<TimeDelta> {
        None
    }
    fn beat(&self) {}
}
