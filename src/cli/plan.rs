//! `simian plan`: a day's proposals, each with its verdicts. Changes nothing.

use std::collections::BTreeMap;
use std::path::Path;

use chrono::NaiveDate;
use futures_util::future::join_all;
use simian_core::rails::Recheck;
use simian_core::{Considered, Day, Finding, Groups, Judged, JudgedChore, Mode, judge, judge_chores};

use super::Format;
use super::connect::{self, Access};
use crate::engine::{Account, Engine};
use crate::exit::{Exit, Failure};
use crate::observe;
use crate::order::Order;
use crate::{registry, render};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Which day, such as 2026-11-23; today's if it is not said. Coins are exact for any day; the verdicts of another
    /// day are provisional
    #[arg(long, value_name = "DATE", value_parser = date)]
    date: Option<NaiveDate>,
    /// Only this monkey
    #[arg(long, value_parser = clap::builder::PossibleValuesParser::new(registry::KINDS.iter().map(|kind| kind.name)))]
    monkey: Option<String>,
    /// How to print it
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

fn date(text: &str) -> Result<NaiveDate, String> {
    super::date(text).ok_or_else(|| "write a date that exists, such as 2026-11-23".to_owned())
}

/// What one account's day looks like.
#[derive(Default)]
struct Page {
    judged: Vec<Judged>,
    chores: Vec<JudgedChore>,
    considered: Vec<Considered>,
    findings: Vec<Finding>,
    failed: Vec<String>,
}

pub(super) fn run(path: &Path, args: &Args) -> Result<Exit, Failure> {
    super::log("warn");
    let config = connect::load(path)?;
    super::runtime()?.block_on(async {
        let mut engine = connect::connect(&config, Access::Read).await?;
        engine.progress = super::progress::new();
        let today = config.calendar.day_at(engine.clock.now());
        let day = args.date.map_or(today.clone(), |date| config.calendar.day(date));
        let mut all = Page::default();
        let mut failures: Vec<Failure> = Vec::new();
        for page in join_all(engine.accounts.iter().map(|account| page(&engine, account, args, &day))).await {
            match page {
                Ok(page) => {
                    all.judged.extend(page.judged);
                    all.chores.extend(page.chores);
                    all.considered.extend(page.considered);
                    all.findings.extend(page.findings);
                    all.failed.extend(page.failed);
                }
                Err(failure) => failures.push(failure),
            }
        }
        let provisional = day.date != today.date;
        let (ledger, now) = (engine.ledger.as_ref(), engine.clock.now());
        super::pause::banner(ledger, &engine.brake, now, config.calendar.zone, args.format).await?;
        match args.format {
            Format::Json => super::print(&json(&all, &day, provisional))?,
            Format::Table => print(&all, &day, provisional, config.calendar.zone)?,
        }
        Ok(super::told(failures, if all.failed.is_empty() { Exit::Done } else { Exit::Cloud }))
    })
}

async fn page(engine: &Engine, account: &Account, args: &Args, day: &Day) -> Result<Page, Failure> {
    let mut page = Page::default();
    let wanted = |name: &str| args.monkey.as_deref().is_none_or(|monkey| monkey == name);
    for monkey in engine.monkeys.iter().filter(|monkey| wanted(monkey.name())) {
        let area = account.whole();
        let mut world = observe::world(engine, account, &area, monkey.as_ref(), &Order::USUAL, day).await?;
        observe::change_calendars(engine, account, &mut world).await;
        let outlook = monkey.propose(&world, day, &engine.dice);
        let now = engine.clock.now();
        page.judged.extend(judge(&outlook.proposals, &world, &simian_core::Detail::none(), &account.policy, now));
        page.chores.extend(judge_chores(outlook.chores, &world, &Recheck::none(), &account.policy, now));
        page.failed.extend(outlook.blind.iter().map(|(scope, why)| format!("{scope} is not known whole: {why}")));
        // Of what the others left alone `explain` tells.
        if monkey.needs().groups == Groups::OptedIn {
            page.considered.extend(outlook.considered);
        }
        page.findings.extend(outlook.findings);
        page.failed.extend(world.blind().map(|(scope, why)| format!("{scope} could not be surveyed: {why}")));
    }
    Ok(page)
}

