//! A day in an owner's words: an event for each owner who has news, so that every sink can tell it.
//!
//! What may not happen here: a word to whoever has no news, and a text that is longer than a message may be.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use simian_core::{Draft, Kind, Mode};

use super::janitor::cents;
use super::text::{cut, dollars, many, seconds, seen, time};
use super::{FindingLine, MarkLine, MarkState, Recovery, Report, Severity, Turn};

/// The longest text, in bytes: a message of this size passes every pager.
const MOST: usize = 2_048;

/// The longest line of it, in characters.
const LINE: usize = 200;

/// How many of a list are named.
const NAMED: usize = 3;

/// One owner's day.
#[derive(Default)]
struct Day<'r> {
    turns: Vec<(Mode, &'r str, &'r Turn)>,
    findings: Vec<&'r FindingLine>,
    marks: Vec<&'r MarkLine>,
}

/// The digests of a day's report, told at that time: one for each owner who has news. What has no owner has no reader.
pub fn digests(report: &Report, date: NaiveDate, at: DateTime<Utc>, zone: Tz) -> Vec<Draft> {
    let mut days: BTreeMap<&str, Day<'_>> = BTreeMap::new();
    for part in &report.parts {
        for owner in &part.owners {
            let Some(name) = owner.owner.as_deref() else { continue };
            let turns = owner.units.iter().flat_map(|unit| {
                let turns = unit.groups.iter().flat_map(|group| &group.turns);
                turns.map(move |turn| (part.mode, unit.unit.as_str(), turn))
            });
            days.entry(name).or_default().turns.extend(turns);
        }
    }
    for finding in &report.findings {
        if let Some(name) = finding.owner.as_deref() {
            days.entry(name).or_default().findings.push(finding);
        }
    }
    for mark in &report.janitor.resources {
        if let Some(name) = mark.owner.as_deref() {
            days.entry(name).or_default().marks.push(mark);
        }
    }
    let telling = Telling { since: report.since, zone };
    let mode = report.accounts.iter().filter_map(|account| account.mode).max().unwrap_or_default();
    let digest = |(owner, day): (&str, Day<'_>)| {
        let figures = telling.figures(&day);
        figures.is_news().then(|| Draft {
            owner: Some(owner.to_owned()),
            key: Some(format!("digest/{date}/{owner}")),
            counts: figures.counts(),
            ..Draft::new(at, Kind::DigestPublished, day.mode().unwrap_or(mode), telling.text(&day, &figures))
        })
    };
    days.into_iter().filter_map(digest).collect()
}

/// A day in figures.
struct Figures {
    acted: usize,
    rehearsed: usize,
    findings_opened: usize,
    findings_open: usize,
    marks: usize,
    announced: usize,
    cents_a_month: u64,
}

impl Figures {
    fn is_news(&self) -> bool {
        self.acted + self.rehearsed + self.findings_opened + self.marks + self.announced > 0
    }

    fn counts(&self) -> BTreeMap<String, u64> {
        let all = [
            ("acted", self.acted as u64),
            ("rehearsed", self.rehearsed as u64),
            ("findings_opened", self.findings_opened as u64),
            ("findings_open", self.findings_open as u64),
            ("marks", self.marks as u64),
            ("announced", self.announced as u64),
            ("cents_a_month", self.cents_a_month),
        ];
        all.into_iter().map(|(name, n)| (name.to_owned(), n)).collect()
    }
}

impl Day<'_> {
    /// For real, if anything of it is.
    fn mode(&self) -> Option<Mode> {
        self.turns.iter().map(|(mode, ..)| *mode).chain(self.marks.iter().map(|mark| mark.mode)).max()
    }

    fn open(&self) -> impl Iterator<Item = &FindingLine> {
        self.findings.iter().copied().filter(|finding| finding.closed.is_none())
    }
}

/// What news are, and in whose zone they are told.
struct Telling {
    since: DateTime<Utc>,
    zone: Tz,
}

