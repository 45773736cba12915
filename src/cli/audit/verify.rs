//! `simian audit verify`: every chain from its birth, or from its checkpoint, to its head.

use std::collections::BTreeMap;

use simian_core::event::{Chain, ChainError};
use simian_core::{EventQuery, Head, Kind, Ledger, LedgerError};

use super::{VerifyArgs, against, page};
use crate::cli::{Format, print};
use crate::exit::{Exit, Failure};

/// What was found of one chain.
struct Found {
    writer: String,
    /// Where it begins, if its front was compacted.
    checkpoint: Option<Head>,
    /// The number and the hash of the last event that is sound.
    last: Head,
    problem: Option<Problem>,
}

/// What is wrong with a chain.
#[derive(Debug, thiserror::Error)]
enum Problem {
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// Whoever deletes old events by hand would have to write a checkpoint, and leave out the event that tells of it.
    #[error(
        "writer `{writer}`: the ledger's checkpoint is event {seq}, but no event tells that it was compacted up to \
         there: its front was cut off"
    )]
    Untold { writer: String, seq: u64 },
}

pub(super) async fn run(ledger: &dyn Ledger, args: &VerifyArgs) -> Result<Exit, Failure> {
    let checkpoints = ledger.checkpoints().await?;
    let mut broken = false;
    for (writer, head) in ledger.heads().await? {
        let found = verify(ledger, writer, &head, &checkpoints).await?;
        broken |= found.problem.is_some();
        print(&match args.format {
            Format::Json => found.json(),
            Format::Table => found.words(),
        })?;
    }
    if let Some(path) = &args.against {
        broken |= against::run(ledger, path, args.format).await?;
    }
    Ok(if broken { Exit::Ledger } else { Exit::Done })
}

async fn verify(
    ledger: &dyn Ledger,
    writer: String,
    head: &Head,
    checkpoints: &BTreeMap<String, Head>,
) -> Result<Found, LedgerError> {
    let checkpoint = checkpoints.get(&writer).cloned();
    let mut chain = match &checkpoint {
        Some(checkpoint) => Chain::after(checkpoint, &writer),
        None => Chain::new(ledger.birth().await?.id, &writer),
    };
    let mut end = told(ledger, &writer, checkpoint.as_ref()).await?;
    while end.is_ok() {
        let (after, _) = chain.head();
        let events = ledger.events(&page(&EventQuery::default(), after)).await?;
        if events.is_empty() {
            end = chain.end(head).map_err(Problem::from);
            break;
        }
        end = events.iter().try_for_each(|event| chain.check(event)).map_err(Problem::from);
    }
    let (seq, hash) = chain.head();
    let last = Head { seq, hash: hash.to_owned() };
    Ok(Found { writer, checkpoint, last, problem: end.err() })
}

/// Whether an event tells of the checkpoint.
async fn told(
    ledger: &dyn Ledger,
    writer: &str,
    checkpoint: Option<&Head>,
) -> Result<Result<(), Problem>, LedgerError> {
    let Some(checkpoint) = checkpoint else { return Ok(Ok(())) };
    let telling = EventQuery {
        kinds: vec![Kind::LedgerCompacted],
        key_prefix: Some(checkpoint.checkpoint_key(writer)),
        ..EventQuery::default()
    };
    let told = !ledger.events(&telling).await?.is_empty();
    Ok(if told { Ok(()) } else { Err(Problem::Untold { writer: writer.to_owned(), seq: checkpoint.seq }) })
}

impl Found {
    /// How many events are there and sound.
    fn events(&self) -> u64 {
        self.last.seq - self.checkpoint.as_ref().map_or(0, |checkpoint| checkpoint.seq)
    }

    fn json(&self) -> String {
        serde_json::json!({
            "writer": self.writer, "events": self.events(), "head": self.last.hash, "sound": self.problem.is_none(),
            "compacted": self.checkpoint.as_ref().map_or(0, |checkpoint| checkpoint.seq),
            "problem": self.problem.as_ref().map(ToString::to_string),
        })
        .to_string()
    }

