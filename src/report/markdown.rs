//! The report as Markdown: it renders on GitHub, and its tables line up in a terminal.
//!
//! Owners, groups and reasons are texts that anybody may have put into a tag: all of them go through [`code`] or
//! [`plain`], so that no pipe, line end, tag or backtick of theirs can change the page.

use std::fmt::Write as _;
use std::ops::RangeInclusive;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use simian_core::Mode;

use super::summary::{many, seconds};
use super::{End, FindingLine, Gaps, Hold, Owner, Part, PauseLine, Recovery, Report, Rounds, Times, Turn, UnitPart};

/// A list longer than this is folded, so that the headings of a long report stay in sight.
const FOLD: usize = 10;

/// Characters that nobody sees, and that turn, hide or break what stands around them.
const UNSEEN: [RangeInclusive<char>; 4] =
    ['\u{200b}'..='\u{200f}', '\u{2028}'..='\u{202e}', '\u{2066}'..='\u{2069}', '\u{feff}'..='\u{feff}'];

/// The report for people.
pub fn markdown(report: &Report, zone: Tz) -> String {
    let page = Page { zone };
    let mut out = format!("# simian report\n\n{}\n\n{}\n", page.header(report), report.summary);
    for part in &report.parts {
        out += &page.part(part);
    }
    out += &page.findings(&report.findings);
    out += &page.pauses(&report.pauses);
    out += &page.rounds(&report.rounds);
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
            c if c.is_control() || UNSEEN.iter().any(|unseen| unseen.contains(c)) => out.push(' '),
            c => out.push(*c),
        }
    }
    out
}

fn table(header: &[&str], rows: &[Vec<String>]) -> String {
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
    for row in rows {
        out += &line(&mut row.iter().map(String::as_str));
    }
    out
}

/// A table under what it is; folded when it is long.
fn list(what: &str, header: &[&str], rows: &[Vec<String>]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let table = table(header, rows);
    if rows.len() > FOLD {
        format!("\n<details>\n<summary>{what}: {}</summary>\n\n{table}\n</details>\n", rows.len())
    } else {
        format!("\n{what}:\n\n{table}")
    }
}

fn figure(n: usize) -> String {
    if n == 0 { "–".to_owned() } else { n.to_string() }
}

fn or_dash(text: Option<String>) -> String {
    text.unwrap_or_else(|| "–".to_owned())
}

fn times(times: &Times) -> String {
    let all = [times.median_seconds, times.p90_seconds, times.worst_seconds];
    let all: Vec<String> = all.iter().flatten().map(|took| seconds(*took)).collect();
    if all.is_empty() { "–".to_owned() } else { all.join(" / ") }
}

fn drawn(gaps: &Gaps) -> String {
    or_dash(gaps.drawn_mean_days.map(|days| days.to_string()))
}

fn real(gaps: &Gaps) -> String {
    match (gaps.real_mean_days, gaps.least_days, gaps.most_days) {
        (Some(mean), Some(least), Some(most)) if least < most => format!("{mean} ({least} to {most}; {})", gaps.real),
        (Some(mean), ..) => format!("{mean} ({})", gaps.real),
        _ => "–".to_owned(),
    }
}

fn recovery(recovery: Recovery) -> String {
    match recovery {
        Recovery::None => "–".to_owned(),
        Recovery::Recovered { seconds: took, late: false } => seconds(took),
        Recovery::Recovered { seconds: took, late: true } => format!("{}, late", seconds(took)),
        Recovery::NotInTime => "**not back**".to_owned(),
        Recovery::Watched => "still watched".to_owned(),
        Recovery::NotMeasured => "not measured".to_owned(),
    }
}

fn region(region: Option<&simian_core::Region>) -> String {
    region.map_or_else(|| "–".to_owned(), |region| code(region.as_str()))
}

/// Everything that is told in one zone.
struct Page {
    zone: Tz,
}

impl Page {
    fn time(&self, at: DateTime<Utc>) -> String {
        at.with_timezone(&self.zone).format("%a %Y-%m-%d %H:%M").to_string()
    }

