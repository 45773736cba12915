//! How often, when and whom: the promises of the dice, over thousands of years.
//!
//! Everything is drawn from fixed seeds, so a test that passes once passes always. Critical values of chi-square are
//! from the NIST/SEMATECH e-Handbook of Statistical Methods, section 1.3.6.7.4, at a level of 0.001.

#![expect(clippy::cast_precision_loss, clippy::cast_possible_wrap, reason = "counts are small")]

mod fleet;

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, Days, NaiveDate, TimeDelta, Timelike, Utc};
use fleet::{calendar, chaos, date, fleet, group, world};
use simian_core::calendar::{Calendar, Weekdays};
use simian_core::{Detail, Dice, Mode, Monkey, Policy, Proposal, World, judge};

/// Upper critical values at 0.001, by degrees of freedom.
const CRITICAL: [(usize, f64); 6] = [(3, 16.266), (9, 27.877), (10, 29.588), (19, 43.820), (20, 45.315), (35, 66.619)];

/// Holds counts against what was expected of each.
fn fits(what: &str, counts: &[f64], expected: &[f64]) {
    assert_eq!(counts.len(), expected.len());
    assert!(expected.iter().all(|expected| *expected >= 5.0), "{what}: too few for the test: {expected:?}");
    let chi: f64 = counts.iter().zip(expected).map(|(n, e)| (n - e).powi(2) / e).sum();
    let (_, critical) = CRITICAL.iter().find(|(freedom, _)| *freedom == counts.len() - 1).unwrap();
    assert!(chi < *critical, "{what}: {chi:.1} is more than {critical}: {counts:?}");
}

/// Counts of equally likely things.
fn uniform(what: &str, counts: &[f64]) {
    let all: f64 = counts.iter().sum();
    fits(what, counts, &vec![all / counts.len() as f64; counts.len()]);
}

/// Twenty units, by settings.
fn twenty(settings: &[(&str, &str)]) -> World {
    world([fleet("us-east-1", (0..20).map(|n| group(&format!("s{n:02}-prod-v001"), settings)))])
}

fn policy(calendar: &Calendar) -> Policy {
    let mut policy = Policy::cautious("111122223333".parse().unwrap(), calendar.clone());
    policy.mode = Mode::Live;
    // One unit's rest is what is measured, not what all of them may do together.
    policy.disabled = ["budgets", "breaker", "candidates"].map(str::to_owned).into();
    policy
}

/// What was done in so many years, and what the gaps were.
struct Past {
    done: Vec<Proposal>,
    /// Working days from one action on a unit to its next.
    gaps: Vec<u32>,
    /// How many of the twenty had their turn, by the coin alone, on each working day.
    turns: Vec<usize>,
}

/// Proposes day by day, and lets happen what the rails let pass.
fn live(world: World, calendar: &Calendar, from: NaiveDate, years: u32) -> Past {
    live_with(&chaos(), world, calendar, from, years)
}

/// The same with another monkey.
fn live_with(chaos: &simian_chaos::Chaos, mut world: World, calendar: &Calendar, from: NaiveDate, years: u32) -> Past {
    let (dice, policy) = (Dice::new("rate"), policy(calendar));
    let mut past = Past { done: Vec::new(), gaps: Vec::new(), turns: Vec::new() };
    let mut last: BTreeMap<String, u32> = BTreeMap::new();
    let mut working = 0;
    let until = from.with_year(from.year() + i32::try_from(years).unwrap()).unwrap();
    for date in from.iter_days().take_while(|date| *date < until) {
        let day = calendar.day(date);
        let Some(open) = day.open() else {
            assert!(chaos.propose(&world, &day, &dice).proposals.is_empty(), "{date} is closed");
            continue;
        };
        working += 1;
        let outlook = chaos.propose(&world, &day, &dice);
        past.turns.push(outlook.proposals.len());
        for judged in judge(&outlook.proposals, &world, &Detail::none(), &policy, open) {
            let proposal = judged.proposal.clone();
            let unit = proposal.unit.id.full();
            if let Some(held) = judged.held_by() {
                assert_eq!(held.rail, "cool_down", "{held:?}");
                continue;
            }
            assert!(day.contains(proposal.due) && proposal.due < proposal.expires, "{proposal:?}");
            assert!(proposal.expires <= day.window_at(proposal.due).unwrap().close);
            if let Some(before) = last.insert(unit.clone(), working) {
                past.gaps.push(working - before);
            }
            world.history.last_action.insert(unit, date);
            past.done.push(proposal);
        }
    }
    past
}

