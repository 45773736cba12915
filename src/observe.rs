//! The reads that a round begins with: the survey. What is read of the few proposals that are due is in [`detail`].
//!
//! A read that fails makes its view unknown. Nothing here decides anything, but for one thing: foreign credentials
//! read nothing at all.

mod cluster;
mod detail;
mod estate;

use std::collections::BTreeMap;

use chrono::TimeDelta;
use futures_util::future::{join, join_all};
use simian_core::history::Ask;
use simian_core::ports::GroupQuery;
use simian_core::{
    Abilities, AccountId, Area, CalendarSeen, CallError, ChangeCalendar, Clock, Day, Fleet, Group, Groups, History,
    LedgerError, Mode, Monkey, Needs, Observed, Proposal, Region, Scope, View, Wanted, World,
};

pub use cluster::{Clusters, clusters};
pub use detail::{detail, stops};

use crate::engine::{Account, Engine};
use crate::order::Order;

/// Why an account could not be looked at.
#[derive(Debug, thiserror::Error)]
pub enum ObserveError {
    /// The credentials belong to somebody else.
    #[error(
        "the credentials belong to account {found} ({arn}), but the config expects {expected} for `{name}`: mend the \
         credentials or `account.id`; nothing was read or done"
    )]
    WrongAccount {
        /// The account's name in the config.
        name: String,
        /// What the config says.
        expected: AccountId,
        /// What STS says.
        found: AccountId,
        /// Who the caller is.
        arn: String,
    },
    /// Nobody could say whose credentials these are.
    #[error("cannot tell whose credentials these are, so nothing was read or done: {0}")]
    Identity(CallError),
    /// The ledger failed.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

/// Asks whose credentials these are, until the answer is the expected account; whatever is not stops here. A wrong
/// answer is not kept, so that mended credentials need no restart.
pub async fn identify(account: &Account) -> Result<(), ObserveError> {
    let ask = || async {
        let identity = account.cloud.identity().await.map_err(ObserveError::Identity)?;
        if identity.account == account.policy.account {
            return Ok(identity);
        }
        Err(ObserveError::WrongAccount {
            name: account.name.clone(),
            expected: account.policy.account.clone(),
            found: identity.account,
            arn: identity.arn,
        })
    };
    account.identity.get_or_try_init(ask).await.map(drop)
}

/// One area at one time, as far as a monkey needs it.
pub async fn world(
    engine: &Engine,
    account: &Account,
    area: &Area,
    monkey: &dyn Monkey,
    order: &Order,
    day: &Day,
) -> Result<World, ObserveError> {
    look(engine, account, area, monkey, &monkey.needs(), order, day).await
}

/// One area at one time, for a monkey: its regions side by side as far as somebody needs them, what the ledger remembers,
/// who we are.
pub async fn look(
    engine: &Engine,
    account: &Account,
    area: &Area,
    monkey: &dyn Monkey,
    needs: &Needs,
    order: &Order,
    day: &Day,
) -> Result<World, ObserveError> {
    identify(account).await?;
    let mode = account.policy.mode_of(monkey.name()).and(order.mode);
    let ask = Ask { area, monkey: monkey.name(), mode, date: day.date, now: engine.clock.now() };
    let mut history = History::read(engine.ledger.as_ref(), &ask).await?;
    let observed = Observed {
        identity: account.identity.get().cloned().map_or(View::Unasked, View::Known),
        ourselves: ourselves(account, mode).await,
        brake: engine.brake.look(engine.clock.now()),
        ..Observed::default()
    };
    if !needs.estate.is_empty() || needs.groups == Groups::All {
        history.read_marks(engine.ledger.as_ref(), area, mode).await?;
    }
    if let Some(days) = needs.recoveries {
        let since = engine.clock.now() - TimeDelta::days(i64::from(days));
        history.read_recoveries(engine.ledger.as_ref(), &area.account, mode, since).await?;
    }
    let query = match needs.groups {
        Groups::None => None,
        Groups::OptedIn => Some(survey_query(account, order.thorough && !history.published)),
        Groups::All => Some(GroupQuery::All),
    };
    engine.progress.begin("surveying", "regions", area.regions.len() as u64);
    let surveys = area.regions.iter().map(|region| async {
        let fleet = survey(account, region, query.as_ref(), &needs.estate, engine.clock.as_ref()).await;
        engine.progress.done(1);
        fleet
    });
    let fleets: Vec<Fleet> = join_all(surveys).await;
    let mut world = World {
        area: area.clone(),
        mode,
        at: engine.clock.now(),
        fleets: fleets.into_iter().map(|fleet| (fleet.scope.clone(), fleet)).collect(),
        observed,
        history,
        requests: order.request.iter().cloned().collect(),
    };
    let unread = monkey.unread(&world, day);
    estate::complete(account, &mut world.fleets, unread).await;
    world.at = engine.clock.now();
    Ok(world)
}

