//! An owner's veto of a day: the tag `simian:veto`.

use super::{Case, Rail, Verdict};
use crate::tags::OptIn;

pub(super) const RAIL: Rail = Rail { name: "veto", about: "no owner vetoed this day", always: true, judge, lift };

fn judge(case: &Case<'_>) -> Verdict {
    for id in &case.proposal.unit.groups {
        let Some(group) = case.group(id) else { continue };
        if let OptIn::In(settings) = case.policy.tags_of(&case.proposal.monkey).read(&group.tags)
            && settings.vetoes.contains(&case.proposal.date)
        {
            return Verdict::Hold(format!("the owner of {} vetoed {}", id.name, case.proposal.date));
        }
    }
    Verdict::Pass("no veto".into())
}

fn lift(case: &Case<'_>) -> String {
    let (rules, date) = (&case.policy.tags, case.proposal.date);
    let groups = case.proposal.unit.groups.iter().filter_map(|name| case.group(name));
    let vetoes: Vec<_> = groups
        .filter_map(|group| match rules.read(&group.tags) {
            OptIn::In(settings) => Some(settings.vetoes),
            OptIn::Out | OptIn::Malformed(_) => None,
        })
        .flatten()
        .collect();
    let calendar = &case.policy.calendar;
    // So many vetoed days in a row can be followed by a free one, and no more.
    let mut days = (1..).take(vetoes.len() + 1).filter_map(|n| calendar.nth_working_day_after(date, n));
    let free = days.find(|day| !vetoes.contains(day));
    let from = free.map_or_else(String::new, |day| day.format("from %a %Y-%m-%d, or ").to_string());
    format!("{from}when the owner takes {date} out of {}:veto", rules.prefix)
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
