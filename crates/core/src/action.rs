//! What a monkey can do to an account: a variant each.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What it takes to have AWS FIS do something.
const EXPERIMENTS: [&str; 7] = [
    "fis:CreateExperimentTemplate",
    "fis:DeleteExperimentTemplate",
    "fis:GetExperiment",
    "fis:StartExperiment",
    "fis:StopExperiment",
    "fis:TagResource",
    "iam:PassRole",
];

/// One thing that can be done. It says of itself what it is, what it needs, and whether it can be taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Ends an instance abruptly: EC2 `TerminateInstances`, as a failing host would.
    Terminate,
    /// Ends an instance through its group, so that lifecycle hooks run: Auto Scaling
    /// `TerminateInstanceInAutoScalingGroup`.
    TerminateGracefully,
    /// Restarts an instance's operating system: EC2 `RebootInstances`. It comes back under the same id.
    Reboot,
    /// Tells a Spot instance that it will be interrupted, and ends it two minutes later as EC2 does: AWS FIS
    /// `aws:ec2:send-spot-instance-interruptions`.
    SpotInterruption,
    /// Stops an instance and starts it again. Through standby: its group would replace one that merely stops.
    StopStart,
    /// Gives an instance's interfaces a security group that lets nothing through.
    Isolate,
    /// Takes an instance's volumes away, but for the one it boots from.
    DetachVolumes,
    /// Suspends the processes with which a group heals and scales.
    SuspendProcesses,
    /// Takes an instance out of its group's target groups.
    Deregister,
    /// Takes an instance out of service, and leaves it in its group.
    Standby,
    /// Takes an instance out of its group.
    Detach,
    /// Packets arrive late.
    Latency,
    /// Packets do not arrive.
    Loss,
    /// Packets arrive with a wrong bit.
    Corrupt,
    /// Packets arrive twice.
    Duplicate,
    /// Packets overtake others.
    Reorder,
    /// Packets pass at a low rate.
    Bandwidth,
    /// Packets to some hosts, networks, ports or services are stopped.
    Blackhole,
    /// Some networks are routed to nowhere.
    NullRoute,
    /// Name resolution fails.
    Dns,
    /// Processors are busy.
    BurnCpu,
    /// A disk is busy.
    BurnIo,
    /// A disk is full.
    FillDisk,
    /// Memory is short.
    FillMemory,
    /// Processes are sent a signal, again and again.
    KillProcess,
    /// Processes stand still.
    PauseProcess,
    /// The clock is wrong.
    ClockSkew,
    /// The kernel crashes.
    KernelPanic,
}

/// Where an action takes place, and whether it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Nature {
    /// A call that is over when it is done: nothing takes it back.
    Once,
    /// A fault by the account's API: it lasts until it is undone.
    Account,
    /// A fault inside a guest: it lasts until it is undone, or until the guest ends it by itself.
    Guest,
}

/// Whether AWS FIS does an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ByExperiment {
    /// It cannot, or not so that it could be taken back.
    Never,
    /// Where the operator says so.
    AsWell,
    /// Nobody else can.
    Only,
}

/// What an action asks for, beside a group's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Asks {
    /// Nothing.
    Nothing,
    /// An agent of Systems Manager that answers.
    Agent,
    /// What EC2 says of the instance.
    Instance,
}

impl Action {
    /// Every action, in reading order.
    pub const ALL: [Action; 28] = [
        Action::Terminate,
        Action::TerminateGracefully,
        Action::Reboot,
        Action::SpotInterruption,
        Action::StopStart,
        Action::Isolate,
        Action::DetachVolumes,
        Action::SuspendProcesses,
        Action::Deregister,
        Action::Standby,
        Action::Detach,
        Action::Latency,
        Action::Loss,
        Action::Corrupt,
        Action::Duplicate,
        Action::Reorder,
        Action::Bandwidth,
        Action::Blackhole,
        Action::NullRoute,
        Action::Dns,
        Action::BurnCpu,
        Action::BurnIo,
        Action::FillDisk,
        Action::FillMemory,
        Action::KillProcess,
        Action::PauseProcess,
        Action::ClockSkew,
        Action::KernelPanic,
    ];

