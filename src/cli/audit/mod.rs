//! `simian audit`: the ledger, read-only.

mod against;
mod export;
mod tail;
mod verify;

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use simian_core::{Clock, Event, EventQuery, Kind, Ledger, LedgerError, span};

pub use against::{AgainstError, Compared, compare};

use super::Format;
use super::connect::{self, Access};
use crate::brake::Brake;
use crate::clock::SystemClock;
use crate::config::LedgerConfig;
use crate::exit::{Exit, Failure};
use crate::render;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Verb {
    /// Show events, oldest first
    List(ListArgs),
    /// Show the last events, and then what comes
    Tail(TailArgs),
    /// Check that no event was edited, removed or added
    Verify(VerifyArgs),
    /// Write events out, one JSON object a line, oldest first
    Export(ExportArgs),
}

/// Which events: the words that several verbs share.
#[derive(Debug, clap::Args)]
struct Filter {
    /// Only this kind, such as action.done; may be given again
    #[arg(long, value_name = "KIND", value_parser = kinds())]
    kind: Vec<Kind>,
    /// Only this unit, such as cluster:shop-prod
    #[arg(long)]
    unit: Option<String>,
    /// Only since this time (RFC 3339), or so long ago (2d, 8h)
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(super) struct ListArgs {
    #[command(flatten)]
    filter: Filter,
    /// At most so many, the newest ones
    #[arg(long, default_value_t = 100, value_name = "N")]
    limit: usize,
    /// How to print them; JSON is one event a line
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Debug, clap::Args)]
pub(super) struct TailArgs {
    /// How many of the last events to begin with
    #[arg(short = 'n', long, default_value_t = 10, value_name = "N")]
    lines: usize,
    /// Go on with what comes, until Ctrl-C
    #[arg(long, short)]
    follow: bool,
    /// How to print them; JSON is one event a line
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Debug, clap::Args)]
pub(super) struct VerifyArgs {
    /// Also compare with this file, one JSON event a line: an export, or what a subscriber of the topic collected
    #[arg(long, value_name = "FILE")]
    against: Option<PathBuf>,
    /// How to print it
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Debug, clap::Args)]
pub(super) struct ExportArgs {
    #[command(flatten)]
    filter: Filter,
    /// Only before this time (RFC 3339), or until so long ago (2d, 8h)
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Write to this file, whole or not at all; without it, to standard output
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Events read at a time: a ledger of years must not be in memory at once.
const PAGE: usize = 1000;

/// Reads a kind; help and completion list them all.
fn kinds() -> impl TypedValueParser<Value = Kind> {
    PossibleValuesParser::new(Kind::ALL.iter().map(|kind| kind.as_str())).try_map(|name| name.parse::<Kind>())
}

pub(super) fn run(path: &Path, verb: &Verb) -> Result<Exit, Failure> {
    super::log("warn");
    let config = connect::load(path)?;
    let now = SystemClock.now();
    if let LedgerConfig::Sqlite { path } = &config.ledger
        && !path.exists()
    {
        return Err(LedgerError::Missing { path: path.display().to_string() }.into());
    }
    let ledger = connect::ledger(&config, Access::Read, now)?;
    let ledger = ledger.as_ref();
    let zone = config.calendar.zone;
    super::runtime()?.block_on(async {
        match verb {
            Verb::List(args) => {
                let brake = Brake::new(config.pause_file.clone());
                super::pause::banner(ledger, &brake, now, zone, args.format).await?;
                list(ledger, args, now, zone).await
            }
            Verb::Tail(args) => {
                let out = &mut std::io::stdout().lock();
                let stop = async { drop(tokio::signal::ctrl_c().await) };
                tail::run(ledger, &SystemClock, args, zone, out, stop).await
            }
            Verb::Verify(args) => verify::run(ledger, args).await,
            Verb::Export(args) => export::run(ledger, args, now).await,
        }
    })
}

async fn list(ledger: &dyn Ledger, args: &ListArgs, now: DateTime<Utc>, zone: Tz) -> Result<Exit, Failure> {
    let query = EventQuery { limit: Some(args.limit), newest_first: true, ..args.filter.query(now)? };
    let mut events = ledger.events(&query).await?;
    events.reverse();
    match args.format {
        Format::Json => events.iter().try_for_each(|event| super::print(&event.canonical()))?,
        Format::Table if events.is_empty() => super::print("no such event")?,
        Format::Table => {
            let rows = events.iter().map(|event| cells(event, zone).to_vec());
            super::print(&render::table(&["seq", "at", "kind", "mode", "where", "target", "why"], rows))?;
        }
    }
    Ok(Exit::Done)
}

/// An event as a row.
fn cells(event: &Event, zone: Tz) -> [String; 7] {
    let body = &event.body;
    [
        event.seq.to_string(),
        render::time(body.at, zone),
        body.kind.to_string(),
        body.mode.to_string(),
        body.unit.clone().or(body.region.as_ref().map(ToString::to_string)).unwrap_or_default(),
        body.target.clone().unwrap_or_default(),
        body.why.clone(),
    ]
}

impl Filter {
    fn query(&self, now: DateTime<Utc>) -> Result<EventQuery, Failure> {
        let since = self.since.as_deref().map(|text| moment("--since", text, now)).transpose()?;
        Ok(EventQuery { kinds: self.kind.clone(), unit: self.unit.clone(), since, ..EventQuery::default() })
    }
}

/// Reads a time, or how long ago.
fn moment(option: &str, text: &str, now: DateTime<Utc>) -> Result<DateTime<Utc>, Failure> {
    if let Ok(ago) = span::parse(text) {
        return Ok(now - ago);
    }
    text.parse().map_err(|_| {
        Failure::say(
            Exit::Usage,
            format!("{option} {text}: write a time such as 2026-11-23T09:00:00Z, or how long ago, such as 2d"),
        )
    })
}

/// The page after an event's number.
fn page(query: &EventQuery, after: u64) -> EventQuery {
    EventQuery { after: Some(after), limit: Some(PAGE), newest_first: false, ..query.clone() }
}
