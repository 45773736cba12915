//! A file as text, or why there is none. The remedy is for the caller to word, who knows what the file is for.

use std::io::{self, ErrorKind, Read};
use std::path::Path;

use super::error::place;

/// Why a file cannot be read as text.
pub(super) enum Unreadable {
    /// There is no such file.
    Missing,
    /// This user may not read it.
    Forbidden,
    /// It is a directory.
    Directory,
    /// It has more bytes than were asked for.
    TooLarge,
    /// It is no UTF-8 from this place on.
    NotText {
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
    },
    /// The system says something else.
    Other(io::Error),
}

impl From<io::Error> for Unreadable {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::NotFound => Unreadable::Missing,
            ErrorKind::PermissionDenied => Unreadable::Forbidden,
            _ => Unreadable::Other(error),
        }
    }
}

/// The text of a file of at most so many bytes.
pub(super) fn text_of(path: &Path, most: u64) -> Result<String, Unreadable> {
    let handle = std::fs::File::open(path)?;
    if handle.metadata()?.is_dir() {
        return Err(Unreadable::Directory);
    }
    let mut bytes = Vec::new();
    handle.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(Unreadable::TooLarge);
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = String::from_utf8_lossy(&error.as_bytes()[..error.utf8_error().valid_up_to()]).into_owned();
        let (line, column) = place(&valid, valid.len());
        Unreadable::NotText { line, column }
    })
}
