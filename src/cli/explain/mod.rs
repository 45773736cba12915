//! `simian explain`: every reason for one target, what would lift each, and what is known of it besides.

mod known;
mod resource;
mod show;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::Path;

use futures_util::future::join_all;
use simian_core::ports::GroupQuery;
use simian_core::rails::lifts;
use simian_core::{Day, GroupId, Judged, Monkey, OptIn, Outlook, Proposal, Request, Spared, World, judge};

use self::known::Known;
use super::Format;
use super::connect::{self, Access};
use crate::engine::{Account, Engine};
use crate::exit::{Exit, Failure};
use crate::order::Order;
use crate::{observe, render};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A unit (`cluster:shop-prod`, or with its scope before it), a group's name or an instance id; or a resource, by its
    /// id (vol-0abc, ami-0abc, an ARN) or with its kind before it (launch-configuration/web-7, instance/i-0abc): then the
    /// chain that keeps it, or the rule that condemns it
    target: String,
    /// How to print it
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

/// The id of the request that stands for "what if it were its turn now": it is never claimed.
const WHAT_IF: &str = "explain";

/// One unit explained.
struct Answer {
    judged: Judged,
    /// What the coin said of today.
    coin: String,
    /// What would lift each hold, by rail.
    lifts: BTreeMap<String, String>,
    /// What is known of the unit besides.
    known: Known,
}

/// All that is known of a target.
#[derive(Default)]
struct Page {
    answers: Vec<Answer>,
    /// Why nothing would be proposed, where that can be said.
    silent: Vec<String>,
    /// Scopes that could not be asked, and why.
    failed: Vec<String>,
}

impl Page {
    fn is_empty(&self) -> bool {
        self.answers.is_empty() && self.silent.is_empty()
    }
}

pub(super) fn run(path: &Path, args: &Args) -> Result<Exit, Failure> {
    super::log("warn");
    let config = connect::load(path)?;
    super::runtime()?.block_on(async {
        let mut engine = connect::connect(&config, Access::Read).await?;
        engine.progress = super::progress::new();
        let day = config.calendar.day_at(engine.clock.now());
        if let Some(meant) = resource::meant(&args.target) {
            return resource::run(&engine, &meant, args.format, &config, &day).await;
        }
        let mut all = Page::default();
        let mut failures: Vec<Failure> = Vec::new();
        let all_of_it =
            engine.accounts.iter().flat_map(|account| engine.monkeys.iter().map(move |monkey| (account, monkey)));
        let pages = all_of_it.map(|(account, monkey)| explain(&engine, account, monkey.as_ref(), &args.target, &day));
        for page in join_all(pages).await {
            match page {
                Ok(page) => {
                    all.answers.extend(page.answers);
                    all.silent.extend(page.silent);
                    all.failed.extend(page.failed);
                }
                // One account that fails never stops another.
                Err(failure) => failures.push(failure),
            }
        }
        let (ledger, now) = (engine.ledger.as_ref(), engine.clock.now());
        super::pause::banner(ledger, &engine.brake, now, config.calendar.zone, args.format).await?;
        let complete = failures.is_empty() && all.failed.is_empty();
        let text = match args.format {
            Format::Json => show::json(&args.target, &all).to_string(),
            Format::Table => render::plain_lines(&show::text(&args.target, &all, complete, config.calendar.zone)),
        };
        super::print(text.trim_end())?;
        let unknown = if all.is_empty() && complete { Exit::Usage } else { Exit::Done };
        let blind = if all.failed.is_empty() { unknown } else { Exit::Cloud };
        Ok(super::told(failures, blind))
    })
}

