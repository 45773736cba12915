//! What to do about it: the page that a consultant would hand over.
//!
//! Findings are put together by rule, marks by rule and type, and what the monkeys learned by what it asks of people. The
//! order is a pure function of what is found: the graver first, then what concerns more resources, then what costs more.

mod evidence;

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde::Serialize;

use super::janitor::cents;
use super::text::{dollars, grouped, many, plural, words};
use super::{FindingLine, Frame, MarkLine, Part, Recovery, Report, Severity};
use evidence::Evidence;

/// What costs so much a month is worth a person's morning, and what costs so much a person's week: then waste is more
/// than untidiness. In cents.
const MEDIUM_CENTS: u64 = 50_000;
const HIGH_CENTS: u64 = 500_000;

/// A recommendation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Advice {
    /// How bad it is.
    pub severity: Severity,
    /// The rule behind it, where there is one.
    pub rule: Option<String>,
    /// What to do, in a line.
    pub what: String,
    /// Why anybody should care, where the rule says it.
    pub why: Option<String>,
    /// How many resources show it, and whose.
    pub evidence: String,
    /// How many resources.
    pub resources: usize,
    /// Some of them.
    pub examples: Vec<String>,
    /// What it costs, where that is known.
    pub cents_a_month: Option<u64>,
    /// How it is mended.
    pub remedy: String,
}

/// All of it, ranked.
pub(super) fn of(report: &Report, frame: &Frame<'_>) -> Vec<Advice> {
    let mut advice = broken_rules(&report.findings, frame);
    advice.extend(waste(&report.janitor.resources, frame));
    advice.extend(not_in_time(&report.parts));
    advice.extend(refused(&report.janitor.resources));
    advice.extend(blind(report));
    rank(&mut advice);
    advice
}

/// The graver first, then what concerns more resources, then what costs more; what is equal by the alphabet.
fn rank(advice: &mut [Advice]) {
    advice.sort_by(|a, b| {
        let order = |it: &Advice| (Reverse(it.severity), Reverse(it.resources), Reverse(it.cents_a_month));
        order(a).cmp(&order(b)).then_with(|| a.what.cmp(&b.what))
    });
}

/// Open findings, a rule each. A rule is as bad as the worst that it found.
fn broken_rules(findings: &[FindingLine], frame: &Frame<'_>) -> Vec<Advice> {
    let mut rules: BTreeMap<&str, Vec<&FindingLine>> = BTreeMap::new();
    for finding in findings.iter().filter(|finding| finding.closed.is_none()) {
        rules.entry(finding.rule.as_deref().unwrap_or_default()).or_default().push(finding);
    }
    let advice = rules.into_iter().map(|(rule, findings)| {
        let text = frame.rules.get(rule);
        let named = if rule.is_empty() { "what has no rule" } else { rule };
        let evidence = Evidence::of(findings.iter().map(|finding| {
            let place = (finding.account.as_ref(), finding.region.as_ref());
            (place, finding.group.as_deref().unwrap_or(&finding.id), finding.owner.as_deref())
        }));
        let worst = findings.iter().max_by_key(|finding| finding.severity);
        Advice {
            severity: worst.map(|finding| finding.severity).unwrap_or_default(),
            rule: Some(rule.to_owned()).filter(|rule| !rule.is_empty()),
            what: text.map_or_else(|| format!("Look into {}", words(named)), |text| text.title.clone()),
            why: text.map(|text| text.why_it_matters.clone()),
            evidence: evidence.sentence("resource"),
            resources: evidence.resources(),
            examples: evidence.examples(),
            cents_a_month: None,
            remedy: text.map_or_else(
                || worst.map(|finding| finding.why.clone()).unwrap_or_default(),
                |text| text.remedy.clone(),
            ),
        }
    });
    advice.collect()
}

/// What is marked and still there, a rule each.
fn waste(marks: &[MarkLine], frame: &Frame<'_>) -> Vec<Advice> {
    let mut rules: BTreeMap<&str, Vec<&MarkLine>> = BTreeMap::new();
    for mark in marks.iter().filter(|mark| mark.is_open()) {
        rules.entry(mark.rule.as_deref().unwrap_or_else(|| mark.kind())).or_default().push(mark);
    }
    let advice = rules.into_iter().map(|(rule, marks)| {
        let text = frame.rules.get(rule);
        let evidence = Evidence::of(marks.iter().map(|mark| {
            let place = (Some(&mark.account), mark.region.as_ref());
            (place, mark.target.as_str(), mark.owner.as_deref())
        }));
        let cents = cents(marks.iter().copied());
        let n = evidence.resources();
        let noun = if n == 1 { words(rule) } else { plural(&words(rule)) };
        let money = if cents > 0 { format!(": {} a month", dollars(cents)) } else { String::new() };
        let by_cost = match cents {
            HIGH_CENTS.. => Severity::High,
            MEDIUM_CENTS.. => Severity::Medium,
            _ => Severity::Low,
        };
        Advice {
            severity: text.map_or(by_cost, |text| text.severity.max(by_cost)),
            rule: mark_rule(&marks),
            what: format!("Delete {} {noun}{money}", grouped(n as u64)),
            why: text.map(|text| text.why_it_matters.clone()),
            evidence: evidence.sentence("resource"),
            resources: n,
            examples: evidence.examples(),
            cents_a_month: Some(cents).filter(|cents| *cents > 0),
            remedy: text.map_or_else(
                || "Delete them, or name their type in the list of what the janitor may delete. What is to stay gets a \
                    simian:keep tag."
                    .to_owned(),
                |text| text.remedy.clone(),
            ),
        }
    });
    advice.collect()
}

