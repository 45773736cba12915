//! `simian pause` and `simian resume`: the kill switch, through the daemon if one runs.

use std::path::Path;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use simian_core::{AccountId, Clock, Grouping, History, Ledger, LedgerError, Pause, Region, View, span};

use super::Format;
use super::connect::{self, Access};
use crate::brake::Brake;
use crate::clock::SystemClock;
use crate::config::{Config, LedgerConfig};
use crate::control::{self, Answer, Extent, Request, Which};
use crate::exit::{Exit, Failure};
use crate::{registry, render};

#[derive(Debug, clap::Args)]
pub(super) struct PauseArgs {
    /// Why: it is shown with everything that is held
    #[arg(long, default_value = "no reason was given")]
    why: String,
    /// Until when (RFC 3339), or for how long (2h, 1d). Without it, until `simian resume`
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// For how long (2h, 1d)
    #[arg(long = "for", value_name = "LENGTH", conflicts_with = "until")]
    length: Option<String>,
    #[command(flatten)]
    of: ExtentArgs,
    /// Show what is paused now, and pause nothing
    #[arg(long, conflicts_with_all = ["why", "until", "length", "account", "region", "monkey", "unit"])]
    list: bool,
    /// How to print the list
    #[arg(long, value_enum, default_value_t = Format::Table, requires = "list")]
    format: Format,
}

#[derive(Debug, clap::Args)]
pub(super) struct ResumeArgs {
    /// Which pause, by the name that `simian pause --list` shows; without it, and without an account, a region, a monkey or
    /// a unit, all
    #[arg(value_name = "ID", conflicts_with_all = ["account", "region", "monkey", "unit", "all"])]
    id: Option<String>,
    /// All pauses, as when nothing is said
    #[arg(long, conflicts_with_all = ["account", "region", "monkey", "unit"])]
    all: bool,
    #[command(flatten)]
    of: ExtentArgs,
    /// Why
    #[arg(long, default_value = "no reason was given")]
    why: String,
    /// Your word that nothing acted here before this ledger was born: lifts the caution of a new ledger too
    #[arg(long, conflicts_with_all = ["id", "account", "region", "monkey", "unit"])]
    first_run: bool,
    /// Your word that these units have recovered, such as cluster:shop-prod, or with their account and region before it;
    /// lifts no pause
    #[arg(
        long,
        value_name = "UNIT",
        num_args = 1..,
        conflicts_with_all = ["id", "all", "account", "region", "monkey", "unit", "first_run"]
    )]
    recovered: Vec<String>,
    /// Your word that the fleet really grew or shrank so much: the next survey is believed, whatever it shows; lifts no
    /// pause
    #[arg(long, conflicts_with_all = ["id", "all", "monkey", "unit", "first_run", "recovered"])]
    fleet_changed: bool,
}

#[derive(Debug, clap::Args)]
struct ExtentArgs {
    /// Only this account: its name in the config, or its id
    #[arg(long)]
    account: Option<String>,
    /// Only this region
    #[arg(long)]
    region: Option<Region>,
    /// Only this monkey
    #[arg(long, value_parser = clap::builder::PossibleValuesParser::new(registry::KINDS.iter().map(|kind| kind.name)))]
    monkey: Option<String>,
    /// Only this unit: cluster:shop-prod, wherever there is one of that name, or with its account and region before it
    #[arg(long)]
    unit: Option<String>,
}

pub(super) fn pause(path: &Path, args: PauseArgs) -> Result<Exit, Failure> {
    super::log("warn");
    let now = SystemClock.now();
    let until = match (&args.until, &args.length) {
        (Some(text), _) => Some(moment(text, now)?),
        (None, Some(text)) => {
            Some(now + span::parse(text).map_err(|why| Failure::say(Exit::Usage, format!("--for {text}: {why}")))?)
        }
        (None, None) => None,
    };
    let config = connect::load(path)?;
    if args.list {
        return list(&config, args.format);
    }
    let of = extent(&config, args.of)?;
    // A pause of what nobody looks at would pause nothing, and its author would believe that it does.
    if !looked_at(&config, &of) {
        let why = "the config has no such account and region, so this would pause nothing: see [[account]]";
        return Err(Failure::say(Exit::Usage, why));
    }
    send(&config, Request::Pause { why: args.why, until, of }, Access::Write)
}

