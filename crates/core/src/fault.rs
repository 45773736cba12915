//! Faults that last: what is asked of one, and what is remembered of one that is there.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::fleet::InstanceId;
use crate::proposal::Key;
use crate::span;

/// How long a fault lasts, and what it is like: parameters by key, as people write them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// How long, in whole seconds.
    #[serde(with = "seconds")]
    pub lasts: TimeDelta,
    /// What it is like, where that is not its kind's default.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, String>,
}

impl Terms {
    /// The parameters, as a kind of fault reads them.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.parameters.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }
}

impl fmt::Display for Terms {
    /// `for 10m delay=200ms jitter=50ms`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "for {}", span::format(self.lasts))?;
        self.parameters.iter().try_for_each(|(key, value)| write!(f, " {key}={value}"))
    }
}

/// A fault that is there, or may be: what it takes to end it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// When it is to be undone.
    pub until: DateTime<Utc>,
    /// When its guest ends it by itself unless it is renewed. Nobody does that for what was done by API.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub armed: Option<DateTime<Utc>>,
    /// What it takes to undo it, by instance, in order. Nothing inside a guest, which knows that itself.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub undo: BTreeMap<InstanceId, Vec<Reversal>>,
    /// What is still to be made, by instance, in order: each waits until the one before is so, and that may take longer than
    /// an action may.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub left: BTreeMap<InstanceId, Vec<Reversal>>,
    /// Why it is being ended, once it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ending: Option<String>,
}

/// A fault's name: on its instances' tags, in their guests, on commands. By its key, so that whoever comes after a crash
/// finds it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId(String);

impl RunId {
    /// The name of what a key does.
    pub fn of(key: &Key) -> Self {
        use sha2::Digest as _;
        Self(crate::event::hex(&sha2::Sha256::digest(key.as_str())[..6]))
    }

    /// As text: twelve hexadecimal digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for RunId {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let fits = text.len() == 12 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(format!("`{text}` is no fault's id: twelve hexadecimal digits"))
        }
    }
}

/// One change of the account that a fault makes, or that takes it back. In a tag it is words, separated by spaces.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Alteration {
    /// EC2 `StopInstances`.
    Stop {
        /// Which.
        instance: InstanceId,
    },
    /// EC2 `StartInstances`.
    Start {
        /// Which.
        instance: InstanceId,
    },
    /// EC2 `ModifyNetworkInterfaceAttribute`: the interface has exactly these security groups.
    SetGroups {
        /// The interface.
        interface: String,
        /// The groups, sorted.
        groups: Vec<String>,
    },
    /// EC2 `DetachVolume`, not forced.
    DetachVolume {
        /// The volume.
        volume: String,
        /// From where.
        instance: InstanceId,
        /// As which device.
        device: String,
    },
    /// EC2 `AttachVolume`.
    AttachVolume {
        /// The volume.
        volume: String,
        /// To where.
        instance: InstanceId,
        /// As which device.
        device: String,
    },
    /// Auto Scaling `SuspendProcesses`.
    Suspend {
        /// The group.
        group: String,
        /// The processes.
        processes: Vec<String>,
    },
    /// Auto Scaling `ResumeProcesses`.
    Resume {
        /// The group.
        group: String,
        /// The processes.
        processes: Vec<String>,
    },
    /// Elastic Load Balancing `DeregisterTargets`.
    Deregister {
        /// The target group's ARN.
        target_group: String,
        /// Who, by the target group's own port, as Auto Scaling registers its members.
        instance: InstanceId,
    },
    /// Elastic Load Balancing `RegisterTargets`.
    Register {
        /// The target group's ARN.
        target_group: String,
        /// Who, by the target group's own port.
        instance: InstanceId,
    },
    /// Auto Scaling `EnterStandby`, with one less desired, so that nobody takes its place.
    EnterStandby {
        /// The group.
        group: String,
        /// Who.
        instance: InstanceId,
    },
    /// Auto Scaling `ExitStandby`.
    ExitStandby {
        /// The group.
        group: String,
        /// Who.
        instance: InstanceId,
    },
    /// Auto Scaling `DetachInstances`, with one less desired.
    Detach {
        /// The group.
        group: String,
        /// Who.
        instance: InstanceId,
    },
    /// Auto Scaling `AttachInstances`.
    Attach {
        /// The group.
        group: String,
        /// Who.
        instance: InstanceId,
    },
}

