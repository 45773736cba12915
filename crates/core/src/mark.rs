//! The janitor's mark: a resource that is waste by a rule, and what is to become of it.
//!
//! A mark is a tag on the resource, where its owner sees it, and a row in the ledger. The ledger also has what a tag has
//! no room for, and marks on what cannot be tagged. It is the claim on the resource too: whoever changes it says what it
//! was, and one of two wins.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::event::{Draft, Kind};
use crate::resource::{ResourceId, ResourceKind};
use crate::scope::{Mode, Scope};

/// Which mark: one a resource and mode.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MarkId {
    /// Lived or rehearsed.
    pub mode: Mode,
    /// Where.
    pub scope: Scope,
    /// On what.
    pub resource: ResourceId,
}

impl MarkId {
    /// An event about that mark: where, on what, whose, by which rule.
    pub fn draft(&self, mark: &Mark, at: DateTime<Utc>, kind: Kind, why: impl Into<String>) -> Draft {
        let mut draft = Draft::new(at, kind, self.mode, why);
        draft.key = Some(self.to_string());
        draft.account = Some(self.scope.account.clone());
        draft.region = Some(self.scope.region.clone());
        draft.app.clone_from(&mark.app);
        draft.owner.clone_from(&mark.owner);
        draft.target = Some(self.resource.to_string());
        draft.outcome = Some(mark.rule.clone());
        draft.count("cents_a_month", mark.cents_a_month)
    }
}

impl fmt::Display for MarkId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rehearsed = if self.mode == Mode::DryRun { "dry-run/" } else { "" };
        write!(f, "{rehearsed}mark/{}/{}", self.scope, self.resource)
    }
}

/// A mark as the ledger has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The rule that condemns it.
    pub rule: String,
    /// The date on which it was first found to be waste. Never reset while it stays so.
    pub since: NaiveDate,
    /// The first date on which it may be deleted.
    pub end: NaiveDate,
    /// Whose it is, by the owner tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Its app, where its name or its tags say so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<String>,
    /// What it costs, in cents a month.
    #[serde(default)]
    pub cents_a_month: u64,
    /// The date on which its owner was told when it goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub announced: Option<NaiveDate>,
    /// The last resort that was taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub saved: Option<Saved>,
    /// The last date on which somebody tried to save or delete it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tried: Option<NaiveDate>,
    /// Somebody is saving or deleting it: nobody knows yet how that ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acting: Option<Box<Acting>>,
    /// A rehearsal deleted it: it stays as it is until the resource is gone or used.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rehearsed: bool,
}

/// What was done so that a deletion can be taken back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saved {
    /// When.
    pub on: NaiveDate,
    /// The snapshot that was made of it; `None` where the resource itself was switched off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<String>,
}

/// A step that was begun.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acting {
    /// The monkey.
    pub monkey: String,
    /// The chore's key.
    pub key: String,
    /// Which: `save` or `delete`.
    pub step: String,
    /// By whom.
    pub holder: String,
    /// When.
    pub at: DateTime<Utc>,
    /// Until when the call may be started.
    pub act_before: DateTime<Utc>,
}

/// The part of a mark that is on the resource: `delete@2026-12-01 rule=unattached-volume since=2026-11-21`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MarkTag {
    /// As in [`Mark::end`].
    pub end: NaiveDate,
    /// As in [`Mark::rule`].
    pub rule: String,
    /// As in [`Mark::since`].
    pub since: NaiveDate,
}

impl Mark {
    /// What is written on the resource.
    pub fn tag(&self) -> MarkTag {
        MarkTag { end: self.end, rule: self.rule.clone(), since: self.since }
    }
}

impl fmt::Display for MarkTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "delete@{} rule={} since={}", self.end, self.rule, self.since)
    }
}

/// A text that is no mark of ours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no mark: it reads as in delete@2026-12-01 rule=unattached-volume since=2026-11-21")]
pub struct NoMark(pub String);

impl FromStr for MarkTag {
    type Err = NoMark;
    fn from_str(text: &str) -> Result<Self, NoMark> {
        let wrong = || NoMark(text.to_owned());
        let words: Vec<&str> = text.split(' ').collect();
        let [end, rule, since] = words[..] else { return Err(wrong()) };
        let date = |word: &str, before: &str| word.strip_prefix(before)?.parse().ok();
        let rule = rule.strip_prefix("rule=").filter(|rule| !rule.is_empty()).ok_or_else(wrong)?;
        Ok(Self {
            end: date(end, "delete@").ok_or_else(wrong)?,
            rule: rule.to_owned(),
            since: date(since, "since=").ok_or_else(wrong)?,
        })
    }
}

/// How many resources of that kind one call can tag; `None` where AWS has no tags for them. Sources: EC2 API,
/// `CreateTags` (1,000); Auto Scaling API, `CreateOrUpdateTags` (25 tags a call); Elastic Load Balancing API, `AddTags`
/// (20, both versions); CloudWatch Logs API, `TagResource` (one).
pub fn tagged_at_once(kind: ResourceKind) -> Option<usize> {
    use ResourceKind as K;
    match kind {
        K::Instance
        | K::Volume
        | K::Snapshot
        | K::Image
        | K::LaunchTemplate
        | K::Address
        | K::Interface
        | K::SecurityGroup
        | K::KeyPair
        | K::NatGateway
        | K::RouteTable
        | K::Subnet => Some(1000),
        K::Group => Some(25),
        K::Balancer | K::ClassicBalancer | K::TargetGroup => Some(20),
        K::LogGroup => Some(1),
        K::LaunchConfiguration | K::TemplateVersion | K::Parameter | K::ManagedNode => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_reads_back_and_fits_every_service() {
        let date = |text: &str| text.parse::<NaiveDate>().unwrap();
        let tag = MarkTag { end: date("2026-12-01"), rule: "unattached-volume".into(), since: date("2026-11-21") };
        let text = tag.to_string();
        assert_eq!(text, "delete@2026-12-01 rule=unattached-volume since=2026-11-21");
        assert_eq!(text.parse(), Ok(tag));
        assert!(text.chars().all(|c| c.is_ascii_alphanumeric() || " +-=._:/@".contains(c)), "{text}");
        for bad in
            ["", "delete@2026-12-01", "delete@soon rule=a since=2026-11-21", "delete@2026-12-01 rule= since=2026-11-21"]
        {
            assert_eq!(bad.parse::<MarkTag>(), Err(NoMark(bad.into())));
        }
    }
}
