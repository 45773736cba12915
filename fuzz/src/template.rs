//! A webhook's template: a mistake is found when it is read, and what it makes is what it promised.

use chrono::DateTime;
use simian::sinks::webhook::Template;
use simian_core::{Draft, Event, Kind, Mode};
use uuid::Uuid;

use crate::split;

/// The largest body, in bytes.
const MAX_BODY: usize = 1 << 20;

/// The source; the first byte chooses whether it promises JSON.
pub fn template(data: &[u8]) {
    let Some((pick, source)) = split(data) else { return };
    let json = pick & 1 == 0;
    match Template::new(source, json, &[Kind::ActionDone]) {
        Err(error) => {
            assert!(!error.why.is_empty() && error.why.len() < 10_000, "{} bytes", error.why.len());
            let lines = source.split('\n').count();
            assert!(error.line.is_none_or(|line| (1..=lines).contains(&line)), "{error} of {lines} lines");
        }
        Ok(template) => {
            let mut draft = Draft::new(DateTime::UNIX_EPOCH, Kind::ActionDone, Mode::Live, "\"}{{ \\ \u{1b}[2J");
            draft.owner = Some("<!channel>".into());
            let event = Event::seal(draft, Uuid::nil(), "main", 1, String::new());
            if let Ok(body) = template.render(&event) {
                assert!(body.len() <= MAX_BODY, "a body of {} bytes", body.len());
            }
        }
    }
}
