//! How all of it works together: the config, the texts, and what is made of a world.

mod config;
mod outlook;
mod properties;
mod texts;
