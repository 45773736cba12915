//! A call that writes was begun: may it be?

use chrono::TimeDelta;
use simian_core::detail::AlarmState;
use simian_core::{MarkId, Mode, Region, ResourceId, ResourceKind, Scope};

use super::{Life, Scene, resorts, waste};
use crate::model::stops::seconds;
use crate::months::MARK;
use crate::scenario::{ACCOUNT, HookSays};
use crate::violation::Violation;
use crate::world::log::Write;

/// How long a call may take, for which there must be time.
const CALL_TAKES: TimeDelta = TimeDelta::seconds(20);

/// How long before a call its region may have been asked what time it is.
const ASKED_THE_TIME: TimeDelta = TimeDelta::minutes(11);

/// How far a clock may be off.
const MAX_SKEW_MILLIS: i64 = 60_000;

/// How old an answer of what stops everything may be when a call begins; and where the machine slept.
const ANSWERED: TimeDelta = TimeDelta::seconds(30);
const ASLEEP: TimeDelta = TimeDelta::seconds(120);

/// Whether it takes something.
pub(super) fn disposes(write: &Write) -> bool {
    matches!(write, Write::Save | Write::Dispose(_))
}

pub(super) fn mark_id(mode: Mode, region: &Region, id: &ResourceId) -> Option<MarkId> {
    let scope = Scope { account: ACCOUNT.parse().ok()?, region: region.clone() };
    Some(MarkId { mode, scope, resource: id.clone() })
}

