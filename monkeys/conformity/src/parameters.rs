//! What can be set of a rule. One vocabulary for all rules; each takes the words that it has a default for, and an
//! operator who writes another is told.

use std::collections::BTreeMap;
use std::fmt;

use chrono::TimeDelta;
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use simian_core::choice::Glob;
use simian_core::{ResourceKind, Severity, span};

/// `[monkeys.conformity.rule.ID]`: what is not written is as the rule has it.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Parameters {
    /// How bad a failure is. Every rule takes it.
    #[serde(deserialize_with = "severity")]
    pub severity: Option<Severity>,
    /// What is older fails.
    #[serde(deserialize_with = "length")]
    pub age: Option<TimeDelta>,
    /// What takes longer fails.
    #[serde(deserialize_with = "length")]
    pub longest: Option<TimeDelta>,
    /// How many days it looks back, or waits.
    #[serde(deserialize_with = "days")]
    pub days: Option<u32>,
    /// What is more fails.
    #[serde(deserialize_with = "most")]
    pub most: Option<u32>,
    /// Ports that strangers must not reach.
    #[serde(deserialize_with = "ports")]
    pub ports: Option<Vec<u16>>,
    /// Security groups that must be there, by id or by name.
    pub groups: Option<Vec<String>>,
    /// Stacks, as in the second part of a group's name; * and ? may be used.
    #[serde(deserialize_with = "globs")]
    pub stacks: Option<Vec<Glob>>,
    /// Which kinds it is asked of.
    #[serde(deserialize_with = "kinds")]
    pub kinds: Option<Vec<ResourceKind>>,
    /// Tags that must be there, each with the values that it may have; an empty list allows any.
    #[serde(deserialize_with = "tags")]
    pub tags: Option<BTreeMap<String, Vec<Glob>>>,
}

impl Parameters {
    /// These where they say something, else those.
    pub(crate) fn over(self, own: Parameters) -> Self {
        Self {
            severity: self.severity.or(own.severity),
            age: self.age.or(own.age),
            longest: self.longest.or(own.longest),
            days: self.days.or(own.days),
            most: self.most.or(own.most),
            ports: self.ports.or(own.ports),
            groups: self.groups.or(own.groups),
            stacks: self.stacks.or(own.stacks),
            kinds: self.kinds.or(own.kinds),
            tags: self.tags.or(own.tags),
        }
    }

    /// What is set, as one would write it.
    pub(crate) fn written(&self) -> Vec<(&'static str, String)> {
        let globs = |globs: &[Glob]| list(globs.iter().map(|glob| format!("\"{glob}\"")));
        let tags = |tags: &BTreeMap<String, Vec<Glob>>| {
            let each: Vec<String> = tags.iter().map(|(key, values)| format!("\"{key}\" = {}", globs(values))).collect();
            if each.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", each.join(", ")) }
        };
        [
            ("severity", self.severity.map(|severity| format!("\"{severity}\""))),
            ("age", self.age.map(length_written)),
            ("longest", self.longest.map(length_written)),
            ("days", self.days.map(|days| days.to_string())),
            ("most", self.most.map(|most| most.to_string())),
            ("ports", self.ports.as_ref().map(|ports| list(ports.iter().map(ToString::to_string)))),
            ("groups", self.groups.as_ref().map(|names| list(names.iter().map(|name| format!("\"{name}\""))))),
            ("stacks", self.stacks.as_deref().map(globs)),
            ("kinds", self.kinds.as_ref().map(|kinds| list(kinds.iter().map(|kind| format!("\"{kind}\""))))),
            ("tags", self.tags.as_ref().map(tags)),
        ]
        .into_iter()
        .filter_map(|(key, text)| Some((key, text?)))
        .collect()
    }

    /// Older than this fails.
    pub(crate) fn age(&self) -> TimeDelta {
        self.age.unwrap_or(TimeDelta::MAX)
    }

    /// Longer than this fails.
    pub(crate) fn longest(&self) -> TimeDelta {
        self.longest.unwrap_or(TimeDelta::MAX)
    }

    /// So many days.
    pub(crate) fn days(&self) -> u32 {
        self.days.unwrap_or_default()
    }

    /// More than this fails.
    pub(crate) fn most(&self) -> u32 {
        self.most.unwrap_or(u32::MAX)
    }

    /// Ports that strangers must not reach.
    pub(crate) fn ports(&self) -> &[u16] {
        self.ports.as_deref().unwrap_or_default()
    }

    /// Security groups that must be there.
    pub(crate) fn groups(&self) -> &[String] {
        self.groups.as_deref().unwrap_or_default()
    }

    /// Stacks.
    pub(crate) fn stacks(&self) -> &[Glob] {
        self.stacks.as_deref().unwrap_or_default()
    }

    /// Which kinds it is asked of.
    pub(crate) fn kinds(&self) -> &[ResourceKind] {
        self.kinds.as_deref().unwrap_or_default()
    }

    /// Tags that must be there.
    pub(crate) fn tags(&self) -> impl Iterator<Item = (&String, &Vec<Glob>)> {
        self.tags.iter().flatten()
    }
}

