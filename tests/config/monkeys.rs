//! Mistakes in the tables of the janitor, the conformity monkey and the prices.

use insta::assert_snapshot;

use super::{SOUND, problems};

fn with(text: &str) -> String {
    problems(&format!("{SOUND}{text}"))
}

#[test]
fn a_janitor_without_rules_and_with_wrong_ones() {
    assert_snapshot!(with("[monkeys.janitor]\nenabled = true\n"), @r#"simian.toml:14:1: monkeys.janitor.rules: no rule is enabled, so nothing is waste: name some, or "*" for all of them"#);
    let text = "[monkeys.janitor]
enabled = true
rules = [\"unattached-volumes\"]
delete = [\"volumes\"]
max_deletes = \"many\"
max_delete_percent = 101
notice_days = 0
keep = [{ kind = \"disk\" }]
rule = { \"unattached-volume\" = { age = \"soon\" } }
delet = []
";
    assert_snapshot!(with(text), @r#"
    simian.toml:16:1: monkeys.janitor.rules: `unattached-volumes` is no rule of the janitor; there are: orphan-instance, stopped-instance, unattached-volume, unused-snapshot, unused-image, empty-group, suspended-group, unused-launch-configuration, unused-launch-template, old-template-version, idle-balancer, idle-classic-balancer, unused-target-group, unassociated-address, unused-security-group, unused-interface, unused-key-pair, idle-nat-gat
    simian.toml:16:1: monkeys.janitor.rules: no rule is enabled, so nothing is waste: name some, or "*" for all of them
    simian.toml:17:1: monkeys.janitor.delete: `volumes` is nothing that the janitor deletes; there are: instance, volume, snapshot, image, auto-scaling-group, launch-configuration, launch-template, launch-template-version, load-balancer, classic-load-balancer, target-group, elastic-ip, network-interface, security-group, key-pair, nat-gateway, log-group
    simian.toml:18:1: monkeys.janitor.max_deletes: `many` is no limit: write a whole number, or "unlimited"
    simian.toml:19:1: monkeys.janitor.max_delete_percent: `101` is out of bounds: write a whole number from 0 to 100, or "unlimited"
    simian.toml:20:1: monkeys.janitor.notice_days: `0` is out of bounds: write a whole number from 1 to 1000
    simian.toml:21:1: monkeys.janitor.keep[0].kind: `disk` is no kind of resource; there are: instance, volume, snapshot, image, auto-scaling-group, launch-configuration, launch-template, launch-template-version, load-balancer, classic-load-balancer, target-group, elastic-ip, network-interface, security-group, key-pair, nat-gateway, route-table, log-group, subnet, parameter, managed-node
    simian.toml:22:1: monkeys.janitor.rule.unattached-volume.age: `soon` is no span of time: write it as in 90s, 30m, 1h30m or 2d
    simian.toml:23:1: monkeys.janitor.delet: there is no such key: did you mean `delete`? There are: enabled, mode, cron, rules, delete, delete_untagged, retention_days, notice_days, last_resort, grace_days, max_marks, max_deletes, max_delete_percent, keep, rule
    "#);
}

#[test]
fn keys_of_other_rules_and_keeps_that_keep_everything() {
    let text = "[monkeys.janitor]
enabled = true
rules = [\"*\"]
keep = [{ why = \"all of it\" }]
rule = { \"unattached-volume\" = { newest = 3 } }
";
    assert_snapshot!(with(text), @r"
    simian.toml:17:1: monkeys.janitor.keep[0]: it would keep everything: say a `name`, a `kind` or a `tag`
    simian.toml:18:1: monkeys.janitor.rule.unattached-volume.newest: unattached-volume has no such key: remove it
    ");
}

#[test]
fn conformity_rules_that_there_are_not_and_exemptions_without_an_end() {
    let text = "[monkeys.conformity]
enabled = true
rules = [\"imds\"]
except = [\"*\"]
rule = { \"open-ports\" = { severity = \"deadly\" } }
exempt = [{ rule = \"imds-v1\", resource = \"*\" }]
";
    assert_snapshot!(with(text), @r#"
    simian.toml:16:1: monkeys.conformity.rules: no rule is left to ask: name some, or write "*" for all
    simian.toml:16:1: monkeys.conformity.rules[0]: `imds` is no rule; there are: zones-match-balancer, healthy-in-balancer, required-security-groups, instance-too-old, in-a-vpc, not-solo, one-zone, min-max-one, zone-skew, no-headroom, one-instance-type, elb-health-check, health-check-grace, suspended-processes, launch-configuration, stale-template-version, capacity-rebalance, failed-refresh, cannot-launch, imds-v1, metadata-hop-limit, public-ip, o
    simian.toml:18:1: monkeys.conformity.rule.open-ports.severity: `deadly` is no severity: write one of low, medium, high, critical
    simian.toml:19:1: monkeys.conformity.exempt[0]: `until` is missing: write it
    "#);
    assert_snapshot!(with("[monkeys.conformity]\nenabled = true\nexcept = [\"*\"]\n"), @r#"simian.toml:14:1: monkeys.conformity.rules: no rule is left to ask: name some, or write "*" for all"#);
}

#[test]
fn prices_that_nobody_dated_and_prices_below_nothing() {
    assert_snapshot!(with("[prices]\ncurrency = \"EUR\"\n"), @r#"simian.toml:14:1: prices.as_of: say on which day you looked the prices up, as in "2026-11-01""#);
    assert_snapshot!(with("[prices]\nas_of = \"yesterday\"\ndefault = { address_hour = -1.0 }\n"), @r#"
    simian.toml:15:1: prices.as_of: `yesterday` is no date: write it as in "2026-11-01"
    simian.toml:16:1: prices.default.address_hour: `-1` is no price: write a number from 0 to a million, as in 0.08, with 6 decimals at most
    "#);
}
