//! Metadata that reaches further than the instance.

use simian_core::Severity;
use simian_core::ports::InstanceState;
use simian_core::resource::Instance;

use crate::ground::Asked;
use crate::parameters::Parameters;
use crate::rule::{Judge, Judgement, Rule, Standard};

pub(super) const RULE: Rule = Rule {
    id: "metadata-hop-limit",
    title: "Instance metadata stays on the instance",
    why_it_matters: "With more than one hop a container, or whatever forwards packets for the instance, reads the \
                     instance's credentials. Containers that need them want two hops: then raise `most`, or better, \
                     give them credentials of their own.",
    severity: Severity::Low,
    standards: &[Standard::Config("ec2-token-hop-limit-check")],
    remedy: "Lower the metadata's hop limit in the launch template and of the instance, or exempt the instance if \
             its containers need the second hop",
    needs: &[],
    parameters: || Parameters { most: Some(1), ..Parameters::default() },
    judge: Judge::Instance(judge),
};

fn judge(instance: &Instance, asked: &Asked<'_>) -> Judgement {
    let Some(hops) = instance.metadata.hop_limit else { return Judgement::NotApplicable };
    if instance.state == InstanceState::Terminated || instance.metadata.enabled == Some(false) {
        return Judgement::NotApplicable;
    }
    let most = asked.parameters.most();
    Judgement::fail_if(hops > most, || format!("its metadata travels {hops} hops, more than {most}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Scene, evidence, instance_but};

    #[test]
    fn one_hop_passes_and_two_fail_unless_allowed() {
        let two = || Scene::bare().with([instance_but("i-1", |it| it.metadata.hop_limit = Some(2))]);
        assert_eq!(Scene::new().ask(&RULE, "i-a"), Judgement::Pass);
        assert_eq!(evidence(two().ask(&RULE, "i-1")), "its metadata travels 2 hops, more than 1");
        let allowed = Parameters { most: Some(2), ..Parameters::default() };
        assert_eq!(two().given(allowed).ask(&RULE, "i-1"), Judgement::Pass);
    }
}
