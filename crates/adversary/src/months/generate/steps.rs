//! What happens in a month: what owners, operators, machines and AWS do now and then, and what each does at the worst
//! moment.

use simian_core::mark::tagged_at_once;
use simian_core::{ResourceId, ResourceKind as Kind};
use simian_sim::{Chance, call};

use super::{estate, operator};
use crate::generate::{clock, in_hours, machine, number, pick, weather};
use crate::months::{Deed, MARK, Thing, Word};
use crate::scenario::{ALARMS, AlarmSays, HookSays, Port, Setup, Side, Step, WeatherSetup, What, When};

/// How far a clock is off in a month, and for how long a machine is not there, in seconds.
const OFF: [u32; 8] = [20, 50, 59, 65, 120, 3_600, 20_000, 100_000];
const DOWN: [u32; 7] = [1, 20, 61, 600, 3_600, 20_000, 200_000];

/// What kinds of trouble a month has. Few at a time: what stops everything hides everything else.
#[expect(clippy::struct_excessive_bools, reason = "each is there or not")]
struct Mood {
    machines: bool,
    clocks: bool,
    replicas: bool,
    ledger: bool,
    loss: bool,
    sinks: bool,
    operators: bool,
    config: bool,
    weather: bool,
}

pub(super) fn draw(setup: &Setup, chance: &mut Chance) -> Vec<Step> {
    let mut on = |share: f64| chance.hit(share);
    let mood = Mood {
        machines: on(0.5),
        clocks: on(0.1),
        replicas: on(0.2),
        ledger: on(0.15),
        loss: on(0.12),
        sinks: on(0.15),
        operators: on(0.35),
        config: on(0.25),
        weather: on(0.3),
    };
    let mut steps = Vec::new();
    let mut at = |what, chance: &mut Chance| steps.push(Step { when: When::At(in_hours(setup, chance)), what });
    for _ in 0..number(chance, 5, 40) {
        at(owner(setup, chance), chance);
    }
    for _ in 0..number(chance, 1, 4) {
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
            if mood.machines {
                at(machine(&DOWN, chance), chance);
            }
        }
        if mood.ledger {
            at(What::LedgerDown { seconds: number(chance, 5, 7200) }, chance);
        }
        if mood.sinks {
            at(What::SinkDown { seconds: number(chance, 5, 40_000), after: chance.index(4) }, chance);
        }
        if setup.policy.change_calendar {
            at(What::Calendar { open: false }, chance);
            at(What::Calendar { open: true }, chance);
        }
        if mood.weather {
            at(What::Weather(storm(setup, chance)), chance);
            at(What::Weather(setup.weather.clone()), chance);
        }
        for what in brakes(setup, chance) {
            at(what, chance);
        }
    }
    if mood.loss {
        at(What::Estate(Deed::LoseLedger { down: number(chance, 1, 4000) }), chance);
    }
    if mood.loss || setup.newborn {
        for _ in 0..3 {
            at(What::Resume { first_run: chance.hit(0.7) }, chance);
        }
    }
    for _ in 0..number(chance, 4, 24) {
        worst_moment(setup, &mood, chance, &mut steps);
    }
    if mood.machines {
        for _ in 0..number(chance, 1, 6) {
            second_thoughts(setup, chance, &mut steps);
        }
    }
    steps
}

