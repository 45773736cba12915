//! `simian run`: the daemon, under systemd or in a terminal.

use std::path::Path;
use std::sync::Arc;

use chrono::TimeDelta;
use sd_notify::NotifyState;
use simian_core::{Clock, Ledger, Sink};
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::connect::{self, Access};
use crate::clock::SystemClock;
use crate::config::Config;
use crate::control::Socket;
use crate::daemon::{self, Begin, End, Schedule};
use crate::engine::Engine;
use crate::exit::{Exit, Failure};
use crate::pulse::Pulse;
use crate::registry;
use crate::sinks::{self, Format, Stdout};

pub(super) fn run(path: &Path) -> Result<Exit, Failure> {
    super::log("info");
    let config = connect::load(path)?;
    super::runtime()?.block_on(serve(path, config))
}

/// A config at work.
struct Shift {
    config: Config,
    engine: Engine,
    sinks: Vec<Box<dyn Sink>>,
}

impl Shift {
    /// Connects everything that the config names. Nothing is recorded or done.
    async fn connect(config: Config, ledger: Arc<dyn Ledger>) -> Result<Self, Failure> {
        if config.accounts.is_empty() {
            return Err(Failure::say(Exit::Config, "the config names no [[account]]: there is nothing to look at"));
        }
        let mut engine = connect::accounts_on(&config, ledger).await?;
        engine.pulse = Arc::new(Watchdog::new());
        let mut sinks = connect::sinks(&config, &engine.clock).await?;
        if config.sinks.stdout {
            sinks.push(Box::new(Stdout(Format::Json)) as Box<dyn Sink>);
        }
        Ok(Self { config, engine, sinks })
    }

    /// The next shift, by the config file as it is now.
    async fn next(&self, path: &Path) -> Result<Self, Failure> {
        let config = connect::load(path)?;
        let fixed = [
            ("ledger", config.ledger != self.config.ledger),
            ("control.socket", config.control != self.config.control),
        ];
        if let Some((key, _)) = fixed.into_iter().find(|(_, changed)| *changed) {
            let why = format!("{}: {key}: it cannot change while the daemon runs: restart it", path.display());
            return Err(Failure::say(Exit::Config, why));
        }
        Box::pin(Self::connect(config, Arc::clone(&self.engine.ledger))).await
    }
}

async fn serve(path: &Path, config: Config) -> Result<Exit, Failure> {
    let ledger = connect::ledger(&config, Access::Create, SystemClock.now())?;
    let mut shift = Box::pin(Shift::connect(config, ledger)).await?;
    let socket = shift.config.control.as_deref().map(bind).transpose()?;
    let mut signals = Signals::listen()?;
    let mut begin = Begin::Started;
    loop {
        sinks::begin(&shift.engine, &shift.sinks).await?;
        connect::pause_newborn(&shift.engine, shift.config.mode).await?;
        tracing::info!(accounts = shift.engine.accounts.len(), mode = %shift.config.mode, ?begin, "up");
        let status = format!("watching {} accounts", shift.engine.accounts.len());
        notify(&[NotifyState::Ready, NotifyState::Status(&status)]);
        match Box::pin(work(path, &shift, socket.as_ref(), &mut signals, begin)).await? {
            Some(next) => shift = next,
            None => return Ok(Exit::Done),
        }
        begin = Begin::Reloaded;
    }
}

/// One shift, until a signal ends it. Returns the one that takes over, if one does.
async fn work(
    path: &Path,
    shift: &Shift,
    socket: Option<&Socket>,
    signals: &mut Signals,
    begin: Begin,
) -> Result<Option<Shift>, Failure> {
    let Shift { config, engine, sinks } = shift;
    let end = End::default();
    let mut next = None;
    let told = async {
        loop {
            match signals.next(next.is_none()).await {
                Told::Stop => {
                    tracing::info!("stopping");
                    notify(&[NotifyState::Stopping]);
                    end.stop.cancel();
                    return std::future::pending().await;
                }
                Told::Reload => {
                    reloading();
                    match Box::pin(shift.next(path)).await {
                        Ok(shift) => {
                            next = Some(shift);
                            end.reload.cancel();
                        }
                        Err(failure) => {
                            let why = format!("{:#}", failure.error);
                            tracing::error!(why, "the config was refused; the one before stays in force");
                            if let Err(error) = daemon::rejected(engine, &config.digest, &why).await {
                                tracing::error!(%error, "that the config was refused cannot be recorded");
                            }
                            notify(&[NotifyState::Ready]);
                        }
                    }
                }
            }
        }
    };
    let listen = async {
        match socket {
            Some(socket) => socket.listen(engine).await,
            None => std::future::pending().await,
        }
    };
    let schedules = schedules(config);
    tokio::select! {
        biased;
        ended = daemon::run(engine, &schedules, sinks, &config.digest, begin, &end) => ended?,
        () = told => unreachable!("it waits for signals for ever"),
        () = listen => unreachable!("it listens for ever"),
    }
    Ok(next.filter(|_| !end.stop.is_cancelled()))
}

/// What a signal asks for.
enum Told {
    Stop,
    Reload,
}

/// The signals that a daemon listens to: SIGTERM and SIGINT stop it, SIGHUP makes it read its config again.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    fn listen() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// The next signal. While a reload is under way, another one waits.
    async fn next(&mut self, reloads: bool) -> Told {
        tokio::select! {
            biased;
            _ = self.terminate.recv() => Told::Stop,
            _ = self.interrupt.recv() => Told::Stop,
            _ = self.hangup.recv(), if reloads => Told::Reload,
        }
    }
}

/// Tells systemd that the config is read again. Source: `sd_notify(3)`, `RELOADING=1`.
fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => notify(&[NotifyState::Reloading, now]),
        Err(error) => tracing::warn!(%error, "cannot tell systemd"),
    }
}

/// When each enabled monkey looks.
pub(super) fn schedules(config: &Config) -> Vec<Schedule> {
    let schedule = |kind: &registry::Kind| Schedule {
        monkey: kind.name.to_owned(),
        cron: (kind.cron)(config).clone(),
        zone: config.calendar.zone,
    };
    registry::KINDS.iter().map(schedule).collect()
}

fn bind(path: &Path) -> Result<Socket, Failure> {
    Socket::bind(path).map_err(|error| {
        let why = format!("cannot make the control socket {}: {error}; mend [control] socket", path.display());
        Failure::say(Exit::Config, why)
    })
}

fn notify(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(%error, "cannot tell systemd");
    }
}

/// systemd's watchdog, if it has one on us: it restarts whoever lets it wait for longer than `WatchdogSec`.
struct Watchdog(Option<TimeDelta>);

impl Watchdog {
    fn new() -> Self {
        Self(sd_notify::watchdog_enabled().and_then(|limit| TimeDelta::from_std(limit / 2).ok()))
    }
}

impl Pulse for Watchdog {
    /// Half its time, as `sd_watchdog_enabled(3)` advises.
    fn every(&self) -> Option<TimeDelta> {
        self.0
    }

    fn beat(&self) {
        if self.0.is_some() {
            notify(&[NotifyState::Watchdog]);
        }
    }
}