fn json(page: &Page, day: &Day, provisional: bool) -> String {
    serde_json::json!({
        "date": day.date,
        "provisional": provisional,
        "closed": day.closed.as_ref().map(ToString::to_string),
        "proposals": page.judged.iter().map(render::json).collect::<Vec<_>>(),
        "chores": page.chores.iter().map(render::chore_json).collect::<Vec<_>>(),
        "no_turn": page.considered.iter().map(|c| serde_json::json!({"unit": c.unit, "why": c.why})).collect::<Vec<_>>(),
        "findings": page.findings.iter().map(|f| serde_json::json!({
            "rule": f.rule, "account": f.scope.account, "region": f.scope.region, "group": f.subject,
            "owner": f.owner, "severity": f.severity.as_str(), "why": f.why,
        })).collect::<Vec<_>>(),
        "failed": page.failed,
    })
    .to_string()
}

/// The whole in a line: how many, and what would become of them.
fn summary(page: &Page, day: &Day, provisional: bool) -> String {
    let mut rails: BTreeMap<&str, usize> = BTreeMap::new();
    for ruling in page.judged.iter().filter_map(Judged::held_by) {
        *rails.entry(&ruling.rail).or_default() += 1;
    }
    let held: usize = rails.values().sum();
    let (live, rehearsed): (Vec<&Judged>, Vec<&Judged>) =
        page.judged.iter().filter(|judged| judged.passes()).partition(|judged| judged.proposal.mode == Mode::Live);
    let mut ends = Vec::new();
    for (n, what) in [(live.len(), "would act"), (rehearsed.len(), "would be rehearsed")] {
        if n > 0 {
            ends.push(format!("{n} {what}"));
        }
    }
    if held > 0 {
        let rails: Vec<String> = rails.iter().map(|(rail, n)| format!("{rail} {n}")).collect();
        ends.push(format!("{held} would be held ({})", rails.join(", ")));
    }
    format!(
        "{} of {} units have a turn on {}{}: {}; detail rails are asked when an action is due",
        page.judged.len(),
        page.judged.len() + page.considered.len(),
        day.date,
        if provisional { " (verdicts are provisional: it is another day)" } else { "" },
        ends.join(", "),
    )
}

fn print(page: &Page, day: &Day, provisional: bool, zone: chrono_tz::Tz) -> Result<(), Failure> {
    if let Some(closed) = &day.closed {
        super::print(&format!("{} is no working day: {closed}", day.date))?;
    }
    if page.judged.is_empty() {
        super::print(&format!("no unit has a turn on {} ({} looked at)", day.date, page.considered.len()))?;
    } else {
        super::print(&render::table(&render::ROW, page.judged.iter().map(|judged| render::row(judged, zone))))?;
        super::print(&format!("\n{}", summary(page, day, provisional)))?;
    }
    if !page.chores.is_empty() {
        super::print(&format!("\n{}", render::table(&render::CHORE_ROW, page.chores.iter().map(render::chore_row))))?;
        let passing = page.chores.iter().filter(|judged| judged.passes()).count();
        super::print(&format!(
            "\n{passing} of {} chores would be done; what is to be deleted is read afresh before that",
            page.chores.len()
        ))?;
    }
    for finding in &page.findings {
        super::print(&render::plain(&format!("finding: {finding}")))?;
    }
    for failed in &page.failed {
        super::print(&format!("failed: {failed}"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use simian_core::Clock as _;
    use simian_sim::VirtualClock;

    use super::*;
    use crate::cli::sandbox;
    use crate::config::Config;

    #[test]
    fn the_summary_tells_what_would_become_of_the_turns() {
        let config = Config::parse_sandbox("config/sandbox.toml", sandbox::CONFIG).unwrap();
        let clock = VirtualClock::new("2026-11-30T08:00:00Z".parse().unwrap());
        let engine = sandbox::engine(&config, 1, Arc::new(clock.clone()));
        let day = config.calendar.day_at(clock.now());
        let args = Args { date: None, monkey: None, format: Format::Table };
        let page = page(&engine, &engine.accounts[0], &args, &day);
        let mut page = clock.drive(page).map_err(|failure| failure.error).unwrap();
        // Nobody has said yet that nothing acted here before.
        insta::assert_snapshot!(summary(&page, &day, false), @"8 of 27 units have a turn on 2026-11-30: 8 would be held (cool_down 7, healthy_floor 1); detail rails are asked when an action is due");
        for judged in page.judged.iter_mut().take(3) {
            judged.rulings.retain(|ruling| !ruling.says.holds());
            judged.proposal.mode = Mode::DryRun;
        }
        page.judged[0].proposal.mode = Mode::Live;
        insta::assert_snapshot!(summary(&page, &day, true), @"8 of 27 units have a turn on 2026-11-30 (verdicts are provisional: it is another day): 1 would act, 2 would be rehearsed, 5 would be held (cool_down 4, healthy_floor 1); detail rails are asked when an action is due");
    }
}
