use chrono::{NaiveDate, TimeDelta};

use super::super::testing::Scene;
use super::*;
use crate::chore::Disposal;
use crate::detail::Lever;
use crate::estate::{Extent, Kept};
use crate::ledger::Pause;
use crate::mark::Mark;
use crate::resource::{About, Resource, Volume, VolumeState};
use crate::scope::Mode;

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// Monday 2026-11-23, noon: a volume that was announced a week ago may go since Friday.
fn chore(scene: &Scene, step: Step) -> Chore {
    let mark = Mark {
        rule: "unattached-volume".into(),
        since: date("2026-11-02"),
        end: date("2026-11-20"),
        owner: Some("ann".into()),
        app: None,
        cents_a_month: 800,
        announced: Some(date("2026-11-16")),
        saved: None,
        tried: None,
        acting: None,
        rehearsed: false,
    };
    Chore {
        monkey: "janitor",
        mode: Mode::Live,
        date: date("2026-11-23"),
        scope: scene.proposal.scope.clone(),
        resource: "volume/vol-1".parse().unwrap(),
        title: None,
        step,
        disposal: Disposal::End,
        from: Some(mark.clone()),
        mark,
        gone: false,
        why: "attached to nothing".into(),
    }
}

fn scene() -> Scene {
    let mut scene = Scene::quiet();
    scene.policy.disposals.delete.insert(ResourceKind::Volume);
    scene
}

/// What was read right before: the same again, and nothing stops.
fn recheck(chores: &[Chore], at: DateTime<Utc>) -> Recheck {
    let stops = Stops {
        at,
        alarms: View::Known(BTreeMap::new()),
        lever: View::Known(Lever { engaged: false, reason: String::new() }),
        outage: View::Unasked,
    };
    let scopes = chores.iter().map(|chore| (chore.scope.clone(), stops.clone())).collect();
    Recheck::of(at, chores.iter().map(Chore::key).collect(), BTreeMap::new(), scopes)
}

fn judged(scene: &Scene, chores: &[Chore]) -> Vec<JudgedChore> {
    judge_chores(chores.to_vec(), &scene.world, &recheck(chores, scene.now), &scene.policy, scene.now)
}

/// Who holds it, if anybody does.
fn held(scene: &Scene, chore: &Chore) -> Option<String> {
    let judged = judged(scene, std::slice::from_ref(chore));
    judged[0].held_by().map(|ruling| format!("{}: {}", ruling.rail, ruling.says.why()))
}

#[test]
fn nothing_holds_what_was_marked_announced_and_read_again() {
    let scene = scene();
    for step in [Step::Lift, Step::Mark, Step::Announce, Step::Save, Step::Delete] {
        assert_eq!(held(&scene, &chore(&scene, step)), None, "{step}");
    }
}

#[test]
fn each_of_these_holds_a_deletion_and_says_why() {
    type Spoil = fn(&mut Scene, &mut Chore);
    let cases: [(&str, Spoil); 13] = [
        ("mode: this account is in dry-run", |scene, _| scene.policy.mode = Mode::DryRun),
        ("paused: paused by ann", |scene, _| {
            let pause = Pause { unit: Some("volume/vol-1".into()), ..Pause::new(scene.now, "ann", "mine") };
            scene.world.history.pauses = vec![pause];
        }),
        ("account: it is aimed at account 999999999999", |_, chore| {
            chore.scope.account = "999999999999".parse().unwrap();
        }),
        ("clock: our clock is", |scene, _| scene.fleet().skew = View::Known(TimeDelta::seconds(90))),
        ("hours: Mon 02:00 UTC is outside the hours", |scene, _| scene.now -= TimeDelta::hours(10)),
        ("breaker: the last 3 actions", |scene, _| scene.world.history.failed_in_a_row = 3),
        ("deletable: volumes are not in `delete`", |scene, _| scene.policy.disposals.delete.clear()),
        ("announced: it was never marked", |_, chore| chore.from = None),
        ("announced: its owner was never told", |_, chore| chore.from.as_mut().unwrap().announced = None),
        ("announced: it is marked to stay until 2026-11-24", |_, chore| {
            chore.from.as_mut().unwrap().end = date("2026-11-24");
        }),
        // Friday to Monday is one working day.
        ("announced: announced on 2026-11-20, 1 working days ago; it takes 3", |_, chore| {
            chore.from.as_mut().unwrap().announced = Some(date("2026-11-20"));
        }),
        ("announced: it was proposed for 2026-11-22", |_, chore| chore.date = date("2026-11-22")),
        ("alarms: there is no alarm checkout", |scene, _| scene.policy.alarms.names = vec!["checkout".into()]),
    ];
    for (expected, spoil) in cases {
        for step in [Step::Save, Step::Delete] {
            let mut scene = scene();
            let mut chore = chore(&scene, step);
            spoil(&mut scene, &mut chore);
            let held = held(&scene, &chore);
            assert!(held.as_deref().is_some_and(|held| held.starts_with(expected)), "{expected}: {held:?}");
        }
    }
}

