//! What nobody uses: marked, announced, saved, deleted and lifted.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use simian_core::{AccountId, Draft, Kind, Mode, Region};

use super::{Facts, Frame};

/// The monkey's name in its events.
pub(super) const NAME: &str = "janitor";

/// The action that ends a resource.
pub(super) const DELETE: &str = "delete";

/// The action that keeps the last of it: a snapshot, a disabled image.
const SAVE: &str = "save";

/// What became of a marked resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum MarkState {
    /// It is marked.
    Marked,
    /// Its owner was told when it goes.
    Announced,
    /// It is used again, or kept.
    Lifted,
    /// It is gone.
    Deleted,
}

impl MarkState {
    /// Its name in every form of the report.
    pub fn as_str(self) -> &'static str {
        match self {
            MarkState::Marked => "marked",
            MarkState::Announced => "announced",
            MarkState::Lifted => "lifted",
            MarkState::Deleted => "deleted",
        }
    }
}

/// One marked resource.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MarkLine {
    /// Which, as type and id: `volume/vol-0abc`.
    pub target: String,
    /// The rule by which nobody uses it.
    pub rule: Option<String>,
    /// Where.
    pub account: AccountId,
    /// Where.
    pub region: Option<Region>,
    /// Whose.
    pub owner: Option<String>,
    /// Of which app.
    pub app: Option<String>,
    /// For real, or a rehearsal.
    pub mode: Mode,
    /// When it was marked; it may be long ago.
    pub since: DateTime<Utc>,
    /// When its owner was last told that it goes.
    pub announced: Option<DateTime<Utc>>,
    /// When it may be deleted.
    pub due: Option<DateTime<Utc>>,
    /// What became of it, and when, if it is over.
    pub state: MarkState,
    /// When it was lifted or deleted; `None` while it is open.
    pub ended: Option<DateTime<Utc>>,
    /// The last of it was kept.
    pub saved: bool,
    /// When a dry run would last have deleted it.
    pub rehearsed: Option<DateTime<Utc>>,
    /// Why it could not be deleted or saved, when that was tried in vain last.
    pub refused: Option<String>,
    /// What it costs; `None` when nobody knows.
    pub cents_a_month: Option<u64>,
    /// Why it is marked.
    pub why: String,
}

impl MarkLine {
    /// Its type, such as `volume`.
    pub fn kind(&self) -> &str {
        self.target.split_once('/').map_or(self.target.as_str(), |(kind, _)| kind)
    }

    /// Whether it is still there, and still waste.
    pub fn is_open(&self) -> bool {
        self.ended.is_none()
    }
}

/// What the janitor did in the span: resources, each once.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Janitor {
    /// Marked.
    pub marked: usize,
    /// Announced to their owners.
    pub announced: usize,
    /// Saved.
    pub saved: usize,
    /// Deleted.
    pub deleted: usize,
    /// What a dry run would have deleted.
    pub rehearsed: usize,
    /// Marks that were lifted.
    pub lifted: usize,
    /// What could not be deleted or saved: AWS refused it, or it failed.
    pub refused: usize,
    /// What the deleted ones cost.
    pub freed_cents_a_month: u64,
    /// The resources: those that are open, and those whose marks ended in the span. The dearest first.
    pub resources: Vec<MarkLine>,
}

/// What is marked and still there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Waste {
    /// How many resources.
    pub resources: usize,
    /// What they cost, as far as that is known.
    pub cents_a_month: u64,
    /// Of how many nobody knows what they cost.
    pub unpriced: usize,
    /// Of which day the prices are.
    pub prices: Option<NaiveDate>,
    /// By type, the dearest first.
    pub types: Vec<WasteOf>,
    /// By owner, the dearest first; `None` is what has none.
    pub owners: Vec<WasteOf>,
}

/// A type's or an owner's waste.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct WasteOf {
    /// The type, or the owner.
    pub name: Option<String>,
    /// How many resources.
    pub resources: usize,
    /// What they cost, as far as that is known.
    pub cents_a_month: u64,
}

/// Whether an event is one of the janitor's that the report is about.
pub(super) fn is_of(event: &Draft, frame: &Frame<'_>) -> bool {
    event.monkey.as_deref() == Some(NAME)
        && frame.has_account(event.account.as_ref())
        && frame.has_owner(event.owner.as_deref())
}

/// Where a resource is, and which it is.
type Place<'f> = (&'f AccountId, Option<&'f Region>, &'f str);

