//! Corners of a report, on events made by hand. A whole week is in the tests of the command line.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use insta::assert_snapshot;
use simian_core::calendar::{Holidays, Hours, Weekdays};
use simian_core::{
    Action, Calendar, Claim, ClaimRecord, Draft, Kind, Mode, Outcome, Scope, Stage, UnitId, UnitKind, Watch,
};
use simian_core::{InstanceId, Key, Target};

use super::*;

pub(super) fn monday() -> DateTime<Utc> {
    "2026-11-23T00:00:00Z".parse().unwrap()
}

pub(super) fn calendar() -> Calendar {
    Calendar {
        zone: chrono_tz::UTC,
        days: Weekdays::MON_TO_FRI,
        hours: Hours::parse("09:00", "15:00").unwrap(),
        holidays: Holidays::default(),
        freezes: Vec::new(),
    }
}

pub(super) fn frame(calendar: &Calendar) -> Frame<'_> {
    Frame {
        names: BTreeMap::from([("111122223333".parse().unwrap(), "staging".to_owned())]),
        ..Frame::new(monday(), monday() + TimeDelta::days(7), calendar)
    }
}

fn scope() -> Scope {
    Scope { account: "111122223333".parse().unwrap(), region: "us-east-1".parse().unwrap() }
}

/// A history as it is told.
#[derive(Default)]
struct Tale(Facts);

impl Tale {
    /// Something that was said of a cluster, on a day of the week from 0 and at an hour.
    fn said(&mut self, day: i64, hour: i64, kind: Kind, mode: Mode, name: &str, why: &str) -> &mut Draft {
        let id = UnitId { scope: scope(), kind: UnitKind::Cluster, name: name.to_owned() };
        let date = (monday() + TimeDelta::days(day)).date_naive();
        let at = monday() + TimeDelta::days(day) + TimeDelta::hours(hour);
        let draft = Draft {
            account: Some(scope().account),
            region: Some(scope().region),
            unit: Some(id.to_string()),
            group: Some(format!("{name}-v001")),
            app: Some(name.to_owned()),
            owner: Some("ann".into()),
            target: Some(format!("i-{name}-{day}")),
            key: Some(Key::dated(mode, "chaos", date, &id).to_string()),
            action: Some("terminate".into()),
            due: Some(at),
            ..Draft::new(at, kind, mode, why)
        };
        self.0.events.push(draft);
        self.0.events.last_mut().unwrap()
    }

    /// The claim of what was said last, with so many targets.
    fn claimed(&mut self, targets: usize, outcome: Outcome, stage: Stage, baseline: u32) {
        let said = self.0.events.last().unwrap();
        let instance = |n| InstanceId::new(format!("{}-{n}", said.target.as_deref().unwrap_or("i")));
        let target = |n| Target { instance: instance(n), group: "g".into(), zone: "z".into() };
        let claim = Claim {
            key: Key::from_stored(said.key.clone().unwrap()),
            mode: said.mode,
            monkey: "chaos".into(),
            date: said.at.date_naive(),
            scope: scope(),
            unit: said.unit.clone().unwrap(),
            spans: None,
            baseline: BTreeMap::new(),
            alarms: Vec::new(),
            app: "a".into(),
            owner: said.owner.clone(),
            action: Action::Terminate,
            terms: None,
            targets: (0..targets).map(target).collect(),
            holder: "h".into(),
            at: said.at,
            act_before: said.at,
            slots: Vec::new(),
        };
        let baseline = if baseline > 0 { BTreeMap::from([("g".to_owned(), baseline)]) } else { BTreeMap::new() };
        let watch = Some(Watch { since: said.at, deadline: said.at, baseline, late: false, held: None });
        self.0.claims.push(ClaimRecord { stage, outcome: Some(outcome), watch, ..ClaimRecord::won(&claim) });
    }

    fn report(&self) -> Report {
        report(&self.0)
    }
}

fn report(facts: &Facts) -> Report {
    Report::of(facts, &frame(&calendar()))
}

fn done(tale: &mut Tale, day: i64, name: &str) {
    tale.said(day, 10, Kind::ActionPlanned, Mode::Live, name, "its turn").counts.insert("mean_millidays".into(), 1500);
    tale.said(day, 10, Kind::ActionDone, Mode::Live, name, "its turn; AWS accepted it");
    tale.claimed(1, Outcome::Done, Stage::Watching, 4);
}

