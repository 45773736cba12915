//! The configuration as it counts: every key with its value, and where the value comes from.
//!
//! There is no list of keys or defaults here that could be forgotten. The keys are those that the schema asked for
//! while it read the file. A default is looked for among the values of the shipped example: it is the one that may be
//! written down without changing anything. What no value fits is not set.
//!
//! What may not happen here: no secret leaves this module.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use toml::{Table, Value};

use super::{Config, ConfigError, base, schema, text_of};

/// Every key of the configuration with an example of its value.
const SHIPPED: &str = include_str!("../../config/simian.toml");

/// What stands in place of a secret.
pub const HIDDEN: &str = "…";

/// Words that make a key's name a secret's. What a webhook's address and its headers carry is often one.
const SECRET: [&str; 6] = ["seed", "secret", "token", "password", "url", "headers"];

/// Ends of names that only say where a secret is.
const WHERE: [&str; 2] = ["_file", "_env"];

/// Where a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The file says it.
    File,
    /// The file does not say it, and this counts.
    Default,
    /// The file does not say it, and nothing counts.
    Unset,
}

impl Origin {
    /// One word, as in the output.
    pub fn as_str(self) -> &'static str {
        match self {
            Origin::File => "file",
            Origin::Default => "default",
            Origin::Unset => "unset",
        }
    }
}

/// One key.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// Its path, such as `account[0].regions`.
    pub key: String,
    /// Its value, [`HIDDEN`] for a secret; `None` when it is not set.
    pub value: Option<Value>,
    /// Where that comes from.
    pub origin: Origin,
}

/// Every key of a file, in the order of the shipped example.
#[derive(Clone, Debug, PartialEq)]
pub struct Effective {
    /// The file.
    pub file: String,
    /// The digest of its text, as events carry it.
    pub digest: String,
    /// The keys.
    pub settings: Vec<Setting>,
}

impl Effective {
    /// Reads a file as [`Config::load`] does.
    pub fn load(path: &Path, state_directory: Option<&Path>) -> Result<Self, ConfigError> {
        let file = path.display().to_string();
        let text = text_of(path, &file)?;
        Self::of(&file, &text, state_directory)
    }

    /// Reads a text as [`Config::parse`] does.
    pub fn of(file: &str, text: &str, state_directory: Option<&Path>) -> Result<Self, ConfigError> {
        let base = base(file, state_directory);
        let rules = schema::Rules { base: &base, sandbox: false };
        let (config, keys) = schema::read_with_keys(file, text, &rules)?;
        // It has just been read as TOML. Each default that is found joins it, so that two keys of which only one may be
        // written are not both shown, and all that is shown together means the same.
        let mut written: Table = text.parse().unwrap_or_default();
        let examples = examples();
        let counts = meaning(&config);
        let changes_nothing = |table: &Table| {
            let text = toml::to_string(table).ok();
            text.and_then(|text| schema::read(file, &text, &rules).ok()).is_some_and(|with| meaning(&with) == counts)
        };
        let mut settings: Vec<Setting> = Vec::new();
        for key in keys.iter().filter(|key| !holds_others(key, &keys)) {
            let mut origin = Origin::File;
            if at(&written, key).is_none() {
                let mut tables = candidates(key, &examples).filter_map(|value| with(&written, key, &value));
                let default = tables.find(changes_nothing);
                origin = if default.is_some() { Origin::Default } else { Origin::Unset };
                written = default.unwrap_or(written);
            }
            let value = at(&written, key).cloned();
            let value = value.map(|value| if is_secret(key) { Value::String(HIDDEN.into()) } else { value });
            settings.push(Setting { key: key.clone(), value, origin });
        }
        settings.sort_by_cached_key(|setting| place(&setting.key, &examples));
        Ok(Self { file: file.to_owned(), digest: config.digest, settings })
    }