/// How the account is, as one alteration would leave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// As it would leave it.
    So,
    /// Not so.
    Otherwise,
    /// On its way from one to the other.
    Moving,
    /// What it is about is gone.
    Gone,
}

impl Alteration {
    /// The permission that the call needs.
    pub fn permission(&self) -> &'static str {
        match self {
            Alteration::Stop { .. } => "ec2:StopInstances",
            Alteration::Start { .. } => "ec2:StartInstances",
            Alteration::SetGroups { .. } => "ec2:ModifyNetworkInterfaceAttribute",
            Alteration::DetachVolume { .. } => "ec2:DetachVolume",
            Alteration::AttachVolume { .. } => "ec2:AttachVolume",
            Alteration::Suspend { .. } => "autoscaling:SuspendProcesses",
            Alteration::Resume { .. } => "autoscaling:ResumeProcesses",
            Alteration::Deregister { .. } => "elasticloadbalancing:DeregisterTargets",
            Alteration::Register { .. } => "elasticloadbalancing:RegisterTargets",
            Alteration::EnterStandby { .. } => "autoscaling:EnterStandby",
            Alteration::ExitStandby { .. } => "autoscaling:ExitStandby",
            Alteration::Detach { .. } => "autoscaling:DetachInstances",
            Alteration::Attach { .. } => "autoscaling:AttachInstances",
        }
    }
}

impl fmt::Display for Alteration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Alteration::Stop { instance } => write!(f, "stop {instance}"),
            Alteration::Start { instance } => write!(f, "start {instance}"),
            Alteration::SetGroups { interface, groups } => write!(f, "groups {interface} {}", groups.join(" ")),
            Alteration::DetachVolume { volume, instance, device } => {
                write!(f, "detach-volume {volume} {instance} {device}")
            }
            Alteration::AttachVolume { volume, instance, device } => {
                write!(f, "attach-volume {volume} {instance} {device}")
            }
            // A group's name may have spaces, so it comes last.
            Alteration::Suspend { group, processes } => write!(f, "suspend {} {group}", processes.join("+")),
            Alteration::Resume { group, processes } => write!(f, "resume {} {group}", processes.join("+")),
            Alteration::Deregister { target_group, instance } => write!(f, "deregister {instance} {target_group}"),
            Alteration::Register { target_group, instance } => write!(f, "register {instance} {target_group}"),
            Alteration::EnterStandby { group, instance } => write!(f, "enter-standby {instance} {group}"),
            Alteration::ExitStandby { group, instance } => write!(f, "exit-standby {instance} {group}"),
            Alteration::Detach { group, instance } => write!(f, "detach {instance} {group}"),
            Alteration::Attach { group, instance } => write!(f, "attach {instance} {group}"),
        }
    }
}

