//! What waste costs.

use simian_core::{Region, Resource};
use simian_janitor::{PriceTable, Prices};

use crate::things::*;

fn cents(prices: &Prices, resource: &Resource) -> u64 {
    prices.of(&"us-east-1".parse::<Region>().unwrap(), resource, &[]).cents_a_month
}

fn prices(table: &str) -> Prices {
    toml::from_str::<PriceTable>(table).unwrap().prices().unwrap()
}

#[test]
fn list_prices_of_what_costs_something() {
    let listed = Prices::default();
    for (resource, expected) in [
        (instance("i-1"), 7008),
        (stopped("i-1", Some(60)), 0),
        (volume("vol-1"), 800),
        (with_volume(volume("vol-1"), |one| one.iops = Some(4000)), 1300),
        (with_volume(volume("vol-1"), |one| one.throughput = Some(250)), 1300),
        (with_volume(volume("vol-1"), |one| (one.kind, one.iops) = ("io2".into(), Some(1000))), 7750),
        (with_volume(volume("vol-1"), |one| (one.kind, one.iops) = ("gp2".into(), Some(300))), 1000),
        (snapshot("snap-1"), 200),
        (with_snapshot(snapshot("snap-1"), |one| one.bytes = Some(10 << 30)), 50),
        (with_snapshot(snapshot("snap-1"), |one| one.archived = true), 50),
        (balancer("arn:lb"), 1643),
        (classic_balancer("web"), 1825),
        (address("eipalloc-1"), 365),
        (nat_gateway("nat-1"), 3285),
        (log_group("/shop"), 30),
        (security_group("sg-1", "web"), 0),
        (key_pair("key-1", "ops"), 0),
    ] {
        assert_eq!(cents(&listed, &resource), expected, "{}", resource.id);
    }
}

#[test]
fn what_has_no_price_says_so() {
    let region: Region = "us-east-1".parse().unwrap();
    let odd = with_instance(instance("i-1"), |one| one.kind = "x9.huge".into());
    let price = Prices::default().of(&region, &odd, &[]);
    assert_eq!((price.cents_a_month, price.unknown.as_deref()), (0, Some("no price of x9.huge is known")));
    let spot = with_instance(instance("i-1"), |one| one.spot = true);
    assert!(Prices::default().of(&region, &spot, &[]).unknown.is_some());
    let chore = crate::stage::Stage::new("rules = [\"orphan-instance\"]").put(odd).chore("instance/i-1").unwrap();
    assert!(chore.why.ends_with("; no price of x9.huge is known"), "{}", chore.why);
}

#[test]
fn the_operators_prices_come_first_and_a_regions_before_all() {
    let own = prices(
        "as_of = \"2026-11-01\"\ncurrency = \"EUR\"\n\
         [default]\nnat_gateway_hour = 0.05\nvolume_gib_month = { gp3 = 0.1 }\n\
         [region.us-east-1]\nvolume_gib_month = { gp3 = 0.2 }\ninstance_hour = { \"m5.large\" = 1 }\n",
    );
    assert_eq!((own.as_of().to_string().as_str(), own.currency()), ("2026-11-01", "EUR"));
    assert_eq!(cents(&own, &nat_gateway("nat-1")), 3650);
    assert_eq!(cents(&own, &volume("vol-1")), 2000);
    assert_eq!(cents(&own, &instance("i-1")), 73_000);
    let elsewhere = own.of(&"eu-west-1".parse().unwrap(), &volume("vol-1"), &[]);
    assert_eq!(elsewhere.cents_a_month, 1000);
    assert_eq!(cents(&own, &address("eipalloc-1")), 365, "as listed");
}

#[test]
fn prices_have_a_date() {
    let undated: PriceTable = toml::from_str("default.address_hour = 0.01").unwrap();
    let error = undated.prices().unwrap_err();
    assert_eq!((error.key.as_str(), error.why.contains("2026-11-01")), ("as_of", true));
    assert_eq!(Prices::default().as_of().to_string(), "2025-01-01");
    for bad in [
        "as_of = \"soon\"",
        "default.address_hour = -1",
        "default.address_hour = \"0.01\"",
        "default.adress_hour = 1",
        "region.nowhere.address_hour = 1",
        "default.volume_gib_month.gp3 = 0.00000001",
    ] {
        assert!(toml::from_str::<PriceTable>(bad).is_err(), "{bad}");
    }
}
