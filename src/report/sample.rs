//! Made-up findings, marks and scores of a week, for the tests: as many and as uneven as a real account has them.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use simian_core::{Draft, Kind, Mode};

use super::{Facts, RuleText, Severity};

/// Owners with their apps, as in the sandbox.
const APPS: [(Option<&str>, &str); 7] = [
    (Some("storefront"), "shop"),
    (Some("search"), "search"),
    (Some("payments"), "pay"),
    (Some("data"), "warehouse"),
    (Some("platform"), "edge"),
    (Some("an-owner-with-quite-a-long-name@example.com"), "notifications"),
    (None, "lab"),
];

/// Rules with their severity and how many findings each has.
const BROKEN: [(&str, u64, usize, &str); 5] = [
    ("open-to-the-world", 4, 2, "port 22 is open to 0.0.0.0/0: name the addresses that need it"),
    ("single-zone", 3, 9, "all instances are in us-east-1a: add a subnet of another zone"),
    ("old-image", 2, 31, "its image is 214 days old: bake a new one"),
    ("no-owner", 2, 6, "nobody is named by the owner tag: add it"),
    ("cooldown-too-long", 1, 14, "the default cooldown is 900 s: lower it to what the group needs"),
];

/// Rules of waste with their types, how many resources each has, and cents a month.
const WASTE: [(&str, &str, usize, u64); 5] = [
    ("unattached-volume", "volume", 214, 486),
    ("old-snapshot", "snapshot", 61, 155),
    ("idle-load-balancer", "load-balancer", 7, 1_643),
    ("unused-address", "address", 12, 365),
    ("orphaned-image", "image", 19, 88),
];

fn said(at: DateTime<Utc>, kind: Kind, monkey: &str, who: usize, target: &str) -> Draft {
    let (owner, app) = APPS[who % APPS.len()];
    Draft {
        monkey: Some(monkey.into()),
        account: "111122223333".parse().ok(),
        region: if who.is_multiple_of(3) { "eu-west-1".parse().ok() } else { "us-east-1".parse().ok() },
        owner: owner.map(str::to_owned),
        app: Some(app.to_owned()),
        target: Some(target.to_owned()),
        ..Draft::new(at, kind, Mode::Live, "")
    }
}

/// The same facts with findings, marks and scores around the time from which they are.
pub(crate) fn enrich(facts: &mut Facts, since: DateTime<Utc>) {
    let day = |n: i64| since + TimeDelta::days(n) + TimeDelta::hours(9);
    let (mut before, mut events) = (Vec::new(), Vec::new());
    for (rule, severity, n, why) in BROKEN {
        for i in 0..n {
            let group = format!("auto-scaling-group/{}-prod-v{i:03}", APPS[(i * i) % APPS.len()].1);
            let finding = |at, kind| Draft {
                target: None,
                group: Some(group.clone()),
                key: Some(format!("{rule}/{group}")),
                outcome: Some(rule.to_owned()),
                why: why.to_owned(),
                ..said(at, kind, "conformity", i * i, "")
            };
            before.push(finding(day(-20), Kind::FindingOpened).count("severity", severity));
            if i % 7 == 5 {
                events.push(finding(day(2), Kind::FindingClosed));
            }
        }
    }
    for (rule, kind, n, cents) in WASTE {
        for i in 0..n {
            let target = format!("{kind}/{}-0{:016x}", kind.get(..3).unwrap_or(kind), i * 7919);
            let who = (i * i + 3 * i) / 4;
            let mark = |at, what| {
                let mark = said(at, what, "janitor", who, &target);
                let why = "nothing has used it for 41 days".to_owned();
                Draft { outcome: Some(rule.to_owned()), due: Some(day(9)), why, ..mark }
                    .count("cents_a_month", cents + (i as u64 * 37) % 400)
            };
            let act = |at, what, action: &str, why: &str| Draft {
                action: Some(action.to_owned()),
                why: why.to_owned(),
                ..said(at, what, "janitor", who, &target)
            };
            (if i % 3 == 0 { &mut before } else { &mut events })
                .push(mark(day(if i % 3 == 0 { -15 } else { 1 }), Kind::MarkPlaced));
            match i % 17 {
                2 | 9 => events.push(mark(day(2), Kind::MarkAnnounced)),
                3 => events.push(mark(day(3), Kind::MarkLifted)),
                6 => {
                    events.push(act(day(3), Kind::ActionDone, "save", "a snapshot was taken"));
                    events.push(act(day(4), Kind::ActionDone, "delete", "AWS accepted it"));
                }
                12 => events.push(act(day(4), Kind::ActionRefused, "delete", "AWS refused it: a policy denies it")),
                _ => {}
            }
        }
    }
    for (who, (_, app)) in APPS.into_iter().enumerate() {
        for n in -25..5_i64 {
            let wave = (n * n).unsigned_abs() % 7;
            let score = (52 + who as u64 * 7 + (n + 25).unsigned_abs() / 2 + wave).min(100);
            let checks = 40 + who as u64 * 3;
            let published = Draft {
                target: None,
                app: Some(app.to_owned()),
                ..said(day(n), Kind::ScorePublished, "conformity", who, "")
            };
            let published = published.count("checks", checks).count("failed", checks * (100 - score) / 100);
            (if n < 0 { &mut before } else { &mut events }).push(published.count("score", score));
        }
    }
    for (list, more) in [(&mut facts.before, before), (&mut facts.events, events)] {
        list.extend(more);
        list.sort_by_key(|event| event.at);
    }
}

/// What two of the rules say of themselves.
pub(crate) fn rules() -> BTreeMap<String, RuleText> {
    let text = |title: &str, why: &str, remedy: &str, severity| RuleText {
        title: title.to_owned(),
        why_it_matters: why.to_owned(),
        remedy: remedy.to_owned(),
        severity,
    };
    BTreeMap::from([
        (
            "open-to-the-world".to_owned(),
            text(
                "Close SSH to the world",
                "Whoever finds a key, or a flaw in sshd, is in.",
                "Name the addresses that need the port in the security group, or use Session Manager and no port at all.",
                Severity::Critical,
            ),
        ),
        (
            "single-zone".to_owned(),
            text(
                "Spread groups over two zones",
                "When the zone fails, all of the app does.",
                "Add subnets of other zones to the Auto Scaling group.",
                Severity::High,
            ),
        ),
    ])
}
