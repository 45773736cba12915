//! Every kind of fault, a family a file: its parameters, and the functions of its part of the script.

mod dependencies;
mod grave;
mod network;
mod processes;
mod resources;

use crate::kind::Kind;

/// Every kind, in the order in which people read them.
pub static KINDS: &[&Kind] = &[
    &resources::BURN_CPU,
    &resources::BURN_IO,
    &resources::FILL_DISK,
    &resources::FILL_MEMORY,
    &network::LATENCY,
    &network::LOSS,
    &network::CORRUPT,
    &network::DUPLICATE,
    &network::REORDER,
    &network::BANDWIDTH,
    &processes::KILL_PROCESS,
    &processes::PAUSE_PROCESS,
    &dependencies::BLACKHOLE,
    &dependencies::NULL_ROUTE,
    &dependencies::DNS,
    &grave::CLOCK_SKEW,
    &grave::KERNEL_PANIC,
];
