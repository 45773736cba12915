//! The ledger in memory: for tests, for the simulator, and as the model that SQLite is compared with.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use simian_core::ledger::{counter_prefix, counters_of};
use simian_core::{
    AccountId, Birth, Change, Claim, ClaimQuery, ClaimRecord, Claimed, Compacted, Compaction, Draft, Event, EventQuery,
    Head, Key, Ledger, LedgerError, Mark, MarkId, Mode, Pause, Region, Scope, Slot, Stage,
};
use uuid::Uuid;

use crate::{WRITER, in_order};

/// A ledger that is gone with the last of its clones.
///
/// Clones share one memory, so a clone that is kept aside survives the simulated crash of everything else. No method
/// ever fails but with [`LedgerError::Unclaimed`], [`LedgerError::Overtaken`], [`LedgerError::Paused`] and
/// [`LedgerError::NoPause`].
#[derive(Clone, Debug)]
pub struct MemoryLedger {
    state: Arc<Mutex<State>>,
    exclusive: bool,
}

#[derive(Debug)]
struct State {
    birth: Birth,
    pauses: BTreeMap<String, Pause>,
    events: Vec<Event>,
    head: Head,
    checkpoint: Option<Head>,
    claims: BTreeMap<Key, ClaimRecord>,
    counters: BTreeMap<String, u32>,
    findings: BTreeMap<String, Draft>,
    /// By account and unit.
    sights: BTreeMap<(AccountId, String), NaiveDate>,
    surveys: BTreeMap<Scope, u64>,
    marks: BTreeMap<MarkId, Mark>,
    cursors: BTreeMap<String, u64>,
}

impl MemoryLedger {
    /// An empty ledger, born as `birth_id` at `at`, its birth not lifted. Its clones may be several processes'.
    pub fn new(birth_id: Uuid, at: DateTime<Utc>) -> Self {
        let state = State {
            birth: Birth::new(birth_id, at),
            pauses: BTreeMap::new(),
            events: Vec::new(),
            head: Head { seq: 0, hash: birth_id.to_string() },
            checkpoint: None,
            claims: BTreeMap::new(),
            counters: BTreeMap::new(),
            findings: BTreeMap::new(),
            sights: BTreeMap::new(),
            surveys: BTreeMap::new(),
            marks: BTreeMap::new(),
            cursors: BTreeMap::new(),
        };
        Self { state: Arc::new(Mutex::new(state)), exclusive: false }
    }

