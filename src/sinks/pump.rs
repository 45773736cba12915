//! What keeps a sink told while the daemon runs: the tries, the waits between them, and what the log says of it.

use chrono::{DateTime, TimeDelta, Utc};
use simian_core::{LedgerError, Sink, SinkError};
use tokio_util::sync::CancellationToken;

use super::{Told, head, next, tell};
use crate::engine::Engine;

/// The wait after the first refusal; it doubles with each one more.
const FIRST: TimeDelta = TimeDelta::seconds(1);

/// The longest wait for a sink that may come back by itself: so soon is noticed that it did.
const LONGEST: TimeDelta = TimeDelta::seconds(60);

/// The longest wait for one that an operator must mend. Who has just mended it should not have to wait longer.
const LONGEST_LASTING: TimeDelta = TimeDelta::minutes(5);

/// The longest wait that a sink may ask for. Whoever asks for more is tried anyway.
const LONGEST_ASKED: TimeDelta = TimeDelta::minutes(15);

/// The log tells of a sink whose next event is older than this. A shorter trouble is told by its reason alone.
const BEHIND: TimeDelta = TimeDelta::minutes(5);

/// Tells a sink everything from its cursor on, for as long as the daemon runs. A refusing sink is tried again for ever,
/// ever less often, and so is a ledger that cannot be read or written; each new reason is logged once, and so is falling
/// behind and catching up. What was recorded before the stop is still told.
pub async fn pump(engine: &Engine, sink: &dyn Sink, stop: &CancellationToken) {
    let mut tries = Tries::default();
    let mut backlog = Backlog::default();
    loop {
        // Made before the ledger is read, so that nothing recorded meanwhile is slept through.
        let recorded = engine.recorded.notified();
        // Asked before the drain: what is recorded before a stop is drained after it was seen.
        let stopping = stop.is_cancelled();
        let trouble = drain(engine, sink, &mut tries, &mut backlog).await;
        if stopping {
            return;
        }
        let again = match trouble {
            None => None,
            Some(trouble) => {
                tries.failed(sink, &trouble);
                Some(tries.next(engine, sink, &trouble))
            }
        };
        let wake = async {
            match again {
                Some(again) => engine.clock.sleep_until(again).await,
                None => recorded.await,
            }
        };
        tokio::select! {
            biased;
            () = stop.cancelled() => {}
            () = wake => {}
        }
    }
}

/// Why there is something that the sink has not heard.
enum Trouble {
    /// It took no more.
    Sink(SinkError),
    /// The ledger could not be read, or its cursor not be moved.
    Ledger(LedgerError),
}

/// Tells a sink all that it has not been told, and keeps the accounts of it. Returns what stopped it before the end.
async fn drain(engine: &Engine, sink: &dyn Sink, tries: &mut Tries, backlog: &mut Backlog) -> Option<Trouble> {
    loop {
        let batch = match next(engine, sink).await {
            Ok(batch) => batch,
            Err(error) => return Some(Trouble::Ledger(error)),
        };
        let Some(oldest) = batch.events.first() else {
            *tries = Tries::default();
            backlog.over(engine, sink);
            return None;
        };
        if let Err(error) = backlog.look(engine, sink, batch.after, oldest.body.at).await {
            return Some(Trouble::Ledger(error));
        }
        match tell(engine, sink, &batch).await {
            Ok(Told { some, refused }) => {
                if some {
                    // A sink that takes something now and then is no dead one.
                    tries.refusals = 0;
                }
                if let Some(error) = refused {
                    return Some(Trouble::Sink(error));
                }
            }
            Err(error) => return Some(Trouble::Ledger(error)),
        }
    }
}

/// How often in a row it went wrong, and what was said of it.
#[derive(Default)]
struct Tries {
    refusals: u32,
    said: Option<String>,
}

impl Tries {
    /// Counts a failure, and logs its reason if that is a new one.
    fn failed(&mut self, sink: &dyn Sink, trouble: &Trouble) {
        self.refusals = self.refusals.saturating_add(1);
        let error = match trouble {
            Trouble::Sink(error) => error.to_string(),
            Trouble::Ledger(error) => error.to_string(),
        };
        if self.said.as_ref() != Some(&error) {
            tracing::warn!(sink = sink.name(), error, "a sink takes no events; they wait in the ledger");
            self.said = Some(error);
        }
    }

    /// When to try again: doubled with each failure, up to a limit, and up to half of it less by the dice, so that many
    /// daemons do not come back to a sink at the same moment. Later if the sink asked for that.
    fn next(&self, engine: &Engine, sink: &dyn Sink, trouble: &Trouble) -> DateTime<Utc> {
        let now = engine.clock.now();
        let (longest, asked) = match trouble {
            Trouble::Sink(error) => (if error.lasting { LONGEST_LASTING } else { LONGEST }, error.wait),
            Trouble::Ledger(_) => (LONGEST, None),
        };
        let doubled = FIRST * 2_i32.pow(self.refusals.saturating_sub(1).min(20));
        let whole = doubled.min(longest);
        let half = u32::try_from(whole.num_milliseconds() / 2).unwrap_or(0);
        let draw = format!("{}/{}/{}", engine.holder, sink.name(), now.timestamp_millis());
        let less = engine.dice.on("sink-wait", now.date_naive()).below(&[&draw], half + 1);
        let wait = whole - TimeDelta::milliseconds(i64::from(less));
        now + wait.max(asked.unwrap_or_default().min(LONGEST_ASKED))
    }
}

/// Since when the log knows that the sink is behind.
#[derive(Default)]
struct Backlog {
    since: Option<DateTime<Utc>>,
}

impl Backlog {
    /// Logs, once, that the sink has fallen behind.
    async fn look(
        &mut self,
        engine: &Engine,
        sink: &dyn Sink,
        after: u64,
        oldest: DateTime<Utc>,
    ) -> Result<(), LedgerError> {
        let now = engine.clock.now();
        if self.since.is_none() && now - oldest >= BEHIND {
            let events = head(engine).await?.saturating_sub(after);
            let oldest_seconds = (now - oldest).num_seconds();
            tracing::warn!(sink = sink.name(), events, oldest_seconds, "a sink has fallen behind");
            self.since = Some(now);
        }
        Ok(())
    }

    /// It was told everything.
    fn over(&mut self, engine: &Engine, sink: &dyn Sink) {
        if let Some(since) = self.since.take() {
            let after_seconds = (engine.clock.now() - since).num_seconds();
            tracing::info!(sink = sink.name(), after_seconds, "a sink caught up");
        }
    }
}
