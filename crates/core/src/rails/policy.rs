//! What the operator wants of the rails. The defaults are cautious.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;

use crate::action::{Action, ByExperiment};
use crate::calendar::Calendar;
use crate::change_calendar::ChangeCalendar;
use crate::fault::Terms;
use crate::resource::ResourceKind;
use crate::scope::{AccountId, Mode};
use crate::tags::{TagRules, USUAL};

/// Everything that the rails of one account go by.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The account that the credentials must belong to.
    pub account: AccountId,
    /// The most that the operator allows here: the global mode and the account's.
    pub mode: Mode,
    /// The most that the operator allows each monkey here, where that was said. It can only hold back.
    pub modes: BTreeMap<String, Mode>,
    /// Whose word holds back, by where it stands in the config: for people.
    pub held_back: Vec<HeldBack>,
    /// When anything may be done.
    pub calendar: Calendar,
    /// Calendars in AWS that must be open besides; none by default.
    pub change_calendars: Vec<ChangeCalendar>,
    /// What tags mean, to chaos and in general.
    pub tags: TagRules,
    /// What they mean to other monkeys, by name.
    pub tags_of: BTreeMap<String, TagRules>,
    /// How long an action must have been announced before it may be done, so that its owner can veto it.
    pub veto: TimeDelta,
    /// The same for single monkeys, by name, where it is another.
    pub vetoes: BTreeMap<String, TimeDelta>,
    /// How much may be done.
    pub budgets: Budgets,
    /// What must be left.
    pub floors: Floors,
    /// How far a survey may differ from the last.
    pub candidates: Candidates,
    /// The alarms that hold and stop everything, beside the owners' own.
    pub alarms: Alarms,
    /// Who is asked whether this is a bad moment, for people; `None` for nobody.
    pub outage: Option<String>,
    /// A launch that failed so recently says that the next would fail too.
    pub failed_launch: TimeDelta,
    /// How far our clock may be from AWS's.
    pub max_skew: TimeDelta,
    /// So many failed recoveries in a row stop everything; `None` for never.
    pub breaker: Option<u32>,
    /// How long after an action its unit should be whole again.
    pub recovery: TimeDelta,
    /// What may be marked, and what may be deleted.
    pub disposals: Disposals,
    /// Which faults may be done, and for how long.
    pub faults: FaultRules,
    /// Rails that are off.
    pub disabled: BTreeSet<String>,
}

/// What the operator lets monkeys do to resources. By default: mark them, and nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disposals {
    /// The kinds that may be deleted.
    pub delete: BTreeSet<ResourceKind>,
    /// Working days from an announcement to a deletion, at least.
    pub notice_days: u32,
    /// Marks a kind, region and round; `None` for unlimited.
    pub max_marks: Option<u32>,
    /// Deletions a kind, region and round; `None` for unlimited.
    pub max_deletes: Option<u32>,
    /// Deletions a kind, region and round, in percent of those that were read; rounded down, and one is always allowed.
    /// `None` for unlimited.
    pub max_delete_percent: Option<u32>,
}

impl Default for Disposals {
    fn default() -> Self {
        Self {
            delete: BTreeSet::new(),
            notice_days: 3,
            max_marks: None,
            max_deletes: Some(10),
            max_delete_percent: Some(10),
        }
    }
}

/// What the operator says of faults that last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultRules {
    /// How long one lasts where its owner does not say.
    pub lasts: TimeDelta,
    /// The longest that an owner may ask for.
    pub longest: TimeDelta,
    /// The grave ones that may be done.
    pub allow: BTreeSet<Action>,
    /// What they are like, where that is not their default: parameters by key.
    pub parameters: BTreeMap<Action, BTreeMap<String, String>>,
    /// What AWS FIS does in our place; `None` for nothing.
    pub fis: Option<Fis>,
}

/// What is said where only AWS FIS can do something, and nobody named a role for it.
pub const NO_ROLE: &str = "the operator names no role for AWS FIS in faults.fis";

/// What AWS FIS does in our place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fis {
    /// The name of the role that it takes on in each account, with its path, if it has one.
    pub role: String,
    /// Which actions, beside those that nobody else can do.
    pub carries: BTreeSet<Action>,
}

impl Default for FaultRules {
    fn default() -> Self {
        Self {
            lasts: USUAL,
            longest: TimeDelta::hours(1),
            allow: BTreeSet::new(),
            parameters: BTreeMap::new(),
            fis: None,
        }
    }
}

impl FaultRules {
    /// How a fault is done where its owner says no more than its name; `None` for an action that does not last.
    pub fn terms(&self, action: Action) -> Option<Terms> {
        let parameters = self.parameters.get(&action).cloned().unwrap_or_default();
        action.lasts().then_some(Terms { lasts: self.lasts, parameters })
    }

    /// The role of the experiment that does it; `None` where it is done without one.
    pub fn experiment(&self, action: Action) -> Option<&str> {
        let fis = self.fis.as_ref()?;
        let carried = match action.by_experiment() {
            ByExperiment::Never => false,
            ByExperiment::AsWell => fis.carries.contains(&action),
            ByExperiment::Only => true,
        };
        carried.then_some(fis.role.as_str())
    }
}

