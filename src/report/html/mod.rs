//! The report as one HTML file: no script, no other file, no request. It is read on a phone and on paper too.
//!
//! The words are in `templates/report/`, and askama escapes all that is put between them; the pictures escape for
//! themselves. At the end every character that nobody sees is taken out, so that no tag of an owner's turns a line around.

mod chart;
mod list;
mod view;

use askama::Template;
use chrono_tz::Tz;

use super::Report;
use super::text::is_seen;

use view::Page;

/// The report for people, as a page of its own.
pub fn html(report: &Report, zone: Tz) -> String {
    // The template writes into a string and calls nothing that can fail.
    let page = Page::of(report, zone).render().unwrap_or_default();
    page.chars().map(|c| if c == '\n' || is_seen(c) { c } else { ' ' }).collect()
}

#[cfg(test)]
mod tests;