fn minute_of_day(due: DateTime<Utc>, calendar: &Calendar) -> u32 {
    let local = due.with_timezone(&calendar.zone);
    local.hour() * 60 + local.minute() - u32::from(calendar.hours.open)
}

fn tally(size: usize, places: impl IntoIterator<Item = usize>) -> Vec<f64> {
    let mut counts = vec![0.0; size];
    for place in places {
        counts[place] += 1.0;
    }
    counts
}

/// Two thousand unit-years of these settings: the rate, the rest, the minutes, the victims.
fn two_thousand_unit_years(mean: u32, min: u32) {
    let calendar = calendar(chrono_tz::America::Los_Angeles, "09:00", "15:00");
    let settings = [("simian:chaos:mean-days", &*mean.to_string()), ("simian:chaos:min-days", &*min.to_string())];
    let past = live(twenty(&settings), &calendar, date(2026, 1, 1), 100);
    let n = past.gaps.len() as f64;

    let measured = past.gaps.iter().map(|gap| f64::from(*gap)).sum::<f64>() / n;
    assert!((measured / f64::from(mean) - 1.0).abs() < 0.01, "a mean of {measured} instead of {mean}");
    assert!(past.gaps.iter().all(|gap| *gap >= min), "somebody was hit inside the cool-down");

    // Beyond the rest the gaps are geometric: no day remembers the one before.
    let p = 1.0 / f64::from(mean - min + 1);
    let waits = tally(20, past.gaps.iter().map(|gap| ((gap - min) as usize).min(19)));
    let geometric: Vec<f64> =
        (0..20).map(|k| if k < 19 { n * p * (1.0 - p).powi(k) } else { n * (1.0 - p).powi(k) }).collect();
    fits("gaps", &waits, &geometric);

    let minutes = past.done.iter().map(|proposal| minute_of_day(proposal.due, &calendar) as usize / 10);
    uniform("due minutes, by tens", &tally(36, minutes));
    let victims = past.done.iter().map(|proposal| {
        let id = proposal.targets[0].instance.as_str();
        id[id.len() - 1..].parse::<usize>().unwrap()
    });
    uniform("victims", &tally(4, victims));

    // On one day, twenty units are twenty coins: if one knew of another, this were no binomial.
    let days = past.turns.len() as f64;
    let choose = |k: u32| (0..k).fold(1.0, |c, i| c * f64::from(20 - i) / f64::from(i + 1));
    let mut binomial: Vec<f64> =
        (0..10).map(|k: u32| days * choose(k) * p.powi(k as i32) * (1.0 - p).powi(20 - k as i32)).collect();
    binomial.push(days - binomial.iter().sum::<f64>());
    fits("units a day", &tally(11, past.turns.iter().map(|turns| (*turns).min(10))), &binomial);
}

#[test]
fn a_mean_of_five_days_is_five_days() {
    two_thousand_unit_years(5, 1);
}

#[test]
fn a_mean_of_seven_days_with_three_of_rest_is_seven_days() {
    two_thousand_unit_years(7, 3);
}

/// When it is due, counted in open minutes from the first of its day.
fn open_minute(calendar: &Calendar, proposal: &Proposal) -> (u32, u32) {
    let day = calendar.day(proposal.date);
    let mut before = 0;
    for window in &day.windows {
        if window.contains(proposal.due) {
            let into = u32::try_from((proposal.due - window.open).num_minutes()).unwrap();
            return (before + into, day.minutes());
        }
        before += window.minutes();
    }
    panic!("{proposal:?} is outside its day");
}

