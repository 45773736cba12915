//! `simian fault try`: a game day of one fault on one instance, under the rails, followed to its end.

use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use simian_core::{Action, Clock as _, EventQuery, InstanceId, Key, Kind, Ledger, Mode, Nature, Terms};
use simian_faults::Fault;

use super::Format;
use super::connect::{self, Access};
use crate::clock::SystemClock;
use crate::config::Config;
use crate::control::faults::Try;
use crate::control::{self, Answer, Request};
use crate::engine::Engine;
use crate::exit::{Exit, Failure};
use crate::order::Order;
use crate::{breaker, registry, render, round, watch};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// What: a fault inside the guest as `simian fault show` names it, or stop-start, isolate, detach-volumes,
    /// suspend-processes, deregister, standby, detach
    #[arg(value_name = "FAULT", value_parser = lasting)]
    fault: Action,
    /// Its parameters
    #[arg(value_name = "KEY=VALUE", value_parser = super::fault::parameter)]
    parameters: Vec<(String, String)>,
    /// On which instance, of a group that opted in
    #[arg(long, value_name = "INSTANCE")]
    target: String,
    /// For how long
    #[arg(long = "for", value_name = "SPAN", value_parser = simian_core::tags::parse_lasts)]
    lasts: TimeDelta,
    /// Under whose opt-in
    #[arg(long, default_value = simian_chaos::NAME, value_parser = clap::builder::PossibleValuesParser::new(registry::UNITS))]
    monkey: String,
    /// How to print what happens; JSON is one event a line
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

fn lasting(text: &str) -> Result<Action, String> {
    let action: Action = text.parse().map_err(|error: simian_core::action::UnknownAction| error.to_string())?;
    if action.lasts() { Ok(action) } else { Err(format!("{action} does not last: `simian round` does that")) }
}

/// How long a daemon may take from the question to the first event.
const PATIENCE: TimeDelta = TimeDelta::minutes(3);

pub(super) fn run(path: &Path, args: &Args) -> Result<Exit, Failure> {
    super::log("warn");
    let usage = |why: String| Failure::say(Exit::Usage, why);
    let config = connect::load(path)?;
    // The operator's words, and over them what is said now.
    let mut parameters = config.faults.parameters.get(&args.fault).cloned().unwrap_or_default();
    parameters.extend(args.parameters.iter().cloned());
    let terms = Terms { lasts: args.lasts, parameters };
    match args.fault.nature() {
        Nature::Guest => drop(Fault::read(args.fault.name(), terms.pairs()).map_err(|error| usage(error.to_string()))?),
        Nature::Account | Nature::Once => {
            let known = |key: &str| args.fault == Action::SuspendProcesses && key == "processes";
            if let Some(key) = terms.parameters.keys().find(|key| !known(key)) {
                return Err(usage(format!("{} has no parameter `{key}`", args.fault)));
            }
        }
    }
    super::runtime()?.block_on(async {
        let now = SystemClock.now();
        let wanted = Try {
            id: connect::fresh_id(now).to_string(),
            monkey: args.monkey.clone(),
            action: args.fault,
            terms: Some(terms),
            target: InstanceId::new(&args.target),
        };
        let id = wanted.id.clone();
        let news = News { monkey: &args.monkey, id: &id, config: &config, format: args.format };
        let asked = match &config.control {
            Some(socket) => control::ask(socket, &Request::Try(wanted.clone())).await.map_err(|error| {
                Failure::say(Exit::Ledger, format!("the daemon's socket {} does not answer: {error}", socket.display()))
            })?,
            None => None,
        };
        match asked {
            Some(Answer::Done(said)) => {
                eprintln!("{}", render::plain(&said));
                let ledger = connect::ledger(&config, Access::Read, now)?;
                news.follow(ledger.as_ref(), now + PATIENCE).await
            }
            Some(Answer::Refused(why)) => Err(Failure::say(Exit::Ledger, why)),
            Some(Answer::Mistaken(why)) => Err(usage(why)),
            None => alone(&config, wanted, &news).await,
        }
    })
}

