//! `simian run`: the daemon, under systemd or in a terminal.

use std::path::Path;

use chrono::TimeDelta;
use sd_notify::NotifyState;
use simian_core::Sink;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::connect::{self, Access};
use crate::config::Config;
use crate::control::Socket;
use crate::daemon::{self, Schedule};
use crate::engine::Engine;
use crate::exit::{Exit, Failure};
use crate::sinks::{self, Format, Stdout};

pub(super) fn run(path: &Path) -> Result<Exit, Failure> {
    super::log("info");
    let config = connect::load(path)?;
    super::runtime()?.block_on(serve(&config))
}

async fn serve(config: &Config) -> Result<Exit, Failure> {
    if config.accounts.is_empty() {
        return Err(Failure::say(Exit::Config, "the config names no [[account]]: there is nothing to look at"));
    }
    let engine = connect::connect(config, Access::Create).await?;
    let mut sinks = connect::sinks(config, &engine.clock).await?;
    if config.sinks.stdout {
        sinks.push(Box::new(Stdout(Format::Json)) as Box<dyn Sink>);
    }
    sinks::begin(&engine, &sinks).await?;
    connect::pause_newborn(&engine, config.mode).await?;
    let socket = config.control.as_deref().map(bind).transpose()?;

    let stop = CancellationToken::new();
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let told_to_stop = async {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping");
        notify(&[NotifyState::Stopping]);
        stop.cancel();
        std::future::pending::<()>().await;
    };
    let listen = async {
        match &socket {
            Some(socket) => socket.listen(&engine).await,
            None => std::future::pending().await,
        }
    };
    tracing::info!(accounts = engine.accounts.len(), mode = %config.mode, "up");
    notify(&[NotifyState::Ready, NotifyState::Status(&format!("watching {} accounts", engine.accounts.len()))]);

    let schedules = schedules(config);
    let ended = tokio::select! {
        biased;
        ended = daemon::run(&engine, &schedules, &sinks, &config.digest, &stop) => ended,
        () = told_to_stop => unreachable!("it waits for the daemon to end"),
        () = listen => unreachable!("it listens for ever"),
        () = watchdog(&engine) => unreachable!("it pings for ever"),
    };
    ended?;
    Ok(Exit::Done)
}

/// When each enabled monkey looks.
pub(super) fn schedules(config: &Config) -> Vec<Schedule> {
    let cron = config.chaos.cron.clone();
    vec![Schedule { monkey: simian_chaos::NAME.to_owned(), cron, zone: config.calendar.zone }]
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

/// Pings systemd's watchdog twice in its time. The ping is part of the daemon's one future: while anything in it is
/// stuck, no ping goes out.
async fn watchdog(engine: &Engine) {
    let Some(limit) = sd_notify::watchdog_enabled().and_then(|limit| TimeDelta::from_std(limit / 2).ok()) else {
        return std::future::pending().await;
    };
    loop {
        notify(&[NotifyState::Watchdog]);
        engine.clock.sleep_until(engine.clock.now() + limit).await;
    }
}