/// The machine sleeps over a look, perhaps over the next one too, and in its last sleep everybody changes their minds: all
/// that was unused is used, or shared, for two hours.
fn second_thoughts(setup: &Setup, chance: &mut Chance, steps: &mut Vec<Step>) {
    let from = in_hours(setup, chance);
    let first = number(chance, 1, 12);
    let long = *pick(chance, &[100, 1000, 1000, 4000]);
    let (sleeps, shares) = match chance.below(3) {
        0 => (vec![(Port::Survey, first, long)], false),
        1 => (vec![(Port::Survey, first, 100), (Port::Survey, first + number(chance, 1, 30), long)], false),
        _ => (vec![(Port::Detail, 1, long)], true),
    };
    let mut when = When::At(from);
    for (port, nth, seconds) in sleeps {
        when = When::Call { from, port, nth, side: Side::After };
        steps.push(Step { when: when.clone(), what: What::Sleep { replica: 0, seconds } });
    }
    for thing in &setup.things {
        let (region, id) = (thing.region, thing.id.clone());
        let (begin, end) = if shares && matches!(thing.id.kind, Kind::Image | Kind::Snapshot) {
            (Deed::Share { region, id: id.clone(), on: true }, Deed::Share { region, id, on: false })
        } else if shares {
            continue;
        } else {
            let user = user(thing, chance);
            let gone = Deed::Remove { region, id: user.id.clone() };
            let end = if user.id == id { Deed::Put(thing.clone()) } else { gone };
            (Deed::Put(user), end)
        };
        steps.push(Step { when: when.clone(), what: What::Estate(begin) });
        steps.push(Step { when: When::At(from + 7_200_000), what: What::Estate(end) });
    }
}

/// What stops everything, if the operator wants it asked.
fn brakes(setup: &Setup, chance: &mut Chance) -> Vec<What> {
    let mut all = Vec::new();
    let alarm = |says| What::Alarm { region: 0, name: ALARMS[0].to_owned(), says: Some(says) };
    if !setup.policy.alarms.is_empty() {
        all.extend([alarm(AlarmSays::Loud), alarm(AlarmSays::Quiet)]);
    }
    if setup.policy.outage {
        let no = if chance.hit(0.5) { HookSays::No } else { HookSays::Silence };
        all.extend([What::Outage(no), What::Outage(HookSays::Yes)]);
    }
    if chance.hit(0.05) {
        all.extend([What::Lever { region: 0, engaged: true }, What::Lever { region: 0, engaged: false }]);
    }
    all
}

/// Something at a call, in the hours in which something is done.
fn worst_moment(setup: &Setup, mood: &Mood, chance: &mut Chance, steps: &mut Vec<Step>) {
    let from = in_hours(setup, chance);
    let ports = [
        Port::Survey,
        Port::Survey,
        Port::Detail,
        Port::Stops,
        Port::Act,
        Port::Act,
        Port::Intent,
        Port::Intent,
        Port::Outcome,
        Port::Pauses,
        Port::Commit,
        Port::Calendar,
    ];
    let port = *pick(chance, &ports);
    let side = if chance.hit(0.6) { Side::After } else { Side::Before };
    let common = matches!(port, Port::Survey | Port::Commit | Port::Pauses);
    let nth = if common { number(chance, 1, 60) } else { number(chance, 1, 2) };
    let mut at = |what| steps.push(Step { when: When::Call { from, port, nth, side }, what });
    // Between its last look at the pauses and the call no program can be interrupted by anything but its machine.
    let last_look = port == Port::Pauses && side == Side::After;
    match chance.below(10) {
        0..=3 if mood.machines => {
            let least = if last_look { 61 } else { 1 };
            at(What::Sleep { replica: 0, seconds: *pick(chance, &[31, 45, 90, 400, 4000, 90_000]).max(&least) });
            for _ in 0..3 {
                at(owner(setup, chance));
            }
        }
        4 | 5 if mood.machines => {
            at(What::Crash { replica: 0, polls: number(chance, 0, 6), down: number(chance, 1, 4000) });
        }
        6 if mood.operators && !last_look => at(pause(setup, chance)),
        7 if mood.ledger => at(What::LedgerDown { seconds: number(chance, 1, 3000) }),
        8 if setup.policy.change_calendar => at(What::Calendar { open: chance.hit(0.3) }),
        _ if !last_look => {
            for _ in 0..number(chance, 1, 3) {
                at(owner(setup, chance));
            }
        }
        _ => {}
    }
}

fn pause(setup: &Setup, chance: &mut Chance) -> What {
    let thing = pick(chance, &setup.things);
    What::Pause {
        region: chance.hit(0.2).then(|| chance.index(setup.regions)),
        monkey: chance.hit(0.2).then(|| (*pick(chance, &["chaos", "janitor", "janitor"])).to_owned()),
        minutes: chance.hit(0.6).then(|| number(chance, 1, 14_400)),
        unit: chance.hit(0.4).then(|| thing.id.to_string()),
    }
}

