//! `[monkeys.janitor.rule.ID]`: what one rule goes by.

use chrono::TimeDelta;
use serde::Deserialize;
use simian_core::ResourceKind;

use super::read;
use crate::rules::{Extra, Params, Rule};

/// What one rule goes by, where it is not as by default. Which rule has which of the last four keys its page says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RuleTable {
    /// What is younger is no waste.
    #[serde(deserialize_with = "read::some_span")]
    pub age: Option<TimeDelta>,
    /// Working days from its mark to the first date on which it may be deleted.
    #[serde(deserialize_with = "read::some_days")]
    pub retention_days: Option<u32>,
    /// How many of the newest are never waste.
    #[serde(deserialize_with = "read::some_count")]
    pub newest: Option<u32>,
    /// For how many days a log group is to keep its events.
    #[serde(deserialize_with = "retention")]
    pub keep_days: Option<u32>,
    /// The keys of the tags that must be there.
    #[serde(deserialize_with = "tags")]
    pub tags: Option<Vec<String>>,
    /// The kinds that it looks at.
    #[serde(deserialize_with = "kinds")]
    pub kinds: Option<Vec<ResourceKind>>,
}

/// For how many days a log group can keep its events. Source: CloudWatch Logs API, `PutRetentionPolicy`.
pub const RETENTIONS: [u32; 22] =
    [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

/// For how many days, if nobody says: a year, as an audit asks for.
const KEEP_DAYS: u32 = 365;

/// How many versions of a launch template are left, if nobody says.
const NEWEST: u32 = 5;

/// What must carry tags, if nobody says: as the rule of Netflix's janitor had it.
const KINDS: [ResourceKind; 1] = [ResourceKind::Instance];

impl RuleTable {
    /// The keys that mean nothing for that rule.
    pub(super) fn misplaced(&self, rule: &Rule) -> Vec<(&'static str, String)> {
        let written = [
            ("newest", self.newest.is_some(), Extra::Newest),
            ("keep_days", self.keep_days.is_some(), Extra::KeepDays),
            ("tags", self.tags.is_some(), Extra::Tags),
            ("kinds", self.kinds.is_some(), Extra::Tags),
        ];
        let wrong = written.into_iter().filter(|(_, written, extra)| *written && rule.extra != Some(*extra));
        wrong.map(|(key, _, _)| (key, format!("{} has no such key: remove it", rule.id))).collect()
    }

    pub(super) fn params(&self, rule: &Rule, retention_days: u32, owner: &str) -> Params {
        Params {
            age: self.age.unwrap_or(TimeDelta::days(rule.age.days)),
            retention_days: self.retention_days.unwrap_or(retention_days),
            newest: self.newest.unwrap_or(NEWEST) as usize,
            keep_days: self.keep_days.unwrap_or(KEEP_DAYS),
            tags: self.tags.clone().unwrap_or_else(|| vec![owner.to_owned()]),
            kinds: self.kinds.clone().unwrap_or_else(|| KINDS.to_vec()),
        }
    }
}

fn retention<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    let days = i64::deserialize(deserializer)?;
    let known = RETENTIONS.into_iter().find(|known| i64::from(*known) == days);
    let all = || RETENTIONS.map(|days| days.to_string()).join(", ");
    let wrong = || format!("CloudWatch Logs cannot keep events for {days} days: write one of {}", all());
    known.map(Some).ok_or_else(|| serde::de::Error::custom(wrong()))
}

fn tags<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<String>>, D::Error> {
    let keys = Vec::<String>::deserialize(deserializer)?;
    if keys.is_empty() || keys.iter().any(|key| key.trim().is_empty()) {
        return Err(serde::de::Error::custom("without a key nothing lacks one: name at least one, as in \"owner\""));
    }
    Ok(Some(keys))
}

/// Kinds whose lists carry their tags.
fn kinds<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<ResourceKind>>, D::Error> {
    let can = crate::rules::tagged();
    let read = |text: String| {
        let kind = text.parse().ok().filter(|kind| can.contains(kind));
        kind.ok_or_else(|| {
            let can: Vec<&str> = can.iter().map(|kind| kind.as_str()).collect();
            serde::de::Error::custom(format!("`{text}` shows no tags of its own; there are: {}", can.join(", ")))
        })
    };
    let mut kinds: Vec<ResourceKind> =
        Vec::<String>::deserialize(deserializer)?.into_iter().map(read).collect::<Result<_, _>>()?;
    kinds.sort_unstable();
    kinds.dedup();
    if kinds.is_empty() {
        return Err(serde::de::Error::custom("the rule would look at nothing: name a kind, as in \"instance\""));
    }
    Ok(Some(kinds))
}
