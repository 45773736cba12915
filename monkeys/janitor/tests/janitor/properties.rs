//! What holds of every region, every mark and every day.

use chrono::{Days, NaiveDate, TimeDelta};
use proptest::prelude::*;
use simian_core::mark::Saved;
use simian_core::resource::Launch;
use simian_core::{Chore, Group, LaunchSource, Mark, Resource, ResourceId, ResourceKind, Step, View};
use simian_janitor::RULES;

use crate::stage::{MARK, Stage, date};
use crate::things::*;

/// One resource of each kind that some rule is about, none of which anybody uses.
fn each() -> Vec<Resource> {
    vec![
        instance("i-1"),
        stopped("i-2", Some(90)),
        volume("vol-1"),
        snapshot("snap-1"),
        image("ami-1", &["snap-2"]),
        launch_configuration("old", Launch::default()),
        template("lt-1", 9, 10),
        version("lt-1", 1, Launch::default()),
        balancer("arn:lb"),
        classic_balancer("web"),
        target_group("arn:tg", &[]),
        address("eipalloc-1"),
        security_group("sg-1", "web"),
        interface("eni-1"),
        key_pair("key-1", "ops"),
        nat_gateway("nat-1"),
        log_group("/shop"),
    ]
}

/// With one of each that was asked for, and of each list nothing else.
pub(crate) fn one_of_each(mut stage: Stage) -> Stage {
    for resource in each() {
        if stage.fleet.estate.kinds.contains_key(&resource.id.kind) {
            stage.set(resource);
        }
    }
    let known = |stage: &Stage| stage.fleet.groups.known().is_some();
    stage.fleet.estate.health.insert("arn:tg".into(), View::Known([].into()));
    if known(&stage) { stage.group(group("shop")) } else { stage }
}

const ALL: &str = "rules = [\"*\"]\ndelete_untagged = true\nrule.old-template-version.newest = 0\n\
    delete = [\"instance\", \"volume\", \"snapshot\", \"image\", \"auto-scaling-group\", \"launch-configuration\", \
    \"launch-template\", \"launch-template-version\", \"load-balancer\", \"classic-load-balancer\", \"target-group\", \
    \"elastic-ip\", \"security-group\", \"network-interface\", \"key-pair\", \"nat-gateway\", \"log-group\"]\n";

fn tags_known(mut stage: Stage) -> Stage {
    let log = stage.get("log-group//shop").cloned();
    if let Some(log) = log {
        stage.set(Resource { tags: View::Known([].into()), ..log });
    }
    stage
}

/// Something that makes a resource used, by its id. Not everything has a user that can be shown here.
fn used(stage: Stage, id: &str) -> Stage {
    let tags = |stage: &Stage| stage.get(id).map(|one| one.tags.clone()).unwrap_or_default();
    let same = |stage: &Stage, resource: Resource| Resource { tags: tags(stage), ..resource };
    let source = |version: &str| vec![LaunchSource::Template { id: "lt-1".into(), version: version.into() }];
    let wanting = |launches| Group { desired: 1, launches, ..group("user") };
    let new = match id {
        "volume/vol-1" => same(&stage, attached("vol-1", "i-9")),
        "snapshot/snap-1" => image("ami-9", &["snap-1"]),
        "image/ami-1" => version("lt-9", 1, launching("ami-1")),
        "launch-configuration/old" => {
            return stage.group(wanting(vec![LaunchSource::Configuration("old".into())]));
        }
        "launch-template/lt-1" => return stage.group(wanting(source("$Latest"))),
        "launch-template-version/lt-1:1" => return stage.group(wanting(source("1"))),
        "load-balancer/arn:lb" => with_target_group(target_group("arn:9", &["arn:lb"]), |one| one.kind = "ip".into()),
        "classic-load-balancer/web" => {
            return stage.group(Group { classic_balancers: vec!["web".into()], ..wanting(vec![]) });
        }
        "target-group/arn:tg" => {
            return stage.group(Group { target_groups: vec!["arn:tg".into()], ..wanting(vec![]) });
        }
        "elastic-ip/eipalloc-1" => {
            let address = same(&stage, address("eipalloc-1"));
            with_address(address, |address| address.associated = true)
        }
        "security-group/sg-1" => with_interface(interface("eni-9"), |one| one.security_groups = vec!["sg-1".into()]),
        "network-interface/eni-1" => {
            let interface = same(&stage, interface("eni-1"));
            with_interface(interface, |interface| interface.available = false)
        }
        "key-pair/key-1" => with_instance(instance("i-9"), |one| one.key = Some("ops".into())),
        "nat-gateway/nat-1" => route_table("rtb-9", &["nat-1"]),
        "log-group//shop" => {
            let group = same(&stage, log_group("/shop"));
            with_log_group(group, |group| group.retention_days = Some(30))
        }
        "instance/i-1" => same(&stage, instance("i-1")).tagged("owner", "x"),
        "instance/i-2" => same(&stage, with_instance(instance("i-2"), |_| ())).tagged("owner", "x"),
        "auto-scaling-group/shop" => {
            let mut stage = stage;
            let View::Known(groups) = &mut stage.fleet.groups else { unreachable!() };
            groups.get_mut("shop").unwrap().desired = 1;
            return stage;
        }
        other => panic!("{other} has no user"),
    };
    stage.put(new)
}

