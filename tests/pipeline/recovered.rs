//! A unit that never recovers, and the person who says that it has.

use simian::control::{self, Answer, Request, Unserved};
use simian_core::{Kind, Outcome, Stage};
use simian_sim::GroupSpec;

use crate::world::{Process, World, at_once, daily, daily_in, eu, mon, tue};

/// A group that is not whole again within the week.
fn slow(group: GroupSpec) -> GroupSpec {
    group.boot(604_800..=604_800)
}

/// After their deadline: one in us-east-1, and one of the same name in each region.
fn unrecovered() -> (World, Process) {
    let world = World::new([slow(daily("cart-prod-v001")), slow(daily("shop-prod-v001"))]);
    assert!(world.cloud.found(slow(daily_in(&eu(), "shop-prod-v001"))));
    let world = world.one_minute().unlimited();
    let process = world.process();
    process.run_until(mon(10, 20));
    assert!(world.claims().iter().all(|claim| claim.stage == Stage::Unrecovered));
    assert_eq!(world.claims().len(), 3);
    (world, process)
}

const CART: &str = "111122223333/us-east-1/cluster:cart-prod";
const SHOP: &str = "111122223333/us-east-1/cluster:shop-prod";
const SHOP_EU: &str = "111122223333/eu-west-1/cluster:shop-prod";

fn say(process: &Process, units: &[&str]) -> Result<String, Unserved> {
    let units = units.iter().map(|unit| (*unit).to_owned()).collect();
    let request = Request::Recovered { why: "rebuilt by hand".into(), units };
    at_once(control::serve(&process.engine, "ann", request))
}

/// The units in full whose claims are still open.
fn open(world: &World) -> Vec<String> {
    let open = world.claims().into_iter().filter(|claim| claim.stage != Stage::Closed);
    open.map(|claim| claim.full_unit()).collect()
}

#[test]
fn a_persons_word_closes_it_and_the_next_turn_is_free() {
    let mut world = World::new([slow(daily("cart-prod-v001").tag("simian:chaos:count", "1"))]).one_minute();
    // It is one short on the next day too, and that alone would hold it.
    world.policy.disabled.insert("steady".into());
    let process = world.process();
    let mut daemon = process.daemon();
    process.on(&mut daemon, mon(20, 0));
    say(&process, &["cluster:cart-prod"]).unwrap();
    process.on(&mut daemon, tue(9, 0));
    // Three of four are left to serve, and that is enough for the floor of two.
    process.on(&mut daemon, tue(10, 1));
    assert_eq!(world.hit(), ["cart-prod", "cart-prod"]);
    world.audit();
}

#[test]
fn it_is_told_with_who_said_it_and_resets_nothing() {
    let (world, process) = unrecovered();
    let (pauses, events) = (at_once(process.engine.ledger.pauses()).unwrap(), world.events().len());
    let said = say(&process, &["cluster:cart-prod", SHOP_EU]).unwrap();
    assert_eq!(said.lines().count(), 2, "{said}");
    assert!(said.contains(&format!("{CART} counts as recovered from chaos/2026-11-23/{CART}")), "{said}");
    assert_eq!(open(&world), [SHOP]);
    let told = world.events().split_off(events);
    assert_eq!(told.len(), 2);
    for event in &told {
        let body = &event.body;
        assert_eq!((body.kind, body.actor.as_deref()), (Kind::ActionResolved, Some("ann")));
        assert_eq!(body.outcome.as_deref(), Some("done"), "how it ended is as it was");
        assert_eq!(body.why, "ann says that it has recovered: rebuilt by hand");
    }
    assert!(world.claims().iter().all(|claim| claim.outcome == Some(Outcome::Done)));
    assert_eq!(at_once(process.engine.ledger.pauses()).unwrap(), pauses, "the breaker's too");
    assert!(!pauses.is_empty());
    // Whoever watched it finds it closed, and tells no recovery.
    process.run_until(mon(11, 0));
    assert!(world.of_kind(Kind::ActionRecovered).is_empty());
    world.audit();
}

#[test]
fn another_process_may_say_it_and_the_watcher_lets_go() {
    let (world, process) = unrecovered();
    let other = world.process_on("two", process.engine.ledger.clone());
    say(&other, &[CART]).unwrap();
    assert_eq!(open(&world).len(), 2);
    process.run_until(mon(10, 30));
    assert_eq!(world.story("cart-prod").last().unwrap(), "resolved");
    world.audit();
}

#[test]
fn what_is_mistaken_is_said_with_what_there_is_and_nothing_is_done() {
    let (world, process) = unrecovered();
    let mistakes = [
        (vec!["cluster:shop-prod"], format!("`cluster:shop-prod` may be any of {SHOP_EU}, {SHOP}: write it in full")),
        (
            vec![CART, "cluster:nobody"],
            format!("`cluster:nobody` is not unrecovered; what is: {SHOP_EU}, {CART}, {SHOP}"),
        ),
        (vec!["shop-prod"], format!("`shop-prod` is not unrecovered; what is: {SHOP_EU}, {CART}, {SHOP}")),
    ];
    for (units, expected) in mistakes {
        let why = say(&process, &units).unwrap_err();
        assert_eq!(why.to_string(), expected);
        assert!(matches!(Answer::from(why), Answer::Mistaken(_)));
        assert_eq!(open(&world).len(), 3);
    }
    say(&process, &[CART, SHOP, SHOP_EU, CART]).unwrap();
    let why = say(&process, &[CART]).unwrap_err();
    assert_eq!(why.to_string(), format!("`{CART}`: no unit is unrecovered"));
}

#[test]
fn what_is_only_being_watched_is_not_for_anybody_to_close() {
    let world = World::new([slow(daily("cart-prod-v001"))]).one_minute();
    let process = world.process();
    process.run_until(mon(10, 10));
    assert_eq!(world.claim("cart-prod").stage, Stage::Watching);
    assert!(say(&process, &[CART]).is_err());
    assert_eq!(world.claim("cart-prod").stage, Stage::Watching);
}
