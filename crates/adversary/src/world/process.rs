//! One process of the program: an engine made of the config and the ports, and the future that runs on it.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;

use chrono::TimeDelta;
use futures_util::future::join_all;
use simian::brake::Brake;
use simian::daemon::{self, Begin, End, Schedule};
use simian::engine::{Account, Engine, WatchPolicy};
use simian::order::Order;
use simian::{round, sinks, watch};
use simian_chaos::Chaos;
use simian_core::calendar::{Freeze, Hours, Weekdays};
use simian_core::choice::{Rule, app_glob};
use simian_core::rails::{Budgets, Fis, Floors};
use simian_core::{
    AccountId, Action, Calendar, Choice, Clock, Cloud, CronSpec, Dice, Grouping, Ledger, Mode, Monkey, OutageHook,
    Policy, Region, Request, Settings, Sink, Size, TagRules,
};

use super::ports::Ports;
use super::stage::Stage;
use crate::months;
use crate::scenario::{ACCOUNT, CALENDAR, PolicySetup};

/// A process that runs; dropping it is a crash.
pub(crate) type Running = Pin<Box<dyn Future<Output = ()>>>;

/// What a config comes to.
pub(crate) struct Wiring {
    policy: Policy,
    monkey: Box<dyn Monkey>,
    schedule: Schedule,
    watch: WatchPolicy,
    brake: bool,
}

/// Reads a config; what is wrong with it, if something is.
pub(crate) fn wire(setup: &PolicySetup) -> Result<Wiring, String> {
    let wrong = |error: &dyn std::fmt::Display| error.to_string();
    let zone: chrono_tz::Tz = setup.zone.parse().map_err(|_| format!("no zone {}", setup.zone))?;
    let days = setup.days.iter().filter_map(|day| chrono::Weekday::try_from(*day).ok()).collect::<Weekdays>();
    let freezes = setup.freezes.iter().map(|(from, until)| Freeze { from: *from, until: *until, why: "frozen".into() });
    let calendar = Calendar {
        zone,
        days,
        hours: Hours { open: setup.open, close: setup.close },
        holidays: setup.holidays.iter().copied().collect(),
        freezes: freezes.collect(),
    };
    calendar.check().map_err(|error| wrong(&error))?;
    let account: AccountId = ACCOUNT.parse().map_err(|error| wrong(&error))?;
    let mut policy = Policy::cautious(account, calendar.clone());
    policy.mode = if setup.live { Mode::Live } else { Mode::DryRun };
    if !setup.monkey_live {
        let name = if setup.janitor.is_some() { simian_janitor::NAME } else { simian_chaos::NAME };
        policy.modes.insert(name.into(), Mode::DryRun);
    }
    if setup.change_calendar {
        policy.change_calendars.push(CALENDAR.parse().map_err(|error| wrong(&error))?);
    }
    let size = Size::of(Some(setup.count), None, Some(setup.cap), Size::default());
    policy.tags = TagRules {
        mapped: setup.mapped.clone(),
        defaults: Settings {
            mean_days: f64::from(setup.mean_days),
            min_days: setup.min_days,
            size: size.map_err(|error| error.why)?,
            ..Settings::default()
        },
        ..TagRules::default()
    };
    let limits = setup.budgets.clone();
    policy.budgets = Budgets {
        per_unit_day: limits.unit,
        per_app_day: limits.app,
        per_owner_day: limits.owner,
        per_zone_day: limits.zone,
        per_scope_day: limits.scope,
        per_account_day: limits.account,
        concurrent: limits.concurrent,
        unrecovered: limits.unrecovered,
    };
    policy.floors = Floors { healthy: setup.healthy_floor, zone: setup.zone_floor };
    policy.veto = TimeDelta::minutes(i64::from(setup.veto));
    policy.breaker = setup.breaker;
    policy.alarms.names.clone_from(&setup.alarms);
    policy.outage = setup.outage.then(|| "the outage page".to_owned());
    policy.recovery = TimeDelta::minutes(i64::from(setup.recovery));
    let grouping = Grouping { kind: setup.unit.parse()?, across_regions: setup.across_regions };
    let spared = |app: &String| Ok::<_, String>(Rule { app: Some(app_glob(app)?), ..Rule::default() });
    let choice = Choice {
        key: "monkeys.chaos".into(),
        except: setup.except_apps.iter().map(spared).collect::<Result<_, _>>()?,
        only: Vec::new(),
        never_suffixes: setup.never_suffixes.clone(),
    };
    let grace = TimeDelta::minutes(i64::from(setup.grace));
    if let Some(faults) = &setup.faults {
        let late = BTreeMap::from([("delay".to_owned(), format!("{}ms", faults.delay))]);
        policy.faults.lasts = TimeDelta::minutes(i64::from(faults.minutes));
        policy.faults.parameters.insert(Action::Latency, late);
        let carries = [Action::Terminate, Action::Reboot].into();
        policy.faults.fis = faults.fis.then(|| Fis { role: "simian-fis".into(), carries });
    }
    let monkey = Chaos::new(grouping, grace, policy.tags.clone())
        .with(policy.faults.clone())
        .choosing(choice)
        .leaving(policy.floors.clone())
        .within(calendar);
    let monkey: Box<dyn Monkey> = match &setup.janitor {
        None => Box::new(monkey),
        Some(table) => {
            let (janitor, disposals) = months::wire::wire(table, policy.tags.clone(), policy.calendar.clone())?;
            policy.disposals = disposals;
            Box::new(janitor)
        }
    };
    let cron: CronSpec = setup.cron.parse().map_err(|error| wrong(&error))?;
    let watch = WatchPolicy { deadline: policy.recovery, ..WatchPolicy::default() };
    let schedule = Schedule { monkey: monkey.name().into(), cron, zone };
    Ok(Wiring { policy, monkey, schedule, watch, brake: setup.brake })
}

