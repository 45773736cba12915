//! The nouns and ports of simian.
//!
//! Everything here is a value or a trait. A monkey is a pure function from a [`World`] to an [`Outlook`]; the
//! [`rails`] judge what it proposes; what happened is an [`Event`]. The effects live behind five ports: [`Cloud`]
//! (reads), [`Actuator`] (writes), [`Ledger`], [`Sink`] and [`Clock`].
//!
//! What may not happen in this crate: no runtime, no HTTP, no SDK type, no clock read, no randomness that is not
//! drawn from [`Dice`].

#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::string_slice))]

pub mod ability;
pub mod action;
pub mod calendar;
pub mod change_calendar;
pub mod choice;
pub mod chore;
pub mod claim;
pub mod cron;
pub mod detail;
pub mod dice;
pub mod estate;
pub mod event;
pub mod experiment;
pub mod fault;
pub mod finding;
pub mod fleet;
pub mod graph;
pub mod history;
pub mod ledger;
pub mod mark;
pub mod monkey;
pub mod name;
pub mod ports;
pub mod proposal;
pub mod rails;
pub mod resource;
pub mod route;
pub mod scope;
pub mod size;
pub mod span;
pub mod tags;
pub mod turn;
pub mod unit;
pub mod verdict;
pub mod world;

pub use ability::Abilities;
pub use action::{Action, Asks, ByExperiment, Nature};
pub use calendar::{Calendar, Day, OwnHours, Window};
pub use change_calendar::{CalendarSeen, CalendarState, ChangeCalendar};
pub use choice::Choice;
pub use chore::{Chore, Disposal, JudgedChore, Step};
pub use claim::{Claim, ClaimRecord, Claimed, Lease, Outcome, Slot, Stage, Watch};
pub use cron::CronSpec;
pub use detail::{Detail, Look, Reread, Stops};
pub use dice::Dice;
pub use estate::{Estate, Extent, Wanted};
pub use event::{Draft, Event, Head, Kind};
pub use experiment::{Experiment, Experimented};
pub use fault::{Alteration, Attached, Held, Node, Progress, Reversal, RunId, Sent, Standing, Terms};
pub use finding::{Finding, Severity};
pub use fleet::{Fleet, Group, InstanceId, LaunchSource, Lifecycle, Member, View};
pub use graph::{Graph, Users};
pub use history::History;
pub use ledger::{Birth, Change, ClaimQuery, Compacted, Compaction, EventQuery, Ledger, LedgerError, Pause};
pub use mark::{Mark, MarkId, MarkTag};
pub use monkey::{Considered, Groups, Monkey, Needs, Outlook, Score, Spared};
pub use name::Name;
pub use ports::{
    Actuator, CallError, Cause, Clock, Cloud, GroupQuery, Guests, Identity, InstanceState, OutageHook, Sink, SinkError,
};
pub use proposal::{Key, Proposal, Target};
pub use rails::{Judged, Policy, Recheck, judge, judge_chores};
pub use resource::{Resource, ResourceId, ResourceKind};
pub use route::Route;
pub use scope::{AccountId, Area, Mode, Region, Scope};
pub use size::Size;
pub use tags::{Faults, OptIn, Settings, TagRules};
pub use unit::{GroupId, Grouping, Unit, UnitId, UnitKind};
pub use verdict::{Ruling, Verdict};
pub use world::{Observed, Request, Wish, World};
