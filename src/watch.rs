//! What became of it: every open claim is followed until its unit is whole again.
//!
//! A claim whose outcome nobody recorded (the process died) or nobody knows (the answer was lost) is resolved by
//! looking, never by acting: once AWS can no longer honour the call, what still runs was never ended.
//!
//! Of several processes on one ledger one follows a claim: see [`crate::lease`].

pub(crate) mod held;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use chrono::{DateTime, TimeDelta, Utc};
use simian_core::claim::{HOLD, SETTLED_AFTER};
use simian_core::detail::AlarmState;
use simian_core::ports::GroupQuery;
use simian_core::{
    Action, Change, ClaimQuery, ClaimRecord, Draft, EventQuery, Group, Held, InstanceId, InstanceState, Kind,
    LedgerError, Lifecycle, Member, Mode, Outcome, Region, Stage, Target, View, Watch, span,
};

use crate::breaker;
use crate::engine::{Account, Engine};
use crate::lease;
use crate::observe::{self, ObserveError, by_name};

/// Every claim that is not closed.
async fn open(engine: &Engine) -> Result<Vec<ClaimRecord>, LedgerError> {
    engine.ledger.claims(&ClaimQuery { open: true, ..ClaimQuery::default() }).await
}

/// The open faults of an account's region, and when the next of them must be looked at: whether any is held, and the first
/// of their ends.
pub async fn next_end(
    engine: &Engine,
    account: &Account,
    region: &Region,
) -> Result<Option<DateTime<Utc>>, LedgerError> {
    let claims = open(engine).await?;
    let here =
        claims.iter().filter(|claim| claim.scope.account == account.policy.account && claim.scope.region == *region);
    let now = engine.clock.now();
    let soon = now + ENDING_AGAIN;
    // What is past its time and there still is somebody else's, or could not be recorded: looking at once does not help.
    let moves = |held: &Held| held.ending.is_some() || !held.left.is_empty() || held.until <= now;
    Ok(here.filter_map(ClaimRecord::fault).map(|held| if moves(held) { soon } else { held.until }).min())
}

/// Whether this process holds a fault.
pub async fn is_held(engine: &Engine) -> Result<bool, LedgerError> {
    let claims = open(engine).await?;
    Ok(claims.iter().any(|claim| claim.holder == engine.holder && claim.fault().is_some()))
}

/// Whether any fault is to end that is there still.
pub async fn is_ending(engine: &Engine) -> bool {
    let ending = |claim: &ClaimRecord| claim.fault().is_some_and(|held| held.ending.is_some());
    open(engine).await.is_ok_and(|claims| claims.iter().any(ending))
}

/// What takes several looks, a beginning or an end, is looked at so often.
const ENDING_AGAIN: TimeDelta = TimeDelta::seconds(10);

/// Looks once at every open claim of a region that is ours to follow. Returns how many are still open, others' too.
pub async fn poll(engine: &Engine, account: &Account, region: &Region) -> Result<usize, ObserveError> {
    let open = ClaimQuery { account: Some(account.policy.account.clone()), open: true, ..ClaimQuery::default() };
    let mut claims = engine.ledger.claims(&open).await?;
    claims.retain(|claim| claim.scope.region == *region);
    let mut left = claims.len();
    let ours = lease::ours(engine, claims).await?;
    let (lived, rehearsed): (Vec<_>, Vec<_>) = ours.into_iter().partition(|claim| claim.mode == Mode::Live);
    left -= record(engine, unfinished(&rehearsed, engine.clock.now())).await?;
    if lived.is_empty() {
        return Ok(left);
    }
    // Foreign credentials would see everything gone, and call it recovered.
    observe::identify(account).await?;
    left -= record(engine, look(engine, account, region, &lived).await?).await?;
    Ok(left)
}

