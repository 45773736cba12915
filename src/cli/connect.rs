//! From a config to an engine: the ledger opened, the accounts connected.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use simian_core::rails::NEWBORN;
use simian_core::{Change, Clock, Dice, Draft, Kind, Ledger, Mode, Pause, Sink};
use simian_ledger::{MemoryLedger, SqliteLedger};
use uuid::Uuid;

use crate::brake::Brake;
use crate::clock::SystemClock;
use crate::config::{Config, LedgerConfig};
use crate::daily::Daily;
use crate::engine::{Account, Engine, WatchPolicy};
use crate::exit::{Exit, Failure};
use crate::registry;
#[cfg(feature = "aws")]
use crate::sinks::webhook::{SecretSource, WebhookSink};

/// How a verb wants the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    /// To write; made if there is none.
    Create,
    /// To write.
    Write,
    /// To read; nothing is locked, made or changed. None at all is an empty one.
    Read,
}

/// Reads the config of a verb.
pub(super) fn load(path: &Path) -> Result<Config, Failure> {
    Ok(Config::load(path, state_directory().as_deref())?)
}

/// Where systemd keeps the state of its units, if it started us.
pub(super) fn state_directory() -> Option<PathBuf> {
    std::env::var_os("STATE_DIRECTORY").map(PathBuf::from)
}

/// An id that nobody else has: time and the system's randomness.
pub(super) fn fresh_id(now: DateTime<Utc>) -> Uuid {
    let seconds = u64::try_from(now.timestamp()).unwrap_or(0);
    Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, seconds, now.timestamp_subsec_nanos()))
}

/// Opens the ledger that the config names.
pub(super) fn ledger(config: &Config, access: Access, now: DateTime<Utc>) -> Result<Arc<dyn Ledger>, Failure> {
    Ok(match (&config.ledger, access) {
        (LedgerConfig::Memory, _) => Arc::new(MemoryLedger::exclusive(fresh_id(now), now)),
        (LedgerConfig::Sqlite { path }, Access::Create) => {
            Arc::new(SqliteLedger::create_or_open(path, fresh_id(now), now)?)
        }
        (LedgerConfig::Sqlite { path }, Access::Write) => Arc::new(SqliteLedger::open(path)?),
        (LedgerConfig::Sqlite { path }, Access::Read) => match SqliteLedger::open_read_only(path) {
            Err(simian_core::LedgerError::Missing { .. }) => Arc::new(MemoryLedger::new(Uuid::nil(), now)),
            opened => Arc::new(opened?),
        },
    })
}

/// An engine without accounts: enough for the kill switch.
pub(super) fn engine(config: &Config, ledger: Arc<dyn Ledger>) -> Engine {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let holder = format!("{}:{}", host.trim(), std::process::id());
    Engine {
        brake: Brake::new(config.pause_file.clone()),
        monkeys: registry::enabled(config),
        watch: WatchPolicy { every: config.watch.every, deadline: config.watch.deadline },
        keep: config.keep,
        daily: Daily::new(config),
        ..Engine::new(Arc::new(SystemClock), ledger, Dice::new(config.seed.open()), holder)
    }
}

/// An engine with every account connected.
pub(super) async fn connect(config: &Config, access: Access) -> Result<Engine, Failure> {
    accounts_on(config, ledger(config, access, SystemClock.now())?).await
}

/// An engine on that ledger, with every account connected.
pub(super) async fn accounts_on(config: &Config, ledger: Arc<dyn Ledger>) -> Result<Engine, Failure> {
    let mut engine = engine(config, ledger);
    engine.accounts = accounts(config, &engine.clock).await?;
    engine.outage = match &config.outage {
        Some(hook) => Some(hook.connect().map_err(|why| Failure::say(Exit::Config, why))?),
        None => None,
    };
    Ok(engine)
}

