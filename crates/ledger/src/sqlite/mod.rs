//! The ledger on SQLite: one file, one process that writes, any number that read.
//!
//! The calls to SQLite run inline in the async functions, under a mutex that is never held across an `await`. A local
//! commit takes milliseconds, nothing else may go on before it is on disk, and a kill switch that waits for a pool of
//! threads is no better than one that waits for the disk.
//!
//! What may not happen here: an update of an event, a counter that goes down, and a delete of an event, a claim or a
//! counter outside `compact`, which says there what it may not remove.

mod compact;
mod file;
mod lock;
mod read;
mod reader;
mod schema;
mod write;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use rusqlite::{Connection, Transaction, TransactionBehavior};
use simian_core::{
    AccountId, Birth, Change, Claim, ClaimQuery, ClaimRecord, Claimed, Compacted, Compaction, Draft, Event, EventQuery,
    Head, Ledger, LedgerError, Mark, MarkId, Mode, Pause, Region,
};
use uuid::Uuid;

use lock::ProcessLock;
use reader::Reader;

/// How long closing waits for readers before it leaves the log for the next opener.
const LAST_CHECKPOINT_WAITS: Duration = Duration::from_millis(100);

/// A ledger in a file.
///
/// Opened for writing, it holds an exclusive lock on `<path>.lock` for as long as it lives, whatever else this or
/// another process does. Opened for reading only, it locks nothing, and every write is [`LedgerError::Write`].
#[derive(Debug)]
pub struct SqliteLedger(Door);

#[derive(Debug)]
enum Door {
    Writing(Mutex<Owner>),
    Reading(Mutex<Reader>),
}

/// The one connection that writes. The fields are dropped in this order: the lock goes last.
#[derive(Debug)]
struct Owner {
    connection: Connection,
    birth: Uuid,
    _lock: ProcessLock,
}

/// What can go wrong inside, before it is known whether it was a read or a write.
#[derive(Debug)]
enum Trouble {
    Sql(rusqlite::Error),
    /// Something stored does not read as what it should be.
    Content(String),
    Ledger(LedgerError),
}

impl From<rusqlite::Error> for Trouble {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl Trouble {
    fn opening(self, path: &Path) -> LedgerError {
        match self {
            Self::Sql(error) => file::cannot_open(path, error.to_string()),
            Self::Content(why) => file::cannot_open(path, why),
            Self::Ledger(error) => error,
        }
    }

    fn reading(self) -> LedgerError {
        match self {
            Self::Sql(error) => LedgerError::Read(error.to_string()),
            Self::Content(why) => LedgerError::Read(why),
            Self::Ledger(error) => error,
        }
    }

    fn writing(self) -> LedgerError {
        match self {
            Self::Sql(error) => LedgerError::Write(error.to_string()),
            Self::Content(why) => LedgerError::Write(why),
            Self::Ledger(error) => error,
        }
    }
}

impl SqliteLedger {
    /// Opens the ledger at `path` for writing, or makes one, born as `birth_id` at `now`. Its directory must exist.
    /// The file is for its user alone (0600), whatever the process's umask is.
    ///
    /// # Errors
    /// [`LedgerError::Held`] while another process has it open for writing, [`LedgerError::Newer`], and
    /// [`LedgerError::Open`] for everything else, also when there is a file that is no ledger: it is left as it is.
    pub fn create_or_open(path: impl AsRef<Path>, birth_id: Uuid, now: DateTime<Utc>) -> Result<Self, LedgerError> {
        let path = file::resolve(path.as_ref())?;
        file::look(&path)?;
        let lock = ProcessLock::take(&path)?;
        // Only now is it certain that nobody else makes one.
        if !file::look(&path)? {
            file::create(&path, &Birth::new(birth_id, now))?;
        }
        Self::own(&path, lock)
    }

    /// Opens the ledger at `path` for writing.
    ///
    /// # Errors
    /// [`LedgerError::Missing`] if there is none, else as [`SqliteLedger::create_or_open`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, LedgerError> {
        let path = Self::existing(path.as_ref())?;
        let lock = ProcessLock::take(&path)?;
        Self::own(&path, lock)
    }

    /// Opens the ledger at `path` for reading, whether or not a daemon writes to it. Makes and changes no file; the
    /// right to read the ledger, its `-wal` and its `-shm` is enough. A process that wants both opens for writing first.
    ///
    /// # Errors
    /// [`LedgerError::Missing`] if there is none, [`LedgerError::Newer`], else [`LedgerError::Open`].
    pub fn open_read_only(path: impl AsRef<Path>) -> Result<Self, LedgerError> {
        let path = Self::existing(path.as_ref())?;
        Ok(Self(Door::Reading(Mutex::new(Reader::open(&path)?))))
    }

    fn existing(path: &Path) -> Result<std::path::PathBuf, LedgerError> {
        let resolved = file::resolve(path)?;
        if file::look(&resolved)? {
            Ok(resolved)
        } else {
            Err(LedgerError::Missing { path: path.display().to_string() })
        }
    }

