//! The whole in a few sentences: what a manager reads.

use simian_core::Mode;

use super::markdown::code;
use super::text::{dollars, many, seconds};
use super::{Hold, Janitor, Part, Report};

/// What kind of story a report tells: by the parts that there are, and where nothing happened, by what might have.
pub(super) fn headline(report: &Report) -> &'static str {
    let acted = report.parts.iter().map(|part| part.mode);
    let marked = report.janitor.resources.iter().map(|line| line.mode);
    let mut told: Vec<Mode> = acted.chain(marked).collect();
    if told.is_empty() {
        told.extend(report.accounts.iter().filter_map(|account| account.mode));
    }
    match (told.contains(&Mode::Live), told.contains(&Mode::DryRun)) {
        (true, true) => "What was done, and what would have been",
        (false, true) => "What would have happened",
        _ => "What was done",
    }
}

/// The sentences, in Markdown that reads as plain text too.
pub(super) fn of(report: &Report) -> String {
    let mut sentences: Vec<String> = report.parts.iter().map(part).collect();
    if sentences.is_empty() {
        sentences.push("Nothing was due: nothing was done, and nothing rehearsed.".to_owned());
    }
    let open = report.findings.iter().filter(|finding| finding.closed.is_none()).count();
    let closed = report.findings.len() - open;
    if open > 0 {
        sentences.push(format!("{} {} open for owners to mend.", many(open, "finding"), is(open)));
    }
    if closed > 0 {
        sentences.push(format!("{} {} mended.", many(closed, "finding"), was(closed)));
    }
    sentences.extend(janitor(report));
    let pulled = report.pauses.iter().filter(|pause| pause.paused).count();
    if pulled > 0 {
        let still = report.pauses.last().is_some_and(|pause| pause.paused && pause.until.is_none());
        let end = if still { ", and was not lifted" } else { "" };
        let times = if pulled == 1 { "once".to_owned() } else { many(pulled, "time") };
        sentences.push(format!("The kill switch was pulled {times}{end}."));
    }
    let blind: usize = report.rounds.iter().map(|scope| scope.blind).sum();
    let rounds: usize = report.rounds.iter().map(|scope| scope.rounds).sum();
    if blind > 0 {
        sentences.push(format!("Of {}, {blind} could not see their groups.", many(rounds, "round")));
    }
    sentences.join(" ")
}

/// What nobody uses, and what was done about it.
fn janitor(report: &Report) -> Vec<String> {
    let Janitor { marked, announced, deleted, rehearsed, lifted, refused, freed_cents_a_month, .. } = report.janitor;
    let clauses: Vec<String> = [
        (marked, "marked"),
        (announced, "announced to their owners"),
        (deleted, "deleted"),
        (lifted, "spared after all"),
    ]
    .into_iter()
    .filter(|(n, _)| *n > 0)
    .map(|(n, what)| format!("{n} {what}"))
    .collect();
    let mut sentences = Vec::new();
    if !clauses.is_empty() {
        let freed = match freed_cents_a_month {
            0 => String::new(),
            cents => format!(", which saves {} a month", dollars(cents)),
        };
        sentences.push(format!("Of what nobody uses: {}{freed}.", clauses.join(", ")));
    }
    if rehearsed > 0 {
        sentences.push(format!("{} would have been deleted.", many(rehearsed, "resource")));
    }
    if refused > 0 {
        sentences.push(format!("{} could not be deleted or saved.", many(refused, "resource")));
    }
    let waste = &report.waste;
    if waste.cents_a_month > 0 {
        let (what, costs) =
            (many(waste.resources, "marked resource"), if waste.resources == 1 { "costs" } else { "cost" });
        sentences.push(format!("{what} {costs} {} a month.", dollars(waste.cents_a_month)));
    }
    sentences
}

fn part(part: &Part) -> String {
    let totals = &part.totals;
    let hit = part.owners.iter().flat_map(|owner| &owner.units).filter(|unit| unit.totals.acted > 0).count();
    let would = match (part.mode, totals.instances) {
        (Mode::Live, 1) => "was",
        (Mode::Live, _) => "were",
        (Mode::DryRun, _) => "would have been",
    };
    let first = if totals.instances == 0 {
        format!("In {}, nothing {} hit", part.name, if part.mode == Mode::Live { "was" } else { would })
    } else {
        format!("In {}, {} of {} {would} hit", part.name, many(totals.instances, "instance"), many(hit, "unit"))
    };
    let mut clauses = vec![first];
    let recovery = &totals.recovery;
    if let (Some(median), Some(worst)) = (recovery.median_seconds, recovery.worst_seconds) {
        let slowest = if worst > median { format!(", at worst after {}", seconds(worst)) } else { String::new() };
        clauses.push(format!("units were typically back after {}{slowest}", seconds(median)));
    }
    if recovery.not_in_time > 0 {
        clauses.push(format!("{} not back in time", were(recovery.not_in_time, "unit")));
    }
    if totals.not_done > 0 {
        clauses.push(format!("{} tried in vain", were(totals.not_done, "action")));
    }
    if totals.unknown > 0 {
        clauses.push(format!("nobody knows how {} ended", many(totals.unknown, "action")));
    }
    if totals.held > 0 {
        // The rail that kept most of them away; those that it only delayed are not among them.
        let kept = |hold: &&Hold| hold.turns - hold.acted_later;
        let most = part.holds.iter().max_by_key(kept).filter(|hold| kept(hold) > 0);
        let most = most.map_or_else(String::new, |hold| format!(", {} of them by {}", kept(&hold), code(&hold.rail)));
        clauses.push(format!("{} held and not acted on{most}", were(totals.held, "turn")));
    }
    if totals.missed > 0 {
        clauses.push(format!("{} missed", were(totals.missed, "planned turn")));
    }
    clauses.join("; ") + "."
}

fn were(n: usize, what: &str) -> String {
    format!("{} {}", many(n, what), was(n))
}

fn was(n: usize) -> &'static str {
    if n == 1 { "was" } else { "were" }
}

fn is(n: usize) -> &'static str {
    if n == 1 { "is" } else { "are" }
}
