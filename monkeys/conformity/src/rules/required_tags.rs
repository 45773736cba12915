//! Tags that the operator wants.

use simian_core::choice::Glob;
use simian_core::{ResourceKind, Severity};

use crate::ground::Asked;
use crate::parameters::Parameters;
use crate::rule::{Judge, Judgement, Rule, Standard};

pub(super) const RULE: Rule = Rule {
    id: "required-tags",
    title: "Every resource has the tags that the operator requires, with values that are allowed",
    why_it_matters: "What has no tags has no owner, no price and no end: nobody dares to touch it.",
    severity: Severity::Low,
    standards: &[Standard::Config("required-tags")],
    remedy: "Tag the resource, and whatever makes it, such as its launch template",
    needs: &[],
    parameters: || Parameters {
        kinds: Some(vec![ResourceKind::Group, ResourceKind::Instance, ResourceKind::Volume]),
        tags: Some([].into()),
        ..Parameters::default()
    },
    judge: Judge::Kinds(judge),
};

fn judge(asked: &Asked<'_>) -> Judgement {
    let tags = match asked.subject.tags() {
        Ok(tags) => tags,
        Err(why) => return Judgement::Unknown(format!("tags are not known: {why}")),
    };
    let wrong = |(key, allowed): (&String, &Vec<Glob>)| match tags.get(key) {
        None => Some(format!("it has no tag {key}")),
        Some(value) if allowed.is_empty() || allowed.iter().any(|glob| glob.matches(value)) => None,
        Some(value) => Some(format!("its tag {key} is `{value}`, which is none of {}", spelled(allowed))),
    };
    let wrong: Vec<String> = asked.parameters.tags().filter_map(wrong).collect();
    Judgement::fail_if(!wrong.is_empty(), || wrong.join("; "))
}

fn spelled(allowed: &[Glob]) -> String {
    allowed.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use simian_core::View;

    use super::*;
    use crate::testing::{Scene, evidence, instance, tags};

    fn tagged(has: View<simian_core::resource::Tags>) -> Judgement {
        let mut instance = instance("i-1");
        instance.tags = has;
        let wanted =
            [("team".to_owned(), vec![]), ("env".to_owned(), vec!["prod*".parse().unwrap(), "test".parse().unwrap()])];
        let given = Parameters { tags: Some(wanted.into()), ..Parameters::default() };
        Scene::bare().with([instance]).given(given).ask(&RULE, "i-1")
    }

    #[test]
    fn keys_and_values_are_asked_for() {
        let known = |pairs| View::Known(tags(pairs));
        assert_eq!(tagged(known(&[("team", "x"), ("env", "production")])), Judgement::Pass);
        let said = evidence(tagged(known(&[("env", "play")])));
        assert_eq!(said, "its tag env is `play`, which is none of prod*, test; it has no tag team");
    }

    #[test]
    fn tags_that_were_not_read_are_not_absent() {
        assert!(matches!(tagged(View::Unknown("throttled".into())), Judgement::Unknown(_)));
        assert!(matches!(tagged(View::Unasked), Judgement::Unknown(_)));
    }
}