/// An engine with that config in that slot.
fn engine(stage: &Arc<Stage>, slot: usize, holder: &str, setup: &PolicySetup) -> Result<(Engine, Schedule), String> {
    let wiring = wire(setup)?;
    let ports = Arc::new(Ports::new(Arc::clone(stage), slot));
    let regions: Vec<Region> = stage.regions.clone();
    let account = Account::new(
        "test".into(),
        regions,
        wiring.policy,
        Arc::clone(&ports) as Arc<dyn Cloud>,
        ports.clone(),
        ports.clone(),
    );
    let brake = stage.brake.clone().filter(|_| wiring.brake);
    let dice = Dice::new(&format!("adversary {}", stage.seed));
    let engine = Engine {
        monkeys: vec![wiring.monkey],
        accounts: vec![account],
        watch: wiring.watch,
        brake: Brake::new(brake),
        outage: setup.outage.then(|| Arc::clone(&ports) as Arc<dyn OutageHook>),
        ..Engine::new(Arc::clone(&ports) as Arc<dyn Clock>, ports as Arc<dyn Ledger>, dice, holder)
    };
    Ok((engine, wiring.schedule))
}

/// A daemon, and what ends it.
pub(crate) fn daemon(
    stage: &Arc<Stage>,
    slot: usize,
    holder: &str,
    setup: &PolicySetup,
    begin: Begin,
) -> Result<(Running, End), String> {
    let (engine, schedule) = engine(stage, slot, holder, setup)?;
    let told: Vec<Box<dyn Sink>> = vec![Box::new(Ports::new(Arc::clone(stage), slot))];
    let end = End::default();
    let ends = end.clone();
    let running = Box::pin(async move {
        // Whoever cannot write at the start ends with an error, and is started again.
        if sinks::begin(&engine, &told).await.is_ok() {
            drop(daemon::run(&engine, &[schedule], &told, "config", begin, &ends).await);
        }
    });
    Ok((running, end))
}

/// How often a person's command looks at the faults that it began.
const FOLLOWS: TimeDelta = TimeDelta::seconds(10);

/// The name under which a game day claims.
pub(crate) fn game_holder(id: u32) -> String {
    format!("game-{id}")
}

/// A game day: every unit, now.
pub(crate) fn game_day(stage: &Arc<Stage>, slot: usize, id: u32, setup: &PolicySetup) -> Result<Running, String> {
    let (engine, _) = engine(stage, slot, &game_holder(id), setup)?;
    let stays = id.is_multiple_of(2);
    Ok(Box::pin(async move {
        let request = Request {
            id: format!("game-{id}"),
            monkey: simian_chaos::NAME.into(),
            actor: "ann".into(),
            at: engine.clock.now(),
            units: None,
            wish: None,
        };
        let order = &Order { mode: Mode::Live, request: Some(request), thorough: false };
        let (account, monkey, engine) = (&engine.accounts[0], engine.monkeys[0].as_ref(), &engine);
        let rounds = account.areas(monkey).into_iter();
        let rounds = rounds.map(|area| async move { drop(round::run(engine, account, &area, monkey, order).await) });
        join_all(rounds).await;
        // Every second person stays until the faults have ended; the others have better things to do.
        while stays && watch::is_held(engine).await.unwrap_or(false) {
            engine.clock.sleep_until(engine.clock.now() + FOLLOWS).await;
            for region in &account.regions {
                drop(watch::poll(engine, account, region).await);
            }
        }
    }))
}
