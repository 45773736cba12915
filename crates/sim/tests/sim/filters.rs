//! The lists: filtered as AWS filters, in no order, a call a page.

use proptest::prelude::*;
use simian_core::{Cloud, Group, GroupQuery};
use simian_sim::{GroupSpec, Weather, call};

use crate::world::{account, eu, us};

fn tags() -> impl Strategy<Value = Vec<(String, String)>> {
    prop::collection::vec(("[ab]{1,2}", "[xy]{1,2}"), 0..4)
}

/// As the port's documentation has it, word by word.
fn wanted(group: &Group, query: &GroupQuery) -> bool {
    match query {
        GroupQuery::Tagged { keys, values } => {
            let mut key = false;
            let mut value = false;
            for (k, v) in &group.tags {
                key |= keys.iter().any(|wanted| wanted == k);
                value |= values.iter().any(|wanted| wanted == v);
            }
            key && value
        }
        GroupQuery::Keyed(keys) => keys.iter().any(|key| group.tags.contains_key(key)),
        GroupQuery::Named(names) => names.contains(&group.name),
        GroupQuery::All => true,
    }
}

proptest! {
    #[test]
    fn filters_find_what_a_brute_force_finds(
        groups in prop::collection::vec(tags(), 0..12),
        keys in prop::collection::vec("[ab]{1,2}", 0..3),
        values in prop::collection::vec("[xy]{1,2}", 0..3),
        names in prop::collection::vec((0_usize..14).prop_map(|n| format!("g-{n}")), 0..5),
    ) {
        let (clock, account) = account(1);
        for (n, tags) in groups.into_iter().enumerate() {
            let region = if n % 3 == 0 { us() } else { eu() };
            let spec = GroupSpec::new(&region, format!("g-{n}"), 1);
            account.found(tags.into_iter().fold(spec, |spec, (key, value)| spec.tag(key, value)));
        }
        for query in [GroupQuery::Tagged { keys: keys.clone(), values }, GroupQuery::Keyed(keys), GroupQuery::Named(names)] {
            for region in [us(), eu()] {
                for _ in 0..2 {
                    let mut found = clock.drive(account.groups(&region, &query)).unwrap();
                    found.sort_by(|a, b| a.name.cmp(&b.name));
                    let mut expected: Vec<Group> = account.truth().groups().into_iter()
                        .filter(|(id, group)| id.region == region && wanted(group, &query))
                        .map(|(_, group)| group)
                        .collect();
                    expected.sort_by(|a, b| a.name.cmp(&b.name));
                    prop_assert_eq!(found, expected);
                }
            }
        }
    }
}

#[test]
fn lists_come_in_another_order_every_time_unless_told_otherwise() {
    let (clock, account) = account(1);
    for n in 0..20 {
        account.found(GroupSpec::new(&us(), format!("g-{n:02}"), 8).tag("k", "v"));
    }
    let query = GroupQuery::Keyed(vec!["k".into()]);
    let list = || clock.drive(account.groups(&us(), &query)).unwrap();
    let names = |groups: &[Group]| groups.iter().map(|group| group.name.clone()).collect::<Vec<_>>();
    let (first, second) = (list(), list());
    assert_ne!(names(&first), names(&second));
    let of = |groups: &[Group]| groups.iter().find(|group| group.name == "g-00").unwrap().members.clone();
    assert_ne!(of(&first), of(&second), "members too");
    account.set_weather(Weather { unordered: false, ..Weather::calm() });
    assert_eq!(list(), list());
    assert!(names(&list()).is_sorted());
}

#[test]
fn a_page_is_a_call() {
    let (clock, account) = account(1);
    for n in 0..250 {
        account.found(GroupSpec::new(&us(), format!("g-{n}"), 0).tag("k", "v"));
    }
    let groups = |query| clock.drive(account.groups(&us(), &query)).unwrap().len();
    assert_eq!(account.calls().get(call::GROUPS), None);
    assert_eq!(groups(GroupQuery::Keyed(vec!["k".into()])), 250);
    assert_eq!(account.calls()[call::GROUPS], 3);
    assert_eq!(groups(GroupQuery::Keyed(vec!["other".into()])), 0);
    assert_eq!(account.calls()[call::GROUPS], 4, "an empty list is a page");
    assert_eq!(groups(GroupQuery::Named((0..101).map(|n| format!("g-{n}")).collect())), 101);
    assert_eq!(account.calls()[call::GROUPS], 6);
    assert_eq!(groups(GroupQuery::Named(Vec::new())), 0);
    assert_eq!(account.calls()[call::GROUPS], 6, "who asks for nobody asks nobody");
    let log = account.call_log();
    assert_eq!(log[0].summary, "keys k");
    assert_eq!((log[2].summary.as_str(), log[2].region.clone(), log[2].answered), ("page 3", Some(us()), true));
}
