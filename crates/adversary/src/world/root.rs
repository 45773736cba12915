//! Who owns the processes: polls them in order, lets machines sleep, lets processes die and starts them again.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use chrono::{DateTime, TimeDelta, Utc};
use simian::daemon::{Begin, End};
use simian_core::Clock;

use super::process::{self, Running};
use super::stage::{Command, REPLICAS, Stage};

/// One process, and whether it comes back.
#[derive(Default)]
struct Slot {
    running: Option<Running>,
    end: End,
    /// When the machine starts it again.
    back: Option<DateTime<Utc>>,
    /// It is being reloaded: the next one begins when this one ends.
    reloading: bool,
    /// Seconds after its stop until it is back.
    stops: Option<u32>,
    runs: u32,
}

/// All processes of a world. As a future it never ends.
pub(crate) struct Root {
    stage: Arc<Stage>,
    slots: Vec<Slot>,
    timer: Option<(DateTime<Utc>, Running)>,
}

/// systemd waits so long before it starts a service again.
const RESTARTS_AFTER: u32 = 10;

impl Root {
    pub(crate) fn new(stage: Arc<Stage>) -> Self {
        let mut root = Self { stage, slots: Vec::new(), timer: None };
        for slot in 0..REPLICAS {
            root.slots.push(Slot::default());
            root.stage.enter(slot, 0);
        }
        root.start(0, Begin::Started);
        root
    }

    fn start(&mut self, slot: usize, begin: Begin) {
        let (index, policy) = self.stage.policy();
        let holder = format!("{}-{}", ["one", "two"][slot % REPLICAS], self.slots[slot].runs);
        self.stage.enter(slot, index);
        self.stage.shared().log.begin(slot, holder.clone(), self.stage.now());
        let one = &mut self.slots[slot];
        one.runs += 1;
        one.back = None;
        one.reloading = false;
        one.stops = None;
        if let Ok((running, end)) = process::daemon(&self.stage, slot, &holder, &policy, begin) {
            one.running = Some(running);
            one.end = end;
        }
    }

    /// Kills every process, and starts those again that ought to run.
    pub(crate) fn restart_all(&mut self) {
        self.slots.truncate(REPLICAS);
        for slot in 0..self.slots.len() {
            if self.slots[slot].running.take().is_some() || self.slots[slot].back.is_some() {
                self.start(slot, Begin::Started);
            }
        }
    }

    fn obey(&mut self, command: &Command) {
        match command {
            Command::Stop { replica, down } => {
                if let Some(one) = self.slots.get_mut(*replica).filter(|one| one.running.is_some()) {
                    one.stops = Some(*down);
                    one.end.stop.cancel();
                    self.stage.shared().log.end(*replica, self.stage.now());
                }
            }
            Command::Reload => {
                let running = self.slots.iter_mut().enumerate().take(REPLICAS);
                for (slot, one) in running.filter(|(_, one)| one.running.is_some()) {
                    one.reloading = true;
                    one.end.reload.cancel();
                    self.stage.shared().log.end(slot, self.stage.now());
                }
            }
            Command::Replica => {
                if self.slots[1].running.is_none() && self.slots[1].back.is_none() {
                    self.start(1, Begin::Started);
                }
            }
            Command::LoseLedger { down } => {
                let now = self.stage.now();
                for (slot, one) in self.slots.iter_mut().enumerate() {
                    if one.running.take().is_some() && slot < REPLICAS {
                        one.back = Some(now + TimeDelta::seconds(i64::from(down_at_least(*down))));
                    }
                    self.stage.shared().log.end(slot, now);
                }
                // A ledger that cannot be made is no ledger: whoever comes up writes to the old one, and that shows.
                drop(super::week::lose_ledger(&self.stage));
            }
            Command::GameDay(id) => {
                let slot = self.slots.len();
                let (index, policy) = self.stage.policy();
                self.stage.enter(slot, index);
                self.stage.shared().log.begin(slot, process::game_holder(*id), self.stage.now());
                let running = process::game_day(&self.stage, slot, *id, &policy).ok();
                self.slots.push(Slot { running, ..Slot::default() });
            }
        }
    }

    /// Polls one process, if it is awake. Returns when to look at it again, if that is known.
    fn poll_one(&mut self, slot: usize, context: &mut Context<'_>) -> Option<DateTime<Utc>> {
        let now = self.stage.now();
        if let Some(back) = self.slots[slot].back {
            if back > now {
                return Some(back);
            }
            self.start(slot, Begin::Started);
        }
        loop {
            let control = self.stage.shared().controls[slot].clone();
            if let Some(until) = control.asleep.filter(|until| *until > now && control.acting == 0) {
                return Some(until);
            }
            let running = self.slots[slot].running.as_mut()?;
            if running.as_mut().poll(context).is_ready() {
                self.ended(slot);
                if self.slots[slot].running.is_some() {
                    continue;
                }
                return self.slots[slot].back;
            }
            return self.count_down(slot);
        }
    }

    /// A process has ended by itself.
    fn ended(&mut self, slot: usize) {
        self.stage.shared().log.end(slot, self.stage.now());
        let one = &mut self.slots[slot];
        one.running = None;
        if slot >= REPLICAS {
            return;
        }
        if one.reloading && !one.end.stop.is_cancelled() {
            self.start(slot, Begin::Reloaded);
        } else {
            let down = one.stops.take().unwrap_or(RESTARTS_AFTER);
            one.back = Some(self.stage.now() + TimeDelta::seconds(i64::from(down)));
        }
    }

    /// One poll less for a process that is to die.
    fn count_down(&mut self, slot: usize) -> Option<DateTime<Utc>> {
        let dies = {
            let mut shared = self.stage.shared();
            let dies = &mut shared.controls[slot].dies;
            match dies {
                Some((0, down)) => Some(*down),
                Some((polls, _)) => {
                    *polls -= 1;
                    None
                }
                None => None,
            }
        }?;
        self.slots[slot].running = None;
        let now = self.stage.now();
        let mut shared = self.stage.shared();
        shared.log.end(slot, now);
        shared.controls[slot].dies = None;
        shared.tally.one("crashes");
        if slot < REPLICAS {
            self.slots[slot].back = Some(now + TimeDelta::seconds(i64::from(down_at_least(dies))));
        }
        self.slots[slot].back
    }
}

/// Nobody is back at once.
fn down_at_least(seconds: u32) -> u32 {
    seconds.max(1)
}

impl Future for Root {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let root = &mut *self;
        loop {
            let mut next: Option<DateTime<Utc>> = None;
            for slot in 0..root.slots.len() {
                let again = root.poll_one(slot, context);
                next = next.into_iter().chain(again).min();
            }
            let commands = std::mem::take(&mut root.stage.shared().commands);
            if !commands.is_empty() {
                for command in &commands {
                    root.obey(command);
                }
                continue;
            }
            let Some(next) = next else {
                root.timer = None;
                return Poll::Pending;
            };
            if root.timer.as_ref().is_none_or(|(at, _)| *at != next) {
                let clock = root.stage.clock.clone();
                root.timer = Some((next, Box::pin(async move { clock.sleep_until(next).await })));
            }
            let Some((_, timer)) = &mut root.timer else { return Poll::Pending };
            if timer.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
            root.timer = None;
        }
    }
}
