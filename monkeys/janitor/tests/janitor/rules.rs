//! Each rule on what it condemns and on what it spares. Those about networks are in `network`.

use simian_core::resource::Launch;
use simian_core::{Group, InstanceId, InstanceState, LaunchSource, Lifecycle, Member, Resource, ResourceKind, View};
use simian_janitor::rules::Kinds;
use simian_janitor::{RULES, Rule};

use crate::stage::Stage;
use crate::things::*;

pub(crate) fn stage(rule: &str) -> Stage {
    Stage::new(&format!("rules = [\"{rule}\"]"))
}

/// Condemned by that rule, alone in its region.
pub(crate) fn condemned(rule: &str, resource: Resource) -> bool {
    let id = resource.id.to_string();
    stage(rule).put(resource).condemns(&id)
}

fn member(id: &str) -> Member {
    Member {
        id: InstanceId::new(id),
        zone: "us-east-1a".into(),
        lifecycle: Lifecycle::InService,
        healthy: true,
        protected: false,
        template_version: None,
        template: None,
        configuration: None,
        kind: Some("m5.large".into()),
    }
}

#[test]
fn ids_are_unique_and_read_well() {
    let mut ids: Vec<&str> = RULES.iter().map(|rule| rule.id).collect();
    for rule in RULES {
        assert!(rule.id.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{}", rule.id);
        assert!(rule.about.ends_with('.') && !rule.about.contains("  "), "{}", rule.about);
        assert!(std::ptr::eq(Rule::find(rule.id).unwrap(), *rule));
    }
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 20);
}

#[test]
fn every_rule_reads_all_who_could_point_at_its_kind() {
    for rule in RULES {
        let Kinds::One(kind) = rule.kinds else { continue };
        // Whether an instance serves is asked only where it could be ended: tests/janitor/needs.rs.
        if kind == ResourceKind::Instance {
            continue;
        }
        for referrer in simian_core::graph::referrers(kind) {
            assert!(*referrer == kind || rule.reads.contains(referrer), "{} does not read {referrer}", rule.id);
        }
    }
}

#[test]
fn an_orphan_runs_is_old_and_is_nobodys() {
    let rule = "orphan-instance";
    assert!(condemned(rule, instance("i-1")));
    assert!(condemned(rule, instance("i-1").tagged("owner", "  ").tagged("aws:cloudformation:stack-name", "s")));
    for spared in [
        instance("i-1").tagged("owner", "storefront"),
        instance("i-1").tagged("aws:elasticmapreduce:job-flow-id", "j-1"),
        with_instance(instance("i-1"), |one| one.launched = days_ago(13)),
        with_instance(instance("i-1"), |one| one.state = InstanceState::Stopped),
        with_instance(instance("i-1"), |one| one.state = InstanceState::Terminated),
        with_instance(instance("i-1"), |one| one.group = Some("shop".into())),
        with_instance(instance("i-1"), |one| one.managed = true),
    ] {
        assert!(!condemned(rule, spared.clone()), "{spared:?}");
    }
    let in_a_group = Group { members: vec![member("i-1")], ..group("shop") };
    assert!(!stage(rule).put(instance("i-1")).group(in_a_group).condemns("instance/i-1"));
    let balancer = with_classic_balancer(classic_balancer("web"), |one| one.instances = vec![InstanceId::new("i-1")]);
    assert!(!stage(rule).put(instance("i-1")).put(balancer).condemns("instance/i-1"));
}

#[test]
fn a_stopped_instance_is_stopped_for_long() {
    let rule = "stopped-instance";
    assert!(condemned(rule, stopped("i-1", Some(30))));
    assert!(condemned(rule, stopped("i-1", Some(30)).tagged("owner", "storefront")));
    assert!(!condemned(rule, stopped("i-1", Some(29))));
    assert!(!condemned(rule, instance("i-1")));
    // In a warm pool, or in standby.
    assert!(!condemned(rule, with_instance(stopped("i-1", Some(30)), |one| one.group = Some("shop".into()))));
    // Its mark becomes 30 days old instead.
    let undated = stage(rule).put(stopped("i-1", None)).chore("instance/i-1").unwrap();
    assert_eq!(undated.mark.end.to_string(), "2026-12-23");
    assert!(undated.why.contains("AWS does not say since when"), "{}", undated.why);
}

#[test]
fn a_volume_is_attached_to_nothing() {
    let rule = "unattached-volume";
    assert!(condemned(rule, volume("vol-1")));
    assert!(!condemned(rule, volume("vol-1").made(6)));
    assert!(!condemned(rule, attached("vol-1", "i-1")));
    assert!(!condemned(
        rule,
        with_volume(volume("vol-1"), |one| one.state = simian_core::resource::VolumeState::Other)
    ));
    assert!(!condemned(rule, with_volume(volume("vol-1"), |one| one.managed = true)));
}

