//! What the ledger remembers of one account in one mode: all that a judgement needs of the past.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};

use crate::claim::{ClaimRecord, Stage};
use crate::event::{Draft, Event, Kind};
use crate::fleet::InstanceId;
use crate::ledger::{Birth, ClaimQuery, EventQuery, Ledger, LedgerError, Pause};
use crate::mark::{Mark, MarkId};
use crate::proposal::Key;
use crate::scope::{AccountId, Area, Mode, Scope};

/// How many resumes are looked at for the last that set the breaker back. If none of them did, none did: that holds.
const RESUMES: usize = 64;

/// Whether a resume also set the breaker back: a person's word for everything does, and that for the breaker's own pause.
/// One that lifts other pauses, or tells that one ended by itself, names its pause.
fn resets_the_breaker(resumed: &Draft) -> bool {
    resumed.key.as_deref().is_none_or(|pause| pause == Pause::BREAKER)
}

/// When a unit recovered, and after how many seconds; `None` where it was not back in time.
pub type Recovery = (DateTime<Utc>, Option<u64>);

/// The past, as of a date. Live and rehearsed histories are apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    /// When the ledger was born and whether that still counts.
    pub birth: Birth,
    /// The pauses that people pulled and that have not ended.
    pub pauses: Vec<Pause>,
    /// The date's keys that were planned, by the event that said so.
    pub planned: BTreeMap<Key, Draft>,
    /// Whether the date's plan was published as a whole, or its scores.
    pub published: bool,
    /// The date's keys that were claimed.
    pub claimed: BTreeSet<Key>,
    /// The date's keys whose time went by.
    pub missed: BTreeSet<Key>,
    /// The date's holds that were told: key and rail.
    pub held: BTreeSet<(Key, String)>,
    /// The last date on which each unit (in full) was acted on.
    pub last_action: BTreeMap<String, NaiveDate>,
    /// The date on which each unit (in full) was first seen to be opted in, as far as the ledger knows.
    pub first_seen: BTreeMap<String, NaiveDate>,
    /// The account's claims that are not closed: being acted on, watched, or unrecovered.
    pub open: Vec<ClaimRecord>,
    /// Targets of this mode that are acted on or watched, in all accounts.
    pub concurrent: u32,
    /// Targets of this mode past their recovery deadline, in all accounts.
    pub unrecovered: u32,
    /// How many of the last recoveries failed in a row, since the last resume.
    pub failed_in_a_row: u32,
    /// The date's day counters.
    pub counters: BTreeMap<String, u32>,
    /// How many groups the last survey of each scope saw that was believed.
    pub last_survey: BTreeMap<Scope, u64>,
    /// The findings that were opened and not closed, by id, each with the event that opened it.
    pub findings: BTreeMap<String, Draft>,
    /// The marks of this mode in the area. Read only for who looks at resources.
    pub marks: BTreeMap<MarkId, Mark>,
    /// How each unit (in full) recovered, newest first. Read only for whoever needs it.
    pub recoveries: BTreeMap<String, Vec<Recovery>>,
}

impl History {
    /// A past in which nothing ever happened, with the birth lifted.
    pub fn empty(birth: Birth) -> Self {
        Self {
            birth,
            pauses: Vec::new(),
            planned: BTreeMap::new(),
            published: false,
            claimed: BTreeSet::new(),
            missed: BTreeSet::new(),
            held: BTreeSet::new(),
            last_action: BTreeMap::new(),
            first_seen: BTreeMap::new(),
            open: Vec::new(),
            concurrent: 0,
            unrecovered: 0,
            failed_in_a_row: 0,
            counters: BTreeMap::new(),
            last_survey: BTreeMap::new(),
            findings: BTreeMap::new(),
            marks: BTreeMap::new(),
            recoveries: BTreeMap::new(),
        }
    }

    /// Reads what is remembered of an account: for one monkey, in one mode, for a date, at a time.
    pub async fn read(ledger: &dyn Ledger, ask: &Ask<'_>) -> Result<Self, LedgerError> {
        let Ask { area, mode, date, now, .. } = *ask;
        let account = &area.account;
        let mut history = Self::read_day(ledger, ask).await?;
        history.pauses = Self::pauses(ledger, now).await?;
        history.last_action = ledger.last_actions(mode, account).await?;
        history.first_seen = ledger.sights(account).await?;
        history.counters = ledger.counters(mode, date).await?;
        for claim in ledger.claims(&ClaimQuery { mode: Some(mode), open: true, ..ClaimQuery::default() }).await? {
            let cost = u32::try_from(claim.targets.len()).unwrap_or(u32::MAX);
            match claim.stage {
                Stage::Acting | Stage::Watching => history.concurrent += cost,
                Stage::Unrecovered => history.unrecovered += cost,
                Stage::Closed => {}
            }
            if claim.scope.account == *account {
                history.open.push(claim);
            }
        }
        history.read_standing(ledger, ask).await?;
        Ok(history)
    }

    /// What is marked in the area.
    pub async fn read_marks(&mut self, ledger: &dyn Ledger, area: &Area, mode: Mode) -> Result<(), LedgerError> {
        self.marks = ledger.marks(mode, &area.account).await?;
        self.marks.retain(|id, _| area.contains(&id.scope.region));
        Ok(())
    }