impl Telling {
    fn figures(&self, day: &Day<'_>) -> Figures {
        let turns = |mode| day.turns.iter().filter(move |(of, _, turn)| *of == mode && turn.end.acted()).count();
        let news = |at: Option<DateTime<Utc>>| at.is_some_and(|at| at >= self.since);
        let deleted = day.marks.iter().filter(|mark| mark.state == MarkState::Deleted).count();
        let marks = |at: fn(&MarkLine) -> Option<DateTime<Utc>>| day.marks.iter().filter(|mark| news(at(mark))).count();
        Figures {
            acted: turns(Mode::Live) + deleted,
            rehearsed: turns(Mode::DryRun) + marks(|mark| mark.rehearsed),
            findings_opened: day.findings.iter().filter(|finding| news(Some(finding.opened))).count(),
            findings_open: day.open().count(),
            marks: marks(|mark| Some(mark.since)),
            announced: marks(|mark| mark.announced),
            cents_a_month: cents(day.marks.iter().copied().filter(|mark| mark.is_open())),
        }
    }

    fn text(&self, day: &Day<'_>, figures: &Figures) -> String {
        let mut lines = Vec::new();
        for (mode, did) in [(Mode::Live, "was hit"), (Mode::DryRun, "would have been hit")] {
            let turns = day.turns.iter().filter(|(of, _, turn)| *of == mode && turn.end.acted());
            lines.extend(turns.take(NAMED).map(|(_, unit, turn)| format!("{unit} {did}{}", back(turn))));
            let n = day.turns.iter().filter(|(of, _, turn)| *of == mode && turn.end.acted()).count();
            if n > NAMED {
                lines.push(format!("and {} more {did}", n - NAMED));
            }
        }
        lines.extend(self.marks(day, figures));
        lines.extend(self.findings(day, figures));
        bounded(&lines)
    }

    fn marks(&self, day: &Day<'_>, figures: &Figures) -> Vec<String> {
        let mut lines = Vec::new();
        let deleted: Vec<&str> =
            day.marks.iter().filter(|mark| mark.state == MarkState::Deleted).map(|mark| mark.target.as_str()).collect();
        if !deleted.is_empty() {
            lines.push(format!("deleted: {}", named(&deleted)));
        }
        let mut announced: Vec<&MarkLine> =
            day.marks.iter().copied().filter(|mark| mark.announced.is_some_and(|at| at >= self.since)).collect();
        announced.sort_by_key(|mark| mark.due);
        lines.extend(announced.iter().filter(|mark| mark.is_open()).take(NAMED).map(|mark| {
            let due = mark.due.map_or_else(|| "soon".to_owned(), |due| time(due, self.zone));
            format!("{} may be deleted from {due}: {}", mark.target, mark.why)
        }));
        if announced.len() > NAMED {
            lines.push(format!("and {} more announced", announced.len() - NAMED));
        }
        if figures.marks > 0 {
            lines.push(format!("{} newly marked as unused", many(figures.marks, "resource")));
        }
        if figures.cents_a_month > 0 {
            lines.push(format!("what is marked costs {} a month", dollars(figures.cents_a_month)));
        }
        lines
    }

    fn findings(&self, day: &Day<'_>, figures: &Figures) -> Vec<String> {
        let mut lines = Vec::new();
        if figures.findings_open > 0 {
            let grave = day.open().filter(|finding| finding.severity >= Severity::High).count();
            let grave = if grave > 0 { format!(", {grave} of them high or critical") } else { String::new() };
            let open = many(figures.findings_open, "open finding");
            lines.push(format!("{open}, {} new{grave}", figures.findings_opened));
        }
        let mut new: Vec<&FindingLine> = day.open().filter(|finding| finding.opened >= self.since).collect();
        new.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        lines.extend(new.iter().take(NAMED).map(|finding| {
            let subject = finding.group.as_deref().unwrap_or(&finding.id);
            format!("{}: {subject}: {}", finding.severity.as_str(), finding.why)
        }));
        lines
    }
}

/// What became of a unit, if that is known.
fn back(turn: &Turn) -> String {
    match turn.recovery {
        Recovery::Recovered { seconds: took, late } => {
            format!(", and was back after {}{}", seconds(took), if late { ", late" } else { "" })
        }
        Recovery::NotInTime => ", and was not back in time".to_owned(),
        Recovery::Watched => ", and is still watched".to_owned(),
        Recovery::None | Recovery::NotMeasured => String::new(),
    }
}

/// Some names, and how many more there are.
fn named(names: &[&str]) -> String {
    let some = names.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(NAMED) {
        0 => some,
        more => format!("{some} and {more} more"),
    }
}

