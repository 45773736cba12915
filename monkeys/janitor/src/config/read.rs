//! From a value as written to a value as meant; what is wrong is said with what to write instead.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use chrono::TimeDelta;
use serde::de::{Deserialize, Deserializer, Error, Visitor};
use simian_core::choice::Glob;
use simian_core::{ResourceKind, span};

use super::{EVERY, RuleTable, disposable};
use crate::rules::{RULES, Rule};

/// The most working days that anything waits: four years. More is a typing error.
const MAX_DAYS: i64 = 1000;

/// A rule of ours.
fn rule(text: &str) -> Result<&'static Rule, String> {
    let ids = || RULES.iter().map(|rule| rule.id).collect::<Vec<_>>().join(", ");
    Rule::find(text).ok_or_else(|| format!("`{text}` is no rule of the janitor; there are: {}", ids()))
}

pub(super) fn rules<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let words = Vec::<String>::deserialize(deserializer)?;
    if let Some(why) = words.iter().filter(|word| *word != EVERY).find_map(|word| rule(word).err()) {
        return Err(Error::custom(format!("{why}, or \"{EVERY}\" for all of them")));
    }
    Ok(words)
}

/// What single rules go by.
pub(super) fn rule_tables<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<&'static str, RuleTable>, D::Error> {
    let tables = BTreeMap::<String, RuleTable>::deserialize(deserializer)?;
    let known = tables.into_iter().map(|(id, table)| Ok((rule(&id).map_err(Error::custom)?.id, table)));
    known.collect()
}

/// Kinds that can be deleted.
pub(super) fn kinds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeSet<ResourceKind>, D::Error> {
    let can = disposable();
    let read = |text: String| {
        let kind = text.parse().ok().filter(|kind| can.contains(kind));
        kind.ok_or_else(|| {
            let can: Vec<&str> = can.iter().map(|kind| kind.as_str()).collect();
            Error::custom(format!("`{text}` is nothing that the janitor deletes; there are: {}", can.join(", ")))
        })
    };
    Vec::<String>::deserialize(deserializer)?.into_iter().map(read).collect()
}

fn whole(number: i64, least: i64, most: i64) -> Result<u32, String> {
    let wrong = || format!("`{number}` is out of bounds: write a whole number from {least} to {most}");
    u32::try_from(number).ok().filter(|_| (least..=most).contains(&number)).ok_or_else(wrong)
}

/// So many working days: at least one.
pub(super) fn days<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    whole(i64::deserialize(deserializer)?, 1, MAX_DAYS).map_err(Error::custom)
}

pub(super) fn some_days<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    days(deserializer).map(Some)
}

/// A number that is written, from 0 on.
pub(super) fn some_count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    whole(i64::deserialize(deserializer)?, 0, MAX_DAYS).map(Some).map_err(Error::custom)
}

/// A span of whole days, hours or less, as in `14d`.
pub(super) fn some_span<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<TimeDelta>, D::Error> {
    span::parse(&String::deserialize(deserializer)?).map(Some).map_err(Error::custom)
}

/// A text that its type can read, and whose errors say what to do.
pub(crate) fn parsed<'de, D: Deserializer<'de>, T: FromStr<Err: fmt::Display>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    String::deserialize(deserializer)?.parse().map(Some).map_err(Error::custom)
}

/// A pattern that can match something.
pub(crate) fn glob<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Glob>, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.is_empty() {
        return Err(Error::custom("it matches nothing: write a text with * and ?, or remove the key"));
    }
    text.parse().map(Some).map_err(Error::custom)
}

pub(super) fn limit<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    deserializer.deserialize_any(Limit { most: i64::from(u32::MAX) })
}

pub(super) fn percent<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    deserializer.deserialize_any(Limit { most: 100 })
}

/// A whole number, or `"unlimited"`, which is `None`.
struct Limit {
    most: i64,
}

impl Visitor<'_> for Limit {
    type Value = Option<u32>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number, or \"unlimited\"")
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Option<u32>, E> {
        let read = whole(number, 0, self.most).map_err(|why| E::custom(format!("{why}, or \"unlimited\"")))?;
        Ok(Some(read))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Option<u32>, E> {
        self.visit_i64(i64::try_from(number).unwrap_or(i64::MAX))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Option<u32>, E> {
        match text {
            "unlimited" => Ok(None),
            _ => Err(E::custom(format!("`{text}` is no limit: write a whole number, or \"unlimited\""))),
        }
    }
}
