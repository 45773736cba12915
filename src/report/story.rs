//! From events to turns, and from turns to units, owners and parts.

use std::collections::{BTreeMap, BTreeSet};

use simian_core::{AccountId, ClaimRecord, Draft, Kind, Mode, Region, Stage};

use super::{
    AccountLine, End, Facts, Frame, Gaps, GroupPart, Hold, Owner, Part, PauseLine, Recovery, Report, Rounds, SCHEMA,
    Times, Totals, Turn, UnitPart, advice, days, findings, janitor, scores, summary,
};

impl Report {
    /// The report that these facts make in this frame.
    pub fn of(facts: &Facts, frame: &Frame<'_>) -> Self {
        let parts = parts(facts, frame);
        let findings = findings::of(facts, frame);
        let janitor = janitor::of(facts, frame);
        let live = parts.iter().filter(|part| part.mode == Mode::Live).flat_map(Part::turns);
        let mut report = Self {
            schema: SCHEMA,
            since: frame.since,
            until: frame.until,
            zone: frame.calendar.zone.name().to_owned(),
            account: frame.account.clone(),
            owner: frame.owner.clone(),
            accounts: accounts(&parts, frame),
            headline: "",
            summary: String::new(),
            advice: Vec::new(),
            days: days::of(&parts, facts, frame),
            recovery: Times::of(live.map(|turn| turn.recovery)),
            findings_by_owner: findings::by_owner(&findings),
            scores: scores::of(facts, frame),
            waste: janitor::waste(&janitor, frame.prices),
            pauses: pauses(facts),
            rounds: rounds(facts, frame),
            parts,
            findings,
            janitor,
        };
        report.headline = summary::headline(&report);
        report.summary = summary::of(&report);
        report.advice = advice::of(&report, frame);
        report
    }
}

impl Part {
    /// All its turns.
    pub(super) fn turns(&self) -> impl Iterator<Item = &Turn> {
        let units = self.owners.iter().flat_map(|owner| &owner.units);
        units.flat_map(|unit| &unit.groups).flat_map(|group| &group.turns)
    }
}

/// The accounts of the config, and those of which something is told.
fn accounts(parts: &[Part], frame: &Frame<'_>) -> Vec<AccountLine> {
    let told = parts.iter().map(|part| &part.account);
    let all: BTreeSet<&AccountId> =
        frame.names.keys().chain(told).filter(|account| frame.has_account(Some(account))).collect();
    let line = |account: &AccountId| AccountLine {
        id: account.clone(),
        name: frame.name_of(account),
        mode: frame.modes.get(account).copied(),
    };
    all.into_iter().map(line).collect()
}

/// All that was said of one key, as it came.
#[derive(Default)]
struct Told<'f> {
    events: Vec<&'f Draft>,
    claim: Option<&'f ClaimRecord>,
}

fn parts(facts: &Facts, frame: &Frame<'_>) -> Vec<Part> {
    let claims: BTreeMap<&str, &ClaimRecord> = facts.claims.iter().map(|claim| (claim.key.as_str(), claim)).collect();
    let wanted = |event: &&Draft| {
        let asked = frame.has_account(event.account.as_ref()) && frame.has_owner(event.owner.as_deref());
        // A pause of one unit has a key and a unit too; what the janitor does is told by resource.
        let action = !matches!(event.kind, Kind::DaemonPaused | Kind::DaemonResumed)
            && event.monkey.as_deref() != Some(janitor::NAME);
        action && event.unit.is_some() && event.account.is_some() && asked
    };
    let mut keys: BTreeMap<&str, Told<'_>> = BTreeMap::new();
    for event in facts.events.iter().filter(wanted) {
        let Some(key) = event.key.as_deref() else { continue };
        let told = keys.entry(key).or_insert_with(|| Told { claim: claims.get(key).copied(), ..Told::default() });
        told.events.push(event);
    }
    // What only recovers here was done before: the report of that time has it.
    keys.retain(|_, told| told.events.iter().any(|event| !follows(event.kind)));

    let mut parts: BTreeMap<(Reverse, AccountId), Vec<Told<'_>>> = BTreeMap::new();
    for told in keys.into_values() {
        let first = told.events[0];
        let Some(account) = first.account.clone() else { continue };
        parts.entry((Reverse(first.mode), account)).or_default().push(told);
    }
    parts.into_iter().map(|((mode, account), told)| part(mode.0, account, told, facts, frame)).collect()
}