impl Policy {
    /// The cautious defaults for an account.
    pub fn cautious(account: AccountId, calendar: Calendar) -> Self {
        Self {
            account,
            mode: Mode::DryRun,
            modes: BTreeMap::new(),
            held_back: Vec::new(),
            calendar,
            change_calendars: Vec::new(),
            tags: TagRules::default(),
            tags_of: BTreeMap::new(),
            veto: TimeDelta::zero(),
            vetoes: BTreeMap::new(),
            budgets: Budgets::default(),
            floors: Floors::default(),
            candidates: Candidates::default(),
            alarms: Alarms::default(),
            outage: None,
            failed_launch: TimeDelta::hours(1),
            max_skew: TimeDelta::seconds(60),
            breaker: Some(3),
            recovery: TimeDelta::minutes(15),
            disposals: Disposals::default(),
            faults: FaultRules::default(),
            disabled: BTreeSet::new(),
        }
    }

    /// Whether the rail of that name is on.
    pub fn has(&self, rail: &str) -> bool {
        !self.disabled.contains(rail)
    }

    /// What tags mean to a monkey.
    pub fn tags_of(&self, monkey: &str) -> &TagRules {
        self.tags_of.get(monkey).unwrap_or(&self.tags)
    }

    /// How long what a monkey does must have been announced before it may be done.
    pub fn veto_of(&self, monkey: &str) -> TimeDelta {
        self.vetoes.get(monkey).copied().unwrap_or(self.veto)
    }

    /// The keys and values that a survey asks for: what may be an opt-in to anything. All monkeys ask for the same, so that
    /// how many groups one sees says something of what the next should see.
    pub fn survey(&self) -> (Vec<String>, Vec<String>) {
        let (mut keys, mut values) = self.tags.survey();
        for (theirs, wanted) in self.tags_of.values().map(TagRules::survey) {
            keys.extend(theirs);
            values.extend(wanted);
        }
        // The first of the keys is chaos's, and people see them in this order.
        let mut seen = BTreeSet::new();
        keys.retain(|key| seen.insert(key.clone()));
        values.sort();
        values.dedup();
        (keys, values)
    }

    /// What a monkey may do here: the most careful of all words.
    pub fn mode_of(&self, monkey: &str) -> Mode {
        self.mode.and(self.modes.get(monkey).copied().unwrap_or(Mode::Live))
    }

    /// Where the words stand that keep a monkey in dry-run here; empty when none is known to.
    pub fn held_back(&self, monkey: &str) -> String {
        let of = |word: &&HeldBack| word.monkey.as_deref().is_none_or(|only| only == monkey);
        let keys: Vec<&str> = self.held_back.iter().filter(of).map(|word| word.key.as_str()).collect();
        keys.join(", ")
    }
}

/// A word of the operator's that says dry-run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldBack {
    /// Its key in the config.
    pub key: String,
    /// The monkey that it is about; `None` for all.
    pub monkey: Option<String>,
}

/// Limits of counters; `None` for unlimited. All count targets, but for `per_unit_day`, which counts keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budgets {
    /// Keys per unit and day.
    pub per_unit_day: Option<u32>,
    /// Per app and day, over all accounts.
    pub per_app_day: Option<u32>,
    /// Per owner and day, over all accounts.
    pub per_owner_day: Option<u32>,
    /// Per availability zone and day.
    pub per_zone_day: Option<u32>,
    /// Per account's region and day.
    pub per_scope_day: Option<u32>,
    /// Per account and day.
    pub per_account_day: Option<u32>,
    /// At once: acted on or watched, over all accounts.
    pub concurrent: Option<u32>,
    /// Past their recovery deadline, over all accounts: nothing more is done while there are so many.
    pub unrecovered: Option<u32>,
}

impl Default for Budgets {
    fn default() -> Self {
        Self {
            per_unit_day: Some(1),
            per_app_day: Some(2),
            per_owner_day: Some(5),
            per_zone_day: Some(5),
            per_scope_day: Some(10),
            per_account_day: Some(20),
            concurrent: Some(3),
            unrecovered: Some(1),
        }
    }
}

/// What must still serve in a group after the action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Floors {
    /// Serving members of the group.
    pub healthy: u32,
    /// Serving members of the group in the target's zone; 0 for no floor.
    pub zone: u32,
}

impl Default for Floors {
    fn default() -> Self {
        Self { healthy: 2, zone: 0 }
    }
}

/// Which CloudWatch alarms count, and how.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Alarms {
    /// Their names. In every region where something is to be done, there must be all of them.
    pub names: Vec<String>,
    /// An alarm that has too little data to judge by does not hold.
    pub insufficient_data_passes: bool,
}

/// How far the number of surveyed groups may move from one good survey to the next, in percent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidates {
    /// Down by at most so much.
    pub shrink_percent: u32,
    /// Up by at most so much.
    pub grow_percent: u32,
    /// Differences of at most so many groups never hold: small fleets move in large steps.
    pub slack: u32,
}

impl Default for Candidates {
    fn default() -> Self {
        Self { shrink_percent: 50, grow_percent: 100, slack: 10 }
    }
}
