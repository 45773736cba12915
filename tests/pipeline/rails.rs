//! The rails of the second look, each by a real round: it holds while it is so, for that reason and no other; it lets go
//! once that is over; what cannot be read holds; and what is off, or plain without it, is not asked.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use simian_chaos::Chaos;
use simian_core::detail::{AlarmState, Lever};
use simian_core::{Clock, Event, Grouping, Kind, OutageHook, TagRules};
use simian_sim::{GroupId, Operation, SimAccount, VirtualClock, Weather, Who, call};

use crate::world::{Process, World, daily, daily_in, eu, holds, minutes, mon, rarely, rarely_in, us};

const ARN: &str = "arn:aws:elasticloadbalancing:us-east-1:111122223333:targetgroup/shop/0123456789abcdef";

/// The calls that only the second look makes.
const DETAIL: [&str; 9] = [
    call::REFRESHES,
    call::ACTIVITIES,
    call::TARGET_HEALTH,
    call::TEMPLATES,
    call::CONFIGURATIONS,
    call::IMAGES,
    call::SUBNETS,
    call::ALARMS,
    call::LEVER,
];

/// A status page that says no for a while.
pub(crate) struct Page {
    clock: VirtualClock,
    bad: Range<DateTime<Utc>>,
    pub(crate) asked: AtomicUsize,
}

#[async_trait]
impl OutageHook for Page {
    async fn ask(&self) -> Result<(), String> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        if self.bad.contains(&self.clock.now()) { Err("it says no: incident 47".into()) } else { Ok(()) }
    }
}

/// A process that asks such a page.
pub(crate) fn asking(world: &World, bad: Range<DateTime<Utc>>) -> (Process, Arc<Page>) {
    let page = Arc::new(Page { clock: world.clock.clone(), bad, asked: AtomicUsize::new(0) });
    let mut process = world.process();
    process.engine.outage = Some(page.clone());
    (process, page)
}

fn shop() -> GroupId {
    GroupId::new(&us(), "shop-prod-v001")
}

/// A balanced group that minds two alarms, the operator's and its owner's; a page is asked too.
fn minded() -> World {
    let mut world = World::new([daily("shop-prod-v001").target_group(ARN).tag("simian:alarms", "shop-latency")]);
    world.policy.alarms.names = vec!["all-5xx".into()];
    world.policy.outage = Some("the status page".into());
    world.cron = "*/5 * * * *".parse().unwrap();
    for name in ["all-5xx", "shop-latency"] {
        assert!(world.cloud.perform(alarm(name, AlarmState::Ok)));
    }
    world
}

pub(crate) fn alarm(name: &str, state: AlarmState) -> Operation {
    Operation::SetAlarm { region: us(), name: name.into(), state }
}

pub(crate) fn lever(engaged: bool) -> Operation {
    Operation::SetLever { region: us(), lever: Lever { engaged, reason: "incident 47".into() } }
}

pub(crate) fn never() -> Range<DateTime<Utc>> {
    mon(0, 0)..mon(0, 0)
}

/// The rails that held what an event tells of.
fn rails(event: &Event) -> BTreeSet<String> {
    event.body.verdicts.iter().filter(|ruling| ruling.says.holds()).map(|ruling| ruling.rail.to_string()).collect()
}

/// Spoils the world before the turn comes and mends it ten minutes after. In between this rail alone holds, saying so;
/// then it is done.
fn holds_while(
    rail: &str,
    part: &str,
    bad: impl Fn(DateTime<Utc>) -> Range<DateTime<Utc>>,
    spoil: impl Fn(&SimAccount),
    mend: impl Fn(&SimAccount),
) {
    let world = minded();
    let (process, _) = asking(&world, never());
    process.run_until(mon(8, 1));
    let due = world.due("shop-prod");
    let (process, _) = asking(&world, bad(due));
    let mut daemon = process.daemon();
    process.on(&mut daemon, due - minutes(20));
    spoil(&world.cloud);
    process.on(&mut daemon, due + minutes(10));
    assert!(world.hit().is_empty(), "{rail}: {part}");
    let held = world.of_kind(Kind::ActionHeld);
    assert_eq!(held.len(), 1, "{rail}: {part}: {held:?}");
    assert!(held[0].body.why.contains(part), "{rail}: {part}: {}", held[0].body.why);
    assert_eq!(rails(&held[0]), BTreeSet::from([rail.to_owned()]), "{part}");
    mend(&world.cloud);
    process.on(&mut daemon, due + minutes(29));
    assert_eq!(world.hit(), ["shop-prod"], "{rail}: {part}");
    drop(daemon);
    world.audit();
}

