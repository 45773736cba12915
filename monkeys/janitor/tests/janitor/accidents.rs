//! What went wrong for those who came before, each by its name.

use simian_core::estate::Kept;
use simian_core::resource::Launch;
use simian_core::{Extent, Group, LaunchSource, Mark, Resource, ResourceKind, Step, View};

use crate::stage::{MARK, Stage, date, mark};
use crate::things::*;

/// Tags came with a call of their own, which failed; every resource then looked as if nobody owned or kept it.
#[test]
fn tags_that_failed_to_load_are_not_absent() {
    let unread = |resource: Resource| Resource { tags: View::Unknown("throttled".into()), ..resource };
    for resource in [instance("i-1"), volume("vol-1"), classic_balancer("web"), key_pair("key-1", "ops")] {
        let id = resource.id.to_string();
        let stage = Stage::new("rules = [\"*\"]\nrule.untagged.kinds = [\"instance\", \"volume\", \"key-pair\"]");
        assert!(stage.clone().put(resource.clone()).condemns(&id), "{id}");
        let stage = stage.put(unread(resource.clone()));
        assert!(!stage.condemns(&id), "{id}");
        let why = "their tags are not known: throttled";
        assert!(stage.look().blind.iter().any(|(_, said)| said.ends_with(why)), "{:?}", stage.look().blind);
        // A mark that is there stays, and nothing follows.
        let announced = Mark { announced: Some(date("2026-11-01")), ..mark("untagged", "2026-10-01", "2026-11-10") };
        let marked = Stage::new("rules = [\"*\"]\ndelete = [\"instance\", \"volume\"]").put(unread(resource));
        assert_eq!(marked.marked(&id, announced).look().chores, []);
    }
    let unasked = Resource { tags: View::Unasked, ..volume("vol-1") };
    assert!(!Stage::new("rules = [\"unattached-volume\"]").put(unasked).condemns("volume/vol-1"));
}

/// An image was deregistered that a launch template still named, and the next launch of its group failed.
#[test]
fn an_image_in_an_old_version_of_a_launch_template_is_used() {
    let stage = Stage::new("rules = [\"unused-image\"]").put(image("ami-1", &[]));
    assert!(stage.condemns("image/ami-1"));
    let old = stage.clone().put(version("lt-1", 1, launching("ami-1"))).put(version("lt-1", 2, launching("ami-2")));
    assert!(!old.condemns("image/ami-1"));
    assert!(!stage.clone().unknown(ResourceKind::TemplateVersion).condemns("image/ami-1"));
    // By a parameter, which the template names.
    assert!(!stage.clone().put(parameter("/golden", &["ami-1"])).condemns("image/ami-1"));
    assert!(!stage.unknown(ResourceKind::Parameter).condemns("image/ami-1"));
}

/// A security group was deleted that no instance had at that moment, but the next launch would.
#[test]
fn a_security_group_that_only_a_template_names_is_used() {
    let stage = Stage::new("rules = [\"unused-security-group\"]").put(security_group("sg-1", "web"));
    assert!(stage.condemns("security-group/sg-1"));
    let by_id = Launch { security_groups: vec!["sg-1".into()], ..Launch::default() };
    let by_name = Launch { security_group_names: vec!["web".into()], ..Launch::default() };
    for user in [
        version("lt-1", 1, by_id.clone()),
        version("lt-1", 1, by_name.clone()),
        launch_configuration("old", by_id),
        launch_configuration("old", by_name),
    ] {
        assert!(!stage.clone().put(user.clone()).condemns("security-group/sg-1"), "{user:?}");
    }
}

/// A deletion that AWS refused was recorded as done, and nobody looked again.
#[test]
fn a_deletion_that_failed_stays_marked_and_is_tried_again_the_next_working_day() {
    let announced = Mark {
        announced: Some(date("2026-11-02")),
        tried: Some(date("2026-11-23")),
        ..mark("unused-key-pair", "2026-10-20", "2026-11-10")
    };
    let tag = announced.tag().to_string();
    let mut stage = Stage::new("rules = [\"unused-key-pair\"]\ndelete = [\"key-pair\"]")
        .put(key_pair("key-1", "ops").tagged(MARK, &tag))
        .marked("key-pair/key-1", announced);
    assert_eq!(stage.look().chores, [], "once a day");
    stage.sleep();
    assert_eq!(stage.step("key-pair/key-1"), Some(Step::Delete));
}

