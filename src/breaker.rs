//! The breaker: so many failed recoveries in a row, anywhere, pull the kill switch. Perhaps it is we who do not understand
//! this fleet.
//!
//! The rail of the same name counts at every judgement. This makes it a pause: it is told, it is seen in the last look
//! before a call, and it stays until a person has looked into it.

use simian_core::{Change, Draft, Event, History, Kind, LedgerError, Pause};

use crate::control;
use crate::engine::Engine;

/// Trips when as many recoveries failed in a row as the operator allows. It trips once, whoever looks at the same time.
pub async fn look(engine: &Engine) -> Result<(), LedgerError> {
    let Some(limit) = limit(engine) else { return Ok(()) };
    let ledger = engine.ledger.as_ref();
    // Mostly this is all: a few rows, and the newest of them is a recovery.
    if History::failures(ledger, limit).await?.len() < limit {
        return Ok(());
    }
    if ledger.pauses().await?.iter().any(|pause| pause.id == Pause::BREAKER) {
        return Ok(());
    }
    let failed = History::failures(ledger, usize::MAX).await?;
    let names: Vec<String> = failed.iter().filter_map(name).collect();
    let why = format!("the last {} actions did not recover in time: {}", failed.len(), names.join(", "));
    let pause = Pause { id: Pause::BREAKER.into(), ..Pause::new(engine.clock.now(), Pause::BREAKER, why) };
    let paused = control::told(engine, Kind::DaemonPaused, &pause);
    let tripped = Draft { kind: Kind::BreakerTripped, ..paused.clone() };
    let tripped = tripped.count("failed", failed.len() as u64).count("limit", limit as u64);
    match engine.record(vec![tripped, paused], vec![Change::PauseOnce(pause)]).await {
        // Somebody was quicker, and told it.
        Err(LedgerError::Paused(_)) => Ok(()),
        other => other.map(drop),
    }
}

/// How many in a row are too many: the operator says it once for all accounts.
fn limit(engine: &Engine) -> Option<usize> {
    let policies = engine.accounts.iter().map(|account| &account.policy);
    let limits = policies.filter(|policy| policy.has(Pause::BREAKER)).filter_map(|policy| policy.breaker);
    limits.min().map(|limit| limit as usize)
}

/// Whom a failed recovery is about.
fn name(event: &Event) -> Option<String> {
    let body = &event.body;
    Some(format!("{} in {}", body.unit.as_ref()?, body.region.as_ref()?))
}
