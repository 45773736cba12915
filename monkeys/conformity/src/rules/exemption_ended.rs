//! Exemptions whose last day is past.

use simian_core::Severity;

use crate::ground::Asked;
use crate::parameters::Parameters;
use crate::rule::{Judge, Judgement, Rule};
use crate::words;

/// Its id.
pub(crate) const ID: &str = "exemption-ended";

pub(super) const RULE: Rule = Rule {
    id: ID,
    title: "No exemption is past its last day",
    why_it_matters: "The rule counts again, and what was put off has come due.",
    severity: Severity::Low,
    standards: &[],
    remedy: "Keep the rule and remove the exemption, or give it another last day",
    needs: &[],
    parameters: Parameters::default,
    judge: Judge::All(judge),
};

fn judge(asked: &Asked<'_>) -> Judgement {
    let Some(exempt) = asked.exempt else { return Judgement::NotApplicable };
    let ended = exempt.ended(asked.ground.today).map(|(rule, until)| format!("{rule} ended on {until}"));
    let ended: Vec<String> = ended.collect();
    Judgement::fail_if(!ended.is_empty(), || format!("tag {}: {}", asked.ground.exempt_key, words::some(ended)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Scene, evidence, tags};

    #[test]
    fn the_last_day_still_counts() {
        let with = |text: &str| {
            let mut scene = Scene::new();
            scene.group().tags = tags(&[("simian:conformity:exempt", text)]);
            scene.ask_group(&RULE)
        };
        assert_eq!(with("one-zone@2026-11-23"), Judgement::Pass);
        let said = evidence(with("one-zone@2026-11-22 imds-v1@2027-01-31"));
        assert_eq!(said, "tag simian:conformity:exempt: one-zone ended on 2026-11-22");
    }
}
