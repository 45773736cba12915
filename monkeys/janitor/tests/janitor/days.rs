//! The life of waste, day by day, as a hand plays it.

use simian_core::chore::Disposal;
use simian_core::{Considered, Group, Monkey, ResourceId, Step, View};

use crate::stage::{MARK, Stage, date, mark};
use crate::things::*;

const VOLUME: &str = "volume/vol-1";

fn volumes(table: &str) -> Stage {
    Stage::new(&format!("rules = [\"unattached-volume\"]\n{table}")).put(volume("vol-1").tagged("owner", "storefront"))
}

#[test]
fn a_volume_is_marked_announced_saved_and_deleted() {
    let mut stage = volumes("delete = [\"volume\"]");
    let told = stage.live_until("2026-12-31", VOLUME);
    // Ten working days from Monday the 23rd, of which the Thursday is none; three of notice. The snapshot takes a day.
    assert_eq!(
        told,
        ["2026-11-23 mark", "2026-12-03 announce", "2026-12-08 save", "2026-12-09 delete"],
        "Thursday the 26th is a holiday"
    );
    assert_eq!(stage.get(VOLUME), None);
    assert!(stage.mark(VOLUME).is_none());
}

#[test]
fn each_step_says_what_the_hand_must_know() {
    let mut stage = volumes("delete = [\"volume\"]");
    let chore = stage.chore(VOLUME).unwrap();
    assert_eq!((chore.step, chore.from.clone(), chore.gone), (Step::Mark, None, false));
    assert_eq!(chore.mark.tag().to_string(), "delete@2026-12-08 rule=unattached-volume since=2026-11-23");
    assert_eq!((chore.mark.owner.as_deref(), chore.mark.cents_a_month), (Some("storefront"), 800));
    assert_eq!(chore.why, "unattached-volume: 100 GiB of gp3 attached to nothing");
    let _ = stage.live_until("2026-12-02", VOLUME);
    let chore = stage.chore(VOLUME).unwrap();
    assert_eq!((chore.step, chore.mark.announced), (Step::Announce, Some(date("2026-12-03"))));
    assert!(chore.why.ends_with("it is deleted on 2026-12-08, unless it is used or kept until then"), "{}", chore.why);
    let _ = stage.live_until("2026-12-07", VOLUME);
    let chore = stage.chore(VOLUME).unwrap();
    // What the hand has not done yet is not in the mark.
    assert_eq!((chore.step, &chore.mark), (Step::Save, chore.from.as_ref().unwrap()));
    let _ = stage.live_until("2026-12-08", VOLUME);
    let chore = stage.chore(VOLUME).unwrap();
    assert_eq!((chore.step, &chore.mark), (Step::Delete, chore.from.as_ref().unwrap()));
    assert_eq!(chore.disposal, Disposal::End);
    assert!(chore.why.ends_with("; marked since 2026-11-23, announced on 2026-12-03"), "{}", chore.why);
}

#[test]
fn by_default_it_is_announced_once_and_stays() {
    let mut stage = volumes("");
    assert_eq!(stage.live_until("2027-01-31", VOLUME), ["2026-11-23 mark", "2026-12-03 announce"]);
    let why = stage.look().considered;
    let unit = format!("111122223333/us-east-1/{VOLUME}");
    assert_eq!(why, [Considered { unit, why: "announced on 2026-12-03; volumes are not in `delete`".into() }]);
    // Whoever lets volumes be deleted has told their owners already.
    stage.janitor = volumes("delete = [\"volume\"]").janitor;
    assert_eq!(stage.step(VOLUME), Some(Step::Save));
}

#[test]
fn no_snapshot_no_deletion() {
    let mut stage = volumes("delete = [\"volume\"]");
    let _ = stage.live_until("2026-12-07", VOLUME);
    assert_eq!(stage.act()[0].step, Step::Save);
    stage.sleep();
    assert_eq!(stage.step(VOLUME), None, "it is not whole");
    stage.remove("snapshot/snap-of-vol-1");
    assert_eq!(stage.step(VOLUME), Some(Step::Save), "somebody deleted it");
    let unknown = stage.clone().unknown(simian_core::ResourceKind::Snapshot);
    assert_eq!(unknown.step(VOLUME), None, "nobody knows whether it is whole");
}

#[test]
fn without_a_last_resort_it_is_deleted_at_once() {
    let mut stage = volumes("delete = [\"volume\"]\nlast_resort = false");
    let told = stage.live_until("2026-12-31", VOLUME);
    assert_eq!(told, ["2026-11-23 mark", "2026-12-03 announce", "2026-12-08 delete"]);
}

