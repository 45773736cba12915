//! Sinks are told from the ledger, each from its own cursor: a sink may be down for a day and misses nothing.

mod stdout;

use chrono::TimeDelta;
use simian_core::{EventQuery, LedgerError, Sink};
use tokio_util::sync::CancellationToken;

pub use stdout::{Format, Stdout};

use crate::engine::Engine;

/// Events read and told at a time.
const BATCH: usize = 100;

/// The first wait after a refusal, and the longest: doubled in between.
const WAIT: (TimeDelta, TimeDelta) = (TimeDelta::seconds(1), TimeDelta::seconds(60));

/// Tells a sink everything from its cursor on, for as long as the daemon runs. A refusing sink is tried again for ever,
/// ever less often, and so is a ledger that cannot be read or written; each new reason is logged once. What was
/// recorded before the stop is still told.
pub async fn pump(engine: &Engine, sink: &dyn Sink, stop: &CancellationToken) {
    let mut wait = WAIT.0;
    let mut said = None;
    loop {
        // Made before the ledger is read, so that nothing recorded meanwhile is slept through.
        let recorded = engine.recorded.notified();
        // Asked before the drain: what is recorded before a stop is drained after it was seen.
        let stopping = stop.is_cancelled();
        let trouble = match drain(engine, sink).await {
            Ok(None) => None,
            Ok(Some(refused)) => Some(refused.to_string()),
            Err(error) => Some(error.to_string()),
        };
        if stopping {
            return;
        }
        if let Some(error) = trouble {
            if said.as_ref() != Some(&error) {
                tracing::warn!(sink = sink.name(), error, "a sink takes no events; they wait in the ledger");
                said = Some(error);
            }
            tokio::select! {
                biased;
                () = stop.cancelled() => {}
                () = engine.clock.sleep_until(engine.clock.now() + wait) => {}
            }
            wait = (wait * 2).min(WAIT.1);
        } else {
            wait = WAIT.0;
            said = None;
            tokio::select! {
                biased;
                () = stop.cancelled() => {}
                () = recorded => {}
            }
        }
    }
}

/// Tells a sink all that it has not been told. Returns why it stopped before the end, if it did.
pub async fn drain(engine: &Engine, sink: &dyn Sink) -> Result<Option<simian_core::SinkError>, LedgerError> {
    loop {
        let after = engine.ledger.cursor(sink.name()).await?;
        let query = EventQuery { after: Some(after), limit: Some(BATCH), ..EventQuery::default() };
        let events = engine.ledger.events(&query).await?;
        if events.is_empty() {
            return Ok(None);
        }
        let (told, refused) = sink.publish(&events).await;
        if let Some(last) = told.checked_sub(1).and_then(|last| events.get(last)) {
            engine.ledger.advance(sink.name(), last.seq).await?;
        }
        if refused.is_some() {
            return Ok(refused);
        }
    }
}
