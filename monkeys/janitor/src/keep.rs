//! What is kept, whatever a rule says: by its owner's tag, or by the operator's list.

use chrono::NaiveDate;
use serde::Deserialize;
use simian_core::choice::Glob;
use simian_core::resource::Tags;
use simian_core::{Resource, ResourceKind};

use crate::config::{keep_key, parsed};

/// One line of `[monkeys.janitor] keep`: what all that it says fits is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Keep {
    /// A pattern of its name, or of its id.
    #[serde(deserialize_with = "crate::config::glob")]
    pub name: Option<Glob>,
    /// Its kind.
    #[serde(deserialize_with = "parsed")]
    pub kind: Option<ResourceKind>,
    /// The key of a tag that it has.
    pub tag: Option<String>,
    /// A pattern of that tag's value.
    #[serde(deserialize_with = "crate::config::glob")]
    pub value: Option<Glob>,
    /// What it is kept for, in the operator's words.
    pub why: Option<String>,
}

impl Keep {
    /// Whether it says something; else its key and why not.
    pub(crate) fn check(&self) -> Result<(), (&'static str, String)> {
        if self.value.is_some() && self.tag.is_none() {
            return Err((".value", "it is the value of no tag: add the tag's key as `tag`".into()));
        }
        if self.name.is_none() && self.kind.is_none() && self.tag.is_none() {
            return Err(("", "it would keep everything: say a `name`, a `kind` or a `tag`".into()));
        }
        Ok(())
    }

    /// Whether it is about that resource. What is not known to have the tag does not have it.
    fn fits(&self, resource: &Resource, tags: Option<&Tags>) -> bool {
        let named = |glob: &Glob| glob.matches(resource.title()) || glob.matches(&resource.id.id);
        let value = self.tag.as_ref().map(|key| tags.and_then(|tags| tags.get(key)));
        self.kind.is_none_or(|kind| kind == resource.id.kind)
            && self.name.as_ref().is_none_or(named)
            && match value {
                None => true,
                Some(None) => false,
                Some(Some(value)) => self.value.as_ref().is_none_or(|glob| glob.matches(value)),
            }
    }
}

/// What an owner's tag says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kept {
    /// For ever, or through that date.
    Through(Option<NaiveDate>),
    /// Until a date that is past.
    Over(NaiveDate),
    /// Something that nobody can read: it is kept, and its owner is told.
    Malformed(String),
}

impl Kept {
    /// Reads the tag's value.
    pub(crate) fn read(text: &str, today: NaiveDate) -> Self {
        match text.trim() {
            "forever" => Kept::Through(None),
            text => match text.parse::<NaiveDate>() {
                Ok(date) if date < today => Kept::Over(date),
                Ok(date) => Kept::Through(Some(date)),
                Err(_) => Kept::Malformed(text.to_owned()),
            },
        }
    }
}

/// Why that resource is kept, if it is: the owner's word before the operator's.
pub(crate) fn reason(
    resource: &Resource,
    tags: Option<&Tags>,
    key: &str,
    lines: &[Keep],
    today: NaiveDate,
) -> Option<String> {
    let by_tag = tags.and_then(|tags| tags.get(key)).and_then(|text| match Kept::read(text, today) {
        Kept::Over(_) => None,
        Kept::Through(_) => Some(format!("kept by its tag {key} = {}", text.trim())),
        Kept::Malformed(text) => Some(format!("kept, because nobody can read its tag {key} = {text}")),
    });
    by_tag.or_else(|| {
        let (place, line) = lines.iter().enumerate().find(|(_, line)| line.fits(resource, tags))?;
        let why = line.why.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
        Some(format!("kept by {}{why}", keep_key(place)))
    })
}
