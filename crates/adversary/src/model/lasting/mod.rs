//! Faults that last: begun only for a claim that was intended, renewed only while they may last, ended in time, said to be
//! undone once and truly, and never left behind.
//!
//! What may not happen here: a word of the watch that is judged. When a fault was there is worked out from what agents ran
//! and from what was changed in the account.

mod ends;
mod times;

use chrono::TimeDelta;
use simian_core::{Action, Alteration, InstanceId, Mode, Region, RunId};

use super::{Model, Phase, Record, Scene, touch};
use crate::violation::Violation;
use crate::world::log::{Act, Did};

pub(super) use ends::check as end;

/// The group of a fault that lets nothing through.
const SHUT: &str = "sg-0quarantine";

/// Whether an action lasts until it is undone.
pub(super) fn lasts(action: Action) -> bool {
    !matches!(action, Action::Terminate | Action::TerminateGracefully | Action::Reboot | Action::SpotInterruption)
}

/// Whether a change makes a fault; else it takes one back.
fn makes(alteration: &Alteration) -> bool {
    match alteration {
        Alteration::Stop { .. }
        | Alteration::DetachVolume { .. }
        | Alteration::Suspend { .. }
        | Alteration::Deregister { .. }
        | Alteration::EnterStandby { .. }
        | Alteration::Detach { .. } => true,
        Alteration::SetGroups { groups, .. } => groups.iter().any(|group| group == SHUT),
        _ => false,
    }
}

/// Whether a change is part of an action.
fn part_of(alteration: &Alteration, action: Action) -> bool {
    matches!(
        (action, alteration),
        (
            Action::StopStart,
            Alteration::EnterStandby { .. }
                | Alteration::ExitStandby { .. }
                | Alteration::Stop { .. }
                | Alteration::Start { .. }
        ) | (Action::Standby, Alteration::EnterStandby { .. } | Alteration::ExitStandby { .. })
            | (Action::Detach, Alteration::Detach { .. } | Alteration::Attach { .. })
            | (Action::Isolate, Alteration::SetGroups { .. })
            | (Action::DetachVolumes, Alteration::DetachVolume { .. } | Alteration::AttachVolume { .. })
            | (Action::Deregister, Alteration::Deregister { .. } | Alteration::Register { .. })
            | (Action::SuspendProcesses, Alteration::Suspend { .. } | Alteration::Resume { .. })
    )
}

/// The group of a change, where it is about no instance.
fn group_of(alteration: &Alteration) -> Option<&str> {
    match alteration {
        Alteration::Suspend { group, .. } | Alteration::Resume { group, .. } => Some(group),
        _ => None,
    }
}

impl Record {
    /// How long its fault is to last.
    fn lasts(&self) -> TimeDelta {
        self.claim.terms.as_ref().map_or(TimeDelta::zero(), |terms| terms.lasts)
    }

    /// Whether the claim is one of a fault that is really made.
    fn is_fault(&self) -> bool {
        self.claim.mode == Mode::Live && lasts(self.claim.action)
    }

    fn run(&self) -> String {
        RunId::of(&self.claim.key).to_string()
    }

    fn hits(&self, region: &Region, id: Option<&InstanceId>, group: Option<&str>) -> bool {
        let hit = |target: &simian_core::Target| {
            id.is_none_or(|id| target.instance == *id) && group.is_none_or(|group| target.group == group)
        };
        self.claim.scope.region == *region && self.claim.targets.iter().any(hit)
    }
}

impl Model {
    /// The claim of a fault by its name.
    fn fault(&self, run: &str) -> Option<&Record> {
        self.records.values().find(|record| record.is_fault() && record.run() == run)
    }
}

/// How old a pause must be for a renewal to know of it: two looks, and the time that they take.
const KNOWN: TimeDelta = TimeDelta::seconds(90);

