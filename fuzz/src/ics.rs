//! Calendar files: whatever somebody's calendar exports.

use crate::{split, zone};

/// The most dates, and the longest name in characters, that a file may come to.
const MOST: (usize, usize) = (50_000, 80);

/// A file's text; the first byte chooses the operator's zone.
pub fn ics(data: &[u8]) {
    let Some((pick, text)) = split(data) else { return };
    match simian::config::closed_by(text, zone(pick)) {
        Ok(closed) => {
            assert!(!closed.is_empty() && closed.len() <= MOST.0, "{} dates", closed.len());
            for (date, name) in &closed {
                assert!(!name.trim().is_empty() && name.chars().count() <= MOST.1, "{date} is called {name:?}");
                assert!(!name.chars().any(char::is_control), "{date} is called {name:?}");
            }
        }
        Err(why) => crate::is_said(&why, text),
    }
}
