//! What becomes of a mark: said whenever it changes, once announced, and its date never moved later.

use chrono::NaiveDate;
use simian_core::{Kind, Mark, MarkId, ResourceId, ResourceKind};

use super::Scene;
use super::history::Window;
use crate::months::MARK;
use crate::violation::Violation;

/// A mark changed in the ledger.
pub(super) fn marked(
    scene: &Scene<'_>,
    id: &MarkId,
    from: Option<&Mark>,
    to: Option<&Mark>,
    wrong: &mut Vec<Violation>,
) {
    let heard = scene.model.heard.get(&id.to_string()).map(|(kind, _)| *kind);
    let must_be_said = match (from, to) {
        (None, Some(_)) => Some(Kind::MarkPlaced),
        (Some(from), Some(to)) if from.rule != to.rule => Some(Kind::MarkPlaced),
        (Some(from), Some(to)) if from.announced.is_none() && to.announced.is_some() => Some(Kind::MarkAnnounced),
        _ => None,
    };
    if must_be_said.is_some() && heard != must_be_said {
        scene.wrong("said", format!("{id} changed, and {must_be_said:?} was not told"), wrong);
    }
    let Some(to) = to else { return };
    since(scene, id, from, to, wrong);
    let life = scene.model.lives.get(id);
    if heard == Some(Kind::MarkAnnounced) && life.is_some_and(|life| life.announced.is_some()) {
        scene.wrong("once", format!("{id} was announced before"), wrong);
    }
}

/// Never later than it was, nor than what is written on the resource.
fn since(scene: &Scene<'_>, id: &MarkId, from: Option<&Mark>, to: &Mark, wrong: &mut Vec<Violation>) {
    if from.is_some_and(|from| from.since < to.since) {
        scene.wrong(
            "since",
            format!("{id} was waste since {:?}, and is since {}", from.map(|m| m.since), to.since),
            wrong,
        );
    }
    let written = oldest_tag(&scene.window(&id.scope.region), &id.resource);
    if let Some(written) = written.filter(|written| from.is_none() && *written < to.since) {
        scene.wrong("since", format!("{id} is since {}, and its tag said {written}", to.since), wrong);
    }
}

/// Since when it is waste by what is written on it: by all that could be read, the latest.
pub(super) fn oldest_tag(window: &Window<'_>, id: &ResourceId) -> Option<NaiveDate> {
    let versions = window.versions(id);
    let said = versions.iter().map(|version| since_of(version.as_ref()?.resource.as_ref()?.tag(MARK)?));
    let said: Option<Vec<NaiveDate>> = said.collect();
    said?.into_iter().max()
}

/// Whether a mark could be read on it.
pub(super) fn was_written(window: &Window<'_>, id: &ResourceId) -> bool {
    let things =
        window.seen(id).into_iter().filter_map(|resource| resource.tag(MARK)).any(|text| since_of(text).is_some());
    let of_group = |group: &&simian_core::Group| group.tags.get(MARK).is_some_and(|text| since_of(text).is_some());
    things || (id.kind == ResourceKind::Group && window.seen_groups(&id.id).iter().any(of_group))
}

/// The date of a mark: `delete@DATE rule=RULE since=DATE`.
fn since_of(text: &str) -> Option<NaiveDate> {
    let mut words = text.split(' ');
    let end = words.next()?.strip_prefix("delete@")?;
    let rule = words.next()?.strip_prefix("rule=")?;
    let since = words.next()?.strip_prefix("since=")?;
    let whole = words.next().is_none() && !rule.is_empty() && end.parse::<NaiveDate>().is_ok();
    since.parse().ok().filter(|_| whole)
}

/// The rule that a mark on a resource names.
pub(super) fn rule_of(text: &str) -> Option<&str> {
    since_of(text)?;
    text.split(' ').nth(1)?.strip_prefix("rule=")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_read_and_what_is_none_is_not() {
        let text = "delete@2026-12-01 rule=unattached-volume since=2026-11-21";
        assert_eq!((since_of(text), rule_of(text)), ("2026-11-21".parse().ok(), Some("unattached-volume")));
        for bad in ["soon", "delete@2026-12-01 rule= since=2026-11-21", "delete@x rule=a since=2026-11-21"] {
            assert_eq!((since_of(bad), rule_of(bad)), (None, None), "{bad}");
        }
    }
}
