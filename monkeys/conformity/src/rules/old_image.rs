//! Groups that would launch an image of long ago.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use simian_core::{Group, Resource, ResourceKind, Severity, span};

use crate::ground::{Asked, is_parked};
use crate::parameters::Parameters;
use crate::rule::{Judge, Judgement, Need, Rule, Standard};
use crate::words;

/// Half a year of patches.
const AGE: TimeDelta = TimeDelta::days(180);

pub(super) const RULE: Rule = Rule {
    id: "old-image",
    title: "The image that a group launches was made of late, and is not deprecated",
    why_it_matters: "Every instance that the group launches begins its life with the holes of the day on which its \
                     image was made.",
    severity: Severity::Medium,
    standards: &[Standard::Prowler("ec2_instance_with_outdated_ami")],
    remedy: "Bake a new image, give the launch template a version with it, and start an instance refresh",
    needs: &[
        Need::Kind(ResourceKind::Image),
        Need::Kind(ResourceKind::LaunchTemplate),
        Need::Kind(ResourceKind::TemplateVersion),
        Need::Kind(ResourceKind::LaunchConfiguration),
        Need::Kind(ResourceKind::Parameter),
    ],
    parameters: || Parameters { age: Some(AGE), ..Parameters::default() },
    judge: Judge::Group(judge),
};

/// Only images of the account itself can be judged: of others the lists say nothing.
fn judge(group: &Group, asked: &Asked<'_>) -> Judgement {
    let images: BTreeSet<&str> = group.launches.iter().flat_map(|source| asked.ground.images(source)).collect();
    let ours: Vec<&Resource> = images.into_iter().filter_map(|id| asked.ground.get(ResourceKind::Image, id)).collect();
    if ours.is_empty() || is_parked(group) {
        return Judgement::NotApplicable;
    }
    let now = asked.ground.at();
    let mut old = Vec::new();
    for image in ours {
        let age = image.created.map_or(TimeDelta::zero(), |created| now - created);
        let deprecated = image.image().and_then(|image| image.deprecated).filter(|since| *since <= now);
        if let Some(since) = deprecated {
            old.push(format!("{} is deprecated since {}", image.id.id, since.date_naive()));
        } else if age > asked.parameters.age() {
            old.push(format!("{} is {} old", image.id.id, span::format(age)));
        }
    }
    Judgement::fail_if(!old.is_empty(), || format!("it launches what is out of date: {}", words::some(old)))
}

#[cfg(test)]
mod tests {
    use simian_core::LaunchSource;
    use simian_core::resource::{About, Image, Launch, Parameter, TemplateVersion};

    use super::*;
    use crate::testing::{Scene, days_ago, evidence, image, resource};

    fn with_image(days: i64, deprecated: Option<i64>) -> Scene {
        let mut image = resource("ami-1", About::Image(Image { deprecated: deprecated.map(days_ago), ..image() }));
        image.created = Some(days_ago(days));
        Scene::new().with([image])
    }

    #[test]
    fn half_a_year_is_the_limit() {
        assert_eq!(with_image(180, None).ask_group(&RULE), Judgement::Pass);
        let said = evidence(with_image(181, None).ask_group(&RULE));
        assert_eq!(said, "it launches what is out of date: ami-1 is 181d old");
    }

    #[test]
    fn a_deprecated_image_fails_however_young_and_not_before_its_day() {
        let said = evidence(with_image(3, Some(1)).ask_group(&RULE));
        assert_eq!(said, "it launches what is out of date: ami-1 is deprecated since 2026-11-22");
        assert_eq!(with_image(3, Some(-1)).ask_group(&RULE), Judgement::Pass);
    }

    #[test]
    fn an_image_that_a_parameter_names_is_found_and_another_accounts_is_no_question() {
        let launching = |launch| {
            let version = TemplateVersion { template: "lt-1".into(), number: 3, default: true, latest: false, launch };
            let parameter = resource("/images/shop", About::Parameter(Parameter { images: vec!["ami-1".into()] }));
            with_image(400, None).with([parameter, resource("lt-1:3", About::TemplateVersion(version))])
        };
        let by_parameter = Launch { parameter: Some("/images/shop".into()), ..Launch::default() };
        assert!(matches!(launching(by_parameter).ask_group(&RULE), Judgement::Fail { .. }));
        let foreign = Launch { image: Some("ami-foreign".into()), ..Launch::default() };
        assert_eq!(launching(foreign).ask_group(&RULE), Judgement::NotApplicable);
    }

    #[test]
    fn an_image_that_an_override_names_is_asked_too() {
        let mut scene = with_image(400, None);
        scene.group().launches = vec![LaunchSource::Image("ami-1".into())];
        assert!(matches!(scene.ask_group(&RULE), Judgement::Fail { .. }));
    }
}