    /// Its name in tags, config and events.
    pub fn name(self) -> &'static str {
        match self {
            Action::Terminate => "terminate",
            Action::TerminateGracefully => "terminate-gracefully",
            Action::Reboot => "reboot",
            Action::SpotInterruption => "spot-interruption",
            Action::StopStart => "stop-start",
            Action::Isolate => "isolate",
            Action::DetachVolumes => "detach-volumes",
            Action::SuspendProcesses => "suspend-processes",
            Action::Deregister => "deregister",
            Action::Standby => "standby",
            Action::Detach => "detach",
            Action::Latency => "latency",
            Action::Loss => "loss",
            Action::Corrupt => "corrupt",
            Action::Duplicate => "duplicate",
            Action::Reorder => "reorder",
            Action::Bandwidth => "bandwidth",
            Action::Blackhole => "blackhole",
            Action::NullRoute => "null-route",
            Action::Dns => "dns",
            Action::BurnCpu => "burn-cpu",
            Action::BurnIo => "burn-io",
            Action::FillDisk => "fill-disk",
            Action::FillMemory => "fill-memory",
            Action::KillProcess => "kill-process",
            Action::PauseProcess => "pause-process",
            Action::ClockSkew => "clock-skew",
            Action::KernelPanic => "kernel-panic",
        }
    }

    /// What it is.
    pub fn nature(self) -> Nature {
        match self {
            Action::Terminate | Action::TerminateGracefully | Action::Reboot | Action::SpotInterruption => Nature::Once,
            Action::StopStart
            | Action::Isolate
            | Action::DetachVolumes
            | Action::SuspendProcesses
            | Action::Deregister
            | Action::Standby
            | Action::Detach => Nature::Account,
            _ => Nature::Guest,
        }
    }

    /// Whether it lasts until somebody or something ends it: then it is held as a lease.
    pub fn lasts(self) -> bool {
        self.nature() != Nature::Once
    }

    /// The permissions that it needs to be done and undone: what the shipped IAM policies must allow, and no more.
    pub fn permissions(self) -> &'static [&'static str] {
        match self {
            Action::Terminate => &["ec2:TerminateInstances"],
            Action::TerminateGracefully => &["autoscaling:TerminateInstanceInAutoScalingGroup"],
            Action::Reboot => &["ec2:RebootInstances"],
            Action::SpotInterruption => &EXPERIMENTS,
            Action::StopStart => {
                &["autoscaling:EnterStandby", "autoscaling:ExitStandby", "ec2:StartInstances", "ec2:StopInstances"]
            }
            Action::Isolate => &[
                "ec2:CreateSecurityGroup",
                "ec2:CreateTags",
                "ec2:ModifyNetworkInterfaceAttribute",
                "ec2:RevokeSecurityGroupEgress",
            ],
            Action::DetachVolumes => &["ec2:AttachVolume", "ec2:DetachVolume"],
            Action::SuspendProcesses => &["autoscaling:ResumeProcesses", "autoscaling:SuspendProcesses"],
            Action::Deregister => &["elasticloadbalancing:DeregisterTargets", "elasticloadbalancing:RegisterTargets"],
            Action::Standby => &["autoscaling:EnterStandby", "autoscaling:ExitStandby"],
            Action::Detach => &["autoscaling:AttachInstances", "autoscaling:DetachInstances"],
            _ => &["ssm:SendCommand"],
        }
    }

    /// Whether whom it hit comes back under the same id. What ends an instance brings another one.
    pub fn returns(self) -> bool {
        !matches!(self, Action::Terminate | Action::TerminateGracefully | Action::SpotInterruption)
    }

    /// Whether AWS FIS can do it in our place. Scripts cannot be: a parameter of an experiment has 1,024 characters (FIS
    /// API, `ExperimentTemplateActionParameter`). What must be taken back is not: an experiment that is stopped leaves it
    /// where it is.
    pub fn by_experiment(self) -> ByExperiment {
        match self {
            Action::Terminate | Action::Reboot => ByExperiment::AsWell,
            Action::SpotInterruption => ByExperiment::Only,
            _ => ByExperiment::Never,
        }
    }

    /// What must be known of whom it hits before it can be done.
    pub fn asks(self) -> Asks {
        match self {
            Action::StopStart | Action::Isolate | Action::DetachVolumes | Action::SpotInterruption => Asks::Instance,
            _ if self.nature() == Nature::Guest => Asks::Agent,
            _ => Asks::Nothing,
        }
    }

    /// It cannot be taken back wholly, or breaks what its end relies on: it takes a word of the operator's of its own.
    pub fn is_grave(self) -> bool {
        matches!(self, Action::ClockSkew | Action::KernelPanic)
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A word that names no action.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no action; there are: {known}", known = Action::ALL.map(Action::name).join(", "))]
pub struct UnknownAction(pub String);

impl FromStr for Action {
    type Err = UnknownAction;
    fn from_str(text: &str) -> Result<Self, UnknownAction> {
        Action::ALL.into_iter().find(|action| action.name() == text).ok_or_else(|| UnknownAction(text.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_is_in_the_list_once_and_reads_back() {
        for action in Action::ALL {
            assert_eq!(action.name().parse(), Ok(action));
            assert_eq!(serde_json::to_value(action).unwrap(), action.name());
        }
    }
}
