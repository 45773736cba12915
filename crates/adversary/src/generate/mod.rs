//! From a seed to a scenario.

mod brakes;
mod lasting;
mod setup;
mod steps;

pub(crate) use setup::weather;
pub(crate) use steps::{clock, machine};

use simian_sim::Chance;

use crate::scenario::{Scenario, Setup, What};

/// The week of a seed.
pub fn scenario(seed: u64) -> Scenario {
    let mut chance = Chance::new(seed, &["adversary"]);
    let mut setup = setup::draw(seed, &mut chance);
    let mut steps = if setup.calm { Vec::new() } else { steps::draw(&setup, &mut chance) };
    if !setup.calm {
        // Dice of its own: the weeks of old seeds stay what they were, and more happens in them.
        brakes::add(&mut setup, &mut steps, &mut Chance::new(seed, &["adversary", "brakes"]));
        lasting::add(&mut setup, &mut steps, &mut Chance::new(seed, &["faults"]));
    }
    // A file has one process at a time.
    setup.sqlite &= !steps.iter().any(|step| matches!(step.what, What::Replica));
    steps.sort_by_key(|step| step.when.earliest());
    Scenario { setup, steps }
}

/// One of a list.
pub(crate) fn pick<'l, T>(chance: &mut Chance, list: &'l [T]) -> &'l T {
    &list[chance.index(list.len())]
}

/// A group of the week.
fn some_group(setup: &Setup, chance: &mut Chance) -> (usize, String) {
    let group = pick(chance, &setup.groups);
    (group.region, group.name.clone())
}

/// A number in a range, both ends included.
pub(crate) fn number(chance: &mut Chance, low: u32, high: u32) -> u32 {
    u32::try_from(chance.between(low.into(), high.into())).unwrap_or(low)
}

/// An instant in the operator's hours, in milliseconds after the beginning; some other one when there is none.
pub(crate) fn in_hours(setup: &Setup, chance: &mut Chance) -> u64 {
    use chrono::{NaiveTime, TimeDelta, TimeZone};
    let policy = &setup.policy;
    let week = u64::from(setup.days) * 86_400_000;
    let zone: chrono_tz::Tz = policy.zone.parse().unwrap_or(chrono_tz::UTC);
    let begin = setup.start.and_time(NaiveTime::MIN).and_utc();
    let date = setup.start + chrono::Days::new(chance.below(setup.days.into()));
    let (open, close) = (u64::from(policy.open), u64::from(policy.close));
    let close = if close < open { close + 1440 } else { close };
    let minute = i64::try_from(chance.between(open, close)).unwrap_or(0);
    let local = date.and_time(NaiveTime::MIN) + TimeDelta::minutes(minute);
    let at = zone.from_local_datetime(&local).earliest().map(|at| (at.to_utc() - begin).num_milliseconds());
    let at = at.and_then(|at| u64::try_from(at).ok()).filter(|at| *at < week);
    at.unwrap_or_else(|| chance.below(week)) + chance.below(60_000)
}
