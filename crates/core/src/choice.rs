//! Which groups the operator lets be chosen, by name and place. An owner's opt-in is asked for besides.
//!
//! What may not happen here: a pattern that can match nothing is refused, because an exception that spares nobody is
//! worse than none; and nothing but names is looked at.

use std::fmt;
use std::str::FromStr;

use crate::name::Name;
use crate::scope::Scope;

/// A text in which `*` stands for any number of characters, none included, and `?` for exactly one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glob(String);

/// The longest pattern, in characters: names of groups have 255 at most. Source: Auto Scaling API,
/// `AutoScalingGroupName`.
const MAX_GLOB: usize = 255;

impl Glob {
    /// Whether the whole text is of this shape.
    pub fn matches(&self, text: &str) -> bool {
        let (pattern, text): (Vec<char>, Vec<char>) = (self.0.chars().collect(), text.chars().collect());
        let (mut p, mut t) = (0, 0);
        // The last star, and up to where it reaches so far: when what follows does not fit, it reaches one further.
        let mut star: Option<(usize, usize)> = None;
        while t < text.len() {
            match pattern.get(p) {
                Some('*') => {
                    star = Some((p, t));
                    p += 1;
                }
                Some(c) if *c == '?' || *c == text[t] => (p, t) = (p + 1, t + 1),
                _ => {
                    let Some((at, reach)) = star else { return false };
                    star = Some((at, reach + 1));
                    (p, t) = (at + 1, reach + 1);
                }
            }
        }
        pattern[p..].iter().all(|c| *c == '*')
    }
}

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Glob {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(c) = text.chars().find(|c| r"[]{}!|\".contains(*c)) {
            return Err(format!("`{text}`: `{c}` means nothing here: only * (any text) and ? (one character) do"));
        }
        if text.chars().count() > MAX_GLOB {
            return Err(format!("no name is longer than {MAX_GLOB} characters: shorten it"));
        }
        Ok(Self(text.to_owned()))
    }
}

/// What a group must be like for a rule to be about it. What is not said matches everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rule {
    /// The account's twelve digits.
    pub account: Option<Glob>,
    /// The region.
    pub region: Option<Glob>,
    /// The app of the group's name.
    pub app: Option<Glob>,
    /// The stack; empty where the name has none.
    pub stack: Option<Glob>,
    /// The detail; empty where the name has none.
    pub detail: Option<Glob>,
    /// What it is for, in the operator's words.
    pub why: Option<String>,
}

impl Rule {
    /// Whether it is about that group.
    fn matches(&self, scope: &Scope, name: &Name) -> bool {
        let fits = |glob: &Option<Glob>, text: &str| glob.as_ref().is_none_or(|glob| glob.matches(text));
        fits(&self.account, scope.account.as_str())
            && fits(&self.region, scope.region.as_str())
            && fits(&self.app, &name.app)
            && fits(&self.stack, name.stack.as_deref().unwrap_or_default())
            && fits(&self.detail, name.detail.as_deref().unwrap_or_default())
    }

    /// It says nothing of any group, so that it would be about all of them.
    pub fn is_empty(&self) -> bool {
        [&self.account, &self.region, &self.app, &self.stack, &self.detail].iter().all(|glob| glob.is_none())
    }
}

/// Reads a pattern of account ids. An account's name in the config is not known where groups are looked at.
pub fn account_glob(text: &str) -> Result<Glob, String> {
    let plain = text.bytes().all(|b| b.is_ascii_digit() || b"*?".contains(&b));
    let fixed = text.bytes().filter(|b| *b != b'*').count();
    if !plain || fixed > 12 || (fixed < 12 && !text.contains('*')) {
        return Err(format!("`{text}` matches no account: write its twelve digits, not its name, with * and ?"));
    }
    text.parse()
}

/// Reads a pattern of regions.
pub fn region_glob(text: &str) -> Result<Glob, String> {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-*?".contains(&b)) {
        return Err(format!("`{text}` matches no region: write it as in `us-east-1` or `eu-*`"));
    }
    text.parse()
}

/// Reads a pattern of apps.
pub fn app_glob(text: &str) -> Result<Glob, String> {
    if text.is_empty() {
        return Err("every group has an app: write one as in `shop` or `shop*`, or leave the key out".into());
    }
    text.parse()
}

/// The operator's lists. By default no group is kept out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// Where they stand in the config: what comes before their keys in a reason.
    pub key: String,
    /// Groups that one of these is about are never chosen.
    pub except: Vec<Rule>,
    /// When there are any, only groups that one of these is about are chosen.
    pub only: Vec<Rule>,
    /// Groups whose name ends so, with or without its push, are never chosen.
    pub never_suffixes: Vec<String>,
}

