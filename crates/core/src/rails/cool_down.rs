//! So many working days from one action to the next. A ledger that does not know the past counts its own birth as
//! every unit's last action, until the operator lifts that.

use chrono::NaiveDate;

use super::{Case, Rail, Verdict};
use crate::proposal::Proposal;
use crate::scope::{Mode, Region, Scope};
use crate::unit::UnitId;
use crate::world::World;

pub(super) const RAIL: Rail =
    Rail { name: "cool_down", about: "enough working days since the last action", always: false, judge, lift };

fn judge(case: &Case<'_>) -> Verdict {
    let proposal = case.proposal;
    let history = &case.world.history;
    let calendar = &case.policy.calendar;
    let acted = last_action(proposal, case.world);
    let born = (proposal.mode == Mode::Live && history.newborn()).then(|| calendar.day_at(history.birth.at).date);
    let Some(last) = acted.max(born) else {
        return Verdict::Pass("never acted on before".into());
    };
    let what = if acted.is_some_and(|acted| Some(acted) >= born) {
        "last acted on"
    } else {
        "the ledger is new and does not know what happened before"
    };
    let min_days = proposal.unit.settings.min_days;
    match calendar.nth_working_day_after(last, min_days) {
        Some(again) if proposal.date >= again => Verdict::Pass(format!("{what} {last}, again from {again}")),
        Some(again) => {
            Verdict::Hold(format!("{what} {last}; with at least {min_days} working days between, again from {again}"))
        }
        None => Verdict::Unknown(format!("{what} {last}; the calendar has too few working days to count on")),
    }
}

/// When the unit was last acted on: also as a part of one that spans regions, and the other way about, because an
/// operator may have changed that since.
pub(super) fn last_action(proposal: &Proposal, world: &World) -> Option<NaiveDate> {
    let id = &proposal.unit.id;
    let on = |region: Region| {
        let id = UnitId { scope: Scope { region, ..id.scope.clone() }, ..id.clone() };
        world.history.last_action.get(&id.full()).copied()
    };
    let parts = world.fleets.keys().map(|scope| &scope.region).filter(|_| id.scope.region.is_all()).cloned();
    [id.scope.region.clone(), Region::all()].into_iter().chain(parts).filter_map(on).max()
}

fn lift(case: &Case<'_>) -> String {
    let (proposal, history, calendar) = (case.proposal, &case.world.history, &case.policy.calendar);
    let acted = last_action(proposal, case.world);
    let born = (proposal.mode == Mode::Live && history.newborn()).then(|| calendar.day_at(history.birth.at).date);
    let again = acted.max(born).and_then(|last| calendar.nth_working_day_after(last, proposal.unit.settings.min_days));
    let from = again.map_or_else(String::new, |day| day.format("from %a %Y-%m-%d, or ").to_string());
    let or = if born > acted {
        "at once with `simian resume --first-run`, if nothing acted here before".to_owned()
    } else {
        format!("earlier with fewer {}:min-days", case.policy.tags_of(&case.proposal.monkey).opt_in_key())
    };
    format!("{from}{or}")
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;

    use super::super::testing::Scene;
    use super::*;

    fn date(day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 11, day).unwrap()
    }

    #[test]
    fn working_days_are_counted_over_the_weekend() {
        for (last, min_days, holds) in [(20, 1, false), (20, 2, true), (19, 2, false), (23, 1, true)] {
            let mut scene = Scene::quiet();
            scene.proposal.unit.settings.min_days = min_days;
            scene.world.history.last_action.insert(scene.proposal.unit.id.full(), date(last));
            assert_eq!(scene.verdict("cool_down").holds(), holds, "Nov {last}, {min_days}");
        }
    }

    #[test]
    fn a_unit_is_the_same_whether_or_not_it_spans_regions() {
        let mut scene = Scene::quiet();
        let alone = scene.proposal.unit.id.clone();
        let mut spanning = alone.clone();
        spanning.scope.region = Region::all();
        for (acted_on, proposed) in [(&alone, &spanning), (&spanning, &alone)] {
            scene.proposal.unit.id = proposed.clone();
            scene.world.history.last_action = [(acted_on.full(), date(23))].into();
            assert!(scene.verdict("cool_down").holds(), "{acted_on:?}");
        }
    }

    #[test]
    fn a_birth_counts_in_live_mode_until_it_is_lifted() {
        let mut scene = Scene::quiet();
        scene.world.history.birth.at = scene.now;
        scene.world.history.birth.lifted = None;
        assert!(scene.verdict("cool_down").why().contains("the ledger is new"));
        assert!(scene.verdict("cool_down").holds());
        scene.proposal.mode = Mode::DryRun;
        assert!(!scene.verdict("cool_down").holds());
        scene.proposal.mode = Mode::Live;
        scene.world.history.birth.lifted = Some(scene.now);
        assert!(!scene.verdict("cool_down").holds());
    }
}