/// A word was sent to a guest.
pub(super) fn sent(
    scene: &Scene<'_>,
    region: &Region,
    id: &InstanceId,
    run: &str,
    verb: &str,
    wrong: &mut Vec<Violation>,
) {
    let Some(record) = scene.model.fault(run).filter(|record| record.hits(region, Some(id), None)) else {
        // A person may ask how a fault is that no ledger knows; nobody here does.
        return scene.wrong("claim-before-act", format!("{verb} of {run} in {id} without a claim"), wrong);
    };
    let key = &record.claim.key;
    match verb {
        "preflight" if record.slot != scene.entry.slot => {
            scene.wrong("claim-before-act", format!("{id} was asked whether {key} is possible, without it"), wrong);
        }
        "apply" => {
            touch::called(scene, Act::Fault, region, std::slice::from_ref(id), wrong);
            let again = scene.log.entries[..scene.index].iter().any(|entry| {
                matches!(&entry.what, Did::Sent { id: other, run: of, verb, answer, .. }
                    if other == id && of == run && verb == "apply" && !is_throttled(answer.as_ref()))
            });
            if again {
                scene.wrong("one-call", format!("{key} was begun in {id} twice"), wrong);
            }
        }
        "renew" => goes_on(scene, record, "was renewed", wrong),
        _ => {}
    }
}

fn is_throttled(answer: Option<&Result<(), simian_core::Cause>>) -> bool {
    matches!(answer, Some(Err(simian_core::Cause::Throttled)))
}

/// A guest is asked to hold a fault for longer, or the rest of one is made.
fn goes_on(scene: &Scene<'_>, record: &Record, what: &str, wrong: &mut Vec<Violation>) {
    let (key, reading) = (&record.claim.key, scene.entry.reading);
    if scene.steady() && record.until.is_some_and(|until| reading > until) {
        scene.wrong("renewed", format!("{key} {what} at {reading}, past its end at {:?}", record.until), wrong);
    }
    let slow = scene.log.slow.during(scene.entry.at - KNOWN, scene.entry.at).any(|slow| *slow) || scene.slept(KNOWN);
    let since =
        touch::paused(scene, Mode::Live, &record.claim.scope.region, &record.claim.monkey, Some(&record.claim.unit));
    if let Some(since) = since.filter(|since| !slow && scene.entry.at - *since > KNOWN) {
        scene.wrong("renewed", format!("{key} {what} at {reading}, paused since {since}"), wrong);
    }
    if record.undone {
        scene.wrong("renewed", format!("{key} {what} and had been undone"), wrong);
    }
}

/// Something of the account was changed.
pub(super) fn altered(
    scene: &Scene<'_>,
    region: &Region,
    id: Option<&InstanceId>,
    alteration: &Alteration,
    wrong: &mut Vec<Violation>,
) {
    let group = group_of(alteration);
    let of = |record: &&Record| {
        record.is_fault() && part_of(alteration, record.claim.action) && record.hits(region, id, group)
    };
    let Some(record) = scene.model.records.values().filter(of).max_by_key(|record| record.at) else {
        return scene.wrong("claim-before-act", format!("{alteration} without a claim"), wrong);
    };
    let ids: Vec<InstanceId> = match id {
        Some(id) => vec![id.clone()],
        None => record.claim.targets.iter().map(|target| target.instance.clone()).take(1).collect(),
    };
    if makes(alteration) && record.phase == Phase::Watching {
        // What waits for what comes before it is made by whoever began it, as long as nothing ends it.
        if record.slot != scene.entry.slot {
            let key = &record.claim.key;
            scene.wrong("claim-before-act", format!("{alteration} for {key} by who did not begin it"), wrong);
        }
        goes_on(scene, record, "went on", wrong);
    } else if makes(alteration) {
        touch::called(scene, Act::Fault, region, &ids, wrong);
    } else if record.intent.is_none() {
        scene.wrong("intent-before-act", format!("{alteration} takes back what was never intended"), wrong);
    }
}
