//! `simian sandbox`: the whole daemon on a simulated account. The real rounds, rails, hand, watch and sinks; only the
//! cloud and the clock are made up.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::sync::Arc;

use chrono::{DateTime, TimeZone, Utc};
use chrono_tz::Tz;
use simian_core::{Clock, Dice, Draft, EventQuery, Kind, Ledger, LedgerError, Sink, span};
use simian_ledger::MemoryLedger;
use simian_sim::{ScaledClock, VirtualClock};
use uuid::Uuid;

use crate::config::Config;
use crate::control::{self, Request, Unserved};
use crate::daemon::{self, Begin, End};
use crate::engine::{Account, Engine, WatchPolicy};
use crate::exit::{Exit, Failure};
use crate::sinks::{Format, Stdout};
use crate::{registry, render};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The same seed plays the same week, byte for byte
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many seconds pass in each real second: 60 plays an hour a minute
    #[arg(long, default_value_t = 60.0, value_parser = speed, value_name = "X")]
    speed: f64,
    /// Play one working week as fast as possible, then exit
    #[arg(long)]
    until_done: bool,
    /// How to print it: a table is lines for eyes and a summary, JSON is one event a line. A terminal gets the former,
    /// a pipe the latter, if this is not said
    #[arg(long, value_enum)]
    format: Option<super::Format>,
}

fn speed(text: &str) -> Result<f64, String> {
    let read = text.parse().ok().filter(|x: &f64| (0.1..=100_000.0).contains(x));
    read.ok_or_else(|| "write a number from 0.1 to 100000".to_owned())
}

/// The sandbox's own config: what a small team might write.
pub(super) const CONFIG: &str = include_str!("../../config/sandbox.toml");

/// The week that is played: an ordinary one, Monday to Friday.
const MONDAY: (i32, u32, u32) = (2026, 11, 30);

/// A person arrives shortly before the hours begin.
const ARRIVAL: (u32, u32) = (8, 58);

pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    super::log("error");
    let config = Config::parse_sandbox("config/sandbox.toml", CONFIG)?;
    let zone = config.calendar.zone;
    let terminal = std::io::stdout().is_terminal();
    let wanted = args.format.unwrap_or(if terminal { super::Format::Table } else { super::Format::Json });
    let (format, for_eyes) = match wanted {
        super::Format::Table => (Format::Human { zone, colour: super::colour() }, true),
        super::Format::Json => (Format::Json, false),
    };
    let (year, month, day) = MONDAY;
    let at = |days: i64, hour, minute| {
        let local = zone.with_ymd_and_hms(year, month, day, hour, minute, 0).earliest();
        local.map_or(DateTime::UNIX_EPOCH, |local| local.with_timezone(&Utc)) + chrono::TimeDelta::days(days)
    };
    let end = at(5, 0, 0);
    let sinks: [Box<dyn Sink>; 1] = [Box::new(Stdout(format))];

    let ledger = if args.until_done {
        let clock = VirtualClock::new(at(0, 0, 0));
        let engine = engine(&config, args.seed, Arc::new(clock.clone()));
        clock.drive(play(&engine, &config, &sinks, end, std::future::pending()))?;
        engine.ledger
    } else {
        super::runtime()?.block_on(async {
            let clock = Arc::new(ScaledClock::new(at(0, ARRIVAL.0, ARRIVAL.1), args.speed));
            let engine = engine(&config, args.seed, clock);
            if for_eyes {
                super::print(&welcome(&engine, args))?;
            }
            let interrupted = async { drop(tokio::signal::ctrl_c().await) };
            play(&engine, &config, &sinks, end, interrupted).await?;
            Ok::<_, Failure>(engine.ledger)
        })?
    };
    if for_eyes {
        // Everything in the memory ledger answers at once.
        let summary = futures_util::FutureExt::now_or_never(summary(ledger.as_ref(), zone));
        super::print(&summary.unwrap_or_else(|| Ok(String::new()))?)?;
    }
    Ok(Exit::Done)
}

pub(super) fn engine(config: &Config, seed: u64, clock: Arc<dyn Clock>) -> Engine {
    let simulated = Arc::new(simian_sim::sandbox(seed, Arc::clone(&clock)));
    let accounts = config
        .accounts
        .iter()
        .map(|account| {
            Account::new(
                account.name.clone(),
                account.regions.clone(),
                config.policy(account),
                simulated.clone(),
                simulated.clone(),
                simulated.clone(),
            )
        })
        .collect();
    let ledger = Arc::new(MemoryLedger::exclusive(Uuid::from_u128(u128::from(seed)), clock.now()));
    Engine {
        monkeys: registry::enabled(config),
        accounts,
        watch: WatchPolicy { every: config.watch.every, deadline: config.watch.deadline },
        ..Engine::new(clock, ledger, Dice::new(&format!("{}:{seed}", config.seed.open())), "sandbox")
    }
}

