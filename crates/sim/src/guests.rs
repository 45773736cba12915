//! Inside the instances: an agent that takes commands, and the faults that scripts hold there.
//!
//! A guest knows of a script what its first lines say: which fault, which verb, how long. Its dead-man ends a fault at
//! its deadline whatever becomes of everybody else; a guest that stops or restarts forgets all of them.

use std::collections::BTreeMap;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use simian_core::ports::STARTS_WITHIN;
use simian_core::{CallError, Guests as GuestsPort, InstanceId, InstanceState, Node, Progress, Region, Sent};

use crate::account::SimAccount;
use crate::calling::{Refused, refused};
use crate::cloud::listed;
use crate::state::{Happening, State};
use crate::traffic::call;

/// From a command's arrival to the agent's look at it, in seconds.
const TAKES: (u64, u64) = (1, 3);
/// An agent that is silent is tried again after so many seconds.
const AGAIN: u64 = 5;

/// A fault inside an instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuestFault {
    /// Its kind.
    pub kind: String,
    /// Since when.
    pub since: DateTime<Utc>,
    /// How long it lasts from each renewal.
    pub lasts: TimeDelta,
    /// When it ends by itself.
    pub deadline: DateTime<Utc>,
    /// When it ends whatever anybody renews.
    pub cap: DateTime<Utc>,
}

/// A command for an agent, as its sender and its guest know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ran {
    /// Where.
    pub region: Region,
    /// In which instance.
    pub instance: InstanceId,
    /// The fault's kind; empty where only its id is said.
    pub kind: String,
    /// The fault's id.
    pub id: String,
    /// What is asked of it.
    pub verb: String,
    /// Seconds from each renewal, and in all.
    pub lasts: (i64, i64),
    /// When it was sent.
    pub sent: DateTime<Utc>,
    /// When its agent took it, and the first word of the answer.
    pub ran: Option<(DateTime<Utc>, String)>,
}

/// What runs inside instances, and what was sent there.
#[derive(Debug, Default)]
pub(crate) struct Guests {
    commands: Vec<Command>,
    faults: BTreeMap<(InstanceId, String), GuestFault>,
}

#[derive(Debug)]
struct Command {
    region: Region,
    instance: InstanceId,
    comment: String,
    at: DateTime<Utc>,
    script: Script,
    end: Option<Progress>,
    /// When an agent took it, and what the script said.
    ran: Option<(DateTime<Utc>, String)>,
}

/// What a guest reads of a script.
#[derive(Clone, Debug, Default)]
struct Script {
    kind: String,
    id: String,
    verb: String,
    lasts: i64,
    cap: i64,
}

impl Script {
    fn read(text: &str) -> Self {
        let value = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix("='"));
            line.and_then(|rest| rest.strip_suffix('\'')).unwrap_or_default().to_owned()
        };
        let seconds = |name| value(name).parse().unwrap_or(0);
        let first = text.lines().find_map(|line| line.strip_prefix("# ")?.split_once(", by simian"));
        let verb = text.lines().find_map(|line| line.strip_prefix("[ $# -gt 0 ] || set -- "));
        Self {
            kind: first.map(|(kind, _)| kind.to_owned()).unwrap_or_default(),
            id: value("id"),
            verb: verb.unwrap_or_default().to_owned(),
            lasts: seconds("for_s"),
            cap: seconds("cap_s"),
        }
    }
}

fn command_id(number: usize) -> String {
    format!("{number:08x}-0000-4000-8000-000000000000")
}

#[async_trait]
impl GuestsPort for SimAccount {
    async fn nodes(&self, region: &Region, ids: &[InstanceId]) -> Result<BTreeMap<InstanceId, Node>, CallError> {
        self.call(call::NODES, Some(region), listed(ids), |state, _| {
            let node = |id: &InstanceId| {
                let instance = state.instance(region, id).filter(|instance| instance.life.ended.is_none())?;
                Some((id.clone(), Node { online: instance.silent.is_none() && instance.is_up(), linux: true }))
            };
            Ok(ids.iter().filter_map(node).collect())
        })
        .await
    }

    async fn send(&self, region: &Region, id: &InstanceId, comment: &str, script: &str) -> Result<String, CallError> {
        let read = Script::read(script);
        self.call(call::SEND, Some(region), format!("{id} {comment}"), |state, _| state.send(region, id, comment, read))
            .await
    }

    async fn sent(&self, region: &Region, id: &InstanceId, since: DateTime<Utc>) -> Result<Vec<Sent>, CallError> {
        self.call(call::SENT, Some(region), id.to_string(), |state, fate| {
            let seen = state.now - fate.lag;
            let commands = state.guests.commands.iter().enumerate().rev();
            let here = commands.filter(|(_, one)| one.region == *region && one.instance == *id);
            let then = here.filter(|(_, one)| (since..=seen).contains(&one.at));
            let sent = |(number, one): (usize, &Command)| Sent {
                id: command_id(number),
                comment: one.comment.clone(),
                at: one.at,
            };
            Ok(then.map(sent).collect())
        })
        .await
    }