    /// The settings as a file that can be loaded again, once the secrets are put in.
    pub fn toml(&self) -> String {
        let mut out = format!(
            "# What counts by {}: every key, with `file` behind what it says and `default` behind what it leaves out.\n\
             # Secrets are hidden as \"{HIDDEN}\".\n",
            self.file
        );
        for table in self.settings.chunk_by(|a, b| parent(&a.key) == parent(&b.key)) {
            let path = parent(&table[0].key);
            if !path.is_empty() {
                // A table in which nothing is set is not there: its mere header would ask for keys.
                let there = table.iter().any(|setting| setting.value.is_some());
                let _ = writeln!(out, "\n{}{}", if there { "" } else { "#" }, header(path));
            }
            for setting in table {
                let name = setting.key.rsplit('.').next().unwrap_or_default();
                let _ = match &setting.value {
                    Some(value) => writeln!(out, "{:<46} # {}", format!("{name} = {value}"), setting.origin.as_str()),
                    None => writeln!(out, "#{name} is not set"),
                };
            }
        }
        out
    }

    /// The settings as JSON: stable.
    pub fn json(&self) -> serde_json::Value {
        let settings = self.settings.iter().map(|setting| {
            serde_json::json!({
                "key": setting.key,
                "value": setting.value,
                "from": setting.origin.as_str(),
                "hidden": is_secret(&setting.key),
            })
        });
        serde_json::json!({ "file": self.file, "digest": self.digest, "keys": settings.collect::<Vec<_>>() })
    }
}

/// All that a configuration says. A rate may be written in two ways, and how is no part of it: the defaults of the tags
/// have it.
fn meaning(config: &Config) -> String {
    let chaos = simian_chaos::Config { mean_days: None, probability: None, ..config.chaos.clone() };
    let latency = simian_latency::Config { mean_days: None, probability: None, ..config.latency.clone() };
    format!("{:?}", Config { digest: String::new(), chaos, latency, ..config.clone() })
}

/// The table that a key is in; empty for the outermost.
fn parent(key: &str) -> &str {
    key.rsplit_once('.').map_or("", |(table, _)| table)
}

/// The header of a table. A table within a list's is the last one's, as TOML has it.
fn header(path: &str) -> String {
    let names = steps(path).map(|(name, _)| name).collect::<Vec<_>>().join(".");
    if path.ends_with(']') { format!("[[{names}]]") } else { format!("[{names}]") }
}

/// Whether a key is a table or a list of tables whose own keys are known.
pub(super) fn holds_others(key: &str, keys: &BTreeSet<String>) -> bool {
    [".", "["].iter().any(|next| {
        let prefix = format!("{key}{next}");
        keys.range(prefix.clone()..).next().is_some_and(|other| other.starts_with(&prefix))
    })
}

fn is_secret(key: &str) -> bool {
    // Also what stands in a table of secrets.
    steps(key).any(|(name, _)| {
        let words = || name.split(|c: char| !c.is_ascii_alphanumeric());
        !WHERE.iter().any(|end| name.ends_with(end)) && SECRET.iter().any(|secret| words().any(|word| word == *secret))
    })
}

/// The steps of a path: names, and the places in lists behind them.
fn steps(path: &str) -> impl Iterator<Item = (&str, Option<usize>)> {
    path.split('.').map(|step| match step.strip_suffix(']').and_then(|step| step.split_once('[')) {
        Some((name, n)) => (name, n.parse().ok()),
        None => (step, None),
    })
}

/// The value that a file has for a key.
fn at<'t>(table: &'t Table, path: &str) -> Option<&'t Value> {
    let mut found: Option<&Value> = None;
    for (name, place) in steps(path) {
        let inner = match found {
            None => table.get(name)?,
            Some(value) => value.get(name)?,
        };
        found = Some(match place {
            Some(n) => inner.get(n)?,
            None => inner,
        });
    }
    found
}

/// The file with that value as well; its tables are made if they are not there.
fn with(table: &Table, path: &str, value: &Value) -> Option<Table> {
    let mut out = table.clone();
    let mut inner = &mut out;
    let (tables, name) = path.rsplit_once('.').unwrap_or(("", path));
    for (name, place) in steps(tables).filter(|(name, _)| !name.is_empty()) {
        let found = inner.entry(name).or_insert_with(|| Value::Table(Table::new()));
        inner = match place {
            Some(n) => found.get_mut(n)?.as_table_mut()?,
            None => found.as_table_mut()?,
        };
    }
    inner.insert(name.to_owned(), value.clone());
    Some(out)
}

