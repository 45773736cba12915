//! One round of one monkey in one area: the pipeline, from survey to record.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Days, NaiveDate, Utc};
use futures_util::future::join_all;
use simian_core::history::Ask;
use simian_core::tags::CHAOS;
use simian_core::{
    Area, Asks, Change, Day, Detail, Draft, Finding, Fleet, Group, Groups, History, Judged, Key, Kind, LedgerError,
    Mode, Monkey, Outcome, Outlook, Policy, Proposal, Scope, Score, Step, World, judge, rails,
};

use crate::chores::{self, Chores, Ended};
use crate::engine::{Account, Engine};
use crate::hand::{Acted, Hand, Live, Rehearsal};
use crate::observe::{self, ObserveError};
use crate::order::Order;

/// What came of a round.
#[derive(Clone, Debug, Default)]
pub struct Closed {
    /// What was acted on, or rehearsed, and how it ended.
    pub acted: Vec<Acted>,
    /// What was due and held.
    pub held: Vec<Judged>,
    /// Scopes that could not be surveyed, and why.
    pub failed: BTreeMap<Scope, String>,
    /// What came of chores.
    pub chores: Chores,
    /// When the next proposals of the day come due.
    pub dues: Vec<DateTime<Utc>>,
}

/// Runs one round.
pub async fn run(
    engine: &Engine,
    account: &Account,
    area: &Area,
    monkey: &dyn Monkey,
    order: &Order,
) -> Result<Closed, ObserveError> {
    let policy = &account.policy;
    let day = policy.calendar.day_at(engine.clock.now());
    if monkey.needs().groups != Groups::OptedIn {
        observe::identify(account).await?;
        chores::settle(engine, account, area).await?;
    }
    let mut world = observe::world(engine, account, area, monkey, order, &day).await?;
    let mut outlook = monkey.propose(&world, &day, &engine.dice);
    let due_today = outlook.proposals.iter().any(|proposal| engine.clock.now() < proposal.expires);
    if due_today || !outlook.chores.is_empty() {
        observe::change_calendars(engine, account, &mut world).await;
    }
    while monkey.needs().abilities && asked(engine, account, &mut world, order, &outlook).await {
        outlook = monkey.propose(&world, &day, &engine.dice);
    }
    if let Some(request) = &order.request {
        outlook.proposals = request.narrow(outlook.proposals, &world);
    }
    let now = engine.clock.now();

    if order.request.is_none() {
        let thorough = order.thorough && !world.history.published;
        let mut drafts = findings(&world, monkey, &outlook, thorough, now);
        if thorough {
            drafts.extend(scores(&world, monkey, &outlook, day.date, now));
        }
        let plans = monkey.needs().groups == Groups::OptedIn;
        if plans {
            drafts.extend(publish(&mut world, account, monkey, &day, &outlook, now));
            drafts.extend(missed(&world.history, &world, monkey, now));
        }
        if plans && !world.history.published {
            drafts.extend(missed_before(engine, monkey, &world, &day, now).await?);
        }
        // What is remembered is who opted in to chaos: mandatory turns and the rule about who was never tested go by it.
        let sights = sights(&world, &outlook, day.date).filter(|_| plans && monkey.name() == CHAOS);
        let changes = drafts.iter().filter_map(Change::of_finding).chain(sights).collect();
        engine.record(drafts, changes).await?;
    }

    let chores = std::mem::take(&mut outlook.chores);
    let chores = chores::run(engine, account, &world, monkey, order, &day, chores).await?;
    let failed = blind(&world, &outlook);
    let dues = outlook.proposals.iter().map(|proposal| proposal.due).filter(|due| *due > now).collect();
    let mut due = due(outlook, &world, order, now);
    let detail = look_again(engine, account, &world, &due).await;
    // The survey may have taken a minute, and the kill switch is for this moment.
    world.history.pauses = History::pauses(engine.ledger.as_ref(), engine.clock.now()).await?;
    world.observed.brake = engine.brake.look(engine.clock.now());
    let at = engine.clock.now();
    // By a clock that was set back meanwhile it is not their time any more.
    due.retain(|proposal| proposal.due <= at);
    let judged = judge(&due, &world, &detail, policy, at);
    drop(due);
    let (passed, held): (Vec<_>, Vec<_>) = judged.into_iter().partition(Judged::passes);

    let acted = match world.mode {
        Mode::Live => Live { engine, account, detail: &detail }.act(&world, passed).await?,
        Mode::DryRun => Rehearsal { engine, account }.act(&world, passed).await?,
    };
    let closed = Closed { acted, held, failed, chores, dues };
    let drafts = close(&world, policy, monkey, &closed, order, engine.clock.now());
    engine.record(drafts, surveys(&world, policy)).await?;
    Ok(closed)
}

