//! `simian audit export`: events out of the ledger, a page at a time.

use std::fs::{self, File};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use simian_core::{EventQuery, Ledger, LedgerError};

use super::{ExportArgs, moment, page};
use crate::cli::private;
use crate::exit::{Exit, Failure};

/// Why an export ended early.
#[derive(Debug, thiserror::Error)]
enum ExportError {
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error("cannot write {to}: {why}")]
    Write { to: String, why: io::Error },
}

pub(super) async fn run(ledger: &dyn Ledger, args: &ExportArgs, now: DateTime<Utc>) -> Result<Exit, Failure> {
    let until = args.until.as_deref().map(|text| moment("--until", text, now)).transpose()?;
    let query = EventQuery { until, ..args.filter.query(now)? };
    let ended = match &args.output {
        None => write_all(ledger, &query, "standard output", &mut io::stdout().lock()).await.map(drop),
        Some(path) => match to_file(ledger, &query, path).await {
            Ok(written) => {
                return crate::cli::print(&format!("{written} events in {}", path.display())).map(|()| Exit::Done);
            }
            Err(error) => Err(error),
        },
    };
    match ended {
        // Whoever reads has seen enough.
        Err(ExportError::Write { why, .. }) if why.kind() == ErrorKind::BrokenPipe => Ok(Exit::Done),
        Err(ExportError::Ledger(error)) => Err(error.into()),
        Err(error) => Err(Failure::new(Exit::Usage, error)),
        Ok(()) => Ok(Exit::Done),
    }
}

/// Writes what matches. Returns how many.
async fn write_all(
    ledger: &dyn Ledger,
    query: &EventQuery,
    to: &str,
    out: &mut impl Write,
) -> Result<u64, ExportError> {
    let failed = |why| ExportError::Write { to: to.to_owned(), why };
    let (mut after, mut written) = (0, 0);
    loop {
        let events = ledger.events(&page(query, after)).await?;
        let Some(last) = events.last() else { break };
        after = last.seq;
        for event in &events {
            writeln!(out, "{}", event.canonical()).map_err(failed)?;
            written += 1;
        }
    }
    out.flush().map_err(failed)?;
    Ok(written)
}

/// Writes beside the file and moves it into place when it is whole and on disk: nobody reads half an export.
async fn to_file(ledger: &dyn Ledger, query: &EventQuery, path: &Path) -> Result<u64, ExportError> {
    let half = Half::new(path);
    let failed = |why| ExportError::Write { to: path.display().to_string(), why };
    let file = private().create_new(true).open(&half.0).map_err(failed)?;
    let mut out = BufWriter::new(file);
    let written = write_all(ledger, query, &path.display().to_string(), &mut out).await?;
    let whole = |out: BufWriter<File>| -> io::Result<()> {
        out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        fs::rename(&half.0, path)
    };
    whole(out).map_err(failed)?;
    Ok(written)
}

/// The file while it is not whole; gone with this value.
struct Half(PathBuf);

impl Half {
    fn new(path: &Path) -> Self {
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.half", std::process::id()));
        Self(path.with_file_name(name))
    }
}

impl Drop for Half {
    fn drop(&mut self) {
        // In its place by now, if all went well.
        let _ = fs::remove_file(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use simian_core::{Draft, Kind, Mode};
    use simian_ledger::MemoryLedger;
    use uuid::Uuid;

    use super::*;
    use crate::cli::audit::PAGE;

    fn ledger(events: usize) -> MemoryLedger {
        let at = DateTime::UNIX_EPOCH;
        let ledger = MemoryLedger::new(Uuid::from_u128(7), at);
        let draft = |n: usize| {
            let kind = if n.is_multiple_of(3) { Kind::ActionDone } else { Kind::RoundClosed };
            Draft::new(at + chrono::TimeDelta::seconds(i64::try_from(n).unwrap()), kind, Mode::Live, "")
        };
        ledger.commit((0..events).map(draft).collect(), vec![]).now_or_never().unwrap().unwrap();
        ledger
    }

    fn exported(ledger: &MemoryLedger, query: &EventQuery) -> Vec<u64> {
        let mut out = Vec::new();
        let written = write_all(ledger, query, "memory", &mut out).now_or_never().unwrap().unwrap();
        let text = String::from_utf8(out).unwrap();
        let events: Vec<simian_core::Event> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(events.len() as u64, written);
        events.iter().map(|event| event.seq).collect()
    }

    #[test]
    fn every_page_is_written_once_and_in_order() {
        for events in [0, 1, PAGE - 1, PAGE, PAGE + 1, 2 * PAGE + 5] {
            let all: Vec<u64> = (1..=events as u64).collect();
            assert_eq!(exported(&ledger(events), &EventQuery::default()), all);
        }
        let done = EventQuery { kinds: vec![Kind::ActionDone], ..EventQuery::default() };
        assert_eq!(exported(&ledger(4 * PAGE), &done).len(), (4 * PAGE).div_ceil(3));
    }

    #[test]
    fn a_file_is_there_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("all.jsonl");
        fs::write(&path, "what was there before").unwrap();
        let to =
            |ledger: &MemoryLedger, path: &Path| to_file(ledger, &EventQuery::default(), path).now_or_never().unwrap();
        assert_eq!(to(&ledger(5), &path).unwrap(), 5);
        assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 5);
        assert!(to(&ledger(5), &folder.path().join("no/such/folder")).is_err());
        // In the place of a folder no file can come.
        let taken = folder.path().join("folder");
        fs::create_dir(&taken).unwrap();
        assert!(to(&ledger(5), &taken).unwrap_err().to_string().contains("folder"));
        let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left.len(), 2, "{left:?}");
    }
}