/// Every line of the shipped example that has a value, in its order, also those that are commented out.
fn examples() -> Vec<(String, Value)> {
    let mut table = String::new();
    let mut examples = Vec::new();
    for line in SHIPPED.lines() {
        let line = line.strip_prefix("#or ").or_else(|| line.strip_prefix('#')).unwrap_or(line);
        if let Some(list) = line.strip_prefix("[[").and_then(|line| line.strip_suffix("]]")) {
            table = format!("{list}[0].");
        } else if let Some(path) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            table = format!("{path}.");
        } else if !line.starts_with(' ')
            && let Ok(pair) = line.parse::<Table>()
        {
            examples.extend(pair.into_iter().map(|(key, value)| (format!("{table}{key}"), value)));
        }
    }
    examples
}

/// The path of a key in the example, which has one of each list.
fn as_in_example(key: &str) -> String {
    let name = |(name, place): (&str, Option<usize>)| match place {
        Some(_) => format!("{name}[0]"),
        None => name.to_owned(),
    };
    steps(key).map(name).collect::<Vec<_>>().join(".")
}

/// What a key's default may be: the example's values, and those that stand for nothing.
fn candidates(key: &str, examples: &[(String, Value)]) -> impl Iterator<Item = Value> {
    let key = as_in_example(key);
    let nothing = [Value::Boolean(false), Value::Array(Vec::new()), Value::String("memory".into())];
    examples.iter().filter(move |(path, _)| *path == key).map(|(_, value)| value.clone()).chain(nothing)
}

