//! Exemptions that exempt from nothing, because they cannot be read.

use simian_core::Severity;

use crate::ground::Asked;
use crate::parameters::Parameters;
use crate::rule::{Judge, Judgement, Rule};
use crate::words;

pub(super) const RULE: Rule = Rule {
    id: "malformed-exemption",
    title: "Every exemption names a rule and a last day",
    why_it_matters: "Its owner believes to be exempt, and is not.",
    severity: Severity::Low,
    standards: &[],
    remedy: "Write the exemption as in rule@2027-01-31, several of them separated by spaces",
    needs: &[],
    parameters: Parameters::default,
    judge: Judge::All(judge),
};

fn judge(asked: &Asked<'_>) -> Judgement {
    let Some(exempt) = asked.exempt else { return Judgement::NotApplicable };
    let wrong = || format!("tag {}: {}", asked.ground.exempt_key, words::some(&exempt.problems));
    Judgement::fail_if(!exempt.problems.is_empty(), wrong)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Scene, evidence, tags};

    #[test]
    fn what_cannot_be_read_fails() {
        let mut scene = Scene::new();
        assert_eq!(scene.ask_group(&RULE), Judgement::NotApplicable);
        scene.group().tags = tags(&[("simian:conformity:exempt", "one-zone@2027-01-31")]);
        assert_eq!(scene.ask_group(&RULE), Judgement::Pass);
        scene.group().tags = tags(&[("simian:conformity:exempt", "one-zone")]);
        assert!(evidence(scene.ask_group(&RULE)).starts_with("tag simian:conformity:exempt: `one-zone` has no end"));
    }
}
