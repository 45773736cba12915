//! The whole pipeline on a simulated account: the real rounds, rails, hand, watch, sinks and kill switch. Only the cloud
//! and the clock are made up.
//!
//! Each test reads like a page of the manual and ends with [`World::audit`](world::World::audit), which holds what the
//! cloud really shows against what the ledger says and what the sink was told.

mod alarmed;
mod awkward;
mod batches;
mod breaker;
mod budgets;
mod candidates;
mod clusters;
mod crash;
mod experiments;
mod faults;
mod fussy;
mod heartbeat;
mod hooked;
mod identity;
mod janitor;
mod latency;
mod ledger;
mod live;
mod midway;
mod owners;
mod pause;
mod progress;
mod rails;
mod reboots;
mod recovered;
mod regions;
mod reload;
mod replicas;
mod restart;
mod several;
mod sinks;
mod stale;
mod stop;
mod suspend;
mod unclear;
mod veto_window;
mod world;
