//! The lock that one process at a time holds on a ledger.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use simian_core::LedgerError;

use super::file::{FILE_MODE, beside, cannot_open};

/// Held until it is dropped or the process ends, however it ends: the kernel keeps it, not the file, which stays.
#[derive(Debug)]
pub(super) struct ProcessLock(File);

impl ProcessLock {
    /// Locks `<ledger>.lock` without waiting and writes our process id into it, for people.
    pub(super) fn take(ledger: &Path) -> Result<Self, LedgerError> {
        let path = beside(ledger, ".lock");
        let failed = |what: &str, error: std::io::Error| {
            cannot_open(
                ledger,
                format!("cannot {what} its lock file {}: {error}; simian needs to write there", path.display()),
            )
        };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(FILE_MODE)
            .open(&path)
            .map_err(|error| failed("open", error))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                // Whether its number can be read or not: it is held.
                let _ = file.read_to_string(&mut holder);
                let holder = holder.trim();
                let holder = if holder.is_empty() { "of unknown number" } else { holder };
                return Err(LedgerError::Held { path: ledger.display().to_string(), holder: holder.into() });
            }
            Err(TryLockError::Error(error)) => return Err(failed("lock", error)),
        }
        // The number is a courtesy; a full disk must not keep a daemon from its ledger.
        let _ = file
            .set_len(0)
            .and_then(|()| file.seek(SeekFrom::Start(0)))
            .and_then(|_| writeln!(file, "{}", std::process::id()));
        Ok(Self(file))
    }
}

impl Drop for ProcessLock {
    fn drop(&mut self) {
        // So that nobody reads the number of a process that is long gone.
        let _ = self.0.set_len(0);
        // Closing the file would do, were it not for children: between its fork and its exec, each has it open too.
        let _ = self.0.unlock();
    }
}
