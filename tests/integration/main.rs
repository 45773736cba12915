//! The program and the library against an AWS account on a loopback port: what is called, what is ended, what the
//! ledger says of it, and what a person is told.
//!
//! Every test has an account and a folder of its own, and ends by asking the program whether its ledger is sound and
//! the account whether it could do all that was asked of it.
#![cfg(feature = "aws")]

mod accounts;
mod calendars;
mod clusters;
mod cost;
mod daemon;
mod day;
mod detail;
mod dial;
mod experiments;
mod explain;
mod game_day;
mod limits;
mod month;
#[path = "../../crates/aws/tests/moto/mod.rs"]
#[expect(dead_code, reason = "the tests of the AWS crate use the rest of it")]
mod moto;
mod ourselves;
mod outage;
mod place;
mod plan;
mod post;
mod process;
mod server;
mod stops;
mod trouble;
mod waste;
mod webhook;
mod whole_way;
