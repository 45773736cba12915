//! `audit verify --against FILE`: a copy of the events that anybody may have written.

use chrono::{DateTime, TimeDelta};
use futures_util::FutureExt;
use simian::cli::{AgainstError, compare};
use simian_core::{Draft, Kind, Ledger, Mode};
use simian_ledger::MemoryLedger;
use uuid::Uuid;

/// JSON lines. `@N` alone on a line stands for the ledger's own event of that number.
pub fn audit(data: &[u8]) {
    let (ledger, own) = ledger();
    let (mut copy, mut honest, mut lines) = (Vec::new(), true, 0);
    for line in data.split(|byte| *byte == b'\n') {
        let number = line.strip_prefix(b"@").and_then(|n| std::str::from_utf8(n).ok()?.parse::<usize>().ok());
        match number.and_then(|n| own.get(n)) {
            Some(event) => copy.extend_from_slice(event.as_bytes()),
            None => {
                honest &= line.iter().all(u8::is_ascii_whitespace);
                copy.extend_from_slice(line);
            }
        }
        copy.push(b'\n');
        lines += 1;
    }
    let compared = compare(&ledger, &mut copy.as_slice()).now_or_never().expect("a ledger in memory answers at once");
    match compared {
        Ok(compared) => {
            assert!(compared.events() <= lines, "{} events in {lines} lines", compared.events());
            assert!(!honest || !compared.contradicts(), "an honest copy contradicts nothing");
        }
        Err(AgainstError::Line { line, why }) => {
            assert!((1..=lines).contains(&line) && !honest, "line {line} of {lines}: {why}");
            assert!(why.len() < 10_000, "{} bytes about line {line}", why.len());
        }
        Err(error) => panic!("{error}"),
    }
}

/// A ledger with five events, and these as they are exported.
fn ledger() -> (MemoryLedger, Vec<String>) {
    let at = |n| DateTime::UNIX_EPOCH + TimeDelta::seconds(n);
    let ledger = MemoryLedger::new(Uuid::from_u128(7), at(0));
    let drafts = (1..=5).map(|n| Draft::new(at(n), Kind::RoundClosed, Mode::Live, "it \"was\" over\n")).collect();
    let events = ledger.commit(drafts, Vec::new()).now_or_never().expect("at once").expect("it is in memory");
    (ledger, events.iter().map(simian_core::Event::canonical).collect())
}
