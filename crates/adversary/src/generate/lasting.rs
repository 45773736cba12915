//! Faults that last: owners who want them, and what happens while one is there.

use std::collections::BTreeMap;

use simian_sim::Chance;

use super::{in_hours, number, pick, setup as fleet, some_group};
use crate::model::names;
use crate::scenario::{BudgetSetup, FaultSetup, Meddling, Port, Setup, Side, Step, What, When};

/// The share of the weeks in which some owners want faults that last.
const SHARE: f64 = 0.35;

/// What owners want: alone, and beside what does not last.
const WANTED: [&str; 16] = [
    "latency",
    "latency=3 terminate",
    "burn-cpu",
    "latency burn-cpu",
    "isolate",
    "isolate=2 reboot=1",
    "stop-start",
    "stop-start=3 terminate=1",
    "standby",
    "detach",
    "standby detach",
    "detach-volumes",
    "deregister",
    "deregister=2 latency=1",
    "suspend-processes",
    "suspend-processes isolate reboot terminate",
];

/// Adds them to a week, or leaves it as it is.
pub(super) fn add(setup: &mut Setup, steps: &mut Vec<Step>, chance: &mut Chance) {
    if !chance.hit(SHARE) {
        return;
    }
    let minutes = *pick(chance, &[1, 2, 5, 7, 10, 20, 30]);
    let delay = number(chance, 50, 500);
    // Dice of its own, for the same reason.
    let mut other = Chance::new(setup.seed, &["experiments"]);
    let fis = other.hit(0.4);
    let faults = Some(FaultSetup { minutes, delay, fis });
    setup.policy.faults.clone_from(&faults);
    for step in steps.iter_mut() {
        if let What::Config(policy) = &mut step.what {
            policy.faults.clone_from(&faults);
        }
    }
    if chance.hit(0.7) {
        // Cautious limits hold most of what lasts, and then nothing is there that could be left behind.
        let policy = &mut setup.policy;
        (policy.live, policy.monkey_live, policy.veto) = (true, true, 0);
        (policy.healthy_floor, policy.zone_floor, policy.min_days, policy.mean_days) = (1, 0, 1, 1);
        policy.budgets = BudgetSetup::default();
    }
    // Groups of an app want the same: of what only one of a unit's groups wants nothing is done.
    let mut by_app: BTreeMap<String, &str> = BTreeMap::new();
    for group in &mut setup.groups {
        let wanted = *by_app.entry(names::app(&group.name)).or_insert_with(|| *pick(chance, &WANTED));
        if chance.hit(0.85) {
            group.tags.insert("simian:chaos:faults".into(), wanted.to_owned());
            if wanted.contains("deregister") && group.target_group.is_none() {
                group.target_group = Some(format!("{}-web", names::cluster(&group.name)).replace(' ', "-"));
            }
        }
        if chance.hit(0.8) {
            group.tags.insert("simian:chaos".into(), "on".into());
            group.sizes.1 = group.sizes.1.max(4);
            group.sizes.2 = group.sizes.2.max(8);
        }
    }
    for group in setup.groups.iter_mut().filter(|_| fis) {
        group.spot = other.hit(0.6);
        if let Some(wanted) = group.tags.get_mut("simian:chaos:faults").filter(|_| other.hit(0.7)) {
            wanted.push_str(" spot-interruption=3");
        }
    }
    for n in 0..number(chance, 4, 12) {
        episode(setup, steps, chance, minutes, n);
    }
}

/// A person asks for everything, and something happens while faults are there.
fn episode(setup: &Setup, steps: &mut Vec<Step>, chance: &mut Chance, minutes: u32, n: u32) {
    let from = in_hours(setup, chance);
    let millis = u64::from(minutes) * 60_000;
    if chance.hit(0.6) {
        steps.push(Step { when: When::At(from), what: What::GameDay { id: 3000 + n } });
    }
    for _ in 0..number(chance, 1, 3) {
        let what = trouble(setup, chance, minutes);
        let later = from + chance.below(millis + 180_000);
        let over = over(setup, &what);
        let when = if chance.hit(0.5) {
            let ports = [
                Port::Guest,
                Port::Guest,
                Port::Answer,
                Port::Alter,
                Port::Alter,
                Port::Standing,
                Port::FaultTag,
                Port::Intent,
                Port::Outcome,
                Port::Commit,
            ];
            let (port, side) = (*pick(chance, &ports), *pick(chance, &[Side::Before, Side::After]));
            let from = if chance.hit(0.6) { from } else { later };
            When::Call { from, port, nth: number(chance, 1, 6), side }
        } else {
            When::At(later)
        };
        steps.push(Step { when, what });
        if let Some(what) = over {
            let when = When::At(later + u64::from(number(chance, 1, 40)) * 60_000);
            steps.push(Step { when, what });
        }
    }
}

fn trouble(setup: &Setup, chance: &mut Chance, minutes: u32) -> What {
    let (region, group) = some_group(setup, chance);
    let down = *pick(chance, &[1, 20, 61, 130, 600, minutes * 60, 7200]);
    let tag =
        |key: &str, value: String| What::Tag { region, group: group.clone(), key: key.into(), value: Some(value) };
    match chance.below(20) {
        0..=2 => What::Crash { replica: 0, polls: number(chance, 0, 6), down },
        3 => What::Stop { replica: 0, down },
        4 => What::Sleep { replica: 0, seconds: down },
        5 => What::LedgerDown { seconds: down.min(3000) },
        6 => What::Replica,
        7 | 8 => What::Meddle { region, how: Meddling::Silence },
        9 => What::Meddle { region, how: Meddling::LoseTags },
        10 => What::Meddle { region, how: *pick(chance, &[Meddling::Groups, Meddling::Volumes, Meddling::Serve]) },
        11 => What::Meddle { region, how: Meddling::Kill },
        12 | 13 => What::UndoFails { times: 2, done: chance.hit(0.5) },
        14 | 15 => What::Pause { region: None, monkey: None, minutes: Some(number(chance, 1, 90)), unit: None },
        16 => tag("simian:chaos", "off".into()),
        17 => {
            let days: Vec<String> = setup.start.iter_days().take(8).map(|day| day.to_string()).collect();
            tag("simian:veto", days.join(" "))
        }
        18 => What::Config(Box::new(setup.policy.clone())),
        _ => What::Weather(fleet::weather(setup.regions, chance)),
    }
}

/// What ends it again, if something does.
fn over(setup: &Setup, what: &What) -> Option<What> {
    Some(match what.clone() {
        What::Meddle { region, how: Meddling::Silence } => What::Meddle { region, how: Meddling::Answer },
        What::Tag { region, group, key, .. } if key == "simian:chaos" => {
            What::Tag { region, group, key, value: Some("on".into()) }
        }
        What::Tag { region, group, key, .. } => What::Tag { region, group, key, value: None },
        What::Weather(_) => What::Weather(setup.weather.clone()),
        What::Pause { .. } => What::Resume { first_run: false },
        _ => return None,
    })
}
