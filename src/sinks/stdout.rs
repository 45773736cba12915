//! Standard output: the journal's, under systemd; a person's, in a terminal.

use std::io::Write;

use async_trait::async_trait;
use chrono_tz::Tz;
use simian_core::{Event, Sink, SinkError};

use crate::render;

/// How an event is written.
#[derive(Clone, Copy, Debug)]
pub enum Format {
    /// The canonical JSON, one event a line.
    Json,
    /// One line for eyes, in that zone; with colours or without. Events that only machines want are left out.
    Human {
        /// The zone of the times.
        zone: Tz,
        /// Whether to colour.
        colour: bool,
    },
}

/// Writes events to standard output.
#[derive(Clone, Copy, Debug)]
pub struct Stdout(pub Format);

#[async_trait]
impl Sink for Stdout {
    fn name(&self) -> &'static str {
        "stdout"
    }

    async fn publish(&self, events: &[Event]) -> (usize, Option<SinkError>) {
        let mut out = std::io::stdout().lock();
        for (told, event) in events.iter().enumerate() {
            let line = match self.0 {
                Format::Json => Some(event.canonical()),
                Format::Human { zone, colour } => render::line(&event.body, zone, colour),
            };
            if let Some(error) = line.and_then(|line| writeln!(out, "{line}").err()) {
                return (told, Some(SinkError::new("stdout", format!("cannot write: {error}"), false)));
            }
        }
        match out.flush() {
            Ok(()) => (events.len(), None),
            Err(error) => (0, Some(SinkError::new("stdout", error.to_string(), false))),
        }
    }
}