fn only_turn(report: &Report) -> &Turn {
    let turns: Vec<&Turn> =
        report.parts[0].owners[0].units.iter().flat_map(|unit| &unit.groups).flat_map(|group| &group.turns).collect();
    assert_eq!(turns.len(), 1, "{turns:?}");
    turns[0]
}

#[test]
fn nothing_at_all() {
    assert_snapshot!(markdown(&Tale::default().report(), chrono_tz::UTC));
}

#[test]
fn every_way_to_recover() {
    let mut tale = Tale::default();
    done(&mut tale, 0, "shop");
    assert_eq!(only_turn(&tale.report()).recovery, Recovery::Watched);
    tale.0.claims[0].stage = Stage::Closed;
    assert_eq!(only_turn(&tale.report()).recovery, Recovery::Watched, "its baseline was known");
    tale.0.claims[0].watch.as_mut().unwrap().baseline.clear();
    assert_eq!(only_turn(&tale.report()).recovery, Recovery::NotMeasured);
    tale.said(0, 11, Kind::ActionUnrecovered, Mode::Live, "shop", "not whole");
    assert_eq!(only_turn(&tale.report()).recovery, Recovery::NotInTime);
    tale.said(0, 12, Kind::ActionRecovered, Mode::Live, "shop", "whole").counts.insert("recovery_seconds".into(), 7200);
    let report = tale.report();
    assert_eq!(only_turn(&report).recovery, Recovery::Recovered { seconds: 7200, late: true });
    assert_eq!(report.parts[0].totals.recovery.not_in_time, 1);
}

#[test]
fn what_only_recovers_here_was_done_before() {
    let mut tale = Tale::default();
    tale.said(0, 1, Kind::ActionRecovered, Mode::Live, "shop", "whole").counts.insert("recovery_seconds".into(), 60);
    assert!(tale.report().parts.is_empty());
}

#[test]
fn every_end() {
    for (kind, outcome, end) in [
        (Kind::ActionDone, None, End::Done),
        (Kind::ActionRehearsed, None, End::Rehearsed),
        (Kind::ActionFailed, None, End::Failed),
        (Kind::ActionRefused, None, End::Refused),
        (Kind::ActionAbandoned, None, End::Abandoned),
        (Kind::ActionResolved, Some("unknown"), End::Unknown),
        (Kind::ActionResolved, Some("failed"), End::Failed),
        (Kind::ActionResolved, Some("abandoned"), End::Abandoned),
        (Kind::ActionResolved, Some("done"), End::Done),
        (Kind::ActionIntended, None, End::Unknown),
        (Kind::ActionMissed, None, End::Missed),
        (Kind::ActionHeld, Some("hours"), End::Held),
    ] {
        let mut tale = Tale::default();
        tale.said(0, 9, Kind::ActionPlanned, Mode::Live, "shop", "its turn");
        assert_eq!(only_turn(&tale.report()).end, End::Planned);
        tale.said(0, 10, kind, Mode::Live, "shop", "so").outcome = outcome.map(str::to_owned);
        assert_eq!(only_turn(&tale.report()).end, end, "{kind} {outcome:?}");
        // A later look has the last word.
        if kind == Kind::ActionIntended {
            tale.said(0, 11, Kind::ActionResolved, Mode::Live, "shop", "looked").outcome = Some("done".into());
            assert_eq!(only_turn(&tale.report()).end, End::Done);
        }
    }
}

#[test]
fn instances_are_the_claims_and_gaps_are_working_days() {
    let mut tale = Tale::default();
    // Friday before the report, then Tuesday, then Thursday.
    done(&mut tale, -3, "shop");
    tale.0.events.clear();
    for day in [1, 3] {
        done(&mut tale, day, "shop");
    }
    let other = tale.0.claims[0].targets[0].clone();
    tale.0.claims[1].claim.targets.push(other);
    let report = tale.report();
    let unit = &report.parts[0].owners[0].units[0];
    assert_eq!((unit.totals.acted, unit.totals.instances), (2, 3));
    let gaps = Gaps {
        drawn_mean_days: Some(1.5),
        real: 2,
        real_mean_days: Some(2.0),
        least_days: Some(2),
        most_days: Some(2),
    };
    assert_eq!(unit.gaps, gaps);
    // A failed action is none.
    tale.0.claims[1].outcome = Some(Outcome::Failed);
    assert_eq!(tale.report().parts[0].owners[0].units[0].gaps.most_days, Some(4));
}

