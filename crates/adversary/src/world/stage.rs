//! What all processes of a world share, and what stands between them and it: the armed steps, who sleeps, who is about
//! to die.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use simian_core::{Clock, InstanceId, Ledger, Region};
use simian_sim::{MemorySink, SimAccount, VirtualClock};

use super::clock::MachineClock;
use super::log::{Course, Did, Entry, Log};
use crate::scenario::{HookSays, PolicySetup, Port, REGIONS, Setup, Side, Step, What, When};
use crate::tally::Tally;

/// How many replicas there can be.
pub(crate) const REPLICAS: usize = 2;

/// What is to become of a process.
#[derive(Clone, Debug, Default)]
pub(crate) struct Control {
    /// Its machine sleeps until then.
    pub(crate) asleep: Option<DateTime<Utc>>,
    /// It dies after so many more polls, and is back after so many seconds.
    pub(crate) dies: Option<(u32, u32)>,
    /// Calls that act and are under way: a machine sleeps between them.
    pub(crate) acting: u32,
}

/// What only the root can do, because it owns the processes.
#[derive(Clone, Debug)]
pub(crate) enum Command {
    Stop { replica: usize, down: u32 },
    Reload,
    Replica,
    GameDay(u32),
    LoseLedger { down: u32 },
}

/// A step that waits for a call.
#[derive(Clone, Debug)]
struct Armed {
    port: Port,
    side: Side,
    left: u32,
    what: What,
}

pub(crate) struct Shared {
    pub(crate) log: Log,
    pub(crate) tally: Tally,
    pub(crate) controls: Vec<Control>,
    pub(crate) commands: Vec<Command>,
    /// The tokens of the experiments that were asked for.
    pub(crate) begun: BTreeSet<String>,
    pub(crate) ledger_back: DateTime<Utc>,
    pub(crate) sink_back: DateTime<Utc>,
    /// The config that whoever starts now gets.
    pub(crate) policy: usize,
    /// Which config each process has.
    pub(crate) policies: Vec<usize>,
    armed: Vec<Armed>,
}

/// The world around the processes.
pub(crate) struct Stage {
    pub(crate) start: DateTime<Utc>,
    pub(crate) clock: VirtualClock,
    pub(crate) clocks: Vec<MachineClock>,
    pub(crate) cloud: SimAccount,
    ledger: Mutex<Arc<dyn Ledger>>,
    pub(crate) sink: MemorySink,
    pub(crate) brake: Option<PathBuf>,
    pub(crate) regions: Vec<Region>,
    pub(crate) seed: u64,
    ourselves: Mutex<Option<InstanceId>>,
    shared: Mutex<Shared>,
}

/// The region of an index.
pub(crate) fn region(index: usize) -> Region {
    // The names are ours.
    REGIONS[index % REGIONS.len()].parse().unwrap_or_else(|_| Region::all())
}

impl Stage {
    pub(crate) fn new(
        setup: &Setup,
        clock: VirtualClock,
        cloud: SimAccount,
        ledger: Arc<dyn Ledger>,
        brake: Option<PathBuf>,
    ) -> Self {
        let start = clock.now();
        let log = Log {
            entries: Vec::new(),
            policies: vec![setup.policy.clone()],
            pauses: Vec::new(),
            stale: Course::new(start, setup.weather.stale),
            calendar: Course::new(start, true),
            outage: Course::new(start, HookSays::Yes),
            ahead: vec![Course::new(start, 0); REPLICAS],
            first_run: (!setup.newborn).then_some(start),
            lives: BTreeMap::new(),
            absences: Vec::new(),
            meddled: Vec::new(),
            slow: Course::new(start, setup.weather.is_slow()),
            story: Vec::new(),
        };
        let shared = Shared {
            log,
            tally: Tally::default(),
            controls: Vec::new(),
            commands: Vec::new(),
            begun: BTreeSet::new(),
            ledger_back: start,
            sink_back: start,
            policy: 0,
            policies: Vec::new(),
            armed: Vec::new(),
        };
        Self {
            start,
            clocks: (0..REPLICAS).map(|_| MachineClock::new(clock.clone())).collect(),
            clock,
            cloud,
            ledger: Mutex::new(ledger),
            sink: MemorySink::default(),
            brake,
            regions: (0..setup.regions).map(region).collect(),
            seed: setup.seed,
            ourselves: Mutex::default(),
            shared: Mutex::new(shared),
        }
    }

