//! `simian round`: one round now, in every account and region, then exit.

use std::path::Path;

use futures_util::future::join_all;
use simian_core::{EventQuery, LedgerError, Mode, Request, Sink};

use super::Format;
use super::connect::{self, Access, SINK_PATIENCE};
use crate::engine::Engine;
use crate::exit::{Exit, Failure};
use crate::order::Order;
use crate::round::{self, Closed};
use crate::{breaker, control, registry, render, sinks, watch};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Which monkey
    #[arg(value_parser = clap::builder::PossibleValuesParser::new(registry::KINDS.iter().map(|kind| kind.name)))]
    monkey: String,
    /// A game day: every unit's turn is now, whatever its coin says; the rails judge as always
    #[arg(long)]
    all_due: bool,
    /// Only rehearse, whatever the config says
    #[arg(long)]
    dry_run: bool,
    /// How to print what happened; JSON is one event a line
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

/// How many events are read at once: a game day tells of thousands.
const PAGE: usize = 200;

pub(super) fn run(path: &Path, args: &Args) -> Result<Exit, Failure> {
    super::log("warn");
    let config = connect::load(path)?;
    let runtime = super::runtime()?;
    runtime.block_on(async {
        let mut engine = connect::connect(&config, Access::Create).await?;
        engine.progress = super::progress::new();
        let mode = if args.dry_run { Mode::DryRun } else { Mode::Live };
        let sinks = connect::sinks(&config, &engine.clock).await?;
        sinks::begin(&engine, &sinks).await?;
        let before = engine.ledger.heads().await?;
        connect::pause_newborn(&engine, mode).await?;
        control::settle(&engine).await?;
        breaker::look(&engine).await?;

        let (exit, failures) = all_accounts(&engine, args, mode).await;
        if watch::is_held(&engine).await? {
            eprintln!("simian: following the faults that were begun until they end; Ctrl-C ends them at once");
            super::attempt::until_ended(&engine, async |_| Ok(())).await?;
        }
        let (ledger, now) = (engine.ledger.as_ref(), engine.clock.now());
        super::pause::banner(ledger, &engine.brake, now, config.calendar.zone, args.format).await?;
        let after = before.values().map(|head| head.seq).max();
        let mut news = EventQuery { after, limit: Some(PAGE), ..EventQuery::default() };
        loop {
            let events = engine.ledger.events(&news).await?;
            let Some(last) = events.last() else { break };
            news.after = Some(last.seq);
            for event in &events {
                match args.format {
                    Format::Json => super::print(&event.canonical())?,
                    Format::Table => {
                        if let Some(line) = render::line(&event.body, config.calendar.zone, false) {
                            super::print(&line)?;
                        }
                    }
                }
            }
        }
        for told in join_all(sinks.iter().map(|sink| tell(&engine, sink.as_ref()))).await {
            told?;
        }
        Ok(super::told(failures, exit))
    })
}

/// Tells a sink what it has not heard, for as long as a round may wait.
async fn tell(engine: &Engine, sink: &dyn Sink) -> Result<(), LedgerError> {
    let patience = engine.clock.sleep_until(engine.clock.now() + SINK_PATIENCE);
    tokio::select! {
        refused = sinks::drain(engine, sink) => if let Some(error) = refused? {
            eprintln!("simian: {error}; the events wait in the ledger");
        },
        () = patience => eprintln!("simian: {} is slow; the rest waits in the ledger", sink.name()),
    }
    Ok(())
}

/// Every account and region side by side; one that fails never stops another. Returns how it ended where nothing failed,
/// and what failed.
async fn all_accounts(engine: &Engine, args: &Args, mode: Mode) -> (Exit, Vec<Failure>) {
    let Some(monkey) = engine.monkey(&args.monkey) else {
        let why = format!("the config does not enable this monkey: set monkeys.{}.enabled", args.monkey);
        return (Exit::Config, vec![Failure::say(Exit::Config, why)]);
    };
    let now = engine.clock.now();
    let request = args.all_due.then(|| Request {
        id: connect::fresh_id(now).to_string(),
        monkey: args.monkey.clone(),
        actor: control::ourselves(),
        at: now,
        units: None,
        wish: None,
    });
    let order = Order { mode, request, thorough: false };
    // What an earlier process left open is followed first: a recovery frees its slot.
    for ended in join_all(engine.places().map(|(account, region)| watch::poll(engine, account, region))).await {
        if let Err(error) = ended {
            tracing::warn!(%error, "recoveries cannot be followed");
        }
    }
    let mut failures: Vec<Failure> = Vec::new();
    let mut closed: Vec<Closed> = Vec::new();
    for end in round::everywhere(engine, monkey, &order).await {
        match end {
            Ok(end) => closed.push(end),
            Err(error) => failures.push(error.into()),
        }
    }
    for (scope, why) in closed.iter().flat_map(|closed| &closed.failed) {
        failures.push(Failure::say(Exit::Cloud, format!("{scope} could not be surveyed: {why}")));
    }
    let exit = if !failures.is_empty() {
        // The gravest of them is the command's end; see `told`.
        Exit::Done
    } else if closed.iter().any(Closed::fell_short) {
        Exit::Cloud
    } else if closed.iter().any(Closed::all_held) && closed.iter().all(Closed::idle) {
        Exit::Held
    } else {
        Exit::Done
    };
    (exit, failures)
}
