//! An owner's own hours: the minute is drawn within them, and where they never meet the operator's, the owner is told.

mod fleet;

use chrono::{Datelike, Timelike};
use fleet::{calendar, chaos, date, fleet, group, world};
use simian_core::{Dice, Monkey, World};

const DAILY: (&str, &str) = ("simian:chaos:mean-days", "1");

fn twenty(hours: &str) -> World {
    let tags = [DAILY, ("simian:hours", hours)];
    world([fleet("us-east-1", (0..20).map(|n| group(&format!("s{n:02}-prod-v001"), &tags)))])
}

#[test]
fn every_minute_is_within_the_owners_and_the_operators_hours() {
    let calendar = calendar(chrono_tz::UTC, "09:00", "15:00");
    let dice = Dice::new("hours");
    let world = twenty("12:00-20:00 Europe/Berlin");
    let mut hours = std::collections::BTreeSet::new();
    for date in date(2026, 11, 23).iter_days().take(5) {
        let outlook = chaos().within(calendar.clone()).propose(&world, &calendar.day(date), &dice);
        assert_eq!((outlook.proposals.len(), outlook.findings.len()), (20, 0));
        for proposal in outlook.proposals {
            // 12:00 in Berlin is 11:00 in UTC, and the operator goes home at 15:00.
            assert!((11..15).contains(&proposal.due.hour()), "{}", proposal.due);
            assert!(proposal.expires.hour() < 15 || proposal.expires.minute() == 0, "{}", proposal.expires);
            hours.insert(proposal.due.hour());
        }
    }
    assert_eq!(hours.into_iter().collect::<Vec<_>>(), [11, 12, 13, 14], "all of what is left");
}

#[test]
fn an_action_expires_with_its_owners_hours() {
    let calendar = calendar(chrono_tz::UTC, "09:00", "15:00");
    let outlook = chaos().propose(&twenty("10:00-10:05 UTC"), &calendar.day(date(2026, 11, 23)), &Dice::new("hours"));
    for proposal in outlook.proposals {
        assert_eq!(proposal.expires.to_rfc3339(), "2026-11-23T10:05:00+00:00");
    }
}

#[test]
fn a_day_without_a_common_hour_has_no_turn_and_a_year_without_one_is_a_finding() {
    let summer = calendar(chrono_tz::Europe::Berlin, "08:00", "09:00");
    let dice = Dice::new("hours");
    let look = |hours: &str, month: u32| {
        let outlook = chaos().within(summer.clone()).propose(&twenty(hours), &summer.day(date(2026, month, 16)), &dice);
        assert_eq!(outlook.proposals.len() + outlook.considered.len(), 20);
        assert!(outlook.considered.iter().all(|considered| considered.why.contains("none of its days")));
        (outlook.proposals.len(), outlook.findings.len())
    };
    // 08:00 in Berlin is 06:00 in UTC in the summer, and 07:00 in the winter.
    assert_eq!(look("06:00-07:00 UTC", 6), (20, 0));
    assert_eq!(look("06:00-07:00 UTC", 12), (0, 0), "not today, but in the summer");
    assert_eq!(look("09:00-10:00 UTC", 6), (0, 20));
    let outlook =
        chaos().within(summer.clone()).propose(&twenty("09:00-10:00 UTC"), &summer.day(date(2026, 6, 16)), &dice);
    let finding = &outlook.findings[0];
    assert_eq!((finding.rule, finding.subject.as_str()), ("hours-never", "s00-prod-v001"));
    assert!(finding.why.contains("09:00-10:00 UTC") && finding.why.contains("08:00-09:00 Europe/Berlin"));
}

#[test]
fn on_the_last_day_there_is_the_grace_ends_with_time_itself() {
    let last = chrono::NaiveDate::MAX;
    let days = simian_core::calendar::Weekdays::from_iter([last.weekday()]);
    let calendar = simian_core::Calendar { days, ..calendar(chrono_tz::UTC, "23:30", "23:59") };
    let one = world([fleet("us-east-1", [group("shop-prod-v001", &[DAILY])])]);
    let outlook = chaos().propose(&one, &calendar.day(last), &Dice::new("hours"));
    let expires: Vec<_> = outlook.proposals.iter().map(|proposal| proposal.expires).collect();
    assert_eq!(expires, [last.and_hms_opt(23, 59, 0).unwrap().and_utc()]);
}
