//! Every hold names its remedy, and the remedy is true: doing it lifts the hold.

use chrono::{NaiveDate, TimeDelta};

use super::RAILS;
use super::testing::Scene;
use crate::action::Action;
use crate::detail::{Detail, Look, Stops};
use crate::fleet::View;
use crate::ledger::Pause;
use crate::scope::Mode;

fn date(day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, day).unwrap()
}

fn full() -> String {
    Scene::quiet().proposal.unit.id.full()
}

type Spoil = fn(&mut Scene);

/// A way to make each rail hold, and what it says would help.
const HOLDS: &[(&str, Spoil, &str)] = &[
    ("mode", |s| s.policy.mode = Mode::DryRun, "mode = \"live\""),
    ("paused", |s| s.world.history.pauses = vec![Pause::new(s.now, "ann", "x")], "`simian resume`"),
    ("account", |s| s.world.observed.identity = View::Unasked, "credentials of that account"),
    ("clock", |s| s.fleet().skew = View::Unasked, "time service"),
    (
        "change_calendar",
        |s| s.policy.change_calendars = vec!["arn:aws:ssm:us-east-1:111122223333:document/freeze".parse().unwrap()],
        "[hours] change_calendars readable and open",
    ),
    ("veto_window", |s| s.policy.veto = TimeDelta::hours(1), "its next turn, or a shorter [monkeys.chaos] veto"),
    ("hours", |s| s.now += TimeDelta::hours(12), "opens Tue 2026-11-24 09:00 UTC"),
    ("hours", |s| s.now += TimeDelta::days(4) + TimeDelta::hours(12), "opens Mon 2026-11-30 09:00 UTC"),
    ("hours", |s| s.proposal.expires = s.now, "its next turn"),
    (
        "opted_in",
        |s| drop(s.group().tags.insert("simian:chaos".into(), "off".into())),
        "the owner's tag simian:chaos = on on shop-prod-v001",
    ),
    (
        "opted_in",
        |s| drop(s.group().tags.insert("simian:chaos:min-days".into(), "x".into())),
        "the owner mends simian:chaos:min-days on shop-prod-v001",
    ),
    ("opted_in", |s| s.proposal.unit.groups[0].name = "gone".into(), "a group gone that opts in"),
    (
        "veto",
        |s| drop(s.group().tags.insert("simian:veto".into(), "2026-11-23 2026-11-24".into())),
        "from Wed 2026-11-25, or when the owner takes 2026-11-23 out of simian:veto",
    ),
    ("ourselves", |s| s.world.observed.ourselves = View::Unasked, "AWS_EC2_METADATA_DISABLED"),
    (
        "ourselves",
        |s| s.world.observed.ourselves = View::Known(Some(s.proposal.targets[0].instance.clone())),
        "run simian elsewhere",
    ),
    ("fault", |s| s.proposal.action = Action::Latency, "the operator sets faults.for"),
    ("fault", |s| s.proposal.action = Action::KernelPanic, "adds \"kernel-panic\" to faults.allow"),
    ("member", |s| s.proposal.targets.clear(), "not protected from scale in"),
    ("member", |s| s.group().members[0].healthy = false, "the next look chooses"),
    ("member", |s| s.fleet().groups = View::Unknown("x".into()), "a survey that succeeds"),
    (
        "healthy_floor",
        |s| s.policy.floors.healthy = 5,
        "4 of 4 serve: it would pass with 6, or with [floors] healthy = 3",
    ),
    ("zone_floor", |s| s.policy.floors.zone = 2, "2 there serve: it would pass with 3, or with [floors] zone = 1"),
    (
        "cool_down",
        |s| {
            s.proposal.unit.settings.min_days = 2;
            s.world.history.last_action.insert(full(), date(20));
        },
        "from Tue 2026-11-24, or earlier with fewer simian:chaos:min-days",
    ),
    (
        "cool_down",
        |s| {
            s.world.history.birth.at = s.now;
            s.world.history.birth.lifted = None;
        },
        "from Tue 2026-11-24, or at once with `simian resume --first-run`",
    ),
    ("steady", |s| s.group().suspended = vec!["Launch".into()], "the owner resumes Launch of shop-prod-v001"),
    ("recovered", |s| s.open_claim_on(3), "serve as many as before"),
    ("breaker", |s| s.world.history.failed_in_a_row = 3, "then `simian resume`"),
    (
        "candidates",
        |s| s.world.history.last_survey = [(s.proposal.scope.clone(), 100)].into(),
        "sees about 100 again; or, if the fleet really shrank, `simian resume --fleet-changed --account 111122223333 --region \
         us-east-1`; or a higher [rails.candidates] shrink_percent",
    ),
    ("budgets", |s| s.policy.budgets.per_app_day = Some(0), "on Tue 2026-11-24, or a higher [budgets] per_app_day"),
    ("budgets", |s| s.policy.budgets.per_zone_day = Some(0), "[budgets] per_zone_day"),
    ("budgets", |s| s.policy.budgets.concurrent = Some(0), "a higher [budgets] concurrent"),
    (
        "budgets",
        |s| s.policy.budgets.unrecovered = Some(0),
        "`simian resume --recovered UNIT`; or a higher [budgets] unrecovered",
    ),
];

