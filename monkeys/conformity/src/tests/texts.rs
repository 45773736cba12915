//! What people read of the rules.

use std::collections::BTreeSet;

use simian_core::ResourceKind;

use crate::rules::RULES;
use crate::{Parameters, Rule};

const PAGE: &str = include_str!("../../../../docs/conformity.md");

#[test]
fn ids_and_titles_are_unique_and_in_one_style() {
    let ids: BTreeSet<&str> = RULES.iter().map(|rule| rule.id).collect();
    let titles: BTreeSet<&str> = RULES.iter().map(|rule| rule.title).collect();
    assert_eq!((ids.len(), titles.len()), (RULES.len(), RULES.len()));
    for rule in RULES {
        let id = rule.id;
        assert!(
            id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'),
            "{id} fits no tag's value"
        );
        let sentence = |text: &str| text.starts_with(|c: char| c.is_uppercase()) && !text.contains("  ");
        assert!(sentence(rule.title) && !rule.title.ends_with('.'), "{id}: {}", rule.title);
        assert!(sentence(rule.remedy) && !rule.remedy.ends_with('.'), "{id}: {}", rule.remedy);
        assert!(sentence(rule.why_it_matters) && rule.why_it_matters.ends_with('.'), "{id}: {}", rule.why_it_matters);
    }
}

/// The table of the page, as the rules have it.
fn table() -> String {
    let mut table = row(&["rule", "asked of", "says", "severity", "parameters", "elsewhere"].map(str::to_owned));
    table.push_str(&row(&["---"; 6].map(str::to_owned)));
    for rule in RULES {
        let about = match (rule.kind(), rule.id) {
            (Some(kind), _) => kind.several(),
            (None, "malformed-exemption" | "exemption-ended") => "whatever another rule is asked of",
            (None, _) => "its `kinds`",
        };
        let parameters: Vec<String> =
            rule.parameters().into_iter().map(|(key, value)| format!("`{key} = {value}`")).collect();
        let elsewhere: Vec<String> = rule.standards.iter().map(ToString::to_string).collect();
        let (parameters, elsewhere) = (parameters.join(", "), elsewhere.join(", "));
        let (id, severity) = (format!("`{}`", rule.id), rule.severity.to_string());
        table.push_str(&row(&[id, about.into(), rule.title.into(), severity, parameters, elsewhere]));
    }
    table
}

fn row(cells: &[String]) -> String {
    let cells = cells.iter().map(|cell| if cell.is_empty() { " |".to_owned() } else { format!(" {cell} |") });
    format!("|{}\n", cells.collect::<String>())
}

#[test]
fn the_page_has_the_rules_as_they_are() {
    let table = table();
    assert!(PAGE.contains(&table), "docs/conformity.md should have this table:\n{table}");
}

#[test]
fn the_page_has_every_parameter() {
    let keys: BTreeSet<&str> =
        RULES.iter().flat_map(Rule::parameters).map(|(key, _)| key).chain(["severity"]).collect();
    for key in &keys {
        assert!(PAGE.contains(&format!("| `{key}` |")), "docs/conformity.md lacks the parameter `{key}`");
    }
    let all = Parameters {
        severity: Some(simian_core::Severity::Low),
        age: Some(chrono::TimeDelta::hours(36)),
        longest: Some(chrono::TimeDelta::minutes(10)),
        days: Some(1),
        most: Some(1),
        ports: Some(vec![22, 80]),
        groups: Some(vec!["web".into()]),
        stacks: Some(vec!["prod*".parse().unwrap()]),
        kinds: Some(vec![ResourceKind::Volume]),
        tags: Some([("env".to_owned(), vec!["prod".parse().unwrap()])].into()),
    };
    let written = all.written();
    assert_eq!(written.iter().map(|(key, _)| *key).collect::<BTreeSet<_>>(), keys, "a parameter that no rule takes");
    let lines: Vec<String> = written.iter().map(|(key, value)| format!("{key} = {value}")).collect();
    assert_eq!(toml::from_str::<Parameters>(&lines.join("\n")).unwrap(), all, "what is shown can be written");
}