#[test]
fn holds_count_turns_and_not_events() {
    let mut tale = Tale::default();
    for (day, why) in [(0, "2 of 2 are used"), (0, "2 of 2 are used"), (1, "1 of 1 are used")] {
        tale.said(day, 10, Kind::ActionHeld, Mode::DryRun, "shop", why).outcome = Some("budgets".into());
    }
    tale.said(0, 11, Kind::ActionRehearsed, Mode::DryRun, "shop", "its turn");
    let report = tale.report();
    let hold = Hold { rail: "budgets".into(), turns: 2, acted_later: 1, why: "2 of 2 are used".into() };
    assert_eq!(report.parts[0].holds, [hold]);
    assert_eq!((report.parts[0].totals.held, report.parts[0].totals.acted), (1, 1));
    assert!(report.summary.contains("1 turn was held and not acted on, 1 of them by `budgets`"), "{}", report.summary);
}

#[test]
fn filters_keep_the_others_out() {
    let mut tale = Tale::default();
    done(&mut tale, 0, "shop");
    done(&mut tale, 1, "cart");
    for event in tale.0.events.iter_mut().filter(|event| event.app.as_deref() == Some("cart")) {
        event.owner = None;
    }
    let calendar = calendar();
    let owners = |owner: Option<&str>, account: Option<&str>| {
        let frame = Frame {
            owner: owner.map(str::to_owned),
            account: account.map(|account| account.parse().unwrap()),
            ..frame(&calendar)
        };
        let report = Report::of(&tale.0, &frame);
        report.parts.iter().flat_map(|part| &part.owners).map(|owner| owner.owner.clone()).collect::<Vec<_>>()
    };
    assert_eq!(owners(None, None), [Some("ann".to_owned()), None], "who has no owner comes last");
    assert_eq!(owners(Some("ann"), None), [Some("ann".to_owned())]);
    assert_eq!(owners(None, Some("999999999999")), []);
}

/// Everything that a report of units can hold, with texts that try to be markup.
pub(super) fn rich() -> Facts {
    let mut tale = Tale::default();
    done(&mut tale, 0, "shop");
    tale.said(0, 11, Kind::ActionRecovered, Mode::Live, "shop", "whole").counts.insert("recovery_seconds".into(), 210);
    done(&mut tale, 2, "shop");
    tale.said(2, 11, Kind::ActionUnrecovered, Mode::Live, "shop", "not whole after 15m");
    tale.said(3, 10, Kind::ActionPlanned, Mode::Live, "shop", "its turn");
    tale.said(3, 10, Kind::ActionHeld, Mode::Live, "shop", "it has not recovered").outcome = Some("recovered".into());
    tale.said(3, 11, Kind::ActionMissed, Mode::Live, "shop", "its time went by; it was held by recovered");
    for day in 0..5 {
        tale.said(day, 10, Kind::ActionPlanned, Mode::DryRun, "cart", "its turn");
        tale.said(day, 10, Kind::ActionRehearsed, Mode::DryRun, "cart", "its turn");
        tale.claimed(1, Outcome::Rehearsed, Stage::Closed, 0);
    }
    let nasty = tale.said(1, 12, Kind::ActionRefused, Mode::Live, "nasty", "no | permission\n## <b>Injected</b> `x`");
    nasty.owner = Some("<script>|`\n# h".into());
    nasty.group = None;
    nasty.run = Some("018f".into());
    let mut finding = Draft::new(monday() - TimeDelta::days(3), Kind::FindingOpened, Mode::Live, "`often` is no mean");
    (finding.key, finding.owner, finding.group) = (Some("f1".into()), Some("ann".into()), Some("lab-v003".into()));
    (finding.account, finding.region) = (Some(scope().account), Some(scope().region));
    tale.0.before.push(finding.clone());
    finding.key = Some("f2".into());
    tale.0.before.push(finding.clone());
    finding.kind = Kind::FindingClosed;
    tale.0.before.push(finding.clone());
    (finding.at, finding.key) = (monday() + TimeDelta::days(1), Some("f1".into()));
    tale.0.events.push(finding.clone());
    (finding.kind, finding.key) = (Kind::FindingOpened, Some("f3".into()));
    tale.0.events.push(finding);
    let mut pause = Draft::new(monday() - TimeDelta::days(1), Kind::DaemonPaused, Mode::Live, "incident | 4711");
    pause.actor = Some("ann".into());
    tale.0.before.push(pause.clone());
    (pause.at, pause.kind, pause.why) = (monday() + TimeDelta::hours(9), Kind::DaemonResumed, "it is over".into());
    tale.0.events.push(pause);
    for (hour, groups) in [(9, Some(4)), (10, None), (11, None)] {
        let mut round = Draft::new(monday() + TimeDelta::hours(hour), Kind::RoundClosed, Mode::Live, "");
        (round.account, round.region) = (Some(scope().account), Some(scope().region));
        match groups {
            Some(groups) => drop(round.counts.insert("groups".into(), groups)),
            None => round.why = "the survey failed: throttled".into(),
        }
        tale.0.events.push(round);
    }
    tale.0
}

