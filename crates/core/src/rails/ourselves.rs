//! Never the instance that we run on. Live only: a rehearsal ends nobody.

use super::{Case, Rail, Verdict};
use crate::fleet::View;
use crate::scope::Mode;

pub(super) const RAIL: Rail =
    Rail { name: "ourselves", about: "not the instance that we run on", always: false, judge, lift };

fn judge(case: &Case<'_>) -> Verdict {
    if case.proposal.mode == Mode::DryRun {
        return Verdict::NotApplicable("a rehearsal ends nobody".into());
    }
    match &case.world.observed.ourselves {
        View::Known(None) => Verdict::Pass("we do not run on EC2".into()),
        View::Known(Some(us)) if case.proposal.targets.iter().any(|target| target.instance == *us) => {
            Verdict::Hold(format!("{us} is the instance that we run on"))
        }
        View::Known(Some(us)) => Verdict::Pass(format!("we run on {us}")),
        other => Verdict::Unknown(format!("nobody knows where we run: {}", other.unknown().unwrap_or(""))),
    }
}

fn lift(case: &Case<'_>) -> String {
    match &case.world.observed.ourselves {
        View::Known(_) => {
            "another member has its turn when the group is looked at again; or run simian elsewhere".into()
        }
        View::Unasked | View::Unknown(_) => {
            "let the instance metadata service answer (in a container, hop limit 2); where there is none, set \
             AWS_EC2_METADATA_DISABLED=true"
                .into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::Scene;
    use super::*;

    #[test]
    fn our_own_instance_and_an_unknown_one_hold() {
        let mut scene = Scene::quiet();
        scene.world.observed.ourselves = View::Known(Some(scene.proposal.targets[0].instance.clone()));
        assert!(scene.verdict("ourselves").holds());
        scene.world.observed.ourselves = View::Unknown("no answer".into());
        assert!(scene.verdict("ourselves").holds());
        scene.proposal.mode = Mode::DryRun;
        assert!(!scene.verdict("ourselves").holds());
    }
}
