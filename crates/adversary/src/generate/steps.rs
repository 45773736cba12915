//! What happens in a week: what owners, operators, machines and AWS do now and then, and what each does at the worst
//! moment.

use simian_sim::Chance;

use super::{in_hours, number, pick, setup, some_group};
use crate::scenario::{Place, Port, Setup, Side, Step, What, When};

/// What kinds of trouble a week has. Few at a time: what stops everything hides everything else.
#[expect(clippy::struct_excessive_bools, reason = "each is there or not")]
struct Mood {
    machines: bool,
    clocks: bool,
    replicas: bool,
    ledger: bool,
    sinks: bool,
    operators: bool,
    owners: bool,
    market: bool,
    config: bool,
    game_days: bool,
}

pub(super) fn draw(setup: &Setup, chance: &mut Chance) -> Vec<Step> {
    let mut on = |share: f64| chance.hit(share);
    let mood = Mood {
        machines: on(0.5),
        clocks: on(0.12),
        replicas: on(0.15),
        ledger: on(0.2),
        sinks: on(0.25),
        operators: on(0.3),
        owners: on(0.7),
        market: on(0.6),
        config: on(0.25),
        game_days: on(0.5),
    };
    let mut steps = Vec::new();
    let mut at = |what, chance: &mut Chance| steps.push(Step { when: When::At(in_hours(setup, chance)), what });
    for n in 0..number(chance, 1, 4) {
        if mood.game_days {
            at(What::GameDay { id: n }, chance);
        }
        if mood.operators {
            at(pause(setup, chance), chance);
            at(What::Resume { first_run: chance.hit(0.5) }, chance);
        }
        if mood.operators && setup.policy.brake {
            at(What::Brake { pulled: true }, chance);
            at(What::Brake { pulled: false }, chance);
        }
        if mood.config {
            at(config(setup, chance), chance);
        }
        if mood.replicas {
            at(What::Replica, chance);
        }
        if mood.clocks {
            at(clock(&OFF, chance), chance);
            at(What::ClockOff { replica: 0, seconds: 0 }, chance);
        }
        for _ in 0..3 {
            if mood.owners {
                at(owner(setup, chance), chance);
            }
            if mood.market {
                at(market(setup, chance), chance);
            }
            if mood.machines {
                at(machine(&DOWN, chance), chance);
            }
        }
        if mood.ledger {
            at(What::LedgerDown { seconds: number(chance, 5, 7200) }, chance);
        }
        if mood.sinks {
            let after = chance.index(4);
            at(What::SinkDown { seconds: number(chance, 5, 40_000), after }, chance);
        }
        if setup.policy.change_calendar {
            at(What::Calendar { open: false }, chance);
            at(What::Calendar { open: true }, chance);
        }
        if chance.hit(0.1) {
            at(What::Weather(setup::weather(setup.regions, chance)), chance);
        }
    }
    if setup.newborn {
        at(What::Resume { first_run: chance.hit(0.7) }, chance);
    }
    for _ in 0..number(chance, 2, 14) {
        worst_moment(setup, &mood, chance, &mut steps);
    }
    if mood.machines && mood.owners {
        for _ in 0..number(chance, 0, 2) {
            second_thoughts(setup, chance, &mut steps);
        }
    }
    steps
}

/// A game day at which the machine sleeps after a look, and all owners change their minds meanwhile: once after the
/// survey, so that a second look is due, and perhaps once more after that.
fn second_thoughts(setup: &Setup, chance: &mut Chance, steps: &mut Vec<Step>) {
    let from = in_hours(setup, chance);
    let id = 1000 + u32::try_from(steps.len()).unwrap_or(0);
    steps.push(Step { when: When::At(from), what: What::GameDay { id } });
    let mut sleeps = vec![Port::Survey];
    if chance.hit(0.6) {
        sleeps.push(*pick(chance, &[Port::Named, Port::Named, Port::Calendar, Port::Claim]));
    }
    for (n, port) in sleeps.iter().enumerate() {
        let mut at =
            |what| steps.push(Step { when: When::Call { from, port: *port, nth: 1, side: Side::After }, what });
        at(What::Sleep { replica: 0, seconds: *pick(chance, &[31, 40, 300, 4000]) });
        if n + 1 < sleeps.len() {
            continue;
        }
        let (key, value) = match chance.below(3) {
            0 => ("simian:chaos", "off".to_owned()),
            1 => (
                "simian:veto",
                format!(
                    "{} {}",
                    setup.start,
                    setup.start.iter_days().take(8).map(|day| day.to_string()).collect::<Vec<_>>().join(" ")
                ),
            ),
            _ => setup::detail(chance),
        };
        for group in &setup.groups {
            let (region, group) = (group.region, group.name.clone());
            at(What::Tag { region, group, key: key.to_owned(), value: Some(value.clone()) });
        }
    }
}