#[test]
fn a_week_of_everything() {
    assert_snapshot!(markdown(&report(&rich()), chrono_tz::UTC));
}

#[test]
fn no_text_of_a_tag_becomes_markup() {
    let page = markdown(&report(&rich()), chrono_tz::UTC);
    assert!(!page.contains("<script>") && !page.contains("<b>") && !page.contains("\n## <"), "{page}");
    let mut cells = None;
    for line in page.lines() {
        let unescaped = line.replace("\\|", "").matches('|').count();
        match (line.starts_with('|'), cells) {
            (true, Some(before)) => assert_eq!(unescaped, before, "{line}"),
            (true, None) => cells = Some(unescaped),
            (false, _) => cells = None,
        }
    }
}

#[test]
fn the_json_has_its_shape() {
    assert_snapshot!(serde_json::to_string_pretty(&json(&report(&rich()))).unwrap());
}

/// Something that the janitor says of a volume, on a day of the week from 0.
fn volume(day: i64, kind: Kind, action: Option<&str>) -> Draft {
    Draft {
        monkey: Some("janitor".into()),
        account: Some(scope().account),
        region: Some(scope().region),
        owner: Some("ann".into()),
        target: Some("volume/vol-1".into()),
        outcome: action.is_none().then(|| "unattached-volume".into()),
        action: action.map(str::to_owned),
        due: Some(monday() + TimeDelta::days(9)),
        ..Draft::new(monday() + TimeDelta::days(day), kind, Mode::Live, "nobody uses it")
    }
    .count("cents_a_month", 800)
}

/// The report of these, of which those before the week are before it.
fn told(events: Vec<Draft>) -> Report {
    let (before, events) = events.into_iter().partition(|event| event.at < monday());
    report(&Facts { before, events, claims: Vec::new() })
}

#[test]
fn a_mark_is_open_until_it_is_lifted_or_its_resource_is_gone() {
    let resolved =
        |outcome: &str| Draft { outcome: Some(outcome.into()), ..volume(2, Kind::ActionResolved, Some("delete")) };
    for (more, state, open, what) in [
        (vec![], MarkState::Marked, 1, "marked before the week"),
        (vec![volume(1, Kind::MarkAnnounced, None)], MarkState::Announced, 1, "announced"),
        (vec![volume(1, Kind::MarkLifted, None)], MarkState::Lifted, 0, "lifted"),
        (vec![volume(1, Kind::ActionDone, Some("save"))], MarkState::Marked, 1, "only saved"),
        (vec![volume(1, Kind::ActionDone, Some("delete"))], MarkState::Deleted, 0, "deleted"),
        (vec![resolved("done")], MarkState::Deleted, 0, "it was looked up"),
        (vec![resolved("unknown")], MarkState::Marked, 1, "nobody knows"),
        (vec![volume(1, Kind::ActionRehearsed, Some("delete"))], MarkState::Marked, 1, "only rehearsed"),
        (vec![volume(1, Kind::ActionRefused, Some("delete"))], MarkState::Marked, 1, "refused"),
        (vec![volume(1, Kind::MarkLifted, None), volume(2, Kind::MarkPlaced, None)], MarkState::Marked, 1, "again"),
    ] {
        let mut events = vec![volume(-9, Kind::MarkPlaced, None)];
        events.extend(more);
        let report = told(events);
        assert_eq!(report.janitor.resources.len(), 1, "{what}");
        let line = &report.janitor.resources[0];
        assert_eq!((line.state, report.waste.resources), (state, open), "{what}");
        assert_eq!(report.waste.cents_a_month, 800 * open as u64, "{what}");
    }
    let before = told(vec![volume(-9, Kind::MarkPlaced, None), volume(-8, Kind::ActionDone, Some("delete"))]);
    assert_eq!(before.janitor.resources, [], "what went before the week is no news");
}

