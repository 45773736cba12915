//! A sink that keeps what it is told, and refuses when it is told to.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use simian_core::{Event, Sink, SinkError};

/// A scripted refusal of one publish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// How many events from the front arrive nevertheless; fewer than it is given.
    pub after: usize,
    /// What it says.
    pub message: String,
    /// Whether only an operator can mend it.
    pub lasting: bool,
}

/// A sink in memory. Cheap to clone; clones share what they hold.
#[derive(Clone, Debug)]
pub struct MemorySink {
    name: &'static str,
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug, Default)]
struct Inner {
    events: Vec<Event>,
    publishes: u64,
    refusals: VecDeque<Refusal>,
    down: Option<Refusal>,
}

impl MemorySink {
    /// An empty sink of that name.
    pub fn new(name: &'static str) -> Self {
        Self { name, inner: Arc::default() }
    }

    /// Everything that arrived, in order; what arrived twice is there twice.
    pub fn events(&self) -> Vec<Event> {
        self.lock().events.clone()
    }

    /// How often it was asked to publish something.
    pub fn publishes(&self) -> u64 {
        self.lock().publishes
    }

    /// The next publish is refused; several refusals meet one publish each, in order.
    pub fn refuse_next(&self, refusal: Refusal) {
        self.lock().refusals.push_back(refusal);
    }

    /// From now on every publish is refused with this, until it is `None`.
    pub fn set_down(&self, refusal: Option<Refusal>) {
        self.lock().down = refusal;
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for MemorySink {
    fn default() -> Self {
        Self::new("memory")
    }
}

#[async_trait]
impl Sink for MemorySink {
    fn name(&self) -> &str {
        self.name
    }

    async fn publish(&self, events: &[Event]) -> (usize, Option<SinkError>) {
        let mut inner = self.lock();
        inner.publishes += 1;
        // Without events there is nothing to refuse.
        let refusal = if events.is_empty() { None } else { inner.refusals.pop_front().or_else(|| inner.down.clone()) };
        let taken = refusal.as_ref().map_or(events.len(), |refusal| refusal.after.min(events.len() - 1));
        inner.events.extend_from_slice(&events[..taken]);
        let error = refusal.map(|Refusal { message, lasting, .. }| SinkError::new(self.name, message, lasting));
        (taken, error)
    }
}
