//! The script, and what it answers.

use std::fmt::{self, Write as _};
use std::str::FromStr;

use chrono::TimeDelta;

use crate::kind::Fault;
use crate::tools;

/// The variables of a script, in the order in which they are written, each with its value unquoted.
pub(crate) type Assignments = Vec<(&'static str, String)>;

const PRELUDE: &str = include_str!("shell/prelude.sh");
const LEASE: &str = include_str!("shell/lease.sh");
const MAIN: &str = include_str!("shell/main.sh");
const VERBS: &str = include_str!("shell/verbs.sh");

/// What a script is asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verb {
    /// Says whether it could be done here. Changes nothing.
    Preflight,
    /// Does it, and arms the dead-man before.
    Apply,
    /// Says whether it is there.
    Status,
    /// Moves its deadline.
    Renew,
    /// Ends it, and verifies that.
    Undo,
}

impl Verb {
    /// As the script is told.
    pub fn as_str(self) -> &'static str {
        match self {
            Verb::Preflight => "preflight",
            Verb::Apply => "apply",
            Verb::Status => "status",
            Verb::Renew => "renew",
            Verb::Undo => "undo",
        }
    }
}

/// Which fault this is in its guest, and for how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    id: String,
    lasts: TimeDelta,
    cap: TimeDelta,
}

/// The longest id, in characters: it is part of a unit's name, of a folder's and of a tag's.
const MAX_ID: usize = 48;

/// The longest that a fault may be held, renewals included: whoever wants more has an outage.
pub(crate) const LONGEST: TimeDelta = TimeDelta::hours(12);

/// Why a fault cannot be held so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeldError {
    /// It would not be a name.
    #[error("`{0}` is no id of a fault: write at most {MAX_ID} small letters, digits and hyphens")]
    Id(String),
    /// Too short or too long.
    #[error("a fault lasts from a second to its cap, and its cap is at most {} hours", LONGEST.num_hours())]
    Time,
}

impl Held {
    /// A fault of that id, which ends after that time unless it is renewed, and after its cap in any case.
    pub fn new(id: &str, lasts: TimeDelta, cap: TimeDelta) -> Result<Self, HeldError> {
        let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if id.is_empty() || id.len() > MAX_ID || id.starts_with('-') || !id.bytes().all(fits) {
            return Err(HeldError::Id(id.to_owned()));
        }
        if lasts < TimeDelta::seconds(1) || cap < lasts || cap > LONGEST {
            return Err(HeldError::Time);
        }
        Ok(Self { id: id.to_owned(), lasts, cap })
    }
}

impl Fault {
    /// The script: it does what its first argument says, and without one `verb`; without both it says how it is used.
    pub fn script(&self, held: &Held, verb: Option<Verb>) -> String {
        let mut out =
            format!("#!/bin/sh\n# {}, by simian: {}\n# It ends by itself.\n\n", self.kind.name, self.kind.about);
        if let Some(verb) = verb {
            // Writing to a text cannot fail, here and below.
            let _ = writeln!(out, "[ $# -gt 0 ] || set -- {}\n", verb.as_str());
        }
        let (lasts, cap) = (held.lasts.num_seconds().to_string(), held.cap.num_seconds().to_string());
        let packages = tools::remedies(self.kind.tools);
        let common = [
            ("id", held.id.as_str()),
            ("for_s", lasts.as_str()),
            ("cap_s", cap.as_str()),
            ("packages", packages.as_str()),
        ];
        let own = self.variables.iter().map(|(name, value)| (*name, value.as_str()));
        for (name, value) in common.into_iter().chain(own) {
            let _ = writeln!(out, "{name}={}", quoted(value));
        }
        let own = self.kind.shell.iter().copied();
        for part in [PRELUDE, LEASE].into_iter().chain(own).chain([MAIN, VERBS]) {
            let _ = write!(out, "\n{}\n", part.trim());
        }
        out
    }
}

/// The script that says a word to a fault that is in its guest already, by its id: whatever the fault is, its guest has
/// its own script.
pub fn word_to(id: &str, verb: Verb) -> String {
    format!(
        r"#!/bin/sh
# A word to a fault of simian's.

[ $# -gt 0 ] || set -- {verb}

id={id}

{WORD_TO}",
        verb = verb.as_str(),
        id = quoted(id),
        WORD_TO = include_str!("shell/word_to.sh"),
    )
}

/// A text as one word of the shell's.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// The first word of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Word {
    /// It could be done here.
    Ready,
    /// It cannot be done here, and nothing was.
    Refused,
    /// It is on its way.
    Beginning,
    /// It is there.
    Applied,
    /// It is not there.
    Absent,
    /// Somebody undid a part of it, or did something else to it.
    Damaged,
    /// It was tried, and did not take or could not be undone.
    Failed,
}

impl Word {
    const ALL: [(Word, &'static str); 7] = [
        (Word::Ready, "ready"),
        (Word::Refused, "refused"),
        (Word::Beginning, "beginning"),
        (Word::Applied, "applied"),
        (Word::Absent, "absent"),
        (Word::Damaged, "damaged"),
        (Word::Failed, "failed"),
    ];
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = Word::ALL.iter().find(|(word, _)| word == self).map_or("", |(_, text)| *text);
        f.pad(word)
    }
}

/// What a script said at last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// How it is.
    pub word: Word,
    /// What it said of that.
    pub why: Option<String>,
}

/// An output without an answer: the script was cut off, or something else ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the output has no answer of a fault's script: it was cut off, or something else ran")]
pub struct NoAnswer;

impl FromStr for Answer {
    type Err = NoAnswer;

    /// The last line of an output that is an answer.
    fn from_str(output: &str) -> Result<Self, NoAnswer> {
        let answers = output.lines().rev().filter_map(|line| line.strip_prefix("simian-fault: "));
        let said = answers.map(str::trim_end).next().ok_or(NoAnswer)?;
        let (word, why) = said.split_once(": ").map_or((said, None), |(word, why)| (word, Some(why)));
        let (word, _) = Word::ALL.iter().find(|(_, text)| *text == word).ok_or(NoAnswer)?;
        Ok(Self { word: *word, why: why.map(str::to_owned) })
    }
}
