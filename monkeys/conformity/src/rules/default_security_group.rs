//! The security group that a VPC comes with.

use simian_core::resource::SecurityGroup;
use simian_core::{ResourceKind, Severity};

use crate::ground::Asked;
use crate::parameters::Parameters;
use crate::rule::{Judge, Judgement, Need, Rule, Standard};
use crate::words;

pub(super) const RULE: Rule = Rule {
    id: "default-security-group",
    title: "The default security group of a VPC has no rules, and nothing is behind it",
    why_it_matters: "Whoever forgets to name a security group gets this one, and with its rules a way to everything \
                     else that forgot.",
    severity: Severity::Medium,
    standards: &[
        Standard::Config("vpc-default-security-group-closed"),
        Standard::SecurityHub("EC2.2"),
        Standard::Prowler("ec2_securitygroup_default_restrict_traffic"),
    ],
    remedy: "Give what is behind it groups of their own, and then remove all its rules",
    needs: &[Need::Kind(ResourceKind::Instance), Need::Kind(ResourceKind::Interface)],
    parameters: Parameters::default,
    judge: Judge::SecurityGroup(judge),
};

fn judge(group: &SecurityGroup, asked: &Asked<'_>) -> Judgement {
    let Some(resource) = asked.resource().filter(|_| group.is_default()) else { return Judgement::NotApplicable };
    let behind = asked.ground.behind(&resource.id.id);
    if !behind.is_empty() {
        let evidence = format!("{} behind it", words::some(behind.iter().map(|id| id.id.as_str())));
        return Judgement::fail_at(Severity::High, evidence);
    }
    let rules = group.ingress.len() + group.egress.len();
    Judgement::fail_if(rules > 0, || format!("it has {}", words::count(rules, "rule", "rules")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::open_ports::testing::{permission, security_group};
    use crate::testing::{Scene, evidence, instance_but};

    #[test]
    fn rules_fail_and_users_are_worse() {
        let empty =
            Scene::bare().with([security_group("sg-0", "default", vec![]), security_group("sg-1", "web", vec![])]);
        assert_eq!(empty.ask(&RULE, "sg-0"), Judgement::Pass);
        assert_eq!(empty.ask(&RULE, "sg-1"), Judgement::NotApplicable);
        let with_rules = security_group("sg-0", "default", vec![permission("-1", None, "10.0.0.0/8")]);
        let scene = Scene::bare().with([with_rules]);
        assert_eq!(evidence(scene.ask(&RULE, "sg-0")), "it has 1 rule");
        let behind = instance_but("i-1", |it| it.security_groups = vec!["sg-0".into()]);
        let expected = Judgement::fail_at(Severity::High, "i-1 behind it");
        assert_eq!(scene.with([behind]).ask(&RULE, "sg-0"), expected);
    }
}