#[test]
fn a_snapshot_is_unused_old_and_no_backup() {
    let rule = "unused-snapshot";
    let id = "snapshot/snap-1";
    assert!(condemned(rule, snapshot("snap-1")));
    for spared in [
        snapshot("snap-1").made(89),
        snapshot("snap-1").tagged("aws:backup:source-resource", "vol-1"),
        snapshot("snap-1").tagged("aws:dlm:lifecycle-policy-id", "policy-1"),
        with_snapshot(snapshot("snap-1"), |one| one.completed = false),
        with_snapshot(snapshot("snap-1"), |one| one.public = Some(true)),
    ] {
        assert!(!condemned(rule, spared.clone()), "{spared:?}");
    }
    let launch = Launch { snapshots: vec!["snap-1".into()], ..Launch::default() };
    for user in [
        image("ami-1", &["snap-1"]),
        with_volume(attached("vol-1", "i-1"), |one| one.snapshot = Some("snap-1".into())),
        version("lt-1", 3, launch.clone()),
        launch_configuration("old", launch),
    ] {
        assert!(!stage(rule).put(snapshot("snap-1")).put(user.clone()).condemns(id), "{user:?}");
    }
}

#[test]
fn an_image_is_unused_when_nobody_would_launch_it() {
    let rule = "unused-image";
    let id = "image/ami-1";
    assert!(condemned(rule, image("ami-1", &[])));
    assert!(condemned(rule, with_image(image("ami-1", &[]), |one| one.last_launched = None)));
    for spared in [
        image("ami-1", &[]).made(59),
        with_image(image("ami-1", &[]), |one| one.last_launched = Some(days_ago(59))),
        with_image(image("ami-1", &[]), |one| one.protected = true),
        with_image(image("ami-1", &[]), |one| one.public = true),
        with_image(image("ami-1", &[]), |one| one.available = false),
        with_image(image("ami-1", &[]), |one| one.owner = "444455556666".into()),
    ] {
        assert!(!condemned(rule, spared.clone()), "{spared:?}");
    }
    for user in [
        with_instance(instance("i-1"), |one| one.image = "ami-1".into()),
        version("lt-1", 3, launching("ami-1")),
        launch_configuration("old", launching("ami-1")),
        parameter("/golden/ami", &["ami-1"]),
    ] {
        assert!(!stage(rule).put(image("ami-1", &[])).put(user.clone()).condemns(id), "{user:?}");
    }
    let overriding = Group { launches: vec![LaunchSource::Image("ami-1".into())], ..group("shop") };
    assert!(!stage(rule).put(image("ami-1", &[])).group(overriding).condemns(id));
}

#[test]
fn a_group_is_empty_when_it_has_nothing_and_wants_nothing() {
    let rule = "empty-group";
    let id = "auto-scaling-group/shop";
    let alone = |group: Group| stage(rule).group(group).condemns(id);
    assert!(alone(group("shop")));
    // It may be scaled out again, and is looked at every hour until its end.
    assert!(alone(Group { max: 9, ..group("shop") }));
    for spared in [
        Group { created: Some(days_ago(29)), ..group("shop") },
        Group { desired: 1, ..group("shop") },
        Group { min: 1, ..group("shop") },
        Group { warm: 1, ..group("shop") },
        Group { members: vec![member("i-1")], ..group("shop") },
        Group { protected: true, ..group("shop") },
    ] {
        assert!(!alone(spared.clone()), "{spared:?}");
    }
}

#[test]
fn a_suspended_group_was_switched_off_long_ago_and_serves_nobody() {
    let rule = "suspended-group";
    let id = "auto-scaling-group/shop";
    let off = |group: Group| Group {
        desired: 2,
        suspended: vec!["AZRebalance".into(), "Launch".into()],
        suspended_since: Some(days_ago(14)),
        ..group
    };
    let sick = |lifecycle: Lifecycle| Member { lifecycle, healthy: false, ..member("i-1") };
    let alone = |group: Group| stage(rule).group(group).condemns(id);
    assert!(alone(off(group("shop"))));
    assert!(alone(Group { suspended: vec!["AddToLoadBalancer".into()], ..off(group("shop")) }));
    assert!(alone(Group { members: vec![sick(Lifecycle::InService)], ..off(group("shop")) }));
    for spared in [
        Group { suspended_since: Some(days_ago(13)), ..off(group("shop")) },
        Group { suspended: vec!["AZRebalance".into()], ..off(group("shop")) },
        Group { members: vec![member("i-1")], ..off(group("shop")) },
        Group { members: vec![sick(Lifecycle::Standby)], ..off(group("shop")) },
        Group { warm: 1, ..off(group("shop")) },
        Group { protected: true, ..off(group("shop")) },
    ] {
        assert!(!alone(spared.clone()), "{spared:?}");
    }
}

