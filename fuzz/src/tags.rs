//! An owner's tags: from text to settings, to units, to a plan.

use std::collections::BTreeMap;

use simian_core::{OptIn, OwnHours, Settings, TagRules};

use crate::{plan, split, zone};

/// Lines of `key=value`; an empty line begins the next group. The first byte chooses the rules and the zone.
pub fn tags(data: &[u8]) {
    let Some((pick, text)) = split(data) else { return };
    let rules = rules(pick);
    let groups: Vec<BTreeMap<String, String>> = text.split("\n\n").take(8).map(tags_of).collect();
    for tags in &groups {
        match rules.read(tags) {
            OptIn::Out => {}
            OptIn::Malformed(problems) => {
                assert!(!problems.is_empty(), "malformed, and nobody knows why");
                for problem in problems {
                    assert!(problem.key.starts_with(&rules.prefix), "{problem} is of no tag of ours");
                    let value = tags.get(&problem.key).map_or("", String::as_str);
                    crate::is_said(&problem.why, value);
                }
            }
            OptIn::In(settings) => {
                assert_ne!(tags.get(&rules.opt_in_key()).map(String::as_str), Some("off"), "off is no");
                sound(&settings);
                let both = settings.clone().strictest(&rules.defaults);
                assert!(both.mean_days >= settings.mean_days && both.min_days >= settings.min_days);
                assert!(both.size.among(1000) <= settings.size.among(1000));
            }
        }
    }
    plan::stays_inside(&rules, &groups, zone(pick), text);
}

fn rules(pick: u8) -> TagRules {
    let usual = TagRules::default();
    match pick % 3 {
        0 => usual,
        1 => TagRules { mapped: Some(("chaos".into(), "true".into())), ..usual },
        _ => TagRules { prefix: "a/b".into(), owner: "a/b:owner".into(), ..usual },
    }
}

fn tags_of(text: &str) -> BTreeMap<String, String> {
    text.lines().filter_map(|line| line.split_once('=')).map(|(k, v)| (k.to_owned(), v.to_owned())).collect()
}

/// What holds of all settings that somebody was allowed to write.
fn sound(settings: &Settings) {
    let p = settings.probability();
    assert!(p > 0.0 && p <= 1.0, "probability {p} of {settings}");
    assert!(settings.min_days >= 1 && settings.mean_days >= f64::from(settings.min_days), "{settings}");
    assert!(!settings.faults.is_empty(), "{settings}");
    for serving in [0, 1, 7, 1000, usize::MAX] {
        let size = settings.size.among(serving);
        assert!((1..=simian_core::size::MAX_COUNT as usize).contains(&size), "{size} of {serving} by {settings}");
    }
    for hours in &settings.hours {
        assert_eq!(hours.to_string().parse::<OwnHours>().as_ref(), Ok(hours));
    }
    assert_eq!(settings.faults.to_string().parse().as_ref(), Ok(&settings.faults));
}
