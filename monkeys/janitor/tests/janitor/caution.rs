//! What is kept, what AWS looks after, what nobody knows, and who is told.

use chrono::{DateTime, Utc};
use simian_core::mark::Acting;
use simian_core::{Group, InstanceId, Lifecycle, Mark, Member, ResourceKind, Severity, Step};

use crate::stage::{MARK, Stage, date, mark};
use crate::things::*;

const VOLUME: &str = "volume/vol-1";

fn volumes(table: &str) -> Stage {
    Stage::new(&format!("rules = [\"unattached-volume\"]\n{table}"))
}

#[test]
fn an_owners_word_keeps_it_through_its_date() {
    let kept = |text: &str| !volumes("").put(volume("vol-1").tagged("simian:keep", text)).condemns(VOLUME);
    for word in ["forever", " forever ", "2026-11-23", "2027-01-31"] {
        assert!(kept(word), "{word}");
    }
    assert!(!kept("2026-11-22"));
    for malformed in ["", "yes", "Forever", "31.01.2027"] {
        assert!(kept(malformed), "{malformed}");
    }
}

#[test]
fn a_keep_tag_that_nobody_can_read_is_a_finding_for_its_owner() {
    let bad = volume("vol-1").tagged("simian:keep", "till easter").tagged("owner", "storefront");
    let look = volumes("").put(bad).look();
    let finding = &look.findings[0];
    assert_eq!((finding.rule, finding.subject.as_str(), finding.severity), ("keep-malformed", VOLUME, Severity::Low));
    assert_eq!(finding.owner.as_deref(), Some("storefront"));
    assert!(finding.why.contains("`till easter` is neither `forever` nor a date"), "{}", finding.why);
    assert_eq!(look.asked.len(), 1);
    let blind = volumes("").unknown(ResourceKind::Volume).look();
    assert!(blind.asked.is_empty(), "nobody knows whether it was mended");
}

#[test]
fn the_operators_list_keeps_what_all_of_a_line_fits() {
    let table = "keep = [\n\
        { name = \"db-*\", why = \"licences\" },\n\
        { kind = \"volume\", tag = \"team\", value = \"core*\" },\n\
        { kind = \"instance\", tag = \"aws:cloudformation:stack-name\" },\n\
    ]";
    let stage = |resource: simian_core::Resource| volumes(table).put(resource);
    assert!(stage(volume("vol-1")).condemns(VOLUME));
    assert!(stage(volume("vol-1").tagged("team", "shop")).condemns(VOLUME));
    assert!(!stage(volume("vol-1").tagged("team", "core-db")).condemns(VOLUME));
    assert!(stage(volume("vol-1").tagged("aws:cloudformation:stack-name", "s")).condemns(VOLUME));
    let named = simian_core::Resource { name: Some("db-7".into()), ..volume("vol-1") };
    assert!(!stage(named.clone()).condemns(VOLUME));
    let why = &stage(named).look().considered[0].why;
    assert_eq!(why, "unattached-volume: kept by monkeys.janitor.keep[0]: licences");
}

#[test]
fn what_is_kept_loses_its_mark() {
    let mut stage = volumes("").put(volume("vol-1"));
    stage.act();
    let tag = stage.mark(VOLUME).unwrap().tag().to_string();
    stage.set(volume("vol-1").tagged(MARK, &tag).tagged("simian:keep", "forever"));
    let chore = stage.chore(VOLUME).unwrap();
    assert_eq!((chore.step, chore.why.as_str()), (Step::Lift, "kept by its tag simian:keep = forever"));
}

#[test]
fn nothing_happens_to_what_somebody_is_acting_on() {
    let at: DateTime<Utc> = now();
    let acting = Acting {
        monkey: "janitor".into(),
        key: "k".into(),
        step: "delete".into(),
        holder: "another".into(),
        at,
        act_before: at,
    };
    let announced = Mark {
        announced: Some(date("2026-11-02")),
        acting: Some(Box::new(acting)),
        ..mark("unattached-volume", "2026-10-20", "2026-11-10")
    };
    let stage = volumes("delete = [\"volume\"]\nlast_resort = false").marked(VOLUME, announced.clone());
    let tag = announced.tag().to_string();
    for resource in [volume("vol-1").tagged(MARK, &tag), volume("vol-1"), attached("vol-1", "i-1")] {
        assert_eq!(stage.clone().put(resource).look().chores, []);
    }
    assert_eq!(stage.look().chores, [], "and gone it may be for that very reason");
}

