//! How often, when and whom, over years; and that the rails let through what is proposed, as long as the owner wants it.
//!
//! Everything is drawn from fixed seeds, so a test that passes once passes always. Critical values of chi-square are
//! from the NIST/SEMATECH e-Handbook of Statistical Methods, section 1.3.6.7.4, at a level of 0.001.

#![expect(clippy::cast_precision_loss, reason = "counts are small")]

mod fleet;

use std::collections::BTreeMap;

use chrono::{Datelike, TimeDelta, Timelike};
use fleet::{calendar, date, fleet, group, latency, with, world};
use simian_core::calendar::Calendar;
use simian_core::{Detail, Dice, Mode, Monkey, Policy, Proposal, Settings, TagRules, Terms, World, judge};

/// Counts of equally likely things, with the critical value for one degree of freedom less than there are.
fn uniform(what: &str, counts: &[f64], critical: f64) {
    let expected = counts.iter().sum::<f64>() / counts.len() as f64;
    assert!(expected >= 5.0, "{what}: too few for the test");
    let chi: f64 = counts.iter().map(|n| (n - expected).powi(2) / expected).sum();
    assert!(chi < critical, "{what}: {chi:.1} is more than {critical}: {counts:?}");
}

/// Twenty units, by settings.
fn twenty(settings: &[(&str, &str)]) -> World {
    world([fleet("us-east-1", (0..20).map(|n| group(&format!("s{n:02}-prod-v001"), settings)))])
}

fn policy(calendar: &Calendar) -> Policy {
    let mut policy = Policy::cautious("111122223333".parse().unwrap(), calendar.clone());
    policy.mode = Mode::Live;
    let terms = Terms { lasts: TimeDelta::minutes(5), parameters: BTreeMap::new() };
    let rules = simian_latency::tags(&TagRules::default(), Settings::default(), terms);
    policy.tags_of.insert(simian_latency::NAME.into(), rules);
    // One unit's rest is what is measured, not what all of them may do together.
    policy.disabled = ["budgets", "breaker", "candidates"].map(str::to_owned).into();
    policy
}

#[test]
fn the_mean_the_rest_the_minute_and_the_victim_are_as_promised() {
    let calendar = calendar(chrono_tz::America::Los_Angeles, "09:00", "15:00");
    let settings = [("simian:latency:mean-days", "7"), ("simian:latency:min-days", "3")];
    let (mut world, dice, policy) = (twenty(&settings), Dice::new("rate"), policy(&calendar));
    let (mut last, mut gaps): (BTreeMap<String, u32>, Vec<u32>) = (BTreeMap::new(), Vec::new());
    let (mut tens, mut victims) = (vec![0.0; 36], vec![0.0; 4]);
    let mut working = 0;
    for date in date(2026, 1, 1).iter_days().take_while(|date| date.year() < 2056) {
        let day = calendar.day(date);
        let Some(open) = day.open() else {
            assert!(latency().propose(&world, &day, &dice).proposals.is_empty(), "{date} is closed");
            continue;
        };
        working += 1;
        let outlook = latency().propose(&world, &day, &dice);
        for judged in judge(&outlook.proposals, &world, &Detail::none(), &policy, open) {
            let proposal: &Proposal = &judged.proposal;
            if let Some(held) = judged.held_by() {
                assert_eq!(held.rail, "cool_down", "{held:?}");
                continue;
            }
            assert!(day.contains(proposal.due) && proposal.due < proposal.expires, "{proposal:?}");
            let unit = proposal.unit.id.full();
            gaps.extend(last.insert(unit.clone(), working).map(|before| working - before));
            world.history.last_action.insert(unit, date);
            let local = proposal.due.with_timezone(&calendar.zone);
            tens[((local.hour() * 60 + local.minute() - 9 * 60) / 10) as usize] += 1.0;
            let id = proposal.targets[0].instance.as_str();
            victims[id[id.len() - 1..].parse::<usize>().unwrap()] += 1.0;
        }
    }
    let mean = gaps.iter().copied().map(f64::from).sum::<f64>() / gaps.len() as f64;
    assert!((mean / 7.0 - 1.0).abs() < 0.01, "a mean of {mean}");
    assert!(gaps.iter().all(|gap| *gap >= 3), "somebody was hit inside the cool-down");
    uniform("due minutes, by tens", &tens, 66.619);
    uniform("victims", &victims, 16.266);
}

#[test]
fn its_draws_are_its_own_and_nobody_elses() {
    let calendar = calendar(chrono_tz::UTC, "09:00", "15:00");
    let dice = Dice::new("rate");
    let few = world([fleet("us-east-1", (0..5).map(|n| group(&format!("s{n:02}-prod-v001"), &[])))]);
    let day = |date| calendar.day(date);
    let mut same = 0;
    for date in date(2026, 1, 1).iter_days().take(365) {
        let (few, many) =
            (latency().propose(&few, &day(date), &dice), latency().propose(&twenty(&[]), &day(date), &dice));
        same += few.proposals.len();
        assert!(few.proposals.iter().all(|proposal| many.proposals.contains(proposal)));
        // By the purposes that an audit draws again.
        for proposal in &few.proposals {
            let name = proposal.unit.id.pieces();
            assert!(dice.on("latency.coin", date).coin(&name) < proposal.unit.settings.probability());
            let minute = dice.on("latency.minute", date).below(&name, 360);
            assert_eq!(proposal.due, day(date).open().unwrap() + TimeDelta::minutes(i64::from(minute)));
            let members = (0..4).map(|n| format!("i-{}-v001-{n}", proposal.unit.id.name));
            assert_eq!(proposal.targets[0].instance.as_str(), dice.on("latency.victim", date).rank(&name, members)[0]);
        }
    }
    assert!(same > 150, "{same}");
}

#[test]
fn the_rails_hold_what_the_owner_does_not_want_any_more() {
    let calendar = calendar(chrono_tz::UTC, "09:00", "15:00");
    let date = date(2026, 11, 23);
    let daily = [("simian:latency:mean-days", "1")];
    let (world, policy, day) = (twenty(&daily), policy(&calendar), calendar.day(date));
    let outlook = latency().propose(&world, &day, &Dice::new("rate"));
    let held_by = |tags: &[(&str, &str)]| {
        let now = twenty(&[&daily, tags].concat());
        let judged = judge(&outlook.proposals, &now, &Detail::none(), &policy, day.open().unwrap());
        judged[0].held_by().map(|ruling| ruling.rail.to_string())
    };
    assert_eq!(held_by(&[]), None);
    assert_eq!(held_by(&[("simian:latency", "off")]).as_deref(), Some("opted_in"));
    assert_eq!(held_by(&[("simian:latency:delay", "1s")]).as_deref(), Some("fault"));
    assert_eq!(held_by(&[("simian:latency:for", "1m")]).as_deref(), Some("fault"));
    assert_eq!(held_by(&[("simian:latency:for", "20m")]), None, "less than is wanted by now");
    assert_eq!(held_by(&[("simian:chaos", "off")]), None, "another monkey's");
    // The operator's default is no reason, as long as both read it.
    let slow = with(&[("direction", "both")]).propose(&world, &day, &Dice::new("rate"));
    let judged = judge(&slow.proposals, &world, &Detail::none(), &policy, day.open().unwrap());
    assert_eq!(judged[0].held_by().map(|ruling| ruling.rail.to_string()).as_deref(), Some("fault"));
}
