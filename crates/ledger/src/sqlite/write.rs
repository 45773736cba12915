//! The changes, in SQL. Every function works inside a transaction of its caller.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension as _, Transaction, params};
use serde::Serialize;
use simian_core::{
    AccountId, Birth, Change, Claim, ClaimRecord, Claimed, Draft, Event, Key, LedgerError, Mark, MarkId, Mode, Region,
    Slot,
};
use uuid::Uuid;

use super::{Trouble, read};
use crate::WRITER;

fn to_json(value: &impl Serialize) -> Result<String, Trouble> {
    serde_json::to_string(value).map_err(|error| Trouble::Content(error.to_string()))
}

/// Seals the drafts onto the head, and moves the head.
pub(super) fn append(transaction: &Transaction<'_>, birth: Uuid, drafts: Vec<Draft>) -> Result<Vec<Event>, Trouble> {
    if drafts.is_empty() {
        return Ok(Vec::new());
    }
    let (mut seq, mut hash): (u64, String) = transaction
        .prepare_cached("SELECT seq, hash FROM heads WHERE writer = ?1")?
        .query_row([WRITER], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let mut insert = transaction.prepare_cached("INSERT INTO events (seq, event) VALUES (?1, ?2)")?;
    let mut events = Vec::with_capacity(drafts.len());
    for draft in drafts {
        let event = Event::seal(draft, birth, WRITER, seq + 1, hash.clone());
        insert.execute(params![event.seq, event.canonical()])?;
        seq = event.seq;
        hash.clone_from(&event.hash);
        events.push(event);
    }
    transaction
        .prepare_cached("UPDATE heads SET seq = ?2, hash = ?3 WHERE writer = ?1")?
        .execute(params![WRITER, seq, hash])?;
    Ok(events)
}

pub(super) fn apply(transaction: &Transaction<'_>, change: Change) -> Result<(), Trouble> {
    match change {
        Change::Move { key, by, stage, outcome, watch } => {
            amend_claim(transaction, &key, |claim| claim.move_on(&by, stage, outcome, watch))
        }
        Change::Hold { key, from, to } => amend_claim(transaction, &key, |claim| claim.hold(&from, to)),
        Change::Pause(pause) => {
            transaction
                .prepare_cached("INSERT OR REPLACE INTO pauses (id, pause) VALUES (?1, ?2)")?
                .execute(params![pause.id, to_json(&pause)?])?;
            Ok(())
        }
        Change::PauseOnce(pause) => {
            let put = transaction
                .prepare_cached("INSERT OR IGNORE INTO pauses (id, pause) VALUES (?1, ?2)")?
                .execute(params![pause.id, to_json(&pause)?])?;
            if put == 0 { Err(Trouble::Ledger(LedgerError::Paused(pause.id))) } else { Ok(()) }
        }
        Change::Resume(id) => {
            let ended = transaction.prepare_cached("DELETE FROM pauses WHERE id = ?1")?.execute([&id])?;
            if ended == 0 { Err(Trouble::Ledger(LedgerError::NoPause(id))) } else { Ok(()) }
        }
        Change::FirstRun(at) => amend_birth(transaction, |birth| birth.lifted = birth.lifted.or(Some(at))),
        Change::Woken(at) => amend_birth(transaction, |birth| birth.woken = birth.woken.or(Some(at))),
        Change::FindingOpened { id, draft } => {
            transaction
                .prepare_cached("INSERT OR REPLACE INTO findings (id, draft) VALUES (?1, ?2)")?
                .execute(params![id, to_json(&draft.kept())?])?;
            Ok(())
        }
        Change::FindingClosed { id } => {
            transaction.prepare_cached("DELETE FROM findings WHERE id = ?1")?.execute([id])?;
            Ok(())
        }
        Change::Mark { id, from, to } => amend_mark(transaction, &id, from.as_deref(), to.as_deref()),
        Change::Survey { scope, from, to } => {
            let (account, region) = (scope.account.as_str(), scope.region.as_str());
            let insert = "INSERT OR IGNORE INTO surveys (account, region, seen) VALUES (?1, ?2, ?3)";
            let update = "UPDATE surveys SET seen = ?3 WHERE account = ?1 AND region = ?2 AND seen = ?4";
            match from {
                None => transaction.prepare_cached(insert)?.execute(params![account, region, to])?,
                Some(from) => transaction.prepare_cached(update)?.execute(params![account, region, to, from])?,
            };
            Ok(())
        }
        Change::FleetChanged { account, region } => {
            transaction
                .prepare_cached(
                    "DELETE FROM surveys WHERE account = coalesce(?1, account) AND region = coalesce(?2, region)",
                )?
                .execute(params![account.as_ref().map(AccountId::as_str), region.as_ref().map(Region::as_str)])?;
            Ok(())
        }
        Change::Sights { account, seen, gone } => {
            let mut forget = transaction.prepare_cached("DELETE FROM sights WHERE account = ?1 AND unit = ?2")?;
            for unit in gone {
                forget.execute(params![account.as_str(), unit])?;
            }
            let mut remember =
                transaction.prepare_cached("INSERT OR IGNORE INTO sights (account, unit, date) VALUES (?1, ?2, ?3)")?;
            for (unit, date) in seen {
                remember.execute(params![account.as_str(), unit, date.to_string()])?;
            }
            Ok(())
        }
    }
}

fn amend_birth(transaction: &Transaction<'_>, amend: impl FnOnce(&mut Birth)) -> Result<(), Trouble> {
    let mut birth = read::birth(transaction)?;
    amend(&mut birth);
    transaction.prepare_cached("UPDATE ledger SET birth = ?1")?.execute([to_json(&birth)?])?;
    Ok(())
}

fn amend_mark(
    transaction: &Transaction<'_>,
    id: &MarkId,
    from: Option<&Mark>,
    to: Option<&Mark>,
) -> Result<(), Trouble> {
    let MarkId { mode, scope, resource } = id;
    let place = [mode.as_str(), scope.account.as_str(), scope.region.as_str(), &resource.to_string()];
    let found: Option<String> = transaction
        .prepare_cached("SELECT mark FROM marks WHERE mode = ?1 AND account = ?2 AND region = ?3 AND resource = ?4")?
        .query_row(place, |row| row.get(0))
        .optional()?;
    let found: Option<Mark> = found.map(|mark| read::json(&id.to_string(), &mark)).transpose()?;
    if found.as_ref() != from {
        return Err(Trouble::Ledger(LedgerError::Overtaken(id.to_string())));
    }
    let [mode, account, region, resource] = place;
    match to {
        Some(mark) => transaction
            .prepare_cached(
                "INSERT OR REPLACE INTO marks (mode, account, region, resource, mark) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![mode, account, region, resource, to_json(mark)?])?,
        None => transaction
            .prepare_cached("DELETE FROM marks WHERE mode = ?1 AND account = ?2 AND region = ?3 AND resource = ?4")?
            .execute(params![mode, account, region, resource])?,
    };
    Ok(())
}

fn amend_claim(
    transaction: &Transaction<'_>,
    key: &Key,
    amend: impl FnOnce(&mut ClaimRecord) -> Result<(), LedgerError>,
) -> Result<(), Trouble> {
    let Some(mut record) = claimed(transaction, key)? else {
        return Err(Trouble::Ledger(LedgerError::Unclaimed(key.to_string())));
    };
    amend(&mut record).map_err(Trouble::Ledger)?;
    transaction
        .prepare_cached("UPDATE claims SET record = ?2 WHERE key = ?1")?
        .execute(params![key.as_str(), to_json(&record)?])?;
    Ok(())
}

fn claimed(transaction: &Transaction<'_>, key: &Key) -> Result<Option<ClaimRecord>, Trouble> {
    let record: Option<String> = transaction
        .prepare_cached("SELECT record FROM claims WHERE key = ?1")?
        .query_row([key.as_str()], |row| row.get(0))
        .optional()?;
    record.map(|record| read::json(&format!("the claim {key}"), &record)).transpose()
}

/// Tries one claim; what it does not win, it does not change.
pub(super) fn claim(transaction: &Transaction<'_>, claim: &Claim) -> Result<Claimed, Trouble> {
    if let Some(record) = claimed(transaction, &claim.key)? {
        return Ok(Claimed::Taken { at: record.at, holder: record.claim.holder });
    }
    let targets = u32::try_from(claim.targets.len()).unwrap_or(u32::MAX);
    let mut sums = BTreeMap::new();
    for slot in &claim.slots {
        let (counter, used, fits, limit) = match slot {
            Slot::Idle | Slot::Since { .. } => match in_the_way(transaction, claim, slot)? {
                Some(record) => return Ok(Claimed::Taken { at: record.at, holder: record.claim.holder }),
                None => continue,
            },
            Slot::Day { counter, cost, limit } => {
                let used = match sums.get(counter.as_str()) {
                    Some(sum) => *sum,
                    None => spent(transaction, counter)?,
                };
                let sum = used.saturating_add(*cost);
                sums.insert(counter.as_str(), sum);
                (counter.as_str(), used, limit.is_none_or(|limit| sum <= limit), *limit)
            }
            Slot::Concurrent { limit: None } | Slot::Unrecovered { limit: None } => continue,
            Slot::Concurrent { limit: Some(limit) } => {
                let used = gauge(transaction, ACTED_ON_OR_WATCHED, claim.mode)?;
                ("concurrent", used, used.saturating_add(targets) <= *limit, Some(*limit))
            }
            Slot::Unrecovered { limit: Some(limit) } => {
                let used = gauge(transaction, UNRECOVERED, claim.mode)?;
                ("unrecovered", used, used < *limit, Some(*limit))
            }
        };
        if let (false, Some(limit)) = (fits, limit) {
            return Ok(Claimed::Full { counter: counter.into(), used, limit });
        }
    }
    let mut put = transaction.prepare_cached("INSERT OR REPLACE INTO counters (name, used) VALUES (?1, ?2)")?;
    for (counter, sum) in sums {
        put.execute(params![counter, sum])?;
    }
    transaction
        .prepare_cached("INSERT INTO claims (key, record) VALUES (?1, ?2)")?
        .execute(params![claim.key.as_str(), to_json(&ClaimRecord::won(claim))?])?;
    Ok(Claimed::Won)
}

/// Claims of a unit that are open, or of a later date: what may be in another's way.
pub(super) const OF_UNIT: &str = "SELECT record FROM claims INDEXED BY claims_unit \
     WHERE mode = ?1 AND account = ?2 AND full_unit = ?3 AND (stage <> 'closed' OR date > ?4) ORDER BY key";

/// The claim, first by key, on the same unit that such a slot forbids.
fn in_the_way(transaction: &Transaction<'_>, claim: &Claim, slot: &Slot) -> Result<Option<ClaimRecord>, Trouble> {
    let since = match slot {
        Slot::Since { last: Some(last) } => last.to_string(),
        Slot::Since { last: None } => String::new(),
        _ => claim.date.to_string(),
    };
    let (account, unit) = (claim.scope.account.as_str(), claim.full_unit());
    let mut of_unit = transaction.prepare_cached(OF_UNIT)?;
    let mut rows = of_unit.query(params![claim.mode.as_str(), account, unit, since])?;
    while let Some(row) = rows.next()? {
        let record: ClaimRecord = read::json(&format!("a claim of {unit}"), &row.get::<_, String>(0)?)?;
        if record.is_in_the_way(slot) {
            return Ok(Some(record));
        }
    }
    Ok(None)
}

fn spent(transaction: &Transaction<'_>, counter: &str) -> Result<u32, Trouble> {
    let used = transaction
        .prepare_cached("SELECT used FROM counters WHERE name = ?1")?
        .query_row([counter], |row| row.get(0))
        .optional()?;
    Ok(used.unwrap_or(0))
}

/// `stage <> 'closed'` says nothing new to us, but it is what lets SQLite use the index of the open claims.
pub(super) const ACTED_ON_OR_WATCHED: &str = "SELECT coalesce(sum(targets), 0) FROM claims \
     WHERE mode = ?1 AND stage IN ('acting', 'watching') AND stage <> 'closed'";
pub(super) const UNRECOVERED: &str = "SELECT coalesce(sum(targets), 0) FROM claims \
     WHERE mode = ?1 AND stage = 'unrecovered' AND stage <> 'closed'";

fn gauge(transaction: &Transaction<'_>, sql: &str, mode: Mode) -> Result<u32, Trouble> {
    let sum: u64 = transaction.prepare_cached(sql)?.query_row([mode.as_str()], |row| row.get(0))?;
    Ok(u32::try_from(sum).unwrap_or(u32::MAX))
}

/// Moves a sink's cursor on, never back.
pub(super) fn advance(transaction: &Transaction<'_>, sink: &str, seq: u64) -> Result<(), Trouble> {
    transaction
        .prepare_cached(
            "INSERT INTO cursors (sink, seq) VALUES (?1, ?2) \
             ON CONFLICT (sink) DO UPDATE SET seq = max(seq, excluded.seq)",
        )?
        .execute(params![sink, seq])?;
    Ok(())
}
