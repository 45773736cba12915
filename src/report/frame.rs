//! What a report is about: which time, whose, and in which words.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use simian_core::{AccountId, Calendar, Mode};

use super::{RuleText, rules};
use crate::config::Config;

/// What a report is about, and how it is told.
#[derive(Clone, Debug)]
pub struct Frame<'a> {
    /// From then on.
    pub since: DateTime<Utc>,
    /// Before then.
    pub until: DateTime<Utc>,
    /// Working days, and the zone in which times are told.
    pub calendar: &'a Calendar,
    /// What people call the accounts.
    pub names: BTreeMap<AccountId, String>,
    /// What may be done in the accounts, by the config as it is now.
    pub modes: BTreeMap<AccountId, Mode>,
    /// What the rules say of themselves, by their ids. Of a rule that is not here the events' own words are told.
    pub rules: BTreeMap<String, RuleText>,
    /// Of which day the prices are by which waste was reckoned, if that is known.
    pub prices: Option<NaiveDate>,
    /// Only this account.
    pub account: Option<AccountId>,
    /// Only this owner.
    pub owner: Option<String>,
}

impl<'a> Frame<'a> {
    /// All accounts and owners in that span of time, without the words of any rule.
    pub fn new(since: DateTime<Utc>, until: DateTime<Utc>, calendar: &'a Calendar) -> Self {
        Self {
            since,
            until,
            calendar,
            names: BTreeMap::new(),
            modes: BTreeMap::new(),
            rules: BTreeMap::new(),
            prices: None,
            account: None,
            owner: None,
        }
    }

    /// What people call an account; its id when the config no longer has it.
    pub(super) fn name_of(&self, account: &AccountId) -> String {
        self.names.get(account).cloned().unwrap_or_else(|| account.to_string())
    }

    /// Whether the report is about that account.
    pub(super) fn has_account(&self, account: Option<&AccountId>) -> bool {
        self.account.is_none() || self.account.as_ref() == account
    }

    /// Whether the report is about that owner.
    pub(super) fn has_owner(&self, owner: Option<&str>) -> bool {
        self.owner.is_none() || self.owner.as_deref() == owner
    }
}

/// The frame that a config makes, of all its accounts.
pub fn frame(config: &Config, since: DateTime<Utc>, until: DateTime<Utc>) -> Frame<'_> {
    let accounts = || config.accounts.iter();
    Frame {
        names: accounts().map(|account| (account.id.clone(), account.name.clone())).collect(),
        modes: accounts().map(|account| (account.id.clone(), config.mode_of(account))).collect(),
        rules: rules::all(),
        prices: Some(config.prices.as_of()),
        ..Frame::new(since, until, &config.calendar)
    }
}
