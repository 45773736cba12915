//! The report as Markdown: it renders on GitHub, and its tables line up in a terminal.
//!
//! Owners, groups and reasons are texts that anybody may have put into a tag: all of them go through [`code`] or
//! [`plain`], so that no pipe, line end, tag or backtick of theirs can change the page.

use std::fmt::Write as _;

use chrono_tz::Tz;

use super::table::{Cell, Table};
use super::tables::{self, Tables};
use super::text::{dollars, is_seen, many, seconds};
use super::{Owner, Part, Report, Times};

/// A list longer than this is folded, so that the headings of a long report stay in sight.
const FOLD: usize = 10;

/// The report for people.
pub fn markdown(report: &Report, zone: Tz) -> String {
    let tables = Tables { zone };
    let mut out = format!("# simian report\n\n{}\n\n{}\n", header(report, &tables), report.summary);
    out += &section_of(&Tables::advice(report));
    out += &section_of(&Tables::days(report));
    out += &recovery(&report.recovery);
    for part in &report.parts {
        out += &self::part(part, &tables);
    }
    out += &section("Findings", "Nobody has anything to mend.", &tables.findings(report));
    if report.findings_by_owner.len() > 1 {
        out += &list(&Tables::findings_by_owner(report));
    }
    out += &section_of(&Tables::scores(report));
    out += &waste(report, &tables);
    out += &section("Pauses", "Nobody pulled the kill switch.", &tables.pauses(report));
    out += &section("Blind rounds", &tables::none_blind(report), &tables.blind(report));
    out
}

/// A text that is nobody's markup: a code span where it can be one, else every sign of Markdown escaped.
pub(super) fn code(text: &str) -> String {
    let fits = |c: char| c.is_alphanumeric() || " _-.:/@+=%,".contains(c);
    let edges = text.starts_with(' ') || text.ends_with(' ');
    if text.is_empty() {
        "–".to_owned()
    } else if !edges && text.chars().all(fits) {
        format!("`{text}`")
    } else {
        plain(text)
    }
}

/// A sentence that stays one line of text, whatever is in it.
pub(super) fn plain(text: &str) -> String {
    let chars: Vec<char> = text.trim().chars().collect();
    let word = |n: Option<usize>| n.and_then(|n| chars.get(n)).is_some_and(|c| c.is_alphanumeric());
    let mut out = String::with_capacity(chars.len());
    for (n, c) in chars.iter().enumerate() {
        match c {
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '&' => out += "&amp;",
            // Inside of a word it is only itself, and names of keys have many.
            '_' if word(n.checked_sub(1)) && word(Some(n + 1)) => out.push('_'),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '#' | '!' | '$' => out.extend(['\\', *c]),
            // Line ends would end the row, and other controls speak to the terminal.
            c if !is_seen(*c) => out.push(' '),
            c => out.push(*c),
        }
    }
    out
}

fn cell(cell: &Cell) -> String {
    match cell {
        Cell::Dash | Cell::Zero => "–".to_owned(),
        Cell::Code(names) => names.iter().map(|name| code(name)).collect::<Vec<_>>().join(", "),
        Cell::Text(text) => plain(text),
        // Digits, dollars and dashes of our own.
        Cell::Number(figure) | Cell::Time(figure) => figure.clone(),
        Cell::Alarm(word) => format!("**{word}**"),
        Cell::Level(severity) => severity.as_str().to_owned(),
    }
}

fn table(table: &Table) -> String {
    let rows: Vec<Vec<String>> = table.rows.iter().map(|row| row.iter().map(cell).collect()).collect();
    let header = &table.header;
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.chain([header[column].chars().count(), 3]).max().unwrap_or(3)
    };
    let widths: Vec<usize> = (0..header.len()).map(width).collect();
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let cells: Vec<String> = cells.zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        format!("| {} |\n", cells.join(" | "))
    };
    let mut out = line(&mut header.iter().copied());
    let rules: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
    out += &line(&mut rules.iter().map(String::as_str));
    for row in &rows {
        out += &line(&mut row.iter().map(String::as_str));
    }
    out
}

/// A table under what it is; folded when it is long.
fn list(list: &Table) -> String {
    let (what, n) = (list.what, list.rows.len());
    match n {
        0 => String::new(),
        1..=FOLD => format!("\n{what}:\n\n{}", table(list)),
        _ => format!("\n<details>\n<summary>{what}: {n}</summary>\n\n{}\n</details>\n", table(list)),
    }
}

