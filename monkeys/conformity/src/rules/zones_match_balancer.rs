//! A group's zones and those of its balancers.

use std::collections::BTreeSet;

use simian_core::resource::BalancerKind;
use simian_core::{Group, Resource, ResourceKind, Severity};

use crate::ground::Asked;
use crate::parameters::Parameters;
use crate::rule::{Judge, Judgement, Need, Rule};
use crate::words;

pub(super) const RULE: Rule = Rule {
    id: "zones-match-balancer",
    title: "A group and its load balancers are in the same zones",
    why_it_matters: "A balancer sends nothing to instances in a zone that it is not in, so that they cost and carry no \
                     load. One that does not balance across zones loses what it takes in where the group has nobody.",
    severity: Severity::High,
    standards: &[],
    remedy: "Enable the group's zones at the balancer, or take the others from the group",
    needs: &[
        Need::Kind(ResourceKind::TargetGroup),
        Need::Kind(ResourceKind::Balancer),
        Need::Kind(ResourceKind::ClassicBalancer),
    ],
    parameters: Parameters::default,
    judge: Judge::Group(judge),
};

fn judge(group: &Group, asked: &Asked<'_>) -> Judgement {
    let balancers = balancers(group, asked);
    if balancers.is_empty() || group.zones.is_empty() {
        return Judgement::NotApplicable;
    }
    let ours: BTreeSet<&str> = group.zones.iter().map(String::as_str).collect();
    let mut wrong = Vec::new();
    for balancer in balancers {
        let theirs: BTreeSet<&str> = balancer.zones.iter().map(String::as_str).collect();
        let without_traffic: Vec<&&str> = ours.difference(&theirs).collect();
        if !without_traffic.is_empty() {
            wrong.push(format!("{} is not in its {}", balancer.name, words::some(without_traffic)));
        }
        let without_instances: Vec<&&str> = theirs.difference(&ours).collect();
        if !balancer.crosses && !without_instances.is_empty() {
            let zones = words::some(without_instances);
            wrong.push(format!("{} takes in traffic in {zones}, where it has no instance", balancer.name));
        }
    }
    Judgement::fail_if(!wrong.is_empty(), || wrong.join("; "))
}

/// What sends to a group.
struct Sender<'a> {
    name: &'a str,
    zones: &'a [String],
    /// It sends to other zones than that in which it took something in, as far as we know.
    crosses: bool,
}

/// The balancers that send to a group, through its target groups or at once.
fn balancers<'a>(group: &'a Group, asked: &Asked<'a>) -> Vec<Sender<'a>> {
    let ground = asked.ground;
    let targets = group.target_groups.iter().filter_map(|arn| ground.get(ResourceKind::TargetGroup, arn));
    let arns: BTreeSet<&String> = targets.filter_map(Resource::target_group).flat_map(|it| &it.balancers).collect();
    let of_arn = |arn: &'a String| {
        let balancer = ground.get(ResourceKind::Balancer, arn)?.balancer()?;
        // Application load balancers do by default; the others by an attribute that is off by default. Source: Elastic
        // Load Balancing user guide, "Cross-zone load balancing".
        let crosses = balancer.kind == BalancerKind::Application;
        Some(Sender { name: ground.title(ResourceKind::Balancer, arn), zones: &balancer.zones, crosses })
    };
    let of_name = |name: &'a String| {
        let balancer = ground.get(ResourceKind::ClassicBalancer, name)?.classic_balancer()?;
        Some(Sender { name, zones: &balancer.zones, crosses: balancer.cross_zone != Some(false) })
    };
    arns.into_iter().filter_map(of_arn).chain(group.classic_balancers.iter().filter_map(of_name)).collect()
}

#[cfg(test)]
mod tests {
    use simian_core::resource::{About, Balancer, ClassicBalancer};

    use super::*;
    use crate::testing::{EDGE, Scene, evidence, resource};

    fn edge(kind: BalancerKind, zones: &[&str]) -> Resource {
        let zones = zones.iter().map(|zone| (*zone).to_owned()).collect();
        resource(
            EDGE,
            About::Balancer(Balancer {
                kind,
                public: true,
                zones,
                vpc: None,
                security_groups: vec![],
                listeners: None,
            }),
        )
    }

    #[test]
    fn the_same_zones_pass_and_no_balancer_is_no_question() {
        let mut scene = Scene::new();
        assert_eq!(scene.ask_group(&RULE), Judgement::Pass);
        scene.group().target_groups.clear();
        assert_eq!(scene.ask_group(&RULE), Judgement::NotApplicable);
    }

    #[test]
    fn a_zone_that_gets_no_traffic_fails() {
        let scene = Scene::new().with([edge(BalancerKind::Application, &["us-east-1a", "us-east-1b"])]);
        assert_eq!(evidence(scene.ask_group(&RULE)), "edge is not in its us-east-1c");
    }

    #[test]
    fn a_zone_without_instances_fails_where_the_balancer_keeps_to_zones() {
        let zones = ["us-east-1a", "us-east-1b", "us-east-1c", "us-east-1d"];
        let scene = Scene::new().with([edge(BalancerKind::Application, &zones)]);
        assert_eq!(scene.ask_group(&RULE), Judgement::Pass);
        let scene = Scene::new().with([edge(BalancerKind::Network, &zones)]);
        let said = evidence(scene.ask_group(&RULE));
        assert_eq!(said, "edge takes in traffic in us-east-1d, where it has no instance");
    }

    #[test]
    fn a_classic_balancer_is_asked_too() {
        let classic = |cross_zone| {
            let about = ClassicBalancer {
                public: false,
                zones: ["us-east-1a", "us-east-1b", "us-east-1c", "us-east-1d"].map(str::to_owned).into(),
                security_groups: vec![],
                instances: vec![],
                cross_zone,
            };
            let mut scene = Scene::new().with([resource("old", About::ClassicBalancer(about))]);
            scene.group().classic_balancers = vec!["old".into()];
            scene.ask_group(&RULE)
        };
        assert_eq!(classic(None), Judgement::Pass, "nobody asked whether it crosses zones");
        assert!(evidence(classic(Some(false))).starts_with("old takes in traffic in us-east-1d"));
    }
}
