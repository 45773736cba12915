//! What owners should mend, or have mended.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use simian_core::{AccountId, Kind, Region};

use super::{Facts, Frame, Severity};

/// Something that an owner should mend.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FindingLine {
    /// What makes it the same one.
    pub id: String,
    /// The monkey whose rule found it.
    pub monkey: Option<String>,
    /// The rule that found it.
    pub rule: Option<String>,
    /// How bad it is.
    pub severity: Severity,
    /// The account.
    pub account: Option<AccountId>,
    /// The region.
    pub region: Option<Region>,
    /// In which group or resource.
    pub group: Option<String>,
    /// Whose.
    pub owner: Option<String>,
    /// Of which app.
    pub app: Option<String>,
    /// When it was opened; it may be long ago.
    pub opened: DateTime<Utc>,
    /// When it was closed; `None` while it is open.
    pub closed: Option<DateTime<Utc>>,
    /// What is wrong and how to mend it.
    pub why: String,
}

/// One owner's findings in figures.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FindingsOf {
    /// By the owner tag; `None` where there is none.
    pub owner: Option<String>,
    /// Open ones that are critical.
    pub critical: usize,
    /// Open ones that are high.
    pub high: usize,
    /// Open ones that are medium.
    pub medium: usize,
    /// Open ones that are low.
    pub low: usize,
    /// Those that were closed meanwhile.
    pub closed: usize,
}

impl FindingsOf {
    /// The open ones, the gravest first, in the order of [`Severity::GRAVEST_FIRST`].
    pub fn open(&self) -> [usize; 4] {
        [self.critical, self.high, self.medium, self.low]
    }
}

/// Findings that were open at some time of the report.
pub(super) fn of(facts: &Facts, frame: &Frame<'_>) -> Vec<FindingLine> {
    let mut lines: Vec<FindingLine> = Vec::new();
    // Where the open one of an id stands: there may be many, and each is looked for by its end.
    let mut open: BTreeMap<String, usize> = BTreeMap::new();
    for (earlier, event) in facts.in_order() {
        let id = event.key.clone().unwrap_or_default();
        match event.kind {
            Kind::FindingOpened => {
                let rule = event.outcome.as_deref().and_then(|rule| frame.rules.get(rule));
                let counted = event.counts.get("severity").copied();
                let severity = match (counted, rule) {
                    (None, Some(rule)) => rule.severity,
                    _ => Severity::of_weight(counted),
                };
                open.insert(id.clone(), lines.len());
                lines.push(FindingLine {
                    id,
                    monkey: event.monkey.clone(),
                    rule: event.outcome.clone(),
                    severity,
                    account: event.account.clone(),
                    region: event.region.clone(),
                    group: event.group.clone(),
                    owner: event.owner.clone(),
                    app: event.app.clone(),
                    opened: event.at,
                    closed: None,
                    why: event.why.clone(),
                });
            }
            Kind::FindingClosed => {
                if let Some(line) = open.remove(&id).and_then(|place| lines.get_mut(place)) {
                    line.closed = Some(if earlier { DateTime::<Utc>::MIN_UTC } else { event.at });
                }
            }
            _ => {}
        }
    }
    // What was closed before is no longer news.
    lines.retain(|line| {
        line.closed != Some(DateTime::<Utc>::MIN_UTC)
            && frame.has_account(line.account.as_ref())
            && frame.has_owner(line.owner.as_deref())
    });
    lines.sort_by(|a, b| {
        let order = |line: &FindingLine| (line.owner.is_none(), line.owner.clone(), line.opened, line.id.clone());
        order(a).cmp(&order(b))
    });
    lines
}

/// The same in figures, whoever has the gravest first.
pub(super) fn by_owner(lines: &[FindingLine]) -> Vec<FindingsOf> {
    let mut owners: BTreeMap<Option<&str>, FindingsOf> = BTreeMap::new();
    for line in lines {
        let figures = owners.entry(line.owner.as_deref()).or_default();
        figures.owner.clone_from(&line.owner);
        *match (line.closed, line.severity) {
            (Some(_), _) => &mut figures.closed,
            (None, Severity::Critical) => &mut figures.critical,
            (None, Severity::High) => &mut figures.high,
            (None, Severity::Medium) => &mut figures.medium,
            (None, Severity::Low) => &mut figures.low,
        } += 1;
    }
    let mut owners: Vec<FindingsOf> = owners.into_values().collect();
    owners.sort_by(|a, b| b.open().cmp(&a.open()).then_with(|| a.owner.cmp(&b.owner)));
    owners
}
