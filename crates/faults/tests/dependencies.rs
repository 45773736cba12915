//! The whole scripts of what a guest depends on, as whoever is to run them reads them.

use chrono::TimeDelta;
use simian_faults::{Fault, Held};

fn script(kind: &str, parameters: &[(&str, &str)]) -> String {
    let held = Held::new("example", TimeDelta::minutes(10), TimeDelta::minutes(20)).unwrap();
    Fault::read(kind, parameters.iter().copied()).unwrap().script(&held, None)
}

#[test]
fn blackhole() {
    insta::assert_snapshot!(script(
        "blackhole",
        &[
            ("to", "10.0.0.0/8:443 [2001:db8::/32]:443 db.example.com :6379"),
            ("service", "s3 sqs"),
            ("region", "eu-west-1")
        ],
    ));
}

#[test]
fn null_route() {
    insta::assert_snapshot!(script("null-route", &[("to", "10.9.0.0/16 2001:db8::/32")]));
}

#[test]
fn dns() {
    insta::assert_snapshot!(script("dns", &[("domains", "db.example.com api.example.com")]));
}