fn list(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(", "))
}

fn length_written(length: TimeDelta) -> String {
    format!("\"{}\"", span::format(length).replace(' ', ""))
}

/// `[monkeys.conformity.rule]`: the operator's parameters, by rule.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tuning(pub(crate) BTreeMap<&'static str, Parameters>);

impl<'de> Deserialize<'de> for Tuning {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ByRule;

        impl<'de> Visitor<'de> for ByRule {
            type Value = Tuning;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a table of rules, as in [monkeys.conformity.rule.instance-too-old]")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Tuning, A::Error> {
                let mut tuning = Tuning::default();
                while let Some(id) = map.next_key::<String>()? {
                    let rule = crate::rules::find(&id).map_err(A::Error::custom)?;
                    let given: Parameters = map.next_value()?;
                    let takes: Vec<&str> = rule.parameters().iter().map(|(key, _)| *key).chain(["severity"]).collect();
                    if let Some((key, _)) = given.written().iter().find(|(key, _)| !takes.contains(key)) {
                        let takes = takes.join(", ");
                        let why = format!("`{id}` takes no `{key}`: remove it. It takes: {takes}");
                        return Err(A::Error::custom(why));
                    }
                    tuning.0.insert(rule.id, given);
                }
                Ok(tuning)
            }
        }

        deserializer.deserialize_map(ByRule)
    }
}

/// Kinds whose lists carry no tags: a question about their tags would always be answered badly.
pub(crate) fn is_tagged(kind: ResourceKind) -> bool {
    use ResourceKind as K;
    !matches!(kind, K::LaunchConfiguration | K::TemplateVersion | K::LogGroup | K::Parameter | K::ManagedNode)
}

fn severity<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Severity>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let all = Severity::ALL.map(Severity::as_str).join(", ");
    let read = Severity::ALL.into_iter().find(|severity| severity.as_str() == text);
    read.map(Some).ok_or_else(|| D::Error::custom(format!("`{text}` is no severity: write one of {all}")))
}

fn length<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<TimeDelta>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let read = span::parse(&text).map_err(D::Error::custom)?;
    if read.is_zero() {
        return Err(D::Error::custom(format!("`{text}` is no time at all: write a longer one, as in 30m or 90d")));
    }
    Ok(Some(read))
}

/// The longest look back, in days: a year, as for spans.
const MAX_DAYS: u32 = 366;

fn days<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    let days = i64::deserialize(deserializer)?;
    let read = u32::try_from(days).ok().filter(|days| (1..=MAX_DAYS).contains(days));
    let wrong =
        || D::Error::custom(format!("`{days}` is no number of days: write a whole number from 1 to {MAX_DAYS}"));
    read.map(Some).ok_or_else(wrong)
}

fn most<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    let most = i64::deserialize(deserializer)?;
    let wrong = || D::Error::custom(format!("`{most}` is no limit: write a whole number of at least 0"));
    u32::try_from(most).map(Some).map_err(|_| wrong())
}

fn ports<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<u16>>, D::Error> {
    let numbers = Vec::<i64>::deserialize(deserializer)?;
    let read = |port: &i64| {
        let wrong = || D::Error::custom(format!("`{port}` is no port: write a whole number from 0 to 65535"));
        u16::try_from(*port).map_err(|_| wrong())
    };
    numbers.iter().map(read).collect::<Result<_, _>>().map(Some)
}

fn globs<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<Glob>>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    texts.iter().map(|text| text.parse().map_err(D::Error::custom)).collect::<Result<_, _>>().map(Some)
}

fn kinds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<ResourceKind>>, D::Error> {
    let read = |name: &String| match name.parse::<ResourceKind>() {
        Ok(kind) if is_tagged(kind) => Ok(kind),
        Ok(kind) => Err(D::Error::custom(format!("the tags of {} are not read: remove `{kind}`", kind.several()))),
        Err(error) => Err(D::Error::custom(error)),
    };
    Vec::<String>::deserialize(deserializer)?.iter().map(read).collect::<Result<_, _>>().map(Some)
}

fn tags<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<BTreeMap<String, Vec<Glob>>>, D::Error> {
    let texts = BTreeMap::<String, Vec<String>>::deserialize(deserializer)?;
    let values = |values: &[String]| -> Result<Vec<Glob>, D::Error> {
        values.iter().map(|text| text.parse().map_err(D::Error::custom)).collect()
    };
    texts.iter().map(|(key, texts)| Ok((key.clone(), values(texts)?))).collect::<Result<_, _>>().map(Some)
}

/// A rule that requires what a list names asks nothing while the list is empty: the key to write.
pub(crate) fn asks_nothing(parameters: &Parameters) -> Option<&'static str> {
    let empty_groups = parameters.groups.as_ref().is_some_and(Vec::is_empty);
    let empty_tags = parameters.tags.as_ref().is_some_and(BTreeMap::is_empty);
    empty_groups.then_some("groups").or(empty_tags.then_some("tags"))
}
