//! Mistakes in the tables of the janitor, the conformity monkey and the prices.

use chrono::TimeDelta;
use insta::assert_snapshot;

use super::{SOUND, parse, problems};

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

#[test]
fn what_aws_fis_does_and_by_which_role() {
    let with_fis = |lines: &str| parse(&format!("{SOUND}[faults.fis]\n{lines}")).faults.fis;
    assert_eq!(parse(SOUND).faults.fis, None);
    assert_eq!(with_fis("role = \"chaos/simian-fis\"\n").unwrap().carries.len(), 0);
    let fis = with_fis("role = \"simian-fis\"\ncarries = [\"reboot\", \"terminate\"]\n").unwrap();
    assert_eq!((fis.role.as_str(), fis.carries.len()), ("simian-fis", 2));
    assert_snapshot!(with("[faults.fis]\ncarries = [\"latency\", \"spot-interruption\"]\n"), @r#"
    simian.toml:14:1: faults.fis.role: it is missing: write it, as in role = "simian-fis"
    simian.toml:15:12: faults.fis.carries[0]: `latency` is nothing that AWS FIS does in our place: write terminate or reboot
    simian.toml:15:23: faults.fis.carries[1]: nobody else can do spot-interruption: remove it
    "#);
    assert_snapshot!(with("[faults.fis]\nrole = \"arn:aws:iam::123456789012:role/x\"\n"), @r"simian.toml:15:1: faults.fis.role: `arn:aws:iam::123456789012:role/x`: write the name alone, as in simian-fis: the role is one in each account");
    assert_snapshot!(with("[faults.fis]\nrole = \"two words\"\nroles = 1\n"), @r"
    simian.toml:15:1: faults.fis.role: `two words` is no role's name: write it as in simian-fis, with its path, if it has one
    simian.toml:16:1: faults.fis.roles: there is no such key: did you mean `role`? There are: role, carries
    ");
    assert_snapshot!(with("[monkeys.chaos]\nfaults = \"spot-interruption=1\"\n"), @r"simian.toml:15:1: monkeys.chaos.faults: spot-interruption can never be done: the operator names no role for AWS FIS in faults.fis");
}

#[test]
fn faults_that_there_are_not_and_parameters_that_no_fault_has() {
    let text = r#"[faults]
for = "2h"
longest = "1h"
allow = ["burn-cpu", "reboot-everything"]
terminate = {}
burn-cqu = {}
isolate = { group = "sg-1" }
suspend-processes = { processes = "Lunch Terminate" }
clock-skew = "+10m"
[faults.burn-cpu]
shore = "0.8"
[faults.fill-memory]
share = 0.9
[faults.fill-disk]
share = "110%"
[faults.latency]
delay = "10ms"
jitter = "20ms"
[faults.loss]
direction = "up"
"#;
    assert_snapshot!(with(text), @r"
    simian.toml:15:1: faults.for: it is longer than the longest that is allowed, 1h: shorten it, or raise longest
    simian.toml:17:10: faults.allow[0]: burn-cpu takes no word of its own: remove it
    simian.toml:17:22: faults.allow[1]: `reboot-everything` is no grave fault: write clock-skew or kernel-panic
    simian.toml:18:1: faults.terminate: there is no such key: remove it. There are: for, longest, allow, suspend-processes, latency, loss, corrupt, duplicate, reorder, bandwidth, blackhole, null-route, dns, burn-cpu, burn-io, fill-disk, fill-memory, kill-process, pause-process, clock-skew, kernel-panic, fis
    simian.toml:19:1: faults.burn-cqu: there is no such key: did you mean `burn-cpu`? There are: for, longest, allow, suspend-processes, latency, loss, corrupt, duplicate, reorder, bandwidth, blackhole, null-route, dns, burn-cpu, burn-io, fill-disk, fill-memory, kill-process, pause-process, clock-skew, kernel-panic, fis
    simian.toml:20:1: faults.isolate: there is no such key: remove it. There are: for, longest, allow, suspend-processes, latency, loss, corrupt, duplicate, reorder, bandwidth, blackhole, null-route, dns, burn-cpu, burn-io, fill-disk, fill-memory, kill-process, pause-process, clock-skew, kernel-panic, fis
    simian.toml:21:23: faults.suspend-processes.processes: `Lunch` is no process of a group; there are: Launch, Terminate, AddToLoadBalancer, AlarmNotification, AZRebalance, HealthCheck, InstanceRefresh, ReplaceUnhealthy, ScheduledActions
    simian.toml:22:1: faults.clock-skew: this is no table: write one, as in clock-skew = { … }
    simian.toml:24:1: faults.burn-cpu.shore: burn-cpu has no such parameter: did you mean `share`?
    simian.toml:26:1: faults.fill-memory.share: found the number 0.9: write a text in quotes
    simian.toml:28:1: faults.fill-disk.share: `110%`: write a share as in 0.3 or 30%: more than 0 and at most all of it
    simian.toml:29:1: faults.latency: jitter is at most delay: no packet arrives before it is sent
    simian.toml:33:1: faults.loss.direction: `up`: write out, in or both
    ");
}

#[test]
fn what_chaos_is_to_do_must_be_possible() {
    let text = "[monkeys.chaos]\nfaults = \"terminate=8 latency=1 kernel-panic=1 isolate=1\"\n";
    assert_snapshot!(with(text), @r"
    simian.toml:15:1: monkeys.chaos.faults: kernel-panic can never be done: the operator does not name it in faults.allow
    simian.toml:15:1: monkeys.chaos.faults: latency can never be done: `delay` is missing: write it as in delay=200ms, under [faults.latency] of the config
    ");
    let said = "[faults]\nallow = [\"kernel-panic\"]\nlatency = { delay = \"200ms\" }\n";
    let config = super::parse(&format!("{SOUND}{said}{text}"));
    assert_eq!(config.faults.parameters.len(), 1);
}

#[test]
fn a_slow_network_towards_nowhere_and_caps_of_nothing() {
    let text = r#"[monkeys.latency]
enabled = true
mean_days = 3
min_days = 5
cap = 0
zone_cap = 51
to = "db.example.com"
everything = "no"
grace = "5h"
veto = "20h"
share = 0.3
except = [{ stack = "*", owner = "ann" }]
only = []
"#;
    assert_snapshot!(with(text), @r#"
    simian.toml:16:1: monkeys.latency.mean_days: a mean of 3 is less than min_days, 5: raise it
    simian.toml:18:1: monkeys.latency.cap: `0` is no number of instances: write a whole number from 1 to 50
    simian.toml:19:1: monkeys.latency.zone_cap: `51` is no number of instances: write a whole number from 1 to 50
    simian.toml:20:1: monkeys.latency.to: `db.example.com` is no CIDR, CIDR:port, [IPv6/length]:port or :port
    simian.toml:21:1: monkeys.latency.everything: found the text "no": write true or false
    simian.toml:22:1: monkeys.latency.grace: a grace of `5h` is not between 1m and 4h
    simian.toml:23:1: monkeys.latency.veto: plans are published at midnight, so nothing would be old enough before the hours close: shorten it
    simian.toml:24:1: monkeys.latency.share: there is no such key: remove it. There are: enabled, mode, cron, unit, regions_independent, mean_days, probability, min_days, cap, zone_cap, to, everything, grace, veto, never_suffixes, except, only
    simian.toml:25:26: monkeys.latency.except[0].owner: there is no such key: remove it. There are: account, region, app, stack, detail, why
    simian.toml:26:1: monkeys.latency.only: nothing could match it: name what may be chosen, or remove the key
    "#);
    assert_snapshot!(with("[monkeys.latency]\nto = \"169.254.169.254\"\n"), @"simian.toml:15:1: monkeys.latency.to: to: 169.254.169.254 is the instance metadata service, which is always spared: leave it out");
}

#[test]
fn a_slow_network_is_the_operators_where_its_owner_says_nothing() {
    let text = r#"[tags]
prefix = "corp"
owner = "team"
[opt_in]
tag = "chaos"
value = "true"
[faults]
for = "7m"
latency = { direction = "both", to = "10.0.0.0/8" }
[monkeys.latency]
enabled = true
mean_days = 8
to = "10.1.0.0/16"
veto = "1h"
"#;
    let config = super::parse(&format!("{SOUND}{text}"));
    let policy = config.policy(&config.accounts[0]);
    let rules = policy.tags_of("latency");
    assert_eq!((rules.opt_in_key().as_str(), rules.owner.as_str(), &rules.mapped), ("corp:latency", "team", &None));
    assert_eq!(rules.defaults.terms.as_ref().unwrap().to_string(), "for 7m direction=both to=10.1.0.0/16");
    assert_eq!((rules.defaults.mean_days, rules.defaults.faults.to_string()), (8.0, "latency=1".into()));
    assert_eq!(policy.tags_of("chaos").opt_in_key(), "corp:chaos");
    assert_eq!((policy.veto_of("latency"), policy.veto_of("chaos")), (TimeDelta::hours(1), TimeDelta::zero()));
    let keys = ["corp:chaos", "chaos", "corp:latency"].map(str::to_owned).to_vec();
    assert_eq!(policy.survey(), (keys, vec!["on".into(), "true".into()]));
    // Nobody surveys for who does not run.
    let config = super::parse(&format!("{SOUND}{}", text.replace("enabled = true", "enabled = false")));
    assert!(config.policy(&config.accounts[0]).tags_of.is_empty());
}