fn ids() -> Vec<String> {
    let group = ResourceId::new(ResourceKind::Group, "shop");
    each().iter().map(|resource| resource.id.clone()).chain([group]).map(|id| id.to_string()).collect()
}

/// Everything is deleted in the end, and at each step of that life it is lifted as soon as it is used.
#[test]
fn what_becomes_used_is_lifted_at_every_step_of_its_life() {
    for id in ids() {
        let mut stage = tags_known(one_of_each(Stage::new(ALL)));
        let mut steps = Vec::new();
        for _ in 0..200 {
            let Some(chore) = stage.act().into_iter().find(|chore| chore.resource.to_string() == id) else {
                stage.complete();
                stage.sleep();
                continue;
            };
            steps.push(chore.step);
            if chore.step == Step::Delete {
                break;
            }
            let after = used(stage.clone(), &id);
            assert_eq!(after.step(&id), Some(Step::Lift), "{id} after {steps:?}");
        }
        assert_eq!(steps.last(), Some(&Step::Delete), "{id}: {steps:?}");
        assert_eq!(&steps[..2], [Step::Mark, Step::Announce], "{id}");
    }
}

/// Days around today.
fn day() -> impl Strategy<Value = NaiveDate> {
    (-60_i64..60).prop_map(|days| date("2026-11-23") + TimeDelta::days(days))
}

fn marks(rules: &'static [&'static str]) -> impl Strategy<Value = Mark> {
    let saved = proptest::option::of(
        (day(), any::<bool>()).prop_map(|(on, made)| Saved { on, snapshot: made.then(|| "snap-1".to_owned()) }),
    );
    let dates = (day(), day(), proptest::option::of(day()), proptest::option::of(day()));
    (0..rules.len(), dates, saved, any::<bool>()).prop_map(
        |(rule, (since, end, announced, tried), saved, rehearsed)| Mark {
            rule: rules[rule].to_owned(),
            since,
            end,
            owner: None,
            app: None,
            cents_a_month: 0,
            announced,
            saved,
            tried,
            acting: None,
            rehearsed,
        },
    )
}

const NAMES: [&str; 4] = ["untagged", "unattached-volume", "unused-image", "orphan-instance"];

/// A resource of each kind with perhaps a mark, a tag, a word to keep it, a user, an unknown list.
fn stages() -> impl Strategy<Value = Stage> {
    let n = ids().len();
    let per = (
        proptest::option::of(marks(&NAMES)),
        prop_oneof![
            Just(None),
            Just(Some("nonsense".to_owned())),
            (day(), day()).prop_map(|(end, since)| Some(format!("delete@{end} rule=untagged since={since}"))),
        ],
        prop_oneof![4 => Just(None), 1 => Just(Some("forever")), 1 => Just(Some("2026-11-20")), 1 => Just(Some("?"))],
        prop::bool::weighted(0.2),
    );
    let broken = proptest::option::weighted(0.3, 0..ResourceKind::ALL.len());
    (proptest::collection::vec(per, n), broken, 0_i64..40, any::<bool>()).prop_map(|(all, broken, days, live)| {
        let mut stage = tags_known(one_of_each(Stage::new(ALL)));
        if !live {
            stage = stage.rehearsing();
        }
        for (id, (mark, tag, keep, is_used)) in ids().into_iter().zip(all) {
            let taggable = id.parse::<ResourceId>().unwrap();
            if let Some(mut resource) = stage.get(&id).cloned() {
                let can = simian_core::mark::tagged_at_once(taggable.kind).is_some();
                if let Some(tag) = tag.filter(|_| can) {
                    resource = resource.tagged(MARK, &tag);
                }
                if let Some(keep) = keep.filter(|_| can) {
                    resource = resource.tagged("simian:keep", keep);
                }
                stage.set(resource);
            }
            if let Some(mark) = mark {
                stage = stage.marked(&id, mark);
            }
            if is_used {
                stage = used(stage, &id);
            }
        }
        if let Some(kind) = broken {
            stage = stage.unknown(ResourceKind::ALL[kind]);
        }
        stage.at += TimeDelta::days(days);
        stage
    })
}

