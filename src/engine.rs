//! What every verb works with: the clock, the ledger, the dice, the monkeys, and the accounts with their ports.

use std::sync::Arc;

use chrono::TimeDelta;
use simian_core::{
    AccountId, Actuator, Area, Change, Clock, Cloud, Dice, Draft, Event, Guests, History, Identity, InstanceId, Ledger,
    LedgerError, Monkey, OutageHook, Pause, Policy, Region, View,
};
use tokio::sync::{Notify, OnceCell};

use crate::asked::Asked;
use crate::brake::Brake;
use crate::daily::Daily;
use crate::progress::{Progress, Silent};
use crate::pulse::{Pulse, Unwatched};

/// Everything that a round needs. One for the life of the process.
pub struct Engine {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// What is remembered.
    pub ledger: Arc<dyn Ledger>,
    /// The kill switch that is a file.
    pub brake: Brake,
    /// All chance.
    pub dice: Dice,
    /// The enabled monkeys.
    pub monkeys: Vec<Box<dyn Monkey>>,
    /// The accounts.
    pub accounts: Vec<Account>,
    /// Who is asked whether this is a bad moment, if the operator named somebody.
    pub outage: Option<Arc<dyn OutageHook>>,
    /// How recovery is watched.
    pub watch: WatchPolicy,
    /// How long the ledger remembers; `None` for ever.
    pub keep: Option<TimeDelta>,
    /// Reports as files and digests, once a day; `None` for none.
    pub daily: Option<Daily>,
    /// Who we are in claims: host and process.
    pub holder: String,
    /// What people ask for, to be done now.
    pub asked: Asked,
    /// Told after every commit of an event, so that sinks need not ask.
    pub recorded: Arc<Notify>,
    /// Who is told how far a survey has come.
    pub progress: Arc<dyn Progress>,
    /// Who watches over the daemon.
    pub pulse: Arc<dyn Pulse>,
}

/// How recovery is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WatchPolicy {
    /// How often an open watch looks.
    pub every: TimeDelta,
    /// How long after an action its unit should be whole again.
    pub deadline: TimeDelta,
}

impl Default for WatchPolicy {
    fn default() -> Self {
        Self { every: TimeDelta::seconds(30), deadline: TimeDelta::minutes(15) }
    }
}

/// One account: what the operator wants of it, and the ways into it.
pub struct Account {
    /// Its name in the config.
    pub name: String,
    /// Its regions.
    pub regions: Vec<Region>,
    /// What the operator wants.
    pub policy: Policy,
    /// Reads.
    pub cloud: Arc<dyn Cloud>,
    /// Writes. Only [`crate::hand`] uses it.
    pub actuator: Arc<dyn Actuator>,
    /// Commands inside instances.
    pub guests: Arc<dyn Guests>,
    /// Whose credentials these are, once that is known: asked once.
    pub identity: OnceCell<Identity>,
    /// The instance that we run on, once that is known: asked once, and only for live rounds.
    pub ourselves: OnceCell<Option<InstanceId>>,
}

impl Account {
    /// An account of which nothing was asked yet.
    pub fn new(
        name: String,
        regions: Vec<Region>,
        policy: Policy,
        cloud: Arc<dyn Cloud>,
        actuator: Arc<dyn Actuator>,
        guests: Arc<dyn Guests>,
    ) -> Self {
        Self { name, regions, policy, cloud, actuator, guests, identity: OnceCell::new(), ourselves: OnceCell::new() }
    }
}

impl Account {
    /// What a round of that monkey looks at together.
    pub fn areas(&self, monkey: &dyn Monkey) -> Vec<Area> {
        Area::of(&self.policy.account, &self.regions, monkey.needs().regions_together)
    }

    /// All regions together: to look, not to act.
    pub fn whole(&self) -> Area {
        Area::whole(&self.policy.account, &self.regions)
    }
}

impl Engine {
    /// An engine that knows no monkey and no account yet, has no brake, forgets and reports nothing, and tells nobody how far it is.
    pub fn new(clock: Arc<dyn Clock>, ledger: Arc<dyn Ledger>, dice: Dice, holder: impl Into<String>) -> Self {
        Self {
            clock,
            ledger,
            brake: Brake::default(),
            dice,
            monkeys: Vec::new(),
            accounts: Vec::new(),
            outage: None,
            watch: WatchPolicy::default(),
            keep: None,
            daily: None,
            holder: holder.into(),
            asked: Asked::default(),
            recorded: Arc::new(Notify::new()),
            progress: Arc::new(Silent),
            pulse: Arc::new(Unwatched),
        }
    }

    /// Commits events and changes, and wakes whoever waits for news if there is any: a lease that is renewed is none.
    pub async fn record(&self, drafts: Vec<Draft>, changes: Vec<Change>) -> Result<Vec<Event>, LedgerError> {
        if drafts.is_empty() && changes.is_empty() {
            return Ok(Vec::new());
        }
        let events = self.ledger.commit(drafts, changes).await?;
        if !events.is_empty() {
            self.recorded.notify_waiters();
        }
        Ok(events)
    }

    /// Changes claims, each with the event that tells of it if there is one: all in one commit, or, where somebody else was
    /// faster with some of them, one by one without those. Returns for each whether it was ours to change.
    pub async fn change_each(&self, steps: Vec<(Option<Draft>, Change)>) -> Result<Vec<bool>, LedgerError> {
        let (drafts, changes): (Vec<_>, Vec<_>) = steps.iter().cloned().unzip();
        match self.record(drafts.into_iter().flatten().collect(), changes).await {
            Err(LedgerError::Overtaken(_)) => {}
            all => return all.map(|_| vec![true; steps.len()]),
        }
        let mut ours = Vec::with_capacity(steps.len());
        for (draft, change) in steps {
            match self.record(draft.into_iter().collect(), vec![change]).await {
                Err(LedgerError::Overtaken(key)) => {
                    tracing::info!(key, "another process was faster");
                    ours.push(false);
                }
                one => one.map(|_| ours.push(true))?,
            }
        }
        Ok(ours)
    }

    /// What is paused now, by command and by file; why nobody knows, where nobody does. That is a no.
    pub async fn pauses(&self) -> Result<Vec<Pause>, String> {
        let now = self.clock.now();
        let told = History::pauses(self.ledger.as_ref(), now).await;
        let mut pauses = told.map_err(|error| format!("nobody knows whether it is paused: {error}"))?;
        match self.brake.look(now) {
            View::Known(by_file) => pauses.extend(by_file),
            View::Unknown(why) => return Err(why),
            View::Unasked => {}
        }
        Ok(pauses)
    }

    /// The account of that id, if it is in the config.
    pub fn account(&self, id: &AccountId) -> Option<&Account> {
        self.accounts.iter().find(|account| account.policy.account == *id)
    }

    /// Every region of every account.
    pub fn places(&self) -> impl Iterator<Item = (&Account, &Region)> {
        self.accounts.iter().flat_map(|account| account.regions.iter().map(move |region| (account, region)))
    }

    /// The monkey of that name, if it is enabled.
    pub fn monkey(&self, name: &str) -> Option<&dyn Monkey> {
        self.monkeys.iter().map(AsRef::as_ref).find(|monkey| monkey.name() == name)
    }
}
