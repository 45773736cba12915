//! Instances that strangers can address.

use simian_core::Severity;
use simian_core::resource::Instance;

use crate::ground::Asked;
use crate::parameters::Parameters;
use crate::rule::{Judge, Judgement, Rule, Standard};

pub(super) const RULE: Rule = Rule {
    id: "public-ip",
    title: "No instance has a public address",
    why_it_matters: "Between a stranger and an instance with a public address stands one rule of one security group.",
    severity: Severity::Medium,
    standards: &[
        Standard::Config("ec2-instance-no-public-ip"),
        Standard::SecurityHub("EC2.9"),
        Standard::Prowler("ec2_instance_public_ip"),
    ],
    remedy: "Put the instance into a private subnet, behind a balancer and a NAT gateway",
    needs: &[],
    parameters: Parameters::default,
    judge: Judge::Instance(judge),
};

fn judge(instance: &Instance, _: &Asked<'_>) -> Judgement {
    instance
        .public_address
        .as_ref()
        .map_or(Judgement::Pass, |ip| Judgement::fail(format!("it has the public address {ip}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Scene, evidence, instance_but};

    #[test]
    fn an_address_of_its_own_fails() {
        let public = instance_but("i-1", |it| it.public_address = Some("203.0.113.7".into()));
        let scene = Scene::new().with([public]);
        assert_eq!(scene.ask(&RULE, "i-a"), Judgement::Pass);
        assert_eq!(evidence(scene.ask(&RULE, "i-1")), "it has the public address 203.0.113.7");
    }
}
