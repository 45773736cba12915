//! Snapshots that anybody can restore.

use simian_core::Severity;
use simian_core::resource::Snapshot;

use crate::ground::Asked;
use crate::parameters::Parameters;
use crate::rule::{Judge, Judgement, Rule, Standard};

pub(super) const RULE: Rule = Rule {
    id: "public-snapshot",
    title: "No snapshot is public",
    why_it_matters: "Anybody with an AWS account can make a volume of it and read everything, and there are people \
                     who look for nothing else.",
    severity: Severity::Critical,
    standards: &[
        Standard::Config("ebs-snapshot-public-restorable-check"),
        Standard::SecurityHub("EC2.1"),
        Standard::Prowler("ec2_ebs_public_snapshot"),
    ],
    remedy: "Make the snapshot private, and take every secret on it for known",
    needs: &[],
    parameters: Parameters::default,
    judge: Judge::Snapshot(judge),
};

fn judge(snapshot: &Snapshot, _: &Asked<'_>) -> Judgement {
    match snapshot.public {
        Some(public) => Judgement::fail_if(public, || format!("everybody may restore its {} GiB", snapshot.size)),
        None => Judgement::Unknown("whether snapshots are public was not read".into()),
    }
}

#[cfg(test)]
mod tests {
    use simian_core::resource::About;

    use super::*;
    use crate::testing::{Scene, evidence, resource};

    #[test]
    fn public_fails_and_unasked_is_no_answer() {
        let asked = |public| {
            let snapshot = Snapshot {
                completed: true,
                owner: "111122223333".into(),
                volume: Some("vol-1".into()),
                size: 8,
                bytes: None,
                archived: false,
                encrypted: true,
                public,
                description: String::new(),
            };
            Scene::bare().with([resource("snap-1", About::Snapshot(snapshot))]).ask(&RULE, "snap-1")
        };
        assert_eq!(asked(Some(false)), Judgement::Pass);
        assert_eq!(evidence(asked(Some(true))), "everybody may restore its 8 GiB");
        assert!(matches!(asked(None), Judgement::Unknown(_)));
    }
}