#[test]
fn a_night_that_is_an_hour_longer_or_shorter_is_used_whole() {
    let mut calendar = calendar(chrono_tz::Europe::Berlin, "22:00", "04:00");
    calendar.days = [chrono::Weekday::Sat].into_iter().collect::<Weekdays>();
    let daily = twenty(&[("simian:chaos:mean-days", "1")]);
    let mut tenths: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    let (chaos, dice) = (chaos(), Dice::new("night"));
    for date in date(2026, 1, 1).iter_days().take_while(|date| date.year() < 2066) {
        let day = calendar.day(date);
        // Only the nights on which the clock is changed, and one ordinary one a month.
        if day.windows.is_empty() || (day.minutes() == 360 && date.day() > 7) {
            continue;
        }
        let outlook = chaos.propose(&daily, &day, &dice);
        assert_eq!(outlook.proposals.len(), 20, "{date}");
        for proposal in &outlook.proposals {
            assert_eq!(calendar.day_at(proposal.due).date, date, "it belongs to the day on which the window opened");
            assert!(proposal.key.as_str().contains(&date.to_string()));
            assert!(proposal.expires <= day.close().unwrap());
            let (minute, minutes) = open_minute(&calendar, proposal);
            tenths.entry(minutes).or_default().push((minute * 10 / minutes) as usize);
        }
    }
    assert_eq!(tenths.keys().copied().collect::<Vec<_>>(), [300, 360, 420]);
    for (minutes, tenths) in tenths {
        assert!(tenths.len() >= 40 * 20, "{}", tenths.len());
        uniform(&format!("nights of {minutes} minutes, by tenths"), &tally(10, tenths));
    }
}

#[test]
fn years_of_nights_keep_the_rate_and_the_window() {
    let calendar = calendar(chrono_tz::Europe::Berlin, "22:00", "04:00");
    let settings = [("simian:chaos:mean-days", "4"), ("simian:chaos:min-days", "2")];
    let past = live(twenty(&settings), &calendar, date(2026, 1, 1), 20);
    let mean = past.gaps.iter().map(|gap| f64::from(*gap)).sum::<f64>() / past.gaps.len() as f64;
    assert!((mean / 4.0 - 1.0).abs() < 0.01, "{mean}");
    let tens = past.done.iter().map(|proposal| open_minute(&calendar, proposal)).filter(|(_, of)| *of == 360);
    uniform("due minutes, by tens", &tally(36, tens.map(|(minute, _)| minute as usize / 10)));
}

#[test]
fn holidays_and_freezes_draw_nothing_and_are_no_days_of_the_rest() {
    let mut calendar = calendar(chrono_tz::UTC, "09:00", "15:00");
    let monday = date(2026, 11, 23);
    calendar.holidays.insert(monday + Days::new(1));
    let why = "year end".to_owned();
    let freeze = simian_core::calendar::Freeze { from: monday + Days::new(2), until: monday + Days::new(3), why };
    calendar.freezes.push(freeze);
    let past = live(twenty(&[("simian:chaos:mean-days", "1")]), &calendar, monday, 1);
    let on = |days: u64| past.done.iter().filter(|proposal| proposal.date == monday + Days::new(days)).count();
    assert_eq!([0, 1, 2, 3, 4, 5, 6, 7].map(on), [20, 0, 0, 0, 20, 0, 0, 20]);
    assert!(past.gaps.iter().all(|gap| *gap == 1));
}

#[test]
fn a_new_neighbour_changes_nobodys_day() {
    let calendar = calendar(chrono_tz::UTC, "09:00", "15:00");
    let (chaos, dice) = (chaos(), Dice::new("rate"));
    let few = world([fleet("us-east-1", (0..5).map(|n| group(&format!("s{n:02}-prod-v001"), &[])))]);
    let many = world([
        fleet("us-east-1", (0..20).map(|n| group(&format!("s{n:02}-prod-v001"), &[]))),
        fleet("eu-west-1", (0..5).map(|n| group(&format!("s{n:02}-prod-v001"), &[]))),
    ]);
    let (mut same, mut more) = (0, 0);
    for date in date(2026, 1, 1).iter_days().take(730) {
        let day = calendar.day(date);
        let (few, many) = (chaos.propose(&few, &day, &dice), chaos.propose(&many, &day, &dice));
        more += many.proposals.len() - few.proposals.len();
        for proposal in few.proposals {
            same += 1;
            assert!(many.proposals.contains(&proposal), "{proposal:?}");
        }
    }
    assert!(same > 400 && more > 1200, "{same} {more}");
}

#[test]
fn the_same_day_twice_is_the_same_day() {
    let calendar = calendar(chrono_tz::America::Los_Angeles, "09:00", "15:00");
    let world = twenty(&[]);
    for date in date(2026, 1, 1).iter_days().take(60) {
        let day = calendar.day(date);
        let look = |at: i64| {
            let mut world = world.clone();
            world.at += TimeDelta::minutes(at);
            chaos().propose(&world, &calendar.day(date), &Dice::new("rate"))
        };
        assert_eq!(look(0), look(300), "the hour of looking draws nothing");
        let other = chaos().propose(&world, &day, &Dice::new("another"));
        assert!(!day.is_working() || other != look(0), "and the seed draws all of it");
    }
}