/// Records the steps. Returns how many claims are closed now, by us or by who was faster.
async fn record(engine: &Engine, steps: Vec<Step>) -> Result<usize, LedgerError> {
    let closed = steps.iter().filter(|step| step.closes()).count();
    let is_failed = |step: &Step| step.draft.as_ref().is_some_and(|draft| draft.kind == Kind::ActionUnrecovered);
    let failed = steps.iter().any(is_failed);
    engine.change_each(steps.into_iter().map(|step| (step.draft, step.change)).collect()).await?;
    if failed {
        breaker::look(engine).await?;
    }
    Ok(closed)
}

/// Rehearsals that a process claimed and did not live to record. There is nothing to look at.
fn unfinished(rehearsed: &[ClaimRecord], now: DateTime<Utc>) -> Vec<Step> {
    let why = "it was claimed and never rehearsed";
    let step = |claim| {
        Step::new(claim, Kind::ActionResolved, why.into(), now, Stage::Closed).outcome(Outcome::Abandoned, None)
    };
    rehearsed.iter().filter(|claim| in_doubt(claim, now)).map(step).collect()
}

/// One claim moving on, and the event that tells of it, if it is worth one.
struct Step {
    draft: Option<Draft>,
    change: Change,
}

impl Step {
    fn new(claim: &ClaimRecord, kind: Kind, why: String, now: DateTime<Utc>, stage: Stage) -> Self {
        let draft = told(claim, kind, why, now);
        let (key, by) = (claim.key.clone(), claim.holder.clone());
        Step { draft: Some(draft), change: Change::Move { key, by, stage, outcome: None, watch: None } }
    }

    fn outcome(mut self, outcome: Outcome, opens: Option<Watch>) -> Self {
        self.tell(|draft| draft.outcome = Some(outcome.to_string()));
        if let Change::Move { outcome: slot, watch, .. } = &mut self.change {
            *slot = Some(outcome);
            *watch = opens;
        }
        self
    }

    fn tell(&mut self, more: impl FnOnce(&mut Draft)) {
        if let Some(draft) = &mut self.draft {
            more(draft);
        }
    }

    fn closes(&self) -> bool {
        matches!(&self.change, Change::Move { stage: Stage::Closed, .. })
    }
}

/// An event about a claim: who, where, what.
pub(crate) fn told(claim: &ClaimRecord, kind: Kind, why: String, now: DateTime<Utc>) -> Draft {
    Draft {
        monkey: Some(claim.monkey.clone()),
        account: Some(claim.scope.account.clone()),
        region: Some(claim.scope.region.clone()),
        unit: Some(claim.unit.clone()),
        app: Some(claim.app.clone()),
        owner: claim.owner.clone(),
        group: Target::groups(&claim.targets),
        target: Target::instances(&claim.targets),
        key: Some(claim.key.to_string()),
        action: Some(claim.action.name().to_owned()),
        ..Draft::new(now, kind, claim.mode, why)
    }
}

