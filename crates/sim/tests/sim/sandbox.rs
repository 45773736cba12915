//! The sandbox's cast, its week, and that it behaves as its documentation says.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use chrono::{TimeDelta, TimeZone, Utc};
use simian_core::unit::units;
use simian_core::{Actuator, Fleet, Grouping, OptIn, Scope, TagRules, View};
use simian_sim::{GroupId, SANDBOX_ACCOUNT, SimAccount, VirtualClock, sandbox};

use crate::world::{eu, members, seconds, start, us};

fn rules() -> TagRules {
    TagRules { mapped: Some(("chaos".into(), "true".into())), ..TagRules::default() }
}

fn open(seed: u64) -> (VirtualClock, SimAccount) {
    let clock = VirtualClock::new(start());
    let account = sandbox(seed, Arc::new(clock.clone()));
    (clock, account)
}

const CAST: &str = "\
eu-west-1/airflow-prod 2/2 data in mean-days=3
eu-west-1/feature-prod-v019 5/5 data in faults=terminate-gracefully mean-days=3
eu-west-1/gateway-prod-v299 4/4 platform out
eu-west-1/origin-prod-v020 4/4 media malformed maen-days=5
eu-west-1/pay-prod-v009 4/4 payments out
eu-west-1/player-prod-v130 6/6 media in mean-days=4
eu-west-1/queue-prod 4/4 platform in mean-days=4
eu-west-1/search-prod-v203 6/6 search in mean-days=4
eu-west-1/shop-prod-v017 6/6 storefront in mean-days=4
eu-west-1/suggest-prod-v066 4/4 search malformed mean-days=5 probability=0.2
eu-west-1/thumbs-prod-v055 5/5 media in probability=0.25
eu-west-1/warehouse-prod-v005 5/5 data in mean-days=2
us-east-1/auth-prod-v088 5/5 platform in mean-days=4
us-east-1/bastion 1/1 - out
us-east-1/cart-prod-v112 5/5 storefront in faults=terminate=3 terminate-gracefully=1 mean-days=4
us-east-1/config-prod-v014 4/4 platform in veto=2026-11-26
us-east-1/drm-prod-v008 4/4 media in mean-days=4
us-east-1/encoder-batch-v018 8/8 media in mean-days=3
us-east-1/fraud-prod-v021 6/6 payments in mean-days=5 min-days=3
us-east-1/gateway-prod-v301 6/6 platform in
us-east-1/indexer-prod 4/4 search in faults=terminate-gracefully
us-east-1/ledger-prod-v031 3/3 payments out
us-east-1/live-prod-v077 6/6 media in mean-days=4
us-east-1/notebook-lab-v002 2/4 data in
us-east-1/pay-lab-v003 4/4 payments malformed mean-days=often
us-east-1/pay-prod-v009 6/6 payments out
us-east-1/rank-prod-v012 6/6 search out latency=on latency:delay=200ms latency:for=10m latency:jitter=50ms latency:mean-days=1 latency:to=10.20.0.0/16:5432
us-east-1/search-prod-canary-v012 1/1 search in
us-east-1/search-prod-v203 9/9 search in mean-days=3
us-east-1/shop-prod-v041 6/6 storefront in mean-days=3
us-east-1/shop-prod-v042 3/3 storefront in mean-days=3
us-east-1/shop-staging-v044 4/4 storefront in probability=0.5
us-east-1/stream-prod-v021 4/4 data in mean-days=3
us-east-1/stream-prod-v022 4/6 data in mean-days=4
";

#[test]
fn the_cast_is_the_same_for_every_seed() {
    for seed in [0, 7] {
        let (_, account) = open(seed);
        let mut cast = String::new();
        for (id, group) in account.truth().groups() {
            let opt_in = match rules().read(&group.tags) {
                OptIn::In(_) => "in",
                OptIn::Out => "out",
                OptIn::Malformed(_) => "malformed",
            };
            let owner = rules().owner(&group.tags).unwrap_or_else(|| "-".into());
            write!(cast, "{id} {}/{} {owner} {opt_in}", group.serving(), group.members.len()).unwrap();
            for (key, value) in &group.tags {
                let name = key.strip_prefix("simian:chaos:").or_else(|| key.strip_prefix("simian:"));
                if let Some(name) = name.filter(|name| *name != "chaos") {
                    write!(cast, " {name}={value}").unwrap();
                }
            }
            cast.push('\n');
        }
        assert_eq!(cast, CAST);
        assert_eq!(account.id().as_str(), SANDBOX_ACCOUNT);
        assert_eq!(account.regions(), [eu(), us()]);
    }
}

#[test]
fn the_same_seed_gives_the_same_instances_and_another_gives_others() {
    assert_eq!(open(7).1.truth().lives(), open(7).1.truth().lives());
    assert_ne!(open(7).1.truth().lives(), open(8).1.truth().lives());
}

