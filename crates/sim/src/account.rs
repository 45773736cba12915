//! The handle on a simulated account: what a test or the sandbox sets up, lets happen and looks at.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use simian_core::{AccountId, Clock, GroupId, InstanceId, Region, Resource, ResourceId};

use crate::chance::Chance;
use crate::estate::Ended;
use crate::experiments::Trial;
use crate::group::GroupSpec;
use crate::guests::GuestFault;
use crate::operation::{Operation, Performed, Who};
use crate::state::{Happening, State};
use crate::targets::Rule;
use crate::traffic::{CallRecord, Fault};
use crate::truth::Truth;
use crate::weather::Weather;

/// A simulated account with some regions. Cheap to clone; clones are the same account.
#[derive(Clone)]
pub struct SimAccount {
    pub(crate) clock: Arc<dyn Clock>,
    state: Arc<Mutex<State>>,
}

impl SimAccount {
    /// An account without groups, in calm weather. Everything that it draws comes from the seed.
    pub fn new(
        account: AccountId,
        regions: impl IntoIterator<Item = Region>,
        seed: u64,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let state = State::new(account, regions.into_iter().collect(), seed, clock.now());
        Self { clock, state: Arc::new(Mutex::new(state)) }
    }

    /// Its id.
    pub fn id(&self) -> AccountId {
        self.lock().account.clone()
    }

    /// Its regions, sorted.
    pub fn regions(&self) -> Vec<Region> {
        self.lock().regions.iter().cloned().collect()
    }

    /// Adds a group that has been at work for days. False when there is one of that name, or no such region. For a
    /// group that launches its members now, perform [`Operation::CreateGroup`].
    pub fn found(&self, spec: GroupSpec) -> bool {
        self.now_state().found(spec)
    }

    /// Does it now. False when there was nothing to do it to.
    pub fn perform(&self, operation: Operation) -> bool {
        let mut state = self.now_state();
        let found = state.perform(operation);
        state.settle();
        found
    }

    /// Does it at that time, in order of time and then of scheduling; what is overdue happens at the next look.
    pub fn schedule(&self, at: DateTime<Utc>, operation: Operation) {
        self.now_state().enqueue(at, Happening::Outside(operation));
    }

    /// [`Operation::SetTag`], now.
    pub fn set_tag(&self, region: &Region, group: &str, key: &str, value: &str) -> bool {
        let (key, value) = (key.to_owned(), value.to_owned());
        self.perform(Operation::SetTag { group: GroupId::new(region, group), key, value })
    }

    /// [`Operation::RemoveTag`], now.
    pub fn remove_tag(&self, region: &Region, group: &str, key: &str) -> bool {
        self.perform(Operation::RemoveTag { group: GroupId::new(region, group), key: key.to_owned() })
    }

    /// [`Operation::KillMember`], now.
    pub fn kill(&self, id: &InstanceId) -> bool {
        self.perform(Operation::KillMember(Who::Id(id.clone())))
    }

    /// [`Operation::DeleteGroup`], now.
    pub fn delete_group(&self, region: &Region, group: &str) -> bool {
        self.perform(Operation::DeleteGroup(GroupId::new(region, group)))
    }

    /// Adds a resource that has been there. False when there is no such region. For one that comes now, perform
    /// [`Operation::PutResource`].
    pub fn put(&self, region: &Region, resource: Resource) -> bool {
        self.now_state().put(region, resource)
    }

    /// A resource as it is now, if there is one.
    pub fn resource(&self, region: &Region, id: &ResourceId) -> Option<Resource> {
        self.now_state().held(region, id).cloned()
    }

    /// What callers ended so far, in order: each as it was last.
    pub fn ended(&self) -> Vec<Ended> {
        self.now_state().holdings.ended.clone()
    }

    /// What the world did so far, in order.
    pub fn performed(&self) -> Vec<Performed> {
        self.now_state().performed.clone()
    }

    /// From now on every change is kept, for [`Truth::journal`] and [`Truth::holdings`]. By default only the last minutes
    /// of groups are.
    pub fn keep_journal(&self) {
        let mut state = self.now_state();
        state.journal.get_or_insert_default();
        state.holdings.journal.get_or_insert_default();
    }

    /// Says on which instance the caller runs; `None`, the default, is not on EC2.
    pub fn set_ourselves(&self, id: Option<InstanceId>) {
        self.lock().ourselves = id;
    }

    /// Changes the weather from now on.
    pub fn set_weather(&self, weather: Weather) {
        let mut state = self.now_state();
        let seed = state.seed;
        state.traffic.chance = Chance::new(weather.seed ^ seed.rotate_left(32), &["traffic"]);
        state.weather = weather;
    }

    /// The weather.
    pub fn weather(&self) -> Weather {
        self.lock().weather.clone()
    }

    /// Scripts a fault of one call to come: of the `nth` call of that name from now, 1 being the next. Names are in
    /// [`call`](crate::call). Several faults may meet one call; a scripted error goes before the weather's.
    ///
    /// # Panics
    ///
    /// When there is no such call, or the cause says that nothing happened and the fault that something did.
    pub fn inject(&self, call: &str, nth: u64, fault: Fault) {
        self.lock().traffic.script(call, nth, fault);
    }

    /// How often each call was made, failed ones included. Calls that were never made are left out.
    pub fn calls(&self) -> BTreeMap<&'static str, u64> {
        self.lock().traffic.counts.clone()
    }

    /// The calls in order: the newest [`CALL_LOG`](crate::CALL_LOG).
    pub fn call_log(&self) -> Vec<CallRecord> {
        self.lock().traffic.log.iter().cloned().collect()
    }

    /// The faults that are in an instance now, by their ids.
    pub fn guest_faults(&self, id: &InstanceId) -> BTreeMap<String, GuestFault> {
        self.now_state().faults_in(id)
    }

    /// An instance's tags now.
    pub fn instance_tags(&self, id: &InstanceId) -> simian_core::resource::Tags {
        self.now_state().instances.get(id).map(|instance| instance.tags.clone()).unwrap_or_default()
    }

    /// What is attached to an instance now.
    pub fn attached_to(&self, id: &InstanceId) -> Option<simian_core::Attached> {
        self.now_state().instances.get(id).map(|instance| instance.attached.clone())
    }

    /// A listener's rule sends so from now on.
    pub fn set_rule(&self, rule: Rule) {
        self.now_state().set_rule(rule);
    }

    /// The experiments of AWS FIS that were ever asked for, in order.
    pub fn experiments(&self) -> Vec<Trial> {
        self.now_state().experiments.clone()
    }

    /// Somebody changes what is attached to an instance, and it is nobody's call.
    pub fn amend_attached(&self, id: &InstanceId, change: impl FnOnce(&mut simian_core::Attached)) {
        if let Some(instance) = self.now_state().instances.get_mut(id) {
            change(&mut instance.attached);
        }
    }

    /// Somebody takes tags from an instance: those whose keys begin so.
    pub fn lose_tags(&self, id: &InstanceId, prefix: &str) {
        if let Some(instance) = self.now_state().instances.get_mut(id) {
            instance.tags.retain(|key, _| !key.starts_with(prefix));
        }
    }

    /// What is really so.
    pub fn truth(&self) -> Truth {
        Truth::new(self.clone())
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state, brought forward to now.
    pub(crate) fn now_state(&self) -> MutexGuard<'_, State> {
        let now = self.clock.now();
        let mut state = self.lock();
        state.advance(now);
        state
    }
}

impl fmt::Debug for SimAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        write!(f, "SimAccount({} at {}, {} groups)", state.account, state.now, state.groups.len())
    }
}
