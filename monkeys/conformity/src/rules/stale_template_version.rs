//! Members from another version of the launch template than their group would launch now.

use simian_core::{Group, LaunchSource, Lifecycle, Member, ResourceKind, Severity};

use crate::ground::Asked;
use crate::parameters::Parameters;
use crate::rule::{Judge, Judgement, Need, Rule};
use crate::words;

pub(super) const RULE: Rule = Rule {
    id: "stale-template-version",
    title: "A group's members are what it would launch now",
    why_it_matters: "The version that would replace them was never tried here: it shows at the next failure, when \
                     nobody has the time. What the new version mends, such as a patch, is not mended.",
    severity: Severity::Medium,
    standards: &[],
    remedy: "Start an instance refresh, or let the group launch the version that its members have",
    needs: &[Need::Kind(ResourceKind::LaunchTemplate)],
    parameters: Parameters::default,
    judge: Judge::Group(judge),
};

fn judge(group: &Group, asked: &Asked<'_>) -> Judgement {
    // Members come and go: they are perhaps being replaced by what this asks for.
    if group.moving().next().is_some() {
        return Judgement::NotApplicable;
    }
    let mut stale = Vec::new();
    let mut asked_of_some = false;
    for source in &group.launches {
        let LaunchSource::Template { id, version } = source else { continue };
        // A template that is gone, or another account's, has no version to be compared with.
        let Some(wanted) = asked.ground.version(id, version) else { continue };
        asked_of_some = true;
        let other = |member: &&Member| {
            let has = member.template_version.as_deref().and_then(|version| version.parse::<u64>().ok());
            member.template.as_ref() == Some(id) && has.is_some_and(|has| has != wanted)
        };
        let serving = group.members.iter().filter(|member| member.lifecycle == Lifecycle::InService);
        let members: Vec<&str> = serving.filter(other).map(|member| member.id.as_str()).collect();
        if !members.is_empty() {
            let title = asked.ground.title(ResourceKind::LaunchTemplate, id);
            stale.push(format!("{} not from version {wanted} of {title}", words::some(members)));
        }
    }
    if !asked_of_some {
        return Judgement::NotApplicable;
    }
    Judgement::fail_if(!stale.is_empty(), || stale.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Scene, evidence};

    fn launching(version: &str) -> Scene {
        let mut scene = Scene::new();
        scene.group().launches = vec![LaunchSource::Template { id: "lt-1".into(), version: version.into() }];
        scene
    }

    #[test]
    fn aliases_are_resolved() {
        assert_eq!(launching("$Default").ask_group(&RULE), Judgement::Pass);
        assert_eq!(launching("3").ask_group(&RULE), Judgement::Pass);
        assert_eq!(evidence(launching("$Latest").ask_group(&RULE)), "i-a, i-b, i-c not from version 4 of lt-1");
        assert!(evidence(launching("2").ask_group(&RULE)).contains("version 2"), "a rollback that was not rolled out");
    }

    #[test]
    fn a_roll_out_under_way_and_a_template_that_is_gone_are_no_question() {
        let mut scene = launching("$Latest");
        scene.group().members[0].lifecycle = Lifecycle::Pending;
        assert_eq!(scene.ask_group(&RULE), Judgement::NotApplicable);
        scene.group().launches = vec![LaunchSource::Template { id: "lt-gone".into(), version: "1".into() }];
        scene.group().members[0].lifecycle = Lifecycle::InService;
        assert_eq!(scene.ask_group(&RULE), Judgement::NotApplicable);
    }
}
