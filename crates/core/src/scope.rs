//! Where something is: an account, a region, both; and whether we may touch it.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// An AWS account id: twelve digits. Source: AWS Organizations API, `AccountId` pattern `^\d{12}$`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AccountId(Arc<str>);

/// Why a text is no account id, no region or no mode.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScopeError {
    /// Not twelve digits.
    #[error("`{0}` is not an AWS account id: write its twelve digits, in quotes")]
    Account(String),
    /// Not the shape of a region's name.
    #[error("`{0}` is not an AWS region: write it as in `us-east-1`")]
    Region(String),
    /// Neither of the two.
    #[error("`{0}` is no mode: write \"dry-run\" or \"live\"")]
    Mode(String),
}

impl AccountId {
    /// The twelve digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for AccountId {
    type Err = ScopeError;
    fn from_str(text: &str) -> Result<Self, ScopeError> {
        if text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit()) {
            Ok(Self(text.into()))
        } else {
            Err(ScopeError::Account(text.into()))
        }
    }
}

/// A region's name, such as `us-east-1`. Only its shape is known here: AWS adds regions. In keys and in the id of a unit
/// that spans regions, `*` stands for all of them; nobody can write that in a config.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Region(Arc<str>);

impl Region {
    /// All regions of an account, taken together: `*`.
    pub fn all() -> Self {
        Self(ALL.into())
    }

    /// Whether this stands for all regions.
    pub fn is_all(&self) -> bool {
        &*self.0 == ALL
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Region {
    type Err = ScopeError;
    fn from_str(text: &str) -> Result<Self, ScopeError> {
        let parts: Vec<&str> = text.split('-').collect();
        let word = |p: &&str| !p.is_empty() && p.bytes().all(|b| b.is_ascii_lowercase());
        let shaped = parts.len() >= 3
            && parts[..parts.len() - 1].iter().all(word)
            && parts.last().is_some_and(|p| !p.is_empty() && p.len() <= 2 && p.bytes().all(|b| b.is_ascii_digit()));
        if shaped { Ok(Self(text.into())) } else { Err(ScopeError::Region(text.into())) }
    }
}

const ALL: &str = "*";

impl TryFrom<String> for AccountId {
    type Error = ScopeError;
    fn try_from(text: String) -> Result<Self, ScopeError> {
        text.parse()
    }
}

/// As it is stored, so `*` too.
impl TryFrom<String> for Region {
    type Error = ScopeError;
    fn try_from(text: String) -> Result<Self, ScopeError> {
        if text == ALL { Ok(Self::all()) } else { text.parse() }
    }
}

macro_rules! text_newtype {
    ($name:ident) => {
        impl From<$name> for String {
            fn from(value: $name) -> String {
                value.0.as_ref().to_owned()
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
    };
}
text_newtype!(AccountId);
text_newtype!(Region);

/// One region of one account: what a survey reads and what fails alone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Scope {
    /// The account.
    pub account: AccountId,
    /// The region.
    pub region: Region,
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.account, self.region)
    }
}

/// The regions of an account that a round looks at together. Independent regions have a round each, so that one that
/// does not answer delays no other; where units span regions, one round needs them all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Area {
    /// The account.
    pub account: AccountId,
    /// Its regions in this area.
    pub regions: Vec<Region>,
    /// What stands for it in keys: its only region, or [`Region::all`].
    pub name: Region,
}

impl Area {
    /// The areas of an account: one for all its regions together, or one a region.
    pub fn of(account: &AccountId, regions: &[Region], together: bool) -> Vec<Area> {
        if together {
            return vec![Self::whole(account, regions)];
        }
        let alone =
            |region: &Region| Area { account: account.clone(), regions: vec![region.clone()], name: region.clone() };
        regions.iter().map(alone).collect()
    }

    /// All regions of an account.
    pub fn whole(account: &AccountId, regions: &[Region]) -> Area {
        Area { account: account.clone(), regions: regions.to_vec(), name: Region::all() }
    }

    /// Whether the region belongs to it.
    pub fn contains(&self, region: &Region) -> bool {
        self.regions.contains(region)
    }
}

impl fmt::Display for Area {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.account, self.name)
    }
}

/// Whether something is done for real. A rehearsal has its own keys, budgets and history.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", try_from = "String")]
pub enum Mode {
    /// Nothing is touched; what would have been done is recorded.
    #[default]
    DryRun,
    /// For real. Needs the operator's word twice: globally and for the account.
    Live,
}

impl Mode {
    /// The more careful of the two.
    #[must_use]
    pub fn and(self, other: Mode) -> Mode {
        self.min(other)
    }

    /// `live` or `dry-run`, as in the config.
    pub fn as_str(self) -> &'static str {
        match self {
            Mode::DryRun => "dry-run",
            Mode::Live => "live",
        }
    }
}

impl FromStr for Mode {
    type Err = ScopeError;
    fn from_str(text: &str) -> Result<Self, ScopeError> {
        let found = [Mode::DryRun, Mode::Live].into_iter().find(|mode| mode.as_str() == text);
        found.ok_or_else(|| ScopeError::Mode(text.to_owned()))
    }
}

impl TryFrom<String> for Mode {
    type Error = ScopeError;
    fn try_from(text: String) -> Result<Self, ScopeError> {
        text.parse()
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn account_ids_are_twelve_digits() {
        assert!("123456789012".parse::<AccountId>().is_ok());
        for bad in ["", "12345678901", "1234567890123", "12345678901x", "１２３４５６７８９０１２"] {
            assert_eq!(bad.parse::<AccountId>(), Err(ScopeError::Account(bad.into())));
        }
    }

    #[test]
    fn regions_have_the_shape_of_a_region() {
        for good in ["us-east-1", "us-gov-west-1", "cn-northwest-1", "eu-isoe-west-1", "ap-southeast-7"] {
            assert!(good.parse::<Region>().is_ok(), "{good}");
        }
        for bad in ["", "us-east", "us-east-1a", "US-EAST-1", "us--1", "us-east-123", "east-1"] {
            assert!(bad.parse::<Region>().is_err(), "{bad}");
        }
    }

    #[test]
    fn all_regions_can_be_stored_and_not_configured() {
        assert!("*".parse::<Region>().is_err());
        let stored = serde_json::to_string(&Region::all()).unwrap();
        assert!(serde_json::from_str::<Region>(&stored).unwrap().is_all());
    }

    #[test]
    fn regions_are_looked_at_alone_unless_units_span_them() {
        let account: AccountId = "123456789012".parse().unwrap();
        let regions: Vec<Region> = ["us-east-1", "eu-west-1"].iter().map(|name| name.parse().unwrap()).collect();
        let names =
            |together| Area::of(&account, &regions, together).iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(names(false), ["123456789012/us-east-1", "123456789012/eu-west-1"]);
        assert_eq!(names(true), ["123456789012/*"]);
    }

    #[test]
    fn live_needs_both_words() {
        assert_eq!(Mode::Live.and(Mode::Live), Mode::Live);
        assert_eq!(Mode::Live.and(Mode::DryRun), Mode::DryRun);
        assert_eq!(Mode::DryRun.and(Mode::Live), Mode::DryRun);
    }
}