#[cfg(feature = "aws")]
async fn accounts(config: &Config, clock: &Arc<dyn Clock>) -> Result<Vec<Account>, Failure> {
    let mut accounts = Vec::new();
    for account in &config.accounts {
        let mut options = simian_aws::Options::new(account.id.clone(), account.regions.clone());
        options.role_arn.clone_from(&account.role_arn);
        let connected = simian_aws::Account::connect(options, Arc::clone(clock))
            .await
            .map_err(|error| Failure::new(Exit::Config, error))?;
        let connected = Arc::new(connected);
        accounts.push(Account::new(
            account.name.clone(),
            account.regions.clone(),
            config.policy(account),
            connected.clone(),
            connected.clone(),
            connected,
        ));
    }
    Ok(accounts)
}

#[cfg(not(feature = "aws"))]
#[expect(clippy::unused_async, reason = "the same shape as with AWS")]
async fn accounts(_config: &Config, _clock: &Arc<dyn Clock>) -> Result<Vec<Account>, Failure> {
    Err(without_aws())
}

#[cfg(not(feature = "aws"))]
fn without_aws() -> Failure {
    Failure::say(
        Exit::Usage,
        "this simian was built with --no-default-features and cannot reach AWS; `simian sandbox` works, \
         and a build with default features does the rest",
    )
}

/// The sinks that the config names, but for standard output.
#[cfg(feature = "aws")]
pub(super) async fn sinks(config: &Config, clock: &Arc<dyn Clock>) -> Result<Vec<Box<dyn Sink>>, Failure> {
    let mut sinks: Vec<Box<dyn Sink>> = Vec::new();
    if let Some(sns) = &config.sinks.sns {
        let topic = sns.topic_arn.parse::<simian_aws::Topic>().map_err(|error| Failure::new(Exit::Config, error))?;
        sinks.push(Box::new(simian_aws::SnsSink::connect(topic, Arc::clone(clock)).await));
    }
    for webhook in &config.sinks.webhooks {
        let secret = webhook.secret.as_ref().map(SecretSource::read).transpose();
        let secret = secret.map_err(|error| Failure::new(Exit::Config, error))?;
        let sink = WebhookSink::new(webhook.clone(), secret, Arc::clone(clock));
        sinks.push(Box::new(sink.map_err(|why| Failure::say(Exit::Config, why))?));
    }
    Ok(sinks)
}

/// The sinks that the config names, but for standard output.
#[cfg(not(feature = "aws"))]
#[expect(clippy::unused_async, reason = "the same shape as with AWS")]
pub(super) async fn sinks(config: &Config, _clock: &Arc<dyn Clock>) -> Result<Vec<Box<dyn Sink>>, Failure> {
    let sinks = &config.sinks;
    if sinks.sns.is_some() || !sinks.webhooks.is_empty() { Err(without_aws()) } else { Ok(Vec::new()) }
}

/// A ledger that goes live for the first time starts paused: it does not know what acted here before it was born.
pub(super) async fn pause_newborn(engine: &Engine, mode: Mode) -> Result<(), Failure> {
    let ledger = &engine.ledger;
    let live = engine.accounts.iter().any(|account| account.policy.mode.and(mode) == Mode::Live);
    let birth = ledger.birth().await?;
    let paused = ledger.pauses().await?.iter().any(|pause| pause.actor == NEWBORN);
    if !live || birth.lifted.is_some() || birth.woken.is_some() || paused {
        return Ok(());
    }
    let at = engine.clock.now();
    let why = "this ledger goes live for the first time; if nothing acted here before, `simian resume --first-run`";
    let pause = Pause::new(at, NEWBORN, why);
    let mut draft = Draft::new(at, Kind::DaemonPaused, Mode::Live, why);
    draft.actor = Some(NEWBORN.into());
    draft.key = Some(pause.id.clone());
    engine.record(vec![draft], vec![Change::Pause(pause)]).await?;
    Ok(())
}

/// How long `round` waits for its sinks.
pub(super) const SINK_PATIENCE: TimeDelta = TimeDelta::seconds(30);