#[test]
fn an_image_is_disabled_for_its_days_of_grace_and_takes_its_snapshots_with_it() {
    let table = "rules = [\"unused-image\"]\ndelete = [\"image\"]\ngrace_days = 5";
    let mut stage = Stage::new(table)
        .put(image("ami-1", &["snap-1", "snap-shared", "snap-kept", "snap-gone"]))
        .put(image("ami-2", &["snap-shared"]).tagged("simian:keep", "forever"))
        .put(snapshot("snap-1"))
        .put(snapshot("snap-shared"))
        .put(snapshot("snap-kept").tagged("simian:keep", "2027-06-30"));
    let id = "image/ami-1";
    // Its snapshots are what it costs: 40 GiB at 5 cents.
    assert_eq!(stage.chore(id).unwrap().mark.cents_a_month, 200);
    let told = stage.live_until("2026-12-14", id);
    assert_eq!(told, ["2026-11-23 mark", "2026-12-03 announce", "2026-12-08 save"]);
    let chore = stage.chore(id).unwrap();
    assert_eq!(chore.disposal, Disposal::EndImage { snapshots: vec!["snap-1".into()] });
    assert_eq!((chore.step, chore.date), (Step::Delete, date("2026-12-15")));
    let unknown = stage.clone().unknown(simian_core::ResourceKind::Snapshot);
    assert_eq!(unknown.step(id), None, "nobody knows what would go with it");
}

#[test]
fn an_image_that_is_enabled_again_is_left_alone_for_another_life() {
    let table = "rules = [\"unused-image\"]\ndelete = [\"image\"]";
    let mut stage = Stage::new(table).put(image("ami-1", &[]));
    let id = "image/ami-1";
    let _ = stage.live_until("2026-12-09", id);
    stage.set(image("ami-1", &[]).tagged(MARK, &stage.mark(id).unwrap().tag().to_string()));
    let chore = stage.chore(id).unwrap();
    assert_eq!(chore.step, Step::Lift);
    assert_eq!(chore.why, "it was disabled on 2026-12-08, and somebody enabled it again");
    stage.act();
    assert_eq!(stage.chore(id).unwrap().mark.since, date("2026-12-10"));
}

#[test]
fn an_image_that_somebody_disabled_has_its_days_of_grace_too() {
    let table = "rules = [\"unused-image\"]\ndelete = [\"image\"]\ngrace_days = 5";
    let disabled = with_image(image("ami-1", &[]), |image| (image.available, image.disabled) = (false, true));
    let mut stage = Stage::new(table).put(disabled);
    let told = stage.live_until("2026-12-31", "image/ami-1");
    assert_eq!(told, ["2026-11-23 mark", "2026-11-24 mark", "2026-12-03 announce", "2026-12-08 delete"]);
}

#[test]
fn a_log_group_waits_for_its_tags_and_then_forgets() {
    let table = "rules = [\"log-group-without-retention\"]\ndelete = [\"log-group\"]\n\
                 rule.log-group-without-retention.keep_days = 90";
    let mut stage = Stage::new(table).put(log_group("/shop"));
    let id = "log-group//shop";
    assert_eq!(stage.live_until("2026-12-31", id), ["2026-11-23 mark"]);
    let unread = stage.janitor.unread(&stage.world(), &stage.calendar.day(stage.today()));
    assert_eq!(unread.iter().map(|(_, id)| id.to_string()).collect::<Vec<_>>(), [id]);
    let with_tags = |text: &str| simian_core::Resource {
        tags: View::Known([(MARK.to_owned(), text.to_owned())].into()),
        ..log_group("/shop")
    };
    let text = stage.mark(id).unwrap().tag().to_string();
    stage.set(with_tags(&text).tagged("simian:keep", "forever"));
    assert_eq!(stage.step(id), Some(Step::Lift), "its owner's word was on it");
    stage.set(with_tags(&text));
    assert_eq!(stage.act()[0].step, Step::Announce);
    for _ in 0..5 {
        stage.sleep();
    }
    let chore = stage.chore(id).unwrap();
    assert_eq!((chore.step, chore.disposal.clone()), (Step::Delete, Disposal::Retain { days: 90 }));
    stage.set(with_log_group(with_tags(&text), |group| group.retention_days = Some(90)));
    let lifted = stage.chore(id).unwrap();
    assert_eq!((lifted.step, lifted.why.as_str()), (Step::Lift, "it keeps its events for 90 days"));
}

