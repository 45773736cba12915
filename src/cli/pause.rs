//! `simian pause` and `simian resume`: the kill switch, through the daemon if one runs.

use std::path::Path;

use chrono::{DateTime, Utc};
use simian_core::{Clock, span};

use super::connect::{self, Access};
use crate::clock::SystemClock;
use crate::control::{self, Answer, Request};
use crate::exit::{Exit, Failure};

#[derive(Debug, clap::Args)]
pub(super) struct PauseArgs {
    /// Why: it is shown with everything that is held
    #[arg(long, default_value = "no reason was given")]
    why: String,
    /// Until when (RFC 3339), or for how long (2h, 1d). Without it, until `simian resume`
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(super) struct ResumeArgs {
    /// Why
    #[arg(long, default_value = "no reason was given")]
    why: String,
    /// Your word that nothing acted here before this ledger was born: lifts the caution of a new ledger too
    #[arg(long)]
    first_run: bool,
}

pub(super) fn pause(path: &Path, args: PauseArgs) -> Result<Exit, Failure> {
    let now = SystemClock.now();
    let until = args.until.as_deref().map(|text| moment(text, now)).transpose()?;
    send(path, Request::Pause { why: args.why, until }, Access::Write)
}

pub(super) fn resume(path: &Path, args: ResumeArgs) -> Result<Exit, Failure> {
    send(path, Request::Resume { why: args.why, first_run: args.first_run }, Access::Create)
}

fn moment(text: &str, now: DateTime<Utc>) -> Result<DateTime<Utc>, Failure> {
    let read = span::parse(text).map(|length| now + length).ok().or_else(|| text.parse().ok());
    match read {
        Some(until) if until > now => Ok(until),
        Some(_) => Err(Failure::say(Exit::Usage, format!("--until {text} is in the past"))),
        None => Err(Failure::say(
            Exit::Usage,
            format!("--until {text}: write a time such as 2026-11-23T18:00:00Z, or a length such as 2h"),
        )),
    }
}

fn send(path: &Path, request: Request, access: Access) -> Result<Exit, Failure> {
    super::log("warn");
    let config = connect::load(path)?;
    super::runtime()?.block_on(async {
        if let Some(socket) = &config.control {
            let asked = control::ask(socket, &request).await.map_err(|error| {
                let why = format!("the daemon's socket {} does not answer: {error}", socket.display());
                Failure::say(Exit::Ledger, why)
            })?;
            match asked {
                Some(Answer::Done(said)) => {
                    super::print(&said)?;
                    return Ok(Exit::Done);
                }
                Some(Answer::Refused(why)) => return Err(Failure::say(Exit::Ledger, why)),
                // No daemon: the ledger is ours to open.
                None => {}
            }
        }
        let engine = connect::engine(&config, connect::ledger(&config, access, SystemClock.now())?);
        if matches!(config.ledger, crate::config::LedgerConfig::Memory) {
            return Err(Failure::say(
                Exit::Ledger,
                "the ledger is in memory and no daemon answers: there is nothing to pause",
            ));
        }
        super::print(&control::serve(&engine, &control::ourselves(), request).await?)?;
        Ok(Exit::Done)
    })
}
