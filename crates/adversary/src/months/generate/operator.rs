//! What the operator of a month wants: the hours, the janitor's table.

use chrono::{Days, NaiveDate};
use simian_sim::Chance;

use crate::generate::{number, pick};
use crate::months::{JanitorSetup, KeepSetup};
use crate::scenario::{BudgetSetup, PolicySetup};

/// Dates before a clock is changed, before the holidays, and some others.
const STARTS: [(i32, u32, u32); 6] =
    [(2026, 3, 2), (2026, 10, 5), (2026, 10, 22), (2026, 11, 23), (2026, 12, 14), (2026, 6, 1)];

const ZONES: [&str; 6] =
    ["UTC", "America/Los_Angeles", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Kiritimati"];

/// Every rule, with the kind that it is about.
pub(crate) const RULES: [(&str, &str); 20] = [
    ("orphan-instance", "instance"),
    ("stopped-instance", "instance"),
    ("unattached-volume", "volume"),
    ("unused-snapshot", "snapshot"),
    ("unused-image", "image"),
    ("empty-group", "auto-scaling-group"),
    ("suspended-group", "auto-scaling-group"),
    ("unused-launch-configuration", "launch-configuration"),
    ("unused-launch-template", "launch-template"),
    ("old-template-version", "launch-template-version"),
    ("idle-balancer", "load-balancer"),
    ("idle-classic-balancer", "classic-load-balancer"),
    ("unused-target-group", "target-group"),
    ("unassociated-address", "elastic-ip"),
    ("unused-security-group", "security-group"),
    ("unused-interface", "network-interface"),
    ("unused-key-pair", "key-pair"),
    ("idle-nat-gateway", "nat-gateway"),
    ("log-group-without-retention", "log-group"),
    ("untagged", "instance"),
];

pub(super) fn draw(calm: bool, chance: &mut Chance) -> (NaiveDate, PolicySetup) {
    let (year, month, day) = *pick(chance, &STARTS);
    let start = NaiveDate::from_ymd_opt(year, month, day).unwrap_or_default() + Days::new(chance.below(7));
    (start, policy(start, calm, chance))
}

pub(super) fn policy(start: NaiveDate, calm: bool, chance: &mut Chance) -> PolicySetup {
    // In their hours, and once outside of them.
    let (open, close, cron) = match chance.below(8) {
        0 => (22 * 60, 4 * 60, "20 1,3,8 * * *"),
        1 => (0, 1440, "20 */5 * * *"),
        2 => (11 * 60, 11 * 60 + 50, "20,40 11,17 * * *"),
        3 => (9 * 60, 17 * 60, "20 * * * *"),
        4 => (9 * 60, 17 * 60, "59 10,16 * * *"),
        _ => (9 * 60, 17 * 60, "20 6,9,12,15 * * *"),
    };
    let date = |chance: &mut Chance| start + Days::new(chance.below(40));
    let mut holidays = Vec::new();
    let mut freezes = Vec::new();
    if !calm {
        holidays.extend((0..number(chance, 0, 2)).map(|_| date(chance)));
        if chance.hit(0.3) {
            let from = date(chance);
            freezes.push((from, from + Days::new(chance.below(6))));
        }
    }
    PolicySetup {
        live: chance.hit(0.88),
        monkey_live: chance.hit(0.97),
        zone: (*pick(chance, &ZONES)).to_owned(),
        open,
        close,
        days: if chance.hit(0.3) { (0..7).collect() } else { (0..5).collect() },
        holidays,
        freezes,
        change_calendar: !calm && chance.hit(0.15),
        mean_days: 5,
        min_days: 1,
        count: 1,
        cap: 1,
        mapped: None,
        budgets: BudgetSetup::default(),
        healthy_floor: 0,
        zone_floor: 0,
        cron: cron.to_owned(),
        grace: 30,
        veto: 0,
        unit: "cluster".to_owned(),
        across_regions: false,
        breaker: None,
        recovery: 15,
        never_suffixes: Vec::new(),
        except_apps: Vec::new(),
        brake: !calm && chance.hit(0.2),
        alarms: if !calm && chance.hit(0.15) { vec![crate::scenario::ALARMS[0].to_owned()] } else { Vec::new() },
        outage: !calm && chance.hit(0.1),
        faults: None,
        janitor: Some(janitor(calm, chance)),
    }
}

fn janitor(calm: bool, chance: &mut Chance) -> JanitorSetup {
    let all = chance.hit(0.5);
    let share = if all { 1.0 } else { 0.5 };
    let mut rules: Vec<String> = Vec::new();
    let mut delete: Vec<String> = Vec::new();
    for (rule, kind) in RULES {
        if chance.hit(share) {
            rules.push(rule.to_owned());
        }
        if chance.hit(if all { 0.9 } else { 0.7 }) && !delete.contains(&kind.to_owned()) {
            delete.push(kind.to_owned());
        }
    }
    if rules.is_empty() {
        rules.push("unattached-volume".to_owned());
    }
    let limit = |chance: &mut Chance, most: u32| chance.hit(0.4).then(|| number(chance, 1, most));
    JanitorSetup {
        delete_untagged: rules.iter().any(|rule| rule == "untagged") && chance.hit(0.5),
        rules,
        delete,
        age: number(chance, 1, 14),
        newest: number(chance, 1, 3),
        retention_days: number(chance, 1, 6),
        notice_days: number(chance, 1, 3),
        grace_days: number(chance, 1, 4),
        last_resort: chance.hit(0.8),
        max_marks: limit(chance, 5),
        max_deletes: limit(chance, 3),
        max_delete_percent: chance.hit(0.4).then(|| *pick(chance, &[1, 10, 50, 100])),
        keep: if !calm && chance.hit(0.4) { vec![keep(chance)] } else { Vec::new() },
    }
}

fn keep(chance: &mut Chance) -> KeepSetup {
    match chance.below(3) {
        0 => KeepSetup {
            name: Some((*pick(chance, &["vol-1*", "*-2", "ami-*", "sg-1"])).to_owned()),
            ..KeepSetup::default()
        },
        1 => KeepSetup {
            kind: Some(pick(chance, &RULES).1.to_owned()),
            name: chance.hit(0.5).then(|| "*1".to_owned()),
            tag: None,
        },
        _ => KeepSetup {
            tag: Some(("app".to_owned(), chance.hit(0.5).then(|| "sh*".to_owned()))),
            ..KeepSetup::default()
        },
    }
}
