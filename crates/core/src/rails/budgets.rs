//! How much may be done: per unit, app, owner, zone, scope and account a day, and at once.
//!
//! The rail looks at the counters as the ledger had them when the round began, with what passed in this judgement
//! before; the claim counts again, in one commit, and has the last word.

use super::{Case, Policy, Rail, Verdict};
use crate::claim::Slot;
use crate::ledger::counter;
use crate::proposal::Proposal;
use crate::scope::Mode;

pub(super) const RAIL: Rail =
    Rail { name: "budgets", about: "enough of every budget is left", always: false, judge, lift };

/// The counters that a proposal would add to, with their limits.
pub(super) fn slots(proposal: &Proposal, policy: &Policy) -> Vec<Slot> {
    let limits = &policy.budgets;
    let unit = &proposal.unit;
    let scope = &proposal.scope;
    let day = |dimension: &str, of: &str, cost, limit| Slot::Day {
        counter: counter(proposal.mode, proposal.date, dimension, of),
        cost,
        limit,
    };
    let cost = proposal.cost();
    let mut slots = vec![
        day("unit", &unit.id.full(), 1, limits.per_unit_day),
        day("app", &unit.app, cost, limits.per_app_day),
        day("scope", &scope.to_string(), cost, limits.per_scope_day),
        day("account", scope.account.as_str(), cost, limits.per_account_day),
    ];
    if let Some(owner) = &unit.owner {
        slots.push(day("owner", owner, cost, limits.per_owner_day));
    }
    let mut zones: Vec<&str> = proposal.targets.iter().map(|target| target.zone.as_str()).collect();
    zones.sort_unstable();
    for zone in zones.chunk_by(|a, b| a == b) {
        let cost = u32::try_from(zone.len()).unwrap_or(u32::MAX);
        slots.push(day("zone", &format!("{}/{}", scope.account, zone[0]), cost, limits.per_zone_day));
    }
    slots.push(Slot::Concurrent { limit: limits.concurrent });
    slots.push(Slot::Unrecovered { limit: limits.unrecovered });
    slots
}

fn judge(case: &Case<'_>) -> Verdict {
    let history = &case.world.history;
    let calendar = &case.policy.calendar;
    if case.proposal.mode == Mode::Live
        && history.newborn()
        && calendar.day_at(history.birth.at).date == case.proposal.date
    {
        return Verdict::Hold("the ledger is new: its first day's budgets count as spent".into());
    }
    match full(case) {
        Some(Full { name, used, limit, .. }) => Verdict::Hold(format!("{name}: {used} of {limit} are used")),
        None => Verdict::Pass("enough is left".into()),
    }
}

/// A counter that has too little left.
struct Full {
    name: String,
    /// Its key under `[budgets]`.
    key: String,
    used: u32,
    limit: u32,
}

/// The first counter that has too little left.
fn full(case: &Case<'_>) -> Option<Full> {
    let history = &case.world.history;
    slots(case.proposal, case.policy).into_iter().find_map(|slot| {
        let (name, key, used, cost, limit) = match slot {
            Slot::Day { counter, cost, limit } => {
                let used = history.counters.get(&counter).copied().unwrap_or(0)
                    + case.spent.counters.get(&counter).copied().unwrap_or(0);
                // Mode, date, what is counted, whose.
                let key = format!("per_{}_day", counter.split('/').nth(2).unwrap_or_default());
                (counter, key, used, cost, limit)
            }
            Slot::Concurrent { limit } => {
                let used = history.concurrent + case.spent.concurrent;
                ("concurrent".to_owned(), "concurrent".to_owned(), used, case.proposal.cost(), limit)
            }
            // Full as soon as the limit is reached: 1 means that one unrecovered target stops everything.
            Slot::Unrecovered { limit } => {
                ("unrecovered".to_owned(), "unrecovered".to_owned(), history.unrecovered, 1, limit)
            }
            Slot::Idle | Slot::Since { .. } => return None,
        };
        let limit = limit.filter(|limit| used.saturating_add(cost) > *limit)?;
        Some(Full { name, key, used, limit })
    })
}

fn lift(case: &Case<'_>) -> String {
    let calendar = &case.policy.calendar;
    let next = calendar.nth_working_day_after(case.proposal.date, 1);
    let next = next.map_or_else(|| "on the next working day".into(), |day| day.format("on %a %Y-%m-%d").to_string());
    match full(case) {
        // Only the first day of a new ledger holds without a full counter.
        None => format!("{next}, or at once with `simian resume --first-run`, if nothing acted here before"),
        Some(Full { key, .. }) if key == "concurrent" => {
            "one of those under way has recovered; or a higher [budgets] concurrent".into()
        }
        Some(Full { key, .. }) if key == "unrecovered" => {
            "those that are not back are mended, see `simian audit list --kind action.unrecovered`; or your word that they \
             are, `simian resume --recovered UNIT`; or a higher [budgets] unrecovered"
                .into()
        }
        Some(Full { key, .. }) => format!("{next}, or a higher [budgets] {key}"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::Scene;
    use super::*;

    #[test]
    fn each_budget_holds_at_its_limit() {
        type Set = fn(&mut Policy, Option<u32>);
        let budgets: [(&str, Set); 6] = [
            ("unit/111122223333/us-east-1/cluster:shop-prod", |p, n| p.budgets.per_unit_day = n),
            ("app/shop", |p, n| p.budgets.per_app_day = n),
            ("owner/ann", |p, n| p.budgets.per_owner_day = n),
            ("zone/111122223333/us-east-1a", |p, n| p.budgets.per_zone_day = n),
            ("scope/111122223333/us-east-1", |p, n| p.budgets.per_scope_day = n),
            ("account/111122223333", |p, n| p.budgets.per_account_day = n),
        ];
        for (name, set) in budgets {
            let mut scene = Scene::quiet();
            set(&mut scene.policy, Some(2));
            let counter = format!("live/2026-11-23/{name}");
            scene.world.history.counters.insert(counter.clone(), 1);
            assert!(!scene.verdict("budgets").holds(), "{name}");
            scene.world.history.counters.insert(counter, 2);
            let verdict = scene.verdict("budgets");
            assert!(verdict.holds() && verdict.why().contains(name), "{verdict:?}");
            set(&mut scene.policy, None);
            assert!(!scene.verdict("budgets").holds(), "{name} unlimited");
        }
    }

    #[test]
    fn concurrent_and_unrecovered_count_over_the_whole_ledger() {
        let mut scene = Scene::quiet();
        scene.world.history.concurrent = 2;
        assert!(!scene.verdict("budgets").holds());
        scene.world.history.concurrent = 3;
        assert!(scene.verdict("budgets").why().contains("concurrent"));
        scene.world.history.concurrent = 0;
        scene.world.history.unrecovered = 1;
        assert!(scene.verdict("budgets").why().contains("unrecovered"));
    }

    #[test]
    fn a_new_ledgers_first_day_is_spent_in_live_mode() {
        let mut scene = Scene::quiet();
        scene.world.history.birth.at = scene.now;
        scene.world.history.birth.lifted = None;
        assert!(scene.verdict("budgets").why().contains("ledger is new"));
        scene.proposal.mode = Mode::DryRun;
        assert!(!scene.verdict("budgets").holds());
    }
}
