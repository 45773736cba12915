//! What an operator may write.

use simian_core::{Groups, Monkey, ResourceKind, TagRules};

use crate::rules::RULES;
use crate::{Chaos, Config, Conformity};

fn read(text: &str) -> Result<Config, String> {
    let read = serde_path_to_error::deserialize(toml::Deserializer::parse(text).map_err(|error| error.to_string())?);
    read.map_err(|error| format!("{}: {}", error.path(), error.inner().message()))
}

fn monkey(text: &str) -> Conformity {
    Conformity::new(&read(text).unwrap(), TagRules::default(), Chaos::default())
}

fn asked(text: &str) -> Vec<&'static str> {
    read(text).unwrap().enabled().iter().map(|enabled| enabled.rule.id).collect()
}

#[test]
fn all_rules_are_asked_that_have_something_to_ask() {
    let idle = ["required-security-groups", "required-tags"];
    let expected: Vec<&str> = RULES.iter().map(|rule| rule.id).filter(|id| !idle.contains(id)).collect();
    assert_eq!(asked(""), expected);
    assert!(asked("rule.required-tags.tags = { env = [] }").contains(&"required-tags"));
    assert_eq!(asked("rules = [\"one-zone\", \"imds-v1\"]"), ["one-zone", "imds-v1"]);
    assert!(!asked("except = [\"public-ip\"]").contains(&"public-ip"));
}

#[test]
fn what_makes_no_sense_says_what_to_write() {
    for (text, problem) in [
        ("rules = [\"one-zones\"]", "rules[0]: `one-zones` is no rule; there are: zones-match-balancer, "),
        ("rule.one-zone.age = \"3d\"", "rule: `one-zone` takes no `age`: remove it. It takes: severity"),
        ("rule.instance-old.age = \"3d\"", "rule: `instance-old` is no rule; there are: "),
        ("rule.instance-too-old.age = \"soon\"", "rule.instance-too-old.age: `soon` is no span of time: "),
        ("rule.instance-too-old.age = \"0d\"", "rule.instance-too-old.age: `0d` is no time at all: write a longer one"),
        ("rule.instance-too-old.ages = \"3d\"", "rule.instance-too-old.ages: unknown field `ages`, expected one of "),
        (
            "rule.one-zone.severity = \"bad\"",
            "rule.one-zone.severity: `bad` is no severity: write one of low, medium, ",
        ),
        (
            "rule.open-ports.ports = [70000]",
            "rule.open-ports.ports: `70000` is no port: write a whole number from 0 to ",
        ),
        ("rule.zone-skew.most = -1", "rule.zone-skew.most: `-1` is no limit: write a whole number of at least 0"),
        ("rule.slow-to-recover.days = 0", "rule.slow-to-recover.days: `0` is no number of days: write a whole number "),
        (
            "rule.owner-present.kinds = [\"bucket\"]",
            "rule.owner-present.kinds: `bucket` is no kind of resource; there ",
        ),
        (
            "rule.owner-present.kinds = [\"log-group\"]",
            "rule.owner-present.kinds: the tags of log groups are not read: ",
        ),
        ("rule.required-tags.tags = { env = [\"[x]\"] }", "rule.required-tags.tags: `[x]`: `[` means nothing here"),
        ("mode = \"wet\"", "mode: `wet` is no mode: write \"dry-run\" or \"live\""),
        ("[[exempt]]\nrule = \"one-zone\"", "exempt[0]: missing field `resource`"),
        (
            "[[exempt]]\nrule = \"one-zone\"\nresource = \"*\"\nuntil = \"2027-01-31\"\nwhy = \" \"",
            "exempt[0].why: it is empty: say why, for whoever reads it next year",
        ),
        (
            "[[exempt]]\nresource = \"shop\"",
            "exempt[0].resource: `shop` matches no resource: write its kind and its id",
        ),
        ("[[exempt]]\nresource = \"bucket/*\"", "exempt[0].resource: `bucket/*` matches no resource: "),
        ("[[exempt]]\nuntil = \"soon\"", "exempt[0].until: `soon` is no date: write it as \"2027-01-31\""),
        ("[[exempt]]\naccount = \"prod\"", "exempt[0].account: `prod` matches no account: "),
    ] {
        let said = read(text).unwrap_err();
        assert!(said.starts_with(problem), "{text}: {said}");
    }
}

#[test]
fn a_rule_by_name_that_asks_nothing_contradicts_itself() {
    let check = |text: &str| read(text).unwrap().check().map_err(|error| format!("{}: {}", error.key, error.why));
    assert_eq!(check("enabled = true"), Ok(()));
    let empty = "rules: required-tags asks nothing while monkeys.conformity.rule.required-tags.tags is empty: write it";
    assert_eq!(check("rules = [\"required-tags\"]"), Err(empty.into()));
    assert_eq!(check("rules = [\"required-tags\"]\nrule.required-tags.tags = { env = [] }"), Ok(()));
    assert!(check("enabled = true\nrules = []").unwrap_err().starts_with("rules: no rule is left to ask"));
}

#[test]
fn only_what_the_rules_look_at_is_read() {
    let needs = monkey("rules = [\"one-zone\"]").needs();
    assert_eq!((needs.groups, needs.estate.is_empty(), needs.recoveries), (Groups::All, true, None));
    let needs = monkey("rules = [\"unencrypted-volume\"]").needs();
    let kinds: Vec<ResourceKind> = needs.estate.kinds.keys().copied().collect();
    assert_eq!(kinds, [ResourceKind::Instance, ResourceKind::Volume], "whose a volume is, its instance's group says");
    let needs = monkey("rules = [\"did-not-recover\", \"slow-to-recover\"]\nrule.slow-to-recover.days = 60").needs();
    assert_eq!(needs.recoveries, Some(60));
    let needs = monkey("rules = [\"healthy-in-balancer\", \"failed-refresh\", \"cannot-launch\"]").needs();
    assert!(needs.estate.target_health && needs.estate.refreshes && needs.estate.activities);
    assert!(needs.estate.kinds.is_empty());
    assert_eq!(monkey("rules = []").needs(), simian_core::Needs::default());
}
