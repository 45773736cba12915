//! Plays a scenario from its first midnight to the end of its last day, and then an hour in which nothing is wrong any
//! more.

use std::pin::Pin;
use std::sync::Arc;

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use futures_util::FutureExt;
use simian_core::rails::NEWBORN;
use simian_core::{Change, ClaimQuery, ClaimRecord, Draft, Event, EventQuery, Kind, Ledger, Mode, Pause, Sink};
use simian_ledger::{MemoryLedger, SqliteLedger};
use simian_sim::{SimAccount, VirtualClock};
use uuid::Uuid;

use super::log::Did;
use super::perform::{spec, weather_of};
use super::root::Root;
use super::stage::{Stage, region};
use crate::model::Model;
use crate::months;
use crate::scenario::{ACCOUNT, ALARMS, AlarmSays, HookSays, Scenario, What, When};
use crate::tally::Tally;
use crate::violation::Violation;

/// Who judges what is played.
pub(crate) trait Judge {
    /// Looks at all that happened since the last look.
    fn look(&mut self, stage: &Stage, wrong: &mut Vec<Violation>);
    /// Nothing goes wrong any more: until when everybody has to tidy up.
    fn tidy(&self, stage: &Stage, end: DateTime<Utc>) -> DateTime<Utc>;
    /// Looks at the whole, after everybody had time to tidy up.
    fn end(&mut self, stage: &Stage, events: &[Event], claims: &[ClaimRecord], wrong: &mut Vec<Violation>);
    /// What was exercised, with what was counted.
    fn tally(&self, tally: Tally) -> Tally;
}

/// How often the model looks, if nothing else happens.
const LOOK: TimeDelta = TimeDelta::hours(6);

/// A week that was played.
#[derive(Debug)]
pub struct Week {
    /// What was wrong, in order of time; the last look may find several.
    pub violations: Vec<Violation>,
    /// What was exercised.
    pub tally: Tally,
    /// What happened, a line each, if somebody asked for it.
    pub story: Vec<String>,
}

impl Week {
    /// Plays it. Stops at the first look that finds something wrong.
    pub fn play(scenario: &Scenario, verbose: bool) -> Result<Week, String> {
        // Outlives all that lies in it.
        let folder = (scenario.setup.sqlite || scenario.uses_the_brake()).then(tempfile::tempdir).transpose();
        let folder = folder.map_err(|error| format!("cannot make a folder: {error}"))?;
        let stage = set_up(scenario, folder.as_ref().map(tempfile::TempDir::path))?;
        let mut root = Box::pin(Root::new(Arc::clone(&stage)));
        let mut model: Box<dyn Judge> = if scenario.is_month() {
            Box::new(months::model::Model::new(&stage, &scenario.setup))
        } else {
            Box::new(Model::new(&stage, &scenario.setup))
        };
        let end = stage.start + TimeDelta::days(i64::from(scenario.setup.days));
        let mut violations = Vec::new();
        let mut steps = scenario.steps.iter().peekable();
        let mut look = stage.start + LOOK;
        while violations.is_empty() && stage.now() < end {
            let next = steps.peek().map_or(end, |step| stage.after(step.when.earliest())).min(look).min(end);
            run(&stage, root.as_mut(), next);
            while let Some(step) = steps.next_if(|step| stage.after(step.when.earliest()) <= stage.now()) {
                match step.when {
                    When::At(_) => stage.perform(&step.what, None),
                    When::Call { .. } => stage.arm(step),
                }
            }
            if stage.now() >= look {
                look = stage.now() + LOOK;
                model.look(&stage, &mut violations);
            }
        }
        if violations.is_empty() {
            all_well(&stage);
            root.restart_all();
            run(&stage, root.as_mut(), model.tidy(&stage, end));
            model.look(&stage, &mut violations);
            model.end(&stage, &events(&stage), &claims(&stage), &mut violations);
        }
        drop(root);
        let story = if verbose { tell(&stage, &events(&stage)) } else { Vec::new() };
        let tally = std::mem::take(&mut stage.shared().tally);
        Ok(Week { violations, tally: model.tally(tally), story })
    }
}

impl Scenario {
    fn uses_the_brake(&self) -> bool {
        self.steps.iter().any(|step| matches!(step.what, What::Brake { .. }))
    }
}

fn run(stage: &Stage, root: Pin<&mut Root>, until: DateTime<Utc>) {
    let _ = stage.clock.drive_until(until, root);
}

/// Everything is well from now on.
fn all_well(stage: &Stage) {
    stage.disarm();
    let now = stage.now();
    stage.perform(&What::Weather(crate::scenario::WeatherSetup::default()), None);
    stage.perform(&What::SinkDown { seconds: 0, after: 0 }, None);
    for replica in 0..super::stage::REPLICAS {
        stage.perform(&What::ClockOff { replica, seconds: 0 }, None);
    }
    stage.perform(&What::Outage(HookSays::Yes), None);
    stage.shared().ledger_back = now;
    if !stage.shared().log.meddled.is_empty() {
        stage.all_answer(None);
    }
}