/// As many whole lines as fit. What tags and rules say is one line of characters that are seen.
fn bounded(lines: &[String]) -> String {
    let mut out = String::new();
    for line in lines {
        let line = cut(&seen(line), LINE);
        if out.len() + 1 + line.len() > MOST {
            break;
        }
        if !out.is_empty() {
            out.push('\n');
        }
        out += &line;
    }
    out
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::report::tests::{calendar, frame, monday, rich};
    use crate::report::{Facts, Frame, sample};

    /// The digests of the days from one to another of the week of everything.
    fn digests_of(facts: &Facts, from: i64, until: i64) -> Vec<Draft> {
        let calendar = calendar();
        let (since, until) = (monday() + TimeDelta::days(from), monday() + TimeDelta::days(until));
        let (before, later) = facts.events.iter().cloned().partition::<Vec<_>, _>(|event| event.at < since);
        let facts = Facts {
            before: facts.before.iter().cloned().chain(before).collect(),
            events: later.into_iter().filter(|event| event.at < until).collect(),
            claims: facts.claims.clone(),
        };
        let report = Report::of(&facts, &Frame { since, until, ..frame(&calendar) });
        digests(&report, until.date_naive(), until + TimeDelta::hours(6), chrono_tz::UTC)
    }

    fn everything() -> Facts {
        let mut facts = rich();
        sample::enrich(&mut facts, monday());
        facts
    }

    #[test]
    fn a_day_of_units_in_an_owners_words() {
        let digests = digests_of(&rich(), 0, 1);
        let ann = digests.iter().find(|digest| digest.owner.as_deref() == Some("ann")).unwrap();
        assert_eq!(ann.key.as_deref(), Some("digest/2026-11-24/ann"));
        assert_eq!(
            (ann.kind, ann.mode, ann.counts["acted"], ann.counts["rehearsed"]),
            (Kind::DigestPublished, Mode::Live, 1, 1)
        );
        insta::assert_snapshot!(ann.why, @r"
        cluster:shop was hit, and was back after 3m 30s
        cluster:cart would have been hit
        1 open finding, 0 new
        ");
    }

    #[test]
    fn a_day_of_marks_and_findings_in_an_owners_words() {
        let digests = digests_of(&everything(), 2, 5);
        let storefront = digests.iter().find(|digest| digest.owner.as_deref() == Some("storefront")).unwrap();
        insta::assert_snapshot!(serde_json::to_string(&storefront.counts).unwrap(), @r#"{"acted":1,"announced":8,"cents_a_month":26988,"findings_open":11,"findings_opened":0,"marks":0,"rehearsed":0}"#);
        insta::assert_snapshot!(storefront.why, @r"
        deleted: volume/vol-0000000000017522f
        volume/vol-0000000000014c894 may be deleted from Wed 2026-12-02 09:00: nothing has used it for 41 days
        volume/vol-0000000000006677b may be deleted from Wed 2026-12-02 09:00: nothing has used it for 41 days
        volume/vol-00000000000074004 may be deleted from Wed 2026-12-02 09:00: nothing has used it for 41 days
        and 5 more announced
        what is marked costs $270 a month
        11 open findings, 0 new, 3 of them high or critical
        ");
    }

    #[test]
    fn whoever_has_no_news_and_what_has_no_owner_is_not_told() {
        assert_eq!(digests_of(&rich(), 5, 6), [], "what is open since long is no news");
        let mut facts = everything();
        facts.events.iter_mut().chain(&mut facts.before).for_each(|event| event.owner = None);
        assert_eq!(digests_of(&facts, 0, 7), []);
    }

    #[test]
    fn a_digest_is_short_and_one_line_each_whatever_is_in_it() {
        let mut facts = everything();
        for event in &mut facts.events {
            event.why = format!("{}\n\u{202e}", "ä".repeat(5_000));
            event.unit = event.unit.take().map(|unit| unit + &"x".repeat(5_000));
        }
        let digests = digests_of(&facts, 0, 7);
        assert!(!digests.is_empty());
        for digest in digests {
            assert!(digest.why.len() <= MOST && !digest.why.contains('\u{202e}'), "{}", digest.why);
            assert!(digest.why.lines().all(|line| line.chars().count() <= LINE));
        }
    }
}
