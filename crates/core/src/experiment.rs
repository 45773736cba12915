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

    /// What its calls need.
    pub const PERMISSIONS: &[&str] = &[
        "fis:CreateExperimentTemplate",
        "fis:DeleteExperimentTemplate",
        "fis:GetExperiment",
        "fis:StartExperiment",
        "fis:StopExperiment",
        "fis:TagResource",
        "iam:PassRole",
    ];
}

/// How far an experiment is. Source: FIS API, `ExperimentStatus`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Experimented {
    /// `pending`, `initiating`: nothing has happened yet.
    Beginning,
    /// `running`, `completed`: it happens, or happened.
    Done,
    /// `stopping`, `stopped`, `failed`, `cancelled`: the state and its reason, in the API's words. It may have happened.
    Stopped(String),
}
