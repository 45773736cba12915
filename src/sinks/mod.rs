//! Who is told of events, besides the ledger.
//!
//! Each sink is told from the ledger, in order, from its own cursor: it may be down for a day and misses nothing. It may
//! hear an event twice, always with the same id.
//!
//! What may not happen here: no event that the ledger does not have, none before an earlier one of the same sink, and no
//! cursor that passes an event before the sink took it.

mod pump;
mod stdout;
pub mod webhook;

use simian_core::{Event, EventQuery, LedgerError, Sink, SinkError};

pub use pump::pump;
pub use stdout::{Format, Stdout};

use crate::engine::Engine;

/// Events read and told at a time. After so many the cursor moves: it is the most that a crash makes a sink hear twice.
const BATCH: usize = 10;

/// Lets each sink without a cursor begin where the ledger ends now, so that a new sink on an old ledger hears no history.
/// Called before this process records anything: then a new ledger is told from its first event on. A sink without a
/// cursor that never came here is told everything.
pub async fn begin(engine: &Engine, sinks: &[Box<dyn Sink>]) -> Result<(), LedgerError> {
    let cursors = engine.ledger.cursors().await?;
    let head = head(engine).await?;
    for sink in sinks.iter().filter(|sink| !cursors.contains_key(sink.name())) {
        if head > 0 {
            tracing::info!(sink = sink.name(), after = head, "a new sink hears what is recorded from now on");
        }
        engine.ledger.advance(sink.name(), head).await?;
    }
    Ok(())
}

/// The number of the ledger's last event.
async fn head(engine: &Engine) -> Result<u64, LedgerError> {
    Ok(engine.ledger.heads().await?.values().map(|head| head.seq).max().unwrap_or(0))
}

/// Tells a sink all that it has not been told. Returns why it stopped before the end, if it did.
pub async fn drain(engine: &Engine, sink: &dyn Sink) -> Result<Option<SinkError>, LedgerError> {
    loop {
        let batch = next(engine, sink).await?;
        if batch.events.is_empty() {
            return Ok(None);
        }
        if let Some(refused) = tell(engine, sink, &batch).await?.refused {
            return Ok(Some(refused));
        }
    }
}

/// The next few events that a sink has not been told.
struct Batch {
    /// The sink's cursor.
    after: u64,
    events: Vec<Event>,
}

async fn next(engine: &Engine, sink: &dyn Sink) -> Result<Batch, LedgerError> {
    let after = engine.ledger.cursor(sink.name()).await?;
    let query = EventQuery { after: Some(after), limit: Some(BATCH), ..EventQuery::default() };
    Ok(Batch { after, events: engine.ledger.events(&query).await? })
}

/// What came of a batch.
struct Told {
    /// Whether it took any.
    some: bool,
    /// Why it did not take all.
    refused: Option<SinkError>,
}

/// Tells a batch, and moves the cursor as far as the sink took it.
async fn tell(engine: &Engine, sink: &dyn Sink, batch: &Batch) -> Result<Told, LedgerError> {
    let (told, refused) = sink.publish(&batch.events).await;
    let last = told.checked_sub(1).and_then(|last| batch.events.get(last));
    if let Some(last) = last {
        engine.ledger.advance(sink.name(), last.seq).await?;
    }
    Ok(Told { some: last.is_some(), refused })
}
