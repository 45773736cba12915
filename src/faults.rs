//! Faults that last: how one is made where it takes place, and how it is taken back.
//!
//! A fault inside a guest is a script, sent as a command: [`guest`]. One by the account's API is a list of changes, each
//! with what takes it back: [`account`]. Both leave a tag on each instance, which is enough to undo them: [`tags`].

pub(crate) mod account;
pub(crate) mod guest;
pub mod list;
pub(crate) mod tags;
pub mod undo;