/// Where a unit stands in a part: whether it has no owner (such come last), whose it is, its region, its name.
type Place = (bool, Option<String>, Option<Region>, String);

/// Live before rehearsed.
#[derive(PartialEq, Eq)]
struct Reverse(Mode);

impl Ord for Reverse {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        other.0.cmp(&self.0)
    }
}

impl PartialOrd for Reverse {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

fn part(mode: Mode, account: AccountId, told: Vec<Told<'_>>, facts: &Facts, frame: &Frame<'_>) -> Part {
    let holds = holds(&told);
    let mut units: BTreeMap<Place, Vec<Told<'_>>> = BTreeMap::new();
    for told in told {
        let first = told.events[0];
        let unit = first.unit.clone().unwrap_or_default();
        let key = (first.owner.is_none(), first.owner.clone(), first.region.clone(), unit);
        units.entry(key).or_default().push(told);
    }
    let mut owners: Vec<Owner> = Vec::new();
    for ((_, owner, region, unit), told) in units {
        let unit = unit_part(mode, &account, region, unit, &told, facts, frame);
        match owners.last_mut().filter(|last| last.owner == owner) {
            Some(last) => last.units.push(unit),
            None => owners.push(Owner { owner, totals: Totals::default(), units: vec![unit] }),
        }
    }
    for owner in &mut owners {
        owner.totals = totals(&owner.units);
    }
    let totals = totals(owners.iter().flat_map(|owner| &owner.units));
    let name = frame.name_of(&account);
    Part { mode, account, name, totals, holds, owners }
}

fn unit_part(
    mode: Mode,
    account: &AccountId,
    region: Option<Region>,
    unit: String,
    told: &[Told<'_>],
    facts: &Facts,
    frame: &Frame<'_>,
) -> UnitPart {
    let mut groups: BTreeMap<Option<String>, Vec<Turn>> = BTreeMap::new();
    for told in told {
        let group = told.events.iter().rev().find_map(|event| event.group.clone());
        groups.entry(group).or_default().push(turn(told));
    }
    for turns in groups.values_mut() {
        turns.sort_by(|a, b| (a.due.unwrap_or(a.at), &a.key).cmp(&(b.due.unwrap_or(b.at), &b.key)));
    }
    let dates = facts.claims.iter().filter(|claim| {
        claim.mode == mode
            && claim.scope.account == *account
            && Some(&claim.scope.region) == region.as_ref()
            && claim.unit == unit
            && claim.outcome.is_some_and(simian_core::Outcome::counts)
    });
    let (calendar, dates) = (frame.calendar, dates.map(|claim| claim.date).collect());
    let (first, last) = (calendar.local_date(frame.since), calendar.local_date(frame.until));
    let planned = told.iter().flat_map(|told| &told.events).filter(|event| event.kind == Kind::ActionPlanned);
    let drawn = planned.filter_map(|event| Some((event.at, event.counts.get("mean_millidays")?)));
    let drawn = drawn.max_by_key(|(at, _)| *at).map(|(_, mean)| mean);
    #[expect(clippy::cast_precision_loss, reason = "a mean is at most a million thousandths of a day")]
    let drawn_mean_days = drawn.map(|thousandths| *thousandths as f64 / 1000.0);
    let mut part = UnitPart {
        region,
        unit,
        app: told.iter().flat_map(|told| &told.events).find_map(|event| event.app.clone()),
        totals: Totals::default(),
        holds: holds(told),
        gaps: Gaps { drawn_mean_days, ..Gaps::of(dates, first, last, calendar) },
        groups: groups.into_iter().map(|(group, turns)| GroupPart { group, turns }).collect(),
    };
    part.totals = Totals {
        planned: told.iter().filter(|told| told.has(Kind::ActionPlanned)).count(),
        ..totals(std::slice::from_ref(&part))
    };
    part
}

/// The figures of units; what was planned is counted already.
fn totals<'u>(units: impl IntoIterator<Item = &'u UnitPart>) -> Totals {
    let mut out = Totals::default();
    let mut recoveries = Vec::new();
    for unit in units {
        out.units += 1;
        out.planned += unit.totals.planned;
        for turn in unit.groups.iter().flat_map(|group| &group.turns) {
            recoveries.push(turn.recovery);
            match turn.end {
                End::Done | End::Rehearsed => {
                    out.acted += 1;
                    out.instances += turn.instances.len();
                }
                End::Failed | End::Refused | End::Abandoned => out.not_done += 1,
                End::Unknown => out.unknown += 1,
                End::Missed => out.missed += 1,
                End::Held | End::Planned => {}
            }
            out.held += usize::from(!turn.end.tried() && !turn.held_by.is_empty());
        }
    }
    out.recovery = Times::of(recoveries);
    out
}

/// What each rail held: turns, each once.
fn holds(told: &[Told<'_>]) -> Vec<Hold> {
    let mut rails: BTreeMap<&str, (BTreeSet<usize>, Vec<&str>)> = BTreeMap::new();
    for (n, told) in told.iter().enumerate() {
        for event in told.events.iter().filter(|event| event.kind == Kind::ActionHeld) {
            let (turns, words) = rails.entry(event.outcome.as_deref().unwrap_or("unnamed")).or_default();
            turns.insert(n);
            words.push(&event.why);
        }
    }
    let later = |turns: &BTreeSet<usize>| turns.iter().filter(|n| turn(&told[**n]).end.acted()).count();
    let mut holds: Vec<Hold> = rails
        .into_iter()
        .map(|(rail, (turns, words))| Hold {
            rail: rail.to_owned(),
            turns: turns.len(),
            acted_later: later(&turns),
            why: most_frequent(words).unwrap_or_default(),
        })
        .collect();
    holds.sort_by_key(|hold| std::cmp::Reverse(hold.turns));
    holds
}

/// The text that occurs most often; of several, the first by the alphabet.
fn most_frequent<'t>(texts: impl IntoIterator<Item = &'t str>) -> Option<String> {
    let mut counted: BTreeMap<&str, usize> = BTreeMap::new();
    for text in texts {
        *counted.entry(text).or_default() += 1;
    }
    let most = *counted.values().max()?;
    counted.into_iter().find(|(_, count)| *count == most).map(|(text, _)| text.to_owned())
}

/// Whether an event only says what became of an earlier one's action.
fn follows(kind: Kind) -> bool {
    matches!(kind, Kind::ActionRecovered | Kind::ActionUnrecovered | Kind::ActionResolved)
}

impl Told<'_> {
    fn has(&self, kind: Kind) -> bool {
        self.last(kind).is_some()
    }