/// Runs one round in every area of every account, side by side: one that fails stops no other.
pub async fn everywhere(engine: &Engine, monkey: &dyn Monkey, order: &Order) -> Vec<Result<Closed, ObserveError>> {
    let areas =
        engine.accounts.iter().flat_map(|account| account.areas(monkey).into_iter().map(move |area| (account, area)));
    let rounds = areas.map(|(account, area)| async move { run(engine, account, &area, monkey, order).await });
    join_all(rounds).await
}

/// The scopes that could not be looked at, or not wholly, and why.
fn blind(world: &World, outlook: &Outlook) -> BTreeMap<Scope, String> {
    let groups = world.blind().map(|(scope, why)| (scope.clone(), why.to_owned()));
    outlook.blind.iter().cloned().chain(groups).collect()
}

/// How well owners and apps do, once a day.
fn scores(world: &World, monkey: &dyn Monkey, outlook: &Outlook, date: NaiveDate, now: DateTime<Utc>) -> Vec<Draft> {
    let prefix = Key::scores(world.mode, monkey.name(), date, &world.area);
    let score = |score: &Score| {
        let of = |name: &Option<String>| name.clone().unwrap_or_else(|| "-".into());
        let mut draft = about(world, monkey, Kind::ScorePublished, now);
        draft.region = Some(world.area.name.clone()).filter(|region| !region.is_all());
        draft.owner.clone_from(&score.owner);
        draft.app.clone_from(&score.app);
        draft.key = Some(format!("{prefix}{}/{}", of(&score.owner), of(&score.app)));
        draft.count("checks", score.checks).count("failed", score.failed).count("score", score.score)
    };
    outlook.scores.iter().map(score).collect()
}

/// Which units were seen opted in for the first time, and which no longer are. Who is kept out only for now keeps its
/// date, and of a region that is not known nobody is forgotten.
fn sights(world: &World, outlook: &Outlook, date: NaiveDate) -> Option<Change> {
    let first_seen = &world.history.first_seen;
    let seen: Vec<(String, NaiveDate)> = outlook
        .opted_in
        .iter()
        .filter(|unit| !first_seen.contains_key(*unit))
        .map(|unit| (unit.clone(), date))
        .collect();
    let mut gone = Vec::new();
    if world.blind().next().is_none() {
        let there: BTreeSet<&str> =
            outlook.opted_in.iter().chain(outlook.considered.iter().map(|one| &one.unit)).map(String::as_str).collect();
        let here = format!("{}/", world.area);
        gone.extend(
            first_seen.keys().filter(|unit| unit.starts_with(&here) && !there.contains(unit.as_str())).cloned(),
        );
    }
    let account = world.area.account.clone();
    (!seen.is_empty() || !gone.is_empty()).then_some(Change::Sights { account, seen, gone })
}

/// What may be done now: due, not expired, and its key neither claimed nor given up.
fn due(outlook: Outlook, world: &World, order: &Order, now: DateTime<Utc>) -> Vec<Proposal> {
    outlook.proposals.into_iter().filter(|proposal| is_due(proposal, world, order, now)).collect()
}

