//! The owner's word: every group of the unit still says yes, as freshly as it is known.

use super::{Case, Rail, Verdict};
use crate::fleet::Group;
use crate::size::Size;
use crate::tags::OptIn;
use crate::unit::MALFORMED;

pub(super) const RAIL: Rail =
    Rail { name: "opted_in", about: "the owner opted in, and still does", always: true, judge, lift };

fn judge(case: &Case<'_>) -> Verdict {
    let unit = &case.proposal.unit;
    if unit.groups.is_empty() {
        return Verdict::Hold("no group of it opted in".into());
    }
    if unit.id.scope.region.is_all()
        && let Some((scope, why)) = case.world.blind().next()
    {
        return Verdict::Unknown(format!("what its groups in {} say is not known: {why}", scope.region));
    }
    for id in &unit.groups {
        let name = &id.name;
        let Some(group) = case.group(id) else {
            return Verdict::Hold(format!("{name} is gone, or no longer opted in"));
        };
        match case.policy.tags_of(&case.proposal.monkey).read(&group.tags) {
            OptIn::In(settings) if settings.faults.weights().all(|(fault, _)| fault != case.proposal.action) => {
                return Verdict::Hold(format!("{name} does not want {}: {}", case.proposal.action, settings.faults));
            }
            OptIn::In(settings) if is_too_many(case, settings.size) => {
                let targets = case.proposal.targets.len();
                return Verdict::Hold(format!("{targets} at once are too many for {name} by now: {}", settings.size));
            }
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
    // A sibling whose opt-in cannot be read is not in every survey; the finding that was opened for it is.
    let sibling = case.world.history.findings.values().find(|finding| {
        finding.outcome.as_deref() == Some(MALFORMED)
            && finding.region.as_ref().zip(finding.group.as_ref()).is_some_and(|(region, group)| {
                (unit.id.scope.region.is_all() || unit.id.scope.region == *region)
                    && unit.id.kind.name_of(group) == unit.id.name
                    && case.group_in(region, group).is_none()
            })
    });
    if let Some(finding) = sibling {
        let group = finding.group.as_deref().unwrap_or_default();
        return Verdict::Hold(format!("{group} has an open finding: {}", finding.why));
    }
    Verdict::Pass(format!("opted in: {}", unit.group_names().join(", ")))
}

/// Whether more were chosen, some time ago, than so many of those that serve.
fn is_too_many(case: &Case<'_>, size: Size) -> bool {
    let groups = case.proposal.unit.groups.iter().filter_map(|id| case.group(id));
    case.proposal.targets.len() > size.among(groups.map(Group::serving).sum())
}

fn lift(case: &Case<'_>) -> String {
    let rules = case.policy.tags_of(&case.proposal.monkey);
    for id in &case.proposal.unit.groups {
        let name = &id.name;
        let Some(group) = case.group(id) else {
            return format!("a group {name} that opts in, or the next look, which leaves it out");
        };
        match rules.read(&group.tags) {
            OptIn::In(settings) if is_too_many(case, settings.size) => {
                return "the next look, which takes no more than that".into();
            }
            OptIn::In(_) => {}
            OptIn::Out => return format!("the owner's tag {} = on on {name}", rules.opt_in_key()),
            OptIn::Malformed(problems) => {
                let keys: Vec<&str> = problems.iter().map(|problem| problem.key.as_str()).collect();
                return format!("the owner mends {} on {name}", keys.join(", "));
            }
        }
    }
    "the owner mends the tag that the finding names; it is looked at again once a day".into()
}

#[cfg(test)]
mod tests {
    use super::super::testing::Scene;
    use super::MALFORMED;
    use crate::event::{Draft, Kind};
    use crate::fleet::View;
    use crate::scope::{Mode, Region};
    use crate::unit::GroupId;

    #[test]
    fn a_sibling_with_an_unreadable_opt_in_keeps_the_unit_out() {
        let mut scene = Scene::quiet();
        let mut finding = Draft::new(scene.now, Kind::FindingOpened, Mode::Live, "`yes` is neither `on` nor `off`");
        finding.region = Some(scene.proposal.scope.region.clone());
        finding.outcome = Some(MALFORMED.into());
        finding.group = Some("shop-other-v001".into());
        scene.world.history.findings.insert("f".into(), finding.clone());
        assert!(!scene.verdict("opted_in").holds(), "another cluster's");
        finding.group = Some("shop-prod-v002".into());
        scene.world.history.findings.insert("f".into(), finding);
        assert!(scene.verdict("opted_in").why().contains("`yes`"));
    }

    #[test]
    fn an_owner_who_wants_fewer_at_once_since_the_survey_is_heard() {
        let mut scene = Scene::quiet();
        let target = scene.proposal.targets[0].clone();
        scene.group().tags.insert("simian:chaos:count".into(), "2".into());
        scene.proposal.targets = vec![target.clone(), target];
        assert!(!scene.verdict("opted_in").holds());
        scene.group().tags.insert("simian:chaos:count".into(), "1".into());
        assert!(scene.verdict("opted_in").why().contains("2 at once are too many"), "{:?}", scene.verdict("opted_in"));
    }

    #[test]
    fn a_unit_that_spans_regions_needs_all_of_them() {
        let mut scene = Scene::quiet();
        let mut blind = scene.fleet().clone();
        blind.scope.region = "eu-west-1".parse().unwrap();
        blind.groups = View::Unknown("no answer".into());
        scene.world.fleets.insert(blind.scope.clone(), blind);
        assert!(!scene.verdict("opted_in").holds(), "a unit of one region");
        scene.proposal.unit.id.scope.region = Region::all();
        assert!(scene.verdict("opted_in").why().contains("eu-west-1 say is not known: no answer"));
    }

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
        scene.proposal.unit.groups = vec![GroupId::new(&scene.proposal.scope.region, "shop-gone")];
        assert!(scene.verdict("opted_in").why().contains("shop-gone is gone"));
    }
}