type SpoilLook = fn(&mut Look);

/// The same for what only a second look shows.
const LOOKS: &[(&str, SpoilLook, &str)] = &[
    (
        "steady",
        |look| drop(look.refreshes.insert("shop-prod-v001".into(), View::Unknown("x".into()))),
        "once its group is at rest",
    ),
    (
        "replacement",
        |look| look.subnets = View::Known([].into()),
        "a template, an image and a subnet that it can launch from",
    ),
    ("target_health", |look| look.targets.clear(), "[floors] healthy"),
    (
        "alarms",
        |look| stops(look).alarms = View::Known([].into()),
        "an alarm shop-5xx in us-east-1, or its name taken out",
    ),
    ("alarms", |look| stops(look).alarms = View::Unasked, "readable and OK"),
    ("outage", |look| stops(look).outage = View::Unasked, "a yes of https://status"),
    ("safety_lever", |look| stops(look).lever = View::Unasked, "[rails.safety_lever] enabled = false"),
];

fn stops(look: &mut Look) -> &mut Stops {
    look.stops.as_mut().unwrap()
}

#[test]
fn every_hold_of_the_second_look_names_what_would_lift_it() {
    for (rail, spoil, remedy) in LOOKS {
        let mut scene = Scene::quiet();
        scene.group().target_groups = vec!["arn:x".into()];
        scene.policy.alarms.names = vec!["shop-5xx".into()];
        scene.policy.outage = Some("https://status".into());
        let detail = scene.detail(spoil);
        let judged = super::judge(&[scene.proposal.clone()], &scene.world, &detail, &scene.policy, scene.now).remove(0);
        let mut lifts = super::lifts(&judged, &scene.world, &detail, &scene.policy, scene.now);
        let lift = lifts.remove(*rail).unwrap_or_else(|| panic!("{rail} holds nothing, or has no remedy"));
        assert!(lift.contains(remedy), "{rail}: {lift}");
    }
}

#[test]
fn every_hold_names_what_would_lift_it() {
    for (rail, spoil, remedy) in HOLDS {
        let mut scene = Scene::quiet();
        spoil(&mut scene);
        assert!(scene.lift(rail).contains(remedy), "{rail}: {}", scene.lift(rail));
    }
}

#[test]
fn every_rail_has_a_remedy() {
    // These need a second look of a kind of their own; their own tests have one.
    let known: Vec<&str> = HOLDS.iter().map(|(rail, ..)| *rail).chain(LOOKS.iter().map(|(rail, ..)| *rail)).collect();
    let without: Vec<&str> = RAILS.iter().map(|rail| rail.name).filter(|name| !known.contains(name)).collect();
    assert_eq!(without, ["reread", "able"]);
}

#[test]
fn doing_it_lifts_the_hold() {
    let mut scene = Scene::quiet();
    scene.policy.floors.healthy = 5;
    assert!(scene.lift("healthy_floor").contains("pass with 6, or with [floors] healthy = 3"));
    let mut more = scene.group().members.clone();
    for (n, member) in more.iter_mut().enumerate() {
        member.id = crate::fleet::InstanceId::new(format!("i-new-{n}"));
    }
    scene.group().members.push(more.remove(0));
    assert!(scene.verdict("healthy_floor").holds(), "five are not enough");
    scene.group().members.push(more.remove(0));
    assert!(!scene.verdict("healthy_floor").holds(), "six are");
    scene.group().members.truncate(4);
    scene.policy.floors.healthy = 3;
    assert!(!scene.verdict("healthy_floor").holds());
}

#[test]
fn what_passes_needs_no_remedy() {
    let scene = Scene::quiet();
    let detail = Detail::none();
    assert!(super::lifts(&scene.judge(), &scene.world, &detail, &scene.policy, scene.now).is_empty());
}
