//! A bar of segments for a table's cell: the figures stand beside it.

use super::{Svg, escaped, share};

/// How high, in pixels.
const HEIGHT: f64 = 12.0;

/// The segments one after the other, each with its class, on a scale that ends at `whole`.
pub(in crate::report::html) fn bar(title: &str, segments: &[(&str, u64)], whole: u64) -> String {
    let mut svg = Svg::new();
    let mut at = 0.0;
    for (class, n) in segments.iter().filter(|(_, n)| *n > 0) {
        // What is there is seen, also beside something a thousand times larger.
        let width = share(*n, whole).max(0.6);
        svg.rect(class, (at, width), (0.0, HEIGHT));
        at += width;
    }
    let title = escaped(title);
    format!(
        "<svg class=\"bar\" role=\"img\" aria-label=\"{title}\" width=\"100%\" height=\"{HEIGHT:.0}\"><title>{title}</title>{}\
         </svg>",
        svg.body
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_follow_each_other_and_nothing_takes_no_place() {
        insta::assert_snapshot!(bar("ann <x>", &[("critical", 1), ("high", 0), ("low", 3)], 8), @r#"<svg class="bar" role="img" aria-label="ann &lt;x&gt;" width="100%" height="12"><title>ann &lt;x&gt;</title><rect class="critical" x="0.00%" width="12.50%" y="0.0" height="12.0" rx="1.5"/><rect class="low" x="12.50%" width="37.50%" y="0.0" height="12.0" rx="1.5"/></svg>"#);
    }

    #[test]
    fn a_whole_of_nothing_is_no_mistake() {
        assert!(!bar("", &[("low", 0)], 0).contains("NaN"));
    }
}
