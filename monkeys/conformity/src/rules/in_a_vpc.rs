//! Instances outside of any VPC.

use simian_core::Severity;
use simian_core::ports::InstanceState;
use simian_core::resource::Instance;

use crate::ground::Asked;
use crate::parameters::Parameters;
use crate::rule::{Judge, Judgement, Rule, Standard};

pub(super) const RULE: Rule = Rule {
    id: "in-a-vpc",
    title: "Every instance is in a VPC",
    why_it_matters: "Outside of a VPC there are no subnets, no flow logs and no egress rules, and AWS ended \
                     EC2-Classic.",
    severity: Severity::High,
    standards: &[Standard::Config("ec2-instances-in-vpc")],
    remedy: "Launch the instance anew in a VPC",
    needs: &[],
    parameters: Parameters::default,
    judge: Judge::Instance(judge),
};

fn judge(instance: &Instance, _: &Asked<'_>) -> Judgement {
    // What has ended shows no VPC any more.
    if instance.state == InstanceState::Terminated {
        return Judgement::NotApplicable;
    }
    Judgement::fail_if(instance.vpc.is_none(), || "it is in no VPC".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Scene, evidence, instance_but};

    #[test]
    fn only_those_that_have_not_ended_need_one() {
        let asked = |vpc: Option<&str>, state| {
            let instance = instance_but("i-1", |it| (it.vpc, it.state) = (vpc.map(str::to_owned), state));
            Scene::bare().with([instance]).ask(&RULE, "i-1")
        };
        assert_eq!(asked(Some("vpc-1"), InstanceState::Stopped), Judgement::Pass);
        assert_eq!(evidence(asked(None, InstanceState::Running)), "it is in no VPC");
        assert_eq!(asked(None, InstanceState::Terminated), Judgement::NotApplicable);
    }
}
