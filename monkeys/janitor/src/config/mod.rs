//! The monkey's own table, `[monkeys.janitor]`.

mod read;
mod rule;

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use simian_core::{CronSpec, Mode, ResourceKind};

use crate::NAME;
use crate::keep::Keep;
use crate::rules::{Kinds, Params, RULES, Rule};

pub(crate) use read::{glob, parsed};
pub use rule::{RETENTIONS, RuleTable};

/// Stands for every rule in `rules`.
const EVERY: &str = "*";

/// `[monkeys.janitor]`: what is not written has a cautious default, and nothing is deleted by default.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Whether it runs at all.
    pub enabled: bool,
    /// What it may do at most: `dry-run` holds it back where the accounts are live.
    pub mode: Mode,
    /// How often it looks.
    pub cron: CronSpec,
    /// The rules that count, by id, or `*` for all.
    #[serde(deserialize_with = "read::rules")]
    pub rules: Vec<String>,
    /// The kinds that it may delete. What is not in here is marked and announced, and stays.
    #[serde(deserialize_with = "read::kinds")]
    pub delete: BTreeSet<ResourceKind>,
    /// What lacks tags may be deleted for that, if its kind is in `delete` and nobody points at it.
    pub delete_untagged: bool,
    /// Working days from a mark to the first date on which the resource may be deleted.
    #[serde(deserialize_with = "read::days")]
    pub retention_days: u32,
    /// Working days from an announcement to a deletion, at least.
    #[serde(deserialize_with = "read::days")]
    pub notice_days: u32,
    /// A volume is deleted only after a snapshot of it, an image only after it was disabled.
    pub last_resort: bool,
    /// Working days for which an image stays disabled before it is deregistered.
    #[serde(deserialize_with = "read::days")]
    pub grace_days: u32,
    /// Marks a kind, region and round; `None` for unlimited.
    #[serde(deserialize_with = "read::limit")]
    pub max_marks: Option<u32>,
    /// Last resorts and deletions a kind, region and round; `None` for unlimited.
    #[serde(deserialize_with = "read::limit")]
    pub max_deletes: Option<u32>,
    /// The same in percent of those that were read of the kind; `None` for unlimited.
    #[serde(deserialize_with = "read::percent")]
    pub max_delete_percent: Option<u32>,
    /// What is kept, whatever a rule says.
    pub keep: Vec<Keep>,
    /// What single rules go by, by id.
    #[serde(deserialize_with = "read::rule_tables")]
    pub rule: BTreeMap<&'static str, RuleTable>,
}

/// A key that makes no sense beside the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contradiction {
    /// The key to mend, within the table.
    pub key: String,
    /// What is wrong and the remedy.
    pub why: String,
}

/// What counts for all rules.
#[derive(Clone, Debug)]
pub(crate) struct Terms {
    pub(crate) delete: BTreeSet<ResourceKind>,
    pub(crate) delete_untagged: bool,
    pub(crate) notice_days: u32,
    pub(crate) last_resort: bool,
    pub(crate) grace_days: u32,
}

impl Default for Config {
    fn default() -> Self {
        #[expect(clippy::expect_used, reason = "a constant that a test reads")]
        let cron = "20 * * * *".parse().expect("the default is valid");
        Self {
            enabled: false,
            mode: Mode::Live,
            cron,
            rules: Vec::new(),
            delete: BTreeSet::new(),
            delete_untagged: false,
            retention_days: 10,
            notice_days: 3,
            last_resort: true,
            grace_days: 10,
            max_marks: None,
            max_deletes: Some(10),
            max_delete_percent: Some(10),
            keep: Vec::new(),
            rule: BTreeMap::new(),
        }
    }
}

impl Config {
    /// All that makes no sense beside something else.
    pub fn contradictions(&self) -> Vec<Contradiction> {
        let mut wrong = Vec::new();
        let mut say = |key: String, why: String| wrong.push(Contradiction { key, why });
        if self.enabled && self.rules.is_empty() {
            let why = format!("no rule is enabled, so nothing is waste: name some, or \"{EVERY}\" for all of them");
            say("rules".into(), why);
        }
        for (place, keep) in self.keep.iter().enumerate() {
            if let Err((key, why)) = keep.check() {
                say(format!("keep[{place}]{key}"), why);
            }
        }
        for (id, table) in &self.rule {
            if let Some(rule) = Rule::find(id) {
                for (key, why) in table.misplaced(rule) {
                    say(format!("rule.{id}.{key}"), why);
                }
            }
        }
        let untagged = self.is_enabled(crate::rules::UNTAGGED);
        if self.delete_untagged && !untagged {
            let why = format!("the rule {} is not enabled: add it to `rules`, or remove this", crate::rules::UNTAGGED);
            say("delete_untagged".into(), why);
        }
        wrong
    }

    fn is_enabled(&self, id: &str) -> bool {
        self.rules.iter().any(|rule| rule == EVERY || rule == id)
    }

    /// The rules that are enabled, in reading order, each with what it goes by. What is not said of the tags that must
    /// be there is: the owner's.
    pub(crate) fn rules(&self, owner: &str) -> Vec<(&'static Rule, Params)> {
        let enabled = RULES.iter().filter(|rule| self.is_enabled(rule.id));
        let none = RuleTable::default();
        let params = |rule: &Rule| {
            let table = self.rule.get(rule.id).unwrap_or(&none);
            table.params(rule, self.retention_days, owner)
        };
        enabled.map(|rule| (*rule, params(rule))).collect()
    }

    pub(crate) fn terms(&self) -> Terms {
        Terms {
            delete: self.delete.clone(),
            delete_untagged: self.delete_untagged,
            notice_days: self.notice_days,
            last_resort: self.last_resort,
            grace_days: self.grace_days,
        }
    }
}

/// The kinds that some rule condemns by itself, and that can therefore be deleted.
pub(crate) fn disposable() -> Vec<ResourceKind> {
    let own = RULES.iter().filter_map(|rule| match rule.kinds {
        Kinds::One(kind) => Some(kind),
        Kinds::Listed => None,
    });
    let kinds: BTreeSet<ResourceKind> = own.collect();
    kinds.into_iter().collect()
}

/// Where the table's own list of what is kept stands, for reasons.
pub(crate) fn keep_key(place: usize) -> String {
    format!("monkeys.{NAME}.keep[{place}]")
}
