//! `[report]`: its keys. The table says that reports are written; without it there are none.

use std::path::PathBuf;

use simian_core::calendar::Hours;
use toml::de::DeValue;

use super::document::{Table, nearest};
use super::read::{count, describe, text};
use super::schema::Rules;
use crate::report::Format;

/// The longest that files are kept, in days: a century is as good as for ever.
const MAX_KEEP: u32 = 36_500;

/// The longest span of one report, in days: more than a month is no news.
const MAX_SPAN: u32 = 31;

/// Reports as files, once a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportConfig {
    /// When, in minutes after midnight of the operator's zone.
    pub at: u32,
    /// The folder, absolute or relative to the working directory.
    pub folder: PathBuf,
    /// In which forms, each once and at least one.
    pub formats: Vec<Format>,
    /// How many days the files are kept.
    pub keep: u32,
    /// How many days back from that minute a report goes.
    pub span_days: u32,
}

impl ReportConfig {
    /// In that folder, and otherwise as if nothing were said.
    pub fn new(folder: PathBuf) -> Self {
        Self { at: 6 * 60, folder, formats: vec![Format::Html, Format::Json], keep: 30, span_days: 1 }
    }
}

/// `None` when there is no such table, or when something is wrong, and noted.
pub(super) fn report(table: &mut Table<'_>, rules: &Rules<'_>) -> Option<ReportConfig> {
    let folder = if table.is_there() {
        table.need("folder", "\"/var/lib/simian/reports\"", folder)
    } else {
        table.know("folder");
        None
    };
    let defaults = ReportConfig::new(rules.base.join(folder.unwrap_or_default()));
    let formats = table.list("formats", format);
    if formats.as_ref().is_some_and(Vec::is_empty) {
        table.wrong("formats", "there is none, so nothing would be written: name at least one, as in [\"html\"]");
    }
    let read = ReportConfig {
        at: table.get("at", minute).unwrap_or(defaults.at),
        formats: formats.unwrap_or(defaults.formats),
        keep: table.get("keep", count(1, MAX_KEEP)).unwrap_or(defaults.keep),
        span_days: table.get("span", days).unwrap_or(defaults.span_days),
        folder: defaults.folder,
    };
    table.is_there().then_some(read)
}

fn folder(value: &DeValue<'_>) -> Result<String, String> {
    let path = text(value)?;
    if path.contains('\0') {
        return Err(format!("{path:?} names no folder: write a path such as \"/var/lib/simian/reports\""));
    }
    Ok(path.to_owned())
}

fn minute(value: &DeValue<'_>) -> Result<u32, String> {
    match Hours::parse_time(text(value)?).map_err(|error| error.to_string())? {
        minute if u32::from(minute) < 24 * 60 => Ok(minute.into()),
        _ => Err("`24:00` is the end of a day: write 00:00 for its beginning".to_owned()),
    }
}

fn format(value: &DeValue<'_>) -> Result<Format, String> {
    let word = text(value)?;
    Format::ALL.into_iter().find(|format| format.as_str() == word).ok_or_else(|| {
        let remedy = match nearest(word, Format::ALL.into_iter().map(Format::as_str)) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => "write html, md or json".to_owned(),
        };
        format!("`{word}` is no form of a report: {remedy}")
    })
}

/// Whole days, as in `"7d"`.
fn days(value: &DeValue<'_>) -> Result<u32, String> {
    let read = value.as_str().and_then(|text| text.strip_suffix('d')).and_then(|digits| digits.parse().ok());
    let within = read.filter(|days: &u32| (1..=MAX_SPAN).contains(days));
    within
        .ok_or_else(|| format!("found {}: write whole days in quotes, from \"1d\" to \"{MAX_SPAN}d\"", describe(value)))
}