/// The units that opted in, by region.
fn opted_in(account: &SimAccount) -> BTreeMap<String, f64> {
    let mut found = BTreeMap::new();
    for region in account.regions() {
        let groups = account.truth().groups().into_iter().filter(|(id, _)| id.region == region);
        let fleet = Fleet {
            groups: View::Known(groups.map(|(id, group)| (id.name, group)).collect()),
            skew: View::Unasked,
            ..Fleet::unasked(Scope { account: account.id(), region: region.clone() }, start())
        };
        let units = units([&fleet], Grouping::default(), &rules(), &simian_core::Choice::default());
        found.extend(units.opted_in.into_iter().map(|unit| (unit.id.full(), unit.settings.probability())));
    }
    found
}

#[test]
fn a_day_has_several_coins_and_stays_far_below_the_default_budgets() {
    let (_, account) = open(7);
    let small = ["airflow-prod", "search-prod-canary", "notebook-lab"];
    let mut units = opted_in(&account);
    units.retain(|unit, _| !small.iter().any(|small| unit.ends_with(small)));
    assert_eq!(units.len(), 20, "{units:?}");
    for region in account.regions() {
        let a_day: f64 = units.iter().filter(|(unit, _)| unit.contains(region.as_str())).map(|(_, p)| p).sum();
        assert!((1.5..4.5).contains(&a_day), "{region}: {a_day} a day");
    }
}

#[test]
fn exactly_one_group_is_not_back_after_a_quarter_of_an_hour() {
    for seed in [1, 2, 3] {
        let (clock, account) = open(seed);
        let mut late = Vec::new();
        let groups: Vec<GroupId> = account.truth().groups().into_keys().collect();
        for group in groups.iter().filter(|group| !group.name.starts_with("notebook")) {
            let before = account.truth().serving(group);
            let last = members(&account, group).pop().unwrap();
            clock.drive(account.terminate(&group.region, &[last])).unwrap();
            let hit = simian_core::Clock::now(&clock);
            let mut back = None;
            for minute in 1..=60 {
                clock.set(hit + TimeDelta::minutes(minute));
                if back.is_none() && account.truth().serving(group) >= before {
                    back = Some(minute);
                }
            }
            match back {
                Some(minutes) if minutes <= 7 => {}
                other => late.push((group.name.clone(), other)),
            }
        }
        let queue = late.iter().find(|(name, _)| name == "queue-prod").unwrap().1.unwrap();
        let warehouse = late.iter().find(|(name, _)| name.starts_with("warehouse")).unwrap().1.unwrap();
        assert!((12..=14).contains(&queue) && (40..=41).contains(&warehouse) && late.len() == 2, "{late:?}");
    }
}

#[test]
fn the_week_goes_as_scheduled() {
    let (clock, account) = open(7);
    let at = |day, hour, minute| Utc.with_ymd_and_hms(2026, 11, day, hour, minute, 0).unwrap();
    let names = || -> Vec<String> {
        account
            .truth()
            .groups()
            .into_keys()
            .map(|id| id.name)
            .filter(|name| name.starts_with("search-prod-v"))
            .collect()
    };
    clock.set(at(24, 11, 59));
    assert_eq!(names(), ["search-prod-v203", "search-prod-v203"]);
    clock.set(at(24, 12, 0));
    assert_eq!(names(), ["search-prod-v203", "search-prod-v203", "search-prod-v204"]);
    clock.set(at(24, 14, 0));
    assert_eq!(names(), ["search-prod-v203", "search-prod-v204"]);
    let player = GroupId::new(&eu(), "player-prod-v130");
    assert_eq!(account.truth().group(&player).unwrap().tags["simian:chaos"], "on");
    clock.set(at(25, 11, 0));
    assert_eq!(account.truth().group(&player).unwrap().tags["simian:chaos"], "off");
    assert!(!opted_in(&account).keys().any(|unit| unit.ends_with("pay-lab")));
    clock.set(at(26, 10, 0));
    assert!(opted_in(&account).keys().any(|unit| unit.ends_with("pay-lab")), "its owner mended the tag");
    clock.set(at(30, 0, 0));
    let week: Vec<_> = account.performed().into_iter().filter(|done| done.at > start()).collect();
    assert_eq!(week.len(), 3 + 1 + 2 + 2 + 1, "{week:?}");
    assert!(week.iter().all(|done| done.found));
    for (id, group) in account.truth().groups() {
        let desired = if id.name == "notebook-lab-v002" { 2 } else { group.desired as usize };
        assert_eq!(account.truth().serving(&id), desired, "{id}");
    }
}

#[test]
fn it_may_start_on_any_day() {
    for day in 0..7 {
        let clock = VirtualClock::new(start() + TimeDelta::days(day) + seconds(3600 * 5));
        let account = sandbox(1, Arc::new(clock.clone()));
        clock.jump(TimeDelta::days(8));
        assert_eq!(account.performed().len(), 6 + 9, "day {day}");
    }
}
