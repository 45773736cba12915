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
fn live(mut world: World, calendar: &Calendar, from: NaiveDate, years: u32) -> Past {
    let (chaos, dice, policy) = (chaos(), Dice::new("rate"), policy(calendar));
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
