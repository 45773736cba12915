//! The tables of the monkeys that hit units: `[monkeys.chaos]` and `[monkeys.latency]`. Their keys are their crates'; here
//! is what only this file knows: places of rules, and what must agree with other tables.

use chrono::TimeDelta;
use simian_core::calendar::Hours;
use simian_core::choice::{Rule, account_glob, app_glob, region_glob};
use simian_core::rails::FaultRules;
use simian_core::{Action, Settings, TagRules, Terms};

use super::document::Table;
use super::monkey;
use super::read::{raw, text};

/// The table, and what counts where owners say nothing.
pub(super) fn chaos(
    table: &mut Table<'_>,
    hours: Option<Hours>,
    faults: &FaultRules,
) -> (simian_chaos::Config, Settings) {
    let mut config: simian_chaos::Config = monkey::read(table);
    suffixes(table, &config.never_suffixes);
    (config.except, config.only) = rules(table);
    veto(table, hours, config.veto);
    for (action, _) in config.faults.weights() {
        if let Err(why) = simian_chaos::can_be_done(action, faults) {
            table.wrong("faults", &format!("{action} can never be done: {why}"));
        }
    }
    let settings = config.settings().map_err(|contradiction| table.wrong(contradiction.key, &contradiction.why));
    (config, settings.unwrap_or_default())
}

/// The table, and what counts where owners say nothing.
pub(super) fn latency(table: &mut Table<'_>, hours: Option<Hours>) -> (simian_latency::Config, Settings) {
    let mut config: simian_latency::Config = monkey::read(table);
    suffixes(table, &config.never_suffixes);
    (config.except, config.only) = rules(table);
    veto(table, hours, config.veto);
    let settings = config.settings().map_err(|contradiction| table.wrong(contradiction.key, &contradiction.why));
    (config, settings.unwrap_or_default())
}

/// What tags mean to the latency monkey. A slow network is the operator's `[faults.latency]` where its owner says nothing.
pub(super) fn tags_of_latency(
    tags: &TagRules,
    config: &simian_latency::Config,
    settings: Settings,
    faults: &FaultRules,
) -> TagRules {
    let parameters = faults.parameters.get(&Action::Latency).cloned().unwrap_or_default();
    simian_latency::tags(tags, settings, config.over(Terms { lasts: faults.lasts, parameters }))
}

fn suffixes(table: &Table<'_>, suffixes: &[String]) {
    for (n, _) in suffixes.iter().enumerate().filter(|(_, suffix)| suffix.is_empty()) {
        table.wrong("never_suffixes", &format!("the text at place {n} is empty, and every name ends so: remove it"));
    }
}

/// Who is never chosen, and who alone is.
fn rules(table: &mut Table<'_>) -> (Vec<Rule>, Vec<Rule>) {
    let except = table.tables("except", rule).unwrap_or_default();
    let only = table.tables("only", rule);
    if only.as_ref().is_some_and(Vec::is_empty) {
        table.wrong("only", "nothing could match it: name what may be chosen, or remove the key");
    }
    (except, only.unwrap_or_default())
}

fn veto(table: &Table<'_>, hours: Option<Hours>, veto: TimeDelta) {
    // The plan of a day is published after its midnight, and what is older than its hours is not done any more.
    let close = hours.map(|hours| i64::from(hours.close) + if hours.spans_midnight() { 24 * 60 } else { 0 });
    if close.is_some_and(|close| veto >= TimeDelta::minutes(close)) {
        let why = "plans are published at midnight, so nothing would be old enough before the hours close: shorten it";
        table.wrong("veto", why);
    }
}

/// Which groups a rule is about.
fn rule(rule: &mut Table<'_>) -> Rule {
    let out = Rule {
        account: rule.get("account", |value| account_glob(raw(value)?)),
        region: rule.get("region", |value| region_glob(raw(value)?)),
        app: rule.get("app", |value| app_glob(raw(value)?)),
        stack: rule.get("stack", |value| raw(value)?.parse()),
        detail: rule.get("detail", |value| raw(value)?.parse()),
        why: rule.get("why", |value| text(value).map(str::to_owned)),
    };
    // A mistyped key is told as that.
    if rule.entries().all(|(key, _)| key.get_ref() == "why") {
        rule.wrong(
            "app",
            "it says nothing of any group, so it would be about all: add account, region, app, stack or detail",
        );
    }
    out
}
