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
    /// Restarts an instance's operating system: EC2 `RebootInstances`. It comes back under the same id.
    Reboot,
}

impl Action {
    /// Every action.
    pub const ALL: [Action; 3] = [Action::Terminate, Action::TerminateGracefully, Action::Reboot];

    /// Its name in tags, config and events.
    pub fn name(self) -> &'static str {
        match self {
            Action::Terminate => "terminate",
            Action::TerminateGracefully => "terminate-gracefully",
            Action::Reboot => "reboot",
        }
    }

    /// The permission that it needs: what the shipped IAM policies must allow, and no more.
    pub fn permission(self) -> &'static str {
        match self {
            Action::Terminate => "ec2:TerminateInstances",
            Action::TerminateGracefully => "autoscaling:TerminateInstanceInAutoScalingGroup",
            Action::Reboot => "ec2:RebootInstances",
        }
    }

    /// Whether whom it hit comes back under the same id. What ends an instance brings another one.
    pub fn returns(self) -> bool {
        match self {
            Action::Terminate | Action::TerminateGracefully => false,
            Action::Reboot => true,
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
#[error("`{0}` is no action; there are: terminate, terminate-gracefully, reboot")]
pub struct UnknownAction(pub String);

impl FromStr for Action {
    type Err = UnknownAction;
    fn from_str(text: &str) -> Result<Self, UnknownAction> {
        Action::ALL.into_iter().find(|action| action.name() == text).ok_or_else(|| UnknownAction(text.into()))
    }
}
