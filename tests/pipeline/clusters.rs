//! A cluster as it is seen on the simulated account: who carries what, and what one would do next.

use simian::observe;
use simian_core::{Cause, Name};
use simian_delivery::{Cluster, Traffic, advice};
use simian_sim::{Fault, GroupId, GroupSpec, Operation, Rule, call};

use crate::world::{World, daily, minutes, us};

const BLUE: &str = "arn:aws:elasticloadbalancing:us-east-1:111122223333:targetgroup/blue/0123456789abcdef";
const GREEN: &str = "arn:aws:elasticloadbalancing:us-east-1:111122223333:targetgroup/green/0123456789abcdef";

/// Two pushes of a cluster, each behind a target group of its own, with these weights in one rule.
fn two(blue: u32, green: u32) -> World {
    let group = |name: &str, arn: &str| daily(name).sizes(0, 4, 8).target_group(arn);
    let world = World::new([group("shop-prod-v041", BLUE), group("shop-prod-v042", GREEN), daily("cart-prod-v001")]);
    shift(&world, blue, green);
    // Until their targets are healthy.
    world.clock.set(world.now() + minutes(10));
    world
}

fn shift(world: &World, blue: u32, green: u32) {
    let targets = vec![(BLUE.to_owned(), blue), (GREEN.to_owned(), green)];
    world.cloud.set_rule(Rule { region: us(), listener: "arn:listener".into(), priority: None, targets });
}

fn seen(world: &World) -> Cluster {
    let process = world.process();
    let account = &process.engine.accounts[0];
    let mut found = world.clock.drive(observe::clusters(account, &[us()], "shop-prod"));
    let seen = found.remove(0).1.unwrap();
    assert_eq!(seen.names.iter().map(String::as_str).collect::<Vec<_>>(), ["cart-prod", "shop-prod"]);
    seen.found.unwrap()
}

fn traffic(cluster: &Cluster) -> Vec<(String, String)> {
    let one = |seen: &simian_delivery::ServerGroup| (seen.group.name.clone(), seen.traffic().to_string());
    cluster.groups.iter().map(one).collect()
}

fn pairs(all: &[(&str, &str)]) -> Vec<(String, String)> {
    all.iter().map(|(name, share)| ((*name).to_owned(), (*share).to_owned())).collect()
}

#[test]
fn a_shift_is_seen_from_its_beginning_to_its_end() {
    for (weights, newest, older, said) in [
        (
            (100, 0),
            "0 %",
            "100 %",
            vec!["shop-prod-v042 is well and gets no traffic: it could take over from shop-prod-v041"],
        ),
        ((90, 10), "10 %", "90 %", vec!["2 groups share the traffic: shop-prod-v042 10 %, shop-prod-v041 90 %"]),
        (
            (0, 100),
            "100 %",
            "0 %",
            vec!["shop-prod-v041 gets no traffic and runs 4: park it at a size of 0, or delete it"],
        ),
    ] {
        let cluster = seen(&two(weights.0, weights.1));
        assert_eq!(traffic(&cluster), pairs(&[("shop-prod-v042", newest), ("shop-prod-v041", older)]));
        assert!(cluster.groups.iter().all(|seen| seen.targets().is_some_and(|t| t.healthy == 4 && t.all == 4)));
        assert_eq!(advice(&cluster), said, "{weights:?}");
    }
    let nobody = seen(&two(0, 0));
    assert_eq!(advice(&nobody), ["no group gets any traffic; shop-prod-v042 has 4 that serve"], "nobody can be spared");
}

#[test]
fn groups_behind_one_target_group_share_it_by_their_healthy_targets() {
    let group = |name: &str, size| daily(name).sizes(0, size, 8).target_group(BLUE);
    let world = World::new([group("shop-prod-v041", 6), group("shop-prod-v042", 2), daily("cart-prod-v001")]);
    world.clock.set(world.now() + minutes(10));
    assert_eq!(traffic(&seen(&world)), pairs(&[("shop-prod-v042", "25 %"), ("shop-prod-v041", "75 %")]));
    world.cloud.perform(Operation::Scale { group: GroupId::new(&us(), "shop-prod-v041"), desired: 0 });
    world.clock.set(world.now() + minutes(10));
    let cluster = seen(&world);
    assert!(cluster.groups[1].is_parked() && advice(&cluster).is_empty(), "{:?}", advice(&cluster));
}

#[test]
fn who_does_not_heal_or_cannot_launch_is_told_of() {
    let world = two(0, 100);
    let newest = GroupId::new(&us(), "shop-prod-v042");
    world.cloud.perform(Operation::Suspend { group: newest.clone(), process: "Launch".into() });
    let members = world.cloud.truth().lives();
    let (one, _) = members.iter().find(|(_, life)| life.group == newest && life.ended.is_none()).unwrap();
    world.cloud.kill(one);
    world.clock.set(world.now() + minutes(10));
    let said = advice(&seen(&world));
    assert_eq!(
        said[..2],
        [
            "shop-prod-v042 does not heal: Launch are suspended; resume them".to_owned(),
            "shop-prod-v042 has 3 of 4 in service".to_owned(),
        ]
    );
}

#[test]
fn what_cannot_be_seen_is_not_guessed() {
    let world = two(90, 10);
    world.cloud.inject(call::ROUTES, 1, Fault::ErrorBefore(Cause::Denied));
    let cluster = seen(&world);
    assert!(
        cluster.groups.iter().all(|seen| matches!(seen.traffic(), Traffic::Unknown(_)) && seen.carries().is_none())
    );
    let said = advice(&cluster);
    assert!(said.len() == 2 && said.iter().all(|said| said.contains("is not known: no permission for")), "{said:?}");

    world.cloud.inject(call::GROUPS, 1, Fault::ErrorBefore(Cause::Throttled));
    let process = world.process();
    let mut found = world.clock.drive(observe::clusters(&process.engine.accounts[0], &[us()], "shop-prod"));
    assert!(found.remove(0).1.is_err(), "nobody can tell whether it is there");
}

#[test]
fn a_name_is_a_cluster_and_no_beginning_of_one() {
    let spec = |name: &str| GroupSpec::new(&us(), name, 2);
    let world = World::new(["shop-prod-v001", "shop-prod-canary-v001", "shop-prod", "shop-prodigy-v001"].map(spec));
    let process = world.process();
    let mut found = world.clock.drive(observe::clusters(&process.engine.accounts[0], &[us()], "shop-prod"));
    let cluster = found.remove(0).1.unwrap().found.unwrap();
    let names: Vec<&str> = cluster.groups.iter().map(|seen| seen.group.name.as_str()).collect();
    assert_eq!(names, ["shop-prod-v001", "shop-prod"]);
    assert!(names.iter().all(|name| Name::parse(name).cluster() == "shop-prod"));
    assert!(cluster.groups.iter().all(|seen| seen.traffic() == Traffic::Unbalanced), "no target group tells");
    assert!(advice(&cluster).is_empty());
}