fn set_up(scenario: &Scenario, folder: Option<&std::path::Path>) -> Result<Arc<Stage>, String> {
    let setup = &scenario.setup;
    let start = setup.start.and_time(NaiveTime::MIN).and_utc();
    let clock = VirtualClock::new(start);
    let account = ACCOUNT.parse().map_err(|error| format!("{error}"))?;
    let cloud = SimAccount::new(account, (0..setup.regions).map(region), setup.seed, Arc::new(clock.clone()));
    for group in &setup.groups {
        cloud.found(spec(group, start));
    }
    cloud.keep_journal();
    cloud.set_weather(weather_of(&setup.weather, setup.seed));
    let birth = Uuid::from_u128(u128::from(setup.seed) + 1);
    let born = if setup.newborn { start } else { start - TimeDelta::days(90) };
    let ledger: Arc<dyn Ledger> = match folder.filter(|_| setup.sqlite) {
        Some(folder) => Arc::new(
            SqliteLedger::create_or_open(folder.join("ledger.db"), birth, born).map_err(|error| error.to_string())?,
        ),
        None => Arc::new(MemoryLedger::new(birth, born)),
    };
    let stage = Stage::new(setup, clock, cloud, ledger, folder.map(|folder| folder.join("paused")));
    if let Some(group) = setup.ourselves.and_then(|index| setup.groups.get(index)) {
        let id = simian_core::GroupId::new(&region(group.region), &group.name);
        let member = stage.cloud.truth().group(&id).and_then(|group| group.members.first().map(|one| one.id.clone()));
        stage.run_on(member);
    }
    for (index, name) in (0..setup.regions).flat_map(|index| ALARMS.map(|name| (index, name))) {
        stage.perform(&What::Alarm { region: index, name: name.into(), says: Some(AlarmSays::Quiet) }, None);
    }
    stage.perform(&What::Calendar { open: true }, None);
    for thing in &setup.things {
        stage.do_deed(&months::Deed::Put(thing.clone()));
    }
    baptise(&stage, setup.newborn)?;
    Ok(Arc::new(stage))
}

/// Whoever had the ledger is gone with it. There is another one, which knows nothing.
pub(crate) fn lose_ledger(stage: &Stage) -> Result<(), String> {
    let now = stage.now();
    {
        let mut shared = stage.shared();
        shared.log.lift(false);
        shared.ledger_back = now;
    }
    stage.log(0, Did::LedgerLost);
    let birth = Uuid::from_u128(u128::from(now.timestamp_millis().unsigned_abs()) << 64 | u128::from(stage.seed));
    stage.replace_ledger(Arc::new(MemoryLedger::new(birth, now)));
    baptise(stage, true)
}

/// A new ledger begins paused, as the command line makes it; an old one knows that nothing acted before it.
fn baptise(stage: &Stage, newborn: bool) -> Result<(), String> {
    let now = stage.now();
    let (drafts, changes) = if newborn {
        let pause = Pause::new(now, NEWBORN, "a new ledger");
        let mut draft = Draft::new(now, Kind::DaemonPaused, Mode::Live, "a new ledger");
        draft.key = Some(pause.id.clone());
        let log = &mut stage.shared().log;
        log.pause(None, None, now, None, false);
        if let Some(pause) = log.pauses.last_mut() {
            pause.newborn = true;
        }
        (vec![draft], vec![Change::Pause(pause)])
    } else {
        (Vec::new(), vec![Change::FirstRun(now)])
    };
    // A sink is there before the first event.
    let known = stage.ledger().advance(stage.sink.name(), 0).now_or_never().ok_or("the ledger waits")?;
    known.map_err(|error| error.to_string())?;
    let done = stage.ledger().commit(drafts, changes).now_or_never();
    done.ok_or("the ledger waits")?.map(drop).map_err(|error| error.to_string())
}

/// Everything that the ledger was told.
pub(crate) fn events(stage: &Stage) -> Vec<Event> {
    stage.ledger().events(&EventQuery::default()).now_or_never().and_then(Result::ok).unwrap_or_default()
}

fn claims(stage: &Stage) -> Vec<ClaimRecord> {
    stage.ledger().claims(&ClaimQuery::default()).now_or_never().and_then(Result::ok).unwrap_or_default()
}

/// Steps, calls and events in the order of their times.
fn tell(stage: &Stage, events: &[Event]) -> Vec<String> {
    let shared = stage.shared();
    let mut lines: Vec<(DateTime<Utc>, String)> = shared.log.story.clone();
    for entry in &shared.log.entries {
        if let Did::Called { .. } | Did::Won(_) | Did::Wrote { .. } | Did::LedgerLost = &entry.what {
            lines.push((entry.at, format!("process {}: {:?}", entry.slot, entry.what)));
        }
    }
    for event in events.iter().filter(|event| event.body.kind != Kind::RoundClosed) {
        let body = &event.body;
        let words = [Some(body.kind.as_str()), body.key.as_deref(), body.target.as_deref(), body.outcome.as_deref()];
        let words: Vec<&str> = words.into_iter().flatten().chain([body.why.as_str()]).collect();
        lines.push((body.at, format!("event {}: {}", event.seq, words.join(" | "))));
    }
    lines.sort_by_key(|(at, _)| *at);
    lines.into_iter().map(|(at, line)| format!("{} {line}", at.format("%a %m-%d %H:%M:%S%.3f"))).collect()
}