async fn look(
    engine: &Engine,
    account: &Account,
    region: &Region,
    claims: &[ClaimRecord],
) -> Result<Vec<Step>, LedgerError> {
    let now = engine.clock.now();
    let watched = claims.iter().filter_map(|claim| claim.watch.as_ref()).flat_map(|watch| watch.baseline.keys());
    let hit = claims.iter().filter(|claim| claim.fault().is_some()).flat_map(|claim| &claim.targets);
    let doubted = claims.iter().filter(|claim| in_doubt(claim, now)).flat_map(|claim| &claim.targets);
    let names: BTreeSet<String> = watched.chain(doubted.chain(hit).map(|target| &target.group)).cloned().collect();
    let groups = if names.is_empty() {
        View::Unasked
    } else {
        by_name(account.cloud.groups(region, &GroupQuery::Named(names.into_iter().collect())).await)
    };
    if let View::Unknown(why) = &groups {
        tracing::warn!(%region, why, "recoveries cannot be seen: the groups could not be read");
    }
    let doubtful: Vec<InstanceId> = claims
        .iter()
        .filter(|claim| in_doubt(claim, now) && !claim.action.lasts())
        .flat_map(|claim| claim.targets.iter().map(|target| target.instance.clone()))
        .collect();
    let states =
        if doubtful.is_empty() { Ok(BTreeMap::new()) } else { account.cloud.instances(region, &doubtful).await };

    // Who begins a fault has not said how yet. Until that is in doubt, it is not anybody else's to end or to move.
    let beginning =
        |claim: &&ClaimRecord| claim.action.lasts() && claim.stage == Stage::Acting && !in_doubt(claim, now);
    let (held, claims): (Vec<_>, Vec<_>) = claims
        .iter()
        .filter(|claim| !beginning(claim))
        .partition(|claim| claim.fault().is_some() && !in_doubt(claim, now));
    let mut steps = held::follow(engine, account, region, &held, &groups).await;
    // Those of the faults were asked for with all that may end them.
    let alarms = alarms(account, region, &claims).await;
    for claim in claims {
        if claim.action.lasts() && in_doubt(claim, now) {
            steps.push(held::adopted(claim, now));
            continue;
        }
        let intended = claim.outcome.is_some() || was_intended(engine, claim).await?;
        let step = if in_doubt(claim, now) {
            // Until it is known whether anything happened, nothing can be late in recovering from it.
            states.as_ref().ok().and_then(|states| resolve(engine, claim, states, &groups, intended, now))
        } else {
            let recovered = groups.known().and_then(|groups| recovered(claim, groups, &alarms, now));
            recovered.or_else(|| overdue(claim, &groups, &alarms, now))
        };
        if let (Err(error), true) = (&states, in_doubt(claim, now)) {
            tracing::warn!(key = %claim.key, %error, "cannot look up what became of an action");
        }
        steps.extend(step);
    }
    Ok(steps)
}

/// The alarms that any watched claim minds, with their states.
async fn alarms(account: &Account, region: &Region, claims: &[&ClaimRecord]) -> View<BTreeMap<String, AlarmState>> {
    let watched = claims.iter().filter(|claim| claim.watch.is_some());
    let names: BTreeSet<String> = watched.flat_map(|claim| &claim.alarms).cloned().collect();
    if names.is_empty() {
        return View::Unasked;
    }
    account.cloud.alarms(region, &names.into_iter().collect::<Vec<_>>()).await.into()
}

/// What of its alarms keeps a claim's unit from having recovered. One that has too little data by now, or is gone, does
/// not: replaced instances report late.
fn alarmed(claim: &ClaimRecord, alarms: &View<BTreeMap<String, AlarmState>>) -> Option<String> {
    if claim.alarms.is_empty() {
        return None;
    }
    let Some(states) = alarms.known() else {
        return Some(format!("its alarms could not be read: {}", alarms.unknown().unwrap_or_default()));
    };
    let loud = claim.alarms.iter().find(|name| states.get(*name) == Some(&AlarmState::Alarm))?;
    Some(format!("alarm {loud} is {}", AlarmState::Alarm))
}

/// Nobody recorded how it ended, or nobody knew. A claim that may still be acted on by its holder is left alone. Of a
/// reboot no look can tell whether it happened: it is followed as if it had.
fn in_doubt(claim: &ClaimRecord, now: DateTime<Utc>) -> bool {
    match (claim.stage, claim.outcome) {
        // What ends by being undone need not wait for what AWS may still honour: it is undone again then.
        (Stage::Acting, _) if claim.action.lasts() => now >= claim.act_before + HOLD,
        (Stage::Acting, _) => now >= claim.act_before + SETTLED_AFTER,
        (_, Some(Outcome::Unknown)) => !claim.action.returns(),
        _ => false,
    }
}

