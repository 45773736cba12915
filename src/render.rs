//! What a person sees: events as lines, judgements as tables. JSON is not made here: it is the events' own.
//!
//! A tag's value may hold line ends and escape codes, and so may the reason of a pause. What may not happen here: one
//! that moves anybody's terminal, or makes a line of its own.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use comfy_table::{ContentArrangement, Table, presets};
use simian_core::{Draft, Judged, JudgedChore, Kind, Mode, Target};

/// A text of somebody else on one line, without what steers a terminal.
pub fn plain(text: &str) -> Cow<'_, str> {
    if text.contains(char::is_control) {
        let shown = |c: char| match c {
            '\n' | '\r' | '\t' => ' ',
            c if c.is_control() => char::REPLACEMENT_CHARACTER,
            c => c,
        };
        text.chars().map(shown).collect::<String>().into()
    } else {
        text.into()
    }
}

/// The same for a text of several lines.
pub fn plain_lines(text: &str) -> String {
    text.lines().map(plain).collect::<Vec<_>>().join("\n")
}

/// A table with a header, as wide as the terminal.
pub fn table(header: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic).set_header(header.to_vec());
    for row in rows {
        table.add_row(row.iter().map(|cell| plain(cell)));
    }
    let text = table.to_string();
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

/// A time for eyes, in the calendar's zone.
pub fn time(at: DateTime<Utc>, zone: Tz) -> String {
    at.with_timezone(&zone).format("%a %m-%d %H:%M:%S").to_string()
}

/// A minute for eyes, with its date, in the calendar's zone.
pub fn day_time(at: DateTime<Utc>, zone: Tz) -> String {
    at.with_timezone(&zone).format("%a %Y-%m-%d %H:%M").to_string()
}

/// One event as one line; `None` for those that only machines want.
pub fn line(event: &Draft, zone: Tz, colour: bool) -> Option<String> {
    let (word, paint) = match event.kind {
        Kind::RoundClosed if event.why.is_empty() => return None,
        Kind::RoundClosed if event.counts.contains_key("groups") => ("doubted", YELLOW),
        Kind::RoundClosed => ("blind", RED),
        Kind::RoundMissed => ("no round", RED),
        Kind::DaemonStarted => ("started", PLAIN),
        Kind::DaemonStopped => ("stopped", PLAIN),
        Kind::DaemonPaused => ("PAUSED", YELLOW),
        Kind::DaemonResumed => ("resumed", GREEN),
        Kind::PlanPublished => ("plan", BOLD),
        Kind::ActionPlanned => ("planned", PLAIN),
        Kind::ActionVetoed => ("vetoed", YELLOW),
        Kind::ActionHeld => ("held", YELLOW),
        Kind::ActionRehearsed => ("rehearsed", BLUE),
        Kind::ConfigRejected => ("REFUSED", RED),
        Kind::ConfigLoaded
        | Kind::ActionIntended
        | Kind::ActionRenewed
        | Kind::ScorePublished
        | Kind::DigestPublished => return None,
        Kind::ActionDone => ("DONE", RED),
        Kind::ActionFailed => ("failed", RED),
        Kind::ActionRefused => ("refused", RED),
        Kind::ActionAbandoned => ("abandoned", YELLOW),
        Kind::ActionResolved => ("resolved", BLUE),
        Kind::ActionMissed => ("missed", YELLOW),
        Kind::ActionUndone => ("undone", GREEN),
        Kind::ActionRecovered => ("recovered", GREEN),
        Kind::ActionUnrecovered => ("NOT BACK", RED),
        Kind::BreakerTripped => ("TRIPPED", RED),
        Kind::FleetChanged => ("fleet", BLUE),
        Kind::FindingOpened => ("finding", YELLOW),
        Kind::FindingClosed => ("mended", GREEN),
        Kind::MarkPlaced => ("marked", YELLOW),
        Kind::MarkAnnounced => ("announced", YELLOW),
        Kind::MarkLifted => ("unmarked", GREEN),
        Kind::LedgerCompacted => ("compacted", PLAIN),
    };
    let place = match (&event.unit, &event.group, &event.region) {
        (Some(unit), _, Some(region)) => format!("{unit} ({region})"),
        (None, Some(group), Some(region)) => format!("{group} ({region})"),
        (_, _, Some(region)) => region.to_string(),
        _ => event.account.as_ref().map_or_else(|| "simian".to_owned(), ToString::to_string),
    };
    let (on, off) = if colour { (paint, "\x1b[0m") } else { ("", "") };
    let said = format!("{place}: {}", detail(event, zone));
    Some(format!("{}  {on}{word:<10}{off} {}", time(event.at, zone), plain(&said)))
}

