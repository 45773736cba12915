//! How well owners and apps keep the rules: of all that was asked of their resources, the share that was answered well,
//! each question weighed by its rule's severity.

use std::collections::BTreeMap;

use simian_core::{Score, Severity};

/// What was asked of some resources, and what came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    checks: u64,
    failed: u64,
    weight: u64,
    passed: u64,
}

impl Tally {
    /// A question that was answered well.
    pub(crate) fn pass(&mut self, severity: Severity) {
        self.checks += 1;
        self.weight += severity.weight();
        self.passed += severity.weight();
    }

    /// A question that was answered badly.
    pub(crate) fn fail(&mut self, severity: Severity) {
        self.checks += 1;
        self.failed += 1;
        self.weight += severity.weight();
    }

    fn add(&mut self, other: Tally) {
        self.checks += other.checks;
        self.failed += other.failed;
        self.weight += other.weight;
        self.passed += other.passed;
    }

    /// From 0 to 100, rounded down, so that 100 says that nothing failed.
    fn score(&self) -> u64 {
        (100 * self.passed).checked_div(self.weight).unwrap_or(100)
    }
}

/// The tallies of owners, and of their apps.
#[derive(Debug, Default)]
pub(crate) struct Scores(BTreeMap<(Option<String>, Option<String>), Tally>);

impl Scores {
    /// Counts what was asked of a resource to its owner, and to its app where that is known.
    pub(crate) fn add(&mut self, owner: Option<&String>, app: Option<&String>, tally: Tally) {
        if tally.checks == 0 {
            return;
        }
        self.0.entry((owner.cloned(), None)).or_default().add(tally);
        if let Some(app) = app {
            self.0.entry((owner.cloned(), Some(app.clone()))).or_default().add(tally);
        }
    }

    /// By owner, all that they have first, then app by app.
    pub(crate) fn finish(self) -> Vec<Score> {
        let score = |((owner, app), tally): ((Option<String>, Option<String>), Tally)| Score {
            owner,
            app,
            checks: tally.checks,
            failed: tally.failed,
            score: tally.score(),
        };
        self.0.into_iter().map(score).collect()
    }
}
