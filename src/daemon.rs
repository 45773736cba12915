//! The daemon: every region's loops, every sink's pump, side by side until told to stop.
//!
//! One future, no spawned task: dropping it is a crash, and everything that it had begun is in the ledger.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use futures_util::future::{join, join_all};
use simian_core::claim::HOLD;
use simian_core::{Area, CronSpec, Draft, Kind, LedgerError, Monkey, Region, Sink};
use tokio_util::sync::CancellationToken;

use crate::engine::{Account, Engine};
use crate::heartbeat::{self, Heartbeat};
use crate::observe::ObserveError;
use crate::order::Order;
use crate::round;
use crate::upkeep::{forget, upkeep};
use crate::{asked, daily, sinks, watch};

/// How often each monkey looks, beside its due minutes.
pub struct Schedule {
    /// The monkey's name.
    pub monkey: String,
    /// When.
    pub cron: CronSpec,
    /// On whose clock.
    pub zone: Tz,
}

/// How long a stop may take: systemd and operators expect an answer to SIGTERM within ten seconds.
pub const DRAIN: TimeDelta = TimeDelta::seconds(9);

/// How long a reload waits for work that is under way: longer than an action may take from its claim to its outcome.
/// What takes longer is cut off as by a crash, and resolved by looking.
pub const HAND_OVER: TimeDelta = TimeDelta::minutes(2);

/// How a daemon comes to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begin {
    /// A process has started.
    Started,
    /// The same process, with another config.
    Reloaded,
}

/// What ends a daemon.
#[derive(Clone, Debug, Default)]
pub struct End {
    /// The process is to end: soon, and with a last word.
    pub stop: CancellationToken,
    /// Another daemon takes over in this process: what is under way may end.
    pub reload: CancellationToken,
}

impl End {
    /// Returns once either is asked for.
    async fn asked(&self) {
        tokio::select! {
            () = self.stop.cancelled() => {}
            () = self.reload.cancelled() => {}
        }
    }
}

/// Runs until its end, then drains. A ledger that cannot be written at the start or at the end is an error; one that
/// fails in between stops the actions, not the daemon.
pub async fn run(
    engine: &Engine,
    schedules: &[Schedule],
    sinks: &[Box<dyn Sink>],
    config: &str,
    begin: Begin,
    end: &End,
) -> Result<(), LedgerError> {
    let loaded = about(engine, config, Kind::ConfigLoaded, "the config as it is now");
    let monkeys = looks(engine, schedules).map(|(_, _, schedule)| schedule.monkey.as_str());
    let mut drafts = vec![heartbeat::looking(loaded, monkeys)];
    if begin == Begin::Started {
        drafts.insert(0, about(engine, config, Kind::DaemonStarted, &format!("up as {}", engine.holder)));
        for (account, area, schedule) in looks(engine, schedules) {
            drafts.extend(Heartbeat::new(engine, account, &area, schedule).down().await?);
        }
    }
    engine.record(drafts, vec![]).await?;

    // The pumps outlive the loops, so that a stop tells of itself.
    let (halt, told) = (CancellationToken::new(), CancellationToken::new());
    let work = async {
        let chores = join(forget(engine, sinks, &halt), daily::reports(engine, &halt));
        let loops = join(join_all(loops(engine, schedules, &halt)), chores);
        let asked = async {
            end.asked().await;
            halt.cancel();
            // Nobody follows them any more. A reload goes on with them.
            if end.stop.is_cancelled()
                && let Err(error) = watch::held::end_all(engine, "the daemon stops").await
            {
                tracing::error!(%error, "faults that end are not recorded");
            }
        };
        let late = async {
            tokio::select! {
                () = after(engine, &end.stop, DRAIN / 2) => {}
                () = after(engine, &end.reload, HAND_OVER) => {}
            }
        };
        tokio::select! {
            biased;
            _ = join(loops, asked) => {}
            () = upkeep(engine) => unreachable!("it goes round for ever"),
            () = asked::serve(engine) => unreachable!("it goes round for ever"),
            () = late => tracing::warn!("work was cut off; what it began is resolved by looking"),
        }
        let mut last = Vec::new();
        if end.stop.is_cancelled() {
            last.push(about(engine, config, Kind::DaemonStopped, "stopped in good order"));
        }
        let stopped = engine.record(last, vec![]).await;
        told.cancel();
        stopped.map(drop)
    };
    let pumps = async {
        let pumps = join_all(sinks.iter().map(|sink| sinks::pump(engine, sink.as_ref(), &told)));
        tokio::select! {
            biased;
            _ = pumps => {}
            () = after(engine, &told, DRAIN / 2) => tracing::warn!("a sink was cut off; it is told the rest later"),
        }
    };
    join(work, pumps).await.0
}

/// Tells that a config was refused, and that the daemon goes on with the one that it has.
pub async fn rejected(engine: &Engine, config: &str, why: &str) -> Result<(), LedgerError> {
    engine.record(vec![about(engine, config, Kind::ConfigRejected, why)], vec![]).await.map(drop)
}

/// An event about the daemon itself.
fn about(engine: &Engine, config: &str, kind: Kind, why: &str) -> Draft {
    let mode = engine.accounts.iter().map(|account| account.policy.mode).max().unwrap_or_default();
    let mut draft = Draft::new(engine.clock.now(), kind, mode, why);
    draft.config = Some(config.to_owned());
    draft
}

/// Returns so long after it was asked for.
async fn after(engine: &Engine, asked: &CancellationToken, wait: TimeDelta) {
    asked.cancelled().await;
    engine.clock.sleep_until(engine.clock.now() + wait).await;
}