/// A table under a heading; `none` where it has no row.
fn section(title: &str, none: &str, rows: &Table) -> String {
    let body = if rows.rows.is_empty() { format!("{none}\n") } else { table(rows) };
    format!("\n## {title}\n\n{body}")
}

/// A table under its own name, if it has a row.
fn section_of(rows: &Table) -> String {
    if rows.rows.is_empty() { String::new() } else { section(rows.what, "", rows) }
}

fn header(report: &Report, tables: &Tables) -> String {
    let mut text = format!("{} to {} ({})", tables.time(report.since), tables.time(report.until), plain(&report.zone));
    if let Some(account) = &report.account {
        let _ = write!(text, "; only account {}", code(account.as_str()));
    }
    if let Some(owner) = &report.owner {
        let _ = write!(text, "; only owner {}", code(owner));
    }
    text
}

fn part(part: &Part, tables: &Tables) -> String {
    let id = if part.name == part.account.as_str() { String::new() } else { format!(" ({})", part.account) };
    let mut out = format!("\n## {}{id}: {}\n", plain(&part.name), tables::about(part));
    out += &list(&tables::holds(&part.holds));
    for owner in &part.owners {
        out += &self::owner(part, owner, tables);
    }
    out
}

fn owner(part: &Part, owner: &Owner, tables: &Tables) -> String {
    let name = owner.owner.as_deref().map_or_else(|| "no owner".to_owned(), code);
    let mut out = format!("\n### {name}\n\n{}\n\n", tables::figures(part.mode, owner));
    out += &table(&tables::units(part.mode, &owner.units));
    for turns in tables.turns(part.mode, owner) {
        out += &list(&turns);
    }
    out
}

/// How long all that was done for real took to be back.
fn recovery(times: &Times) -> String {
    let all = [("median", times.median_seconds), ("nine of ten", times.p90_seconds), ("worst", times.worst_seconds)];
    let all: Vec<String> =
        all.into_iter().filter_map(|(name, took)| Some(format!("{name} {}", seconds(took?)))).collect();
    if all.is_empty() {
        return String::new();
    }
    let late = if times.not_in_time > 0 { format!("; {} not in time", times.not_in_time) } else { String::new() };
    format!("\n## Time to recover\n\n{} measured: {}{late}.\n", times.measured, all.join(", "))
}

fn waste(report: &Report, tables: &Tables) -> String {
    let marks = tables.marks(report);
    if marks.rows.is_empty() {
        return String::new();
    }
    let waste = &report.waste;
    let mut out = format!(
        "\n## What nobody uses\n\n{} marked and still there: {} a month",
        many(waste.resources, "resource"),
        dollars(waste.cents_a_month)
    );
    if let Some(date) = waste.prices {
        let _ = write!(out, ", by the prices of {date}");
    }
    if waste.unpriced > 0 {
        let _ = write!(out, "; of {} nobody knows the price", waste.unpriced);
    }
    out += ".\n";
    let did: Vec<String> = Tables::janitor(report).into_iter().map(|(n, what)| format!("{n} {what}")).collect();
    if !did.is_empty() {
        let _ = writeln!(out, "\nWhat the janitor did: {}.", did.join(", "));
    }
    out += &list(&Tables::waste_by_type(waste));
    out += &list(&Tables::waste_by_owner(waste));
    out += &list(&marks);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_owners_write_stays_text() {
        for (text, page) in [
            ("storefront", "`storefront`"),
            ("@team", "`@team`"),
            ("a|b", "a\\|b"),
            ("a\nb", "a b"),
            ("`rm`", "\\`rm\\`"),
            ("<img src=x>", "&lt;img src=x&gt;"),
            ("[x](http://y)", "\\[x\\](http://y)"),
            ("*_x_*", "\\*\\_x\\_\\*"),
            ("per_app_day!", "per_app_day\\!"),
            ("\u{1b}[31mred", "\\[31mred"),
            ("a\u{202e}b", "a b"),
            ("", "–"),
        ] {
            assert_eq!(code(text).trim(), page, "{text:?}");
        }
    }

    #[test]
    fn tables_line_up_and_have_as_many_cells_in_every_row() {
        let rows = [
            vec![Cell::Number("ä".into()), Cell::code("x|y")],
            vec![Cell::Number("long one".into()), Cell::Text("z".into())],
        ];
        insta::assert_snapshot!(table(&Table::new("", ["a", "b"], rows)), @r"
        | a        | b    |
        | -------- | ---- |
        | ä        | x\|y |
        | long one | z    |
        ");
    }
}