pub(super) fn wrote(scene: &Scene<'_>, write: &Write, region: &Region, ids: &[ResourceId], wrong: &mut Vec<Violation>) {
    let what = format!("{write:?} of {}", ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "));
    if !scene.live() {
        scene.wrong("mode", format!("{what}, where the operator said dry-run"), wrong);
    }
    if scene.book().open(scene.entry.reading).is_none() {
        scene.wrong("hours", format!("{what} was begun at {}, outside the hours", scene.entry.reading), wrong);
    }
    if let Write::Tag { key, .. } | Write::Untag { key } = write
        && key != MARK
    {
        scene.wrong("tag", format!("{what}: that is not our tag"), wrong);
    }
    paused(scene, write, region, ids, &what, wrong);
    let closed = scene.log.calendar.during(scene.looked_from() - ASKED_THE_TIME, scene.entry.at).all(|open| !open);
    if scene.policy.change_calendar && closed {
        scene.wrong("change-calendar", format!("{what} while the calendar was closed"), wrong);
    }
    if disposes(write) {
        clock(scene, &what, wrong);
        stopped(scene, region, &what, wrong);
        for id in ids {
            disposed(scene, write, region, id, wrong);
        }
        caps(scene, region, ids, &what, wrong);
    }
}

/// A mark may always be lifted. A pause of one resource counts for what takes something; marks of many are one call.
fn paused(
    scene: &Scene<'_>,
    write: &Write,
    region: &Region,
    ids: &[ResourceId],
    what: &str,
    wrong: &mut Vec<Violation>,
) {
    if matches!(write, Write::Untag { .. }) {
        return;
    }
    let names = |id: &ResourceId| [id.to_string(), format!("{ACCOUNT}/{region}/{id}")];
    for pause in &scene.log.pauses {
        let meant = match &pause.unit {
            None => true,
            Some(unit) => disposes(write) && ids.iter().any(|id| names(id).contains(unit)),
        };
        let ours = pause.monkey.as_ref().is_none_or(|only| only == "janitor");
        let here = pause.region.as_ref().is_none_or(|only| only == region);
        if pause.holds(scene.index, scene.entry.reading)
            && meant
            && ours
            && here
            && (!pause.by_file || scene.policy.brake)
        {
            scene.wrong("paused", format!("{what} was begun, paused since {}", pause.from), wrong);
        }
    }
}

fn clock(scene: &Scene<'_>, what: &str, wrong: &mut Vec<Violation>) {
    let Some(ahead) = scene.log.ahead.get(scene.entry.slot) else { return };
    let from = scene.entry.at - ASKED_THE_TIME;
    if ahead.during(from, scene.entry.at).all(|ahead| ahead.abs() > MAX_SKEW_MILLIS) {
        scene.wrong("clock", format!("{what} by a clock that is {} ms off", ahead.at(scene.entry.at)), wrong);
    }
}

/// Alarms, the lever and the hook are told as they are.
fn stopped(scene: &Scene<'_>, region: &Region, what: &str, wrong: &mut Vec<Violation>) {
    let at = scene.entry.at;
    let from = at - if scene.slept(ASLEEP) { ASLEEP } else { ANSWERED };
    let truth = scene.stage.cloud.truth();
    for name in &scene.policy.alarms {
        if !seconds(from, at).any(|then| truth.alarm(region, name, then) == Some(AlarmState::Ok)) {
            scene.wrong("alarms", format!("{what}, and alarm {name} was not quiet"), wrong);
        }
    }
    if seconds(from, at).all(|then| truth.lever(region, then).engaged) {
        scene.wrong("lever", format!("{what}, and the safety lever was engaged"), wrong);
    }
    if scene.policy.outage && scene.log.outage.during(from, at).all(|says| *says != HookSays::Yes) {
        scene.wrong("outage", format!("{what}, and the outage hook had not said yes"), wrong);
    }
}

/// One resource is saved or ends.
fn disposed(scene: &Scene<'_>, write: &Write, region: &Region, id: &ResourceId, wrong: &mut Vec<Violation>) {
    if !scene.janitor.delete.iter().any(|kind| kind == id.kind.as_str()) {
        scene.wrong("kind", format!("{write:?} of {id}, which is not in `delete`"), wrong);
    }
    let life = mark_id(Mode::Live, region, id).and_then(|mark| scene.model.lives.get(&mark));
    let Some(life) = life else {
        scene.wrong("marked", format!("{write:?} of {id}, which is not marked"), wrong);
        return;
    };
    intended(scene, write, id, life, wrong);
    if life.tried.get(&scene.today()).is_some_and(|begun| *begun != life.begun) {
        scene.wrong("tried", format!("{write:?} of {id}, which was tried on {} before", scene.today()), wrong);
    }
    announced(scene, id, life, wrong);
    let window = scene.window(region);
    let facts = scene.facts(region, Some(life.mark.since));
    let rule = life.mark.rule.as_str();
    let says = waste::waste(&window, &facts, rule, id).and_then(|()| waste::besides(&window, &facts, rule, id));
    if let Err(why) = says {
        scene.wrong("waste", format!("{write:?} of {id} by {rule}: {why}"), wrong);
    }
    let versions = window.versions(id);
    if versions.iter().all(|version| version.is_some_and(|version| version.shared)) {
        scene.wrong("shared", format!("{write:?} of {id}, which was shared all the time"), wrong);
    }
    resorts::check(scene, &window, &facts, (write, id), life, wrong);
}

/// It was said before, by this step's name, and lately.
fn intended(scene: &Scene<'_>, write: &Write, id: &ResourceId, life: &Life, wrong: &mut Vec<Violation>) {
    let step = if *write == Write::Save { "save" } else { "delete" };
    match life.mark.acting.as_ref().filter(|acting| acting.step == step) {
        None => scene.wrong("intent-before-act", format!("{write:?} of {id}, which was not intended"), wrong),
        Some(acting) if scene.entry.reading + CALL_TAKES > acting.act_before => {
            let text =
                format!("{write:?} of {id} was begun at {}, too late for {}", scene.entry.reading, acting.act_before);
            scene.wrong("act-within", text, wrong);
        }
        Some(_) => {}
    }
}

/// Placed and announced, each long enough ago in working days.
fn announced(scene: &Scene<'_>, id: &ResourceId, life: &Life, wrong: &mut Vec<Violation>) {
    let (book, today) = (scene.book(), scene.today());
    let notice = scene.janitor.notice_days;
    match life.announced {
        None => scene.wrong("announced", format!("{id} was never announced"), wrong),
        Some(date) if book.working_days(date, today) < notice => {
            scene.wrong(
                "announced",
                format!("{id} was announced on {date}, and it takes {notice} working days"),
                wrong,
            );
        }
        Some(_) => {}
    }
    let tables = scene.log.policies.iter().filter_map(|policy| policy.janitor.as_ref());
    let retention = tables.map(|table| table.retention_days).min().unwrap_or(0);
    let wait = if life.adopted { notice } else { retention };
    if book.working_days(life.placed, today) < wait {
        scene.wrong(
            "retention",
            format!("{id} was marked on {}, and stays for {wait} working days", life.placed),
            wrong,
        );
    }
}

/// Never more of a kind in one round than the operator allows.
fn caps(scene: &Scene<'_>, region: &Region, ids: &[ResourceId], what: &str, wrong: &mut Vec<Violation>) {
    let Some(kind) = ids.first().map(|id| id.kind) else { return };
    let round = scene.model.rounds.get(&(scene.entry.slot, region.clone()));
    let mut all: Vec<&ResourceId> = round.into_iter().flatten().chain(ids).filter(|id| id.kind == kind).collect();
    all.sort();
    all.dedup();
    let here = u32::try_from(most(scene, region, kind)).unwrap_or(u32::MAX);
    let share = scene.janitor.max_delete_percent.map(|percent| (here * percent / 100).max(1));
    let cap = scene.janitor.max_deletes.into_iter().chain(share).min();
    if cap.is_some_and(|cap| all.len() > cap as usize) {
        scene.wrong("caps", format!("{what}: {} of them in one round, the cap is {cap:?}", all.len()), wrong);
    }
}

/// The most of a kind that a list could show.
fn most(scene: &Scene<'_>, region: &Region, kind: ResourceKind) -> usize {
    let window = scene.window(region);
    let (mut least, mut most) = (0, 0);
    while most == least {
        least += 1;
        let enough = if kind == ResourceKind::Group {
            window.ever_groups(|groups| groups.len() >= least)
        } else {
            window.ever(kind, |list| list.len() >= least)
        };
        if enough {
            most = least;
        }
    }
    most
}
