//! What an owner should mend.

use std::fmt;

use serde::Serialize;

use crate::scope::Scope;

/// How bad a finding is. AWS Security Hub has the same words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// It could be better.
    Low,
    /// It will hurt some day.
    #[default]
    Medium,
    /// It hurts at the next trouble.
    High,
    /// It hurts now, or the next stranger may.
    Critical,
}

impl Severity {
    /// Every severity, the least first.
    pub const ALL: [Severity; 4] = [Severity::Low, Severity::Medium, Severity::High, Severity::Critical];

    /// Every severity, the gravest first.
    pub const GRAVEST_FIRST: [Severity; 4] = [Severity::Critical, Severity::High, Severity::Medium, Severity::Low];

    /// By an event's `counts.severity`, as [`Severity::weight`] has it; without one, or with another figure, medium.
    pub fn of_weight(weight: Option<u64>) -> Self {
        let of = |severity: &Severity| Some(severity.weight()) == weight;
        Severity::ALL.into_iter().find(of).unwrap_or_default()
    }

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Low => "low",
            Severity::Medium => "medium",
            Severity::High => "high",
            Severity::Critical => "critical",
        }
    }

    /// As events have it: 1 for low to 4 for critical. It is its weight in a score too.
    pub fn weight(self) -> u64 {
        match self {
            Severity::Low => 1,
            Severity::Medium => 2,
            Severity::High => 3,
            Severity::Critical => 4,
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Something wrong that an owner should mend. Findings are never held.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// Which rule found it: a stable name.
    pub rule: &'static str,
    /// Where.
    pub scope: Scope,
    /// In which group, by its name, or in which other resource: `volume/vol-0abc`.
    pub subject: String,
    /// Whose, by the owner tag.
    pub owner: Option<String>,
    /// Its app, where that is known.
    pub app: Option<String>,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong and how to mend it: one or two sentences.
    pub why: String,
}

impl Finding {
    /// What makes two findings the same one.
    pub fn id(&self) -> String {
        format!("{}/{}/{}", self.rule, self.scope, self.subject)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in {}: {}", self.subject, self.scope, self.why)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_read_back_and_what_has_none_is_medium() {
        let ranks = [None, Some(0), Some(1), Some(2), Some(3), Some(4), Some(5)].map(Severity::of_weight);
        let words = ranks.map(Severity::as_str);
        assert_eq!(words, ["medium", "medium", "low", "medium", "high", "critical", "medium"]);
        assert!(Severity::GRAVEST_FIRST.is_sorted_by(|a, b| a > b));
        assert!(Severity::ALL.is_sorted());
    }
}
