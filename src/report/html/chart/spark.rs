//! A trend in the size of a word.

use std::fmt::Write as _;

use super::{escaped, length};
use crate::report::ScoreDay;

/// Its size in pixels, and the margin for the last dot.
const SIZE: (f64, f64) = (132.0, 28.0);
const MARGIN: f64 = 4.0;

/// A trend of fewer points up and down looks as calm as it is.
const LEAST_RANGE: u64 = 20;

/// Scores over days; the last has a dot.
pub(in crate::report::html) fn spark(days: &[ScoreDay]) -> String {
    let (Some(first), Some(last)) = (days.first(), days.last()) else { return String::new() };
    let (low, high) = range(days);
    let whole = u64::try_from((last.date - first.date).num_days()).unwrap_or(0).max(1);
    let place = |day: &ScoreDay| {
        let since = u64::try_from((day.date - first.date).num_days()).unwrap_or(0);
        // One day stands where the present stands.
        let across = if days.len() == 1 { 1.0 } else { length(since) / length(whole) };
        let up = length(day.score.saturating_sub(low)) / length(high - low);
        (MARGIN + across * (SIZE.0 - 2.0 * MARGIN), SIZE.1 - MARGIN - up * (SIZE.1 - 2.0 * MARGIN))
    };
    let line = days.iter().map(place).fold(String::new(), |mut line, (x, y)| {
        let _ = write!(line, "{}{x:.1},{y:.1}", if line.is_empty() { "" } else { " " });
        line
    });
    let (x, y) = place(last);
    let title = match days {
        [only] => format!("{} on {}", only.score, only.date),
        _ => format!("From {} on {} to {} on {}", first.score, first.date, last.score, last.date),
    };
    let title = escaped(&title);
    format!(
        "<svg class=\"spark\" role=\"img\" aria-label=\"{title}\" width=\"{}\" height=\"{}\"><title>{title}</title>\
         <polyline points=\"{line}\"/><circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"2.5\"/></svg>",
        SIZE.0, SIZE.1
    )
}

/// From where to where the scale goes: what there is, in a range that is not too small, within 0 and 100.
fn range(days: &[ScoreDay]) -> (u64, u64) {
    let scores = || days.iter().map(|day| day.score);
    let (low, high) = (scores().min().unwrap_or(0), scores().max().unwrap_or(100).min(100));
    let missing = LEAST_RANGE.saturating_sub(high.saturating_sub(low));
    let high = (high + missing / 2).min(100);
    (high.saturating_sub(LEAST_RANGE).min(low), high.max(LEAST_RANGE))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(scores: &[u64]) -> Vec<ScoreDay> {
        let date = |n| "2026-11-01".parse::<chrono::NaiveDate>().unwrap() + chrono::Days::new(n);
        (0..).zip(scores).map(|(n, score)| ScoreDay { date: date(n), score: *score }).collect()
    }

    #[test]
    fn a_rise_goes_up() {
        insta::assert_snapshot!(spark(&days(&[50, 70, 90])), @r#"<svg class="spark" role="img" aria-label="From 50 on 2026-11-01 to 90 on 2026-11-03" width="132" height="28"><title>From 50 on 2026-11-01 to 90 on 2026-11-03</title><polyline points="4.0,24.0 66.0,14.0 128.0,4.0"/><circle cx="128.0" cy="4.0" r="2.5"/></svg>"#);
    }

    #[test]
    fn nothing_is_no_picture_and_one_day_is_a_dot() {
        assert_eq!(spark(&[]), "");
        let one = spark(&days(&[100]));
        assert!(one.contains("cx=\"128.0\"") && !one.contains("NaN"), "{one}");
    }

    #[test]
    fn the_scale_is_never_smaller_than_its_least_and_stays_within_the_scores() {
        for scores in [vec![0], vec![100], vec![50, 51], vec![0, 100], vec![97, 99], vec![1, 3]] {
            let (low, high) = range(&days(&scores));
            assert!(high - low >= LEAST_RANGE && high <= 100, "{scores:?}: {low} to {high}");
            assert!(scores.iter().all(|score| (low..=high).contains(score)), "{scores:?}: {low} to {high}");
        }
    }
}