/// The daemon from now to the end of the week, or until somebody has seen enough.
pub(super) async fn play(
    engine: &Engine,
    config: &Config,
    sinks: &[Box<dyn Sink>],
    end: DateTime<Utc>,
    enough: impl Future<Output = ()>,
) -> Result<(), Unserved> {
    let why = "the sandbox resumes itself: nothing acted here before".to_owned();
    control::serve(engine, "sandbox", Request::Resume { why, first_run: true, which: control::Which::All }).await?;
    let over = End::default();
    let schedules = super::run::schedules(config);
    let curtain = async {
        tokio::select! {
            biased;
            () = engine.clock.sleep_until(end) => {}
            () = enough => {}
        }
        over.stop.cancel();
    };
    let daemon = daemon::run(engine, &schedules, sinks, &config.digest, Begin::Started, &over);
    let (ended, ()) = futures_util::future::join(daemon, curtain).await;
    Ok(ended?)
}

fn welcome(engine: &Engine, args: &Args) -> String {
    let regions: Vec<&str> = engine.accounts.iter().flat_map(|a| &a.regions).map(simian_core::Region::as_str).collect();
    format!(
        "A simulated account in {}. It is Monday morning; {} seconds pass in one. Ctrl-C ends it with a summary.\n",
        regions.join(" and "),
        args.speed
    )
}

/// What happened, unit by unit.
async fn summary(ledger: &dyn Ledger, zone: Tz) -> Result<String, LedgerError> {
    let mut rows: BTreeMap<(String, String), Row> = BTreeMap::new();
    let events = ledger.events(&EventQuery::default()).await?;
    for event in &events {
        let body = &event.body;
        let (Some(unit), Some(region)) = (&body.unit, &body.region) else { continue };
        rows.entry((unit.clone(), region.to_string())).or_default().count(body);
    }
    let mut all = Row::default();
    for row in rows.values() {
        all.add(row);
    }
    let lines = rows.iter().map(|((unit, region), row)| row.cells(unit, region));
    let lines: Vec<_> = lines.chain(std::iter::once(all.cells("all", ""))).collect();
    let header =
        ["unit", "region", "owner", "planned", "done", "missed", "late", "typically back after", "last held by"];
    let until = events.last().map_or_else(String::new, |event| render::time(event.body.at, zone));
    Ok(format!("\nUntil {until}:\n\n{}", render::table(&header, lines)))
}

/// What happened to one unit, or to all.
#[derive(Default)]
struct Row {
    owner: String,
    planned: u32,
    done: u32,
    missed: u32,
    unrecovered: u32,
    recoveries: Vec<u64>,
    last_hold: String,
}

impl Row {
    fn count(&mut self, body: &Draft) {
        self.owner = body.owner.clone().unwrap_or_default();
        match body.kind {
            Kind::ActionPlanned => self.planned += 1,
            Kind::ActionDone => self.done += 1,
            Kind::ActionMissed => self.missed += 1,
            Kind::ActionUnrecovered => self.unrecovered += 1,
            Kind::ActionRecovered => self.recoveries.extend(body.counts.get("recovery_seconds")),
            Kind::ActionHeld => self.last_hold = body.outcome.clone().unwrap_or_default(),
            _ => {}
        }
    }

    fn add(&mut self, other: &Row) {
        self.planned += other.planned;
        self.done += other.done;
        self.missed += other.missed;
        self.unrecovered += other.unrecovered;
        self.recoveries.extend(&other.recoveries);
    }

    fn cells(&self, unit: &str, region: &str) -> Vec<String> {
        let mut sorted = self.recoveries.clone();
        sorted.sort_unstable();
        let median = sorted.get(sorted.len() / 2).and_then(|s| i64::try_from(*s).ok());
        let median = median.map_or_else(String::new, |s| span::format(chrono::TimeDelta::seconds(s)));
        let n = |count: u32| if count == 0 { String::new() } else { count.to_string() };
        vec![
            unit.to_owned(),
            region.to_owned(),
            self.owner.clone(),
            n(self.planned),
            n(self.done),
            n(self.missed),
            n(self.unrecovered),
            median,
            self.last_hold.clone(),
        ]
    }
}