    /// How the account's units recovered since then, newest first.
    pub async fn read_recoveries(
        &mut self,
        ledger: &dyn Ledger,
        account: &AccountId,
        mode: Mode,
        since: DateTime<Utc>,
    ) -> Result<(), LedgerError> {
        let query = EventQuery {
            kinds: vec![Kind::ActionRecovered, Kind::ActionUnrecovered],
            account: Some(account.clone()),
            mode: Some(mode),
            since: Some(since),
            newest_first: true,
            ..EventQuery::default()
        };
        for Event { body, .. } in ledger.events(&query).await? {
            let (Some(region), Some(unit)) = (&body.region, &body.unit) else { continue };
            let took = body.counts.get("recovery_seconds").copied();
            let took = took.filter(|_| body.kind == Kind::ActionRecovered);
            self.recoveries.entry(format!("{account}/{region}/{unit}")).or_default().push((body.at, took));
        }
        Ok(())
    }

    /// The pauses that people pulled and that have not ended, by themselves or otherwise. That a file pauses is not
    /// asked of the ledger, which only remembers that it was told: the file is asked.
    pub async fn pauses(ledger: &dyn Ledger, now: DateTime<Utc>) -> Result<Vec<Pause>, LedgerError> {
        let mut pauses = ledger.pauses().await?;
        pauses.retain(|pause| !pause.is_over(now) && pause.file().is_none());
        Ok(pauses)
    }

    /// How many recoveries the breaker looks back on, and therefore the most that its limit may be.
    pub const RECOVERIES: u32 = 64;

    /// The recoveries that failed one after the other up to now, the newest first, since a person last set the breaker back:
    /// at most so many.
    pub async fn failures(ledger: &dyn Ledger, most: usize) -> Result<Vec<Event>, LedgerError> {
        let recoveries = [Kind::ActionRecovered, Kind::ActionUnrecovered];
        let mut failed = ledger.events(&newest(&recoveries, most.min(Self::RECOVERIES as usize))).await?;
        failed.truncate(failed.iter().take_while(|event| event.body.kind == Kind::ActionUnrecovered).count());
        if !failed.is_empty() {
            // Asked apart: however often something was resumed, no recovery drops out of sight.
            let resumed = ledger.events(&newest(&[Kind::DaemonResumed], RESUMES)).await?;
            let reset = resumed.iter().find(|event| resets_the_breaker(&event.body)).map_or(0, |event| event.seq);
            failed.retain(|event| event.seq > reset);
        }
        Ok(failed)
    }

    /// Only what happened to the date's keys: planned, claimed, missed, held.
    pub async fn read_day(ledger: &dyn Ledger, ask: &Ask<'_>) -> Result<Self, LedgerError> {
        let Ask { area, monkey, mode, date, .. } = *ask;
        let account = &area.account;
        let mut history = Self::empty(ledger.birth().await?);
        let of_date = ClaimQuery { mode: Some(mode), account: Some(account.clone()), date: Some(date), open: false };
        history.claimed = ledger.claims(&of_date).await?.into_iter().map(|record| record.claim.key).collect();
        let of_date = EventQuery {
            kinds: vec![
                Kind::PlanPublished,
                Kind::ActionPlanned,
                Kind::ActionMissed,
                Kind::ActionHeld,
                Kind::ActionVetoed,
                Kind::ScorePublished,
            ],
            account: Some(account.clone()),
            key_prefix: Some(Key::prefix(mode, monkey, date)),
            ..EventQuery::default()
        };
        for event in ledger.events(&of_date).await? {
            let Some(key) = event.body.key.clone().map(Key::from_stored) else { continue };
            let ours = event.body.region.as_ref().is_some_and(|region| area.contains(region));
            match event.body.kind {
                Kind::PlanPublished => history.published |= key == Key::plan(mode, monkey, date, area),
                Kind::ScorePublished => {
                    history.published |= key.as_str().starts_with(&Key::scores(mode, monkey, date, area));
                }
                _ if !ours => {}
                Kind::ActionPlanned => drop(history.planned.insert(key, event.body)),
                Kind::ActionMissed => drop(history.missed.insert(key)),
                _ => drop(history.held.insert((key, event.body.outcome.unwrap_or_default()))),
            }
        }
        Ok(history)
    }

    /// What holds over days: recoveries in a row, the last surveys, open findings.
    async fn read_standing(&mut self, ledger: &dyn Ledger, ask: &Ask<'_>) -> Result<(), LedgerError> {
        self.failed_in_a_row =
            u32::try_from(Self::failures(ledger, Self::RECOVERIES as usize).await?.len()).unwrap_or(u32::MAX);
        let account = &ask.area.account;
        let surveys = ledger.surveys(account).await?.into_iter();
        self.last_survey = surveys.map(|(region, seen)| (Scope { account: account.clone(), region }, seen)).collect();
        self.findings = ledger.findings(account).await?;
        Ok(())
    }

    /// Whether the birth still counts as everything's last action, in live mode.
    pub fn newborn(&self) -> bool {
        self.birth.lifted.is_none()
    }

    /// Instances that are being ended or watched: a stale read may still show them in service.
    pub fn in_flight(&self) -> impl Iterator<Item = &InstanceId> {
        self.open.iter().flat_map(|claim| &claim.targets).map(|target| &target.instance)
    }
}

/// The newest events of these kinds.
fn newest(kinds: &[Kind], limit: usize) -> EventQuery {
    EventQuery { kinds: kinds.to_vec(), limit: Some(limit), newest_first: true, ..EventQuery::default() }
}

/// Which past to read.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// Of this account; and of these regions, where the date's keys are concerned.
    pub area: &'a Area,
    /// For this monkey.
    pub monkey: &'a str,
    /// Lived or rehearsed.
    pub mode: Mode,
    /// For this date.
    pub date: NaiveDate,
    /// At this time.
    pub now: DateTime<Utc>,
}