/// The same with an operation each way.
fn holds_between(rail: &str, part: &str, spoil: &[Operation], mend: &[Operation]) {
    let all = |cloud: &SimAccount, operations: &[Operation]| {
        for operation in operations {
            assert!(cloud.perform(operation.clone()), "{operation:?}");
        }
    };
    holds_while(rail, part, |_| never(), |cloud| all(cloud, spoil), |cloud| all(cloud, mend));
}

#[test]
fn steady_holds_while_a_refresh_is_under_way() {
    let spoil = [Operation::Refresh { group: shop(), every: minutes(60) }, Operation::StickRefresh(shop())];
    holds_between(
        "steady",
        "an instance refresh of shop-prod-v001 is InProgress",
        &spoil,
        &[Operation::CancelRefresh(shop())],
    );
}

#[test]
fn target_health_holds_while_too_few_answer_the_balancer() {
    let target = |healthy| {
        let one = |nth| Operation::SetTarget { target_group: ARN.into(), who: Who::Nth(shop(), nth), healthy };
        [0, 1, 2].map(one)
    };
    holds_between("target_health", "healthy targets of shop would remain", &target(false), &target(true));
    // While no balancer uses the target group, its targets say nothing.
    let used = |used| Operation::SetUsed { target_group: ARN.into(), used };
    holds_between("target_health", "would remain", &target(false), &[used(false)]);
}

#[test]
fn replacement_holds_while_there_is_nothing_to_launch_or_nowhere() {
    let images = |there| Operation::SetImages { group: shop(), there };
    holds_between("replacement", "which is not available", &[images(false)], &[images(true)]);
    let templates = |there| Operation::SetTemplates { group: shop(), there };
    holds_between("replacement", "of shop-prod-v001 is gone", &[templates(false)], &[templates(true)]);
    let addresses =
        |free| ["a", "b", "c"].map(|zone| Operation::SetAddresses { zone: format!("us-east-1{zone}"), free });
    holds_between("replacement", "have 0 free addresses", &addresses(0), &addresses(1));
}

#[test]
fn a_launch_that_failed_holds_until_one_succeeds() {
    let images = |there| Operation::SetImages { group: shop(), there };
    let scale = |desired| Operation::Scale { group: shop(), desired };
    // One more is wanted in vain, then none, and the image is back.
    let spoil = [images(false), scale(5), scale(4), images(true)];
    holds_between("replacement", "failed 20m ago: The image id '[ami-", &spoil, &[scale(5)]);
}

#[test]
fn alarms_hold_while_one_is_not_quiet_or_not_there() {
    for name in ["all-5xx", "shop-latency"] {
        for state in [AlarmState::Alarm, AlarmState::InsufficientData] {
            let says = format!("alarm {name} is {state}");
            holds_between("alarms", &says, &[alarm(name, state)], &[alarm(name, AlarmState::Ok)]);
        }
        let gone = Operation::RemoveAlarm { region: us(), name: name.into() };
        let says = format!("there is no alarm {name} here");
        holds_between("alarms", &says, &[gone], &[alarm(name, AlarmState::Ok)]);
    }
}

#[test]
fn the_safety_lever_holds_while_it_is_engaged() {
    holds_between("safety_lever", "engaged: incident 47", &[lever(true)], &[lever(false)]);
}

#[test]
fn the_outage_hook_holds_while_it_says_no() {
    let bad = |due| due - minutes(1)..due + minutes(10);
    holds_while("outage", "the status page: it says no: incident 47", bad, |_| (), |_| ());
}