#[test]
fn a_group_that_still_has_instances_is_announced_and_stays() {
    let sick = Member {
        id: InstanceId::new("i-1"),
        zone: "us-east-1a".into(),
        lifecycle: Lifecycle::InService,
        healthy: false,
        protected: false,
        template_version: None,
        template: None,
        configuration: None,
        kind: Some("m5.large".into()),
    };
    let off = Group {
        desired: 1,
        members: vec![sick],
        suspended: vec!["Launch".into()],
        suspended_since: Some(days_ago(40)),
        ..group("shop-prod")
    };
    let table = "rules = [\"suspended-group\"]\ndelete = [\"auto-scaling-group\"]";
    let mut stage = Stage::new(table).group(off);
    let id = "auto-scaling-group/shop-prod";
    assert_eq!(stage.chore(id).unwrap().mark.cents_a_month, 7008, "what its members cost");
    assert_eq!(stage.live_until("2027-01-31", id), ["2026-11-23 mark", "2026-12-03 announce"]);
    let why = &stage.look().considered[0].why;
    assert!(why.ends_with("it still has 1 instances, and simian never forces a group's deletion"), "{why}");
}

#[test]
fn what_lacks_tags_is_deleted_only_if_a_rule_of_its_use_condemns_it_too() {
    let due = |table: &str, resource: simian_core::Resource| {
        let id = resource.id.to_string();
        let announced = Mark { announced: Some(date("2026-11-02")), ..mark("untagged", "2026-10-20", "2026-11-10") };
        let resource = resource.tagged(MARK, &announced.tag().to_string());
        let table = format!(
            "rules = [\"untagged\"]\ndelete = [\"volume\", \"instance\"]\nlast_resort = false\n{table}\n\
             rule.untagged.kinds = [\"volume\", \"instance\"]"
        );
        Stage::new(&table).put(resource).marked(&id, announced).step(&id)
    };
    assert_eq!(due("", volume("vol-1")), None);
    assert_eq!(due("delete_untagged = true", volume("vol-1")), Some(Step::Delete));
    assert_eq!(due("delete_untagged = true", attached("vol-1", "i-1")), None);
    assert_eq!(due("delete_untagged = true", instance("i-1")), Some(Step::Delete));
    assert_eq!(due("delete_untagged = true", stopped("i-1", Some(90))), Some(Step::Delete));
    assert_eq!(due("delete_untagged = true", stopped("i-1", Some(1))), None);
}

#[test]
fn an_instance_that_may_be_ended_must_be_known_to_serve_nobody() {
    let id = "instance/i-1";
    let marks = Stage::new("rules = [\"orphan-instance\"]").put(instance("i-1"));
    let ends = Stage::new("rules = [\"orphan-instance\"]\ndelete = [\"instance\"]").put(instance("i-1"));
    let group = target_group("arn:tg", &["arn:lb"]);
    assert!(marks.clone().unknown(ResourceKind::TargetGroup).condemns(id));
    assert!(ends.condemns(id));
    assert!(!ends.clone().unknown(ResourceKind::ClassicBalancer).condemns(id));
    assert!(!ends.clone().unknown(ResourceKind::TargetGroup).condemns(id));
    assert!(!ends.clone().put(group.clone()).condemns(id), "its targets were not read");
    let registered = |id: &str| {
        let mut stage = ends.clone().put(group.clone());
        let health = simian_core::detail::TargetHealth::Healthy;
        let targets = [(InstanceId::new(id), health)].into();
        stage.fleet.estate.health.insert("arn:tg".into(), simian_core::View::Known(targets));
        stage
    };
    assert!(registered("i-2").condemns(id));
    assert!(!registered("i-1").condemns(id));
}

#[test]
fn every_rules_answer_can_be_asked_for() {
    let stage = Stage::new("rules = [\"*\"]").put(instance("i-1").tagged("owner", "x"));
    let day = stage.calendar.day(stage.today());
    let ask = |id: &str| stage.janitor.explained(&stage.world(), &day, &crate::stage::scope(), &id.parse().unwrap());
    let explained = ask("instance/i-1").unwrap();
    let ids: Vec<&str> = explained.rules.iter().map(|(id, _)| *id).collect();
    assert_eq!(ids, ["orphan-instance", "stopped-instance", "untagged"]);
    assert_eq!(explained.rules[0].1, Err(simian_janitor::Spared::InUse("it is x's".into())));
    assert_eq!((explained.kept, explained.mark, explained.chain), (None, None, None));
    assert_eq!(ask("volume/vol-1"), None);
}

#[test]
fn the_last_resort_of_a_mark_is_no_waste() {
    let saved = simian_core::mark::Saved { on: date("2026-11-10"), snapshot: Some("snap-1".into()) };
    let marked = Mark { saved: Some(saved), ..mark("unattached-volume", "2026-10-20", "2026-11-10") };
    let stage = Stage::new("rules = [\"unused-snapshot\", \"unattached-volume\"]").put(snapshot("snap-1"));
    assert!(stage.condemns("snapshot/snap-1"));
    let stage = stage.put(volume("vol-1").tagged(MARK, &marked.tag().to_string())).marked(VOLUME, marked);
    assert_eq!(stage.step("snapshot/snap-1"), None);
}
