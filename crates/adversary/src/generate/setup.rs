//! How a week begins: fleet, config, weather.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};
use simian_sim::Chance;

use super::{number, pick};
use crate::scenario::{BudgetSetup, GroupSetup, PolicySetup, REGIONS, Setup, WeatherSetup};

/// Thursdays before a Sunday on which some clock is changed, and some that are not.
const STARTS: [(i32, u32, u32); 9] = [
    (2026, 3, 5),
    (2026, 3, 26),
    (2026, 4, 2),
    (2026, 10, 1),
    (2026, 10, 22),
    (2026, 10, 29),
    (2026, 11, 23),
    (2026, 12, 28),
    (2026, 6, 1),
];

const ZONES: [&str; 11] = [
    "UTC",
    "America/Los_Angeles",
    "America/New_York",
    "Europe/Berlin",
    "Europe/London",
    "Australia/Sydney",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Pacific/Auckland",
    "Africa/Cairo",
    "Pacific/Kiritimati",
];

pub(super) fn draw(seed: u64, chance: &mut Chance) -> Setup {
    let calm = chance.hit(0.12);
    let (year, month, day) = *pick(chance, &STARTS);
    let start = NaiveDate::from_ymd_opt(year, month, day).unwrap_or_default() - Days::new(chance.below(4));
    let regions = 1 + chance.index(3).min(chance.index(3));
    let policy = if calm { calm_policy(chance) } else { policy(start, chance) };
    let groups = (0..number(chance, 2, 9)).map(|n| group(n, regions, calm, chance)).collect();
    let rough = chance.hit(0.5) && !calm;
    Setup {
        seed,
        start,
        days: 7,
        regions,
        groups,
        policy,
        weather: if rough { weather(regions, chance) } else { WeatherSetup::default() },
        newborn: !calm && chance.hit(0.08),
        sqlite: chance.hit(0.02),
        calm,
        ourselves: (!calm && chance.hit(0.2)).then_some(0),
        things: Vec::new(),
    }
}

fn minutes(chance: &mut Chance) -> (u16, u16) {
    let step = |n: u64| u16::try_from(n).unwrap_or(0);
    match chance.below(8) {
        0..=2 => (540, 900),
        3 | 4 => {
            // A short window: its ends are where mistakes are.
            let open = chance.below(1380);
            (step(open), step(open + chance.between(5, 59)))
        }
        5 | 6 => (step(chance.between(20 * 60, 23 * 60)), step(chance.between(60, 5 * 60))),
        _ => (0, 1440),
    }
}

/// What most weeks begin with; the cautious defaults are too careful to try much.
pub(super) fn policy(start: NaiveDate, chance: &mut Chance) -> PolicySetup {
    let (open, close) = minutes(chance);
    let date = |chance: &mut Chance| start + Days::new(chance.below(8));
    let limit = |chance: &mut Chance, most: u32| match chance.below(10) {
        0..=5 => None,
        6 if chance.hit(0.2) => Some(0),
        _ => Some(number(chance, 1, most)),
    };
    let freeze = date(chance);
    let cap = number(chance, 1, 4);
    let grace = *pick(chance, &[20, 30, 30, 45, 90]);
    PolicySetup {
        live: chance.hit(0.9),
        monkey_live: chance.hit(0.97),
        zone: (*pick(chance, &ZONES)).to_owned(),
        open,
        close,
        days: if chance.hit(0.5) { (0..7).collect() } else { (0..5).collect() },
        holidays: if chance.hit(0.2) { vec![date(chance)] } else { Vec::new() },
        freezes: if chance.hit(0.2) { vec![(freeze, freeze + Days::new(chance.below(3)))] } else { Vec::new() },
        change_calendar: chance.hit(0.2),
        mean_days: number(chance, 1, 3),
        min_days: if chance.hit(0.7) { 1 } else { number(chance, 1, 3) },
        count: number(chance, 1, 2).min(cap),
        cap,
        mapped: chance.hit(0.2).then(|| ("chaos".to_owned(), "true".to_owned())),
        budgets: BudgetSetup {
            unit: limit(chance, 2),
            app: limit(chance, 4),
            owner: limit(chance, 4),
            zone: limit(chance, 4),
            scope: limit(chance, 6),
            account: limit(chance, 8),
            concurrent: limit(chance, 4),
            unrecovered: limit(chance, 3),
        },
        healthy_floor: number(chance, 0, 3),
        zone_floor: number(chance, 0, 4).saturating_sub(3),
        cron: if grace < 30 { "*/15 * * * *" } else { pick(chance, &["*/20 * * * *", "*/30 * * * *"]) }.to_owned(),
        grace,
        veto: if chance.hit(0.2) { number(chance, 5, 120) } else { 0 },
        unit: (*pick(chance, &["cluster", "cluster", "cluster", "asg", "stack", "app"])).to_owned(),
        across_regions: chance.hit(0.2),
        breaker: if chance.hit(0.5) { None } else { Some(number(chance, 1, 3)) },
        recovery: *pick(chance, &[5, 15, 15, 30]),
        never_suffixes: vec!["-canary".to_owned()],
        except_apps: if chance.hit(0.2) { vec!["pay".to_owned()] } else { Vec::new() },
        brake: chance.hit(0.3),
        alarms: Vec::new(),
        outage: false,
        faults: None,
        janitor: None,
    }
}