#[test]
fn what_cannot_be_read_holds() {
    for (call, expected) in [
        (call::REFRESHES, ["steady"].as_slice()),
        (call::ACTIVITIES, &["steady", "replacement"]),
        (call::TARGET_HEALTH, &["target_health"]),
        (call::TEMPLATES, &["replacement"]),
        (call::IMAGES, &["replacement"]),
        (call::SUBNETS, &["replacement"]),
        (call::ALARMS, &["alarms"]),
        (call::LEVER, &["safety_lever"]),
    ] {
        let world = minded();
        let (process, _) = asking(&world, never());
        process.run_until(mon(8, 1));
        let due = world.due("shop-prod");
        world.cloud.set_weather(Weather { denied: [call].into(), ..Weather::calm() });
        process.run_until(due + minutes(10));
        assert!(world.hit().is_empty(), "{call}");
        let held = world.of_kind(Kind::ActionHeld);
        assert_eq!(rails(&held[0]), expected.iter().map(|&rail| rail.to_owned()).collect(), "{call}");
        assert!(held[0].body.why.contains(call) && held[0].body.why.contains("no permission"), "{}", held[0].body.why);
        world.cloud.set_weather(Weather::calm());
        process.run_until(due + minutes(29));
        assert_eq!(world.hit(), ["shop-prod"], "{call}");
        world.audit();
    }
}

