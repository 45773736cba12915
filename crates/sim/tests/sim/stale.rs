//! Stale answers are old, but never older than the weather allows, and never wrong about an end.

use chrono::TimeDelta;
use proptest::prelude::*;
use simian_core::{Actuator, Clock, Cloud, Group, GroupQuery, InstanceState};
use simian_sim::{GroupSpec, Operation, SimAccount, Weather};

use crate::world::{account, look, members, seconds, start, us, web};

/// Everything in us-east-1, by name.
fn real(account: &SimAccount) -> Vec<Group> {
    account.truth().groups().into_values().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn every_answer_was_true_within_the_bound(seed: u64, stale in 1_u32..40) {
        let (clock, account) = account(seed);
        for name in ["a", "b", "c"] {
            account.found(GroupSpec::new(&us(), name, 5).tag("k", "v").boot(5..=30));
        }
        account.set_weather(Weather { seed, stale_seconds: stale, unordered: false, ..Weather::calm() });
        let query = GroupQuery::Keyed(vec!["k".into()]);
        let mut past = vec![(0, real(&account))];
        let mut old = 0;
        for second in 1..=200 {
            clock.set(start() + seconds(second));
            if second % 10 == 0 {
                let group = &real(&account)[usize::try_from(second / 10).unwrap() % 3];
                clock.drive(account.terminate(&us(), std::slice::from_ref(&group.members[0].id))).unwrap();
            }
            past.push((second, real(&account)));
            let seen = clock.drive(account.groups(&us(), &query)).unwrap();
            let mut recent = past.iter().filter(|(then, _)| *then >= second - i64::from(stale) - 1);
            prop_assert!(recent.any(|(_, groups)| *groups == seen), "not true in the last {} s before {}", stale, second);
            old += usize::from(past.last().map(|(_, groups)| groups) != Some(&seen));
        }
        prop_assert!(old > 0, "some answers are old");
    }
}

#[test]
fn an_end_is_seen_late_and_never_taken_back() {
    let (clock, account, group) = web(5);
    account.set_weather(Weather { stale_seconds: 30, ..Weather::calm() });
    let ids = &members(&account, &group)[..1];
    clock.drive(account.terminate(&us(), ids)).unwrap();
    let mut seen = Vec::new();
    for second in 1..=60 {
        clock.set(start() + seconds(second));
        seen.push(clock.drive(account.instances(&us(), ids)).unwrap()[&ids[0]]);
    }
    assert!(seen[..30].contains(&InstanceState::Running), "old news");
    assert!(seen[30..].iter().all(|state| *state == InstanceState::Terminated), "not older than 30 s");
}

#[test]
fn a_new_group_is_not_seen_yet_and_a_deleted_one_is_still_seen() {
    let (clock, account) = account(2);
    account.found(GroupSpec::new(&us(), "old", 1).tag("k", "v"));
    account.set_weather(Weather { stale_seconds: 60, ..Weather::calm() });
    clock.jump(TimeDelta::hours(1));
    account.delete_group(&us(), "old");
    account.perform(Operation::CreateGroup(GroupSpec::new(&us(), "new", 1).tag("k", "v")));
    clock.jump(seconds(5));
    let query = GroupQuery::Keyed(vec!["k".into()]);
    let mut seen: Vec<String> =
        (0..50).flat_map(|_| clock.drive(account.groups(&us(), &query)).unwrap()).map(|group| group.name).collect();
    seen.sort();
    seen.dedup();
    assert_eq!(seen, ["new", "old"]);
    clock.jump(seconds(60));
    let named: Vec<_> = clock.drive(account.groups(&us(), &query)).unwrap();
    assert_eq!(named.iter().map(|group| group.name.as_str()).collect::<Vec<_>>(), ["new"]);
}

#[test]
fn a_group_that_was_always_there_is_seen_at_once() {
    let (clock, account, group) = web(1);
    account.set_weather(Weather { stale_seconds: 300, ..Weather::calm() });
    for _ in 0..20 {
        assert_eq!(clock.drive(look(&account, &group)).serving(), 6);
    }
    assert_eq!(clock.now(), start());
}
