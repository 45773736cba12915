//! How far long work has come, for a person who waits: told through a port, so that whoever works knows nothing of
//! terminals. Nothing may depend on it: a silent one is always right.

/// Whoever wants to know how far work has come.
pub trait Progress: Send + Sync {
    /// So many steps are to be done: `what` is a word such as `surveying`, `of` what is counted. Work of the same kind
    /// that begins meanwhile adds to it.
    fn begin(&self, what: &'static str, of: &'static str, steps: u64);
    /// So many more are done. When all are, the work is over.
    fn done(&self, steps: u64);
}

/// Tells nobody: for daemons, pipes and tests.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _what: &'static str, _of: &'static str, _steps: u64) {}
    fn done(&self, _steps: u64) {}
}
