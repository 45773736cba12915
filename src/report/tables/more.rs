//! The tables of what is to be mended: advice, findings, scores, waste, and the janitor's marks.

use super::{Tables, region};
use crate::report::table::{Cell, Table};
use crate::report::text::{dollars, grouped};
use crate::report::{MarkLine, MarkState, Report, Waste, WasteOf};

impl Tables {
    pub(in crate::report) fn advice(report: &Report) -> Table {
        let rows = report.advice.iter().enumerate().map(|(n, advice)| {
            let some = if advice.examples.len() < advice.resources { "such as " } else { "" };
            let seen = match advice.examples.as_slice() {
                [] => advice.evidence.clone(),
                examples => format!("{} ({some}{})", advice.evidence, examples.join(", ")),
            };
            vec![
                Cell::Number((n + 1).to_string()),
                Cell::Level(advice.severity),
                Cell::Text(advice.what.clone()),
                Cell::Text(seen),
                money(advice.cents_a_month),
                Cell::Text(advice.remedy.clone()),
            ]
        });
        Table::new("What to do first", ["", "severity", "what", "seen in", "a month", "remedy"], rows)
    }

    /// What the janitor did: how many resources, and what with them.
    pub(in crate::report) fn janitor(report: &Report) -> Vec<(String, &'static str)> {
        let it = &report.janitor;
        let all = [
            (it.marked, "marked"),
            (it.announced, "announced"),
            (it.saved, "saved"),
            (it.deleted, "deleted"),
            (it.rehearsed, "would have been deleted"),
            (it.lifted, "lifted"),
            (it.refused, "refused"),
        ];
        all.into_iter().filter(|(n, _)| *n > 0).map(|(n, what)| (grouped(n as u64), what)).collect()
    }

    /// The days on which something was done or rehearsed.
    pub(in crate::report) fn days(report: &Report) -> Table {
        let busy = report.days.iter().filter(|day| day.done + day.rehearsed + day.not_done + day.unknown > 0);
        let rows = busy.map(|day| {
            let mut row = vec![Cell::Time(day.date.format("%a %Y-%m-%d").to_string())];
            let figures = [day.done, day.rehearsed, day.not_done, day.unknown, day.recovered, day.not_in_time];
            row.extend(figures.map(Cell::count));
            row
        });
        let header = ["day", "done", "rehearsed", "tried in vain", "unknown", "back in time", "not in time"];
        Table::new("By day", header, rows)
    }

    pub(in crate::report) fn findings(&self, report: &Report) -> Table {
        let rows = report.findings.iter().map(|finding| {
            let state = finding.closed.map_or_else(|| "open".to_owned(), |at| format!("closed {}", self.time(at)));
            vec![
                Cell::name(finding.owner.as_deref()),
                Cell::name(finding.group.as_deref()),
                region(finding.region.as_ref()),
                Cell::Level(finding.severity),
                self.at(Some(finding.opened)),
                Cell::Text(state),
                Cell::Text(finding.why.clone()),
            ]
        });
        Table::new("Findings", ["owner", "group", "region", "severity", "opened", "state", "what to mend"], rows)
    }

    pub(in crate::report) fn findings_by_owner(report: &Report) -> Table {
        let rows = report.findings_by_owner.iter().map(|of| {
            let mut row = vec![Cell::name(of.owner.as_deref())];
            row.extend(of.open().map(Cell::count));
            row.push(Cell::count(of.closed));
            row
        });
        Table::new("Findings by owner", ["owner", "critical", "high", "medium", "low", "mended"], rows)
    }

    pub(in crate::report) fn scores(report: &Report) -> Table {
        let rows = report.scores.iter().map(|line| {
            vec![
                Cell::name(line.owner.as_deref()),
                Cell::name(line.app.as_deref()),
                Cell::Number(line.score.to_string()),
                Cell::figure(line.change.map(signed)),
                Cell::Number(grouped(line.checks)),
                Cell::Number(grouped(line.failed)),
            ]
        });
        Table::new("Scores", ["owner", "app", "score", "change", "checks", "failed"], rows)
    }

    pub(in crate::report) fn waste_by_type(waste: &Waste) -> Table {
        Table::new("Waste by type", ["type", "a month", "resources"], waste.types.iter().map(wasted))
    }

    pub(in crate::report) fn waste_by_owner(waste: &Waste) -> Table {
        Table::new("Waste by owner", ["owner", "a month", "resources"], waste.owners.iter().map(wasted))
    }

    pub(in crate::report) fn marks(&self, report: &Report) -> Table {
        let rows = report.janitor.resources.iter().map(|mark| {
            vec![
                Cell::code(&mark.target),
                region(mark.region.as_ref()),
                Cell::name(mark.owner.as_deref()),
                money(mark.cents_a_month),
                Cell::Text(state(mark)),
                self.at(Some(mark.since)),
                self.at(mark.due.filter(|_| mark.is_open())),
                Cell::Text(mark.refused.clone().unwrap_or_else(|| mark.why.clone())),
            ]
        });
        let header = ["resource", "region", "owner", "a month", "state", "marked", "may go", "why"];
        Table::new("Resources that nobody uses", header, rows)
    }
}

fn wasted(of: &WasteOf) -> Vec<Cell> {
    let resources = Cell::Number(grouped(of.resources as u64));
    vec![Cell::name(of.name.as_deref()), Cell::Number(dollars(of.cents_a_month)), resources]
}

/// What became of a mark, in a few words.
fn state(mark: &MarkLine) -> String {
    let mut words = mark.state.as_str().to_owned();
    if mark.saved {
        words += if mark.state == MarkState::Deleted { ", saved before" } else { ", saved" };
    }
    if mark.rehearsed.is_some() && mark.is_open() {
        words += ", would have been deleted";
    }
    if mark.refused.is_some() && mark.is_open() {
        words += ", refused";
    }
    words
}

fn money(cents: Option<u64>) -> Cell {
    Cell::figure(cents.map(dollars))
}

/// A change with its sign; a real minus.
fn signed(change: i64) -> String {
    match change {
        0 => "±0".to_owned(),
        1.. => format!("+{change}"),
        _ => format!("−{}", change.unsigned_abs()),
    }
}