/// The marks, and what was done in the span.
pub(super) fn of(facts: &Facts, frame: &Frame<'_>) -> Janitor {
    let mut lines: BTreeMap<Place<'_>, MarkLine> = BTreeMap::new();
    let mut said: BTreeMap<Said, BTreeSet<Place<'_>>> = BTreeMap::new();
    let mut freed = 0;
    for (earlier, event) in facts.in_order().filter(|(_, event)| is_of(event, frame)) {
        let (Some(account), Some(target)) = (&event.account, &event.target) else { continue };
        let place = (account, event.region.as_ref(), target.as_str());
        let Some(what) = Said::of(event) else { continue };
        if !earlier {
            said.entry(what).or_default().insert(place);
        }
        let line = lines.entry(place).or_insert_with(|| new(event, account, target));
        line.take(what, event);
        if what == Said::Deleted && !earlier {
            freed = line.cents_a_month.unwrap_or_default().saturating_add(freed);
        }
    }
    let count = |what| said.get(&what).map_or(0, BTreeSet::len);
    let mut resources: Vec<MarkLine> = lines.into_values().collect();
    resources.retain(|line| line.ended.is_none_or(|ended| ended >= frame.since));
    resources.sort_by(|a, b| {
        let order = |line: &MarkLine| (!line.is_open(), std::cmp::Reverse(line.cents_a_month));
        order(a).cmp(&order(b)).then_with(|| (a.since, &a.target).cmp(&(b.since, &b.target)))
    });
    Janitor {
        marked: count(Said::Marked),
        announced: count(Said::Announced),
        saved: count(Said::Saved),
        deleted: count(Said::Deleted),
        rehearsed: count(Said::Rehearsed),
        lifted: count(Said::Lifted),
        refused: count(Said::Refused),
        freed_cents_a_month: freed,
        resources,
    }
}

/// What an event says of a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Said {
    Marked,
    Announced,
    Lifted,
    Saved,
    Deleted,
    Rehearsed,
    Refused,
}

impl Said {
    fn of(event: &Draft) -> Option<Self> {
        let done = match event.action.as_deref() {
            Some(DELETE) => Some(Said::Deleted),
            Some(SAVE) => Some(Said::Saved),
            _ => None,
        };
        match event.kind {
            Kind::MarkPlaced => Some(Said::Marked),
            Kind::MarkAnnounced => Some(Said::Announced),
            Kind::MarkLifted => Some(Said::Lifted),
            Kind::ActionDone => done,
            Kind::ActionResolved => match event.outcome.as_deref() {
                Some("done") => done,
                Some("failed") => Some(Said::Refused),
                _ => None,
            },
            Kind::ActionRehearsed if done == Some(Said::Deleted) => Some(Said::Rehearsed),
            Kind::ActionFailed | Kind::ActionRefused => Some(Said::Refused),
            _ => None,
        }
    }
}

fn new(event: &Draft, account: &AccountId, target: &str) -> MarkLine {
    MarkLine {
        target: target.to_owned(),
        rule: None,
        account: account.clone(),
        region: event.region.clone(),
        owner: event.owner.clone(),
        app: event.app.clone(),
        mode: event.mode,
        since: event.at,
        announced: None,
        due: event.due,
        state: MarkState::Marked,
        ended: None,
        saved: false,
        rehearsed: None,
        refused: None,
        cents_a_month: None,
        why: event.why.clone(),
    }
}

impl MarkLine {
    /// Takes in what another event says of it.
    fn take(&mut self, what: Said, event: &Draft) {
        if let Some(cents) = event.counts.get("cents_a_month") {
            self.cents_a_month = Some(*cents);
        }
        match what {
            Said::Marked | Said::Announced => {
                // Marked again after it was used again: a new story. What is gone does not come back.
                if self.ended.is_some() {
                    *self = Self { cents_a_month: self.cents_a_month, ..new(event, &self.account, &self.target) };
                }
                self.mode = event.mode;
                self.rule = event.outcome.clone().or(self.rule.take());
                self.due = event.due.or(self.due);
                if what == Said::Announced {
                    (self.state, self.announced) = (MarkState::Announced, Some(event.at));
                }
                self.why.clone_from(&event.why);
            }
            Said::Lifted => (self.state, self.ended) = (MarkState::Lifted, Some(event.at)),
            Said::Deleted => (self.state, self.ended, self.refused) = (MarkState::Deleted, Some(event.at), None),
            Said::Saved => self.saved = true,
            Said::Rehearsed => self.rehearsed = Some(event.at),
            Said::Refused => self.refused = Some(event.why.clone()),
        }
    }
}

/// What these cost a month, as far as that is known.
pub(super) fn cents<'m>(marks: impl IntoIterator<Item = &'m MarkLine>) -> u64 {
    marks.into_iter().filter_map(|mark| mark.cents_a_month).fold(0, u64::saturating_add)
}

/// What is marked and still there, in dollars.
pub(super) fn waste(janitor: &Janitor, prices: Option<NaiveDate>) -> Waste {
    let open: Vec<&MarkLine> = janitor.resources.iter().filter(|line| line.is_open()).collect();
    let by = |name: fn(&MarkLine) -> Option<&str>| {
        let mut groups: BTreeMap<Option<&str>, WasteOf> = BTreeMap::new();
        for line in &open {
            let of = groups.entry(name(line)).or_default();
            of.name = name(line).map(str::to_owned);
            of.resources += 1;
            of.cents_a_month = of.cents_a_month.saturating_add(line.cents_a_month.unwrap_or_default());
        }
        let mut groups: Vec<WasteOf> = groups.into_values().collect();
        groups.sort_by_key(|of| std::cmp::Reverse((of.cents_a_month, of.resources)));
        groups
    };
    Waste {
        resources: open.len(),
        cents_a_month: cents(open.iter().copied()),
        unpriced: open.iter().filter(|line| line.cents_a_month.is_none()).count(),
        prices,
        types: by(|line| Some(line.kind())),
        owners: by(|line| line.owner.as_deref()),
    }
}