    pub(crate) fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// The ledger that there is now.
    pub(crate) fn ledger(&self) -> Arc<dyn Ledger> {
        Arc::clone(&self.ledger.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Another ledger from now on.
    pub(crate) fn replace_ledger(&self, ledger: Arc<dyn Ledger>) {
        *self.ledger.lock().unwrap_or_else(PoisonError::into_inner) = ledger;
    }

    /// The instance that we run on.
    pub(crate) fn ourselves(&self) -> Option<InstanceId> {
        self.ourselves.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Says on which instance we run.
    pub(crate) fn run_on(&self, id: Option<InstanceId>) {
        self.cloud.set_ourselves(id.clone());
        *self.ourselves.lock().unwrap_or_else(PoisonError::into_inner) = id;
    }

    /// The clock of the machine that a process runs on. Game days are asked for on the first.
    pub(crate) fn clock_of(&self, slot: usize) -> &MachineClock {
        self.clocks.get(slot).unwrap_or(&self.clocks[0])
    }

    /// Lets a step wait for its call.
    pub(crate) fn arm(&self, step: &Step) {
        if let When::Call { port, nth, side, .. } = &step.when {
            let armed = Armed { port: *port, side: *side, left: (*nth).max(1), what: step.what.clone() };
            self.shared().armed.push(armed);
        }
    }

    /// Nothing waits any more.
    pub(crate) fn disarm(&self) {
        self.shared().armed.clear();
    }

    /// A process is at this side of a call. What waited for that happens now. Returns whether the process must give way:
    /// it sleeps, or may die here.
    pub(crate) fn meets(&self, slot: usize, port: Port, side: Side) -> bool {
        let mut due = Vec::new();
        {
            let mut shared = self.shared();
            shared.armed.retain_mut(|armed| {
                if armed.port != port || armed.side != side {
                    return true;
                }
                armed.left -= 1;
                if armed.left == 0 {
                    due.push(armed.what.clone());
                }
                armed.left > 0
            });
            if !due.is_empty() {
                shared.tally.add("steps at a call", due.len() as u64);
            }
        }
        for what in &due {
            self.perform(what, Some(slot));
        }
        let now = self.now();
        let shared = self.shared();
        let control = &shared.controls[slot];
        control.dies.is_some() || control.asleep.is_some_and(|until| until > now)
    }

    /// Writes down what a process did.
    pub(crate) fn log(&self, slot: usize, what: Did) -> usize {
        let (at, reading) = (self.now(), self.clock_of(slot).now());
        let mut shared = self.shared();
        let policy = shared.policies[slot];
        shared.log.entries.push(Entry { at, reading, slot, policy, what });
        shared.log.entries.len() - 1
    }

    /// Makes room for a process in a slot.
    pub(crate) fn enter(&self, slot: usize, policy: usize) {
        let mut shared = self.shared();
        let slots = shared.controls.len().max(slot + 1);
        shared.controls.resize(slots, Control::default());
        shared.policies.resize(slots, 0);
        shared.controls[slot] = Control::default();
        shared.policies[slot] = policy;
    }

    /// The config that whoever starts now gets.
    pub(crate) fn policy(&self) -> (usize, PolicySetup) {
        let shared = self.shared();
        (shared.policy, shared.log.policies[shared.policy].clone())
    }

    pub(crate) fn ledger_is_down(&self) -> bool {
        self.now() < self.shared().ledger_back
    }

    pub(crate) fn after(&self, millis: u64) -> DateTime<Utc> {
        self.start + TimeDelta::milliseconds(i64::try_from(millis).unwrap_or(0))
    }
}