async fn explain(
    engine: &Engine,
    account: &Account,
    monkey: &dyn Monkey,
    target: &str,
    day: &Day,
) -> Result<Page, Failure> {
    let now = engine.clock.now();
    let request = Request {
        id: WHAT_IF.into(),
        monkey: monkey.name().into(),
        actor: crate::control::ourselves(),
        at: now,
        units: None,
        wish: None,
    };
    let order = Order { request: Some(request), ..Order::USUAL };
    let mut world = observe::world(engine, account, &account.whole(), monkey, &order, day).await?;
    observe::change_calendars(engine, account, &mut world).await;
    let outlook = monkey.propose(&world, day, &engine.dice);
    let mut page = Page::default();
    page.failed.extend(world.blind().map(|(scope, why)| format!("{scope} could not be surveyed: {why}")));
    let what_ifs = outlook.proposals.iter().filter(|proposal| proposal.request.is_some());
    for proposal in what_ifs.filter(|proposal| matches(proposal, &world, target)) {
        // Alone: what other units would spend before it today is not its fault.
        let one = std::slice::from_ref(proposal);
        let detail = observe::detail(engine, account, &world, &[proposal]).await;
        let judged = judge(one, &world, &detail, &account.policy, engine.clock.now());
        let coin = coin(&outlook, &proposal.unit.id.full(), account);
        let known = known::known(engine, monkey, &account.policy, &world, proposal).await?;
        page.answers.extend(judged.into_iter().map(|judged| {
            let lifts = lifts(&judged, &world, &detail, &account.policy, engine.clock.now());
            Answer { judged, coin: coin.clone(), lifts, known: known.clone() }
        }));
    }
    if page.answers.is_empty() {
        let kept_out =
            outlook.considered.iter().filter(|c| c.unit == target || c.unit.ends_with(&format!("/{target}")));
        page.silent.extend(kept_out.map(|considered| format!("{}: {}", considered.unit, considered.why)));
        let spared: Vec<&Spared> = outlook.spared.iter().filter(|spared| is_spared(spared, &world, target)).collect();
        let said =
            spared.iter().map(|spared| format!("{} in {} is left alone: {}", spared.group, spared.scope, spared.why));
        page.silent.extend(said);
        if spared.is_empty() {
            not_opted_in(account, monkey, &world, target, &mut page).await;
        }
    }
    Ok(page)
}

/// Whether a target's name means this unit.
fn matches(proposal: &Proposal, world: &World, target: &str) -> bool {
    let unit = &proposal.unit;
    let member = |id: &GroupId| {
        let group = world.find(id);
        group.is_some_and(|group| group.members.iter().any(|member| member.id.as_str() == target))
    };
    [unit.id.full(), unit.id.to_string(), unit.id.name.clone()].iter().any(|name| name == target)
        || unit.groups.iter().any(|group| group.name == target)
        || unit.groups.iter().any(member)
}

/// Whether a target's name means this group, or a member of it.
fn is_spared(spared: &Spared, world: &World, target: &str) -> bool {
    let group = world.group(&spared.scope, &spared.group);
    let member = || group.is_some_and(|group| group.members.iter().any(|member| member.id.as_str() == target));
    spared.group == target || member()
}

/// What the day's coin said of a unit.
fn coin(outlook: &Outlook, unit: &str, account: &Account) -> String {
    let turn = outlook.proposals.iter().find(|proposal| proposal.request.is_none() && proposal.unit.id.full() == unit);
    match turn {
        Some(turn) => format!("due {}; {}", render::time(turn.due, account.policy.calendar.zone), turn.why),
        None => outlook
            .considered
            .iter()
            .find(|considered| considered.unit == unit)
            .map_or_else(|| "it was not considered".into(), |considered| considered.why.clone()),
    }
}

/// A group that exists and is no unit's: why it is left alone.
async fn not_opted_in(account: &Account, monkey: &dyn Monkey, world: &World, target: &str, page: &mut Page) {
    let rules = account.policy.tags_of(monkey.name());
    // A region that has just failed is not asked again.
    for (scope, _) in world.fleets.iter().filter(|(_, fleet)| fleet.groups.known().is_some()) {
        match account.cloud.groups(&scope.region, &GroupQuery::Named(vec![target.to_owned()])).await {
            Ok(groups) => page.silent.extend(groups.iter().map(|group| match rules.read(&group.tags) {
                OptIn::Out => format!(
                    "{} in {scope} is left alone: it is not opted in (no tag {}=on, or it says off)",
                    group.name,
                    rules.opt_in_key()
                ),
                OptIn::In(_) => format!("{} in {scope} opted in, but its unit is kept out", group.name),
                OptIn::Malformed(problems) => {
                    let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
                    format!("{} in {scope} is left alone: {}", group.name, problems.join("; "))
                }
            })),
            Err(error) => page.failed.push(format!("{scope} could not be asked: {error}")),
        }
    }
}
