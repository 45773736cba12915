//! `simian faults` and `simian undo`: what is wrong out there because of us, and the end of it.

use std::path::Path;

use simian_core::{Clock as _, RunId};

use super::connect::{self, Access};
use super::{Format, print};
use crate::clock::SystemClock;
use crate::config::{Config, LedgerConfig};
use crate::control::{self, Answer, Request};
use crate::exit::{Exit, Failure};
use crate::faults::list::{self, Row};
use crate::faults::undo;
use crate::{render, watch};

#[derive(Debug, clap::Args)]
pub(super) struct ListArgs {
    /// How to print them
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Debug, clap::Args)]
pub(super) struct UndoArgs {
    /// Which, by the id that `simian faults` shows
    #[arg(value_name = "ID", required_unless_present = "all", conflicts_with = "all", value_parser = str::parse::<RunId>)]
    id: Option<RunId>,
    /// All of them
    #[arg(long)]
    all: bool,
    /// Why: it is told with the end
    #[arg(long, default_value = "no reason was given")]
    why: String,
    /// How to print what came of it
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

pub(super) fn list(path: &Path, args: &ListArgs) -> Result<Exit, Failure> {
    super::log("warn");
    let config = connect::load(path)?;
    super::runtime()?.block_on(async {
        let engine = connect::connect(&config, Access::Read).await?;
        let found = list::faults(&engine).await?;
        match args.format {
            Format::Json => print(&serde_json::json!({ "faults": found.rows, "failed": found.failed }).to_string())?,
            Format::Table if found.rows.is_empty() && found.failed.is_empty() => print("no fault is there")?,
            Format::Table if found.rows.is_empty() => {}
            Format::Table => {
                let head = ["id", "what", "on", "where", "until", "state"];
                print(&render::table(&head, found.rows.iter().map(|row| cells(&config, row))))?;
            }
        }
        Ok(failed(found.failed))
    })
}

fn cells(config: &Config, row: &Row) -> Vec<String> {
    let what = match (row.action, &row.terms) {
        (Some(action), Some(terms)) => format!("{action} {terms}"),
        (Some(action), None) => action.to_string(),
        (None, _) => "unknown".into(),
    };
    let on = match &row.unit {
        Some(unit) => format!("{} of {unit}", row.instance),
        None => row.instance.to_string(),
    };
    let state = match (&row.ending, row.followed) {
        (Some(why), _) => format!("{}; it is being ended: {why}", row.state),
        (None, true) => row.state.clone(),
        (None, false) => format!("{}; no ledger here knows of it: `simian undo {}` ends it", row.state, row.id),
    };
    vec![
        row.id.clone(),
        what,
        on,
        format!("{}/{}", row.account, row.region),
        row.until.map_or_else(String::new, |until| render::time(until, config.calendar.zone)),
        render::plain(&state).into_owned(),
    ]
}

/// What could not be looked at is an end of its own.
fn failed(failed: Vec<String>) -> Exit {
    super::told(failed.into_iter().map(|why| Failure::say(Exit::Cloud, why)).collect(), Exit::Done)
}

pub(super) fn undo(path: &Path, args: UndoArgs) -> Result<Exit, Failure> {
    super::log("warn");
    let config = connect::load(path)?;
    super::runtime()?.block_on(async {
        let run = args.id.as_ref().map(ToString::to_string);
        let request = Request::End { why: args.why, run };
        // Whoever follows them is told first, so that nobody renews what is undone. The tags do the rest, whatever comes of it.
        let daemon = tell_daemon(&config, &request).await;
        let engine =
            if daemon { connect::connect(&config, Access::Read).await? } else { own(&config, request).await? };
        let (ended, mut missing) = undo::by_tags(&engine, args.id.as_ref()).await;
        if !daemon {
            // What was held is seen to be gone, and closed.
            for (account, region) in engine.places() {
                if let Err(error) = watch::poll(&engine, account, region).await {
                    missing.push(error.to_string());
                }
            }
        }
        let stays = ended.iter().filter(|end| !end.gone).count();
        match args.format {
            Format::Json => print(&serde_json::json!({ "ended": ended, "failed": missing }).to_string())?,
            Format::Table if ended.is_empty() => {
                let which = args.id.as_ref().map_or_else(|| "a fault".to_owned(), |id| format!("the fault {id}"));
                print(&format!("no instance carries a tag of {which}"))?;
            }
            Format::Table => {
                let rows = ended.iter().map(|end| {
                    let state = if end.gone { "gone" } else { "STILL THERE" };
                    let place = format!("{}/{}", end.account, end.region);
                    vec![
                        end.id.clone(),
                        end.instance.to_string(),
                        place,
                        state.to_owned(),
                        render::plain(&end.why).into_owned(),
                    ]
                });
                print(&render::table(&["id", "on", "where", "state", "why"], rows))?;
            }
        }
        let exit = failed(missing);
        Ok(if stays > 0 { Exit::Cloud } else { exit })
    })
}

/// Whether a daemon runs, and was told.
async fn tell_daemon(config: &Config, request: &Request) -> bool {
    let Some(socket) = &config.control else { return false };
    match control::ask(socket, request).await {
        Ok(Some(Answer::Done(_))) => true,
        Ok(Some(Answer::Refused(why) | Answer::Mistaken(why))) => {
            eprintln!("simian: the daemon could not be told: {why}");
            true
        }
        Ok(None) => false,
        Err(error) => {
            eprintln!("simian: the daemon's socket {} does not answer: {error}", socket.display());
            false
        }
    }
}

/// An engine on the ledger of the config, which is told; on an empty one where that cannot be opened, because the tags are
/// enough.
async fn own(config: &Config, request: Request) -> Result<crate::engine::Engine, Failure> {
    if let LedgerConfig::Sqlite { .. } = config.ledger {
        match connect::connect(config, Access::Write).await {
            Ok(engine) => {
                control::serve(&engine, &control::ourselves(), request).await?;
                return Ok(engine);
            }
            Err(failure) if failure.exit == Exit::Ledger => {
                eprintln!("simian: {:#}; going by the tags alone", failure.error);
            }
            Err(failure) => return Err(failure),
        }
    }
    let ledger = simian_ledger::MemoryLedger::exclusive(connect::fresh_id(SystemClock.now()), SystemClock.now());
    connect::accounts_on(config, std::sync::Arc::new(ledger)).await
}
