//! The shipped example and the schema agree, key by key.

use std::collections::BTreeSet;
use std::path::Path;

use simian_core::rails::RAILS;
use simian_core::{Calendar, Policy};

use super::effective::holds_others;
use super::{Config, Hook, WebhookConfig, schema};

const SHIPPED: &str = include_str!("../../config/simian.toml");

/// The example with every optional line in use, and what each `#or` line would put in place of the line above it.
fn all_in_use() -> (String, Vec<(String, String)>) {
    let mut lines: Vec<&str> = Vec::new();
    let mut others = Vec::new();
    for line in SHIPPED.lines() {
        match line.strip_prefix('#') {
            Some(optional) if optional.starts_with("or ") => {
                let above = (*lines.last().expect("a line above")).to_owned();
                others.push((above, optional.trim_start_matches("or ").to_owned()));
            }
            Some(optional) if !optional.is_empty() && !optional.starts_with(' ') => lines.push(optional),
            _ => lines.push(line),
        }
    }
    (lines.join("\n"), others)
}

fn parse(text: &str) -> Config {
    // Its templates are beside it.
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/config/simian.toml");
    Config::parse(file, text, None).unwrap_or_else(|error| panic!("{error}"))
}

/// The paths of a text's keys, lists of tables as `account[0]`.
fn paths(prefix: &str, value: &toml::Value, out: &mut BTreeSet<String>) {
    if let Some(table) = value.as_table() {
        for (key, value) in table {
            let path = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
            paths(&path, value, out);
            out.insert(path);
        }
    } else if let Some(list) = value.as_array() {
        for (n, value) in list.iter().enumerate().filter(|(_, value)| value.is_table()) {
            paths(&format!("{prefix}[{n}]"), value, out);
        }
    }
}

#[test]
fn the_example_names_every_key_and_no_other() {
    let (text, others) = all_in_use();
    let mut named = BTreeSet::new();
    paths("", &toml::Value::Table(text.parse().unwrap()), &mut named);
    for (above, other) in others {
        paths("", &toml::Value::Table(text.replace(&above, &other).parse().unwrap()), &mut named);
    }
    let known = schema::keys(&text);
    // What a monkey reads whole is one key, whatever it holds.
    let within = |key: &String| {
        let above = |(n, _): (usize, char)| known.contains(&key[..n]) && !holds_others(&key[..n], &known);
        key.char_indices().filter(|(_, c)| ".[".contains(*c)).any(above)
    };
    named.retain(|key| !within(key));
    assert_eq!(named, known);
}

#[test]
fn the_example_loads_also_with_every_optional_line() {
    let (text, others) = all_in_use();
    parse(SHIPPED);
    parse(&text);
    assert_eq!(others.len(), 10);
    for (above, other) in others {
        parse(&text.replacen(&above, &other, 1));
    }
}

#[test]
fn the_example_shows_the_defaults() {
    let (shipped, all) = (parse(SHIPPED), parse(&all_in_use().0));
    assert_eq!(shipped.budgets, all.budgets);
    assert_eq!(shipped.floors, all.floors);
    assert_eq!(shipped.candidates, all.candidates);
    assert_eq!(shipped.alarms.insufficient_data_passes, all.alarms.insufficient_data_passes);
    assert_eq!(shipped.failed_launch, all.failed_launch);
    assert_eq!(all.outage.as_ref().unwrap().timeout, Hook::TIMEOUT);
    assert_eq!((shipped.alarms.names.len(), &shipped.outage), (0, &None));
    assert_eq!(shipped.max_skew, all.max_skew);
    assert_eq!(shipped.breaker, all.breaker);
    assert_eq!(shipped.disabled_rails, all.disabled_rails);
    assert_eq!(shipped.watch, all.watch);
    assert_eq!(shipped.keep, all.keep);
    let folder = "/var/lib/simian/reports".into();
    assert_eq!((&shipped.report, &all.report), (&None, &Some(super::ReportConfig::new(folder))));
    assert_eq!(all.sinks.webhooks[0].timeout, WebhookConfig::TIMEOUT);
    assert_eq!(all.sinks.webhooks[0].content_type, "application/json");
    assert_eq!((shipped.calendar.days, shipped.calendar.hours), (all.calendar.days, all.calendar.hours));
    assert_eq!((&shipped.tags.prefix, &shipped.tags.owner), (&all.tags.prefix, &all.tags.owner));
    assert_eq!(shipped.tags.defaults, all.tags.defaults);
    // What is off by default is shown by an example.
    let chaos = |config: &Config| simian_chaos::Config {
        mean_days: None,
        count: None,
        cap: None,
        mandatory_days: None,
        except: Vec::new(),
        only: Vec::new(),
        ..config.chaos.clone()
    };
    assert_eq!(format!("{:?}", chaos(&shipped)), format!("{:?}", chaos(&all)));
    let latency = |config: &Config| simian_latency::Config {
        mean_days: None,
        to: None,
        except: Vec::new(),
        only: Vec::new(),
        ..config.latency.clone()
    };
    assert_eq!(format!("{:?}", latency(&shipped)), format!("{:?}", latency(&all)));
    assert_eq!((shipped.faults.lasts, shipped.faults.longest), (all.faults.lasts, all.faults.longest));
}