/// What must be true of a chore, whatever it came from.
fn sound(stage: &Stage, chore: &Chore) {
    let id = chore.resource.to_string();
    let before = stage.mark(&id);
    assert_eq!(chore.from.as_ref(), before, "{id}");
    assert_eq!((chore.date, chore.mode), (stage.today(), stage.mode), "{id}");
    assert!(!chore.why.is_empty(), "{id}");
    if let Some(before) = before {
        assert!(chore.mark.since <= before.since, "{id}: since moved later");
    }
    match chore.step {
        Step::Save | Step::Delete => {
            let before = before.expect("it was never marked");
            let announced = before.announced.expect("its owner was never told");
            let passed = stage.calendar.working_days_between(announced, stage.today());
            assert!(passed >= 3, "{id}: announced {announced}, {passed} working days ago");
            assert!(before.end <= stage.today() && before.tried != Some(stage.today()), "{id}");
            assert!(stage.calendar.day(stage.today()).is_working(), "{id}");
            assert!(!before.rehearsed, "{id}");
            if chore.step == Step::Delete && matches!(chore.resource.kind, ResourceKind::Volume | ResourceKind::Image) {
                assert!(before.saved.as_ref().is_some_and(|saved| saved.on < stage.today()), "{id}: no last resort");
            }
        }
        Step::Mark | Step::Announce => {
            assert!(chore.mark.since <= stage.today() || before.is_some(), "{id}");
            assert!(!before.is_some_and(|mark| mark.rehearsed), "{id}");
        }
        Step::Lift => {}
    }
}

fn kept(stage: &Stage, chore: &Chore) -> bool {
    let tag = stage.get(&chore.resource.to_string()).and_then(|one| one.tag("simian:keep"));
    let today = stage.today();
    tag.is_some_and(|text| text.parse::<NaiveDate>().map_or(true, |through| through >= today))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_chore_is_sound(stage in stages()) {
        let look = stage.look();
        let mut seen = std::collections::BTreeSet::new();
        for chore in &look.chores {
            sound(&stage, chore);
            prop_assert!(seen.insert(&chore.resource), "two steps for {}", chore.resource);
            prop_assert!(!kept(&stage, chore) || chore.step == Step::Lift, "{} is kept", chore.resource);
        }
        prop_assert_eq!(&look, &stage.look(), "the same world, the same outlook");
        let order: Vec<_> = look.chores.iter().map(|chore| (&chore.scope, chore.step, &chore.resource)).collect();
        prop_assert!(order.is_sorted());
    }

    /// Whatever the first state, a life that is lived on never deletes before its owner had the notice, and ends.
    #[test]
    fn every_life_is_sound_and_comes_to_rest(mut stage in stages()) {
        let last = stage.today() + Days::new(90);
        while stage.today() < last {
            for chore in stage.look().chores {
                sound(&stage, &chore);
            }
            stage.act();
            stage.complete();
            stage.sleep();
        }
        prop_assert_eq!(stage.look().chores, vec![], "something is done for ever");
    }

    /// With nobody knowing anything, nothing is done but to marks of rules that are off.
    #[test]
    fn who_is_blind_does_nothing(stage in stages()) {
        let mut blind = stage;
        for kind in ResourceKind::ALL {
            blind = blind.unknown(*kind);
        }
        prop_assert_eq!(blind.look().chores, vec![]);
    }
}

#[test]
fn there_is_one_of_each_kind_that_a_rule_is_about() {
    let kinds: std::collections::BTreeSet<ResourceKind> =
        ids().iter().map(|id| id.parse::<ResourceId>().unwrap().kind).collect();
    for rule in RULES {
        if let simian_janitor::rules::Kinds::One(kind) = rule.kinds {
            assert!(kinds.contains(&kind), "{}", rule.id);
        }
    }
}
