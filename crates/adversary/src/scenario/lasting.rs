//! Faults that last: how the operator has them, and what somebody does to whoever has one.

use serde::{Deserialize, Serialize};

/// How faults that last are made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultSetup {
    /// How many minutes each lasts.
    pub minutes: u32,
    /// How late packets are, in milliseconds.
    pub delay: u32,
    /// AWS FIS does what it can.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub fis: bool,
}

/// What is done to an instance that has a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Meddling {
    /// Its agent falls silent.
    Silence,
    /// Its agent, and every other of the region, answers again.
    Answer,
    /// Its fault's tags are taken away.
    LoseTags,
    /// Its interfaces get other security groups.
    Groups,
    /// Its volumes are put elsewhere.
    Volumes,
    /// Out of standby.
    Serve,
    /// It ends.
    Kill,
}