/// How often each of these calls was made.
fn asked(world: &World, names: &[&'static str]) -> u64 {
    let calls = world.cloud.calls();
    names.iter().filter_map(|name| calls.get(name)).sum()
}

#[test]
fn what_the_survey_shows_to_be_busy_is_not_asked_about() {
    type Spoil = fn(&World);
    let spoils: [(&str, Spoil); 3] = [
        ("Launch is suspended", |world| {
            assert!(world.cloud.perform(Operation::Suspend { group: shop(), process: "Launch".into() }));
        }),
        ("is pending", |world| {
            assert!(world.cloud.perform(Operation::Scale { group: shop(), desired: 6 }));
        }),
        ("3 of 4", |world| {
            assert!(world.cloud.perform(Operation::SetHealth { who: Who::Nth(shop(), 0), healthy: false }));
        }),
    ];
    for (part, spoil) in spoils {
        let world = minded();
        world.clock.set(mon(10, 0));
        spoil(&world);
        let (process, page) = asking(&world, never());
        let closed = process.game_day("g");
        let held = &closed.held[0];
        assert_eq!(holds(&held.rulings), ["steady"], "{held:?}");
        assert!(held.held_by().unwrap().says.why().contains(part), "{held:?}");
        assert_eq!((asked(&world, &DETAIL), page.asked.load(Ordering::SeqCst)), (0, 0), "{:?}", world.cloud.calls());
    }
}

#[test]
fn a_rail_that_is_off_asks_nothing() {
    let rails: [(&[&str], &[&'static str]); 7] = [
        (&["steady"], &[call::REFRESHES]),
        (
            &["steady", "replacement"],
            &[call::REFRESHES, call::ACTIVITIES, call::TEMPLATES, call::IMAGES, call::SUBNETS],
        ),
        (&["replacement"], &[call::TEMPLATES, call::IMAGES, call::SUBNETS]),
        (&["target_health"], &[call::TARGET_HEALTH]),
        (&["alarms"], &[call::ALARMS]),
        (&["safety_lever"], &[call::LEVER]),
        (&["outage"], &[]),
    ];
    for (off, calls) in rails {
        let mut world = minded();
        world.policy.disabled = off.iter().map(|&name| name.to_owned()).collect();
        world.clock.set(mon(10, 0));
        // Whatever it would have said.
        world.cloud.set_weather(Weather { denied: calls.iter().copied().collect(), ..Weather::calm() });
        let bad = if off == ["outage"] { mon(0, 0)..mon(23, 0) } else { never() };
        let (process, page) = asking(&world, bad);
        process.game_day("g");
        assert_eq!(world.hit(), ["shop-prod"], "{off:?}: {:?}", world.of_kind(Kind::ActionHeld));
        assert_eq!(asked(&world, calls), 0, "{off:?}");
        assert_eq!(page.asked.load(Ordering::SeqCst) == 0, off == ["outage"]);
        let others = DETAIL.iter().filter(|name| !calls.contains(name) && **name != call::CONFIGURATIONS);
        for other in others {
            assert_eq!(asked(&world, &[other]), 1, "{off:?}: {other}");
        }
    }
}

#[test]
fn whom_the_second_look_holds_gives_its_place_to_the_next_in_line() {
    let mut world = World::new(["cart", "pay", "shop", "web"].map(|app| rarely(&format!("{app}-prod-v001"))));
    world.policy.budgets.per_account_day = Some(2);
    world.clock.set(mon(10, 0));
    // The first in line, and one of those whose turn that makes it.
    for cluster in ["cart", "shop"] {
        let group = GroupId::new(&us(), format!("{cluster}-prod-v001"));
        world.cloud.perform(Operation::SetImages { group, there: false });
    }
    let closed = world.process().game_day("g");
    let mut hit = world.hit();
    hit.sort();
    assert_eq!(hit, ["pay-prod", "web-prod"]);
    let held = closed.held.iter().map(|judged| judged.held_by().unwrap().rail.to_string()).collect::<Vec<_>>();
    assert_eq!(held, ["replacement", "replacement"]);
    world.audit();
}

#[test]
fn a_region_that_a_unit_only_reaches_into_is_read_too() {
    let mut elsewhere = 0;
    for busy in [GroupId::new(&us(), "shop-prod-v001"), GroupId::new(&eu(), "shop-prod-v002")] {
        let mut world = World::new([daily("shop-prod-v001"), daily_in(&eu(), "shop-prod-v002")]);
        world.cron = "*/5 * * * *".parse().unwrap();
        let mut process = world.process();
        let grouping = Grouping { across_regions: true, ..Grouping::default() };
        process.engine.monkeys = vec![Box::new(Chaos::new(grouping, minutes(30), TagRules::default()))];
        process.run_until(mon(8, 1));
        let due = world.due("shop-prod");
        world.cloud.perform(Operation::Refresh { group: busy.clone(), every: minutes(60) });
        world.cloud.perform(Operation::StickRefresh(busy.clone()));
        process.run_until(due + minutes(5));
        assert!(world.hit().is_empty());
        let held = &world.of_kind(Kind::ActionHeld)[0].body;
        assert_eq!(held.why, format!("an instance refresh of {} is InProgress", busy.name));
        let read = |call| -> BTreeSet<_> {
            let log = world.cloud.call_log().into_iter().filter(|record| record.call == call);
            log.map(|record| record.region.unwrap()).collect()
        };
        assert_eq!(read(call::REFRESHES), [us(), eu()].into());
        assert_eq!(read(call::LEVER), [held.region.clone().unwrap()].into(), "nobody acts in the other");
        elsewhere += usize::from(held.region != Some(busy.region.clone()));
        world.cloud.perform(Operation::CancelRefresh(busy));
        process.run_until(due + minutes(15));
        assert_eq!(world.hit(), ["shop-prod"]);
        world.audit();
    }
    assert!(elsewhere > 0, "it was the other region's group at least once");
}

#[test]
fn an_alarm_of_one_region_holds_nobody_in_another() {
    let mut world = World::new([rarely("shop-prod-v001"), rarely_in(&eu(), "search-prod-v001")]);
    world.policy.alarms.names = vec!["all-5xx".into()];
    world.cloud.perform(alarm("all-5xx", AlarmState::Alarm));
    world.cloud.perform(Operation::SetAlarm { region: eu(), name: "all-5xx".into(), state: AlarmState::Ok });
    world.clock.set(mon(10, 0));
    world.process().game_day("g");
    assert_eq!(world.hit(), ["search-prod"]);
    world.audit();
}
