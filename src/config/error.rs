//! What is wrong with a configuration, in words that say where and what to do.

use std::fmt;

/// Why there is no configuration. Displayed as one block, a line for each problem: file, line, column, key, what is
/// wrong and the remedy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The file could not be read at all.
    #[error("{file}: {why}")]
    Unreadable {
        /// The file.
        file: String,
        /// What is wrong and the remedy.
        why: String,
    },
    /// It was read, and these things in it are wrong.
    #[error("{}", block(file, problems, *more))]
    Invalid {
        /// The file.
        file: String,
        /// What is wrong, in the order of the file; at least one.
        problems: Vec<Problem>,
        /// How many problems there are besides these.
        more: usize,
    },
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// The key's path, such as `monkeys.chaos.mean_days` or `account[0].regions[1]`; empty where the text is no TOML.
    pub key: String,
    /// What is wrong and the remedy.
    pub why: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, column, key, why } = self;
        if key.is_empty() { write!(f, "{line}:{column}: {why}") } else { write!(f, "{line}:{column}: {key}: {why}") }
    }
}

fn block(file: &str, problems: &[Problem], more: usize) -> String {
    let mut lines: Vec<String> = problems.iter().map(|problem| format!("{file}:{problem}")).collect();
    if more > 0 {
        lines.push(format!("{file}: {more} more problems: mend these first"));
    }
    lines.join("\n")
}

/// The line and column (in characters), both from 1, of a byte of a text.
pub(super) fn place(text: &str, at: usize) -> (usize, usize) {
    let (before, _) = text.split_at(text.floor_char_boundary(at));
    let line = before.rsplit('\n').next().unwrap_or_default();
    (before.matches('\n').count() + 1, line.chars().count() + 1)
}
