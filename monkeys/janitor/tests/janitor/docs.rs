//! The page says what the code does: its table of rules, its keys, its examples.

use simian_core::ResourceKind;
use simian_janitor::rules::Kinds;
use simian_janitor::{PriceTable, RULES, Rule};

use crate::stage::config;

fn page() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/janitor.md");
    std::fs::read_to_string(path).unwrap()
}

fn several(kinds: &[ResourceKind]) -> String {
    kinds.iter().map(|kind| kind.several()).collect::<Vec<_>>().join(", ")
}

/// A rule's line in the page's table.
fn row(rule: &Rule) -> String {
    let kind = match rule.kinds {
        Kinds::One(kind) => format!("`{kind}`"),
        Kinds::Listed => "as listed".to_owned(),
    };
    let Rule { id, about, age, .. } = rule;
    let health = if rule.asks_health { ", target health" } else { "" };
    let reads = if rule.reads.is_empty() { "nothing".to_owned() } else { several(rule.reads) };
    format!("| `{id}` | {kind} | {about} | {} days since {} | {reads}{health} |", age.days, age.of)
}

#[test]
fn the_table_of_rules_is_as_the_rules_are() {
    let page = page();
    let table = page.lines().skip_while(|line| !line.starts_with("| rule | kind |")).skip(2);
    let written: Vec<&str> = table.take_while(|line| line.starts_with('|')).collect();
    let expected: Vec<String> = RULES.iter().map(|rule| row(rule)).collect();
    assert!(written == expected, "docs/janitor.md has another table than:\n{}", expected.join("\n"));
}

#[test]
fn every_key_is_on_the_page() {
    let keys = |error: String| {
        let list = error.split_once("expected one of ").unwrap().1.lines().next().unwrap().to_owned();
        list.split(", ").map(str::to_owned).collect::<Vec<_>>()
    };
    let unknown = |text: &str| toml::from_str::<simian_janitor::Config>(text).unwrap_err().message().to_owned();
    let page = page();
    for table in ["nonsense = 1", "rule.untagged.nonsense = 1", "keep = [{ nonsense = 1 }]"] {
        let keys = keys(unknown(table));
        assert!(keys.len() >= 5, "{keys:?}");
        for key in keys.iter().filter(|key| *key != "`rule`") {
            let shown = page.contains(key.as_str()) || page.contains(&format!("{} =", key.trim_matches('`')));
            assert!(shown, "docs/janitor.md says nothing of {key}");
        }
    }
    let prices = toml::from_str::<PriceTable>("default.nonsense = 1").unwrap_err().message().to_owned();
    for key in keys(prices) {
        assert!(page.contains(&format!("{} =", key.trim_matches('`'))), "docs/janitor.md has no price of {key}");
    }
}

#[test]
fn the_pages_examples_are_read() {
    let page = page();
    let blocks: Vec<&str> = page.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    let [first, keep, prices] = blocks[..] else { panic!("{} examples", blocks.len()) };
    let first = config(first.strip_prefix("[monkeys.janitor]\n").unwrap());
    assert!(first.enabled && first.contradictions().is_empty());
    assert_eq!(config(keep).contradictions(), []);
    let prices = prices.replace("[prices]\n", "").replace("[prices.", "[");
    let prices = toml::from_str::<PriceTable>(&prices).unwrap().prices().unwrap();
    assert_eq!(prices.as_of().to_string(), "2026-11-01");
}
