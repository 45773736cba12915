//! The janitor from outside: a region goes in, chores come out.

mod accidents;
mod caution;
mod config;
mod days;
mod docs;
mod needs;
mod network;
mod prices;
mod properties;
mod rules;
mod stage;
mod things;
