//! A fault by the account's API: what it changes, and what takes that back.

use simian_core::{Action, Alteration, Attached, CallError, Group, Region, Reversal, Standing, Target, Terms};

use crate::engine::Account;

/// The processes with which a group heals and scales, where nobody names others. Source: Auto Scaling user guide, "Types
/// of processes".
pub(crate) const PROCESSES: &str = "Launch Terminate ReplaceUnhealthy HealthCheck AZRebalance";

/// What a fault would change, or why it cannot be done there.
pub(crate) async fn plan(
    account: &Account,
    region: &Region,
    action: Action,
    terms: &Terms,
    target: &Target,
    group: &Group,
) -> Result<Result<Vec<Reversal>, String>, CallError> {
    let Some(attached) = account.cloud.attached(region, &target.instance).await? else {
        return Ok(Err(format!("there is no {}", target.instance)));
    };
    let quarantine = match (action, &attached.vpc) {
        (Action::Isolate, Some(vpc)) => Some(account.actuator.quarantine(region, vpc).await?),
        _ => None,
    };
    Ok(reversals(action, terms, target, group, &attached, quarantine))
}

fn reversals(
    action: Action,
    terms: &Terms,
    target: &Target,
    group: &Group,
    attached: &Attached,
    quarantine: Option<String>,
) -> Result<Vec<Reversal>, String> {
    let (instance, name) = (target.instance.clone(), group.name.clone());
    let by = |undone| Reversal::by(undone).into_iter();
    let standby = || by(Alteration::ExitStandby { group: name.clone(), instance: instance.clone() });
    // One less is desired meanwhile, so that nobody takes its place.
    if matches!(action, Action::StopStart | Action::Standby | Action::Detach) && group.desired <= group.min {
        return Err(format!("{name} must not get smaller: its desired capacity is its minimum, {}", group.min));
    }
    if let Some(why) = attached.against(action, &instance) {
        return Err(why);
    }
    let all: Vec<Reversal> = match action {
        Action::StopStart => standby().chain(by(Alteration::Start { instance: instance.clone() })).collect(),
        Action::Standby => standby().collect(),
        Action::Detach => by(Alteration::Attach { group: name.clone(), instance: instance.clone() }).collect(),
        Action::Isolate => {
            let quarantine = quarantine.ok_or_else(|| format!("{instance} is in no network of its own"))?;
            let had = attached.interfaces.iter().filter(|(_, had)| !had.contains(&quarantine));
            had.map(|(interface, had)| Reversal::of_groups(interface, had.clone(), vec![quarantine.clone()])).collect()
        }
        Action::DetachVolumes => {
            let volumes = attached.volumes.iter().map(|(device, volume)| Alteration::AttachVolume {
                volume: volume.clone(),
                instance: instance.clone(),
                device: device.clone(),
            });
            volumes.flat_map(by).collect()
        }
        Action::SuspendProcesses => {
            let named = terms.parameters.get("processes").map_or(PROCESSES, String::as_str);
            let run = named.split_whitespace().filter(|process| !group.suspended.iter().any(|one| one == process));
            let processes: Vec<String> = run.map(str::to_owned).collect();
            if processes.is_empty() {
                return Err(format!("all of that is suspended in {name} already"));
            }
            by(Alteration::Resume { group: name.clone(), processes }).collect()
        }
        Action::Deregister => {
            let arns = group.target_groups.iter().cloned();
            arns.flat_map(|target_group| by(Alteration::Register { target_group, instance: instance.clone() }))
                .collect()
        }
        _ => return Err(format!("{action} is not done by the account's API")),
    };
    if all.is_empty() { Err(format!("{instance} has nothing that {action} could take")) } else { Ok(all) }
}

/// How far an undo is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Undone {
    /// It is as it was; what was found otherwise, in words.
    Whole(Vec<String>),
    /// Not yet; why.
    Still(String),
}

/// Takes back as much as can be taken back now, the last change first. What is as it was, or somebody else's doing, is
/// passed over.
pub(crate) async fn undo(account: &Account, region: &Region, reversals: &[Reversal]) -> Undone {
    let mut notes = Vec::new();
    for reversal in reversals.iter().rev() {
        match take_back(account, region, reversal).await {
            Ok(None) => {}
            Ok(Some(note)) => notes.push(note),
            Err(why) => return Undone::Still(why),
        }
    }
    Undone::Whole(notes)
}

/// One change. An error says why it is not taken back yet.
async fn take_back(account: &Account, region: &Region, reversal: &Reversal) -> Result<Option<String>, String> {
    let Reversal { done, undone } = reversal;
    let standing = async |alteration| account.cloud.standing(region, alteration).await.map_err(|e| e.to_string());
    match standing(undone).await? {
        Standing::So => return Ok(None),
        Standing::Gone => return Ok(Some(format!("what {undone} is about is gone"))),
        Standing::Moving => return Err(format!("{undone} is under way")),
        Standing::Otherwise => {}
    }
    match standing(done).await? {
        Standing::So => {}
        Standing::Moving => return Err(format!("{done} is under way")),
        Standing::Gone => return Ok(Some(format!("what {undone} is about is gone"))),
        Standing::Otherwise => return Ok(Some(format!("somebody changed it since, so {undone} was left out"))),
    }
    if let Alteration::AttachVolume { volume, instance, device } = undone {
        let attached = account.cloud.attached(region, instance).await.map_err(|error| error.to_string())?;
        let theirs =
            attached.and_then(|attached| attached.volumes.get(device).cloned()).filter(|there| there != volume);
        if let Some(theirs) = theirs {
            return Ok(Some(format!("{theirs} is at {device} by now, so {undone} was left out")));
        }
    }
    account.actuator.alter(region, undone).await.map_err(|error| error.to_string())?;
    match standing(undone).await? {
        Standing::So => Ok(None),
        _ => Err(format!("{undone} is under way")),
    }
}