fn is_due(proposal: &Proposal, world: &World, order: &Order, now: DateTime<Utc>) -> bool {
    let open = |key: &Key| !world.history.claimed.contains(key) && !world.history.missed.contains(key);
    proposal.request.as_ref() == order.request.as_ref().map(|request| &request.id)
        && proposal.due <= now
        && now < proposal.expires
        && open(&proposal.key)
}

/// Asks what those can take who are due and pass the survey's rails, for a monkey that would do something else to whoever
/// cannot. Whether there was anything to ask.
async fn asked(engine: &Engine, account: &Account, world: &mut World, order: &Order, outlook: &Outlook) -> bool {
    let now = engine.clock.now();
    let due = outlook.proposals.iter().filter(|proposal| is_due(proposal, world, order, now));
    let due: Vec<Proposal> = due.filter(|proposal| proposal.action.asks() != Asks::Nothing).cloned().collect();
    let judged = judge(&due, world, &Detail::none(), &account.policy, now);
    let passing: Vec<Proposal> = judged.into_iter().filter(Judged::passes).map(|judged| judged.proposal).collect();
    observe::abilities(engine, account, world, &passing).await
}

/// How often a round takes its second look: once, and again when it holds somebody and others come in line. Whoever is
/// looked at first must not wait for ever.
const LOOKS: usize = 3;

/// The second look at what passes the survey's rails. Whom it holds spends nothing, so those whose turn that makes it are
/// looked at too.
async fn look_again(engine: &Engine, account: &Account, world: &World, due: &[Proposal]) -> Detail {
    let policy = &account.policy;
    let keys = |judged: Vec<Judged>, passing: bool| -> BTreeSet<Key> {
        judged.into_iter().filter(|one| one.passes() == passing).map(|one| one.proposal.key).collect()
    };
    let mut line = Cow::Borrowed(due);
    let mut asked: BTreeSet<Key> = BTreeSet::new();
    let mut detail = Detail::of(BTreeMap::new());
    for _ in 0..LOOKS {
        let mut passing = keys(judge(&line, world, &Detail::none(), policy, engine.clock.now()), true);
        if passing.is_subset(&asked) {
            break;
        }
        asked.append(&mut passing);
        // All of them anew: what they share is read once, and nothing is older than the newest.
        let again: Vec<&Proposal> = due.iter().filter(|proposal| asked.contains(&proposal.key)).collect();
        detail = observe::detail(engine, account, world, &again).await;
        if again.len() == due.len() {
            break;
        }
        let mut held = keys(judge(&line, world, &detail, policy, engine.clock.now()), false);
        held.retain(|key| asked.contains(key));
        if held.is_empty() {
            break;
        }
        line.to_mut().retain(|proposal| !held.contains(&proposal.key));
    }
    detail
}

/// The events of the day's plan: each proposal once, and the plan as a whole once every region has been seen. What is
/// announced now counts as announced in this round.
fn publish(
    world: &mut World,
    account: &Account,
    monkey: &dyn Monkey,
    day: &Day,
    outlook: &Outlook,
    now: DateTime<Utc>,
) -> Vec<Draft> {
    // What had gone by before it was first seen is no plan.
    let open = outlook.proposals.iter().filter(|p| p.request.is_none() && now < p.expires).cloned().collect::<Vec<_>>();
    let unseen = |proposal: &&Proposal| !world.history.planned.contains_key(&proposal.key);
    let fresh: BTreeSet<Key> = open.iter().filter(unseen).map(|proposal| proposal.key.clone()).collect();
    let whole = !world.history.published && day.is_working() && world.blind().next().is_none();
    if !whole && fresh.is_empty() {
        // Most looks of a day: everything was published already.
        return Vec::new();
    }
    for proposal in open.iter().filter(|proposal| fresh.contains(&proposal.key)) {
        let mut announced = Draft::new(now, Kind::ActionPlanned, proposal.mode, proposal.why.clone());
        (announced.due, announced.until) = (Some(proposal.due), Some(proposal.expires));
        world.history.planned.insert(proposal.key.clone(), announced);
    }
    let world = &*world;
    let judged = judge(&open, world, &Detail::none(), &account.policy, now);
    let mut drafts: Vec<Draft> = judged
        .iter()
        .filter(|judged| fresh.contains(&judged.proposal.key))
        .map(|judged| {
            // What the unit's gaps will be measured against, years later and whatever its tags say then.
            let settings = &judged.proposal.unit.settings;
            let draft = judged.draft(now, Kind::ActionPlanned, judged.proposal.why.clone());
            draft.count("mean_millidays", millidays(settings.mean_days)).count("min_days", u64::from(settings.min_days))
        })
        .collect();
    if whole {
        let passing = judged.iter().filter(|judged| judged.passes()).count() as u64;
        let mut plan = about(world, monkey, Kind::PlanPublished, now);
        plan.why = format!(
            "the plan for {}: digest {}",
            day.date,
            digest(outlook.proposals.iter().filter(|proposal| proposal.request.is_none()))
        );
        plan.key = Some(Key::plan(world.mode, monkey.name(), day.date, &world.area).to_string());
        plan.region = Some(world.area.name.clone()).filter(|region| !region.is_all());
        plan.until = day.close();
        let considered = outlook.considered.len() + outlook.proposals.len();
        // The whole before its parts.
        drafts.insert(
            0,
            plan.count("units", considered as u64).count("proposals", open.len() as u64).count("passing_now", passing),
        );
    }
    drafts
}