/// Whether its holder was about to act. Where the events of its time are gone, nobody can say that it was not.
async fn was_intended(engine: &Engine, claim: &ClaimRecord) -> Result<bool, LedgerError> {
    if !engine.ledger.checkpoints().await?.is_empty() {
        let oldest = EventQuery { limit: Some(1), ..EventQuery::default() };
        let oldest = engine.ledger.events(&oldest).await?;
        if oldest.first().is_none_or(|event| event.body.at > claim.at) {
            return Ok(true);
        }
    }
    let intents = EventQuery {
        kinds: vec![Kind::ActionIntended],
        key_prefix: Some(claim.key.to_string()),
        ..EventQuery::default()
    };
    let events = engine.ledger.events(&intents).await?;
    Ok(events.iter().any(|event| event.body.key.as_deref() == Some(claim.key.as_str())))
}

/// What looking at the instances says of an action whose end is not known.
fn resolve(
    engine: &Engine,
    claim: &ClaimRecord,
    states: &BTreeMap<InstanceId, InstanceState>,
    groups: &View<BTreeMap<String, Group>>,
    intended: bool,
    now: DateTime<Utc>,
) -> Option<Step> {
    if claim.action.returns() {
        return Some(never_known(engine, claim, intended, now));
    }
    let graceful = claim.action == Action::TerminateGracefully;
    // While the hooks of a graceful end run, for hours perhaps, only the group knows of it.
    let leaving = |target: &Target| {
        let group = groups.known().and_then(|groups| groups.get(&target.group));
        let member = group.and_then(|group| group.member(&target.instance));
        graceful && member.is_some_and(|member| member.lifecycle == Lifecycle::Terminating)
    };
    // Terminated instances vanish after a while: unknown to AWS is as good as ended.
    let ended = |target: &Target| {
        states.get(&target.instance).is_none_or(|state| *state == InstanceState::Terminated) || leaving(target)
    };
    let (hit, spared): (Vec<&Target>, Vec<&Target>) = claim.targets.iter().partition(|target| ended(target));
    let settled = now >= claim.act_before + SETTLED_AFTER && (!graceful || groups.known().is_some());
    if intended && (spared.is_empty() || (settled && !hit.is_empty())) {
        let mut why = "looking showed that it happened".to_owned();
        let mut watch = claim.watch.clone().unwrap_or_else(|| left_behind(engine, claim));
        for target in spared {
            let _ = write!(why, "; {} was spared", target.instance);
            // It still serves, and no target is counted later.
            if let Some(baseline) = watch.baseline.get_mut(&target.group) {
                *baseline = baseline.saturating_sub(1);
            }
        }
        return Some(
            Step::new(claim, Kind::ActionResolved, why, now, watched(&watch)).outcome(Outcome::Done, Some(watch)),
        );
    }
    if !settled {
        return None;
    }
    let (outcome, why) = if intended {
        (Outcome::Failed, "looking showed that it never happened")
    } else {
        (Outcome::Abandoned, "it was claimed and never tried")
    };
    Some(Step::new(claim, Kind::ActionResolved, why.into(), now, Stage::Closed).outcome(outcome, None))
}

/// A reboot that a process began and did not live to record.
fn never_known(engine: &Engine, claim: &ClaimRecord, intended: bool, now: DateTime<Utc>) -> Step {
    if !intended {
        let why = "it was claimed and never tried".to_owned();
        return Step::new(claim, Kind::ActionResolved, why, now, Stage::Closed).outcome(Outcome::Abandoned, None);
    }
    let watch = left_behind(engine, claim);
    let why = "it was begun, and nobody can see whether an instance was rebooted".to_owned();
    Step::new(claim, Kind::ActionResolved, why, now, watched(&watch)).outcome(Outcome::Unknown, Some(watch))
}

/// The watch of an action whose process did not live to open one: against what the claim says of the time before.
fn left_behind(engine: &Engine, claim: &ClaimRecord) -> Watch {
    Watch {
        since: claim.at,
        deadline: claim.act_before + engine.watch.deadline,
        baseline: claim.baseline.clone(),
        late: true,
        held: None,
    }
}

/// A watch that knows nothing of the time before has nothing to wait for: claims once had no baseline.
fn watched(watch: &Watch) -> Stage {
    if watch.baseline.is_empty() { Stage::Closed } else { Stage::Watching }
}