#[test]
fn launches_are_unused_when_no_group_and_no_instance_comes_from_them() {
    let configured = |name: &str| Group { launches: vec![LaunchSource::Configuration(name.into())], ..group("shop") };
    let old = stage("unused-launch-configuration").put(launch_configuration("old", Launch::default()));
    assert!(old.condemns("launch-configuration/old"));
    assert!(old.clone().group(configured("new")).condemns("launch-configuration/old"));
    assert!(!old.group(configured("old")).condemns("launch-configuration/old"));

    let from = |version: &str| {
        let source = LaunchSource::Template { id: "lt-1".into(), version: version.into() };
        Group { launches: vec![source], ..group("shop") }
    };
    let old = stage("unused-launch-template").put(template("lt-1", 1, 2));
    let id = "launch-template/lt-1";
    assert!(old.condemns(id));
    assert!(!old.clone().group(from("$Latest")).condemns(id));
    assert!(!old.clone().group(from("1")).condemns(id));
    assert!(!old.clone().put(instance("i-1").tagged("aws:ec2launchtemplate:id", "lt-1")).condemns(id));
    assert!(!old.put(with_template(template("lt-1", 1, 2), |one| one.managed = true)).condemns(id));
}

#[test]
fn a_version_is_old_when_newer_ones_replaced_it() {
    let table = "rules = [\"old-template-version\"]\nrule.old-template-version.newest = 2";
    let mut stage = Stage::new(table).put(template("lt-1", 2, 6));
    for number in 1..=6 {
        let one = version("lt-1", number, Launch::default());
        stage = stage.put(with_version(one, |one| {
            one.default = number == 2;
            one.latest = number == 6;
        }));
    }
    let condemned = |stage: &Stage| {
        let old = (1..=6).filter(|number| stage.condemns(&format!("launch-template-version/lt-1:{number}")));
        old.collect::<Vec<_>>()
    };
    // 2 is the default, 5 and 6 the newest.
    assert_eq!(condemned(&stage), [1, 3, 4]);
    let running = instance("i-1").tagged("aws:ec2launchtemplate:id", "lt-1");
    let used = stage.clone().put(running.tagged("aws:ec2launchtemplate:version", "3"));
    assert_eq!(condemned(&used), [1, 4]);
    let pinned = LaunchSource::Template { id: "lt-1".into(), version: "4".into() };
    assert_eq!(condemned(&used.group(Group { launches: vec![pinned], ..group("shop") })), [1]);
    // The template has the tags, and speaks for its versions.
    assert_eq!(condemned(&stage.clone().put(template("lt-1", 2, 6).tagged("simian:keep", "forever"))), [0; 0]);
    assert_eq!(condemned(&stage.clone().put(with_template(template("lt-1", 2, 6), |one| one.managed = true))), [0; 0]);
    let unread = Resource { tags: View::Unknown("throttled".into()), ..template("lt-1", 2, 6) };
    assert_eq!(condemned(&stage.put(unread)), [0; 0]);
}

#[test]
fn a_key_pair_is_looked_for_by_its_name() {
    let rule = "unused-key-pair";
    let id = "key-pair/key-1";
    assert!(condemned(rule, key_pair("key-1", "ops")));
    assert!(!condemned(rule, key_pair("key-1", "ops").made(89)));
    let launch = Launch { key: Some("ops".into()), ..Launch::default() };
    for user in [
        with_instance(instance("i-1"), |one| one.key = Some("ops".into())),
        version("lt-1", 1, launch.clone()),
        launch_configuration("old", launch),
    ] {
        assert!(!stage(rule).put(key_pair("key-1", "ops")).put(user.clone()).condemns(id), "{user:?}");
    }
}

#[test]
fn a_log_group_keeps_its_events_for_ever() {
    let rule = "log-group-without-retention";
    assert!(condemned(rule, log_group("/shop")));
    assert!(!condemned(rule, with_log_group(log_group("/shop"), |one| one.retention_days = Some(3653))));
}

#[test]
fn what_lacks_tags_is_announced_and_not_deleted() {
    let table = "rules = [\"untagged\"]\nrule.untagged.tags = [\"owner\", \"cost\"]\n";
    let tagged = Stage::new(&format!("{table}rule.untagged.kinds = [\"instance\", \"volume\"]"));
    let chore = tagged.clone().put(attached("vol-1", "i-1").tagged("cost", "7")).chore("volume/vol-1").unwrap();
    assert_eq!(chore.why, "untagged: it lacks the tags owner");
    let whole = attached("vol-1", "i-1").tagged("cost", "7").tagged("owner", "x");
    assert!(!tagged.clone().put(whole).condemns("volume/vol-1"));
    // Its group's tags are its own.
    let tags = [("owner".to_owned(), "x".to_owned()), ("cost".to_owned(), "7".to_owned())].into();
    let grouped = Group { members: vec![member("i-1")], tags, ..group("shop") };
    let one = with_instance(instance("i-1"), |one| one.group = Some("shop".into()));
    assert!(!tagged.clone().put(one.clone()).group(grouped).condemns("instance/i-1"));
    assert!(!tagged.clone().unknown(ResourceKind::Group).put(one.clone()).condemns("instance/i-1"));
    assert!(tagged.put(one).condemns("instance/i-1"));
}