/// Snapshots that other accounts own and share were taken for the account's own.
#[test]
fn a_snapshot_of_another_account_is_not_ours_to_judge() {
    let stage = Stage::new("rules = [\"unused-snapshot\"]");
    let theirs = with_snapshot(snapshot("snap-1"), |snapshot| snapshot.owner = "444455556666".into());
    assert!(!stage.put(theirs).condemns("snapshot/snap-1"));
    let with = Stage::new("rules = [\"unused-image\"]\ndelete = [\"image\"]\nlast_resort = false");
    let theirs = with_snapshot(snapshot("snap-1"), |snapshot| snapshot.owner = "444455556666".into());
    let announced = Mark { announced: Some(date("2026-11-02")), ..mark("unused-image", "2026-10-20", "2026-11-10") };
    let image = image("ami-1", &["snap-1"]).tagged(MARK, &announced.tag().to_string());
    let chore = with.put(theirs).put(image).marked("image/ami-1", announced).chore("image/ami-1").unwrap();
    assert_eq!(chore.disposal, simian_core::Disposal::EndImage { snapshots: vec![] });
}

/// Groups were judged by their launch configuration; those with a launch template had none, and counted as empty.
#[test]
fn a_group_with_a_launch_template_is_not_empty_for_that() {
    let source = LaunchSource::Template { id: "lt-1".into(), version: "$Latest".into() };
    let stage = Stage::new("rules = [\"empty-group\", \"suspended-group\"]");
    let launching = Group { launches: vec![source.clone()], desired: 2, min: 1, ..group("shop") };
    assert!(!stage.clone().group(launching).condemns("auto-scaling-group/shop"));
    // What its template launches is used, although nothing runs.
    let used = Stage::new("rules = [\"unused-launch-template\"]").put(template("lt-1", 1, 1));
    assert!(used.condemns("launch-template/lt-1"));
    let used = used.group(Group { launches: vec![source], ..group("shop") });
    assert!(!used.condemns("launch-template/lt-1"));
}

/// The owner was told again at every run, and stopped reading.
#[test]
fn an_owner_is_told_once() {
    let mut stage = Stage::new("rules = [\"unattached-volume\"]").put(volume("vol-1"));
    let mut told = 0;
    for _ in 0..60 * 24 {
        told += stage.act().iter().filter(|chore| chore.step == Step::Announce).count();
        stage.at += chrono::TimeDelta::hours(1);
    }
    assert_eq!(told, 1);
}

/// A list that was cut short was taken for the whole, and what was not on it for unused.
#[test]
fn a_list_that_failed_is_not_empty() {
    let cases = [
        ("unused-snapshot", snapshot("snap-1"), ResourceKind::Image),
        ("unused-image", image("ami-1", &[]), ResourceKind::Instance),
        ("unused-security-group", security_group("sg-1", "web"), ResourceKind::Interface),
        ("unused-key-pair", key_pair("key-1", "ops"), ResourceKind::Instance),
        ("idle-nat-gateway", nat_gateway("nat-1"), ResourceKind::RouteTable),
        ("unassociated-address", address("eipalloc-1"), ResourceKind::NatGateway),
        ("unused-interface", interface("eni-1"), ResourceKind::TemplateVersion),
        ("idle-balancer", balancer("arn:lb"), ResourceKind::TargetGroup),
        ("idle-classic-balancer", classic_balancer("web"), ResourceKind::Group),
        ("unused-target-group", target_group("arn:tg", &[]), ResourceKind::Group),
        ("unused-launch-configuration", launch_configuration("old", Launch::default()), ResourceKind::Group),
        ("unused-launch-template", template("lt-1", 1, 1), ResourceKind::Group),
        ("orphan-instance", instance("i-1"), ResourceKind::Group),
    ];
    for (rule, resource, referrer) in cases {
        let id = resource.id.to_string();
        let stage = Stage::new(&format!("rules = [\"{rule}\"]")).put(resource);
        assert!(stage.condemns(&id), "{rule}");
        let blind = stage.clone().unknown(referrer);
        assert!(!blind.condemns(&id), "{rule} without {referrer}");
        assert_eq!(blind.look().blind.len(), 1, "{rule} without {referrer}");
        // Nor is a part of it the whole.
        let mut part = stage.clone();
        if referrer == ResourceKind::Group {
            part.fleet.all_groups = false;
        } else {
            let empty = Kept { extent: Extent::Loose, view: View::Known(vec![]) };
            part.fleet.estate.kinds.insert(referrer, empty);
        }
        assert!(!part.condemns(&id), "{rule} with a part of {referrer}");
    }
}

/// What was marked vanished from a list that failed, and its mark with it; it was new the next day.
#[test]
fn a_mark_outlives_a_list_that_failed() {
    let stage = Stage::new("rules = [\"unattached-volume\"]").put(volume("vol-1"));
    let stage = stage.marked("volume/vol-1", mark("unattached-volume", "2026-11-01", "2026-12-20"));
    assert_eq!(stage.unknown(ResourceKind::Volume).look().chores, []);
}
