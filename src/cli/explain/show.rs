//! An explanation for eyes, and for programs.

use std::fmt::Write as _;

use chrono_tz::Tz;
use serde_json::{Value, json};

use super::{Answer, Page};
use crate::render;

/// For programs: stable.
pub(super) fn json(target: &str, page: &Page) -> Value {
    let units = page.answers.iter().map(|answer| {
        json!({
            "today": answer.coin,
            "if_due": render::json(&answer.judged),
            "lifts": answer.lifts,
            "groups": answer.known.groups,
            "settings": answer.known.settings,
            "next_turns": answer.known.next_turns,
            "past": answer.known.past,
        })
    });
    json!({
        "target": target, "units": units.collect::<Vec<_>>(), "left_alone": page.silent, "failed": page.failed,
    })
}

/// For eyes. A page is complete when nobody failed to answer.
pub(super) fn text(target: &str, page: &Page, complete: bool, zone: Tz) -> String {
    let mut out = String::new();
    if page.is_empty() && complete {
        let _ = writeln!(
            out,
            "nothing is known of {target}: it is no unit, group or member that opted in, in any configured region"
        );
    }
    for why in &page.silent {
        let _ = writeln!(out, "{why}");
    }
    for failed in &page.failed {
        let _ = writeln!(out, "failed: {failed}");
    }
    for answer in &page.answers {
        out += &unit(answer, zone);
    }
    out
}

fn unit(Answer { judged, coin, lifts, known }: &Answer, zone: Tz) -> String {
    let proposal = &judged.proposal;
    let id = &proposal.unit.id;
    let owner = proposal.unit.owner.as_deref().unwrap_or("unknown");
    let mut out = format!("{id} in {}, owner {owner}, groups {}\n", id.scope, proposal.unit.group_names().join(", "));
    let _ = writeln!(out, "today  {coin}");
    let turns: Vec<String> = known.next_turns.iter().map(|turn| render::day_time(turn.due, zone)).collect();
    let turns = if turns.is_empty() { "none within three months".to_owned() } else { turns.join(", ") };
    let _ = writeln!(out, "turns  {turns}");

    let rows = known.groups.iter().map(|group| {
        let bounds = format!("{} to {}", group.min, group.max);
        vec![group.name.clone(), format!("{} of {}", group.serving, group.desired), group.members.to_string(), bounds]
    });
    let _ = writeln!(out, "\n{}", render::table(&["group", "serving", "members", "size"], rows));
    let rows = known.settings.iter().map(|s| vec![s.name.clone(), s.value.clone(), s.from.clone()]);
    let _ = writeln!(out, "\n{}", render::table(&["setting", "value", "from"], rows));
    if !known.past.is_empty() {
        let rows = known.past.iter().map(|past| {
            let target = past.target.clone().unwrap_or_default();
            vec![render::day_time(past.at, zone), past.kind.to_string(), target, past.why.clone()]
        });
        let _ = writeln!(out, "\n{}", render::table(&["last", "event", "target", "why"], rows));
    }

    let who = proposal.targets.first();
    let who = who.map_or_else(|| "nobody".to_owned(), |target| format!("{} of {}", target.instance, target.group));
    let due = render::time(proposal.due, zone);
    let _ = writeln!(out, "\nif it were due now ({due}), it would {} {who}:\n", proposal.action);
    let rows = judged.rulings.iter().map(|ruling| {
        let lift = lifts.get(ruling.rail.as_ref()).cloned().unwrap_or_default();
        vec![ruling.rail.to_string(), ruling.says.word().into(), ruling.says.why().to_owned(), lift]
    });
    let _ = writeln!(out, "{}", render::table(&["rail", "verdict", "why", "what would lift it"], rows));
    let _ = match judged.holds().count() {
        0 => writeln!(out, "\nno rail holds it\n"),
        n => writeln!(out, "\n{n} of {} rails hold it\n", judged.rulings.len()),
    };
    out
}