/// How long after a reboot a look that shows all in service proves nothing: the request was only queued, a machine that
/// does not shut down within a few minutes is rebooted hard, and a group takes its time to notice. Source: EC2 API,
/// `RebootInstances`.
const REBOOT_SETTLES: TimeDelta = TimeDelta::minutes(5);

/// The step of a unit that is whole again: every one of these must say so.
fn recovered(
    claim: &ClaimRecord,
    groups: &BTreeMap<String, Group>,
    alarms: &View<BTreeMap<String, AlarmState>>,
    now: DateTime<Utc>,
) -> Option<Step> {
    let watch = claim.watch.as_ref()?;
    if claim.action == Action::Reboot && now < (watch.since + REBOOT_SETTLES).min(watch.deadline) {
        return None;
    }
    let gone = serve_as_before(claim, watch, groups)?;
    let took = now - watch.since;
    if gone.len() == watch.baseline.len() {
        // What never came back is no recovery to measure.
        let why = format!("nothing is left to recover: {} is gone", gone.join(", "));
        return Some(Step::new(claim, Kind::ActionRecovered, why, now, Stage::Closed));
    }
    if alarmed(claim, alarms).is_some() {
        return None;
    }
    let mut why = if watch.late {
        format!("whole again when it was looked at, {} after the claim", span::format(took))
    } else {
        format!("whole again after {}", span::format(took))
    };
    if !gone.is_empty() {
        let _ = write!(why, "; {} is gone", gone.join(", "));
    }
    let mut step = Step::new(claim, Kind::ActionRecovered, why, now, Stage::Closed);
    if !watch.late {
        let seconds = u64::try_from(took.num_seconds()).unwrap_or(0);
        step.draft = step.draft.map(|draft| draft.count("recovery_seconds", seconds));
    }
    Some(step)
}

/// Whether every group has as many serving members as before, and which of them are gone for good. Those that were ended
/// do not count: a read may still show them. Those that come back under the same id do, and must, unless their group has
/// let them go.
fn serve_as_before<'w>(
    claim: &ClaimRecord,
    watch: &'w Watch,
    groups: &BTreeMap<String, Group>,
) -> Option<Vec<&'w str>> {
    let returns = claim.action.returns();
    let mut gone = Vec::new();
    for (name, baseline) in &watch.baseline {
        let Some(group) = groups.get(name) else {
            gone.push(name.as_str());
            continue;
        };
        let is_target = |id: &InstanceId| claim.targets.iter().any(|target| target.instance == *id);
        let counts = |member: &&Member| member.serves() && (returns || !is_target(&member.id));
        let serving = group.members.iter().filter(counts).count();
        if returns && group.members.iter().any(|member| is_target(&member.id) && !member.serves()) {
            return None;
        }
        // An owner who scales in meanwhile wants fewer.
        if serving < (*baseline).min(group.desired) as usize {
            return None;
        }
    }
    Some(gone)
}

fn overdue(
    claim: &ClaimRecord,
    groups: &View<BTreeMap<String, Group>>,
    alarms: &View<BTreeMap<String, AlarmState>>,
    now: DateTime<Utc>,
) -> Option<Step> {
    let watch = claim.watch.as_ref()?;
    if claim.stage != Stage::Watching || now < watch.deadline {
        return None;
    }
    let short = watch.baseline.iter().map(|(name, baseline)| match groups.known().map(|groups| groups.get(name)) {
        Some(Some(group)) => format!("{name} has {} of {baseline}", group.serving()),
        Some(None) => format!("{name} is gone"),
        None => format!("{name} could not be read"),
    });
    let short: Vec<String> = short.chain(alarmed(claim, alarms)).collect();
    let why = format!("not whole after {}: {}", span::format(now - watch.since), short.join(", "));
    let mut step = Step::new(claim, Kind::ActionUnrecovered, why, now, Stage::Unrecovered);
    step.tell(|draft| draft.until = Some(watch.deadline));
    Some(step)
}
