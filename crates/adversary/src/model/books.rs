//! What the past allows: budgets, cool-downs, recoveries, the breaker, the veto window.

use chrono::TimeDelta;
use simian_core::{Claim, GroupId, Mode};

use super::hours::Book;
use super::tags::{self, Word};
use super::{Phase, Record, Scene, names};
use crate::violation::Violation;

/// What a claim adds to, by name.
pub(super) fn costs(claim: &Claim) -> Vec<(String, u32)> {
    let targets = u32::try_from(claim.targets.len()).unwrap_or(u32::MAX);
    let mut costs = vec![
        (format!("unit {}", claim.full_unit()), 1),
        (format!("app {}", claim.app), targets),
        (format!("scope {}", claim.scope.region), targets),
        ("account".to_owned(), targets),
    ];
    costs.extend(claim.owner.iter().map(|owner| (format!("owner {owner}"), targets)));
    costs.extend(claim.targets.iter().map(|target| (format!("zone {}", target.zone), 1)));
    costs
}

/// A claim was won: what was there before it, and fits it in?
pub(super) fn claimed(scene: &Scene<'_>, claim: &Claim, wrong: &mut Vec<Violation>) {
    if scene.model.records.contains_key(claim.key.as_str()) {
        scene.wrong("claimed-twice", format!("{}", claim.key), wrong);
    }
    budgets(scene, claim, wrong);
    cool_down(scene, claim, wrong);
    recovered(scene, claim, wrong);
    breaker(scene, claim, wrong);
    announced(scene, claim, wrong);
}

fn budgets(scene: &Scene<'_>, claim: &Claim, wrong: &mut Vec<Violation>) {
    let limits = &scene.policy.budgets;
    let limit = |counter: &str| match counter.split(' ').next() {
        Some("unit") => limits.unit,
        Some("app") => limits.app,
        Some("owner") => limits.owner,
        Some("zone") => limits.zone,
        Some("scope") => limits.scope,
        _ => limits.account,
    };
    let mut sums = std::collections::BTreeMap::<String, u32>::new();
    for (counter, cost) in costs(claim) {
        *sums.entry(counter).or_default() += cost;
    }
    for (counter, cost) in sums {
        let spent = scene.model.spent.get(&(claim.mode.as_str(), claim.date, counter.clone())).copied().unwrap_or(0);
        if let Some(limit) = limit(&counter).filter(|limit| spent + cost > *limit) {
            let text = format!("{}: {counter} had {spent} of {limit} on {}, and {cost} more", claim.key, claim.date);
            scene.wrong("budgets", text, wrong);
        }
    }
    let open = |phases: &[Phase]| {
        let records = scene.model.records.values();
        let open = records.filter(|record| record.claim.mode == claim.mode && phases.contains(&record.phase));
        open.map(|record| record.claim.targets.len()).sum::<usize>()
    };
    let under_way = open(&[Phase::Acting, Phase::Watching]) + claim.targets.len();
    if limits.concurrent.is_some_and(|limit| under_way > limit as usize) {
        scene.wrong("budgets", format!("{}: {under_way} at once", claim.key), wrong);
    }
    let lost = open(&[Phase::Unrecovered]);
    if limits.unrecovered.is_some_and(|limit| lost >= limit as usize) {
        scene.wrong("budgets", format!("{}: {lost} have not recovered", claim.key), wrong);
    }
}

fn cool_down(scene: &Scene<'_>, claim: &Claim, wrong: &mut Vec<Violation>) {
    let book = Book::of(scene.policy);
    let unit = claim.full_unit();
    let same =
        |record: &&Record| record.claim.mode == claim.mode && record.claim.full_unit() == unit && record.counts();
    let latest = scene.model.records.values().filter(same).map(|record| record.claim.date).max();
    let lifted = scene.log.first_run.is_some_and(|at| at <= scene.entry.at);
    let born = (claim.mode == Mode::Live && !lifted).then(|| book.date(scene.stage.start));
    let Some(last) = latest.max(born) else { return };
    let from = scene.entitled_from();
    // The least that its owner wanted at any time that counts.
    let could = claim.targets.iter().flat_map(|target| {
        let id = GroupId::new(&claim.scope.region, &target.group);
        scene.model.timeline.during(&id, from, scene.entry.at)
    });
    let wanted = could.filter_map(|group| match tags::read(&group.tags, scene.policy) {
        Word::Yes(wish) => Some(wish.min_days),
        Word::No | Word::Garbled => None,
    });
    let Some(rest) = wanted.min() else { return };
    let days = book.working_days(last, claim.date);
    if days < rest && scene.steady() {
        let text = format!("{}: acted on {last}, {days} working days before; {rest} are wanted", claim.key);
        scene.wrong("cool-down", text, wrong);
    }
}

fn recovered(scene: &Scene<'_>, claim: &Claim, wrong: &mut Vec<Violation>) {
    let kind = &scene.policy.unit;
    let name = claim.unit.split_once(':').map_or("", |unit| unit.1);
    let same = |record: &&Record| {
        record.claim.mode == claim.mode
            && record.phase != Phase::Closed
            && (record.claim.scope.region == claim.scope.region || scene.policy.across_regions)
            && record.claim.targets.iter().any(|target| names::unit(kind, &target.group) == name)
    };
    if let Some(record) = scene.model.records.values().find(same) {
        let text = format!("{}: {} is {:?}", claim.key, record.claim.key, record.phase);
        scene.wrong("recovered", text, wrong);
    }
}

fn breaker(scene: &Scene<'_>, claim: &Claim, wrong: &mut Vec<Violation>) {
    let Some(limit) = scene.policy.breaker else { return };
    // What was recorded while it was judged, it could not know.
    let begun = scene.model.surveyed.get(&scene.entry.slot).copied().unwrap_or(scene.entry.at);
    let from = begun.min(scene.entry.at) - TimeDelta::seconds(1);
    let failed = scene.model.failed.during(from, scene.entry.at).min().copied().unwrap_or(0);
    if failed >= limit {
        scene.wrong("breaker", format!("{}: {failed} recoveries failed in a row", claim.key), wrong);
    }
}

fn announced(scene: &Scene<'_>, claim: &Claim, wrong: &mut Vec<Violation>) {
    let veto = TimeDelta::minutes(i64::from(scene.policy.veto));
    if veto.is_zero() || claim.key.as_str().contains("/request:") {
        return;
    }
    let announced = scene.model.announced.get(claim.key.as_str());
    // Events have milliseconds, the clock more.
    let enough = announced.is_some_and(|at| claim.at - *at + TimeDelta::milliseconds(1) >= veto);
    if !enough && scene.steady() {
        scene.wrong("veto-window", format!("{} was announced at {announced:?}", claim.key), wrong);
    }
}