pub(super) fn resume(path: &Path, args: ResumeArgs) -> Result<Exit, Failure> {
    super::log("warn");
    let config = connect::load(path)?;
    if !args.recovered.is_empty() {
        return send(&config, Request::Recovered { why: args.why, units: args.recovered }, Access::Write);
    }
    let of = extent(&config, args.of)?;
    if args.fleet_changed {
        if !looked_at(&config, &of) {
            let why = "the config has no such account and region, so nobody surveys it: see [[account]]";
            return Err(Failure::say(Exit::Usage, why));
        }
        let Extent { account, region, .. } = of;
        return send(&config, Request::FleetChanged { why: args.why, account, region }, Access::Write);
    }
    let which = match args.id {
        Some(id) => Which::One(id),
        None if of == Extent::default() => Which::All,
        None => Which::Of(of),
    };
    send(&config, Request::Resume { why: args.why, first_run: args.first_run, which }, Access::Create)
}

/// Whether the config has anything there.
fn looked_at(config: &Config, of: &Extent) -> bool {
    config.accounts.iter().any(|account| {
        of.account.as_ref().is_none_or(|id| account.id == *id)
            && of.region.as_ref().is_none_or(|region| account.regions.contains(region))
    })
}

/// What the words name: an account goes by its name too.
fn extent(config: &Config, args: ExtentArgs) -> Result<Extent, Failure> {
    let account = args.account.map(|text| {
        let by_name = config.accounts.iter().find(|account| account.name == text).map(|account| account.id.clone());
        by_name.or_else(|| text.parse::<AccountId>().ok()).ok_or_else(|| {
            let names: Vec<&str> = config.accounts.iter().map(|account| account.name.as_str()).collect();
            let why = format!("--account {text}: the config has no such account; there are: {}", names.join(", "));
            Failure::say(Exit::Usage, why)
        })
    });
    let unit = args.unit.map(|text| unit(config, text));
    Ok(Extent { account: account.transpose()?, region: args.region, monkey: args.monkey, unit: unit.transpose()? })
}