    fn last(&self, kind: Kind) -> Option<&Draft> {
        self.events.iter().rev().find(|event| event.kind == kind).copied()
    }

    /// The last word on how it ended, with the event that has it.
    fn end(&self) -> (End, &Draft) {
        let said = self.events.iter().rev().find_map(|event| {
            let end = match event.kind {
                Kind::ActionDone => End::Done,
                Kind::ActionRehearsed => End::Rehearsed,
                Kind::ActionFailed => End::Failed,
                Kind::ActionRefused => End::Refused,
                Kind::ActionAbandoned => End::Abandoned,
                Kind::ActionMissed => End::Missed,
                // A person's word is that it has recovered, and not how it ended.
                Kind::ActionResolved if event.actor.is_some() => return None,
                Kind::ActionResolved => match event.outcome.as_deref() {
                    Some("done") => End::Done,
                    Some("failed") => End::Failed,
                    Some("abandoned") => End::Abandoned,
                    _ => End::Unknown,
                },
                // Nobody wrote down how it ended: the process died, and the rest has yet to be looked up.
                Kind::ActionIntended => End::Unknown,
                _ => return None,
            };
            Some((end, *event))
        });
        said.or_else(|| self.last(Kind::ActionHeld).map(|held| (End::Held, held)))
            .unwrap_or((End::Planned, self.events[0]))
    }
}

