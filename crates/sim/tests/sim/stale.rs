//! Stale answers are old, but never older than the weather allows, and never wrong about an end.

use std::sync::Arc;

use chrono::TimeDelta;
use proptest::prelude::*;
use simian_core::{Actuator, Clock, Cloud, Group, GroupQuery, InstanceState};
use simian_sim::{GroupSpec, Operation, VirtualClock, Weather, sandbox};

use crate::world::{account, look, members, seconds, start, us, web};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn every_answer_was_true_within_the_bound(seed: u64, stale in 1_u32..40) {
        let clock = VirtualClock::new(start());
        let account = sandbox(seed, Arc::new(clock.clone()));
        account.set_weather(Weather { seed, stale_seconds: stale, unordered: false, ..Weather::calm() });
        let names: Vec<String> = account.truth().groups().into_keys().filter(|id| id.region == us()).map(|id| id.name)
            .collect();
        let mut past: Vec<Vec<Group>> = Vec::new();
        let real = || -> Vec<Group> {
            account.truth().groups().into_iter().filter(|(id, _)| id.region == us()).map(|(_, group)| group).collect()
        };
        past.push(real());
        let mut old = 0;
        for second in 1..200_i64 {
            if second % 20 == 0 {
                let group = account.truth().groups().into_iter().filter(|(id, _)| id.region == us())
                    .nth(usize::try_from(second / 20).unwrap() * 2).unwrap().1;
                let ids: Vec<_> = group.members.iter().map(|member| member.id.clone()).take(2).collect();
                clock.drive(account.terminate(&us(), &ids)).unwrap();
            }
            clock.set(start() + seconds(second));
            let seen = clock.drive(account.groups(&us(), &GroupQuery::Named(names.clone()))).unwrap();
            past.push(real());
            let bound = past.len().saturating_sub(stale as usize + 2);
            prop_assert!(past[bound..].contains(&seen), "not true in the last {stale} s before {second}");
            old += usize::from(past.last() != Some(&seen));
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
