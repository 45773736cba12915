//! Volumes that anybody with the disk can read.

use simian_core::Severity;
use simian_core::resource::Volume;

use crate::ground::Asked;
use crate::parameters::Parameters;
use crate::rule::{Judge, Judgement, Rule, Standard};

pub(super) const RULE: Rule = Rule {
    id: "unencrypted-volume",
    title: "Every volume is encrypted",
    why_it_matters: "What is on it is in the clear on AWS's disks and in every snapshot made of it, and no key can \
                     take it back.",
    severity: Severity::High,
    standards: &[
        Standard::Config("encrypted-volumes"),
        Standard::SecurityHub("EC2.3"),
        Standard::Prowler("ec2_ebs_volume_encryption"),
    ],
    remedy: "Turn on encryption by default in the region, and replace the volume by a copy made of its snapshot",
    needs: &[],
    parameters: Parameters::default,
    judge: Judge::Volume(judge),
};

fn judge(volume: &Volume, _: &Asked<'_>) -> Judgement {
    Judgement::fail_if(!volume.encrypted, || format!("its {} GiB are not encrypted", volume.size))
}

#[cfg(test)]
mod tests {
    use simian_core::resource::{About, VolumeState};

    use super::*;
    use crate::testing::{Scene, evidence, resource};

    #[test]
    fn in_the_clear_fails() {
        let asked = |encrypted| {
            let volume = Volume {
                state: VolumeState::InUse,
                size: 100,
                kind: "gp3".into(),
                iops: None,
                throughput: None,
                encrypted,
                snapshot: None,
                attached: vec![],
                managed: false,
            };
            Scene::bare().with([resource("vol-1", About::Volume(volume))]).ask(&RULE, "vol-1")
        };
        assert_eq!(asked(true), Judgement::Pass);
        assert_eq!(evidence(asked(false)), "its 100 GiB are not encrypted");
    }
}
