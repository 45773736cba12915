//! The simulated account, by its promises.

mod activities;
mod actuator;
mod clock;
mod crash;
mod faults;
mod filters;
mod healing;
mod launching;
mod reads;
mod refresh;
mod repeatable;
mod sandbox;
mod signals;
mod sink;
mod speed;
mod stale;
mod targets;
mod world;