#[test]
fn what_is_used_again_is_lifted_with_the_whole_chain() {
    let table = "rules = [\"unused-image\"]";
    let mut stage = Stage::new(table).put(image("ami-1", &[]));
    stage.act();
    let source = simian_core::LaunchSource::Template { id: "lt-1".into(), version: "3".into() };
    let used =
        stage.put(version("lt-1", 3, launching("ami-1"))).group(Group { launches: vec![source], ..group("shop-v001") });
    let chore = used.chore("image/ami-1").unwrap();
    assert_eq!(chore.step, Step::Lift);
    assert_eq!(
        chore.why,
        "launch-template-version/lt-1:3 launches it; auto-scaling-group/shop-v001 launches from \
         launch-template-version/lt-1:3"
    );
}

#[test]
fn what_is_gone_has_its_mark_lifted_and_nothing_else() {
    let mut stage = volumes("");
    stage.act();
    stage.remove(VOLUME);
    let chore = stage.chore(VOLUME).unwrap();
    assert_eq!((chore.step, chore.gone, chore.why.as_str()), (Step::Lift, true, "it is gone"));
    // Of a list that only has what is loose, nobody can say that.
    let loose = stage.only_asked();
    let chore = loose.chore(VOLUME).unwrap();
    assert_eq!((chore.step, chore.gone, chore.why.as_str()), (Step::Lift, false, "it is attached again, or gone"));
}

#[test]
fn what_is_shown_after_its_end_is_gone() {
    let ended = with_instance(instance("i-1"), |one| one.state = simian_core::InstanceState::Terminated);
    let stage =
        Stage::new("rules = [\"*\"]").put(ended).put(with_nat_gateway(nat_gateway("nat-1"), |one| one.alive = false));
    assert_eq!(stage.look().chores, []);
    let marked = stage.marked("instance/i-1", mark("untagged", "2026-11-01", "2026-12-20"));
    let chore = marked.chore("instance/i-1").unwrap();
    assert_eq!((chore.step, chore.gone), (Step::Lift, true));
}

#[test]
fn a_rule_that_cannot_be_asked_today_has_not_changed_its_mind() {
    let stage = Stage::new("rules = [\"stopped-instance\", \"untagged\"]\ndelete = [\"instance\"]");
    let marked = mark("stopped-instance", "2026-11-01", "2026-12-20");
    let one = stopped("i-1", Some(90)).tagged(MARK, &marked.tag().to_string());
    let stage = stage.put(one).marked("instance/i-1", marked);
    assert_eq!(stage.look().chores, []);
    let blind = stage.unknown(simian_core::ResourceKind::ClassicBalancer);
    assert_eq!(blind.look().chores, [], "the other rule condemns it, too");
}

#[test]
fn marks_of_the_other_mode_are_not_ours() {
    let mut stage = volumes("");
    stage.act();
    let mut world = stage.world();
    world.mode = simian_core::Mode::DryRun;
    let day = stage.calendar.day(stage.today());
    let look = stage.janitor.propose(&world, &day, &simian_core::Dice::new("seed"));
    assert_eq!(look.chores[0].from, None);
    assert_eq!(look.chores.len(), 1);
}

#[test]
fn a_mark_of_a_rule_that_was_switched_off_is_lifted() {
    let mut stage = volumes("");
    stage.act();
    stage.janitor = Stage::new("rules = [\"unused-key-pair\"]").janitor;
    let chore = stage.chore(VOLUME).unwrap();
    assert_eq!((chore.step, chore.why.as_str()), (Step::Lift, "no rule that is enabled is about volumes"));
}

#[test]
fn another_reason_is_told_again_and_since_stays() {
    let mut stage = Stage::new("rules = [\"*\"]\ndelete = [\"instance\"]").put(instance("i-1"));
    let id = "instance/i-1";
    let _ = stage.live_until("2026-12-04", id);
    assert!(stage.mark(id).unwrap().announced.is_some());
    let text = stage.mark(id).unwrap().tag().to_string();
    stage.set(stopped("i-1", Some(60)).tagged(MARK, &text));
    let chore = stage.chore(id).unwrap();
    assert_eq!((chore.step, chore.mark.rule.as_str()), (Step::Mark, "stopped-instance"));
    assert_eq!((chore.mark.since, chore.mark.announced), (date("2026-11-23"), None));
    // Working days after Saturday.
    assert_eq!(chore.mark.end, date("2026-12-18"));
}

#[test]
fn of_two_rules_that_condemn_it_the_first_counts_and_the_one_that_marked_it_stays() {
    let stage = Stage::new("rules = [\"*\"]").put(instance("i-1"));
    assert_eq!(stage.chore("instance/i-1").unwrap().mark.rule, "orphan-instance");
    let marked = stage.put(instance("i-1").tagged(MARK, "delete@2026-12-20 rule=untagged since=2026-11-20"));
    let marked = marked.marked("instance/i-1", mark("untagged", "2026-11-20", "2026-12-20"));
    assert_eq!(marked.step("instance/i-1"), None, "it still lacks its tags");
}