impl Choice {
    /// Why that group is never chosen; `None` when it may be.
    pub fn spares(&self, scope: &Scope, group: &str) -> Option<String> {
        let Self { key, except, only, never_suffixes } = self;
        let name = Name::parse(group);
        let cluster = name.cluster();
        let ends = |suffix: &&String| cluster.ends_with(*suffix) || group.ends_with(*suffix);
        if let Some(suffix) = never_suffixes.iter().find(ends) {
            return Some(format!("its name ends in {suffix} ({key}.never_suffixes)"));
        }
        if let Some((n, rule)) = except.iter().enumerate().find(|(_, rule)| rule.matches(scope, &name)) {
            let why = rule.why.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
            return Some(format!("excepted by {key}.except[{n}]{why}"));
        }
        if !only.is_empty() && !only.iter().any(|rule| rule.matches(scope, &name)) {
            return Some(format!("no rule of {key}.only is about it"));
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope() -> Scope {
        Scope { account: "111122223333".parse().unwrap(), region: "eu-west-1".parse().unwrap() }
    }

    fn glob(text: &str) -> Option<Glob> {
        text.parse().ok()
    }

    #[test]
    fn stars_and_question_marks() {
        for (pattern, text, fits) in [
            ("*", "", true),
            ("", "", true),
            ("", "a", false),
            ("eu-*", "eu-west-1", true),
            ("eu-*", "us-east-1", false),
            ("?", "ä", true),
            ("?", "", false),
            ("?*", "", false),
            ("shop", "shopping", false),
            ("shop*", "shop", true),
            ("*shop", "workshop", true),
            ("*a*b?c*", "xxaybzbqc", true),
            ("*a*b?c*", "xxaybzbc", false),
            ("a.c", "abc", false),
            ("*ab", "aab", true),
            ("**", "x", true),
        ] {
            assert_eq!(glob(pattern).unwrap().matches(text), fits, "{pattern} {text}");
        }
        // Each star more would double the work of a search that tries everything.
        let many = format!("{}b", "*a".repeat(60)).parse::<Glob>().unwrap();
        assert!(!many.matches(&"a".repeat(255)));
    }

    #[test]
    fn what_can_match_nothing_is_refused() {
        for bad in ["prod*", "", "1111", "1111222233334", "1111222233334*"] {
            assert!(account_glob(bad).is_err(), "{bad}");
        }
        for good in ["111122223333", "1111*", "????????3333", "*", "111122223333*"] {
            assert!(account_glob(good).unwrap().matches("111122223333"), "{good}");
        }
        assert!(region_glob("EU-*").is_err() && region_glob("").is_err() && app_glob("").is_err());
        for bad in ["shop[12]", "{a,b}", "!shop", "a|b", r"a\*"] {
            assert!(bad.parse::<Glob>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_rule_is_about_a_group_when_all_that_it_says_fits() {
        let whole = Rule {
            account: glob("1111*"),
            region: glob("eu-*"),
            app: glob("shop"),
            stack: glob("*"),
            detail: glob("canary*"),
            why: None,
        };
        assert!(whole.matches(&scope(), &Name::parse("shop-prod-canary2-v003")));
        assert!(whole.matches(&scope(), &Name::parse("shop--canary-v003")));
        for group in ["shop-prod-v003", "cart-prod-canary", "shop-prod-xcanary"] {
            assert!(!whole.matches(&scope(), &Name::parse(group)), "{group}");
        }
        for spoiled in [Rule { account: glob("2*"), ..whole.clone() }, Rule { region: glob("us-*"), ..whole.clone() }] {
            assert!(!spoiled.matches(&scope(), &Name::parse("shop-prod-canary")));
        }
        let without_stack = Rule { stack: glob(""), ..Rule::default() };
        assert!(without_stack.matches(&scope(), &Name::parse("shop")));
        assert!(!without_stack.matches(&scope(), &Name::parse("shop-prod")));
        assert!(Rule { why: Some("x".into()), ..Rule::default() }.is_empty() && !whole.is_empty());
    }

    #[test]
    fn suffixes_exceptions_and_the_allow_list_each_say_why() {
        let choice = Choice {
            key: "monkeys.chaos".into(),
            except: vec![
                Rule { app: glob("pay"), ..Rule::default() },
                Rule { app: glob("shop"), detail: glob("db"), why: Some("stateful".into()), ..Rule::default() },
            ],
            only: vec![Rule { stack: glob("prod"), ..Rule::default() }, Rule { app: glob("pay"), ..Rule::default() }],
            never_suffixes: vec!["-canary".into(), "-v007".into()],
        };
        let why = |group: &str| choice.spares(&scope(), group).unwrap_or_default();
        assert_eq!(why("shop-prod-v001"), "");
        assert_eq!(why("shop-prod-canary-v001"), "its name ends in -canary (monkeys.chaos.never_suffixes)");
        assert_eq!(why("shop-prod-v007"), "its name ends in -v007 (monkeys.chaos.never_suffixes)");
        assert_eq!(why("shop-canary-blue-v001"), "no rule of monkeys.chaos.only is about it");
        assert_eq!(why("pay-test"), "excepted by monkeys.chaos.except[0]");
        assert_eq!(why("shop-prod-db-v002"), "excepted by monkeys.chaos.except[1]: stateful");
        assert_eq!(Choice::default().spares(&scope(), "shop-canary"), None);
    }
}
