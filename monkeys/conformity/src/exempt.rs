//! Who need not keep which rule, and until when: by a tag of the owner's, or by a list of the operator's. Exemptions
//! end, because those that do not are forgotten.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use simian_core::choice::{Glob, account_glob, region_glob};
use simian_core::{ResourceId, Scope, TagRules};

use crate::NAME;
use crate::rule::RuleId;
use crate::rules;

/// `[[monkeys.conformity.exempt]]`: resources that the operator exempts from a rule.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exempt {
    /// Which rule, by id.
    pub rule: RuleId,
    /// Which resources, by kind and id, as in `instance/i-0abc` or `auto-scaling-group/shop-*`. What belongs to an
    /// exempt group is exempt too.
    #[serde(deserialize_with = "glob")]
    pub resource: Glob,
    /// In which accounts, by their twelve digits.
    #[serde(default, deserialize_with = "account")]
    pub account: Option<Glob>,
    /// In which regions.
    #[serde(default, deserialize_with = "region")]
    pub region: Option<Glob>,
    /// The last day on which it counts.
    #[serde(deserialize_with = "date")]
    pub until: NaiveDate,
    /// Why, in the operator's words.
    #[serde(deserialize_with = "reason")]
    pub why: String,
}

impl Exempt {
    /// Whether it is about what is there.
    pub(crate) fn is_for(&self, scope: &Scope) -> bool {
        let fits = |glob: &Option<Glob>, text: &str| glob.as_ref().is_none_or(|glob| glob.matches(text));
        fits(&self.account, scope.account.as_str()) && fits(&self.region, scope.region.as_str())
    }

    /// Whether its last day is past.
    pub(crate) fn has_ended(&self, today: NaiveDate) -> bool {
        self.until < today
    }

    /// Whether it is about that resource.
    pub(crate) fn is_about(&self, id: &ResourceId) -> bool {
        self.resource.matches(&id.to_string())
    }
}

/// What a tag of exemptions says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Exemptions {
    /// The last day of each.
    until: BTreeMap<&'static str, NaiveDate>,
    /// Words that exempt from nothing, with the reason and the remedy.
    pub(crate) problems: Vec<String>,
}

impl Exemptions {
    /// The key of the tag.
    pub(crate) fn key(tags: &TagRules) -> String {
        format!("{}:{NAME}:exempt", tags.prefix)
    }

    /// Reads a tag's value: `rule@2027-01-31`, several separated by spaces. A word that cannot be read exempts from
    /// nothing; the others count.
    pub(crate) fn read(text: &str) -> Self {
        let mut read = Self::default();
        for word in text.split_whitespace() {
            match one(word) {
                Ok((rule, until)) if read.until.contains_key(rule) => {
                    read.problems
                        .push(format!("`{word}`: {rule} is there twice, and {until} is not counted: remove one"));
                }
                Ok((rule, until)) => drop(read.until.insert(rule, until)),
                Err(why) => read.problems.push(why),
            }
        }
        if read.until.is_empty() && read.problems.is_empty() {
            read.problems.push("it is empty: name a rule and a day, as in rule@2027-01-31, or remove the tag".into());
        }
        read
    }

    /// Whether that rule need not be kept on that day.
    pub(crate) fn covers(&self, rule: &str, today: NaiveDate) -> bool {
        self.until.get(rule).is_some_and(|until| today <= *until)
    }

    /// Those that ended before that day.
    pub(crate) fn ended(&self, today: NaiveDate) -> impl Iterator<Item = (&'static str, NaiveDate)> {
        self.until.iter().map(|(rule, until)| (*rule, *until)).filter(move |(_, until)| *until < today)
    }
}

fn one(word: &str) -> Result<(&'static str, NaiveDate), String> {
    let (id, until) = word.split_once('@').unwrap_or((word, ""));
    let rule = rules::find(id)?.id;
    if until.is_empty() {
        return Err(format!(
            "`{word}` has no end: write {rule}@ and the last day that it counts, as in {rule}@2027-01-31"
        ));
    }
    let until =
        until.parse().map_err(|_| format!("`{word}`: `{until}` is no date: write it as in {rule}@2027-01-31"))?;
    Ok((rule, until))
}

fn glob<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Glob, D::Error> {
    let text = String::deserialize(deserializer)?;
    let kind = text.split('/').next().unwrap_or_default();
    if !kind.contains(['*', '?']) && text.parse::<ResourceId>().is_err() || !text.contains(['/', '*']) {
        let why = format!("`{text}` matches no resource: write its kind and its id, as in instance/i-0abc or */shop-*");
        return Err(D::Error::custom(why));
    }
    text.parse().map_err(D::Error::custom)
}

fn account<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Glob>, D::Error> {
    account_glob(&String::deserialize(deserializer)?).map(Some).map_err(D::Error::custom)
}

fn region<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Glob>, D::Error> {
    region_glob(&String::deserialize(deserializer)?).map(Some).map_err(D::Error::custom)
}

fn date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<NaiveDate, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(|_| D::Error::custom(format!("`{text}` is no date: write it as \"2027-01-31\"")))
}

fn reason<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.trim().is_empty() {
        return Err(D::Error::custom("it is empty: say why, for whoever reads it next year"));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn an_exemption_counts_through_its_last_day() {
        let read = Exemptions::read("imds-v1@2027-01-31 public-ip@2026-12-31");
        assert_eq!(read.problems, Vec::<String>::new());
        assert!(read.covers("imds-v1", day("2027-01-31")) && read.covers("public-ip", day("2026-12-31")));
        assert!(!read.covers("imds-v1", day("2027-02-01")) && !read.covers("one-zone", day("2026-01-01")));
        let ended: Vec<_> = read.ended(day("2027-01-01")).collect();
        assert_eq!(ended, [("public-ip", day("2026-12-31"))]);
    }

    #[test]
    fn what_cannot_be_read_exempts_from_nothing_and_says_what_to_write() {
        for (text, problem) in [
            ("", "it is empty: name a rule and a day, as in rule@2027-01-31, or remove the tag"),
            (
                "imds-v1",
                "`imds-v1` has no end: write imds-v1@ and the last day that it counts, as in imds-v1@2027-01-31",
            ),
            (
                "imds-v1@",
                "`imds-v1@` has no end: write imds-v1@ and the last day that it counts, as in imds-v1@2027-01-31",
            ),
            ("imds-v1@soon", "`imds-v1@soon`: `soon` is no date: write it as in imds-v1@2027-01-31"),
            (
                "imds-v1@2027-01-31 imds-v1@2028-01-31",
                "`imds-v1@2028-01-31`: imds-v1 is there twice, and 2028-01-31 is not counted: remove one",
            ),
        ] {
            assert_eq!(Exemptions::read(text).problems, [problem], "{text}");
        }
        let read = Exemptions::read("imsd-v1@2027-01-31 public-ip@2027-01-31");
        assert!(read.problems[0].starts_with("`imsd-v1` is no rule; there are: "), "{:?}", read.problems);
        assert!(read.covers("public-ip", day("2027-01-01")), "the sound word counts");
    }
}