#[test]
fn a_mark_needs_no_announcement_and_no_list_of_kinds() {
    let mut scene = scene();
    scene.policy.disposals.delete.clear();
    let chore = Chore { from: None, ..chore(&scene, Step::Mark) };
    assert_eq!(held(&scene, &chore), None);
    scene.world.history.pauses = vec![Pause::new(scene.now, "ann", "all")];
    assert!(held(&scene, &chore).is_some_and(|held| held.starts_with("paused")));
    // Taking a mark away does no harm.
    assert_eq!(held(&scene, &Chore { step: Step::Lift, ..chore }), None);
}

#[test]
fn what_a_fresh_read_does_not_condemn_too_stays() {
    let scene = scene();
    let (one, other) = (chore(&scene, Step::Delete), chore(&scene, Step::Save));
    let again = recheck(std::slice::from_ref(&other), scene.now);
    let judged = judge_chores(vec![one.clone()], &scene.world, &again, &scene.policy, scene.now);
    assert_eq!(judged[0].held_by().unwrap().rail, "recheck");
    // Before that look nothing holds it: it is asked for what passes.
    let judged = judge_chores(vec![one], &scene.world, &Recheck::none(), &scene.policy, scene.now);
    assert!(judged[0].passes());
}

#[test]
fn a_look_that_took_too_long_is_no_fresh_read() {
    let scene = scene();
    let chore = chore(&scene, Step::Delete);
    for (minutes, holds) in [(0, false), (10, false), (11, true), (60, true), (-1, true)] {
        let mut recheck = recheck(std::slice::from_ref(&chore), scene.now);
        recheck.since = Some(scene.now - TimeDelta::minutes(minutes));
        let judged = judge_chores(vec![chore.clone()], &scene.world, &recheck, &scene.policy, scene.now);
        let rail = judged[0].held_by().map(|ruling| ruling.rail.to_string());
        assert_eq!(rail.as_deref() == Some("recheck"), holds, "{minutes}");
    }
}

#[test]
fn hours_that_span_midnight_count_for_the_date_on_which_they_began() {
    let mut scene = scene();
    scene.policy.calendar.hours = crate::calendar::Hours { open: 22 * 60, close: 4 * 60 };
    // Tuesday, 01:00: Monday's hours.
    scene.now += TimeDelta::hours(13);
    let monday = chore(&scene, Step::Delete);
    assert_eq!(held(&scene, &monday), None);
    let tuesday = Chore { date: date("2026-11-24"), ..monday };
    assert!(held(&scene, &tuesday).is_some_and(|held| held.starts_with("announced: it was proposed for")));
}

#[test]
fn a_rehearsal_need_not_know_where_we_run() {
    let mut scene = scene();
    scene.policy.disposals.delete.insert(ResourceKind::Instance);
    let chore = Chore { resource: "instance/i-1".parse().unwrap(), ..chore(&scene, Step::Delete) };
    assert_eq!(held(&scene, &chore), None);
    scene.world.observed.ourselves = View::Unasked;
    assert!(held(&scene, &chore).is_some_and(|held| held.starts_with("ourselves")));
    assert_eq!(held(&scene, &Chore { mode: Mode::DryRun, ..chore }), None);
}

#[test]
fn a_snapshot_that_others_share_keeps_its_image() {
    let mut scene = scene();
    scene.policy.disposals.delete.insert(ResourceKind::Image);
    let ending = Disposal::EndImage { snapshots: vec!["snap-1".into()] };
    for step in [Step::Mark, Step::Delete] {
        let chore = Chore { resource: "image/ami-1".parse().unwrap(), disposal: ending.clone(), ..chore(&scene, step) };
        let with = |friends: &[&str]| View::Known(friends.iter().map(ToString::to_string).collect::<Vec<_>>());
        for (snapshot, expected) in [
            (Some(with(&[])), None),
            (Some(with(&["444455556666"])), Some("shared: snapshot/snap-1 is shared with 444455556666")),
            (Some(View::Unknown("throttled".into())), Some("shared: snapshot/snap-1 is shared with nobody knows whom")),
            (None, Some("shared: nobody asked for who shares it")),
        ] {
            let mut recheck = recheck(std::slice::from_ref(&chore), scene.now);
            recheck.shared.insert((chore.scope.clone(), chore.resource.clone()), with(&[]));
            let place = (chore.scope.clone(), "snapshot/snap-1".parse().unwrap());
            recheck.shared.extend(snapshot.map(|view| (place, view)));
            let judged = judge_chores(vec![chore.clone()], &scene.world, &recheck, &scene.policy, scene.now);
            let held = judged[0].held_by().map(|ruling| format!("{}: {}", ruling.rail, ruling.says.why()));
            match expected {
                None => assert_eq!(held, None, "{step}"),
                Some(why) => assert!(held.as_ref().is_some_and(|held| held.starts_with(why)), "{step}: {held:?}"),
            }
        }
    }
}

