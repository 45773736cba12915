//! The simulated account, by its promises.

mod actuator;
mod clock;
mod crash;
mod faults;
mod filters;
mod healing;
mod repeatable;
mod sandbox;
mod sink;
mod speed;
mod stale;
mod world;