    async fn progress(&self, region: &Region, id: &InstanceId, command: &str) -> Result<Progress, CallError> {
        self.call(call::PROGRESS, Some(region), format!("{id} {command}"), |state, _| {
            let commands = state.guests.commands.iter().enumerate();
            let known = commands.filter(|(_, one)| one.region == *region && one.instance == *id);
            let found = known.into_iter().find(|(number, _)| command_id(*number) == command);
            Ok(found.and_then(|(_, one)| one.end.clone()).unwrap_or(Progress::Running))
        })
        .await
    }
}

impl State {
    fn send(&mut self, region: &Region, id: &InstanceId, comment: &str, script: Script) -> Result<String, Refused> {
        let known =
            self.instance(region, id).filter(|instance| instance.life.ended.is_none() && instance.silent.is_none());
        if known.is_none() {
            return Err(refused("InvalidInstanceId", format!("Instances [[{id}]] not in a valid state for account")));
        }
        let number = self.guests.commands.len();
        let (region, instance, comment) = (region.clone(), id.clone(), comment.to_owned());
        self.guests.commands.push(Command { region, instance, comment, at: self.now, script, end: None, ran: None });
        let wait = self.chance(&["agent", id.as_str(), &number.to_string()]).between(TAKES.0, TAKES.1);
        self.enqueue_in(wait, Happening::Taken(number));
        Ok(command_id(number))
    }

    /// The agent takes a command, if there is one and it is not too late.
    pub(crate) fn take_command(&mut self, number: usize) {
        let Some(command) = self.guests.commands.get(number) else { return };
        let (id, at, script) = (command.instance.clone(), command.at, command.script.clone());
        let up = |state: InstanceState| state == InstanceState::Running;
        let instance = self.instances.get(&id);
        let answers = instance.is_some_and(|one| {
            one.silent.is_none() && one.rebooting.is_none() && one.state(self.now, self.now).is_some_and(up)
        });
        let end = if answers {
            let says = self.run_script(&id, &script);
            let word = says.split(':').next().unwrap_or_default().to_owned();
            self.guests.commands[number].ran = Some((self.now, word));
            Progress::Ended { output: format!("simian-fault: {says}\n") }
        } else if self.now < at + STARTS_WITHIN {
            self.enqueue_in(AGAIN, Happening::Taken(number));
            return;
        } else {
            Progress::Lost("DeliveryTimedOut".into())
        };
        self.guests.commands[number].end = Some(end);
    }

    fn run_script(&mut self, id: &InstanceId, script: &Script) -> String {
        let now = self.now;
        let there = self.faults_in(id);
        let place = (id.clone(), script.id.clone());
        let left = |fault: &GuestFault| format!("applied: {} seconds left", (fault.deadline - now).num_seconds());
        match (script.verb.as_str(), there.get(&script.id)) {
            ("preflight" | "apply", None) if !there.is_empty() => "refused: another fault is there".to_owned(),
            ("preflight", _) => "ready".to_owned(),
            ("apply", None) => {
                let cap = now + TimeDelta::seconds(script.cap);
                let lasts = TimeDelta::seconds(script.lasts);
                let deadline = (now + lasts).min(cap);
                let fault = GuestFault { kind: script.kind.clone(), since: now, lasts, deadline, cap };
                let says = left(&fault);
                self.guests.faults.insert(place, fault);
                says
            }
            ("renew", Some(fault)) => {
                let mut fault = fault.clone();
                fault.deadline = fault.deadline.max((now + fault.lasts).min(fault.cap));
                let says = left(&fault);
                self.guests.faults.insert(place, fault);
                says
            }
            ("apply" | "status", Some(fault)) => left(fault),
            ("undo", _) => {
                self.guests.faults.remove(&place);
                "absent".to_owned()
            }
            _ => "absent".to_owned(),
        }
    }

    /// Every command that was ever sent, in order.
    pub(crate) fn commands(&self) -> Vec<Ran> {
        let ran = |one: &Command| Ran {
            region: one.region.clone(),
            instance: one.instance.clone(),
            kind: one.script.kind.clone(),
            id: one.script.id.clone(),
            verb: one.script.verb.clone(),
            lasts: (one.script.lasts, one.script.cap),
            sent: one.at,
            ran: one.ran.clone(),
        };
        self.guests.commands.iter().map(ran).collect()
    }

    /// The faults that are in an instance now, by their ids.
    pub(crate) fn faults_in(&self, id: &InstanceId) -> BTreeMap<String, GuestFault> {
        let Some(instance) = self.instances.get(id).filter(|instance| instance.is_up()) else {
            return BTreeMap::new();
        };
        let restarted = instance.life.rebooted.last().copied();
        let faults = self.guests.faults.iter().filter(|((held_by, _), _)| held_by == id);
        let there =
            faults.filter(|(_, fault)| self.now < fault.deadline && restarted.is_none_or(|at| at < fault.since));
        there.map(|((_, name), fault)| (name.clone(), fault.clone())).collect()
    }
}