impl FromStr for Alteration {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no change that a fault makes");
        let (word, rest) = text.split_once(' ').ok_or_else(wrong)?;
        let (first, last) = rest.split_once(' ').unwrap_or((rest, ""));
        let id = |text: &str| InstanceId::new(text);
        let group = || if last.is_empty() { Err(wrong()) } else { Ok(last.to_owned()) };
        let processes = || first.split('+').map(str::to_owned).collect();
        let three = || {
            let (instance, device) = last.split_once(' ').ok_or_else(wrong)?;
            Ok::<_, String>((first.to_owned(), id(instance), device.to_owned()))
        };
        Ok(match word {
            "stop" => Alteration::Stop { instance: id(first) },
            "start" => Alteration::Start { instance: id(first) },
            "groups" => {
                let groups = last.split_whitespace().map(str::to_owned).collect();
                Alteration::SetGroups { interface: first.to_owned(), groups }
            }
            "detach-volume" => {
                let (volume, instance, device) = three()?;
                Alteration::DetachVolume { volume, instance, device }
            }
            "attach-volume" => {
                let (volume, instance, device) = three()?;
                Alteration::AttachVolume { volume, instance, device }
            }
            "suspend" => Alteration::Suspend { group: group()?, processes: processes() },
            "resume" => Alteration::Resume { group: group()?, processes: processes() },
            "deregister" => Alteration::Deregister { target_group: group()?, instance: id(first) },
            "register" => Alteration::Register { target_group: group()?, instance: id(first) },
            "enter-standby" => Alteration::EnterStandby { group: group()?, instance: id(first) },
            "exit-standby" => Alteration::ExitStandby { group: group()?, instance: id(first) },
            "detach" => Alteration::Detach { group: group()?, instance: id(first) },
            "attach" => Alteration::Attach { group: group()?, instance: id(first) },
            _ => return Err(wrong()),
        })
    }
}

/// What a fault changes, and what takes that back. Whatever is neither as the one leaves it nor as the other does is
/// somebody else's, and is left alone. As text, in a tag or the ledger: what takes it back, and what follows from that.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reversal {
    /// What the fault does.
    pub done: Alteration,
    /// What undoes it.
    pub undone: Alteration,
}

/// Between the groups that an interface had and those that it has while a fault lasts.
const FROM: &str = " from ";

impl Reversal {
    /// What is done and undone, by what undoes it; `None` where that does not tell.
    pub fn by(undone: Alteration) -> Option<Self> {
        use Alteration as A;
        let done = match undone.clone() {
            A::Start { instance } => A::Stop { instance },
            A::AttachVolume { volume, instance, device } => A::DetachVolume { volume, instance, device },
            A::Resume { group, processes } => A::Suspend { group, processes },
            A::Register { target_group, instance } => A::Deregister { target_group, instance },
            A::ExitStandby { group, instance } => A::EnterStandby { group, instance },
            A::Attach { group, instance } => A::Detach { group, instance },
            _ => return None,
        };
        Some(Self { done, undone })
    }

    /// The interface gets other groups, and then those that it had.
    pub fn of_groups(interface: &str, had: Vec<String>, gets: Vec<String>) -> Self {
        let set = |groups| Alteration::SetGroups { interface: interface.to_owned(), groups };
        Self { done: set(gets), undone: set(had) }
    }
}

impl fmt::Display for Reversal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.undone)?;
        match &self.done {
            Alteration::SetGroups { groups, .. } => write!(f, "{FROM}{}", groups.join(" ")),
            _ => Ok(()),
        }
    }
}

