//! What is said of a deletion is true: what is done happened, and what failed did not.

use simian_core::{Kind, Mode, Outcome, Region, Resource, ResourceId, ResourceKind};

use super::{Scene, calls, resorts};
use crate::violation::Violation;
use crate::world::log::Told;

/// Whether the event says that a resource ended, or is not there any more.
pub(super) fn ends(told: &Told) -> bool {
    let done = matches!(told.kind, Kind::ActionDone | Kind::ActionResolved) && is(told, Outcome::Done);
    told.mode == Mode::Live && (done || told.kind == Kind::MarkLifted)
}

fn is(told: &Told, outcome: Outcome) -> bool {
    told.outcome.as_deref() == Some(outcome.as_str())
}

/// An event was told.
pub(super) fn told(scene: &Scene<'_>, told: &Told, wrong: &mut Vec<Violation>) {
    let outcomes = [Kind::ActionDone, Kind::ActionResolved, Kind::ActionFailed, Kind::ActionRefused];
    if told.mode != Mode::Live || !outcomes.contains(&told.kind) {
        return;
    }
    let target = told.target.as_ref().and_then(|target| target.parse::<ResourceId>().ok());
    let (Some(region), Some(id), Some(action)) = (&told.region, target, &told.action) else { return };
    let life = calls::mark_id(Mode::Live, region, &id).and_then(|mark| scene.model.lives.get(&mark));
    let Some(begun) = life.and_then(|life| life.begun) else { return };
    let window = scene.model.history.window(region, begun - scene.stale(begun), scene.entry.at);
    let gone = window.versions(&id).iter().any(|version| version.is_none_or(|version| version.resource.is_none()));
    let ended = |one: &Resource| one.instance().is_some_and(|one| one.state == simian_core::InstanceState::Terminated);
    let gone = gone
        || window.seen(&id).into_iter().any(ended)
        || (id.kind == ResourceKind::Group && no_group(scene, region, &id));
    let happened = match (action.as_str(), id.kind) {
        ("save", ResourceKind::Volume) => resorts::saved(&window, &id),
        ("save", _) => window.seen(&id).iter().any(|one| one.image().is_some_and(|image| image.disabled)),
        (_, ResourceKind::LogGroup) => {
            window.seen(&id).iter().any(|one| one.log_group().is_some_and(|group| group.retention_days.is_some()))
        }
        _ => false,
    };
    if is(told, Outcome::Done) && !gone && !happened {
        scene.wrong("true-outcome", format!("{action} of {id} is done by {:?}, and it is there", told.kind), wrong);
    }
    let failed = is(told, Outcome::Failed) || is(told, Outcome::Refused);
    let ended = scene.stage.cloud.ended();
    let ours = ended.iter().filter(|one| one.region == *region && one.resource.id == id && begun <= one.at);
    let ours = ours.into_iter().any(|one| one.at <= scene.entry.at && !super::ends::went_along(&ended, one));
    // Whoever looks at what was put back under the same name cannot know that it was gone.
    let back = window.versions(&id).last().is_some_and(|last| last.is_some_and(|version| version.resource.is_some()));
    if failed && ours && !back && action == "delete" {
        scene.wrong("true-outcome", format!("{action} of {id} is {:?}, and it is gone by it", told.outcome), wrong);
    }
}

fn no_group(scene: &Scene<'_>, region: &Region, id: &ResourceId) -> bool {
    scene.window(region).ever_groups(|groups| !groups.iter().any(|group| group.name == id.id))
}
