//! Which tables a report has, and what stands in their rows: the same for every form that people read.

mod more;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use simian_core::{Mode, Region};

use super::table::{Cell, Table};
use super::text::{many, seconds, time};
use super::{Gaps, Hold, Owner, Part, Recovery, Report, Times, Turn, UnitPart};

/// Everything that is told in one zone.
pub(super) struct Tables {
    pub(super) zone: Tz,
}

/// What was tried of an owner's turns, and what was not: rows with the time that they are sorted by.
type Rows = Vec<(DateTime<Utc>, Vec<Cell>)>;

impl Tables {
    pub(super) fn time(&self, at: DateTime<Utc>) -> String {
        time(at, self.zone)
    }

    fn at(&self, at: Option<DateTime<Utc>>) -> Cell {
        at.map_or(Cell::Dash, |at| Cell::Time(self.time(at)))
    }

    /// What an owner's units had: what was tried, and what was planned and not done.
    pub(super) fn turns(&self, mode: Mode, owner: &Owner) -> [Table; 2] {
        let (mut acted, mut not): (Rows, Rows) = (Vec::new(), Vec::new());
        for unit in &owner.units {
            for group in &unit.groups {
                for turn in &group.turns {
                    let rows = if turn.end.tried() { &mut acted } else { &mut not };
                    let row = self.turn(mode, unit, group.group.as_deref(), turn);
                    rows.push((turn.due.unwrap_or(turn.at), row));
                }
            }
        }
        let in_order = |mut rows: Rows| {
            rows.sort_by_key(|(at, _)| *at);
            rows.into_iter().map(|(_, row)| row).collect::<Vec<_>>()
        };
        let acted = match mode {
            Mode::Live => {
                let header = ["when", "unit", "group", "instance", "action", "end", "back after", "why"];
                Table::new("Actions", header, in_order(acted))
            }
            Mode::DryRun => {
                let header = ["when", "unit", "group", "instance", "action", "end", "why"];
                Table::new("Rehearsals", header, in_order(acted))
            }
        };
        [acted, Table::new("Planned and not done", ["due", "unit", "group", "end", "why"], in_order(not))]
    }

    fn turn(&self, mode: Mode, unit: &UnitPart, group: Option<&str>, turn: &Turn) -> Vec<Cell> {
        let tried = turn.end.tried();
        let at = if tried { turn.at } else { turn.due.unwrap_or(turn.at) };
        let mut row = vec![self.at(Some(at)), Cell::code(&unit.unit), Cell::name(group)];
        let end = match &turn.run {
            Some(_) => format!("{}, in a game day", turn.end.as_str()),
            None => turn.end.as_str().to_owned(),
        };
        if tried {
            row.extend([Cell::codes(turn.instances.clone()), Cell::name(turn.action.as_deref()), Cell::Text(end)]);
            if mode == Mode::Live {
                row.push(recovery(turn.recovery));
            }
        } else {
            row.push(Cell::Text(end));
        }
        row.push(Cell::Text(turn.why.clone()));
        row
    }

    pub(super) fn pauses(&self, report: &Report) -> Table {
        let rows = report.pauses.iter().map(|pause| {
            vec![
                self.at(Some(pause.at)),
                Cell::Text(if pause.paused { "paused" } else { "resumed" }.to_owned()),
                Cell::name(pause.actor.as_deref()),
                self.at(pause.until),
                Cell::Text(pause.why.clone()),
            ]
        });
        Table::new("Pauses", ["when", "what", "by", "until", "why"], rows)
    }

    /// The rounds that could not see their region.
    pub(super) fn blind(&self, report: &Report) -> Table {
        let rows = report.rounds.iter().filter(|scope| scope.blind > 0).map(|scope| {
            let (first, last) = scope.between.unzip();
            vec![
                Cell::name(scope.account.as_ref().map(simian_core::AccountId::as_str)),
                region(scope.region.as_ref()),
                Cell::Text(format!("{} of {}", scope.blind, scope.rounds)),
                self.at(first),
                self.at(last),
                Cell::Text(scope.why.clone().unwrap_or_default()),
            ]
        });
        Table::new("Blind rounds", ["account", "region", "rounds", "first", "last", "why, most often"], rows)
    }
}

