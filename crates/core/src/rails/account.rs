//! The credentials must belong to the account that the config names: a wrong profile is the classic accident.

use super::{Case, Rail, Turn, Verdict};
use crate::fleet::View;

pub(super) const RAIL: Rail =
    Rail { name: "account", about: "the credentials belong to the expected account", always: true, judge, lift };

fn judge(case: &Case<'_>) -> Verdict {
    says(&Turn { scope: &case.proposal.unit.id.scope, ..case.turn() })
}

/// Whose account it is, and whose credentials.
pub(super) fn says(turn: &Turn<'_>) -> Verdict {
    let expected = &turn.policy.account;
    let theirs = &turn.scope.account;
    if theirs != expected {
        return Verdict::Hold(format!("it is aimed at account {theirs}, the config expects {expected}"));
    }
    match &turn.world.observed.identity {
        View::Known(identity) if identity.account == *expected => Verdict::Pass(format!("we are {}", identity.arn)),
        View::Known(identity) => Verdict::Hold(format!(
            "the credentials belong to account {} ({}), the config expects {expected}",
            identity.account, identity.arn
        )),
        other => {
            Verdict::Unknown(format!("nobody knows whose credentials these are: {}", other.unknown().unwrap_or("")))
        }
    }
}

fn lift(_: &Case<'_>) -> String {
    "credentials of that account, or its right id in the config".into()
}

#[cfg(test)]
mod tests {
    use super::super::testing::Scene;
    use super::*;
    use crate::ports::Identity;

    #[test]
    fn foreign_and_unknown_credentials_hold() {
        let mut scene = Scene::quiet();
        scene.world.observed.identity =
            View::Known(Identity { account: "999999999999".parse().unwrap(), arn: "arn:x".into() });
        assert!(scene.verdict("account").why().contains("999999999999"));
        assert!(scene.verdict("account").holds());
        scene.world.observed.identity = View::Unknown("expired".into());
        assert!(matches!(scene.verdict("account"), Verdict::Unknown(why) if why.contains("expired")));
    }

    #[test]
    fn a_unit_of_another_account_holds() {
        let mut scene = Scene::quiet();
        scene.proposal.unit.id.scope.account = "999999999999".parse().unwrap();
        assert!(scene.verdict("account").holds());
    }
}
