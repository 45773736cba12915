//! The ledger's file: where it is, whether it is one, how it is made and opened for writing.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior, params};
use simian_core::{Birth, LedgerError};

use super::Trouble;
use super::schema::{self, APPLICATION_ID, MIGRATIONS};
use crate::WRITER;

/// For the daemon's user alone: an audit trail names people, accounts and machines. SQLite gives the log and its index the
/// mode of the database. Who wants a group to read it changes the mode once, and it stays changed.
pub(super) const FILE_MODE: u32 = 0o600;

/// How long a statement waits for another program that reads or writes the file, such as the `sqlite3` shell. Longer
/// than any sane transaction, shorter than an action's patience.
const BUSY_TIMEOUT: Duration = Duration::from_secs(2);

/// Prepared statements that are kept: the fixed ones, and the shapes that queries take.
const STATEMENTS: usize = 64;

const REMEDY: &str = "give the ledger another path, or move that away";

/// No database has fewer bytes than one page. Source: <https://www.sqlite.org/fileformat2.html>, section 1.3.2.
const SMALLEST_PAGE: u64 = 512;

pub(super) fn cannot_open(path: &Path, why: impl Into<String>) -> LedgerError {
    LedgerError::Open { path: path.display().to_string(), why: why.into() }
}

fn another_programs(path: &Path) -> LedgerError {
    cannot_open(path, format!("it is the SQLite database of another program; {REMEDY}"))
}

/// The path with something added to its name.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    PathBuf::from(name)
}

/// The one path of that ledger, so that two ways to write it lock the same file.
pub(super) fn resolve(path: &Path) -> Result<PathBuf, LedgerError> {
    match path.canonicalize() {
        Ok(path) => return Ok(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(cannot_open(path, error.to_string())),
    }
    let Some(name) = path.file_name() else { return Err(cannot_open(path, "the path names no file")) };
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    match parent.canonicalize() {
        Ok(parent) => Ok(parent.join(name)),
        Err(error) => Err(cannot_open(
            path,
            format!("its directory {}: {error}; create it, owned by the user that simian runs as", parent.display()),
        )),
    }
}

/// Whether there is a ledger. Anything else at that path is an error, and is not touched.
pub(super) fn look(path: &Path) -> Result<bool, LedgerError> {
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(cannot_open(path, error.to_string())),
    };
    if !metadata.is_file() {
        return Err(cannot_open(path, format!("it is no file; {REMEDY}")));
    }
    if metadata.len() == 0 {
        return Err(cannot_open(path, format!("the file is empty, which no ledger ever is; {REMEDY}")));
    }
    if metadata.len() < SMALLEST_PAGE {
        // SQLite would take it for an empty database.
        return Err(cannot_open(path, format!("the file is no SQLite database; {REMEDY}")));
    }
    // By SQLite and not by our own read: closing a file of our own would drop the locks that a ledger that is open
    // elsewhere in this process has on it. Source: <https://www.sqlite.org/howtocorrupt.html>, section 2.2.
    let found = connect_for_reading(path, "immutable=1").and_then(|connection| schema::application(&connection));
    match found {
        Ok(APPLICATION_ID) => Ok(true),
        Ok(_) => Err(another_programs(path)),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::NotADatabase) => {
            Err(cannot_open(path, format!("the file is no SQLite database; {REMEDY}")))
        }
        // So it looks without its log when a full disk stopped a checkpoint halfway. Who opens it whole will see.
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseCorrupt) => Ok(true),
        Err(error) => Err(cannot_open(path, error.to_string())),
    }
}

/// Makes an empty ledger under another name and moves it to its place whole. Call it with the lock held only.
pub(super) fn create(path: &Path, birth: &Birth) -> Result<(), LedgerError> {
    for suffix in ["-wal", "-journal"] {
        let orphan = beside(path, suffix);
        if orphan.exists() {
            // SQLite would play the log of the lost ledger into the new one.
            let why = format!(
                "there is none, but {} of a lost one is still there; bring the ledger back, or move that file away",
                orphan.display()
            );
            return Err(cannot_open(path, why));
        }
    }
    let unborn = beside(path, ".unborn");
    // What an earlier attempt left, when it was stopped halfway.
    for suffix in ["", "-wal", "-shm", "-journal"] {
        match fs::remove_file(beside(&unborn, suffix)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(cannot_open(path, format!("cannot remove {}: {error}", unborn.display())));
            }
            _ => {}
        }
    }
    fill(&unborn, birth).map_err(|why| cannot_open(path, format!("cannot create it: {why}")))?;
    let in_place = fs::rename(&unborn, path).and_then(|()| match path.parent() {
        Some(parent) => File::open(parent)?.sync_all(),
        None => Ok(()),
    });
    in_place.map_err(|error| cannot_open(path, format!("cannot create it: {error}")))
}

