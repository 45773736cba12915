//! What can be taken back comes before what cannot: a snapshot before a volume's end, days of grace before an image's.

use chrono::{DateTime, Utc};
use simian_core::resource::About;
use simian_core::{Disposal, Resource, ResourceId, ResourceKind as Kind, View};

use super::history::Window;
use super::points::Target;
use super::waste::Facts;
use super::{Life, Scene, keep};
use crate::scenario::ACCOUNT;
use crate::violation::Violation;
use crate::world::log::Write;

/// The key under which a snapshot says what it was made of.
const SAVED: &str = "simian:saved";

/// A resource ends.
pub(super) fn check(
    scene: &Scene<'_>,
    window: &Window<'_>,
    facts: &Facts<'_>,
    (write, id): (&Write, &ResourceId),
    life: &Life,
    wrong: &mut Vec<Violation>,
) {
    let Write::Dispose(disposal) = write else { return };
    if scene.janitor.last_resort {
        match id.kind {
            Kind::Volume if !saved(window, id) => {
                scene.wrong("resort", format!("{id} ends, and there is no whole snapshot of it"), wrong);
            }
            Kind::Image => grace(scene, window, id, wrong),
            _ => {}
        }
    }
    if let Disposal::EndImage { snapshots } = disposal {
        for snapshot in snapshots {
            let snapshot = ResourceId::new(Kind::Snapshot, snapshot);
            if let Err(why) = may_go(window, facts, &snapshot, id) {
                scene.wrong("snapshots", format!("{snapshot} goes with {id}: {why}"), wrong);
            }
        }
    }
    let right = match id.kind {
        Kind::Image => matches!(disposal, Disposal::EndImage { .. }),
        Kind::LogGroup => matches!(disposal, Disposal::Retain { .. }),
        _ => *disposal == Disposal::End,
    };
    if !right {
        scene.wrong("disposal", format!("{id} by {}: {disposal:?}", life.mark.rule), wrong);
    }
}

/// Whether a whole snapshot of it could be seen.
pub(super) fn saved(window: &Window<'_>, id: &ResourceId) -> bool {
    let of = id.to_string();
    let whole = |one: &Resource| one.tag(SAVED) == Some(&of) && one.snapshot().is_some_and(|about| about.completed);
    window.ever(Kind::Snapshot, |list| list.iter().any(|one| whole(one)))
}

fn disabled(resource: &Resource) -> bool {
    resource.image().is_some_and(|image| image.disabled)
}

fn grace(scene: &Scene<'_>, window: &Window<'_>, id: &ResourceId, wrong: &mut Vec<Violation>) {
    if !window.seen(id).into_iter().any(disabled) {
        scene.wrong("resort", format!("{id} ends, and was not disabled"), wrong);
        return;
    }
    let history = &scene.model.history;
    let all = history.window(window.region, DateTime::<Utc>::MIN_UTC, scene.entry.at).versions(id);
    let first = all.into_iter().flatten().find(|version| version.resource.as_ref().is_some_and(disabled));
    let Some(first) = first else { return };
    let (book, days) = (scene.book(), scene.janitor.grace_days);
    let since = book.date(first.at);
    if book.working_days(since, scene.today()) < days {
        scene.wrong("resort", format!("{id} ends, disabled since {since}: it takes {days} working days"), wrong);
    }
}

/// Whether a snapshot could be seen to be that image's alone, the account's own, and nobody's to keep.
fn may_go(window: &Window<'_>, facts: &Facts<'_>, id: &ResourceId, image: &ResourceId) -> Result<(), &'static str> {
    let free = |one: &&Resource| {
        let About::Snapshot(about) = &one.about else { return false };
        let View::Known(tags) = &one.tags else { return false };
        let kept = keep::by_tag(tags.get("simian:keep").map(String::as_str), facts.today)
            || keep::by_line(&facts.janitor.keep, id, tags);
        let cycle = tags.keys().any(|key| key.starts_with("aws:backup:") || key.starts_with("aws:dlm:"));
        about.owner == ACCOUNT && about.public != Some(true) && !kept && !cycle
    };
    let seen = window.seen(id);
    let Some(one) = seen.iter().find(|one| free(one)) else { return Err("it is kept, looked after or not ours") };
    if facts.resorts.contains(&id.id) {
        return Err("it is the last resort of a volume");
    }
    let target = Target::of(one);
    // A volume that was made of it needs it no more.
    let users = [Kind::Image, Kind::TemplateVersion, Kind::LaunchConfiguration];
    let alone =
        |kind: &Kind| window.ever(*kind, |list| !list.iter().any(|other| other.id != *image && target.used_by(other)));
    if !users.iter().all(alone) {
        return Err("something else is made of it");
    }
    if window.versions(id).iter().all(|version| version.is_some_and(|version| version.shared)) {
        return Err("it is shared");
    }
    Ok(())
}