    /// The same for a process that has it to itself, as it has a file whose lock it holds.
    pub fn exclusive(birth_id: Uuid, at: DateTime<Utc>) -> Self {
        Self { exclusive: true, ..Self::new(birth_id, at) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing below panics halfway through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn append(&mut self, draft: Draft) -> Event {
        let event = Event::seal(draft, self.birth.id, WRITER, self.head.seq + 1, self.head.hash.clone());
        self.head = Head { seq: event.seq, hash: event.hash.clone() };
        self.events.push(event.clone());
        event
    }

    /// Whether every change can be made, one after the other.
    fn check(&self, changes: &[Change]) -> Result<(), LedgerError> {
        let mut paused: BTreeSet<&String> = self.pauses.keys().collect();
        let mut touched: BTreeMap<&Key, ClaimRecord> = BTreeMap::new();
        let mut marked: BTreeMap<&MarkId, Option<&Mark>> = BTreeMap::new();
        for change in changes {
            if let Change::Move { key, .. } | Change::Hold { key, .. } = change {
                let claim = touched.remove(key).or_else(|| self.claims.get(key).cloned());
                let mut claim = claim.ok_or_else(|| LedgerError::Unclaimed(key.to_string()))?;
                changed(&mut claim, change.clone())?;
                touched.insert(key, claim);
            }
            match change {
                Change::Mark { id, from, to } => {
                    let found = marked.get(id).copied().unwrap_or_else(|| self.marks.get(id));
                    if found != from.as_deref() {
                        return Err(LedgerError::Overtaken(id.to_string()));
                    }
                    marked.insert(id, to.as_deref());
                }
                Change::Pause(pause) => drop(paused.insert(&pause.id)),
                Change::PauseOnce(pause) if !paused.insert(&pause.id) => {
                    return Err(LedgerError::Paused(pause.id.clone()));
                }
                Change::Resume(id) if !paused.remove(id) => return Err(LedgerError::NoPause(id.clone())),
                _ => {}
            }
        }
        Ok(())
    }

    fn apply(&mut self, change: Change) {
        match change {
            Change::Move { ref key, .. } | Change::Hold { ref key, .. } => {
                if let Some(claim) = self.claims.get_mut(key) {
                    // It was checked.
                    let _ = changed(claim, change);
                }
            }
            Change::Pause(pause) | Change::PauseOnce(pause) => drop(self.pauses.insert(pause.id.clone(), pause)),
            Change::Resume(id) => drop(self.pauses.remove(&id)),
            Change::FirstRun(at) => self.birth.lifted = self.birth.lifted.or(Some(at)),
            Change::Woken(at) => self.birth.woken = self.birth.woken.or(Some(at)),
            Change::FindingOpened { id, draft } => drop(self.findings.insert(id, draft.kept())),
            Change::FindingClosed { id } => drop(self.findings.remove(&id)),
            Change::Mark { id, to: Some(mark), .. } => drop(self.marks.insert(id, *mark)),
            Change::Mark { id, to: None, .. } => drop(self.marks.remove(&id)),
            Change::Survey { scope, from, to } => {
                if self.surveys.get(&scope).copied() == from {
                    self.surveys.insert(scope, to);
                }
            }
            Change::FleetChanged { account, region } => self.surveys.retain(|scope, _| {
                account.as_ref().is_some_and(|account| *account != scope.account)
                    || region.as_ref().is_some_and(|region| *region != scope.region)
            }),
            Change::Sights { account, seen, gone } => {
                for unit in gone {
                    self.sights.remove(&(account.clone(), unit));
                }
                for (unit, date) in seen {
                    self.sights.entry((account.clone(), unit)).or_insert(date);
                }
            }
        }
    }

    fn compact(&mut self, order: &Compaction) -> Compacted {
        let most = order.most as usize;
        let old = |event: &&Event| event.seq <= order.upto && event.body.at < order.horizon();
        let events: Vec<Event> = {
            let count = self.events.iter().take(most).take_while(old).count();
            self.events.drain(..count).collect()
        };
        let last = events.last().map(|event| Head { seq: event.seq, hash: event.hash.clone() });
        let claims: Vec<Key> = self
            .claims
            .values()
            .filter(|claim| self.may_go(claim, order.date()))
            .take(most)
            .map(|claim| claim.key.clone())
            .collect();
        self.claims.retain(|key, _| !claims.contains(key));
        let spent = |name: &String| {
            let of_mode = |mode| *name < counter_prefix(mode, order.date()) && name.starts_with(&counters_of(mode));
            of_mode(Mode::Live) || of_mode(Mode::DryRun)
        };
        let counters: Vec<String> = self.counters.keys().filter(|name| spent(name)).take(most).cloned().collect();
        self.counters.retain(|name, _| !counters.contains(name));
        let full = |removed: usize| removed > 0 && removed == most;
        let compacted = Compacted {
            events: events.len() as u64,
            claims: claims.len() as u64,
            counters: counters.len() as u64,
            more: full(events.len()) || full(claims.len()) || full(counters.len()),
        };
        let draft = compacted.draft(order, WRITER, last.as_ref());
        self.checkpoint = last.or_else(|| self.checkpoint.take());
        if let Some(draft) = draft {
            self.append(draft);
        }
        compacted
    }

    /// A claim that is old and closed, and of which its unit needs nothing any more.
    fn may_go(&self, claim: &ClaimRecord, before: NaiveDate) -> bool {
        let unit = |claim: &ClaimRecord| (claim.mode, claim.scope.account.clone(), claim.full_unit());
        let place = |claim: &ClaimRecord| (claim.date, claim.key.clone());
        let later = |other: &ClaimRecord| other.counts() && unit(other) == unit(claim) && place(other) > place(claim);
        claim.stage == Stage::Closed && claim.date < before && (!claim.counts() || self.claims.values().any(later))
    }

    fn claim(&mut self, claim: &Claim) -> Claimed {
        if let Some(record) = self.claims.get(&claim.key) {
            return Claimed::Taken { holder: record.holder.clone(), at: record.at };
        }
        let targets = u32::try_from(claim.targets.len()).unwrap_or(u32::MAX);
        let mut sums: BTreeMap<&str, u32> = BTreeMap::new();
        for slot in &claim.slots {
            let (counter, used, fits, limit) = match slot {
                Slot::Idle | Slot::Since { .. } => match self.in_the_way(claim, slot) {
                    Some(record) => return Claimed::Taken { holder: record.holder.clone(), at: record.at },
                    None => continue,
                },
                Slot::Day { counter, cost, limit } => {
                    let used = sums.get(counter.as_str()).or_else(|| self.counters.get(counter)).copied().unwrap_or(0);
                    let sum = used.saturating_add(*cost);
                    sums.insert(counter, sum);
                    (counter.as_str(), used, limit.is_none_or(|limit| sum <= limit), limit)
                }
                Slot::Concurrent { limit } => {
                    let used = self.targets(claim.mode, &[Stage::Acting, Stage::Watching]);
                    ("concurrent", used, limit.is_none_or(|limit| used.saturating_add(targets) <= limit), limit)
                }
                Slot::Unrecovered { limit } => {
                    let used = self.targets(claim.mode, &[Stage::Unrecovered]);
                    ("unrecovered", used, limit.is_none_or(|limit| used < limit), limit)
                }
            };
            if let (false, Some(limit)) = (fits, *limit) {
                return Claimed::Full { counter: counter.into(), used, limit };
            }
        }
        self.counters.extend(sums.into_iter().map(|(counter, sum)| (counter.to_owned(), sum)));
        self.claims.insert(claim.key.clone(), ClaimRecord::won(claim));
        Claimed::Won
    }

    /// The claim, first by key, on the same unit that such a slot forbids.
    fn in_the_way(&self, claim: &Claim, slot: &Slot) -> Option<&ClaimRecord> {
        let same = |other: &&ClaimRecord| {
            other.mode == claim.mode
                && other.scope.account == claim.scope.account
                && other.full_unit() == claim.full_unit()
        };
        self.claims.values().filter(same).find(|other| other.is_in_the_way(slot))
    }

    /// How many targets the claims of a mode in these stages have.
    fn targets(&self, mode: Mode, stages: &[Stage]) -> u32 {
        let claims = self.claims.values().filter(|claim| claim.mode == mode && stages.contains(&claim.stage));
        u32::try_from(claims.map(|claim| claim.targets.len()).sum::<usize>()).unwrap_or(u32::MAX)
    }
}

/// Changes a claim as it is told to, or says why it cannot.
fn changed(claim: &mut ClaimRecord, change: Change) -> Result<(), LedgerError> {
    match change {
        Change::Move { by, stage, outcome, watch, .. } => claim.move_on(&by, stage, outcome, watch),
        Change::Hold { from, to, .. } => claim.hold(&from, to),
        _ => Ok(()),
    }
}

fn wants_event(query: &EventQuery, event: &Event) -> bool {
    let body = &event.body;
    (query.kinds.is_empty() || query.kinds.contains(&body.kind))
        && query.mode.is_none_or(|mode| body.mode == mode)
        && query.account.as_ref().is_none_or(|account| body.account.as_ref() == Some(account))
        && query.unit.as_ref().is_none_or(|unit| body.unit.as_ref() == Some(unit))
        && query.key_prefix.as_ref().is_none_or(|prefix| body.key.as_ref().is_some_and(|key| key.starts_with(prefix)))
        && query.since.is_none_or(|since| body.at >= since)
        && query.until.is_none_or(|until| body.at < until)
        && query.after.is_none_or(|after| event.seq > after)
}

fn wants_claim(query: &ClaimQuery, claim: &ClaimRecord) -> bool {
    query.mode.is_none_or(|mode| claim.mode == mode)
        && query.account.as_ref().is_none_or(|account| claim.scope.account == *account)
        && query.date.is_none_or(|date| claim.date == date)
        && (!query.open || claim.stage != Stage::Closed)
}

#[async_trait]
impl Ledger for MemoryLedger {
    fn exclusive(&self) -> bool {
        self.exclusive
    }

    async fn birth(&self) -> Result<Birth, LedgerError> {
        Ok(self.state().birth.clone())
    }

    async fn pauses(&self) -> Result<Vec<Pause>, LedgerError> {
        Ok(in_order(self.state().pauses.values().cloned().collect()))
    }

    async fn commit(&self, drafts: Vec<Draft>, changes: Vec<Change>) -> Result<Vec<Event>, LedgerError> {
        let mut state = self.state();
        state.check(&changes)?;
        let events = drafts.into_iter().map(|draft| state.append(draft)).collect();
        for change in changes {
            state.apply(change);
        }
        Ok(events)
    }

    async fn claim(&self, claims: &[Claim]) -> Result<Vec<Claimed>, LedgerError> {
        let mut state = self.state();
        Ok(claims.iter().map(|claim| state.claim(claim)).collect())
    }

    async fn events(&self, query: &EventQuery) -> Result<Vec<Event>, LedgerError> {
        let state = self.state();
        let matching = state.events.iter().filter(|event| wants_event(query, event));
        let limit = query.limit.unwrap_or(usize::MAX);
        Ok(if query.newest_first {
            matching.rev().take(limit).cloned().collect()
        } else {
            matching.take(limit).cloned().collect()
        })
    }

    async fn claims(&self, query: &ClaimQuery) -> Result<Vec<ClaimRecord>, LedgerError> {
        Ok(self.state().claims.values().filter(|claim| wants_claim(query, claim)).cloned().collect())
    }

    async fn last_actions(&self, mode: Mode, account: &AccountId) -> Result<BTreeMap<String, NaiveDate>, LedgerError> {
        let mut last = BTreeMap::new();
        for claim in self.state().claims.values() {
            if claim.counts() && claim.mode == mode && claim.scope.account == *account {
                let date = last.entry(claim.full_unit()).or_insert(claim.date);
                *date = claim.date.max(*date);
            }
        }
        Ok(last)
    }

    async fn counters(&self, mode: Mode, date: NaiveDate) -> Result<BTreeMap<String, u32>, LedgerError> {
        let prefix = counter_prefix(mode, date);
        let state = self.state();
        let matching = state.counters.iter().filter(|(name, _)| name.starts_with(&prefix));
        Ok(matching.map(|(name, used)| (name.clone(), *used)).collect())
    }

    async fn findings(&self, account: &AccountId) -> Result<BTreeMap<String, Draft>, LedgerError> {
        let state = self.state();
        let matching = state.findings.iter().filter(|(_, draft)| draft.account.as_ref() == Some(account));
        Ok(matching.map(|(id, draft)| (id.clone(), draft.clone())).collect())
    }

    async fn sights(&self, account: &AccountId) -> Result<BTreeMap<String, NaiveDate>, LedgerError> {
        let state = self.state();
        let matching = state.sights.iter().filter(|((of, _), _)| of == account);
        Ok(matching.map(|((_, unit), date)| (unit.clone(), *date)).collect())
    }

    async fn marks(&self, mode: Mode, account: &AccountId) -> Result<BTreeMap<MarkId, Mark>, LedgerError> {
        let state = self.state();
        let matching = state.marks.iter().filter(|(id, _)| id.mode == mode && id.scope.account == *account);
        Ok(matching.map(|(id, mark)| (id.clone(), mark.clone())).collect())
    }

    async fn surveys(&self, account: &AccountId) -> Result<BTreeMap<Region, u64>, LedgerError> {
        let state = self.state();
        let matching = state.surveys.iter().filter(|(scope, _)| scope.account == *account);
        Ok(matching.map(|(scope, seen)| (scope.region.clone(), *seen)).collect())
    }

    async fn compact(&self, order: &Compaction) -> Result<Compacted, LedgerError> {
        Ok(self.state().compact(order))
    }

    async fn checkpoints(&self) -> Result<BTreeMap<String, Head>, LedgerError> {
        Ok(self.state().checkpoint.iter().map(|place| (WRITER.to_owned(), place.clone())).collect())
    }

    async fn heads(&self) -> Result<BTreeMap<String, Head>, LedgerError> {
        Ok(BTreeMap::from([(WRITER.to_owned(), self.state().head.clone())]))
    }

    async fn cursor(&self, sink: &str) -> Result<u64, LedgerError> {
        Ok(self.state().cursors.get(sink).copied().unwrap_or(0))
    }

    async fn cursors(&self) -> Result<BTreeMap<String, u64>, LedgerError> {
        Ok(self.state().cursors.clone())
    }

    async fn advance(&self, sink: &str, seq: u64) -> Result<(), LedgerError> {
        let mut state = self.state();
        let cursor = state.cursors.entry(sink.to_owned()).or_insert(0);
        *cursor = seq.max(*cursor);
        Ok(())
    }
}
