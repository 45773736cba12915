//! What rules say of themselves to whoever is to mend something.

use std::collections::BTreeMap;

use super::Severity;
use super::text::uncapital;

/// What a rule says of itself to whoever is to mend something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleText {
    /// What to do, in a few words.
    pub title: String,
    /// Why anybody should care: a sentence.
    pub why_it_matters: String,
    /// How it is mended: a sentence.
    pub remedy: String,
    /// How bad it is when it is broken.
    pub severity: Severity,
}

/// The rules of all monkeys, by their ids.
pub(super) fn all() -> BTreeMap<String, RuleText> {
    let conformity = simian_conformity::rules().iter().map(|rule| {
        let text = RuleText {
            title: format!("See to it that {}", uncapital(rule.title)),
            why_it_matters: rule.why_it_matters.to_owned(),
            remedy: format!("{}.", rule.remedy),
            severity: rule.severity,
        };
        (rule.id.to_owned(), text)
    });
    chaos().into_iter().chain(conformity).collect()
}

/// The rules of the chaos monkey, by their ids: what its owners' tags can get wrong.
fn chaos() -> BTreeMap<String, RuleText> {
    let rules = [
        (
            "opt-in-malformed",
            "Mend tags that cannot be read",
            "A unit whose tags make no sense is left alone, whatever its owner wanted.",
            "Each finding names the tag and what to write instead.",
        ),
        (
            "opt-in-differs",
            "Give the groups of a unit the same settings",
            "Of different settings the strictest counts, which may be nobody's intention.",
            "Write the same tags on all its groups, or leave them to the defaults.",
        ),
        (
            "hours-never",
            "Give units hours that can be",
            "Hours of an owner that never meet the operator's leave no moment for the unit.",
            "Let the tag for the hours overlap with those of the configuration.",
        ),
    ];
    let text = |(id, title, why, remedy): (&str, &str, &str, &str)| {
        let text = RuleText {
            title: title.to_owned(),
            why_it_matters: why.to_owned(),
            remedy: remedy.to_owned(),
            severity: Severity::Medium,
        };
        (id.to_owned(), text)
    };
    rules.into_iter().map(text).collect()
}
