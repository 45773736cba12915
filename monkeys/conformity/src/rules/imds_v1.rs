//! Instances that answer questions about their credentials without a token.

use simian_core::Severity;
use simian_core::ports::InstanceState;
use simian_core::resource::Instance;

use crate::ground::Asked;
use crate::parameters::Parameters;
use crate::rule::{Judge, Judgement, Rule, Standard};

pub(super) const RULE: Rule = Rule {
    id: "imds-v1",
    title: "Instance metadata is given out for a session token only (IMDSv2)",
    why_it_matters: "With version 1 a request that an application was tricked into sending brings back the instance's \
                     credentials.",
    severity: Severity::High,
    standards: &[
        Standard::Config("ec2-imdsv2-check"),
        Standard::SecurityHub("EC2.8"),
        Standard::Prowler("ec2_instance_imdsv2_enabled"),
    ],
    remedy: "Require tokens in the launch template and of the instance (modify-instance-metadata-options --http-tokens \
             required)",
    needs: &[],
    parameters: Parameters::default,
    judge: Judge::Instance(judge),
};

fn judge(instance: &Instance, _: &Asked<'_>) -> Judgement {
    if instance.state == InstanceState::Terminated {
        return Judgement::NotApplicable;
    }
    match (instance.metadata.enabled, instance.metadata.tokens_required) {
        (Some(false), _) | (_, Some(true)) => Judgement::Pass,
        (_, Some(false)) => Judgement::fail("it answers questions about its metadata without a token"),
        (_, None) => Judgement::Unknown("whether metadata needs a token was not said".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Scene, evidence, instance_but};

    fn asked(enabled: Option<bool>, tokens_required: Option<bool>) -> Judgement {
        let but = |it: &mut Instance| {
            (it.metadata.enabled, it.metadata.tokens_required) = (enabled, tokens_required);
        };
        Scene::bare().with([instance_but("i-1", but)]).ask(&RULE, "i-1")
    }

    #[test]
    fn tokens_or_no_metadata_at_all() {
        assert_eq!(asked(Some(true), Some(true)), Judgement::Pass);
        assert_eq!(asked(Some(false), Some(false)), Judgement::Pass, "nobody can ask");
        assert!(evidence(asked(Some(true), Some(false))).contains("without a token"));
        assert!(matches!(asked(Some(true), None), Judgement::Unknown(_)));
    }
}
