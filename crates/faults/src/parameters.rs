//! Parameters as people write them: a key and a text each. Every mistake is said with the key and what to write instead.

use std::collections::BTreeMap;

/// A parameter of a kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// What it means: one line, with its unit and its default.
    pub about: &'static str,
    /// How it may be written.
    pub example: &'static str,
    /// There is no fault without it.
    pub is_required: bool,
}

impl Key {
    /// One that has a default.
    pub(crate) const fn optional(name: &'static str, example: &'static str, about: &'static str) -> Self {
        Self { name, about, example, is_required: false }
    }

    /// One that must be there.
    pub(crate) const fn required(name: &'static str, example: &'static str, about: &'static str) -> Self {
        Self { name, about, example, is_required: true }
    }
}

/// What is wrong with a parameter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParameterError {
    /// The kind has no such key.
    #[error("`{key}` is no parameter of it; there are: {known}")]
    Unknown {
        /// As written.
        key: String,
        /// Those that there are.
        known: String,
    },
    /// It is there twice.
    #[error("`{0}` is there twice: leave one of them out")]
    Twice(String),
    /// It is not there.
    #[error("`{key}` is missing: write it as in {key}={example}")]
    Missing {
        /// Its key.
        key: &'static str,
        /// How it may be written.
        example: &'static str,
    },
    /// Its text is not of its shape, or out of its bounds.
    #[error("{key} = `{text}`: {why}")]
    Wrong {
        /// Its key.
        key: &'static str,
        /// As written.
        text: String,
        /// What to write instead.
        why: String,
    },
    /// They do not go together.
    #[error("{0}")]
    Together(String),
}

/// The parameters that were given, each read once.
#[derive(Debug)]
pub(crate) struct Given {
    keys: &'static [Key],
    texts: BTreeMap<&'static str, String>,
}

impl Given {
    pub(crate) fn new<'t>(
        keys: &'static [Key],
        parameters: impl IntoIterator<Item = (&'t str, &'t str)>,
    ) -> Result<Self, ParameterError> {
        let mut texts = BTreeMap::new();
        for (name, text) in parameters {
            let key = keys.iter().find(|key| key.name == name).ok_or_else(|| ParameterError::Unknown {
                key: name.to_owned(),
                known: if keys.is_empty() {
                    "none".into()
                } else {
                    keys.iter().map(|key| key.name).collect::<Vec<_>>().join(", ")
                },
            })?;
            if texts.insert(key.name, text.trim().to_owned()).is_some() {
                return Err(ParameterError::Twice(name.to_owned()));
            }
        }
        Ok(Self { keys, texts })
    }

    /// A parameter that may be left out.
    pub(crate) fn optional<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<Option<T>, ParameterError> {
        debug_assert!(self.keys.iter().any(|known| known.name == key), "{key} is not among the keys of its kind");
        let Some(text) = self.texts.remove(key) else { return Ok(None) };
        read(&text).map(Some).map_err(|why| ParameterError::Wrong { key, text, why })
    }

    /// A parameter that must be there.
    pub(crate) fn required<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<T, ParameterError> {
        let example = self.keys.iter().find(|known| known.name == key).map_or("", |known| known.example);
        self.optional(key, read)?.ok_or(ParameterError::Missing { key, example })
    }
}
