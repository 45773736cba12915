//! What a round is to do.

use simian_core::{Mode, Request};

/// What a round is to do beside looking.
#[derive(Clone, Debug)]
pub struct Order {
    /// The most that it may do; the account's mode may be more careful.
    pub mode: Mode,
    /// A game day's request. With one, only what it asked for is done, and no plan is published.
    pub request: Option<Request>,
    /// The first round of a day also surveys groups whose opt-in cannot be read, to tell their owners.
    pub thorough: bool,
}

impl Order {
    /// A look, as far as the account's mode lets it go.
    pub const USUAL: Order = Order { mode: Mode::Live, request: None, thorough: false };
    /// The daemon's round: once a day it looks more closely.
    pub const DAILY: Order = Order { mode: Mode::Live, request: None, thorough: true };
}
