//! What the daemon looks after beside its rounds: pauses that come and go without anybody's word, the breaker, its own
//! sign of life, and what is too old to be kept.

use chrono::TimeDelta;
use simian_core::{LedgerError, Sink};
use tokio_util::sync::CancellationToken;

use crate::engine::Engine;
use crate::{breaker, control, retention};

/// How often, if nobody who watches over us wants to hear more often.
const TURN: TimeDelta = TimeDelta::minutes(1);

/// Goes round for ever, also while the daemon drains: until its work has ended somebody waits for its sign of life. A
/// turn that ends with an error is a turn all the same. Only one that never ends, or never begins, is silence.
pub async fn upkeep(engine: &Engine) {
    let turn = engine.pulse.every().map_or(TURN, |every| every.min(TURN));
    let mut said = None;
    loop {
        let work = async {
            control::settle(engine).await?;
            breaker::look(engine).await
        };
        told(&mut said, work.await, "pauses and the breaker cannot be looked after");
        engine.pulse.beat();
        engine.clock.sleep_until(engine.clock.now() + turn).await;
    }
}

/// Removes what is too old to be kept, once a day, until it is stopped.
pub async fn forget(engine: &Engine, sinks: &[Box<dyn Sink>], stop: &CancellationToken) {
    let Some(keep) = engine.keep else { return };
    let mut said = None;
    let mut compacted = None;
    loop {
        let turn = async {
            let today = engine.clock.now().date_naive();
            if compacted != Some(today) {
                let done = retention::keep(engine, sinks, keep).await.map(|_| compacted = Some(today));
                told(&mut said, done, "old events cannot be removed");
            }
            engine.clock.sleep_until(engine.clock.now() + TURN).await;
        };
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            () = turn => {}
        }
    }
}

/// Logs an error that was not the last one too.
fn told(said: &mut Option<String>, ended: Result<(), LedgerError>, what: &str) {
    let error = ended.err().map(|error| error.to_string());
    if let Some(error) = error.as_ref().filter(|_| *said != error) {
        tracing::error!(error, "{what}");
    }
    *said = error;
}