/// Said where no round was blind.
pub(super) fn none_blind(report: &Report) -> String {
    match report.rounds.iter().map(|scope| scope.rounds).sum() {
        0 => "There was no round.".to_owned(),
        all => format!("None of {}: every region was seen every time.", many(all, "round")),
    }
}

/// What a part's story is.
pub(super) fn about(part: &Part) -> &'static str {
    match part.mode {
        Mode::Live => "done for real",
        Mode::DryRun => "rehearsed, nothing was touched",
    }
}

pub(super) fn holds(holds: &[Hold]) -> Table {
    let rows = holds.iter().map(|hold| {
        let turns = Cell::Number(hold.turns.to_string());
        vec![Cell::code(&hold.rail), turns, Cell::count(hold.acted_later), Cell::Text(hold.why.clone())]
    });
    Table::new("What held its turns", ["rail", "turns", "acted on later", "why, most often"], rows)
}

pub(super) fn units(mode: Mode, units: &[UnitPart]) -> Table {
    let rows = units.iter().map(|unit| {
        let totals = &unit.totals;
        let mut row = vec![Cell::code(&unit.unit), region(unit.region.as_ref())];
        row.extend([totals.planned, totals.acted, totals.held, totals.missed].map(Cell::count));
        if mode == Mode::Live {
            row.push(times(&totals.recovery));
            row.extend([totals.recovery.not_in_time, totals.recovery.watched].map(Cell::count));
        }
        row.extend([drawn(&unit.gaps), real(&unit.gaps)]);
        row
    });
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
    Table::new("Units", header, rows)
}

/// One line of an owner's figures.
pub(super) fn figures(mode: Mode, owner: &Owner) -> String {
    let totals = &owner.totals;
    let hit = match mode {
        Mode::Live => "hit",
        Mode::DryRun => "would have been hit",
    };
    let mut parts = vec![
        format!("{} planned in {}", many(totals.planned, "turn"), many(totals.units, "unit")),
        format!("{} {hit}", many(totals.instances, "instance")),
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

fn times(times: &Times) -> Cell {
    let all = [times.median_seconds, times.p90_seconds, times.worst_seconds];
    let all: Vec<String> = all.iter().flatten().map(|took| seconds(*took)).collect();
    Cell::figure(Some(all.join(" / ")).filter(|_| !all.is_empty()))
}

fn drawn(gaps: &Gaps) -> Cell {
    Cell::figure(gaps.drawn_mean_days.map(|days| days.to_string()))
}

fn real(gaps: &Gaps) -> Cell {
    match (gaps.real_mean_days, gaps.least_days, gaps.most_days) {
        (Some(mean), Some(least), Some(most)) if least < most => {
            Cell::Number(format!("{mean} ({least} to {most}; {})", gaps.real))
        }
        (Some(mean), ..) => Cell::Number(format!("{mean} ({})", gaps.real)),
        _ => Cell::Zero,
    }
}

fn recovery(recovery: Recovery) -> Cell {
    match recovery {
        Recovery::None => Cell::Zero,
        Recovery::Recovered { seconds: took, late: false } => Cell::Number(seconds(took)),
        Recovery::Recovered { seconds: took, late: true } => Cell::Number(format!("{}, late", seconds(took))),
        Recovery::NotInTime => Cell::Alarm("not back"),
        Recovery::Watched => Cell::Text("still watched".to_owned()),
        Recovery::NotMeasured => Cell::Text("not measured".to_owned()),
    }
}

pub(super) fn region(region: Option<&Region>) -> Cell {
    Cell::name(region.map(Region::as_str))
}
