//! An owner's veto of a day: the tag `simian:veto`.

use super::{Case, Rail, Verdict};
use crate::tags::OptIn;

pub(super) const RAIL: Rail = Rail { name: "veto", about: "no owner vetoed this day", always: true, judge };

fn judge(case: &Case<'_>) -> Verdict {
    for id in &case.proposal.unit.groups {
        let Some(group) = case.group(id) else { continue };
        if let OptIn::In(settings) = case.policy.tags.read(&group.tags)
            && settings.vetoes.contains(&case.proposal.date)
        {
            return Verdict::Hold(format!("the owner of {} vetoed {}", id.name, case.proposal.date));
        }
    }
    Verdict::Pass("no veto".into())
}

#[cfg(test)]
mod tests {
    use super::super::testing::Scene;

    #[test]
    fn a_veto_holds_on_its_day_only() {
        let mut scene = Scene::quiet();
        scene.group().tags.insert("simian:veto".into(), "2026-11-24 2026-11-25".into());
        assert!(!scene.verdict("veto").holds());
        scene.group().tags.insert("simian:veto".into(), "2026-11-24 2026-11-23".into());
        assert!(scene.verdict("veto").holds());
    }
}