#[test]
fn what_others_share_is_never_marked_or_deleted() {
    let mut scene = scene();
    scene.policy.disposals.delete.insert(ResourceKind::Image);
    for step in [Step::Mark, Step::Delete] {
        let chore = Chore { resource: "image/ami-1".parse().unwrap(), ..chore(&scene, step) };
        let place = (chore.scope.clone(), chore.resource.clone());
        for (with, holds) in [
            (Some(View::Known(vec![])), false),
            (Some(View::Known(vec!["444455556666".to_owned()])), true),
            (Some(View::Unknown("throttled".into())), true),
            (None, true),
        ] {
            let mut recheck = recheck(std::slice::from_ref(&chore), scene.now);
            recheck.shared = with.clone().map(|with| (place.clone(), with)).into_iter().collect();
            let judged = judge_chores(vec![chore.clone()], &scene.world, &recheck, &scene.policy, scene.now);
            let rail = judged[0].held_by().map(|ruling| ruling.rail.to_string());
            assert_eq!(rail.as_deref() == Some("shared"), holds, "{step} {with:?}");
        }
    }
}

/// That many volumes are known, and so many of them would go.
fn many(scene: &mut Scene, all: usize, go: usize) -> Vec<Chore> {
    let volume = |n: usize| Resource {
        id: ResourceId::new(ResourceKind::Volume, format!("vol-{n:03}")),
        name: None,
        tags: View::Known([].into()),
        created: None,
        about: About::Volume(Volume {
            state: VolumeState::Available,
            size: 8,
            kind: "gp3".into(),
            iops: None,
            throughput: None,
            encrypted: true,
            snapshot: None,
            attached: vec![],
            managed: false,
        }),
    };
    let volumes: Vec<Resource> = (0..all).map(volume).collect();
    let kept = Kept::new::<String>(Extent::All, Ok(volumes.clone()));
    scene.fleet().estate.kinds.insert(ResourceKind::Volume, kept);
    let of = |volume: &Resource| Chore { resource: volume.id.clone(), ..chore(scene, Step::Delete) };
    volumes.iter().take(go).map(of).collect()
}

#[test]
fn so_many_of_a_kind_in_a_round_and_no_more() {
    for (most, percent, all, go, expected) in [
        (Some(10), Some(10), 1000, 30, 10),
        (Some(10), Some(10), 50, 30, 5),
        (None, Some(10), 1000, 300, 100),
        (Some(3), None, 1000, 30, 3),
        (None, None, 40, 40, 40),
        // One is always allowed, or a small account is never cleaned.
        (Some(10), Some(10), 3, 3, 1),
        (Some(0), Some(10), 3, 3, 0),
    ] {
        let mut scene = scene();
        scene.policy.disposals.max_deletes = most;
        scene.policy.disposals.max_delete_percent = percent;
        let chores = many(&mut scene, all, go);
        let passed = judged(&scene, &chores).iter().filter(|judged| judged.passes()).count();
        assert_eq!(passed, expected, "{most:?} {percent:?} {go} of {all}");
    }
}

#[test]
fn marks_have_a_cap_of_their_own() {
    let mut scene = scene();
    scene.policy.disposals.max_marks = Some(2);
    let mut chores = many(&mut scene, 100, 5);
    for chore in &mut chores[..4] {
        chore.step = Step::Mark;
    }
    let judged = judged(&scene, &chores);
    let passed = |step| judged.iter().filter(|one| one.chore.step == step && one.passes()).count();
    assert_eq!((passed(Step::Mark), passed(Step::Delete)), (2, 1));
}

#[test]
fn who_points_at_something_goes_before_it() {
    let mut scene = scene();
    scene.policy.disposals.delete.extend(ResourceKind::ALL);
    let of = |id: &str| Chore { resource: id.parse().unwrap(), ..chore(&scene, Step::Delete) };
    let chores =
        ["snapshot/s", "image/i", "launch-template/l", "auto-scaling-group/g", "security-group/sg", "load-balancer/b"]
            .map(of);
    let order: Vec<String> =
        judged(&scene, &chores).iter().map(|judged| judged.chore.resource.kind.to_string()).collect();
    let expected = ["auto-scaling-group", "load-balancer", "launch-template", "image", "snapshot", "security-group"];
    assert_eq!(order, expected);
}

#[test]
fn names_are_unique_and_never_mean_two_things() {
    let names: BTreeSet<&str> = CHORE_RAILS.iter().map(|rail| rail.name).collect();
    assert_eq!(names.len(), CHORE_RAILS.len());
}