    fn words(&self) -> String {
        let Found { writer, last, .. } = self;
        let before = match &self.checkpoint {
            Some(checkpoint) => format!(", after {} that were compacted", checkpoint.seq),
            None => String::new(),
        };
        match &self.problem {
            None => format!("writer {writer}: {} events, unbroken{before}; head {}", self.events(), last.hash),
            Some(problem) => format!("writer {writer}: {problem}; the {} events before are sound", self.events()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use chrono::{DateTime, TimeDelta};
    use futures_util::FutureExt;
    use rusqlite::{Connection, params};
    use simian_core::{Compaction, Draft, Event, Mode};
    use simian_ledger::SqliteLedger;
    use tempfile::TempDir;
    use uuid::Uuid;

    use super::*;

    fn now<T>(future: impl Future<Output = T>) -> T {
        future.now_or_never().expect("it answers at once")
    }

    /// A ledger's file with five events, a second apart.
    fn five() -> (TempDir, PathBuf, Vec<Event>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.db");
        let ledger = SqliteLedger::create_or_open(&path, Uuid::from_u128(7), DateTime::UNIX_EPOCH).unwrap();
        let at = |n| DateTime::UNIX_EPOCH + TimeDelta::seconds(n);
        let drafts = (1..=5).map(|n| Draft::new(at(n), Kind::RoundClosed, Mode::Live, "")).collect();
        let events = now(ledger.commit(drafts, vec![])).unwrap();
        (folder, path, events)
    }

    fn verified(path: &std::path::Path) -> Found {
        let ledger = SqliteLedger::open_read_only(path).unwrap();
        let (writer, head) = now(ledger.heads()).unwrap().pop_first().unwrap();
        now(verify(&ledger, writer, &head, &now(ledger.checkpoints()).unwrap())).unwrap()
    }

    fn compact(path: &std::path::Path) {
        let before = DateTime::UNIX_EPOCH + TimeDelta::seconds(3);
        let order = Compaction { at: before + TimeDelta::days(1), before, upto: u64::MAX, most: 9 };
        assert_eq!(now(SqliteLedger::open(path).unwrap().compact(&order)).unwrap().events, 2);
    }

    #[test]
    fn a_compacted_chain_is_sound_from_its_checkpoint_on_and_says_so() {
        let (_folder, path, _) = five();
        assert!(verified(&path).words().starts_with("writer main: 5 events, unbroken; head "));
        compact(&path);
        let found = verified(&path);
        assert!(found.problem.is_none(), "{}", found.words());
        assert!(found.words().starts_with("writer main: 4 events, unbroken, after 2 that were compacted; head "));
        assert!(found.json().contains(r#""compacted":2"#), "{}", found.json());
    }

    #[test]
    fn an_edit_after_the_checkpoint_is_found() {
        let (_folder, path, _) = five();
        compact(&path);
        let shell = Connection::open(&path).unwrap();
        shell.execute(r#"UPDATE events SET event = replace(event, '"live"', '"dry-run"') WHERE seq = 4"#, []).unwrap();
        shell.close().unwrap();
        let found = verified(&path);
        assert!(matches!(found.problem, Some(Problem::Chain(ChainError::Edited { seq: 4, .. }))), "{}", found.words());
        assert!(found.words().ends_with("the 1 events before are sound"), "{}", found.words());
    }

    #[test]
    fn a_front_that_somebody_cut_off_has_no_event_that_tells_of_it() {
        let (_folder, path, events) = five();
        let shell = Connection::open(&path).unwrap();
        shell.execute("DELETE FROM events WHERE seq <= 2", []).unwrap();
        shell.execute("INSERT INTO checkpoints VALUES ('main', 2, ?1)", params![events[1].hash]).unwrap();
        shell.close().unwrap();
        let found = verified(&path);
        assert!(matches!(found.problem, Some(Problem::Untold { seq: 2, .. })), "{}", found.words());
        assert!(found.words().contains("its front was cut off"), "{}", found.words());
    }
}
