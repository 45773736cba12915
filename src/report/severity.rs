//! How bad something is.

use serde::Serialize;

/// How bad something is that should be mended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Mend it when you are there anyway.
    Low,
    /// Mend it soon. What no rule ranks counts as this.
    #[default]
    Medium,
    /// Mend it this week.
    High,
    /// Mend it today.
    Critical,
}

impl Severity {
    /// All of them, the gravest first.
    pub const GRAVEST_FIRST: [Severity; 4] = [Severity::Critical, Severity::High, Severity::Medium, Severity::Low];

    /// By an event's `counts.severity`: 1 is low, 4 is critical; without one, or with another figure, medium.
    pub fn of_count(count: Option<u64>) -> Self {
        match count {
            Some(1) => Severity::Low,
            Some(3) => Severity::High,
            Some(4) => Severity::Critical,
            _ => Severity::Medium,
        }
    }

    /// One word, as in every form of the report.
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Low => "low",
            Severity::Medium => "medium",
            Severity::High => "high",
            Severity::Critical => "critical",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_rank_and_what_is_not_ranked_is_medium() {
        let ranks = [None, Some(0), Some(1), Some(2), Some(3), Some(4), Some(5)].map(Severity::of_count);
        let words = ranks.map(Severity::as_str);
        assert_eq!(words, ["medium", "medium", "low", "medium", "high", "critical", "medium"]);
        assert!(Severity::GRAVEST_FIRST.is_sorted_by(|a, b| a > b));
    }
}