/// Where a key stands: with its table in the example, then its own place there; what the example does not have comes
/// last in its table.
fn place(key: &str, examples: &[(String, Value)]) -> (usize, Vec<(String, Option<usize>)>, usize, String) {
    let path = as_in_example(key);
    // A table that the example writes in another way stands behind the one that it is in.
    let mut table = parent(&path);
    let of_table = loop {
        let itself = examples.iter().position(|(other, _)| parent(other) == table);
        let within = || examples.iter().position(|(other, _)| other.starts_with(&format!("{table}.")));
        match itself.or_else(within) {
            None if !table.is_empty() => table = parent(table),
            found => break found.unwrap_or(usize::MAX),
        }
    };
    let own = examples.iter().position(|(other, _)| *other == path).unwrap_or(usize::MAX);
    // Lists one element after the other, by number.
    let table = parent(key);
    let table = steps(table).map(|(name, place)| (name.to_owned(), place)).filter(|(name, _)| !name.is_empty());
    (of_table, table.collect(), own, key.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str = "[dice]\nseed = \"s3cret\"\n[hours]\ntimezone = \"Europe/Berlin\"\n\
                         [[account]]\nname = \"a\"\nid = \"123456789012\"\nregions = [\"us-east-1\"]\n\
                         [[account]]\nname = \"b\"\nid = \"123456789013\"\nregions = [\"us-east-1\"]\nmode = \"live\"\n";

    fn of(text: &str) -> Effective {
        Effective::of("simian.toml", text, None).unwrap_or_else(|error| panic!("{error}"))
    }

    /// The example with every line that can be in use.
    fn everything() -> String {
        let used = |line: &str| match line.strip_prefix('#') {
            Some(optional) if optional.starts_with("or ") || optional.starts_with(' ') => line.to_owned(),
            Some(optional) => optional.to_owned(),
            None => line.to_owned(),
        };
        SHIPPED.lines().map(used).collect::<Vec<_>>().join("\n")
    }

    fn loads_as(text: &str) {
        let shown = of(text);
        let written: Table = text.parse().unwrap();
        let hidden = shown.settings.iter().filter(|setting| setting.value == Some(Value::String(HIDDEN.into())));
        let filled = hidden.fold(shown.toml(), |shown, setting| {
            let secret = at(&written, &setting.key).unwrap();
            shown.replacen(&format!("= \"{HIDDEN}\""), &format!("= {secret}"), 1)
        });
        let again = Config::parse("simian.toml", &filled, None).unwrap_or_else(|error| panic!("{error}\n{filled}"));
        assert_eq!(meaning(&again), meaning(&Config::parse("simian.toml", text, None).unwrap()), "{filled}");
    }

    #[test]
    fn what_is_shown_loads_as_the_same_configuration() {
        let rates = format!("{SMALL}[monkeys.chaos]\nprobability = 0.1\nmin_days = 2\n");
        let freezes = SMALL.replace(
            "[[account]]\nname = \"a\"",
            "[[hours.freeze]]\nfrom = \"2026-12-20\"\nuntil = \"2026-12-21\"\nwhy = \"a\"\n\
             [[hours.freeze]]\nfrom = \"2027-12-20\"\nuntil = \"2027-12-21\"\n[[account]]\nname = \"a\"",
        );
        let account =
            |n| format!("[[account]]\nname = \"n{n}\"\nid = \"2000000000{n:02}\"\nregions = [\"us-east-1\"]\n");
        let many = format!("{SMALL}{}", (0..12).map(account).collect::<String>());
        for text in [SMALL, SHIPPED, &everything(), &rates, &freezes, &many] {
            loads_as(text);
        }
    }

    #[test]
    fn every_key_of_the_schema_is_shown_once() {
        for text in [SMALL.to_owned(), everything()] {
            let shown = of(&text);
            let keys = schema::keys(&text);
            let mut missing: BTreeSet<&String> = keys.iter().filter(|key| !holds_others(key, &keys)).collect();
            for setting in &shown.settings {
                assert!(missing.remove(&setting.key), "{} is no key, or shown twice", setting.key);
                let name = setting.key.rsplit('.').next().unwrap();
                assert!(shown.toml().contains(name), "{name}");
            }
            assert!(missing.is_empty(), "not shown: {missing:?}");
        }
    }

    #[test]
    fn values_and_where_they_come_from() {
        let shown = of(SMALL);
        let setting = |key: &str| {
            let found = shown.settings.iter().find(|setting| setting.key == key).unwrap_or_else(|| panic!("{key}"));
            let value = found.value.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string);
            format!("{value} {}", found.origin.as_str())
        };
        for (key, expected) in [
            ("mode", "\"dry-run\" default"),
            ("dice.seed", "\"…\" file"),
            ("account[0].mode", "\"dry-run\" default"),
            ("account[1].mode", "\"live\" file"),
            ("account[1].role_arn", "- unset"),
            ("hours.holidays", "[] default"),
            ("hours.close", "\"15:00\" default"),
            ("ledger.kind", "\"memory\" default"),
            ("ledger.path", "- unset"),
            ("control.socket", "- unset"),
            ("opt_in.tag", "- unset"),
            ("sinks.stdout.enabled", "false default"),
            ("budgets.per_account_day", "20 default"),
            ("rails.clock.max_skew", "\"60s\" default"),
            ("rails.breaker.enabled", "true default"),
            ("monkeys.chaos.enabled", "false default"),
            ("monkeys.chaos.mean_days", "5 default"),
            ("monkeys.chaos.cron", "\"*/15 * * * *\" default"),
        ] {
            assert_eq!(setting(key), expected, "{key}");
        }
    }

    #[test]
    fn secrets_are_hidden_and_their_places_are_not() {
        for (key, hidden) in [
            ("dice.seed", true),
            ("sinks.webhook[0].secret", true),
            ("sinks.webhook[0].url", true),
            ("sinks.webhook[0].headers.Authorization", true),
            ("sinks.webhook[0].secret_file", false),
            ("sinks.webhook[0].secret_env", false),
            ("hours.timezone", false),
        ] {
            assert_eq!(is_secret(key), hidden, "{key}");
        }
        let shown = of(SMALL);
        assert!(!shown.toml().contains("s3cret") && !shown.json().to_string().contains("s3cret"));
    }

    #[test]
    fn the_order_is_the_examples() {
        let shown = of(&everything()).toml();
        let headers: Vec<&str> = shown.lines().filter(|line| line.starts_with('[')).collect();
        let first = ["[dice]", "[hours]", "[[hours.freeze]]", "[tags]", "[opt_in]", "[[account]]"];
        assert_eq!(headers.iter().filter(|header| first.contains(header)).copied().collect::<Vec<_>>(), first);
        assert!(shown.find("\n[dice]").unwrap() > shown.find("\nmode = ").unwrap());
    }
}
