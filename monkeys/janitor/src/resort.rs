//! The last resort: what can be taken back is done, and has to be whole, before what cannot.

use chrono::NaiveDate;
use simian_core::mark::Saved;
use simian_core::{Calendar, Mark, Resource, ResourceId, ResourceKind};

use crate::ground::Ground;

/// How far the last resort of a resource is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Resort {
    /// There is none, or the operator wants none.
    None,
    /// To be taken.
    Open,
    /// Somebody else took it already: it only has to be remembered.
    Taken,
    /// Taken, and why that is not enough yet.
    Waits(String),
    /// Taken, and whole.
    Ready,
    /// Taken, and somebody took it back.
    Undone(String),
}

/// What its state is read by.
#[derive(Clone, Copy)]
pub(crate) struct Terms<'a> {
    pub(crate) calendar: &'a Calendar,
    pub(crate) today: NaiveDate,
    pub(crate) live: bool,
    /// Working days for which an image stays disabled.
    pub(crate) grace_days: u32,
}

/// How far it is: of a volume its snapshot, of an image its being disabled.
pub(crate) fn of(resource: &Resource, mark: &Mark, ground: &Ground<'_>, terms: Terms<'_>) -> Resort {
    match (resource.volume(), resource.image(), &mark.saved) {
        (Some(_), _, None) => Resort::Open,
        (Some(_), _, Some(saved)) => of_volume(saved, ground, terms),
        (_, Some(image), None) if image.disabled => Resort::Taken,
        (_, Some(_), None) => Resort::Open,
        (_, Some(image), Some(saved)) => of_image(image.disabled, saved, terms),
        (None, None, _) => Resort::None,
    }
}

fn of_volume(saved: &Saved, ground: &Ground<'_>, terms: Terms<'_>) -> Resort {
    if saved.on >= terms.today {
        return Resort::Waits("its snapshot was asked for today".into());
    }
    // A rehearsal makes none.
    if !terms.live {
        return Resort::Ready;
    }
    let Some(id) = &saved.snapshot else { return Resort::Open };
    if let Err(why) = ground.fleet.estate.all(ResourceKind::Snapshot) {
        return Resort::Waits(format!("whether {id} is whole is not known: {why}"));
    }
    let snapshot = ground.fleet.estate.get(&ResourceId::new(ResourceKind::Snapshot, id));
    match snapshot.and_then(Resource::snapshot) {
        Some(snapshot) if snapshot.completed => Resort::Ready,
        Some(_) => Resort::Waits(format!("its snapshot {id} is not whole yet")),
        // Somebody deleted it.
        None => Resort::Open,
    }
}

fn of_image(disabled: bool, saved: &Saved, terms: Terms<'_>) -> Resort {
    if saved.on >= terms.today {
        return Resort::Waits("it was disabled today".into());
    }
    if terms.live && !disabled {
        return Resort::Undone(format!("it was disabled on {}, and somebody enabled it again", saved.on));
    }
    let passed = terms.calendar.working_days_between(saved.on, terms.today);
    if passed >= terms.grace_days {
        return Resort::Ready;
    }
    Resort::Waits(format!("disabled on {}, {passed} working days ago; it takes {}", saved.on, terms.grace_days))
}