const PLAIN: &str = "";
const BOLD: &str = "\x1b[1m";
const RED: &str = "\x1b[31m";
const GREEN: &str = "\x1b[32m";
const YELLOW: &str = "\x1b[33m";
const BLUE: &str = "\x1b[34m";

fn detail(event: &Draft, zone: Tz) -> String {
    let action = event.action.as_deref().unwrap_or("act");
    let target = event.target.as_deref().unwrap_or("nobody");
    let at = |due: Option<DateTime<Utc>>| {
        due.map_or_else(String::new, |due| due.with_timezone(&zone).format("%H:%M").to_string())
    };
    match event.kind {
        Kind::PlanPublished => {
            let count = |name| event.counts.get(name).copied().unwrap_or(0);
            format!("{} units, {} have a turn; {}", count("units"), count("proposals"), event.why)
        }
        Kind::ActionPlanned => {
            let held = event.verdicts.iter().find(|ruling| ruling.says.holds());
            let but = held
                .map_or_else(String::new, |h| format!("; as things are, {} would hold it: {}", h.rail, h.says.why()));
            format!("{action} at {}{but}", at(event.due))
        }
        Kind::MarkPlaced | Kind::MarkAnnounced => {
            let end = event.due.map_or_else(String::new, |due| due.with_timezone(&zone).format("%Y-%m-%d").to_string());
            let owner = event.owner.as_deref().unwrap_or("nobody's");
            format!("{target} ({owner}) may go from {end} on: {}", event.why)
        }
        Kind::MarkLifted => format!("{target}: {}", event.why),
        Kind::ActionHeld => {
            format!("{action} {target} by {}: {}", event.outcome.as_deref().unwrap_or("a rail"), event.why)
        }
        Kind::ActionRehearsed => format!("would {action} {target}: {}", event.why),
        Kind::ActionDone | Kind::ActionFailed | Kind::ActionRefused | Kind::ActionAbandoned => {
            let of = event.group.as_deref().map_or_else(String::new, |group| format!(" of {group}"));
            format!("{action} {target}{of}: {}", event.why)
        }
        Kind::ActionResolved => {
            format!("{action} {target}: {} ({})", event.outcome.as_deref().unwrap_or(""), event.why)
        }
        Kind::ActionVetoed | Kind::ActionMissed => format!("{action} due at {}: {}", at(event.due), event.why),
        Kind::DaemonPaused | Kind::DaemonResumed | Kind::FleetChanged => {
            format!("by {}: {}", event.actor.as_deref().unwrap_or("nobody"), event.why)
        }
        _ => event.why.clone(),
    }
}

/// A judged proposal as a row: when, who, what, verdict, why.
pub fn row(judged: &Judged, zone: Tz) -> Vec<String> {
    let proposal = &judged.proposal;
    let (verdict, why) = match judged.held_by() {
        None if proposal.mode == Mode::DryRun => ("rehearse".to_owned(), proposal.why.clone()),
        None => ("act".to_owned(), proposal.why.clone()),
        Some(ruling) => (format!("held: {}", ruling.rail), ruling.says.why().to_owned()),
    };
    vec![
        time(proposal.due, zone),
        proposal.unit.id.to_string(),
        proposal.scope.region.to_string(),
        proposal.action.to_string(),
        Target::instances(&proposal.targets).unwrap_or_else(|| "-".to_owned()),
        verdict,
        why,
    ]
}

