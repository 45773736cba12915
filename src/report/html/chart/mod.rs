//! Pictures as inline SVG, drawn by pure functions.
//!
//! Places across are percentages and sizes are pixels, so that a picture fills a phone and a desk with letters of the
//! same size, and no script is needed. Colours are classes of the page's style sheet, which knows dark and light.
//!
//! What may not happen here: a text that is put in unescaped.

mod bar;
mod recoveries;
mod spark;
mod timeline;

pub(super) use bar::bar;
pub(super) use recoveries::recoveries;
pub(super) use spark::spark;
pub(super) use timeline::{legend, timeline};

use std::fmt::Write as _;

/// A picture under construction.
struct Svg {
    body: String,
}

impl Svg {
    fn new() -> Self {
        Self { body: String::new() }
    }

    /// A line of text. `anchor` is `start`, `middle` or `end`.
    fn text(&mut self, (x, y): (f64, f64), anchor: &str, text: &str) {
        let text = escaped(text);
        let _ = write!(self.body, "<text x=\"{x:.2}%\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{text}</text>");
    }

    /// A horizontal line over the whole width.
    fn across(&mut self, class: &str, y: f64) {
        let _ = write!(self.body, "<line class=\"{class}\" x1=\"0\" x2=\"100%\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>");
    }

    /// A vertical line.
    fn down(&mut self, class: &str, x: f64, (from, to): (f64, f64)) {
        let _ = write!(
            self.body,
            "<line class=\"{class}\" x1=\"{x:.2}%\" x2=\"{x:.2}%\" y1=\"{from:.1}\" y2=\"{to:.1}\"/>"
        );
    }

    /// A box: percentages across, pixels down.
    fn rect(&mut self, class: &str, (x, width): (f64, f64), (y, height): (f64, f64)) {
        let _ = write!(
            self.body,
            "<rect class=\"{class}\" x=\"{x:.2}%\" width=\"{width:.2}%\" y=\"{y:.1}\" height=\"{height:.1}\" rx=\"1.5\"/>"
        );
    }

    /// A dot.
    fn dot(&mut self, class: &str, (x, y): (f64, f64), radius: f64) {
        let _ = write!(self.body, "<circle class=\"{class}\" cx=\"{x:.2}%\" cy=\"{y:.1}\" r=\"{radius}\"/>");
    }

    /// What belongs together, with the words that show when somebody points at it.
    fn group(&mut self, title: &str, inside: &Svg) {
        let _ = write!(self.body, "<g><title>{}</title>{}</g>", escaped(title), inside.body);
    }

    /// The whole picture. `id` is unique on the page.
    fn finish(self, id: &str, height: f64, title: &str, description: &str) -> String {
        format!(
            "<svg class=\"chart\" role=\"img\" aria-labelledby=\"{id}-title {id}-desc\" width=\"100%\" \
             height=\"{height:.0}\"><title id=\"{id}-title\">{}</title><desc id=\"{id}-desc\">{}</desc>{}</svg>",
            escaped(title),
            escaped(description),
            self.body
        )
    }
}

/// A text that is no markup.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            '\'' => out += "&#39;",
            c => out.push(c),
        }
    }
    out
}

/// A count as a length. What is drawn is never near 2^53.
#[expect(clippy::cast_precision_loss, reason = "a picture is some thousand pixels wide")]
fn length(n: u64) -> f64 {
    n as f64
}

/// So much of the whole, in percent.
fn share(n: u64, whole: u64) -> f64 {
    length(n) / length(whole.max(1)) * 100.0
}

/// The smallest of 1, 2, 4, 6, 8, 10, 20, 40 … that is not below: an axis ends there, and its half is whole but for 1.
fn round_up(n: u64) -> u64 {
    let mut decade: u64 = 1;
    loop {
        for step in [1, 2, 4, 6, 8] {
            let end = decade.saturating_mul(step);
            if n <= end {
                return end;
            }
        }
        decade = decade.saturating_mul(10);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_end_at_round_figures() {
        assert_eq!([0, 1, 2, 3, 5, 17, 41, 100].map(round_up), [1, 1, 2, 4, 6, 20, 60, 100]);
        assert_eq!(round_up(u64::MAX), u64::MAX);
    }

    #[test]
    fn texts_are_no_markup() {
        let mut svg = Svg::new();
        svg.text((0.0, 0.0), "start", "</text><script>");
        let mut outer = Svg::new();
        outer.group("\"><img src='x'>", &svg);
        let picture = outer.finish("x", 10.0, "<b>", "a & b");
        assert!(!picture.contains("<script") && !picture.contains("<img") && !picture.contains("<b>"), "{picture}");
        assert!(picture.contains("<desc id=\"x-desc\">a &amp; b</desc>"), "{picture}");
    }
}
