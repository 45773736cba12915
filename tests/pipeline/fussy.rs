//! A sink as the world is: it is down, it is slow, it takes events and its answer is lost.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use simian_core::{Clock, Event, Sink, SinkError};
use simian_sim::VirtualClock;

/// What comes of a publish.
pub(crate) enum Answer {
    /// All arrive.
    Takes,
    /// None arrives.
    Refuses(SinkError),
    /// The first few arrive, and it says that none did.
    Lost(usize),
    /// All arrive, and nothing is ever said.
    Silence,
}

type Mood = Arc<dyn Fn(usize, DateTime<Utc>) -> Answer + Send + Sync>;

/// A sink that does as it likes. Cheap to clone; clones share what they heard.
#[derive(Clone)]
pub(crate) struct Fussy {
    name: &'static str,
    clock: VirtualClock,
    mood: Mood,
    heard: Arc<Mutex<Vec<Event>>>,
    asked: Arc<Mutex<Vec<DateTime<Utc>>>>,
}

impl Fussy {
    /// `mood` is asked with the number of the publish, from 0, and the time.
    pub(crate) fn new(
        name: &'static str,
        clock: &VirtualClock,
        mood: impl Fn(usize, DateTime<Utc>) -> Answer + Send + Sync + 'static,
    ) -> Self {
        Self { name, clock: clock.clone(), mood: Arc::new(mood), heard: Arc::default(), asked: Arc::default() }
    }

    /// It refuses while that holds, and takes everything else.
    pub(crate) fn down_while(
        name: &'static str,
        clock: &VirtualClock,
        down: impl Fn(DateTime<Utc>) -> bool + Send + Sync + 'static,
    ) -> Self {
        Self::new(name, clock, move |_, now| if down(now) { Answer::Refuses(busy()) } else { Answer::Takes })
    }

    /// All that arrived.
    pub(crate) fn heard(&self) -> Vec<Event> {
        self.heard.lock().unwrap().clone()
    }

    /// When it was asked.
    pub(crate) fn asked(&self) -> Vec<DateTime<Utc>> {
        self.asked.lock().unwrap().clone()
    }

    /// Every event arrived, in order; what came twice is the same. Returns how many came twice.
    #[track_caller]
    pub(crate) fn heard_all_of(&self, events: &[Event]) -> usize {
        let mut first: Vec<Event> = Vec::new();
        for event in self.heard() {
            match first.iter().find(|heard| heard.id == event.id) {
                Some(heard) => assert_eq!(*heard, event, "told twice, and differently"),
                None => first.push(event),
            }
        }
        let numbers = |events: &[Event]| events.iter().map(|event| event.seq).collect::<Vec<_>>();
        assert_eq!(numbers(&first), numbers(events), "{} missed something, or heard it too early", self.name);
        assert_eq!(first, events);
        self.heard().len() - first.len()
    }
}

/// A refusal that may pass.
pub(crate) fn busy() -> SinkError {
    SinkError::new("fussy", "it is busy", false)
}

/// One that asks for time.
pub(crate) fn later(wait: TimeDelta) -> SinkError {
    SinkError { wait: Some(wait), ..busy() }
}

#[async_trait]
impl Sink for Fussy {
    fn name(&self) -> &str {
        self.name
    }

    async fn publish(&self, events: &[Event]) -> (usize, Option<SinkError>) {
        let answer = {
            let mut asked = self.asked.lock().unwrap();
            asked.push(self.clock.now());
            (self.mood)(asked.len() - 1, self.clock.now())
        };
        let arrive = |many: usize| self.heard.lock().unwrap().extend_from_slice(&events[..many.min(events.len())]);
        match answer {
            Answer::Takes => {
                arrive(events.len());
                (events.len(), None)
            }
            Answer::Refuses(error) => (0, Some(error)),
            Answer::Lost(many) => {
                arrive(many);
                (0, Some(SinkError::new("fussy", "no answer in time", false)))
            }
            Answer::Silence => {
                arrive(events.len());
                std::future::pending().await
            }
        }
    }
}