/// The columns of [`row`].
pub const ROW: [&str; 7] = ["due", "unit", "region", "action", "target", "verdict", "why"];

/// A judged proposal as JSON: stable.
pub fn json(judged: &Judged) -> serde_json::Value {
    let proposal = &judged.proposal;
    serde_json::json!({
        "key": proposal.key,
        "mode": proposal.mode,
        "monkey": proposal.monkey,
        "date": proposal.date,
        "due": simian_core::event::millis::format(proposal.due),
        "expires": simian_core::event::millis::format(proposal.expires),
        "account": proposal.scope.account,
        "region": proposal.scope.region,
        "unit": proposal.unit.id.to_string(),
        "app": proposal.unit.app,
        "owner": proposal.unit.owner,
        "groups": proposal.unit.group_names(),
        "group": Target::groups(&proposal.targets),
        "target": Target::instances(&proposal.targets),
        "action": proposal.action,
        "why": proposal.why,
        "passes": judged.passes(),
        "verdicts": judged.rulings,
    })
}

/// A judged chore as a row: what, where, step, verdict, why.
pub fn chore_row(judged: &JudgedChore) -> Vec<String> {
    let chore = &judged.chore;
    let (verdict, why) = match judged.held_by() {
        None if chore.mode == Mode::DryRun => ("rehearse".to_owned(), chore.why.clone()),
        None => ("act".to_owned(), chore.why.clone()),
        Some(ruling) => (format!("held: {}", ruling.rail), ruling.says.why().to_owned()),
    };
    let owner = chore.mark.owner.clone().unwrap_or_else(|| "-".into());
    let region = chore.scope.region.to_string();
    vec![
        chore.step.to_string(),
        chore.resource.to_string(),
        region,
        owner,
        dollars(chore.mark.cents_a_month),
        verdict,
        why,
    ]
}

/// The columns of [`chore_row`].
pub const CHORE_ROW: [&str; 7] = ["step", "resource", "region", "owner", "a month", "verdict", "why"];

/// Cents as dollars, for eyes.
pub fn dollars(cents: u64) -> String {
    if cents == 0 { "-".into() } else { format!("${}.{:02}", cents / 100, cents % 100) }
}

/// A judged chore as JSON: stable.
pub fn chore_json(judged: &JudgedChore) -> serde_json::Value {
    let chore = &judged.chore;
    serde_json::json!({
        "key": chore.key(),
        "mode": chore.mode,
        "monkey": chore.monkey,
        "date": chore.date,
        "account": chore.scope.account,
        "region": chore.scope.region,
        "resource": chore.resource,
        "name": chore.title,
        "step": chore.step.as_str(),
        "rule": chore.mark.rule,
        "since": chore.mark.since,
        "end": chore.mark.end,
        "owner": chore.mark.owner,
        "app": chore.mark.app,
        "cents_a_month": chore.mark.cents_a_month,
        "why": chore.why,
        "passes": judged.passes(),
        "verdicts": judged.rulings,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_of_an_owner_steers_a_terminal_or_makes_a_line() {
        let nasty = "up\x1b[2J\u{9b}31m\r\nMon 11-23 10:00:00  DONE\x07";
        let mut event = Draft::new(DateTime::UNIX_EPOCH, Kind::DaemonPaused, Mode::Live, nasty);
        event.actor = Some(nasty.into());
        event.unit = Some(nasty.into());
        event.region = "us-east-1".parse().ok();
        let line = line(&event, Tz::UTC, false).unwrap();
        assert!(!line.contains(char::is_control), "{line:?}");
        assert!(line.contains("up\u{fffd}[2J\u{fffd}31m  Mon"), "{line:?}");
        let table = table(&["a", "b"], [vec![nasty.to_owned(), "x".to_owned()]]);
        assert_eq!(table.lines().count(), 2, "{table:?}");
        assert!(!table.contains(|c: char| c.is_control() && c != '\n'), "{table:?}");
        assert_eq!(plain_lines("a\tb\n\x1bc"), "a b\n\u{fffd}c");
        assert_eq!(plain("ünchanged"), "ünchanged");
    }
}
