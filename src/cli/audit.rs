//! `simian audit`: the ledger, read-only.

use std::path::Path;

use chrono::{DateTime, Utc};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use simian_core::event::Chain;
use simian_core::{Clock, EventQuery, Kind, Ledger, span};

use super::Format;
use super::connect::{self, Access};
use crate::clock::SystemClock;
use crate::config::LedgerConfig;
use crate::exit::{Exit, Failure};
use crate::render;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Verb {
    /// Show events, oldest first
    List(ListArgs),
    /// Check that no event was edited, removed or added
    Verify {
        /// How to print it
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct ListArgs {
    /// Only this kind, such as action.done; may be given again
    #[arg(long, value_name = "KIND", value_parser = kinds())]
    kind: Vec<Kind>,
    /// Only this unit, such as cluster:shop-prod
    #[arg(long)]
    unit: Option<String>,
    /// Only since this time (RFC 3339), or so long ago (2d, 8h)
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// At most so many, the newest ones
    #[arg(long, default_value_t = 100, value_name = "N")]
    limit: usize,
    /// How to print them; JSON is one event a line
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

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
        return Err(simian_core::LedgerError::Missing { path: path.display().to_string() }.into());
    }
    let ledger = connect::ledger(&config, Access::Read, now)?;
    super::runtime()?.block_on(async {
        match verb {
            Verb::List(args) => list(ledger.as_ref(), args, now, config.calendar.zone).await,
            Verb::Verify { format } => verify(ledger.as_ref(), *format).await,
        }
    })
}

async fn list(ledger: &dyn Ledger, args: &ListArgs, now: DateTime<Utc>, zone: chrono_tz::Tz) -> Result<Exit, Failure> {
    let since = args.since.as_deref().map(|text| since(text, now)).transpose()?;
    let query = EventQuery {
        kinds: args.kind.clone(),
        unit: args.unit.clone(),
        since,
        limit: Some(args.limit),
        newest_first: true,
        ..EventQuery::default()
    };
    let mut events = ledger.events(&query).await?;
    events.reverse();
    match args.format {
        Format::Json => events.iter().try_for_each(|event| super::print(&event.canonical()))?,
        Format::Table if events.is_empty() => super::print("no such event")?,
        Format::Table => {
            let rows = events.iter().map(|event| {
                let body = &event.body;
                vec![
                    event.seq.to_string(),
                    render::time(body.at, zone),
                    body.kind.to_string(),
                    body.mode.to_string(),
                    body.unit.clone().or(body.region.as_ref().map(ToString::to_string)).unwrap_or_default(),
                    body.target.clone().unwrap_or_default(),
                    body.why.clone(),
                ]
            });
            super::print(&render::table(&["seq", "at", "kind", "mode", "where", "target", "why"], rows))?;
        }
    }
    Ok(Exit::Done)
}

/// Reads a time, or how long ago.
fn since(text: &str, now: DateTime<Utc>) -> Result<DateTime<Utc>, Failure> {
    if let Ok(ago) = span::parse(text) {
        return Ok(now - ago);
    }
    text.parse().map_err(|_| {
        Failure::say(
            Exit::Usage,
            format!("--since {text}: write a time such as 2026-11-23T09:00:00Z, or how long ago, such as 2d"),
        )
    })
}

/// Events read at a time: a ledger of years must not be in memory at once.
const PAGE: usize = 1000;

async fn verify(ledger: &dyn Ledger, format: Format) -> Result<Exit, Failure> {
    let birth = ledger.birth().await?;
    let mut report = Vec::new();
    let mut broken = false;
    for (writer, head) in ledger.heads().await? {
        let mut chain = Chain::new(birth.id, &writer);
        let mut end = Ok(());
        loop {
            let (after, _) = chain.head();
            let page = EventQuery { after: Some(after), limit: Some(PAGE), ..EventQuery::default() };
            let events = ledger.events(&page).await?;
            if events.is_empty() {
                break;
            }
            end = events.iter().try_for_each(|event| chain.check(event));
            if end.is_err() {
                break;
            }
        }
        let end = end.and_then(|()| chain.end(&head));
        broken |= end.is_err();
        let (checked, hash) = chain.head();
        report.push((writer, checked, hash.to_owned(), end));
    }
    for (writer, checked, hash, end) in &report {
        match (format, end) {
            (Format::Json, end) => super::print(
                &serde_json::json!({
                    "writer": writer, "events": checked, "head": hash, "sound": end.is_ok(),
                    "problem": end.as_ref().err().map(ToString::to_string),
                })
                .to_string(),
            )?,
            (Format::Table, Ok(())) => {
                super::print(&format!("writer {writer}: {checked} events, unbroken; head {hash}"))?;
            }
            (Format::Table, Err(error)) => {
                super::print(&format!("writer {writer}: {error}; the {checked} events before are sound"))?;
            }
        }
    }
    if report.is_empty() {
        super::print("the ledger has no events yet")?;
    }
    Ok(if broken { Exit::Ledger } else { Exit::Done })
}
