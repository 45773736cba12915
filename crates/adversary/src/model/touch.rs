//! Whom a claim takes, and when a call is made: the words of owners, the state of members, hours, pauses, modes.

use chrono::TimeDelta;
use simian_core::{Claim, Group, GroupId, InstanceId, Member, Mode, Region};

use super::hours::{self, Book};
use super::tags::{self, Wish, Word};
use super::{ACT_WITHIN, CALL_TAKES, Phase, Scene, names, stops};
use crate::violation::Violation;
use crate::world::log::Act;

/// A claim was won: everything that was to be judged has been.
pub(super) fn claimed(scene: &Scene<'_>, claim: &Claim, wrong: &mut Vec<Violation>) {
    let policy = scene.policy;
    let book = Book::of(policy);
    let reading = scene.entry.reading;
    let key = claim.key.as_str();
    if claim.mode == Mode::Live && !(policy.live && policy.monkey_live) {
        scene.wrong("mode", format!("{key} is live where the operator said dry-run"), wrong);
    }
    match book.open(claim.at) {
        None => scene.wrong("hours", format!("{key} was claimed outside the hours, {reading}"), wrong),
        Some(date) if date != claim.date => {
            scene.wrong(
                "date",
                format!("{key} was claimed in the hours of {date} and counts for {}", claim.date),
                wrong,
            );
        }
        Some(_) => {}
    }
    if claim.act_before > claim.at + ACT_WITHIN {
        scene.wrong("act-within", format!("{key} may be begun until {}", claim.act_before), wrong);
    }
    clock(scene, key, wrong);
    calendar(scene, key, wrong);
    if claim.mode == Mode::DryRun {
        // A pause that came while it was judged is no harm to a rehearsal.
        let settled = |at| scene.entry.at - at >= TimeDelta::seconds(60);
        if let Some(pause) =
            paused(scene, claim.mode, &claim.scope.region, &claim.monkey, Some(&claim.unit)).filter(|at| settled(*at))
        {
            scene.wrong("paused", format!("{key} was rehearsed, paused since {pause}"), wrong);
        }
    }
    let mut targets: Vec<&InstanceId> = claim.targets.iter().map(|target| &target.instance).collect();
    targets.sort();
    targets.dedup();
    if targets.len() != claim.targets.len() || targets.is_empty() {
        scene.wrong("targets", format!("{key} has the targets {:?}", claim.targets), wrong);
    }
    if scene.steady() {
        groups(scene, claim, wrong);
    }
}