/// Worse weather: lists that fail, calls that are not allowed, or nothing at all.
fn storm(setup: &Setup, chance: &mut Chance) -> WeatherSetup {
    let calls = [call::RESOURCES, call::GROUPS, call::SHARED, call::TAG, call::UNTAG, call::SAVE, call::DISPOSE];
    match chance.below(4) {
        0 => WeatherSetup { denied: vec![(*pick(chance, &calls)).to_owned()], ..WeatherSetup::default() },
        1 => WeatherSetup { out: true, ..WeatherSetup::default() },
        2 => WeatherSetup {
            partial: number(chance, 50, 400),
            throttle: number(chance, 50, 400),
            ..WeatherSetup::default()
        },
        _ => weather(setup.regions, chance),
    }
}

fn config(setup: &Setup, chance: &mut Chance) -> What {
    let mut policy = setup.policy.clone();
    let other = operator::policy(setup.start, false, chance);
    let (Some(table), Some(others)) = (&mut policy.janitor, &other.janitor) else { return What::SayRecovered };
    match chance.below(6) {
        0 => policy.live = !policy.live,
        1 => table.delete.clone_from(&others.delete),
        2 => (table.max_deletes, table.max_delete_percent) = (others.max_deletes, others.max_delete_percent),
        3 => table.keep.clone_from(&others.keep),
        4 => policy.freezes.clone_from(&other.freezes),
        _ => {
            table.rules.clone_from(&others.rules);
            table.delete_untagged = others.delete_untagged;
        }
    }
    What::Config(Box::new(policy))
}

/// What somebody does to what is theirs.
fn owner(setup: &Setup, chance: &mut Chance) -> What {
    let thing = pick(chance, &setup.things).clone();
    let (region, id) = (thing.region, thing.id.clone());
    let tag = |key: &str, value: Option<String>| Deed::Tag { region, id: id.clone(), key: key.to_owned(), value };
    let deed = match chance.below(16) {
        0..=3 => Deed::Put(user(&thing, chance)),
        4 | 5 => Deed::Put(Thing { words: turned(&thing, chance), ..thing.clone() }),
        // What was said of it at first is so again.
        6 => Deed::Put(thing.clone()),
        7 => Deed::Remove { region, id: user(&thing, chance).id },
        8 => Deed::Remove { region, id },
        9 | 10 => {
            let day = setup.start + chrono::Days::new(chance.below(50));
            let values = ["forever".to_owned(), day.to_string(), day.to_string(), "until it rains".to_owned()];
            tag("simian:keep", Some(pick(chance, &values).clone()))
        }
        11 => tag("simian:keep", None),
        12 => {
            let values = ["", "never", "delete@2026-01-01 rule=unattached-volume since=2025-06-01"];
            let value = *pick(chance, &values);
            tag(MARK, (!value.is_empty()).then(|| value.to_owned()))
        }
        13 => tag("owner", chance.hit(0.5).then(|| "eve".to_owned())),
        14 => match sharable(setup, chance) {
            Some(thing) => Deed::Share { region: thing.region, id: thing.id.clone(), on: chance.hit(0.6) },
            None => tag("app", Some("shop".to_owned())),
        },
        _ => return group(setup, chance),
    };
    What::Estate(deed)
}

fn sharable<'s>(setup: &'s Setup, chance: &mut Chance) -> Option<&'s Thing> {
    let shared: Vec<&Thing> =
        setup.things.iter().filter(|thing| matches!(thing.id.kind, Kind::Image | Kind::Snapshot)).collect();
    (!shared.is_empty()).then(|| *pick(chance, &shared))
}

