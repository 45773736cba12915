//! The owner's word: every group of the unit still says yes, as freshly as it is known.

use super::{Case, Phase, Rail, Verdict};
use crate::tags::OptIn;

pub(super) const RAIL: Rail =
    Rail { name: "opted_in", about: "the owner opted in, and still does", phase: Phase::Survey, always: true, judge };

fn judge(case: &Case<'_>) -> Verdict {
    let unit = &case.proposal.unit;
    if unit.groups.is_empty() {
        return Verdict::Hold("no group of it opted in".into());
    }
    for name in &unit.groups {
        let Some(group) = case.group(name) else {
            return Verdict::Hold(format!("{name} is gone, or no longer opted in"));
        };
        match case.policy.tags.read(&group.tags) {
            OptIn::In(_) => {}
            OptIn::Out => return Verdict::Hold(format!("{name} is opted out")),
            OptIn::Malformed(problems) => {
                return Verdict::Hold(format!(
                    "{name}: {}",
                    problems.first().map(ToString::to_string).unwrap_or_default()
                ));
            }
        }
    }
    Verdict::Pass(format!("opted in: {}", unit.groups.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::super::testing::Scene;

    #[test]
    fn an_opt_out_a_malformed_tag_and_a_missing_group_hold() {
        for (key, value, part) in [
            ("simian:chaos", "off", "opted out"),
            ("simian:chaos", "maybe", "maybe"),
            ("simian:chaos:min-days", "x", "min-days"),
        ] {
            let mut scene = Scene::quiet();
            scene.group().tags.insert(key.into(), value.into());
            let verdict = scene.verdict("opted_in");
            assert!(verdict.holds() && verdict.why().contains(part), "{verdict:?}");
        }
        let mut scene = Scene::quiet();
        scene.proposal.unit.groups = vec!["shop-gone".into()];
        assert!(scene.verdict("opted_in").why().contains("shop-gone is gone"));
    }
}