/// Every target's group: was there any description, of those that could have been read, by which all of it was allowed?
fn groups(scene: &Scene<'_>, claim: &Claim, wrong: &mut Vec<Violation>) {
    let policy = scene.policy;
    let region = &claim.scope.region;
    let mut hit: Vec<&str> = claim.targets.iter().map(|target| target.group.as_str()).collect();
    hit.dedup();
    for name in hit {
        if policy.never_suffixes.iter().any(|suffix| names::ends_in(name, suffix)) {
            scene.wrong("spared", format!("{name} has an end that is never chosen"), wrong);
        }
        if policy.except_apps.contains(&names::app(name)) {
            scene.wrong("spared", format!("{name} is of an app that is never chosen"), wrong);
        }
        let unit = format!("{}:{}", policy.unit, names::unit(&policy.unit, name));
        if unit != claim.unit {
            scene.wrong("unit", format!("{name} is of {unit}, and was hit for {}", claim.unit), wrong);
        }
        let id = GroupId::new(region, name);
        let could = scene.model.timeline.during(&id, scene.entitled_from(), scene.entry.at);
        if could.is_empty() {
            scene.wrong("gone", format!("{id} was not there"), wrong);
            continue;
        }
        let mut why: Vec<(&'static str, String)> =
            could.iter().filter_map(|group| forbids(scene, claim, group)).collect();
        if why.len() == could.len()
            && let Some((rule, why)) = why.pop()
        {
            scene.wrong(rule, format!("{}: {id}: {why}; and nothing else could have been read", claim.key), wrong);
        }
    }
    siblings(scene, claim, wrong);
}

/// Why a claim may not have a group that is described so.
fn forbids(scene: &Scene<'_>, claim: &Claim, group: &Group) -> Option<(&'static str, String)> {
    let wish = match tags::read(&group.tags, scene.policy) {
        Word::Yes(wish) => wish,
        Word::No => return Some(("opted-in", "it is not opted in".into())),
        Word::Garbled => return Some(("opted-in", format!("nobody understands {:?}", group.tags))),
    };
    if wish.hours.is_some_and(|own| !hours::within(own, claim.at)) {
        return Some(("own-hours", format!("its owner's hours do not contain {}", claim.at)));
    }
    if wish.vetoes.contains(&claim.date) {
        return Some(("veto", format!("its owner vetoed {}", claim.date)));
    }
    if !wish.faults.iter().any(|fault| *fault == claim.action.name()) {
        return Some(("faults", format!("its owner wants {:?}", wish.faults)));
    }
    let here: Vec<&InstanceId> =
        claim.targets.iter().filter(|target| target.group == group.name).map(|target| &target.instance).collect();
    for id in &here {
        let Some(member) = group.member(id) else { return Some(("member", format!("{id} is no member"))) };
        if !serves(member) || member.protected {
            return Some(("member", format!("{id} is {}, healthy {}", member.lifecycle, member.healthy)));
        }
    }
    if let Some(why) = unrest(scene, claim, group) {
        return Some(("steady", why));
    }
    floors(scene, claim, group, &here).or_else(|| size(scene, claim, &wish))
}

fn serves(member: &Member) -> bool {
    member.lifecycle == simian_core::Lifecycle::InService && member.healthy
}

/// What keeps a group from healing, or shows that it is busy. Who is ours is no unrest.
fn unrest(scene: &Scene<'_>, claim: &Claim, group: &Group) -> Option<String> {
    let healing = ["Launch", "Terminate", "ReplaceUnhealthy", "HealthCheck"];
    if let Some(process) = group.suspended.iter().find(|process| healing.contains(&process.as_str())) {
        return Some(format!("{process} is suspended"));
    }
    let ours = |id: &InstanceId| {
        let open = scene.model.records.values().filter(|record| record.claim.mode == claim.mode);
        let mut open = open.filter(|record| record.phase != Phase::Closed).flat_map(|record| &record.claim.targets);
        open.any(|target| target.instance == *id)
    };
    let moving = [simian_core::Lifecycle::Pending, simian_core::Lifecycle::Terminating];
    if let Some(member) = group.members.iter().find(|one| moving.contains(&one.lifecycle) && !ours(&one.id)) {
        return Some(format!("{} is {}", member.id, member.lifecycle));
    }
    let serving = group.members.iter().filter(|member| serves(member)).count();
    (serving < group.desired as usize).then(|| format!("{serving} of {} serve", group.desired))
}

fn floors(scene: &Scene<'_>, claim: &Claim, group: &Group, here: &[&InstanceId]) -> Option<(&'static str, String)> {
    // Who is on the way out already does not serve, whatever the group says.
    let going = |id: &InstanceId| {
        let open = scene.model.records.values().filter(|record| record.claim.mode == claim.mode);
        let open = open.filter(|record| record.phase != Phase::Closed);
        open.flat_map(|record| &record.claim.targets).any(|target| target.instance == *id)
    };
    let left: Vec<&Member> = group
        .members
        .iter()
        .filter(|member| serves(member) && !here.contains(&&member.id) && !going(&member.id))
        .collect();
    let floor = scene.policy.healthy_floor as usize;
    if left.len() < floor {
        return Some(("healthy-floor", format!("{} would remain, the floor is {floor}", left.len())));
    }
    let floor = scene.policy.zone_floor as usize;
    for target in claim.targets.iter().filter(|target| here.contains(&&target.instance)) {
        let there = left.iter().filter(|member| member.zone == target.zone).count();
        if there < floor {
            return Some(("zone-floor", format!("{there} would remain in {}, the floor is {floor}", target.zone)));
        }
    }
    None
}

/// The unit's size is drawn from the survey, which may be older than the second look: no more than all that served then.
fn size(scene: &Scene<'_>, claim: &Claim, wish: &Wish) -> Option<(&'static str, String)> {
    let begun = scene.model.surveyed.get(&scene.entry.slot).copied().unwrap_or(scene.entry.at);
    let from = scene.entitled_from().min(begun - TimeDelta::seconds(300));
    let ours =
        |id: &&GroupId| names::unit(&scene.policy.unit, &id.name) == claim.unit.split_once(':').map_or("", |u| u.1);
    let serving = |id: &GroupId| {
        let could = scene.model.timeline.during(id, from, scene.entry.at);
        could.iter().map(|group| group.members.iter().filter(|member| serves(member)).count()).max().unwrap_or(0)
    };
    let all: usize = scene.model.timeline.ids().filter(ours).map(serving).sum();
    let most = wish.most(all);
    (claim.targets.len() > most).then(|| ("size", format!("{} at once, of {all} at most {most}", claim.targets.len())))
}

/// A group of the same unit whose opt-in nobody understands keeps the whole unit out, if every survey could see it.
fn siblings(scene: &Scene<'_>, claim: &Claim, wrong: &mut Vec<Violation>) {
    let (from, policy) = (scene.entitled_from() - ACT_WITHIN, scene.policy);
    let name = claim.unit.split_once(':').map_or("", |unit| unit.1);
    let region = &claim.scope.region;
    let ours = |id: &&GroupId| {
        (id.region == *region || policy.across_regions)
            && names::unit(&policy.unit, &id.name) == name
            && !policy.never_suffixes.iter().any(|suffix| names::ends_in(&id.name, suffix))
            && !policy.except_apps.contains(&names::app(&id.name))
    };
    for id in scene.model.timeline.ids().filter(ours) {
        let always = |like: &dyn Fn(&Group) -> bool| scene.model.timeline.always(id, from, scene.entry.at, like);
        let listed = |group: &Group| group.tags.get("simian:chaos").is_some_and(|value| value == "on");
        if always(&|group| listed(group) && tags::read(&group.tags, policy) == Word::Garbled) {
            scene.wrong("opted-in", format!("{}: nobody understands the tags of its {id}", claim.key), wrong);
        }
        let vetoed = |group: &Group| matches!(tags::read(&group.tags, policy), Word::Yes(wish) if wish.vetoes.contains(&claim.date));
        if always(&vetoed) {
            scene.wrong("veto", format!("{}: the owner of its {id} vetoed {}", claim.key, claim.date), wrong);
        }
    }
}

/// How far the clock may be off.
const MAX_SKEW_MILLIS: i64 = 60_000;

fn clock(scene: &Scene<'_>, key: &str, wrong: &mut Vec<Violation>) {
    let Some(ahead) = scene.log.ahead.get(scene.entry.slot) else { return };
    let (from, until) = (scene.entry.at - TimeDelta::seconds(90), scene.entry.at);
    if ahead.during(from, until).all(|ahead| ahead.abs() > MAX_SKEW_MILLIS) {
        scene.wrong("clock", format!("{key} was claimed by a clock that is {} ms off", ahead.at(until)), wrong);
    }
}

fn calendar(scene: &Scene<'_>, key: &str, wrong: &mut Vec<Violation>) {
    let (from, until) = (scene.entry.at - TimeDelta::seconds(60), scene.entry.at);
    if scene.policy.change_calendar && scene.log.calendar.during(from, until).all(|open| !open) {
        scene.wrong("change-calendar", format!("{key} was claimed while the calendar was closed"), wrong);
    }
}

/// Since when a pause holds this process from that, if one does.
pub(super) fn paused(
    scene: &Scene<'_>,
    mode: Mode,
    region: &Region,
    monkey: &str,
    unit: Option<&String>,
) -> Option<chrono::DateTime<chrono::Utc>> {
    let holds = |pause: &&crate::world::log::PauseSpan| {
        pause.holds(scene.index, scene.entry.reading)
            && pause.region.as_ref().is_none_or(|only| only == region)
            && pause.monkey.as_ref().is_none_or(|only| only == monkey)
            && pause.unit.as_ref().is_none_or(|only| unit == Some(only))
            && (!pause.by_file || scene.policy.brake)
            && (mode == Mode::Live || !pause.newborn)
    };
    scene.log.pauses.iter().find(holds).map(|pause| pause.from)
}

/// A call that acts was begun.
pub(super) fn called(scene: &Scene<'_>, act: Act, region: &Region, ids: &[InstanceId], wrong: &mut Vec<Violation>) {
    let (policy, reading) = (scene.policy, scene.entry.reading);
    let book = Book::of(policy);
    if !(policy.live && policy.monkey_live) {
        scene.wrong("mode", format!("{act:?} of {ids:?} where the operator said dry-run"), wrong);
    }
    if let Some(since) = paused(scene, Mode::Live, region, "chaos", None) {
        scene.wrong("paused", format!("{act:?} of {ids:?} was begun, paused since {since}"), wrong);
    }
    let over = reading + CALL_TAKES - TimeDelta::milliseconds(1);
    if book.open(reading).is_none() || (scene.steady() && book.open(over).is_none()) {
        scene.wrong("hours", format!("{act:?} of {ids:?} was begun at {reading}, outside the hours"), wrong);
    }
    for id in ids {
        if scene.stage.ourselves().as_ref() == Some(id) {
            scene.wrong("ourselves", format!("{act:?} of {id}, on which we run"), wrong);
        }
        let mine = |record: &&super::Record| {
            record.slot == scene.entry.slot
                && record.phase == Phase::Acting
                && record.claim.mode == Mode::Live
                && record.claim.targets.iter().any(|target| target.instance == *id)
        };
        let Some(record) = scene.model.records.values().filter(mine).max_by_key(|record| record.at) else {
            scene.wrong("claim-before-act", format!("{act:?} of {id} without an open claim"), wrong);
            continue;
        };
        let key = &record.claim.key;
        wrong.extend(record.wrong.iter().cloned());
        if let Some(since) = paused(scene, Mode::Live, region, "chaos", Some(&record.claim.unit)) {
            scene.wrong("paused", format!("{act:?} of {id} for {key} was begun, paused since {since}"), wrong);
        }
        stops::check(scene, record, wrong);
        let Some((due, until)) = record.intent else {
            scene.wrong("intent-before-act", format!("{act:?} of {id} for {key}, which was not intended"), wrong);
            continue;
        };
        if reading + CALL_TAKES > record.claim.act_before {
            let before = record.claim.act_before;
            scene.wrong(
                "act-within",
                format!("{act:?} of {id} for {key} was begun at {reading}, too late for {before}"),
                wrong,
            );
        }
        if (reading < due && scene.steady()) || reading + CALL_TAKES > until {
            scene.wrong(
                "due",
                format!("{act:?} of {id} for {key} at {reading} is not from {due} until {until}"),
                wrong,
            );
        }
    }
}