/// Somebody who uses it from now on. One name for one thing: done again, it is the same, and it can be removed.
fn user(thing: &Thing, chance: &mut Chance) -> Thing {
    let region = thing.region;
    let name = format!("of-{}", thing.id.id.rsplit('/').nth(1).unwrap_or(&thing.id.id));
    let by = |kind: Kind, id: String, uses: Vec<ResourceId>| Thing {
        region,
        id: ResourceId::new(kind, id),
        tags: owned(kind),
        age: Some(0),
        uses,
        words: [].into(),
    };
    let target = vec![thing.id.clone()];
    // A version beyond all others is the latest for nobody: an old one, that names what is old.
    let version = |n: u32| by(Kind::TemplateVersion, format!("lt-1:{}", 100 + n), target.clone());
    let configuration = || by(Kind::LaunchConfiguration, format!("lc-{name}"), target.clone());
    match thing.id.kind {
        Kind::Image | Kind::KeyPair => match chance.below(3) {
            0 => by(Kind::Instance, format!("i-{name}"), target),
            1 => configuration(),
            _ => version(1),
        },
        Kind::SecurityGroup => match chance.below(4) {
            0 => by(Kind::Interface, format!("eni-{name}"), target),
            1 => Thing { words: [Word::ByName].into(), ..configuration() },
            2 => by(Kind::SecurityGroup, format!("sg-{name}"), target),
            _ => version(2),
        },
        Kind::Snapshot => match chance.below(2) {
            0 => by(Kind::Volume, format!("vol-{name}"), target),
            _ => by(Kind::Image, format!("ami-{name}"), target),
        },
        Kind::Interface => match chance.below(2) {
            0 => by(Kind::Address, format!("eipalloc-{name}"), target),
            _ => version(3),
        },
        Kind::Address => by(Kind::NatGateway, format!("nat-{name}"), target),
        Kind::NatGateway => by(Kind::RouteTable, format!("rtb-{name}"), target),
        Kind::Balancer if chance.hit(0.5) => by(Kind::TargetGroup, estate::arn(region, "targetgroup", "tg-1"), target),
        Kind::Volume => Thing { uses: vec![ResourceId::new(Kind::Instance, "i-1")], ..thing.clone() },
        // What nobody points at is used by being busy.
        _ => Thing { words: turned(thing, chance), ..thing.clone() },
    }
}

/// By an owner, where there are tags.
fn owned(kind: Kind) -> std::collections::BTreeMap<String, String> {
    let owned = tagged_at_once(kind).map(|_| ("owner".to_owned(), "eve".to_owned()));
    owned.into_iter().collect()
}

/// What is true of it, with one thing the other way round.
fn turned(thing: &Thing, chance: &mut Chance) -> std::collections::BTreeSet<Word> {
    let words: &[Word] = match thing.id.kind {
        Kind::Volume | Kind::Address | Kind::Interface => &[Word::Busy, Word::Busy, Word::Managed],
        Kind::LogGroup | Kind::Balancer => &[Word::Busy],
        Kind::Instance => &[Word::Stopped, Word::Managed],
        Kind::Image => &[Word::Stopped, Word::Stopped, Word::Protected, Word::Public],
        Kind::Snapshot => &[Word::Public, Word::Unready],
        Kind::LaunchTemplate => &[Word::Managed],
        Kind::TemplateVersion => &[Word::Default],
        Kind::NatGateway => &[Word::Unready],
        _ => return thing.words.clone(),
    };
    let word = *pick(chance, words);
    let mut turned = thing.words.clone();
    if !turned.remove(&word) {
        turned.insert(word);
    }
    turned
}

fn group(setup: &Setup, chance: &mut Chance) -> What {
    if setup.groups.is_empty() {
        return What::SayRecovered;
    }
    let one = pick(chance, &setup.groups).clone();
    let (region, group) = (one.region, one.name.clone());
    let on = chance.hit(0.5);
    match chance.below(6) {
        0 | 1 => What::Scale { region, group, desired: number(chance, 0, 2).saturating_sub(1) },
        2 => What::Process { region, group, process: "Launch".to_owned(), suspended: on },
        3 => What::Tag { region, group, key: "simian:keep".to_owned(), value: on.then(|| "forever".to_owned()) },
        4 => What::Delete { region, group },
        _ => What::Create(crate::scenario::GroupSetup { age: Some(0), ..one }),
    }
}