    fn own(path: &Path, lock: ProcessLock) -> Result<Self, LedgerError> {
        let connection = file::connect_for_writing(path)?;
        let birth = read::birth(&connection).map_err(|trouble| trouble.opening(path))?.id;
        Ok(Self(Door::Writing(Mutex::new(Owner { connection, birth, _lock: lock }))))
    }

    fn read<T>(&self, ask: impl Fn(&Connection) -> Result<T, Trouble>) -> Result<T, LedgerError> {
        match &self.0 {
            Door::Writing(owner) => {
                let owner = owner.lock().unwrap_or_else(PoisonError::into_inner);
                ask(&owner.connection).map_err(Trouble::reading)
            }
            Door::Reading(reader) => reader.lock().unwrap_or_else(PoisonError::into_inner).read(ask),
        }
    }

    /// One transaction: on disk when this returns `Ok`, and gone without a trace when it returns anything else.
    fn write<T>(&self, change: impl FnOnce(&Transaction<'_>, Uuid) -> Result<T, Trouble>) -> Result<T, LedgerError> {
        let Door::Writing(owner) = &self.0 else {
            return Err(LedgerError::Write("it is open for reading only".into()));
        };
        // A panic dropped its transaction, and so rolled it back: there is nothing poisoned to fear.
        let mut owner = owner.lock().unwrap_or_else(PoisonError::into_inner);
        let birth = owner.birth;
        let all = |connection: &mut Connection| -> Result<T, Trouble> {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let result = change(&transaction, birth)?;
            transaction.commit()?;
            Ok(result)
        };
        all(&mut owner.connection).map_err(Trouble::writing)
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        // So that the database is whole without its log, as who copies it by hand will expect. If it fails, the log
        // stays and the next opener does it.
        let _ = self.connection.busy_timeout(LAST_CHECKPOINT_WAITS);
        let _ = self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    }
}

#[async_trait]
impl Ledger for SqliteLedger {
    fn exclusive(&self) -> bool {
        matches!(self.0, Door::Writing(_))
    }

    async fn birth(&self) -> Result<Birth, LedgerError> {
        self.read(read::birth)
    }

    async fn pauses(&self) -> Result<Vec<Pause>, LedgerError> {
        self.read(read::pauses)
    }

    async fn commit(&self, drafts: Vec<Draft>, changes: Vec<Change>) -> Result<Vec<Event>, LedgerError> {
        self.write(|transaction, birth| {
            let events = write::append(transaction, birth, drafts)?;
            changes.into_iter().try_for_each(|change| write::apply(transaction, change))?;
            Ok(events)
        })
    }

    async fn claim(&self, claims: &[Claim]) -> Result<Vec<Claimed>, LedgerError> {
        self.write(|transaction, _| claims.iter().map(|claim| write::claim(transaction, claim)).collect())
    }

    async fn events(&self, query: &EventQuery) -> Result<Vec<Event>, LedgerError> {
        self.read(|connection| read::events(connection, query))
    }

    async fn claims(&self, query: &ClaimQuery) -> Result<Vec<ClaimRecord>, LedgerError> {
        self.read(|connection| read::claims(connection, query))
    }

    async fn last_actions(&self, mode: Mode, account: &AccountId) -> Result<BTreeMap<String, NaiveDate>, LedgerError> {
        self.read(|connection| read::last_actions(connection, mode, account))
    }

    async fn counters(&self, mode: Mode, date: NaiveDate) -> Result<BTreeMap<String, u32>, LedgerError> {
        self.read(|connection| read::counters(connection, mode, date))
    }

    async fn findings(&self, account: &AccountId) -> Result<BTreeMap<String, Draft>, LedgerError> {
        self.read(|connection| read::findings(connection, account))
    }

    async fn sights(&self, account: &AccountId) -> Result<BTreeMap<String, NaiveDate>, LedgerError> {
        self.read(|connection| read::sights(connection, account))
    }

    async fn marks(&self, mode: Mode, account: &AccountId) -> Result<BTreeMap<MarkId, Mark>, LedgerError> {
        self.read(|connection| read::marks(connection, mode, account))
    }

    async fn surveys(&self, account: &AccountId) -> Result<BTreeMap<Region, u64>, LedgerError> {
        self.read(|connection| read::surveys(connection, account))
    }

    async fn compact(&self, order: &Compaction) -> Result<Compacted, LedgerError> {
        self.write(|transaction, birth| compact::compact(transaction, birth, order))
    }

    async fn checkpoints(&self) -> Result<BTreeMap<String, Head>, LedgerError> {
        self.read(|connection| read::places(connection, "checkpoints"))
    }

    async fn heads(&self) -> Result<BTreeMap<String, Head>, LedgerError> {
        self.read(|connection| read::places(connection, "heads"))
    }

    async fn cursor(&self, sink: &str) -> Result<u64, LedgerError> {
        self.read(|connection| read::cursor(connection, sink))
    }

    async fn cursors(&self) -> Result<BTreeMap<String, u64>, LedgerError> {
        self.read(read::cursors)
    }

    async fn advance(&self, sink: &str, seq: u64) -> Result<(), LedgerError> {
        self.write(|transaction, _| write::advance(transaction, sink, seq))
    }
}