fn fill(path: &Path, birth: &Birth) -> Result<(), String> {
    let file = OpenOptions::new().write(true).create_new(true).mode(FILE_MODE).open(path);
    let file = file.map_err(|error| error.to_string())?;
    // Whatever the process's umask is.
    file.set_permissions(Permissions::from_mode(FILE_MODE)).map_err(|error| error.to_string())?;
    drop(file);
    let birth_json = serde_json::to_string(birth).map_err(|error| error.to_string())?;
    let all = || -> rusqlite::Result<()> {
        let mut connection = Connection::open_with_flags(path, writing())?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "application_id", APPLICATION_ID)?;
        schema::migrate(&mut connection, MIGRATIONS)?;
        connection.execute("INSERT INTO ledger (one, birth) VALUES (1, ?1)", [birth_json])?;
        connection.execute(
            "INSERT INTO heads (writer, seq, hash) VALUES (?1, 0, ?2)",
            params![WRITER, birth.id.to_string()],
        )?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.close().map_err(|(_, error)| error)
    };
    all().map_err(|error| error.to_string())?;
    File::open(path).and_then(|file| file.sync_all()).map_err(|error| error.to_string())
}

/// Opens the ledger to write to it and brings its schema up to date. Call it with the lock held only.
pub(super) fn connect_for_writing(path: &Path) -> Result<Connection, LedgerError> {
    let failed = |error: rusqlite::Error| cannot_open(path, error.to_string());
    let mut connection = Connection::open_with_flags(path, writing()).map_err(failed)?;
    set_up(&connection).map_err(failed)?;
    if connection.is_readonly("main").map_err(failed)? {
        return Err(cannot_open(path, "it is read-only; simian needs to write to it: check its owner and its disk"));
    }
    recognize(&connection, path).map_err(|trouble| trouble.opening(path))?;
    let mut prepare = || -> rusqlite::Result<()> {
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        // The log and its index stay when we close, so that who may only read needs to create nothing.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        schema::migrate(&mut connection, MIGRATIONS)
    };
    prepare().map_err(failed)?;
    match connection.transaction_with_behavior(TransactionBehavior::Immediate).map(drop) {
        // SQLite keeps one log index per process, and it is as its first user opened it.
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::ReadOnly) => Err(cannot_open(
            path,
            "this process has it open for reading only; close that before opening it for writing",
        )),
        // Whatever else is wrong, a full disk for one, may pass: the writes will say it.
        _ => Ok(connection),
    }
}

/// Opens the file to read it, with SQLite's URI parameters. Source: <https://www.sqlite.org/uri.html>.
pub(super) fn connect_for_reading(path: &Path, parameters: &str) -> rusqlite::Result<Connection> {
    let mut uri = String::from("file:");
    for &byte in path.as_os_str().as_bytes() {
        if byte.is_ascii_alphanumeric() || b"/-_.".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            use std::fmt::Write as _;
            let _ = write!(uri, "%{byte:02x}");
        }
    }
    let uri = format!("{uri}?mode=ro&{parameters}");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(uri, flags)?;
    set_up(&connection)?;
    Ok(connection)
}

/// Refuses what is not ours to read or to change; else answers the schema.
pub(super) fn recognize(connection: &Connection, path: &Path) -> Result<u32, Trouble> {
    if schema::application(connection)? != APPLICATION_ID {
        return Err(Trouble::Ledger(another_programs(path)));
    }
    let (found, known) = (schema::version(connection)?, schema::known());
    if found > known {
        return Err(Trouble::Ledger(LedgerError::Newer { path: path.display().to_string(), found, known }));
    }
    Ok(found)
}

fn writing() -> OpenFlags {
    OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX
}

fn set_up(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.busy_timeout(BUSY_TIMEOUT)
}