/// A mean in thousandths of a working day: events have whole numbers only.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a mean is from 1 to 1000")]
fn millidays(mean_days: f64) -> u64 {
    (mean_days * 1000.0).round() as u64
}

/// A digest of keys and due times: two replicas, or a restart, publish the same.
pub fn digest<'a>(proposals: impl IntoIterator<Item = &'a Proposal>) -> String {
    use sha2::Digest as _;
    let mut hasher = sha2::Sha256::new();
    for proposal in proposals {
        hasher.update(format!("{} {}\n", proposal.key, proposal.due.timestamp()));
    }
    simian_core::event::hex(&hasher.finalize()[..8])
}

/// Planned keys whose time went by without a claim.
fn missed(history: &History, world: &World, monkey: &dyn Monkey, now: DateTime<Utc>) -> Vec<Draft> {
    let gone = history.planned.iter().filter(|(key, planned)| {
        planned.until.is_some_and(|until| until <= now)
            && !history.claimed.contains(key)
            && !history.missed.contains(key)
    });
    gone.map(|(key, planned)| {
        let holds: Vec<&str> =
            history.held.iter().filter(|(held, _)| held == key).map(|(_, rail)| rail.as_str()).collect();
        let why = if holds.is_empty() {
            "its time went by and nobody looked, or it was no longer proposed".to_owned()
        } else {
            format!("its time went by; it was held by {}", holds.join(", "))
        };
        Draft {
            region: planned.region.clone(),
            unit: planned.unit.clone(),
            group: planned.group.clone(),
            app: planned.app.clone(),
            owner: planned.owner.clone(),
            action: planned.action.clone(),
            key: Some(key.to_string()),
            due: planned.due,
            until: planned.until,
            why,
            ..about(world, monkey, Kind::ActionMissed, now)
        }
    })
    .collect()
}

/// How many days back a new day's first round looks for plans that nobody finished: a week's outage is recorded, what
/// is older is history.
const LOOK_BACK_DAYS: u64 = 7;

/// What earlier days planned and never finished, because nobody was there at their end.
async fn missed_before(
    engine: &Engine,
    monkey: &dyn Monkey,
    world: &World,
    day: &Day,
    now: DateTime<Utc>,
) -> Result<Vec<Draft>, LedgerError> {
    let mut drafts = Vec::new();
    for back in 1..=LOOK_BACK_DAYS {
        let Some(date) = day.date.checked_sub_days(Days::new(back)) else { break };
        let ask = Ask { area: &world.area, monkey: monkey.name(), mode: world.mode, date, now };
        drafts.extend(missed(&History::read_day(engine.ledger.as_ref(), &ask).await?, world, monkey, now));
    }
    Ok(drafts)
}

