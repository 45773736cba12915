//! From the operator's table to the monkey and to what the rails go by, as the program's config does it.

use chrono::TimeDelta;
use simian_core::rails::Disposals;
use simian_core::{Calendar, ResourceKind, TagRules};
use simian_janitor::{Config, Janitor, Keep, Prices, RULES, RuleTable};

use super::{JanitorSetup, KeepSetup};

/// The monkey, and what may be disposed of.
pub(crate) fn wire(setup: &JanitorSetup, tags: TagRules, calendar: Calendar) -> Result<(Janitor, Disposals), String> {
    let kind = |text: &String| text.parse::<ResourceKind>().map_err(|error| error.to_string());
    let table = |id: &str| RuleTable {
        age: Some(TimeDelta::days(i64::from(setup.age))),
        newest: (id == "old-template-version").then_some(setup.newest),
        ..RuleTable::default()
    };
    let config = Config {
        enabled: true,
        rules: setup.rules.clone(),
        delete: setup.delete.iter().map(kind).collect::<Result<_, _>>()?,
        delete_untagged: setup.delete_untagged,
        retention_days: setup.retention_days,
        notice_days: setup.notice_days,
        last_resort: setup.last_resort,
        grace_days: setup.grace_days,
        max_marks: setup.max_marks,
        max_deletes: setup.max_deletes,
        max_delete_percent: setup.max_delete_percent,
        keep: setup.keep.iter().map(keep).collect::<Result<_, _>>()?,
        rule: RULES.iter().map(|rule| (rule.id, table(rule.id))).collect(),
        ..Config::default()
    };
    if let Some(wrong) = config.contradictions().first() {
        return Err(format!("{}: {}", wrong.key, wrong.why));
    }
    let disposals = Disposals {
        delete: config.delete.clone(),
        notice_days: config.notice_days,
        max_marks: config.max_marks,
        max_deletes: config.max_deletes,
        max_delete_percent: config.max_delete_percent,
    };
    Ok((Janitor::new(&config, tags, calendar, Prices::default()), disposals))
}

fn keep(line: &KeepSetup) -> Result<Keep, String> {
    let (tag, value) = line.tag.clone().unzip();
    Ok(Keep {
        name: line.name.as_deref().map(str::parse).transpose()?,
        kind: line.kind.as_deref().map(str::parse).transpose().map_err(|error| format!("{error}"))?,
        tag,
        value: value.flatten().as_deref().map(str::parse).transpose()?,
        why: None,
    })
}
