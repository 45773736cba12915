//! All that a monkey and the rails may know: one account with its regions, and what the ledger remembers of it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::ability::Abilities;
use crate::action::Action;
use crate::change_calendar::CalendarSeen;
use crate::fault::Terms;
use crate::fleet::{Fleet, Group, InstanceId, View};
use crate::history::History;
use crate::ledger::Pause;
use crate::ports::Identity;
use crate::proposal::{Proposal, Target};
use crate::scope::{Area, Mode, Region, Scope};
use crate::unit::GroupId;

/// One account, or one region of it, at one time.
#[derive(Clone, Debug)]
pub struct World {
    /// The account and its regions that are looked at together, by the config.
    pub area: Area,
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
    /// The regions whose groups were asked for and are not known, and why.
    pub fn blind(&self) -> impl Iterator<Item = (&Scope, &str)> {
        self.fleets.iter().filter_map(|(scope, fleet)| match &fleet.groups {
            View::Unknown(why) => Some((scope, why.as_str())),
            View::Unasked | View::Known(_) => None,
        })
    }

    /// A group of this account, if its region's groups are known and it is among them.
    pub fn find(&self, id: &GroupId) -> Option<&Group> {
        self.group(&self.scope(&id.region), &id.name)
    }

    /// A region of this account.
    pub fn scope(&self, region: &Region) -> Scope {
        Scope { account: self.area.account.clone(), region: region.clone() }
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
    /// The pause that a file is, while it is there; `Unasked` when the operator named no file.
    pub brake: View<Option<Pause>>,
    /// The Change Calendars that the config names, each with its state; asked for only where something is to be judged.
    pub change_calendars: View<Vec<CalendarSeen>>,
    /// What instances can take, by region: asked only where something is due that not every instance can, for a monkey
    /// that would do something else then.
    pub abilities: BTreeMap<Region, Abilities>,
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
    /// What exactly, if that was said.
    pub wish: Option<Wish>,
}

/// One fault on one instance, by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// What is to be done.
    pub action: Action,
    /// How long and how hard, where it lasts.
    pub terms: Option<Terms>,
    /// To whom.
    pub target: InstanceId,
}

impl Request {
    /// What is left of a monkey's proposals when this was asked for: the one for the unit that the target is in, and for
    /// that target.
    pub fn narrow(&self, proposals: Vec<Proposal>, world: &World) -> Vec<Proposal> {
        let Some(wish) = &self.wish else { return proposals };
        let ours = proposals.into_iter().filter(|proposal| proposal.request.as_ref() == Some(&self.id));
        let aimed = ours.filter_map(|mut proposal| {
            let groups = &proposal.unit.groups;
            let (id, member) = groups.iter().find_map(|id| Some((id, world.find(id)?.member(&wish.target)?)))?;
            let target = Target { instance: member.id.clone(), group: id.name.clone(), zone: member.zone.clone() };
            proposal.scope.region = id.region.clone();
            (proposal.targets, proposal.action, proposal.terms) = (vec![target], wish.action, wish.terms.clone());
            proposal.why = format!("{} asked for it", self.actor);
            Some(proposal)
        });
        aimed.collect()
    }
}
