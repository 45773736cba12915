//! The latency monkey beside chaos: what an owner's tags say is in the guest, nobody gets more than the caps, and neither
//! monkey's looks disturb the other.

use chrono::{DateTime, Utc};
use simian::daemon::Schedule;
use simian_core::{Action, Grouping, Kind, Ledger as _, Settings, Stage, TagRules, Terms};
use simian_latency::{Latency, NAME, tags};
use simian_sim::GroupSpec;

use crate::world::{Process, World, at_once, daily, minutes, mon, rarely, tue, us};

/// A group of four that wants a slow database every day.
fn slow(name: &str) -> GroupSpec {
    GroupSpec::new(&us(), name, 4)
        .tag("simian:latency", "on")
        .tag("simian:latency:mean-days", "1")
        .tag("simian:latency:delay", "200ms")
        .tag("simian:latency:loss", "0.01")
        .tag("simian:latency:to", "10.1.0.0/16:5432")
        .tag("simian:latency:for", "10m")
}

fn rules() -> TagRules {
    tags(&TagRules::default(), Settings::default(), Terms { lasts: minutes(5), parameters: [].into() })
}

fn world(groups: impl IntoIterator<Item = GroupSpec>) -> World {
    let mut world = World::new(groups);
    world.policy.tags_of.insert(NAME.into(), rules());
    // So that its minute is known.
    process(&world).run_until(mon(8, 1));
    world
}

/// So many minutes after its turn has come.
fn at(world: &World, n: i64) -> DateTime<Utc> {
    world.due("shop-prod") + minutes(n)
}

/// Both monkeys.
fn process(world: &World) -> Process {
    let mut process = world.process();
    process.engine.monkeys.push(Box::new(Latency::new(Grouping::default(), minutes(30), rules())));
    let (cron, zone) = (world.cron.clone(), chrono_tz::UTC);
    process.schedules.push(Schedule { monkey: NAME.into(), cron, zone });
    process
}

#[test]
fn an_owners_network_is_slow_for_as_long_as_he_says_and_no_longer() {
    let world = world([slow("shop-prod-v001")]);
    let process = process(&world);
    let mut daemon = process.daemon();
    process.on(&mut daemon, at(&world, 3));
    let claim = world.claim("shop-prod");
    assert_eq!((claim.claim.action, claim.claim.targets.len()), (Action::Latency, 1));
    let terms = claim.claim.terms.unwrap().to_string();
    assert_eq!(terms, "for 10m delay=200ms loss=0.01 to=10.1.0.0/16:5432");
    assert_eq!(world.cloud.guest_faults(&claim.claim.targets[0].instance).len(), 1);
    process.on(&mut daemon, at(&world, 30));
    assert!(world.cloud.guest_faults(&claim.claim.targets[0].instance).is_empty());
    assert_eq!(world.claim("shop-prod").stage, Stage::Closed);
    assert_eq!(world.hit(), [] as [&str; 0], "nobody was ended");
    drop(daemon);
    world.audit();
}

#[test]
fn who_opts_out_of_latency_is_rid_of_it_and_who_opts_out_of_chaos_is_not() {
    for (key, remains) in [("simian:latency", false), ("simian:chaos", true)] {
        let world = world([slow("shop-prod-v001")]);
        let process = process(&world);
        let mut daemon = process.daemon();
        process.on(&mut daemon, at(&world, 3));
        assert!(world.cloud.set_tag(&us(), "shop-prod-v001", key, "off"));
        process.on(&mut daemon, at(&world, 5));
        let there = world.cloud.guest_faults(&world.claim("shop-prod").claim.targets[0].instance);
        assert_eq!(!there.is_empty(), remains, "{key}");
        process.on(&mut daemon, at(&world, 30));
        drop(daemon);
        world.audit();
    }
}

#[test]
fn neither_monkeys_survey_is_a_shrunken_one_to_the_other() {
    let crowd = (0..40).map(|n| rarely(&format!("s{n:02}-prod-v001")));
    let world = world(crowd.chain([daily("cart-prod-v001"), slow("shop-prod-v001")])).unlimited();
    let process = process(&world);
    process.run_until(tue(9, 0));
    let held = world.of_kind(Kind::ActionHeld);
    assert!(held.iter().all(|event| event.body.outcome.as_deref() != Some("candidates")), "{held:?}");
    assert_eq!(world.claim("shop-prod").claim.monkey, "latency");
    assert_eq!(world.claim("cart-prod").claim.monkey, "chaos");
    world.audit();
}

#[test]
fn who_names_nobody_is_told_once_and_left_alone() {
    let named_nobody = GroupSpec::new(&us(), "shop-prod-v001", 4)
        .tag("simian:latency", "on")
        .tag("simian:latency:mean-days", "1")
        .tag("simian:latency:delay", "200ms");
    let world = world([named_nobody]);
    let process = process(&world);
    process.run_until(tue(12, 0));
    let opened = world.of_kind(Kind::FindingOpened);
    assert_eq!(opened.len(), 1);
    assert!(opened[0].body.why.contains("tag simian:latency:to: it is missing"), "{}", opened[0].body.why);
    assert!(world.claims().is_empty());
    assert!(world.of_kind(Kind::FindingClosed).is_empty());
    assert!(world.cloud.set_tag(&us(), "shop-prod-v001", "simian:latency:to", ":5432"));
    process.run_until(tue(14, 0));
    assert_eq!(world.of_kind(Kind::FindingClosed).len(), 1);
    world.audit();
}

#[test]
fn who_is_no_business_of_the_one_monkey_is_not_forgotten_by_the_other() {
    let world = world([daily("cart-prod-v001"), slow("shop-prod-v001")]).unlimited();
    let process = process(&world);
    process.run_until(tue(12, 0));
    let sights = at_once(world.ledger.sights(&world.policy.account)).unwrap();
    let dates: Vec<String> = sights.iter().map(|(unit, date)| format!("{unit} {date}")).collect();
    assert_eq!(dates, ["111122223333/us-east-1/cluster:cart-prod 2026-11-23"], "opted in to chaos, since Monday");
    world.audit();
}