async fn ourselves(account: &Account, mode: Mode) -> View<Option<simian_core::InstanceId>> {
    match mode {
        Mode::DryRun => View::Unasked,
        Mode::Live => account.ourselves.get_or_try_init(|| account.cloud.ourselves()).await.cloned().into(),
    }
}

/// The Change Calendars of the config, side by side, into the world. For whoever is about to judge: a look that finds
/// nothing to do asks nobody.
pub async fn change_calendars(engine: &Engine, account: &Account, world: &mut World) {
    let reads = account.policy.change_calendars.iter().map(|calendar| change_calendar(engine, account, calendar));
    world.observed.change_calendars = View::Known(join_all(reads).await);
}

/// What those can take whom these would hit, into the world: asked once for each. Whether anything was asked.
pub async fn abilities(engine: &Engine, account: &Account, world: &mut World, proposals: &[Proposal]) -> bool {
    let mut by_region: BTreeMap<&Region, Vec<&Proposal>> = BTreeMap::new();
    for proposal in proposals {
        by_region.entry(&proposal.scope.region).or_default().push(proposal);
    }
    let now = engine.clock.now();
    let reads = by_region.into_iter().map(|(region, proposals)| {
        let known = world.observed.abilities.get(region).cloned().unwrap_or_default();
        async move { (region, detail::abilities(account, region, &proposals, known, now).await) }
    });
    let mut asked = false;
    for (region, abilities) in join_all(reads).await {
        asked |= world.observed.abilities.get(region).unwrap_or(&Abilities::default()) != &abilities;
        world.observed.abilities.insert(region.clone(), abilities);
    }
    asked
}

/// One calendar, by the account that owns it if that is one of ours: the others need not share it then.
async fn change_calendar(engine: &Engine, account: &Account, calendar: &ChangeCalendar) -> CalendarSeen {
    let owner = engine.accounts.iter().find(|one| one.policy.account == calendar.account).unwrap_or(account);
    let state = match identify(owner).await {
        Ok(()) => owner.cloud.change_calendar(calendar).await.into(),
        Err(error) => View::Unknown(error.to_string()),
    };
    CalendarSeen { calendar: calendar.clone(), state }
}

/// What a survey asks for: groups that may have opted in, or, once a day, all that carry an opt-in's key, so that a
/// mistyped value is found too.
fn survey_query(account: &Account, thorough: bool) -> GroupQuery {
    let (keys, values) = account.policy.survey();
    if thorough { GroupQuery::Keyed(keys) } else { GroupQuery::Tagged { keys, values } }
}

/// One region: the groups that match and whatever else is wanted, side by side.
async fn survey(
    account: &Account,
    region: &Region,
    query: Option<&GroupQuery>,
    wanted: &Wanted,
    clock: &dyn Clock,
) -> Fleet {
    let taken_at = clock.now();
    let groups = async {
        match query {
            Some(query) => by_name(account.cloud.groups(region, query).await),
            None => View::Unasked,
        }
    };
    let (groups, estate) = join(groups, estate::lists(account, region, wanted)).await;
    let estate = estate::of_each(account, region, wanted, &groups, estate, taken_at).await;
    Fleet {
        scope: Scope { account: account.policy.account.clone(), region: region.clone() },
        taken_at,
        groups,
        all_groups: query == Some(&GroupQuery::All),
        estate,
        skew: account.cloud.skew(region).map_or_else(|| View::Unknown("AWS has not answered yet".into()), View::Known),
    }
}

/// Groups by name, or why they are not known.
pub fn by_name(groups: Result<Vec<Group>, CallError>) -> View<BTreeMap<String, Group>> {
    groups.map(|groups| groups.into_iter().map(|group| (group.name.clone(), group)).collect()).into()
}