/// A unit as it is called here. A pause of what is called otherwise would pause nothing.
fn unit(config: &Config, text: String) -> Result<String, Failure> {
    // Two monkeys may take groups together in different ways.
    let groupings = [config.chaos.grouping(), config.latency.grouping()];
    let named = |grouping: Grouping, name: &str| {
        name.strip_prefix(grouping.kind.as_str()).is_some_and(|rest| rest.len() > 1 && rest.starts_with(':'))
    };
    let places = |grouping: Grouping| {
        config.accounts.iter().flat_map(move |account| {
            let regions = account.regions.iter().map(Region::as_str).filter(move |_| !grouping.across_regions);
            let all = grouping.across_regions.then_some("*");
            regions.chain(all).map(move |region| format!("{}/{region}/", account.id))
        })
    };
    let is_unit = |grouping: Grouping| {
        let in_full = |place: String| text.strip_prefix(&place).is_some_and(|name| named(grouping, name));
        named(grouping, &text) || places(grouping).any(in_full)
    };
    if groupings.into_iter().any(is_unit) {
        return Ok(text);
    }
    let [usual, _] = groupings;
    let place = places(usual)
        .next()
        .map_or_else(String::new, |place| format!(", or in full, such as {place}{}:NAME", usual.kind.as_str()));
    let why = format!("--unit {text}: by the config units are called {}:NAME{place}", usual.kind.as_str());
    Err(Failure::say(Exit::Usage, why))
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

fn send(config: &Config, request: Request, access: Access) -> Result<Exit, Failure> {
    super::runtime()?.block_on(async {
        if let Some(socket) = &config.control {
            let asked = control::ask(socket, &request).await.map_err(|error| {
                let why = format!("the daemon's socket {} does not answer: {error}", socket.display());
                Failure::say(Exit::Ledger, why)
            })?;
            match asked {
                Some(Answer::Done(said)) => {
                    super::print(&render::plain_lines(&said))?;
                    return Ok(Exit::Done);
                }
                Some(Answer::Refused(why)) => return Err(Failure::say(Exit::Ledger, why)),
                Some(Answer::Mistaken(why)) => return Err(Failure::say(Exit::Usage, why)),
                // No daemon: the ledger is ours to open.
                None => {}
            }
        }
        let engine = connect::engine(config, connect::ledger(config, access, SystemClock.now())?);
        if matches!(config.ledger, LedgerConfig::Memory) {
            return Err(Failure::say(
                Exit::Ledger,
                "the ledger is in memory and no daemon answers: there is nothing to pause",
            ));
        }
        let said = control::serve(&engine, &control::ourselves(), request).await?;
        super::print(&render::plain_lines(&said))?;
        Ok(Exit::Done)
    })
}

/// What is paused now, by command and by file; and why that cannot be said of the file, if it cannot.
async fn paused(
    ledger: &dyn Ledger,
    brake: &Brake,
    now: DateTime<Utc>,
) -> Result<(Vec<Pause>, Option<String>), LedgerError> {
    let mut pauses = History::pauses(ledger, now).await?;
    let mut unknown = None;
    match brake.look(now) {
        View::Known(by_file) => pauses.extend(by_file),
        View::Unknown(why) => unknown = Some(why),
        View::Unasked => {}
    }
    Ok((pauses, unknown))
}

/// Prints above a table that people read what is paused: whoever looks at a plan should know that nothing comes of it.
pub(super) async fn banner(
    ledger: &dyn Ledger,
    brake: &Brake,
    now: DateTime<Utc>,
    zone: Tz,
    format: Format,
) -> Result<(), Failure> {
    if format == Format::Json {
        return Ok(());
    }
    let (pauses, unknown) = paused(ledger, brake, now).await?;
    for pause in pauses {
        let until = pause.until.map(|until| format!(" until {}", render::time(until, zone))).unwrap_or_default();
        let since = render::time(pause.at, zone);
        let Pause { actor, why, .. } = &pause;
        let told = format!("PAUSED by {actor} since {since}{until}{}: {why}", pause.extent());
        super::print(&render::plain(&told))?;
    }
    unknown.map_or(Ok(()), |why| super::print(&format!("PAUSED, perhaps: {why}")))
}

fn list(config: &Config, format: Format) -> Result<Exit, Failure> {
    let now = SystemClock.now();
    let zone = config.calendar.zone;
    let ledger = connect::ledger(config, Access::Read, now)?;
    let brake = Brake::new(config.pause_file.clone());
    let (pauses, unknown) = super::runtime()?.block_on(paused(ledger.as_ref(), &brake, now))?;
    match format {
        Format::Json => super::print(&serde_json::json!({ "pauses": pauses, "unknown": unknown }).to_string())?,
        Format::Table => {
            if pauses.is_empty() && unknown.is_none() {
                super::print("nothing is paused")?;
            } else if !pauses.is_empty() {
                let everything = |text: String| if text.is_empty() { "everything".to_owned() } else { text };
                let rows = pauses.iter().map(|pause| {
                    vec![
                        pause.id.clone(),
                        pause.actor.clone(),
                        render::time(pause.at, zone),
                        pause.until.map_or_else(|| "resumed".to_owned(), |until| render::time(until, zone)),
                        everything(pause.extent().trim_start_matches(" in ").to_owned()),
                        pause.why.clone(),
                    ]
                });
                super::print(&render::table(&["id", "by", "since", "until", "what", "why"], rows))?;
            }
            if let Some(why) = unknown {
                super::print(&format!("unknown: {why}"))?;
            }
        }
    }
    Ok(Exit::Done)
}
