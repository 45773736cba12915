//! What was done or rehearsed over the span: a column a day, with marks of what was back.

use chrono::{Days, NaiveDate};

use super::{Svg, length, round_up, share};
use crate::report::DayLine;

/// Where things stand, in pixels from the top.
const TOP: f64 = 18.0;
const BASE: f64 = 138.0;
const BACK: f64 = 151.0;
const LATE: f64 = 163.0;
const DATES: f64 = 186.0;
const HEIGHT: f64 = 194.0;

/// More columns than these would be lines: then a column is a week, four weeks, a year.
const MOST: usize = 62;
const SPANS: [u64; 4] = [1, 7, 28, 364];

/// With more days than these a date says its year.
const YEAR: usize = 366;

/// A column of few is no wall, in percent.
const WIDEST: f64 = 8.0;

/// How many dates fit under it on a phone.
const LABELS: usize = 6;

/// What occurs in these days: classes of colours, and what they mean.
pub(in crate::report::html) fn legend(days: &[DayLine]) -> Vec<(&'static str, &'static str)> {
    let occurs = |of: fn(&DayLine) -> usize| days.iter().any(|day| of(day) > 0);
    let all = [
        (occurs(|day| day.done), "done", "done"),
        (occurs(|day| day.rehearsed), "rehearsed", "rehearsed"),
        (occurs(|day| day.not_done), "vain", "tried in vain"),
        (occurs(|day| day.unknown), "unknown", "with an unknown end"),
        (occurs(|day| day.recovered), "back round", "back in time"),
        (occurs(|day| day.not_in_time), "late round", "not back in time"),
    ];
    all.into_iter().filter(|(occurs, ..)| *occurs).map(|(_, class, words)| (class, words)).collect()
}

/// The columns; nothing where there is no day.
pub(in crate::report::html) fn timeline(days: &[DayLine]) -> String {
    let each = SPANS.iter().copied().find(|each| days.len().div_ceil(each_usize(*each)) <= MOST).unwrap_or(SPANS[3]);
    let columns: Vec<DayLine> = days.chunks(each_usize(each)).map(together).collect();
    let Some((first, last)) = days.first().zip(days.last()) else { return String::new() };
    let end = round_up(columns.iter().map(all).max().unwrap_or(0));
    let mut svg = Svg::new();
    let grid = [end, end / 2].map(|n| (n, BASE - (BASE - TOP) * length(n) / length(end)));
    for (_, y) in grid {
        svg.across("grid", y);
    }
    let wide = share(1, columns.len() as u64);
    let body = (wide * if columns.len() <= 10 { 0.5 } else { 0.7 }).min(WIDEST);
    for (n, column) in (0_u64..).zip(&columns) {
        let middle = wide * (length(n) + 0.5);
        let mut inside = Svg::new();
        let mut top = BASE;
        for (class, n) in segments(column).into_iter().filter(|(_, n)| *n > 0) {
            let height = (BASE - TOP) * length(n) / length(end);
            top -= height;
            // A gap of a pixel between segments: they are told apart without colours.
            inside.rect(class, (middle - body / 2.0, body), (top, (height - 1.0).max(1.0)));
        }
        back(&mut inside, column, middle);
        if !inside.body.is_empty() {
            svg.group(&told(column, each), &inside);
        }
    }
    svg.across("axis", BASE);
    // Over the columns, so that they can be read.
    for (n, y) in grid.into_iter().filter(|(n, _)| *n > 0) {
        svg.text((0.0, y - 4.0), "start", &n.to_string());
    }
    dates(&mut svg, &columns, wide, if days.len() > YEAR { "%b %Y" } else { "%-d %b" });
    let title = format!("What was done or rehearsed, {} to {}", first.date, last.date);
    svg.finish("timeline", HEIGHT, &title, &description(days))
}

fn each_usize(each: u64) -> usize {
    usize::try_from(each).unwrap_or(1)
}

