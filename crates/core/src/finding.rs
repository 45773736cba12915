//! What an owner should mend.

use std::fmt;

use crate::scope::Scope;

/// Something wrong that an owner should mend. Findings are never held.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// Which rule found it: a stable name.
    pub rule: &'static str,
    /// Where.
    pub scope: Scope,
    /// In which group or resource.
    pub subject: String,
    /// Whose, by the owner tag.
    pub owner: Option<String>,
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
