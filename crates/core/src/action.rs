//! What a monkey can do to an account: a variant each.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// One thing that can be done. It says of itself what it costs and whether it can be taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Ends an instance abruptly: EC2 `TerminateInstances`, as a failing host would.
    Terminate,
    /// Ends an instance through its group, so that lifecycle hooks run: Auto Scaling
    /// `TerminateInstanceInAutoScalingGroup`.
    TerminateGracefully,
}

impl Action {
    /// Every action.
    pub const ALL: [Action; 2] = [Action::Terminate, Action::TerminateGracefully];

    /// Its name in tags, config and events.
    pub fn name(self) -> &'static str {
        match self {
            Action::Terminate => "terminate",
            Action::TerminateGracefully => "terminate-gracefully",
        }
    }

    /// The permission that it needs: what the shipped IAM policies must allow, and no more.
    pub fn permission(self) -> &'static str {
        match self {
            Action::Terminate => "ec2:TerminateInstances",
            Action::TerminateGracefully => "autoscaling:TerminateInstanceInAutoScalingGroup",
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A word that names no action.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no action; there are: terminate, terminate-gracefully")]
pub struct UnknownAction(pub String);

impl FromStr for Action {
    type Err = UnknownAction;
    fn from_str(text: &str) -> Result<Self, UnknownAction> {
        Action::ALL.into_iter().find(|action| action.name() == text).ok_or_else(|| UnknownAction(text.into()))
    }
}