#[test]
fn the_example_explains_every_rail_in_its_own_words() {
    for rail in RAILS {
        let header = format!("[rails.{}]", rail.name);
        let before = SHIPPED.split(&header).next().unwrap();
        assert!(before.lines().rev().nth(usize::from(before.ends_with('#'))).unwrap().starts_with("# "), "{header}");
    }
}

#[test]
fn what_is_not_written_is_as_cautious_as_the_core() {
    let config = parse(SHIPPED);
    let account = &config.accounts[0];
    let calendar: Calendar = config.calendar.clone();
    let policy = config.policy(account);
    let mut cautious = Policy::cautious(account.id.clone(), calendar);
    assert_eq!(policy.held_back("chaos"), "mode, the mode of account staging");
    cautious.held_back.clone_from(&policy.held_back);
    assert_eq!(format!("{policy:?}"), format!("{cautious:?}"));
}

#[test]
fn paths_start_from_the_first_state_directory_else_from_the_files_folder() {
    for (file, state, base) in [
        ("/etc/simian/simian.toml", None, "/etc/simian"),
        ("/etc/simian/simian.toml", Some("/var/lib/simian"), "/var/lib/simian"),
        ("/etc/simian/simian.toml", Some("/var/lib/a:/var/lib/b"), "/var/lib/a"),
        ("/etc/simian/simian.toml", Some(""), "/etc/simian"),
        ("simian.toml", None, ""),
    ] {
        assert_eq!(super::base(file, state.map(Path::new)), Path::new(base), "{file} {state:?}");
    }
}

#[test]
fn what_is_kept_is_days_or_for_ever_and_a_pause_file_starts_from_the_base() {
    let keep = |text: &str| parse(&SHIPPED.replace("#keep = \"forever\"", &format!("keep = \"{text}\""))).keep;
    assert_eq!(keep("35d"), Some(chrono::TimeDelta::days(35)));
    assert_eq!(keep("36500d"), Some(chrono::TimeDelta::days(36_500)));
    assert_eq!((keep("forever"), parse(SHIPPED).keep), (None, None));
    let text = SHIPPED.replace("#pause_file = \"/etc/simian/paused\"", "pause_file = \"paused\"");
    let config = Config::parse("/srv/simian.toml", &text, None).unwrap();
    assert_eq!(config.pause_file.as_deref(), Some(Path::new("/srv/paused")));
    assert_eq!(parse(SHIPPED).pause_file, None);
}

#[test]
fn a_value_of_the_wrong_type_is_an_error_on_its_line_and_no_other() {
    let (text, _) = all_in_use();
    let lines: Vec<&str> = text.lines().collect();
    let mut looked_at = 0;
    for (n, line) in lines.iter().enumerate() {
        let Some((key, _)) = line.split_once(" = ").filter(|(key, _)| !key.starts_with('#')) else { continue };
        let wrong = format!("{key} = 1979-05-27T07:32:00Z");
        let mut lines = lines.clone();
        lines[n] = &wrong;
        let error = Config::parse("simian.toml", &lines.join("\n"), None).expect_err(line).to_string();
        assert_eq!(error.lines().count(), 1, "{error}");
        assert!(error.starts_with(&format!("simian.toml:{}:1: ", n + 1)), "{error}");
        looked_at += 1;
    }
    assert!(looked_at > 50, "{looked_at}");
}

#[test]
fn no_line_left_out_or_cut_makes_it_panic() {
    let (text, _) = all_in_use();
    let lines: Vec<&str> = text.lines().collect();
    for (n, line) in lines.iter().enumerate().filter(|(_, line)| !line.starts_with("# ")) {
        for kept in [0, line.len() / 2] {
            let cut: String = line.chars().take(kept).collect();
            let mut lines = lines.clone();
            lines[n] = &cut;
            drop(Config::parse("simian.toml", &lines.join("\n"), None));
        }
    }
}
