//! The configuration: read whole or not at all, and every mistake has its place.

use std::collections::BTreeMap;

use simian::config::{Config, ConfigError, Effective};

use crate::split;

/// The most problems that are told, and the longest of them in characters.
const MOST: (usize, usize) = (50, 400);

/// No folder: what a text names is not there.
const NOWHERE: &str = "/nonexistent/simian.toml";

/// A file's text; the first byte chooses the rules of the sandbox, and whether it is shown as well.
pub fn config(data: &[u8]) {
    let Some((pick, text)) = split(data) else { return };
    let read = if pick & 1 == 0 { Config::parse(NOWHERE, text, None) } else { Config::parse_sandbox(NOWHERE, text) };
    match read {
        Ok(config) => {
            sound(&config);
            if pick & 6 == 6 && text.len() < 600 {
                shown(text);
            }
        }
        Err(ConfigError::Unreadable { why, .. }) => panic!("the text was there: {why}"),
        Err(ConfigError::Invalid { problems, .. }) => {
            let lines = text.split('\n').count();
            assert!(!problems.is_empty() && problems.len() <= MOST.0, "{} problems", problems.len());
            for problem in problems {
                assert!((1..=lines).contains(&problem.line) && problem.column >= 1, "{problem} of {lines} lines");
                assert!(!problem.why.trim().is_empty() && problem.why.chars().count() <= MOST.1, "{problem}");
            }
        }
    }
}

fn sound(config: &Config) {
    assert!(!config.accounts.is_empty(), "nothing to look at");
    assert_eq!(config.calendar.check(), Ok(()));
    for account in &config.accounts {
        assert!(!account.regions.is_empty(), "{} has no region", account.name);
        let policy = config.policy(account);
        assert!(policy.mode == config.mode.and(account.mode), "live needs two words");
    }
    let _ = config.tags.read(&BTreeMap::from([(config.tags.opt_in_key(), "on".to_owned())]));
    let now = crate::time(crate::number(&config.digest) | 1 << 61);
    let _ = config.calendar.day_at(now);
    let _ = config.chaos.cron.next_after(now, config.calendar.zone);
}

/// What `config show` prints is of one text, so it loads whenever nothing in it is hidden.
fn shown(text: &str) {
    let Ok(shown) = Effective::of(NOWHERE, text, None) else { return };
    let again = shown.toml().replace("seed = \"…\"", "seed = \"s\"");
    if again.contains('…') {
        return;
    }
    Config::parse(NOWHERE, &again, None).unwrap_or_else(|error| panic!("{error}\n{again}"));
}