    fn header(&self, report: &Report) -> String {
        let mut text = format!("{} to {} ({})", self.time(report.since), self.time(report.until), plain(&report.zone));
        if let Some(account) = &report.account {
            let _ = write!(text, "; only account {}", code(account.as_str()));
        }
        if let Some(owner) = &report.owner {
            let _ = write!(text, "; only owner {}", code(owner));
        }
        text
    }

    fn part(&self, part: &Part) -> String {
        let what = match part.mode {
            Mode::Live => "done for real",
            Mode::DryRun => "rehearsed, nothing was touched",
        };
        let id = if part.name == part.account.as_str() { String::new() } else { format!(" ({})", part.account) };
        let mut out = format!("\n## {}{id}: {what}\n", plain(&part.name));
        out += &holds(&part.holds);
        for owner in &part.owners {
            out += &self.owner(part.mode, owner);
        }
        out
    }

    fn owner(&self, mode: Mode, owner: &Owner) -> String {
        let name = owner.owner.as_deref().map_or_else(|| "no owner".to_owned(), code);
        let mut out = format!("\n### {name}\n\n{}\n\n", figures(mode, owner));
        out += &units(mode, &owner.units);
        let (mut acted, mut not) = (Vec::new(), Vec::new());
        for unit in &owner.units {
            for group in &unit.groups {
                for turn in &group.turns {
                    let tried = !matches!(turn.end, End::Missed | End::Held | End::Planned);
                    let rows = if tried { &mut acted } else { &mut not };
                    rows.push((
                        turn.due.unwrap_or(turn.at),
                        self.turn(mode, unit, group.group.as_deref(), turn, tried),
                    ));
                }
            }
        }
        let in_order = |rows: &mut Vec<(DateTime<Utc>, Vec<String>)>| {
            rows.sort_by_key(|(at, _)| *at);
            rows.drain(..).map(|(_, row)| row).collect::<Vec<_>>()
        };
        let rows = in_order(&mut acted);
        match mode {
            Mode::Live => {
                let header = ["when", "unit", "group", "instance", "action", "end", "back after", "why"];
                out += &list("Actions", &header, &rows);
            }
            Mode::DryRun => {
                let header = ["when", "unit", "group", "instance", "action", "end", "why"];
                out += &list("Rehearsals", &header, &rows);
            }
        }
        out += &list("Planned and not done", &["due", "unit", "group", "end", "why"], &in_order(&mut not));
        out
    }

    fn turn(&self, mode: Mode, unit: &UnitPart, group: Option<&str>, turn: &Turn, tried: bool) -> Vec<String> {
        let mut row = vec![
            self.time(if tried { turn.at } else { turn.due.unwrap_or(turn.at) }),
            code(&unit.unit),
            or_dash(group.map(code)),
        ];
        let end = match &turn.run {
            Some(_) => format!("{}, in a game day", turn.end.as_str()),
            None => turn.end.as_str().to_owned(),
        };
        if tried {
            let instances: Vec<String> = turn.instances.iter().map(|id| code(id)).collect();
            row.push(if instances.is_empty() { "–".to_owned() } else { instances.join(", ") });
            row.extend([or_dash(turn.action.as_deref().map(code)), end]);
            if mode == Mode::Live {
                row.push(recovery(turn.recovery));
            }
        } else {
            row.push(end);
        }
        row.push(plain(&turn.why));
        row
    }

    fn findings(&self, findings: &[FindingLine]) -> String {
        let rows: Vec<Vec<String>> = findings
            .iter()
            .map(|finding| {
                let state = finding.closed.map_or_else(|| "open".to_owned(), |at| format!("closed {}", self.time(at)));
                vec![
                    or_dash(finding.owner.as_deref().map(code)),
                    or_dash(finding.group.as_deref().map(code)),
                    region(finding.region.as_ref()),
                    self.time(finding.opened),
                    state,
                    plain(&finding.why),
                ]
            })
            .collect();
        let header = ["owner", "group", "region", "opened", "state", "what to mend"];
        section("Findings", "Nobody has anything to mend.", &header, &rows)
    }