impl FromStr for Reversal {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` does not say how to undo a fault");
        if let Some((groups, from)) = text.strip_prefix("groups ").and_then(|rest| rest.split_once(FROM)) {
            let mut words = groups.split_whitespace().map(str::to_owned);
            let interface = words.next().ok_or_else(wrong)?;
            return Ok(Self::of_groups(
                &interface,
                words.collect(),
                from.split_whitespace().map(str::to_owned).collect(),
            ));
        }
        Self::by(text.parse()?).ok_or_else(wrong)
    }
}

impl Serialize for Reversal {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Reversal {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// What a fault by API needs to know of an instance. Source: EC2 API, `Instance`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attached {
    /// Its network, if it is in one.
    pub vpc: Option<String>,
    /// Its interfaces, each with its security groups, sorted.
    pub interfaces: BTreeMap<String, Vec<String>>,
    /// Its volumes by device, but for the one that it boots from.
    pub volumes: BTreeMap<String, String>,
    /// It boots from a volume: then it can be stopped.
    pub stoppable: bool,
    /// Its type comes with disks of its own, which lose what they hold when it stops.
    pub ephemeral: bool,
    /// It is a Spot instance: `InstanceLifecycle` is `spot`.
    pub spot: bool,
}

/// A managed node of Systems Manager. Source: Systems Manager API, `InstanceInformation`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its agent answered lately: `PingStatus` is `Online`.
    pub online: bool,
    /// `PlatformType` is `Linux`.
    pub linux: bool,
}

/// A command that was sent. Source: Systems Manager API, `Command`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// Its id.
    pub id: String,
    /// What its sender wrote on it.
    pub comment: String,
    /// When it was asked for.
    pub at: DateTime<Utc>,
}

/// How far a command is in one instance. Source: Systems Manager API, `GetCommandInvocation`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It is on its way, or runs.
    Running,
    /// It ran to its end, whatever its exit code.
    Ended {
        /// What it wrote to its standard output: the first 24,000 characters.
        output: String,
    },
    /// It never ran, or did not end in its time; AWS's word for it.
    Lost(String),
}

mod seconds {
    use chrono::TimeDelta;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(span: &TimeDelta, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(span.num_seconds())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<TimeDelta, D::Error> {
        TimeDelta::try_seconds(i64::deserialize(deserializer)?)
            .ok_or_else(|| serde::de::Error::custom("a span is too long"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_change_reads_back_as_it_was_written() {
        for text in [
            "stop i-1",
            "start i-1",
            "groups eni-1 sg-1 sg-2",
            "detach-volume vol-1 i-1 /dev/sdf",
            "attach-volume vol-1 i-1 /dev/sdf",
            "suspend Launch+Terminate shop prod v001",
            "resume Launch+Terminate shop-prod-v001",
            "deregister i-1 arn:aws:elasticloadbalancing:us-east-1:111122223333:targetgroup/shop/0123",
            "register i-1 arn:aws:elasticloadbalancing:us-east-1:111122223333:targetgroup/shop/0123",
            "enter-standby i-1 shop prod",
            "exit-standby i-1 shop-prod-v001",
            "detach i-1 shop-prod-v001",
            "attach i-1 shop-prod-v001",
        ] {
            let read: Alteration = text.parse().unwrap();
            assert_eq!(read.to_string(), text);
        }
        for text in ["", "stop", "attach i-1", "register i-1", "explode i-1"] {
            assert!(text.parse::<Alteration>().is_err(), "{text}");
        }
    }

    #[test]
    fn what_undoes_a_fault_tells_what_it_did() {
        for text in [
            "start i-1",
            "groups eni-1 sg-1 sg-2 from sg-q",
            "attach-volume vol-1 i-1 /dev/sdf",
            "resume Launch+Terminate shop prod v001",
            "register i-1 arn:aws:elasticloadbalancing:us-east-1:111122223333:targetgroup/shop/0123",
            "exit-standby i-1 shop prod",
            "attach i-1 shop-prod-v001",
        ] {
            let read: Reversal = text.parse().unwrap();
            assert_eq!(read.to_string(), text);
            assert_ne!(read.done, read.undone);
            let json = serde_json::to_string(&read).unwrap();
            assert_eq!(serde_json::from_str::<Reversal>(&json).unwrap(), read);
        }
        for text in ["stop i-1", "groups eni-1 sg-1", "detach i-1 shop"] {
            assert!(text.parse::<Reversal>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_run_has_its_name_by_its_key() {
        let run = RunId::of(&Key::from_stored("latency/2026-11-23/111122223333/us-east-1/cluster:shop-prod"));
        assert_eq!(run.as_str().parse(), Ok(run.clone()));
        assert_ne!(run, RunId::of(&Key::from_stored("latency/2026-11-24/111122223333/us-east-1/cluster:shop-prod")));
        assert!("12".parse::<RunId>().is_err());
    }

    #[test]
    fn terms_read_back_and_tell_themselves() {
        let terms = Terms { lasts: TimeDelta::minutes(10), parameters: [("delay".into(), "200ms".into())].into() };
        assert_eq!(serde_json::to_string(&terms).unwrap(), r#"{"lasts":600,"parameters":{"delay":"200ms"}}"#);
        assert_eq!(serde_json::from_str::<Terms>(r#"{"lasts":600,"parameters":{"delay":"200ms"}}"#).unwrap(), terms);
        assert_eq!(terms.to_string(), "for 10m delay=200ms");
    }
}
