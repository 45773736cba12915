//! Experiments of AWS FIS: each begins a little after it was asked for, and stops by itself for an alarm or the safety lever.

use chrono::{DateTime, Utc};
use simian_core::detail::AlarmState;
use simian_core::{Action, Experiment, Experimented, InstanceId, Region};

use crate::calling::{Refused, refused};
use crate::instance::EndedBy;
use crate::state::{Happening, State};

/// From the call to the first effect, in seconds.
const BEGINS: (u64, u64) = (2, 15);

/// From the notice to the end, in seconds. Source: EC2 user guide, "Spot Instance interruption notices".
const NOTICE: u64 = 120;

/// An experiment that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trial {
    /// Where.
    pub region: Region,
    /// What.
    pub asked: Experiment,
    /// When it was asked for.
    pub at: DateTime<Utc>,
    /// When it took effect.
    pub done: Option<DateTime<Utc>>,
    /// Why it ended before, or did not begin.
    pub stopped: Option<String>,
}

impl State {
    /// Begins an experiment, unless it was begun already. Returns its id.
    pub(crate) fn begin_experiment(&mut self, region: &Region, asked: &Experiment) -> Result<String, Refused> {
        let same = |trial: &Trial| trial.region == *region && trial.asked.token == asked.token;
        if let Some(number) = self.experiments.iter().position(same) {
            return Ok(id(number));
        }
        if asked.targets.is_empty() || asked.targets.len() > Experiment::MOST || asked.alarms.len() > Experiment::MOST {
            return Err(refused("ValidationException", "too few or too many of something"));
        }
        if self.signals.levers.get(region).is_some_and(|lever| lever.now().engaged) {
            return Err(refused("ConflictException", "the safety lever is engaged"));
        }
        let number = self.experiments.len();
        let (region, asked) = (region.clone(), asked.clone());
        let wait = self.chance(&["experiment", &asked.token]).between(BEGINS.0, BEGINS.1);
        self.experiments.push(Trial { region, asked, at: self.now, done: None, stopped: None });
        self.enqueue_in(wait, Happening::Experimented(number));
        Ok(id(number))
    }

    /// How far an experiment is.
    pub(crate) fn experiment(&self, region: &Region, id: &str) -> Result<Experimented, Refused> {
        let trial = &self.experiments[self.trial(region, id)?];
        Ok(match &trial.stopped {
            Some(why) => Experimented::Stopped { why: why.clone(), begun: false },
            None if trial.done.is_some() => Experimented::Done,
            None => Experimented::Beginning,
        })
    }

    /// Stops an experiment that has not ended.
    pub(crate) fn stop_experiment(&mut self, region: &Region, id: &str) -> Result<(), Refused> {
        let number = self.trial(region, id)?;
        let trial = &mut self.experiments[number];
        if trial.done.is_none() {
            trial.stopped.get_or_insert_with(|| "stopped: by request".into());
        }
        Ok(())
    }

    fn trial(&self, region: &Region, wanted: &str) -> Result<usize, Refused> {
        let is = |(number, trial): &(usize, &Trial)| trial.region == *region && id(*number) == wanted;
        let found = self.experiments.iter().enumerate().find(is).map(|(number, _)| number);
        found.ok_or_else(|| refused("ResourceNotFoundException", format!("there is no experiment {wanted}")))
    }

    /// It takes effect, unless something stopped it.
    pub(crate) fn run_experiment(&mut self, number: usize) {
        let Some(trial) = self.experiments.get(number).filter(|trial| trial.stopped.is_none()).cloned() else { return };
        let ended = self.effect(&trial.region, &trial.asked);
        let now = self.now;
        let trial = &mut self.experiments[number];
        match ended {
            Ok(()) => trial.done = Some(now),
            Err(why) => trial.stopped = Some(why),
        }
    }

    fn effect(&mut self, region: &Region, asked: &Experiment) -> Result<(), String> {
        if self.signals.levers.get(region).is_some_and(|lever| lever.now().engaged) {
            return Err("stopped: the safety lever is engaged".into());
        }
        let fires = |name: &&String| {
            let alarm = self.signals.alarms.get(&(region.clone(), (*name).clone()));
            alarm.is_some_and(|alarm| *alarm.state.now() == Some(AlarmState::Alarm))
        };
        if let Some(name) = asked.alarms.iter().find(fires) {
            return Err(format!("stopped: alarm {name}"));
        }
        let spot = asked.action == Action::SpotInterruption;
        let there = |id: &&InstanceId| {
            let up = self.instance(region, id).filter(|instance| instance.is_up());
            up.is_some_and(|instance| !spot || instance.attached.spot)
        };
        let ids: Vec<InstanceId> = asked.targets.iter().filter(there).cloned().collect();
        if ids.is_empty() {
            return Err("failed: Target resolution returned empty set".into());
        }
        let failed = |why: Refused| format!("failed: {why:?}");
        match asked.action {
            Action::Terminate => self.terminate(region, &ids).map(drop).map_err(failed),
            Action::Reboot => self.reboot(region, &ids).map_err(failed),
            _ => {
                for id in ids {
                    self.warn(&id);
                }
                Ok(())
            }
        }
    }

    /// Tells an instance that it will be interrupted.
    fn warn(&mut self, id: &InstanceId) {
        let now = self.now;
        if let Some(instance) = self.instances.get_mut(id) {
            instance.life.warned.get_or_insert(now);
        }
        self.enqueue_in(NOTICE, Happening::Interrupted(id.clone()));
    }

    /// The two minutes are over.
    pub(crate) fn interrupt(&mut self, id: &InstanceId) {
        self.end(id, EndedBy::Interruption);
    }
}

fn id(number: usize) -> String {
    format!("EXP{number:015}")
}