fn mark_rule(marks: &[&MarkLine]) -> Option<String> {
    marks.iter().find_map(|mark| mark.rule.clone())
}

/// Units that were hit and were not back in time: what chaos is for.
fn not_in_time(parts: &[Part]) -> Option<Advice> {
    let late = |recovery: Recovery| matches!(recovery, Recovery::NotInTime | Recovery::Recovered { late: true, .. });
    let units = parts.iter().flat_map(|part| {
        let units = part.owners.iter().flat_map(|owner| owner.units.iter().map(move |unit| (owner, unit)));
        units.map(move |(owner, unit)| (part, owner, unit))
    });
    let late =
        units.filter(|(_, _, unit)| unit.groups.iter().flat_map(|group| &group.turns).any(|turn| late(turn.recovery)));
    let evidence = Evidence::of(late.map(|(part, owner, unit)| {
        ((Some(&part.account), unit.region.as_ref()), unit.unit.as_str(), owner.owner.as_deref())
    }));
    let n = evidence.resources();
    (n > 0).then(|| Advice {
        severity: Severity::High,
        rule: None,
        what: format!("Find out why {} {} not back in time", many(n, "unit"), if n == 1 { "was" } else { "were" }),
        why: Some("They lost an instance on purpose; the next host that fails asks nobody first.".to_owned()),
        evidence: evidence.sentence("unit"),
        resources: n,
        examples: evidence.examples(),
        cents_a_month: None,
        remedy:
            "Look at how long their instances take to boot and to pass the health check, and whether the group could \
                 launch at all."
                .to_owned(),
    })
}

/// What the janitor may not do.
fn refused(marks: &[MarkLine]) -> Option<Advice> {
    let refused: Vec<&MarkLine> = marks.iter().filter(|mark| mark.is_open() && mark.refused.is_some()).collect();
    let evidence = Evidence::of(refused.iter().map(|mark| {
        let place = (Some(&mark.account), mark.region.as_ref());
        (place, mark.target.as_str(), mark.owner.as_deref())
    }));
    let n = evidence.resources();
    (n > 0).then(|| Advice {
        severity: Severity::Medium,
        rule: None,
        what: format!("Let the janitor finish: {} could not be deleted or saved", many(n, "resource")),
        why: None,
        evidence: evidence.sentence("resource"),
        resources: n,
        examples: evidence.examples(),
        cents_a_month: Some(cents(refused.iter().copied())).filter(|cents| *cents > 0),
        remedy: refused.first().and_then(|mark| mark.refused.clone()).unwrap_or_default(),
    })
}

/// Regions that could not be seen: of them the report knows nothing.
fn blind(report: &Report) -> Option<Advice> {
    let blind: Vec<_> = report.rounds.iter().filter(|scope| scope.blind > 0).collect();
    let evidence = Evidence::of(blind.iter().map(|scope| {
        let region = scope.region.as_ref().map_or("every region", |region| region.as_str());
        ((scope.account.as_ref(), scope.region.as_ref()), region, None)
    }));
    let n = evidence.resources();
    let (missed, all) = blind.iter().fold((0, 0), |(missed, all), scope| (missed + scope.blind, all + scope.rounds));
    (n > 0).then(|| Advice {
        severity: Severity::Medium,
        rule: None,
        what: format!("Let simian see {}", many(n, "region")),
        why: Some("What it cannot see it neither touches nor reports.".to_owned()),
        evidence: format!("{missed} of {} were blind", many(all, "round")),
        resources: n,
        examples: evidence.examples(),
        cents_a_month: None,
        remedy: blind.first().and_then(|scope| scope.why.clone()).unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn advice(severity: Severity, resources: usize, cents: u64, what: &str) -> Advice {
        Advice {
            severity,
            rule: None,
            what: what.to_owned(),
            why: None,
            evidence: String::new(),
            resources,
            examples: Vec::new(),
            cents_a_month: Some(cents).filter(|cents| *cents > 0),
            remedy: String::new(),
        }
    }

    #[test]
    fn the_graver_comes_first_then_the_more_frequent_then_the_dearer() {
        use Severity::{Critical, High, Low};
        let mut all = vec![
            advice(Low, 900, 0, "frequent and harmless"),
            advice(High, 2, 0, "b"),
            advice(High, 2, 0, "a"),
            advice(High, 2, 5, "dear"),
            advice(High, 3, 0, "more"),
            advice(Critical, 1, 0, "fire"),
            advice(Low, 900, 1, "frequent and dear"),
        ];
        let ranked = ["fire", "more", "dear", "a", "b", "frequent and dear", "frequent and harmless"];
        for turn in 0..all.len() {
            all.rotate_left(turn);
            rank(&mut all);
            assert_eq!(all.iter().map(|it| it.what.as_str()).collect::<Vec<_>>(), ranked);
        }
    }
}