#[test]
fn who_is_overdue_has_its_turn_soon_and_nobody_else_is_touched() {
    let calendar = calendar(chrono_tz::UTC, "09:00", "15:00");
    let from = date(2026, 1, 1);
    let mut world = twenty(&[("simian:chaos:mean-days", "8")]);
    world.history.first_seen = units_of(&world).map(|unit| (unit, from)).collect();
    let mandatory = chaos().mandatory(10, calendar.clone());
    let gaps = live_with(&mandatory, world.clone(), &calendar, from, 100).gaps;

    // Geometric for ten days, and then by the toss of a fair coin.
    let (n, p) = (gaps.len() as f64, 1.0 / 8.0_f64);
    let waits = tally(20, gaps.iter().map(|gap| (*gap as usize - 1).min(19)));
    let overdue = n * (1.0 - p).powi(10);
    let expected: Vec<f64> = (0..20)
        .map(|k: i32| match k {
            0..10 => n * p * (1.0 - p).powi(k),
            10..19 => overdue * 0.5_f64.powi(k - 9),
            _ => overdue * 0.5_f64.powi(9),
        })
        .collect();
    fits("gaps with mandatory turns", &waits, &expected);
    assert!(waits[19] > 0.0, "never to a certainty");

    // A higher probability is never lowered, and who was never seen is never overdue.
    let often = || {
        let mut world = twenty(&[("simian:chaos:mean-days", "1")]);
        world.history.first_seen = units_of(&world).map(|unit| (unit, from)).collect();
        world
    };
    assert_eq!(live_with(&mandatory, often(), &calendar, from, 1).gaps, live(often(), &calendar, from, 1).gaps);
    world.history.first_seen.clear();
    let unseen = live_with(&mandatory, world.clone(), &calendar, from, 5).gaps;
    assert_eq!(unseen, live(world.clone(), &calendar, from, 5).gaps);
    // An owner whose mean is longer than the limit is overdue only after that mean.
    world = twenty(&[("simian:chaos:mean-days", "40")]);
    world.history.first_seen = units_of(&world).map(|unit| (unit, from)).collect();
    let rare = live_with(&mandatory, world.clone(), &calendar, from, 20).gaps;
    let within = |gaps: &[u32]| gaps.iter().filter(|gap| **gap <= 40).copied().collect::<Vec<_>>();
    let share = within(&rare).len() as f64 / rare.len() as f64;
    assert!((share - (1.0 - (1.0 - 1.0 / 40.0_f64).powi(40))).abs() < 0.03, "{share}");
}

#[test]
fn an_overdue_units_day_says_so_from_the_first_working_day_after_the_limit() {
    let calendar = calendar(chrono_tz::UTC, "09:00", "15:00");
    let chaos = chaos().mandatory(5, calendar.clone());
    let mut world = twenty(&[]);
    // Seen on a Friday; the five working days after it end with the next Friday.
    let friday = date(2026, 11, 20);
    world.history.first_seen = units_of(&world).map(|unit| (unit, friday)).collect();
    let raised = |world: &World, date: NaiveDate| {
        let outlook = chaos.propose(world, &calendar.day(date), &Dice::new("rate"));
        let turns = outlook.proposals.iter().map(|proposal| proposal.why.clone());
        let all: Vec<String> = turns.chain(outlook.considered.into_iter().map(|considered| considered.why)).collect();
        assert_eq!(all.len(), 20);
        all.iter().filter(|why| why.contains("raised from 0.200 after 5 working days without an action")).count()
    };
    assert_eq!(raised(&world, friday + Days::new(7)), 0);
    assert_eq!(raised(&world, friday + Days::new(10)), 20);
    // The later of the two counts: an action restarts the count, an older one than the opt-in does not.
    let first = units_of(&world).next().unwrap();
    world.history.last_action.insert(first.clone(), friday + Days::new(3));
    assert_eq!(raised(&world, friday + Days::new(10)), 19);
    world.history.last_action.insert(first, friday - Days::new(30));
    assert_eq!(raised(&world, friday + Days::new(10)), 20);
}

/// The units of [`twenty`], in full.
fn units_of(world: &World) -> impl Iterator<Item = String> + use<> {
    let groups: Vec<String> = world.fleets.values().flat_map(|f| f.groups.known().unwrap().keys().cloned()).collect();
    groups.into_iter().map(|name| format!("111122223333/us-east-1/cluster:{}", name.trim_end_matches("-v001")))
}
