//! `[faults]`: how long faults last, which grave ones may be done, and what each is like where its owner says no more than
//! its name.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use simian_core::rails::{FaultRules, Fis};
use simian_core::tags::parse_lasts;
use simian_core::{Action, ByExperiment, Nature};
use simian_faults::{Fault, FaultError, Kind, ParameterError};
use toml::de::DeValue;

use super::document::{Table, nearest};
use super::read::text;

/// The one parameter of a fault by the account's API: which processes are suspended.
const PROCESSES: &str = "processes";

/// Every process. Source: Auto Scaling API, `SuspendProcesses`.
const ALL_PROCESSES: [&str; 9] = [
    "Launch",
    "Terminate",
    "AddToLoadBalancer",
    "AlarmNotification",
    "AZRebalance",
    "HealthCheck",
    "InstanceRefresh",
    "ReplaceUnhealthy",
    "ScheduledActions",
];

pub(super) fn faults(table: &mut Table<'_>) -> FaultRules {
    let defaults = FaultRules::default();
    let lasts = table.get("for", lasting).unwrap_or(defaults.lasts);
    let longest = table.get("longest", lasting).unwrap_or(defaults.longest);
    if lasts > longest {
        let longest = simian_core::span::format(longest);
        table.wrong(
            "for",
            &format!("it is longer than the longest that is allowed, {longest}: shorten it, or raise longest"),
        );
    }
    let allow = table.list("allow", grave).unwrap_or_default().into_iter().collect();
    let mut parameters: BTreeMap<Action, BTreeMap<String, String>> = BTreeMap::new();
    let has_keys = |action: &Action| action.nature() == Nature::Guest || *action == Action::SuspendProcesses;
    for action in Action::ALL.into_iter().filter(has_keys) {
        let read = table.map(action.name(), |key, value| parameter(action, key, value)).unwrap_or_default();
        let read: BTreeMap<String, String> = read.into_iter().collect();
        if let Err(why) = together(action, &read) {
            table.wrong(action.name(), &why);
        }
        if !read.is_empty() {
            parameters.insert(action, read);
        }
    }
    let fis = table.table("fis", fis);
    FaultRules { lasts, longest, allow, parameters, fis }
}

/// What AWS FIS does in our place: nothing, unless a role is named for it.
fn fis(table: &mut Table<'_>) -> Option<Fis> {
    let role = if table.is_there() { table.need("role", "\"simian-fis\"", role) } else { table.get("role", role) };
    let carries = table.list("carries", carried).unwrap_or_default().into_iter().collect();
    Some(Fis { role: role?, carries })
}

/// A role's name, with its path. Source: IAM API, `CreateRole`: a name of 64 characters at most.
fn role(value: &DeValue<'_>) -> Result<String, String> {
    let text = text(value)?;
    let fits = |part: &str| {
        let known = |b: u8| b.is_ascii_alphanumeric() || b"+=,.@_-".contains(&b);
        !part.is_empty() && part.len() <= 64 && part.bytes().all(known)
    };
    if text.starts_with("arn:") {
        return Err(format!("`{text}`: write the name alone, as in simian-fis: the role is one in each account"));
    }
    if text.split('/').all(fits) {
        Ok(text.to_owned())
    } else {
        Err(format!("`{text}` is no role's name: write it as in simian-fis, with its path, if it has one"))
    }
}

/// An action that AWS FIS may do in our place.
fn carried(value: &DeValue<'_>) -> Result<Action, String> {
    let word = text(value)?;
    let those = |by| Action::ALL.into_iter().filter(move |action| action.by_experiment() == by).map(Action::name);
    match Action::ALL.into_iter().find(|action| action.name() == word).map(|action| (action, action.by_experiment())) {
        Some((action, ByExperiment::AsWell)) => Ok(action),
        Some((action, ByExperiment::Only)) => Err(format!("nobody else can do {action}: remove it")),
        Some((_, ByExperiment::Never)) | None => {
            let known = those(ByExperiment::AsWell).collect::<Vec<_>>().join(" or ");
            Err(format!("`{word}` is nothing that AWS FIS does in our place: write {known}"))
        }
    }
}

fn lasting(value: &DeValue<'_>) -> Result<TimeDelta, String> {
    parse_lasts(text(value)?)
}

/// A fault that takes a word of its own.
fn grave(value: &DeValue<'_>) -> Result<Action, String> {
    let word = text(value)?;
    let all = || Action::ALL.into_iter().filter(|action| action.is_grave()).map(Action::name);
    match Action::ALL.into_iter().find(|action| action.name() == word) {
        Some(action) if action.is_grave() => Ok(action),
        Some(action) => Err(format!("{action} takes no word of its own: remove it")),
        None => Err(format!("`{word}` is no grave fault: write {}", all().collect::<Vec<_>>().join(" or "))),
    }
}

/// One parameter, by itself.
fn parameter(action: Action, key: &str, value: &DeValue<'_>) -> Result<String, String> {
    let known: Vec<&str> = match action {
        Action::SuspendProcesses => vec![PROCESSES],
        _ => kind(action)?.keys.iter().map(|key| key.name).collect(),
    };
    if !known.contains(&key) {
        return Err(match nearest(key, known.iter().copied()) {
            Some(meant) => format!("{action} has no such parameter: did you mean `{meant}`?"),
            None => format!("{action} has no such parameter: there are: {}", known.join(", ")),
        });
    }
    let text = text(value)?;
    if key == PROCESSES {
        let unknown = text.split_whitespace().find(|word| !ALL_PROCESSES.contains(word));
        let wrong = |word| format!("`{word}` is no process of a group; there are: {}", ALL_PROCESSES.join(", "));
        return unknown.map_or_else(|| Ok(text.to_owned()), |word| Err(wrong(word)));
    }
    // The others are looked at by themselves, or together.
    match Fault::example(action.name(), [(key, text)]) {
        Err(FaultError::Parameter { error: ParameterError::Wrong { key: wrong, why, text }, .. }) if wrong == key => {
            Err(format!("`{text}`: {why}"))
        }
        _ => Ok(text.to_owned()),
    }
}

/// Whether the parameters go together. One that is missing may be an owner's to give.
fn together(action: Action, parameters: &BTreeMap<String, String>) -> Result<(), String> {
    if parameters.is_empty() || action.nature() != Nature::Guest {
        return Ok(());
    }
    match Fault::read(action.name(), parameters.iter().map(|(key, value)| (key.as_str(), value.as_str()))) {
        Ok(_) | Err(FaultError::Parameter { error: ParameterError::Missing { .. }, .. }) => Ok(()),
        Err(FaultError::Parameter { error, .. }) => Err(error.to_string()),
        Err(error) => Err(error.to_string()),
    }
}

fn kind(action: Action) -> Result<&'static Kind, String> {
    Kind::find(action.name()).map_err(|error| error.to_string())
}