/// Something at a call. A game day at the same time makes sure that there is one that acts.
fn worst_moment(setup: &Setup, mood: &Mood, chance: &mut Chance, steps: &mut Vec<Step>) {
    let from = in_hours(setup, chance);
    if chance.hit(0.5) && mood.game_days {
        steps.push(Step {
            when: When::At(from),
            what: What::GameDay { id: 100 + u32::try_from(steps.len()).unwrap_or(0) },
        });
    }
    let ports = [
        Port::Survey,
        Port::Named,
        Port::Calendar,
        Port::Act,
        Port::Act,
        Port::Claim,
        Port::Claim,
        Port::Intent,
        Port::Intent,
        Port::Outcome,
        Port::Pauses,
        Port::Commit,
        Port::Publish,
        Port::Advance,
        Port::Instances,
    ];
    let port = *pick(chance, &ports);
    let side = if chance.hit(0.6) { Side::After } else { Side::Before };
    let common = matches!(port, Port::Survey | Port::Commit | Port::Publish | Port::Advance | Port::Pauses);
    let nth = if common { number(chance, 1, 20) } else { number(chance, 1, 2) };
    let mut at = |what| steps.push(Step { when: When::Call { from, port, nth, side }, what });
    // Between its last look at the pauses and the call no program can be interrupted by anything but its machine.
    let last_look = port == Port::Pauses && side == Side::After;
    match chance.below(10) {
        0..=2 if mood.machines => {
            let least = if last_look { 61 } else { 1 };
            at(What::Sleep { replica: 0, seconds: *pick(chance, &[31, 35, 45, 90, 600, 4000]).max(&least) });
            if mood.owners && !last_look {
                at(owner(setup, chance));
                at(owner(setup, chance));
            }
        }
        3 | 4 if mood.machines => {
            at(What::Crash { replica: 0, polls: number(chance, 0, 6), down: number(chance, 1, 4000) });
        }
        5 if mood.operators && !last_look => at(pause(setup, chance)),
        6 if mood.ledger => at(What::LedgerDown { seconds: number(chance, 1, 3000) }),
        7 if mood.market => at(market(setup, chance)),
        8 if mood.operators && setup.policy.brake && !last_look => at(What::Brake { pulled: true }),
        9 if setup.policy.change_calendar => at(What::Calendar { open: chance.hit(0.3) }),
        _ if mood.owners => at(owner(setup, chance)),
        _ => {}
    }
}

fn pause(setup: &Setup, chance: &mut Chance) -> What {
    What::Pause {
        region: chance.hit(0.3).then(|| chance.index(setup.regions)),
        monkey: chance.hit(0.2).then(|| (*pick(chance, &["chaos", "latency"])).to_owned()),
        minutes: chance.hit(0.6).then(|| number(chance, 1, 600)),
        unit: None,
    }
}

/// How far a clock is off in a week, and for how long a machine is not there, in seconds.
const OFF: [u32; 7] = [20, 50, 59, 65, 120, 3_600, 20_000];
const DOWN: [u32; 6] = [1, 20, 61, 600, 3_600, 20_000];

/// A clock is set ahead or back.
pub(crate) fn clock(off: &[u32], chance: &mut Chance) -> What {
    let seconds = i64::from(*pick(chance, off));
    What::ClockOff { replica: 0, seconds: if chance.hit(0.5) { seconds } else { -seconds } }
}

/// A machine sleeps, or its process ends.
pub(crate) fn machine(down: &[u32], chance: &mut Chance) -> What {
    let replica = chance.index(2);
    let seconds = *pick(chance, down);
    match chance.below(4) {
        0 => What::Sleep { replica, seconds },
        1 => What::Stop { replica, down: seconds },
        _ => What::Crash { replica, polls: number(chance, 0, 30), down: seconds },
    }
}

fn config(setup: &Setup, chance: &mut Chance) -> What {
    let mut policy = setup.policy.clone();
    let other = setup::policy(setup.start, chance);
    match chance.below(6) {
        0 => (policy.open, policy.close) = (other.open, other.close),
        1 => policy.live = !policy.live,
        2 => policy.budgets = other.budgets,
        3 => policy.freezes = other.freezes,
        4 => (policy.mean_days, policy.min_days, policy.veto) = (other.mean_days, other.min_days, other.veto),
        _ => {
            (policy.healthy_floor, policy.zone_floor, policy.days) =
                (other.healthy_floor, other.zone_floor, other.days);
        }
    }
    What::Config(Box::new(policy))
}

fn owner(setup: &Setup, chance: &mut Chance) -> What {
    let (region, group) = some_group(setup, chance);
    let tag = |key: &str, value: Option<String>| What::Tag { region, group: group.clone(), key: key.to_owned(), value };
    match chance.below(12) {
        0 | 1 => tag("simian:chaos", Some("off".into())),
        2 => tag("simian:chaos", None),
        3 | 4 => tag("simian:chaos", Some("on".into())),
        5 => {
            let day = setup.start + chrono::Days::new(chance.below(7));
            tag("simian:veto", Some(day.to_string()))
        }
        6 => tag("simian:veto", None),
        7 | 8 => {
            let (key, value) = setup::detail(chance);
            tag(key, Some(value))
        }
        9 => {
            let (key, _) = setup::detail(chance);
            tag(key, None)
        }
        10 => What::Deploy { region, group, retire: number(chance, 5, 120) },
        _ => What::Scale { region, group, desired: number(chance, 0, 8) },
    }
}

fn market(setup: &Setup, chance: &mut Chance) -> What {
    let (region, group) = some_group(setup, chance);
    let on = chance.hit(0.7);
    let place = Place { region, group: group.clone(), nth: chance.index(4) };
    match chance.below(14) {
        0..=2 => What::SpotLoss { region, group },
        3 => What::Kill(place),
        4 => What::StopMember(place),
        5 => What::ZoneOutage { zone: setup::zone(setup.regions, chance), minutes: number(chance, 5, 120) },
        6 => {
            let process = *pick(chance, &["Launch", "Terminate", "HealthCheck", "ReplaceUnhealthy"]);
            What::Process { region, group, process: process.to_owned(), suspended: on }
        }
        7 => What::Health(place, !on),
        8 => What::Protect(place, on),
        9 => What::Shield(place, on),
        10 => What::Standby(place, on),
        11 => What::Warm(place, on),
        12 => What::Refresh { region, group, every: number(chance, 1, 15) },
        _ if chance.hit(0.5) => What::Delete { region, group },
        _ => What::Create(setup::group(number(chance, 1, 9), setup.regions, false, chance)),
    }
}
