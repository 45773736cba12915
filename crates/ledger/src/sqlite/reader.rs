//! Reading a ledger that is not ours: no lock is taken, no file is made, no byte is changed.
//!
//! A ledger on SQLite is three files: the database, its log (`-wal`) and the log's index (`-shm`). The daemon leaves
//! all three, so as a rule they are there, and we read them with `readonly_shm=1`: SQLite then neither creates nor
//! writes an index, whether a daemon is writing or none runs. A copy of the database alone has no log. SQLite would
//! make one; so such a file is opened as `immutable`, which is right only as long as nobody writes: we look after every
//! answer whether somebody came, and if so throw the answer away and ask again.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, SystemTime};

use rusqlite::{Connection, ffi};
use simian_core::LedgerError;

use super::Trouble;
use super::file::{self, beside, cannot_open};
use super::schema;

/// A daemon that starts or stops moves files about, and is done within a few of these.
const PAUSE: Duration = Duration::from_millis(50);
/// Together with the pause: a second.
const ATTEMPTS: u32 = 20;

/// A connection that only reads.
#[derive(Debug)]
pub(super) struct Reader {
    path: PathBuf,
    connection: Connection,
    /// What the files were like when the database was opened as immutable.
    frozen: Option<Files>,
}

/// As much of the files as shows whether anybody wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Files {
    database: Option<(u64, SystemTime)>,
    log: Option<u64>,
    index: bool,
}

impl Files {
    fn of(path: &Path) -> Self {
        let metadata = |path: &Path| fs::metadata(path).ok();
        Self {
            database: metadata(path).and_then(|found| Some((found.len(), found.modified().ok()?))),
            log: metadata(&beside(path, "-wal")).map(|found| found.len()),
            index: metadata(&beside(path, "-shm")).is_some(),
        }
    }
}

impl Reader {
    /// Opens the ledger at a resolved path.
    pub(super) fn open(path: &Path) -> Result<Self, LedgerError> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            match Self::try_open(path) {
                Err(Trouble::Sql(error)) if is_passing(&error) && attempt < ATTEMPTS => thread::sleep(PAUSE),
                Err(Trouble::Sql(error)) => return Err(cannot_open(path, explain(path, &error))),
                Err(trouble) => return Err(trouble.opening(path)),
                Ok(reader) => return Ok(reader),
            }
        }
    }

    fn try_open(path: &Path) -> Result<Self, Trouble> {
        let files = Files::of(path);
        let shared = files.index || files.log.is_some_and(|bytes| bytes > 0);
        let parameters = if shared { "readonly_shm=1" } else { "immutable=1" };
        let connection = file::connect_for_reading(path, parameters)?;
        connection.pragma_update(None, "query_only", true)?;
        // The first read, and so the first that can fail.
        let found = file::recognize(&connection, path)?;
        if found < schema::known() {
            let why = format!(
                "it has schema {found}, this simian reads {}: `simian run` or `simian round` brings it up to date",
                schema::known()
            );
            return Err(Trouble::Ledger(cannot_open(path, why)));
        }
        Ok(Self { path: path.to_owned(), connection, frozen: (!shared).then_some(files) })
    }

    /// Asks, and asks again if the answer was of files that changed meanwhile.
    pub(super) fn read<T>(&mut self, ask: impl Fn(&Connection) -> Result<T, Trouble>) -> Result<T, LedgerError> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            let answer = ask(&self.connection);
            let stale = self.frozen.as_ref().is_some_and(|frozen| *frozen != Files::of(&self.path));
            let passing = matches!(&answer, Err(Trouble::Sql(error)) if is_passing(error));
            if attempt >= ATTEMPTS || !(stale || passing) {
                return match answer {
                    Ok(_) if stale => Err(LedgerError::Read("its files keep changing; try again".into())),
                    answer => answer.map_err(Trouble::reading),
                };
            }
            if passing {
                thread::sleep(PAUSE);
            }
            *self = Self::open(&self.path)?;
        }
    }
}

/// What a daemon causes that is starting or stopping at this moment.
fn is_passing(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error().map(|error| error.extended_code);
    matches!(
        code,
        Some(
            ffi::SQLITE_CANTOPEN
                | ffi::SQLITE_READONLY_CANTINIT
                | ffi::SQLITE_READONLY_RECOVERY
                | ffi::SQLITE_BUSY_RECOVERY
                | ffi::SQLITE_PROTOCOL
        )
    )
}

fn explain(path: &Path, error: &rusqlite::Error) -> String {
    let files = Files::of(path);
    if files.log.is_some_and(|bytes| bytes > 0) && !files.index {
        let log = beside(path, "-wal");
        return format!(
            "{error}: the log {} has no index (-shm) beside it; `simian run` or `simian round` makes one, or read a \
             copy that was made with all three files",
            log.display()
        );
    }
    format!("{error}; reading needs the right to read {0}, {0}-wal and {0}-shm", path.display())
}