/// Findings that are new, and those that are gone: seen to be mended, or missing from a thorough look at everything.
fn findings(world: &World, monkey: &dyn Monkey, outlook: &Outlook, thorough: bool, now: DateTime<Utc>) -> Vec<Draft> {
    let draft = |kind, id: &str, why: &str| Draft {
        key: Some(id.to_owned()),
        why: why.to_owned(),
        ..about(world, monkey, kind, now)
    };
    // Another area's findings, and another monkey's, are theirs to close.
    let ours = |opened: &Draft| {
        opened.monkey.as_deref() == Some(monkey.name())
            && opened.region.as_ref().is_some_and(|region| world.area.contains(region))
    };
    let current: BTreeMap<String, &Finding> = outlook.findings.iter().map(|finding| (finding.id(), finding)).collect();
    let opened =
        current.iter().filter(|(id, _)| !world.history.findings.contains_key(*id)).map(|(id, finding)| Draft {
            region: Some(finding.scope.region.clone()),
            group: Some(finding.subject.clone()),
            owner: finding.owner.clone(),
            app: finding.app.clone(),
            outcome: Some(finding.rule.to_owned()),
            ..draft(Kind::FindingOpened, id, &finding.why).count("severity", finding.severity.weight())
        });
    let whole = thorough && monkey.needs().groups == Groups::OptedIn && world.blind().next().is_none();
    let asked = |opened: &Draft| {
        let scope = opened.region.as_ref().map(|region| world.scope(region));
        let rule = opened.outcome.as_deref();
        scope
            .zip(rule)
            .is_some_and(|(scope, rule)| outlook.asked.iter().any(|(at, name)| *at == scope && *name == rule))
    };
    let seen = |opened: &Draft| {
        let scope = opened.region.as_ref().map(|region| world.scope(region));
        scope.zip(opened.group.as_ref()).is_some_and(|(scope, group)| world.group(&scope, group).is_some())
    };
    let gone =
        world.history.findings.iter().filter(|(id, opened)| {
            !current.contains_key(*id) && ours(opened) && (whole || asked(opened) || seen(opened))
        });
    let closed = gone.map(|(id, opened)| Draft {
        region: opened.region.clone(),
        group: opened.group.clone(),
        owner: opened.owner.clone(),
        app: opened.app.clone(),
        outcome: opened.outcome.clone(),
        ..draft(Kind::FindingClosed, id, "it was mended, or it is gone")
    });
    opened.chain(closed).collect()
}

/// The events that end a round: each new hold, and one closing a region with its figures.
fn close(
    world: &World,
    policy: &Policy,
    monkey: &dyn Monkey,
    closed: &Closed,
    order: &Order,
    now: DateTime<Utc>,
) -> Vec<Draft> {
    let mut drafts: Vec<Draft> = Vec::new();
    for judged in &closed.held {
        let Some(ruling) = judged.held_by() else { continue };
        if !world.history.held.contains(&(judged.proposal.key.clone(), ruling.rail.to_string())) {
            // An owner's no to what was announced is the owner's doing, and is told as such.
            let vetoed = ruling.rail == "veto" && world.history.planned.contains_key(&judged.proposal.key);
            let kind = if vetoed { Kind::ActionVetoed } else { Kind::ActionHeld };
            let mut draft = judged.draft(now, kind, ruling.says.why());
            draft.outcome = Some(ruling.rail.to_string());
            drafts.push(draft);
        }
    }
    for (scope, fleet) in &world.fleets {
        let in_scope = |proposal: &Proposal| proposal.scope == *scope;
        let mut draft = about(world, monkey, Kind::RoundClosed, now);
        draft.region = Some(scope.region.clone());
        draft.run = order.request.as_ref().map(|request| request.id.clone());
        draft = draft
            .count("acted", closed.ends().filter(|acted| in_scope(&acted.judged.proposal)).count() as u64)
            .count("held", closed.holds().filter(|judged| in_scope(&judged.proposal)).count() as u64);
        draft = of_chores(draft, scope, &closed.chores);
        match fleet.groups.known().filter(|_| !fleet.all_groups) {
            Some(groups) => {
                let (seen, before) = (rails::candidates(groups, policy), world.history.last_survey.get(scope).copied());
                draft = draft.count("groups", seen);
                if let Some(before) = before.filter(|_| !rails::believed(seen, before, policy)) {
                    draft = draft.count("groups_believed", before);
                    draft.why = format!("the survey is not believed: {seen} groups, {before} when it last was");
                }
            }
            None => match closed.failed.get(scope) {
                Some(why) => draft.why = format!("the survey failed: {why}"),
                None => draft = draft.count("resources", resources(fleet)),
            },
        }
        drafts.push(draft);
    }
    drafts
}

