//! One AWS account as the daemon sees and touches it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aws_config::SdkConfig;
use aws_credential_types::provider::SharedCredentialsProvider;
use chrono::TimeDelta;
use simian_core::claim::CALL_TIMEOUT;
use simian_core::ports::{CallError, Cause, Clock};
use simian_core::scope::{AccountId, Region, Scope};

use crate::base;
use crate::calendars::Calendars;
use crate::clients::Clients;
use crate::error::Call;
use crate::roles::AnyRegion;

/// What an account is reached with.
#[derive(Clone, Debug)]
pub struct Options {
    /// The account that the operator means. For the texts of errors only: whoever calls compares it with
    /// [`Cloud::identity`](simian_core::ports::Cloud::identity).
    pub account: AccountId,
    /// The regions that may be called, at least one. STS is called in the first of them that can be reached.
    pub regions: Vec<Region>,
    /// The role to assume; `None` for the credentials as they are.
    pub role_arn: Option<String>,
    /// The session's name, as `CloudTrail` will show it. 2 to 64 letters, digits and `=,.@_-` (STS API, `AssumeRole`).
    pub session_name: String,
    /// How long a call may take, all tries of a read together. Never more than [`CALL_TIMEOUT`].
    pub call_timeout: TimeDelta,
}

impl Options {
    /// That account with the credentials as they are.
    pub fn new(account: AccountId, regions: Vec<Region>) -> Self {
        let session_name = "simian".to_owned();
        Self { account, regions, role_arn: None, session_name, call_timeout: CALL_TIMEOUT }
    }
}

/// Why an account cannot be set up. All of it is the config's fault; the credentials show at the first call.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// There is nothing to call.
    #[error("account {0} has no regions")]
    NoRegions(AccountId),
    /// Not the ARN of a role.
    #[error("`{0}` is not a role's ARN: write it as in arn:aws:iam::123456789012:role/simian")]
    Role(String),
    /// STS would not take the name.
    #[error("`{0}` cannot name a session: 2 to 64 letters, digits and =,.@_-")]
    Session(String),
}

/// One AWS account, any number of its regions. Clients of a region are made when it is first called.
pub struct Account {
    pub(crate) id: AccountId,
    role: Option<String>,
    config: SdkConfig,
    pub(crate) clock: Arc<dyn Clock>,
    call_timeout: Duration,
    /// In the order of the config: STS is asked in the first that can be reached.
    pub(crate) order: Vec<Region>,
    pub(crate) regions: BTreeMap<Region, OnceLock<Clients>>,
    pub(crate) calendars: Calendars,
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account").field("id", &self.id).field("role", &self.role).finish_non_exhaustive()
    }
}

impl Account {
    /// Reads the environment and the profile files; calls nobody. Must run inside Tokio, as all its methods.
    pub async fn connect(options: Options, clock: Arc<dyn Clock>) -> Result<Self, ConnectError> {
        let Options { account, regions, role_arn, session_name, call_timeout } = options;
        let home = regions.first().cloned().ok_or_else(|| ConnectError::NoRegions(account.clone()))?;
        let mut config = base::load(&home, &clock, call_timeout).await;
        if let Some(role) = &role_arn {
            if !is_role(role) {
                return Err(ConnectError::Role(role.clone()));
            }
            if !is_session(&session_name) {
                return Err(ConnectError::Session(session_name));
            }
            let provider = AnyRegion::assume(role, &session_name, &config, &regions).await;
            config = config.into_builder().credentials_provider(SharedCredentialsProvider::new(provider)).build();
        }
        let calendars = Calendars::new(config.clone(), account.clone(), clock.clone());
        let order = regions.clone();
        let regions = regions.into_iter().map(|region| (region, OnceLock::new())).collect();
        let call_timeout = base::call_timeout(call_timeout);
        Ok(Self { id: account, role: role_arn, config, clock, call_timeout, order, regions, calendars })
    }

    pub(crate) fn scope(&self, region: &Region) -> String {
        Scope { account: self.id.clone(), region: region.clone() }.to_string()
    }

    pub(crate) fn call<'a>(&'a self, name: &'static str, on: &'a str) -> Call<'a> {
        Call { name, on, resource: None, role: self.role.as_deref() }
    }

    /// The region's clients; an error for a region that the config does not name, so that none is ever called.
    pub(crate) fn clients(&self, region: &Region, call: &Call<'_>) -> Result<&Clients, CallError> {
        let lazy = self.regions.get(region).ok_or_else(|| {
            call.failed(Cause::Refused("RegionNotConfigured".into()), "the config does not name this region")
        })?;
        Ok(lazy.get_or_init(|| Clients::new(&self.config, &self.id, region, &self.clock, self.call_timeout)))
    }
}

/// The shape of a role's ARN, in any partition.
fn is_role(arn: &str) -> bool {
    match arn.splitn(6, ':').collect::<Vec<_>>()[..] {
        ["arn", partition, "iam", "", account, resource] => {
            partition.starts_with("aws")
                && account.parse::<AccountId>().is_ok()
                && resource.strip_prefix("role/").is_some_and(|name| !name.is_empty())
        }
        _ => false,
    }
}

fn is_session(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || "+=,.@_-".contains(c);
    (2..=64).contains(&name.len()) && name.chars().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_and_sessions_have_a_shape() {
        for good in ["arn:aws:iam::123456789012:role/simian", "arn:aws-us-gov:iam::123456789012:role/ops/simian"] {
            assert!(is_role(good), "{good}");
        }
        for bad in [
            "simian",
            "arn:aws:iam::123456789012:user/simian",
            "arn:aws:iam::123456789012:role/",
            "arn:aws:iam::1234:role/simian",
            "arn:aws:iam:us-east-1:123456789012:role/simian",
        ] {
            assert!(!is_role(bad), "{bad}");
        }
        assert!(is_session("simian") && is_session("a=,.@_-9"));
        assert!(!is_session("s") && !is_session("two words") && !is_session(&"x".repeat(65)));
    }
}