#[test]
fn a_tag_that_outlived_its_ledger_keeps_its_since() {
    let tagged = |text: &str| volumes("").put(volume("vol-1").tagged(MARK, text)).chore(VOLUME).unwrap().mark;
    let adopted = tagged("delete@2026-12-20 rule=unattached-volume since=2026-10-01");
    assert_eq!((adopted.since, adopted.end, adopted.announced), (date("2026-10-01"), date("2026-12-20"), None));
    let over = tagged("delete@2026-11-01 rule=unattached-volume since=2026-10-01");
    assert_eq!(over.end, date("2026-11-27"), "the notice at least");
    let future = tagged("delete@2026-12-20 rule=unattached-volume since=2030-01-01");
    assert_eq!(future.since, date("2026-11-23"));
    let strange = tagged("please delete");
    assert_eq!((strange.since, strange.end), (date("2026-11-23"), date("2026-12-08")));
}

#[test]
fn a_tag_that_was_taken_away_comes_back_and_moves_nothing() {
    let mut stage = volumes("");
    let _ = stage.live_until("2026-12-03", VOLUME);
    let before = stage.mark(VOLUME).unwrap().clone();
    let id: ResourceId = VOLUME.parse().unwrap();
    stage.write(&id, None);
    let chore = stage.chore(VOLUME).unwrap();
    assert_eq!((chore.step, &chore.mark), (Step::Mark, &before));
    assert!(chore.why.contains("its tag was taken away"), "{}", chore.why);
    stage.write(&id, Some("delete@2027-12-31 rule=unattached-volume since=2026-01-01".into()));
    assert_eq!(stage.chore(VOLUME).unwrap().mark.since, date("2026-01-01"), "the earlier of tag and ledger");
}

#[test]
fn a_tag_alone_is_lifted_when_it_is_ours() {
    let text = "delete@2026-12-20 rule=unattached-volume since=2026-10-01";
    let used = |text: &str| volumes("").put(attached("vol-1", "i-1").tagged(MARK, text));
    let chore = used(text).chore(VOLUME).unwrap();
    assert_eq!((chore.step, chore.from), (Step::Lift, None));
    // Another daemon's, by a rule that is not enabled here.
    assert_eq!(used("delete@2026-12-20 rule=unused-image since=2026-10-01").step(VOLUME), None);
    assert_eq!(used(text).rehearsing().step(VOLUME), None, "a rehearsal writes no tags");
}

#[test]
fn a_rehearsal_lives_the_whole_life_in_the_ledger_alone() {
    let mut stage = volumes("delete = [\"volume\"]").rehearsing();
    let before = stage.fleet.clone();
    let told = stage.live_until("2027-01-31", VOLUME);
    assert_eq!(told, ["2026-11-23 mark", "2026-12-03 announce", "2026-12-08 save", "2026-12-09 delete"]);
    assert_eq!(stage.fleet, before);
    stage.set(attached("vol-1", "i-1"));
    assert_eq!(stage.step(VOLUME), Some(Step::Lift));
}

#[test]
fn nothing_is_saved_or_deleted_on_a_weekend() {
    let ends = mark("unattached-volume", "2026-11-01", "2026-11-20");
    let told = simian_core::Mark { announced: Some(date("2026-11-16")), ..ends };
    let tag = told.tag().to_string();
    let mut stage = volumes("delete = [\"volume\"]").put(volume("vol-1").tagged(MARK, &tag)).marked(VOLUME, told);
    assert_eq!(stage.step(VOLUME), Some(Step::Save));
    for _ in 0..5 {
        stage.sleep();
    }
    assert_eq!((stage.today(), stage.step(VOLUME)), (date("2026-11-28"), None));
}

#[test]
fn whose_it_is_follows_its_group() {
    let member = simian_core::Member {
        id: simian_core::InstanceId::new("i-1"),
        zone: "us-east-1a".into(),
        lifecycle: simian_core::Lifecycle::InService,
        healthy: true,
        protected: false,
        template_version: None,
        template: None,
        configuration: None,
        kind: None,
    };
    let tags = [("owner".to_owned(), "storefront".to_owned())].into();
    let shop = Group { members: vec![member], tags, ..group("shop-prod-v001") };
    let grouped = with_instance(instance("i-1"), |one| one.group = Some("shop-prod-v001".into()));
    let table = "rules = [\"untagged\"]\nrule.untagged.tags = [\"cost\"]";
    let mark = Stage::new(table).put(grouped).group(shop).chore("instance/i-1").unwrap().mark;
    assert_eq!((mark.owner.as_deref(), mark.app.as_deref()), (Some("storefront"), Some("shop")));
}