/// What is stacked, from the bottom.
fn segments(day: &DayLine) -> [(&'static str, u64); 4] {
    [
        ("done", day.done as u64),
        ("rehearsed", day.rehearsed as u64),
        ("vain", day.not_done as u64),
        ("unknown", day.unknown as u64),
    ]
}

fn all(day: &DayLine) -> u64 {
    segments(day).iter().map(|(_, n)| n).sum()
}

/// Several days as one, from the first on.
fn together(days: &[DayLine]) -> DayLine {
    days.iter().skip(1).fold(days[0].clone(), |sum, day| DayLine {
        date: sum.date,
        done: sum.done + day.done,
        rehearsed: sum.rehearsed + day.rehearsed,
        not_done: sum.not_done + day.not_done,
        unknown: sum.unknown + day.unknown,
        recovered: sum.recovered + day.recovered,
        not_in_time: sum.not_in_time + day.not_in_time,
    })
}

/// A dot for units that were back in time, and below it a ring for those that were not.
fn back(svg: &mut Svg, day: &DayLine, middle: f64) {
    if day.recovered > 0 {
        svg.dot("back", (middle, BACK), 3.5);
    }
    if day.not_in_time > 0 {
        svg.dot("late", (middle, LATE), 3.5);
    }
}

/// As many dates as fit, the first among them.
fn dates(svg: &mut Svg, columns: &[DayLine], wide: f64, format: &str) {
    let every = columns.len().div_ceil(LABELS).max(1);
    for (n, column) in (0_u64..).zip(columns).step_by(every) {
        let middle = wide * (length(n) + 0.5);
        // At the edges the whole date stays inside.
        let (x, anchor) = match middle {
            ..6.0 => (0.0, "start"),
            94.0.. => (100.0, "end"),
            _ => (middle, "middle"),
        };
        svg.text((x, DATES), anchor, &column.date.format(format).to_string());
    }
}

/// A column in words.
fn told(column: &DayLine, each: u64) -> String {
    let from = column.date.format("%a %-d %b %Y");
    let span = match column.date.checked_add_days(Days::new(each - 1)) {
        Some(until) if each > 1 => format!("{from} to {}", until.format("%a %-d %b %Y")),
        _ => from.to_string(),
    };
    let words = words(column);
    format!("{span}: {}", if words.is_empty() { "nothing".to_owned() } else { words.join(", ") })
}

fn words(day: &DayLine) -> Vec<String> {
    let all = [
        (day.done, "done"),
        (day.rehearsed, "rehearsed"),
        (day.not_done, "tried in vain"),
        (day.unknown, "with an unknown end"),
        (day.recovered, "back in time"),
        (day.not_in_time, "not back in time"),
    ];
    all.into_iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect()
}

fn description(days: &[DayLine]) -> String {
    let words = words(&together(days));
    let busy: Option<NaiveDate> =
        days.iter().rev().max_by_key(|day| all(day)).filter(|day| all(day) > 0).map(|day| day.date);
    match busy {
        Some(date) => format!("In all {}. Most on {date}.", words.join(", ")),
        None => "Nothing was done or rehearsed.".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(n: u64) -> Vec<DayLine> {
        let first: NaiveDate = "2026-11-23".parse().unwrap();
        (0..n).map(|n| DayLine { date: first + Days::new(n), ..DayLine::default() }).collect()
    }

    #[test]
    fn a_week_has_a_column_a_day() {
        let mut week = days(3);
        week[0] = DayLine { done: 3, not_done: 1, recovered: 2, not_in_time: 1, ..week[0].clone() };
        week[2] = DayLine { rehearsed: 2, ..week[2].clone() };
        insta::assert_snapshot!(timeline(&week).replace("><", ">\n<"));
    }

    #[test]
    fn no_day_is_no_picture_and_a_quiet_week_says_so() {
        assert_eq!(timeline(&[]), "");
        assert!(timeline(&days(7)).contains("Nothing was done or rehearsed."));
    }

    #[test]
    fn long_spans_have_wider_columns_and_lose_nothing() {
        for n in [62, 63, 400, 1_000, 9_000] {
            let mut days = days(n);
            for day in &mut days {
                day.done = 1;
            }
            let picture = timeline(&days);
            let columns = picture.matches("<rect").count();
            assert!((5..=MOST).contains(&columns), "{n} days: {columns} columns");
            assert!(picture.contains(&format!("In all {n} done")), "{n}");
            assert!(picture.matches("<text").count() <= LABELS + 3);
        }
    }
}