/// How many resources were read, groups among them.
fn resources(fleet: &Fleet) -> u64 {
    (fleet.groups.known().map_or(0, BTreeMap::len) + fleet.estate.iter().count()) as u64
}

/// The figures of chores, where there were any.
fn of_chores(mut draft: Draft, scope: &Scope, chores: &Chores) -> Draft {
    let well = |ended: &&Ended| matches!(ended.outcome, Outcome::Done | Outcome::Rehearsed);
    for ended in chores.ended.iter().filter(well).filter(|ended| ended.chore.scope == *scope) {
        let name = match ended.chore.step {
            Step::Lift => "lifted",
            Step::Mark => "marked",
            Step::Announce => "announced",
            Step::Save => "saved",
            Step::Delete => "deleted",
        };
        *draft.counts.entry(name.to_owned()).or_default() += 1;
    }
    let held = chores.held.iter().filter(|judged| judged.chore.scope == *scope).count() as u64;
    *draft.counts.entry("held".into()).or_default() += held;
    draft
}

/// What the next surveys are compared with: this one, where it is believed.
fn surveys(world: &World, policy: &Policy) -> Vec<Change> {
    let listed = world.fleets.iter().filter(|(_, fleet)| !fleet.all_groups);
    let known = listed.filter_map(|(scope, fleet)| Some((scope, fleet.groups.known()?)));
    let survey = |(scope, groups): (&Scope, &BTreeMap<String, Group>)| {
        let (from, to) = (world.history.last_survey.get(scope).copied(), rails::candidates(groups, policy));
        let moves = from != Some(to) && rails::believed(to, from, policy);
        moves.then(|| Change::Survey { scope: scope.clone(), from, to })
    };
    known.filter_map(survey).collect()
}

/// An event about the account as a whole.
fn about(world: &World, monkey: &dyn Monkey, kind: Kind, now: DateTime<Utc>) -> Draft {
    let mut draft = Draft::new(now, kind, world.mode, "");
    draft.account = Some(world.area.account.clone());
    draft.monkey = Some(monkey.name().to_owned());
    draft
}

impl Closed {
    /// What was really begun: claimed, and then done, rehearsed, or tried.
    fn ends(&self) -> impl Iterator<Item = &Acted> {
        self.acted.iter().filter(|acted| acted.outcome.is_some())
    }

    /// What was due and held, by a rail or by the claim.
    fn holds(&self) -> impl Iterator<Item = &Judged> {
        let refused = self.acted.iter().filter(|acted| acted.outcome.is_none()).map(|acted| &acted.judged);
        self.held.iter().chain(refused)
    }

    /// Something was due, and every proposal that was judged was held.
    pub fn all_held(&self) -> bool {
        self.idle() && (self.holds().next().is_some() || !self.chores.held.is_empty())
    }

    /// Nothing was begun.
    pub fn idle(&self) -> bool {
        self.ends().next().is_none() && self.chores.ended.is_empty()
    }

    /// Something that was tried did not end well, or not certainly.
    pub fn fell_short(&self) -> bool {
        let good = |outcome: Option<Outcome>| matches!(outcome, Some(Outcome::Done | Outcome::Rehearsed));
        !self.failed.is_empty() || self.chores.fell_short() || self.ends().any(|acted| !good(acted.outcome))
    }
}