/// A loop for each region, so that one that does not answer delays no other.
fn loops<'a>(
    engine: &'a Engine,
    schedules: &'a [Schedule],
    halt: &'a CancellationToken,
) -> impl Iterator<Item = Loop<'a>> {
    let watching = engine.places();
    let watching =
        watching.map(move |(account, region)| Box::pin(watch_region(engine, account, region, halt)) as Loop<'_>);
    let rounds = looks(engine, schedules).filter_map(move |(account, area, schedule)| {
        let monkey = engine.monkey(&schedule.monkey)?;
        Some(Box::pin(rounds(engine, account, area, monkey, schedule, halt)) as Loop<'_>)
    });
    watching.chain(rounds)
}

/// Where each enabled monkey looks, and when.
fn looks<'a>(engine: &'a Engine, schedules: &'a [Schedule]) -> impl Iterator<Item = (&'a Account, Area, &'a Schedule)> {
    engine.accounts.iter().flat_map(move |account| {
        let enabled = schedules.iter().filter_map(|schedule| Some((schedule, engine.monkey(&schedule.monkey)?)));
        enabled.flat_map(move |(schedule, monkey)| {
            account.areas(monkey).into_iter().map(move |area| (account, area, schedule))
        })
    })
}

type Loop<'a> = std::pin::Pin<Box<dyn Future<Output = ()> + 'a>>;

/// One monkey's rounds in one area. A round that fails is logged, and the next one is tried.
async fn rounds(
    engine: &Engine,
    account: &Account,
    area: Area,
    monkey: &dyn Monkey,
    schedule: &Schedule,
    stop: &CancellationToken,
) {
    let mut dues = BTreeSet::new();
    let mut heartbeat = Heartbeat::new(engine, account, &area, schedule);
    // The first round is now: whoever starts the daemon at noon wants to see it look.
    let mut next = engine.clock.now();
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            () = engine.clock.sleep_until(next) => {}
        }
        let began = engine.clock.now();
        heartbeat.begins().await;
        let given_up = match heartbeat.during(round::run(engine, account, &area, monkey, &Order::DAILY)).await {
            Ok(closed) => {
                for (scope, why) in &closed.failed {
                    tracing::warn!(%scope, monkey = monkey.name(), why, "a region could not be surveyed");
                }
                dues = closed.dues.into_iter().collect();
                None
            }
            Err(ObserveError::Ledger(error)) => {
                tracing::error!(account = account.name, %area, monkey = monkey.name(), %error, "nothing is done without the ledger");
                Some(error.to_string())
            }
            Err(error) => {
                tracing::error!(account = account.name, %area, monkey = monkey.name(), %error, "the round was given up");
                Some(error.to_string())
            }
        };
        heartbeat.ended(given_up).await;
        next = wake(schedule, &dues, began);
    }
}

/// The next wake after `began`: the next due minute or the next look, whichever is earlier.
fn wake(schedule: &Schedule, dues: &BTreeSet<DateTime<Utc>>, began: DateTime<Utc>) -> DateTime<Utc> {
    let look = schedule.cron.next_after(began, schedule.zone);
    let due = dues.range((std::ops::Bound::Excluded(began), std::ops::Bound::Unbounded)).next().copied();
    // A cron expression always fires again; should one ever not, an hour is often enough to find out.
    look.into_iter().chain(due).min().unwrap_or(began + TimeDelta::hours(1))
}

/// Follows a region's open claims, whatever its mode is now: what was done for real is followed to its end. With none
/// open it only looks into the ledger.
async fn watch_region(engine: &Engine, account: &Account, region: &Region, stop: &CancellationToken) {
    let mut said = None;
    loop {
        let recorded = engine.recorded.notified();
        let open = match watch::poll(engine, account, region).await {
            Ok(open) => {
                said = None;
                open
            }
            Err(error) => {
                let error = Some(error.to_string());
                if said != error {
                    tracing::error!(account = account.name, %region, error, "recoveries cannot be followed");
                    said = error;
                }
                1
            }
        };
        let end = if open == 0 { None } else { watch::next_end(engine, account, region).await.ok().flatten() };
        let again = async {
            if let Some(end) = end {
                let look = engine.clock.now() + engine.watch.every;
                tokio::select! {
                    () = paused(engine, recorded) => {}
                    () = engine.clock.sleep_until(end.min(look)) => {}
                }
            } else if open == 0 && engine.ledger.exclusive() {
                recorded.await;
            } else if open == 0 {
                // Of what another process leaves behind nobody tells us.
                tokio::select! {
                    () = recorded => {}
                    () = engine.clock.sleep_until(engine.clock.now() + HOLD) => {}
                }
            } else {
                engine.clock.sleep_until(engine.clock.now() + engine.watch.every).await;
            }
        };
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            () = again => {}
        }
    }
}

/// Returns once something is paused, or somebody says that a fault is to end: it ends at once then.
async fn paused(engine: &Engine, recorded: tokio::sync::futures::Notified<'_>) {
    let mut recorded = Box::pin(recorded);
    loop {
        recorded.await;
        recorded = Box::pin(engine.recorded.notified());
        let paused = engine.ledger.pauses().await.is_ok_and(|pauses| !pauses.is_empty());
        if paused || watch::is_ending(engine).await {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn due_minutes_wake_it_between_looks() {
        let schedule = Schedule { monkey: "chaos".into(), cron: "*/15 * * * *".parse().unwrap(), zone: chrono_tz::UTC };
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let (look, due) = (at("2026-11-23T12:15:00Z"), at("2026-11-23T12:07:00Z"));
        let began = at("2026-11-23T12:00:00Z");
        assert_eq!(wake(&schedule, &BTreeSet::new(), began), look);
        assert_eq!(wake(&schedule, &BTreeSet::from([due]), began), due);
        assert_eq!(wake(&schedule, &BTreeSet::from([due]), due), look);
    }
}