    fn pauses(&self, pauses: &[PauseLine]) -> String {
        let rows: Vec<Vec<String>> = pauses
            .iter()
            .map(|pause| {
                vec![
                    self.time(pause.at),
                    if pause.paused { "paused" } else { "resumed" }.to_owned(),
                    or_dash(pause.actor.as_deref().map(code)),
                    or_dash(pause.until.map(|until| self.time(until))),
                    plain(&pause.why),
                ]
            })
            .collect();
        let header = ["when", "what", "by", "until", "why"];
        section("Pauses", "Nobody pulled the kill switch.", &header, &rows)
    }

    fn rounds(&self, rounds: &[Rounds]) -> String {
        let rows: Vec<Vec<String>> = rounds
            .iter()
            .filter(|scope| scope.blind > 0)
            .map(|scope| {
                let (first, last) = scope.between.unzip();
                vec![
                    scope.account.as_ref().map_or_else(|| "–".to_owned(), |account| code(account.as_str())),
                    region(scope.region.as_ref()),
                    format!("{} of {}", scope.blind, scope.rounds),
                    or_dash(first.map(|at| self.time(at))),
                    or_dash(last.map(|at| self.time(at))),
                    plain(scope.why.as_deref().unwrap_or_default()),
                ]
            })
            .collect();
        let all: usize = rounds.iter().map(|scope| scope.rounds).sum();
        let none = match all {
            0 => "There was no round.".to_owned(),
            all => format!("None of {}: every region was seen every time.", many(all, "round")),
        };
        let header = ["account", "region", "rounds", "first", "last", "why, most often"];
        section("Blind rounds", &none, &header, &rows)
    }
}

fn section(title: &str, none: &str, header: &[&str], rows: &[Vec<String>]) -> String {
    let body = if rows.is_empty() { format!("{none}\n") } else { table(header, rows) };
    format!("\n## {title}\n\n{body}")
}

fn holds(holds: &[Hold]) -> String {
    let rows: Vec<Vec<String>> = holds
        .iter()
        .map(|hold| vec![code(&hold.rail), hold.turns.to_string(), figure(hold.acted_later), plain(&hold.why)])
        .collect();
    list("What held its turns", &["rail", "turns", "acted on later", "why, most often"], &rows)
}

/// One line of an owner's figures.
fn figures(mode: Mode, owner: &Owner) -> String {
    let totals = &owner.totals;
    let ended = match mode {
        Mode::Live => "ended",
        Mode::DryRun => "would have been ended",
    };
    let mut parts = vec![
        format!("{} planned in {}", many(totals.planned, "turn"), many(totals.units, "unit")),
        format!("{} {ended}", many(totals.instances, "instance")),
    ];
    for (n, what) in [
        (totals.not_done, "tried in vain"),
        (totals.unknown, "with an unknown end"),
        (totals.held, "held"),
        (totals.missed, "missed"),
        (totals.recovery.not_in_time, "not back in time"),
        (totals.recovery.watched, "still watched"),
    ] {
        if n > 0 {
            parts.push(format!("{n} {what}"));
        }
    }
    parts.join(", ")
}

fn units(mode: Mode, units: &[UnitPart]) -> String {
    let rows: Vec<Vec<String>> = units
        .iter()
        .map(|unit| {
            let totals = &unit.totals;
            let mut row = vec![code(&unit.unit), region(unit.region.as_ref())];
            row.extend([totals.planned, totals.acted, totals.held, totals.missed].map(figure));
            if mode == Mode::Live {
                row.push(times(&totals.recovery));
                row.extend([totals.recovery.not_in_time, totals.recovery.watched].map(figure));
            }
            row.extend([drawn(&unit.gaps), real(&unit.gaps)]);
            row
        })
        .collect();
    let header: &[&str] = match mode {
        Mode::Live => &[
            "unit",
            "region",
            "planned",
            "done",
            "held",
            "missed",
            "back after (median / p90 / worst)",
            "late",
            "watched",
            "days drawn",
            "days real",
        ],
        Mode::DryRun => &["unit", "region", "planned", "rehearsed", "held", "missed", "days drawn", "days real"],
    };
    table(header, &rows)
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
        let rows = [vec!["ä".to_owned(), code("x|y")], vec!["long one".to_owned(), "z".to_owned()]];
        insta::assert_snapshot!(table(&["a", "b"], &rows), @r"
        | a        | b    |
        | -------- | ---- |
        | ä        | x\|y |
        | long one | z    |
        ");
    }
}
