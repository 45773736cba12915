//! How long recoveries took: a dot each, or columns where there are many.

use super::{Svg, length, share};
use crate::report::Times;
use crate::report::text::seconds;

/// Where things stand, in pixels: the labels of the lines, the lowest dot's row, and the axis.
const LABELS: f64 = 12.0;
const ROW: f64 = 15.0;
const BASE: f64 = 132.0;
const HEIGHT: f64 = 160.0;

/// A place each for so many dots side by side.
const PLACES: u64 = 32;

/// Dots, and how many of them stand on one another before they become a column.
const DOT: f64 = 4.0;
const STACK: usize = 8;

/// Where the axis may end, in seconds: minutes, hours and days that people count in.
const ENDS: [u64; 16] =
    [60, 120, 300, 600, 900, 1_200, 1_800, 2_700, 3_600, 5_400, 7_200, 14_400, 28_800, 43_200, 86_400, 172_800];

/// What took about as long.
#[derive(Clone, Default)]
struct Place {
    in_time: usize,
    late: usize,
    /// All of them together, in seconds.
    seconds: u128,
}

impl Place {
    fn all(&self) -> usize {
        self.in_time + self.late
    }
}

/// How long each took, with whether it was late, and the figures of all; nothing where nothing was measured.
pub(in crate::report::html) fn recoveries(took: &[(u64, bool)], times: &Times) -> String {
    let Some(worst) = took.iter().map(|(seconds, _)| *seconds).max() else { return String::new() };
    let end = ENDS.iter().copied().find(|end| worst <= *end).unwrap_or(worst);
    let mut places = vec![Place::default(); usize::try_from(PLACES).unwrap_or(1)];
    for (seconds, late) in took {
        let place = usize::try_from(u128::from(*seconds) * u128::from(PLACES) / u128::from(end)).unwrap_or(usize::MAX);
        let last = places.len() - 1;
        let place = &mut places[place.min(last)];
        place.seconds += u128::from(*seconds);
        *(if *late { &mut place.late } else { &mut place.in_time }) += 1;
    }
    let mut svg = Svg::new();
    svg.across("axis", BASE);
    for (n, anchor) in [(0, "start"), (1, "middle"), (2, "end")] {
        svg.text((length(n) * 50.0, BASE + 18.0), anchor, &seconds(end / 2 * n));
    }
    lines(&mut svg, times, end);
    let most = places.iter().map(Place::all).max().unwrap_or(0);
    for (n, place) in (0_u64..).zip(&places).filter(|(_, place)| place.all() > 0) {
        if most <= STACK {
            dots(&mut svg, place, end);
        } else {
            column(&mut svg, share(2 * n + 1, 2 * PLACES), place, most);
        }
    }
    svg.finish("recoveries", HEIGHT, "How long units took to be back", &description(took, times))
}

/// Median, p90 and worst, each with its label on a row of its own, so that they never overlap.
fn lines(svg: &mut Svg, times: &Times, end: u64) {
    let figures = [("median", times.median_seconds), ("p90", times.p90_seconds), ("worst", times.worst_seconds)];
    for (row, (name, figure)) in (0_u64..).zip(figures) {
        let Some(figure) = figure else { continue };
        let (x, y) = (share(figure.min(end), end), LABELS + ROW * length(row));
        svg.down("figure", x, (y - 8.0, BASE));
        // The label is on the side that has the room.
        let (aside, anchor) = if x < 60.0 { (0.7, "start") } else { (-0.7, "end") };
        svg.text((x + aside, y), anchor, &format!("{name} {}", seconds(figure)));
    }
}

/// Dots above one another, where they are on average: a lonely one stands where it belongs.
fn dots(svg: &mut Svg, place: &Place, end: u64) {
    let mean = u64::try_from(place.seconds / place.all() as u128).unwrap_or(end);
    let classes = std::iter::repeat_n("back", place.in_time).chain(std::iter::repeat_n("late", place.late));
    for (n, class) in (0_u64..).zip(classes) {
        svg.dot(class, (share(mean, end), BASE - 7.0 - length(n) * (2.0 * DOT + 1.0)), DOT);
    }
}

fn column(svg: &mut Svg, middle: f64, place: &Place, most: usize) {
    let wide = share(1, PLACES) * 0.8;
    let mut top = BASE;
    for (class, n) in [("back", place.in_time), ("late", place.late)].into_iter().filter(|(_, n)| *n > 0) {
        let height = 76.0 * length(n as u64) / length(most as u64);
        top -= height;
        svg.rect(class, (middle - wide / 2.0, wide), (top, height.max(1.0)));
    }
}

fn description(took: &[(u64, bool)], times: &Times) -> String {
    let figure = |figure: Option<u64>| figure.map_or_else(|| "unknown".to_owned(), seconds);
    let late = took.iter().filter(|(_, late)| *late).count();
    format!(
        "{} measured, {late} of them late. Median {}, nine of ten within {}, worst {}.",
        took.len(),
        figure(times.median_seconds),
        figure(times.p90_seconds),
        figure(times.worst_seconds)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Recovery;

    fn drawn(took: &[(u64, bool)]) -> String {
        let all = took.iter().map(|(seconds, late)| Recovery::Recovered { seconds: *seconds, late: *late });
        recoveries(took, &Times::of(all))
    }

    #[test]
    fn a_few_are_dots() {
        insta::assert_snapshot!(drawn(&[(210, false), (215, false), (1_100, true)]).replace("><", ">\n<"));
    }

    #[test]
    fn many_are_columns_and_the_late_ones_are_seen() {
        let many: Vec<(u64, bool)> = (0..100).map(|n| (200 + n % 3, n == 50)).collect();
        let picture = drawn(&many);
        assert_eq!((picture.matches("<circle").count(), picture.matches("<rect").count()), (0, 2), "{picture}");
        assert!(picture.contains("100 measured, 1 of them late."), "{picture}");
    }

    #[test]
    fn nothing_measured_is_no_picture_and_no_figure_breaks_the_axis() {
        assert_eq!(drawn(&[]), "");
        for seconds in [0, 1, 172_800, 172_801, u64::MAX / 1_000] {
            let picture = drawn(&[(seconds, false)]);
            assert!(picture.contains("<circle") && !picture.contains("NaN") && !picture.contains("inf"), "{picture}");
        }
    }
}
