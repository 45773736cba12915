//! All that a monkey and the rails may know: one account with its regions, and what the ledger remembers of it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::change_calendar::CalendarSeen;
use crate::fleet::{Fleet, Group, InstanceId, View};
use crate::history::History;
use crate::ports::Identity;
use crate::scope::{AccountId, Mode, Scope};

/// One account at one time.
#[derive(Clone, Debug)]
pub struct World {
    /// The account, by the config.
    pub account: AccountId,
    /// What this round may do here: the most careful of the global mode, the account's and the command's.
    pub mode: Mode,
    /// When it was looked at.
    pub at: DateTime<Utc>,
    /// Its regions.
    pub fleets: BTreeMap<Scope, Fleet>,
    /// What was seen beside the fleets.
    pub observed: Observed,
    /// What the ledger remembers, for this mode.
    pub history: History,
    /// What was asked for.
    pub requests: Vec<Request>,
}

impl World {
    /// The regions whose groups are not known, and why.
    pub fn blind(&self) -> impl Iterator<Item = (&Scope, &str)> {
        self.fleets.iter().filter_map(|(scope, fleet)| Some((scope, fleet.groups.unknown()?)))
    }

    /// The group of that name, if its scope's groups are known and it is among them.
    pub fn group(&self, scope: &Scope, name: &str) -> Option<&Group> {
        self.fleets.get(scope)?.groups.known()?.get(name)
    }
}

/// What was seen of an account beside its fleets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observed {
    /// Whose credentials these are.
    pub identity: View<Identity>,
    /// The instance that we run on; `Known(None)` when we do not run on EC2.
    pub ourselves: View<Option<InstanceId>>,
    /// The Change Calendars that the config names, each with its state; asked for only where something is to be judged.
    pub change_calendars: View<Vec<CalendarSeen>>,
}

/// How a game day asks for something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Unique for ever: it is in the keys.
    pub id: String,
    /// Which monkey.
    pub monkey: String,
    /// Who asked.
    pub actor: String,
    /// When.
    pub at: DateTime<Utc>,
    /// Which units, in full; `None` for all.
    pub units: Option<Vec<String>>,
}
