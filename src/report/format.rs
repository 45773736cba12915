//! The forms in which a report is written.

use chrono_tz::Tz;

use super::{Report, html, json, markdown};

/// How a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Markdown: for GitHub, for mails, and for eyes
    Md,
    /// For programs; stable
    Json,
    /// One page for browsers and for paper, with pictures: one file that needs no other
    Html,
}

impl Format {
    /// All of them.
    pub const ALL: [Format; 3] = [Format::Md, Format::Json, Format::Html];

    /// Its name, which is also how a file's name ends.
    pub fn as_str(self) -> &'static str {
        match self {
            Format::Md => "md",
            Format::Json => "json",
            Format::Html => "html",
        }
    }

    /// The report in this form, without a line end. Times are told in that zone, but for the JSON's.
    pub fn write(self, report: &Report, zone: Tz) -> String {
        let text = match self {
            Format::Md => markdown(report, zone),
            Format::Json => json(report).to_string(),
            Format::Html => html(report, zone),
        };
        text.trim_end().to_owned()
    }
}
