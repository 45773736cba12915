//! Experiments of AWS FIS: what it does in our place, and how far one is.

use crate::action::Action;
use crate::fleet::InstanceId;

/// One action on some instances, by AWS FIS. Source: FIS API, `CreateExperimentTemplate` and `StartExperiment`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Experiment {
    /// What makes a repeated call the same call: both are idempotent by it.
    pub token: String,
    /// What is done.
    pub action: Action,
    /// To whom: [`Experiment::MOST`] at most.
    pub targets: Vec<InstanceId>,
    /// The name of the role that FIS takes on, in the account.
    pub role: String,
    /// The alarms that stop it: [`Experiment::MOST`] at most.
    pub alarms: Vec<String>,
}

impl Experiment {
    /// Targets of one experiment, and its stop conditions. Source: FIS API, `ResourceArnList`; AWS General Reference,
    /// quotas of AWS FIS.
    pub const MOST: usize = 5;
}

/// How far an experiment is. Source: FIS API, `ExperimentStatus` and `ExperimentActionStatus`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Experimented {
    /// Nothing has happened yet.
    Beginning,
    /// Its action is `completed`; of an interruption, whose action takes as long as its notice, `running` is enough.
    Done,
    /// It is `stopping`, `stopped`, `failed` or `cancelled`.
    Stopped {
        /// Its state and the reason, in the API's words.
        why: String,
        /// Its action had begun, so that it may have happened.
        begun: bool,
    },
}
