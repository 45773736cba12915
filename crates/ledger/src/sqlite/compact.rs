//! Removing what is too old: the only deletes of events, claims and counters that there are.
//!
//! What may not happen here: an event removed from anywhere but the front of its chain, or without the checkpoint that
//! the rest is verified from; an open claim removed, or the one that a unit's cool-down is counted from; a commit that
//! the kill switch would have to wait for.
//!
//! The file does not become smaller. Pages that fall free are used again, so a ledger that is compacted every day stops
//! growing. Giving them back to the disk would need `auto_vacuum`, which a file has from its birth or gets by being
//! rewritten whole under a lock, and which moves pages about in every commit from then on.

use std::sync::LazyLock;

use rusqlite::{Transaction, params};
use simian_core::ledger::{counter_prefix, counters_of};
use simian_core::{Compacted, Compaction, Head, Mode, Outcome};
use uuid::Uuid;

use super::{Trouble, write};
use crate::WRITER;

const MODES: [Mode; 2] = [Mode::Live, Mode::DryRun];

/// Removes at most so many of each, tells of it, and moves the checkpoint.
pub(super) fn compact(transaction: &Transaction<'_>, birth: Uuid, order: &Compaction) -> Result<Compacted, Trouble> {
    let (events, last) = remove_events(transaction, order)?;
    let claims = remove_claims(transaction, order)?;
    let counters = remove_counters(transaction, order)?;
    let full = |removed: u64| removed > 0 && removed == u64::from(order.most);
    let more = full(events) || full(claims) || full(counters);
    let compacted = Compacted { events, claims, counters, more };
    if let Some(place) = &last {
        transaction
            .prepare_cached(
                "INSERT INTO checkpoints (writer, seq, hash) VALUES (?1, ?2, ?3) \
                 ON CONFLICT (writer) DO UPDATE SET seq = excluded.seq, hash = excluded.hash",
            )?
            .execute(params![WRITER, place.seq, place.hash])?;
    }
    write::append(transaction, birth, compacted.draft(order, WRITER, last.as_ref()).into_iter().collect())?;
    Ok(compacted)
}

/// The oldest events, by number. The first that is to stay ends it.
pub(super) const OLDEST: &str =
    "SELECT seq, event ->> '$.hash', at < ?3 FROM events WHERE seq <= ?1 ORDER BY seq LIMIT ?2";

fn remove_events(transaction: &Transaction<'_>, order: &Compaction) -> Result<(u64, Option<Head>), Trouble> {
    let upto = i64::try_from(order.upto).unwrap_or(i64::MAX);
    let (mut count, mut last) = (0, None);
    let mut oldest = transaction.prepare_cached(OLDEST)?;
    let mut rows = oldest.query(params![upto, order.most, super::read::bound(order.horizon())])?;
    while let Some(row) = rows.next()? {
        if !row.get::<_, bool>(2)? {
            break;
        }
        last = Some(Head { seq: row.get(0)?, hash: row.get(1)? });
        count += 1;
    }
    drop(rows);
    if let Some(Head { seq, .. }) = last {
        transaction.prepare_cached("DELETE FROM events WHERE seq <= ?1")?.execute([seq])?;
    }
    Ok((count, last))
}

/// Old closed claims of a mode, of which their unit needs nothing any more. Which outcomes count is for the core to say.
pub(super) static OLD_CLAIMS: LazyLock<String> = LazyLock::new(|| {
    let words = Outcome::ALL.into_iter().filter(|outcome| outcome.counts());
    let words: Vec<String> = words.map(|outcome| format!("'{outcome}'")).collect();
    let counts = |claim: &str| format!("({claim}.outcome IS NULL OR {claim}.outcome IN ({}))", words.join(", "));
    format!(
        "SELECT c.key FROM claims AS c INDEXED BY claims_date \
         WHERE c.mode = ?1 AND c.date < ?2 AND c.stage = 'closed' AND (NOT {} OR EXISTS ( \
             SELECT 1 FROM claims AS l INDEXED BY claims_unit \
             WHERE l.mode = c.mode AND l.account = c.account AND l.full_unit = c.full_unit AND {} \
             AND (l.date, l.key) > (c.date, c.key) \
         )) LIMIT ?3",
        counts("c"),
        counts("l")
    )
});

fn remove_claims(transaction: &Transaction<'_>, order: &Compaction) -> Result<u64, Trouble> {
    let mut removed = 0;
    for mode in MODES {
        let left = u64::from(order.most) - removed;
        let mut remove = transaction.prepare_cached(&format!("DELETE FROM claims WHERE key IN ({})", *OLD_CLAIMS))?;
        removed += remove.execute(params![mode.as_str(), order.date().to_string(), left])? as u64;
    }
    Ok(removed)
}

pub(super) const OLD_COUNTERS: &str = "SELECT name FROM counters WHERE name >= ?1 AND name < ?2 LIMIT ?3";

fn remove_counters(transaction: &Transaction<'_>, order: &Compaction) -> Result<u64, Trouble> {
    let mut removed = 0;
    for mode in MODES {
        let left = u64::from(order.most) - removed;
        let mut remove = transaction.prepare_cached(&format!("DELETE FROM counters WHERE name IN ({OLD_COUNTERS})"))?;
        removed += remove.execute(params![counters_of(mode), counter_prefix(mode, order.date()), left])? as u64;
    }
    Ok(removed)
}