/// Without a daemon: the round is ours, and so is the fault until its end.
async fn alone(config: &Config, wanted: Try, news: &News<'_>) -> Result<Exit, Failure> {
    let engine = connect::connect(config, Access::Create).await?;
    connect::pause_newborn(&engine, Mode::Live).await?;
    control::settle(&engine).await?;
    breaker::look(&engine).await?;
    let Some(monkey) = engine.monkey(&wanted.monkey) else {
        let why = format!("the config does not enable this monkey: set monkeys.{}.enabled", wanted.monkey);
        return Err(Failure::say(Exit::Config, why));
    };
    let request = wanted.request(&control::ourselves(), engine.clock.now());
    let order = Order { mode: Mode::Live, request: Some(request), thorough: false };
    let ends = round::everywhere(&engine, monkey, &order).await;
    let mut told = Told::default();
    news.tell(engine.ledger.as_ref(), &mut told).await?;
    // What was begun is followed, whatever failed elsewhere.
    until_ended(&engine, async |engine| news.tell(engine.ledger.as_ref(), &mut told).await).await?;
    for end in ends {
        end?;
    }
    Ok(told.exit(news.id))
}

/// Follows the faults that this process holds until they are gone. An interrupt ends them at once.
pub(super) async fn until_ended(
    engine: &Engine,
    mut news: impl AsyncFnMut(&Engine) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut interrupted = false;
    while watch::is_held(engine).await? {
        let mut next: Option<DateTime<Utc>> = None;
        for (account, region) in engine.places() {
            let end = watch::next_end(engine, account, region).await?;
            next = next.into_iter().chain(end).min();
        }
        let look = engine.clock.now() + engine.watch.every;
        tokio::select! {
            () = engine.clock.sleep_until(next.unwrap_or(look).min(look)) => {}
            _ = tokio::signal::ctrl_c(), if !interrupted => {
                interrupted = true;
                eprintln!("simian: ending it");
                watch::held::end_all(engine, "it was interrupted").await?;
            }
        }
        for (account, region) in engine.places() {
            watch::poll(engine, account, region).await?;
        }
        news(engine).await?;
    }
    Ok(())
}

/// What is told of one request, as it happens.
struct News<'a> {
    monkey: &'a str,
    id: &'a str,
    config: &'a Config,
    format: Format,
}

/// How far it was told.
#[derive(Default)]
struct Told {
    after: Option<u64>,
    last: Option<Kind>,
}

impl Told {
    /// How it ended, for whoever called.
    fn exit(&self, id: &str) -> Exit {
        match self.last {
            None => {
                eprintln!(
                    "simian: nothing came of request {id}: `simian explain INSTANCE` tells whether it is in a group that opted in"
                );
                Exit::Held
            }
            Some(Kind::ActionHeld) => Exit::Held,
            Some(Kind::ActionRefused | Kind::ActionFailed | Kind::ActionAbandoned | Kind::ActionUnrecovered) => {
                Exit::Cloud
            }
            Some(_) => Exit::Done,
        }
    }
}

impl News<'_> {
    async fn tell(&self, ledger: &dyn Ledger, told: &mut Told) -> Result<(), Failure> {
        let after = told.after;
        for mode in [Mode::Live, Mode::DryRun] {
            let key_prefix = Some(Key::of_request(mode, self.monkey, self.id));
            let query = EventQuery { key_prefix, after, ..EventQuery::default() };
            for event in ledger.events(&query).await? {
                (told.after, told.last) = (told.after.max(Some(event.seq)), Some(event.body.kind));
                match self.format {
                    Format::Json => super::print(&event.canonical())?,
                    Format::Table => {
                        if let Some(line) = render::line(&event.body, self.config.calendar.zone, super::colour()) {
                            super::print(&line)?;
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// Tells what a daemon does, until there is no more to tell.
    async fn follow(&self, ledger: &dyn Ledger, until: DateTime<Utc>) -> Result<Exit, Failure> {
        let mut told = Told::default();
        loop {
            self.tell(ledger, &mut told).await?;
            let over = match told.last {
                None => SystemClock.now() >= until,
                Some(Kind::ActionIntended | Kind::ActionDone | Kind::ActionRenewed | Kind::ActionResolved) => false,
                Some(_) => true,
            };
            if over {
                return Ok(told.exit(self.id));
            }
            SystemClock.sleep_until(SystemClock.now() + TimeDelta::seconds(1)).await;
        }
    }
}
