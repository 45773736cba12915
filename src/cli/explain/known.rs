//! What is known of a unit besides its verdicts: its groups, where its settings come from, its next turns, its past.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, NaiveDate, Utc};
use serde::Serialize;
use simian_core::{Draft, EventQuery, Kind, LedgerError, Monkey, Policy, Proposal, TagRules, Unit, View, World};

use crate::engine::Engine;

/// How many turns are foretold.
const TURNS: usize = 3;

/// How far ahead turns are looked for, in days: a quarter. What is further away may have other settings by then.
const AHEAD: u64 = 92;

/// How many of the last things that happened to it are told.
const PAST: usize = 6;

/// All of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Known {
    /// Its groups.
    pub(super) groups: Vec<GroupFigures>,
    /// Its settings, and where each comes from.
    pub(super) settings: Vec<Source>,
    /// Its next turns as the dice stand, after its cool-down; no more than [`TURNS`].
    pub(super) next_turns: Vec<NextTurn>,
    /// What happened to it, the newest first; no more than [`PAST`].
    pub(super) past: Vec<Past>,
}

/// One group in figures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct GroupFigures {
    pub(super) name: String,
    pub(super) serving: usize,
    pub(super) members: usize,
    pub(super) min: u32,
    pub(super) desired: u32,
    pub(super) max: u32,
}

/// One setting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Source {
    /// Its name, as in the config, or the tag's key.
    pub(super) name: String,
    /// What counts.
    pub(super) value: String,
    /// The tags that say it, each with its group; else the config.
    pub(super) from: String,
}

/// A turn that is to come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct NextTurn {
    /// The working day.
    pub(super) date: NaiveDate,
    /// The minute.
    pub(super) due: DateTime<Utc>,
}

/// Something that happened to the unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Past {
    /// When.
    pub(super) at: DateTime<Utc>,
    /// What.
    pub(super) kind: Kind,
    /// To whom.
    pub(super) target: Option<String>,
    /// Why, or how it went.
    pub(super) why: String,
}

/// Collects all of it for the unit of a proposal.
pub(super) async fn known(
    engine: &Engine,
    monkey: &dyn Monkey,
    policy: &Policy,
    world: &World,
    proposal: &Proposal,
) -> Result<Known, LedgerError> {
    let unit = &proposal.unit;
    Ok(Known {
        groups: groups(unit, world),
        settings: settings(unit, policy.tags_of(monkey.name()), world),
        next_turns: next_turns(engine, monkey, policy, world, unit),
        past: past(engine, world, unit).await?,
    })
}

fn groups(unit: &Unit, world: &World) -> Vec<GroupFigures> {
    let groups = unit.groups.iter().zip(unit.group_names()).filter_map(|(id, name)| Some((name, world.find(id)?)));
    groups
        .map(|(name, group)| GroupFigures {
            name,
            serving: group.serving(),
            members: group.members.len(),
            min: group.min,
            desired: group.desired,
            max: group.max,
        })
        .collect()
}

fn settings(unit: &Unit, rules: &TagRules, world: &World) -> Vec<Source> {
    let mut tags: BTreeMap<&str, Vec<(&str, &str)>> = BTreeMap::new();
    for id in &unit.groups {
        let Some(group) = world.find(id) else { continue };
        for (key, value) in &group.tags {
            let mapped = rules.mapped.as_ref().is_some_and(|(other, _)| other == key);
            if mapped || key.starts_with(&format!("{}:", rules.prefix)) {
                tags.entry(key).or_default().push((&id.name, value));
            }
        }
    }
    let opt_in = rules.opt_in_key();
    let mut out: Vec<Source> = Vec::new();
    let mut source = |name: &str, value: String, keys: &[String]| {
        let said: Vec<String> = keys
            .iter()
            .filter_map(|key| Some((key, tags.remove(key.as_str())?)))
            .flat_map(|(key, groups)| {
                groups.into_iter().map(move |(group, value)| format!("tag {key} = {value} of {group}"))
            })
            .collect();
        let from = if said.is_empty() { "config or its default".to_owned() } else { said.join("; ") };
        out.push(Source { name: name.to_owned(), value, from });
    };
    let opted_in = rules.mapped.iter().map(|(key, _)| key.clone());
    let opted_in: Vec<String> = std::iter::once(opt_in.clone()).chain(opted_in).collect();
    source("opted in", "yes".into(), &opted_in);
    let settings = &unit.settings;
    let rate = [format!("{opt_in}:mean-days"), format!("{opt_in}:probability")];
    source("mean_days", settings.mean_days.to_string(), &rate);
    source("min_days", settings.min_days.to_string(), &[format!("{opt_in}:min-days")]);
    source("faults", settings.faults.to_string(), &[format!("{opt_in}:faults")]);
    // What else the owner says, in the owner's words.
    for (key, groups) in tags {
        for (group, value) in groups {
            out.push(Source { name: key.to_owned(), value: value.to_owned(), from: format!("tag of {group}") });
        }
    }
    out
}

/// The days on which the coin shows its turn and the cool-down lets it. Each counts as acted on for the next.
fn next_turns(engine: &Engine, monkey: &dyn Monkey, policy: &Policy, world: &World, unit: &Unit) -> Vec<NextTurn> {
    let (calendar, full) = (&policy.calendar, unit.id.full());
    // The unit alone: the others' coins are theirs.
    let mut alone = world.clone();
    alone.requests.clear();
    for (scope, fleet) in &mut alone.fleets {
        if let View::Known(groups) = &mut fleet.groups {
            groups.retain(|name, _| unit.has_group(&scope.region, name));
        }
    }
    let now = engine.clock.now();
    let today = calendar.day_at(now).date;
    let mut last = world.history.last_action.get(&full).copied();
    let mut turns = Vec::new();
    for date in (0..AHEAD).filter_map(|ahead| today.checked_add_days(Days::new(ahead))) {
        let rests =
            |last| calendar.nth_working_day_after(last, unit.settings.min_days).is_none_or(|again| date < again);
        if last.is_some_and(rests) {
            continue;
        }
        let outlook = monkey.propose(&alone, &calendar.day(date), &engine.dice);
        let turn = outlook.proposals.iter().find(|turn| turn.unit.id == unit.id && now < turn.expires);
        if let Some(turn) = turn {
            turns.push(NextTurn { date, due: turn.due });
            last = Some(date);
        }
        if turns.len() == TURNS {
            break;
        }
    }
    turns
}

async fn past(engine: &Engine, world: &World, unit: &Unit) -> Result<Vec<Past>, LedgerError> {
    let kinds = [
        Kind::ActionDone,
        Kind::ActionRehearsed,
        Kind::ActionFailed,
        Kind::ActionRefused,
        Kind::ActionAbandoned,
        Kind::ActionResolved,
        Kind::ActionMissed,
        Kind::ActionRecovered,
        Kind::ActionUnrecovered,
    ];
    let query = EventQuery {
        kinds: kinds.to_vec(),
        mode: Some(world.mode),
        account: Some(world.area.account.clone()),
        unit: Some(unit.id.to_string()),
        newest_first: true,
        ..EventQuery::default()
    };
    let regions = unit.regions();
    let here = |body: &Draft| body.region.as_ref().is_some_and(|region| regions.contains(region));
    let events = engine.ledger.events(&query).await?.into_iter().map(|event| event.body).filter(here);
    Ok(events
        .take(PAST)
        .map(|body| Past { at: body.at, kind: body.kind, target: body.target, why: body.why })
        .collect())
}
