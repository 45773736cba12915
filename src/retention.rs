//! How long the ledger remembers: once a day, what is older than the operator wants to keep is removed.
//!
//! What may not happen here: an event removed that a sink has not told. A sink that is down for a month keeps a month of
//! events, however short the operator wants it. And nobody who waits for the ledger, with a kill switch perhaps, waits
//! for more than one piece.

use chrono::{DateTime, TimeDelta, Utc};
use simian_core::{Compacted, Compaction, LedgerError, Sink};

use crate::engine::Engine;

/// The least that may be kept: a week for plans that nobody finished, four for the sinks to catch up in, and more than
/// any cool-down of days that an owner would ask for to be counted from what is told here.
pub const LEAST: TimeDelta = TimeDelta::days(35);

/// Rows of a kind in one piece. Two thousand events and their six indexes are some ten milliseconds.
const PIECE: u32 = 2_000;

/// Between two pieces, so that everybody else has the ledger meanwhile.
const REST: TimeDelta = TimeDelta::milliseconds(50);

/// Removes what happened before so long ago, as far as every sink has told it. Returns how much that was.
pub async fn keep(engine: &Engine, sinks: &[Box<dyn Sink>], keep: TimeDelta) -> Result<Compacted, LedgerError> {
    let now = engine.clock.now();
    let order = Compaction { at: now, before: before(now, keep), upto: told(engine, sinks).await?, most: PIECE };
    let mut all = Compacted::default();
    loop {
        let piece = engine.ledger.compact(&Compaction { at: engine.clock.now(), ..order }).await?;
        all.events += piece.events;
        all.claims += piece.claims;
        all.counters += piece.counters;
        if piece != Compacted::default() {
            engine.recorded.notify_waiters();
        }
        if !piece.more {
            return Ok(all);
        }
        engine.clock.sleep_until(engine.clock.now() + REST).await;
    }
}

/// When what is kept begins. Whatever is asked for, the least is kept.
fn before(now: DateTime<Utc>, keep: TimeDelta) -> DateTime<Utc> {
    now.checked_sub_signed(keep.max(LEAST)).unwrap_or(DateTime::<Utc>::MIN_UTC)
}

/// The number of the last event that every sink has told.
async fn told(engine: &Engine, sinks: &[Box<dyn Sink>]) -> Result<u64, LedgerError> {
    let mut told = u64::MAX;
    for sink in sinks {
        told = told.min(engine.ledger.cursor(sink.name()).await?);
    }
    Ok(told)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use async_trait::async_trait;
    use futures_util::FutureExt;
    use simian_core::{Clock, Dice, Draft, Event, EventQuery, Kind, Ledger, Mode, SinkError};
    use simian_ledger::MemoryLedger;
    use simian_sim::VirtualClock;
    use uuid::Uuid;

    use super::*;

    struct Deaf(&'static str);

    #[async_trait]
    impl Sink for Deaf {
        fn name(&self) -> &'static str {
            self.0
        }
        async fn publish(&self, _: &[Event]) -> (usize, Option<SinkError>) {
            (0, None)
        }
    }

    /// A ledger with an event a day, and the engine a hundred days later.
    fn hundred_days() -> (VirtualClock, Engine) {
        let start = DateTime::UNIX_EPOCH;
        let ledger = MemoryLedger::new(Uuid::from_u128(7), start);
        let daily = |n| Draft::new(start + TimeDelta::days(n), Kind::RoundClosed, Mode::Live, "");
        ledger.commit((0..100).map(daily).collect(), vec![]).now_or_never().unwrap().unwrap();
        let clock = VirtualClock::new(start + TimeDelta::days(100));
        let engine = Engine::new(Arc::new(clock.clone()), Arc::new(ledger), Dice::new("retention"), "one");
        (clock, engine)
    }

    fn kept(days: i64, sinks: &[Box<dyn Sink>], told: &[(&str, u64)]) -> (u64, u64) {
        let (clock, engine) = hundred_days();
        clock.drive(async {
            for (sink, seq) in told {
                engine.ledger.advance(sink, *seq).await.unwrap();
            }
            let compacted = keep(&engine, sinks, TimeDelta::days(days)).await.unwrap();
            let left = engine.ledger.events(&EventQuery::default()).await.unwrap();
            (compacted.events, left[0].seq)
        })
    }

    #[test]
    fn what_is_older_goes_and_the_least_stays() {
        assert_eq!(kept(60, &[], &[]), (40, 41));
        assert_eq!(kept(100, &[], &[]), (0, 1), "a hundred days are as old as it is");
        assert_eq!(kept(1, &[], &[]), (65, 66), "35 days stay, whatever was asked for");
    }

    #[test]
    fn the_slowest_sink_keeps_what_it_has_not_told() {
        let sinks = || -> Vec<Box<dyn Sink>> { vec![Box::new(Deaf("sns")), Box::new(Deaf("webhook"))] };
        assert_eq!(kept(60, &sinks(), &[("sns", 100), ("webhook", 10)]), (10, 11));
        assert_eq!(kept(60, &sinks(), &[("sns", 100)]), (0, 1), "and one that has told nothing keeps all");
        assert_eq!(kept(60, &sinks()[..1], &[("sns", 100)]), (40, 41), "who is no longer there waits for nothing");
    }

    #[test]
    fn many_events_go_in_pieces_with_time_between_them() {
        let (clock, engine) = hundred_days();
        let began = clock.now();
        clock.drive(async {
            let old = |n| Draft::new(DateTime::UNIX_EPOCH + TimeDelta::seconds(n), Kind::RoundClosed, Mode::Live, "");
            let ledger = MemoryLedger::new(Uuid::from_u128(8), DateTime::UNIX_EPOCH);
            ledger.commit((0..=i64::from(PIECE) * 2).map(old).collect(), vec![]).await.unwrap();
            let engine = Engine { ledger: Arc::new(ledger), ..engine };
            let all = keep(&engine, &[], TimeDelta::days(35)).await.unwrap();
            assert_eq!(all.events, u64::from(PIECE) * 2 + 1);
            let told = engine.ledger.events(&EventQuery::default()).await.unwrap();
            assert_eq!(told.iter().map(|event| event.body.counts["events"]).collect::<Vec<_>>(), [2_000, 2_000, 1]);
        });
        assert_eq!(clock.now() - began, REST * 2, "others have it meanwhile");
    }
}