/// Nothing in the way: what is planned is done.
fn calm_policy(chance: &mut Chance) -> PolicySetup {
    PolicySetup {
        live: chance.hit(0.8),
        monkey_live: true,
        zone: (*pick(chance, &ZONES)).to_owned(),
        open: 540,
        close: 900,
        days: (0..7).collect(),
        holidays: Vec::new(),
        freezes: Vec::new(),
        change_calendar: false,
        mean_days: number(chance, 1, 6),
        min_days: 1,
        count: 1,
        cap: 3,
        mapped: None,
        budgets: BudgetSetup::default(),
        healthy_floor: 2,
        zone_floor: 0,
        cron: "*/20 * * * *".to_owned(),
        grace: 30,
        veto: 0,
        unit: "cluster".to_owned(),
        across_regions: chance.hit(0.2),
        breaker: None,
        recovery: 15,
        never_suffixes: Vec::new(),
        except_apps: Vec::new(),
        brake: false,
        alarms: Vec::new(),
        outage: false,
        faults: None,
        janitor: None,
    }
}

pub(crate) fn weather(regions: usize, chance: &mut Chance) -> WeatherSetup {
    let mut some = |most: u32, share: f64| if chance.hit(share) { number(chance, 1, most) } else { 0 };
    let (high, stale, throttle) = (some(2500, 0.8), some(60, 0.6), some(150, 0.5));
    let (timeout_before, timeout_after) = (some(40, 0.4), some(60, 0.4));
    let (broken_before, broken_after) = (some(40, 0.4), some(60, 0.4));
    let (partial, half_batch) = (some(60, 0.4), some(300, 0.4));
    let slow = chance.hit(0.25).then(|| (chance.index(regions), number(chance, 2, 40)));
    WeatherSetup {
        latency: (high / 20, high),
        slow,
        stale,
        throttle,
        timeout_before,
        timeout_after,
        broken_before,
        broken_after,
        partial,
        half_batch,
        denied: Vec::new(),
        out: false,
    }
}

const APPS: [&str; 4] = ["shop", "cart", "pay", "search"];
const ENDS: [&str; 5] = ["-prod", "-prod", "-test", "-prod-blue", "-prod-canary"];
const OWNERS: [&str; 3] = ["ann", "ben", "eve"];

/// A group; names repeat over regions and pushes, so that units have several.
pub(super) fn group(n: u32, regions: usize, calm: bool, chance: &mut Chance) -> GroupSetup {
    let desired = if calm { number(chance, 4, 8) } else { number(chance, 1, 8) };
    let app = if calm { format!("app{n}") } else { (*pick(chance, &APPS)).to_owned() };
    let name = match chance.below(12) {
        0 if !calm => format!("{app} odd-v00{n}"),
        _ if calm => format!("{app}-prod-v001"),
        _ => format!("{app}{}-v00{n}", pick(chance, &ENDS)),
    };
    let boot = number(chance, 20, 200);
    GroupSetup {
        region: chance.index(regions),
        name,
        tags: tags(calm, chance),
        sizes: (desired / 2, desired, desired * 2),
        zones: 1 + chance.index(3),
        boot: (boot / 2, boot),
        hook: chance.hit(0.2).then(|| number(chance, 30, 600)),
        target_group: None,
        spot: false,
        launches: Vec::new(),
        age: None,
    }
}

fn tags(calm: bool, chance: &mut Chance) -> BTreeMap<String, String> {
    let mut tags = BTreeMap::new();
    let mut set = |key: &str, value: String| drop(tags.insert(key.to_owned(), value));
    if chance.hit(0.8) {
        set("owner", (*pick(chance, &OWNERS)).to_owned());
    }
    if calm {
        set("simian:chaos", "on".into());
        if chance.hit(0.5) {
            set("simian:chaos:mean-days", number(chance, 1, 5).to_string());
        }
        return tags;
    }
    match chance.below(20) {
        0 => {}
        1 => set("simian:chaos", "off".into()),
        2 => set("simian:chaos", "yes".into()),
        3 | 4 => set("chaos", "true".into()),
        _ => set("simian:chaos", "on".into()),
    }
    for _ in 0..chance.below(3) {
        let (key, value) = detail(chance);
        set(key, value);
    }
    tags
}

/// A tag beside the opt-in, such as owners set and change.
pub(super) fn detail(chance: &mut Chance) -> (&'static str, String) {
    let zone = *pick(chance, &ZONES);
    match chance.below(12) {
        0 | 1 => ("simian:chaos:mean-days", number(chance, 1, 3).to_string()),
        2 => ("simian:chaos:probability", format!("0.{}", number(chance, 3, 9))),
        3 => ("simian:chaos:min-days", number(chance, 1, 3).to_string()),
        4 => ("simian:chaos:count", number(chance, 1, 3).to_string()),
        5 => ("simian:chaos:share", "0.25".into()),
        6 => {
            ("simian:chaos:faults", (*pick(chance, &["terminate-gracefully", "reboot", "terminate=2 reboot=1"])).into())
        }
        7 | 8 => {
            let open = chance.below(24);
            ("simian:hours", format!("{open:02}:00-{:02}:30 {zone}", (open + chance.between(1, 10)) % 24))
        }
        9 => ("simian:chaos:mean-dyas", "2".into()),
        10 => ("simian:chaos:min-days", "often".into()),
        _ => ("simian:chaos:cap", number(chance, 1, 3).to_string()),
    }
}

/// A zone's name.
pub(super) fn zone(regions: usize, chance: &mut Chance) -> String {
    format!("{}{}", REGIONS[chance.index(regions)], pick(chance, &["a", "b", "c"]))
}