fn turn(told: &Told<'_>) -> Turn {
    let (end, last) = told.end();
    let claimed = told.claim.filter(|_| end.tried());
    let instances = match claimed {
        Some(claim) => claim.targets.iter().map(|target| target.instance.to_string()).collect(),
        None => last.target.clone().into_iter().collect(),
    };
    let held = told.events.iter().filter(|event| event.kind == Kind::ActionHeld);
    let held_by: BTreeSet<String> = held.filter_map(|event| event.outcome.clone()).collect();
    Turn {
        key: last.key.clone().unwrap_or_default(),
        due: told.events.iter().find_map(|event| event.due),
        at: last.at,
        action: told.events.iter().find_map(|event| event.action.clone()),
        instances,
        run: told.events.iter().find_map(|event| event.run.clone()),
        end,
        why: last.why.clone(),
        recovery: recovery(told, end),
        held_by: held_by.into_iter().collect(),
    }
}

fn recovery(told: &Told<'_>, end: End) -> Recovery {
    if end != End::Done {
        return Recovery::None;
    }
    let late = told.has(Kind::ActionUnrecovered);
    match told.last(Kind::ActionRecovered) {
        Some(back) => match back.counts.get("recovery_seconds") {
            Some(seconds) => Recovery::Recovered { seconds: *seconds, late },
            None => Recovery::NotMeasured,
        },
        None if late => Recovery::NotInTime,
        // Looked up after a crash, when nobody knew any more how much had served before.
        None if told.claim.is_some_and(|claim| {
            claim.stage == Stage::Closed && claim.watch.as_ref().is_none_or(|watch| watch.baseline.is_empty())
        }) =>
        {
            Recovery::NotMeasured
        }
        None => Recovery::Watched,
    }
}

fn pauses(facts: &Facts) -> Vec<PauseLine> {
    let switch = |event: &&Draft| matches!(event.kind, Kind::DaemonPaused | Kind::DaemonResumed);
    let paused_before = facts.before.iter().filter(switch).filter(|event| event.kind == Kind::DaemonPaused);
    let lines = paused_before.chain(facts.events.iter().filter(switch)).map(|event| PauseLine {
        at: event.at,
        paused: event.kind == Kind::DaemonPaused,
        actor: event.actor.clone(),
        why: event.why.clone(),
        until: event.until,
    });
    lines.collect()
}

fn rounds(facts: &Facts, frame: &Frame<'_>) -> Vec<Rounds> {
    let mut scopes: BTreeMap<(Option<AccountId>, Option<Region>), Vec<&Draft>> = BTreeMap::new();
    let closed = facts.events.iter().filter(|event| event.kind == Kind::RoundClosed);
    for event in closed.filter(|event| frame.has_account(event.account.as_ref())) {
        scopes.entry((event.account.clone(), event.region.clone())).or_default().push(event);
    }
    let lines = scopes.into_iter().map(|((account, region), events)| {
        let saw = |event: &Draft| ["groups", "resources"].iter().any(|figure| event.counts.contains_key(*figure));
        let blind: Vec<&Draft> = events.iter().filter(|event| !saw(event)).copied().collect();
        Rounds {
            account,
            region,
            rounds: events.len(),
            blind: blind.len(),
            between: blind.first().zip(blind.last()).map(|(first, last)| (first.at, last.at)),
            why: most_frequent(blind.iter().map(|event| event.why.as_str())),
        }
    });
    lines.collect()
}