#[test]
fn the_janitor_counts_resources_and_not_events() {
    let save = volume(2, Kind::ActionDone, Some("save"));
    let delete = volume(3, Kind::ActionDone, Some("delete"));
    let report = told(vec![
        volume(0, Kind::MarkPlaced, None),
        volume(1, Kind::MarkAnnounced, None),
        volume(2, Kind::MarkAnnounced, None),
        save,
        volume(3, Kind::ActionRefused, Some("delete")),
        delete,
    ]);
    let Janitor { marked, announced, saved, deleted, lifted, refused, freed_cents_a_month, .. } = report.janitor;
    assert_eq!((marked, announced, saved, deleted, lifted, refused), (1, 1, 1, 1, 0, 1));
    assert_eq!(freed_cents_a_month, 800);
    assert!(report.advice.is_empty(), "it is gone: {:?}", report.advice);
    let tuesday = report.days.iter().find(|day| day.done > 0).unwrap();
    assert_eq!((tuesday.date.to_string().as_str(), tuesday.done, tuesday.not_done), ("2026-11-26", 1, 1));
    assert!(report.parts.is_empty(), "no unit was touched");
}

#[test]
fn marks_are_advice_and_dear_ones_are_graver() {
    let marks = |n: usize, cents: u64| {
        let one = |n| Draft {
            target: Some(format!("volume/vol-{n}")),
            ..volume(1, Kind::MarkPlaced, None).count("cents_a_month", cents)
        };
        told((0..n).map(one).collect()).advice.remove(0)
    };
    let one = marks(1, 800);
    assert_eq!((one.what.as_str(), one.severity), ("Delete 1 unattached volume: $8.00 a month", Severity::Low));
    let many = marks(214, 486);
    let what = "Delete 214 unattached volumes: $1,040 a month";
    assert_eq!((many.what.as_str(), many.severity, many.resources), (what, Severity::Medium, 214));
    assert_eq!(many.evidence, "214 resources of ann");
    assert_eq!(marks(100, 5_000).severity, Severity::High);
}

#[test]
fn rules_speak_for_themselves_and_events_where_they_do_not() {
    let finding = |rule: &str, group: &str, severity: Option<u64>| {
        let mut event = Draft {
            outcome: Some(rule.into()),
            group: Some(group.into()),
            key: Some(format!("{rule}/{group}")),
            ..Draft::new(monday() + TimeDelta::days(1), Kind::FindingOpened, Mode::Live, "port 22 is open: close it")
        };
        event.counts.extend(severity.map(|severity| ("severity".to_owned(), severity)));
        event
    };
    let facts = Facts {
        events: vec![
            finding("open-to-the-world", "a", None),
            finding("open-to-the-world", "b", None),
            finding("some-rule", "a", Some(4)),
        ],
        ..Facts::default()
    };
    let calendar = calendar();
    let advice = Report::of(&facts, &Frame { rules: sample::rules(), ..frame(&calendar) }).advice;
    let told: Vec<_> = advice.iter().map(|it| (it.severity.as_str(), it.what.as_str(), it.remedy.as_str())).collect();
    let remedy =
        "Name the addresses that need the port in the security group, or use Session Manager and no port at all.";
    assert_eq!(
        told,
        [
            ("critical", "Close SSH to the world", remedy),
            ("critical", "Look into some rule", "port 22 is open: close it"),
        ]
    );
}

#[test]
fn scores_are_weighed_and_have_a_trend() {
    let score = |day: i64, region: &str, score: u64, checks: u64| {
        let event = Draft {
            monkey: Some("conformity".into()),
            owner: Some("ann".into()),
            region: region.parse().ok(),
            ..Draft::new(monday() + TimeDelta::days(day), Kind::ScorePublished, Mode::Live, "")
        };
        event.count("score", score).count("checks", checks).count("failed", 1)
    };
    let report = told(vec![
        score(-3, "us-east-1", 50, 10),
        score(1, "us-east-1", 60, 30),
        score(1, "us-east-1", 80, 30),
        score(1, "eu-west-1", 40, 10),
    ]);
    let [line] = &report.scores[..] else { panic!("{:?}", report.scores) };
    assert_eq!((line.score, line.checks, line.failed, line.change), (70, 40, 2, Some(20)), "the later word counts");
    assert_eq!(line.days.iter().map(|day| day.score).collect::<Vec<_>>(), [50, 70]);
    assert_eq!(told(vec![score(-3, "us-east-1", 50, 10)]).scores, [], "nothing was published in the week");
}
